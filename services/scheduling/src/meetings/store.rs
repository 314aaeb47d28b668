//! The area's SQL.

use super::{
    calendar::Contact,
    filter::Filter,
    meeting::{Meeting, Pair, State},
};
use crate::time::Span;
use jiff_sqlx::{Timestamp, ToSqlx};
use kernel::{Error, Page, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use storage::{DbResult, Tx};
use uuid::Uuid;

/// Where a page of meetings goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct After {
    /// Start of the last meeting.
    pub(crate) starts_at: jiff::Timestamp,
    /// Its id.
    pub(crate) meeting_id: Uuid,
}

struct Row {
    meeting_id: Uuid,
    match_id: Uuid,
    program_id: Uuid,
    series_id: Option<Uuid>,
    state: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
    title: String,
    location: String,
    mentor_person_id: Uuid,
    mentee_person_id: Uuid,
    mentor_attended: bool,
    mentee_attended: bool,
    sequence: i32,
    reason: String,
    unreported: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i64,
}

impl State {
    /// As the column holds it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Scheduled => "scheduled",
            State::Held => "held",
            State::Missed => "missed",
            State::Cancelled => "cancelled",
        }
    }
}

impl TryFrom<Row> for Meeting {
    type Error = Box<Error>;

    fn try_from(row: Row) -> Result<Meeting> {
        let states = [State::Scheduled, State::Held, State::Missed, State::Cancelled];
        let state = states.into_iter().find(|state| state.as_str() == row.state);
        Ok(Meeting {
            id: row.meeting_id,
            match_id: row.match_id,
            program_id: row.program_id,
            series_id: row.series_id,
            state: state.ok_or_else(|| Error::internal(format!("a meeting in the state {}", row.state)))?,
            span: Span { from: row.starts_at.to_jiff(), to: row.ends_at.to_jiff() },
            title: row.title,
            location: row.location,
            mentor: row.mentor_person_id,
            mentee: row.mentee_person_id,
            mentor_attended: row.mentor_attended,
            mentee_attended: row.mentee_attended,
            sequence: row.sequence,
            reason: row.reason,
            unreported: row.unreported,
            created_at: row.created_at.to_jiff(),
            updated_at: row.updated_at.to_jiff(),
            version: row.version,
        })
    }
}

fn meetings(rows: Vec<Row>) -> Result<Vec<Meeting>> {
    rows.into_iter().map(Meeting::try_from).collect()
}

/// The pair of a match, kept from ending until the transaction is over.
pub(crate) async fn pair(tx: &mut Tx, match_id: Uuid) -> Result<Pair> {
    let row = sqlx::query!(
        "select m.match_id, m.program_id, m.mentor_person_id, m.mentee_person_id, m.activated_at, m.ended_at,
                p.meeting_minutes as \"meeting_minutes?\", p.closed_at as \"closed_at?\"
           from scheduling.match m
           left join scheduling.program p on p.tenant_id = m.tenant_id and p.program_id = m.program_id
          where m.tenant_id = $1 and m.match_id = $2
            for share of m",
        tx.tenant(),
        match_id
    );
    let row = row.fetch_optional(tx.conn()).await.db()?;
    let row = row.ok_or_else(|| Error::not_found("match", match_id))?;
    Ok(Pair {
        match_id: row.match_id,
        program_id: row.program_id,
        mentor: row.mentor_person_id,
        mentee: row.mentee_person_id,
        activated_at: row.activated_at.map(Timestamp::to_jiff),
        ended_at: row.ended_at.map(Timestamp::to_jiff),
        policy_minutes: row.meeting_minutes,
        program_closed_at: row.closed_at.map(Timestamp::to_jiff),
    })
}

/// Mentor and mentee of a match, if it is known here.
pub(crate) async fn people_of(tx: &mut Tx, match_id: Uuid) -> Result<Option<(Uuid, Uuid)>> {
    let row = sqlx::query!(
        "select mentor_person_id, mentee_person_id from scheduling.match where tenant_id = $1 and match_id = $2",
        tx.tenant(),
        match_id
    );
    let row = row.fetch_optional(tx.conn()).await.db()?;
    Ok(row.map(|row| (row.mentor_person_id, row.mentee_person_id)))
}

