//! The SQL of sessions.

use super::{Session, Whose};
use jiff::Timestamp;
use kernel::{Result, Uuid};
use storage::time::at;
use storage::{DbResult, Tx};

/// Adds a session.
pub(crate) async fn insert(tx: &mut Tx, session: &Session) -> Result<()> {
    sqlx::query!(
        "insert into gateway.session (tenant_id, session_id, person_id, provider_id, subject, provider_session, cache_key, \
             user_agent, created_at, last_used_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tx.tenant(),
        session.id,
        session.person,
        session.provider,
        session.subject,
        session.provider_session,
        session.cache_key,
        session.user_agent,
        at(session.created_at),
        at(session.last_used_at),
        at(session.expires_at)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// What ended with a session.
pub(crate) struct Ended {
    pub(crate) id: Uuid,
    pub(crate) person: Uuid,
    pub(crate) cache_key: String,
    pub(crate) provider_session: String,
}

/// Ends sessions that live.
pub(crate) async fn end(tx: &mut Tx, whose: Whose<'_>) -> Result<Vec<Ended>> {
    let (session, person, provider, subject, provider_session) = match whose {
        Whose::Session(id) => (Some(id), None, None, None, None),
        Whose::Person(id) => (None, Some(id), None, None, None),
        Whose::Provider(id) => (None, None, Some(id), None, None),
        Whose::Subject(id, subject) => (None, None, Some(id), Some(subject), None),
        Whose::ProviderSession(id, name) => (None, None, Some(id), None, Some(name)),
    };
    sqlx::query_as!(
        Ended,
        "update gateway.session set ended_at = $2 \
         where tenant_id = $1 and ended_at is null \
           and ($3::uuid is null or session_id = $3) and ($4::uuid is null or person_id = $4) \
           and ($5::uuid is null or provider_id = $5) and ($6::text is null or subject = $6) \
           and ($7::text is null or provider_session = $7) \
         returning session_id as id, person_id as person, cache_key, provider_session",
        tx.tenant(),
        at(tx.now()),
        session,
        person,
        provider,
        subject,
        provider_session
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Whether a session is known, ended or not.
pub(crate) async fn is_known(tx: &mut Tx, id: Uuid) -> Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from gateway.session where tenant_id = $1 and session_id = $2) as \"exists!\"",
        tx.tenant(),
        id
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// Takes the right to ask the provider again for a session; not had when somebody else has it, or when it was ended.
pub(crate) async fn try_lock(tx: &mut Tx, id: Uuid) -> Result<bool> {
    let row = sqlx::query!(
        "select from gateway.session where tenant_id = $1 and session_id = $2 and ended_at is null \
         for update skip locked",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.is_some())
}

/// Notes a use.
pub(crate) async fn used(tx: &mut Tx, id: Uuid) -> Result<()> {
    sqlx::query!(
        "update gateway.session set last_used_at = greatest(last_used_at, $3) \
         where tenant_id = $1 and session_id = $2",
        tx.tenant(),
        id,
        at(tx.now())
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Sessions that live, the oldest first; of one person, or all.
pub(crate) async fn list(
    tx: &mut Tx,
    after: Option<Uuid>,
    limit: i64,
    person: Option<Uuid>,
) -> Result<Vec<Session>> {
    let rows = sqlx::query!(
        "select session_id, person_id, provider_id, subject, provider_session, cache_key, user_agent, created_at, \
             last_used_at, expires_at \
         from gateway.session \
         where tenant_id = $1 and ended_at is null and expires_at > $2 and ($3::uuid is null or session_id > $3) \
           and ($4::uuid is null or person_id = $4) \
         order by session_id limit $5",
        tx.tenant(),
        at(tx.now()),
        after,
        person,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let sessions = rows.into_iter().map(|row| Session {
        id: row.session_id,
        person: row.person_id,
        provider: row.provider_id,
        subject: row.subject,
        provider_session: row.provider_session,
        cache_key: row.cache_key,
        user_agent: row.user_agent,
        created_at: row.created_at.to_jiff(),
        last_used_at: row.last_used_at.to_jiff(),
        expires_at: row.expires_at.to_jiff(),
    });
    Ok(sessions.collect())
}

/// The names under which tokens go that may still live though their session, or their client, was ended since.
pub(crate) async fn ended_since(tx: &mut Tx, since: Timestamp) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        "select session_id as \"id!\", provider_session as \"name!\" from gateway.session \
         where tenant_id = $1 and ended_at is not null and ended_at > $2 \
         union all \
         select client_id, '' from gateway.client where tenant_id = $1 and revoked_at is not null and revoked_at > $2",
        tx.tenant(),
        at(since)
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Erases sessions that were over before this instant; how many.
pub(crate) async fn purge(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64> {
    let erased = sqlx::query!(
        "delete from gateway.session where tenant_id = $1 and session_id in ( \
             select session_id from gateway.session \
             where tenant_id = $1 and (expires_at < $2 or ended_at < $2) limit $3)",
        tx.tenant(),
        at(before),
        most
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(erased.rows_affected())
}

/// Takes a logout token; not when it was taken before.
pub(crate) async fn take_logout_token(
    tx: &mut Tx,
    provider: Uuid,
    token: &str,
    expires: Timestamp,
) -> Result<bool> {
    let taken = sqlx::query!(
        "insert into gateway.logout_token (tenant_id, provider_id, token_id, expires_at) values ($1, $2, $3, $4) \
         on conflict do nothing",
        tx.tenant(),
        provider,
        token,
        at(expires)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(taken.rows_affected() == 1)
}

/// Forgets what was taken and could not be taken any more anyway.
pub(crate) async fn purge_taken(tx: &mut Tx, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "with assertions as (delete from gateway.client_assertion where tenant_id = $1 and expires_at < $2) \
         delete from gateway.logout_token where tenant_id = $1 and expires_at < $2",
        tx.tenant(),
        at(now)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
