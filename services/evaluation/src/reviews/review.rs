//! Domain: the gel review of a match.

use crate::words::{Class, Decision, ReviewState};
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Error, Result, Uuid};

/// A review as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) id: Uuid,
    pub(crate) match_id: Uuid,
    pub(crate) program_id: Uuid,
    pub(crate) people: [Uuid; 2],
    pub(crate) state: ReviewState,
    pub(crate) opened_at: Timestamp,
    pub(crate) evidence: Evidence,
    pub(crate) decision: Option<Decision>,
    pub(crate) rematch: bool,
    pub(crate) decided_at: Option<Timestamp>,
}

/// What is known of a pair on the day of its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) meetings_required: i32,
    pub(crate) meetings_held: i32,
    pub(crate) meetings_missed: i32,
    pub(crate) check_ins_opened: i32,
    pub(crate) check_ins_answered: i32,
    pub(crate) health_class: Class,
    pub(crate) health_score: i32,
}

impl Evidence {
    /// What it speaks for: a pair that never met, or is at risk, has not gelled. People decide.
    pub(crate) fn suggestion(&self) -> Decision {
        if self.meetings_held == 0 || self.health_class == Class::AtRisk {
            Decision::EndNoFault
        } else {
            Decision::Continue
        }
    }
}

impl Review {
    /// The two people, and program managers.
    pub(crate) fn may_read(&self, actor: &Actor) -> Result<()> {
        let is_own = self.people.iter().any(|person| actor.is_person(*person));
        if is_own || actor.manages_programs() {
            return Ok(());
        }
        Err(Error::denied("this review is about somebody else's match"))
    }

    /// Decides, once.
    pub(crate) fn decide(
        &mut self,
        actor: &Actor,
        decision: Decision,
        rematch: bool,
        now: Timestamp,
    ) -> Result<()> {
        self.may_read(actor)?;
        let refuse = |message| Err(Error::precondition("REVIEW_STATE", message));
        match self.state {
            ReviewState::Decided => return refuse("the review was decided before"),
            ReviewState::Lapsed => return refuse("the match ended before the review was decided"),
            ReviewState::Open => {}
        }
        if rematch && decision == Decision::Continue {
            return Err(Error::field("rematch", "goes with END_NO_FAULT only"));
        }
        self.state = ReviewState::Decided;
        self.decision = Some(decision);
        self.rematch = rematch;
        self.decided_at = Some(now);
        Ok(())
    }
}

/// Whether a match that became active then has reached its review day.
pub(crate) fn is_due(active_since: Timestamp, review_day: i32, now: Timestamp) -> bool {
    now.duration_since(active_since) >= SignedDuration::from_hours(24 * i64::from(review_day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TenantId;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_second(1_736_150_400 + n * 86_400).expect("in range")
    }

    fn review() -> Review {
        Review {
            id: Uuid::from_u128(1),
            match_id: Uuid::from_u128(2),
            program_id: Uuid::from_u128(3),
            people: [Uuid::from_u128(4), Uuid::from_u128(5)],
            state: ReviewState::Open,
            opened_at: at(90),
            evidence: evidence(3, Class::Healthy),
            decision: None,
            rematch: false,
            decided_at: None,
        }
    }

    fn evidence(meetings_held: i32, health_class: Class) -> Evidence {
        Evidence {
            meetings_required: 3,
            meetings_held,
            meetings_missed: 0,
            check_ins_opened: 6,
            check_ins_answered: 5,
            health_class,
            health_score: 80,
        }
    }

    fn employee(person: u128) -> Actor {
        Actor {
            tenant: TenantId(Uuid::from_u128(9)),
            subject: "somebody".to_owned(),
            person: Some(Uuid::from_u128(person)),
            roles: vec![kernel::Role::Employee],
        }
    }

    #[test]
    fn evidence_speaks_for_an_end_when_a_pair_never_met_or_is_at_risk() {
        assert_eq!(evidence(3, Class::Healthy).suggestion(), Decision::Continue);
        assert_eq!(evidence(3, Class::AtRisk).suggestion(), Decision::EndNoFault);
        assert_eq!(evidence(0, Class::Watch).suggestion(), Decision::EndNoFault);
    }

    #[test]
    fn is_decided_once_by_one_of_the_two() {
        let mut open = review();
        let stranger = open.decide(&employee(6), Decision::Continue, false, at(91)).expect_err("refused");
        assert_eq!(stranger.reason, "PERMISSION_DENIED");
        let odd = open.decide(&employee(4), Decision::Continue, true, at(91)).expect_err("refused");
        assert_eq!(odd.violations[0].field, "rematch");
        open.decide(&employee(4), Decision::EndNoFault, true, at(91)).expect("open");
        let again = open.decide(&employee(5), Decision::Continue, false, at(91)).expect_err("refused");
        assert_eq!(again.reason, "REVIEW_STATE");
    }

    #[test]
    fn is_due_on_the_policys_day() {
        assert!(!is_due(at(0), 90, at(89)));
        assert!(is_due(at(0), 90, at(90)));
    }
}
