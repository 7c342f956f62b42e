//! Mail against a server on a real socket.

use std::time::{Duration, Instant};

use stanchion_net::{Client, Options};
use stanchion_notify::{
    Channel, Delivery, Mail, MailSettings, Message, Outcome, Secret, Tls, Urgency,
};

use crate::smtp::{CERTIFICATE, Heard, Manner, Smtp};
use crate::{message, now, options};

fn settings(server: &Smtp) -> MailSettings {
    MailSettings {
        host: "127.0.0.1".into(),
        port: server.address.port(),
        tls: Tls::None,
        user: None,
        from: "stanchion@corp.example".into(),
        from_name: Some("Stanchion".into()),
        to: vec!["ann@corp.example".into()],
        timeout: Duration::from_secs(10),
    }
}

fn attempt(settings: MailSettings, options: Options, message: &Message) -> Vec<Delivery> {
    let channel = Channel::Mail(Mail::new(settings).unwrap());
    channel.send(&Client::new(options), message, &channel.recipients(), now())
}

/// One attempt at a server on the loopback; the outcomes in the order of the recipients.
fn outcomes(settings: MailSettings, message: &Message) -> Vec<Outcome> {
    attempt(settings, options("127.0.0.1"), message)
        .into_iter()
        .map(|delivery| delivery.outcome)
        .collect()
}

fn told(server: &Smtp, message: &Message) -> (Heard, String) {
    assert_eq!(outcomes(settings(server), message), [Outcome::Delivered]);
    let heard = server.heard().pop().unwrap();
    let mail = heard.mail.clone().unwrap();
    // Every line is short, ends as it should and is ASCII.
    assert!(mail.is_ascii());
    for line in mail.strip_suffix("\r\n").unwrap().split("\r\n") {
        assert!(
            line.len() <= 998 && !line.contains(['\r', '\n']),
            "{line:?}"
        );
    }
    (heard, mail)
}

/// The value of a header, unfolded.
fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let mut values = head
        .split("\r\n")
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let value = values.next().map(str::to_owned);
    assert!(values.next().is_none(), "{name} twice: {head}");
    value
}

/// The body behind a quoted-printable or base64 text, or as it is.
fn decoded(mail: &str) -> String {
    use base64::Engine;
    let body = mail.split_once("\r\n\r\n").unwrap().1;
    match header(mail, "Content-Transfer-Encoding").as_deref() {
        Some("base64") => {
            let body: String = body.split_whitespace().collect();
            String::from_utf8(
                base64::engine::general_purpose::STANDARD
                    .decode(body)
                    .unwrap(),
            )
            .unwrap()
        }
        Some("quoted-printable") => {
            let body = body.replace("=\r\n", "");
            let mut out = Vec::new();
            let mut bytes = body.bytes();
            while let Some(byte) = bytes.next() {
                if byte == b'=' {
                    let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                    out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                } else {
                    out.push(byte);
                }
            }
            String::from_utf8(out).unwrap()
        }
        _ => body.to_owned(),
    }
}

