//! What identity providers say, through the events of the gateway.

use crate::world::{World, id, reason, rows, spec};
use contracts::mentor::{
    common::v1::ParticipantRole::Mentee,
    enrollment::{
        events::v1::{ParticipantWithdrawn, PersonDeactivated, PersonUpserted},
        v1::*,
    },
    gateway::events::v1::{
        GroupDeleted, GroupMembersChanged, GroupUpserted, PersonDeprovisioned, PersonProvisioned,
    },
};
use kernel::{Clock, Uuid};

/// A user of an identity provider.
struct User {
    id: Uuid,
    name: &'static str,
}

fn user(world: &World, name: &'static str) -> User {
    User { id: world.suite.clock.new_id(), name }
}

impl User {
    fn under(&self, manager: &str) -> PersonProvisioned {
        PersonProvisioned {
            user_id: self.id.to_string(),
            external_id: self.name.into(),
            user_name: format!("{}@x.org", self.name),
            provider_id: format!("provider-{}", self.name),
            display_name: format!("The {}", self.name),
            email: format!("{}@x.org", self.name),
            manager: manager.into(),
            unit: "Finance".into(),
            job_title: "Clerk".into(),
            organisation: "Org".into(),
            division: String::new(),
            ..PersonProvisioned::default()
        }
    }

    fn gone(&self) -> PersonDeprovisioned {
        PersonDeprovisioned { user_id: self.id.to_string(), external_id: self.name.into() }
    }
}

async fn told<E: contracts::Event>(world: &World, event: &E) {
    world.suite.publish(event).await;
    world.suite.settle().await;
    assert_eq!(world.suite.parked("enrollment").await, 0);
}

async fn person(world: &World, external_id: &str) -> Person {
    let people = world.people().await;
    people.into_iter().find(|person| person.external_id == external_id).expect("in the directory")
}

/// Managers upwards, by their ids in the HRIS.
async fn line(world: &World, external_id: &str) -> Vec<String> {
    let people = world.people().await;
    let name = |id: &String| people.iter().find(|p| &p.person_id == id).map(|p| p.external_id.clone());
    let person = people.iter().find(|person| person.external_id == external_id).expect("in the directory");
    person.manager_chain.iter().filter_map(name).collect()
}

#[tokio::test]
async fn somebody_new_comes_and_somebody_known_is_found() {
    let world = World::start().await;
    let before = world.person("ann").await;
    let (new, ann) = (user(&world, "new"), user(&world, "ann"));
    told(&world, &new.under("lea")).await;
    told(&world, &ann.under("lea")).await;
    let came = person(&world, "new").await;
    assert_eq!((came.person_id, came.display_name.as_str()), (new.id.to_string(), "The new"));
    assert_eq!(line(&world, "new").await, ["lea", "ceo"]);
    let found = person(&world, "ann").await;
    assert_eq!((id(&found.person_id), found.job_title.as_str()), (before, "Clerk"));
    // The same once more is no news.
    let count = world.suite.events::<PersonUpserted>().await.len();
    told(&world, &ann.under("lea")).await;
    assert_eq!(world.suite.events::<PersonUpserted>().await.len(), count);
    // A new id in the HRIS is the same person.
    told(&world, &PersonProvisioned { external_id: "ann2".into(), ..ann.under("lea") }).await;
    assert_eq!(id(&person(&world, "ann2").await.person_id), before);
}

