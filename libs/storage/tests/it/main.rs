//! Storage on real servers.

mod audit;
mod cache;
mod errors;
mod house;
mod idempotency;
mod inbox;
mod migrate;
mod outbox;
mod parked;
mod tenancy;
mod trail;
