//! Runs: start, watch, cancel, list, explain, replay, publish.

use crate::world::{World, participant, person, program, reason, request_id, start, upserted};
use contracts::mentor::common::v1::ParticipantRole;
use contracts::mentor::enrollment::events::v1::{ProgramClosed, WithdrawalReason};
use contracts::mentor::matching::events::v1::{
    MatchProposed, MatchRunCompleted, MatchRunFailed, MatchRunStarted,
};
use contracts::mentor::matching::v1::*;
use kernel::Role;
use run_service_client::RunServiceClient;
use testkit::id;
use tokio_stream::StreamExt;

/// Three mentees who want more and more, two mentors with one place each who offer more and less.
async fn contested() -> World {
    let world = World::new().await;
    for (mentee, level) in [(1, 5), (2, 4), (3, 3)] {
        world.mentee(mentee, level).await;
    }
    world.mentor(101, 1, 4).await;
    world.mentor(102, 1, 2).await;
    world.suite.settle().await;
    world
}

#[tokio::test]
async fn a_run_gives_the_best_pairs_and_says_why() {
    let world = contested().await;
    let run = world.run(MatchMode::MaxTotal, 3).await;
    assert_eq!(run.state(), MatchRunState::Completed, "{}", run.failure);
    assert_eq!((run.mentees, run.mentors, run.places, run.feasible_pairs), (3, 2, 2, 6));
    assert_eq!((run.pairs, run.unmatched, run.progress), (2, 1, 100));
    assert_eq!((run.bound, run.value), (run.total_score, run.total_score), "proven");
    let events = world.suite.events::<MatchRunCompleted>().await;
    assert_eq!(events.iter().map(|event| (event.pairs, event.unmatched)).collect::<Vec<_>>(), [(2, 1)]);

    let proposals = world.proposals(&run.run_id).await;
    assert_eq!(proposals.iter().map(|pair| i64::from(pair.score)).sum::<i64>(), run.total_score);
    for pair in &proposals {
        assert_eq!(
            pair.parts.iter().map(|part| part.points).sum::<i32>(),
            pair.score,
            "parts sum to the score"
        );
        assert_eq!(pair.parts.iter().map(|part| part.points_at_most).sum::<i32>(), 10_000);
        assert!(pair.mentor_rank >= 1 && pair.mentee_rank >= 1);
    }
    let unmatched = ListUnmatchedRequest { run_id: run.run_id.clone(), ..ListUnmatchedRequest::default() };
    let unmatched = world.runs().list_unmatched(unmatched).await.expect("listed").into_inner().mentees;
    assert_eq!(unmatched.len(), 1);
    assert_eq!((unmatched[0].reason(), unmatched[0].feasible_mentors), (UnmatchedReason::Outbid, 2));
    let mentee_participant_id = unmatched[0].mentee_participant_id.clone();
    let why = ExplainUnmatchedRequest {
        run_id: run.run_id.clone(),
        mentee_participant_id: mentee_participant_id.clone(),
    };
    let why = world.runs().explain_unmatched(why).await.expect("explained").into_inner();
    assert_eq!((why.reason(), why.nearest.len()), (UnmatchedReason::Outbid, 2));
    assert!(!why.summary.is_empty());

    let made = &proposals[0];
    let ask = |mentee: &str, mentor: &str| ExplainPairRequest {
        run_id: run.run_id.clone(),
        mentor_participant_id: mentor.to_owned(),
        mentee_participant_id: mentee.to_owned(),
    };
    let answer =
        world.runs().explain_pair(ask(&made.mentee_participant_id, &made.mentor_participant_id)).await;
    let answer = answer.expect("explained").into_inner();
    assert!(answer.proposed && answer.points_short == 0);
    assert!(answer.parts.iter().all(|part| !part.fact.is_empty()), "{:?}", answer.parts);
    let bare: Vec<_> =
        answer.parts.iter().map(|part| ScorePart { fact: String::new(), ..part.clone() }).collect();
    assert_eq!((answer.score, &bare, answer.mentor_rank), (made.score, &made.parts, made.mentor_rank));
    let answer = world.runs().explain_pair(ask(&mentee_participant_id, &made.mentor_participant_id)).await;
    let answer = answer.expect("explained").into_inner();
    assert!(!answer.proposed && answer.given_mentor_participant_id.is_empty());
    assert_eq!(
        answer.holders.first().map(|holder| &holder.mentee_participant_id),
        Some(&made.mentee_participant_id)
    );
    let unknown = world.runs().explain_pair(ask(&id(5).to_string(), &made.mentor_participant_id)).await;
    assert_eq!(reason(unknown), "NOT_FOUND");
    let matched = ExplainUnmatchedRequest {
        run_id: run.run_id.clone(),
        mentee_participant_id: made.mentee_participant_id.clone(),
    };
    assert_eq!(reason(world.runs().explain_unmatched(matched).await), "RUN_STATE");
}

