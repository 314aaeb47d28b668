//! What this service does when something happened.

mod on_group_deleted;
mod on_group_members_changed;
mod on_group_upserted;
mod on_person_deactivated;
mod on_person_deprovisioned;
mod on_person_provisioned;

use contracts::mentor::{
    enrollment::events::v1::PersonDeactivated,
    gateway::events::v1::{
        GroupDeleted, GroupMembersChanged, GroupUpserted, PersonDeprovisioned, PersonProvisioned,
    },
};

messaging::consumers! { crate::Enrollment;
    GroupDeleted => on_group_deleted,
    GroupMembersChanged => on_group_members_changed,
    GroupUpserted => on_group_upserted,
    PersonDeactivated => on_person_deactivated,
    PersonDeprovisioned => on_person_deprovisioned,
    PersonProvisioned => on_person_provisioned,
}
