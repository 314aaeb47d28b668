//! Domain: the answers in sentences, for people who design and run programs.

use super::{Explainer, Missed, PairAnswer, Ruled, Short};
use crate::criteria::domain::{Criterion, PERFECT};
use crate::runs::snapshot::Mode;
use crate::runs::solver::Proven;
use std::cmp::Reverse;

/// How many criteria a summary speaks of one by one.
const SPOKEN: usize = 3;

impl Explainer<'_> {
    pub(super) fn pair_summary(&self, answer: &PairAnswer, mentee: usize, mentor: usize) -> String {
        if !answer.broken.is_empty() {
            let why: Vec<_> = answer.broken.iter().map(|rule| rule.sentence()).collect();
            return format!("Not possible: {}.", why.join("; "));
        }
        if answer.proposed { self.made(answer) } else { self.not_made(answer, mentee, mentor) }
    }

    fn made(&self, answer: &PairAnswer) -> String {
        let how = match (answer.pinned, answer.kept) {
            (true, _) => "Pinned by the program manager,",
            (_, true) => "Kept from the run before,",
            _ => "Proposed",
        };
        let score = points(answer.scored.score);
        let mut said = vec![
            format!("{how} with {score} of {} points: {}.", points(PERFECT), self.parts(answer)),
            ranks(answer),
        ];
        if !answer.pinned {
            said.extend(self.why_no_better(answer));
        }
        said.join(" ")
    }

    /// What a program manager asks next: there were better ones, so why not them?
    fn why_no_better(&self, answer: &PairAnswer) -> Option<String> {
        let most = answer.better.first()?;
        let cheapest = answer.better.iter().min_by_key(|missed| missed.short.points())?;
        let best = points(most.score);
        let (who, pair) = match answer.mentor_rank.rank - 1 {
            1 => (format!("One mentor would score higher ({best})"), "that pair"),
            more => (
                format!("{more} mentors would score higher (up to {best})"),
                "even the least costly of those",
            ),
        };
        Some(match cheapest.short {
            Short::Nothing => format!("{who}, but by the proof that is no better for all pairs together."),
            Short::Points(short) => {
                let short = points(short);
                format!("{who}, but {pair} would cost all pairs together at least {short} points.")
            }
            Short::Coverage(_) => format!("{who}, but {pair} would leave one mentee more without a mentor."),
            Short::BelowWorst(..) => return None,
            Short::Stable => {
                format!("{who}, but the places there went to mentees who score higher or as high.")
            }
        })
    }

    fn not_made(&self, answer: &PairAnswer, mentee: usize, mentor: usize) -> String {
        let score = answer.scored.score;
        let elsewhere = match answer.given {
            Some((_, given)) if answer.given_is_pinned => {
                format!("the mentee is pinned to another mentor with {} points", points(given))
            }
            Some((_, given)) => {
                format!("the mentee got another mentor with {}", compared(given, score))
            }
            None => "the mentee got nobody".to_owned(),
        };
        let mut said = vec![format!("Possible with {} points, but not made: {elsewhere}.", points(score))];
        said.push(self.held(answer, mentor));
        // A pin needs no other reason.
        if !answer.given_is_pinned {
            said.push(self.because(answer.short, answer.given.map(|(_, given)| given), score));
        }
        if self.scores.bonus(mentee, mentor) > 0 {
            said.push(
                "The two were together in the run before, which was counted in the pair's favour.".to_owned(),
            );
        }
        said.push(ranks(answer));
        said.join(" ")
    }

    fn held(&self, answer: &PairAnswer, mentor: usize) -> String {
        let places = self.scores.snapshot.mentors.get(mentor).map_or(0, |person| person.places);
        let held: Vec<_> = answer.holders.iter().map(|holder| points(holder.score)).collect();
        let with = format!("with {} points", listed(&held));
        let least = self.least(mentor);
        match (i32::try_from(held.len()).unwrap_or(i32::MAX), places) {
            (0, _) if least > 1 => {
                format!("The mentor got nobody: it has to be {least} mentees at least, or none.")
            }
            (0, 1) => "The mentor's place stayed empty.".to_owned(),
            (0, _) => format!("The mentor's {places} places stayed empty."),
            (1, 1) => format!("The mentor's place went to a mentee {with}."),
            (taken, _) if taken == places => format!("The mentor's {places} places went to mentees {with}."),
            (1, _) => format!("One of the mentor's {places} places went to a mentee {with}."),
            (taken, _) => format!("{taken} of the mentor's {places} places went to mentees {with}."),
        }
    }

    fn because(&self, short: Short, given: Option<i32>, score: i32) -> String {
        match short {
            Short::Nothing if self.solved.proven == Proven::Optimal && self.solved.groups.is_some() => {
                "The search over all groups found nothing better, with this pair or without.".to_owned()
            }
            Short::Nothing if self.solved.proven == Proven::Optimal => {
                "By the proof a result with this pair may be as good for all pairs together; a pin would make it."
                    .to_owned()
            }
            Short::Nothing => "The proof leaves open whether a result with this pair would be better.".to_owned(),
            Short::Points(short) => format!(
                "Making it would cost all pairs together at least {0} points: it would have to be worth {0} more.",
                points(short)
            ),
            Short::Coverage(_) => "Making it would leave one mentee more without a mentor, which this mode avoids \
                                   at any price in points."
                .to_owned(),
            Short::BelowWorst(worst, lacks) => format!(
                "This mode looks at the worst pair first: none below {} points is made, and this one lacks {} to \
                 that.",
                points(worst),
                points(lacks)
            ),
            Short::Stable => match given {
                Some(given) if given >= score => "The mentee does not prefer this mentor.".to_owned(),
                _ => "The mentee would rather have this mentor, who scores higher or as high with the mentees \
                      there."
                    .to_owned(),
            },
        }
    }

    /// What counts most, one by one, and the rest in a sum.
    fn parts(&self, answer: &PairAnswer) -> String {
        let all = Criterion::ALL.iter().zip(answer.scored.parts).zip(self.points()).zip(&answer.facts);
        let mut counted: Vec<_> = all.filter(|((_, most), _)| *most > 0).collect();
        counted.sort_by_key(|((_, most), _)| Reverse(*most));
        let spoken = if counted.len() == SPOKEN + 1 { SPOKEN + 1 } else { SPOKEN };
        let say = |(((criterion, part), most), fact): &(((&Criterion, i32), i32), &String)| {
            format!("{} {} of {} ({fact})", criterion.name(), points(*part), points(*most))
        };
        let mut said: Vec<_> = counted.iter().take(spoken).map(say).collect();
        let rest = counted.iter().skip(spoken);
        let (part, most) =
            rest.fold((0, 0), |(part, most), (((_, earned), at_most), _)| (part + earned, most + at_most));
        if most > 0 {
            said.push(format!("everything else {} of {}", points(part), points(most)));
        }
        said.join("; ")
    }

    pub(super) fn unmatched_summary(
        &self,
        rules: &[Ruled],
        (feasible, without_group): (i32, i32),
        nearest: &[Missed],
    ) -> String {
        let all = self.scores.snapshot.mentors.len();
        let mentors = if all == 1 { "the only mentor".to_owned() } else { format!("the {all} mentors") };
        let mut said = match nearest.first() {
            None if all == 1 => vec!["The only mentor is not possible.".to_owned()],
            None => vec![format!("None of {mentors} is possible.")],
            Some(missed) => {
                let first = match (feasible, all) {
                    _ if without_group > 0 => self.ungrouped(feasible, without_group, &mentors),
                    (1, 1) => "The only mentor was possible, and the places went to others.".to_owned(),
                    (1, _) => format!("One of {mentors} was possible, and the places went to others."),
                    _ => format!("{feasible} of {mentors} were possible, and their places went to others."),
                };
                let held: Vec<_> =
                    self.holders(missed.mentor).iter().map(|holder| points(holder.score)).collect();
                let held = match held.len() {
                    0 => String::new(),
                    1 => format!("; the place went to a mentee with {} points", held.join("")),
                    _ => format!("; the places went to mentees with {} points", listed(&held)),
                };
                let nearest =
                    format!("The nearest would have {} points with the mentee{held}.", points(missed.score));
                vec![first, nearest, self.because(missed.short, None, missed.score)]
            }
        };
        said.extend(ruled_out(rules));
        if nearest.is_empty()
            && let Some(most) = rules.iter().max_by_key(|ruled| ruled.alone).filter(|ruled| ruled.alone > 0)
        {
            let would = if most.alone == 1 { "one would be" } else { "they would be" };
            let number = most.alone;
            said.push(format!(
                "Of those, {number} by nothing but {}: without it {would} possible.",
                most.rule.noun()
            ));
        }
        if self.scores.snapshot.mode == Mode::Stable && !nearest.is_empty() {
            said.push("In this mode nobody is moved for another's sake.".to_owned());
        }
        said.join(" ")
    }

    /// How the least size of groups has left a mentee without a mentor.
    fn ungrouped(&self, feasible: i32, without_group: i32, mentors: &str) -> String {
        let least = self.scores.snapshot.terms.least_group;
        let got = match without_group {
            1 => "one of them got nobody".to_owned(),
            more => format!("{more} of them got nobody"),
        };
        let others = if without_group < feasible { "; the other places went to others" } else { "" };
        let were = if feasible == 1 { "was" } else { "were" };
        format!(
            "{feasible} of {mentors} {were} possible; {got}, because groups below {least} mentees are not made{others}."
        )
    }
}

