//! TLS, with a certificate of the test's own making.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use stanchion_server::http::listen::{ListenError, start};
use stanchion_server::http::settings::TlsSettings;
use stanchion_server::http::site::Options;
use stanchion_server::http::{Client, Site};

use super::{Answer, Server, settings};

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![tag];
    match body.len() {
        length @ 0..128 => out.push(length as u8),
        length @ 128..256 => out.extend([0x81, length as u8]),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(body);
    out
}

/// A certificate for 127.0.0.1 and `portal.test`, signed by itself, and its key.
fn certificate() -> (Vec<u8>, Vec<u8>) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let algorithm = der(0x30, &[&der(6, &[&[0x2b, 0x65, 0x70]])]);
    let name = der(
        0x30,
        &[&der(
            0x31,
            &[&der(
                0x30,
                &[&der(6, &[&[0x55, 4, 3]]), &der(0x0c, &[b"test"])],
            )],
        )],
    );
    let validity = der(
        0x30,
        &[
            &der(0x17, &[b"200101000000Z"]),
            &der(0x18, &[b"20990101000000Z"]),
        ],
    );
    let key = der(
        0x30,
        &[&algorithm, &der(3, &[&[0], pair.public_key().as_ref()])],
    );
    let names = der(
        0x30,
        &[
            &der(0x87, &[&[127, 0, 0, 1]]),
            &der(0x82, &[b"portal.test"]),
        ],
    );
    let extension = der(0x30, &[&der(6, &[&[0x55, 0x1d, 0x11]]), &der(4, &[&names])]);
    let extensions = der(0xa3, &[&der(0x30, &[&extension])]);
    let version = der(0xa0, &[&der(2, &[&[2]])]);
    let serial = der(2, &[&[1]]);
    let body = der(
        0x30,
        &[
            &version,
            &serial,
            &algorithm,
            &name,
            &validity,
            &name,
            &key,
            &extensions,
        ],
    );
    let signature = der(3, &[&[0], pair.sign(&body).as_ref()]);
    (
        der(0x30, &[&body, &algorithm, &signature]),
        pkcs8.as_ref().to_vec(),
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |chunk: &[u8]| {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        (0..4)
            .map(|at| {
                if at <= chunk.len() {
                    char::from(DIGITS[(word >> (18 - 6 * at)) as usize & 63])
                } else {
                    '='
                }
            })
            .collect::<String>()
    };
    bytes.chunks(3).map(digits).collect()
}

/// Writes a new certificate and its key, and gives the certificate.
fn write(folder: &Path) -> Vec<u8> {
    let (certificate, key) = certificate();
    let pem = |kind: &str, bytes: &[u8]| {
        format!(
            "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
            base64(bytes)
        )
    };
    std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &key)).unwrap();
    std::fs::write(
        folder.join("certificate.pem"),
        pem("CERTIFICATE", &certificate),
    )
    .unwrap();
    certificate
}

fn tls(folder: &Path) -> TlsSettings {
    TlsSettings {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    }
}

fn routes() -> Router {
    Router::new().route(
        "/",
        get(async |client: Client| format!("https {}", client.https)),
    )
}

/// One request of a client that trusts this certificate alone.
fn ask(server: &Server, trusted: &[u8]) -> std::io::Result<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("portal.test").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(server.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: portal.test\r\nconnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(Answer::parse(&bytes))
}

fn server(folder: &Path) -> Server {
    let mut settings = settings();
    settings.tls = Some(tls(folder));
    Server::start(settings, Options::default(), routes())
}

#[test]
fn a_handshake_leads_to_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = write(folder.path());
    let server = server(folder.path());
    let answer = ask(&server, &trusted).unwrap();
    assert_eq!(answer.text(), "https true");
    assert!(answer.header("strict-transport-security").is_some());
}

#[test]
fn a_handshake_that_does_not_come_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let server = server(folder.path());
    for start in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"] {
        let mut stream = server.connect();
        stream.write_all(start).unwrap();
        let started = Instant::now();
        let _ = stream.read_to_end(&mut Vec::new());
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn a_stop_does_not_wait_for_handshakes() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let mut settings = settings();
    settings.tls = Some(tls(folder.path()));
    settings.patience.head = Duration::from_mins(1);
    settings.patience.stop = Duration::from_mins(1);
    let server = Server::start(settings, Options::default(), routes());
    let waiting = server.connect();
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    assert_eq!(server.stop().cut, 0);
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(waiting);
}

#[test]
fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(folder.path());
    let server = server(folder.path());
    ask(&server, &first).unwrap();
    std::fs::write(folder.path().join("certificate.pem"), "broken").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    ask(&server, &first).unwrap();
    let second = write(folder.path());
    let started = Instant::now();
    while ask(&server, &second).is_err() {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "the new one is not in use"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(ask(&server, &first).is_err());
}

#[test]
fn a_certificate_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    write(folder.path());
    write(other.path());
    let error = |certificate: PathBuf, key: PathBuf| -> ListenError {
        let mut settings = settings();
        settings.tls = Some(TlsSettings { certificate, key });
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let site = Site::new(settings, Options::default());
        runtime.block_on(start(&site, routes())).unwrap_err()
    };
    let (certificate, key) = (
        folder.path().join("certificate.pem"),
        folder.path().join("key.pem"),
    );
    for (certificate, key, hint) in [
        (folder.path().join("none"), key.clone(), "path"),
        (key.clone(), key.clone(), "BEGIN CERTIFICATE"),
        (certificate.clone(), certificate.clone(), "BEGIN"),
        (certificate.clone(), other.path().join("key.pem"), "belongs"),
    ] {
        let error = error(certificate, key);
        assert!(error.hint().contains(hint), "{error}: {}", error.hint());
        assert!(!error.to_string().is_empty());
    }
}
