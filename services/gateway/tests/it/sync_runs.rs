//! Runs as resources: one at a time, watched, stopped, and gone on with by another process.

use crate::sync_world::{SyncWorld, TENANT, counts, of, refused};
use contracts::mentor::gateway::{
    events::v1::PersonProvisioned,
    v1::{source_settings::Kind, *},
};
use jiff::SignedDuration;
use std::{
    collections::HashSet,
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};
use testkit::eventually;

/// People of a large organisation.
const MANY: usize = 67_000;

/// So many people, eight to a manager, in an order of their own.
fn large(count: usize) -> Vec<u8> {
    let mut text = String::from("employee_id,manager_id,job_title,unit,display_name,email,grade\n");
    for place in 0..count {
        // 7,919 is prime to any count that is not its multiple: everybody comes once.
        let id = place * 7_919 % count;
        let manager = if id == 0 { String::new() } else { format!("E{}", (id - 1) / 8) };
        let _ = writeln!(
            text,
            "E{id},{manager},Job {},Unit {},Person {id},p{id}@example.org,G{}",
            id % 97,
            id / 64,
            id % 7
        );
    }
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_seven_thousand_people_load_go_on_after_a_kill_and_load_again_with_no_change() {
    let world = Arc::new(SyncWorld::start("").await);
    let source = world.uploads(CsvSettings::default()).await;
    let bytes = large(MANY);
    let file = world.upload(&source, &bytes).await.expect("a file");
    let run =
        world.begin(StartSyncRequest { file_id: file.file_id.clone(), ..of(&source) }).await.expect("a run");
    let began = Instant::now();
    // Another process works on it, and is killed in the midst.
    let (kill, killed) = tokio::sync::oneshot::channel::<()>();
    let there = world.clone();
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let host = there.suite.replica().await;
            host.run_jobs().await.expect("the job runs");
            killed.await.expect("told when");
            std::mem::forget(host);
        });
        runtime.shutdown_background();
    });
    let committed: i32 = eventually!(Duration::from_secs(60), {
        let pages = pages(&world, &run.sync_run_id).await;
        (pages >= 20).then_some(pages)
    });
    kill.send(()).expect("it listens");
    tokio::task::spawn_blocking(move || process.join().expect("the other process worked"))
        .await
        .expect("joined");
    let stopped = world.read(&run.sync_run_id).await;
    assert!(committed >= 20 && stopped.state() == SyncState::Running, "{stopped:?}");
    assert!(counts(&stopped)[0] < MANY as i64, "it was killed too late to show anything");
    world.tick().await;
    assert_eq!(world.read(&run.sync_run_id).await.state(), SyncState::Running, "its lease is not over yet");
    world.suite.advance(SignedDuration::from_secs(61));
    let done = world.ended(&run.sync_run_id).await;
    let took = began.elapsed();
    assert_eq!(
        (done.state(), counts(&done)),
        (SyncState::Succeeded, [MANY as i64, 0, 0, 0, 0, 0]),
        "{done:?}"
    );
    let told: Vec<PersonProvisioned> = world.told().await;
    let people: HashSet<&str> = told.iter().map(|one| one.external_id.as_str()).collect();
    assert_eq!((told.len(), people.len()), (MANY, MANY), "everybody is told once");
    let first: Vec<&str> = told.iter().take(3).map(|one| one.external_id.as_str()).collect();
    assert_eq!(first[0], "E0", "managers come first: {first:?}");

    let began = Instant::now();
    let again = world.run(StartSyncRequest { file_id: file.file_id, ..of(&source) }).await;
    assert_eq!(counts(&again), [0, 0, 0, 0, MANY as i64, 0]);
    assert_eq!(world.told::<PersonProvisioned>().await.len(), MANY);
    println!("{MANY} people: first load with a kill {took:?}, the same again {:?}", began.elapsed());
}

async fn pages(world: &SyncWorld, run: &str) -> i32 {
    let sql = "select pages from gateway.sync_run where tenant_id = $1 and run_id::text = $2";
    sqlx::query_scalar(sql).bind(TENANT.0).bind(run).fetch_one(world.suite.sql()).await.expect("the run")
}

