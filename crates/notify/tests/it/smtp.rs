//! A small mail server on a real socket that keeps what it hears and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate for `localhost`, signed by itself with the key of [`SEED`], good from 2020 to 2099.
pub(crate) const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIHwMIGjoAMCAQICAQEwBQYDK2VwMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDAgFw0y
MDAxMDEwMDAwMDBaGA8yMDk5MDEwMTAwMDAwMFowFDESMBAGA1UEAwwJbG9jYWxo
b3N0MCowBQYDK2VwAyEA6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iyj
GDAWMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAFBgMrZXADQQCxrojXtNjiy8o9OsKa
dt5I4gFk9cxyIqJaYDuyabfrJjtwjDIbcTI6eGe16kL/U1sxo0HYERMFHqV0Db/t
JsEK
-----END CERTIFICATE-----
";

/// No secret: it protects nothing but these tests.
const SEED: [u8; 32] = [7; 32];

/// What was heard in one conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Commands, without their line ends.
    pub(crate) commands: Vec<String>,
    /// The mail, as it came, dots undone.
    pub(crate) mail: Option<String>,
    /// Whether the mail came over TLS.
    pub(crate) tls: bool,
}

/// How the server is.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// What it offers after EHLO.
    pub(crate) offers: Vec<&'static str>,
    /// TLS from the first byte.
    pub(crate) wrapped: bool,
    /// Answers other than `250 ok`, to commands that start like this; `.` is the end of the mail. Without a text it
    /// says nothing more.
    pub(crate) answers: Vec<(&'static str, &'static str)>,
}

pub(crate) struct Smtp {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Smtp {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (manner, all) = (manner.clone(), Arc::clone(&all));
                std::thread::spawn(move || {
                    let at = {
                        let mut all = all.lock().unwrap();
                        all.push(Heard::default());
                        all.len() - 1
                    };
                    let keep = |heard: &Heard| all.lock().unwrap()[at] = heard.clone();
                    converse(stream.unwrap(), &manner, &keep)
                });
            }
        });
        Self { address, heard }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

fn protect(stream: TcpStream) -> Box<dyn Line> {
    let mut key = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    key.extend(SEED);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
        )
        .unwrap();
    let connection = ServerConnection::new(Arc::new(config)).unwrap();
    Box::new(StreamOwned::new(connection, stream))
}

/// One conversation; `None` when the other side is gone.
fn converse(stream: TcpStream, manner: &Manner, keep: &dyn Fn(&Heard)) -> Option<()> {
    let plain = stream.try_clone().unwrap();
    let mut heard = Heard {
        tls: manner.wrapped,
        ..Heard::default()
    };
    let mut line: BufReader<Box<dyn Line>> = BufReader::new(if manner.wrapped {
        protect(stream)
    } else {
        Box::new(stream)
    });
    let answer_to = |command: &str| {
        manner
            .answers
            .iter()
            .find(|(start, _)| command.starts_with(start))
            .map(|(_, answer)| *answer)
    };
    let say = |line: &mut BufReader<Box<dyn Line>>, text: &str| {
        line.get_mut()
            .write_all(format!("{text}\r\n").as_bytes())
            .ok()?;
        line.get_mut().flush().ok()
    };
    say(&mut line, answer_to("greeting").unwrap_or("220 mail.test"))?;
    loop {
        let mut command = String::new();
        line.read_line(&mut command)
            .ok()
            .filter(|count| *count > 0)?;
        let command = command.trim_end_matches("\r\n").to_owned();
        heard.commands.push(command.clone());
        keep(&heard);
        if let Some(answer) = answer_to(&command) {
            if answer.is_empty() {
                std::thread::sleep(std::time::Duration::from_secs(5));
                return None;
            }
            say(&mut line, answer)?;
            continue;
        }
        if command.starts_with("EHLO") {
            for offer in &manner.offers {
                say(&mut line, &format!("250-{offer}"))?;
            }
            say(&mut line, "250 HELP")?;
        } else if command == "STARTTLS" {
            say(&mut line, "220 go ahead")?;
            line = BufReader::new(protect(plain.try_clone().unwrap()));
            heard.tls = true;
        } else if command == "DATA" {
            say(&mut line, "354 go ahead")?;
            let mut mail = Vec::new();
            while !mail.ends_with(b"\r\n.\r\n") {
                line.read_until(b'\n', &mut mail)
                    .ok()
                    .filter(|count| *count > 0)?;
            }
            mail.truncate(mail.len() - 3);
            heard.mail = Some(String::from_utf8(mail).unwrap().replace("\r\n..", "\r\n."));
            keep(&heard);
            say(&mut line, answer_to(".").unwrap_or("250 taken"))?;
        } else if command.starts_with("AUTH") {
            say(&mut line, "235 welcome")?;
        } else if command == "QUIT" {
            return say(&mut line, "221 bye");
        } else {
            say(&mut line, "250 ok")?;
        }
    }
}
