//! People from HR systems' APIs, from the settings of a source to the events that the directory gets.

use crate::{
    hris_peers::{
        bamboo_hr::{self, BambooHr},
        personio::{self, Personio},
        stand_in::Trouble,
        success_factors::{self, SuccessFactors},
        workday::{self, Workday},
    },
    sync_world::{SyncWorld, TENANT, counts, of, refused, settings},
};
use contracts::mentor::gateway::{
    events::v1::{PersonDeprovisioned, PersonProvisioned},
    v1::{
        BambooHrSettings, LdapSettings, PersonioSettings, SftpSettings, Source, SuccessFactorsSettings,
        SyncState, WorkdaySettings, source_settings::Kind,
    },
};

/// A gateway that may reach this machine, and knows a secret.
async fn world(name: &str, value: &str) -> SyncWorld {
    let value = toml::Value::from(value);
    SyncWorld::start(&format!("allow_http = true\n[secrets.{name}]\ntenant = '{TENANT}'\nvalue = {value}\n"))
        .await
}

/// A source that may lose whomever it loses.
async fn source(world: &SyncWorld, kind: Kind) -> Source {
    let source = Source {
        name: "HR".into(),
        settings: settings(kind),
        max_deactivation_percent: 100,
        ..Source::default()
    };
    world.add(source).await.expect("a sound source")
}

/// Who the directory was told of: id, manager and title, the last word for each.
async fn told(world: &SyncWorld) -> Vec<(String, String, String)> {
    let mut people: Vec<PersonProvisioned> = Vec::new();
    for event in world.told::<PersonProvisioned>().await {
        people.retain(|known| known.external_id != event.external_id);
        people.push(event);
    }
    people.sort_by(|one, other| one.external_id.cmp(&other.external_id));
    people.into_iter().map(|one| (one.external_id, one.manager, one.job_title)).collect()
}

async fn gone(world: &SyncWorld) -> Vec<String> {
    world.told::<PersonDeprovisioned>().await.into_iter().map(|event| event.external_id).collect()
}

