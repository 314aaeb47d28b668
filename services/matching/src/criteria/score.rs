//! Domain: the arithmetic of a score, to the integer.
//!
//! Each criterion gives a share v of 0..10000 and has p points of a perfect pair (see
//! [`Criteria::points`]); its part is p * v / 10000, rounded down. The score is the sum of the parts.
//!
//! | criterion | share v |
//! |---|---|
//! | skills | 10000 * (sum over wanted skills of min(level wanted, level offered)) / (sum of levels wanted), rounded down; 5000 when nothing is wanted |
//! | communication style | 10000 when equal, 5000 when either is not said, else 2500 |
//! | languages | 10000 - 1000 * (places of the language in both lists, from 0, added), at least 0, for the best shared language; 5000 when either list is empty, 0 when none is shared |
//! | availability | 10000 * min(shared minutes a week, target) / target, rounded down; 5000 when either has named no window |
//! | zone distance | 10000 - 10000 * (minutes between the clocks) / target, rounded down, at least 0; 5000 when a zone is unknown |
//! | grade gap | 10000 within the target window, 2500 less for each grade outside, at least 0; 5000 when a grade is not on the ladder |
//! | profession | 10000 when equal, 5000 when either is unknown, else 0 |
//! | unit difference | 10000 when different, 5000 when either is unknown, else 0 |
//!
//! Languages are compared by their primary subtag (`en` of `en-GB`). Minutes between the clocks are the
//! difference of the UTC offsets, the short way round the day. Windows are taken in the week that the
//! snapshot names, so that daylight saving is as it was then.

use super::domain::{CRITERIA, Criteria, HardRule, PERFECT};
use super::person::Person;
use super::week::WEEK_MINUTES;
use std::collections::HashMap;

const FULL: i32 = 10_000;
const UNSAID: i32 = 5_000;
/// Share of two styles that were said and differ.
const OTHER_STYLE: i32 = 2_500;
/// What each place down in a list of languages costs.
const LANGUAGE_STEP: i32 = 1_000;
/// What each grade outside the window costs.
const GRADE_STEP: i32 = 2_500;

/// A scored pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scored {
    /// 0..10000.
    pub(crate) score: i32,
    /// In the order of the criteria; they sum to the score.
    pub(crate) parts: [i32; CRITERIA],
}

/// Words turned into numbers once, so that a pair is scored without comparing text.
#[derive(Default)]
pub(crate) struct Words(HashMap<String, u32>);

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(word.to_owned()).or_insert(next)
    }
}

/// A person made ready for scoring.
pub(crate) struct Ready {
    person: kernel::Uuid,
    chain: Vec<kernel::Uuid>,
    wanted: Vec<(u32, i32)>,
    wanted_sum: i32,
    offered: Vec<(u32, i32)>,
    style: i32,
    languages: Vec<u32>,
    offset: Option<i32>,
    windows: Vec<(u16, u16)>,
    grade: Option<i32>,
    profession: Option<u32>,
    unit: Option<u32>,
}

impl Ready {
    /// Numbers the words of a person. Skills named twice count once, with the higher level.
    pub(crate) fn new(person: &Person, criteria: &Criteria, words: &mut Words) -> Self {
        let named = |word: &str, words: &mut Words| (!word.is_empty()).then(|| words.number(word));
        let mut languages = Vec::with_capacity(person.languages.len());
        for tag in &person.languages {
            let number = words.number(&primary(tag));
            if !languages.contains(&number) {
                languages.push(number);
            }
        }
        let wanted = skills(&person.wanted, words);
        Ready {
            person: person.person,
            chain: person.chain.clone(),
            wanted_sum: wanted.iter().map(|(_, level)| level).sum(),
            wanted,
            offered: skills(&person.offered, words),
            style: person.style,
            languages,
            offset: person.offset_minutes,
            windows: person.windows.clone(),
            grade: criteria.grade(&person.grade),
            profession: named(&person.profession, words),
            unit: named(&person.unit, words),
        }
    }
}

fn skills(list: &[(String, i32)], words: &mut Words) -> Vec<(u32, i32)> {
    let mut numbered: Vec<(u32, i32)> = list.iter().map(|(id, level)| (words.number(id), *level)).collect();
    numbered.sort_by_key(|(id, level)| (*id, std::cmp::Reverse(*level)));
    numbered.dedup_by_key(|(id, _)| *id);
    numbered
}

