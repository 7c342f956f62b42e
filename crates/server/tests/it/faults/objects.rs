//! An object store that goes away, through the whole server.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stanchion_net::{Client, Method, Options, Proxies, Request};
use stanchion_server::http::Problem;
use stanchion_server::settings::Settings;
use stanchion_server::start::{self, Given};

use super::super::engine::{NOW, sbom};
use super::{advisories, count, push};

struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// `None` where it is not installed.
    fn start(port: u16) -> Option<Self> {
        let known = Command::new("moto_server")
            .arg("--help")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !known.is_ok_and(|status| status.success()) {
            return None;
        }
        let child = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let moto = Self { child, port };
        let end = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "moto_server does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(moto)
    }

    fn bucket(&self) {
        let request = Request {
            method: Method::Put,
            url: format!("http://127.0.0.1:{}/blobs", self.port),
            limit: 1 << 20,
            ..Request::default()
        };
        assert_eq!(client().request(&request).unwrap().status, 200);
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> Arc<Client> {
    Arc::new(Client::new(Options {
        allow_private: vec!["127.0.0.1".into()],
        proxies: Proxies::none(),
        retries: 0,
        ..Options::default()
    }))
}

#[test]
fn without_its_object_store_it_acknowledges_nothing() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let Some(moto) = Moto::start(port) else {
        eprintln!("skipped: moto_server is not installed (pip install 'moto[server]')");
        return;
    };
    moto.bucket();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    advisories(&data);
    for (name, text) in [("key", "AKIAEXAMPLE"), ("secret", "s3cret-key")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let file = folder.path().join("portal.toml");
    let text = format!(
        "[blobs.s3]\nendpoint = \"http://127.0.0.1:{port}\"\nbucket = \"blobs\"\nregion = \"us-east-1\"\naccess_key_file = {:?}\nsecret_key_file = {:?}\n",
        folder.path().join("key"),
        folder.path().join("secret"),
    );
    std::fs::write(&file, text).unwrap();
    let settings = Settings::read(&file).unwrap();
    let given = Given {
        data,
        sources: stanchion_advisories::fetch::Settings::default(),
        client: client(),
        clock: Arc::new(|| NOW),
    };
    let engine = start::engine(&settings, given).unwrap();
    let first = sbom(&[("lodash", "4.17.15")]);
    push(&engine, "shop", "1", &first).unwrap();

    let refused = |version: &str| {
        let error = push(&engine, "shop", version, &sbom(&[("lodash", version)])).unwrap_err();
        let text = error.to_string();
        assert!(!text.contains("s3cret"), "{text}");
        let problem = Problem::from(error);
        assert_eq!(problem.status(), 503, "{text}");
        assert!(problem.document().hint.is_some());
        let rows = count(engine.store(), "SELECT COUNT(*) FROM version", &[]);
        assert_eq!(rows, 1, "a version without its document");
        let rows = count(engine.store(), "SELECT COUNT(*) FROM inventory", &[]);
        assert_eq!(rows, 1);
        text
    };
    drop(moto);
    let away = refused("2");
    // It comes back without the bucket.
    let moto = Moto::start(port).unwrap();
    let bare = refused("3");
    moto.bucket();
    let again = push(&engine, "shop", "4", &first).unwrap();
    assert!(!again.known);
    let digest = stanchion_store::blobs::Digest::of(&first);
    assert_eq!(engine.blobs().get(digest, 1 << 20).unwrap(), first);
    assert_eq!(engine.store().verify_audit().unwrap().fault, None);
    println!("away: {away}\nwithout its bucket: {bare}");
}
