//! Domain: when check-ins are due, and who may do what with one.

use crate::words::{CheckInState, Role};
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Error, Result, Uuid};

/// Days after the start of a match on which the first rounds are due: monthly to day 90.
const MONTHLY: [i64; 3] = [30, 60, 90];
/// Days between rounds after that.
const QUARTER: i64 = 90;

/// A check-in as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct CheckIn {
    pub(crate) id: Uuid,
    pub(crate) match_id: Uuid,
    pub(crate) program_id: Uuid,
    pub(crate) person_id: Uuid,
    pub(crate) role: Role,
    pub(crate) number: i32,
    pub(crate) state: CheckInState,
    pub(crate) opened_at: Timestamp,
    pub(crate) closes_at: Timestamp,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) answer: Option<Answer>,
}

/// What somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) rating: i32,
    pub(crate) met_as_agreed: bool,
    pub(crate) progress: i32,
    pub(crate) wants_help: bool,
    pub(crate) comment: String,
}

impl CheckIn {
    /// The person asked, and program managers; nobody else, and never the partner.
    pub(crate) fn may_read(&self, actor: &Actor) -> Result<()> {
        if actor.manages_programs() || actor.is_person(self.person_id) {
            return Ok(());
        }
        Err(Error::denied("this check-in asks somebody else"))
    }

    /// Takes the answer of the person asked, once, while it is open.
    pub(crate) fn answer(&mut self, actor: &Actor, answer: Answer, now: Timestamp) -> Result<()> {
        if !actor.is_person(self.person_id) {
            return Err(Error::denied("only the person asked may answer a check-in"));
        }
        match self.state {
            CheckInState::Answered => return Err(refuse("the check-in was answered before")),
            CheckInState::Closed => return Err(refuse("the check-in has closed")),
            CheckInState::Open if now >= self.closes_at => return Err(refuse("the check-in has closed")),
            CheckInState::Open => {}
        }
        self.state = CheckInState::Answered;
        self.answered_at = Some(now);
        self.answer = Some(answer);
        Ok(())
    }
}

fn refuse(message: &'static str) -> Box<Error> {
    Error::precondition("CHECK_IN_STATE", message)
}

/// How many rounds are due for a match that became active then.
pub(crate) fn rounds_due(active_since: Timestamp, now: Timestamp) -> i32 {
    let days = now.duration_since(active_since).as_hours() / 24;
    let monthly = MONTHLY.iter().filter(|day| **day <= days).count();
    let quarterly = (days - MONTHLY[MONTHLY.len() - 1]).max(0) / QUARTER;
    i32::try_from(monthly).unwrap_or(0) + i32::try_from(quarterly).unwrap_or(0)
}

/// Until when a round stays open.
pub(crate) fn closes_at(opened_at: Timestamp, check_in_days: i32) -> Timestamp {
    opened_at + SignedDuration::from_hours(24 * i64::from(check_in_days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TenantId;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_736_150_400 + n * 86_400).expect("in range")
    }

    fn check_in(person: Uuid) -> CheckIn {
        CheckIn {
            id: Uuid::from_u128(1),
            match_id: Uuid::from_u128(2),
            program_id: Uuid::from_u128(3),
            person_id: person,
            role: Role::Mentee,
            number: 1,
            state: CheckInState::Open,
            opened_at: day(30),
            closes_at: day(44),
            answered_at: None,
            answer: None,
        }
    }

    fn employee(person: Uuid) -> Actor {
        Actor {
            tenant: TenantId(Uuid::from_u128(9)),
            subject: "somebody".to_owned(),
            person: Some(person),
            roles: vec![kernel::Role::Employee],
        }
    }

    fn answer() -> Answer {
        Answer { rating: 4, met_as_agreed: true, progress: 3, wants_help: false, comment: String::new() }
    }

    #[test]
    fn rounds_are_monthly_to_day_90_and_quarterly_after() {
        let due: Vec<i32> = [29, 30, 59, 60, 90, 179, 180, 269, 270, 365]
            .iter()
            .map(|n| rounds_due(day(0), day(*n)))
            .collect();
        assert_eq!(due, [0, 1, 1, 2, 3, 3, 4, 4, 5, 6]);
    }

    #[test]
    fn is_answered_once_by_the_person_asked_while_open() {
        let person = Uuid::from_u128(7);
        let mut asked = check_in(person);
        let stranger = asked.answer(&employee(Uuid::from_u128(8)), answer(), day(31)).expect_err("refused");
        assert_eq!(stranger.reason, "PERMISSION_DENIED");
        asked.answer(&employee(person), answer(), day(31)).expect("open");
        assert_eq!(asked.answered_at, Some(day(31)));
        let again = asked.answer(&employee(person), answer(), day(31)).expect_err("refused");
        assert_eq!(again.reason, "CHECK_IN_STATE");
        let late = check_in(person).answer(&employee(person), answer(), day(44)).expect_err("refused");
        assert_eq!(late.reason, "CHECK_IN_STATE");
    }

    #[test]
    fn a_partner_does_not_read_it() {
        let asked = check_in(Uuid::from_u128(7));
        assert!(asked.may_read(&employee(Uuid::from_u128(7))).is_ok());
        assert!(asked.may_read(&employee(Uuid::from_u128(8))).is_err());
    }
}
