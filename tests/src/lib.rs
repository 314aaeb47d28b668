//! Helpers shared by the tests that span services.

pub mod audit;
pub mod balancer;
pub mod browser;
pub mod canaille;
pub mod dashboards;
pub mod disk;
pub mod leaving;
pub mod life;
pub mod process;
pub mod prometheus;
pub mod python;
pub mod reflect;
pub mod seekers;
pub mod single;
pub mod stage;