#[tokio::test]
async fn same_input_and_seed_give_the_same_bytes() {
    let world = World::with(12, &[1, 2, 3, 1]).await;
    let first = world.run(MatchMode::MaxTotal, 7).await;
    let second = world.run(MatchMode::MaxTotal, 7).await;
    assert_eq!((&first.input_digest, &first.result_digest), (&second.input_digest, &second.result_digest));
    let pairs = |list: Vec<Proposal>| {
        list.into_iter()
            .map(|pair| (pair.mentee_participant_id, pair.mentor_participant_id))
            .collect::<Vec<_>>()
    };
    assert_eq!(pairs(world.proposals(&first.run_id).await), pairs(world.proposals(&second.run_id).await));
    let other = world.run(MatchMode::MaxTotal, 8).await;
    assert_ne!(first.input_digest, other.input_digest, "the seed is part of the input");
    for run in [&first, &other] {
        let replay = ReplayMatchRunRequest { run_id: run.run_id.clone() };
        let replay = world.runs().replay_match_run(replay).await.expect("replayed").into_inner();
        assert!(replay.identical && replay.certified);
        assert_eq!(replay.result_digest, run.result_digest);
    }
}

#[tokio::test]
async fn every_mode_runs_and_is_certified() {
    let world = contested().await;
    for mode in [MatchMode::MaxTotal, MatchMode::MaxCardinality, MatchMode::Bottleneck, MatchMode::Stable] {
        let run = world.run(mode, 1).await;
        assert_eq!((run.state(), run.pairs), (MatchRunState::Completed, 2), "{mode:?}: {}", run.failure);
        let replay = ReplayMatchRunRequest { run_id: run.run_id.clone() };
        let replay = world.runs().replay_match_run(replay).await.expect("replayed").into_inner();
        assert!(replay.identical && replay.certified, "{mode:?}");
    }
}

#[tokio::test]
async fn refuses_runs_that_make_no_sense() {
    let world = World::new().await;
    assert_eq!(reason(world.runs().start_match_run(start(MatchMode::MaxTotal, 1)).await), "NOBODY_TO_MATCH");
    world.mentee(1, 3).await;
    world.suite.settle().await;
    assert_eq!(reason(world.runs().start_match_run(start(MatchMode::MaxTotal, 1)).await), "NOBODY_TO_MATCH");
    world.mentor(101, 1, 3).await;
    world.suite.settle().await;
    assert_eq!(reason(world.runs().start_match_run(start(MatchMode::MaxTotal, -1)).await), "FIELD_INVALID");
    let version = StartMatchRunRequest { criteria_version: 9, ..start(MatchMode::MaxTotal, 1) };
    assert_eq!(reason(world.runs().start_match_run(version).await), "NOT_FOUND");
    let unknown = StartMatchRunRequest { program_id: id(77).to_string(), ..start(MatchMode::MaxTotal, 1) };
    assert_eq!(reason(world.runs().start_match_run(unknown).await), "NOT_FOUND");
    let mut auditor = RunServiceClient::new(world.suite.acting(Role::Auditor, None));
    assert_eq!(reason(auditor.start_match_run(start(MatchMode::MaxTotal, 1)).await), "PERMISSION_DENIED");
    let malformed = GetMatchRunRequest { run_id: "7".into() };
    assert_eq!(reason(world.runs().get_match_run(malformed).await), "FIELD_INVALID");
    let missing = GetMatchRunRequest { run_id: id(7).to_string() };
    assert_eq!(reason(world.runs().get_match_run(missing).await), "NOT_FOUND");
    world.suite.publish(&ProgramClosed { program_id: program().to_string(), closed_at: None }).await;
    world.suite.settle().await;
    assert_eq!(reason(world.runs().start_match_run(start(MatchMode::MaxTotal, 1)).await), "PROGRAM_STATE");
}

