//! Webhooks against real receivers, verified by a library that is not ours.

mod delivery;
mod foreign;
mod hooks;
mod manage;
mod receiver;
mod replicas;
mod trouble;