fn plain(people: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    people.iter().map(|(id, boss, title)| ((*id).into(), (*boss).into(), (*title).into())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_factors_brings_its_users_and_what_becomes_of_them() {
    let user = success_factors::user;
    let old = "2020-01-01T00:00:00Z";
    let server = SuccessFactors::start(&[
        user("a", Some("z"), "t", old),
        user("b", Some("a"), "t", old),
        user("c", Some("z"), "t", old),
        user("z", None, "t", old),
    ])
    .await;
    let world = world("sf", success_factors::PASSWORD).await;
    let settings = SuccessFactorsSettings {
        url: server.url.clone(),
        company_id: success_factors::COMPANY.into(),
        user: success_factors::USER.into(),
        password_secret: "sf".into(),
        page_size: 2,
        ..SuccessFactorsSettings::default()
    };
    let source = source(&world, Kind::SuccessFactors(settings)).await;
    let run = world.run(of(&source)).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [4, 0, 0, 0, 0, 0]), "{run:?}");
    let all = [("a", "z", "Engineer"), ("b", "a", "Engineer"), ("c", "z", "Engineer"), ("z", "", "Engineer")];
    assert_eq!(told(&world).await, plain(&all), "the manager of most came on the last page");
    // Changes only: one leaves, one gets another manager; limits and a broken answer on the way.
    let new = "2099-01-01T00:00:00Z";
    server.put(&[user("b", Some("a"), "f", new), user("c", Some("a"), "t", new)]).await;
    server.troubles(serde_json::json!([{ "status": 429, "retryAfter": "1" }, { "cut": true }])).await;
    let run = world.run(of(&source)).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [0, 1, 0, 1, 0, 0]), "{run:?}");
    assert_eq!(gone(&world).await, ["b"]);
    assert!(told(&world).await.contains(&("c".into(), "a".into(), "Engineer".into())));
    // Nothing new: nothing is told.
    let before = world.told::<PersonProvisioned>().await.len();
    let run = world.run(of(&source)).await;
    assert_eq!((run.state(), world.told::<PersonProvisioned>().await.len()), (SyncState::Succeeded, before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bamboo_hr_brings_its_employees_and_names_whom_it_can_t() {
    let employee = bamboo_hr::employee;
    let employees: Vec<_> = (1..=5).map(|id| employee(id, (id < 5).then_some(5), "Active")).collect();
    let company =
        bamboo_hr::Company { employees, hidden: vec![("2", "status")], ..bamboo_hr::Company::default() };
    let company = BambooHr::start(company).await;
    let world = world("bamboo", bamboo_hr::KEY).await;
    let settings = BambooHrSettings {
        url: company.server.url.clone(),
        api_key_secret: "bamboo".into(),
        page_size: 2,
        ..BambooHrSettings::default()
    };
    let source = source(&world, Kind::BambooHr(settings)).await;
    let run = world.run(of(&source)).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [4, 0, 0, 0, 0, 1]), "{run:?}");
    let errors = world.errors(&run).await;
    let error = errors.first().expect("the second is reported");
    assert_eq!((error.external_id.as_str(), error.field.as_str(), error.rejected), ("2", "status", true));
    assert!(error.message.contains("may not read 'status'"), "{}", error.message);
    // One is deleted there, one is let go, one moves.
    company.change(|company| {
        company.employees[2]["status"] = "Inactive".into();
        company.employees[3]["jobTitleName"] = "Lead".into();
        company.employees.remove(0);
        company.changed = vec![(1, "Deleted"), (3, "Updated"), (4, "Updated")];
    });
    let run = world.run(of(&source)).await;
    // Everybody is read again after a run that left somebody out.
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [0, 1, 0, 2, 1, 1]), "{run:?}");
    let mut left = gone(&world).await;
    left.sort_unstable();
    assert_eq!(left, ["1", "3"]);
    assert!(told(&world).await.contains(&("4".into(), "5".into(), "Lead".into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personio_brings_its_persons_though_it_stops_in_between() {
    let people = (1..=60).map(|id| personio::person(id, (id < 60).then_some(60), "ACTIVE")).collect();
    let company = Personio::start(people).await;
    let world = world("personio", personio::SECRET).await;
    let settings = PersonioSettings {
        url: company.server.url.clone(),
        client_id: personio::CLIENT.into(),
        client_secret: "personio".into(),
        ..PersonioSettings::default()
    };
    let source = source(&world, Kind::Personio(settings)).await;
    // The second page is refused for longer than a page waits: the run rests, and goes on where it was.
    let pass = std::iter::repeat_n(Trouble::Pass, 52);
    company.server.troubles(pass.chain([Trouble::Status(429, Some("90"))]));
    let run = world.begin(of(&source)).await.expect("a run");
    world.tick().await;
    testkit::eventually!(std::time::Duration::from_secs(60), {
        let run = world.read(&run.sync_run_id).await;
        (run.state() == SyncState::Queued && run.message.contains("429")).then_some(())
    });
    company.server.log();
    world.suite.advance(jiff::SignedDuration::from_mins(30));
    let run = world.ended(&run.sync_run_id).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [60, 0, 0, 0, 0, 0]), "{run:?}");
    let log = company.server.log();
    assert!(log.iter().any(|line| line.contains("cursor=cur_50")), "{log:?}");
    assert!(!log.contains(&"GET /v2/persons?limit=50".to_owned()), "the first page was not read again");
    let people = told(&world).await;
    assert_eq!(people.len(), 60);
    assert!(people.contains(&("1".into(), "60".into(), "Engineer".into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workday_s_report_names_everybody_and_whoever_is_missing_has_left() {
    let ids = ["1", "2", "3"];
    let workers = ids.iter().map(|id| workday::worker(id, (*id != "3").then_some("3"), true)).collect();
    let company = Workday::start(workers).await;
    let world = world("workday", workday::PASSWORD).await;
    let settings = WorkdaySettings {
        report_url: company.report("csv"),
        user: workday::USER.into(),
        password_secret: "workday".into(),
        ..WorkdaySettings::default()
    };
    let source = source(&world, Kind::Workday(settings)).await;
    let run = world.run(of(&source)).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [3, 0, 0, 0, 0, 0]), "{run:?}");
    company.change(|company| {
        company.workers.remove(0);
        company.workers[0]["Active"] = "perhaps".into();
    });
    let run = world.run(of(&source)).await;
    assert_eq!(run.state(), SyncState::Succeeded, "{run:?}");
    assert_eq!(gone(&world).await, ["1"], "who can't be read has not left for it");
    let errors = world.errors(&run).await;
    assert_eq!(
        errors.first().map(|error| (error.external_id.as_str(), error.field.as_str())),
        Some(("2", "active"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_t_work_is_refused_at_once_or_said_by_the_run() {
    let company = Personio::start(vec![]).await;
    let world = world("personio", "a-wrong-secret-0123456789").await;
    let settings_of = |url: &str, secret: &str| PersonioSettings {
        url: url.into(),
        client_id: personio::CLIENT.into(),
        client_secret: secret.into(),
        ..PersonioSettings::default()
    };
    let wrong = async |url: &str, secret: &str| {
        let settings = settings(Kind::Personio(settings_of(url, secret)));
        let status = world.add(Source { name: "X".into(), settings, ..Source::default() }).await;
        refused(&status.expect_err("must be refused"))
    };
    let inside = wrong("http://169.254.169.254/latest", "personio").await;
    assert!(
        inside.starts_with("InvalidArgument source.settings.personio.url: must begin with https://"),
        "{inside}"
    );
    let unknown = wrong(&company.server.url, "somebody_else_s").await;
    assert!(unknown.contains("source.settings.personio.client_secret: names no secret"), "{unknown}");
    let source = source(&world, Kind::Personio(settings_of(&company.server.url, "personio"))).await;
    let run = world.run(of(&source)).await;
    assert_eq!(run.state(), SyncState::Failed, "{run:?}");
    assert!(run.message.contains("gives no token (400 Bad Request): unauthorized_client"), "{}", run.message);
    assert!(!run.message.contains("a-wrong-secret"), "{}", run.message);
    // Nor is the secret anywhere in the database.
    let sql = "select count(*) from gateway.source s where s::text like '%wrong-secret%'";
    let found: i64 = sqlx::query_scalar(sql).fetch_one(world.suite.sql()).await.expect("the table is there");
    assert_eq!(found, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_at_an_address_that_is_not_public_is_refused_unless_allowed() {
    let secret = format!("[secrets.personio]\ntenant = '{TENANT}'\nvalue = 'x'\n");
    let settings_of = |url: &str| {
        Kind::Personio(PersonioSettings {
            url: url.into(),
            client_id: personio::CLIENT.into(),
            client_secret: "personio".into(),
            ..PersonioSettings::default()
        })
    };
    let strict = SyncWorld::start(&format!("allowed_networks = []\n{secret}")).await;
    for url in ["https://10.1.2.3/", "https://[fd00::1]/", "https://169.254.169.254/latest"] {
        let source = Source { name: "X".into(), settings: settings(settings_of(url)), ..Source::default() };
        let refused = refused(&strict.add(source).await.expect_err(url));
        assert!(
            refused.contains("source.settings.personio.url: is refused")
                && refused.contains("no public address")
        );
    }
    // A name is looked up when it is called.
    let source = source(&strict, settings_of("https://localhost:1/")).await;
    let run = strict.run(of(&source)).await;
    assert_eq!(run.state(), SyncState::Failed, "not tried again: {run:?}");
    assert!(run.message.starts_with("https://localhost:1 may not be called: "), "{}", run.message);
    assert!(run.message.contains("services.gateway.sync.allowed_networks"), "{}", run.message);

    for (name, kind) in [
        (
            "Directory",
            Kind::Ldap(LdapSettings {
                url: "ldaps://localhost:1".into(),
                bind_dn: "cn=reader".into(),
                password_secret: "personio".into(),
                base_dn: "dc=example".into(),
                ..LdapSettings::default()
            }),
        ),
        (
            "Files",
            Kind::Sftp(SftpSettings {
                host: "localhost".into(),
                port: 1,
                host_key: format!("SHA256:{}", "x".repeat(43)),
                user: "mentor".into(),
                password_secret: "personio".into(),
                folder: "out".into(),
                ..SftpSettings::default()
            }),
        ),
    ] {
        let run = strict.run(of(&strict.create(name, kind).await)).await;
        assert_eq!(run.state(), SyncState::Failed, "{run:?}");
        assert!(run.message.contains("may not be called: "), "{}", run.message);
    }

    let company = Personio::start(vec![]).await;
    let allowing = SyncWorld::start(&format!("allowed_networks = ['127.0.0.0/8']\n{secret}")).await;
    let source = self::source(&allowing, settings_of(&company.server.url)).await;
    let run = allowing.run(of(&source)).await;
    assert!(run.message.contains("gives no token"), "it was called, and refuses us: {run:?}");
}
