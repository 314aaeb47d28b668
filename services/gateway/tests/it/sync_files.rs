//! Files that are handed over or dropped.

use crate::sync_world::{SyncWorld, counts, means, of, refused, takes};
use contracts::mentor::gateway::{
    events::v1::{PersonDeprovisioned, PersonProvisioned},
    v1::{source_settings::Kind, *},
};
use std::time::Duration;
use testkit::eventually;

const HEADER: &str = "employee_id,manager_id,job_title,unit";

fn file(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes()
}

/// So many people under one, in units of two.
fn staff(count: usize) -> Vec<String> {
    let person = |id: usize| {
        if id == 1 { "1,,Chief,Board".to_owned() } else { format!("{id},1,Clerk,Unit {}", id / 2) }
    };
    (1..=count).map(person).collect()
}

fn staff_file(people: &[String]) -> Vec<u8> {
    file(&people.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn what_did_not_change_is_neither_written_nor_told() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let first = world.load(&source, &file(&["3,2,Clerk,Tax", "1,,Chief,Board", "2,1,Head,Tax"])).await;
    assert_eq!((first.state(), counts(&first)), (SyncState::Succeeded, [3, 0, 0, 0, 0, 0]), "{first:?}");
    let told: Vec<PersonProvisioned> = world.told().await;
    let lines: Vec<_> = told.iter().map(|one| (one.external_id.as_str(), one.manager.as_str())).collect();
    assert_eq!(lines, [("1", ""), ("2", "1"), ("3", "2")], "managers come first");
    assert_eq!((told[0].job_title.as_str(), &told[0].grade), ("Chief", &None));

    let written = "select max(updated_at)::text, max(xmin::text::bigint)::text from gateway.employee";
    let before: (String, String) =
        sqlx::query_as(written).fetch_one(world.suite.sql()).await.expect("employees");
    let again = world.load(&source, &file(&["1,,Chief,Board", "2,1,Head,Tax", "3,2,Clerk,Tax"])).await;
    assert_eq!(counts(&again), [0, 0, 0, 0, 3, 0]);
    let after: (String, String) =
        sqlx::query_as(written).fetch_one(world.suite.sql()).await.expect("employees");
    assert_eq!((world.told::<PersonProvisioned>().await.len(), before), (3, after));

    let changed = world.load(&source, &file(&["1,,Chief,Board", "2,1,Head,Law", "3,1,Clerk,Tax"])).await;
    assert_eq!(counts(&changed), [0, 2, 0, 0, 1, 0]);
    assert_eq!(world.told::<PersonProvisioned>().await.len(), 5);
}

#[tokio::test]
async fn whoever_is_not_in_a_snapshot_leaves_and_can_come_back() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let people = staff(20);
    world.load(&source, &staff_file(&people)).await;
    let left = world.load(&source, &staff_file(&people[..19])).await;
    assert_eq!(counts(&left), [0, 0, 0, 1, 19, 0]);
    let gone: Vec<PersonDeprovisioned> = world.told().await;
    assert_eq!(gone[0].external_id, "20");
    let back = world.load(&source, &staff_file(&people)).await;
    assert_eq!(counts(&back), [0, 0, 1, 0, 19, 0]);
    let told: Vec<PersonProvisioned> = world.told().await;
    let twenty: Vec<_> = told.iter().filter(|one| one.external_id == "20").map(|one| &one.user_id).collect();
    assert_eq!((twenty.len(), twenty[0]), (2, twenty[1]), "the same person");
    let source = world.sources().get_source(GetSourceRequest { source_id: source.source_id }).await;
    assert_eq!(source.expect("the source").into_inner().source.expect("the source").people, 20);
}

