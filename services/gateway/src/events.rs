//! What happened to resources, as the events of the contract.

use crate::{scim::resource::Person, sync::employee::Employee};
use contracts::mentor::gateway::events::v1 as fact;
use kernel::Uuid;
use storage::Tx;

/// Members told of with one event.
const MEMBERS: usize = 1_000;

/// A user is there, or changed.
pub(crate) fn person_provisioned(tx: &mut Tx, user: Uuid, person: Person) {
    tx.emit(&fact::PersonProvisioned {
        user_id: user.to_string(),
        external_id: person.external_id,
        user_name: person.user_name,
        provider_id: person.provider_id,
        display_name: person.display_name,
        email: person.email,
        manager: person.manager,
        unit: person.unit,
        job_title: person.job_title,
        organisation: person.organisation,
        division: person.division,
        grade: None,
        profession: None,
        fte_percent: None,
    });
}

/// A user left.
pub(crate) fn person_deprovisioned(tx: &mut Tx, user: Uuid, person: Person) {
    tx.emit(&fact::PersonDeprovisioned { user_id: user.to_string(), external_id: person.external_id });
}

/// A person of another source is there, or changed. `prefix` stands before the source's ids.
pub(crate) fn employee_provisioned(tx: &mut Tx, person: Uuid, prefix: &str, employee: Employee) {
    let id = |id: &str| if id.is_empty() { String::new() } else { format!("{prefix}{id}") };
    tx.emit(&fact::PersonProvisioned {
        user_id: person.to_string(),
        external_id: id(&employee.external_id),
        user_name: employee.user_name,
        provider_id: String::new(),
        display_name: employee.display_name,
        email: employee.email,
        manager: id(&employee.manager),
        unit: employee.unit,
        job_title: employee.job_title,
        organisation: employee.organisation,
        division: employee.division,
        grade: employee.grade,
        profession: employee.profession,
        fte_percent: employee.fte_percent,
    });
}

/// A person of another source left.
pub(crate) fn employee_deprovisioned(tx: &mut Tx, person: Uuid, prefix: &str, external_id: &str) {
    let external_id = format!("{prefix}{external_id}");
    tx.emit(&fact::PersonDeprovisioned { user_id: person.to_string(), external_id });
}

/// A group is there, or was renamed or mapped.
pub(crate) fn group_upserted(tx: &mut Tx, group: Uuid, display_name: &str, roles: &[String], audience: &str) {
    tx.emit(&fact::GroupUpserted {
        group_id: group.to_string(),
        display_name: display_name.to_owned(),
        roles: roles.to_vec(),
        audience: audience.to_owned(),
    });
}

/// Members came or went.
pub(crate) fn group_members_changed(tx: &mut Tx, group: Uuid, added: &[String], removed: &[String]) {
    let group_id = group.to_string();
    for removed in removed.chunks(MEMBERS) {
        let (group_id, removed) = (group_id.clone(), removed.to_vec());
        tx.emit(&fact::GroupMembersChanged { group_id, removed, added: Vec::new() });
    }
    for added in added.chunks(MEMBERS) {
        let (group_id, added) = (group_id.clone(), added.to_vec());
        tx.emit(&fact::GroupMembersChanged { group_id, added, removed: Vec::new() });
    }
}

/// A group is gone.
pub(crate) fn group_deleted(tx: &mut Tx, group: Uuid) {
    tx.emit(&fact::GroupDeleted { group_id: group.to_string() });
}
