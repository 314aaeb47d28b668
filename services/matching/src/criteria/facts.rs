//! Domain: what earned the points of a pair, in words, criterion by criterion. Says only what the two said.

use super::domain::{Criteria, Criterion};
use super::person::Person;
use super::score::{self, primary};

/// How many skills a sentence names on each side.
const NAMED: usize = 4;

/// What earned the points of a criterion.
pub(crate) fn fact(criterion: Criterion, criteria: &Criteria, mentor: &Person, mentee: &Person) -> String {
    match criterion {
        Criterion::Skills => skills(mentor, mentee),
        Criterion::CommunicationStyle => style(mentor.style, mentee.style).to_owned(),
        Criterion::Languages => languages(mentor, mentee),
        Criterion::Availability => shared_time(mentor, mentee, criteria.targets.overlap_minutes),
        Criterion::ZoneDistance => clocks(mentor, mentee),
        Criterion::GradeGap => grades(criteria, mentor, mentee),
        Criterion::Profession => same("profession", &mentor.profession, &mentee.profession),
        Criterion::UnitDifference => same("unit", &mentor.unit, &mentee.unit),
    }
}

fn skills(mentor: &Person, mentee: &Person) -> String {
    let mut wanted: Vec<(&str, i32)> = Vec::new();
    for (skill, level) in &mentee.wanted {
        match wanted.iter_mut().find(|(known, _)| known == skill) {
            Some((_, known)) => *known = (*known).max(*level),
            None => wanted.push((skill, *level)),
        }
    }
    if wanted.is_empty() {
        return "the mentee names no skill".to_owned();
    }
    let offer = |skill: &str| {
        mentor.offered.iter().filter(|(offered, _)| offered == skill).map(|(_, level)| *level).max()
    };
    let (mut offered, mut missing) = (Vec::new(), Vec::new());
    for (skill, level) in wanted {
        match offer(skill) {
            Some(has) if has >= level => offered.push(skill.to_owned()),
            Some(has) if has > 0 => offered.push(format!("{skill} (level {has} of {level})")),
            _ => missing.push(skill.to_owned()),
        }
    }
    let of = offered.len() + missing.len();
    let skill = if of == 1 { "skill" } else { "skills" };
    match (offered.len(), missing.len()) {
        (0, _) => format!("offers none of {of} wanted {skill}: {}", named(&missing)),
        (_, 0) => format!("offers every wanted skill: {}", named(&offered)),
        (some, _) => {
            format!("offers {some} of {of} wanted {skill}: {}; not {}", named(&offered), named(&missing))
        }
    }
}

/// The first few, and how many more.
fn named(list: &[String]) -> String {
    let mut text = list.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if list.len() > NAMED {
        text.push_str(&format!(" and {} more", list.len() - NAMED));
    }
    text
}

fn style(mentor: i32, mentee: i32) -> &'static str {
    match (mentor, mentee) {
        (0, 0) => "neither has named a style",
        (0, _) => "the mentor has named no style",
        (_, 0) => "the mentee has named no style",
        _ if mentor == mentee => "both have the same",
        _ => "theirs differ",
    }
}

fn languages(mentor: &Person, mentee: &Person) -> String {
    if mentor.languages.is_empty() || mentee.languages.is_empty() {
        let who = if mentor.languages.is_empty() { "mentor" } else { "mentee" };
        return format!("the {who} has named none");
    }
    let place = |person: &Person, tag: &str| person.languages.iter().position(|other| primary(other) == tag);
    let shared = mentee.languages.iter().enumerate().filter_map(|(of_mentee, tag)| {
        let tag = primary(tag);
        let of_mentor = place(mentor, &tag)?;
        Some((of_mentee + of_mentor, of_mentee, of_mentor, tag))
    });
    match shared.min_by_key(|(sum, ..)| *sum) {
        None => "they share none".to_owned(),
        Some((0, .., tag)) => format!("{tag} comes first with both"),
        Some((_, of_mentee, of_mentor, tag)) => format!(
            "{tag} is the mentee's {} and the mentor's {} language",
            nth(of_mentee + 1),
            nth(of_mentor + 1)
        ),
    }
}

fn nth(number: usize) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        more => format!("{more}th"),
    }
}

fn shared_time(mentor: &Person, mentee: &Person, target: i32) -> String {
    if mentor.windows.is_empty() || mentee.windows.is_empty() {
        let who = if mentor.windows.is_empty() { "mentor" } else { "mentee" };
        return format!("the {who} has named no free time");
    }
    let minutes = score::overlap(&mentor.windows, &mentee.windows);
    if minutes >= target {
        format!("they share {minutes} minutes a week, {target} are enough")
    } else {
        format!("they share {minutes} minutes a week of the {target} wished for")
    }
}

