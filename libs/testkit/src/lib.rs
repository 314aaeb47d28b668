//! What tests stand on: real servers, a database of one's own, whole services in the test's process, faults,
//! and waiting without sleeping. Only ever a dev-dependency.

mod builders;
mod database;
mod eventually;
mod faults;
pub mod peers;
pub mod servers;
#[cfg(feature = "suite")]
mod suite;

pub use builders::{id, start_of_time, unique};
pub use database::TestDatabase;
pub use eventually::poll;
pub use faults::{Fault, FaultProxy};
pub use servers::free_port;
#[cfg(feature = "suite")]
pub use suite::{Prefix, Suite, SuiteBuilder};
