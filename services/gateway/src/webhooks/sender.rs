//! Sends what is due. Each webhook has one loop per process, so that one that is slow or down holds up nobody else; what it
//! takes in hand is leased in the database, so that replicas share the work and a killed one loses nothing.

use super::{
    Webhooks,
    post::{Answer, Signed},
    schedule::{self, BREAK, Next, Outcome},
    seal,
    store::{
        log::{self, Attempt},
        queue::{self, Claimed},
    },
    telemetry,
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use kernel::{Context, Result, TenantId, Uuid};
use secrecy::SecretString;
use std::{collections::hash_map::Entry, sync::PoisonError};

/// What a lease is longer than an attempt: time to write down how it ended.
const MARGIN: SignedDuration = SignedDuration::from_secs(20);

/// Deliveries in hand, and what they need.
struct Batch {
    url: String,
    lease: Uuid,
    secrets: Vec<SecretString>,
    claimed: Vec<Claimed>,
}

/// A webhook at work in this process. Whoever holds it sends; nobody else does meanwhile.
struct AtWork {
    webhooks: Webhooks,
    key: (TenantId, Uuid),
    resting: bool,
}

impl AtWork {
    /// Nothing was due. `false`: somebody has asked to begin since, so look again.
    fn rest(&mut self) -> bool {
        let mut at_work = self.webhooks.at_work().lock().unwrap_or_else(PoisonError::into_inner);
        self.resting = !at_work.get_mut(&self.key).is_some_and(std::mem::take);
        if self.resting {
            at_work.remove(&self.key);
        }
        self.resting
    }
}

/// Ended by an error.
impl Drop for AtWork {
    fn drop(&mut self) {
        if !self.resting {
            self.webhooks.at_work().lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}

impl Webhooks {
    /// Begins to send what is due for a webhook, or lets whoever does so already look once more.
    pub(crate) fn begin(&self, tenant: TenantId, webhook: Uuid) {
        let key = (tenant, webhook);
        match self.at_work().lock().unwrap_or_else(PoisonError::into_inner).entry(key) {
            Entry::Occupied(mut again) => {
                again.insert(true);
                return;
            }
            Entry::Vacant(place) => place.insert(false),
        };
        let mut at_work = AtWork { webhooks: self.clone(), key, resting: false };
        tokio::spawn(async move {
            let webhooks = at_work.webhooks.clone();
            if let Err(error) = webhooks.work(&mut at_work).await {
                let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
                tracing::error!(%tenant, %webhook, %error, error.cause = cause, "webhook messages can't be sent");
            }
        });
    }

    /// Until nothing is due. Between batches others get their turn.
    async fn work(&self, at_work: &mut AtWork) -> Result<()> {
        let (tenant, webhook) = at_work.key;
        loop {
            // Never closed; were it, there would be nothing to do.
            let Ok(_turn) = self.turns().acquire().await else { return Ok(()) };
            match self.claim(tenant, webhook).await? {
                Some(batch) => {
                    let sent =
                        batch.claimed.iter().map(|claimed| self.deliver(tenant, webhook, &batch, claimed));
                    join_all(sent).await.into_iter().collect::<Result<Vec<()>>>()?;
                }
                None if at_work.rest() => return Ok(()),
                None => {}
            }
        }
    }

    /// Takes in hand what is due; one alone while the webhook fails.
    async fn claim(&self, tenant: TenantId, webhook: Uuid) -> Result<Option<Batch>> {
        let ctx = self.context(tenant);
        let mut tx = self.db().write(&ctx).await?;
        let Some(target) = queue::lock_target(&mut tx, webhook).await? else { return Ok(None) };
        let most = if target.failures >= BREAK { 1 } else { self.settings().concurrency };
        let (lease, until) = (tx.new_id(), self.lease_end(ctx.now));
        let claimed = queue::claim(&mut tx, webhook, most, lease, until).await?;
        if claimed.is_empty() {
            return Ok(None);
        }
        let keys = self.keys()?;
        let open = |sealed: Vec<u8>| seal::open(keys, tenant, webhook, &sealed);
        let secrets = queue::sealed(&mut tx, webhook).await?.into_iter().map(open).collect::<Result<_>>()?;
        tx.commit().await?;
        Ok(Some(Batch { url: target.url, lease, secrets, claimed }))
    }

    /// One attempt, and what follows from it.
    async fn deliver(&self, tenant: TenantId, webhook: Uuid, batch: &Batch, claimed: &Claimed) -> Result<()> {
        let began_at = self.db().clock().now();
        let message =
            Signed { id: claimed.event, body: &claimed.body, secrets: &batch.secrets, now: began_at };
        let answer = self.post().send(&batch.url, &message).await?;
        telemetry::attempt(&answer);
        self.note(tenant, webhook, batch.lease, claimed, began_at, answer).await
    }

    /// Writes down how an attempt ended. Nothing, when its lease had ended: then it is somebody else's.
    async fn note(
        &self,
        tenant: TenantId,
        webhook: Uuid,
        lease: Uuid,
        claimed: &Claimed,
        began_at: Timestamp,
        answer: Answer,
    ) -> Result<()> {
        let ctx = self.context(tenant);
        let mut tx = self.db().write(&ctx).await?;
        let Some(failures) = queue::failures(&mut tx, webhook).await? else { return Ok(()) };
        let next =
            schedule::next(&answer.outcome, claimed.failed, claimed.event, claimed.give_up_at, ctx.now);
        if !queue::finish(&mut tx, webhook, claimed.event, lease, &next).await? {
            return Ok(());
        }
        let health = schedule::health(&answer.outcome, failures, ctx.now);
        if next != Next::Delivered || failures > 0 {
            queue::save_health(&mut tx, webhook, &health).await?;
        }
        log::note(&mut tx, webhook, claimed.event, &attempt(claimed.attempt, began_at, answer)).await?;
        tx.commit().await?;
        if next == Next::Dead {
            telemetry::dead(1);
        }
        if health.gone {
            tracing::warn!(%tenant, %webhook, "the receiver of a webhook says that it is gone: disabled");
        }
        Ok(())
    }

    fn context(&self, tenant: TenantId) -> Context {
        let clock = self.db().clock();
        Context::system(tenant, "gateway", "send_webhooks", clock.now(), clock.new_id())
    }

    fn lease_end(&self, now: Timestamp) -> Timestamp {
        let timeout = SignedDuration::try_from(self.settings().timeout()).unwrap_or(MARGIN);
        now.checked_add(timeout.saturating_add(MARGIN)).unwrap_or(Timestamp::MAX)
    }
}

fn attempt(number: i32, began_at: Timestamp, answer: Answer) -> Attempt {
    let status = match answer.outcome {
        Outcome::Answered { status, .. } => status.into(),
        _ => 0,
    };
    let millis = i64::try_from(answer.took.as_millis()).unwrap_or(i64::MAX);
    Attempt { number, began_at, millis, status, error: answer.error, answer: answer.text }
}
