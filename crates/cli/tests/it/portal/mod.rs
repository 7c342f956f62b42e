//! The client's side of the portal, against fakes. The portal's verdicts are those of the real engine, without its HTTP.

mod dependency_track;
mod dojo;
mod login;
mod policy;
mod push;
#[cfg(unix)]
mod real;
pub(crate) mod serving;

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stanchion_advisories::update::{self, Change};
use stanchion_advisories::{Database, Index, import};
use stanchion_net::{Client, Proxies};
use stanchion_policy::file::Gate;
use stanchion_server::engine::ingest::{Document, Push};
use stanchion_server::engine::keeping::Retention;
use stanchion_server::engine::{Engine, EngineError, Options};
use stanchion_store::blobs::Blobs;
use stanchion_store::blobs::folder::Folder;
use stanchion_store::{Store, StoreError, decisions, products, sightings};
use tempfile::TempDir;

use crate::support::{POLICY, Shop, root};
use serving::{Asked, Reply, Server};

/// The token that the fake takes.
pub(crate) const TOKEN: &str = "stn_0123456789abcdef";

const LODASH: &str = r#"{"id":"GHSA-aaaa-bbbb-cccc","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z",
    "aliases":["CVE-2026-0001"],"summary":"Command injection in lodash",
    "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.17.21"}]}]}]}"#;

/// What the fake does that a portal in order would not.
#[derive(Default)]
pub(crate) struct Whims {
    /// Statuses with which the next posts are turned away.
    pub(crate) turned_away: Vec<u16>,
    /// No answer to any post from this one on.
    pub(crate) mute_after: Option<usize>,
    pub(crate) posts: usize,
    /// Every answer.
    pub(crate) always: Option<u16>,
}

/// A portal with the real engine, and a client's machine with the same advisories.
pub(crate) struct Fake {
    pub(crate) server: Server,
    pub(crate) engine: Engine,
    pub(crate) whims: Arc<Mutex<Whims>>,
    pub(crate) shop: Shop,
    folder: TempDir,
}

pub(crate) fn advisories(data: &std::path::Path) {
    let database = Database::at(data);
    let base =
        Index::from_bytes(import::build(&[], "2026-11-24T00:00:00Z", &|_, _, _| {}).unwrap())
            .unwrap();
    let change = Change {
        source: "npm".into(),
        id: "GHSA-aaaa-bbbb-cccc".into(),
        bytes: Some(LODASH.as_bytes().to_vec()),
    };
    let bytes = update::apply(&base, &[change], "2026-11-24T00:00:00Z").unwrap();
    std::fs::create_dir_all(data).unwrap();
    database.replace(&bytes).unwrap();
}

