//! Looking after the portal: copies of everything, how the machinery is, badges.

pub mod backup;
mod badge;
pub(crate) mod status;

use utoipa_axum::router::OpenApiRouter;

use crate::portal::Portal;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .merge(badge::router())
        .merge(backup::router())
        .merge(status::router())
}
