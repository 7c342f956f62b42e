//! The client over TLS: a small end of a tunnel in front of the fixture, with a certificate of its own making.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::fixture::{ALWAYS, Behaviour, Server};
use crate::{Client, Download, NetErrorKind, Options, Proxies};

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

/// A certificate for 127.0.0.1 and `mirror.test`, signed by itself, and its key.
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
            &der(0x82, &[b"mirror.test"]),
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

/// Takes one request off each connection, has the fixture answer it, and ends the connection.
fn tunnel(to: &Server) -> (SocketAddr, Vec<u8>) {
    let (certificate, key) = certificate();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate.clone())],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let to = to.host();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, to) = (Arc::clone(&config), to.clone());
            std::thread::spawn(move || -> std::io::Result<()> {
                let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
                let mut tls = StreamOwned::new(connection, stream?);
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    tls.read_exact(&mut byte)?;
                    head.push(byte[0]);
                }
                let mut plain = TcpStream::connect(to)?;
                plain.set_read_timeout(Some(Duration::from_millis(300)))?;
                plain.write_all(&head)?;
                let mut answer = Vec::new();
                // Ends when the fixture closes, or keeps still.
                let _ = plain.read_to_end(&mut answer);
                tls.write_all(&answer)?;
                tls.conn.send_close_notify();
                tls.flush()
            });
        }
    });
    (address, certificate)
}

#[test]
fn the_certificates_named_are_trusted_and_others_are_not() {
    let server = Server::start();
    server.put("/a", vec![5; 50_000]);
    server.redirect("/down", 302, &server.url("/a"));
    let (address, certificate) = tunnel(&server);
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64(&certificate)
    );
    std::fs::write(&roots, pem).unwrap();
    let options = Options {
        allow_private: vec![
            "127.0.0.1".into(),
            format!("mirror.test:{}", address.port()),
        ],
        proxies: Proxies::none(),
        roots: Some(roots),
        retries: 0,
        ..Options::default()
    };
    let client = Client::with_lookup(
        options.clone(),
        Arc::new(move |_: &str, _: u16| Ok(vec![address])),
    );
    for host in ["127.0.0.1", "mirror.test"] {
        let url = format!("https://{host}:{}/a", address.port());
        assert_eq!(client.get(&url, 1 << 20).unwrap(), vec![5; 50_000]);
        let place = folder.path().join(host);
        let got = client
            .download(&url, &place, None, 1 << 20, &|_, _| {})
            .unwrap();
        assert!(matches!(got, Download::Done { bytes: 50_000, .. }));
    }
    // Signed for other names.
    let url = format!("https://other.test:{}/a", address.port());
    let options = Options {
        allow_private: vec!["127.0.0.1".into(), "other.test".into()],
        ..options
    };
    let client = Client::with_lookup(
        options.clone(),
        Arc::new(move |_: &str, _: u16| Ok(vec![address])),
    );
    let error = client.get(&url, 1 << 20).unwrap_err();
    assert!(
        matches!(&error.kind, NetErrorKind::Connect(reason) if reason.contains("TLS")),
        "{error}"
    );
    // From https to http, even to a host that may be asked so.
    let url = |path: &str| format!("https://{address}{path}");
    let error = client.get(&url("/down"), 1 << 20).unwrap_err();
    assert!(error.to_string().contains("from https to http"), "{error}");
    // Too much behind the body is found through TLS as well.
    server.behave(
        "/a",
        Behaviour {
            lie: Some((-10_000, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let error = client
        .download(
            &url("/a"),
            &folder.path().join("lie"),
            None,
            1 << 20,
            &|_, _| {},
        )
        .unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Broken(_)), "{error}");
    // Mozilla's certificates do not know this one.
    let client = Client::new(Options {
        roots: None,
        ..options
    });
    let error = client.get(&url("/a"), 1 << 20).unwrap_err();
    assert!(
        matches!(&error.kind, NetErrorKind::Connect(reason) if reason.contains("TLS")),
        "{error}"
    );
}
