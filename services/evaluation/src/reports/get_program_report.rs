//! The report of a program as of now.

use super::{
    convert,
    months::{self, Month, Span},
    store::{self, Match, Program},
};
use crate::{Evaluation, health::assessment};
use contracts::{
    mentor::evaluation::v1::{
        GetProgramReportRequest, GetProgramReportResponse, HealthMonth, MeetingMonth, ProgramReport,
    },
    time::timestamp,
};
use jiff::Timestamp;
use kernel::{Result, Uuid, parse_id};
use storage::Tx;

pub(crate) async fn handle(
    _: &Evaluation,
    tx: &mut Tx,
    request: GetProgramReportRequest,
) -> Result<GetProgramReportResponse> {
    let id = parse_id("program_id", &request.program_id)?;
    let now = tx.now();
    let program = store::program(tx, id).await?;
    let steps = store::steps(tx, id).await?;
    let matches = store::matches(tx, id).await?;
    let months = months::months(program.begins_at, now);
    let (reviews_opened, reviews_ended) = store::reviews(tx, id).await?;
    let report = ProgramReport {
        program_id: id.to_string(),
        program_name: program.name.clone(),
        as_of: Some(timestamp(now)),
        match_rate_basis_points: convert::basis_points(steps.mentees_matched, steps.mentees_ready),
        leavers: steps.leavers,
        funnel: Some(convert::funnel(program.audience_size, &steps)),
        matches: Some(convert::match_counts(&matches)),
        scores: convert::scores(&matches),
        adherence_basis_points: adherence(&program, &matches, now),
        meetings: meetings(tx, id, &program, &matches, &months).await?,
        health: health(tx, id, &months).await?,
        satisfaction: Some(convert::satisfaction(&store::answers(tx, id).await?)),
        endings: convert::endings(&matches),
        units: convert::units(store::units(tx, id).await?),
        reviews_opened,
        reviews_ended,
    };
    Ok(GetProgramReportResponse { report: Some(report) })
}

/// Held of required over all matches; one pair's surplus does not make up for another's gap.
fn adherence(program: &Program, matches: &[Match], now: Timestamp) -> i32 {
    let (mut counted, mut required) = (0, 0);
    for (span, held) in matches.iter().filter_map(|found| Some((found.span?, found.held))) {
        let days = assessment::days(span.from, span.to.unwrap_or(now));
        let asked = assessment::required(program.meetings_per_month, days);
        required += asked;
        counted += held.min(asked);
    }
    convert::basis_points(counted, required)
}

async fn meetings(
    tx: &mut Tx,
    id: Uuid,
    program: &Program,
    matches: &[Match],
    months: &[Month],
) -> Result<Vec<MeetingMonth>> {
    let spans: Vec<Span> = matches.iter().filter_map(|found| found.span).collect();
    let counted = store::meetings(tx, id).await?;
    Ok(months
        .iter()
        .map(|month| {
            let (held, missed) = counted.get(&month.name).copied().unwrap_or_default();
            let required = months::required_in(month, &spans, program.meetings_per_month);
            MeetingMonth { month: month.name.clone(), required, held, missed }
        })
        .collect())
}

async fn health(tx: &mut Tx, id: Uuid, months: &[Month]) -> Result<Vec<HealthMonth>> {
    let counted = store::health_at(tx, id, months).await?;
    Ok(months
        .iter()
        .map(|month| convert::health_month(&month.name, counted.get(&month.name).map_or(&[], Vec::as_slice)))
        .collect())
}
