//! What every operation of the portal can reach: its state as axum hands it on.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use stanchion_store::{StoreError, Tx};

use crate::demo;
use crate::document;
use crate::engine::Engine;
use crate::http::{Problem, Settings, Site, api, documented, site};
use crate::jobs::progress::Progress;
use crate::pages;
use crate::people::{self, People};
use crate::{
    advisories, assets, decisions, exceptions, findings, inventories, jobs, operations, policy,
    products, telling, vex, views,
};
use utoipa_axum::router::OpenApiRouter;

/// The portal's state. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    /// What is remembered, and what is done with it.
    pub engine: Engine,
    /// What is around every request.
    pub site: Site,
    /// Who somebody is.
    pub people: Arc<People>,
    /// Who watches which job.
    pub(crate) progress: Progress,
    /// It is one to look at.
    demo: bool,
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Portal")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl FromRef<Portal> for Engine {
    fn from_ref(portal: &Portal) -> Self {
        portal.engine.clone()
    }
}

impl FromRef<Portal> for Site {
    fn from_ref(portal: &Portal) -> Self {
        portal.site.clone()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::TooSlow => Self::unavailable("The answer took too long to find.")
                .hint("Ask for less at once, with a narrower filter."),
            StoreError::Again(_) => Self::unavailable("Others are writing the same just now.")
                .hint("Try again in a moment.")
                .retry_after(1),
            StoreError::Taken(_) => Self::conflict("This is there already.")
                .hint("Read what is there, and change that."),
            StoreError::Full => {
                tracing::error!(cause = %error, "request failed");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "The database has no room left, and nothing of this was kept.",
                )
                .hint("Make room on the disk of the database; it goes on by itself then. Send this again afterwards.")
                .retry_after(60)
            }
            // Of a write nobody knows: it was kept whole, or not at all.
            StoreError::Lost(_) | StoreError::Open { .. } => {
                tracing::error!(cause = %error, "request failed");
                Self::unavailable("The database cannot be reached just now.")
                    .hint("Try again in a moment: sending the same once more does no harm. If it stays so, see whether the database runs.")
                    .retry_after(2)
            }
            _ => Self::internal(&error),
        }
    }
}

impl Portal {
    /// A portal. `site` was made with [`Portal::options`].
    pub fn new(engine: Engine, site: Site, people: People) -> Self {
        Self {
            engine,
            site,
            people: Arc::new(people),
            progress: Progress::default(),
            demo: false,
        }
    }

    /// The same as one to look at: from here on nobody changes anything in it.
    pub(crate) fn into_demo(self) -> Self {
        Self { demo: true, ..self }
    }

    /// Whether it is one to look at, with data that are made up and made anew each day ([`crate::demo`]).
    pub fn demo(&self) -> bool {
        self.demo
    }

    /// What the site of a portal is made with: the session cookie's name, and pages for problems.
    pub fn options(settings: &Settings) -> site::Options {
        site::Options {
            session_cookie: Some(people::cookie::session(settings).to_owned()),
            problem_page: Some(pages::problem_page()),
            ..site::Options::default()
        }
    }

    /// Runs something that blocks (the store, hashing, the way out) where it holds nobody up.
    pub async fn blocking<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let portal = self.clone();
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || span.in_scope(|| run(&portal)))
            .await
            .map_err(|error| Problem::internal(&error))?
    }

    /// Reads in one transaction.
    pub async fn read<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(move |portal| portal.engine.store().read(run))
            .await
    }

    /// Writes in one transaction: all of it or nothing. The closure may run more than once.
    pub async fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(move |portal| portal.engine.store().write(run))
            .await
    }
}

/// The operations of all resources: each slice has its line here.
pub fn slices() -> OpenApiRouter<Portal> {
    api()
        .merge(people::api())
        .merge(products::router())
        .merge(inventories::router())
        .merge(findings::router())
        .merge(policy::router())
        .merge(exceptions::router())
        .merge(decisions::router())
        .merge(vex::router())
        .merge(advisories::router())
        .merge(assets::router())
        .merge(telling::router())
        .merge(views::router())
        .merge(jobs::router())
        .merge(operations::router())
}

/// All routes of the portal: the operations, their document, and the pages. The site wraps them.
pub fn routes(portal: &Portal, slices: OpenApiRouter<Portal>) -> Result<Router, serde_json::Error> {
    let document = document::of(slices.get_openapi())?;
    let (operations, _) = slices.with_state(portal.clone()).split_for_parts();
    let operations = documented(operations, &document)?;
    let mut routes = operations.merge(pages::routes(&document).with_state(portal.clone()));
    if portal.demo() {
        routes = routes.layer(from_fn_with_state(portal.clone(), demo::read_only));
    }
    Ok(routes.layer(from_fn_with_state(portal.clone(), people::layer)))
}
