//! The trail is read by what one looks for, and forgets nothing in silence.

use crate::house::House;
use jiff::SignedDuration;
use kernel::{Clock, TenantId, Uuid};
use storage::{Audit, AuditFilter, AuditRecord};

const MENTEE: Uuid = Uuid::from_u128(7);

impl House {
    /// A change every hour of another object, every third of them about the mentee.
    async fn changes(&self, number: u32) {
        for n in 0..number {
            self.clock.advance(SignedDuration::from_hours(1));
            let mut tx = self.db.write(&self.ctx()).await.expect("begins");
            let audit = Audit::of("application", n).because("no place left");
            tx.audit(if n % 3 == 0 { audit.about(MENTEE) } else { audit });
            tx.commit().await.expect("commits");
        }
    }

    async fn trail(&self, filter: &AuditFilter) -> Vec<AuditRecord> {
        let mut tx = self.db.read(&self.ctx()).await.expect("begins");
        tx.audit_trail(filter, None, 100).await.expect("reads")
    }
}

fn objects(records: &[AuditRecord]) -> Vec<&str> {
    records.iter().filter_map(|record| record.object_id.as_deref()).collect()
}

#[tokio::test]
async fn a_record_tells_what_was_written() {
    let house = House::new().await;
    house.changes(1).await;
    let records = house.trail(&AuditFilter::default()).await;
    let [record] = records.as_slice() else { panic!("one record, not {records:?}") };
    assert_eq!((record.actor.as_str(), record.actor_person), ("ada", Some(Uuid::from_u128(1))));
    assert_eq!((record.at, record.is_read), (house.clock.now(), false));
    assert_eq!((record.object.as_str(), record.object_id.as_deref()), ("application", Some("0")));
    assert_eq!((record.about, record.reason.as_deref()), (Some(MENTEE), Some("no place left")));
    assert_eq!(record.roles, ["program_manager"]);
    assert_eq!(record.operation, "/mentor.enrollment.v1.NoteService/CreateNote");
}

#[tokio::test]
async fn filters_narrow_and_pages_go_back_in_time() {
    let house = House::new().await;
    let start = house.clock.now();
    house.changes(6).await;
    let all = AuditFilter::default();
    assert_eq!(objects(&house.trail(&all).await), ["5", "4", "3", "2", "1", "0"]);
    let about = AuditFilter { about: Some(MENTEE), ..AuditFilter::default() };
    assert_eq!(objects(&house.trail(&about).await), ["3", "0"]);
    let hour = |n| Some(start + SignedDuration::from_hours(n));
    let between = AuditFilter { from: hour(2), until: hour(4), ..AuditFilter::default() };
    assert_eq!(objects(&house.trail(&between).await), ["2", "1"], "the end does not belong to it");
    let one = AuditFilter {
        actor: Some("ada".to_owned()),
        actor_person: Some(Uuid::from_u128(1)),
        operation: Some("/mentor.enrollment.v1.NoteService/CreateNote".to_owned()),
        object: Some("application".to_owned()),
        object_id: Some("4".to_owned()),
        is_read: Some(false),
        ..AuditFilter::default()
    };
    assert_eq!(objects(&house.trail(&one).await), ["4"]);
    for nothing in [
        AuditFilter { is_read: Some(true), ..AuditFilter::default() },
        AuditFilter { actor: Some("eve".to_owned()), ..AuditFilter::default() },
        AuditFilter { actor_person: Some(MENTEE), ..AuditFilter::default() },
    ] {
        assert!(house.trail(&nothing).await.is_empty(), "{nothing:?}");
    }

    let mut tx = house.db.read(&house.ctx()).await.expect("begins");
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = tx.audit_trail(&all, after, 4).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some(last.key());
        seen.extend(page);
    }
    assert_eq!(objects(&seen), ["5", "4", "3", "2", "1", "0"]);
}

#[tokio::test]
async fn another_tenant_has_another_trail() {
    let house = House::new().await;
    house.changes(2).await;
    let other = TenantId(house.clock.new_id());
    let mut tx = house.db.read(&house.ctx_of(other)).await.expect("begins");
    assert!(tx.audit_trail(&AuditFilter::default(), None, 10).await.expect("reads").is_empty());
}

#[tokio::test]
async fn what_is_past_its_retention_goes_and_a_row_says_so() {
    let house = House::new().await;
    let start = house.clock.now();
    house.changes(6).await;
    let before = start + SignedDuration::from_hours(4);
    house.clock.advance(SignedDuration::from_hours(1));
    let elsewhere = house.ctx_of(TenantId(house.clock.new_id()));
    assert_eq!(house.db.purge_audit(&elsewhere, before).await.expect("purges"), 0, "another tenant's");
    assert_eq!(house.db.purge_audit(&house.ctx(), before).await.expect("purges"), 3);
    let records = house.trail(&AuditFilter::default()).await;
    assert_eq!(objects(&records), ["5", "4", "3"]);
    let [said, ..] = records.as_slice() else { panic!("a row that says so") };
    assert_eq!((said.object.as_str(), said.at), ("audit trail", house.clock.now()));
    let reason = said.reason.clone().unwrap_or_default();
    assert!(reason.starts_with("3 records from before 2025-01-06 13:00"), "{reason}");
    assert_eq!(house.db.purge_audit(&house.ctx(), before).await.expect("purges"), 0);
    assert_eq!(house.trail(&AuditFilter::default()).await.len(), 4, "nothing deleted is nothing to say");
}
