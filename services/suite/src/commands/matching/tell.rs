//! The facts as sentences, one for each.

use super::{
    explain::{Explained, Facts},
    market::Part,
};
use assignment::Mode;
use serde::Serialize;

/// How many people a sentence names.
const NAMED: usize = 3;

/// One line of explanations.jsonl.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    mentee: &'a str,
    mentor: Option<&'a str>,
    score: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
    mentor_rank_for_mentee: Option<Rank>,
    mentee_rank_for_mentor: Option<Rank>,
    locked: bool,
    kept: bool,
    /// Sentences for people.
    pub(super) facts: Vec<String>,
    /// Better mentors that the mentee did not get.
    pub(super) why_not: Vec<WhyNot<'a>>,
}

/// 1 is the best; equal scores share a rank.
#[derive(Debug, Clone, Copy, Serialize)]
struct Rank {
    rank: usize,
    of: usize,
}

/// Why a mentee is not with a certain mentor.
#[derive(Debug, Serialize)]
pub(super) struct WhyNot<'a> {
    mentor: &'a str,
    score: Option<i64>,
    pub(super) short: Option<i64>,
    holders: Vec<Holder<'a>>,
    free_places: i64,
    /// The sentence for people.
    pub(super) text: String,
}

#[derive(Debug, Serialize)]
struct Holder<'a> {
    mentee: &'a str,
    score: i64,
}

impl<'a> Explained<'a> {
    /// Everything about a mentee.
    pub(super) fn tell(&self, mentee: u32) -> Told<'a> {
        let facts = self.facts.get(mentee as usize).cloned().unwrap_or_default();
        let parts = facts.made.map(|(mentor, _)| self.market.parts(mentee, mentor)).unwrap_or_default();
        let made = facts.made.map(|(mentor, _)| mentor);
        let rank = |above, of| made.map(|_| Rank { rank: above + 1, of });
        let rivals = made.map_or(0, |mentor| self.feasible_mentees[mentor as usize] as usize);
        let better = facts.better.iter().map(|&(mentor, _)| self.why_not(mentee, mentor));
        Told {
            mentee: self.market.mentee(mentee),
            mentor: made.map(|mentor| self.market.mentor(mentor)),
            score: facts.made.map(|(_, score)| score),
            mentor_rank_for_mentee: rank(facts.above, facts.feasible),
            mentee_rank_for_mentor: rank(facts.mentor_above, rivals),
            locked: self.lock_of(mentee).is_some(),
            kept: made.is_some_and(|mentor| self.is_kept(mentee, mentor)),
            facts: match facts.made {
                Some((mentor, score)) => self.made(mentee, mentor, score, &facts, &parts),
                None => self.unplaced(mentee, &facts),
            },
            parts,
            why_not: better.collect(),
        }
    }

    fn is_kept(&self, mentee: u32, mentor: u32) -> bool {
        self.options.keep_bonus > 0 && self.is_previous(mentee, mentor)
    }

    fn made(&self, mentee: u32, mentor: u32, score: i64, facts: &Facts, parts: &[Part]) -> Vec<String> {
        let (from, to) = (self.market.call_mentee(mentee), self.market.call_mentor(mentor));
        let most: i64 = parts.iter().map(|part| part.of).sum();
        let of = if parts.is_empty() { String::new() } else { format!(" of {}", points(most)) };
        let mut told = vec![format!("{from} is with {to}, a pair worth {}{of} points.", points(score))];
        if self.lock_of(mentee).is_some() {
            told.push("The pair was fixed beforehand.".to_owned());
        }
        if self.is_kept(mentee, mentor) {
            let bonus = points(self.options.keep_bonus);
            told.push(format!("They were together last time, which counted {bonus} points while choosing."));
        }
        told.extend(parts.iter().map(sentence));
        told.push(ranking(to, "mentor", from, facts.above, facts.feasible));
        let rivals = self.feasible_mentees[mentor as usize] as usize;
        told.push(ranking(from, "mentee", to, facts.mentor_above, rivals));
        told
    }

    fn unplaced(&self, mentee: u32, facts: &Facts) -> Vec<String> {
        let from = self.market.call_mentee(mentee);
        let mut told = Vec::new();
        match facts.nearest {
            None => told.push(format!("{from} has no mentor, because none is possible.")),
            Some((nearest, missing)) if self.beyond(missing) == 0 => told.push(format!(
                "{from} has no mentor; an equally good assignment may have {from} with {}.",
                self.market.call_mentor(nearest)
            )),
            Some((nearest, missing)) => {
                told.push(format!(
                    "{from} has no mentor, because every place brings more with somebody else."
                ));
                told.push(format!(
                    "Closest is {}, where {} points are missing.",
                    self.market.call_mentor(nearest),
                    points(self.beyond(missing))
                ));
            }
        }
        let mut removed = self.market.removed(mentee);
        let excluded = self.lists.exclusions.pairs.iter().filter(|pair| pair.0 == mentee).count();
        removed.push(("the list of exclusions".to_owned(), excluded));
        let removed = removed.into_iter().filter(|(_, count)| *count > 0);
        told.extend(removed.map(|(rule, count)| format!("{} removed by {rule}.", mentors(count))));
        told
    }

    /// Why a mentee is not with a mentor.
    pub(super) fn why_not(&self, mentee: u32, mentor: u32) -> WhyNot<'a> {
        let score = self.market.score(mentee, mentor);
        let holders = &self.holders[mentor as usize];
        let places = self.market.capacities()[mentor as usize];
        let short = score.map(|score| self.short(mentee, mentor, score).saturating_add(self.margin(mentor)));
        WhyNot {
            mentor: self.market.mentor(mentor),
            score,
            short: short.filter(|_| self.options.mode != Mode::Stable),
            holders: holders
                .iter()
                .rev()
                .map(|&(score, holder)| Holder { mentee: self.market.mentee(holder), score })
                .collect(),
            free_places: places.saturating_sub(holders.len() as i64),
            text: self.reason(mentee, mentor, score, short.unwrap_or(0)),
        }
    }

    fn reason(&self, mentee: u32, mentor: u32, score: Option<i64>, short: i64) -> String {
        let (from, to) = (self.market.call_mentee(mentee), self.market.call_mentor(mentor));
        let own = self.facts.get(mentee as usize).and_then(|facts| facts.made);
        if own.is_some_and(|(own, _)| own == mentor) {
            return format!("{from} is with {to}.");
        }
        let Some(score) = score else {
            return format!("{from} cannot be with {to}: {}.", self.market.infeasible(mentee, mentor));
        };
        if self.is_forbidden(mentee, mentor) {
            return format!("{from} cannot be with {to}: the pair is on the list of exclusions.");
        }
        if let Some(locked) = self.lock_of(mentee) {
            return format!("{from} is not with {to}, but fixed to {}.", self.market.call_mentor(locked));
        }
        let difference = match own {
            Some((_, own)) if score > own => format!(", {} more", points(score - own)),
            Some((_, own)) if score < own => format!(", {} less", points(own - score)),
            _ => String::new(),
        };
        let pair = format!("{from} and {to} would be worth {} points{difference}", points(score));
        let holders = self.holding(mentor);
        match &self.options.mode {
            Mode::Stable if own.is_some_and(|(_, own)| score < own) => {
                format!("{pair}; {from} is better off as it is.")
            }
            Mode::Stable => format!("{pair}, but {holders}, all of whom fit at least as well."),
            Mode::Bottleneck if self.below_worst(score) => {
                format!("{pair}, less than the worst pair made; nobody is asked to take so little.")
            }
            _ => format!("{pair}, but {holders}, {}.", self.cost(short)),
        }
    }

    /// What a pair that is so much short would cost all together; the prices tell the least it would.
    fn cost(&self, short: i64) -> String {
        let proof = &self.solution.certificate;
        match self.beyond(short) {
            ..=0 if self.gap() != Some(0) => {
                "and the proof leaves open what a change would bring all together".to_owned()
            }
            ..=0 => "and nothing would be gained all together by a change".to_owned(),
            // More than any two results with as many placed differ by.
            lost if proof.lift > 0 && lost > proof.lift / 2 => {
                "and a change would leave somebody without a mentor".to_owned()
            }
            lost => format!("and a change would lose at least {} all together", counted(lost, "point")),
        }
    }

    /// What is left of being short where the result itself may be short of the best.
    fn beyond(&self, short: i64) -> i64 {
        short.saturating_sub(self.gap().unwrap_or(i64::MAX)).max(0)
    }

    fn below_worst(&self, score: i64) -> bool {
        self.solution.certificate.bottleneck.as_ref().is_some_and(|proof| score < proof.worst)
    }

    /// Who has a mentor's places.
    fn holding(&self, mentor: u32) -> String {
        let (holders, places) = (&self.holders[mentor as usize], self.market.capacities()[mentor as usize]);
        let to = self.market.call_mentor(mentor);
        let named = holders.iter().rev().take(NAMED);
        let mut names: Vec<String> = named
            .map(|&(score, holder)| format!("{} ({} points)", self.market.call_mentee(holder), points(score)))
            .collect();
        if holders.len() > NAMED {
            names.push(format!("{} others", points((holders.len() - NAMED) as i64)));
        }
        match places.saturating_sub(holders.len() as i64) {
            _ if holders.is_empty() => format!("{to} has nobody"),
            0 if places == 1 => format!("the place of {to} is held by {}", list(&names)),
            0 => format!("the {} places of {to} are held by {}", points(places), list(&names)),
            free => format!("{to} has {} and {} left", list(&names), counted(free, "place")),
        }
    }
}

