//! SuccessFactors: SAP's CAP server with its OData v2 adapter answers, with Basic and with signed assertions.

use super::{
    access, clock, later,
    peers::success_factors::{CLIENT, COMPANY, KEY, PASSWORD, SuccessFactors, USER, user},
    read, secrets,
};
use crate::sync::{
    connectors::http::success_factors,
    mapping::{means, takes},
    secrets::Secrets,
};
use contracts::mentor::gateway::v1::SuccessFactorsSettings;
use serde_json::{Value, json};

const OLD: &str = "2020-01-01T00:00:00Z";
const NEW: &str = "2099-01-01T00:00:00Z";

fn known() -> Secrets {
    secrets(&[("password", PASSWORD), ("key", KEY)])
}

fn basic(server: &SuccessFactors) -> SuccessFactorsSettings {
    SuccessFactorsSettings {
        url: server.url.clone(),
        company_id: COMPANY.into(),
        user: USER.into(),
        password_secret: "password".into(),
        page_size: 3,
        ..SuccessFactorsSettings::default()
    }
}

fn oauth(server: &SuccessFactors) -> SuccessFactorsSettings {
    SuccessFactorsSettings {
        password_secret: String::new(),
        client_id: CLIENT.into(),
        private_key_secret: "key".into(),
        ..basic(server)
    }
}

/// Seven who are there, whose manager is the last of them, and one who is not.
fn people() -> Vec<Value> {
    let mut people: Vec<Value> = (1..=6).map(|id| user(&format!("u{id}"), Some("u9"), "t", OLD)).collect();
    people.push(user("u9", None, "t", OLD));
    people.push(user("gone", Some("u9"), "f", OLD));
    people
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_read_from_sap_s_own_server_and_then_changes() {
    let (server, clock) = (SuccessFactors::start(&people()).await, clock());
    let settings = basic(&server);
    let mut connector =
        success_factors::SuccessFactors::open(&settings, &known(), &access(&clock)).await.expect("opens");
    let first = read(&mut connector, None).await.expect("a reading");
    let mut expected: Vec<(String, &str)> = (1..=6).map(|id| (format!("u{id}"), "u9")).collect();
    expected.push(("u9".into(), ""));
    let seen: Vec<(String, &str)> =
        first.people().iter().map(|(id, boss, _)| ((*id).to_owned(), *boss)).collect();
    assert_eq!((seen, first.pages, first.last.complete), (expected, 3, true));
    let one = first.of("u1");
    assert_eq!((one.user_name.as_str(), one.display_name.as_str()), ("user.u1", "First u1"));
    assert_eq!(
        (one.unit.as_str(), one.division.as_str(), one.email.as_str()),
        ("R&D (50)", "North", "u1@example.org")
    );
    let log = server.log().await;
    assert!(log[0].contains("paging=snapshot&customPageSize=3") && log[1].contains("$skiptoken="), "{log:?}");
    // One leaves, one moves to another manager, one comes.
    let changed = [
        user("u2", Some("u9"), "f", NEW),
        user("u3", Some("u1"), "t", NEW),
        user("u7", Some("u3"), "t", NEW),
    ];
    server.put(&changed).await;
    later(&clock);
    let second = read(&mut connector, first.last.mark).await.expect("a reading");
    assert_eq!(second.people(), [("u2", "u9", true), ("u3", "u1", false), ("u7", "u3", false)]);
    assert!(!second.last.complete);
    assert!(server.log().await[0].contains("lastModifiedDateTime+ge+datetimeoffset'"));
    for _ in 0..24 {
        later(&clock);
    }
    let next_day = read(&mut connector, second.last.mark).await.expect("a reading");
    assert_eq!(
        (next_day.people().len(), next_day.last.complete),
        (7, true),
        "who left is not named any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_given_for_signed_assertions_and_renewed_once() {
    let (server, clock) = (SuccessFactors::start(&people()).await, clock());
    let settings = oauth(&server);
    let mut connector =
        success_factors::SuccessFactors::open(&settings, &known(), &access(&clock)).await.expect("opens");
    assert_eq!(read(&mut connector, None).await.expect("a reading").people().len(), 7);
    server.expire().await;
    server.log().await;
    assert_eq!(read(&mut connector, None).await.expect("a reading").people().len(), 7);
    assert_eq!(server.log().await.len(), 4, "three pages, and one refusal");
    let stranger = SuccessFactorsSettings { user: "somebody".into(), ..settings };
    let mut connector =
        success_factors::SuccessFactors::open(&stranger, &known(), &access(&clock)).await.expect("opens");
    let error = read(&mut connector, None).await.expect_err("must be refused");
    assert_eq!(error.reason, "SOURCE_REFUSED");
    assert!(
        error.message.contains("Unable to authenticate the client: of an unknown user"),
        "{}",
        error.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_faults_are_survived_and_mistakes_said() {
    let (server, clock) = (SuccessFactors::start(&people()).await, clock());
    let open = async |settings: &SuccessFactorsSettings| {
        success_factors::SuccessFactors::open(settings, &known(), &access(&clock)).await.expect("opens")
    };
    let troubles =
        json!([{ "status": 429, "retryAfter": "1" }, { "pass": true }, { "cut": true }, { "status": 500 }]);
    server.troubles(troubles).await;
    let settings = basic(&server);
    let read_all = read(&mut open(&settings).await, None).await.expect("a reading");
    assert_eq!((read_all.people().len(), server.log().await.len()), (7, 6));
    let wrong = SuccessFactorsSettings { filter: "division eq ".into(), ..settings.clone() };
    let error = read(&mut open(&wrong).await, None).await.expect_err("no expression");
    assert_eq!(error.reason, "SOURCE_INVALID");
    assert!(error.message.contains("answers 400 Bad Request: "), "{}", error.message);
    let nobody = SuccessFactorsSettings { user: "nobody".into(), ..settings };
    let error = read(&mut open(&nobody).await, None).await.expect_err("must be refused");
    assert_eq!(error.reason, "SOURCE_REFUSED");
    assert!(error.message.ends_with("LGN0002: Authentication failed"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_people_are_those_of_the_settings() {
    let mut people = people();
    people[3]["division"] = "South".into();
    people[4]["division"] = "South".into();
    people[4]["status"] = Value::Null;
    let (server, clock) = (SuccessFactors::start(&people).await, clock());
    let settings = SuccessFactorsSettings {
        filter: "division eq 'South' or division eq 'West'".into(),
        mapping: vec![
            takes("external_id", &["userId"]),
            takes("manager", &["manager/userId"]),
            takes("display_name", &["firstName", "lastName"]),
            takes("grade", &["custom01"]),
            means("active", "status", &[("t", "true"), ("f", "false")]),
            takes("unit", &["manager/defaultFullName"]),
        ],
        ..basic(&server)
    };
    let mut connector =
        success_factors::SuccessFactors::open(&settings, &known(), &access(&clock)).await.expect("opens");
    let read = read(&mut connector, None).await.expect("a reading");
    assert_eq!(read.people(), [("u4", "u9", false)], "a user without a status is not among the active ones");
    let one = read.of("u4");
    assert_eq!(
        (one.display_name.as_str(), one.grade.as_deref(), one.unit.as_str()),
        ("First u4", Some("B3"), "First u9")
    );
}
