//! The few functions that the code made by [`crate::service!`] calls.

use crate::{call::Call, status};
use futures::{Stream, StreamExt};
use kernel::{Context, Error, Result};
use std::{pin::Pin, sync::Arc};
use tonic::{Request, Response, Status};

/// What a streaming handler returns: items, or the error that ends the stream.
pub type ResponseStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What a handler of a client stream reads.
pub type RequestStream<T> = tonic::Streaming<T>;

/// What a generated method returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// The largest message taken or sent: 4 MiB, gRPC's own default.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The caller and the message of a request. The server's boundary put the caller there; without it the service
/// was mounted bare, and nothing may run.
///
/// # Errors
/// `INTERNAL` when the service runs outside of [`crate::Server`].
pub fn open<T>(request: Request<T>) -> Result<(Context, T), Status> {
    let (_, mut extensions, message) = request.into_parts();
    match extensions.remove::<Context>() {
        Some(ctx) => Ok((ctx, message)),
        None => Err(status(Error::internal("the service is served without grpc::Server"))),
    }
}

/// The call that a request belongs to.
pub fn call<T>(request: &Request<T>) -> Option<Arc<Call>> {
    request.extensions().get::<Arc<Call>>().cloned()
}

/// A client stream as handlers see it.
pub fn requests<T>(stream: tonic::Streaming<T>) -> RequestStream<T> {
    stream
}

/// A result as tonic sends it.
///
/// # Errors
/// The status of the error.
pub fn answer<T>(result: Result<T>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(status)
}

/// A stream whose error names the service and the request id, like any other refusal.
pub fn sealed<T: 'static>(call: Option<Arc<Call>>, stream: ResponseStream<T>) -> ResponseStream<T> {
    match call {
        Some(call) => Box::pin(stream.map(move |item| item.map_err(|status| call.seal(status)))),
        None => stream,
    }
}