fn clocks(mentor: &Person, mentee: &Person) -> String {
    match score::clock_distance(mentor.offset_minutes, mentee.offset_minutes) {
        None => "a zone is unknown".to_owned(),
        Some(0) => "the same clock".to_owned(),
        Some(minutes) if minutes % 60 == 0 => format!("their clocks are {} h apart", minutes / 60),
        Some(minutes) => format!("their clocks are {} h {} min apart", minutes / 60, minutes % 60),
    }
}

fn grades(criteria: &Criteria, mentor: &Person, mentee: &Person) -> String {
    let grades = (criteria.grade(&mentor.grade), criteria.grade(&mentee.grade));
    let (Some(of_mentor), Some(of_mentee)) = grades else {
        return "a grade is not on the program's ladder".to_owned();
    };
    let names = format!("{} and {}", mentor.grade, mentee.grade);
    match of_mentor - of_mentee {
        0 => format!("both are {}", mentor.grade),
        1 => format!("the mentor is a grade above: {names}"),
        gap if gap > 1 => format!("the mentor is {gap} grades above: {names}"),
        -1 => format!("the mentor is a grade below: {names}"),
        gap => format!("the mentor is {} grades below: {names}", -gap),
    }
}

fn same(what: &str, mentor: &str, mentee: &str) -> String {
    match (mentor.is_empty() || mentee.is_empty(), mentor == mentee) {
        (true, _) => format!("a {what} is unknown"),
        (_, true) => format!("both: {mentor}"),
        _ => format!("{mentor} and {mentee}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::snapshot::tests::person;

    fn said(criterion: Criterion, change: impl FnOnce(&mut Criteria, &mut Person, &mut Person)) -> String {
        let (mut criteria, mut mentor, mut mentee) = (Criteria::default(), person(101, 1), person(1, 1));
        change(&mut criteria, &mut mentor, &mut mentee);
        fact(criterion, &criteria, &mentor, &mentee)
    }

    fn skills(list: &[(&str, i32)]) -> Vec<(String, i32)> {
        list.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect()
    }

    #[test]
    fn names_the_skills_offered_and_missing() {
        let text = said(Criterion::Skills, |_, mentor, mentee| {
            mentee.wanted = skills(&[("law", 3), ("budgeting", 4), ("tax", 2), ("law", 2)]);
            mentor.offered = skills(&[("law", 5), ("budgeting", 2)]);
        });
        assert_eq!(text, "offers 2 of 3 wanted skills: law, budgeting (level 2 of 4); not tax");
        let text = said(Criterion::Skills, |_, mentor, mentee| {
            mentee.wanted = skills(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1)]);
            mentor.offered = skills(&[("z", 1)]);
        });
        assert_eq!(text, "offers none of 6 wanted skills: a, b, c, d and 2 more");
        assert_eq!(said(Criterion::Skills, |_, _, _| {}), "the mentee names no skill");
    }

    #[test]
    fn says_what_the_two_said() {
        let text = said(Criterion::Languages, |_, mentor, mentee| {
            mentor.languages = vec!["cy".to_owned(), "en-GB".to_owned()];
            mentee.languages = vec!["en".to_owned()];
        });
        assert_eq!(text, "en is the mentee's first and the mentor's second language");
        let text = said(Criterion::Availability, |_, mentor, mentee| {
            mentor.windows = vec![(0, 100)];
            mentee.windows = vec![(40, 200)];
        });
        assert_eq!(text, "they share 60 minutes a week of the 120 wished for");
        let text = said(Criterion::ZoneDistance, |_, mentor, _| mentor.offset_minutes = Some(330));
        assert_eq!(text, "their clocks are 5 h 30 min apart");
        let text = said(Criterion::GradeGap, |criteria, mentor, mentee| {
            criteria.grades = vec!["HEO".to_owned(), "SEO".to_owned(), "G7".to_owned()];
            mentor.grade = "G7".to_owned();
            mentee.grade = "HEO".to_owned();
        });
        assert_eq!(text, "the mentor is 2 grades above: G7 and HEO");
        let text = said(Criterion::UnitDifference, |_, mentor, mentee| {
            mentor.unit = "Law".to_owned();
            mentee.unit = "Tax".to_owned();
        });
        assert_eq!(text, "Law and Tax");
        assert_eq!(said(Criterion::Profession, |_, _, _| {}), "a profession is unknown");
        assert_eq!(said(Criterion::CommunicationStyle, |_, _, _| {}), "neither has named a style");
    }
}
