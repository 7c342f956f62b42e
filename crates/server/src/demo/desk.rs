//! Where the history is made: a portal, its clock, and everybody who does something in it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH};
use axum::http::{HeaderValue, Method, Request};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stanchion_advisories::fetch::Settings as Sources;
use stanchion_net::{Client, Options as Net, Proxies};
use stanchion_store::blobs::Blobs;
use stanchion_store::blobs::folder::Folder;
use stanchion_store::people::{self as store, Token};
use stanchion_store::{Address, Id, Store, StoreError};

use super::{DAY, DemoError, people};
use crate::engine::{Clock, Engine, Options};
use crate::http::Settings;
use crate::http::client_address::Peer;
use crate::people::permission;
use crate::portal::{self, Portal};
use crate::settings::Settings as Whole;
use crate::start;

/// What tokens are called with which people do what they did.
const TOKEN: &str = "history";

/// The portal while its history is made.
pub(super) struct Desk {
    pub(super) portal: Portal,
    /// When today began, in seconds since 1970.
    pub(super) midnight: i64,
    clock: Arc<AtomicI64>,
    service: TowerToHyperService<Router>,
    runtime: tokio::runtime::Runtime,
    tokens: HashMap<String, String>,
}

/// What somebody asks.
pub(super) struct Asked<'a> {
    pub(super) who: &'a str,
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) kind: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) tag: Option<HeaderValue>,
}

impl Desk {
    pub(super) fn open(
        folder: &Path,
        settings: &Settings,
        real: &Clock,
        midnight: i64,
    ) -> Result<Self, DemoError> {
        let clock = Arc::new(AtomicI64::new(midnight - 548 * DAY));
        let (moved, real) = (Arc::clone(&clock), Arc::clone(real));
        // 0 lets the clock go as all others do.
        let shown: Clock = Arc::new(move || match moved.load(Ordering::Relaxed) {
            0 => real(),
            time => time,
        });
        let list = folder.join("exploited.json");
        let engine = Engine::new(
            Store::at(&Address::Passing(folder.to_owned()), 4)?,
            Blobs::Folder(Folder::passing(&folder.join("blobs"))?),
            Options {
                data: folder.to_owned(),
                sources: Sources {
                    kev: list.display().to_string(),
                    ..Sources::default()
                },
                client: Arc::new(Client::new(Net {
                    offline: true,
                    proxies: Proxies::default(),
                    ..Net::default()
                })),
                clock: shown,
                mail: None,
                retention: crate::engine::keeping::Retention::default(),
                public_url: settings.public_url.as_ref().map(ToString::to_string),
            },
            crate::seal::random().map_err(DemoError::Folder)?,
        );
        let whole = Whole {
            http: settings.clone(),
            ..Whole::default()
        };
        let portal = start::portal(&whole, engine)?;
        let (operations, _) = portal::slices()
            .with_state(portal.clone())
            .split_for_parts();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(DemoError::Folder)?;
        Ok(Self {
            service: TowerToHyperService::new(portal.site.wrap(operations)),
            portal,
            midnight,
            clock,
            runtime,
            tokens: HashMap::new(),
        })
    }

    /// Moves the clock.
    pub(super) fn at(&self, time: i64) {
        self.clock.store(time, Ordering::Relaxed);
    }

    /// A time of a day that lies so many days back.
    pub(super) fn time(&self, day: i64, seconds: i64) -> i64 {
        self.midnight - day * DAY + seconds
    }

    /// Gives everybody something to act with.
    pub(super) fn admit(&mut self, names: &[String]) -> Result<(), DemoError> {
        let now = self.portal.engine.now();
        let scopes: Vec<String> = permission::ALL
            .iter()
            .map(|permission| permission.name.to_owned())
            .collect();
        for name in names {
            let token = self.token(name, TOKEN, &scopes, now, self.midnight + 400 * DAY)?;
            self.tokens.insert(name.clone(), token);
        }
        Ok(())
    }

    /// Makes a token that nobody is told of.
    pub(super) fn token(
        &self,
        name: &str,
        called: &str,
        scopes: &[String],
        now: i64,
        expires: i64,
    ) -> Result<String, DemoError> {
        let bytes: [u8; 32] = crate::seal::random().map_err(DemoError::Folder)?;
        let text = format!("stn_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        let id: [u8; 16] = crate::seal::random().map_err(DemoError::Folder)?;
        let token = Token {
            id: Id::random(id),
            account: people::id_of(name),
            name: called.to_owned(),
            scopes: scopes.to_vec(),
            product: None,
            created: now,
            expires,
            used: None,
            revoked: None,
        };
        let hash = Sha256::digest(text.as_bytes()).into();
        self.portal
            .engine
            .store()
            .write(|tx| store::create_token(tx, &token, &hash))?;
        Ok(text)
    }

    /// Asks the portal, as anybody would.
    pub(super) fn ask(&self, asked: Asked<'_>) -> Result<(Value, Option<HeaderValue>), DemoError> {
        let what = format!("{} {} of {}", asked.method, asked.path, asked.who);
        let broken = |error: &dyn std::fmt::Display| DemoError::Data(format!("{what}: {error}"));
        let token = self.tokens.get(asked.who).map_or("", String::as_str);
        let mut request = Request::builder()
            .method(asked.method)
            .uri(asked.path)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .extension(Peer {
                address: ([127, 0, 0, 1], 0).into(),
                tls: false,
            });
        if !asked.body.is_empty() {
            request = request.header(CONTENT_TYPE, asked.kind);
        }
        if let Some(tag) = asked.tag {
            request = request.header(IF_MATCH, tag);
        }
        let request = request
            .body(Body::from(asked.body))
            .map_err(|error| broken(&error))?;
        let (status, tag, bytes) = self.runtime.block_on(async {
            let Ok(response) = self.service.call(request).await;
            let status = response.status();
            let tag = response.headers().get(ETAG).cloned();
            let bytes = response.into_body().collect().await;
            (status, tag, bytes.map(http_body_util::Collected::to_bytes))
        });
        let bytes = bytes.map_err(|error| broken(&error))?;
        if !status.is_success() {
            return Err(DemoError::Refused {
                what,
                status: status.as_u16(),
                said: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
        Ok((serde_json::from_slice(&bytes).unwrap_or_default(), tag))
    }

    /// Sends JSON.
    pub(super) fn post(&self, who: &str, path: &str, body: &Value) -> Result<Value, DemoError> {
        self.send(who, Method::POST, path, body)
    }

    /// Sends JSON.
    pub(super) fn send(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, DemoError> {
        self.ask(Asked {
            who,
            method,
            path,
            kind: "application/json",
            body: if body.is_null() {
                Vec::new()
            } else {
                body.to_string().into_bytes()
            },
            tag: None,
        })
        .map(|(answer, _)| answer)
    }

    /// Does all jobs that wait.
    pub(super) fn work(&self) -> Result<(), DemoError> {
        while self.portal.engine.work("portal")? {}
        Ok(())
    }

    /// Takes away what the history was made with, and lets the clock go.
    pub(super) fn close(self) -> Result<Portal, DemoError> {
        self.portal.engine.store().write(|tx| {
            tx.execute(
                "DELETE FROM token WHERE name = ?1",
                stanchion_store::params![TOKEN],
            )?;
            Ok::<_, StoreError>(())
        })?;
        self.portal.people.changed();
        self.clock.store(0, Ordering::Relaxed);
        Ok(self.portal.into_demo())
    }
}
