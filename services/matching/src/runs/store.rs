//! SQL of runs, their records and results.

pub(crate) mod pairs;

use super::explain::{Made, Unmatched, unmatched_reason};
use super::found::Found;
use super::run::{Run, State};
use super::snapshot::{Mode, Scores, Snapshot};
use super::solver::Solved;
use super::terms::Terms;
use super::work::Progress;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Error, Result, Uuid};
use sqlx::types::Json;
use storage::{DbResult, Tx};

/// A row of `matching.run`.
struct Row {
    run_id: Uuid,
    program_id: Uuid,
    state: String,
    mode: String,
    seed: i64,
    criteria_version: i32,
    mentees: i32,
    mentors: i32,
    places: i32,
    feasible_pairs: i64,
    pairs: i32,
    unmatched: i32,
    total_score: i64,
    bound: i64,
    value: i64,
    progress: i32,
    phase: String,
    failure: String,
    input_digest: String,
    result_digest: String,
    created_at: jiff_sqlx::Timestamp,
    finished_at: Option<jiff_sqlx::Timestamp>,
    published_at: Option<jiff_sqlx::Timestamp>,
    terms: Json<Terms>,
    round: i32,
    gap: Option<i64>,
    found: Option<Json<Found>>,
}

impl Row {
    fn read(self) -> Result<Run> {
        let unknown = |what: &str, name: &str| Error::internal(format!("unknown {what} '{name}' of a run"));
        let state = State::ALL.into_iter().find(|state| state.name() == self.state);
        let mode = Mode::ALL.into_iter().find(|mode| mode.name() == self.mode);
        Ok(Run {
            id: self.run_id,
            program: self.program_id,
            state: state.ok_or_else(|| unknown("state", &self.state))?,
            mode: mode.ok_or_else(|| unknown("mode", &self.mode))?,
            seed: self.seed,
            criteria_version: self.criteria_version,
            mentees: self.mentees,
            mentors: self.mentors,
            places: self.places,
            feasible_pairs: self.feasible_pairs,
            pairs: self.pairs,
            unmatched: self.unmatched,
            total_score: self.total_score,
            bound: self.bound,
            value: self.value,
            progress: self.progress,
            phase: self.phase,
            failure: self.failure,
            input_digest: self.input_digest,
            result_digest: self.result_digest,
            created_at: self.created_at.to_jiff(),
            finished_at: self.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
            published_at: self.published_at.map(jiff_sqlx::Timestamp::to_jiff),
            terms: self.terms.0,
            round: self.round,
            gap: self.gap,
            found: self.found.map(|found| found.0),
        })
    }
}

/// A run.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn get(tx: &mut Tx, id: Uuid) -> Result<Run> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        r#"select run_id, program_id, state, mode, seed, criteria_version, mentees, mentors, places, feasible_pairs,
             pairs, unmatched, total_score, bound, value, progress, phase, failure, input_digest, result_digest,
             created_at, finished_at, published_at, terms as "terms: Json<Terms>", round, gap,
             found as "found: Json<Found>"
         from matching.run where tenant_id = $1 and run_id = $2"#,
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("match run", id))?.read()
}

/// A run, locked until the end of the transaction.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Run> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        r#"select run_id, program_id, state, mode, seed, criteria_version, mentees, mentors, places, feasible_pairs,
             pairs, unmatched, total_score, bound, value, progress, phase, failure, input_digest, result_digest,
             created_at, finished_at, published_at, terms as "terms: Json<Terms>", round, gap,
             found as "found: Json<Found>"
         from matching.run where tenant_id = $1 and run_id = $2 for update"#,
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("match run", id))?.read()
}

/// Runs of a program before a key, newest first, in one state where given.
pub(crate) async fn list(
    tx: &mut Tx,
    program: Uuid,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Run>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        r#"select run_id, program_id, state, mode, seed, criteria_version, mentees, mentors, places, feasible_pairs,
             pairs, unmatched, total_score, bound, value, progress, phase, failure, input_digest, result_digest,
             created_at, finished_at, published_at, terms as "terms: Json<Terms>", round, gap,
             found as "found: Json<Found>"
         from matching.run
         where tenant_id = $1 and program_id = $2 and ($3::text is null or state = $3) and run_id < $4
         order by run_id desc limit $5"#,
        tenant,
        program,
        state,
        before.unwrap_or(Uuid::max()),
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::read).collect()
}

