//! SQL of what was said of pairs.

use crate::runs::snapshot::{Mark, MarkedPair};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Error, ErrorKind, Result, Uuid};
use storage::{DbResult, Tx};

/// A pair of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) program: Uuid,
    pub(crate) mentor: Uuid,
    pub(crate) mentee: Uuid,
}

/// What was said of a pair.
#[derive(Clone, Debug)]
pub(crate) struct PairRule {
    pub(crate) key: Key,
    pub(crate) mark: Mark,
    pub(crate) reason: String,
    pub(crate) changed_at: Timestamp,
}

/// What was said of a pair, if anything.
pub(crate) async fn mark(tx: &mut Tx, key: Key) -> Result<Option<Mark>> {
    let tenant = tx.tenant();
    let kind = sqlx::query_scalar!(
        "select kind from matching.pair where tenant_id = $1 and program_id = $2 and mentee_participant_id = $3
           and mentor_participant_id = $4",
        tenant,
        key.program,
        key.mentee,
        key.mentor
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(kind.as_deref().and_then(Mark::read))
}

/// Says something of a pair; `None` takes back what was said.
///
/// # Errors
/// `PIN_CONTRADICTS` for a second pin of the mentee, `MATCH_STATE` for excluding a pair with an open match.
pub(crate) async fn put(tx: &mut Tx, key: Key, mark: Option<Mark>, reason: &str) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "insert into matching.pair (tenant_id, program_id, mentor_participant_id, mentee_participant_id, kind, reason,
             changed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, program_id, mentee_participant_id, mentor_participant_id)
         do update set kind = excluded.kind, reason = excluded.reason, changed_at = excluded.changed_at",
        tenant,
        key.program,
        key.mentor,
        key.mentee,
        mark.map_or("open", Mark::name),
        reason,
        now as _
    )
    .execute(tx.conn())
    .await
    .violates("pair_pinned_once", || contradiction("another mentor is pinned to the mentee"))
    .violates("match_pair_allowed", || {
        Error::precondition("MATCH_STATE", "the two have a proposed or active match; end it first")
    })
    .db()
    .map(|_| ())
}

/// A pin that can't hold.
pub(crate) fn contradiction(why: &'static str) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "PIN_CONTRADICTS", why)
}

/// The pair is not to be proposed again: it was declined or ended without fault.
pub(crate) async fn mark_failed(tx: &mut Tx, program: Uuid, mentor: Uuid, mentee: Uuid) -> Result<()> {
    put(tx, Key { program, mentor, mentee }, Some(Mark::Failed), "").await
}

/// The mentors with whom a mentee must not be matched.
pub(crate) async fn excluded_mentors(tx: &mut Tx, program: Uuid, mentee: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select mentor_participant_id from matching.pair
         where tenant_id = $1 and program_id = $2 and mentee_participant_id = $3 and not may_match",
        tenant,
        program,
        mentee
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Everything that was said of pairs of a program.
pub(crate) async fn marks(tx: &mut Tx, program: Uuid) -> Result<Vec<MarkedPair>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select mentor_participant_id, mentee_participant_id, kind from matching.pair
         where tenant_id = $1 and program_id = $2 and kind <> 'open'
         order by mentee_participant_id, mentor_participant_id",
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let read = |(mentor, mentee, kind): (Uuid, Uuid, String)| {
        Some(MarkedPair { mentor, mentee, mark: Mark::read(&kind)? })
    };
    Ok(rows
        .into_iter()
        .filter_map(|row| read((row.mentor_participant_id, row.mentee_participant_id, row.kind)))
        .collect())
}

/// What was said of pairs of a program after a key, of one kind where given.
pub(crate) async fn list(
    tx: &mut Tx,
    program: Uuid,
    mark: Option<Mark>,
    after: Option<(Uuid, Uuid)>,
    limit: i64,
) -> Result<Vec<PairRule>> {
    let tenant = tx.tenant();
    let (mentee, mentor) = after.unwrap_or_default();
    let rows = sqlx::query!(
        "select mentor_participant_id, mentee_participant_id, kind, reason, changed_at from matching.pair
         where tenant_id = $1 and program_id = $2 and kind <> 'open' and ($3::text is null or kind = $3)
           and (mentee_participant_id, mentor_participant_id) > ($4, $5)
         order by mentee_participant_id, mentor_participant_id limit $6",
        tenant,
        program,
        mark.map(Mark::name),
        mentee,
        mentor,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let key = Key { program, mentor: row.mentor_participant_id, mentee: row.mentee_participant_id };
            let changed_at = row.changed_at.to_jiff();
            Some(PairRule { key, mark: Mark::read(&row.kind)?, reason: row.reason, changed_at })
        })
        .collect())
}
