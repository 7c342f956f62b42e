//! Who gets in, and what they may, over real connections.

mod accounts;
mod invitations;
mod matrix;
mod oidc;
mod pages;
mod provider;
mod sessions;
mod setup;
mod sign_in;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stanchion_server::engine::keeping::Retention;
use stanchion_server::engine::{Engine, Options};
use stanchion_server::http::limits::Rate;
use stanchion_server::http::{Settings, Site};
use stanchion_server::people::{self, People, admin};
use stanchion_server::portal::{self, Portal};
use stanchion_store::blobs::Blobs;
use stanchion_store::people::{self as store, Account, Binding, Session, Token};
use stanchion_store::testing::{Fresh, sqlite};
use stanchion_store::{Id, Store, StoreError, Tx};

use super::http::{Answer, Server, settings};

/// When the tests begin.
pub(crate) const START: i64 = 1_800_000_000;
/// The password of everybody.
pub(crate) const PASSWORD: &str = "quiet otter under bridge";
/// A form of the portal's own page.
pub(crate) const OWN: &str = "sec-fetch-site: same-origin";

/// A portal with a clock that the test moves.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) portal: Portal,
    pub(crate) store: Store,
    clock: Arc<AtomicI64>,
    _fresh: Option<Fresh>,
    _folder: tempfile::TempDir,
}

