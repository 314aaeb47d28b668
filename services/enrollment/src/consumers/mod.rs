//! What this service does when something happened.

mod on_person_deactivated;

use contracts::mentor::enrollment::events::v1::PersonDeactivated;

messaging::consumers! { crate::Enrollment;
    PersonDeactivated => on_person_deactivated,
}
