//! Opens the gel review of matches that have reached their review day, with the evidence of that day.

use crate::{
    Evaluation,
    events::{DomainEvent, emit},
    health::{
        assessment::{self, Assessment, CADENCE_DAYS},
        store as health,
    },
    reviews::{
        review::{Evidence, Review, is_due},
        store::{self, Candidate},
    },
    words::{Class, ReviewState},
};
use jiff::SignedDuration;
use kernel::{Context, Result};
use storage::Tx;

/// The earliest review day a policy can name.
const EARLIEST_DAYS: i64 = 14;

pub(crate) async fn run(service: &Evaluation, ctx: &Context) -> Result<()> {
    let mut tx = service.db().write(ctx).await?;
    let candidates =
        store::candidates(&mut tx, ctx.now - SignedDuration::from_hours(24 * EARLIEST_DAYS)).await?;
    for candidate in candidates.iter().filter(|c| is_due(c.activated_at, c.review_day, ctx.now)) {
        let review = review(&mut tx, candidate).await?;
        if store::open(&mut tx, &review).await? {
            emit(&mut tx, DomainEvent::ReviewOpened { review: review.id, about: review.match_id });
        }
    }
    tx.commit().await
}

async fn review(tx: &mut Tx, candidate: &Candidate) -> Result<Review> {
    let health = health_now(tx, candidate).await?;
    let days = assessment::days(candidate.activated_at, tx.now());
    Ok(Review {
        id: tx.new_id(),
        match_id: candidate.match_id,
        program_id: candidate.program_id,
        people: [candidate.mentor_person_id, candidate.mentee_person_id],
        state: ReviewState::Open,
        opened_at: tx.now(),
        evidence: Evidence {
            meetings_required: assessment::required(candidate.meetings_per_month, days),
            meetings_held: candidate.meetings_held,
            meetings_missed: candidate.meetings_missed,
            check_ins_opened: candidate.check_ins_opened,
            check_ins_answered: candidate.check_ins_answered,
            health_class: health.class,
            health_score: health.score,
        },
        decision: None,
        rematch: false,
        decided_at: None,
    })
}

/// The health as of now, not as of the last run of the health job.
async fn health_now(tx: &mut Tx, candidate: &Candidate) -> Result<Assessment> {
    let since = tx.now() - SignedDuration::from_hours(24 * CADENCE_DAYS);
    let subjects = health::subjects(tx, Some(candidate.match_id), since).await?;
    let now = tx.now();
    Ok(subjects
        .first()
        .map_or(Assessment { class: Class::TooEarly, score: 100, reasons: Vec::new() }, |subject| {
            assessment::assess(&subject.facts, now)
        }))
}
