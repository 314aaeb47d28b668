//! Answers from the stored record of a match run.

use crate::{median, number, world::World};
use anyhow::{Context, Result, ensure};
use contracts::mentor::matching::v1::{run_service_client::RunServiceClient, *};
use grpc::Channel;
use kernel::Role;
use std::time::Instant;
use tests::seekers;

/// A program of some size: more seek than there are mentors.
const MENTEES: u32 = 600;
const MENTORS: u32 = 500;

/// Times, one call after another, why pairs were made, why others were not, and why mentees are left over.
pub(crate) async fn report(world: &World) -> Result<()> {
    seekers::insert(world.suite.sql(), world.suite.tenant, MENTEES, MENTORS).await;
    let mut client = RunServiceClient::new(world.suite.acting(Role::ProgramManager, None));
    let run_id = solved(world, &mut client).await?;
    let request = ListProposalsRequest { run_id: run_id.clone(), page_size: 1_000, ..Default::default() };
    let proposals = client.list_proposals(request).await?.into_inner().proposals;
    let request = ListUnmatchedRequest { run_id: run_id.clone(), page_size: 1_000, ..Default::default() };
    let unmatched = client.list_unmatched(request).await?.into_inner().mentees;
    ensure!(!proposals.is_empty() && !unmatched.is_empty(), "the run has pairs and leaves mentees over");

    let rounds = usize::try_from(number("ROUNDS", 5)?)? * 20;
    let (mut why, mut why_not, mut left_over) = (Vec::new(), Vec::new(), Vec::new());
    let others = proposals.iter().cycle().skip(1);
    for ((pair, other), unmatched) in
        proposals.iter().cycle().zip(others).zip(unmatched.iter().cycle()).take(rounds)
    {
        let explain = |mentor: &Proposal| ExplainPairRequest {
            run_id: run_id.clone(),
            mentor_participant_id: mentor.mentor_participant_id.clone(),
            mentee_participant_id: pair.mentee_participant_id.clone(),
        };
        why.push(milliseconds(client.explain_pair(explain(pair))).await?);
        why_not.push(milliseconds(client.explain_pair(explain(other))).await?);
        let request = ExplainUnmatchedRequest {
            run_id: run_id.clone(),
            mentee_participant_id: unmatched.mentee_participant_id.clone(),
        };
        left_over.push(milliseconds(client.explain_unmatched(request)).await?);
    }
    for (what, times) in [("why a pair", &why), ("why not a pair", &why_not), ("why left over", &left_over)] {
        println!("{what}, run of {MENTEES} x {MENTORS}: {:.2} ms", median(times));
    }
    Ok(())
}

async fn solved(world: &World, client: &mut RunServiceClient<Channel>) -> Result<String> {
    let request = StartMatchRunRequest {
        request_id: crate::world::request_id(),
        program_id: seekers::PROGRAM.to_string(),
        mode: MatchMode::MaxCardinality.into(),
        ..StartMatchRunRequest::default()
    };
    let run_id = client.start_match_run(request).await?.into_inner().run.context("no run")?.run_id;
    world.suite.settle().await;
    Ok(run_id)
}

async fn milliseconds<T>(call: impl Future<Output = Result<T, tonic::Status>>) -> Result<f64> {
    let begun = Instant::now();
    call.await?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}
