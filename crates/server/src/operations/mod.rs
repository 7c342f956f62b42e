//! Looking after the portal: copies of everything, badges.

pub mod backup;
mod badge;

use utoipa_axum::router::OpenApiRouter;

use crate::portal::Portal;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .merge(badge::router())
        .merge(backup::router())
}
