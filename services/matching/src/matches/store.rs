//! SQL of matches.

use super::relationship::{DeclineReason, Ending, Match, Party, Side, State, mentor_full};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Error, Result, Uuid};
use storage::{DbResult, Tx};

/// A row of `matching.match`.
struct Row {
    match_id: Uuid,
    program_id: Uuid,
    run_id: Uuid,
    mentor_participant_id: Uuid,
    mentor_person_id: Uuid,
    mentee_participant_id: Uuid,
    mentee_person_id: Uuid,
    state: String,
    score: i32,
    choice: i32,
    place: Option<i32>,
    proposed_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    mentor_accepted_at: Option<jiff_sqlx::Timestamp>,
    mentee_accepted_at: Option<jiff_sqlx::Timestamp>,
    activated_at: Option<jiff_sqlx::Timestamp>,
    completes_at: Option<jiff_sqlx::Timestamp>,
    ended_at: Option<jiff_sqlx::Timestamp>,
    ending: Option<String>,
    rematch: bool,
    declined_by: Option<String>,
    decline_reason: Option<String>,
    note: String,
    version: i64,
}

impl Row {
    fn read(self) -> Result<Match> {
        let unknown = |what: &str, name: &str| Error::internal(format!("unknown {what} '{name}' of a match"));
        let state = State::ALL.into_iter().find(|state| state.name() == self.state);
        let at = |instant: Option<jiff_sqlx::Timestamp>| instant.map(jiff_sqlx::Timestamp::to_jiff);
        let ending =
            self.ending.as_deref().and_then(|name| Ending::ALL.into_iter().find(|e| e.name() == name));
        let reason = self.decline_reason.as_deref();
        let side = self.declined_by.as_deref();
        Ok(Match {
            id: self.match_id,
            program: self.program_id,
            run: self.run_id,
            mentor: Party { participant: self.mentor_participant_id, person: self.mentor_person_id },
            mentee: Party { participant: self.mentee_participant_id, person: self.mentee_person_id },
            state: state.ok_or_else(|| unknown("state", &self.state))?,
            score: self.score,
            choice: self.choice,
            place: self.place,
            proposed_at: self.proposed_at.to_jiff(),
            expires_at: self.expires_at.to_jiff(),
            mentor_accepted_at: at(self.mentor_accepted_at),
            mentee_accepted_at: at(self.mentee_accepted_at),
            activated_at: at(self.activated_at),
            completes_at: at(self.completes_at),
            ended_at: at(self.ended_at),
            ending,
            rematch: self.rematch,
            declined_by: side
                .and_then(|name| [Side::Mentor, Side::Mentee].into_iter().find(|s| s.name() == name)),
            decline_reason: reason.and_then(|name| DeclineReason::ALL.into_iter().find(|r| r.name() == name)),
            note: self.note,
            version: self.version,
        })
    }
}

/// A match.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn get(tx: &mut Tx, id: Uuid) -> Result<Match> {
    find(tx, id).await?.ok_or_else(|| Error::not_found("match", id))
}

/// A match, if there is one.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Match>> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        "select match_id, program_id, run_id, mentor_participant_id, mentor_person_id, mentee_participant_id,
             mentee_person_id, state, score, choice, place, proposed_at, expires_at, mentor_accepted_at,
             mentee_accepted_at, activated_at, completes_at, ended_at, ending, rematch, declined_by,
             decline_reason, note, version
         from matching.match where tenant_id = $1 and match_id = $2",
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.map(Row::read).transpose()
}

/// A match, locked until the end of the transaction.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Match> {
    let mut locked = lock_all(tx, &[id]).await?;
    locked.pop().ok_or_else(|| Error::not_found("match", id))
}

