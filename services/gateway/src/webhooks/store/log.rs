//! The SQL of what was delivered.

use jiff::Timestamp;
use kernel::{Error, Page, Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// Attempts shown of a delivery.
const ATTEMPTS: i64 = 20;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Delivered,
    Dead,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Delivered => "delivered",
            State::Dead => "dead",
        }
    }

    fn read(text: &str) -> Result<State> {
        [State::Pending, State::Delivered, State::Dead]
            .into_iter()
            .find(|state| state.text() == text)
            .ok_or_else(|| Error::internal(format!("{text} is no state of a delivery")))
    }
}

/// A delivery with its last attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) event: Uuid,
    pub(crate) type_name: String,
    pub(crate) subject: String,
    pub(crate) state: State,
    pub(crate) attempts: i32,
    pub(crate) created_at: Timestamp,
    pub(crate) next_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) log: Vec<Attempt>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) number: i32,
    pub(crate) began_at: Timestamp,
    pub(crate) millis: i64,
    /// 0 without an answer.
    pub(crate) status: i32,
    pub(crate) error: String,
    pub(crate) answer: String,
}

/// Notes an attempt.
pub(crate) async fn note(tx: &mut Tx, webhook: Uuid, event: Uuid, attempt: &Attempt) -> Result<()> {
    sqlx::query!(
        "insert into gateway.webhook_attempt \
           (tenant_id, webhook_id, event_id, number, began_at, millis, status, error, answer) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant(),
        webhook,
        event,
        attempt.number,
        at(attempt.began_at),
        attempt.millis,
        attempt.status,
        attempt.error,
        attempt.answer
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// One delivery.
pub(crate) async fn find(tx: &mut Tx, webhook: Uuid, event: Uuid) -> Result<Delivery> {
    let found = rows(tx, webhook, Some(event), None, None, 1).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("delivery", event))
}

/// A page of deliveries, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    webhook: Uuid,
    state: Option<State>,
    page: &Page<Uuid>,
) -> Result<Vec<Delivery>> {
    rows(tx, webhook, None, state, page.after, page.limit()).await
}

async fn rows(
    tx: &mut Tx,
    webhook: Uuid,
    event: Option<Uuid>,
    state: Option<State>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    // One statement, so that a delivery and its attempts are of one moment.
    let rows = sqlx::query!(
        r#"select d.event_id, m.type, d.subject, d.state, d.attempts, d.created_at, d.next_at, d.finished_at,
             a.number as "number?", a.began_at as "began_at?", a.millis as "millis?", a.status as "status?",
             a.error as "error?", a.answer as "answer?"
           from (select * from gateway.webhook_delivery d
             where d.tenant_id = $1 and d.webhook_id = $2 and ($3::uuid is null or d.event_id = $3)
               and ($4::text is null or d.state = $4) and ($5::uuid is null or d.event_id < $5)
             order by d.event_id desc limit $6) d
           join gateway.webhook_message m on m.tenant_id = $1 and m.event_id = d.event_id
           left join lateral (select * from gateway.webhook_attempt a
             where a.tenant_id = $1 and a.webhook_id = $2 and a.event_id = d.event_id
             order by a.number desc limit $7) a on true
           order by d.event_id desc, a.number desc"#,
        tx.tenant(),
        webhook,
        event,
        state.map(State::text),
        before,
        limit,
        ATTEMPTS
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let mut found: Vec<Delivery> = Vec::new();
    for row in rows {
        if found.last().is_none_or(|last| last.event != row.event_id) {
            found.push(Delivery {
                event: row.event_id,
                type_name: row.r#type,
                subject: row.subject,
                state: State::read(&row.state)?,
                attempts: row.attempts,
                created_at: row.created_at.to_jiff(),
                next_at: row.next_at.to_jiff(),
                finished_at: from_some(row.finished_at),
                log: Vec::new(),
            });
        }
        if let (Some(delivery), Some(number), Some(began_at)) = (found.last_mut(), row.number, row.began_at) {
            delivery.log.push(Attempt {
                number,
                began_at: began_at.to_jiff(),
                millis: row.millis.unwrap_or_default(),
                status: row.status.unwrap_or_default(),
                error: row.error.unwrap_or_default(),
                answer: row.answer.unwrap_or_default(),
            });
        }
    }
    Ok(found)
}

/// What was delivered or given up in a range of time, the oldest first: its event and when it was taken up.
pub(crate) async fn done(
    tx: &mut Tx,
    webhook: Uuid,
    state: Option<State>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<(Uuid, Timestamp)>> {
    let rows = sqlx::query!(
        "select event_id, created_at from gateway.webhook_delivery \
         where tenant_id = $1 and webhook_id = $2 and state <> 'pending' and ($3::text is null or state = $3) \
           and ($4::timestamptz is null or created_at >= $4) and ($5::timestamptz is null or created_at < $5) \
         order by created_at, event_id limit $6",
        tx.tenant(),
        webhook,
        state.map(State::text),
        at_some(from),
        at_some(to),
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.event_id, row.created_at.to_jiff())).collect())
}

/// Deletes what was delivered or given up before, with its attempts. How many there were.
pub(crate) async fn purge_deliveries(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "delete from gateway.webhook_delivery d \
         using (select webhook_id, event_id from gateway.webhook_delivery \
                where tenant_id = $1 and state <> 'pending' and finished_at < $2 limit $3 for update skip locked) old \
         where d.tenant_id = $1 and d.webhook_id = old.webhook_id and d.event_id = old.event_id",
        tx.tenant(),
        at(before),
        limit
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected())
}

/// Deletes messages of before that no delivery needs. How many there were.
pub(crate) async fn purge_messages(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "delete from gateway.webhook_message m \
         where m.tenant_id = $1 and m.event_id in ( \
           select o.event_id from gateway.webhook_message o \
           where o.tenant_id = $1 and o.created_at < $2 and not exists ( \
             select from gateway.webhook_delivery d where d.tenant_id = $1 and d.event_id = o.event_id) \
           limit $3)",
        tx.tenant(),
        at(before),
        limit
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected())
}
