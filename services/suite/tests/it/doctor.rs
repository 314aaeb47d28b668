//! `mentor doctor` on servers that are there, and on those that are not.

use crate::program::{Environment, Finished, environment, nowhere, run, set};
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use matching::Matching;
use scheduling::Scheduling;
use serde_json::Value;
use testkit::{Suite, TestDatabase};

async fn suite() -> (Suite, Environment) {
    let builder = Suite::builder().service::<Enrollment>().service::<Matching>();
    let suite = builder
        .service::<Scheduling>()
        .service::<Evaluation>()
        .service::<Gateway>()
        .in_process()
        .start()
        .await;
    let mut variables = environment(suite.config(), &suite.database().url());
    let broker = testkit::servers::rabbitmq().await;
    set(&mut variables, "MENTOR__MESSAGING__BROKER", "rabbitmq");
    set(&mut variables, "MENTOR__MESSAGING__URL", broker);
    set(&mut variables, "MENTOR__CACHE__KIND", "redis");
    set(&mut variables, "MENTOR__CACHE__URL", testkit::servers::redis().await);
    (suite, variables)
}

fn finding(finished: &Finished, check: &str) -> Value {
    let findings = finished.json();
    let findings = findings.as_array().expect("a list");
    findings.iter().find(|finding| finding["check"] == check).cloned().expect("the check")
}

#[tokio::test]
async fn a_missing_broker_is_told_and_nothing_else() {
    let (_suite, mut variables) = suite().await;
    let well = run(&["doctor", "--json"], &variables).await;
    assert_eq!(well.code, Some(0), "{}", well.stdout);
    assert_eq!(finding(&well, "RabbitMQ")["status"], "ok");

    set(&mut variables, "MENTOR__MESSAGING__URL", format!("amqp://guest:guest@{}/%2f", nowhere()));
    let ill = run(&["doctor", "--json"], &variables).await;
    assert_eq!(ill.code, Some(1));
    let broker = finding(&ill, "RabbitMQ");
    assert_eq!(broker["status"], "missing");
    assert!(broker["todo"].as_str().is_some_and(|todo| todo.contains("messaging.url")), "{broker}");
    let missing = ill.json();
    let missing =
        missing.as_array().expect("a list").iter().filter(|finding| finding["status"] == "missing").count();
    assert_eq!(missing, 1, "{}", ill.stdout);
    // A wrong password is another thing than a broker that is away.
    let real = testkit::servers::rabbitmq().await;
    set(&mut variables, "MENTOR__MESSAGING__URL", real);
    set(&mut variables, "MENTOR__MESSAGING__PASSWORD", "wrong");
    let refused = run(&["doctor", "--json"], &variables).await;
    assert!(finding(&refused, "RabbitMQ")["todo"].as_str().is_some_and(|todo| todo.contains("password")));
}

#[tokio::test]
async fn an_empty_database_and_an_identity_provider_that_is_away_are_told() {
    let (_suite, mut variables) = suite().await;
    let empty = TestDatabase::empty().await;
    set(&mut variables, "MENTOR__DATABASE__URL", empty.host_url());
    let keys = format!("http://{}/keys", nowhere());
    let tenant = testkit::id(1);
    let issuer =
        format!(r#"[{{ issuer = "https://idp.example.com", jwks_url = "{keys}", tenant = "{tenant}" }}]"#);
    set(&mut variables, "MENTOR__IDENTITY__ISSUERS", issuer);
    let told = run(&["doctor", "--json"], &variables).await;
    assert_eq!(told.code, Some(1));
    assert_eq!(finding(&told, "Postgres")["status"], "ok");
    let schema = finding(&told, "schema matching");
    assert_eq!((&schema["status"], &schema["todo"]), (&"missing".into(), &"mentor migrate matching".into()));
    let findings = told.json();
    let identity = findings.as_array().expect("a list").iter().find(|finding| {
        finding["check"] == "identity"
            && finding["detail"].as_str().is_some_and(|detail| detail.contains(&keys))
    });
    assert_eq!(identity.expect("the issuer's check")["status"], "missing");
}
