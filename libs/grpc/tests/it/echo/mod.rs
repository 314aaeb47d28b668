//! The service under test, and a server around it.

mod wire;

pub(crate) use wire::{EchoServiceClient, GetEchoRequest};

use futures::{StreamExt, stream};
use grpc::{
    Descriptors, DevIssuer, Identity, IdentitySettings, NewToken, ResponseStream, Server, ServerSettings,
};
use kernel::{Clock, Context, Error, ErrorKind, ManualClock, Result, Role, TenantId, Uuid};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use storage::Cache;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tonic::{Request, service::Routes};
use wire::GetEchoResponse;

/// The service. Its moods make it fail in every way a handler can.
#[derive(Clone)]
pub(crate) struct Echo {
    name: &'static str,
    /// A call in the mood "hold" waits for a permit.
    pub(crate) gate: Arc<Semaphore>,
    /// Calls in the mood "hold" that are inside.
    pub(crate) inside: Arc<AtomicU32>,
    /// Calls seen in all.
    pub(crate) seen: Arc<AtomicU32>,
}

grpc::service! {
    impl EchoService for crate::echo::Echo in crate::echo::wire::echo_service_server {
        call   get_echo(GetEchoRequest) -> GetEchoResponse = answer;
        call   save_echo(GetEchoRequest) -> GetEchoResponse = answer;
        stream watch_echo(GetEchoRequest) -> GetEchoResponse = watch;
        bidi   import_echoes(GetEchoRequest) -> GetEchoResponse = import;
    }
}

