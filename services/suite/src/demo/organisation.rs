//! A plausible organisation from a seed, as the CSV file that an HRIS would send.

use super::simulation::Dice;
use anyhow::Result;

/// People that a generated organisation has: as many as the reference file of September 2011.
pub(crate) const SIZE: usize = 2677;

const UNITS: [&str; 24] = [
    "Finance",
    "Human Resources",
    "Information Technology",
    "Procurement",
    "Communications",
    "Legal",
    "Strategy",
    "Operations North",
    "Operations South",
    "Operations East",
    "Operations West",
    "Research",
    "Development",
    "Quality",
    "Logistics",
    "Customer Service",
    "Sales Europe",
    "Sales Americas",
    "Sales Asia",
    "Marketing",
    "Internal Audit",
    "Facilities",
    "Data and Analytics",
    "Security",
];
const PROFESSIONS: [&str; 8] = [
    "Operational Delivery",
    "Finance",
    "Information Technology",
    "Policy",
    "Communications",
    "Procurement",
    "Human Resources",
    "Project Delivery",
];
const FIRST: [&str; 24] = [
    "Ada", "Amir", "Anna", "Ben", "Chen", "Chloe", "Dmitri", "Elena", "Fatima", "Grace", "Hugo", "Ines",
    "Jonas", "Kofi", "Lena", "Mateo", "Nadia", "Oscar", "Priya", "Rosa", "Samir", "Tara", "Viktor", "Yuki",
];
const LAST: [&str; 24] = [
    "Adeyemi", "Bauer", "Castro", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova", "Jensen",
    "Khan", "Lopez", "Moreau", "Nakamura", "Okafor", "Patel", "Quinn", "Rossi", "Silva", "Tanaka", "Usman",
    "Vogel", "Weber", "Zhang",
];
/// Grades from the top, and how many people report to one of that grade; directors are as many as it takes.
const LEVELS: [(&str, usize); 7] =
    [("SCS3", 0), ("SCS2", 4), ("SCS1", 3), ("G6", 3), ("G7", 3), ("SEO", 2), ("HEO", 2)];
/// People for each director.
const PER_DIRECTOR: usize = 110;
const LOWEST: &str = "EO";

struct Position {
    id: String,
    manager: String,
    grade: &'static str,
    unit: usize,
}

/// The file of the first day.
pub(crate) fn first_day(people: usize, dice: Dice) -> Result<String> {
    write(&positions(people), dice, |_| true)
}

/// The file of half a year later: some have left, some joined, some have another manager.
pub(crate) fn half_a_year_later(people: usize, dice: Dice) -> Result<String> {
    let mut positions = positions(people);
    let managers: std::collections::HashSet<String> =
        positions.iter().map(|position| position.manager.clone()).collect();
    let leads: Vec<(String, usize)> = positions
        .iter()
        .filter(|position| position.grade == "G6")
        .map(|position| (position.id.clone(), position.unit))
        .collect();
    for position in positions.iter_mut().filter(|position| position.grade == "G7") {
        let peers: Vec<&String> =
            leads.iter().filter(|(_, unit)| *unit == position.unit).map(|(id, _)| id).collect();
        if dice.chance(4, &[&position.id, "moves"]) && !peers.is_empty() {
            position.manager = peers[dice.pick(peers.len(), &[&position.id, "to"])].clone();
        }
    }
    let joiners: Vec<Position> = positions
        .iter()
        .filter(|position| dice.chance(4, &[&position.id, "is followed by a joiner"]))
        .map(|position| Position {
            id: format!("J{}", position.id),
            manager: position.manager.clone(),
            grade: position.grade,
            unit: position.unit,
        })
        .filter(|position| !position.manager.is_empty())
        .collect();
    positions.extend(joiners);
    // Whoever has reports stays, so that nobody is left without a manager by the file itself.
    write(&positions, dice, |id| managers.contains(id) || !dice.chance(5, &[id, "leaves"]))
}

/// A tree, level by level, until there are enough.
fn positions(people: usize) -> Vec<Position> {
    let mut found = vec![Position { id: "P0001".to_owned(), manager: String::new(), grade: "SCS3", unit: 0 }];
    let mut next = 0;
    while found.len() < people && next < found.len() {
        let level = LEVELS.iter().position(|(grade, _)| *grade == found[next].grade);
        let Some(level) = level else { break };
        let below = LEVELS.get(level + 1).map_or(LOWEST, |(grade, _)| grade);
        let reports =
            if level == 0 { (people / PER_DIRECTOR).clamp(2, UNITS.len()) } else { LEVELS[level].1 };
        for index in 0..reports.min(people - found.len()) {
            let unit = if next == 0 { index % UNITS.len() } else { found[next].unit };
            let id = format!("P{:04}", found.len() + 1);
            found.push(Position { id, manager: found[next].id.clone(), grade: below, unit });
        }
        next += 1;
    }
    found
}

fn write(positions: &[Position], dice: Dice, stays: impl Fn(&str) -> bool) -> Result<String> {
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record([
        "employee_id",
        "manager_id",
        "job_title",
        "grade",
        "profession",
        "unit",
        "organisation",
        "parent_organisation",
        "fte",
        "display_name",
        "email",
    ])?;
    for position in positions.iter().filter(|position| stays(&position.id)) {
        let id = position.id.as_str();
        let first = FIRST[dice.pick(FIRST.len(), &[id, "first name"])];
        let last = LAST[dice.pick(LAST.len(), &[id, "last name"])];
        let profession = PROFESSIONS[dice.pick(PROFESSIONS.len(), &[id, "profession"])];
        let title = format!("{} {}", rank_title(position.grade), UNITS[position.unit]);
        let email =
            format!("{}.{}.{}@example.org", first.to_lowercase(), last.to_lowercase(), id.to_lowercase());
        let name = format!("{first} {last}");
        file.write_record([
            id,
            &position.manager,
            &title,
            position.grade,
            profession,
            UNITS[position.unit],
            "Example Organisation",
            "Example Organisation",
            "1",
            &name,
            &email,
        ])?;
    }
    Ok(String::from_utf8(file.into_inner()?)?)
}

fn rank_title(grade: &str) -> &'static str {
    match grade {
        "SCS3" => "Director General,",
        "SCS2" => "Director,",
        "SCS1" => "Deputy Director,",
        "G6" => "Head of Team,",
        "G7" => "Team Lead,",
        "SEO" => "Senior Specialist,",
        "HEO" => "Specialist,",
        _ => "Associate,",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_as_many_people_as_asked_and_the_same_each_time() {
        let file = first_day(500, Dice::new(1)).expect("written");
        assert_eq!(file.lines().count(), 501);
        assert_eq!(file, first_day(500, Dice::new(1)).expect("written"));
    }

    #[test]
    fn changes_in_half_a_year() {
        let dice = Dice::new(1);
        let before = first_day(SIZE, dice).expect("written");
        let after = half_a_year_later(SIZE, dice).expect("written");
        let ids = |file: &str| -> std::collections::HashSet<String> {
            file.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned).collect()
        };
        assert!(ids(&before).difference(&ids(&after)).count() > 20, "some leave");
        assert!(ids(&after).difference(&ids(&before)).count() > 20, "some join");
    }
}
