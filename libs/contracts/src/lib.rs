//! What the services say to each other and to the world: generated messages, clients, servers and events,
//! the descriptors with their options, and the rules that stand beside the fields. No logic of the domain.

pub mod codec;
mod event;
pub mod time;
mod validate;

pub use event::{Event, EventType, event_types};
pub use generated::mentor;
pub use validate::Validate;

use prost_reflect::DescriptorPool;
use std::sync::LazyLock;

mod generated {
    #![expect(
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        clippy::all,
        reason = "generated code; the docs are the protos' comments"
    )]
    include!(concat!(env!("OUT_DIR"), "/mentor.rs"));
}

/// Every file of the suite and what it imports, with custom options, for reflection and tools.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The same, parsed once.
pub fn pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).unwrap_or_default());
    &POOL
}