#[tokio::test]
async fn a_start_is_replayed_and_a_run_is_watched_to_its_end() {
    let world = contested().await;
    let request = start(MatchMode::MaxTotal, 1);
    let first = world.runs().start_match_run(request.clone()).await.expect("started").into_inner();
    let again = world.runs().start_match_run(request).await.expect("replayed").into_inner();
    assert_eq!(first, again);
    let run_id = first.run.expect("a run").run_id;
    let watch = WatchMatchRunRequest { run_id: run_id.clone() };
    let stream = world.runs().watch_match_run(watch).await.expect("watched").into_inner();
    let seen: Vec<_> = stream.map(|update| update.expect("an update").run.expect("a run")).collect().await;
    assert_eq!(seen.last().map(MatchRun::state), Some(MatchRunState::Completed));
    assert_eq!(world.suite.events::<MatchRunStarted>().await.len(), 1);
    let list = ListMatchRunsRequest { program_id: program().to_string(), ..ListMatchRunsRequest::default() };
    let listed = world.runs().list_match_runs(list.clone()).await.expect("listed").into_inner().runs;
    assert_eq!(listed.iter().map(|run| &run.run_id).collect::<Vec<_>>(), [&run_id]);
    let queued = ListMatchRunsRequest { state: MatchRunState::Queued.into(), ..list };
    assert!(world.runs().list_match_runs(queued).await.expect("listed").into_inner().runs.is_empty());
}

#[tokio::test]
async fn floors_are_kept_and_told() {
    let world = contested().await;
    let fair = |group: &str, least_mean| StartMatchRunRequest {
        fair: Some(FairTerms {
            by: FairAttribute::Unit.into(),
            floors: vec![FairFloor { group: group.into(), least_mean }],
        }),
        ..start(MatchMode::Fair, 1)
    };
    let wrong = [
        start(MatchMode::Fair, 1),
        StartMatchRunRequest { fair: fair("Finance", 1).fair, ..start(MatchMode::MaxTotal, 1) },
        fair("Law", 1),
        StartMatchRunRequest {
            time_limit: Some(prost_types::Duration::default()),
            ..start(MatchMode::MaxTotal, 1)
        },
        StartMatchRunRequest { keep_bonus: Some(-1), ..start(MatchMode::MaxTotal, 1) },
    ];
    for request in wrong {
        assert_eq!(
            reason(world.runs().start_match_run(request.clone()).await),
            "FIELD_INVALID",
            "{request:?}"
        );
    }
    for (least_mean, met) in [(100, true), (9_999, false)] {
        let run = world.finished(fair("Finance", least_mean)).await;
        assert_eq!(run.state(), MatchRunState::Completed, "{}", run.failure);
        let group = &run.fair_groups[0];
        assert_eq!((group.group.as_str(), group.mentees, group.least_mean), ("Finance", 3, least_mean));
        assert_eq!((group.met, i64::from(group.mean)), (met, run.total_score / 3));
        assert_eq!(run.gap.is_some(), met, "the bound is that of results that meet the floor");
        let replay = ReplayMatchRunRequest { run_id: run.run_id.clone() };
        let replay = world.runs().replay_match_run(replay).await.expect("replayed").into_inner();
        assert!(replay.identical && replay.certified);
    }
}