fn ruled_out(rules: &[Ruled]) -> Option<String> {
    let said: Vec<_> =
        rules.iter().map(|ruled| format!("{} by {}", ruled.mentors, ruled.rule.noun())).collect();
    (!said.is_empty()).then(|| format!("Ruled out: {}.", said.join(", ")))
}

fn ranks(answer: &PairAnswer) -> String {
    let (mentor, mentee) = (answer.mentor_rank, answer.mentee_rank);
    format!(
        "The mentor is the mentee's choice {} of {}, the mentee the mentor's choice {} of {}.",
        mentor.rank, mentor.of, mentee.rank, mentee.of
    )
}

/// A score beside the one it stands against.
fn compared(given: i32, score: i32) -> String {
    match given - score {
        0 => format!("as many points ({})", points(given)),
        more if more > 0 => format!("{} points, {} more", points(given), points(more)),
        fewer => format!("{} points, {} fewer", points(given), points(-fewer)),
    }
}

/// `a, b and c`.
fn listed(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// With thousands apart.
pub(super) fn points(number: impl Into<i64>) -> String {
    let number: i64 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
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
    fn numbers_read_well() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (-12_345_678, "-12,345,678")] {
            assert_eq!(points(number), text);
        }
        let list = |list: &[&str]| listed(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!((list(&["a"]), list(&["a", "b", "c"])), ("a".to_owned(), "a, b and c".to_owned()));
    }
}
