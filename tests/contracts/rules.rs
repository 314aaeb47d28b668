//! Rules that every proto keeps, checked on the descriptors.

use contracts::mentor::common::v1::{ErrorReason, Permission};
use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use std::collections::BTreeSet;
use tests::reflect::{
    self, comment, events, files, is_id, is_mutation, methods, permission, pool, rule, services,
};

/// Verbs of RPCs that change nothing.
const READING: [&str; 8] = ["Get", "List", "Watch", "Export", "Find", "Explain", "Preview", "Replay"];

/// Fails with everything that is wrong, not only the first.
fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_rpc_has_a_permission() {
    let wrong: Vec<String> = methods()
        .filter(|method| permission(method) == Permission::Unspecified)
        .map(|method| method.full_name().to_owned())
        .collect();
    none(&wrong, "an RPC needs `option (mentor.common.v1.permission)`");
    assert!(methods().count() > 50, "the descriptors hold the suite's RPCs");
}

#[test]
fn everything_has_a_comment() {
    let mut wrong = Vec::new();
    for file in files() {
        let mut need = |path: &[i32], name: &str| {
            if comment(&file, path).is_empty() {
                wrong.push(name.to_owned());
            }
        };
        for service in file.services() {
            need(service.path(), service.full_name());
            service.methods().for_each(|method| need(method.path(), method.full_name()));
        }
        let mut messages: Vec<MessageDescriptor> = file.messages().collect();
        let mut enums: Vec<EnumDescriptor> = file.enums().collect();
        while let Some(message) = messages.pop() {
            need(message.path(), message.full_name());
            message.fields().for_each(|field| need(field.path(), field.full_name()));
            messages.extend(message.child_messages().filter(|child| !child.is_map_entry()));
            enums.extend(message.child_enums());
        }
        for declared in enums {
            need(declared.path(), declared.full_name());
            declared.values().for_each(|value| need(value.path(), value.full_name()));
        }
    }
    none(&wrong, "a comment says what it means");
}

#[test]
fn every_mutation_has_a_request_id_and_no_read_has_one() {
    let mut wrong = Vec::new();
    for method in methods() {
        let has = has_request_id(&method);
        let reads = READING.iter().any(|verb| method.name().starts_with(verb));
        if is_mutation(&method) && !has {
            wrong.push(format!("{}: no `string request_id = 1` with the uuid rule", method.full_name()));
        }
        if !is_mutation(&method) && has {
            wrong.push(format!("{}: a request_id, but only the permission to read", method.full_name()));
        }
        if reads == is_mutation(&method) {
            let verb = if reads { "reads" } else { "changes" };
            wrong.push(format!("{}: {verb} by its name, but not by its permission", method.full_name()));
        }
    }
    none(&wrong, "mutations are repeatable");
}

/// The request's own, or, in a stream of requests, that of the part that comes first.
fn has_request_id(method: &MethodDescriptor) -> bool {
    let Some(first) = method.input().get_field(1) else { return false };
    let id = match first.kind() {
        Kind::Message(part) if method.is_client_streaming() => part.get_field_by_name("request_id"),
        _ => Some(first),
    };
    id.is_some_and(|id| id.name() == "request_id" && is_id(&id))
}

#[test]
fn names_follow_the_rules() {
    let mut wrong = Vec::new();
    for service in services() {
        if !service.name().ends_with("Service") {
            wrong.push(format!("{}: ends with Service", service.full_name()));
        }
        if service.parent_file().services().count() != 1 {
            wrong.push(format!("{}: one service per file", service.parent_file().name()));
        }
    }
    let mut seen = BTreeSet::new();
    for method in methods() {
        let (input, output) = (method.input(), method.output());
        if input.name() != format!("{}Request", method.name()) {
            wrong.push(format!("{}: takes {}Request", method.full_name(), method.name()));
        }
        if output.name() != format!("{}Response", method.name()) {
            wrong.push(format!("{}: answers {}Response", method.full_name(), method.name()));
        }
        for message in [input, output] {
            if !seen.insert(message.full_name().to_owned()) {
                wrong.push(format!("{}: of one RPC only", message.full_name()));
            }
        }
    }
    none(&wrong, "names of services, RPCs and their messages");
}

