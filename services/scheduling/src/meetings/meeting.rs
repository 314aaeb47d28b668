//! Domain: A meeting of a pair: its states, who may do what when.

use crate::time::Span;
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Error, Result};
use uuid::Uuid;

/// How far ahead a meeting may lie.
const HORIZON: SignedDuration = SignedDuration::from_hours(1_100 * 24);

/// What became of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In the calendars.
    Scheduled,
    /// Both came.
    Held,
    /// It did not take place, or nobody said so.
    Missed,
    /// It was called off.
    Cancelled,
}

/// What happened to a meeting, to be told to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeetingEvent {
    /// It was put into the calendars.
    Scheduled,
    /// It was moved.
    Rescheduled,
    /// It was called off.
    Cancelled,
    /// It took place.
    Held,
    /// It did not, or nobody said so.
    Missed,
}

/// The pair as this service knows it from the events of matching and enrollment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The match.
    pub(crate) match_id: Uuid,
    /// The program.
    pub(crate) program_id: Uuid,
    /// The mentor as person.
    pub(crate) mentor: Uuid,
    /// The mentee as person.
    pub(crate) mentee: Uuid,
    /// When it became active.
    pub(crate) activated_at: Option<Timestamp>,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// Length of a meeting after the program's policy, when the program is known.
    pub(crate) policy_minutes: Option<i32>,
    /// When the program closed.
    pub(crate) program_closed_at: Option<Timestamp>,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meeting {
    /// Its id, and its UID in calendars.
    pub(crate) id: Uuid,
    /// The match.
    pub(crate) match_id: Uuid,
    /// The program.
    pub(crate) program_id: Uuid,
    /// The series it came from.
    pub(crate) series_id: Option<Uuid>,
    /// What became of it.
    pub(crate) state: State,
    /// When.
    pub(crate) span: Span,
    /// Title, maybe empty.
    pub(crate) title: String,
    /// Place, maybe empty.
    pub(crate) location: String,
    /// The mentor as person.
    pub(crate) mentor: Uuid,
    /// The mentee as person.
    pub(crate) mentee: Uuid,
    /// Whether the mentor came.
    pub(crate) mentor_attended: bool,
    /// Whether the mentee came.
    pub(crate) mentee_attended: bool,
    /// iTIP sequence.
    pub(crate) sequence: i32,
    /// Why it was missed or cancelled.
    pub(crate) reason: String,
    /// Missed only because nobody said how it came out.
    pub(crate) unreported: bool,
    /// When it was put into the calendars.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
    /// Grows with each change.
    pub(crate) version: i64,
}

/// How a meeting came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It took place; these came.
    Held(Vec<Uuid>),
    /// It did not; why, and who came in vain.
    Missed(String, Vec<Uuid>),
}

/// Whether the caller may see or change the meetings of these two.
///
/// # Errors
/// `PERMISSION_DENIED` for somebody else's.
pub(crate) fn authorize(actor: &Actor, mentor: Uuid, mentee: Uuid) -> Result<()> {
    if actor.manages_programs() || actor.is_person(mentor) || actor.is_person(mentee) {
        return Ok(());
    }
    Err(Error::denied("meetings are for the two people of the match and for program managers only"))
}

/// Reads start and length of a meeting: on a whole second, not in the past, within the horizon.
///
/// # Errors
/// `FIELD_INVALID` naming `field`.
pub(crate) fn span(field: &str, starts_at: Timestamp, minutes: i32, now: Timestamp) -> Result<Span> {
    if starts_at.subsec_nanosecond() != 0 {
        return Err(Error::field(field, "must be a whole second"));
    }
    if starts_at < now {
        return Err(Error::field(field, format!("must not lie in the past; it is {now} now")));
    }
    if starts_at.duration_since(now) > HORIZON {
        return Err(Error::field(field, "must lie at most 1,100 days ahead"));
    }
    let ends_at = starts_at.checked_add(SignedDuration::from_mins(i64::from(minutes)));
    let span = ends_at.ok().and_then(|ends_at| Span::new(starts_at, ends_at));
    span.ok_or_else(|| Error::field("duration_minutes", "must be at least 1"))
}

