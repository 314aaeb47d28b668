//! Everything between the network and a handler: server assembly, identity, limits, errors, clients.
//!
//! A service lists its RPCs with [`service!`], hands its routes to a [`Server`], and gets for every call:
//! a caught panic, a request id and a trace, limits, an authenticated [`kernel::Context`], a deadline, and an
//! error model in which every refusal carries `google.rpc.ErrorInfo`.

mod call;
mod client;
mod identity;
mod macros;
mod methods;
mod roles;
pub mod rpc;
mod scopes;
mod server;
mod status;
mod trace;

pub use client::{Channel, Client, StaticToken, TokenSource};
pub use identity::{
    Caller, Deactivated, DevIssuer, Identity, IdentitySettings, IssuerSettings, KeySet, Loader, NewToken,
    Signed, Signer,
};
pub use methods::{Descriptors, Method, Methods};
pub use roles::{Permission, allows, permissions};
pub use rpc::{RequestStream, ResponseStream};
pub use scopes::{Scope, Scopes};
pub use server::{Health, Places, Server, ServerBuilder, ServerSettings, TlsSettings};
pub use status::{from_status, status};

#[doc(hidden)]
pub mod __private {
    //! What the macros name; not for use by hand.
    pub use kernel;
    pub use pastey::paste;
    pub use storage;
    pub use tonic;
}