/// Keeps a new run with the snapshot it decides from.
pub(crate) async fn insert(tx: &mut Tx, run: &Run, snapshot: &[u8]) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into matching.run (tenant_id, run_id, program_id, state, mode, seed, criteria_version, mentees, mentors,
             places, input_digest, created_at, terms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        tenant,
        run.id,
        run.program,
        run.state.name(),
        run.mode.name(),
        run.seed,
        run.criteria_version,
        run.mentees,
        run.mentors,
        run.places,
        run.input_digest,
        run.created_at.to_sqlx() as _,
        Json(&run.terms) as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "insert into matching.run_record (tenant_id, run_id, snapshot) values ($1, $2, $3)",
        tenant,
        run.id,
        snapshot
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Saves what has changed of a locked run.
pub(crate) async fn save(tx: &mut Tx, run: &Run) -> Result<()> {
    let tenant = tx.tenant();
    let at = |instant: Option<Timestamp>| instant.map(|instant| instant.to_sqlx());
    sqlx::query!(
        "update matching.run set state = $3, feasible_pairs = $4, pairs = $5, unmatched = $6, total_score = $7,
             bound = $8, value = $9, progress = $10, phase = $11, failure = $12, result_digest = $13,
             finished_at = $14, published_at = $15, round = $16, gap = $17, found = $18, version = version + 1
         where tenant_id = $1 and run_id = $2",
        tenant,
        run.id,
        run.state.name(),
        run.feasible_pairs,
        run.pairs,
        run.unmatched,
        run.total_score,
        run.bound,
        run.value,
        run.progress,
        run.phase,
        run.failure,
        run.result_digest,
        at(run.finished_at) as _,
        at(run.published_at) as _,
        run.round,
        run.gap,
        run.found.as_ref().map(Json) as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Says how far a worker is; `false` when the run is not to be solved any more.
pub(crate) async fn report(tx: &mut Tx, id: Uuid, at: Progress) -> Result<bool> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "update matching.run set state = 'solving', progress = $3, phase = $4, round = $5,
             bound = coalesce($6::bigint, 0), gap = $7, version = version + 1
         where tenant_id = $1 and run_id = $2 and state in ('queued', 'solving')",
        tenant,
        id,
        at.percent,
        at.phase,
        at.round,
        at.proof.map(|(bound, _)| bound),
        at.proof.map(|(_, gap)| gap)
    )
    .execute(tx.conn())
    .await
    .db()?
    .rows_affected();
    Ok(rows > 0)
}

/// A sign of life of a transaction that waits for a result.
pub(crate) async fn keep_alive(tx: &mut Tx) -> Result<()> {
    sqlx::query_scalar!(r#"select 1 as "alive!""#).fetch_one(tx.conn()).await.db()?;
    Ok(())
}

/// What a run decided from.
pub(crate) async fn snapshot(tx: &mut Tx, id: Uuid) -> Result<Option<Snapshot>> {
    let bytes = snapshot_bytes(tx, id).await?;
    bytes.map(|bytes| serde_json::from_slice(&bytes).map_err(Error::internal)).transpose()
}

/// The same, as stored.
pub(crate) async fn snapshot_bytes(tx: &mut Tx, id: Uuid) -> Result<Option<Vec<u8>>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select snapshot from matching.run_record where tenant_id = $1 and run_id = $2",
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()
}

/// What a run with a result decided from and what it decided.
pub(crate) async fn record(tx: &mut Tx, id: Uuid) -> Result<(Snapshot, Solved)> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        r#"select snapshot, result as "result!" from matching.run_record
           where tenant_id = $1 and run_id = $2 and result is not null"#,
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?
    .ok_or_else(|| Error::not_found("match run result", id))?;
    let snapshot = serde_json::from_slice(&row.snapshot).map_err(Error::internal)?;
    let solved = serde_json::from_slice(&row.result).map_err(Error::internal)?;
    Ok((snapshot, solved))
}

/// A pair of a run as stored.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Proposal {
    pub(crate) mentor_participant_id: Uuid,
    pub(crate) mentor_person_id: Uuid,
    pub(crate) mentee_participant_id: Uuid,
    pub(crate) mentee_person_id: Uuid,
    pub(crate) score: i32,
    pub(crate) parts: Vec<i32>,
    pub(crate) points_at_most: Vec<i32>,
    pub(crate) mentor_rank: i32,
    pub(crate) mentee_rank: i32,
    pub(crate) pinned: bool,
    pub(crate) kept: bool,
}

/// An unmatched mentee of a run as stored.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct UnmatchedRow {
    pub(crate) mentee_participant_id: Uuid,
    pub(crate) mentee_person_id: Uuid,
    pub(crate) reason: String,
    pub(crate) feasible_mentors: i32,
}

