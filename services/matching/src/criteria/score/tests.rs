use super::*;
use kernel::Uuid;
use proptest::prelude::*;

fn person(number: u128) -> Person {
    Person {
        participant: Uuid::from_u128(number),
        person: Uuid::from_u128(1000 + number),
        places: 1,
        held: 0,
        wanted: vec![],
        offered: vec![],
        style: 0,
        languages: vec![],
        offset_minutes: None,
        windows: vec![],
        unit: String::new(),
        grade: String::new(),
        profession: String::new(),
        chain: vec![],
    }
}

/// Criteria in which only one criterion counts.
fn only(at: usize) -> Criteria {
    let mut weights = [0; CRITERIA];
    weights[at] = 1;
    Criteria { weights, grades: ["G1", "G2", "G3", "G4"].map(str::to_owned).to_vec(), ..Criteria::default() }
}

fn score(criteria: &Criteria, mentor: &Person, mentee: &Person) -> i32 {
    let mut words = Words::default();
    let scorer = Scorer::new(criteria, &mut words);
    let mentor = Ready::new(mentor, criteria, &mut words);
    let mentee = Ready::new(mentee, criteria, &mut words);
    scorer.score(&mentor, &mentee).score
}

fn broken(criteria: &Criteria, mentor: &Person, mentee: &Person) -> Vec<HardRule> {
    let mut words = Words::default();
    let scorer = Scorer::new(criteria, &mut words);
    let mentor = Ready::new(mentor, criteria, &mut words);
    let mentee = Ready::new(mentee, criteria, &mut words);
    let score = scorer.score(&mentor, &mentee).score;
    let mut rules = vec![];
    scorer.broken(&mentor, &mentee, score, |rule| rules.push(rule));
    rules
}

fn skill(id: &str, level: i32) -> (String, i32) {
    (id.to_owned(), level)
}

#[test]
fn skills_count_up_to_the_level_wanted() {
    let criteria = only(0);
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(score(&criteria, &mentor, &mentee), 5000, "nothing wanted");
    mentee.wanted = vec![skill("rust", 4), skill("law", 3)];
    assert_eq!(score(&criteria, &mentor, &mentee), 0, "nothing offered");
    mentor.offered = vec![skill("rust", 5), skill("law", 1), skill("golf", 5), skill("law", 2)];
    // (min(4, 5) + min(3, 2)) / 7
    assert_eq!(score(&criteria, &mentor, &mentee), 8571);
}

#[test]
fn styles_match_differ_or_are_unsaid() {
    let criteria = only(1);
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(score(&criteria, &mentor, &mentee), 5000);
    mentor.style = 1;
    assert_eq!(score(&criteria, &mentor, &mentee), 5000);
    mentee.style = 1;
    assert_eq!(score(&criteria, &mentor, &mentee), 10_000);
    mentee.style = 2;
    assert_eq!(score(&criteria, &mentor, &mentee), 2500);
}

#[test]
fn languages_count_by_place_and_primary_subtag() {
    let criteria = only(2);
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(score(&criteria, &mentor, &mentee), 5000);
    mentor.languages = vec!["de".into(), "en-GB".into(), "en-US".into(), "fr".into()];
    mentee.languages = vec!["EN".into(), "fr".into()];
    assert_eq!(score(&criteria, &mentor, &mentee), 9000, "English: second and first");
    mentee.languages = vec!["it".into()];
    assert_eq!(score(&criteria, &mentor, &mentee), 0);
}

#[test]
fn availability_counts_shared_minutes_up_to_the_target() {
    let criteria = only(3);
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(score(&criteria, &mentor, &mentee), 5000);
    mentor.windows = vec![(0, 60), (600, 720)];
    mentee.windows = vec![(30, 40), (660, 800)];
    assert_eq!(overlap(&mentor.windows, &mentee.windows), 70);
    assert_eq!(score(&criteria, &mentor, &mentee), 5833);
    mentee.windows = vec![(0, 10_080)];
    assert_eq!(score(&criteria, &mentor, &mentee), 10_000);
}

#[test]
fn zones_count_the_short_way_round() {
    let criteria = only(4);
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(score(&criteria, &mentor, &mentee), 5000);
    (mentor.offset_minutes, mentee.offset_minutes) = (Some(60), Some(-360));
    assert_eq!(score(&criteria, &mentor, &mentee), 1250, "seven of eight hours");
    (mentor.offset_minutes, mentee.offset_minutes) = (Some(780), Some(-600));
    assert_eq!(score(&criteria, &mentor, &mentee), 8750, "one hour, a day apart");
}

#[test]
fn grades_count_the_distance_to_the_window() {
    let criteria = only(5);
    let (mut mentor, mut mentee) = (person(1), person(2));
    (mentor.grade, mentee.grade) = ("G3".into(), "G1".into());
    assert_eq!(score(&criteria, &mentor, &mentee), 10_000);
    (mentor.grade, mentee.grade) = ("G1".into(), "G1".into());
    assert_eq!(score(&criteria, &mentor, &mentee), 7500);
    (mentor.grade, mentee.grade) = ("G1".into(), "G4".into());
    assert_eq!(score(&criteria, &mentor, &mentee), 0);
    mentor.grade = "unheard of".into();
    assert_eq!(score(&criteria, &mentor, &mentee), 5000);
}