/// Counts a call as inside for as long as it is.
struct Inside(Arc<AtomicU32>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(service: Echo, ctx: Context, request: GetEchoRequest) -> Result<GetEchoResponse> {
    let call = service.seen.fetch_add(1, Ordering::SeqCst) + 1;
    match request.mood.as_str() {
        "panic" => panic!("a secret in a panic"),
        "internal" => return Err(Error::internal("a secret of the database")),
        "full" => {
            return Err(Error::precondition("MENTOR_FULL", "the mentor has 2 of 2 places taken")
                .with("capacity", "2"));
        }
        "field" => return Err(Error::field("text", "must not be in that mood")),
        "collide" => return Err(conflict()),
        "collide once" if call == 1 => return Err(conflict()),
        "away once" if call == 1 => {
            return Err(Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", "away"));
        }
        "hold" => {
            service.inside.fetch_add(1, Ordering::SeqCst);
            let _inside = Inside(Arc::clone(&service.inside));
            let _permit = service.gate.acquire().await.map_err(Error::internal)?;
        }
        _ => {}
    }
    Ok(GetEchoResponse {
        text: request.text,
        subject: ctx.actor.subject,
        request_id: ctx.correlation.to_string(),
        traceparent: ctx.traceparent.unwrap_or_default(),
        server: service.name.to_owned(),
    })
}

fn conflict() -> Box<Error> {
    Error::new(ErrorKind::Aborted, "CONFLICT", "another change came first; try again")
        .retry_after(Duration::from_millis(5))
}

async fn watch(
    service: Echo,
    ctx: Context,
    request: GetEchoRequest,
) -> Result<ResponseStream<GetEchoResponse>> {
    let mood = request.mood.clone();
    let first = answer(service.clone(), ctx, GetEchoRequest { mood: String::new(), ..request }).await?;
    let head = stream::iter([Ok(first.clone()), Ok(first)]);
    Ok(match mood.as_str() {
        "break" => {
            Box::pin(head.chain(stream::iter([Err(grpc::status(Error::internal("a secret of a stream")))])))
        }
        "panic" => Box::pin(head.chain(stream::once(async { panic!("a secret in a stream") }))),
        "hold" => {
            service.inside.fetch_add(1, Ordering::SeqCst);
            let inside = Inside(Arc::clone(&service.inside));
            Box::pin(head.chain(stream::once(async move {
                let _inside = inside;
                std::future::pending().await
            })))
        }
        _ => Box::pin(head),
    })
}

async fn import(
    service: Echo,
    ctx: Context,
    requests: grpc::RequestStream<GetEchoRequest>,
) -> Result<ResponseStream<GetEchoResponse>> {
    Ok(Box::pin(requests.then(move |request| {
        let (service, ctx) = (service.clone(), ctx.clone());
        async move { answer(service, ctx, request?).await.map_err(grpc::status) }
    })))
}

/// The descriptors of the service, from a file beside this one.
pub(crate) fn descriptors(file: &str) -> Descriptors {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compiler = protox::Compiler::new([root.join("tests/it"), root.join("../../proto")])
        .expect("the folders are there");
    compiler.open_file(file).expect("the proto compiles");
    Descriptors::of(compiler.descriptor_pool())
}

/// A server around the service.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dev: DevIssuer,
    pub(crate) echo: Echo,
    pub(crate) health: grpc::Health,
    pub(crate) tenant: TenantId,
    pub(crate) stop: CancellationToken,
    pub(crate) task: AbortOnDropHandle<Result<()>>,
}

/// What a test changes.
pub(crate) struct Options {
    pub(crate) name: &'static str,
    pub(crate) settings: ServerSettings,
    pub(crate) identity: IdentitySettings,
    pub(crate) cache: Option<Cache>,
    pub(crate) deactivated: Option<grpc::Deactivated>,
    pub(crate) drain: Duration,
    pub(crate) closed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            name: "one",
            settings: ServerSettings::default(),
            identity: IdentitySettings::default(),
            cache: None,
            deactivated: None,
            drain: Duration::from_secs(5),
            closed: false,
        }
    }
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        TestServer::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let clock = ManualClock::at("2025-01-06T09:00:00Z".parse().expect("a time"));
        let dev = DevIssuer::new(clock.clone()).expect("randomness");
        let identity =
            Identity::new(&options.identity, clock.clone(), Some(&dev)).expect("the settings are right");
        let echo = Echo {
            name: options.name,
            gate: Arc::new(Semaphore::new(0)),
            inside: Arc::default(),
            seen: Arc::default(),
        };
        let mut builder = Server::builder(clock.clone(), identity)
            .settings(options.settings)
            .descriptors(descriptors("echo.proto"))
            .service("echo")
            .routes(Routes::new(server(echo.clone())));
        if let Some(cache) = options.cache {
            builder = builder.cache(cache);
        }
        if let Some(deactivated) = options.deactivated {
            builder = builder.deactivated(deactivated);
        }
        if options.closed {
            builder = builder.closed_until_serving();
        }
        let server = builder.build().expect("every method has a permission");
        let health = server.health();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let task = AbortOnDropHandle::new(tokio::spawn(server.serve(
            listener,
            stop.clone().cancelled_owned(),
            options.drain,
        )));
        let tenant = TenantId(clock.new_id());
        TestServer { address, clock, dev, echo, health, tenant, stop, task }
    }

    /// A token of an employee.
    pub(crate) fn token(&self) -> String {
        self.token_of("ada", &[Role::Employee], None)
    }

    pub(crate) fn token_of(&self, subject: &str, roles: &[Role], person: Option<Uuid>) -> String {
        let ttl = Duration::from_secs(3600);
        self.dev.token(&NewToken { tenant: self.tenant, subject, roles, person, ttl }).expect("signed")
    }

    /// A client without retries.
    pub(crate) async fn client(&self) -> EchoServiceClient<tonic::transport::Channel> {
        EchoServiceClient::new(self.channel().await)
    }

    pub(crate) async fn channel(&self) -> tonic::transport::Channel {
        let endpoint =
            tonic::transport::Endpoint::from_shared(format!("http://{}", self.address)).expect("a URL");
        endpoint.connect().await.expect("the server listens")
    }

    /// A request of an employee.
    pub(crate) fn request(&self, mood: &str) -> Request<GetEchoRequest> {
        with_token(mood, &self.token())
    }
}

pub(crate) fn with_token(mood: &str, token: &str) -> Request<GetEchoRequest> {
    let mut request = bare(mood);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
    request
}

pub(crate) fn bare(mood: &str) -> Request<GetEchoRequest> {
    Request::new(GetEchoRequest { text: "hello".to_owned(), mood: mood.to_owned() })
}
