//! What the simulated people know and are like.

use super::{Clients, dice::Dice};
use contracts::mentor::common::v1::{
    CommunicationStyle, ParticipantRole, Profile, Skill, Weekday, WeeklyWindow,
};
use jiff::{SignedDuration, Timestamp};
use kernel::{ManualClock, Uuid};
use runtime::Host;
use std::{collections::HashMap, sync::Arc};

/// Grades from low to high, as the reference organisation names them; "FS" is the fast stream.
pub(crate) const GRADES: [&str; 10] = ["AO", "EO", "FS", "HEO", "SEO", "G7", "G6", "SCS1", "SCS2", "SCS3"];

const SKILLS: [&str; 24] = [
    "leadership",
    "negotiation",
    "public speaking",
    "writing",
    "data analysis",
    "budgeting",
    "project planning",
    "stakeholder management",
    "change management",
    "coaching",
    "procurement law",
    "risk management",
    "statistics",
    "policy design",
    "service design",
    "software development",
    "cloud architecture",
    "recruiting",
    "team building",
    "conflict resolution",
    "strategy",
    "process improvement",
    "media relations",
    "research methods",
];

/// Somebody of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
    pub(crate) manager: Option<Uuid>,
    /// Index into [`GRADES`]; unknown grades count as the middle.
    pub(crate) grade: usize,
    pub(crate) profession: String,
}

/// A meeting in somebody's calendar.
#[derive(Clone, Debug)]
pub(crate) struct Meeting {
    pub(crate) id: String,
    pub(crate) people: [Uuid; 2],
    pub(crate) ends_at: Timestamp,
}

/// The simulation's state: people, the suite they talk to, and what they have been told.
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) clients: Clients,
    pub(crate) dice: Dice,
    pub(crate) start: Timestamp,
    pub(crate) program: String,
    pub(crate) courses: [String; 2],
    pub(crate) people: HashMap<Uuid, Person>,
    /// Meetings whose outcome nobody has reported yet.
    pub(crate) calendar: Vec<Meeting>,
    /// Check-ins and reviews that somebody has reacted to, and matches that are in hand.
    pub(crate) seen: std::collections::HashSet<String>,
}

impl World {
    /// The day of the simulation, 0 at its start.
    pub(crate) fn day(&self) -> i64 {
        self.clock_now().duration_since(self.start).as_hours() / 24
    }

    /// Now.
    pub(crate) fn clock_now(&self) -> Timestamp {
        kernel::Clock::now(&*self.clock)
    }

    /// Goes to 09:00 UTC of a day.
    pub(crate) fn go_to(&self, day: i64) {
        self.clock.set(self.start + SignedDuration::from_hours(24 * day));
    }

    /// Somebody by id as the APIs write it.
    pub(crate) fn person(&self, id: &str) -> Option<&Person> {
        self.people.get(&Uuid::try_parse(id).ok()?)
    }

    /// What somebody wants to be in the program.
    pub(crate) fn wish(&self, person: &Person) -> Option<ParticipantRole> {
        let senior = person.grade >= 5;
        if senior && self.dice.chance(45, &[&person.external_id, "mentors"]) {
            return Some(ParticipantRole::Mentor);
        }
        let junior = person.grade <= 5;
        (junior && self.dice.chance(34, &[&person.external_id, "is mentored"]))
            .then_some(ParticipantRole::Mentee)
    }

    /// How reliable somebody is, 40..=100: attends, answers, gets things done.
    pub(crate) fn diligence(&self, person: &Person) -> u32 {
        let pick = self.dice.pick(61, &[&person.external_id, "diligence"]);
        let more = self.dice.pick(61, &[&person.external_id, "more diligence"]);
        40 + u32::try_from(pick.max(more)).unwrap_or(0)
    }

    /// Whether a reliable act happens, given somebody's diligence.
    pub(crate) fn does(&self, person: &Person, what: &[&str]) -> bool {
        let mut question = vec![person.external_id.as_str()];
        question.extend(what);
        self.dice.chance(self.diligence(person), &question)
    }

    /// What somebody writes into the form.
    pub(crate) fn profile(&self, person: &Person, role: ParticipantRole) -> Profile {
        let skills = self.skills(person, role);
        let styles = [
            CommunicationStyle::Direct,
            CommunicationStyle::Reflective,
            CommunicationStyle::Structured,
            CommunicationStyle::Spontaneous,
        ];
        let style = styles[self.dice.pick(styles.len(), &[&person.external_id, "style"])];
        let (wanted, offered) = match role {
            ParticipantRole::Mentor => (Vec::new(), skills),
            _ => (skills, Vec::new()),
        };
        let goals = wanted.iter().take(2).map(|skill| format!("get better at {}", skill.id)).collect();
        Profile {
            skills_wanted: wanted,
            skills_offered: offered,
            goals,
            communication_style: style.into(),
            languages: self.languages(person),
            zone: "Europe/London".to_owned(),
            availability: self.windows(person),
        }
    }

    fn skills(&self, person: &Person, role: ParticipantRole) -> Vec<Skill> {
        let id = person.external_id.as_str();
        let is_mentor = role == ParticipantRole::Mentor;
        let count = if is_mentor { 6 } else { 3 } + self.dice.pick(3, &[id, "skills"]);
        // People of one profession know alike things.
        let home = self.dice.pick(SKILLS.len(), &[&person.profession, "home"]);
        let mut chosen = std::collections::BTreeSet::new();
        for n in 0..count {
            let number = n.to_string();
            let near = home + self.dice.pick(8, &[id, "near", &number]);
            let far = self.dice.pick(SKILLS.len(), &[id, "far", &number]);
            chosen.insert(if self.dice.chance(60, &[id, "stays near", &number]) {
                near % SKILLS.len()
            } else {
                far
            });
        }
        chosen
            .into_iter()
            .map(|skill| {
                let level = if is_mentor { 3 } else { 1 } + self.dice.pick(3, &[id, "level", SKILLS[skill]]);
                Skill { id: SKILLS[skill].to_owned(), level: i32::try_from(level).unwrap_or(1) }
            })
            .collect()
    }

    fn languages(&self, person: &Person) -> Vec<String> {
        let mut languages = vec!["en".to_owned()];
        let others = ["fr", "de", "es", "ur", "pl"];
        if self.dice.chance(30, &[&person.external_id, "second language"]) {
            languages.push(others[self.dice.pick(others.len(), &[&person.external_id, "which"])].to_owned());
        }
        languages
    }

    /// Three weekdays, mornings or afternoons.
    fn windows(&self, person: &Person) -> Vec<WeeklyWindow> {
        let id = person.external_id.as_str();
        let days =
            [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let off = self.dice.pick(days.len(), &[id, "day off"]);
        days.into_iter()
            .enumerate()
            .filter(|(index, _)| *index != off)
            .map(|(index, day)| {
                let afternoon = self.dice.chance(50, &[id, "afternoon", &index.to_string()]);
                let (start_minute, end_minute) =
                    if afternoon { (12 * 60, 17 * 60) } else { (9 * 60, 14 * 60) };
                WeeklyWindow { day: day.into(), start_minute, end_minute }
            })
            .collect()
    }
}
