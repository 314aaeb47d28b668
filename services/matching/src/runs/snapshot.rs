//! Domain: what a run decides from: everybody who takes part, as they were then.

use super::terms::{Before, Terms};
use crate::criteria::domain::{Criteria, HardRule};
use crate::criteria::person::Person;
use crate::criteria::score::{Ready, Scored, Scorer, Words};
use jiff::civil::Date;
use kernel::{Error, Result, Uuid};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The most mentee-mentor pairs that a run looks at.
pub(crate) const MOST_PAIRS: usize = 4_000_000;

/// What a run optimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    MaxTotal,
    MaxCardinality,
    Bottleneck,
    Stable,
    Fair,
}

impl Mode {
    /// Every mode.
    pub(crate) const ALL: [Mode; 5] =
        [Mode::MaxTotal, Mode::MaxCardinality, Mode::Bottleneck, Mode::Stable, Mode::Fair];

    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::MaxTotal => "max_total",
            Mode::MaxCardinality => "max_cardinality",
            Mode::Bottleneck => "bottleneck",
            Mode::Stable => "stable",
            Mode::Fair => "fair",
        }
    }
}

/// What was said of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    Pinned,
    Forbidden,
    Failed,
}

impl Mark {
    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mark::Pinned => "pinned",
            Mark::Forbidden => "forbidden",
            Mark::Failed => "failed",
        }
    }

    /// Reads the name; `open` and anything else is no mark.
    pub(crate) fn read(name: &str) -> Option<Mark> {
        [Mark::Pinned, Mark::Forbidden, Mark::Failed].into_iter().find(|mark| mark.name() == name)
    }
}

/// A pair that something was said of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MarkedPair {
    pub(crate) mentor: Uuid,
    pub(crate) mentee: Uuid,
    pub(crate) mark: Mark,
}

/// Everything a run decides from. Serialised once, when the run is started; both lists of people and the
/// marks are sorted by participant, so that the same facts give the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// Version of this form.
    pub(crate) format: u32,
    pub(crate) program: Uuid,
    pub(crate) mode: Mode,
    pub(crate) seed: i64,
    /// Monday of the week in which windows and offsets were taken.
    pub(crate) week: Date,
    pub(crate) criteria: Criteria,
    pub(crate) mentees: Vec<Person>,
    pub(crate) mentors: Vec<Person>,
    pub(crate) marks: Vec<MarkedPair>,
    /// What else was asked for.
    #[serde(default, skip_serializing_if = "Terms::is_plain")]
    pub(crate) terms: Terms,
    /// Everybody of the run before, by mentee; empty when it follows none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) before: Vec<Before>,
}

impl Snapshot {
    /// Version of the form that is written.
    pub(crate) const FORMAT: u32 = 1;

    /// Brings the lists into their order.
    pub(crate) fn sorted(mut self) -> Self {
        self.mentees.sort_by_key(|person| person.participant);
        self.mentors.sort_by_key(|person| person.participant);
        self.marks.sort_by_key(|pair| (pair.mentee, pair.mentor));
        self.before.sort_by_key(|before| before.mentee);
        self
    }

    /// Refuses a run that nobody could take part in, that is too large, or whose pins or floors contradict.
    pub(crate) fn check(&self) -> Result<()> {
        if self.mentees.is_empty() {
            let message = "no mentee of this program is ready and unmatched";
            return Err(Error::precondition("NOBODY_TO_MATCH", message));
        }
        if self.places() == 0 {
            return Err(Error::precondition("NOBODY_TO_MATCH", "no mentor of this program has a free place"));
        }
        if self.mentees.len().saturating_mul(self.mentors.len()) > MOST_PAIRS {
            let (mentees, mentors) = (self.mentees.len(), self.mentors.len());
            let message =
                format!("{mentees} mentees times {mentors} mentors are more than {MOST_PAIRS} pairs");
            return Err(Error::precondition("RUN_TOO_LARGE", message));
        }
        if let Some(fair) = &self.terms.fair {
            fair.check(&self.mentees)?;
        }
        Scores::new(self).check_pins()
    }

