//! BambooHR: pages, changes, and what the key's user may not read.

use super::{
    Reading, access, clock, later,
    peers::bamboo_hr::{BambooHr, Company, KEY, employee},
    read, secrets,
};
use crate::sync::{
    connectors::http::bamboo_hr,
    mapping::{means, takes},
};
use contracts::mentor::gateway::v1::{BambooHrSettings, FieldMapping};
use kernel::{ManualClock, Result};
use std::sync::Arc;

async fn reading(
    company: &BambooHr,
    clock: &Arc<ManualClock>,
    mapping: Vec<FieldMapping>,
    since: Option<String>,
) -> Result<Reading> {
    let settings = BambooHrSettings {
        url: company.server.url.clone(),
        api_key_secret: "key".into(),
        mapping,
        page_size: 2,
        ..BambooHrSettings::default()
    };
    let secrets = secrets(&[("key", KEY)]);
    let mut connector = bamboo_hr::BambooHr::open(&settings, &secrets, &access(clock)).await?;
    read(&mut connector, since).await
}

async fn company() -> BambooHr {
    // The manager of the first two comes on the last page.
    let employees = vec![
        employee(1, Some(5), "Active"),
        employee(2, Some(5), "Active"),
        employee(3, Some(1), "Inactive"),
        employee(4, None, "Active"),
        employee(5, None, "Active"),
    ];
    BambooHr::start(Company { employees, ..Company::default() }).await
}

#[tokio::test]
async fn everybody_is_read_page_by_page() {
    let (company, clock) = (company().await, clock());
    let read = reading(&company, &clock, vec![], None).await.expect("a reading");
    let people = [("1", "5", false), ("2", "5", false), ("3", "1", true), ("4", "", false), ("5", "", false)];
    assert_eq!(read.people(), people);
    let one = read.of("1");
    assert_eq!((one.display_name.as_str(), one.email.as_str()), ("First1 Last", "e1@example.org"));
    assert_eq!((one.user_name.as_str(), one.job_title.as_str()), ("e1@example.org", "Engineer"));
    assert_eq!((one.unit.as_str(), one.division.as_str(), &one.grade), ("R&D", "North", &None));
    assert_eq!((read.pages, read.last.complete, read.last.total), (3, true, Some(5)));
    let log = company.server.log();
    let fields = "fields=departmentName,displayName,divisionName,reportsToId,workEmail";
    assert_eq!(log[0], format!("GET /api/v1/employees?{fields}&page[limit]=2"));
    assert_eq!(log[2], format!("GET /api/v1/employees?{fields}&page[limit]=2&page[after]=cur_4"));
}

#[tokio::test]
async fn changes_are_asked_for_afterwards_until_a_day_is_over() {
    let (company, clock) = (company().await, clock());
    let first = reading(&company, &clock, vec![], None).await.expect("a reading");
    company.server.log();
    company.change(|company| {
        company.employees[3]["jobTitleName"] = "Lead".into();
        company.employees.remove(1);
        // 9 was made and is out of the key's sight.
        company.changed = vec![(4, "Updated"), (2, "Deleted"), (9, "Inserted")];
    });
    later(&clock);
    let second = reading(&company, &clock, vec![], first.last.mark).await.expect("a reading");
    assert_eq!(second.people(), [("4", "", false), ("2", "", true)]);
    assert_eq!(second.of("4").job_title, "Lead");
    assert!(!second.last.complete);
    assert_eq!(second.faults.iter().map(|fault| fault.external_id.as_str()).collect::<Vec<_>>(), ["9"]);
    let log = company.server.log();
    assert!(log[0].starts_with("GET /api/v1/employees/changed?since=20"), "{log:?}");
    assert!(log[1].contains("filter[ids]=4,9"), "{log:?}");
    company.change(|company| company.changed.clear());
    let third = reading(&company, &clock, vec![], second.last.mark.clone()).await.expect("a reading");
    assert_eq!((third.people().len(), third.faults.len(), third.last.complete), (0, 0, false));
    for _ in 0..24 {
        later(&clock);
    }
    let next_day = reading(&company, &clock, vec![], third.last.mark).await.expect("a reading");
    assert!(next_day.last.complete);
    assert_eq!(next_day.people().len(), 4);
}

#[tokio::test]
async fn many_changes_go_on_behind_the_last_one_also_in_another_process() {
    let employees = (1..=450).map(|id| employee(id, None, "Active")).collect();
    let company = BambooHr::start(Company { employees, ..Company::default() }).await;
    let clock = clock();
    let settings = BambooHrSettings {
        url: company.server.url.clone(),
        api_key_secret: "key".into(),
        ..BambooHrSettings::default()
    };
    let first = bamboo_hr::BambooHr::open(&settings, &secrets(&[("key", KEY)]), &access(&clock)).await;
    let mark = read(&mut first.expect("opens"), None).await.expect("a reading").last.mark;
    company.change(|company| company.changed = (1..=450).rev().map(|id| (id, "Updated")).collect());
    let ask = crate::sync::connector::Ask { since: mark, page_size: 0 };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        // Each page by a process of its own.
        let mut connector =
            bamboo_hr::BambooHr::open(&settings, &secrets(&[("key", KEY)]), &access(&clock)).await;
        let connector: &mut dyn crate::sync::connector::Connector = connector.as_mut().expect("opens");
        let page = connector.page(&ask, cursor.as_deref()).await.expect("a page");
        seen.extend(page.records.into_iter().map(|one| one.external_id.parse::<u64>().expect("a number")));
        let Some(next) = page.next else { break };
        cursor = Some(next);
    }
    assert_eq!(seen, (1..=450).collect::<Vec<u64>>());
}

#[tokio::test]
async fn who_can_t_be_read_is_reported_and_the_others_go_on() {
    let (company, clock) = (company().await, clock());
    company.change(|company| {
        company.hidden = vec![("2", "status"), ("4", "photoUrl")];
        company.employees[4]["status"] = "On leave".into();
        company.employees[0]["employeeId"] = serde_json::Value::Null;
    });
    let read = reading(&company, &clock, vec![], None).await.expect("a reading");
    let faults: Vec<_> =
        read.faults.iter().map(|f| (f.external_id.as_str(), f.field.as_str(), f.rejected)).collect();
    assert_eq!(faults, [("2", "status", true), ("5", "active", true)]);
    assert_eq!(read.faults[0].message, "the API key's user may not read 'status' of this person");
    // Without an id nothing can be told: the run refuses the record and lets nobody go.
    assert_eq!(read.people()[0], ("", "5", false));
    let refused = read.records[0].clone().check().expect_err("no id");
    assert!(refused.unknown);
    assert_eq!(read.people().len(), 3);
}

#[tokio::test]
async fn fields_are_taken_from_where_the_settings_say() {
    let (company, clock) = (company().await, clock());
    let mapping = vec![
        takes("external_id", &["employeeId"]),
        takes("display_name", &["firstName", "lastName"]),
        means("grade", "employmentType", &[("full-time", "FT")]),
    ];
    let read = reading(&company, &clock, mapping, None).await.expect("a reading");
    assert_eq!(
        (read.of("3").display_name.as_str(), read.of("3").grade.as_deref()),
        ("First3 Last", Some("FT"))
    );
    let misspelt = vec![takes("external_id", &["employeeId"]), takes("unit", &["departmntName"])];
    let error = reading(&company, &clock, misspelt, None).await.expect_err("nobody has it");
    assert!(error.message.contains("knows no field 'departmntName'"), "{}", error.message);
}
