//! Blobs in object stores: one made up here, and moto's server where it is installed.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "helpers of tests are not told from other code here"
)]

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stanchion_net::{Client, Method, Options, Proxies, Request};

use super::s3::{S3, S3Settings, Transport};
use super::{BlobError, Blobs, Digest};

fn settings(endpoint: &str) -> S3Settings {
    S3Settings {
        endpoint: endpoint.into(),
        bucket: "blobs".into(),
        prefix: "/stanchion/raw/".into(),
        region: "eu-central-1".into(),
        access_key: "AKIAEXAMPLE".into(),
        secret_key: "s3cret-key".into(),
        token: Some("s3cret-token".into()),
        retries: 2,
        patience: Duration::from_secs(5),
    }
}

fn open(settings: &S3Settings, transport: Transport) -> Blobs {
    Blobs::S3(Box::new(S3::new(settings, transport).unwrap()))
}

/// An object store in memory, which gives two names a page.
#[derive(Default)]
struct Fake {
    objects: BTreeMap<String, Vec<u8>>,
    /// Answers that come before it does its work.
    faults: Vec<Result<(u16, &'static str), String>>,
    requests: Vec<String>,
    /// Whether the list leads in a circle.
    circle: bool,
}

type Answer = Result<http::Response<Vec<u8>>, String>;

impl Fake {
    fn answer(&mut self, request: &http::Request<Vec<u8>>) -> Answer {
        let uri = request.uri();
        self.requests.push(format!("{} {uri}", request.method()));
        let signed = request.headers()["authorization"].to_str().unwrap();
        assert!(signed.contains("Credential=AKIAEXAMPLE/") && signed.contains("/eu-central-1/s3/"));
        assert_eq!(request.headers()["x-amz-security-token"], "s3cret-token");
        let told = |status: u16, body: &[u8]| {
            Ok(http::Response::builder()
                .status(status)
                .header("etag", "\"e\"")
                .header("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")
                .header("content-length", body.len())
                .body(body.to_vec())
                .unwrap())
        };
        if let Some(fault) = self.faults.pop() {
            return fault.and_then(|(status, code)| {
                told(
                    status,
                    format!("<Error><Code>{code}</Code></Error>").as_bytes(),
                )
            });
        }
        let path = uri
            .path()
            .strip_prefix("/blobs")
            .unwrap()
            .trim_start_matches('/')
            .to_owned();
        match request.method().as_str() {
            "GET" if path.is_empty() => {
                let query = uri.query().unwrap();
                assert!(
                    query.contains("list-type=2") && query.contains("prefix=stanchion%2Fraw%2F"),
                    "{query}"
                );
                let after = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("continuation-token="))
                    .unwrap_or("")
                    .replace("%2F", "/");
                let mut rest = self.objects.iter().filter(|(name, _)| **name > after);
                let mut out = String::new();
                let mut last = after.clone();
                for (name, body) in rest.by_ref().take(2) {
                    let size = body.len();
                    out += &format!(
                        "<Contents><Key>{name}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>\"e\"</ETag><Size>{size}</Size></Contents>"
                    );
                    last.clone_from(name);
                }
                let more = rest.next().is_some() || self.circle;
                if more {
                    let last = if self.circle { "same" } else { &last };
                    out += &format!("<NextContinuationToken>{last}</NextContinuationToken>");
                }
                told(200, format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{out}</ListBucketResult>").as_bytes())
            }
            "GET" => match self.objects.get(&path) {
                Some(body) => told(200, body),
                None => told(404, b"<Error><Code>NoSuchKey</Code></Error>"),
            },
            "PUT" => {
                self.objects.insert(path, request.body().clone());
                told(200, b"")
            }
            "DELETE" => {
                self.objects.remove(&path);
                told(204, b"")
            }
            other => panic!("{other} {uri}"),
        }
    }
}

fn fake() -> (Arc<Mutex<Fake>>, Blobs) {
    let fake = Arc::new(Mutex::new(Fake::default()));
    let own = Arc::clone(&fake);
    let blobs = open(
        &settings("https://s3.example/"),
        Arc::new(move |request| own.lock().unwrap().answer(&request)),
    );
    (fake, blobs)
}

#[test]
fn an_object_store_keeps_blobs() {
    let (fake, blobs) = fake();
    super::tests::suite(&blobs);
    let digest = blobs.put(b"a").unwrap();
    let name = digest.to_string();
    let mut fake = fake.lock().unwrap();
    assert_eq!(
        fake.objects.keys().next().unwrap(),
        &format!("stanchion/raw/{}/{}", &name[..2], &name[2..])
    );
    assert!(
        fake.requests[0].starts_with("PUT https://s3.example/blobs/stanchion/raw/"),
        "{:?}",
        fake.requests[0]
    );
    for other in ["README", "ab", "ab/cd/ef", "abc/def", "zz/00"] {
        fake.objects
            .insert(format!("stanchion/raw/{other}"), b"x".to_vec());
    }
    drop(fake);
    let listed: Vec<_> = blobs
        .list()
        .unwrap()
        .map(|listed| listed.unwrap().digest)
        .collect();
    assert_eq!(listed, [digest]);
}

#[test]
fn trouble_is_tried_again_and_then_told() {
    let (fake, blobs) = fake();
    let digest = Digest::of(b"a");
    let busy = || Ok((503, "SlowDown"));
    let cut = || Err("the connection ended".to_owned());
    for faults in [vec![busy(), busy()], vec![cut(), busy()]] {
        fake.lock().unwrap().faults = faults;
        assert_eq!(blobs.put(b"a").unwrap(), digest);
    }
    fake.lock().unwrap().faults = vec![cut(), busy()];
    assert_eq!(blobs.get(digest, 1).unwrap(), b"a");
    for (fault, word) in [
        (busy(), "503"),
        (cut(), "the connection ended"),
        (Ok((404, "NoSuchBucket")), "no such bucket"),
        (Ok((403, "InvalidAccessKeyId")), "access key"),
        (Ok((403, "SignatureDoesNotMatch")), "access key"),
        (Ok((403, "AccessDenied")), "may not"),
        (Ok((301, "PermanentRedirect")), "region"),
        (Ok((400, "Odd\u{7}")), "400"),
    ] {
        let set = || fake.lock().unwrap().faults = vec![fault.clone(); 3];
        set();
        let put = blobs.put(b"b").unwrap_err();
        set();
        let get = blobs.get(digest, 9).unwrap_err();
        set();
        let list = blobs.list().unwrap().next().unwrap().unwrap_err();
        for error in [put, get, list] {
            assert!(
                matches!(error, BlobError::Store { .. }),
                "{fault:?}: {error}"
            );
            let text = error.to_string();
            assert!(
                text.contains(word) && !text.contains(char::is_control),
                "{word}: {text}"
            );
            assert!(!format!("{error:?}").contains("s3cret") && !error.hint().is_empty());
        }
    }
    fake.lock().unwrap().faults.clear();
    // What lies there is not believed.
    let mut fake_store = fake.lock().unwrap();
    for body in fake_store.objects.values_mut() {
        *body = b"no zstd".to_vec();
    }
    drop(fake_store);
    assert!(matches!(
        blobs.get(digest, 9),
        Err(BlobError::Damaged { .. })
    ));
    fake.lock().unwrap().circle = true;
    assert!(
        blobs.list().unwrap().any(|listed| listed.is_err()),
        "the list never ends"
    );
}

#[test]
fn wrong_settings_are_told() {
    let quiet: Transport = Arc::new(|_| Err("not asked".into()));
    let changes: [fn(&mut S3Settings); 8] = [
        |settings| settings.bucket.clear(),
        |settings| settings.bucket = "a/../b".into(),
        |settings| settings.endpoint = "s3.example".into(),
        |settings| settings.endpoint = "https://u:p@s3.example".into(),
        |settings| settings.endpoint = "https://s3.example/?x".into(),
        |settings| settings.access_key.clear(),
        |settings| settings.secret_key.clear(),
        |settings| settings.prefix = "a//b".into(),
    ];
    for change in changes {
        let mut settings = settings("https://s3.example");
        change(&mut settings);
        let error = S3::new(&settings, Arc::clone(&quiet)).unwrap_err();
        assert!(
            matches!(error, BlobError::Store { .. }) && !error.to_string().contains("u:p"),
            "{error}"
        );
    }
    let shown = format!(
        "{:?} {:?}",
        settings("https://s3.example"),
        open(&settings("https://s3.example"), quiet)
    );
    assert!(
        !shown.contains("s3cret") && shown.contains("s3.example"),
        "{shown}"
    );
}

/// The transport as the portal makes it.
fn over(client: Client) -> Transport {
    Arc::new(move |request: http::Request<Vec<u8>>| {
        let (parts, body) = request.into_parts();
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        let answer = client
            .request(&Request {
                method: Method::named(parts.method.as_str()).unwrap(),
                url: parts.uri.to_string(),
                headers: parts
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), text(value)))
                    .collect(),
                body,
                limit: 64 << 20,
                redirects: false,
                timeout: Some(Duration::from_secs(10)),
            })
            .map_err(|error| error.to_string())?;
        let mut response = http::Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        response
            .body(answer.body)
            .map_err(|error| error.to_string())
    })
}

