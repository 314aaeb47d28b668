//! A handler of one event type, and the list of them that a service writes.

use crate::Envelope;
use contracts::{Event, EventType};
use futures::future::BoxFuture;
use kernel::Error;
use std::{fmt, marker::PhantomData};
use storage::Tx;

/// Why an event was not handled.
#[derive(Debug)]
pub enum Failure {
    /// The body is not what its type says. Trying again does not help.
    Undecodable(prost::DecodeError),
    /// The handler refused, or something it needs is away.
    Handler(Box<Error>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Undecodable(error) => write!(f, "the body can't be decoded: {error}"),
            Failure::Handler(error) => {
                write!(f, "{}: {error}", error.reason)?;
                let mut cause = std::error::Error::source(error.as_ref());
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
        }
    }
}

/// A handler: service, transaction, event.
type HandlerFn<S, E> = for<'a> fn(&'a S, &'a mut Tx, E) -> BoxFuture<'a, kernel::Result<()>>;

/// A handler that takes events of any type as they came.
type AnyFn<S> = for<'a> fn(&'a S, &'a mut Tx, &'a Envelope) -> BoxFuture<'a, kernel::Result<()>>;

/// The same without the event's type.
trait Apply<S>: Send + Sync {
    fn apply<'a>(
        &self,
        service: &'a S,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

struct Typed<S, E>(HandlerFn<S, E>, PhantomData<fn(E)>);

/// Decodes the body first.
impl<S: Sync, E: Event> Apply<S> for Typed<S, E> {
    fn apply<'a>(
        &self,
        service: &'a S,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        match E::decode(event.payload.clone()) {
            Ok(event) => {
                let handled = (self.0)(service, tx, event);
                Box::pin(async move { handled.await.map_err(Failure::Handler) })
            }
            Err(error) => Box::pin(std::future::ready(Err(Failure::Undecodable(error)))),
        }
    }
}

struct Any<S>(AnyFn<S>);

impl<S: Sync> Apply<S> for Any<S> {
    fn apply<'a>(
        &self,
        service: &'a S,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let handled = (self.0)(service, tx, event);
        Box::pin(async move { handled.await.map_err(Failure::Handler) })
    }
}

/// What a service does with one event type. Made by [`crate::consumers!`], or by [`Consumer::any`].
pub struct Consumer<S> {
    /// Full name of the message.
    pub type_name: &'static str,
    /// The kind of aggregate; with the service it names the queue.
    pub aggregate: &'static str,
    /// What the queue is bound by.
    pub routing_key: &'static str,
    /// The handler's name, for logs and audit rows.
    pub operation: &'static str,
    apply: Box<dyn Apply<S>>,
}

impl<S: Send + Sync + 'static> Consumer<S> {
    /// A handler of `E`. `operation` names it in logs and audit rows.
    pub fn new<E: Event>(operation: &'static str, handler: HandlerFn<S, E>) -> Self {
        Consumer {
            type_name: E::TYPE,
            aggregate: E::AGGREGATE,
            routing_key: E::ROUTING_KEY,
            operation,
            apply: Box::new(Typed(handler, PhantomData)),
        }
    }

    /// A handler that takes the event as it came, for what is done with events of many types alike:
    /// `contracts::event_types().iter().map(|event| Consumer::any(event, "forward", …))`.
    pub fn any(event: &EventType, operation: &'static str, handler: AnyFn<S>) -> Self {
        Consumer {
            type_name: event.type_name,
            aggregate: event.aggregate,
            routing_key: event.routing_key,
            operation,
            apply: Box::new(Any(handler)),
        }
    }

    /// Runs the handler in the transaction.
    pub(crate) async fn apply(&self, service: &S, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
        self.apply.apply(service, tx, event).await
    }
}

impl<S> fmt::Debug for Consumer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("type", &self.type_name).field("operation", &self.operation).finish()
    }
}

/// The handlers of a service, one line per event: the message and the module with its `handle`.
///
/// ```ignore
/// messaging::consumers! { crate::Scheduling;
///     MatchActivated => on_match_activated,
///     MatchEnded => on_match_ended,
/// }
/// ```
///
/// expands to `pub(crate) fn consumers() -> Vec<messaging::Consumer<crate::Scheduling>>`.
#[macro_export]
macro_rules! consumers {
    ($service:ty; $($event:ty => $module:ident),* $(,)?) => {
        /// Every event this service handles.
        pub(crate) fn consumers() -> $crate::macros::Vec<$crate::Consumer<$service>> {
            $crate::macros::vec![$(
                $crate::Consumer::new::<$event>(
                    ::core::stringify!($module),
                    |service, tx, event| $crate::macros::Box::pin($module::handle(service, tx, event)),
                )
            ),*]
        }
    };
}
