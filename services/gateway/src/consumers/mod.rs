//! The events this service handles.

mod on_person_deactivated;
mod on_person_upserted;

use contracts::mentor::enrollment::events::v1::{PersonDeactivated, PersonUpserted};

messaging::consumers! { crate::Gateway;
    PersonUpserted => on_person_upserted,
    PersonDeactivated => on_person_deactivated,
}
