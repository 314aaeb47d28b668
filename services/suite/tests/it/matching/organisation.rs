//! People of a real organisation, with skills of the European classification.

use super::Folder;
use std::{collections::HashSet, path::Path};

/// The public data lies beside the repository.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
const STAFF: &str = "department_of_health-2011-03-31.csv";
const SKILLS: &str = "esco-v1.1.1-skills-en.csv";

const CRITERIA: &str = r#"
[[criteria]]
name = "skills"
weight = 5000
kind = "overlap"
mentee = "wants"
mentor = "offers"
synonyms = "skills.csv"

[[criteria]]
name = "grade"
weight = 2000
kind = "window"
mentee = "grade"
mentor = "grade"
order = ["AO", "EO", "HEO", "FS", "SEO", "G7", "G6", "SCS1", "SCS2", "SCS3"]
low = 1
high = 3
span = 4

[[criteria]]
name = "profession"
weight = 2000
kind = "equal"
mentee = "profession"
mentor = "profession"

[[criteria]]
name = "time"
weight = 1000
kind = "availability"
mentee = "free"
mentor = "free"
enough = 120

[[rules]]
name = "reporting line"
kind = "reporting-line"
manager = "manager_id"
organisation = "staff.csv"
id = "employee_id"
levels = 2

[[rules]]
name = "same unit"
kind = "differ"
mentee = "unit"
mentor = "unit"
"#;

/// The columns of somebody that go into the files.
struct Employee {
    id: String,
    manager: String,
    grade: String,
    profession: String,
    unit: String,
}

fn staff(file: &Path) -> Vec<Employee> {
    let mut reader = csv::Reader::from_path(file).expect("the staff");
    let mut seen = HashSet::new();
    let rows = reader.records().map(|row| row.expect("a row"));
    let field = |row: &csv::StringRecord, at: usize| row[at].to_owned();
    rows.filter(|row| seen.insert(row[0].to_owned()) && !row[3].starts_with("Sp"))
        .map(|row| Employee {
            id: field(&row, 0),
            manager: field(&row, 1),
            grade: field(&row, 3),
            profession: field(&row, 4),
            unit: field(&row, 5),
        })
        .collect()
}

/// Who reports to whom, of everybody. The published file has one row twice, which the program would refuse.
fn chart(file: &Path) -> String {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["employee_id", "manager_id"]).expect("memory");
    let mut seen = HashSet::new();
    for row in csv::Reader::from_path(file).expect("the staff").records().map(|row| row.expect("a row")) {
        if seen.insert(row[0].to_owned()) {
            csv.write_record([&row[0], &row[1]]).expect("memory");
        }
    }
    String::from_utf8(csv.into_inner().expect("memory")).expect("text")
}

/// Groups of the classification that somebody of a profession knows about; everybody has the first.
const POOLS: [(&str, &str); 12] = [
    ("", "T4.4"),
    ("Policy", "S1.1"),
    ("Operational Delivery", "S4.2"),
    ("Communications", "S1.4"),
    ("Finance", "S4.3"),
    ("Information Technology", "S5.5"),
    ("Procurement", "S1.6"),
    ("Human Resources", "S4.8"),
    ("Knowledge and Information Management (KIM)", "S2.2"),
    ("Programme and Project Management (PPM)", "S4.1"),
    ("statisticians", "S2.7"),
    ("economics", "S2.9"),
];

/// A skill: its label and another word for it.
type Skill = (String, String);

/// Skills by group.
fn skills(file: &Path) -> Vec<(&'static str, Vec<Skill>)> {
    let mut pools: Vec<(&'static str, Vec<Skill>)> = POOLS.map(|(who, _)| (who, Vec::new())).into();
    for row in csv::Reader::from_path(file).expect("the skills").records().map(|row| row.expect("a row")) {
        let known = |group: &str| row[2].split('|').any(|path| path.split('/').nth(2) == Some(group));
        for ((_, group), (_, pool)) in POOLS.iter().zip(&mut pools) {
            if pool.len() < 24 && known(group) && !row[1].contains([';', ':', '*']) {
                let other = row[3].split('|').next().unwrap_or_default();
                let plain = if other.contains([';', ':', '*']) { "" } else { other };
                pool.push((row[1].to_owned(), plain.to_owned()));
            }
        }
    }
    pools
}

/// Somebody's choice of a skill: every other of the own profession, the rest of everybody's.
fn choice<'a>(pools: &'a [(&str, Vec<Skill>)], who: &Employee, at: usize, step: usize) -> &'a Skill {
    let own = pools.iter().find(|(profession, _)| *profession == who.profession && step.is_multiple_of(2));
    let (_, pool) = own.unwrap_or(&pools[0]);
    &pool[spread(at, step, pool.len())]
}