#[tokio::test]
async fn one_run_of_a_source_at_a_time() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let file = world.upload(&source, &large(20)).await.expect("a file");
    let request = StartSyncRequest { file_id: file.file_id.clone(), ..of(&source) };
    let run = world.begin(request.clone()).await.expect("nothing is under way");
    let same = world.upload(&source, &large(20)).await.expect("a file");
    assert_eq!(same.sync_run_id, run.sync_run_id, "the run that reads these bytes is told");
    let second = world.begin(request.clone()).await.expect_err("one is under way");
    assert_eq!(
        refused(&second),
        "FailedPrecondition a run of this source is under way; watch it, or cancel it first"
    );
    let remove = RemoveSourceRequest { request_id: world.id(), source_id: source.source_id.clone() };
    let held = world.sources().remove_source(remove).await.expect_err("one is under way");
    assert!(refused(&held).contains("cancel it first"), "{held:?}");
    let cancel = CancelSyncRunRequest { request_id: world.id(), sync_run_id: run.sync_run_id.clone() };
    world.sources().cancel_sync_run(cancel).await.expect("it waits");
    world.tick().await;
    let run = world.read(&run.sync_run_id).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Cancelled, [0; 6]));
    let twice = CancelSyncRunRequest { request_id: world.id(), sync_run_id: run.sync_run_id.clone() };
    let twice = world.sources().cancel_sync_run(twice).await.expect_err("it has ended");
    assert_eq!(refused(&twice), "FailedPrecondition the run has cancelled and can't be cancelled any more");
    assert_eq!(counts(&world.run(request).await)[0], 20);
    let remove = RemoveSourceRequest { request_id: world.id(), source_id: source.source_id.clone() };
    world.sources().remove_source(remove).await.expect("nothing is under way");
    let rows: i64 = sqlx::query_scalar(
        "select (select count(*) from gateway.sync_run) + (select count(*) from gateway.employee) + \
                (select count(*) from gateway.sync_file_part)",
    )
    .fetch_one(world.suite.sql())
    .await
    .expect("counts");
    assert_eq!(rows, 0, "all that hung on it is gone");
}

#[tokio::test]
async fn a_run_is_watched_to_its_end() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let file = world.upload(&source, &large(1_200)).await.expect("a file");
    let run = world.begin(StartSyncRequest { file_id: file.file_id, ..of(&source) }).await.expect("a run");
    let request = WatchSyncRunRequest { sync_run_id: run.sync_run_id.clone() };
    let mut watched = world.sources().watch_sync_run(request).await.expect("a stream").into_inner();
    let first = watched.message().await.expect("the run").expect("the run").run.expect("the run");
    assert_eq!(first.state(), SyncState::Queued);
    world.tick().await;
    let mut last = first;
    while let Some(next) = watched.message().await.expect("the next state") {
        last = next.run.expect("the run");
    }
    assert_eq!((last.state(), counts(&last)[0]), (SyncState::Succeeded, 1_200));
    assert_eq!(last.counts.expect("counts").total, 1_200);
}

