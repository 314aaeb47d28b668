//! Takes people in from the HRIS: reads everything, plans on the whole directory, writes in one transaction.

use super::{
    convert::{problem_out, raw, summary_out},
    csv_file,
    plan::{self, Options, Plan},
    row::Reading,
    store,
};
use crate::{
    Enrollment, events,
    feed::{self, Feed},
};
use contracts::mentor::enrollment::v1::{
    ImportMode, ImportOptions, ImportPeopleRequest, ImportPeopleResponse, ImportProgress, ImportSummary,
    PersonRow, RowResult, import_people_request::Part, import_people_response::Part as Answer,
};
use futures::StreamExt;
use grpc::{RequestStream, ResponseStream};
use kernel::{Context, Error, ErrorKind, Result, SharedClock};
use prost::Message;
use storage::{Audit, Mutation, Tx};

/// The whole import, by which a repeated one is recognised.
#[derive(Clone, PartialEq, Message)]
struct Import {
    #[prost(message, optional, tag = "1")]
    options: Option<ImportOptions>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<PersonRow>,
    #[prost(bytes = "vec", tag = "3")]
    csv: Vec<u8>,
}

/// What a repeated import answers again.
#[derive(Clone, PartialEq, Message)]
struct Outcome {
    #[prost(message, repeated, tag = "1")]
    problems: Vec<RowResult>,
    #[prost(message, optional, tag = "2")]
    summary: Option<ImportSummary>,
}

pub(crate) async fn handle(
    service: Enrollment,
    ctx: Context,
    requests: RequestStream<ImportPeopleRequest>,
) -> Result<ResponseStream<ImportPeopleResponse>> {
    Ok(feed::stream(move |feed| async move {
        let (options, import) = receive(&service, requests, &feed).await?;
        let outcome = run(&service, &ctx, &options, import, &feed).await?;
        for problem in outcome.problems {
            feed.send(ImportPeopleResponse { part: Some(Answer::Row(problem)) }).await?;
        }
        feed.send(ImportPeopleResponse { part: outcome.summary.map(Answer::Summary) }).await
    }))
}

/// Reads the stream to its end.
async fn receive(
    service: &Enrollment,
    mut requests: RequestStream<ImportPeopleRequest>,
    feed: &Feed<ImportPeopleResponse>,
) -> Result<(ImportOptions, Import)> {
    let mut import = Import::default();
    let (mut bytes, mut rows_read) = (0, 0);
    while let Some(request) = requests.next().await {
        let request = request.map_err(grpc::from_status)?;
        bytes += request.encoded_len();
        if bytes > service.settings.import_max_bytes {
            let limit = service.settings.import_max_bytes >> 20;
            return Err(invalid(format!("the import is larger than {limit} MiB")));
        }
        match (request.part, &import.options) {
            (Some(Part::Options(options)), None) => import.options = Some(options),
            (Some(Part::Options(_)), Some(_)) => return Err(Error::field("options", "must be sent once")),
            (_, None) => return Err(Error::field("options", "must be the first message")),
            (Some(Part::Rows(rows)), _) if import.csv.is_empty() => {
                rows_read += rows.rows.len();
                import.rows.extend(rows.rows);
            }
            (Some(Part::CsvChunk(chunk)), _) if import.rows.is_empty() => {
                rows_read += chunk.iter().filter(|byte| **byte == b'\n').count();
                import.csv.extend(chunk);
            }
            (Some(_), _) => return Err(Error::field("rows", "must not be mixed with csv_chunk")),
            (None, _) => return Err(Error::field("part", "must be options, rows or csv_chunk")),
        }
        progress(feed, "reading", rows_read).await?;
    }
    let options =
        import.options.clone().ok_or_else(|| Error::field("options", "must be the first message"))?;
    progress(feed, "checking", rows_read).await?;
    Ok((options, import))
}

/// Says how far it is. Before a CSV file is parsed its lines stand for its rows.
async fn progress(feed: &Feed<ImportPeopleResponse>, step: &str, rows_read: usize) -> Result<()> {
    let rows_read = i64::try_from(rows_read).unwrap_or(i64::MAX);
    let progress = ImportProgress { step: step.to_owned(), rows_read };
    feed.send(ImportPeopleResponse { part: Some(Answer::Progress(progress)) }).await
}

