//! The schema, step by step. A step that has been published never changes: a change is a new step.

use refinery::{Migration, Runner, Target};

use crate::StoreError;
use crate::connection::Connection;
use crate::dialect::Dialect;

/// The steps in their order, in both databases' words (see [`Dialect`]).
const STEPS: &[(&str, &str)] = &[
    (
        "V1__sightings",
        include_str!("../migrations/V1__sightings.sql"),
    ),
    ("V2__people", include_str!("../migrations/V2__people.sql")),
    (
        "V3__products",
        include_str!("../migrations/V3__products.sql"),
    ),
    (
        "V4__inventories",
        include_str!("../migrations/V4__inventories.sql"),
    ),
    (
        "V5__findings",
        include_str!("../migrations/V5__findings.sql"),
    ),
    ("V6__policy", include_str!("../migrations/V6__policy.sql")),
    ("V7__work", include_str!("../migrations/V7__work.sql")),
    ("V8__pages", include_str!("../migrations/V8__pages.sql")),
    ("V9__admin", include_str!("../migrations/V9__admin.sql")),
    ("V10__rules", include_str!("../migrations/V10__rules.sql")),
];

/// Whoever migrates holds this lock of `PostgreSQL`: two servers may start at once.
#[cfg(feature = "postgres")]
const LOCK: i64 = 0x57A4_C410;

fn runner(dialect: Dialect) -> Result<Runner, refinery::Error> {
    let steps = STEPS
        .iter()
        .map(|(name, text)| Migration::unapplied(name, &dialect.migration(text)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Runner::new(&steps).set_target(Target::Latest))
}

/// Brings the schema up to date.
pub(crate) fn run(connection: &mut Connection, name: &str) -> Result<(), StoreError> {
    let wrong = |error: refinery::Error| StoreError::Schema {
        path: name.to_owned(),
        reason: error.to_string(),
    };
    let runner = runner(connection.dialect()).map_err(wrong)?;
    match connection {
        Connection::Sqlite(connection) => runner.run(connection).map(drop).map_err(wrong),
        #[cfg(feature = "postgres")]
        Connection::Postgres(session) => {
            session.batch(&format!("SELECT pg_advisory_lock({LOCK})"))?;
            let result = runner.run(&mut session.client).map(drop).map_err(wrong);
            session.batch(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
            result
        }
    }
}
