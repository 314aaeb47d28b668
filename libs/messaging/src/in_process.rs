//! The broker inside this process: an event is published when every handler here has committed or parked it.

use crate::{Envelope, handler::Handler};
use kernel::{Error, ErrorKind, Result};
use std::sync::{Arc, PoisonError, RwLock};

/// The services that listen, in the order of their registration.
#[derive(Default)]
pub(crate) struct InProcess {
    handlers: RwLock<Vec<Listener>>,
}

struct Listener {
    handler: Arc<dyn Handler>,
    stopped: bool,
}

impl InProcess {
    /// From now on the service gets what it handles. Registering again replaces.
    pub(crate) fn register(&self, handler: Arc<dyn Handler>) {
        let mut handlers = self.handlers.write().unwrap_or_else(PoisonError::into_inner);
        handlers.retain(|listener| listener.handler.service() != handler.service());
        handlers.push(Listener { handler, stopped: false });
    }

    /// The service stops: what it handles stays in the outboxes.
    pub(crate) fn stop(&self, service: &str) {
        let mut handlers = self.handlers.write().unwrap_or_else(PoisonError::into_inner);
        for listener in handlers.iter_mut().filter(|listener| listener.handler.service() == service) {
            listener.stopped = true;
        }
    }

    /// Hands the events to every service that handles them. `Ok`: all have committed or parked.
    pub(crate) async fn publish(&self, events: &[Envelope]) -> Result<()> {
        for (handler, stopped) in self.snapshot() {
            let wanted: Vec<Envelope> = events
                .iter()
                .filter(|event| handler.routes().iter().any(|route| route.type_name == event.type_name))
                .cloned()
                .collect();
            if wanted.is_empty() {
                continue;
            }
            if stopped {
                let message = format!("{} has stopped and takes no events", handler.service());
                return Err(Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", message));
            }
            handler.handle(&wanted).await?;
        }
        Ok(())
    }

    fn snapshot(&self) -> Vec<(Arc<dyn Handler>, bool)> {
        let handlers = self.handlers.read().unwrap_or_else(PoisonError::into_inner);
        handlers.iter().map(|listener| (listener.handler.clone(), listener.stopped)).collect()
    }
}