#[tokio::test]
async fn groups_are_not_made_below_the_least_size() {
    let world = World::with(5, &[3, 3, 1]).await;
    let groups = |least_group, mode| StartMatchRunRequest { least_group, ..start(mode, 1) };
    let refused = world.runs().start_match_run(groups(3, MatchMode::Bottleneck)).await;
    assert_eq!(reason(refused), "FIELD_INVALID");
    let run = world.finished(groups(3, MatchMode::MaxCardinality)).await;
    assert_eq!((run.state(), run.least_group), (MatchRunState::Completed, 3), "{}", run.failure);
    assert_eq!((run.pairs, run.unmatched), (3, 2), "a second group would have two");
    assert_eq!((run.outcome(), run.gap), (MatchOutcome::Optimal, Some(0)), "a small search goes to its end");
    let pairs = world.proposals(&run.run_id).await;
    assert!(pairs.iter().all(|pair| pair.mentor_participant_id == pairs[0].mentor_participant_id));
    let list = ListUnmatchedRequest { run_id: run.run_id.clone(), ..ListUnmatchedRequest::default() };
    let left = world.runs().list_unmatched(list).await.expect("listed").into_inner().mentees;
    assert!(left.len() == 2 && left.iter().all(|one| one.reason() == UnmatchedReason::NoGroup), "{left:?}");
    let why = ExplainUnmatchedRequest {
        run_id: run.run_id.clone(),
        mentee_participant_id: left[0].mentee_participant_id.clone(),
    };
    let why = world.runs().explain_unmatched(why).await.expect("explained").into_inner();
    assert_eq!(why.reason(), UnmatchedReason::NoGroup);
    assert!(why.rules.iter().any(|rule| rule.rule() == HardRule::GroupTooSmall && rule.mentors == 1));
    assert!(why.summary.contains("groups below 3 mentees are not made"), "{}", why.summary);
    let replay = ReplayMatchRunRequest { run_id: run.run_id.clone() };
    let replay = world.runs().replay_match_run(replay).await.expect("replayed").into_inner();
    assert!(replay.identical && replay.certified);
    // Those of open matches count: two more make no group of their own, and one may join the first.
    world.publish(&run.run_id).await;
    let again = world.finished(groups(3, MatchMode::MaxTotal)).await;
    assert_eq!((again.state(), again.pairs), (MatchRunState::Completed, 0), "{}", again.failure);
    let number = (101..=102).find(|n| participant(*n).to_string() == pairs[0].mentor_participant_id);
    world.change_mentor(number.expect("a mentor"), 4).await;
    let again = world.finished(groups(3, MatchMode::MaxTotal)).await;
    assert_eq!((again.state(), again.pairs), (MatchRunState::Completed, 1), "{}", again.failure);
}

