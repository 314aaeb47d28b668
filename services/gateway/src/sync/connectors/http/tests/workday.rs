//! Workday: both forms of a report, both ways to be known, pages of what has none.

use super::{
    access, clock, later,
    peers::{
        stand_in::Trouble,
        workday::{CLIENT, PASSWORD, REFRESH, SECRET, USER, Workday, worker},
    },
    read, secrets,
};
use crate::sync::{
    connector::{Ask, Connector},
    connectors::http::workday,
    secrets::Secrets,
};
use contracts::mentor::gateway::v1::WorkdaySettings;

fn known() -> Secrets {
    secrets(&[("password", PASSWORD), ("client", SECRET), ("refresh", REFRESH)])
}

fn basic(report_url: String) -> WorkdaySettings {
    WorkdaySettings {
        report_url,
        user: USER.into(),
        password_secret: "password".into(),
        ..WorkdaySettings::default()
    }
}

fn oauth(company: &Workday) -> WorkdaySettings {
    WorkdaySettings {
        report_url: company.report("json"),
        token_url: company.token_url(),
        client_id: CLIENT.into(),
        client_secret: "client".into(),
        refresh_token_secret: "refresh".into(),
        ..WorkdaySettings::default()
    }
}

/// In no order, with the manager of all among the last.
async fn company() -> Workday {
    let ids = ["21", "1", "20", "3", "22"];
    let of = |id: &&str| worker(id, (*id != "22").then_some("22"), *id != "3");
    Workday::start(ids.iter().map(of).collect()).await
}

#[tokio::test]
async fn a_report_of_json_becomes_pages() {
    becomes_pages("json").await;
}

#[tokio::test]
async fn a_report_of_csv_becomes_pages() {
    becomes_pages("csv").await;
}

async fn becomes_pages(format: &str) {
    let company = company().await;
    let settings = basic(company.report(format));
    let connector = workday::Workday::open(&settings, &known(), &access(&clock())).await;
    let read = read(&mut connector.expect("opens"), None).await.expect("a reading");
    let people =
        [("1", "22", false), ("20", "22", false), ("21", "22", false), ("22", "", false), ("3", "22", true)];
    assert_eq!(read.people(), people);
    assert_eq!((read.pages, read.last.complete, read.last.total), (2, true, Some(5)));
    assert_eq!(read.last.mark, None, "without a prompt there are no changes to ask for");
    let one = read.of("1");
    assert_eq!((one.organisation.as_str(), one.unit.as_str()), ("Acme, Inc.", "R&D"));
    assert_eq!(company.server.log().len(), 1, "the report is made once");
}

#[tokio::test]
async fn another_process_goes_on_with_a_report_made_anew() {
    let company = company().await;
    let settings = basic(company.report("json"));
    let ask = Ask { since: None, page_size: 2 };
    let mut first = workday::Workday::open(&settings, &known(), &access(&clock())).await.expect("opens");
    let page = first.page(&ask, None).await.expect("a page");
    let named: Vec<_> = page.records.iter().map(|one| one.external_id.clone()).collect();
    assert_eq!(named, ["1", "20"]);
    // Meanwhile one left the report, and one came.
    company.change(|company| {
        company.workers.remove(1);
        company.workers.push(worker("23", None, true));
    });
    let mut second = workday::Workday::open(&settings, &known(), &access(&clock())).await.expect("opens");
    let mut cursor = page.next;
    let mut rest = Vec::new();
    while let Some(at) = cursor {
        let page = second.page(&ask, Some(&at)).await.expect("a page");
        rest.extend(page.records.iter().map(|one| one.external_id.clone()));
        cursor = page.next;
    }
    assert_eq!(rest, ["21", "22", "23", "3"], "nobody is passed over, so that nobody is taken for absent");
}

#[tokio::test]
async fn tokens_are_renewed_by_the_refresh_token() {
    let (company, clock) = (company().await, clock());
    let settings = WorkdaySettings { since_prompt: "Changed_Since".into(), ..oauth(&company) };
    let mut connector = workday::Workday::open(&settings, &known(), &access(&clock)).await.expect("opens");
    let first = read(&mut connector, None).await.expect("a reading");
    assert_eq!(first.people().len(), 5);
    company.expire();
    company.change(|company| company.changed = vec![worker("20", None, false)]);
    later(&clock);
    company.server.log();
    let second = read(&mut connector, first.last.mark).await.expect("a reading");
    assert_eq!((second.people(), second.last.complete), (vec![("20", "", true)], false));
    let log = company.server.log();
    assert_eq!(
        log.iter().filter(|line| line.starts_with("POST /ccx/oauth2/acme/token")).count(),
        1,
        "{log:?}"
    );
    assert!(log.iter().any(|line| line.contains("format=json&Changed_Since=20")), "{log:?}");
}

#[tokio::test]
async fn who_can_t_be_read_is_reported_and_the_others_go_on() {
    let company = company().await;
    company.change(|company| {
        company.workers[0]["Active"] = "perhaps".into();
        company.workers[1].as_object_mut().expect("an object").remove("Employee_ID");
    });
    let settings = basic(company.report("json"));
    let connector = workday::Workday::open(&settings, &known(), &access(&clock())).await;
    let read = read(&mut connector.expect("opens"), None).await.expect("a reading");
    assert_eq!(read.faults.len(), 1);
    assert_eq!((read.faults[0].external_id.as_str(), read.faults[0].field.as_str()), ("21", "active"));
    assert_eq!(read.people().len(), 4);
    assert!(read.records[0].clone().check().expect_err("no id").unknown);
}

#[tokio::test]
async fn what_is_no_report_says_so() {
    let company = company().await;
    let settings = basic(company.report("json"));
    let failing = async |trouble: Trouble| {
        company.server.troubles([trouble]);
        let connector = workday::Workday::open(&settings, &known(), &access(&clock())).await;
        read(&mut connector.expect("opens"), None).await.expect_err("must be refused")
    };
    let half = failing(Trouble::Half).await;
    assert_eq!(half.reason, "SOURCE_INVALID");
    assert!(half.message.contains("its JSON breaks at line 1"), "{}", half.message);
    assert_eq!(failing(Trouble::Endless).await.reason, "SOURCE_INVALID");
    let columns = [("unit", "Cost_Centre")];
    let mapping = columns.map(|(field, column)| crate::sync::mapping::takes(field, &[column]));
    let id = crate::sync::mapping::takes("external_id", &["Employee_ID"]);
    let settings =
        WorkdaySettings { mapping: [vec![id], mapping.to_vec()].concat(), ..basic(company.report("csv")) };
    let connector = workday::Workday::open(&settings, &known(), &access(&clock())).await;
    let error = read(&mut connector.expect("opens"), None).await.expect_err("no such column");
    assert!(
        error.message.contains("it has no column 'Cost_Centre'; it has Employee_ID, Manager_ID"),
        "{}",
        error.message
    );
}