/// Spreads people over skills and times, the same at every run.
fn spread(person: usize, step: usize, of: usize) -> usize {
    let mixed = (person as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(step as u32 * 5 + 7);
    (mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as usize % of
}

fn free(at: usize) -> String {
    let day = ["mon", "tue", "wed"][spread(at, 5, 3)];
    format!("{day} {:02}:00-{:02}:00; fri 09:00-10:00", 9 + spread(at, 6, 4), 13 + spread(at, 7, 4))
}

fn write(side: &[&Employee], last: &[&str], fields: impl Fn(usize, &Employee) -> Vec<String>) -> String {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let columns = ["id", "manager_id", "grade", "profession", "unit", "free"];
    csv.write_record(columns.iter().chain(last)).expect("memory");
    for (at, person) in side.iter().enumerate() {
        let own = [&person.id, &person.manager, &person.grade, &person.profession, &person.unit];
        let own = own.into_iter().cloned().chain([free(at)]).chain(fields(at, person));
        csv.write_record(own).expect("memory");
    }
    String::from_utf8(csv.into_inner().expect("memory")).expect("text")
}

/// Mentees below, mentors from Grade 7 on: one of `every` of the organisation.
fn files(every: usize) -> Folder {
    let data = Path::new(DATA);
    let (staff, pools) = (staff(&data.join(STAFF)), skills(&data.join(SKILLS)));
    let senior = |person: &&Employee| ["G7", "G6", "SCS1", "SCS2", "SCS3"].contains(&person.grade.as_str());
    let (mentors, mentees): (Vec<&Employee>, Vec<&Employee>) = staff.iter().step_by(every).partition(senior);
    let folder = Folder::new(&[("criteria.toml", CRITERIA)]);
    let mentees = write(&mentees, &["wants"], |at, person| {
        // Every second mentee names a skill by its synonym.
        let wanted = |step| match choice(&pools, person, at, step) {
            (_, synonym) if at % 2 == 0 && !synonym.is_empty() => synonym.clone(),
            (label, _) => label.clone(),
        };
        let mut wants = vec![format!("{}:3*2", wanted(0)), format!("{}:2", wanted(1)), wanted(2)];
        // A word that means a skill named before is left out.
        let mut seen = HashSet::new();
        wants.retain(|want| seen.insert(want.split([':', '*']).next().unwrap_or_default().to_owned()));
        vec![wants.join("; ")]
    });
    let mentors = write(&mentors, &["offers", "capacity"], |at, person| {
        let mut seen = HashSet::new();
        let offers = (0..6).map(|step| (step, &choice(&pools, person, at + 31, step).0));
        let offers = offers.filter(|(_, label)| seen.insert(label.as_str()));
        let offers: Vec<_> = offers.map(|(step, label)| format!("{label}:{}", 1 + (at + step) % 4)).collect();
        vec![offers.join("; "), (1 + at % 2).to_string()]
    });
    folder.put("mentees.csv", &mentees);
    folder.put("mentors.csv", &mentors);
    folder.put("staff.csv", &chart(&data.join(STAFF)));
    std::fs::copy(data.join(SKILLS), folder.path("skills.csv")).expect("can be copied");
    folder
}

#[tokio::test]
async fn a_real_organisation_is_matched_and_verified() {
    let folder = files(1);
    let words =
        "people --mentees mentees.csv --mentors mentors.csv --criteria criteria.toml --mode max-cardinality";
    let done = folder.run(&format!("{words} --verify --json")).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = done.json();
    assert_eq!((&summary["outcome"], &summary["verified"]), (&"optimal".into(), &true.into()));
    // Everybody below Grade 7, and nobody is left without a mentor: there are more places than mentees.
    assert_eq!((&summary["mentees"], &summary["mentors"]), (&1580.into(), &1324.into()));
    assert_eq!((&summary["placed"], &summary["gap"]), (&1580.into(), &0.into()), "{summary}");
    // Last time's result keeps everybody where nothing has changed.
    std::fs::copy(folder.path("out/assignments.csv"), folder.path("last.csv")).expect("was written");
    let again = folder.run(&format!("{words} --verify --json --previous last.csv")).await.json();
    assert_eq!(again["previous"]["changed"], 0, "{again}");
    for told in folder.lines() {
        let facts = super::texts(&told["facts"]);
        assert!(facts.iter().all(|fact| fact.ends_with('.') && fact.matches(". ").count() == 0), "{facts:?}");
    }
}
