//! Rules that hold under any concurrency.

use crate::world::{World, participant, person, program, reason, request_id};
use contracts::mentor::matching::v1::*;
use futures::{StreamExt, stream};
use kernel::Role;
use match_service_client::MatchServiceClient;
use std::collections::BTreeMap;
use tonic::Status;

/// Mentees of the great race.
const CROWD: u64 = 1000;
/// Calls under way at once.
const PARALLEL: usize = 200;

/// Seeds mentees 1..=count, each with a proposed match with mentor 101, who has one place: as it is when a
/// mentor of many places lowers the capacity to one while the proposals wait.
async fn crowd(world: &World, count: i64) {
    let tenant = world.suite.tenant.0;
    let statements = [
        "insert into matching.participant (tenant_id, participant_id, program_id, person_id, role, capacity, profile,
             active, seeking, changed_at)
         select tenant_id, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, program_id,
             ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'mentee', 1, profile, true, true, changed_at
         from matching.participant, generate_series(1, $2::bigint) n where tenant_id = $1 and role = 'mentor'",
        "insert into matching.pair (tenant_id, program_id, mentor_participant_id, mentee_participant_id, kind, reason,
             changed_at)
         select e.tenant_id, e.program_id, m.participant_id, e.participant_id, 'open', '', e.changed_at
         from matching.participant e join matching.participant m on m.role = 'mentor'
         where e.tenant_id = $1 and e.role = 'mentee' and $2::bigint > 0",
        "insert into matching.match (tenant_id, match_id, program_id, run_id, mentor_participant_id, mentor_person_id,
             mentee_participant_id, mentee_person_id, state, score, choice, proposed_at, expires_at)
         select e.tenant_id, e.participant_id, e.program_id, e.program_id, m.participant_id, m.person_id,
             e.participant_id, e.person_id, 'proposed', 5000, 1, e.changed_at, e.changed_at + interval '7 days'
         from matching.participant e join matching.participant m on m.role = 'mentor'
         where e.tenant_id = $1 and e.role = 'mentee' and $2::bigint > 0",
    ];
    for statement in statements {
        sqlx::query(statement).bind(tenant).bind(count).execute(world.suite.sql()).await.expect("seeded");
    }
}

