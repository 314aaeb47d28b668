//! Domain: a participant as scores see them.

use kernel::Uuid;
use serde::{Deserialize, Serialize};

/// A participant as the run knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) participant: Uuid,
    pub(crate) person: Uuid,
    /// Free places of a mentor; 1 for a mentee.
    pub(crate) places: i32,
    /// Mentees of open matches that a mentor has already.
    #[serde(default, skip_serializing_if = "is_nobody")]
    pub(crate) held: i32,
    /// Skills wanted, with the level to reach.
    pub(crate) wanted: Vec<(String, i32)>,
    /// Skills offered, with the level.
    pub(crate) offered: Vec<(String, i32)>,
    /// Number of the communication style in the contract; 0 when not said.
    pub(crate) style: i32,
    /// In order of preference.
    pub(crate) languages: Vec<String>,
    /// Minutes east of UTC in the week of the snapshot; none when the zone is unknown.
    pub(crate) offset_minutes: Option<i32>,
    /// Windows in minutes of the UTC week, sorted, without overlaps.
    pub(crate) windows: Vec<(u16, u16)>,
    pub(crate) unit: String,
    pub(crate) grade: String,
    pub(crate) profession: String,
    /// Managers upwards.
    pub(crate) chain: Vec<Uuid>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_nobody(number: &i32) -> bool {
    *number == 0
}