fn sentence(part: &Part) -> String {
    let detail = if part.detail.is_empty() { String::new() } else { format!(": {}", part.detail) };
    format!("{} of {} points for {}{detail}.", points(part.points), points(part.of), part.criterion)
}

fn ranking(who: &str, role: &str, whose: &str, above: usize, of: usize) -> String {
    match (above, of) {
        (_, 1) => format!("{who} is the only possible {role} for {whose}."),
        (0, of) => {
            format!("No other of the {} possible {role}s is worth more for {whose}.", points(of as i64))
        }
        (above, of) => format!(
            "Of the {} possible {role}s for {whose}, {} {} worth more than {who}.",
            points(of as i64),
            points(above as i64),
            if above == 1 { "is" } else { "are" }
        ),
    }
}

fn mentors(count: usize) -> String {
    let are = if count == 1 { "is" } else { "are" };
    format!("{} {are}", counted(count as i64, "mentor"))
}

/// A number of things.
pub(super) fn counted(count: i64, thing: &str) -> String {
    format!("{} {thing}{}", points(count), if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let texts: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match texts.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// A number with its thousands apart.
pub(super) fn points(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_well() {
        let numbers = [0, 999, 1_000, -1_234_567, i64::MIN].map(points);
        assert_eq!(numbers, ["0", "999", "1,000", "-1,234,567", "-9,223,372,036,854,775,808"]);
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(counted(1, "place"), "1 place");
    }
}
