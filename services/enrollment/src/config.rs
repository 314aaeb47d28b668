//! The service's own settings, section `[services.enrollment]`.

use serde::Deserialize;

/// What operations can set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The most bytes that one import may send.
    pub(crate) import_max_bytes: usize,
    /// The most rows that one import may hold.
    pub(crate) import_max_rows: usize,
    /// The share of active people, in percent, that an import may deactivate when it names no other limit.
    pub(crate) max_deactivation_percent: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { import_max_bytes: 64 << 20, import_max_rows: 500_000, max_deactivation_percent: 10 }
    }
}