#[test]
fn lists_are_paged_and_updates_are_masked() {
    let mut wrong = Vec::new();
    let mut need = |message: &MessageDescriptor, field: &str| {
        if message.get_field_by_name(field).is_none() {
            wrong.push(format!("{}: {field}", message.full_name()));
        }
    };
    for method in methods() {
        if method.name().starts_with("List") {
            need(&method.input(), "page_size");
            need(&method.input(), "page_token");
            need(&method.output(), "next_page_token");
        }
        if method.name().starts_with("Update") {
            need(&method.input(), "update_mask");
            need(&method.input(), "etag");
        }
    }
    none(&wrong, "AIP-132 and AIP-134");
}

#[test]
fn ids_in_requests_are_uuids() {
    let mut wrong = Vec::new();
    for method in methods() {
        for field in method.input().fields() {
            let named = field.name().ends_with("_id") || field.name().ends_with("_ids");
            if named && field.kind() == Kind::String && !is_id(&field) {
                wrong.push(field.full_name().to_owned());
            }
        }
    }
    none(&wrong, "an id needs the uuid rule");
}

#[test]
fn enums_begin_with_unspecified() {
    let mut wrong = Vec::new();
    for declared in pool().all_enums().filter(|declared| declared.full_name().starts_with("mentor.")) {
        if !declared.default_value().name().ends_with("_UNSPECIFIED") {
            wrong.push(declared.full_name().to_owned());
        }
    }
    none(&wrong, "the value 0 is _UNSPECIFIED");
}

#[test]
fn every_error_reason_has_an_example() {
    let reasons = pool().get_enum_by_name("mentor.common.v1.ErrorReason").expect("it is declared");
    let wrong: Vec<String> = reasons
        .values()
        .filter(|value| value.number() != 0 && reflect::example(&reasons, value.number()).is_empty())
        .map(|value| value.name().to_owned())
        .collect();
    none(&wrong, "a reason needs `(example)`");
}

/// Comments name the reasons they answer with; those exist.
#[test]
fn reasons_in_comments_exist() {
    let mut wrong = Vec::new();
    for method in methods() {
        let text = comment(&method.parent_service().parent_file(), method.path());
        let words = text.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
        for word in words.filter(|word| word.contains('_') && word.len() > 4) {
            if !is_known(word) {
                wrong.push(format!("{}: {word}", method.full_name()));
            }
        }
    }
    none(&wrong, "neither a reason nor a value of an enum");
}

fn is_known(word: &str) -> bool {
    ErrorReason::from_str_name(&format!("ERROR_REASON_{word}")).is_some()
        || Permission::from_str_name(word).is_some()
        || pool().all_enums().any(|declared| {
            declared.values().any(|value| value.name() == word || value.name().ends_with(&format!("_{word}")))
        })
}

#[test]
fn events_carry_their_aggregate() {
    let mut wrong = Vec::new();
    for event in events() {
        let kind = contracts::event_types().iter().find(|known| known.type_name == event.full_name());
        let Some(kind) = kind else {
            wrong.push(format!("{}: has no Rust type", event.full_name()));
            continue;
        };
        if kind.aggregate.is_empty() || kind.service != reflect::owner(event.package_name()) {
            wrong.push(format!("{}: aggregate and owner", event.full_name()));
        }
        if event.fields().any(|field| rule(&field, "required").is_some()) {
            wrong.push(format!("{}: a fact has no rules to refuse it by", event.full_name()));
        }
    }
    none(&wrong, "events");
}

/// Queues are bound by these: a changed key loses events. New ones are added at the end.
#[test]
fn routing_keys_stay() {
    let keys: BTreeSet<&str> = contracts::event_types().iter().map(|kind| kind.routing_key).collect();
    let known: BTreeSet<&str> = include_str!("routing_keys.txt").lines().collect();
    let lost: Vec<_> = known.difference(&keys).collect();
    assert!(lost.is_empty(), "these routing keys are bound somewhere and must stay: {lost:?}");
    let new: Vec<_> = keys.difference(&known).copied().collect();
    assert!(new.is_empty(), "add to tests/contracts/routing_keys.txt:\n{}", new.join("\n"));
}