impl Pair {
    /// Whether the pair may put meetings into the calendars.
    ///
    /// # Errors
    /// `MATCH_NOT_ACTIVE`, `PROGRAM_STATE`.
    pub(crate) fn may_meet(&self) -> Result<()> {
        let inactive = |message: String| Err(Error::precondition("MATCH_NOT_ACTIVE", message));
        match (self.activated_at, self.ended_at, self.program_closed_at) {
            (_, Some(ended), _) => {
                inactive(format!("the match ended at {ended:.0}; meetings need an active match"))
            }
            (None, None, _) => {
                inactive("the match is not active yet; meetings need an active match".to_owned())
            }
            (Some(_), None, Some(closed)) => Err(Error::precondition(
                "PROGRAM_STATE",
                format!("the program closed at {closed:.0}; meetings need an open program"),
            )),
            (Some(_), None, None) => Ok(()),
        }
    }

    /// The length of a meeting: as asked for, else as the policy says.
    ///
    /// # Errors
    /// `FIELD_INVALID` when neither is known.
    pub(crate) fn minutes(&self, asked: i32) -> Result<i32> {
        let minutes = if asked == 0 { self.policy_minutes } else { Some(asked) };
        minutes.ok_or_else(|| {
            Error::field("duration_minutes", "must be set: the program's policy is not known here yet")
        })
    }

    /// A new meeting of the pair.
    pub(crate) fn meeting(
        &self,
        id: Uuid,
        span: Span,
        title: &str,
        location: &str,
        now: Timestamp,
    ) -> Meeting {
        Meeting {
            id,
            match_id: self.match_id,
            program_id: self.program_id,
            series_id: None,
            state: State::Scheduled,
            span,
            title: title.to_owned(),
            location: location.to_owned(),
            mentor: self.mentor,
            mentee: self.mentee,
            mentor_attended: false,
            mentee_attended: false,
            sequence: 0,
            reason: String::new(),
            unreported: false,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }
}

impl Meeting {
    /// Length in minutes, rounded up.
    pub(crate) fn minutes(&self) -> i32 {
        let seconds = self.span.to.duration_since(self.span.from).as_secs();
        i32::try_from((seconds + 59) / 60).unwrap_or(i32::MAX)
    }

    /// The person whose data it is when the caller acts: the other one of the two, for others the mentee.
    pub(crate) fn other_than(&self, actor: &Actor) -> Uuid {
        if actor.is_person(self.mentee) { self.mentor } else { self.mentee }
    }

    /// Moves the meeting.
    ///
    /// # Errors
    /// `MEETING_STATE` unless it lies ahead.
    pub(crate) fn reschedule(&mut self, span: Span, now: Timestamp) -> Result<MeetingEvent> {
        self.must_lie_ahead("moved", now)?;
        self.span = span;
        self.sequence += 1;
        self.changed(now);
        Ok(MeetingEvent::Rescheduled)
    }

    /// Calls the meeting off.
    ///
    /// # Errors
    /// `MEETING_STATE` unless it lies ahead.
    pub(crate) fn cancel(&mut self, reason: &str, now: Timestamp) -> Result<MeetingEvent> {
        self.must_lie_ahead("cancelled", now)?;
        self.state = State::Cancelled;
        self.reason = reason.to_owned();
        self.sequence += 1;
        self.changed(now);
        Ok(MeetingEvent::Cancelled)
    }

    /// Records how the meeting came out.
    ///
    /// # Errors
    /// `MEETING_STATE` before it begins and when it is said already, `FIELD_INVALID` when those who came don't fit.
    pub(crate) fn record(&mut self, outcome: Outcome, now: Timestamp) -> Result<MeetingEvent> {
        self.must_be_scheduled("recorded")?;
        if now < self.span.from {
            let message = format!(
                "the meeting begins at {:.0}; attendance can be recorded from then on",
                self.span.from
            );
            return Err(Error::precondition("MEETING_STATE", message));
        }
        let (state, field, attended, reason) = match outcome {
            Outcome::Held(attended) => (State::Held, "held.attended_person_ids", attended, String::new()),
            Outcome::Missed(reason, attended) => {
                (State::Missed, "missed.attended_person_ids", attended, reason)
            }
        };
        if let Some(i) = attended.iter().position(|person| *person != self.mentor && *person != self.mentee) {
            return Err(Error::field(format!("{field}[{i}]"), "is not invited to this meeting"));
        }
        let (mentor, mentee) = (attended.contains(&self.mentor), attended.contains(&self.mentee));
        if (mentor && mentee) != (state == State::Held) {
            return Err(Error::field(field, "a meeting is held when both came, and missed otherwise"));
        }
        (self.mentor_attended, self.mentee_attended, self.state, self.reason) =
            (mentor, mentee, state, reason);
        self.changed(now);
        Ok(if state == State::Held { MeetingEvent::Held } else { MeetingEvent::Missed })
    }

