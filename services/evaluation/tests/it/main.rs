//! The evaluation service on real servers: its RPCs, what it hears, what its jobs do.

mod check_ins;
mod health;
mod projections;
mod reports;
mod reviews;
mod world;
