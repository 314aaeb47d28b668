//! The services' README tables name what there is.

use crate::repository;
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use matching::Matching;
use runtime::Service;
use scheduling::Scheduling;
use std::fs;
use tests::{audit::subscriptions, reflect};

fn jobs() -> Vec<(&'static str, Vec<&'static str>)> {
    fn of<S: Service>() -> (&'static str, Vec<&'static str>) {
        (S::NAME, S::jobs().iter().map(|job| job.name).collect())
    }
    vec![of::<Enrollment>(), of::<Matching>(), of::<Scheduling>(), of::<Evaluation>(), of::<Gateway>()]
}

#[test]
fn readmes_name_every_rpc_event_and_job() {
    let mut missing = Vec::new();
    for (service, consumed) in subscriptions() {
        let readme =
            fs::read_to_string(repository(&format!("services/{service}/README.md"))).unwrap_or_default();
        let words: Vec<&str> = readme.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mut need = |what: &str, name: &str| {
            if !words.contains(&name) {
                missing.push(format!("services/{service}/README.md: {what} {name}"));
            }
        };
        for method in reflect::methods()
            .filter(|method| reflect::owner(method.parent_service().package_name()) == service)
        {
            need("RPC", method.name());
        }
        let simple = |type_name: &'static str| type_name.rsplit('.').next().unwrap_or_default();
        for kind in contracts::event_types().iter().filter(|kind| kind.service == service) {
            need("published event", simple(kind.type_name));
        }
        consumed.into_iter().for_each(|type_name| need("consumed event", simple(type_name)));
        for (_, names) in jobs().into_iter().filter(|(name, _)| *name == service) {
            names.into_iter().for_each(|name| need("job", name));
        }
    }
    assert!(missing.is_empty(), "missing:\n  {}", missing.join("\n  "));
}

#[test]
fn every_event_is_published_by_its_owner_and_every_consumer_has_one() {
    let known: Vec<&str> = contracts::event_types().iter().map(|kind| kind.type_name).collect();
    for (service, consumed) in subscriptions() {
        for type_name in consumed {
            assert!(known.contains(&type_name), "{service} handles {type_name}, which nobody publishes");
        }
    }
}