    /// Counts the meeting as missed, since nobody said how it came out.
    pub(crate) fn close_unreported(&mut self, now: Timestamp) -> Option<MeetingEvent> {
        if self.state != State::Scheduled || now < self.span.to {
            return None;
        }
        self.state = State::Missed;
        self.unreported = true;
        self.changed(now);
        Some(MeetingEvent::Missed)
    }

    fn must_be_scheduled(&self, verb: &str) -> Result<()> {
        let was = match self.state {
            State::Scheduled => return Ok(()),
            State::Held => "was held",
            State::Missed => "was missed",
            State::Cancelled => "was cancelled",
        };
        Err(Error::precondition("MEETING_STATE", format!("the meeting {was} and can't be {verb}")))
    }

    fn must_lie_ahead(&self, verb: &str, now: Timestamp) -> Result<()> {
        self.must_be_scheduled(verb)?;
        if now < self.span.from {
            return Ok(());
        }
        let message =
            format!("the meeting began at {:.0} and can't be {verb}; record its attendance", self.span.from);
        Err(Error::precondition("MEETING_STATE", message))
    }

    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

/// Of those planned together: a pair of spans that overlap, if any.
pub(crate) fn first_overlap(spans: &[Span]) -> Option<(Span, Span)> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| match pair {
        [a, b] if a.overlaps(b) => Some((*a, *b)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Role, TenantId};
    use rstest::rstest;

    const MENTOR: Uuid = Uuid::from_u128(1);
    const MENTEE: Uuid = Uuid::from_u128(2);

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn pair() -> Pair {
        Pair {
            match_id: Uuid::from_u128(3),
            program_id: Uuid::from_u128(4),
            mentor: MENTOR,
            mentee: MENTEE,
            activated_at: Some(at("2025-01-01T00:00:00Z")),
            ended_at: None,
            policy_minutes: Some(45),
            program_closed_at: None,
        }
    }

    fn meeting() -> Meeting {
        let now = at("2025-01-06T09:00:00Z");
        let span = span("starts_at", at("2025-01-07T10:00:00Z"), 45, now).expect("valid");
        pair().meeting(Uuid::from_u128(5), span, "", "", now)
    }

    #[test]
    fn a_pair_meets_while_it_is_active() {
        pair().may_meet().expect("active");
        let when = Some(at("2025-01-05T00:00:00Z"));
        let reason = |pair: Pair| pair.may_meet().expect_err("refused").reason;
        assert_eq!(reason(Pair { ended_at: when, ..pair() }), "MATCH_NOT_ACTIVE");
        assert_eq!(reason(Pair { activated_at: None, ..pair() }), "MATCH_NOT_ACTIVE");
        assert_eq!(reason(Pair { program_closed_at: when, ..pair() }), "PROGRAM_STATE");
    }

    #[test]
    fn the_policy_gives_the_length() {
        assert_eq!(pair().minutes(0).expect("policy"), 45);
        assert_eq!(pair().minutes(30).expect("asked"), 30);
        let unknown = Pair { policy_minutes: None, ..pair() };
        assert_eq!(unknown.minutes(0).expect_err("unknown").violations[0].field, "duration_minutes");
    }

    #[rstest]
    #[case("2025-01-06T08:59:59Z", false)]
    #[case("2025-01-06T09:00:00Z", true)]
    #[case("2025-01-06T09:00:00.5Z", false)]
    #[case("2028-01-11T09:00:00Z", true)]
    #[case("2028-01-11T09:00:01Z", false)]
    fn a_start_has_bounds(#[case] start: &str, #[case] valid: bool) {
        let read = span("starts_at", at(start), 60, at("2025-01-06T09:00:00Z"));
        assert_eq!(read.is_ok(), valid);
        if let Err(error) = read {
            assert_eq!(error.violations[0].field, "starts_at");
        }
    }

    #[test]
    fn the_sequence_grows_with_moves_and_the_cancellation() {
        let (mut meeting, now) = (meeting(), at("2025-01-06T10:00:00Z"));
        let span = span("starts_at", at("2025-01-08T10:00:00Z"), 30, now).expect("valid");
        assert_eq!(meeting.reschedule(span, now).expect("ahead"), MeetingEvent::Rescheduled);
        assert_eq!((meeting.sequence, meeting.version, meeting.minutes()), (1, 2, 30));
        assert_eq!(meeting.cancel("ill", now).expect("ahead"), MeetingEvent::Cancelled);
        assert_eq!((meeting.sequence, meeting.state), (2, State::Cancelled));
        assert_eq!(meeting.cancel("again", now).expect_err("done").reason, "MEETING_STATE");
        assert_eq!(meeting.reschedule(span, now).expect_err("done").reason, "MEETING_STATE");
        let outcome = Outcome::Held(vec![MENTOR, MENTEE]);
        assert_eq!(meeting.record(outcome, span.to).expect_err("done").reason, "MEETING_STATE");
        assert_eq!(meeting.close_unreported(span.to), None);
    }

    #[test]
    fn a_meeting_that_began_can_only_be_recorded() {
        let mut meeting = meeting();
        let begin = meeting.span.from;
        assert_eq!(meeting.cancel("", begin).expect_err("began").reason, "MEETING_STATE");
        assert_eq!(meeting.reschedule(meeting.span, begin).expect_err("began").reason, "MEETING_STATE");
        let early = begin - SignedDuration::from_secs(1);
        let both = || Outcome::Held(vec![MENTOR, MENTEE]);
        assert_eq!(meeting.record(both(), early).expect_err("early").reason, "MEETING_STATE");
        assert_eq!(meeting.record(both(), begin).expect("began"), MeetingEvent::Held);
        assert!(meeting.mentor_attended && meeting.mentee_attended);
    }

    #[rstest]
    #[case(Outcome::Held(vec![MENTOR]), "held.attended_person_ids")]
    #[case(Outcome::Held(vec![MENTOR, Uuid::nil()]), "held.attended_person_ids[1]")]
    #[case(Outcome::Missed("ill".into(), vec![MENTOR, MENTEE]), "missed.attended_person_ids")]
    fn those_who_came_fit_the_outcome(#[case] outcome: Outcome, #[case] field: &str) {
        let mut meeting = meeting();
        let before = meeting.clone();
        let error = meeting.record(outcome, meeting.span.to).expect_err("does not fit");
        assert_eq!(error.violations[0].field, field);
        assert_eq!(meeting, before);
    }

    #[test]
    fn silence_counts_as_missed_after_the_end_only() {
        let mut meeting = meeting();
        assert_eq!(meeting.close_unreported(meeting.span.from), None);
        assert_eq!(meeting.close_unreported(meeting.span.to), Some(MeetingEvent::Missed));
        assert!(meeting.unreported && meeting.state == State::Missed);
    }

    #[test]
    fn the_two_and_the_program_manager_see_a_meeting() {
        let actor = |person: Option<Uuid>, role| Actor {
            tenant: TenantId(Uuid::nil()),
            subject: "someone".to_owned(),
            person,
            roles: vec![role],
        };
        for allowed in [
            actor(Some(MENTOR), Role::Employee),
            actor(Some(MENTEE), Role::Employee),
            actor(None, Role::ProgramManager),
        ] {
            authorize(&allowed, MENTOR, MENTEE).expect("allowed");
        }
        for denied in [actor(Some(Uuid::from_u128(9)), Role::Employee), actor(None, Role::HrClient)] {
            assert_eq!(authorize(&denied, MENTOR, MENTEE).expect_err("denied").reason, "PERMISSION_DENIED");
        }
    }
}
