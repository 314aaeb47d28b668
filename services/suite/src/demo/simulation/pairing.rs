//! Match runs are solved and published; people answer; new pairs put their meetings into the calendar.

use super::{
    World, together,
    world::{Meeting, Person},
};
use anyhow::{Context, Result};
use contracts::{
    mentor::{
        common::v1::CivilTime,
        matching::v1::{
            AcceptMatchRequest, DeclineMatchRequest, DeclineReason, EndMatchRequest, ListMatchesRequest,
            Match, MatchMode, MatchRunState, MatchState, PublishMatchRunRequest, StartMatchRunRequest,
            WatchMatchRunRequest,
        },
        scheduling::v1::{FindSlotsRequest, ScheduleSeriesRequest},
    },
    time::{from_timestamp, timestamp},
};
use jiff::{SignedDuration, tz::TimeZone};
use kernel::Uuid;
use std::sync::Mutex;

/// Where the organisation's calendar lives.
const ZONE: &str = "Europe/London";
/// Weeks between meetings: once a month, and a little more.
const WEEKS: i64 = 4;
/// What people run into now and then.
const TOLERATED: [&str; 8] = [
    "MATCH_STATE",
    "MENTOR_FULL",
    "MENTEE_MATCHED",
    "PERSON_DEACTIVATED",
    "SLOT_TAKEN",
    "MATCH_NOT_ACTIVE",
    "PAIR_EXCLUDED",
    "PARTICIPANT_STATE",
];

/// Solves and publishes a run; false when there is nobody to match.
pub(crate) async fn run(world: &World, seed: i64) -> Result<bool> {
    let mut runs = world.clients.runs.clone();
    let request = StartMatchRunRequest {
        request_id: world.clients.request_id(),
        program_id: world.program.clone(),
        mode: MatchMode::MaxCardinality.into(),
        seed,
        ..StartMatchRunRequest::default()
    };
    let answer = runs.start_match_run(world.clients.manager(request)?).await;
    let Some(answer) = world.clients.tolerate(answer, &["NOBODY_TO_MATCH"])? else { return Ok(false) };
    let run_id = answer.into_inner().run.context("the run")?.run_id;
    world.host.settle().await?;
    let request = world.clients.manager(WatchMatchRunRequest { run_id: run_id.clone() })?;
    let mut watch = runs.watch_match_run(request).await?.into_inner();
    let mut last = None;
    while let Some(update) = watch.message().await? {
        last = update.run;
    }
    let last = last.context("the run ended without a state")?;
    anyhow::ensure!(
        last.state() == MatchRunState::Completed,
        "the run is {:?}: {}",
        last.state(),
        last.failure
    );
    let request = PublishMatchRunRequest { request_id: world.clients.request_id(), run_id };
    runs.publish_match_run(world.clients.manager(request)?).await?;
    Ok(true)
}

/// Both sides of proposed matches answer, each on a day of their own; few decline, fewer forget.
pub(crate) async fn answer(world: &mut World) -> Result<()> {
    let day = world.day();
    let proposed = list(world, &[MatchState::Proposed, MatchState::Accepted]).await?;
    let mut answers = Vec::new();
    for found in proposed {
        for (person, has_answered) in [
            (&found.mentor_person_id, found.mentor_accepted_at.is_some()),
            (&found.mentee_person_id, found.mentee_accepted_at.is_some()),
        ] {
            let Some(person) = world.person(person) else { continue };
            let question = [person.external_id.as_str(), "answers", &found.match_id];
            let since = found.proposed_at.as_ref().and_then(from_timestamp).unwrap_or(world.clock_now());
            let waited = world.clock_now().duration_since(since).as_hours() / 24;
            let patience = 1 + i64::try_from(world.dice.pick(8, &question)).unwrap_or(0);
            if !has_answered
                && waited >= patience
                && !world.dice.chance(2, &[&person.external_id, "forgets", &day.to_string()])
            {
                answers.push((person.id, found.match_id.clone()));
            }
        }
    }
    let activated = Mutex::new(Vec::new());
    {
        let (world, activated) = (&*world, &activated);
        together(answers, |(person, match_id)| async move {
            let Some(person) = world.people.get(&person) else { return Ok(()) };
            if let Some(found) = accept_or_decline(world, person, match_id).await?
                && found.state() == MatchState::Active
            {
                activated.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(found);
            }
            Ok(())
        })
        .await?;
    }
    world.host.settle().await?;
    meet(world, activated.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)).await
}

