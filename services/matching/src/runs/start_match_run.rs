//! A run is started: its inputs are copied, and a worker is called by the event.

use super::convert;
use super::run::{Run, State, digest};
use super::snapshot::Snapshot;
use super::store::{self, pairs};
use super::terms::{Before, Terms};
use crate::{Matching, criteria, events::DomainEvent, projection};
use contracts::mentor::matching::v1::{StartMatchRunRequest, StartMatchRunResponse};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kernel::{Error, Result, Uuid, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: StartMatchRunRequest,
) -> Result<StartMatchRunResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    projection::store::program(tx, program).await?.check_open()?;
    let criteria = criteria::store::get(tx, program, request.criteria_version).await?;
    let criteria =
        criteria.ok_or_else(|| Error::not_found("criteria version", request.criteria_version))?.criteria;
    let mode = convert::read_mode(request.mode);
    let terms = convert::read_terms(&request, mode)?;
    let before = before(tx, program, &terms).await?;
    let week = monday(tx.now());
    let snapshot = Snapshot {
        format: Snapshot::FORMAT,
        program,
        mode,
        seed: request.seed,
        week,
        criteria,
        mentees: projection::store::free_mentees(tx, program, week).await?,
        mentors: projection::store::mentors(tx, program, week).await?,
        marks: pairs::marks(tx, program).await?,
        terms,
        before,
    }
    .sorted();
    snapshot.check()?;
    let bytes = serde_json::to_vec(&snapshot).map_err(Error::internal)?;
    let run = queued(tx.new_id(), &snapshot, digest(&bytes), tx.now());
    store::insert(tx, &run, &bytes).await?;
    DomainEvent::RunStarted { run: run.id, program }.emit(tx);
    tx.audit(Audit::of("match run", run.id));
    Ok(StartMatchRunResponse { run: Some(convert::run(&run)) })
}

/// Whom everybody had in the run that this one follows.
async fn before(tx: &mut Tx, program: Uuid, terms: &Terms) -> Result<Vec<Before>> {
    let Some(follows) = terms.follows else { return Ok(Vec::new()) };
    let run = store::get(tx, follows.run).await?;
    if run.program != program {
        return Err(Error::field("previous_run_id", "must be a run of the same program"));
    }
    run.check_result()?;
    let (snapshot, solved) = store::record(tx, follows.run).await?;
    let mentor = |mentee| Some(snapshot.mentors.get(solved.mentor_of(mentee)?)?.participant);
    let mentees = snapshot.mentees.iter().enumerate();
    Ok(mentees.map(|(at, person)| Before { mentee: person.participant, mentor: mentor(at) }).collect())
}

/// The Monday of the week, in UTC.
fn monday(now: Timestamp) -> Date {
    let today = now.to_zoned(TimeZone::UTC).date();
    let days = i64::from(today.weekday().to_monday_zero_offset());
    today.checked_sub(jiff::Span::new().days(days)).unwrap_or(today)
}

fn queued(id: Uuid, snapshot: &Snapshot, input_digest: String, now: Timestamp) -> Run {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    Run {
        id,
        program: snapshot.program,
        state: State::Queued,
        mode: snapshot.mode,
        seed: snapshot.seed,
        criteria_version: snapshot.criteria.version,
        mentees: count(snapshot.mentees.len()),
        mentors: count(snapshot.mentors.len()),
        places: i32::try_from(snapshot.places()).unwrap_or(i32::MAX),
        feasible_pairs: 0,
        pairs: 0,
        unmatched: 0,
        total_score: 0,
        bound: 0,
        value: 0,
        progress: 0,
        phase: String::new(),
        failure: String::new(),
        input_digest,
        result_digest: String::new(),
        created_at: now,
        finished_at: None,
        published_at: None,
        terms: snapshot.terms.clone(),
        round: 0,
        gap: None,
        found: None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_week_begins_on_monday() {
        for (now, monday) in [
            ("2025-03-03T00:00:00Z", jiff::civil::date(2025, 3, 3)),
            ("2025-03-09T23:59:59Z", jiff::civil::date(2025, 3, 3)),
            ("2025-01-01T12:00:00Z", jiff::civil::date(2024, 12, 30)),
        ] {
            assert_eq!(super::monday(now.parse().expect("an instant")), monday);
        }
    }
}
