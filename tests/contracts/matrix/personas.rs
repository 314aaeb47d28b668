//! Who calls, and what is theirs.

use super::request::Slot;
use grpc::Channel;
use kernel::{Role, Uuid};
use std::collections::{BTreeMap, BTreeSet};

/// What everybody of a tenant may know of.
const PUBLIC: [&str; 4] = ["program_id", "course_id", "run_id", "previous_run_id"];

/// Somebody with a token.
pub(crate) struct Persona {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// For employees.
    pub(crate) person: Option<Uuid>,
    pub(crate) channel: Channel,
    /// Ids of what is theirs; for those who manage, of anything in their tenant.
    pub(crate) own: Ids,
    /// Ids of a colleague's.
    pub(crate) foreign: Ids,
}

/// Ids by the name of the field that holds them.
#[derive(Clone, Default)]
pub(crate) struct Ids(BTreeMap<&'static str, Vec<String>>);

impl Ids {
    pub(crate) fn with(mut self, name: &'static str, ids: &[&str]) -> Self {
        self.0.insert(name, ids.iter().map(|id| (*id).to_owned()).collect());
        self
    }

    /// What to send in an id field: all of them in a list, else the first.
    pub(crate) fn of(&self, slot: &Slot) -> Vec<String> {
        let Some(ids) = self.0.get(slot.name.as_str()) else {
            panic!(
                "the matrix does not know what to send as {}: make such an object in \
                 tests/contracts/matrix/world.rs and name its id",
                slot.name
            )
        };
        ids.iter().take(if slot.list { ids.len() } else { 1 }).cloned().collect()
    }

    /// Every id.
    pub(crate) fn all(&self) -> BTreeSet<String> {
        self.0.values().flatten().cloned().collect()
    }

    /// Those that only the people concerned and those who manage may see.
    pub(crate) fn private(&self) -> BTreeSet<String> {
        let private = self.0.iter().filter(|(name, _)| !PUBLIC.contains(name));
        private.flat_map(|(_, ids)| ids).cloned().collect()
    }

    /// The same names with ids that belong to nobody.
    pub(crate) fn of_nobody(&self, mut new_id: impl FnMut() -> String) -> Self {
        let made = |ids: &Vec<String>| ids.iter().map(|_| String::new()).collect::<Vec<_>>();
        let mut nobody = Ids(self.0.iter().map(|(name, ids)| (*name, made(ids))).collect());
        nobody.0.values_mut().flatten().for_each(|id| *id = new_id());
        nobody
    }
}