/// Does it, or says what would be done, or says again what was done.
async fn run(
    service: &Enrollment,
    ctx: &Context,
    options: &ImportOptions,
    import: Import,
    feed: &Feed<ImportPeopleResponse>,
) -> Result<Outcome> {
    if options.dry_run {
        let mut tx = service.db.read(ctx).await?;
        let plan = decide(service, &mut tx, options, import).await?;
        tx.commit().await?;
        return Ok(outcome(plan, true));
    }
    match service.db.mutation::<Import, Outcome>(ctx, &options.request_id, &import).await? {
        Mutation::Replayed(outcome) => Ok(outcome),
        Mutation::Open(mut tx) => {
            let before = tx.savepoint().await?;
            store::lock_import(&mut tx).await?;
            let plan = match decide(service, &mut tx, options, import).await {
                Ok(plan) => plan,
                Err(refused) => {
                    // The lock goes before the answer: who tries again at once finds it free.
                    tx.rollback_to(before).await?;
                    return Err(refused);
                }
            };
            progress(feed, "writing", usize::try_from(plan.summary.rows).unwrap_or_default()).await?;
            write(&mut tx, options, &plan).await?;
            let returned = plan.returned.clone();
            let outcome = outcome(plan, false);
            tx.commit_with(&outcome).await?;
            for person in returned {
                service.deactivated.remove(ctx.tenant(), person).await;
            }
            Ok(outcome)
        }
    }
}

/// Reads the rows and plans, off the async threads: a large organisation takes a while.
async fn decide(service: &Enrollment, tx: &mut Tx, options: &ImportOptions, import: Import) -> Result<Plan> {
    let known = store::everybody(tx).await?;
    let limits = plan_options(service, options);
    let max_rows = service.settings.import_max_rows;
    let clock: SharedClock = service.db.clock().clone();
    let work = move || plan::plan(&known, read(&import, max_rows)?, limits, || clock.new_id());
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn plan_options(service: &Enrollment, options: &ImportOptions) -> Options {
    let max_percent = match options.max_deactivation_percent {
        0 => service.settings.max_deactivation_percent,
        percent => percent,
    };
    Options {
        snapshot: options.mode == i32::from(ImportMode::Snapshot),
        confirmed: options.confirm_mass_deactivation,
        max_percent: i64::from(max_percent),
    }
}

fn read(import: &Import, max_rows: usize) -> Result<Reading> {
    if import.rows.is_empty() {
        return csv_file::read(&import.csv, max_rows);
    }
    if import.rows.len() > max_rows {
        return Err(invalid(format!("the import has more than {max_rows} rows")));
    }
    let mut reading = Reading::default();
    for (number, row) in (1..).zip(&import.rows) {
        reading.take(number, &raw(row));
    }
    Ok(reading)
}

async fn write(tx: &mut Tx, options: &ImportOptions, plan: &Plan) -> Result<()> {
    store::upsert(tx, &plan.upserts).await?;
    store::deactivate(tx, &plan.leavers).await?;
    for person in &plan.upserts {
        events::person_upserted(tx, person);
    }
    for leaver in &plan.leavers {
        events::person_deactivated(tx, *leaver);
    }
    let s = &plan.summary;
    let mode = if options.mode == i32::from(ImportMode::Snapshot) { "snapshot" } else { "delta" };
    tx.audit(Audit::of("import", &options.request_id).because(format!(
        "{mode} from '{}': {} rows, {} created, {} updated, {} reactivated, {} deactivated, {} rejected",
        options.source.replace('\0', ""),
        s.rows,
        s.created,
        s.updated,
        s.reactivated,
        s.deactivated,
        s.rejected
    )));
    Ok(())
}

fn outcome(plan: Plan, dry_run: bool) -> Outcome {
    let summary = summary_out(&plan.summary, plan.problems.count, dry_run);
    Outcome { problems: plan.problems.told.into_iter().map(problem_out).collect(), summary: Some(summary) }
}

fn invalid(message: String) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "FILE_INVALID", message)
}