/// Keeps a run's result: the bytes that prove it, and its pairs and unmatched mentees as rows to list.
pub(crate) async fn put_result(
    tx: &mut Tx,
    id: Uuid,
    scores: &Scores<'_>,
    (made, unmatched): (&[Made], &[Unmatched]),
    result: &[u8],
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update matching.run_record set result = $3 where tenant_id = $1 and run_id = $2",
        tenant,
        id,
        result
    )
    .execute(tx.conn())
    .await
    .db()?;
    let proposals: Vec<Proposal> = made.iter().filter_map(|pair| proposal(scores, pair)).collect();
    let proposals = serde_json::to_value(proposals).map_err(Error::internal)?;
    sqlx::query!(
        "insert into matching.proposal (tenant_id, run_id, mentor_participant_id, mentor_person_id,
             mentee_participant_id, mentee_person_id, score, parts, points_at_most, mentor_rank, mentee_rank, pinned,
             kept)
         select $1, $2, new.mentor_participant_id, new.mentor_person_id, new.mentee_participant_id,
             new.mentee_person_id, new.score, new.parts, new.points_at_most, new.mentor_rank, new.mentee_rank,
             new.pinned, new.kept
         from jsonb_to_recordset($3) new (mentor_participant_id uuid, mentor_person_id uuid,
             mentee_participant_id uuid, mentee_person_id uuid, score integer, parts integer[],
             points_at_most integer[], mentor_rank integer, mentee_rank integer, pinned boolean,
             kept boolean)",
        tenant,
        id,
        proposals
    )
    .execute(tx.conn())
    .await
    .db()?;
    let unmatched: Vec<UnmatchedRow> =
        unmatched.iter().filter_map(|one| unmatched_row(scores, one)).collect();
    let unmatched = serde_json::to_value(unmatched).map_err(Error::internal)?;
    sqlx::query!(
        "insert into matching.unmatched (tenant_id, run_id, mentee_participant_id, mentee_person_id, reason,
             feasible_mentors)
         select $1, $2, new.mentee_participant_id, new.mentee_person_id, new.reason, new.feasible_mentors
         from jsonb_to_recordset($3) new (mentee_participant_id uuid, mentee_person_id uuid, reason text,
             feasible_mentors integer)",
        tenant,
        id,
        unmatched
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

fn proposal(scores: &Scores<'_>, made: &Made) -> Option<Proposal> {
    let mentor = scores.snapshot.mentors.get(made.mentor)?;
    let mentee = scores.snapshot.mentees.get(made.mentee)?;
    Some(Proposal {
        mentor_participant_id: mentor.participant,
        mentor_person_id: mentor.person,
        mentee_participant_id: mentee.participant,
        mentee_person_id: mentee.person,
        score: made.scored.score,
        parts: made.scored.parts.to_vec(),
        points_at_most: scores.points().to_vec(),
        mentor_rank: made.mentor_rank,
        mentee_rank: made.mentee_rank,
        pinned: made.pinned,
        kept: made.kept,
    })
}

fn unmatched_row(scores: &Scores<'_>, one: &Unmatched) -> Option<UnmatchedRow> {
    let mentee = scores.snapshot.mentees.get(one.mentee)?;
    Some(UnmatchedRow {
        mentee_participant_id: mentee.participant,
        mentee_person_id: mentee.person,
        reason: unmatched_reason(one.feasible_mentors, one.without_group).to_owned(),
        feasible_mentors: one.feasible_mentors,
    })
}

/// Pairs of a run after a key, best score first.
pub(crate) async fn proposals(
    tx: &mut Tx,
    id: Uuid,
    after: Option<(i32, Uuid)>,
    limit: i64,
) -> Result<Vec<Proposal>> {
    let tenant = tx.tenant();
    let (score, mentee) = after.unwrap_or((i32::MAX, Uuid::nil()));
    sqlx::query_as!(
        Proposal,
        "select mentor_participant_id, mentor_person_id, mentee_participant_id, mentee_person_id, score, parts,
             points_at_most, mentor_rank, mentee_rank, pinned, kept
         from matching.proposal
         where tenant_id = $1 and run_id = $2 and (score < $3 or (score = $3 and mentee_participant_id > $4))
         order by score desc, mentee_participant_id limit $5",
        tenant,
        id,
        score,
        mentee,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Unmatched mentees of a run after a key, by participant.
pub(crate) async fn unmatched(
    tx: &mut Tx,
    id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<UnmatchedRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        UnmatchedRow,
        "select mentee_participant_id, mentee_person_id, reason, feasible_mentors
         from matching.unmatched where tenant_id = $1 and run_id = $2 and mentee_participant_id > $3
         order by mentee_participant_id limit $4",
        tenant,
        id,
        after.unwrap_or(Uuid::nil()),
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()
}
