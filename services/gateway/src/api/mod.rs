//! The suite's RPCs as JSON over HTTP, and gRPC-Web: it translates, the services decide.
//!
//! Everything follows from the descriptors: `POST /api/<service>/<method>` for every RPC, the routes of
//! `google.api.http`, the OpenAPI document and the page for people. Pure: [`rpc`], [`route`], [`request`], [`json`],
//! [`openapi`]. [`entry`] is where requests come in, [`edge`] what each passes, [`caller`] the one place that says who calls.

mod call;
mod caller;
mod codec;
mod cors;
mod edge;
mod entry;
mod json;
mod openapi;
mod page;
mod refusal;
mod request;
mod route;
mod rpc;
mod settings;
mod upstream;
mod web;

pub(crate) use settings::Settings;

use crate::{Gateway, http::Budget};
use axum::{
    Router,
    routing::{any, get},
};
use kernel::Result;
use route::Table;
use rpc::Rpc;
use runtime::Here;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, OnceLock},
};
use tower_http::cors::CorsLayer;
use upstream::Upstreams;

/// Where JSON is served.
const ROOT: &str = "/api";

/// What all requests share.
pub(crate) struct Api {
    /// In the order of the protos.
    rpcs: Vec<Arc<Rpc>>,
    by_name: HashMap<String, Arc<Rpc>>,
    routes: Table,
    upstreams: Upstreams,
    settings: Settings,
    budget: Budget,
    cors: CorsLayer,
    document: OnceLock<String>,
    page: OnceLock<String>,
}

impl Api {
    /// Reads the descriptors and finds the services.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming the setting; internal, naming the route that can't be.
    pub(crate) fn new(settings: &Settings, here: &Here) -> Result<Self> {
        let rpcs: Vec<Arc<Rpc>> = rpc::all(contracts::pool()).into_iter().map(Arc::new).collect();
        Ok(Api {
            by_name: rpcs.iter().map(|rpc| (rpc.name.clone(), Arc::clone(rpc))).collect(),
            routes: Table::new(&rpcs)?,
            upstreams: Upstreams::connect(settings, here)?,
            cors: cors::layer(&settings.origins)?,
            settings: settings.clone(),
            budget: Budget::of(settings.max_buffered_bytes),
            rpcs,
            document: OnceLock::new(),
            page: OnceLock::new(),
        })
    }

    /// The RPC of a name such as `mentor.enrollment.v1.ProgramService/GetProgram`.
    fn rpc(&self, name: &str) -> Option<&Arc<Rpc>> {
        self.by_name.get(name)
    }

    /// The OpenAPI document; made when it is first asked for.
    fn document(&self) -> &str {
        self.document.get_or_init(|| openapi::document(&self.rpcs, self.routes.routes()).to_string())
    }
}

/// Every address of the API.
pub(crate) fn router(gateway: Gateway) -> Router {
    let mut router = Router::new()
        .route("/api/openapi.json", get(page::document))
        .route("/api/docs", get(page::page))
        .route("/api/{*rest}", any(entry::json));
    let services: BTreeSet<_> =
        gateway.api.rpcs.iter().filter_map(|rpc| rpc.name.split('/').next()).collect();
    for service in services {
        router = router.route(&format!("/{service}/{{method}}"), any(entry::grpc_web));
    }
    let cors = gateway.api.cors.clone();
    router.layer(cors).with_state(gateway)
}