#[tokio::test]
async fn sources_are_checked_changed_and_kept_apart() {
    let world = SyncWorld::start("").await;
    let upload = || crate::sync_world::settings(Kind::Upload(UploadSettings::default()));
    let source = world.uploads(CsvSettings::default()).await;
    let same = Source { name: "FILES".into(), settings: upload(), ..Source::default() };
    assert!(refused(&world.add(same).await.expect_err("a second of the name")).starts_with("AlreadyExists"));
    let wrong =
        |kind| Source { name: "x".into(), settings: crate::sync_world::settings(kind), ..Source::default() };
    let mapping = vec![crate::sync_world::takes("shoe_size", &["x"])];
    let cases = [
        (
            wrong(Kind::Upload(UploadSettings {
                csv: Some(CsvSettings { mapping, ..CsvSettings::default() }),
            })),
            "source.settings.upload.csv.mapping[0].field",
        ),
        (
            wrong(Kind::Folder(FolderSettings { folder: "../x".into(), ..FolderSettings::default() })),
            "folder",
        ),
        (
            wrong(Kind::Ldap(LdapSettings {
                url: "ldap://x".into(),
                bind_dn: "cn=x".into(),
                password_secret: "y".into(),
                base_dn: "z".into(),
                ..LdapSettings::default()
            })),
            "source.settings.ldap.url",
        ),
        (
            wrong(Kind::Ldap(LdapSettings {
                url: "ldaps://x".into(),
                bind_dn: "cn=x".into(),
                password_secret: "y".into(),
                base_dn: "z".into(),
                ..LdapSettings::default()
            })),
            "source.settings.ldap.password_secret",
        ),
        (
            wrong(Kind::Sftp(SftpSettings {
                host: "x".into(),
                user: "u".into(),
                host_key: "any".into(),
                ..SftpSettings::default()
            })),
            "source.settings.sftp.host_key",
        ),
        (
            Source {
                name: "x".into(),
                settings: upload(),
                schedule: Some(SyncSchedule { times: vec!["02:30".into()], zone: "Mars".into() }),
                ..Source::default()
            },
            "source.schedule.zone",
        ),
    ];
    for (source, field) in cases {
        let error = world.add(source).await.expect_err(field);
        assert!(refused(&error).contains(field), "{field}: {error:?}");
    }
    let update = |source: Source, paths: &[&str]| UpdateSourceRequest {
        request_id: world.id(),
        etag: source.etag.clone(),
        source: Some(source),
        update_mask: Some(prost_types::FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }),
    };
    let renamed = Source { name: "Staff".into(), paused: true, ..source.clone() };
    let changed =
        world.sources().update_source(update(renamed.clone(), &["name", "paused"])).await.expect("a change");
    let changed = changed.into_inner().source.expect("the source");
    assert!(changed.name == "Staff" && changed.paused && changed.etag != source.etag);
    let stale = world.sources().update_source(update(renamed, &["name"])).await.expect_err("stale");
    assert_eq!(stale.code(), tonic::Code::Aborted);
    let other = Source {
        settings: crate::sync_world::settings(Kind::Folder(FolderSettings {
            folder: "a".into(),
            ..Default::default()
        })),
        ..changed.clone()
    };
    let other = world.sources().update_source(update(other, &["settings"])).await.expect_err("another kind");
    assert!(refused(&other).contains("must stay of the kind upload"), "{other:?}");

    let token = world.suite.token(kernel::Role::HrAdmin, None);
    let mut stranger = source_service_client::SourceServiceClient::new(world.suite.authorized(token));
    let foreign = stranger
        .get_source(GetSourceRequest { source_id: source.source_id })
        .await
        .expect_err("another tenant's");
    assert_eq!(foreign.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_asked_again_and_then_given_up() {
    let world =
        SyncWorld::start(&format!("attempts = 3\n[secrets.ldap]\ntenant = '{TENANT}'\nvalue = 'x'")).await;
    let settings = LdapSettings {
        url: "ldaps://127.0.0.1:1".into(),
        bind_dn: "cn=reader".into(),
        password_secret: "ldap".into(),
        base_dn: "dc=example".into(),
        ..LdapSettings::default()
    };
    let source = world.create("Directory", Kind::Ldap(settings)).await;
    let run = world.begin(of(&source)).await.expect("a run");
    for wait in [0, 15, 30] {
        world.suite.advance(SignedDuration::from_secs(wait));
        world.tick().await;
        eventually!(Duration::from_secs(20), {
            let run = world.read(&run.sync_run_id).await;
            run.state() != SyncState::Running && !run.message.is_empty()
        });
    }
    let failed = eventually!(Duration::from_secs(20), {
        let run = world.read(&run.sync_run_id).await;
        (run.state() == SyncState::Failed).then_some(run)
    });
    assert_eq!(failed.message, "ldaps://127.0.0.1:1 can't be reached");
}

#[tokio::test]
async fn runs_and_files_are_forgotten_in_time() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let file = world.upload(&source, &large(20)).await.expect("a file");
    world.run(StartSyncRequest { file_id: file.file_id, ..of(&source) }).await;
    let count = async || -> (i64, i64, i64) {
        let sql = "select (select count(*) from gateway.sync_run), (select count(*) from gateway.sync_file), \
                          (select count(*) from gateway.employee)";
        sqlx::query_as(sql).fetch_one(world.suite.sql()).await.expect("counts")
    };
    world.suite.advance(SignedDuration::from_hours(24 * 29));
    world.suite.run_jobs().await;
    assert_eq!(count().await, (1, 1, 20));
    world.suite.advance(SignedDuration::from_hours(24 * 2));
    world.suite.run_jobs().await;
    assert_eq!(count().await, (0, 0, 20));
}