/// Names and addresses of people, of those known.
pub(crate) async fn contacts(tx: &mut Tx, people: &[Uuid]) -> Result<HashMap<Uuid, Contact>> {
    let rows = sqlx::query!(
        "select person_id, display_name, email from scheduling.person where tenant_id = $1 and person_id = any($2)",
        tx.tenant(),
        people
    );
    let rows = rows.fetch_all(tx.conn()).await.db()?;
    let contact = |name, email| Contact { name, email };
    Ok(rows.into_iter().map(|row| (row.person_id, contact(row.display_name, row.email))).collect())
}

/// A meeting.
pub(crate) async fn get(tx: &mut Tx, meeting_id: Uuid) -> Result<Meeting> {
    let row = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting where tenant_id = $1 and meeting_id = $2",
        tx.tenant(),
        meeting_id
    );
    let row = row.fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| Error::not_found("meeting", meeting_id))?.try_into()
}

/// A meeting, locked.
pub(crate) async fn lock(tx: &mut Tx, meeting_id: Uuid) -> Result<Meeting> {
    let row = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting where tenant_id = $1 and meeting_id = $2 for update",
        tx.tenant(),
        meeting_id
    );
    let row = row.fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| Error::not_found("meeting", meeting_id))?.try_into()
}

/// Scheduled meetings of a series that start after this one, locked in order.
pub(crate) async fn lock_later_of_series(
    tx: &mut Tx,
    meeting: &Meeting,
    series_id: Uuid,
) -> Result<Vec<Meeting>> {
    let rows = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting
          where tenant_id = $1 and series_id = $2 and state = 'scheduled' and starts_at >= $3 and meeting_id <> $4
          order by starts_at, meeting_id for update",
        tx.tenant(),
        series_id,
        meeting.span.from.to_sqlx(),
        meeting.id
    );
    meetings(rows.fetch_all(tx.conn()).await.db()?)
}

/// Scheduled meetings of a match that have not begun, locked in order.
pub(crate) async fn lock_ahead_of_match(tx: &mut Tx, match_id: Uuid) -> Result<Vec<Meeting>> {
    let rows = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting
          where tenant_id = $1 and match_id = $2 and state = 'scheduled' and starts_at > $3
          order by starts_at, meeting_id for update",
        tx.tenant(),
        match_id,
        tx.now().to_sqlx()
    );
    meetings(rows.fetch_all(tx.conn()).await.db()?)
}

/// Scheduled meetings that ended by then, locked; those that somebody else has locked are left out.
pub(crate) async fn lock_unreported(
    tx: &mut Tx,
    ended_by: jiff::Timestamp,
    limit: i64,
) -> Result<Vec<Meeting>> {
    let rows = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting
          where tenant_id = $1 and state = 'scheduled' and ends_at <= $2
          order by ends_at limit $3 for update skip locked",
        tx.tenant(),
        ended_by.to_sqlx(),
        limit
    );
    meetings(rows.fetch_all(tx.conn()).await.db()?)
}

/// A page of meetings. Each way to filter has its own statement, so that each finds its index.
pub(crate) async fn list(tx: &mut Tx, filter: &Filter, page: &Page<After>) -> Result<Vec<Meeting>> {
    let rows = match (filter.match_id, filter.person_id) {
        (Some(match_id), _) => list_of_match(tx, match_id, filter, page).await?,
        (None, Some(person_id)) => list_of_person(tx, person_id, filter, page).await?,
        (None, None) => list_all(tx, filter, page).await?,
    };
    meetings(rows)
}

/// What lies before the first row wanted.
fn lower(filter: &Filter, page: &Page<After>) -> After {
    page.after.unwrap_or(After { starts_at: filter.starts.from, meeting_id: Uuid::nil() })
}

async fn list_of_match(tx: &mut Tx, match_id: Uuid, filter: &Filter, page: &Page<After>) -> Result<Vec<Row>> {
    let after = lower(filter, page);
    let rows = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting
          where tenant_id = $1 and match_id = $2 and (starts_at, meeting_id) > ($3, $4) and starts_at < $5
            and ($6::text is null or state = $6)
            and ($7::uuid is null or program_id = $7)
            and ($8::uuid is null or mentor_person_id = $8 or mentee_person_id = $8)
          order by starts_at, meeting_id limit $9",
        tx.tenant(),
        match_id,
        after.starts_at.to_sqlx(),
        after.meeting_id,
        filter.starts.to.to_sqlx(),
        filter.state.map(State::as_str),
        filter.program_id,
        filter.person_id,
        page.limit()
    );
    rows.fetch_all(tx.conn()).await.db()
}

