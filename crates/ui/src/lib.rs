//! The portal's pages, as functions of what they show. Knows no HTTP and no store: a page is a text, and whoever serves it
//! says under which address.
//!
//! No page has a style or a script inside; all they load is one stylesheet and, where something has to be read from the
//! address, one script ([`assets`]). Every page works without the script.

pub mod account;
pub mod admin;
pub mod affected;
pub mod api;
pub mod assets;
pub mod components;
pub mod finding;
pub mod findings;
pub mod fixes;
pub mod forms;
pub mod frame;
pub mod hand_in;
pub mod home;
pub mod parts;
pub mod policy;
pub mod problem;
pub mod product;
pub mod products;
pub mod sign_in;
pub mod today;