    /// Free places of all mentors.
    pub(crate) fn places(&self) -> i64 {
        self.mentors.iter().map(|mentor| i64::from(mentor.places)).sum()
    }

    /// How many mentees a mentor gets at least, if any, so that there is a group of the least size.
    pub(crate) fn least_of(&self, mentor: &Person) -> i32 {
        self.terms.least_group.saturating_sub(mentor.held).max(1)
    }

    /// Where a mentor stands in the list.
    pub(crate) fn mentor(&self, participant: Uuid) -> Option<usize> {
        self.mentors.binary_search_by_key(&participant, |person| person.participant).ok()
    }

    /// Where a mentee stands in the list.
    pub(crate) fn mentee(&self, participant: Uuid) -> Option<usize> {
        self.mentees.binary_search_by_key(&participant, |person| person.participant).ok()
    }
}

/// A snapshot made ready for scoring.
pub(crate) struct Scores<'a> {
    pub(crate) snapshot: &'a Snapshot,
    scorer: Scorer<'a>,
    mentors: Vec<Ready>,
    mentees: Vec<Ready>,
    marks: HashMap<(usize, usize), Mark>,
}

impl<'a> Scores<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let mut words = Words::default();
        let scorer = Scorer::new(&snapshot.criteria, &mut words);
        let mut ready = |list: &[Person]| {
            list.iter().map(|person| Ready::new(person, &snapshot.criteria, &mut words)).collect::<Vec<_>>()
        };
        let (mentors, mentees) = (ready(&snapshot.mentors), ready(&snapshot.mentees));
        let at = |pair: &MarkedPair| Some((snapshot.mentee(pair.mentee)?, snapshot.mentor(pair.mentor)?));
        let marks = snapshot.marks.iter().filter_map(|pair| Some((at(pair)?, pair.mark))).collect();
        Scores { snapshot, scorer, mentors, mentees, marks }
    }

    /// Points of a perfect pair for each criterion.
    pub(crate) fn points(&self) -> [i32; 8] {
        self.scorer.points()
    }

    /// What was said of a pair.
    pub(crate) fn mark(&self, mentee: usize, mentor: usize) -> Option<Mark> {
        self.marks.get(&(mentee, mentor)).copied()
    }

    /// The score of a pair of the lists, possible or not; `None` past their ends.
    pub(crate) fn score(&self, mentee: usize, mentor: usize) -> Option<Scored> {
        Some(self.scorer.score(self.mentors.get(mentor)?, self.mentees.get(mentee)?))
    }

    /// The hard rules that a pair breaks.
    pub(crate) fn broken(&self, mentee: usize, mentor: usize) -> Vec<HardRule> {
        let mut rules = Vec::new();
        self.each_broken(mentee, mentor, |rule| rules.push(rule));
        rules.sort_unstable();
        rules
    }

    /// The score of a pair that breaks no rule.
    pub(crate) fn possible(&self, mentee: usize, mentor: usize) -> Option<Scored> {
        let mut possible = true;
        let scored = self.each_broken(mentee, mentor, |_| possible = false)?;
        possible.then_some(scored)
    }

    /// The possible mentors of a mentee, best score first, then by participant.
    pub(crate) fn choices(&self, mentee: usize) -> Vec<(usize, Scored)> {
        let possible = |mentor| Some((mentor, self.possible(mentee, mentor)?));
        let mut choices: Vec<_> = (0..self.mentors.len()).filter_map(possible).collect();
        choices.sort_by_key(|(mentor, scored)| (std::cmp::Reverse(scored.score), *mentor));
        choices
    }

    /// The pairs that a run must make, as places in the lists.
    pub(crate) fn pins(&self) -> Vec<(usize, usize)> {
        let pinned = self.marks.iter().filter(|(_, mark)| **mark == Mark::Pinned);
        let mut pins: Vec<_> = pinned.map(|(pair, _)| *pair).collect();
        pins.sort_unstable();
        pins
    }

    /// The pairs of the run before that can be made again, as places in the lists.
    pub(crate) fn previous(&self) -> Vec<(usize, usize)> {
        let again = |before: &Before| {
            let pair = (self.snapshot.mentee(before.mentee)?, self.snapshot.mentor(before.mentor?)?);
            self.possible(pair.0, pair.1).map(|_| pair)
        };
        self.snapshot.before.iter().filter_map(again).collect()
    }

    /// Points that a pair has on top because it was in the run before.
    pub(crate) fn bonus(&self, mentee: usize, mentor: usize) -> i64 {
        let (Some(follows), Some(mentee), Some(mentor)) = (
            self.snapshot.terms.follows,
            self.snapshot.mentees.get(mentee),
            self.snapshot.mentors.get(mentor),
        ) else {
            return 0;
        };
        let found = self.snapshot.before.binary_search_by_key(&mentee.participant, |before| before.mentee);
        let before = found.ok().and_then(|at| self.snapshot.before.get(at)).and_then(|before| before.mentor);
        if before == Some(mentor.participant) { i64::from(follows.keep_bonus) } else { 0 }
    }

    fn each_broken(&self, mentee: usize, mentor: usize, mut broken: impl FnMut(HardRule)) -> Option<Scored> {
        let (ready_mentor, ready_mentee) = (self.mentors.get(mentor)?, self.mentees.get(mentee)?);
        let scored = self.scorer.score(ready_mentor, ready_mentee);
        match self.mark(mentee, mentor) {
            Some(Mark::Forbidden) => broken(HardRule::Forbidden),
            Some(Mark::Failed) => broken(HardRule::FailedBefore),
            Some(Mark::Pinned) | None => {}
        }
        match self.snapshot.mentors.get(mentor) {
            Some(person) if person.places > 0 => {
                if self.snapshot.least_of(person) > person.places {
                    broken(HardRule::GroupTooSmall);
                }
            }
            _ => broken(HardRule::MentorFull),
        }
        self.scorer.broken(ready_mentor, ready_mentee, scored.score, broken);
        Some(scored)
    }

    fn check_pins(&self) -> Result<()> {
        for pair in &self.snapshot.marks {
            if pair.mark == Mark::Pinned
                && self.snapshot.mentee(pair.mentee).is_some()
                && self.snapshot.mentor(pair.mentor).is_none()
            {
                return Err(contradiction(
                    pair,
                    "the mentor takes no part in the program any more".to_owned(),
                ));
            }
        }
        let mut held: HashMap<usize, i32> = HashMap::new();
        let mut last = None;
        for (mentee, mentor) in self.pins() {
            let pair = self.pair(mentee, mentor);
            let rules: Vec<&str> = self.broken(mentee, mentor).into_iter().map(HardRule::sentence).collect();
            if !rules.is_empty() {
                return Err(contradiction(&pair, rules.join("; ")));
            }
            if last.replace(mentee) == Some(mentee) {
                return Err(contradiction(&pair, "another mentor is pinned to the mentee".to_owned()));
            }
            let places = self.snapshot.mentors.get(mentor).map_or(0, |person| person.places);
            let held = held.entry(mentor).or_default();
            *held += 1;
            if *held > places {
                let message = format!("more mentees are pinned to the mentor than the {places} free places");
                return Err(contradiction(&pair, message));
            }
        }
        Ok(())
    }

    fn pair(&self, mentee: usize, mentor: usize) -> MarkedPair {
        let id = |list: &[Person], at: usize| list.get(at).map_or(Uuid::nil(), |person| person.participant);
        MarkedPair {
            mentor: id(&self.snapshot.mentors, mentor),
            mentee: id(&self.snapshot.mentees, mentee),
            mark: Mark::Pinned,
        }
    }
}

fn contradiction(pair: &MarkedPair, why: String) -> Box<Error> {
    Error::new(
        kernel::ErrorKind::InvalidArgument,
        "PIN_CONTRADICTS",
        format!("a pinned pair is impossible: {why}"),
    )
    .with("mentor_participant_id", pair.mentor.to_string())
    .with("mentee_participant_id", pair.mentee.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