#[test]
fn professions_agree_and_units_differ() {
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(score(&only(6), &mentor, &mentee), 5000);
    (mentor.profession, mentee.profession) = ("Law".into(), "Law".into());
    (mentor.unit, mentee.unit) = ("A".into(), "A".into());
    assert_eq!((score(&only(6), &mentor, &mentee), score(&only(7), &mentor, &mentee)), (10_000, 0));
    (mentor.profession, mentor.unit) = ("Policy".into(), "B".into());
    assert_eq!((score(&only(6), &mentor, &mentee), score(&only(7), &mentor, &mentee)), (0, 10_000));
}

#[test]
fn hard_rules_say_which() {
    let mut criteria = Criteria::default();
    let (mut mentor, mut mentee) = (person(1), person(2));
    assert_eq!(broken(&criteria, &mentor, &mentee), [HardRule::NoSharedLanguage]);
    mentor.languages = vec!["en".into(), "de".into()];
    mentee.languages = vec!["en".into()];
    assert_eq!(broken(&criteria, &mentor, &mentee), []);
    mentee.chain = vec![Uuid::from_u128(7), mentor.person];
    assert_eq!(broken(&criteria, &mentor, &mentee), [HardRule::ReportingLine]);
    criteria.rules.reporting_line_depth = 1;
    assert_eq!(broken(&criteria, &mentor, &mentee), [], "two levels up, one looked at");
    mentor.chain = vec![mentee.person];
    assert_eq!(broken(&criteria, &mentor, &mentee), [HardRule::ReportingLine], "the other way");
    mentor.chain.clear();
    criteria.rules = crate::criteria::domain::Rules {
        different_unit: true,
        required_language: "de-AT".into(),
        least_overlap_minutes: 30,
        most_zone_distance_minutes: 60,
        least_score: 10_000,
        ..criteria.rules
    };
    (mentor.unit, mentee.unit) = ("A".into(), "A".into());
    (mentor.offset_minutes, mentee.offset_minutes) = (Some(0), Some(61));
    assert_eq!(
        broken(&criteria, &mentor, &mentee),
        [
            HardRule::SameUnit,
            HardRule::RequiredLanguage,
            HardRule::TooLittleOverlap,
            HardRule::ZoneTooFar,
            HardRule::BelowLeastScore
        ]
    );
    mentee.person = mentor.person;
    assert_eq!(broken(&criteria, &mentor, &mentee).first(), Some(&HardRule::SamePerson));
}

fn any_person(number: u128) -> impl Strategy<Value = Person> {
    let skills = || prop::collection::vec(("[a-e]", 1..=5i32), 0..6);
    (
        (skills(), skills(), 0..=4i32, prop::collection::vec("(en|de|fr|it)", 0..4)),
        (prop::option::of(-720..=840i32), prop::collection::vec((0..10_080u16, 1..=300u16), 0..6)),
        ("[AB]?", "(G1|G2|G3|G4)?", "(Law|Policy)?"),
    )
        .prop_map(
            move |(
                (wanted, offered, style, languages),
                (offset_minutes, windows),
                (unit, grade, profession),
            )| {
                let windows = windows
                    .into_iter()
                    .map(|(start, length)| (start, start.saturating_add(length).min(10_080)));
                Person {
                    wanted,
                    offered,
                    style,
                    languages,
                    offset_minutes,
                    windows: crate::criteria::week::merged(windows.collect()),
                    unit,
                    grade,
                    profession,
                    ..person(number)
                }
            },
        )
}

/// The table of the module, once more and as plainly as possible.
fn naive_overlap(a: &[(u16, u16)], b: &[(u16, u16)]) -> i32 {
    let inside =
        |list: &[(u16, u16)], minute: u16| list.iter().any(|(start, end)| (*start..*end).contains(&minute));
    (0..10_080u16).filter(|minute| inside(a, *minute) && inside(b, *minute)).count() as i32
}

fn naive_skills(mentor: &Person, mentee: &Person) -> i32 {
    let level = |list: &[(String, i32)], id: &str| {
        list.iter().filter(|(other, _)| other == id).map(|(_, level)| *level).max().unwrap_or(0)
    };
    let mut ids: Vec<&str> = mentee.wanted.iter().map(|(id, _)| id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let wanted: i32 = ids.iter().map(|id| level(&mentee.wanted, id)).sum();
    let covered: i32 = ids.iter().map(|id| level(&mentee.wanted, id).min(level(&mentor.offered, id))).sum();
    if wanted == 0 { 5000 } else { 10_000 * covered / wanted }
}

proptest! {
    #[test]
    fn parts_sum_to_the_score_and_stay_in_bounds(
        mentor in any_person(1), mentee in any_person(2), weights in prop::array::uniform8(0..=1000i32),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let criteria = Criteria { weights, ..only(0) };
        let mut words = Words::default();
        let scorer = Scorer::new(&criteria, &mut words);
        let (a, b) = (Ready::new(&mentor, &criteria, &mut words), Ready::new(&mentee, &criteria, &mut words));
        let scored = scorer.score(&a, &b);
        prop_assert_eq!(scored.parts.iter().sum::<i32>(), scored.score);
        prop_assert!((0..=PERFECT).contains(&scored.score));
        for (part, points) in scored.parts.iter().zip(scorer.points()) {
            prop_assert!((0..=points).contains(part));
        }
    }

    #[test]
    fn overlap_and_skills_agree_with_the_naive_count(mentor in any_person(1), mentee in any_person(2)) {
        prop_assert_eq!(overlap(&mentor.windows, &mentee.windows), naive_overlap(&mentor.windows, &mentee.windows));
        prop_assert_eq!(score(&only(0), &mentor, &mentee), naive_skills(&mentor, &mentee));
    }
}
