//! The pure half of the SCIM server, taken as it is: its files need nothing but each other.

#![expect(dead_code, reason = "a target uses a part of it")]
#![expect(clippy::duplicate_mod, reason = "each target is a program of its own")]

#[path = "../../../services/gateway/src/scim/error.rs"]
pub(crate) mod error;
#[path = "../../../services/gateway/src/scim/filter.rs"]
pub(crate) mod filter;
#[path = "../../../services/gateway/src/scim/patch.rs"]
pub(crate) mod patch;
#[path = "../../../services/gateway/src/scim/path.rs"]
pub(crate) mod path;
#[path = "../../../services/gateway/src/scim/rewrite.rs"]
pub(crate) mod rewrite;
#[path = "../../../services/gateway/src/scim/schema.rs"]
pub(crate) mod schema;
#[path = "../../../services/gateway/src/scim/value.rs"]
pub(crate) mod value;

use schema::{Catalogue, ResourceType};
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read().expect("the schemas are built in"));

/// Users and groups.
pub(crate) fn kinds() -> [&'static ResourceType; 2] {
    [&CATALOGUE.user, &CATALOGUE.group]
}
