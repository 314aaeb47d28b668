//! `AuditService`: the audit trail of the services of this process, each from its own schema.

use contracts::{
    mentor::common::v1::{AuditKind, AuditRecord, ListAuditRecordsRequest, ListAuditRecordsResponse},
    time,
};
use futures::future::try_join_all;
use kernel::{Context, Error, Page, Result, Uuid, parse_id};
use std::sync::Arc;
use storage::{Audit, AuditFilter, AuditKey, Database};

/// What the gRPC service is served by.
#[derive(Clone)]
pub(crate) struct AuditTrail {
    databases: Arc<[Database]>,
}

impl AuditTrail {
    /// The trail of the services with these databases.
    pub(crate) fn over(databases: &[Database]) -> Self {
        AuditTrail { databases: databases.into() }
    }
}

grpc::service! {
    impl AuditService for AuditTrail in contracts::mentor::common::v1::audit_service_server {
        call list_audit_records(ListAuditRecordsRequest) -> ListAuditRecordsResponse = list_audit_records;
    }
}

/// A record and the service whose trail it is from.
type Found = (&'static str, storage::AuditRecord);

/// Reads as many records from each trail as the page may hold, and gives the newest of all.
async fn list_audit_records(
    trail: AuditTrail,
    ctx: Context,
    request: ListAuditRecordsRequest,
) -> Result<ListAuditRecordsResponse> {
    let filter = filter(&request)?;
    let list = format!("audit {filter:?}");
    let page = Page::<AuditKey>::read(request.page_size, &request.page_token, list)?;
    let reads = trail.databases.iter().map(|db| read(db, &ctx, &filter, page.after, page.limit()));
    let mut found: Vec<Found> = try_join_all(reads).await?.into_iter().flatten().collect();
    found.sort_unstable_by_key(|(_, record)| std::cmp::Reverse(record.key()));
    let (found, next_page_token) = page.finish(found, |(_, record)| record.key());
    Ok(ListAuditRecordsResponse { records: found.into_iter().map(record).collect(), next_page_token })
}

async fn read(
    db: &Database,
    ctx: &Context,
    filter: &AuditFilter,
    after: Option<AuditKey>,
    limit: i64,
) -> Result<Vec<Found>> {
    let mut tx = db.read(ctx).await?;
    let records = tx.audit_trail(filter, after, limit).await?;
    let audit = Audit::of("audit trail", db.service());
    // Where nothing was found, nothing of anybody was seen.
    let person = filter.about.or(filter.actor_person).filter(|_| !records.is_empty());
    tx.audit(match person {
        Some(person) => audit.about(person),
        None => audit,
    });
    tx.commit().await?;
    Ok(records.into_iter().map(|record| (db.service(), record)).collect())
}

fn filter(request: &ListAuditRecordsRequest) -> Result<AuditFilter> {
    let instant = |field, timestamp: &Option<_>| {
        timestamp.as_ref().map(|_| time::instant(field, timestamp)).transpose()
    };
    let filter = AuditFilter {
        actor: text(&request.actor),
        actor_person: id("actor_person_id", &request.actor_person_id)?,
        about: id("about_person_id", &request.about_person_id)?,
        operation: text(&request.operation),
        object: text(&request.object),
        object_id: text(&request.object_key),
        from: instant("starts_at", &request.starts_at)?,
        until: instant("ends_at", &request.ends_at)?,
        is_read: match request.kind() {
            AuditKind::Unspecified => None,
            AuditKind::Change => Some(false),
            AuditKind::Read => Some(true),
        },
    };
    match (filter.from, filter.until) {
        (Some(from), Some(until)) if until <= from => Err(Error::field("ends_at", "must be after starts_at")),
        _ => Ok(filter),
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn id(field: &str, text: &str) -> Result<Option<Uuid>> {
    if text.is_empty() { Ok(None) } else { parse_id(field, text).map(Some) }
}

fn record((service, record): Found) -> AuditRecord {
    let or_empty = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let kind = if record.is_read { AuditKind::Read } else { AuditKind::Change };
    AuditRecord {
        record_id: record.id.to_string(),
        service: service.to_owned(),
        time: Some(time::timestamp(record.at)),
        kind: kind.into(),
        operation: record.operation,
        actor: record.actor,
        actor_person_id: or_empty(record.actor_person),
        roles: record.roles,
        object: record.object,
        object_key: record.object_id.unwrap_or_default(),
        about_person_id: or_empty(record.about),
        reason: record.reason.unwrap_or_default(),
        correlation_id: record.correlation.to_string(),
        request_id: or_empty(record.request_id),
    }
}
