//! `mentor match`: people matched from files, and every mistake in a file named by its place.

mod organisation;

use crate::program::{Finished, run};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const MENTORS: &str = "mentor,capacity\nb0,1\nb1,1\n";
const PAIRS: &str = "mentee,mentor,score\nm0,b0,90\nm0,b1,80\nm1,b0,85\nm1,b1,20\n";
const OUTPUTS: [&str; 3] = ["assignments.csv", "certificate.json", "explanations.jsonl"];

/// A folder with files.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        files.iter().for_each(|(name, text)| folder.put(name, text));
        folder
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("can be written");
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join("out").join(name)).expect("was written")
    }

    fn lines(&self) -> Vec<Value> {
        self.read("explanations.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// Runs `mentor match`; words that name a file of the folder become its path.
    async fn run(&self, words: &str) -> Finished {
        let named =
            |word: &str| if self.0.path().join(word).is_file() { self.path(word) } else { word.to_owned() };
        let mut words: Vec<String> = words.split(' ').map(named).collect();
        if words.first().is_some_and(|action| action != "audit") {
            words.extend(["--out".to_owned(), self.path("out")]);
        }
        let words: Vec<&str> = ["match"].into_iter().chain(words.iter().map(String::as_str)).collect();
        run(&words, &Vec::new()).await
    }

    /// Nothing was written.
    fn is_untouched(&self) -> bool {
        !Path::new(&self.path("out")).exists()
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn solve_finds_the_optimum_and_proves_it() {
    let folder = Folder::new(&[("pairs.csv", PAIRS), ("mentors.csv", MENTORS)]);
    let done =
        folder.run("solve --pairs pairs.csv --mentors mentors.csv --verify --json --why-not m0,b0").await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = done.json();
    assert_eq!((&summary["total"], &summary["placed"], &summary["gap"]), (&165.into(), &2.into(), &0.into()));
    assert_eq!((&summary["outcome"], &summary["verified"]), (&"optimal".into(), &true.into()));
    assert_eq!(folder.read("assignments.csv"), "mentee,mentor,score\nm0,b1,80\nm1,b0,85\n");
    let proof: Value = serde_json::from_str(&folder.read("certificate.json")).expect("JSON");
    assert_eq!(proof["bound"], 165);
    // What the prices sum to is the bound, so that nobody needs to believe it.
    let prices = |side: &str| -> i64 {
        let people = proof[side].as_array().into_iter().flatten();
        people.filter_map(|person| person["price"].as_i64()).sum()
    };
    assert_eq!(prices("mentees") + prices("mentors"), 165);
    let why = summary["why_not"][0]["answer"]["text"].as_str().expect("a sentence");
    assert!(why.starts_with("m0 and b0 would be worth 90 points, 10 more, but"), "{why}");
    assert!(why.contains("the place of b0 is held by m1 (85 points), and"), "{why}");
}

#[tokio::test]
async fn the_same_files_give_the_same_bytes_on_any_number_of_threads() {
    let folder = Folder::new(&[("pairs.csv", PAIRS), ("mentors.csv", MENTORS)]);
    let mut written = Vec::new();
    for threads in ["1", "2"] {
        let done =
            folder.run(&format!("solve --pairs pairs.csv --mentors mentors.csv --threads {threads}")).await;
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        written.push(OUTPUTS.map(|name| folder.read(name)));
    }
    assert_eq!(written[0], written[1]);
}

#[tokio::test]
async fn every_mode_verifies_with_locks_exclusions_and_last_time() {
    let folder = Folder::new(&[
        ("pairs.csv", PAIRS),
        ("mentors.csv", MENTORS),
        ("locks.csv", "mentee,mentor\nm1,b1\n"),
        ("out.csv", "mentee,mentor\nm1,b0\n"),
        ("last.csv", "mentee,mentor,score\nm0,b0,90\nm1,,\ngone,b1,3\n"),
    ]);
    for mode in ["max-total", "max-cardinality", "bottleneck", "stable"] {
        let lists = "--locks locks.csv --exclusions out.csv --previous last.csv --keep-bonus 5";
        let words =
            format!("solve --pairs pairs.csv --mentors mentors.csv --mode {mode} {lists} --verify --json");
        let done = folder.run(&words).await;
        assert_eq!(done.code, Some(0), "{mode}: {}", done.stderr);
        let summary = done.json();
        assert_eq!(summary["total"], 110, "{mode}");
        let previous = serde_json::json!({ "pairs": 1, "kept": 1, "changed": 0, "left": 1 });
        assert_eq!(summary["previous"], previous, "{mode}");
    }
    let told = folder.lines();
    assert_eq!((&told[1]["locked"], &told[0]["kept"]), (&true.into(), &true.into()));
}

#[tokio::test]
async fn floors_are_kept_and_what_that_costs_is_told() {
    let folder = Folder::new(&[
        ("pairs.csv", PAIRS),
        ("mentors.csv", MENTORS),
        ("groups.csv", "mentee,group\nm0,north\nm1,south\n"),
        ("floors.csv", "group,floor\nnorth,85\n"),
    ]);
    let words =
        "solve --pairs pairs.csv --mentors mentors.csv --mode fair --groups groups.csv --floors floors.csv";
    let done = folder.run(&format!("{words} --verify --json --why-not m1,b0")).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = done.json();
    // Without the floor the total is 165; with it m0 has b0.
    assert_eq!((&summary["total"], &summary["verified"]), (&110.into(), &true.into()));
    let gap = summary["gap"].as_i64().expect("the floor is kept, so that the gap is known");
    assert!((0..=55).contains(&gap), "{gap}");
    let group = serde_json::json!({ "group": "north", "mentees": 1, "floor": 85, "mean": 90, "met": true });
    assert_eq!(summary["groups"], serde_json::json!([group]));
    let proof: Value = serde_json::from_str(&folder.read("certificate.json")).expect("JSON");
    assert_eq!((&proof["fair"][0]["achieved"], &proof["mode"]), (&90.into(), &"fair".into()));
    assert!(proof["fair"][0]["multiplier"].as_i64() > Some(0), "{proof}");
    folder.put("floors.csv", "group,floor\nnorth,95\n");
    let done = folder.run(words).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("not every floor is kept"), "{}", done.stdout);
    assert!(done.stdout.contains("north (1 mentee): mean 90, floor 95 missed"), "{}", done.stdout);
    let alone = folder.run("solve --pairs pairs.csv --mentors mentors.csv --mode fair").await;
    assert!(alone.code == Some(2) && alone.stderr.contains("--floors"), "{}", alone.stderr);
    let idle = folder
        .run("solve --pairs pairs.csv --mentors mentors.csv --groups groups.csv --floors floors.csv")
        .await;
    assert!(idle.code == Some(1) && idle.stderr.contains("--mode fair"), "{}", idle.stderr);
}

#[tokio::test]
async fn a_search_that_is_ended_gives_the_best_so_far_with_its_gap() {
    let mut pairs = String::from("mentee,mentor,score\n");
    for mentee in 0..300u64 {
        for mentor in 0..300u64 {
            pairs.push_str(&format!(
                "m{mentee},b{mentor},{}\n",
                (mentee * 7919 + mentor * 104_729 + mentee * mentor) % 9973
            ));
        }
    }
    let mut mentors = String::from("mentor,capacity\n");
    (0..300).for_each(|mentor| mentors.push_str(&format!("b{mentor},1\n")));
    let folder = Folder::new(&[("pairs.csv", &pairs), ("mentors.csv", &mentors)]);
    let words = "solve --pairs pairs.csv --mentors mentors.csv --verify --json";
    let best = folder.run(words).await.json();
    assert_eq!(best["outcome"], "optimal");
    for (limit, outcome) in [("--time-limit 0s", "stopped"), ("--gap-limit 2000", "within_gap")] {
        let done = folder.run(&format!("{words} {limit}")).await;
        assert_eq!(done.code, Some(0), "{limit}: {}", done.stderr);
        let ended = done.json();
        assert_eq!(ended["outcome"], outcome, "{limit}: {ended}");
        assert!(ended["bound"].as_i64() >= best["total"].as_i64(), "{limit}: {ended}");
        assert!(
            ended["gap"].as_i64() > Some(0) && ended["total"].as_i64() <= best["total"].as_i64(),
            "{ended}"
        );
    }
}

#[tokio::test]
async fn every_mistake_is_named_by_file_row_and_column_and_nothing_is_written() {
    let pairs = |row: &str| format!("{PAIRS}{row}\n");
    let huge = i64::MAX.to_string();
    let cases: Vec<(&str, String, &str)> = vec![
        ("pairs.csv", pairs("m2,b0,NaN"), "row 6, column score: `NaN` is not a whole number"),
        ("pairs.csv", pairs("m2,b0,1.5"), "row 6, column score: `1.5` is not"),
        ("pairs.csv", pairs("m2,b0,"), "row 6, column score: is empty"),
        (
            "pairs.csv",
            pairs("m2,b0,9223372036854775808"),
            "row 6, column score: `9223372036854775808` is past",
        ),
        ("pairs.csv", pairs(&format!("m2,b0,{huge}")), "row 6, column score: score 9223372036854775807"),
        ("pairs.csv", pairs("m2,b7,5"), "row 6, column mentor: there is no mentor `b7`"),
        ("pairs.csv", pairs(",b0,5"), "row 6, column mentee: is empty"),
        (
            "pairs.csv",
            pairs("m1,b1,5"),
            "row 6, column mentor: the pair of m1 and b1 stands in row 5 already",
        ),
        ("pairs.csv", pairs("m2,b0"), "row 6: has 2 fields, the header 3"),
        ("pairs.csv", "mentee,mentor,score\n".to_owned(), "has no rows"),
        ("pairs.csv", PAIRS.replace("score", "points"), "row 1, column score: there is no column `score`"),
        (
            "mentors.csv",
            "mentor,capacity\nb0,0\n".to_owned(),
            "row 2, column capacity: capacity 0 is not positive",
        ),
        ("mentors.csv", format!("{MENTORS}b2,-1\n"), "row 4, column capacity: capacity -1 is not"),
        ("mentors.csv", format!("{MENTORS}b2,two\n"), "row 4, column capacity: `two` is not a whole"),
        ("mentors.csv", format!("{MENTORS}b0,1\n"), "row 4, column mentor: mentor `b0` stands in row 2"),
        ("mentors.csv", "mentor,capacity\n".to_owned(), "has no rows"),
        ("mentors.csv", "mentor,capacity,mentor\n".to_owned(), "row 1, column mentor: the header names"),
        ("locks.csv", "mentee,mentor\nm9,b0\n".to_owned(), "row 2, column mentee: there is no mentee `m9`"),
        ("locks.csv", "mentee,mentor\nm0,b9\n".to_owned(), "row 2, column mentor: there is no mentor `b9`"),
        (
            "locks.csv",
            "mentee,mentor\nm0,b0\nm1,b0\n".to_owned(),
            "row 3, column mentor: every place of b0 is locked",
        ),
        (
            "mentors.csv",
            format!("{MENTORS}b2,9223372036854775808\n"),
            "row 4, column capacity: `9223372036854775808` is past",
        ),
        ("mentors.csv", "mentor,places\nb0,1\n".to_owned(), "row 1, column capacity: there is no column"),
        (
            "locks.csv",
            "mentee,mentor\nm0,b1\n".to_owned(),
            "row 2, column mentor: the lock of m0 to b1 contradicts row 2 of",
        ),
        (
            "exclusions.csv",
            "mentee,mentor\nm0,b9\n".to_owned(),
            "row 2, column mentor: there is no mentor `b9`",
        ),
        (
            "groups.csv",
            "mentee,group\nm9,north\n".to_owned(),
            "row 2, column mentee: there is no mentee `m9`",
        ),
        (
            "groups.csv",
            "mentee,group\nm0,north\nm0,south\n".to_owned(),
            "row 3, column mentee: mentee `m0` stands in row 2",
        ),
        ("floors.csv", "group,floor\nnorth,-1\n".to_owned(), "row 2, column floor: `-1` is past"),
        ("floors.csv", "group,floor\nnorth,NaN\n".to_owned(), "row 2, column floor: `NaN` is not a whole"),
        ("floors.csv", "group,floor\neast,1\n".to_owned(), "row 2, column group: no mentee is in the group"),
        ("floors.csv", format!("group,floor\nnorth,{huge}\n"), "floor 9223372036854775807 of group 0"),
        (
            "exclusions.csv",
            "mentee,mentor\nm0,b1\nm0,b1\n".to_owned(),
            "row 3, column mentor: the pair of m0 and b1",
        ),
    ];
    for (file, text, expected) in cases {
        let folder = Folder::new(&[
            ("pairs.csv", PAIRS),
            ("mentors.csv", MENTORS),
            ("locks.csv", "mentee,mentor\n"),
            ("exclusions.csv", "mentee,mentor\nm0,b1\n"),
            ("groups.csv", "mentee,group\nm0,north\n"),
            ("floors.csv", "group,floor\nnorth,1\n"),
        ]);
        folder.put(file, &text);
        let lists = "--locks locks.csv --exclusions exclusions.csv --mode fair --groups groups.csv --floors floors.csv";
        let done = folder.run(&format!("solve --pairs pairs.csv --mentors mentors.csv {lists}")).await;
        assert_eq!(done.code, Some(1), "{expected}");
        let named = done.stderr.contains(&folder.path(file)) && done.stderr.contains(expected);
        assert!(named, "{expected} of {file} in {}", done.stderr);
        assert!(folder.is_untouched(), "{expected}");
    }
}

const CRITERIA: &str = r#"
[[criteria]]
name = "skills"
weight = 600
kind = "overlap"
mentee = "wants"
mentor = "offers"

[[criteria]]
name = "grade"
weight = 300
kind = "window"
mentee = "grade"
mentor = "grade"
order = ["junior", "senior", "head"]
low = 1
high = 1
span = 2

[[rules]]
name = "same team"
kind = "differ"
mentee = "team"
mentor = "team"
"#;
const PEOPLE: &str = "id,name,wants,grade,team\nm0,Ana,budgeting:2;law,junior,a\nm1,Ben,law,senior,b\n";
const GUIDES: &str =
    "id,name,capacity,offers,grade,team\nb0,Carla,1,law:2,senior,c\nb1,Dora,1,budgeting:1,head,b\n";

fn people() -> Folder {
    Folder::new(&[("mentees.csv", PEOPLE), ("mentors.csv", GUIDES), ("criteria.toml", CRITERIA)])
}

const PEOPLE_RUN: &str =
    "people --mentees mentees.csv --mentors mentors.csv --criteria criteria.toml --verify";

#[tokio::test]
async fn people_are_matched_by_their_profiles_and_told_why() {
    let folder = people();
    let done = folder.run(&format!("{PEOPLE_RUN} --json --why-not m1,b1 --why-not m0,b0")).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // Ben can't be with Dora, so Carla is his: 600 for law, 150 for the grade. Ana: half of half of 600, 150.
    assert_eq!(folder.read("assignments.csv"), "mentee,mentor,score\nm0,b1,300\nm1,b0,750\n");
    let told = folder.lines();
    assert_eq!(
        texts(&told[0]["facts"]),
        [
            "Ana is with Dora, a pair worth 300 of 900 points.",
            "150 of 600 points for skills: Dora offers “budgeting” (level 1, wanted 2), but not “law”.",
            "150 of 300 points for grade: junior for Ana, head for Dora.",
            "Of the 2 possible mentors for Ana, 1 is worth more than Dora.",
            "Ana is the only possible mentee for Dora.",
        ]
    );
    let answers = done.json();
    let answer = |at: usize| answers["why_not"][at]["answer"]["text"].as_str().unwrap_or_default().to_owned();
    assert_eq!(answer(0), "Ben cannot be with Dora: the rule \"same team\" forbids it.");
    assert!(answer(1).starts_with("Ana and Carla would be worth 600 points, 300 more, but"), "{}", answer(1));
}

#[tokio::test]
async fn mistakes_in_profiles_and_criteria_are_named() {
    let cases = [
        (
            "mentees.csv",
            PEOPLE.replace("law,senior", "law,chief"),
            "row 3, column grade: `chief` is not one of junior",
        ),
        ("mentees.csv", PEOPLE.replace("budgeting:2", "budgeting:0"), "row 2, column wants: `0` is past"),
        ("mentees.csv", PEOPLE.replace("m1", "m0"), "row 3, column id: mentee `m0` stands in row 2"),
        ("mentees.csv", PEOPLE.replace("team", "unit"), "row 1, column team: there is no column `team`"),
        ("mentors.csv", GUIDES.replace("Dora,1", "Dora,0"), "row 3, column capacity: capacity 0"),
        ("mentors.csv", GUIDES.replace("Dora,1", "Dora,-2"), "row 3, column capacity: capacity -2"),
        ("mentors.csv", GUIDES.replace("Dora,1", "Dora,NaN"), "row 3, column capacity: `NaN` is not a whole"),
        (
            "mentees.csv",
            "id,name,wants,grade,team\n".to_owned(),
            "has no rows, but there must be at least one mentee",
        ),
        ("mentors.csv", "id,name,capacity,offers,grade,team\n".to_owned(), "at least one mentor"),
        (
            "locks.csv",
            "mentee,mentor\nm1,b1\n".to_owned(),
            "row 2, column mentor: m1 cannot be locked to b1: the rule \"same team\" forbids it",
        ),
        (
            "criteria.toml",
            CRITERIA.replace("weight = 600", "weight = nan"),
            "row 2: criterion skills: invalid type",
        ),
        (
            "criteria.toml",
            CRITERIA.replace("weight = 600", "weight = 9000000000000000000"),
            "criterion skills",
        ),
        (
            "criteria.toml",
            CRITERIA.replace("span = 2", "span = 0"),
            "row 9: criterion grade: span 0 is below 1",
        ),
        ("criteria.toml", CRITERIA.replace("low = 1\n", ""), "row 9: criterion grade: missing field `low`"),
        (
            "criteria.toml",
            CRITERIA.replace("\"differ\"", "\"differs\""),
            "row 20: rule same team: unknown variant",
        ),
        (
            "criteria.toml",
            CRITERIA.replace("weight = 600", "weight = -6"),
            "row 2: criterion skills: weight -6",
        ),
        (
            "criteria.toml",
            CRITERIA.replace("weight = 600", "weight = 1.5"),
            "row 2: criterion skills: invalid type",
        ),
        ("criteria.toml", CRITERIA.replace("low = 1", "low = "), "row 16: "),
    ];
    for (file, text, expected) in cases {
        let folder = people();
        folder.put("locks.csv", "mentee,mentor\n");
        folder.put(file, &text);
        let done = folder.run(&format!("{PEOPLE_RUN} --locks locks.csv")).await;
        assert_eq!(done.code, Some(1), "{expected}");
        let named = done.stderr.contains(&folder.path(file)) && done.stderr.contains(expected);
        assert!(named, "{expected} of {file} in {}", done.stderr);
        assert!(folder.is_untouched(), "{expected}");
    }
}

#[tokio::test]
async fn nobody_possible_is_an_answer_too() {
    let folder = people();
    folder.put("mentors.csv", "id,capacity,offers,grade,team\nb1,1,law,head,b\n");
    let done = folder.run(PEOPLE_RUN).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("1 of 2 mentees placed with 1 mentor"), "{}", done.stdout);
    let told = folder.lines();
    let facts =
        ["Ben has no mentor, because none is possible.", "1 mentor is removed by the rule \"same team\"."];
    assert_eq!(texts(&told[1]["facts"]), facts);
}

#[tokio::test]
async fn the_audit_gives_rates_ratios_and_unknowns() {
    let mut text = String::from("person,selected,score,gender\n");
    // 64.2 and 37.5 % of a thousand each, and two who did not say.
    for (group, selected) in [("a", 642), ("b", 375)] {
        for person in 0..1000 {
            let yes = if person < selected { "yes" } else { "no" };
            text.push_str(&format!("{group}{person},{yes},{person},{group}\n"));
        }
    }
    text.push_str("x,yes,,\ny,no,,\n");
    let folder = Folder::new(&[("decisions.csv", &text), ("wrong.csv", "person,selected\np,maybe\n")]);
    let report = folder.run("audit --decisions decisions.csv --json").await.json();
    assert_eq!(report[0]["unknown"], 2);
    let impact: Vec<f64> =
        (0..2).filter_map(|at| report[0]["groups"][at]["selection_impact"].as_f64()).collect();
    assert_eq!(impact, [1.0, 0.584]);
    let table = folder.run("audit --decisions decisions.csv").await.stdout;
    assert!(
        table.contains("64.2 %") && table.contains("0.58") && table.contains("below four fifths"),
        "{table}"
    );
    let wrong = folder.run("audit --decisions wrong.csv").await.stderr;
    assert!(wrong.contains("row 2, column selected: `maybe` is not yes or no"), "{wrong}");
}
