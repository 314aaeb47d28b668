//! Personio: cursors, employments, org units, tokens.

use super::{
    Reading, access, clock, later,
    peers::{
        personio::{CLIENT, Personio, SECRET, person},
        stand_in::Trouble,
    },
    read, secrets,
};
use crate::sync::{connectors::http::personio, mapping::takes};
use contracts::mentor::gateway::v1::{FieldMapping, PersonioSettings};
use kernel::{ManualClock, Result};
use std::sync::Arc;

async fn open(
    company: &Personio,
    clock: &Arc<ManualClock>,
    mapping: Vec<FieldMapping>,
) -> personio::Personio {
    let settings = PersonioSettings {
        url: company.server.url.clone(),
        client_id: CLIENT.into(),
        client_secret: "personio".into(),
        mapping,
        ..PersonioSettings::default()
    };
    let secrets = secrets(&[("personio", SECRET)]);
    personio::Personio::open(&settings, &secrets, &access(clock)).await.expect("opens")
}

async fn reading(company: &Personio, clock: &Arc<ManualClock>, since: Option<String>) -> Result<Reading> {
    read(&mut open(company, clock, vec![]).await, since).await
}

/// 120 people on three pages; the supervisor of all is the last; the second has left.
async fn company() -> Personio {
    let of = |id: u64| person(id, (id < 120).then_some(120), if id == 2 { "INACTIVE" } else { "ACTIVE" });
    Personio::start((1..=120).map(of).collect()).await
}

