//! Criteria: read, change, list.

use crate::world::{World, program, reason, request_id};
use contracts::mentor::matching::v1::{
    Criteria, GetCriteriaRequest, ListCriteriaVersionsRequest, UpdateCriteriaRequest, Weights,
    criteria_service_client::CriteriaServiceClient,
};
use kernel::Role;
use prost_types::FieldMask;
use testkit::id;
use tonic::Status;

fn change(paths: &[&str], skills: i32, etag: &str) -> UpdateCriteriaRequest {
    UpdateCriteriaRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        weights: Some(Weights { skills, ..Weights::default() }),
        grades: vec!["SCS1".into(), "SCS2".into()],
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        etag: etag.to_owned(),
        ..UpdateCriteriaRequest::default()
    }
}

async fn update(world: &World, request: UpdateCriteriaRequest) -> Result<Criteria, Status> {
    let response = world.criteria().update_criteria(request).await?.into_inner();
    Ok(response.criteria.expect("criteria"))
}

async fn get(world: &World, version: i32) -> Result<Criteria, Status> {
    let request = GetCriteriaRequest { program_id: program().to_string(), version };
    Ok(world.criteria().get_criteria(request).await?.into_inner().criteria.expect("criteria"))
}

#[tokio::test]
async fn a_change_is_a_new_version() {
    let world = World::new().await;
    let default = get(&world, 0).await.expect("the built-in criteria");
    assert_eq!((default.version, default.created_at), (0, None));
    let request = change(&["weights"], 7, &default.etag);
    let first = update(&world, request.clone()).await.expect("a first version");
    assert_eq!((first.version, first.weights.map(|weights| weights.skills)), (1, Some(7)));
    assert_eq!(first.rules, default.rules, "what the mask does not name stays");
    assert_eq!(update(&world, request.clone()).await.expect("replayed"), first);
    let reused = UpdateCriteriaRequest { etag: String::new(), ..request };
    assert_eq!(reason(update(&world, reused).await), "REQUEST_ID_REUSED");
    assert_eq!(reason(update(&world, change(&["grades"], 0, &default.etag)).await), "ETAG_MISMATCH");
    let second = update(&world, change(&["grades"], 0, &first.etag)).await.expect("a second version");
    assert_eq!((second.version, second.grades.len(), second.weights), (2, 2, first.weights));
    assert_eq!(get(&world, 0).await.expect("the latest"), second);
    assert_eq!(get(&world, 1).await.expect("an old one"), first);
    assert_eq!(reason(get(&world, 3).await), "NOT_FOUND");

    let mut request = ListCriteriaVersionsRequest {
        program_id: program().to_string(),
        page_size: 1,
        page_token: String::new(),
    };
    let page = world.criteria().list_criteria_versions(request.clone()).await.expect("a page").into_inner();
    assert_eq!(page.criteria, [second]);
    request.page_token = page.next_page_token;
    let page = world.criteria().list_criteria_versions(request).await.expect("a page").into_inner();
    assert_eq!((page.criteria, page.next_page_token), (vec![first], String::new()));
}

#[tokio::test]
async fn refuses_what_is_wrong() {
    let world = World::new().await;
    assert_eq!(reason(update(&world, change(&["weights"], 0, "")).await), "FIELD_INVALID", "all weights 0");
    assert_eq!(reason(update(&world, change(&["weights"], 1001, "")).await), "FIELD_INVALID");
    assert_eq!(reason(update(&world, change(&[], 1, "")).await), "FIELD_INVALID");
    assert_eq!(reason(update(&world, change(&["version"], 1, "")).await), "FIELD_INVALID");
    let mut twice = change(&["grades"], 1, "");
    twice.grades = vec!["A".into(), "A".into()];
    assert_eq!(reason(update(&world, twice).await), "FIELD_INVALID");
    let mut unknown = change(&["grades"], 1, "");
    unknown.program_id = id(77).to_string();
    assert_eq!(reason(update(&world, unknown).await), "NOT_FOUND");
}

#[tokio::test]
async fn auditors_read_and_employees_do_not() {
    let world = World::new().await;
    let request = GetCriteriaRequest { program_id: program().to_string(), version: 0 };
    let mut auditor = CriteriaServiceClient::new(world.suite.acting(Role::Auditor, None));
    auditor.get_criteria(request.clone()).await.expect("auditors read");
    assert_eq!(reason(auditor.update_criteria(change(&["weights"], 1, "")).await), "PERMISSION_DENIED");
    let mut employee = CriteriaServiceClient::new(world.suite.acting(Role::Employee, Some(id(5))));
    assert_eq!(reason(employee.get_criteria(request.clone()).await), "PERMISSION_DENIED");
    let other = world.suite.token_for(kernel::TenantId(id(99)), Role::ProgramManager, None);
    let mut other = CriteriaServiceClient::new(world.suite.authorized(other));
    assert_eq!(reason(other.get_criteria(request).await), "NOT_FOUND");
}

#[tokio::test]
async fn one_of_many_changes_at_once_wins() {
    let world = World::new().await;
    let changes = (1..=8).map(|skills| update(&world, change(&["weights"], skills, "\"0\"")));
    let results = futures::future::join_all(changes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for lost in results.into_iter().filter(Result::is_err) {
        assert_eq!(reason(lost), "ETAG_MISMATCH");
    }
    assert_eq!(get(&world, 0).await.expect("the latest").version, 1);
}
