//! What other services told, as this one needs it: kept current by the consumers only.

pub(crate) mod store;
