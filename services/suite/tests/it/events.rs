//! `mentor events` on a dead event, on real servers.

use crate::program::{environment, run, set};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use enrollment::Enrollment;
use gateway::Gateway;
use jiff::SignedDuration;
use kernel::{Clock, SystemClock};
use scheduling::Scheduling;
use testkit::{Suite, TestDatabase};

fn person(number: u64) -> PersonUpserted {
    PersonUpserted {
        person_id: testkit::id(number).to_string(),
        external_id: format!("E-{number}"),
        display_name: "Samir Khan".to_owned(),
        email: "samir.khan@example.org".to_owned(),
        ..PersonUpserted::default()
    }
}

/// Breaks and mends what the handler needs.
async fn rename(suite: &Suite, from: &str, to: &str) {
    let sql = format!("alter table scheduling.{from} rename to {to}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(suite.sql()).await.expect("renames");
}

#[tokio::test]
async fn a_dead_event_is_listed_shown_and_replayed() {
    let builder = Suite::builder().service::<Enrollment>().service::<Scheduling>();
    // The program's own clock decides when a replayed event is due, so the suite's is near it.
    let builder = builder.at(SystemClock.now()).configure(|config| config.messaging.attempts = 1);
    let suite = builder.start().await;
    let variables = environment(suite.config(), &suite.database().url());
    let services = ["--service", "enrollment", "--service", "scheduling"];
    let mentor = async |args: &[&str]| run(&[args, &services].concat(), &variables).await;
    let nothing = mentor(&["events", "list"]).await;
    assert!(nothing.stdout.starts_with("Nothing waits"), "{} {}", nothing.stdout, nothing.stderr);

    rename(&suite, "person", "person_away").await;
    let event = suite.envelope(&person(7));
    let id = event.id.to_string();
    suite.publish_envelopes(&[event]).await;
    suite.settle().await;

    let list = mentor(&["events", "list", "--json"]).await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!((&list[0]["state"], &list[0]["service"]), (&"dead".into(), &"scheduling".into()));
    assert_eq!(list[0]["id"], id.as_str());
    let listed = mentor(&["events", "list"]).await.stdout;
    assert!(listed.contains("dead") && listed.contains("PersonUpserted") && listed.contains(&id), "{listed}");
    let shown = mentor(&["events", "show", &id, "--json"]).await.json();
    assert_eq!(shown["body"]["displayName"], "Samir Khan");
    assert!(mentor(&["events", "show", &id]).await.stdout.contains("\"externalId\": \"E-7\""));

    rename(&suite, "person_away", "person").await;
    let replayed = mentor(&["events", "replay", &id]).await;
    assert!(replayed.stdout.contains("due again in scheduling"), "{} {}", replayed.stdout, replayed.stderr);
    suite.advance(SignedDuration::from_hours(1));
    suite.settle().await;
    assert_eq!(suite.parked("scheduling").await, 0);
    let names: Vec<String> = sqlx::query_scalar("select display_name from scheduling.person")
        .fetch_all(suite.sql())
        .await
        .expect("reads");
    assert_eq!(names, ["Samir Khan"]);
    let empty = mentor(&["events", "replay", "--all", "--json"]).await.json();
    assert_eq!(empty["replayed"]["scheduling"], 0);
}

/// An installation whose people are older than a projection of them: the table was not there when they came.
#[tokio::test]
async fn everybody_is_told_of_again_to_a_service_that_came_later() {
    let builder = Suite::builder().service::<Enrollment>().service::<Gateway>().at(SystemClock.now());
    let suite = builder.start().await;
    sqlx::query(
        "insert into enrollment.person (tenant_id, person_id, external_id, display_name, email, unit, job_title, grade, \
                                        profession, organisation, parent_organisation, fte_percent, state, \
                                        deactivated_at, created_at, updated_at) \
         select $1, gen_random_uuid(), 'E-' || n, 'Ada', 'E-' || n || '@example.org', '', '', '', '', '', '', 100, \
                case when n > 1200 then 'deactivated' else 'active' end, \
                case when n > 1200 then to_timestamp(1736154000) end, to_timestamp(1736154000), \
                to_timestamp(1736154000) from generate_series(1, 1203) n",
    )
    .bind(suite.tenant.0)
    .execute(suite.sql())
    .await
    .expect("people of before");
    sqlx::query(
        "insert into enrollment.tenant (tenant_id, first_seen_at) values ($1, to_timestamp(1736154000))",
    )
    .bind(suite.tenant.0)
    .execute(suite.sql())
    .await
    .expect("a tenant of before");
    let known = async || -> i64 {
        let sql = "select count(*) from gateway.directory_person where active";
        sqlx::query_scalar(sql).fetch_one(suite.sql()).await.expect("reads")
    };
    assert_eq!(known().await, 0);
    let variables = environment(suite.config(), &suite.database().url());
    let services = ["--service", "enrollment", "--service", "gateway"];
    for _ in 0..2 {
        let told = run(&[&["events", "retell", "--json"][..], &services].concat(), &variables).await.json();
        assert_eq!((&told["people"], &told["tenants"]), (&1200.into(), &1.into()), "{told}");
        suite.settle().await;
        assert_eq!((known().await, suite.parked("gateway").await), (1200, 0));
    }
    let elsewhere = testkit::id(9).to_string();
    let nobody =
        run(&[&["events", "retell", "--tenant", &elsewhere][..], &services].concat(), &variables).await;
    assert!(nobody.stdout.starts_with("0 people"), "{} {}", nobody.stdout, nobody.stderr);
    let other = run(&["events", "retell", "--service", "gateway"], &variables).await;
    assert!(other.stderr.contains("name enrollment"), "{}", other.stderr);
}

#[tokio::test]
async fn an_unknown_event_or_an_unprepared_database_is_one_message() {
    let suite = Suite::builder().service::<Scheduling>().in_process().start().await;
    let mut variables = environment(suite.config(), &suite.database().url());
    let id = testkit::id(404).to_string();
    for action in ["show", "replay"] {
        let unknown = run(&["events", action, &id, "--service", "scheduling"], &variables).await;
        assert_eq!(unknown.code, Some(1));
        assert!(
            unknown.stderr.contains(&id) && unknown.stderr.contains("mentor events list"),
            "{}",
            unknown.stderr
        );
    }
    let neither = run(&["events", "replay"], &variables).await;
    assert_eq!(neither.code, Some(2), "an id or --all");

    let empty = TestDatabase::empty().await;
    set(&mut variables, "MENTOR__DATABASE__URL", empty.host_url());
    let unprepared = run(&["events", "list"], &variables).await;
    assert!(unprepared.stderr.contains("mentor migrate"), "{}", unprepared.stderr);
}