/// Matches in the order of their ids, locked until the end of the transaction.
pub(crate) async fn lock_all(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Match>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        "select match_id, program_id, run_id, mentor_participant_id, mentor_person_id, mentee_participant_id,
             mentee_person_id, state, score, choice, place, proposed_at, expires_at, mentor_accepted_at,
             mentee_accepted_at, activated_at, completes_at, ended_at, ending, rematch, declined_by,
             decline_reason, note, version
         from matching.match where tenant_id = $1 and match_id = any($2) order by match_id for update",
        tenant,
        ids
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::read).collect()
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) program: Option<Uuid>,
    /// Names of states; empty for all.
    pub(crate) states: Vec<String>,
    /// As mentor or mentee.
    pub(crate) person: Option<Uuid>,
    /// A second person who must take part, too: the caller.
    pub(crate) caller: Option<Uuid>,
    /// As mentor or mentee.
    pub(crate) participant: Option<Uuid>,
}

/// Matches after a key, by id.
pub(crate) async fn list(
    tx: &mut Tx,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Match>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        "select match_id, program_id, run_id, mentor_participant_id, mentor_person_id, mentee_participant_id,
             mentee_person_id, state, score, choice, place, proposed_at, expires_at, mentor_accepted_at,
             mentee_accepted_at, activated_at, completes_at, ended_at, ending, rematch, declined_by,
             decline_reason, note, version
         from matching.match
         where tenant_id = $1 and match_id > $2
           and ($3::uuid is null or program_id = $3)
           and (cardinality($4::text[]) = 0 or state = any($4))
           and ($5::uuid is null or mentor_person_id = $5 or mentee_person_id = $5)
           and ($6::uuid is null or mentor_person_id = $6 or mentee_person_id = $6)
           and ($7::uuid is null or mentor_participant_id = $7 or mentee_participant_id = $7)
         order by match_id limit $8",
        tenant,
        after.unwrap_or(Uuid::nil()),
        filter.program,
        &filter.states,
        filter.person,
        filter.caller,
        filter.participant,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::read).collect()
}

