//! Runs the runs: takes those that wait, page by page, and lets another process go on where this one stopped.

use super::{
    apply::{self, Seen},
    connector::{Ask, Connector, MAX_CURSOR},
    connectors::{self, Means, file::File, folder::Looks},
    convert::{mapping_in, mode_in, settings},
    employee::Fault,
    fetch::{self, Place},
    run::{Mode, Run, State},
    secrets::Secrets,
    source::Source,
    store::{self, employees, files, runs, told},
    telemetry::{self, Ages},
};
use crate::{Gateway, events};
use contracts::mentor::gateway::v1 as wire;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use kernel::{Context, Error, ErrorKind, Result, TenantId, Uuid};
use prost::Message;
use std::{sync::Arc, time::Duration};
use storage::{Audit, Tx};
use tokio::sync::Semaphore;

/// Records of one page, which is one commit.
const PAGE: usize = 500;
/// Days after which everybody is read again where a source tells changes.
const FULL_HOURS: i64 = 7 * 24;
/// Bytes of the file of rows to correct that are written beside a folder's files.
const MAX_REJECTED: usize = 16 << 20;

/// What one process knows of its runs.
#[derive(Clone)]
pub(crate) struct Runner {
    worker: Uuid,
    free: Arc<Semaphore>,
    pub(crate) looks: Looks,
    pub(crate) ages: Ages,
}

impl Runner {
    /// A process that has so many runs under way at once.
    pub(crate) fn new(worker: Uuid, runs: usize) -> Runner {
        Runner {
            worker,
            free: Arc::new(Semaphore::new(runs.max(1))),
            looks: Looks::default(),
            ages: Ages::default(),
        }
    }
}

/// Takes runs of a tenant that wait, as many as this process has room for, and works on them in the background.
pub(crate) async fn take_up(service: &Gateway, ctx: &Context) -> Result<()> {
    while let Ok(room) = service.runner.free.clone().try_acquire_owned() {
        let mut tx = service.db.write(ctx).await?;
        let (now, worker) = (service.db.clock().now(), service.runner.worker);
        let Some(run) = runs::claim(&mut tx, worker, now, lease(service, now)).await? else {
            return Ok(());
        };
        let source = store::find(&mut tx, run.source).await?;
        tx.commit().await?;
        let (service, tenant) = (service.clone(), ctx.tenant());
        tokio::spawn(async move {
            let id = run.id;
            let work = Work { service, tenant, source, run };
            if let Err(error) = work.go().await {
                // The lease ends, and the run goes on elsewhere.
                let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(run.id = %id, error = %error, error.cause = cause, "a sync run was left");
            }
            drop(room);
        });
    }
    Ok(())
}