#[tokio::test]
async fn a_run_after_a_change_keeps_what_it_can_and_says_what_moved() {
    let world = World::with(6, &[1, 1, 1, 1, 1, 1]).await;
    let first = world.run(MatchMode::MaxTotal, 1).await;
    assert!(first.rematch.is_none(), "it follows none");
    let pairs = world.proposals(&first.run_id).await;
    let (vetoed, left) = (&pairs[0], &pairs[1]);
    let forbid = ForbidPairRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        mentor_participant_id: vetoed.mentor_participant_id.clone(),
        mentee_participant_id: vetoed.mentee_participant_id.clone(),
        reason: "they are married".into(),
    };
    world.runs().forbid_pair(forbid).await.expect("forbidden");
    let number =
        (1..=6).find(|n| participant(*n).to_string() == left.mentee_participant_id).expect("a mentee");
    world.withdraw(number, ParticipantRole::Mentee, WithdrawalReason::OwnWish).await;
    world.mentee(7, 3).await;
    world.suite.settle().await;
    // Another seed would give another of many equally good results, were it not for the bonus.
    let again =
        StartMatchRunRequest { previous_run_id: first.run_id.clone(), ..start(MatchMode::MaxTotal, 99) };
    let again = world.finished(again).await;
    assert_eq!((again.state(), again.pairs), (MatchRunState::Completed, 6), "{}", again.failure);
    let rematch = again.rematch.clone().expect("it follows one");
    assert_eq!((&rematch.previous_run_id, rematch.keep_bonus), (&first.run_id, 50));
    let counts = (rematch.favoured, rematch.kept, rematch.moved, rematch.lost, rematch.joined, rematch.left);
    // Only the vetoed one moves: to the place of the one who left, which leaves theirs to the one who joined.
    assert_eq!(counts, (4, 4, 1, 0, 1, 1));
    let kept = world.proposals(&again.run_id).await.iter().filter(|pair| pair.kept).count();
    assert_eq!(kept, 4);
    assert_eq!((again.outcome(), again.gap), (MatchOutcome::Optimal, Some(0)));
    assert_eq!(again.value, again.total_score + 4 * 50, "the bonus counts for the value, not for the score");
    let replay = ReplayMatchRunRequest { run_id: again.run_id.clone() };
    let replay = world.runs().replay_match_run(replay).await.expect("replayed").into_inner();
    assert!(replay.identical && replay.certified);
    let unknown =
        StartMatchRunRequest { previous_run_id: id(5).to_string(), ..start(MatchMode::MaxTotal, 1) };
    assert_eq!(reason(world.runs().start_match_run(unknown).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_run_with_limits_says_how_good_its_result_is() {
    let world = World::with(12, &[1, 2, 3, 1]).await;
    let limited = StartMatchRunRequest {
        gap_limit: 7,
        time_limit: Some(prost_types::Duration { seconds: 0, nanos: 1_000_000 }),
        ..start(MatchMode::MaxTotal, 1)
    };
    let run = world.finished(limited).await;
    assert_eq!((run.state(), run.gap_limit), (MatchRunState::Completed, 7), "{}", run.failure);
    assert_eq!(run.time_limit.map(|limit| limit.nanos), Some(1_000_000));
    assert_eq!(run.gap, Some(run.bound - run.value));
    assert_ne!(run.outcome(), MatchOutcome::Unspecified);
    let replay = ReplayMatchRunRequest { run_id: run.run_id.clone() };
    let replay = world.runs().replay_match_run(replay).await.expect("replayed").into_inner();
    assert!(replay.certified, "also a result that time has cut short holds what it says");
}

#[tokio::test]
async fn a_run_that_cannot_be_solved_says_so_to_everybody() {
    let world = World::by_hand().await;
    let started =
        world.runs().start_match_run(start(MatchMode::MaxTotal, 1)).await.expect("started").into_inner();
    let run_id = started.run.expect("a run").run_id;
    let sql = "update matching.run_record set snapshot = '{}' where run_id = $1::uuid";
    sqlx::query(sql).bind(&run_id).execute(world.suite.sql()).await.expect("spoilt");
    world.suite.settle().await;
    let run = world.get_run(&run_id).await;
    assert_eq!(run.state(), MatchRunState::Failed);
    assert!(run.failure.contains("does not read"), "{}", run.failure);
    let failed = world.suite.events::<MatchRunFailed>().await;
    let told: Vec<_> = failed.iter().map(|event| (&event.run_id, event.cancelled, &event.failure)).collect();
    assert_eq!(told, [(&run_id, false, &run.failure)]);
    assert_eq!(world.suite.parked("matching").await, 0, "another attempt would find the same");
}

#[tokio::test]
async fn a_run_that_is_over_is_not_cancelled() {
    let world = contested().await;
    let run = world.run(MatchMode::MaxTotal, 1).await;
    let cancel = CancelMatchRunRequest { request_id: request_id(), run_id: run.run_id.clone() };
    assert_eq!(reason(world.runs().cancel_match_run(cancel).await), "RUN_STATE");
}

#[tokio::test]
async fn a_cancelled_run_stays_cancelled() {
    let world = World::by_hand().await;
    let started =
        world.runs().start_match_run(start(MatchMode::MaxTotal, 1)).await.expect("started").into_inner();
    let run_id = started.run.expect("a run").run_id;
    assert_eq!(world.get_run(&run_id).await.state(), MatchRunState::Queued);
    let list = ListProposalsRequest { run_id: run_id.clone(), ..ListProposalsRequest::default() };
    assert_eq!(reason(world.runs().list_proposals(list.clone()).await), "RUN_STATE", "no result yet");
    let cancel = CancelMatchRunRequest { request_id: request_id(), run_id: run_id.clone() };
    let cancelled = world.runs().cancel_match_run(cancel.clone()).await.expect("cancelled").into_inner();
    let again = world.runs().cancel_match_run(cancel).await.expect("replayed").into_inner();
    assert_eq!(cancelled, again);
    let watch = WatchMatchRunRequest { run_id: run_id.clone() };
    let stream = world.runs().watch_match_run(watch).await.expect("watched").into_inner();
    let seen: Vec<_> =
        stream.map(|update| update.expect("an update").run.expect("a run").state()).collect().await;
    assert_eq!(seen, [MatchRunState::Cancelled]);
    world.suite.settle().await;
    assert_eq!(world.get_run(&run_id).await.state(), MatchRunState::Cancelled, "the worker leaves it alone");
    assert!(world.suite.events::<MatchRunCompleted>().await.is_empty());
    let failed = world.suite.events::<MatchRunFailed>().await;
    let told: Vec<_> =
        failed.iter().map(|event| (&event.run_id, event.cancelled, event.failure.as_str())).collect();
    assert_eq!(told, [(&run_id, true, "the run was cancelled")]);
    assert_eq!(reason(world.runs().list_proposals(list).await), "RUN_STATE");
    let publish = PublishMatchRunRequest { request_id: request_id(), run_id };
    assert_eq!(reason(world.runs().publish_match_run(publish).await), "RUN_STATE");
}

#[tokio::test]
async fn another_replica_finishes_a_run_whose_process_died() {
    let world = contested().await;
    let first = world.run(MatchMode::MaxTotal, 4).await;
    // As a process leaves it that died while solving: marked, nothing stored, the event comes again.
    let sql = "update matching.run set state = 'solving', result_digest = '' where run_id = $1::uuid";
    sqlx::query(sql).bind(&first.run_id).execute(world.suite.sql()).await.expect("reset");
    for table in ["proposal", "unmatched"] {
        let sql = sqlx::AssertSqlSafe(format!("delete from matching.{table} where run_id = $1::uuid"));
        sqlx::query(sql).bind(&first.run_id).execute(world.suite.sql()).await.expect("reset");
    }
    let replica = world.suite.replica().await;
    let event = MatchRunStarted { run_id: first.run_id.clone(), program_id: program().to_string() };
    world.suite.publish(&event).await;
    world.suite.settle().await;
    let again = world.get_run(&first.run_id).await;
    assert_eq!((again.state(), &again.result_digest), (MatchRunState::Completed, &first.result_digest));
    world.suite.publish(&event).await;
    world.suite.settle().await;
    assert_eq!(world.get_run(&first.run_id).await, again, "the same event once more changes nothing");
    replica.shutdown().await;
}

#[tokio::test]
async fn publishing_proposes_and_skips_what_has_changed() {
    let world = World::with(3, &[1, 1, 1]).await;
    let run = world.run(MatchMode::MaxTotal, 1).await;
    let pairs = world.proposals(&run.run_id).await;
    let mentee = |at: usize| (1..=3).find(|n| participant(*n).to_string() == pairs[at].mentee_participant_id);
    let mentor =
        |at: usize| (101..=103).find(|n| participant(*n).to_string() == pairs[at].mentor_participant_id);
    // The first pair's mentor leaves, the second pair comes into one reporting line.
    world.withdraw(mentor(0).expect("a mentor"), ParticipantRole::Mentor, WithdrawalReason::Leaver).await;
    let (manager, report) = (mentor(1).expect("a mentor"), mentee(1).expect("a mentee"));
    world.suite.publish(&upserted(person(report), &[id(4), person(manager)])).await;
    world.suite.settle().await;
    let request = PublishMatchRunRequest { request_id: request_id(), run_id: run.run_id.clone() };
    let published = world.runs().publish_match_run(request.clone()).await.expect("published").into_inner();
    assert_eq!(published.proposed, 1);
    let skipped: Vec<_> = published.skipped.iter().map(|pair| pair.reason.as_str()).collect();
    assert_eq!(skipped, ["PARTICIPANT_STATE", "PAIR_EXCLUDED"]);
    assert_eq!(published.run.as_ref().map(MatchRun::state), Some(MatchRunState::Published));
    assert_eq!(world.runs().publish_match_run(request).await.expect("replayed").into_inner(), published);
    let again = PublishMatchRunRequest { request_id: request_id(), run_id: run.run_id.clone() };
    assert_eq!(reason(world.runs().publish_match_run(again).await), "RUN_STATE");
    let events = world.suite.events::<MatchProposed>().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].score, pairs[2].score);
    let expires_at = events[0].expires_at.expect("a deadline").seconds;
    assert_eq!(expires_at, testkit::start_of_time().as_second() + 7 * 86_400);
}