#[tokio::test]
async fn a_manager_who_comes_later_is_bound_then_by_any_name() {
    let world = World::empty().await;
    let (boss, names) = (user(&world, "boss"), ["a", "b", "c", "d"]);
    let forms = [boss.id.to_string(), "boss".into(), "provider-boss".into(), "BOSS@x.org".into()];
    for (name, form) in names.into_iter().zip(forms) {
        told(&world, &user(&world, name).under(&form)).await;
        assert_eq!(line(&world, name).await, Vec::<String>::new());
    }
    told(&world, &user(&world, "e").under("a")).await;
    told(&world, &boss.under("")).await;
    for name in names {
        assert_eq!(line(&world, name).await, ["boss"], "{name}");
    }
    // Who stands below moves along.
    assert_eq!(line(&world, "e").await, ["a", "boss"]);
    let top = user(&world, "top");
    told(&world, &top.under("")).await;
    told(&world, &boss.under("top")).await;
    assert_eq!(line(&world, "e").await, ["a", "boss", "top"]);
    // Nobody stands above themselves.
    told(&world, &top.under("e")).await;
    assert_eq!(line(&world, "top").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_leaver_is_out_the_same_day_and_may_come_back() {
    let world = World::start().await;
    let program = world.program().await;
    world.join("ann", &program, Mentee).await;
    let mut client = program_service_client::ProgramServiceClient::new(world.employee("ann").await);
    let (ann, lea) = (user(&world, "ann"), user(&world, "lea"));
    told(&world, &lea.under("ceo")).await;
    told(&world, &ann.under("lea")).await;
    told(&world, &ann.gone()).await;
    assert_eq!(person(&world, "ann").await.state(), PersonState::Deactivated);
    assert_eq!(world.suite.events::<ParticipantWithdrawn>().await.len(), 1);
    let mut refused = async || {
        let answer = client.list_programs(ListProgramsRequest::default()).await;
        answer.is_err().then(|| reason(answer)) == Some("PERSON_DEACTIVATED")
    };
    testkit::eventually!(std::time::Duration::from_secs(5), refused().await);
    told(&world, &ann.gone()).await;
    assert_eq!(world.suite.events::<PersonDeactivated>().await.len(), 1);
    // A manager who leaves leaves nobody under somebody who is gone.
    told(&world, &ann.under("lea")).await;
    assert_eq!(person(&world, "ann").await.state(), PersonState::Active);
    told(&world, &lea.gone()).await;
    assert_eq!((line(&world, "ann").await, line(&world, "bob").await), (vec![], vec![]));
    told(&world, &lea.under("ceo")).await;
    assert_eq!(line(&world, "ann").await, ["lea", "ceo"]);
    // Gone without ever having come.
    told(&world, &user(&world, "stranger").gone()).await;
    world.import(world.delta(), rows(&[("ann", "max", "Sales")])).await.expect("the file may also move her");
}

#[tokio::test]
async fn groups_are_audiences() {
    let world = World::start().await;
    let (ann, bob) = (user(&world, "ann"), user(&world, "bob"));
    for one in [&ann, &bob] {
        told(&world, &one.under("lea")).await;
    }
    let (group, inner) = (world.suite.clock.new_id().to_string(), world.suite.clock.new_id().to_string());
    let members = |group: &str, added: &[String], removed: &[String]| GroupMembersChanged {
        group_id: group.into(),
        added: added.to_vec(),
        removed: removed.to_vec(),
    };
    // Members may be told before the group is mapped, or known.
    told(&world, &members(&inner, &[ann.id.to_string()], &[])).await;
    told(&world, &members(&group, &[inner.clone(), "later".into()], &[])).await;
    let upserted = GroupUpserted {
        group_id: group.clone(),
        display_name: "T".into(),
        roles: vec![],
        audience: "Talents".into(),
    };
    told(&world, &upserted).await;
    let program =
        world.published(ProgramSpec { audience_groups: vec!["Talents".into()], ..spec("For talents") }).await;
    assert_eq!(program.audience_size, 1);
    world.apply("ann", &program, Mentee).await.expect("in the group in the group");
    assert_eq!(reason(world.apply("bob", &program, Mentee).await), "NOT_IN_AUDIENCE");
    told(&world, &members(&group, &[bob.id.to_string()], &[inner])).await;
    world.apply("bob", &program, Mentee).await.expect("in the group");
    told(&world, &GroupDeleted { group_id: group }).await;
    let max = reason(world.apply("max", &program, Mentee).await);
    assert_eq!(max, "NOT_IN_AUDIENCE");
}
