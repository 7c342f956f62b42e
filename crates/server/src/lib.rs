//! The portal's server. Every resource is a vertical slice in a folder of its own: its operations, its views of the
//! store, its tests. What all of them stand on is [`http`].
//!
//! A slice gives an `OpenApiRouter` whose operations carry `#[utoipa::path]`; the routers are merged into the one of
//! [`http::api`], so that a route that is served is in the OpenAPI document, and nothing else is.

pub mod engine;
pub mod http;
pub mod seal;