#[tokio::test]
async fn many_leavers_wait_for_a_word() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let people = staff(20);
    world.load(&source, &staff_file(&people)).await;
    let asks = world.load(&source, &staff_file(&people[..10])).await;
    assert_eq!(asks.state(), SyncState::AwaitingConfirmation);
    let question =
        "10 of 20 people (50 %) would leave, over the limit of 10 %: confirm the run to go on, or cancel it";
    assert_eq!(asks.message, question);
    assert!(world.told::<PersonDeprovisioned>().await.is_empty());
    let leaving = world.changes(&asks).await;
    assert!(leaving.len() == 10 && leaving.iter().all(|(_, kind, _)| *kind == SyncChangeKind::Leaves));
    let confirm = ConfirmSyncRunRequest { request_id: world.id(), sync_run_id: asks.sync_run_id.clone() };
    world.sources().confirm_sync_run(confirm.clone()).await.expect("it waits");
    let done = world.ended(&asks.sync_run_id).await;
    assert_eq!((done.state(), counts(&done)[3]), (SyncState::Succeeded, 10));
    assert_eq!(world.told::<PersonDeprovisioned>().await.len(), 10);
    let late = ConfirmSyncRunRequest { request_id: world.id(), ..confirm };
    let late = world.sources().confirm_sync_run(late).await.expect_err("it has ended");
    assert_eq!(refused(&late), "FailedPrecondition the run is succeeded and waits for nobody");

    let asks = world.load(&source, &staff_file(&people[..5])).await;
    assert_eq!(asks.state(), SyncState::AwaitingConfirmation);
    let later = world.load(&source, &staff_file(&people[..10])).await;
    assert_eq!((later.state(), counts(&later)), (SyncState::Succeeded, [0, 0, 0, 0, 10, 0]));
    let overtaken = world.read(&asks.sync_run_id).await;
    assert_eq!(
        (overtaken.state(), overtaken.message.as_str()),
        (SyncState::Cancelled, "a later run was started")
    );
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_writes_nothing() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    world.load(&source, &file(&["1,,Chief,Board", "2,1,Head,Tax", "3,1,Head,Law"])).await;
    let bytes = file(&["1,,Chief,Board", "2,1,Head,Duties", "4,1,Head,Law"]);
    let sent = world.upload(&source, &bytes).await.expect("a file");
    let dry = StartSyncRequest { file_id: sent.file_id.clone(), dry_run: true, ..of(&source) };
    let dry = world.run(dry).await;
    assert_eq!((dry.state(), dry.dry_run, counts(&dry)), (SyncState::Succeeded, true, [1, 1, 0, 1, 1, 0]));
    assert!(dry.message.starts_with("1 of 3 people (33 %) would leave"), "{}", dry.message);
    let changes = [
        ("2".to_owned(), SyncChangeKind::Changes, vec!["unit".to_owned()]),
        ("3".to_owned(), SyncChangeKind::Leaves, vec![]),
        ("4".to_owned(), SyncChangeKind::Comes, vec![]),
    ];
    assert_eq!(world.changes(&dry).await, changes);
    assert_eq!(world.told::<PersonProvisioned>().await.len(), 3);
    let again = world.upload(&source, &bytes).await.expect("a file");
    assert_eq!((again.file_id, again.sync_run_id), (sent.file_id.clone(), String::new()), "the same bytes");
    let delta = StartSyncRequest { file_id: sent.file_id, mode: SyncMode::Delta.into(), ..of(&source) };
    assert_eq!(counts(&world.run(delta).await), [1, 1, 0, 0, 1, 0], "a delta lets nobody go");
}

