//! Pins, forbids, failed pairs.

use crate::world::{World, participant, person, program, reason, request_id, upserted};
use contracts::mentor::matching::v1::*;
use testkit::id;
use tonic::Status;

async fn pin(world: &World, mentee: u64, mentor: u64) -> Result<PairRule, Status> {
    let request = PinPairRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        mentor_participant_id: participant(mentor).to_string(),
        mentee_participant_id: participant(mentee).to_string(),
        reason: "they asked for it".into(),
    };
    Ok(world.runs().pin_pair(request).await?.into_inner().rule.expect("a rule"))
}

async fn forbid(world: &World, mentee: u64, mentor: u64) -> Result<PairRule, Status> {
    let request = ForbidPairRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        mentor_participant_id: participant(mentor).to_string(),
        mentee_participant_id: participant(mentee).to_string(),
        reason: "a former conflict".into(),
    };
    Ok(world.runs().forbid_pair(request).await?.into_inner().rule.expect("a rule"))
}

async fn unpin(world: &World, mentee: u64, mentor: u64) -> Result<UnpinPairResponse, Status> {
    let request = UnpinPairRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        mentor_participant_id: participant(mentor).to_string(),
        mentee_participant_id: participant(mentee).to_string(),
    };
    Ok(world.runs().unpin_pair(request).await?.into_inner())
}

async fn allow(world: &World, mentee: u64, mentor: u64) -> Result<AllowPairResponse, Status> {
    let request = AllowPairRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        mentor_participant_id: participant(mentor).to_string(),
        mentee_participant_id: participant(mentee).to_string(),
    };
    Ok(world.runs().allow_pair(request).await?.into_inner())
}

async fn kinds(world: &World) -> Vec<PairRuleKind> {
    let request =
        ListPairRulesRequest { program_id: program().to_string(), ..ListPairRulesRequest::default() };
    let listed = world.runs().list_pair_rules(request).await.expect("listed").into_inner();
    listed.rules.iter().map(PairRule::kind).collect()
}

#[tokio::test]
async fn a_pinned_pair_is_in_every_result_and_a_forbidden_one_in_none() {
    let world = World::new().await;
    world.mentee(1, 5).await;
    world.mentee(2, 1).await;
    world.mentor(101, 1, 5).await;
    world.mentor(102, 1, 1).await;
    world.suite.settle().await;
    pin(&world, 1, 102).await.expect("pinned");
    let run = world.run(MatchMode::MaxTotal, 1).await;
    let pairs = world.proposals(&run.run_id).await;
    let pinned: Vec<_> =
        pairs.iter().filter(|pair| pair.pinned).map(|pair| &pair.mentor_participant_id).collect();
    assert_eq!(pinned, [&participant(102).to_string()]);
    unpin(&world, 1, 102).await.expect("taken back");
    for mentor in [101, 102] {
        forbid(&world, 1, mentor).await.expect("forbidden");
    }
    assert_eq!(kinds(&world).await, [PairRuleKind::Forbidden, PairRuleKind::Forbidden]);
    let run = world.run(MatchMode::MaxTotal, 1).await;
    assert_eq!((run.pairs, run.unmatched), (1, 1));
    let why =
        ExplainUnmatchedRequest { run_id: run.run_id, mentee_participant_id: participant(1).to_string() };
    let why = world.runs().explain_unmatched(why).await.expect("explained").into_inner();
    assert_eq!(why.reason(), UnmatchedReason::NoFeasibleMentor);
    assert_eq!(why.rules, [RuleCount { rule: HardRule::Forbidden.into(), mentors: 2 }]);
    allow(&world, 1, 101).await.expect("allowed again");
    assert_eq!(world.run(MatchMode::MaxTotal, 1).await.pairs, 2);
}

#[tokio::test]
async fn contradictions_are_refused() {
    let world = World::with(3, &[1, 2]).await;
    forbid(&world, 1, 101).await.expect("forbidden");
    assert_eq!(reason(pin(&world, 1, 101).await), "PIN_CONTRADICTS");
    pin(&world, 1, 102).await.expect("pinned");
    pin(&world, 1, 102).await.expect("pinned once more");
    assert_eq!(reason(forbid(&world, 1, 102).await), "PIN_CONTRADICTS");
    pin(&world, 2, 101).await.expect("pinned");
    assert_eq!(reason(pin(&world, 2, 102).await), "PIN_CONTRADICTS", "a second mentor");
    pin(&world, 3, 101).await.expect("each pin for itself is fine");
    let start = crate::world::start(MatchMode::MaxTotal, 1);
    assert_eq!(reason(world.runs().start_match_run(start).await), "PIN_CONTRADICTS", "one place, two pins");
    unpin(&world, 3, 101).await.expect("taken back");
    assert_eq!(reason(unpin(&world, 3, 101).await), "NOT_FOUND");
    assert_eq!(reason(allow(&world, 3, 101).await), "NOT_FOUND");
    assert_eq!(reason(pin(&world, 9, 101).await), "NOT_FOUND");
    assert_eq!(reason(pin(&world, 101, 1).await), "NOT_FOUND", "sides exchanged");
    world.suite.publish(&upserted(person(3), &[id(4), person(101)])).await;
    world.suite.settle().await;
    assert_eq!(reason(pin(&world, 3, 101).await), "PIN_CONTRADICTS", "a reporting line");
}

#[tokio::test]
async fn a_pair_with_an_open_match_is_not_forbidden_and_an_excluded_pair_not_matched() {
    let world = World::with(1, &[1]).await;
    let matches = world.matched().await;
    assert_eq!(reason(forbid(&world, 1, 101).await), "MATCH_STATE");
    // The last word is the database's, whatever code forgets to look.
    let sql = "update matching.pair set kind = 'forbidden'";
    let refused =
        sqlx::query(sql).execute(world.suite.sql()).await.expect_err("the match refers to the pair");
    assert!(refused.to_string().contains("match_pair_allowed"), "{refused}");
    world.decline(1, &matches[0]).await.expect("declined");
    assert_eq!(kinds(&world).await, [PairRuleKind::Failed]);
    let sql = "update matching.match set state = 'proposed', ended_at = null";
    let refused = sqlx::query(sql).execute(world.suite.sql()).await.expect_err("the pair has failed");
    assert!(refused.to_string().contains("match_pair_allowed"), "{refused}");
    allow(&world, 1, 101).await.expect("allowed again");
    forbid(&world, 1, 101).await.expect("no open match any more");
}
