//! Imports of rows: what they write, tell and refuse.

use crate::world::{World, error, field, import_by, reason, rows, without};
use contracts::mentor::enrollment::{
    events::v1::{PersonDeactivated, PersonUpserted},
    v1::{directory_service_client::DirectoryServiceClient, import_people_request::Part, *},
};
use kernel::Role;

#[tokio::test]
async fn an_organisation_comes_in_with_its_lines() {
    let world = World::start().await;
    let people = world.people().await;
    let of =
        |external_id: &str| people.iter().find(|p| p.external_id == external_id).expect("imported").clone();
    let (ceo, lea, ann) = (of("ceo"), of("lea"), of("ann"));
    assert_eq!(ann.manager_chain, [lea.person_id.clone(), ceo.person_id.clone()]);
    assert_eq!((ann.display_name.as_str(), ann.email.as_str()), ("ann of Finance", ""));
    let told = world.suite.events::<PersonUpserted>().await;
    assert_eq!(told.len(), 6);
    let told = told.iter().find(|event| event.person_id == ann.person_id).expect("told");
    assert_eq!((&told.manager_id, &told.manager_chain), (&lea.person_id, &ann.manager_chain));
}

#[tokio::test]
async fn loaded_again_nothing_changes() {
    let world = World::start().await;
    let before = world.people().await;
    let again = world.import(world.snapshot(), without(&[])).await.expect("sound");
    assert_eq!((again.summary.unchanged, again.summary.updated, again.summary.active), (6, 0, 6));
    assert_eq!(world.people().await, before);
    assert_eq!(world.suite.events::<PersonUpserted>().await.len(), 6, "no event");
}

