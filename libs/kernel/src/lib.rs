//! The words every layer shares: ids, time, the caller, errors, page cursors. No IO, no async.

mod actor;
mod clock;
mod context;
mod error;
mod id;
mod page;
mod tenant;

pub use actor::{Actor, Role};
pub use clock::{Clock, Ids, ManualClock, SharedClock, SystemClock};
pub use context::Context;
pub use error::{Error, ErrorKind, FieldViolation, Result};
pub use id::parse_id;
pub use page::{Page, PageKey};
pub use tenant::TenantId;
pub use uuid::Uuid;
