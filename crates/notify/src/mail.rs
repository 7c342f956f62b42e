//! Mail over SMTP ([RFC 5321](https://www.rfc-editor.org/rfc/rfc5321)), written by
//! [RFC 5322](https://www.rfc-editor.org/rfc/rfc5322).
//!
//! The name of the server is looked up and judged by the guard, and the connection goes to the address that was
//! judged; TLS still asks for the name. One conversation serves all recipients, and each has an outcome of their own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters,
};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use stanchion_net::Client;

use crate::message::{line, lines};
use crate::{Delivery, Message, Outcome, Secret, SettingsError, Urgency};

/// Longest address that SMTP takes (RFC 5321, section 4.5.3.1.3, without the brackets).
const LONGEST_ADDRESS: usize = 254;

/// Characters of a subject; more is cut.
const LONGEST_SUBJECT: usize = 200;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Plain at first, then protected; a server that does not offer it gets nothing. Mostly port 587.
    #[default]
    StartTls,
    /// Protected from the first byte, which leaves the least to go wrong on the way. Mostly port 465.
    Tls,
    /// Not at all: only to hosts that are allowed to be private.
    None,
}

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Who we are there, and the password; without, the server takes mail from us as we are.
    pub user: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
    /// The sender's name, as people see it.
    pub from_name: Option<String>,
    /// Addresses of the recipients; they see each other.
    pub to: Vec<String>,
    /// Time for the whole conversation.
    pub timeout: Duration,
}

/// A way to send mail whose settings are in order.
#[derive(Clone, Debug)]
pub struct Mail {
    settings: MailSettings,
    from: Mailbox,
}

fn wrong(what: &'static str, reason: &'static str, hint: &'static str) -> SettingsError {
    SettingsError {
        channel: "mail",
        what,
        reason,
        hint,
    }
}

/// An address, and nothing besides it.
fn address(text: &str) -> Option<Address> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "<>,;".contains(c);
    if text.len() > LONGEST_ADDRESS || text.contains(odd) {
        return None;
    }
    text.parse().ok()
}

impl Mail {
    /// Checks the settings; nothing is looked up or connected yet.
    pub fn new(settings: MailSettings) -> Result<Self, SettingsError> {
        if settings.host.is_empty() {
            return Err(wrong("host", "is empty", "name the server that takes mail"));
        }
        if settings.port == 0 {
            return Err(wrong("port", "is 0", "mostly it is 587, or 465 with tls"));
        }
        if settings.timeout.is_zero() {
            return Err(wrong("timeout", "is 0", "give it a minute"));
        }
        let from = address(&settings.from).ok_or_else(|| {
            wrong(
                "from",
                "is no address",
                "give it as name@domain, with the name in from_name",
            )
        })?;
        if settings.to.is_empty() {
            return Err(wrong("to", "is empty", "name whom to tell"));
        }
        if settings.to.iter().any(|to| address(to).is_none()) {
            return Err(wrong(
                "to",
                "holds something that is no address",
                "give each as name@domain",
            ));
        }
        let name = settings
            .from_name
            .as_deref()
            .map(|name| line(name, 100))
            .filter(|name| !name.is_empty());
        Ok(Self {
            from: Mailbox::new(name, from),
            settings,
        })
    }

