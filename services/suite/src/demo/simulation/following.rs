//! Meetings are held or missed, check-ins answered or not, reviews decided.

use super::{World, together, world::Meeting};
use anyhow::Result;
use contracts::mentor::{
    common::v1::{HealthClass, ParticipantRole},
    evaluation::v1::{
        AnswerCheckInRequest, CheckIn, CheckInAnswer, CheckInState, DecideReviewRequest, ListCheckInsRequest,
        ListReviewsRequest, Review, ReviewDecision, ReviewState,
    },
    scheduling::v1::{
        AttendanceHeld, AttendanceMissed, RecordAttendanceRequest, record_attendance_request::Outcome,
    },
};

/// What people run into now and then: the match ended, they left.
const TOLERATED: [&str; 5] =
    ["MEETING_STATE", "PERSON_DEACTIVATED", "CHECK_IN_STATE", "REVIEW_STATE", "MATCH_NOT_ACTIVE"];

/// What happened to the meetings that are over. Some are never reported.
pub(crate) async fn attend(world: &mut World) -> Result<()> {
    let now = world.clock_now();
    let (over, ahead) =
        std::mem::take(&mut world.calendar).into_iter().partition(|meeting| meeting.ends_at < now);
    world.calendar = ahead;
    let (over, world): (Vec<Meeting>, &World) = (over, world);
    together(over, |meeting| report(world, meeting)).await
}

async fn report(world: &World, meeting: Meeting) -> Result<()> {
    let [mentor, mentee] = meeting.people;
    let (Some(mentor), Some(mentee)) = (world.people.get(&mentor), world.people.get(&mentee)) else {
        return Ok(());
    };
    if world.dice.chance(4, &[&meeting.id, "is not reported"]) {
        return Ok(());
    }
    // One in three who would not come excuses themselves and comes after all.
    let comes = |person| {
        world.does(person, &["attends", &meeting.id])
            || world.dice.chance(60, &[&meeting.id, "comes after all"])
    };
    let outcome = if comes(mentor) && comes(mentee) {
        Outcome::Held(AttendanceHeld {
            attended_person_ids: vec![mentor.id.to_string(), mentee.id.to_string()],
        })
    } else {
        Outcome::Missed(AttendanceMissed {
            reason: "something came in between".to_owned(),
            attended_person_ids: Vec::new(),
        })
    };
    let request = RecordAttendanceRequest {
        request_id: world.clients.request_id(),
        meeting_id: meeting.id,
        outcome: Some(outcome),
    };
    let answer =
        world.clients.meetings.clone().record_attendance(world.clients.person(mentee, request)?).await;
    world.clients.tolerate(answer, &TOLERATED)?;
    Ok(())
}

/// Whoever is asked answers, or does not.
pub(crate) async fn answer(world: &mut World) -> Result<()> {
    let mut asked = Vec::new();
    for check_in in open_check_ins(world).await? {
        if world.seen.insert(check_in.check_in_id.clone()) {
            asked.push(check_in);
        }
    }
    let world = &*world;
    together(asked, |check_in| async move {
        let Some(person) = world.person(&check_in.person_id) else { return Ok(()) };
        if !world.does(person, &["answers", &check_in.check_in_id]) {
            return Ok(());
        }
        let request = AnswerCheckInRequest {
            request_id: world.clients.request_id(),
            check_in_id: check_in.check_in_id.clone(),
            answer: Some(opinion(world, &check_in)),
        };
        let answer =
            world.clients.check_ins.clone().answer_check_in(world.clients.person(person, request)?).await;
        world.clients.tolerate(answer, &TOLERATED)?;
        Ok(())
    })
    .await
}

/// Pairs have a chemistry; it grows a little with the rounds.
fn opinion(world: &World, check_in: &CheckIn) -> CheckInAnswer {
    let chemistry = world.dice.pick(100, &[&check_in.match_id, "chemistry"]);
    let mood = world.dice.pick(3, &[&check_in.check_in_id, "mood"]);
    let base = match chemistry {
        0..8 => 1,
        8..20 => 2,
        _ => 3,
    };
    let rating = i32::try_from(base + mood).unwrap_or(3).min(5);
    let progress = (check_in.number + i32::from(rating > 3)).clamp(1, 5);
    let is_mentee = check_in.role() == ParticipantRole::Mentee;
    CheckInAnswer {
        rating,
        met_as_agreed: rating > 2,
        progress,
        wants_help: rating == 1 && is_mentee,
        comment: String::new(),
    }
}

/// The program manager and the pairs go through the open reviews.
pub(crate) async fn review(world: &World) -> Result<()> {
    together(open_reviews(world).await?, |review| async move {
        let evidence = review.evidence.unwrap_or_default();
        let is_bad = evidence.suggestion() == ReviewDecision::EndNoFault
            || evidence.health_class() == HealthClass::AtRisk;
        let ends = is_bad && world.dice.chance(70, &[&review.match_id, "ends"]);
        let decision = if ends { ReviewDecision::EndNoFault } else { ReviewDecision::Continue };
        let request = DecideReviewRequest {
            request_id: world.clients.request_id(),
            review_id: review.review_id,
            decision: decision.into(),
            rematch: ends,
        };
        let answer = world.clients.reviews.clone().decide_review(world.clients.manager(request)?).await;
        world.clients.tolerate(answer, &TOLERATED)?;
        Ok(())
    })
    .await
}

async fn open_check_ins(world: &World) -> Result<Vec<CheckIn>> {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListCheckInsRequest {
            program_id: world.program.clone(),
            state: CheckInState::Open.into(),
            page_size: 1000,
            page_token,
            ..ListCheckInsRequest::default()
        };
        let mut client = world.clients.check_ins.clone();
        let answer = client.list_check_ins(world.clients.manager(request)?).await?.into_inner();
        found.extend(answer.check_ins);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

async fn open_reviews(world: &World) -> Result<Vec<Review>> {
    let request = ListReviewsRequest {
        program_id: world.program.clone(),
        state: ReviewState::Open.into(),
        page_size: 1000,
        ..ListReviewsRequest::default()
    };
    let answer = world.clients.reviews.clone().list_reviews(world.clients.manager(request)?).await?;
    Ok(answer.into_inner().reviews)
}
