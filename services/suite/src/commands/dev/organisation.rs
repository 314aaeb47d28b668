//! The organisation that a new suite starts with: small enough to know everybody, large enough to match.

use contracts::mentor::{
    common::v1::Policy,
    enrollment::v1::{Objective, PersonRow, ProgramFormat, ProgramSpec},
};

/// The HRIS id of the persona who imports people.
pub(super) const ADMIN: &str = "E-003";
/// The HRIS id of the program manager.
pub(super) const MANAGER: &str = "E-004";
/// The HRIS id of somebody with experience to give, outside of the mentee's reporting line.
pub(super) const MENTOR: &str = "E-007";
/// The HRIS id of the mentee's line manager.
pub(super) const LINE_MANAGER: &str = "E-006";
/// The HRIS id of somebody who wants to learn.
pub(super) const MENTEE: &str = "E-010";
/// The HRIS id of the auditor.
pub(super) const AUDITOR: &str = "E-005";

/// The name of the program.
pub(super) const PROGRAM: &str = "Grow together";

/// Id, manager, name, title, grade, profession, unit.
type Row = [&'static str; 7];

const PEOPLE: [Row; 14] = [
    ["E-001", "", "Amara Okafor", "Director General", "SCS3", "Leadership", "Executive Office"],
    ["E-002", "E-001", "Jonas Weber", "Director", "SCS1", "Operations", "Operations"],
    ["E-003", "E-001", "Nadia Haddad", "Head of People", "G6", "Human Resources", "Human Resources"],
    [
        "E-004",
        "E-003",
        "Viktor Jensen",
        "Mentoring Program Manager",
        "G7",
        "Human Resources",
        "Human Resources",
    ],
    ["E-005", "E-001", "Priya Patel", "Internal Auditor", "G7", "Audit", "Internal Audit"],
    ["E-006", "E-002", "Grace Moreau", "Head of Data", "G6", "Data", "Operations"],
    ["E-007", "E-001", "Elena Rossi", "Head of Strategy", "G6", "Strategy", "Strategy"],
    ["E-008", "E-007", "Hugo Bauer", "Strategist", "G7", "Strategy", "Strategy"],
    ["E-009", "E-002", "Tara Quinn", "Head of Service", "G6", "Operations", "Operations"],
    ["E-010", "E-006", "Samir Khan", "Data Analyst", "HEO", "Data", "Operations"],
    ["E-011", "E-006", "Chloe Dubois", "Data Engineer", "SEO", "Data", "Operations"],
    ["E-012", "E-009", "Mateo Garcia", "Service Designer", "HEO", "Operations", "Operations"],
    ["E-013", "E-008", "Yuki Tanaka", "Policy Adviser", "EO", "Strategy", "Strategy"],
    ["E-014", "E-003", "Ben Adeyemi", "People Partner", "SEO", "Human Resources", "Human Resources"],
];

/// Everybody, as an HRIS sends them.
pub(super) fn rows() -> Vec<PersonRow> {
    PEOPLE.iter().map(row).collect()
}

fn row([id, manager, name, title, grade, profession, unit]: &Row) -> PersonRow {
    let address = name.to_lowercase().replace(' ', ".");
    PersonRow {
        external_id: (*id).to_owned(),
        manager_external_id: (*manager).to_owned(),
        display_name: (*name).to_owned(),
        email: format!("{address}@example.org"),
        job_title: (*title).to_owned(),
        grade: (*grade).to_owned(),
        profession: (*profession).to_owned(),
        unit: (*unit).to_owned(),
        organisation: "Example Organisation".to_owned(),
        parent_organisation: String::new(),
        fte: "1".to_owned(),
        left: false,
    }
}

/// The program, as a program manager designs it.
pub(super) fn program() -> ProgramSpec {
    ProgramSpec {
        name: PROGRAM.to_owned(),
        description: "One-on-one mentoring across units, for nine months.".to_owned(),
        objectives: vec![Objective {
            text: "Two in three mentees reach a development goal".to_owned(),
            organisation_goal: "Fill senior positions from within".to_owned(),
        }],
        audience_units: Vec::new(),
        audience_groups: Vec::new(),
        format: ProgramFormat::OneOnOne.into(),
        policy: Some(Policy {
            meetings_per_month: 2,
            meeting_minutes: 60,
            review_day: 90,
            answer_days: 7,
            application_days: 30,
            check_in_days: 14,
            duration_months: 9,
            endorsement_required: true,
            contact_point: "mentoring@example.org".to_owned(),
            confidentiality_statement: "What the two say to each other stays between them.".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_reports_to_somebody_who_is_there_and_the_personas_are_people() {
        let rows = rows();
        let known = |id: &str| rows.iter().any(|row| row.external_id == id);
        assert!(rows.iter().skip(1).all(|row| known(&row.manager_external_id)));
        assert!([ADMIN, MANAGER, MENTOR, LINE_MANAGER, MENTEE, AUDITOR].into_iter().all(known));
        let mentee = rows.iter().find(|row| row.external_id == MENTEE).expect("is there");
        assert_eq!(mentee.manager_external_id, LINE_MANAGER);
    }
}
