//! The audit trail over gRPC.

use crate::notes::Notes;
use contracts::{
    mentor::common::v1::{
        AuditKind, AuditRecord, ListAuditRecordsRequest, audit_service_client::AuditServiceClient,
    },
    time,
};
use grpc::Channel;
use jiff::SignedDuration;
use kernel::{Clock, Role, Uuid};
use std::time::Duration;
use storage::Audit;
use testkit::Suite;
use tonic::Code;
use tonic_types::StatusExt;

const MENTEE: Uuid = Uuid::from_u128(7);

/// A suite in which three changes are on record, a minute after each other, the last about the mentee.
async fn three_changes(keep: Duration) -> Suite {
    let suite = Suite::builder()
        .service::<Notes>()
        .in_process()
        .configure(move |config| config.retention.audit = keep)
        .start()
        .await;
    let db = suite.host().database("evaluation").expect("runs");
    for n in 0..3 {
        suite.advance(SignedDuration::from_mins(1));
        let mut tx = db.write(&suite.context(Role::ProgramManager, None)).await.expect("a transaction");
        let audit = Audit::of("note", n).because("it was time");
        tx.audit(if n == 2 { audit.about(MENTEE) } else { audit });
        tx.commit().await.expect("commits");
    }
    suite
}

fn client(suite: &Suite, role: Role) -> AuditServiceClient<Channel> {
    AuditServiceClient::new(suite.acting(role, None))
}

async fn list(suite: &Suite, request: ListAuditRecordsRequest) -> Vec<AuditRecord> {
    client(suite, Role::Auditor).list_audit_records(request).await.expect("allowed").into_inner().records
}

fn keys(records: &[AuditRecord]) -> Vec<&str> {
    records.iter().map(|record| record.object_key.as_str()).collect()
}

#[tokio::test]
async fn the_trail_is_listed_newest_first_in_pages() {
    let suite = three_changes(Duration::ZERO).await;
    let mut request =
        ListAuditRecordsRequest { page_size: 2, object: "note".to_owned(), ..Default::default() };
    let mut client = client(&suite, Role::HrAdmin);
    let first = client.list_audit_records(request.clone()).await.expect("allowed").into_inner();
    assert_eq!(keys(&first.records), ["2", "1"]);
    let newest = &first.records[0];
    assert_eq!((newest.service.as_str(), newest.kind()), ("evaluation", AuditKind::Change));
    assert_eq!((newest.about_person_id.clone(), &*newest.reason), (MENTEE.to_string(), "it was time"));
    assert_eq!(newest.time, Some(time::timestamp(suite.clock.now())));
    request.page_token = first.next_page_token;
    let second = client.list_audit_records(request.clone()).await.expect("allowed").into_inner();
    assert_eq!((keys(&second.records), &*second.next_page_token), (vec!["0"], ""));
    request.object = "other".to_owned();
    let foreign = client.list_audit_records(request).await.expect_err("a token of another list");
    let details = foreign.get_error_details();
    assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some("PAGE_TOKEN_INVALID"));
}

#[tokio::test]
async fn filters_by_person_and_time_narrow_the_list() {
    let suite = three_changes(Duration::ZERO).await;
    let about = ListAuditRecordsRequest { about_person_id: MENTEE.to_string(), ..Default::default() };
    assert_eq!(keys(&list(&suite, about).await), ["2"]);
    let at = |minutes| Some(time::timestamp(suite.clock.now() - SignedDuration::from_mins(minutes)));
    let between = ListAuditRecordsRequest { starts_at: at(2), ends_at: at(0), ..Default::default() };
    assert_eq!(keys(&list(&suite, between).await), ["1", "0"]);
    let backwards = ListAuditRecordsRequest { starts_at: at(0), ends_at: at(2), ..Default::default() };
    let mut client = client(&suite, Role::Auditor);
    let refused = client.list_audit_records(backwards).await.expect_err("it ends before it starts");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields = refused.get_error_details().bad_request().expect("the field").field_violations.clone();
    assert_eq!(fields[0].field, "ends_at");
}

#[tokio::test]
async fn reading_the_trail_is_in_the_trail() {
    let suite = three_changes(Duration::ZERO).await;
    let about = ListAuditRecordsRequest { about_person_id: MENTEE.to_string(), ..Default::default() };
    list(&suite, about.clone()).await;
    let reads = ListAuditRecordsRequest { kind: AuditKind::Read.into(), ..about };
    let read = testkit::eventually!(Duration::from_secs(2), list(&suite, reads.clone()).await.pop());
    assert_eq!(read.operation, "/mentor.common.v1.AuditService/ListAuditRecords");
    assert_eq!((&*read.object, read.roles), ("audit trail", vec!["auditor".to_owned()]));
}

#[tokio::test]
async fn who_has_no_right_to_the_trail_is_refused() {
    let suite = three_changes(Duration::ZERO).await;
    for role in [Role::ProgramManager, Role::Employee, Role::HrClient] {
        let person = (role == Role::Employee).then_some(MENTEE);
        let mut client = AuditServiceClient::new(suite.acting(role, person));
        let refused =
            client.list_audit_records(ListAuditRecordsRequest::default()).await.expect_err("refused");
        assert_eq!(refused.code(), Code::PermissionDenied, "{role}");
    }
}

#[tokio::test]
async fn records_go_when_their_retention_is_over_and_not_before() {
    let suite = three_changes(Duration::from_secs(24 * 3600)).await;
    let notes = ListAuditRecordsRequest { object: "note".to_owned(), ..Default::default() };
    suite.advance(SignedDuration::from_hours(23));
    suite.run_jobs().await;
    assert_eq!(list(&suite, notes.clone()).await.len(), 3);
    suite.advance(SignedDuration::from_hours(2));
    suite.run_jobs().await;
    assert!(list(&suite, notes).await.is_empty());
    let said = ListAuditRecordsRequest {
        operation: "sweep".to_owned(),
        actor: "system:evaluation".to_owned(),
        ..Default::default()
    };
    let records = list(&suite, said).await;
    assert_eq!(records.len(), 1);
    assert!(records[0].reason.starts_with("3 records from before"), "{records:?}");
}

#[tokio::test]
async fn for_ever_is_for_ever() {
    let suite = three_changes(Duration::ZERO).await;
    suite.advance(SignedDuration::from_hours(24 * 365 * 20));
    suite.run_jobs().await;
    let notes = ListAuditRecordsRequest { object: "note".to_owned(), ..Default::default() };
    assert_eq!(list(&suite, notes).await.len(), 3);
}