    /// The addresses of the recipients.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.settings.to.clone()
    }

    /// Makes one attempt for all of `to`, in one conversation.
    pub(crate) fn send(
        &self,
        client: &Client,
        message: &Message,
        to: &[String],
        now: SystemTime,
    ) -> Vec<Delivery> {
        let judge = |found: &[(Address, Outcome)], otherwise: &Outcome| {
            to.iter()
                .map(|text| {
                    let own = address(text);
                    let outcome = match &own {
                        None => Outcome::Never("it is no address; give it as name@domain".into()),
                        Some(own) => found
                            .iter()
                            .find(|(address, _)| address == own)
                            .map_or(otherwise, |(_, outcome)| outcome)
                            .clone(),
                    };
                    Delivery::new(text, outcome)
                })
                .collect()
        };
        let mut good: Vec<Address> = Vec::new();
        for own in to.iter().filter_map(|text| address(text)) {
            if !good.contains(&own) {
                good.push(own);
            }
        }
        if good.is_empty() {
            return judge(&[], &Outcome::Delivered);
        }
        let settings = &self.settings;
        let prepared = client
            .addresses(&settings.host, settings.port, settings.tls != Tls::None)
            .map_err(|error| Outcome::from(&error))
            .and_then(|addresses| {
                Ok(Conversation {
                    addresses,
                    tls: tls_parameters(settings, client.roots_file())?,
                    mail: self.clone(),
                    message: message.clone(),
                    to: good,
                    now,
                })
            });
        let conversation = match prepared {
            Ok(conversation) => conversation,
            Err(outcome) => return judge(&[], &outcome),
        };
        let (send, receive) = mpsc::sync_channel(1);
        // The library bounds each read, not the whole: a server that drips is left behind with its thread.
        std::thread::spawn(move || conversation.hold(|outcomes| drop(send.send(outcomes))));
        match receive.recv_timeout(settings.timeout) {
            Ok(Ok(found)) => judge(
                &found,
                &Outcome::Later("the server said nothing of it".into()),
            ),
            Ok(Err(outcome)) => judge(&[], &outcome),
            Err(_) => judge(
                &[],
                &Outcome::Later(format!(
                    "the mail server {} took more than {} s; see whether it is well, or give it more time",
                    settings.host,
                    settings.timeout.as_secs_f32()
                )),
            ),
        }
    }

    /// The mail as it is sent. Everything in it is ASCII in short lines, if the addresses are.
    fn write(&self, message: &Message, to: &[Address], now: SystemTime) -> Result<Vec<u8>, String> {
        let domain = self.from.email.domain();
        // Encoded names of domains are the receiver's affair, but an id has to be ASCII.
        let domain = if domain.is_ascii() {
            domain
        } else {
            "stanchion.invalid"
        };
        let header = |name, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .subject(line(&message.subject, LONGEST_SUBJECT))
            .date(now)
            .message_id(Some(format!("<{}@{domain}>", message.token())))
            // Nobody's holiday answer comes back (RFC 3834, section 5).
            .raw_header(header("Auto-Submitted", "auto-generated"));
        let importance = match message.urgency {
            Urgency::Low => Some("low"),
            Urgency::Normal => None,
            Urgency::High => Some("high"),
        };
        if let Some(importance) = importance {
            builder = builder.raw_header(header("Importance", importance));
        }
        for address in to {
            builder = builder.to(Mailbox::new(None, address.clone()));
        }
        let text = lines(&message.text).trim_end_matches('\n').to_owned();
        let built = match &message.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, lines(html))),
            None => builder.singlepart(SinglePart::plain(text)),
        };
        let mut bytes = built.map_err(|error| error.to_string())?.formatted();
        // The end of the last line is sent with the dot that ends the mail.
        if bytes.ends_with(b"\r\n") {
            bytes.truncate(bytes.len() - 2);
        }
        Ok(bytes)
    }
}

/// Whom to trust, and the name to ask for.
fn tls_parameters(
    settings: &MailSettings,
    roots: Option<&Path>,
) -> Result<Option<TlsParameters>, Outcome> {
    if settings.tls == Tls::None {
        return Ok(None);
    }
    let host = settings.host.trim_start_matches('[').trim_end_matches(']');
    let builder = TlsParameters::builder(host.to_owned());
    let builder = match roots {
        None => builder.certificate_store(CertificateStore::WebpkiRoots),
        Some(path) => {
            let unreadable = |reason: String| {
                Outcome::Later(format!(
                    "the certificates to trust cannot be read: {}: {reason}; check SSL_CERT_FILE",
                    path.display()
                ))
            };
            let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
            let certificates =
                Certificate::from_pem(&pem).map_err(|error| unreadable(error.to_string()))?;
            builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificates)
        }
    };
    builder
        .build()
        .map(Some)
        .map_err(|error| Outcome::Later(format!("TLS cannot be set up: {error}")))
}

/// What the server said, harmless and short.
fn said(error: &lettre::transport::smtp::Error) -> String {
    line(&error.to_string(), 300)
}

/// Everything that one conversation needs; it goes to a thread of its own.
struct Conversation {
    addresses: Vec<SocketAddr>,
    tls: Option<TlsParameters>,
    mail: Mail,
    message: Message,
    to: Vec<Address>,
    now: SystemTime,
}