/// Limits that do not get in a test's way.
pub(crate) fn patient() -> people::Settings {
    let many = Rate {
        per_minute: 60_000,
        burst: 10_000,
    };
    people::Settings {
        tries_by_address: many,
        tries_by_name: many,
        ..people::Settings::default()
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(settings(), patient())
    }

    pub(crate) fn with(settings: Settings, people: people::Settings) -> Self {
        let fresh = sqlite();
        let store = fresh.store.clone();
        Self::over(store, Some(fresh), settings, people, Vec::new())
    }

    /// One whose sources are these.
    pub(crate) fn sourced(fresh: Fresh, sources: stanchion_advisories::fetch::Settings) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let store = fresh.store.clone();
        let quick = settings();
        Self::at(
            store,
            Some(fresh),
            quick,
            patient(),
            Vec::new(),
            clock,
            sources,
        )
    }

    /// Another server of the same store, with the same clock.
    pub(crate) fn beside(&self) -> Self {
        let clock = Arc::clone(&self.clock);
        Self::at(
            self.store.clone(),
            None,
            settings(),
            patient(),
            Vec::new(),
            clock,
            stanchion_advisories::fetch::Settings::default(),
        )
    }

    pub(crate) fn over(
        store: Store,
        fresh: Option<Fresh>,
        settings: Settings,
        people: people::Settings,
        allow_private: Vec<String>,
    ) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let sources = stanchion_advisories::fetch::Settings::default();
        Self::at(
            store,
            fresh,
            settings,
            people,
            allow_private,
            clock,
            sources,
        )
    }

    fn at(
        store: Store,
        fresh: Option<Fresh>,
        settings: Settings,
        people: people::Settings,
        allow_private: Vec<String>,
        clock: Arc<AtomicI64>,
        sources: stanchion_advisories::fetch::Settings,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = Arc::clone(&clock);
        let client = stanchion_net::Client::new(stanchion_net::Options {
            allow_private,
            proxies: stanchion_net::Proxies::default(),
            retries: 0,
            ..stanchion_net::Options::default()
        });
        let engine = Engine::new(
            store.clone(),
            Blobs::Folder(
                stanchion_store::blobs::folder::Folder::open(&folder.path().join("blobs")).unwrap(),
            ),
            Options {
                data: folder.path().to_owned(),
                sources,
                client: Arc::new(client),
                clock: Arc::new(move || own.load(Ordering::SeqCst)),
                mail: None,
                retention: Retention::default(),
                public_url: None,
            },
            [7; 32],
        );
        let options = Portal::options(&settings);
        let site = Site::new(settings.clone(), options.clone());
        let portal = Portal::new(engine, site, People::new(people).unwrap());
        let routes = portal::routes(&portal, portal::slices()).unwrap();
        Self {
            server: Server::start(settings, options, routes),
            portal,
            store,
            clock,
            _fresh: fresh,
            _folder: folder,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn write<T>(&self, mut run: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
        self.store.write(&mut run).unwrap()
    }

    /// A person with [`PASSWORD`] and these roles on the whole organisation.
    pub(crate) fn person(&self, name: &str, roles: &[&str]) -> Id {
        let id = Id::derive("account", &[name.as_bytes()]);
        let hash = people::password::hash(PASSWORD).unwrap();
        self.write(|tx| {
            store::create(
                tx,
                &Account {
                    id,
                    name: name.to_owned(),
                    display: name.to_uppercase(),
                    kind: "person".to_owned(),
                    password: Some(hash.clone()),
                    totp: None,
                    totp_last: 0,
                    issuer: None,
                    subject: None,
                    disabled: false,
                    break_glass: false,
                    failed: 0,
                    locked_until: 0,
                    created: START,
                    seen: None,
                    revision: 1,
                },
            )?;
            for role in roles {
                store::bind(tx, id, &everywhere(role))?;
            }
            store::set_up(tx, START).map(drop)
        });
        self.portal.people.changed();
        id
    }

    /// An administrator who is signed in: the header line of their cookie.
    pub(crate) fn admin(&self) -> String {
        if self.write(|tx| store::by_name(tx, "root")).is_none() {
            admin::create(&self.store, "root", PASSWORD, false, self.now()).unwrap();
        }
        let id = self.write(|tx| store::by_name(tx, "root")).unwrap().id;
        self.session(id)
    }

    /// A session, without the way through sign-in: the header line of its cookie.
    pub(crate) fn session(&self, account: Id) -> String {
        let secret = format!("{}-{}", account, self.store_count());
        let now = self.now();
        self.write(|tx| {
            store::begin_session(
                tx,
                &Session {
                    id: Id::derive("session", &[secret.as_bytes()]),
                    account,
                    created: now,
                    rotated: now,
                    seen: now,
                    expires: now + 7 * 86_400,
                    client: "test".to_owned(),
                },
                &hash(&secret),
            )
        });
        format!("cookie: stanchion={secret}")
    }

    fn store_count(&self) -> i64 {
        self.write(|tx| tx.first("SELECT COUNT(*) FROM session", &[], |row| row.get(0)))
            .unwrap()
    }

    /// A token, without the way through the API: the header line.
    pub(crate) fn token(&self, account: Id, name: &str, permissions: &[&str]) -> String {
        let text = format!("stn_{account}{name}");
        let now = self.now();
        self.write(|tx| {
            store::create_token(
                tx,
                &Token {
                    id: Id::derive("token", &[name.as_bytes()]),
                    account,
                    name: name.to_owned(),
                    scopes: permissions.iter().map(|&name| name.to_owned()).collect(),
                    product: None,
                    created: now,
                    expires: now + 86_400,
                    used: None,
                    revoked: None,
                },
                &hash(&text),
            )
        });
        format!("authorization: Bearer {text}")
    }

    /// A request with these header lines; what is not nothing goes along as JSON.
    pub(crate) fn api(&self, method: &str, path: &str, lines: &[&str], body: &Value) -> Answer {
        let mut all = vec![OWN];
        all.extend(lines);
        if body.is_null() {
            return self.server.ask(method, path, &all, b"");
        }
        all.push("content-type: application/json");
        self.server
            .ask(method, path, &all, body.to_string().as_bytes())
    }

    pub(crate) fn get(&self, path: &str, lines: &[&str]) -> Answer {
        self.api("GET", path, lines, &Value::Null)
    }

    /// A form of a page.
    pub(crate) fn form(&self, path: &str, lines: &[&str], pairs: &[(&str, &str)]) -> Answer {
        let mut all = vec!["content-type: application/x-www-form-urlencoded"];
        all.extend(lines);
        self.server
            .ask("POST", path, &all, encoded(pairs).as_bytes())
    }

    pub(crate) fn sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password});
        self.api("POST", "/api/v1/session", &[], &body)
    }

    /// What the log says was done, the latest first.
    pub(crate) fn log(&self) -> Vec<String> {
        self.write(|tx| stanchion_store::audit::list(tx, None, None, None, 1000))
            .into_iter()
            .map(|entry| entry.action)
            .collect()
    }
}

pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(crate) fn everywhere(role: &str) -> Binding {
    Binding {
        role: role.to_owned(),
        scope_kind: "organisation".to_owned(),
        scope: String::new(),
        source: "local".to_owned(),
    }
}

pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    let text = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", text(name), text(value)))
        .collect();
    pairs.join("&")
}

/// The cookies that an answer sets, as one header line.
pub(crate) fn cookies(answer: &Answer) -> String {
    let pairs: Vec<&str> = answer
        .head
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("set-cookie")
                .then(|| value.trim().split(';').next().unwrap())
        })
        .filter(|pair| !pair.ends_with('='))
        .collect();
    assert!(!pairs.is_empty(), "no cookie: {}", answer.head);
    format!("cookie: {}", pairs.join("; "))
}

pub(crate) fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"))
}
