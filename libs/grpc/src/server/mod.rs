//! The assembly of a server.

mod access;
mod body;
mod boundary;
mod deadline;
mod health;
mod rate;
mod settings;
mod tls;

pub(crate) use access::Access;
pub(crate) use boundary::REQUEST_ID;
pub(crate) use deadline::asked as asked_deadline;
pub use health::Health;
pub use settings::{ServerSettings, TlsSettings};

use crate::{Deactivated, Descriptors, Identity, methods::Methods};
use boundary::{Boundary, Shared};
use futures::FutureExt;
use kernel::{Error, Result, SharedClock};
use std::{
    any::Any,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use storage::Cache;
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tonic::{service::Routes, transport::server::TcpIncoming};
use tonic_web::GrpcWebLayer;
use tower_http::cors::CorsLayer;

/// Streams that one connection may have open.
const STREAMS_PER_CONNECTION: u32 = 1024;
/// A silent peer is asked for a sign of life this often, and gets this long to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// What will become a server.
pub struct ServerBuilder {
    clock: SharedClock,
    identity: Identity,
    settings: ServerSettings,
    descriptors: Descriptors,
    cache: Option<Cache>,
    deactivated: Option<Deactivated>,
    ended_sessions: Option<Deactivated>,
    names: Vec<String>,
    routes: Routes,
    closed: bool,
}

impl ServerBuilder {
    /// Limits; the defaults otherwise.
    pub fn settings(mut self, settings: ServerSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Where rates are counted. Without it callers are not limited.
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The people to refuse.
    pub fn deactivated(mut self, deactivated: Deactivated) -> Self {
        self.deactivated = Some(deactivated);
        self
    }

    /// The sessions whose tokens to refuse.
    pub fn ended_sessions(mut self, ended: Deactivated) -> Self {
        self.ended_sessions = Some(ended);
        self
    }

    /// Other descriptors than the suite's contracts.
    pub fn descriptors(mut self, descriptors: Descriptors) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// Serves every gRPC service in the packages `mentor.<name>.…`. Call it for each service of the process.
    pub fn service(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    /// The implementations of all services.
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// Refuses calls as UNAVAILABLE until [`Health::serving`] was called for the first time. Health and reflection
    /// answer from the start.
    pub fn closed_until_serving(mut self) -> Self {
        self.closed = true;
        self
    }

    /// Checks everything and assembles the server.
    ///
    /// # Errors
    /// Internal, naming the method that declares no permission; a field violation that names the setting of
    /// [`TlsSettings`] whose file can't be used.
    pub fn build(self) -> Result<Server> {
        let ServerBuilder {
            clock,
            identity,
            settings,
            descriptors,
            cache,
            deactivated,
            ended_sessions,
            names,
            routes,
            closed,
        } = self;
        let methods = Methods::read(&descriptors, &names)?;
        let open = Arc::new(AtomicBool::new(!closed));
        let health = Health::starting(methods.services(), Arc::clone(&open));
        let descriptors = descriptors.pool.encode_to_vec();
        let reflection = || {
            let builder = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(&descriptors);
            let open = ["grpc.health.v1.Health"].into_iter();
            let builder = builder.register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
            open.chain(methods.services().iter().map(String::as_str))
                .fold(builder, |all, name| all.with_service_name(name))
        };
        let wrong =
            |error: tonic_reflection::server::Error| Error::internal(format!("reflection: {error:?}"));
        let routes = routes
            .add_service(tonic_health::pb::health_server::HealthServer::new(
                tonic_health::server::HealthService::from_health_reporter(health.reporter()),
            ))
            .add_service(reflection().build_v1().map_err(wrong)?)
            .add_service(reflection().build_v1alpha().map_err(wrong)?)
            .prepare();
        let rate = cache.and_then(|cache| rate::Rate::new(cache, settings.calls_per_second, settings.burst));
        let places = Places::new(settings.max_calls, settings.max_streams);
        let shared = Shared {
            clock,
            methods,
            access: Access { identity, deactivated, ended_sessions, rate },
            open,
            places: places.clone(),
            max_deadline: settings.max_deadline(),
            max_stream: settings.max_stream(),
        };
        let tls = settings.tls.clone().map(tls::Tls::read).transpose()?;
        let cors = cors(&settings.web_origins)?;
        let boundary = Boundary { inner: routes, shared: Arc::new(shared) };
        Ok(Server { boundary, health, settings, tls, cors, places })
    }
}

/// A server, ready to serve.
pub struct Server {
    boundary: Boundary,
    health: Health,
    settings: ServerSettings,
    tls: Option<tls::Tls>,
    cors: CorsLayer,
    places: Places,
}

/// Places for calls and for streams, and how many of them are taken.
#[derive(Clone)]
pub struct Places {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    most: (usize, usize),
}

impl Places {
    fn new(calls: usize, streams: usize) -> Self {
        let (calls, streams) =
            (calls.clamp(1, Semaphore::MAX_PERMITS), streams.clamp(1, Semaphore::MAX_PERMITS));
        Places {
            calls: Arc::new(Semaphore::new(calls)),
            streams: Arc::new(Semaphore::new(streams)),
            most: (calls, streams),
        }
    }

    /// Unary calls under way, and how many there may be.
    pub fn calls(&self) -> (usize, usize) {
        (self.most.0.saturating_sub(self.calls.available_permits()), self.most.0)
    }

    /// Streams open, and how many there may be.
    pub fn streams(&self) -> (usize, usize) {
        (self.most.1.saturating_sub(self.streams.available_permits()), self.most.1)
    }
}

impl Server {
    /// Begins a server.
    pub fn builder(clock: SharedClock, identity: Identity) -> ServerBuilder {
        ServerBuilder {
            clock,
            identity,
            settings: ServerSettings::default(),
            descriptors: Descriptors::contracts(),
            cache: None,
            deactivated: None,
            ended_sessions: None,
            names: Vec::new(),
            routes: Routes::default(),
            closed: false,
        }
    }

    /// What probes are told.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// How many calls are under way, for metrics.
    pub fn places(&self) -> Places {
        self.places.clone()
    }

    /// Serves until `shutdown`; then tells clients to go, finishes what is under way, and after `drain` ends
    /// without those that still stay.
    ///
    /// # Errors
    /// Internal, when the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
        drain: Duration,
    ) -> Result<()> {
        let server = tonic::transport::Server::builder()
            .accept_http1(true)
            .http2_keepalive_interval(Some(KEEPALIVE.0))
            .http2_keepalive_timeout(Some(KEEPALIVE.1))
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .max_connection_age(Duration::from_secs(self.settings.max_connection_seconds));
        let mut server =
            server.layer(self.cors).layer(GrpcWebLayer::new()).layer(BoundaryLayer(self.boundary.shared));
        let stopping = Arc::new(Notify::new());
        let signal = {
            let stopping = Arc::clone(&stopping);
            async move {
                shutdown.await;
                stopping.notify_one();
            }
        };
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let router = server.add_routes(self.boundary.inner);
        let serving = match self.tls {
            Some(tls) => router.serve_with_incoming_shutdown(tls.accept(incoming), signal).boxed(),
            None => router.serve_with_incoming_shutdown(incoming, signal).boxed(),
        };
        let overdue = async {
            stopping.notified().await;
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            served = serving => served.map_err(Error::internal),
            () = overdue => {
                tracing::warn!(drain.ms = drain.as_millis(), "connections still open after the drain are cut");
                Ok(())
            }
        }
    }
}

/// Puts the boundary around the routes.
#[derive(Clone)]
struct BoundaryLayer(Arc<Shared>);

impl tower::Layer<Routes> for BoundaryLayer {
    type Service = Boundary;

    fn layer(&self, inner: Routes) -> Boundary {
        Boundary { inner, shared: Arc::clone(&self.0) }
    }
}

/// A caught panic: the text goes to the log with the request id, never to the caller.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Box<Error> {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "with no text".to_owned());
    Error::internal(format!("panicked: {text}"))
}

/// Which pages of other origins may call; none by default.
fn cors(origins: &[String]) -> Result<CorsLayer> {
    use http::{HeaderName, HeaderValue, Method};
    use tower_http::cors::AllowOrigin;
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let values = origins.iter().map(|origin| HeaderValue::from_str(origin).map_err(Error::internal));
        AllowOrigin::list(values.collect::<Result<Vec<_>>>()?)
    };
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin", REQUEST_ID];
    let sent = [
        "authorization",
        "content-type",
        "x-grpc-web",
        "x-user-agent",
        "grpc-timeout",
        "traceparent",
        REQUEST_ID,
    ];
    Ok(CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST])
        .allow_headers(sent.map(HeaderName::from_static))
        .expose_headers(exposed.map(HeaderName::from_static)))
}
