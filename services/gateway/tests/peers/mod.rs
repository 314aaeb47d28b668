//! Stand-ins for the APIs of HR systems: they behave as the vendors' documents say, and break as real servers do. Used by the
//! connectors' own tests and by those of the whole gateway.

pub(crate) mod bamboo_hr;
pub(crate) mod personio;
pub(crate) mod stand_in;
pub(crate) mod success_factors;
pub(crate) mod workday;
