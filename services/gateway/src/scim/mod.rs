//! SCIM 2.0 (RFC 7643, 7644) at `/scim/v2`: identity providers push users and groups. One file per thing that can be
//! asked; the domain (schema, values, filters, paths, PATCH, projections) is pure; the store turns filters into SQL.

mod answer;
mod bulk;
mod create;
mod delete;
mod discovery;
mod edge;
mod error;
mod filter;
mod modify;
mod patch;
mod path;
mod project;
mod query;
mod read;
mod replace;
mod request;
pub(crate) mod resource;
mod rewrite;
pub(crate) mod schema;
mod search;
pub(crate) mod store;
mod value;
mod write;

use crate::Gateway;
use axum::{
    Router, middleware,
    routing::{get, post},
};

/// Where it is served.
const ROOT: &str = "/scim/v2";

/// Every endpoint, behind authentication and limits.
pub(crate) fn router(gateway: Gateway) -> Router {
    let scim = Router::new()
        .route("/ServiceProviderConfig", get(discovery::service_provider_config))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{name}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{urn}", get(discovery::schema))
        .route(
            "/Me",
            get(discovery::me)
                .post(discovery::me)
                .put(discovery::me)
                .patch(discovery::me)
                .delete(discovery::me),
        )
        .route("/Bulk", post(bulk::handle))
        .route("/.search", post(query::search_all))
        .route("/{endpoint}/.search", post(query::search))
        .route("/{endpoint}", get(query::list).post(create::handle))
        .route(
            "/{endpoint}/{id}",
            get(read::handle).put(replace::handle).patch(modify::handle).delete(delete::handle),
        )
        .fallback(edge::nothing_here)
        .method_not_allowed_fallback(edge::not_allowed)
        .layer(middleware::from_fn_with_state(gateway.clone(), edge::enter))
        .with_state(gateway);
    Router::new().nest(ROOT, scim)
}
