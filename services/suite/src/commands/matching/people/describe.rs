//! Where the points of a criterion come from, in words.

use super::{
    super::{
        input::Sheet,
        tell::{counted, list},
    },
    columns::Described,
};
use assignment::people::{Measure, Offered, Wanted};

impl Described {
    /// The part of a sentence behind the points; empty where there is nothing to add.
    pub(super) fn detail(&self, mentee: u32, mentor: u32, mentees: &Sheet, mentors: &Sheet) -> String {
        let (i, j) = (mentee as usize, mentor as usize);
        let own = self.mentee.map_or("", |column| mentees.cell(i, column));
        let other = self.mentor.map_or("", |column| mentors.cell(j, column));
        let (from, to) = (mentees.call(mentee), mentors.call(mentor));
        match &self.criterion.measure {
            Measure::Overlap { wanted, offered } => match (wanted.get(i), offered.get(j)) {
                (Some(wanted), Some(offered)) => self.skills(wanted, offered, to),
                _ => String::new(),
            },
            Measure::Window { .. } | Measure::Table { .. } => compared(own, other, from, to),
            Measure::Equal { .. } if !own.is_empty() && own == other => format!("{own} for both"),
            Measure::Equal { .. } => compared(own, other, from, to),
            Measure::Closeness { .. } if own.is_empty() || other.is_empty() => "unknown".to_owned(),
            Measure::Closeness { .. } => String::new(),
            Measure::Availability { mentee, mentor, .. } => match (mentee.get(i), mentor.get(j)) {
                (Some(own), Some(other)) => {
                    format!("{} a week free for both", counted(own.common_minutes(other), "minute"))
                }
                _ => String::new(),
            },
            Measure::Zone { .. } if own == other && !own.is_empty() => format!("both at {own} from UTC"),
            Measure::Zone { .. } => compared(own, other, from, to),
            Measure::MenteeWishes { wishes, .. } => wish(wishes.get(i), mentor, from, to),
            Measure::MentorWishes { wishes, .. } => wish(wishes.get(j), mentee, to, from),
            Measure::Rating { .. } if other.is_empty() => format!("{to} is not rated yet"),
            Measure::Rating { .. } => format!("{to} is rated {other}"),
        }
    }

    fn skills(&self, wanted: &[Wanted], offered: &[Offered], to: &str) -> String {
        // Names of skills are whole phrases, which would run into the sentence.
        let label = |skill: u32| format!("“{}”", self.labels.get(skill as usize).map_or("", String::as_str));
        let (mut found, mut lacking) = (Vec::new(), Vec::new());
        for wanted in wanted {
            match offered.iter().find(|offered| offered.skill == wanted.skill) {
                Some(offered) => found.push(format!(
                    "{} (level {}, wanted {})",
                    label(wanted.skill),
                    offered.level,
                    wanted.level
                )),
                None => lacking.push(label(wanted.skill)),
            }
        }
        match (found.is_empty(), lacking.is_empty()) {
            (true, true) => "nothing was asked for".to_owned(),
            (false, true) => format!("{to} offers all that is wanted, {}", list(&found)),
            (true, false) => format!("{to} offers nothing of {}", list(&lacking)),
            (false, false) => format!("{to} offers {}, but not {}", list(&found), list(&lacking)),
        }
    }
}

fn compared(own: &str, other: &str, from: &str, to: &str) -> String {
    let known = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    format!("{} for {from}, {} for {to}", known(own), known(other))
}

fn wish(wishes: Option<&Vec<u32>>, wished: u32, from: &str, to: &str) -> String {
    let wishes = wishes.map_or(&[][..], Vec::as_slice);
    match wishes.iter().position(|&person| person == wished) {
        Some(at) => format!("{to} is wish {} of {from}", at + 1),
        None if wishes.is_empty() => format!("{from} wished for nobody"),
        None => format!("{from} wished for others"),
    }
}
