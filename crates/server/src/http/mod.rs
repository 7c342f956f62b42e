//! What every resource stands on: connections, problems, limits, headers, logs, metrics. Knows no resource and no store.
//!
//! [`Site`] puts it together: it wraps a router of resources with everything that holds for all of them, and
//! [`listen::serve`] answers with it until the process is told to stop.

pub mod body;
pub mod client_address;
mod envelope;
pub mod etag;
pub mod extract;
pub mod health;
pub mod limits;
pub mod listen;
pub mod log;
pub mod metrics;
mod patience;
pub mod problem;
pub mod request_id;
pub mod security;
pub mod settings;
pub mod site;
mod stream;
pub mod tls;

pub use body::Upload;
pub use client_address::Client;
pub use extract::{Form, Json, Path, Query};
pub use problem::Problem;
pub use settings::Settings;
pub use site::{Site, api, described, documented};
