//! `PostgreSQL`, over its synchronous client.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postgres::config::SslMode;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};

use crate::dialect::Dialect;
use crate::{Row, StoreError, Value};

/// Prepared statements that a connection keeps.
const PREPARED: usize = 400;

/// A connection with its prepared statements.
pub(crate) struct Session {
    pub(crate) client: Client,
    prepared: HashMap<String, Statement>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// Reads the address of a database.
pub(crate) fn config(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url
        .parse()
        .map_err(|error: postgres::Error| StoreError::Open {
            path: "the PostgreSQL database".into(),
            // The address holds a password: only what is wrong with it is told.
            reason: error.to_string(),
        })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    config.application_name("stanchion");
    Ok(config)
}

/// The database without user and password.
pub(crate) fn name(config: &Config) -> String {
    let host = config.get_hosts().first().map_or_else(
        || "localhost".to_owned(),
        |host| match host {
            postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            postgres::config::Host::Unix(path) => path.display().to_string(),
        },
    );
    format!(
        "postgres://{host}/{}",
        config.get_dbname().unwrap_or_default()
    )
}

/// Connects; over TLS unless the address says `sslmode=disable` or the server has none and the address allows that.
pub(crate) fn connect(config: &Config, roots: Option<&Path>) -> Result<Session, StoreError> {
    let wrong = |reason: String| StoreError::Open {
        path: name(config),
        reason,
    };
    let local = config.get_hosts().iter().all(|host| match host {
        postgres::config::Host::Tcp(name) => {
            matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1")
        }
        #[cfg(unix)]
        postgres::config::Host::Unix(_) => true,
    });
    let plain = config.get_ssl_mode() == SslMode::Disable || (local && roots.is_none());
    let client = if plain {
        config
            .connect(NoTls)
            .map_err(|error| wrong(chain(&error)))?
    } else {
        let mut config = config.clone();
        // Over a network nothing goes in the clear unless that is what the address says.
        config.ssl_mode(SslMode::Require);
        let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls(roots).map_err(&wrong)?);
        config.connect(tls).map_err(|error| wrong(chain(&error)))?
    };
    Ok(Session {
        client,
        prepared: HashMap::new(),
    })
}

fn tls(roots: Option<&Path>) -> Result<rustls::ClientConfig, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut store = rustls::RootCertStore::empty();
    match roots {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            for certificate in certificates {
                let certificate =
                    certificate.map_err(|error| format!("{}: {error}", path.display()))?;
                store.add(certificate).map_err(|error| error.to_string())?;
            }
        }
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
        .map(|builder| builder.with_root_certificates(store).with_no_client_auth())
}

/// The client's errors tell the cause one below.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        let code = error.code().map(|code| code.code().to_owned());
        match code.as_deref() {
            // Serialisation failure, deadlock, lock not available.
            Some("40001" | "40P01" | "55P03") => Self::Again(chain(&error)),
            // Query cancelled: the time limit of the statement.
            Some("57014") => Self::TooSlow,
            Some("23505") => Self::Taken(chain(&error)),
            // Out of disk.
            Some("53100") => Self::Full,
            // Administrator shutdown, crash shutdown, cannot connect now.
            Some("57P01" | "57P02" | "57P03") | None => Self::Lost(chain(&error)),
            Some(_) => Self::Statement(chain(&error)),
        }
    }
}

impl Session {
    pub(crate) fn is_open(&mut self) -> bool {
        !self.client.is_closed()
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).map_err(StoreError::from)
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        let statement = self.client.prepare(&Dialect::Postgres.statement(sql))?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        Ok(self.client.execute(&statement, &values)?)
    }

    pub(crate) fn each(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        row: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql)?;
        let values = values.iter().map(|value| value as &(dyn ToSql + Sync));
        let mut rows = self.client.query_raw(&statement, values)?;
        while let Some(next) = rows.next()? {
            row(&Row::Postgres(&next))?;
        }
        Ok(())
    }
}

/// The value of a column.
pub(crate) fn value(row: &postgres::Row, column: usize) -> Option<Value<'_>> {
    let kind = row.columns().get(column)?.type_();
    let value = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(column).ok()?.map(Value::Int),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(column)
            .ok()?
            .map(|value| Value::Int(value.into())),
        Type::INT2 => row
            .try_get::<_, Option<i16>>(column)
            .ok()?
            .map(|value| Value::Int(value.into())),
        Type::BOOL => row
            .try_get::<_, Option<bool>>(column)
            .ok()?
            .map(|value| Value::Int(value.into())),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(column).ok()?.map(Value::Real),
        Type::BYTEA => row
            .try_get::<_, Option<&[u8]>>(column)
            .ok()?
            .map(|value| Value::Blob(Cow::Borrowed(value))),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => row
            .try_get::<_, Option<&str>>(column)
            .ok()?
            .map(|value| Value::Text(Cow::Borrowed(value))),
        _ => return None,
    };
    Some(value.unwrap_or(Value::Null))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => match *kind {
                Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(kind, out),
                Type::FLOAT8 => (*value as f64).to_sql(kind, out),
                Type::BOOL => (*value != 0).to_sql(kind, out),
                _ => value.to_sql(kind, out),
            },
            Self::Real(value) => value.to_sql(kind, out),
            Self::Text(value) => {
                // A text cannot hold NUL there.
                if value.contains('\0') {
                    return value.replace('\0', "\u{fffd}").to_sql(kind, out);
                }
                value.as_ref().to_sql(kind, out)
            }
            Self::Blob(value) => value.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