#[tokio::test]
async fn bad_rows_go_to_a_file_that_can_be_corrected_and_imported() {
    let world = SyncWorld::start("").await;
    let mapping = vec![
        takes("external_id", &["No"]),
        takes("manager", &["Boss"]),
        takes("display_name", &["First", "Last"]),
        takes("email", &["Mail"]),
        takes("fte", &["Share"]),
        means("active", "Status", &[("A", "true"), ("R", "false")]),
        FieldMapping { date_format: "%d.%m.%Y".into(), ..takes("end_date", &["End"]) },
        FieldMapping { field: "organisation".into(), constant: "Acme".into(), ..FieldMapping::default() },
    ];
    let source = world.uploads(CsvSettings { mapping, ..CsvSettings::default() }).await;
    let text = "No;Boss;First;Last;Mail;Share;Status;End;Extra\n\
                1;;Ann;Lee;ann@x.org;1;A;;x\n\
                2;1;Bob;\"M; x\";nonsense;1;A;;x\n\
                3;9;Eve;Ray;eve@x.org;0,5;a;31.12.2030;x\n\
                3;1;Eve;Ray;eve@x.org;1;A;;x\n\
                4;1;Max;Roe;max@x.org;1;Z;;x\n\
                5;1;Kim;Poe;kim@x.org;1;R;;x\n\
                6;1;Joe;Doe;joe@x.org;1;A;01.01.2000;x\n\
                7;8;Jim;Day;;;A;;x\n\
                8;7;Jon;Day;;;A;;x\n\
                10;1;Short\n";
    let run = world.load(&source, text.as_bytes()).await;
    assert_eq!((run.state(), counts(&run)), (SyncState::Succeeded, [4, 0, 0, 0, 0, 4]), "{run:?}");
    let told: Vec<_> = world.errors(&run).await.into_iter().map(|e| (e.row, e.field, e.rejected)).collect();
    let expected = [
        (5, "external_id", true),
        (6, "active", true),
        (11, "", true),
        (4, "manager", false),
        (10, "manager", false),
        (3, "email", true),
    ];
    let expected: Vec<_> = expected.map(|(row, field, out)| (row, field.to_owned(), out)).into();
    for one in &expected {
        assert!(told.contains(one), "{one:?} is not in {told:?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:?}");
    let provisioned: Vec<PersonProvisioned> = world.told().await;
    let eve = provisioned.iter().find(|one| one.external_id == "3").expect("Eve");
    assert_eq!(
        (eve.display_name.as_str(), eve.organisation.as_str(), eve.fte_percent),
        ("Eve Ray", "Acme", Some(50))
    );
    assert_eq!(eve.manager, "9", "bound when they come");

    let rejected = world.rejected(&run).await;
    assert!(
        rejected.starts_with("No,Boss,First,Last,Mail,Share,Status,End,Extra,line_number,what_is_wrong\n"),
        "{rejected}"
    );
    let wrong = rejected.lines().find(|line| line.starts_with("2,1")).expect("row 3");
    assert_eq!(
        wrong,
        "2,1,Bob,\"M; x\",nonsense,1,A,,x,3,\"email: is not an address, such as ann@example.org\""
    );
    let corrected: String = rejected
        .lines()
        .filter(|l| l.starts_with("No,") || l.starts_with("2,1"))
        .map(|l| format!("{l}\n"))
        .collect();
    let corrected = corrected.replace("nonsense", "bob@x.org");
    let file = world.upload(&source, corrected.as_bytes()).await.expect("a file");
    let delta = StartSyncRequest { file_id: file.file_id, mode: SyncMode::Delta.into(), ..of(&source) };
    assert_eq!(counts(&world.run(delta).await), [1, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn an_upload_is_repeatable_by_its_request_id() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    let (id, bytes) = (world.id(), staff_file(&staff(3)));
    let first = world.upload_as(id.clone(), &source, &bytes).await.expect("a file");
    let run = world.begin(StartSyncRequest { file_id: first.file_id.clone(), ..of(&source) }).await;
    run.expect("nothing is under way");
    let again = world.upload_as(id.clone(), &source, &bytes).await.expect("repeated");
    assert_eq!(again, first, "what was answered first, though a run reads the file by now");
    let other = world.upload_as(id.clone(), &source, &staff_file(&staff(4))).await.expect_err("another file");
    assert_eq!(
        (other.code(), grpc::from_status(other).reason),
        (tonic::Code::AlreadyExists, "REQUEST_ID_REUSED")
    );
    let nameless = world.upload_as(String::new(), &source, &bytes).await.expect_err("no id");
    assert_eq!(nameless.code(), tonic::Code::InvalidArgument);
    let anew = world.upload(&source, &bytes).await.expect("by another id");
    assert!(
        anew.file_id == first.file_id && !anew.sync_run_id.is_empty(),
        "the same bytes are the same file"
    );
    let uploads = "select count(*) from gateway.audit where object = 'sync_file'";
    let uploads: i64 = sqlx::query_scalar(uploads).fetch_one(world.suite.sql()).await.expect("counted");
    assert_eq!(uploads, 2, "what was repeated was done once");
}

#[tokio::test]
async fn a_garbled_snapshot_lets_nobody_go() {
    let world = SyncWorld::start("").await;
    let source = world.uploads(CsvSettings::default()).await;
    world.load(&source, &staff_file(&staff(30))).await;
    let garbled = file(&["1,,Chief,Board", ",1,Clerk,Unit", "3,1,\"Clerk,Unit\n4,1,Clerk,Unit\n"]);
    let run = world.load(&source, &garbled).await;
    assert_eq!((run.state(), counts(&run)[3]), (SyncState::Succeeded, 0), "{run:?}");
    let errors = world.errors(&run).await;
    let doubt = "a record could not be read, so nobody was taken for absent; correct it and run again";
    assert!(errors.iter().any(|error| error.row == 0 && error.message == doubt), "{errors:?}");
}

#[tokio::test]
async fn files_that_are_no_use_fail_their_run_and_change_nothing() {
    let world = SyncWorld::start("max_file_bytes = 100000\nmax_rows = 5").await;
    let source = world.uploads(CsvSettings::default()).await;
    let cases: [(&[u8], &str); 4] = [
        (b"employee_id,unit\n1,x\n", "row 1: column manager_id is missing; the file has: employee_id, unit"),
        (
            b"employee_id,manager_id,job_title,unit\n1,\0,x,y\n",
            "row 2: holds a zero byte; save the file as CSV in UTF-8",
        ),
        (b"employee_id,manager_id,job_title,unit\n", "the file has a header and no rows"),
        (
            b"employee_id,manager_id,job_title,unit\n1,,a,b\n2,,a,b\n3,,a,b\n4,,a,b\n5,,a,b\n6,,a,b\n",
            "row 7: the file has more than 5 rows",
        ),
    ];
    for (bytes, message) in cases {
        let run = world.load(&source, bytes).await;
        assert_eq!((run.state(), run.message.as_str()), (SyncState::Failed, message));
    }
    let large = world.upload(&source, &vec![b'x'; 200_000]).await.expect_err("too large");
    assert!(refused(&large).contains("larger than 0 MiB"), "{large:?}");
    assert_eq!(
        refused(&world.upload(&source, b"").await.expect_err("empty")),
        "InvalidArgument the file is empty"
    );
    let none = world.begin(of(&source)).await.expect_err("no file");
    assert!(refused(&none).contains("file_id"), "{none:?}");
    assert!(world.told::<PersonProvisioned>().await.is_empty());
}

#[tokio::test]
async fn a_dropped_file_is_taken_once_and_put_away() {
    let world = SyncWorld::start("").await;
    let folder = world.folder("nightly");
    let settings = FolderSettings {
        folder: "nightly".into(),
        pattern: "staff*.csv".into(),
        done_marker: true,
        csv: None,
    };
    let source = world.create("Nightly", Kind::Folder(settings)).await;
    std::fs::write(folder.join("staff-1.csv"), file(&["1,,Chief,Board", "2,1,Head,Tax", "3,1"]))
        .expect("dropped");
    std::fs::write(folder.join("other.csv"), "no").expect("dropped");
    world.tick().await;
    assert!(world.runs(&source).await.is_empty(), "it is not whole yet");
    std::fs::write(folder.join("staff-1.csv.done"), "").expect("dropped");
    world.tick().await;
    let run = world.runs(&source).await.remove(0);
    let run = world.ended(&run.sync_run_id).await;
    assert!(run.automatic);
    assert_eq!((run.file_name.as_str(), counts(&run)), ("staff-1.csv", [2, 0, 0, 0, 0, 1]));
    let names = |part: &str| -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(part)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
    };
    assert_eq!(names("taken"), [format!("{}-staff-1.csv", run.sync_run_id)]);
    let rejected = folder.join("rejected").join(format!("{}-staff-1.csv", run.sync_run_id));
    let rejected = std::fs::read_to_string(rejected).expect("rows to correct");
    assert!(rejected.contains("3,1,4,\"has 2 cells, the header has 4\""), "{rejected}");
    assert!(!folder.join("staff-1.csv.done").exists());

    // The same bytes under another name are put away, not taken.
    std::fs::write(folder.join("staff-2.csv"), file(&["1,,Chief,Board", "2,1,Head,Tax", "3,1"]))
        .expect("dropped");
    std::fs::write(folder.join("staff-2.csv.done"), "").expect("dropped");
    world.tick().await;
    let again = eventually!(Duration::from_secs(10), {
        let runs = world.runs(&source).await;
        (runs.len() == 2).then(|| runs[0].clone())
    });
    let again = world.ended(&again.sync_run_id).await;
    assert_eq!(
        (again.message.as_str(), counts(&again)[4]),
        ("the file was taken before; it was put away", 0)
    );
    assert_eq!(names("taken").len(), 2);
    world.tick().await;
    assert_eq!(world.runs(&source).await.len(), 2, "nothing more is there");
}

#[tokio::test]
async fn two_files_are_taken_one_after_the_other_when_the_clock_says() {
    let world = SyncWorld::start("").await;
    let folder = world.folder("planned");
    let settings = FolderSettings { folder: "planned".into(), ..FolderSettings::default() };
    let schedule = SyncSchedule { times: vec!["02:30".into()], zone: "Europe/Berlin".into() };
    let source = Source {
        name: "Planned".into(),
        settings: crate::sync_world::settings(Kind::Folder(settings)),
        schedule: Some(schedule),
        ..Source::default()
    };
    let source = world.add(source).await.expect("a sound source");
    std::fs::write(folder.join("b.csv"), file(&["1,,Chief,Board", "2,1,Head,Law"])).expect("dropped");
    std::fs::write(folder.join("a.csv"), file(&["1,,Chief,Board", "2,1,Head,Tax"])).expect("dropped");
    world.tick().await;
    assert!(world.runs(&source).await.is_empty(), "it is not the time");
    let next = source.next_run_at.expect("there is a schedule").seconds;
    world.suite.clock.set(jiff::Timestamp::from_second(next).expect("in range"));
    world.tick().await;
    let runs = eventually!(Duration::from_secs(20), {
        world.tick().await;
        let runs = world.runs(&source).await;
        (runs.len() == 2 && runs.iter().all(|run| run.state() == SyncState::Succeeded)).then_some(runs)
    });
    let read: Vec<_> =
        runs.iter().rev().map(|run| (run.file_name.as_str(), counts(run)[0], counts(run)[1])).collect();
    assert_eq!(read, [("a.csv", 2, 0), ("b.csv", 0, 1)]);
}