impl Conversation {
    /// Talks to the server, tells what came of it, and takes its leave.
    fn hold(self, tell: impl FnOnce(Result<Vec<(Address, Outcome)>, Outcome>)) {
        match self.connect() {
            Ok(mut connection) => {
                tell(self.hand_over(&mut connection));
                // Told first: a server that does not answer to this has the mail all the same.
                let _ = connection.quit();
            }
            Err(outcome) => tell(Err(outcome)),
        }
    }

    fn connect(&self) -> Result<SmtpConnection, Outcome> {
        let settings = &self.mail.settings;
        let failed = |error: lettre::transport::smtp::Error| {
            Outcome::Later(format!(
                "no conversation with the mail server {}: {}; check host, port and tls",
                settings.host,
                said(&error)
            ))
        };
        // The sender's domain: relays refuse those who greet with an address.
        let domain = self.mail.from.email.domain();
        let hello = if domain.is_ascii() && !domain.starts_with('[') {
            ClientId::Domain(domain.to_owned())
        } else {
            ClientId::default()
        };
        let first = self.tls.as_ref().filter(|_| settings.tls == Tls::Tls);
        let mut connection = SmtpConnection::connect(
            self.addresses.as_slice(),
            Some(settings.timeout),
            &hello,
            first,
            None,
        )
        .map_err(failed)?;
        if let Some(tls) = self.tls.as_ref().filter(|_| settings.tls == Tls::StartTls) {
            if !connection.can_starttls() {
                return Err(Outcome::Later(format!(
                    "the mail server {} offers no STARTTLS; set tls to `tls` and the port for it, or see who stands in between",
                    settings.host
                )));
            }
            connection.starttls(tls, &hello).map_err(failed)?;
        }
        if let Some((user, password)) = &settings.user {
            let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
            connection
                .auth(DEFAULT_MECHANISMS, &credentials)
                .map_err(|error| {
                    Outcome::Later(format!(
                        "the mail server {} does not let us in: {}; check user and password",
                        settings.host,
                        said(&error)
                    ))
                })?;
        }
        Ok(connection)
    }

    /// Hands the mail over for everybody whom the server takes.
    fn hand_over(
        &self,
        connection: &mut SmtpConnection,
    ) -> Result<Vec<(Address, Outcome)>, Outcome> {
        let judged = |error: &lettre::transport::smtp::Error, what: &str| {
            let text = format!("the mail server refuses {what}: {}", said(error));
            if error.is_permanent() {
                Outcome::Never(text)
            } else {
                Outcome::Later(text)
            }
        };
        // Addresses beyond ASCII need a server that takes them (RFC 6531).
        let wide = connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight);
        let fits = |address: &Address| wide || AsRef::<str>::as_ref(address).is_ascii();
        let narrow = || Outcome::Never("the mail server takes only addresses in ASCII".into());
        if !fits(&self.mail.from.email) {
            return Err(narrow());
        }
        let (fitting, rest): (Vec<_>, Vec<_>) = self.to.iter().cloned().partition(fits);
        let mut outcomes: Vec<_> = rest
            .into_iter()
            .map(|address| (address, narrow()))
            .collect();
        if fitting.is_empty() {
            return Ok(outcomes);
        }
        let mail = self
            .mail
            .write(&self.message, &fitting, self.now)
            .map_err(|reason| Outcome::Never(format!("the mail cannot be written: {reason}")))?;
        let mut parameters = Vec::new();
        if !fitting
            .iter()
            .chain([&self.mail.from.email])
            .all(|address| AsRef::<str>::as_ref(address).is_ascii())
        {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        connection
            .command(commands::Mail::new(
                Some(self.mail.from.email.clone()),
                parameters,
            ))
            .map_err(|error| judged(&error, "the sender"))?;
        let mut taken = Vec::new();
        for address in fitting {
            match connection.command(commands::Rcpt::new(address.clone(), Vec::new())) {
                Ok(_) => taken.push(address),
                Err(error) if error.status().is_some() => {
                    outcomes.push((address, judged(&error, "the recipient")));
                }
                // Nothing has been handed over yet: the next attempt is for all of them.
                Err(error) => return Err(judged(&error, "to go on")),
            }
        }
        if taken.is_empty() {
            return Ok(outcomes);
        }
        let end = connection
            .command(commands::Data)
            .and_then(|_| connection.message(&mail))
            .map_or_else(|error| judged(&error, "the mail"), |_| Outcome::Delivered);
        outcomes.extend(taken.into_iter().map(|address| (address, end.clone())));
        Ok(outcomes)
    }
}
