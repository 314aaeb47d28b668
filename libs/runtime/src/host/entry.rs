//! A service without its type, so that a process can hold any set of them.

use crate::{Deps, Service, job::Job, service::DeactivatedPeople};
use futures::future::BoxFuture;
use kernel::{Context, Result, TenantId, Uuid};
use messaging::{Broker, Messaging, MessagingSettings};
use std::{sync::Arc, time::Duration};
use storage::{Database, Migrator};
use tonic::service::RoutesBuilder;

/// Builds a service.
pub(crate) type Build = fn(Deps) -> BoxFuture<'static, Result<Arc<dyn Running>>>;

/// A service that can be run: its name, its migrations, how it is built. What `mentor serve` chooses from.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The service's name.
    pub name: &'static str,
    /// Its migrations.
    pub migrations: &'static Migrator,
    /// Whether it can fill a lost set of deactivated people again.
    pub(crate) knows_deactivated: bool,
    /// The same for ended sessions.
    pub(crate) knows_ended_sessions: bool,
    pub(crate) build: Build,
}

impl Entry {
    /// The entry of a service.
    pub fn of<S: Service>() -> Self {
        Entry {
            name: S::NAME,
            migrations: S::MIGRATIONS,
            knows_deactivated: S::deactivated().is_some(),
            knows_ended_sessions: S::ended_sessions().is_some(),
            build: |deps| {
                Box::pin(async {
                    let running: Arc<dyn Running> = Arc::new(Typed(S::build(deps).await?));
                    Ok(running)
                })
            },
        }
    }
}

/// A service that was built.
pub(crate) trait Running: Send + Sync {
    fn db(&self) -> &Database;
    fn routes(&self, routes: &mut RoutesBuilder);
    fn http(&self) -> Option<axum::Router>;
    fn messaging(&self, broker: &Broker, settings: MessagingSettings) -> Messaging;
    fn jobs(&self) -> Vec<BoundJob>;
    fn deactivated(&self, tenant: TenantId) -> BoxFuture<'static, Result<Vec<Uuid>>>;
    fn ended_sessions(&self, tenant: TenantId) -> BoxFuture<'static, Result<Vec<Uuid>>>;
}

/// A job with its service.
pub(crate) struct BoundJob {
    pub(crate) name: &'static str,
    pub(crate) every: Duration,
    pub(crate) run: Box<dyn Fn(Context) -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

struct Typed<S>(S);

impl<S: Service> Running for Typed<S> {
    fn db(&self) -> &Database {
        self.0.db()
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        self.0.routes(routes);
    }

    fn http(&self) -> Option<axum::Router> {
        self.0.http()
    }

    fn messaging(&self, broker: &Broker, settings: MessagingSettings) -> Messaging {
        Messaging::new(broker, self.0.db().clone(), self.0.clone(), S::consumers(), settings)
    }

    fn jobs(&self) -> Vec<BoundJob> {
        S::jobs().into_iter().map(|job| bind(self.0.clone(), job)).collect()
    }

    fn deactivated(&self, tenant: TenantId) -> BoxFuture<'static, Result<Vec<Uuid>>> {
        members(self.0.clone(), S::deactivated(), tenant)
    }

    fn ended_sessions(&self, tenant: TenantId) -> BoxFuture<'static, Result<Vec<Uuid>>> {
        members(self.0.clone(), S::ended_sessions(), tenant)
    }
}

fn members<S: Service>(
    service: S,
    read: Option<DeactivatedPeople<S>>,
    tenant: TenantId,
) -> BoxFuture<'static, Result<Vec<Uuid>>> {
    Box::pin(async move {
        match read {
            Some(read) => read(&service, tenant).await,
            None => Ok(Vec::new()),
        }
    })
}

fn bind<S: Service>(service: S, job: Job<S>) -> BoundJob {
    let run = job.run;
    let call = move |ctx: Context| -> BoxFuture<'static, Result<()>> {
        let service = service.clone();
        Box::pin(async move { run(&service, &ctx).await })
    };
    BoundJob { name: job.name, every: job.every, run: Box::new(call) }
}