#[tokio::test]
async fn the_same_request_is_answered_as_before() {
    let world = World::empty().await;
    let options = world.snapshot();
    let people = rows(&[("a", "nobody", "X"), ("b", "a", "X")]);
    let first = world.import(options.clone(), people.clone()).await.expect("sound");
    assert_eq!((first.problems.len(), first.summary.created), (1, 2));
    let second = world.import(options.clone(), people).await.expect("sound");
    assert_eq!((&second.problems, &second.summary), (&first.problems, &first.summary));
    assert_eq!(reason(world.import(options, rows(&[("c", "", "X")])).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn many_at_once_have_one_effect() {
    let world = World::empty().await;
    let options = world.snapshot();
    let calls = (0..20).map(|_| {
        import_by(
            world.suite.acting(Role::HrAdmin, None),
            options.clone(),
            rows(&[("a", "", "X"), ("b", "a", "X")]),
        )
    });
    let answers = futures::future::join_all(calls).await;
    for answer in &answers {
        let summary = &answer.as_ref().expect("the same request").summary;
        assert_eq!((summary.created, summary.active), (2, 2));
    }
    assert_eq!(world.suite.events::<PersonUpserted>().await.len(), 2);
}

#[tokio::test]
async fn a_dry_run_tells_and_writes_nothing() {
    let world = World::start().await;
    let options = ImportOptions { dry_run: true, ..world.snapshot() };
    let told = world.import(options, without(&["eve", "bob"])).await.expect("sound");
    assert_eq!((told.summary.deactivated, told.summary.active, told.summary.dry_run), (2, 4, true));
    assert!(world.people().await.iter().all(|person| person.state() == PersonState::Active));
    assert_eq!(world.suite.events::<PersonDeactivated>().await, []);
}

#[tokio::test]
async fn a_new_manager_is_told_of_everyone_below() {
    let world = World::start().await;
    let changed = world.import(world.delta(), rows(&[("lea", "max", "Finance")])).await.expect("sound");
    assert_eq!((changed.summary.updated, changed.summary.active), (1, 6));
    assert_eq!(changed.steps, ["reading", "checking", "writing"]);
    let told: Vec<_> = world
        .suite
        .events::<PersonUpserted>()
        .await
        .split_off(6)
        .into_iter()
        .map(|e| (e.external_id, e.manager_chain.len()))
        .collect();
    assert_eq!(told, [("ann".to_owned(), 3), ("bob".to_owned(), 3), ("lea".to_owned(), 2)]);
}

#[tokio::test]
async fn circles_dangling_and_doubled_references_are_told_by_row() {
    let world = World::empty().await;
    let people =
        rows(&[("a", "b", "X"), ("b", "a", "X"), ("c", "ghost", "X"), ("c", "a", "X"), ("d", "a", "X")]);
    let imported = world.import(world.snapshot(), people).await.expect("the rest goes on");
    let told: Vec<_> = imported.problems.iter().map(|p| (p.row, p.problem())).collect();
    let expected = [
        (4, RowProblem::Duplicate),
        (3, RowProblem::ManagerUnknown),
        (1, RowProblem::Cycle),
        (2, RowProblem::Cycle),
    ];
    assert_eq!(told, expected);
    assert_eq!((imported.summary.created, imported.summary.rejected), (4, 1));
}

#[tokio::test]
async fn too_many_leavers_are_refused_until_confirmed() {
    let world = World::start().await;
    let unconfirmed = ImportOptions { confirm_mass_deactivation: false, ..world.snapshot() };
    let refused = error(world.import(unconfirmed.clone(), without(&["eve"])).await);
    assert_eq!(refused.reason, "MASS_DEACTIVATION");
    assert!(refused.message.starts_with("1 of 6 people (16 %) would be deactivated"), "{}", refused.message);
    assert!(world.people().await.iter().all(|person| person.state() == PersonState::Active));
    let allowed = ImportOptions { max_deactivation_percent: 20, ..unconfirmed };
    let imported = world
        .import(allowed, without(&["eve"]))
        .await
        .expect("16 % are under the limit; the id was not used up");
    assert_eq!(imported.summary.deactivated, 1);
}

#[tokio::test]
async fn a_leaver_in_a_delta_and_back_again() {
    let world = World::start().await;
    let row = PersonRow { external_id: "bob".into(), left: true, ..PersonRow::default() };
    let left = vec![Part::Rows(PersonRows { rows: vec![row] })];
    assert_eq!(world.import(world.delta(), left).await.expect("sound").summary.deactivated, 1);
    let gone = world.suite.events::<PersonDeactivated>().await;
    assert_eq!(gone.len(), 1);
    let back = world.import(world.delta(), rows(&[("bob", "lea", "Finance")])).await.expect("sound");
    assert_eq!((back.summary.reactivated, back.summary.created), (1, 0));
    assert_eq!(world.person("bob").await.to_string(), gone[0].person_id, "the same person");
}

#[tokio::test]
async fn the_stream_begins_with_its_options() {
    let world = World::empty().await;
    let hr = || world.suite.acting(Role::HrAdmin, None);
    let twice = vec![Part::Options(world.snapshot())];
    assert_eq!(field(world.import(world.snapshot(), twice).await), "options");
    let mixed = [rows(&[("a", "", "X")]), vec![Part::CsvChunk(b"x".to_vec())]].concat();
    assert_eq!(field(world.import(world.snapshot(), mixed).await), "rows");
    let no_mode = ImportOptions { mode: 0, ..world.snapshot() };
    assert_eq!(reason(import_by(hr(), no_mode, Vec::new()).await), "FIELD_INVALID");
    let no_id = ImportOptions { request_id: "seven".into(), ..world.snapshot() };
    assert_eq!(reason(import_by(hr(), no_id, Vec::new()).await), "FIELD_INVALID");
    assert_eq!(reason(world.import(world.snapshot(), Vec::new()).await), "FILE_INVALID");
}

#[tokio::test]
async fn only_hr_imports() {
    let world = World::empty().await;
    for role in [Role::ProgramManager, Role::Employee, Role::Auditor] {
        let refused =
            import_by(world.suite.acting(role, None), world.snapshot(), rows(&[("a", "", "X")])).await;
        assert_eq!(reason(refused), "PERMISSION_DENIED", "{role}");
    }
}

#[tokio::test]
async fn one_import_at_a_time() {
    let world = World::start().await;
    let mut other = world.suite.sql().begin().await.expect("a connection");
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('enrollment.import ' || $1, 0))")
        .bind(world.suite.tenant.to_string())
        .execute(&mut *other)
        .await
        .expect("free");
    let refused = world.import(world.snapshot(), without(&["eve"])).await;
    assert_eq!(reason(refused), "IMPORT_RUNNING");
    other.rollback().await.expect("open");
    world.import(world.snapshot(), without(&["eve"])).await.expect("free again");
}

#[tokio::test]
async fn an_import_that_is_cut_off_has_done_nothing_and_runs_again() {
    let world = World::empty().await;
    let options = world.snapshot();
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let first = ImportPeopleRequest { part: Some(Part::Options(options.clone())) };
    let some = ImportPeopleRequest { part: rows(&[("a", "", "X")]).pop() };
    for request in [first, some] {
        sender.send(request).await.expect("room for four");
    }
    let hr = world.suite.acting(Role::HrAdmin, None);
    let requests = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut answers =
        DirectoryServiceClient::new(hr).import_people(requests).await.expect("begun").into_inner();
    answers.message().await.expect("under way").expect("progress");
    // The caller dies: its stream ends without an end.
    drop(answers);
    drop(sender);
    assert_eq!(world.people().await, []);
    let again = world
        .import(options, rows(&[("a", "", "X"), ("b", "a", "X")]))
        .await
        .expect("the id was not used up");
    assert_eq!(again.summary.created, 2);
}
