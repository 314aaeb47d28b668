//! Helpers shared by the tests that span services.

pub mod audit;
pub mod life;
pub mod process;
pub mod reflect;
pub mod stage;
