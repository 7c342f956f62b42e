//! The portal's server. Every resource is a vertical slice in a folder of its own: its operations, its views of the
//! store, its tests. What all of them stand on is [`http`].
//!
//! A slice gives an `OpenApiRouter` whose operations carry `#[utoipa::path]`; the routers are merged into the one of
//! [`http::api`], so that a route that is served is in the OpenAPI document, and nothing else is.

#![allow(
    unused_qualifications,
    reason = "the attribute of an operation names its types once more"
)]

mod advisories;
mod assets;
mod decisions;
pub mod demo;
pub mod document;
pub mod engine;
mod exceptions;
mod findings;
pub mod http;
mod inventories;
mod jobs;
mod numbers;
pub mod operations;
pub mod pages;
pub mod people;
mod policy;
pub mod portal;
mod products;
pub mod seal;
pub mod settings;
mod slice;
pub mod start;
mod telling;
mod vex;
mod views;

pub use portal::Portal;