fn lease(service: &Gateway, now: Timestamp) -> Timestamp {
    let seconds = i64::from(service.settings.sync.lease_seconds.max(3));
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// A run at work.
struct Work {
    service: Gateway,
    tenant: TenantId,
    source: Source,
    run: Run,
}

/// Why the work stopped.
enum Stop {
    /// The source's fault: the run rests or fails.
    Source(Box<Error>),
    /// Ours, or the database's: the run is left as it was committed.
    House(Box<Error>),
    /// The run is not this process's any more: cancelled, or taken over.
    Lost,
}

impl From<Box<Error>> for Stop {
    fn from(error: Box<Error>) -> Stop {
        Stop::House(error)
    }
}

impl Work {
    async fn go(mut self) -> Result<()> {
        match self.work().await {
            Ok(()) | Err(Stop::Lost) => Ok(()),
            Err(Stop::House(error)) => Err(error),
            Err(Stop::Source(error)) => self.stumble(&error).await,
        }
    }

    async fn work(&mut self) -> Result<(), Stop> {
        tracing::info!(run.id = %self.run.id, source.kind = self.source.kind, "a sync run goes on");
        if !self.run.leaving {
            let Some(mut connector) = self.open().await? else { return Ok(()) };
            self.read(connector.as_mut()).await?;
        }
        self.let_leave().await?;
        self.finish().await
    }

    /// The source gave no answer, or one that makes no sense.
    async fn stumble(&mut self, error: &Error) -> Result<()> {
        let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(run.id = %self.run.id, error = %error, error.cause = cause, "a source did not do its part");
        let (now, most) = (self.now(), self.service.settings.sync.attempts);
        match error.kind {
            ErrorKind::Unavailable | ErrorKind::ResourceExhausted => self.run.rest(error, most, now),
            _ => self.run.finish(State::Failed, error.message.to_string(), now),
        }
        let mut tx = self.begin().await?;
        if self.run.state == State::Failed {
            tx.audit(Audit::of("sync_run", self.run.id).because("failed"));
            told::drop_pages(&mut tx, self.run.id).await?;
        }
        if runs::save(&mut tx, &self.run, Some((self.service.runner.worker, now))).await? {
            tx.commit().await?;
            if self.run.state == State::Failed {
                self.count();
            }
        }
        Ok(())
    }

    fn count(&self) {
        telemetry::stopped(&self.source, &self.run, self.now());
    }

    /// Opens the source; for files, takes the next over first. `None` when there is nothing to do.
    async fn open(&mut self) -> Result<Option<Box<dyn Connector>>, Stop> {
        let settings = settings(&self.source)?;
        let means = self.means();
        if self.run.pages == 0 && self.run.cursor.is_none() {
            self.run.since = self.since(&settings);
        }
        let Some(own) = connectors::csv(&settings) else {
            let opened = self.alive(connectors::open(&settings, &means)).await?;
            return opened.map(Some).map_err(Stop::Source);
        };
        if self.run.file.is_none() && !self.fetch(&settings, &means).await? {
            return Ok(None);
        }
        let file = self.file(own, &means).await?;
        self.run.header.clone_from(&file.header);
        Ok(Some(Box::new(file)))
    }

    /// The file of the run, read.
    async fn file(&mut self, own: wire::CsvSettings, means: &Means) -> Result<File, Stop> {
        let csv = match &self.run.csv {
            Some(bytes) => wire::CsvSettings::decode(bytes.as_slice()).map_err(Error::internal)?,
            None => own.clone(),
        };
        let mapping = match csv.mapping.as_slice() {
            [] => None,
            rules => Some(mapping_in("csv", rules).map_err(Stop::Source)?),
        };
        let mode =
            [self.run.mode, mode_in(csv.mode), mode_in(own.mode)].into_iter().find(|mode| *mode != Mode::Own);
        let whole = mode != Some(Mode::Delta);
        let mut tx = self.read_only().await?;
        let bytes = match self.run.file {
            Some(file) => files::bytes(&mut tx, file).await?,
            None => Vec::new(),
        };
        tx.commit().await?;
        let (today, most) = (means.now.to_zoned(TimeZone::UTC).date(), means.settings.sync.max_rows);
        // Off the async threads: a large file takes a while.
        let reading = tokio::task::spawn_blocking(move || File::read(&bytes, mapping, whole, today, most));
        self.alive(reading).await?.map_err(Error::internal)?.map_err(Stop::Source)
    }

    /// From where to ask for changes; `None` for everybody.
    fn since(&self, settings: &wire::SourceSettings) -> Option<String> {
        if self.run.mode == Mode::Snapshot {
            return None;
        }
        let hours = match &settings.kind {
            Some(wire::source_settings::Kind::Ldap(ldap)) if ldap.full_hours > 0 => {
                i64::from(ldap.full_hours)
            }
            Some(wire::source_settings::Kind::Ldap(_)) => 24,
            _ => FULL_HOURS,
        };
        let fresh = |full: Timestamp| self.now().duration_since(full) < SignedDuration::from_hours(hours);
        let full = self.source.full_at.is_some_and(fresh) || self.run.mode == Mode::Delta;
        self.source.mark.clone().filter(|_| full)
    }

    /// Takes the next file over; `false` when there is none, and the run has ended.
    async fn fetch(&mut self, settings: &wire::SourceSettings, means: &Means) -> Result<bool, Stop> {
        let looks = self.service.runner.looks.clone();
        let source = self.source.clone();
        let place = self.alive(Place::open(&source, settings, means, &looks)).await?.map_err(Stop::Source)?;
        let Some(mut place) = place else {
            let error = Error::precondition("SOURCE_INVALID", "no file was handed over for this run");
            return Err(Stop::Source(error));
        };
        let names = self.alive(place.ready()).await?.map_err(Stop::Source)?;
        let mut known = 0;
        for (at, name) in names.iter().enumerate() {
            let Some(found) = self.alive(place.read(name)).await?.map_err(Stop::Source)? else { continue };
            let mut tx = self.begin().await?;
            let stored = fetch::keep(&mut tx, &self.source, &found).await?;
            let took = runs::took(&mut tx, stored.id, self.run.id).await?;
            if !took {
                self.run.file = Some(stored.id);
                self.run.file_name.clone_from(&found.name);
                self.run.more = at + 1 < names.len();
            }
            self.save(tx).await?;
            if !self.run.dry {
                place.put_away(name, &self.run).await.map_err(Stop::Source)?;
            }
            if !took {
                return Ok(true);
            }
            known += 1;
        }
        let message = match known {
            0 => "there was no new file".to_owned(),
            1 => "the file was taken before; it was put away".to_owned(),
            n => format!("{n} files were taken before; they were put away"),
        };
        self.run.finish(State::Succeeded, message, self.now());
        let tx = self.begin().await?;
        self.save(tx).await?;
        self.count();
        Ok(false)
    }

    /// Reads page after page, a commit each.
    async fn read(&mut self, connector: &mut dyn Connector) -> Result<(), Stop> {
        let mut seen = Seen::new();
        let mut tx = self.read_only().await?;
        apply::remember(&mut seen, told::seen(&mut tx, self.run.id).await?);
        tx.commit().await?;
        let ask = Ask { since: self.run.since.clone(), page_size: PAGE };
        loop {
            let cursor = self.run.cursor.clone();
            let page = self.alive(connector.page(&ask, cursor.as_deref())).await?.map_err(Stop::Source)?;
            let (next, complete, mark) = (page.next.clone(), page.complete, page.mark.clone());
            if [&next, &mark].into_iter().flatten().any(|text| text.len() > MAX_CURSOR) {
                let error = Error::precondition(
                    "SOURCE_INVALID",
                    "the source names its next page with too many letters",
                );
                return Err(Stop::Source(error));
            }
            if next.is_some() && next == cursor {
                let error =
                    Error::precondition("SOURCE_INVALID", "the source names the same page as its next again");
                return Err(Stop::Source(error));
            }
            let mut tx = self.begin().await?;
            let named = apply::page(&mut tx, &self.source, &mut self.run, &seen, page).await?;
            apply::remember(&mut seen, named);
            self.run.cursor = next;
            self.run.attempts = 0;
            self.run.message.clear();
            let last = self.run.cursor.is_none();
            if last {
                self.run.leaving = true;
                self.run.complete = complete;
                self.run.mark = mark;
                self.run.mode = if complete { Mode::Snapshot } else { Mode::Delta };
                self.doubt(&mut tx).await?;
            }
            self.save(tx).await?;
            if last {
                return Ok(());
            }
        }
    }

    /// Says that nobody is taken for absent, where that can't be told.
    async fn doubt(&mut self, tx: &mut Tx) -> Result<()> {
        if !self.run.complete || !self.run.doubtful {
            return Ok(());
        }
        let message =
            "a record could not be read, so nobody was taken for absent; correct it and run again".to_owned();
        apply::tell(tx, &mut self.run, vec![Fault { message, ..Fault::default() }]).await
    }

    /// Lets those leave whom the run named as leavers or, where it named everybody, did not name.
    async fn let_leave(&mut self) -> Result<(), Stop> {
        let absent = self.run.complete && !self.run.doubtful;
        let mut tx = self.begin().await?;
        let of = (self.source.id, self.run.id);
        let leavers = employees::leavers(&mut tx, of, absent, i64::MAX).await?;
        let leaving = i64::try_from(leavers.len()).unwrap_or(i64::MAX);
        let active = employees::active(&mut tx, self.source.id).await?;
        let many = self.run.must_ask(leaving, active, self.source.guard());
        if many || self.run.dry {
            let change = |(id, _): &(String, Uuid)| told::Change {
                external_id: id.clone(),
                kind: "leaves".to_owned(),
                fields: Vec::new(),
            };
            let changes: Vec<told::Change> = leavers.iter().map(change).collect();
            told::add_changes(&mut tx, self.run.id, &changes).await?;
        }
        let warning = format!(
            "{leaving} of {active} people ({} %) would leave, over the limit of {} %",
            leaving.saturating_mul(100) / active.max(1),
            self.source.guard()
        );
        if self.run.dry {
            self.run.counts.deactivated = leaving;
            if many {
                self.run.message = format!("{warning}: the run for good will wait for confirmation");
            }
            return self.save(tx).await;
        }
        if many {
            self.run.state = State::Awaiting;
            self.run.message = format!("{warning}: confirm the run to go on, or cancel it");
            tx.audit(
                Audit::of("sync_run", self.run.id).because("waits for confirmation of a mass deactivation"),
            );
            self.save(tx).await?;
            self.count();
            return Err(Stop::Lost);
        }
        self.run.confirmed = true;
        self.save(tx).await?;
        for leavers in leavers.chunks(PAGE) {
            let mut tx = self.begin().await?;
            let ids: Vec<String> = leavers.iter().map(|(id, _)| id.clone()).collect();
            employees::leave(&mut tx, self.source.id, &ids).await?;
            for (id, person) in leavers {
                events::employee_deprovisioned(&mut tx, *person, &self.source.id_prefix, id);
            }
            self.run.counts.deactivated += i64::try_from(leavers.len()).unwrap_or_default();
            self.save(tx).await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Stop> {
        self.put_rejected().await?;
        let (now, counts) = (self.now(), self.run.counts);
        let message = match (self.run.message.is_empty(), counts.rejected) {
            (false, _) => self.run.message.clone(),
            (true, 0) => String::new(),
            (true, 1) => "1 record was left out".to_owned(),
            (true, n) => format!("{n} records were left out"),
        };
        self.run.finish(State::Succeeded, message, now);
        let mut tx = self.begin().await?;
        if !self.run.dry {
            // Who was left out is asked for again: the mark stays before them.
            let mark = self.run.mark.as_deref().filter(|_| counts.rejected == 0);
            let full = self.run.complete.then_some(now);
            store::remember(&mut tx, self.source.id, mark, full).await?;
        }
        told::drop_pages(&mut tx, self.run.id).await?;
        tx.audit(Audit::of("sync_run", self.run.id).because(format!(
            "{} read, {} created, {} updated, {} reactivated, {} deactivated, {} unchanged, {} left out{}",
            counts.read,
            counts.created,
            counts.updated,
            counts.reactivated,
            counts.deactivated,
            counts.unchanged,
            counts.rejected,
            if self.run.dry { ", nothing written" } else { "" }
        )));
        let again = self.run.more && !self.run.dry;
        let next = Run { automatic: true, ..Run::queued(tx.new_id(), self.source.id, now) };
        if !runs::save(&mut tx, &self.run, Some((self.service.runner.worker, now))).await? {
            return Err(Stop::Lost);
        }
        if again {
            runs::insert(&mut tx, &next).await?;
        }
        tx.commit().await?;
        self.count();
        tracing::info!(run.id = %self.run.id, read = counts.read, rejected = counts.rejected, "a sync run has ended");
        Ok(())
    }

    /// Beside a folder's files: the rows to correct.
    async fn put_rejected(&mut self) -> Result<(), Stop> {
        let settings = settings(&self.source)?;
        let Some(wire::source_settings::Kind::Folder(folder)) = &settings.kind else { return Ok(()) };
        if self.run.counts.rejected == 0 || self.run.dry {
            return Ok(());
        }
        let mut text = super::export_rejected::header(&self.run);
        let mut after = 0;
        while text.len() < MAX_REJECTED {
            let mut tx = self.read_only().await?;
            let rows = told::rejected(&mut tx, self.run.id, after, 1_000).await?;
            tx.commit().await?;
            let Some((number, ..)) = rows.last() else { break };
            after = *number;
            text.extend(
                rows.iter().map(|(_, line, raw, wrong)| super::export_rejected::line(*line, raw, wrong)),
            );
        }
        let means = self.means();
        let folder =
            connectors::folder::Folder::of(self.source.id, folder, &means, &self.service.runner.looks);
        let name = format!("{}-{}", self.run.id, self.run.file_name);
        let put = async { folder?.put_rejected(&name, &text).await };
        put.await.map_err(Stop::Source)
    }

    fn means(&self) -> Means {
        let secrets = Secrets::of(self.service.settings.clone(), self.tenant);
        Means {
            settings: self.service.settings.clone(),
            secrets,
            now: self.now(),
            clock: self.service.db.clock().clone(),
        }
    }

    fn now(&self) -> Timestamp {
        self.service.db.clock().now()
    }

    /// Waits for something outside while saying that this process is alive.
    async fn alive<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        let period = Duration::from_secs(u64::from(self.service.settings.sync.lease_seconds.max(3)) / 3);
        let mut ticks = tokio::time::interval(period);
        ticks.tick().await;
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                _ = ticks.tick() => {
                    let mut tx = self.begin().await?;
                    let until = lease(&self.service, self.now());
                    if !runs::keep(&mut tx, self.run.id, self.service.runner.worker, until).await? {
                        return Err(Stop::Lost);
                    }
                    tx.commit().await?;
                }
            }
        }
    }

    fn context(&self) -> Context {
        Context::system(self.tenant, "gateway", "sync", self.now(), self.run.id)
    }

    async fn begin(&self) -> Result<Tx> {
        self.service.db.write(&self.context()).await
    }

    async fn read_only(&self) -> Result<Tx> {
        self.service.db.read(&self.context()).await
    }

    /// Writes the run and commits, as long as it is this process's.
    async fn save(&self, mut tx: Tx) -> Result<(), Stop> {
        let until = lease(&self.service, self.now());
        if !runs::save(&mut tx, &self.run, Some((self.service.runner.worker, until))).await? {
            return Err(Stop::Lost);
        }
        tx.commit().await?;
        Ok(())
    }
}