/// Accepts, again and again while the server is too busy to answer: same request id, so never twice.
async fn accept(mut client: MatchServiceClient<grpc::Channel>, match_id: String) -> Result<Match, Status> {
    let request = AcceptMatchRequest { request_id: request_id(), match_id };
    loop {
        match client.accept_match(request.clone()).await {
            Ok(response) => return Ok(response.into_inner().r#match.expect("a match")),
            Err(status) => match grpc::from_status(status.clone()).reason {
                "OVERLOADED" | "DEPENDENCY_UNAVAILABLE" | "CONFLICT" => tokio::task::yield_now().await,
                _ => return Err(status),
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_accepts_for_one_place_exactly_one_succeeds() {
    let world = World::with(0, &[1]).await;
    crowd(&world, CROWD as i64).await;
    let accepts = (1..=CROWD).map(|n| {
        let person = format!("00000000-0000-7000-9000-{n:012}").parse().expect("an id");
        let client = MatchServiceClient::new(world.suite.acting(Role::Employee, Some(person)));
        accept(client, format!("00000000-0000-7000-8000-{n:012}"))
    });
    let results: Vec<_> = stream::iter(accepts).buffer_unordered(PARALLEL).collect().await;
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for result in results {
        let outcome = if result.is_ok() { "ok".to_owned() } else { reason(result) };
        *outcomes.entry(outcome).or_default() += 1;
    }
    let expected = [("MENTOR_FULL".to_owned(), CROWD as usize - 1), ("ok".to_owned(), 1)];
    assert_eq!(outcomes, BTreeMap::from(expected));
    let held: i64 = sqlx::query_scalar("select count(*) from matching.match where place is not null")
        .fetch_one(world.suite.sql())
        .await
        .expect("counted");
    assert_eq!(held, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_accept_a_hundred_times_has_one_effect_and_one_answer() {
    let world = World::with(1, &[1]).await;
    let matches = world.matched().await;
    let request = AcceptMatchRequest { request_id: request_id(), match_id: matches[0].match_id.clone() };
    let calls = (0..100).map(|_| {
        let (mut client, request) = (world.matches_of(1), request.clone());
        async move {
            loop {
                match client.accept_match(request.clone()).await {
                    Ok(response) => return response.into_inner(),
                    Err(status) => {
                        let reason = grpc::from_status(status).reason;
                        assert!(
                            ["OVERLOADED", "DEPENDENCY_UNAVAILABLE", "CONFLICT"].contains(&reason),
                            "{reason}"
                        );
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    });
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(100).collect().await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(world.current(&matches[0]).await.state(), MatchState::Accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_published_at_once_propose_each_mentee_once_and_each_place_once() {
    let world = World::with(8, &[2, 2, 2]).await;
    let mut runs = Vec::new();
    for seed in 1..=4 {
        runs.push(world.run(MatchMode::MaxTotal, seed).await.run_id);
    }
    let publish = runs.iter().map(|run| world.publish(run));
    let published = futures::future::join_all(publish).await;
    assert_eq!(published.iter().map(|response| response.proposed).sum::<i32>(), 6);
    for skipped in published.iter().flat_map(|response| &response.skipped) {
        assert!(["MENTEE_MATCHED", "MENTOR_FULL"].contains(&skipped.reason.as_str()), "{}", skipped.reason);
    }
    let matches = world.all(&[MatchState::Proposed]).await;
    for mentor in 101..=103 {
        let mentor = participant(mentor).to_string();
        assert_eq!(matches.iter().filter(|found| found.mentor_participant_id == mentor).count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance_and_decline_of_one_match_leave_one_of_them() {
    let world = World::with(6, &[6]).await;
    let matches = world.matched().await;
    let races = matches.iter().map(|found| async {
        let mentee =
            (1..=6).find(|n| participant(*n).to_string() == found.mentee_participant_id).expect("a mentee");
        tokio::join!(world.accept(mentee, found), world.decline(101, found))
    });
    for (accepted, declined) in futures::future::join_all(races).await {
        let declined = declined.expect("a decline is possible before and after one acceptance").0;
        assert_eq!(declined.state(), MatchState::Declined);
        if accepted.is_err() {
            assert_eq!(reason(accepted), "MATCH_STATE");
        }
    }
    let held: i64 = sqlx::query_scalar("select count(*) from matching.match where place is not null")
        .fetch_one(world.suite.sql())
        .await
        .expect("counted");
    assert_eq!(held, 0);
    // What the domain forgets, the database keeps: a second open match of a mentee.
    let sql = "update matching.match set state = 'proposed', ended_at = null where mentee_person_id = $1";
    sqlx::query("update matching.pair set kind = 'open'").execute(world.suite.sql()).await.expect("opened");
    sqlx::query(sql).bind(person(1)).execute(world.suite.sql()).await.expect("one open match");
    let sql = "insert into matching.match (tenant_id, match_id, program_id, run_id, mentor_participant_id,
            mentor_person_id, mentee_participant_id, mentee_person_id, state, score, choice, proposed_at, expires_at)
        select tenant_id, run_id, program_id, run_id, mentor_participant_id, mentor_person_id,
            mentee_participant_id, mentee_person_id, state, score, choice, proposed_at, expires_at
        from matching.match where mentee_person_id = $1 and program_id = $2";
    let refused = sqlx::query(sql).bind(person(1)).bind(program()).execute(world.suite.sql()).await;
    let refused = refused.expect_err("one open match per mentee and program");
    assert!(refused.to_string().contains("match_mentee_once"), "{refused}");
}
