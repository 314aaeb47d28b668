//! People of a real organisation, with skills of the European classification.

use super::Folder;
use std::{collections::HashSet, path::Path};

/// The public data lies beside the repository.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
const STAFF: &str = "department_of_health-2011-09-30.csv";
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

fn skills(file: &Path) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_path(file).expect("the skills");
    let rows = reader.records().map(|row| row.expect("a row")).take(400);
    rows.map(|row| (row[1].to_owned(), row[3].split('|').next().unwrap_or_default().to_owned())).collect()
}

/// Spreads people over skills and times, the same at every run.
fn spread(person: usize, step: usize, of: usize) -> usize {
    (person.wrapping_mul(2_654_435_761) >> 7).wrapping_add(step * 7_919) % of
}

fn files(people: usize) -> Folder {
    let data = Path::new(DATA);
    let (staff, skills) = (staff(&data.join(STAFF)), skills(&data.join(SKILLS)));
    let senior = |person: &&Employee| ["G7", "G6", "SCS1", "SCS2", "SCS3"].contains(&person.grade.as_str());
    let mut mentees = csv::Writer::from_writer(Vec::new());
    let mut mentors = csv::Writer::from_writer(Vec::new());
    let columns = ["id", "manager_id", "grade", "profession", "unit", "free", "wants"];
    mentees.write_record(columns).expect("memory");
    mentors
        .write_record(
            columns.map(|name| if name == "wants" { "offers" } else { name }).iter().chain(&["capacity"]),
        )
        .expect("memory");
    let free = |at: usize| {
        let day = ["mon", "tue", "wed"][spread(at, 5, 3)];
        format!("{day} {:02}:00-{:02}:00; fri 09:00-10:00", 9 + spread(at, 6, 4), 13 + spread(at, 7, 4))
    };
    for (at, person) in staff.iter().filter(|person| !senior(person)).step_by(5).take(people).enumerate() {
        // Every second mentee names a skill by its synonym.
        let wanted = |step: usize| match &skills[spread(at, step, 60)] {
            (_, synonym) if at % 2 == 0 && !synonym.is_empty() => synonym.clone(),
            (label, _) => label.clone(),
        };
        let wants = format!("{}:3*2; {}:2; {}", wanted(1), wanted(2), wanted(3));
        let row =
            [&person.id, &person.manager, &person.grade, &person.profession, &person.unit, &free(at), &wants];
        mentees.write_record(row).expect("memory");
    }
    for (at, person) in staff.iter().filter(senior).step_by(5).take(people * 2 / 3).enumerate() {
        let offered =
            (0..6).map(|step| format!("{}:{}", skills[spread(at + 31, step, 60)].0, 1 + (at + step) % 4));
        let offers = offered.collect::<Vec<_>>().join("; ");
        let places = (1 + at % 2).to_string();
        let row = [
            &person.id,
            &person.manager,
            &person.grade,
            &person.profession,
            &person.unit,
            &free(at),
            &offers,
        ];
        mentors.write_record(row.into_iter().chain([&places])).expect("memory");
    }
    let folder = Folder::new(&[("criteria.toml", CRITERIA)]);
    let text =
        |writer: csv::Writer<Vec<u8>>| String::from_utf8(writer.into_inner().expect("memory")).expect("text");
    folder.put("mentees.csv", &text(mentees));
    folder.put("mentors.csv", &text(mentors));
    for (name, file) in [("staff.csv", STAFF), ("skills.csv", SKILLS)] {
        std::fs::copy(data.join(file), folder.path(name)).expect("can be copied");
    }
    folder
}

#[tokio::test]
async fn a_real_organisation_is_matched_and_verified() {
    let folder = files(240);
    let words =
        "people --mentees mentees.csv --mentors mentors.csv --criteria criteria.toml --mode max-cardinality";
    let done = folder.run(&format!("{words} --verify --json")).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = done.json();
    assert_eq!((&summary["outcome"], &summary["verified"]), (&"optimal".into(), &true.into()));
    assert!(summary["placed"].as_u64() > Some(200), "{summary}");
    let took = summary["seconds"]["solving"].as_f64().unwrap_or(f64::MAX);
    assert!(took < 10.0, "{took} s");
    // Last time's result keeps everybody where nothing has changed.
    std::fs::copy(folder.path("out/assignments.csv"), folder.path("last.csv")).expect("was written");
    let again = folder.run(&format!("{words} --verify --json --previous last.csv")).await.json();
    assert_eq!(again["previous"]["changed"], 0, "{again}");
    for told in folder.lines() {
        let facts = super::texts(&told["facts"]);
        assert!(facts.iter().all(|fact| fact.ends_with('.') && fact.matches(". ").count() == 0), "{facts:?}");
    }
}
