//! Reading the directory.

use crate::world::{World, reason, without};
use contracts::mentor::enrollment::v1::{directory_service_client::DirectoryServiceClient, *};
use kernel::{Role, Uuid};
use std::time::Duration;
use testkit::eventually;

async fn list(world: &World, request: ListPeopleRequest) -> Vec<String> {
    let mut directory = DirectoryServiceClient::new(world.suite.acting(Role::HrAdmin, None));
    let people = directory.list_people(request).await.expect("valid").into_inner().people;
    people.into_iter().map(|person| person.external_id).collect()
}

#[tokio::test]
async fn people_are_listed_by_unit_subtree_and_state() {
    let world = World::start().await;
    world.import(world.snapshot(), without(&["bob"])).await.expect("confirmed");
    let all = ListPeopleRequest::default;
    let finance = ListPeopleRequest { unit: "Finance".into(), ..all() };
    assert_eq!(list(&world, finance).await, ["ann", "bob", "lea"]);
    let ceo = world.person("ceo").await.to_string();
    let below = ListPeopleRequest { manager_id: ceo, state: PersonState::Active.into(), ..all() };
    assert_eq!(list(&world, below.clone()).await, ["ann", "eve", "lea", "max"]);
    let both = ListPeopleRequest { unit: "Sales".into(), ..below };
    assert_eq!(list(&world, both).await, ["eve", "max"]);
    let gone = ListPeopleRequest { state: PersonState::Deactivated.into(), ..all() };
    assert_eq!(list(&world, gone).await, ["bob"]);
}

#[tokio::test]
async fn pages_follow_each_other_and_belong_to_their_list() {
    let world = World::start().await;
    let mut directory = DirectoryServiceClient::new(world.suite.acting(Role::Auditor, None));
    let mut request = ListPeopleRequest { page_size: 4, ..ListPeopleRequest::default() };
    let first = directory.list_people(request.clone()).await.expect("valid").into_inner();
    request.page_token = first.next_page_token;
    let second = directory.list_people(request.clone()).await.expect("valid").into_inner();
    assert_eq!((first.people.len(), second.people.len(), second.next_page_token.as_str()), (4, 2, ""));
    request.unit = "Sales".into();
    assert_eq!(reason(directory.list_people(request.clone()).await), "PAGE_TOKEN_INVALID");
    request.page_size = 1001;
    assert_eq!(reason(directory.list_people(request).await), "FIELD_INVALID");
}

#[tokio::test]
async fn a_person_is_read_and_the_reading_leaves_a_trace() {
    let world = World::start().await;
    let ann = world.person("ann").await;
    let mut directory = DirectoryServiceClient::new(world.suite.acting(Role::HrClient, None));
    let mut get = async |person_id: String| directory.get_person(GetPersonRequest { person_id }).await;
    assert_eq!(
        get(ann.to_string()).await.expect("there").into_inner().person.expect("answered").unit,
        "Finance"
    );
    assert_eq!(reason(get(Uuid::nil().to_string()).await), "NOT_FOUND");
    assert_eq!(reason(get("ann".into()).await), "FIELD_INVALID");
    let traces = "select count(*) from enrollment.audit where about = $1 and object = 'person' and is_read";
    let trace = async || {
        sqlx::query_scalar::<_, i64>(traces).bind(ann).fetch_one(world.suite.sql()).await.ok() > Some(0)
    };
    eventually!(Duration::from_secs(5), trace().await);
}

#[tokio::test]
async fn another_tenant_sees_nobody() {
    let world = World::start().await;
    let stranger = world.suite.token_for(kernel::TenantId(Uuid::from_u128(7)), Role::HrAdmin, None);
    let mut directory = DirectoryServiceClient::new(world.suite.authorized(stranger));
    let person_id = world.person("ann").await.to_string();
    assert_eq!(reason(directory.get_person(GetPersonRequest { person_id }).await), "NOT_FOUND");
    let people =
        directory.list_people(ListPeopleRequest::default()).await.expect("nobody").into_inner().people;
    assert_eq!(people, []);
}
