//! Periodic work, by the injected clock, in a fixed order.

use super::entry::{BoundJob, Running};
use crate::config::RetentionSection;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, Context, Result, SharedClock, SystemClock};
use metrics::{Counter, counter, gauge, histogram};
use std::{sync::Arc, time::Duration};
use storage::{Database, Retention};
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How often the scheduler looks at the clock: as often as the most frequent job runs.
const TICK: Duration = Duration::from_millis(500);
/// How often the house's own rows are swept.
const SWEEP: Duration = Duration::from_secs(3600);
/// What that is called in logs and audit rows.
const SWEEP_NAME: &str = "sweep";

/// All jobs of all services of a host.
pub(super) struct Jobs {
    clock: SharedClock,
    retention: RetentionSection,
    /// Held during a run, so that runs never overlap in this process.
    lines: Mutex<Vec<Line>>,
}

/// One job and when it last ran. That is not kept over a restart: a job can be run again at any time.
struct Line {
    db: Database,
    work: Work,
    last: Option<Timestamp>,
}

enum Work {
    PerTenant(BoundJob),
    Sweep,
}

impl Line {
    fn every(&self) -> Duration {
        match &self.work {
            Work::PerTenant(job) => job.every,
            Work::Sweep => SWEEP,
        }
    }

    fn name(&self) -> &'static str {
        match &self.work {
            Work::PerTenant(job) => job.name,
            Work::Sweep => SWEEP_NAME,
        }
    }

    /// An increase can be told only of a counter that was there before.
    fn count_from_zero(&self) {
        for outcome in ["ok", "failed"] {
            runs(self.db.service(), self.name(), outcome).increment(0);
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let every = SignedDuration::try_from(self.every()).unwrap_or(SignedDuration::MAX);
        self.last.is_none_or(|last| now.duration_since(last) >= every)
    }
}

impl Jobs {
    pub(super) fn new(
        services: &[Arc<dyn Running>],
        retention: RetentionSection,
        clock: SharedClock,
    ) -> Self {
        let mut lines = Vec::new();
        for service in services {
            let db = service.db();
            let work = service.jobs().into_iter().map(Work::PerTenant).chain([Work::Sweep]);
            lines.extend(work.map(|work| Line { db: db.clone(), work, last: None }));
        }
        lines.iter().filter(|line| matches!(line.work, Work::PerTenant(_))).for_each(Line::count_from_zero);
        Jobs { clock, retention, lines: Mutex::new(lines) }
    }

    /// Runs every job whose time has come, once for each tenant: services in the order of the host, jobs in the
    /// order of their list, tenants in the order of their ids. A failure does not keep the others from running.
    ///
    /// Returns how many runs there were, or the first failure.
    pub(super) async fn run_due(&self) -> Result<u64> {
        let mut lines = self.lines.lock().await;
        let (mut runs, mut failure) = (0, None);
        for line in lines.iter_mut() {
            let now = self.clock.now();
            if !line.is_due(now) {
                continue;
            }
            match self.run(line, now).await {
                Ok((count, failed)) => {
                    runs += count;
                    line.last = Some(now);
                    match failed {
                        None => succeeded(line.db.service(), line.name()),
                        Some(error) => failure = failure.or(Some(error)),
                    }
                }
                // The database is away: due again at the next look.
                Err(error) => {
                    tracing::warn!(service = line.db.service(), job = line.name(), error = %error, "the job could not start");
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(runs), Err)
    }

    /// How many runs there were, and the first of them that failed.
    async fn run(&self, line: &Line, now: Timestamp) -> Result<(u64, Option<Box<kernel::Error>>)> {
        let job = match &line.work {
            Work::PerTenant(job) => job,
            Work::Sweep => {
                self.sweep(&line.db, now).await?;
                return Ok((1, None));
            }
        };
        let tenants = line.db.tenants().await?;
        let (runs, mut failure) = (u64::try_from(tenants.len()).unwrap_or(u64::MAX), None);
        for tenant in tenants {
            let ctx = Context::system(tenant, line.db.service(), job.name, now, self.clock.new_id());
            if let Err(error) = run_one(job, line.db.service(), &ctx).await {
                failure.get_or_insert(error);
            }
        }
        Ok((runs, failure))
    }

    /// Looks at the clock until stopped. A run that has begun is finished.
    pub(super) async fn schedule(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
            // Failures are logged where they happen.
            let _ = self.run_due().await;
        }
    }
}

/// By the machine's clock, as alerts reckon.
fn succeeded(service: &'static str, job: &'static str) {
    gauge!("mentor_job_last_success_timestamp_seconds", "service" => service, "job" => job)
        .set(SystemClock.now().as_second() as f64);
}

fn runs(service: &'static str, job: &'static str, outcome: &'static str) -> Counter {
    counter!("mentor_job_runs_total", "service" => service, "job" => job, "outcome" => outcome)
}

/// Counts a run, inside its span: that is where exemplars learn the trace.
fn count(service: &'static str, job: &'static str, took: Duration, well: bool) {
    let outcome = if well { "ok" } else { "failed" };
    runs(service, job, outcome).increment(1);
    histogram!("mentor_job_seconds", "service" => service, "job" => job).record(took.as_secs_f64());
}

async fn run_one(job: &BoundJob, service: &'static str, ctx: &Context) -> Result<()> {
    let began = Instant::now();
    let span = tracing::info_span!("job", service, job = job.name, tenant = %ctx.tenant(), request.id = %ctx.correlation);
    let result = (job.run)(ctx.clone()).instrument(span.clone()).await;
    span.in_scope(|| count(service, job.name, began.elapsed(), result.is_ok()));
    if let Err(error) = &result {
        let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::error!(
            service, job = job.name, tenant = %ctx.tenant(), request.id = %ctx.correlation,
            error = %error, error.cause = cause, "the job failed"
        );
    }
    result
}

impl Jobs {
    /// Deletes rows of the house that have served their time.
    async fn sweep(&self, db: &Database, now: Timestamp) -> Result<()> {
        let before = |keep: Duration| now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        let keep = &self.retention;
        let retention = Retention {
            outbox: before(keep.outbox),
            inbox: before(keep.inbox),
            idempotency: before(keep.idempotency),
        };
        let purged = db.purge(&retention).await?;
        let audit =
            if keep.audit.is_zero() { 0 } else { self.sweep_audit(db, now, before(keep.audit)).await? };
        tracing::debug!(
            service = db.service(),
            outbox = purged.outbox,
            inbox = purged.inbox,
            idempotency = purged.idempotency,
            audit,
            "old rows were deleted"
        );
        Ok(())
    }

    /// Tenant by tenant, since each trail says what was deleted from it.
    async fn sweep_audit(&self, db: &Database, now: Timestamp, before: Timestamp) -> Result<u64> {
        let mut gone = 0;
        for tenant in db.tenants().await? {
            let ctx = Context::system(tenant, db.service(), SWEEP_NAME, now, self.clock.new_id());
            gone += db.purge_audit(&ctx, before).await?;
        }
        Ok(gone)
    }
}