async fn list_of_person(
    tx: &mut Tx,
    person_id: Uuid,
    filter: &Filter,
    page: &Page<After>,
) -> Result<Vec<Row>> {
    let after = lower(filter, page);
    let rows = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting
          where tenant_id = $1 and (mentor_person_id = $2 or mentee_person_id = $2)
            and (starts_at, meeting_id) > ($3, $4) and starts_at < $5
            and ($6::text is null or state = $6)
            and ($7::uuid is null or program_id = $7)
          order by starts_at, meeting_id limit $8",
        tx.tenant(),
        person_id,
        after.starts_at.to_sqlx(),
        after.meeting_id,
        filter.starts.to.to_sqlx(),
        filter.state.map(State::as_str),
        filter.program_id,
        page.limit()
    );
    rows.fetch_all(tx.conn()).await.db()
}

async fn list_all(tx: &mut Tx, filter: &Filter, page: &Page<After>) -> Result<Vec<Row>> {
    let after = lower(filter, page);
    let rows = sqlx::query_as!(
        Row,
        "select meeting_id, match_id, program_id, series_id, state, starts_at, ends_at, title, location,
                mentor_person_id, mentee_person_id, mentor_attended, mentee_attended, sequence, reason, unreported,
                created_at, updated_at, version
           from scheduling.meeting
          where tenant_id = $1 and (starts_at, meeting_id) > ($2, $3) and starts_at < $4
            and ($5::text is null or state = $5)
            and ($6::uuid is null or program_id = $6)
          order by starts_at, meeting_id limit $7",
        tx.tenant(),
        after.starts_at.to_sqlx(),
        after.meeting_id,
        filter.starts.to.to_sqlx(),
        filter.state.map(State::as_str),
        filter.program_id,
        page.limit()
    );
    rows.fetch_all(tx.conn()).await.db()
}

/// Whether a meeting of one of the two stands in the way: whose, and when it starts.
pub(crate) async fn first_taken(
    tx: &mut Tx,
    pair: &Pair,
    spans: &[Span],
) -> Result<Option<(Uuid, jiff::Timestamp)>> {
    let (starts, ends) = bounds(spans.iter());
    let row = sqlx::query!(
        "select b.person_id, b.starts_at
           from unnest($3::timestamptz[], $4::timestamptz[]) as wanted(starts_at, ends_at)
           join scheduling.booking b on b.tenant_id = $1 and b.person_id = any($2)
            and tstzrange(b.starts_at, b.ends_at) && tstzrange(wanted.starts_at, wanted.ends_at)
          order by b.starts_at limit 1",
        tx.tenant(),
        &[pair.mentor, pair.mentee],
        starts as _,
        ends as _
    );
    let row = row.fetch_optional(tx.conn()).await.db()?;
    Ok(row.map(|row| (row.person_id, row.starts_at.to_jiff())))
}

/// Keeps the rule of a series.
pub(crate) async fn insert_series(
    tx: &mut Tx,
    id: Uuid,
    match_id: Uuid,
    start: [&str; 2],
    rrule: &str,
) -> Result<()> {
    let [local, zone] = start;
    sqlx::query!(
        "insert into scheduling.series (tenant_id, series_id, match_id, zone, local_start, rrule, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant(),
        id,
        match_id,
        zone,
        local,
        rrule,
        tx.now().to_sqlx()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// New meetings of one pair, with the time they take from the two. They share everything but id and time.
pub(crate) async fn insert(tx: &mut Tx, new: &[Meeting]) -> Result<()> {
    let Some(first) = new.first() else { return Ok(()) };
    let ids: Vec<Uuid> = new.iter().map(|meeting| meeting.id).collect();
    let (starts, ends) = bounds(new.iter().map(|meeting| &meeting.span));
    sqlx::query!(
        "with added as (
            insert into scheduling.meeting (tenant_id, meeting_id, match_id, program_id, series_id, state, starts_at,
                ends_at, title, location, mentor_person_id, mentee_person_id, mentor_attended, mentee_attended,
                sequence, reason, unreported, created_at, updated_at)
            select $1, meeting_id, $5, $6, $7, 'scheduled', starts_at, ends_at, $8, $9, $10, $11, false, false,
                0, '', false, $12, $12
              from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) as new(meeting_id, starts_at, ends_at)
            returning meeting_id, starts_at, ends_at)
         insert into scheduling.booking (tenant_id, meeting_id, person_id, starts_at, ends_at)
         select $1, meeting_id, person_id, starts_at, ends_at
           from added, unnest(array[$10::uuid, $11::uuid]) as person(person_id)
          order by starts_at, person_id",
        tx.tenant(),
        &ids,
        starts as _,
        ends as _,
        first.match_id,
        first.program_id,
        first.series_id,
        &first.title,
        &first.location,
        first.mentor,
        first.mentee,
        first.created_at.to_sqlx()
    )
    .execute(tx.conn())
    .await
    .violates("booking_one_at_a_time", slot_taken)
    .db()?;
    Ok(())
}