impl Fake {
    /// A portal with a policy, and a project without one of its own.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        advisories(folder.path());
        let engine = Engine::new(
            Store::open(folder.path()).unwrap(),
            Blobs::Folder(Folder::open(&folder.path().join("blobs")).unwrap()),
            Options {
                data: folder.path().to_owned(),
                sources: stanchion_advisories::fetch::Settings::default(),
                client: Arc::new(Client::new(stanchion_net::Options {
                    offline: true,
                    proxies: Proxies::default(),
                    ..stanchion_net::Options::default()
                })),
                clock: Arc::new(|| 1_795_521_600),
                mail: None,
                retention: Retention::default(),
                public_url: Some("https://portal.example".into()),
            },
            [7; 32],
        );
        let shop = Shop::new();
        shop.remove("policy.toml");
        advisories(&shop.bench.file("data"));
        let whims = Arc::new(Mutex::new(Whims::default()));
        let (own, odd) = (engine.clone(), Arc::clone(&whims));
        let server = Server::start(move |asked| answer(&own, &odd, asked));
        let fake = Self {
            server,
            engine,
            whims,
            shop,
            folder,
        };
        fake.set_policy(POLICY);
        fake
    }

    pub(crate) fn set_policy(&self, text: &str) {
        let version = decisions::PolicyVersion {
            seq: 0,
            beside: None,
            digest: String::new(),
            text: text.into(),
            source: "portal".into(),
            set_by: "ann".into(),
            at: 1,
            note: String::new(),
        };
        self.engine
            .store()
            .write(|tx| decisions::set_policy(tx, &version))
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
    }

    /// The binary, online, with nothing to reach but the fakes.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let nowhere = self.folder.path().join("nowhere");
        let mut command = Command::new(env!("CARGO_BIN_EXE_stanchion"));
        command
            .args(args)
            .current_dir(self.shop.file(""))
            .env("STANCHION_DATA_DIR", self.shop.bench.file("data"))
            .env("XDG_CONFIG_HOME", self.shop.bench.file("config"))
            .env("SOURCE_DATE_EPOCH", "1795514400")
            .env_remove("STANCHION_OFFLINE")
            .env_remove("STANCHION_PORTAL")
            .env_remove("STANCHION_TOKEN")
            .env_remove("HTTP_PROXY")
            .env_remove("HTTPS_PROXY")
            .env_remove("ALL_PROXY");
        for name in ["OSV", "KEV", "EPSS", "EOL"] {
            command.env(format!("STANCHION_DB_{name}"), &nowhere);
        }
        command
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Exit code, standard output, standard error. The token is in neither.
    pub(crate) fn told(&self, args: &[&str]) -> (i32, String, String) {
        told(&self.output(args))
    }

    pub(crate) fn login(&self, more: &[&str]) {
        let file = self.shop.bench.file("token");
        std::fs::write(&file, TOKEN).unwrap();
        let (url, file) = (self.server.url(), file.display().to_string());
        let (code, _, stderr) =
            self.told(&[&["login", &url, "--token-file", &file], more].concat());
        assert_eq!(code, 0, "{stderr}");
    }

    /// What was posted to a path.
    pub(crate) fn posted(&self, path: &str) -> Vec<Value> {
        self.server
            .asked()
            .iter()
            .filter(|asked| asked.method == "POST" && asked.path == path)
            .map(Asked::json)
            .collect()
    }
}

pub(crate) fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(
        !stdout.contains(TOKEN) && !stderr.contains(TOKEN),
        "{stderr}"
    );
    (output.status.code().unwrap_or(-1), stdout, stderr)
}