#[test]
fn a_plain_mail_arrives() {
    let server = Smtp::start(Manner::default());
    let (heard, mail) = told(&server, &message());
    assert_eq!(
        heard.commands[..4],
        [
            "EHLO corp.example",
            "MAIL FROM:<stanchion@corp.example>",
            "RCPT TO:<ann@corp.example>",
            "DATA"
        ]
    );
    for (name, value) in [
        ("From", "Stanchion <stanchion@corp.example>"),
        ("To", "ann@corp.example"),
        ("Subject", "Three findings are due"),
        ("Message-ID", "<evt_1@corp.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("Date", "Fri, 15 Jan 2027 08:00:00 +0000"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(header(&mail, name).as_deref(), Some(value), "{mail}");
    }
    assert_eq!(header(&mail, "Importance"), None);
    assert!(mail.ends_with("\r\n\r\nSee the list.\r\n"), "{mail:?}");
}

#[test]
fn long_lines_dots_and_other_scripts_arrive_whole() {
    let server = Smtp::start(Manner::default());
    let long = format!("{}\n.\n..\n.x\n", "word ".repeat(1000));
    for text in [
        "Größe: 5 µm – 漢字 🦀\n",
        long.as_str(),
        ".\n",
        "a\r\nb\rc\n\0d",
        &"ü".repeat(3000),
    ] {
        let (_, mail) = told(
            &server,
            &Message {
                text: text.into(),
                ..message()
            },
        );
        let want = text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\0', "");
        let got = decoded(&mail).replace("\r\n", "\n");
        assert_eq!(got.trim_end_matches('\n'), want.trim_end_matches('\n'));
    }
    let both = Message {
        html: Some("<p>Größe</p>".into()),
        urgency: Urgency::High,
        subject: "Überfällig: 漢字 ".repeat(30),
        ..message()
    };
    let (_, mail) = told(&server, &both);
    let kind = header(&mail, "Content-Type").unwrap();
    assert!(
        kind.starts_with("multipart/alternative; boundary="),
        "{kind}"
    );
    assert!(
        mail.contains("Content-Type: text/plain; charset=utf-8")
            && mail.contains("Content-Type: text/html; charset=utf-8")
    );
    assert_eq!(header(&mail, "Importance").as_deref(), Some("high"));
    assert!(header(&mail, "Subject").unwrap().starts_with("=?utf-8?b?"));
}

#[test]
fn nothing_can_be_smuggled_in() {
    let server = Smtp::start(Manner::default());
    let evil = Message {
        id: "1@x>\r\nBcc: eve@evil.example".into(),
        subject: "due\r\nBcc: eve@evil.example\r\n\r\nbody\n.\r\nMAIL FROM:<eve@evil.example>"
            .into(),
        text: "x\r\n.\r\nRCPT TO:<eve@evil.example>\r\n.\nDATA\n".into(),
        ..message()
    };
    let (heard, mail) = told(&server, &evil);
    assert_eq!(
        heard.commands.len() - usize::from(heard.commands.contains(&"QUIT".into())),
        4,
        "{heard:?}"
    );
    assert_eq!(header(&mail, "Bcc"), None);
    assert!(header(&mail, "Subject").unwrap().contains("due Bcc: eve"));
    assert!(header(&mail, "Message-ID").unwrap().starts_with("<msg_"));
    assert!(
        mail.contains("\r\n.\r\nRCPT TO:<eve@evil.example>\r\n.\r\nDATA"),
        "{mail:?}"
    );
    for odd in [
        "ann@corp.example\r\nRCPT TO:<eve@evil.example>",
        "ann@corp.example>, <eve@evil.example",
        "ann@corp.example,eve@evil.example",
        "Ann <ann@corp.example>",
        "ann",
        "@corp.example",
        "a\0@corp.example",
        "\"a\r\nb\"@corp.example",
        "",
        &format!("{}@corp.example", "a".repeat(300)),
    ] {
        let with = |change: fn(&mut MailSettings, String)| {
            let mut settings = settings(&server);
            change(&mut settings, odd.to_owned());
            Mail::new(settings).unwrap_err()
        };
        assert_eq!(
            with(|settings, odd| settings.to.push(odd)).what,
            "to",
            "{odd:?}"
        );
        assert_eq!(
            with(|settings, odd| settings.from = odd).what,
            "from",
            "{odd:?}"
        );
        // Also when it comes past the settings.
        let channel = Channel::Mail(Mail::new(settings(&server)).unwrap());
        let before = server.heard().len();
        let done = channel.send(
            &Client::new(options("127.0.0.1")),
            &message(),
            &[odd.to_owned()],
            now(),
        );
        assert!(matches!(done[0].outcome, Outcome::Never(_)), "{done:?}");
        assert_eq!(server.heard().len(), before);
    }
    let named = MailSettings {
        from_name: Some("Eve\r\nBcc: <eve@evil.example>, \"x".into()),
        ..settings(&server)
    };
    assert_eq!(outcomes(named, &message()), [Outcome::Delivered]);
    let mail = server.heard().pop().unwrap().mail.unwrap();
    assert_eq!(header(&mail, "Bcc"), None);
    assert!(
        header(&mail, "From")
            .unwrap()
            .ends_with(" <stanchion@corp.example>"),
        "{mail}"
    );
}

#[test]
fn each_recipient_has_an_outcome() {
    let server = Smtp::start(Manner {
        answers: vec![
            ("RCPT TO:<gone@", "550 5.1.1 no such user"),
            ("RCPT TO:<full@", "452 4.2.2 mailbox full"),
        ],
        ..Manner::default()
    });
    let to = |names: &[&str]| MailSettings {
        to: names
            .iter()
            .map(|name| format!("{name}@corp.example"))
            .collect(),
        ..settings(&server)
    };
    let done = outcomes(to(&["gone", "ann", "full", "bob"]), &message());
    assert!(
        matches!(&done[..], [Outcome::Never(gone), Outcome::Delivered, Outcome::Later(full), Outcome::Delivered]
            if gone.contains("no such user") && full.contains("mailbox full")),
        "{done:?}"
    );
    assert!(server.heard().pop().unwrap().mail.is_some());
    // Nobody left: no mail is handed over.
    let done = outcomes(to(&["gone", "full"]), &message());
    assert!(
        matches!(done[..], [Outcome::Never(_), Outcome::Later(_)]),
        "{done:?}"
    );
    assert!(server.heard().pop().unwrap().mail.is_none());
    // An address beyond ASCII, at a server that does not take it, does not stop the others.
    let wide = MailSettings {
        to: vec!["grün@corp.example".into(), "ann@corp.example".into()],
        ..settings(&server)
    };
    let done = outcomes(wide, &message());
    assert!(
        matches!(done[..], [Outcome::Never(_), Outcome::Delivered]),
        "{done:?}"
    );
}

#[test]
fn refusals_are_told_apart() {
    for (answers, never) in [
        (("MAIL", "550 not you"), true),
        (("MAIL", "451 busy"), false),
        (("DATA", "554 no"), true),
        (("DATA", "421 closing"), false),
        ((".", "552 too large"), true),
        ((".", "451 try later"), false),
        (("EHLO", "500 what"), false),
        (("greeting", "554 go away"), false),
        (("greeting", "nonsense \u{7}"), false),
    ] {
        let server = Smtp::start(Manner {
            answers: vec![answers],
            ..Manner::default()
        });
        let done = outcomes(settings(&server), &message());
        match &done[0] {
            Outcome::Never(reason) => assert!(
                never && !reason.contains(char::is_control),
                "{answers:?} {done:?}"
            ),
            Outcome::Later(reason) => assert!(
                !never && !reason.contains(char::is_control),
                "{answers:?} {done:?}"
            ),
            Outcome::Delivered => panic!("{answers:?}"),
        }
    }
    // A wrong password is the operator's to mend; what was to be told waits.
    let server = Smtp::start(Manner {
        offers: vec!["AUTH PLAIN LOGIN"],
        answers: vec![("AUTH", "535 5.7.8 wrong")],
        ..Manner::default()
    });
    let with = MailSettings {
        user: Some(("stanchion".into(), Secret::new("pa55word"))),
        ..settings(&server)
    };
    assert!(!format!("{with:?}").contains("pa55word"));
    let done = outcomes(with, &message());
    let Outcome::Later(reason) = &done[0] else {
        panic!("{done:?}")
    };
    assert!(
        reason.contains("password") && !reason.contains("pa55word"),
        "{reason}"
    );
    assert!(server.heard()[0].commands[1].starts_with("AUTH PLAIN "));
}

#[test]
fn a_server_that_hangs_does_not_hold_us() {
    for command in ["greeting", "MAIL", "DATA"] {
        let answer = if command == "greeting" { "220-and" } else { "" };
        let server = Smtp::start(Manner {
            answers: vec![(command, answer)],
            ..Manner::default()
        });
        let quick = MailSettings {
            timeout: Duration::from_millis(300),
            ..settings(&server)
        };
        let start = Instant::now();
        let done = outcomes(quick, &message());
        assert!(matches!(done[..], [Outcome::Later(_)]), "{done:?}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
    // One that has the mail and does not say goodbye has the mail.
    let server = Smtp::start(Manner {
        answers: vec![("QUIT", "")],
        ..Manner::default()
    });
    let quick = MailSettings {
        timeout: Duration::from_secs(2),
        ..settings(&server)
    };
    assert_eq!(outcomes(quick, &message()), [Outcome::Delivered]);
}

#[test]
fn tls_is_kept_to() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, CERTIFICATE).unwrap();
    let trusting = || Options {
        roots: Some(folder.path().join("roots.pem")),
        ..options("localhost")
    };
    let wrapped = || {
        Smtp::start(Manner {
            wrapped: true,
            offers: vec!["AUTH PLAIN"],
            ..Manner::default()
        })
    };
    let offering = || {
        Smtp::start(Manner {
            offers: vec!["STARTTLS", "AUTH PLAIN"],
            ..Manner::default()
        })
    };
    let by_name = |server: &Smtp, tls| MailSettings {
        host: "localhost".into(),
        tls,
        user: Some(("u".into(), Secret::new("p"))),
        ..settings(server)
    };
    for (server, tls) in [(wrapped(), Tls::Tls), (offering(), Tls::StartTls)] {
        let done = attempt(by_name(&server, tls), trusting(), &message());
        assert_eq!(done[0].outcome, Outcome::Delivered, "{tls:?}");
        let heard = server.heard().pop().unwrap();
        assert!(heard.tls && heard.mail.is_some());
        assert!(
            heard
                .commands
                .iter()
                .any(|command| command.starts_with("AUTH PLAIN "))
        );
        // Others' roots, or a name that the certificate does not bear: no mail, and no password.
        let strange = attempt(by_name(&server, tls), options("localhost"), &message());
        let named = MailSettings {
            host: "127.0.0.1".into(),
            ..by_name(&server, tls)
        };
        let other = Options {
            allow_private: vec!["127.0.0.1".into()],
            ..trusting()
        };
        let misnamed = attempt(named, other, &message());
        for done in [strange, misnamed] {
            assert!(matches!(done[0].outcome, Outcome::Later(_)), "{done:?}");
            let heard = server.heard().pop().unwrap();
            assert!(heard.mail.is_none());
            assert!(
                !heard
                    .commands
                    .iter()
                    .any(|command| command.starts_with("AUTH"))
            );
        }
    }
    // Somebody in between takes the offer out.
    let stripped = Smtp::start(Manner {
        offers: vec!["AUTH PLAIN"],
        ..Manner::default()
    });
    let done = attempt(by_name(&stripped, Tls::StartTls), trusting(), &message());
    assert!(
        matches!(&done[0].outcome, Outcome::Later(reason) if reason.contains("STARTTLS")),
        "{done:?}"
    );
    let heard = stripped.heard().pop().unwrap();
    assert!(
        heard.mail.is_none()
            && !heard
                .commands
                .iter()
                .any(|command| command.starts_with("AUTH"))
    );
}

#[test]
fn the_guard_and_the_switch_hold() {
    let server = Smtp::start(Manner::default());
    for (host, tls) in [
        ("127.0.0.1", Tls::None),
        ("127.0.0.1", Tls::Tls),
        ("localhost", Tls::StartTls),
        ("10.0.0.1", Tls::Tls),
        ("169.254.169.254", Tls::Tls),
        ("mail.example", Tls::None),
        ("a\r\nb", Tls::Tls),
    ] {
        let other = MailSettings {
            host: host.into(),
            tls,
            ..settings(&server)
        };
        let done = attempt(other, options("other.example"), &message());
        assert!(
            matches!(done[0].outcome, Outcome::Never(_)),
            "{host}: {done:?}"
        );
    }
    let offline = Options {
        offline: true,
        ..options("127.0.0.1")
    };
    let done = attempt(settings(&server), offline, &message());
    assert!(
        matches!(&done[0].outcome, Outcome::Later(reason) if reason.contains("offline")),
        "{done:?}"
    );
    assert!(server.heard().is_empty());
}

#[test]
fn nobody_there_is_for_later() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Smtp::start(Manner::default());
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let done = outcomes(
        MailSettings {
            port,
            ..settings(&server)
        },
        &message(),
    );
    assert!(matches!(done[..], [Outcome::Later(_)]), "{done:?}");
}

#[test]
fn wrong_settings_are_told() {
    let server = Smtp::start(Manner::default());
    let what = |settings| {
        let error = Mail::new(settings).unwrap_err();
        assert!(!error.hint().is_empty());
        error.what
    };
    assert_eq!(
        what(MailSettings {
            host: String::new(),
            ..settings(&server)
        }),
        "host"
    );
    assert_eq!(
        what(MailSettings {
            port: 0,
            ..settings(&server)
        }),
        "port"
    );
    assert_eq!(
        what(MailSettings {
            to: Vec::new(),
            ..settings(&server)
        }),
        "to"
    );
    assert_eq!(
        what(MailSettings {
            timeout: Duration::ZERO,
            ..settings(&server)
        }),
        "timeout"
    );
}
