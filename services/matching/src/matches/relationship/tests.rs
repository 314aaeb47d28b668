use super::*;
use kernel::TenantId;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn start() -> Timestamp {
    at("2025-01-31T09:00:00Z")
}

fn party(number: u128) -> Party {
    Party { participant: Uuid::from_u128(number), person: Uuid::from_u128(100 + number) }
}

fn proposed() -> Match {
    Match::proposed(Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), (party(1), party(2)), 7000)
        .waiting(start(), 7, 1)
}

fn actor(person: u128, role: Role) -> Actor {
    let tenant = TenantId(Uuid::from_u128(1));
    Actor { tenant, subject: "s".into(), person: Some(Uuid::from_u128(person)), roles: vec![role] }
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("must be refused").reason
}

#[test]
fn both_accept_and_it_begins() {
    let mut pair = proposed();
    assert_eq!(pair.accept(Side::Mentee, start(), Some(2), 1).expect("first"), Accepted::ByOne);
    assert_eq!((pair.state, pair.place), (State::Accepted, Some(2)));
    assert_eq!(reason(pair.accept(Side::Mentee, start(), Some(3), 1)), "MATCH_STATE");
    assert_eq!(pair.accept(Side::Mentor, start(), None, 1).expect("second"), Accepted::ByBoth);
    assert_eq!((pair.state, pair.place), (State::Active, Some(2)));
    assert_eq!(pair.completes_at, Some(at("2025-02-28T09:00:00Z")), "the month's last day");
    assert!(!pair.complete(at("2025-02-28T08:59:59Z")));
    assert!(pair.complete(at("2025-02-28T09:00:00Z")));
    assert_eq!((pair.state, pair.place, pair.ending), (State::Completed, None, Some(Ending::Completed)));
    assert_eq!(reason(pair.accept(Side::Mentor, start(), None, 1)), "MATCH_STATE");
}

#[test]
fn a_full_mentor_is_said_to_be_full() {
    let mut pair = proposed();
    assert_eq!(reason(pair.accept(Side::Mentee, start(), None, 1)), "MENTOR_FULL");
    assert_eq!(pair, proposed(), "and nothing has changed");
}

#[test]
fn expires_at_the_deadline() {
    let mut pair = proposed();
    let deadline = at("2025-02-07T09:00:00Z");
    assert!(!pair.clone().expire(at("2025-02-07T08:59:59Z")));
    assert_eq!(reason(pair.accept(Side::Mentor, deadline, Some(1), 1)), "MATCH_STATE");
    assert_eq!(reason(pair.decline(Side::Mentor, DeclineReason::NoTime, "", deadline)), "MATCH_STATE");
    assert!(pair.expire(deadline));
    assert!(!pair.expire(deadline), "once");
    assert_eq!((pair.state, pair.ended_at), (State::Expired, Some(deadline)));
}

#[test]
fn declines_once_and_gives_the_place_back() {
    let mut pair = proposed();
    pair.accept(Side::Mentee, start(), Some(1), 1).expect("accepted by one");
    pair.decline(Side::Mentor, DeclineReason::Other, "on leave", start()).expect("declined");
    assert_eq!((pair.state, pair.place, pair.declined_by), (State::Declined, None, Some(Side::Mentor)));
    assert_eq!(reason(pair.decline(Side::Mentee, DeclineReason::Other, "", start())), "MATCH_STATE");
}

#[test]
fn only_the_two_answer_and_read_their_match() {
    let pair = proposed();
    assert_eq!(pair.side_of(&actor(101, Role::Employee)).expect("the mentor"), Side::Mentor);
    assert_eq!(pair.side_of(&actor(102, Role::Employee)).expect("the mentee"), Side::Mentee);
    assert_eq!(reason(pair.side_of(&actor(103, Role::Employee))), "PERMISSION_DENIED");
    assert_eq!(reason(pair.side_of(&actor(103, Role::ProgramManager))), "PERMISSION_DENIED");
    assert_eq!(reason(pair.check_reader(&actor(103, Role::Employee))), "PERMISSION_DENIED");
    assert_eq!(reason(pair.check_reader(&actor(103, Role::HrAdmin))), "PERMISSION_DENIED");
    pair.check_reader(&actor(103, Role::Auditor)).expect("auditors read all");
}

#[test]
fn managers_end_what_is_open_and_the_two_what_is_active() {
    let mut pair = proposed();
    assert_eq!(reason(pair.check_end(&actor(101, Role::Employee))), "MATCH_STATE");
    assert_eq!(reason(pair.check_end(&actor(103, Role::Employee))), "PERMISSION_DENIED");
    assert_eq!(reason(pair.check_end(&actor(103, Role::Auditor))), "PERMISSION_DENIED");
    pair.check_end(&actor(103, Role::ProgramManager)).expect("a manager");
    pair.accept(Side::Mentee, start(), Some(1), 1).expect("one");
    pair.accept(Side::Mentor, start(), None, 1).expect("both");
    pair.check_end(&actor(101, Role::Employee)).expect("the mentor");
    assert_eq!(pair.end(Ending::NoFault, true, start()), Some(true));
    assert_eq!(pair.end(Ending::Leaver, false, start()), None);
    assert_eq!((pair.ending, pair.rematch), (Some(Ending::NoFault), true));
    assert_eq!(reason(pair.check_end(&actor(103, Role::ProgramManager))), "MATCH_STATE");
}

proptest! {
    /// Whatever is done in whatever order: a place is held exactly while accepted or active, a closed match
    /// never opens again, and what the database demands holds.
    #[test]
    fn no_order_of_acts_breaks_a_match(acts in prop::collection::vec((0..6u8, 0..40i64), 0..20)) {
        let mut pair = proposed();
        let mut now = start();
        for (act, days) in acts {
            now += jiff::SignedDuration::from_hours(24 * days);
            let before = pair.clone();
            let refused = match act {
                0 => pair.accept(Side::Mentor, now, Some(1), 3).is_err(),
                1 => pair.accept(Side::Mentee, now, Some(1), 3).is_err(),
                2 => pair.decline(Side::Mentee, DeclineReason::NotAFit, "", now).is_err(),
                3 => !pair.expire(now),
                4 => !pair.complete(now),
                _ => pair.end(Ending::Withdrawn, false, now).is_none(),
            };
            prop_assert!(!refused || pair == before, "a refusal changes nothing");
            prop_assert!(before.state.is_open() || refused, "closed is closed");
            prop_assert_eq!(matches!(pair.state, State::Accepted | State::Active), pair.place.is_some());
            prop_assert_eq!(pair.state.is_open(), pair.ended_at.is_none());
            prop_assert!(pair.state != State::Active || pair.completes_at.is_some());
        }
    }
}