async fn accept_or_decline(world: &World, person: &Person, match_id: String) -> Result<Option<Match>> {
    let mut matches = world.clients.matches.clone();
    if world.dice.chance(4, &[&person.external_id, "declines", &match_id]) {
        let request = DeclineMatchRequest {
            request_id: world.clients.request_id(),
            match_id,
            reason: DeclineReason::NotAFit.into(),
            note: String::new(),
        };
        let answer = matches.decline_match(world.clients.person(person, request)?).await;
        world.clients.tolerate(answer, &TOLERATED)?;
        return Ok(None);
    }
    let request = AcceptMatchRequest { request_id: world.clients.request_id(), match_id };
    let answer = matches.accept_match(world.clients.person(person, request)?).await;
    Ok(world.clients.tolerate(answer, &TOLERATED)?.and_then(|answer| answer.into_inner().r#match))
}

/// New pairs look for a time that suits both, and keep it every four weeks until their match is complete.
async fn meet(world: &mut World, pairs: Vec<Match>) -> Result<()> {
    let planned = Mutex::new(Vec::new());
    {
        let (world, planned) = (&*world, &planned);
        together(pairs, |pair| async move {
            let meetings = schedule(world, &pair).await?;
            planned.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(meetings);
            Ok(())
        })
        .await?;
    }
    world.calendar.extend(planned.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    Ok(())
}

async fn schedule(world: &World, pair: &Match) -> Result<Vec<Meeting>> {
    let Some(mentee) = world.person(&pair.mentee_person_id) else { return Ok(Vec::new()) };
    // Some pairs never get going.
    if world.dice.chance(3, &[&mentee.external_id, "never meets", &pair.match_id]) {
        return Ok(Vec::new());
    }
    let now = world.clock_now();
    let request = FindSlotsRequest {
        person_ids: vec![pair.mentor_person_id.clone(), pair.mentee_person_id.clone()],
        not_before: Some(timestamp(now + SignedDuration::from_hours(24))),
        not_after: Some(timestamp(now + SignedDuration::from_hours(24 * 15))),
        duration_minutes: 60,
        step_minutes: 60,
        max_results: 20,
        ignore_meeting_id: String::new(),
    };
    let answer = world.clients.availability.clone().find_slots(world.clients.person(mentee, request)?).await;
    let Some(slots) = world.clients.tolerate(answer, &TOLERATED)? else { return Ok(Vec::new()) };
    let slots = slots.into_inner().slots;
    let first = world.dice.pick(slots.len(), &[&mentee.external_id, "slot"]);
    // A slot that somebody took meanwhile is refused; then the next one is tried.
    for slot in slots.iter().cycle().skip(first).take(slots.len().min(5)) {
        let Some(starts_at) = slot.starts_at.as_ref().and_then(from_timestamp) else { continue };
        if let Some(meetings) = schedule_series(world, pair, mentee, starts_at).await? {
            return Ok(meetings);
        }
    }
    Ok(Vec::new())
}

async fn schedule_series(
    world: &World,
    pair: &Match,
    mentee: &Person,
    starts_at: jiff::Timestamp,
) -> Result<Option<Vec<Meeting>>> {
    let ends = pair.completes_at.as_ref().and_then(from_timestamp).unwrap_or(starts_at);
    let count = (ends.duration_since(starts_at).as_hours() / (24 * 7 * WEEKS)).max(1);
    let local = starts_at.to_zoned(TimeZone::get(ZONE)?).datetime();
    let request = ScheduleSeriesRequest {
        request_id: world.clients.request_id(),
        match_id: pair.match_id.clone(),
        start: Some(CivilTime {
            local: local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            zone: ZONE.to_owned(),
        }),
        rrule: format!("FREQ=WEEKLY;INTERVAL={WEEKS};COUNT={count}"),
        duration_minutes: 60,
        title: "Mentoring".to_owned(),
        location: String::new(),
    };
    let answer = world.clients.meetings.clone().schedule_series(world.clients.person(mentee, request)?).await;
    let Some(answer) = world.clients.tolerate(answer, &TOLERATED)? else { return Ok(None) };
    let people = [Uuid::try_parse(&pair.mentor_person_id)?, mentee.id];
    let meetings = answer.into_inner().meetings.into_iter().filter_map(|meeting| {
        let ends_at = meeting.ends_at.as_ref().and_then(from_timestamp)?;
        Some(Meeting { id: meeting.meeting_id, people, ends_at })
    });
    Ok(Some(meetings.collect()))
}

/// Now and then a pair ends for a reason of its own, without fault.
pub(crate) async fn part(world: &World) -> Result<()> {
    let day = world.day().to_string();
    let active = list(world, &[MatchState::Active]).await?;
    let parting: Vec<(&Person, String)> = active
        .into_iter()
        .filter(|found| world.dice.chance(1, &[&found.match_id, "parts", &day]))
        .filter_map(|found| Some((world.person(&found.mentee_person_id)?, found.match_id)))
        .collect();
    together(parting, |(mentee, match_id)| async move {
        let request = EndMatchRequest {
            request_id: world.clients.request_id(),
            match_id,
            rematch: true,
            ..EndMatchRequest::default()
        };
        let answer = world.clients.matches.clone().end_match(world.clients.person(mentee, request)?).await;
        world.clients.tolerate(answer, &TOLERATED)?;
        Ok(())
    })
    .await
}

async fn list(world: &World, states: &[MatchState]) -> Result<Vec<Match>> {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListMatchesRequest {
            program_id: world.program.clone(),
            states: states.iter().map(|state| (*state).into()).collect(),
            page_size: 1000,
            page_token,
            ..ListMatchesRequest::default()
        };
        let answer =
            world.clients.matches.clone().list_matches(world.clients.manager(request)?).await?.into_inner();
        found.extend(answer.matches);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}
