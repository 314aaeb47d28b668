//! The area's SQL.

use super::availability::{Availability, Exception, Source, Window};
use crate::time::{Span, zone};
use jiff_sqlx::{Timestamp, ToSqlx};
use kernel::{Error, Result};
use sqlx::types::Json;
use std::collections::HashMap;
use storage::{DbResult, Tx};
use uuid::Uuid;

struct Row {
    person_id: Uuid,
    zone: String,
    windows: Json<Vec<Window>>,
    exceptions: Json<Vec<Exception>>,
    source: String,
    updated_at: Timestamp,
    version: i64,
}

impl TryFrom<Row> for Availability {
    type Error = Box<Error>;

    fn try_from(row: Row) -> Result<Availability> {
        Ok(Availability {
            person: row.person_id,
            // It was known when it was stored: an older zone database is the operator's to mend.
            zone: zone("zone", &row.zone).map_err(|error| Error::internal(error.to_string()))?,
            windows: row.windows.0,
            exceptions: row.exceptions.0,
            source: if row.source == source(Source::Profile) { Source::Profile } else { Source::Person },
            updated_at: row.updated_at.to_jiff(),
            version: row.version,
        })
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Person => "person",
        Source::Profile => "profile",
    }
}

/// A person's availability.
pub(crate) async fn get(tx: &mut Tx, person: Uuid) -> Result<Option<Availability>> {
    let row = sqlx::query_as!(
        Row,
        "select person_id, zone, windows as \"windows: Json<Vec<Window>>\",
                exceptions as \"exceptions: Json<Vec<Exception>>\", source, updated_at, version
           from scheduling.availability where tenant_id = $1 and person_id = $2",
        tx.tenant(),
        person
    );
    row.fetch_optional(tx.conn()).await.db()?.map(Availability::try_from).transpose()
}

/// A person's availability, locked.
pub(crate) async fn lock(tx: &mut Tx, person: Uuid) -> Result<Option<Availability>> {
    let row = sqlx::query_as!(
        Row,
        "select person_id, zone, windows as \"windows: Json<Vec<Window>>\",
                exceptions as \"exceptions: Json<Vec<Exception>>\", source, updated_at, version
           from scheduling.availability where tenant_id = $1 and person_id = $2 for update",
        tx.tenant(),
        person
    );
    row.fetch_optional(tx.conn()).await.db()?.map(Availability::try_from).transpose()
}

/// The availability of people who have any and have not left.
pub(crate) async fn of_people(tx: &mut Tx, people: &[Uuid]) -> Result<Vec<Availability>> {
    let rows = sqlx::query_as!(
        Row,
        "select a.person_id, a.zone, a.windows as \"windows: Json<Vec<Window>>\",
                a.exceptions as \"exceptions: Json<Vec<Exception>>\", a.source, a.updated_at, a.version
           from scheduling.availability a
          where a.tenant_id = $1 and a.person_id = any($2)
            and not exists (select from scheduling.person p
                             where p.tenant_id = a.tenant_id and p.person_id = a.person_id and not p.active)",
        tx.tenant(),
        people
    );
    rows.fetch_all(tx.conn()).await.db()?.into_iter().map(Availability::try_from).collect()
}

/// When people meet somebody within a range, one meeting left out.
pub(crate) async fn meetings_of(
    tx: &mut Tx,
    people: &[Uuid],
    range: Span,
    except: Option<Uuid>,
) -> Result<HashMap<Uuid, Vec<Span>>> {
    let rows = sqlx::query!(
        "select person_id, starts_at, ends_at
           from scheduling.booking
          where tenant_id = $1 and person_id = any($2) and tstzrange(starts_at, ends_at) && tstzrange($3, $4)
            and ($5::uuid is null or meeting_id <> $5)",
        tx.tenant(),
        people,
        range.from.to_sqlx(),
        range.to.to_sqlx(),
        except
    );
    let mut meetings: HashMap<Uuid, Vec<Span>> = HashMap::new();
    for row in rows.fetch_all(tx.conn()).await.db()? {
        let span = Span { from: row.starts_at.to_jiff(), to: row.ends_at.to_jiff() };
        meetings.entry(row.person_id).or_default().push(span);
    }
    Ok(meetings)
}

/// Whether the person is in an active match that joins all these people.
pub(crate) async fn is_matched_with(tx: &mut Tx, person: Uuid, people: &[Uuid]) -> Result<bool> {
    let matched = sqlx::query_scalar!(
        "select exists (
            select from scheduling.match
             where tenant_id = $1 and (mentor_person_id = $2 or mentee_person_id = $2)
               and activated_at is not null and ended_at is null
               and $3::uuid[] <@ array[mentor_person_id, mentee_person_id]) as \"exists!\"",
        tx.tenant(),
        person,
        people
    );
    matched.fetch_one(tx.conn()).await.db()
}

/// Whether the person exists and has not left.
pub(crate) async fn is_active(tx: &mut Tx, person: Uuid) -> Result<bool> {
    let active = sqlx::query_scalar!(
        "select exists (select from scheduling.person where tenant_id = $1 and person_id = $2 and active) as \"exists!\"",
        tx.tenant(),
        person
    );
    active.fetch_one(tx.conn()).await.db()
}

/// Stores an availability; its version is the one before. Returns the new version, `None` when it was changed
/// meanwhile. A profile never replaces what the person said.
pub(crate) async fn save(tx: &mut Tx, availability: &Availability) -> Result<Option<i64>> {
    let version = sqlx::query_scalar!(
        "insert into scheduling.availability as a
            (tenant_id, person_id, zone, windows, exceptions, source, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8::bigint + 1)
         on conflict (tenant_id, person_id) do update
            set zone = excluded.zone, windows = excluded.windows, exceptions = excluded.exceptions,
                source = excluded.source, updated_at = excluded.updated_at, version = a.version + 1
          where a.source = 'profile' or excluded.source = 'person'
         returning version",
        tx.tenant(),
        availability.person,
        availability.zone.iana_name().unwrap_or("UTC"),
        Json(&availability.windows) as _,
        Json(&availability.exceptions) as _,
        source(availability.source),
        availability.updated_at.to_sqlx(),
        availability.version
    );
    version.fetch_optional(tx.conn()).await.db()
}
