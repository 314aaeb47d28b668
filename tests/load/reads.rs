//! A read by key.

use crate::{
    Plan, compare,
    driver::{self, Line},
    pgbench::Pgbench,
    world::{PROGRAMS, World},
};
use anyhow::Result;
use contracts::mentor::enrollment::v1::{GetProgramRequest, program_service_client::ProgramServiceClient};
use kernel::Role;
use testkit::id;

/// `GetProgram` beside pgbench's own read by key.
pub(crate) async fn report(world: &World, pgbench: &Pgbench, plan: Plan) -> Result<()> {
    let superuser = world.suite.database().url();
    pgbench.initialize(&superuser).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let tokens = vec![world.suite.token(Role::ProgramManager, None)];
        ours.push(driver::per_second(&world.suite.host().url(), tokens, plan.seconds, get).await?);
        theirs.push(pgbench.reads(&superuser, plan.seconds).await?);
    }
    compare("Get by key over gRPC", &ours, "pgbench -n -S -M prepared -c 8 -j 1", &theirs);
    Ok(())
}

/// Programs in an order that looks random: the step shares no factor with their number.
pub(crate) async fn get(line: Line) -> Result<u32> {
    let mut client = ProgramServiceClient::new(line.channel.clone());
    let (mut calls, mut at) = (0, line.number);
    while line.goes_on() {
        at = (at + 15_013) % PROGRAMS;
        let request = GetProgramRequest { program_id: id(u64::from(at)).to_string() };
        client.get_program(line.request(request)).await?;
        calls += 1;
    }
    Ok(calls)
}
