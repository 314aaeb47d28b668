//! Events between services: what a service emits in its transaction reaches every handler once, in the order
//! of its aggregate, whatever dies on the way.
//!
//! ```text
//! handler ── tx.emit ──> outbox ── relay ──> Broker ──> consumer loop ── inbox row + handler, one commit
//!                                                              └─ handler fails ──> parked ── retried, in order
//! ```
//!
//! - [`Broker`] carries events: RabbitMQ, or the same process ([`Broker::in_process`]) behind the same tests.
//! - [`Messaging`] is all of one service: its relay, its consumer loops and its retries.
//! - [`consumers!`] lists the handlers of a service, one line per event. Queues and bindings follow from it.
//!
//! ## What is promised
//! - *Nothing is lost*: an outbox row counts as published only when the broker has it safely (RabbitMQ: confirmed by
//!   a quorum queue; in-process: committed by every handler). A message is acknowledged after its effect committed.
//! - *Nothing is applied twice*: the event's id is inserted into `inbox` in the transaction of its effect.
//! - *Order per aggregate*: events of one `(aggregate, subject)` are handled in the order of their emission, also
//!   across event types, with several relays, and when one of them fails: those behind it wait with it.
//! - *No hand needed*: everything reconnects for ever. Only an event that fails to the limit waits for a person
//!   (`mentor events list`, `show`, `replay`).
//!
//! ## Adding a consumer
//! `services/<s>/src/consumers/on_x.rs` with `pub(crate) async fn handle(service: &S, tx: &mut Tx, event: X) ->
//! Result<()>`, and one line in `consumers!`. Handlers use only the transaction that they are given; events of
//! different aggregates may arrive in any relative order. An event may have several handlers in one service: they run in
//! the order of its list, in one commit.

mod backoff;
mod broker;
mod consumer;
mod envelope;
mod flight;
mod handler;
mod in_process;
mod inbox;
mod messaging;
mod parked;
mod rabbit;
mod relay;
mod settings;
mod settle;
mod telemetry;

pub use broker::Broker;
pub use consumer::{Consumer, Failure};
pub use envelope::Envelope;
pub use messaging::{Handle, Messaging};
pub use settings::{MessagingSettings, RabbitSettings};
pub use settle::settle;

/// Not part of the interface: what [`consumers!`] expands to.
#[doc(hidden)]
pub mod macros {
    pub use std::{boxed::Box, vec, vec::Vec};
}