/// The language itself, without region and script.
pub(super) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Criteria made ready for scoring.
pub(crate) struct Scorer<'a> {
    criteria: &'a Criteria,
    points: [i32; CRITERIA],
    required_language: Option<u32>,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(criteria: &'a Criteria, words: &mut Words) -> Self {
        let required = primary(&criteria.rules.required_language);
        Scorer {
            criteria,
            points: criteria.points(),
            required_language: (!required.is_empty()).then(|| words.number(&required)),
        }
    }

    /// Points of a perfect pair for each criterion.
    pub(crate) fn points(&self) -> [i32; CRITERIA] {
        self.points
    }

    /// Scores a pair; whether it is possible is another question.
    pub(crate) fn score(&self, mentor: &Ready, mentee: &Ready) -> Scored {
        let targets = &self.criteria.targets;
        let shares = [
            share_of_skills(mentor, mentee),
            share_of_style(mentor.style, mentee.style),
            share_of_languages(&mentor.languages, &mentee.languages),
            share_of_availability(&mentor.windows, &mentee.windows, targets.overlap_minutes),
            share_of_zones(mentor.offset, mentee.offset, targets.zone_distance_minutes),
            share_of_grades(mentor.grade, mentee.grade, targets.grade_gap_min, targets.grade_gap_max),
            equal(mentor.profession, mentee.profession).map_or(UNSAID, |same| if same { FULL } else { 0 }),
            equal(mentor.unit, mentee.unit).map_or(UNSAID, |same| if same { 0 } else { FULL }),
        ];
        let mut parts = [0; CRITERIA];
        for ((part, points), share) in parts.iter_mut().zip(self.points).zip(shares) {
            *part = points * share / PERFECT;
        }
        Scored { score: parts.iter().sum(), parts }
    }

    /// Calls `broken` for each rule of the criteria that the pair breaks. Rules about the pair as such
    /// (forbidden, failed, no free place) are the snapshot's.
    pub(crate) fn broken(
        &self,
        mentor: &Ready,
        mentee: &Ready,
        score: i32,
        mut broken: impl FnMut(HardRule),
    ) {
        let rules = &self.criteria.rules;
        if mentor.person == mentee.person {
            broken(HardRule::SamePerson);
        }
        if in_reporting_line(
            (mentor.person, &mentor.chain),
            (mentee.person, &mentee.chain),
            rules.reporting_line_depth,
        ) {
            broken(HardRule::ReportingLine);
        }
        if rules.different_unit && equal(mentor.unit, mentee.unit) == Some(true) {
            broken(HardRule::SameUnit);
        }
        if let Some(language) = self.required_language
            && !(mentor.languages.contains(&language) && mentee.languages.contains(&language))
        {
            broken(HardRule::RequiredLanguage);
        }
        if rules.shared_language
            && !mentor.languages.iter().any(|language| mentee.languages.contains(language))
        {
            broken(HardRule::NoSharedLanguage);
        }
        let least = rules.least_overlap_minutes;
        if least > 0 && overlap(&mentor.windows, &mentee.windows) < least {
            broken(HardRule::TooLittleOverlap);
        }
        let most = rules.most_zone_distance_minutes;
        if most > 0 && clock_distance(mentor.offset, mentee.offset).is_some_and(|distance| distance > most) {
            broken(HardRule::ZoneTooFar);
        }
        if score < rules.least_score {
            broken(HardRule::BelowLeastScore);
        }
    }
}

/// Whether one person is among the other's managers, looking `depth` levels up.
pub(crate) fn in_reporting_line(
    (a, chain_of_a): (kernel::Uuid, &[kernel::Uuid]),
    (b, chain_of_b): (kernel::Uuid, &[kernel::Uuid]),
    depth: i32,
) -> bool {
    let depth = usize::try_from(depth).unwrap_or(0);
    chain_of_a.iter().take(depth).any(|manager| *manager == b)
        || chain_of_b.iter().take(depth).any(|manager| *manager == a)
}

fn equal(a: Option<u32>, b: Option<u32>) -> Option<bool> {
    Some(a? == b?)
}

fn share_of_skills(mentor: &Ready, mentee: &Ready) -> i32 {
    if mentee.wanted_sum == 0 {
        return UNSAID;
    }
    let mut offered = mentor.offered.iter().peekable();
    let mut covered = 0;
    for (id, level) in &mentee.wanted {
        while offered.next_if(|(other, _)| other < id).is_some() {}
        if let Some((_, has)) = offered.next_if(|(other, _)| other == id) {
            covered += level.min(has);
        }
    }
    FULL * covered / mentee.wanted_sum
}

fn share_of_style(a: i32, b: i32) -> i32 {
    match (a, b) {
        (0, _) | (_, 0) => UNSAID,
        _ if a == b => FULL,
        _ => OTHER_STYLE,
    }
}

fn share_of_languages(a: &[u32], b: &[u32]) -> i32 {
    if a.is_empty() || b.is_empty() {
        return UNSAID;
    }
    let places =
        a.iter().enumerate().filter_map(|(p, tag)| Some(p + b.iter().position(|other| other == tag)?));
    let cost = |places: usize| i32::try_from(places).unwrap_or(i32::MAX).saturating_mul(LANGUAGE_STEP);
    places.min().map_or(0, |places| (FULL - cost(places)).max(0))
}

fn share_of_availability(a: &[(u16, u16)], b: &[(u16, u16)], target: i32) -> i32 {
    if a.is_empty() || b.is_empty() {
        return UNSAID;
    }
    let target = target.max(1);
    FULL * overlap(a, b).min(target) / target
}

/// Minutes of the week in both lists of windows; each list is sorted and free of overlaps.
pub(crate) fn overlap(a: &[(u16, u16)], b: &[(u16, u16)]) -> i32 {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut minutes = 0;
    while let (Some((start_a, end_a)), Some((start_b, end_b))) = (a.peek(), b.peek()) {
        let (start, end) = (start_a.max(start_b), end_a.min(end_b));
        minutes += i32::from(end.saturating_sub(*start));
        if end_a <= end_b {
            a.next();
        } else {
            b.next();
        }
    }
    minutes
}

fn share_of_zones(a: Option<i32>, b: Option<i32>, target: i32) -> i32 {
    let target = target.max(1);
    clock_distance(a, b).map_or(UNSAID, |distance| (FULL - FULL * distance / target).max(0))
}

/// Minutes between two clocks, the short way round the day.
pub(super) fn clock_distance(a: Option<i32>, b: Option<i32>) -> Option<i32> {
    const DAY: i32 = WEEK_MINUTES as i32 / 7;
    let distance = (a? - b?).rem_euclid(DAY);
    Some(distance.min(DAY - distance))
}

fn share_of_grades(mentor: Option<i32>, mentee: Option<i32>, least: i32, most: i32) -> i32 {
    let (Some(mentor), Some(mentee)) = (mentor, mentee) else { return UNSAID };
    let gap = mentor - mentee;
    let outside = (least - gap).max(gap - most).max(0);
    (FULL - outside.saturating_mul(GRADE_STEP)).max(0)
}

#[cfg(test)]
mod tests;