fn client(host: &str) -> Client {
    Client::new(Options {
        allow_private: vec![host.to_owned()],
        proxies: Proxies::none(),
        roots: None,
        retries: 0,
        ..Options::default()
    })
}

struct Moto {
    child: Child,
    host: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    /// Starts one, if it is installed.
    fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let moto = Self {
            child,
            host: format!("127.0.0.1:{port}"),
        };
        let start = Instant::now();
        while TcpStream::connect(&moto.host).is_err() {
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "moto_server does not come up"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(moto)
    }

    fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    fn ask(&self, method: Method, path: &str, body: &str) -> u16 {
        let request = Request {
            method,
            url: format!("{}{path}", self.url()),
            body: body.into(),
            limit: 1 << 20,
            ..Request::default()
        };
        client(&self.host).request(&request).unwrap().status
    }

    fn blobs(&self, change: impl FnOnce(&mut S3Settings)) -> Blobs {
        let mut settings = S3Settings {
            region: "us-east-1".into(),
            ..settings(&self.url())
        };
        change(&mut settings);
        open(&settings, over(client(&self.host)))
    }
}

#[test]
fn motos_server_keeps_blobs() {
    let Some(mut moto) = Moto::start() else {
        eprintln!("skipped: moto_server is not installed (pip install 'moto[server]')");
        return;
    };
    let told = |error: BlobError, words: &str| {
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    };
    told(
        moto.blobs(|_| ()).check().unwrap_err(),
        "there is no such bucket",
    );
    assert_eq!(moto.ask(Method::Put, "/blobs", ""), 200);
    super::tests::suite(&moto.blobs(|_| ()));
    super::tests::suite(&moto.blobs(|settings| settings.prefix.clear()));
    // More than one page.
    let blobs = moto.blobs(|_| ());
    let mut put: Vec<_> = (0..1003_u32)
        .map(|round| blobs.put(&round.to_be_bytes()).unwrap())
        .collect();
    let mut listed: Vec<_> = blobs
        .list()
        .unwrap()
        .map(|listed| listed.unwrap().digest)
        .collect();
    put.sort();
    listed.sort();
    assert_eq!(put, listed);
    // From now on it asks who one is, and knows nobody.
    assert_eq!(moto.ask(Method::Post, "/moto-api/reset-auth", "0"), 200);
    told(blobs.check().unwrap_err(), "does not accept the access key");
    told(
        blobs.get(put[0], 9).unwrap_err(),
        "does not accept the access key",
    );
    assert_eq!(moto.ask(Method::Post, "/moto-api/reset-auth", "inf"), 200);
    // It goes away in the middle.
    let mut list = blobs.list().unwrap();
    assert!(list.next().unwrap().is_ok());
    moto.child.kill().unwrap();
    moto.child.wait().unwrap();
    told(list.find_map(Result::err).unwrap(), "cannot list blobs");
    told(blobs.put(b"late").unwrap_err(), "cannot keep a blob");
    told(blobs.get(put[0], 9).unwrap_err(), "cannot read a blob");
    told(blobs.check().unwrap_err(), "cannot keep a blob");
}