/// Meetings as changed; each was locked before.
pub(crate) async fn save(tx: &mut Tx, changed: &[Meeting]) -> Result<()> {
    let ids: Vec<Uuid> = changed.iter().map(|meeting| meeting.id).collect();
    let states: Vec<String> = changed.iter().map(|meeting| meeting.state.as_str().to_owned()).collect();
    let (starts, ends) = bounds(changed.iter().map(|meeting| &meeting.span));
    let mentors: Vec<bool> = changed.iter().map(|meeting| meeting.mentor_attended).collect();
    let mentees: Vec<bool> = changed.iter().map(|meeting| meeting.mentee_attended).collect();
    let sequences: Vec<i32> = changed.iter().map(|meeting| meeting.sequence).collect();
    let reasons: Vec<String> = changed.iter().map(|meeting| meeting.reason.clone()).collect();
    let unreported: Vec<bool> = changed.iter().map(|meeting| meeting.unreported).collect();
    let versions: Vec<i64> = changed.iter().map(|meeting| meeting.version).collect();
    let done = sqlx::query!(
        "update scheduling.meeting m
            set state = c.state, starts_at = c.starts_at, ends_at = c.ends_at, mentor_attended = c.mentor_attended,
                mentee_attended = c.mentee_attended, sequence = c.sequence, reason = c.reason,
                unreported = c.unreported, updated_at = $3, version = c.version
           from unnest($2::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bool[], $8::bool[],
                    $9::integer[], $10::text[], $11::bool[], $12::bigint[])
                as c(meeting_id, state, starts_at, ends_at, mentor_attended, mentee_attended, sequence, reason,
                    unreported, version)
          where m.tenant_id = $1 and m.meeting_id = c.meeting_id and m.version = c.version - 1",
        tx.tenant(),
        &ids,
        tx.now().to_sqlx(),
        &states,
        starts as _,
        ends as _,
        &mentors,
        &mentees,
        &sequences,
        &reasons,
        &unreported,
        &versions
    )
    .execute(tx.conn())
    .await
    .db()?;
    if done.rows_affected() == u64::try_from(changed.len()).unwrap_or(u64::MAX) {
        Ok(())
    } else {
        Err(Error::stale("meeting"))
    }
}

/// Gives the time of cancelled meetings back.
pub(crate) async fn free(tx: &mut Tx, cancelled: &[Meeting]) -> Result<()> {
    let ids: Vec<Uuid> = cancelled.iter().map(|meeting| meeting.id).collect();
    sqlx::query!(
        "delete from scheduling.booking where tenant_id = $1 and meeting_id = any($2)",
        tx.tenant(),
        &ids
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Takes the time of a moved meeting.
pub(crate) async fn rebook(tx: &mut Tx, moved: &Meeting) -> Result<()> {
    sqlx::query!(
        "update scheduling.booking set starts_at = $3, ends_at = $4 where tenant_id = $1 and meeting_id = $2",
        tx.tenant(),
        moved.id,
        moved.span.from.to_sqlx(),
        moved.span.to.to_sqlx()
    )
    .execute(tx.conn())
    .await
    .violates("booking_one_at_a_time", slot_taken)
    .db()?;
    Ok(())
}

fn slot_taken() -> Box<Error> {
    Error::precondition("SLOT_TAKEN", "the mentor or the mentee has another meeting at that time")
}

fn bounds<'a>(spans: impl Iterator<Item = &'a Span>) -> (Vec<Timestamp>, Vec<Timestamp>) {
    spans.map(|span| (span.from.to_sqlx(), span.to.to_sqlx())).unzip()
}