/// What the portal's HTTP will do, as far as the client asks.
fn answer(engine: &Engine, whims: &Mutex<Whims>, asked: &Asked) -> Reply {
    if asked.headers.get("authorization").map(String::as_str) != Some(&format!("Bearer {TOKEN}")) {
        return Reply::problem(401, "the token is not known");
    }
    {
        let mut whims = whims.lock().unwrap();
        if let Some(status) = whims.always {
            return Reply::problem(status, "under repair");
        }
        if asked.method == "POST" {
            if !whims.turned_away.is_empty() {
                let status = whims.turned_away.remove(0);
                return Reply::problem(status, "busy").with("retry-after", 0);
            }
            whims.posts += 1;
            if whims.mute_after.is_some_and(|after| whims.posts > after) {
                drop(whims);
                std::thread::sleep(std::time::Duration::from_secs(20));
                return Reply::status(503);
            }
        }
    }
    let product = |name: &str| {
        engine
            .store()
            .read(|tx| products::by_name(tx, name))
            .unwrap_or_else(|error: StoreError| panic!("{error}"))
    };
    let etag = |asked: &Asked, tag: String, body: Vec<u8>| {
        if asked.headers.get("if-none-match") == Some(&tag) {
            Reply::status(304).with("etag", tag)
        } else {
            Reply::bytes(body).with("etag", tag)
        }
    };
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/api/v1/session") => Reply::json(&json!({
            "name": "ci", "display": "CI \u{1b}[31m", "roles": ["builder"], "permissions": ["push"],
            "token": {"expires": "2027-01-01T00:00:00Z"}})),
        ("GET", "/api/v1/policy/bundle") => {
            let name = &asked.query["product"];
            let Some(product) = product(name) else {
                return Reply::problem(404, "no such product");
            };
            match engine.policy_for(Some(&product)).unwrap() {
                None => Reply::status(204),
                Some(state) => etag(
                    asked,
                    format!("\"{}\"", state.digest),
                    state.bundle.to_json().into_bytes(),
                ),
            }
        }
        ("GET", path) if path.ends_with("/sightings") => {
            let name = path.split('/').nth(4).map(serving::decode).unwrap();
            let Some(product) = product(&name) else {
                return Reply::problem(404, "no such product");
            };
            let seen = engine
                .store()
                .read(|tx| sightings::of(tx, &format!("product:{}", product.id)))
                .unwrap_or_else(|error: StoreError| panic!("{error}"));
            let all: serde_json::Map<String, Value> = seen
                .iter()
                .map(|(key, seen)| (key.clone(), json!(seen.first)))
                .collect();
            let body = Value::Object(all).to_string();
            etag(asked, format!("\"{}\"", body.len()), body.into_bytes())
        }
        ("POST", "/api/v1/push") => pushed(engine, asked),
        ("POST", "/api/v1/products") => {
            let name = asked.json()["name"].as_str().unwrap_or_default().to_owned();
            if product(&name).is_some() {
                return Reply::problem(409, "there is one of that name");
            }
            if name.len() > 200 {
                return Reply::problem(422, "the name of the product is longer than 200 bytes");
            }
            Reply::status(201)
        }
        ("POST", "/api/v1/decisions" | "/api/v1/exceptions" | "/api/v1/findings") => {
            Reply::status(201)
        }
        _ => Reply::problem(404, "nothing is here"),
    }
}

fn pushed(engine: &Engine, asked: &Asked) -> Reply {
    assert_eq!(asked.headers["content-encoding"], "zstd");
    let bytes = zstd::decode_all(asked.body.as_slice()).unwrap();
    let text = |name: &str| asked.query.get(name).map(String::as_str);
    let push = Push {
        product: text("product").unwrap(),
        version: text("version").unwrap(),
        branch: text("branch"),
        document: Document {
            bytes: &bytes,
            name: text("name").unwrap_or("inventory.json"),
        },
        actor: "ci",
        may_create: true,
        as_of: text("as_of").map(|time| time.parse().unwrap()),
        gate: Gate::from_word(text("gate").unwrap()).unwrap(),
    };
    match engine.push(&push) {
        Ok(pushed) => {
            let mut body = Vec::new();
            stanchion_report::json::write(&pushed.assessment, &mut body).unwrap();
            Reply::bytes(body)
                .with("x-stanchion-version", pushed.version.name)
                .with(
                    "x-stanchion-finding-changes",
                    "appeared=1 changed=0 closed=0 reopened=0",
                )
                .with("x-stanchion-url", "https://portal.example/products/shop")
        }
        Err(EngineError::Unusable(reason)) => Reply::problem(422, &reason),
        Err(error) => Reply::problem(400, &error.to_string()),
    }
}

/// The documentation names the commands as they are.
#[test]
fn the_documentation_is_true() {
    let text = std::fs::read_to_string(root().join("docs/portal-client.md")).unwrap();
    for word in [
        "STANCHION_PORTAL",
        "STANCHION_TOKEN",
        "max-age",
        "--no-portal",
        "stanchion push",
        "stanchion import dependency-track",
        "stanchion import defectdojo",
    ] {
        assert!(text.contains(word), "{word}");
    }
    let bench = crate::support::Bench::new();
    for command in ["login", "logout", "push", "import"] {
        let output = bench.run(&[command, "--help"]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            help.contains("Examples:") && help.lines().count() <= 60,
            "{help}"
        );
    }
}