#[tokio::test]
async fn everybody_is_read_with_the_latest_employment() {
    let (company, clock) = (company().await, clock());
    let read = reading(&company, &clock, None).await.expect("a reading");
    assert_eq!((read.pages, read.people().len(), read.last.complete), (3, 120, true));
    assert_eq!(read.people()[..2], [("1", "120", false), ("2", "", true)]);
    let one = read.of("1");
    assert_eq!((one.display_name.as_str(), one.email.as_str()), ("First1 Last", "p1@example.org"));
    assert_eq!(
        (one.job_title.as_str(), one.unit.as_str(), one.fte.as_deref()),
        ("Engineer", "R&D", Some("0.50"))
    );
    assert_eq!(read.of("120").manager, "");
    let log = company.server.log();
    let count = |part: &str| log.iter().filter(|line| line.contains(part)).count();
    assert_eq!((count("/v2/auth/token"), count("/v2/persons?")), (1, 3));
    assert_eq!((count("/employments?limit=1"), count("/v2/org-units/401?type=department")), (119, 1));
    assert_eq!(count("type=team"), 0, "nobody asked for it");
    assert!(log.contains(&"GET /v2/persons?limit=50&cursor=cur_100".to_owned()), "{log:?}");
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let (company, clock) = (company().await, clock());
    let mut connector = open(&company, &clock, vec![]).await;
    let first = read(&mut connector, None).await.expect("a reading");
    assert_eq!(company.tokens(), 1, "four calls at once share it");
    company.expire();
    let again = read(&mut connector, None).await.expect("a reading");
    assert_eq!((again.people(), company.tokens()), (first.people(), 2));
    // A new token is asked for before the old one ends.
    for _ in 0..25 {
        later(&clock);
    }
    read(&mut connector, None).await.expect("a reading");
    assert_eq!(company.tokens(), 3);
    company.server.troubles([Trouble::Status(401, None), Trouble::Status(401, None)]);
    let error = read(&mut connector, None).await.expect_err("refused with a new token as well");
    assert_eq!((error.reason, company.tokens()), ("SOURCE_REFUSED", 4));
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_never_shown() {
    let (company, clock) = (company().await, clock());
    let settings = PersonioSettings {
        url: company.server.url.clone(),
        client_id: CLIENT.into(),
        client_secret: "personio".into(),
        ..PersonioSettings::default()
    };
    let secrets = secrets(&[("personio", "wrong-secret-0123456789")]);
    let connector = personio::Personio::open(&settings, &secrets, &access(&clock)).await;
    let error = read(&mut connector.expect("opens"), None).await.expect_err("must be refused");
    assert_eq!(error.reason, "SOURCE_REFUSED");
    assert!(
        error.message.contains("unauthorized_client: The credentials were not correct: …"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn changes_are_of_persons() {
    let (company, clock) = (company().await, clock());
    let first = reading(&company, &clock, None).await.expect("a reading");
    company.server.log();
    company.change(|company| {
        company.persons[6]["updated_at"] = "2099-01-01T00:00:00Z".into();
        company.persons[6]["status"] = "INACTIVE".into();
        company.persons[8]["updated_at"] = "2099-01-01T00:00:00Z".into();
        company.persons[8]["preferred_name"] = "Nine".into();
    });
    later(&clock);
    let second = reading(&company, &clock, first.last.mark).await.expect("a reading");
    assert_eq!(second.people(), [("7", "", true), ("9", "120", false)]);
    assert_eq!((second.of("9").display_name.as_str(), second.last.complete), ("Nine", false));
    assert!(company.server.log().iter().any(|line| line.contains("updated_at.gt=20")));
}

#[tokio::test]
async fn who_can_t_be_read_is_reported_and_the_others_go_on() {
    let (company, clock) = (company().await, clock());
    company.change(|company| {
        for (at, field) in [(2, "status"), (3, "id"), (4, "email")] {
            company.persons[at].as_object_mut().expect("an object").remove(field);
        }
        company.employments[2].as_object_mut().expect("an object").remove("status");
        company.employments.remove(5);
        company.units.clear();
    });
    let read = reading(&company, &clock, None).await.expect("a reading");
    let rejected: Vec<_> =
        read.faults.iter().filter(|fault| fault.rejected).map(|f| f.external_id.as_str()).collect();
    assert_eq!(rejected, ["3"], "nobody can tell whether the third has left");
    let unit = read.faults.iter().find(|fault| !fault.rejected).expect("the org unit is reported");
    assert_eq!(unit.message, "the department 401 can't be read; its people come without it");
    assert_eq!((read.of("5").email.as_str(), read.of("5").unit.as_str()), ("", ""));
    assert_eq!(
        (read.of("6").job_title.as_str(), read.of("6").left),
        ("", false),
        "erased meanwhile, or without one"
    );
    assert_eq!(read.people().len(), 119);
    assert!(read.of("").clone().check().expect_err("no id").unknown);
}

#[tokio::test]
async fn fields_are_taken_from_where_the_settings_say() {
    let (company, clock) = (company().await, clock());
    let mapping = vec![
        takes("external_id", &["id"]),
        takes("unit", &["department", "team"]),
        takes("organisation", &["legal_entity.id"]),
        takes("grade", &["color"]),
        takes("profession", &["employment.status"]),
    ];
    let read = read(&mut open(&company, &clock, mapping).await, None).await.expect("a reading");
    let one = read.of("1");
    assert_eq!((one.unit.as_str(), one.organisation.as_str()), ("R&D Blue", "170"));
    assert_eq!((one.grade.as_deref(), one.profession.as_deref()), (Some("Red"), Some("ACTIVE")));
}

#[tokio::test]
async fn limits_in_the_middle_of_a_page_are_waited_out() {
    let (company, clock) = (company().await, clock());
    let refused = Trouble::Status(429, Some("0"));
    company.server.troubles([Trouble::Pass, Trouble::Pass, refused.clone(), refused, Trouble::Cut]);
    let read = reading(&company, &clock, None).await.expect("a reading");
    let ids: Vec<u64> = read.people().iter().map(|(id, ..)| id.parse().expect("a number")).collect();
    assert_eq!(ids, (1..=120).collect::<Vec<u64>>(), "each once and in order");
}