/// Open matches of a program.
pub(crate) async fn open_of_program(tx: &mut Tx, program: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select match_id from matching.match where tenant_id = $1 and program_id = $2
           and state in ('proposed', 'accepted', 'active') order by match_id",
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Open matches of a participant, on either side.
pub(crate) async fn open_of_participant(tx: &mut Tx, program: Uuid, participant: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select match_id from matching.match where tenant_id = $1 and program_id = $2
           and (mentor_participant_id = $3 or mentee_participant_id = $3)
           and state in ('proposed', 'accepted', 'active') order by match_id",
        tenant,
        program,
        participant
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Open matches of a person in all programs, on either side.
pub(crate) async fn open_of_person(tx: &mut Tx, person: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select match_id from matching.match where tenant_id = $1 and (mentor_person_id = $2 or mentee_person_id = $2)
           and state in ('proposed', 'accepted', 'active') order by match_id",
        tenant,
        person
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Matches that wait for an answer past their deadline, oldest first.
pub(crate) async fn overdue(tx: &mut Tx, limit: i64) -> Result<Vec<Uuid>> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query_scalar!(
        "select match_id from matching.match where tenant_id = $1 and state in ('proposed', 'accepted')
           and expires_at <= $2 order by expires_at, match_id limit $3",
        tenant,
        now as _,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Active matches whose planned time is over, oldest first.
pub(crate) async fn outlived(tx: &mut Tx, limit: i64) -> Result<Vec<Uuid>> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query_scalar!(
        "select match_id from matching.match where tenant_id = $1 and state = 'active' and completes_at <= $2
         order by completes_at, match_id limit $3",
        tenant,
        now as _,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// The mentors that a run has proposed to a mentee so far.
pub(crate) async fn tried_mentors(tx: &mut Tx, run: Uuid, mentee: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select mentor_participant_id from matching.match
         where tenant_id = $1 and run_id = $2 and mentee_participant_id = $3",
        tenant,
        run,
        mentee
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// A new match as the insert takes it, in JSON.
#[derive(serde::Serialize)]
struct NewRow {
    match_id: Uuid,
    mentor_participant_id: Uuid,
    mentor_person_id: Uuid,
    mentee_participant_id: Uuid,
    mentee_person_id: Uuid,
    score: i32,
    choice: i32,
}

/// Proposes matches of one run that wait until the same instant. Call it under the program's lock.
///
/// # Errors
/// `MENTEE_MATCHED` or `PAIR_EXCLUDED` where the database knows better.
pub(crate) async fn propose(tx: &mut Tx, matches: &[Match]) -> Result<()> {
    let Some(first) = matches.first() else { return Ok(()) };
    let (tenant, proposed_at, expires_at) = (tx.tenant(), tx.now().to_sqlx(), first.expires_at.to_sqlx());
    let rows: Vec<NewRow> = matches
        .iter()
        .map(|new| NewRow {
            match_id: new.id,
            mentor_participant_id: new.mentor.participant,
            mentor_person_id: new.mentor.person,
            mentee_participant_id: new.mentee.participant,
            mentee_person_id: new.mentee.person,
            score: new.score,
            choice: new.choice,
        })
        .collect();
    let rows = serde_json::to_value(rows).map_err(Error::internal)?;
    sqlx::query!(
        "insert into matching.pair (tenant_id, program_id, mentor_participant_id, mentee_participant_id, kind, reason,
             changed_at)
         select $1, $2, new.mentor_participant_id, new.mentee_participant_id, 'open', '', $3
         from jsonb_to_recordset($4) new (mentor_participant_id uuid, mentee_participant_id uuid)
         on conflict (tenant_id, program_id, mentee_participant_id, mentor_participant_id) do nothing",
        tenant,
        first.program,
        proposed_at as _,
        &rows
    )
    .execute(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "insert into matching.match (tenant_id, match_id, program_id, run_id, mentor_participant_id, mentor_person_id,
             mentee_participant_id, mentee_person_id, state, score, choice, proposed_at, expires_at)
         select $1, new.match_id, $2, $3, new.mentor_participant_id, new.mentor_person_id,
             new.mentee_participant_id, new.mentee_person_id, 'proposed', new.score, new.choice, $4, $5
         from jsonb_to_recordset($6) new (match_id uuid, mentor_participant_id uuid, mentor_person_id uuid,
             mentee_participant_id uuid, mentee_person_id uuid, score integer, choice integer)",
        tenant,
        first.program,
        first.run,
        proposed_at as _,
        expires_at as _,
        &rows
    )
    .execute(tx.conn())
    .await
    .violates("match_mentee_once", mentee_matched)
    .violates("match_pair_allowed", pair_excluded)
    .db()?;
    Ok(())
}

/// The mentee has an open match.
pub(crate) fn mentee_matched() -> Box<Error> {
    Error::precondition("MENTEE_MATCHED", "the mentee has a proposed or active match in this program")
}

/// The pair must not be matched.
pub(crate) fn pair_excluded() -> Box<Error> {
    Error::precondition("PAIR_EXCLUDED", "the pair is forbidden or has failed before")
}

/// Saves what has changed of a locked match and counts its version up.
///
/// # Errors
/// `MENTOR_FULL` when its place is held by another match: the last word is the database's.
pub(crate) async fn save(tx: &mut Tx, changed: &mut Match) -> Result<()> {
    let tenant = tx.tenant();
    let at = |instant: Option<Timestamp>| instant.map(|instant| instant.to_sqlx());
    sqlx::query!(
        "update matching.match set state = $3, place = $4, mentor_accepted_at = $5, mentee_accepted_at = $6,
             activated_at = $7, completes_at = $8, ended_at = $9, ending = $10, rematch = $11, declined_by = $12,
             decline_reason = $13, note = $14, version = version + 1
         where tenant_id = $1 and match_id = $2",
        tenant,
        changed.id,
        changed.state.name(),
        changed.place,
        at(changed.mentor_accepted_at) as _,
        at(changed.mentee_accepted_at) as _,
        at(changed.activated_at) as _,
        at(changed.completes_at) as _,
        at(changed.ended_at) as _,
        changed.ending.map(Ending::name),
        changed.rematch,
        changed.declined_by.map(Side::name),
        changed.decline_reason.map(DeclineReason::name),
        changed.note
    )
    .execute(tx.conn())
    .await
    .violates("match_place_once", mentor_full)
    .violates("match_place_exists", mentor_full)
    .db()?;
    changed.version += 1;
    Ok(())
}
