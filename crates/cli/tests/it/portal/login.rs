//! Logging in and out.

use std::io::Write;
use std::process::Stdio;

use super::{Fake, TOKEN, told};

#[test]
fn a_token_is_checked_kept_and_never_shown() {
    let fake = Fake::new();
    let url = fake.server.url();
    let mut child = fake
        .command(&["login", &url, "--token-stdin", "--product", "shop"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{TOKEN}").unwrap();
    drop(stdin);
    let (code, _, stderr) = told(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stderr.contains("builder") && !stderr.contains('\u{1b}'),
        "{stderr}"
    );
    let file = fake.shop.bench.file("config/stanchion/portals.toml");
    assert!(std::fs::read_to_string(&file).unwrap().contains(TOKEN));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (code, stdout, _) = fake.told(&["login", "--status"]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains(&url) && stdout.contains("product shop"),
        "{stdout}"
    );
    let (code, _, stderr) = fake.told(&["logout"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!std::fs::read_to_string(&file).unwrap().contains(TOKEN));
    let (_, stdout, _) = fake.told(&["login", "--status"]);
    assert!(stdout.contains("not logged in"), "{stdout}");
}

#[test]
fn what_cannot_be_a_login_is_refused() {
    let fake = Fake::new();
    let wrong = fake.shop.bench.file("wrong");
    std::fs::write(&wrong, "stn_wrong").unwrap();
    let wrong = wrong.display().to_string();
    let url = fake.server.url();
    let (code, _, stderr) = fake.told(&["login", &url, "--token-file", &wrong]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("does not take the token") && stderr.contains("hint:"));
    assert!(!stderr.contains("stn_wrong"), "{stderr}");
    assert!(
        !fake
            .shop
            .bench
            .file("config/stanchion/portals.toml")
            .exists()
    );
    // Without TLS only this machine is asked.
    let (code, _, stderr) = fake.told(&["login", "http://10.1.2.3", "--token-file", &wrong]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("refused to go"), "{stderr}");
    // Nobody to ask, and no terminal.
    let mut command = fake.command(&["login", &url]);
    let (code, _, stderr) = told(&command.stdin(Stdio::null()).output().unwrap());
    assert_eq!(code, 2);
    assert!(stderr.contains("--token-stdin"), "{stderr}");
}

#[test]
fn a_redirect_does_not_get_the_token() {
    let other = super::Server::start(|_| super::Reply::status(200));
    let to = other.url();
    let lying = super::Server::start(move |_| super::Reply::status(302).with("location", &to));
    let fake = Fake::new();
    let file = fake.shop.bench.file("token");
    std::fs::write(&file, TOKEN).unwrap();
    let file = file.display().to_string();
    let (code, _, stderr) = fake.told(&["login", &lying.url(), "--token-file", &file]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("redirect"), "{stderr}");
    assert!(other.asked().is_empty());
}

#[test]
fn the_environment_wins_and_has_to_be_whole() {
    let fake = Fake::new();
    fake.login(&[]);
    let run = |variables: &[(&str, &str)]| {
        told(
            &fake
                .command(&["login", "--status"])
                .envs(variables.iter().copied())
                .output()
                .unwrap(),
        )
    };
    let (code, _, stderr) = run(&[("STANCHION_TOKEN", TOKEN)]);
    assert_eq!(code, 2);
    assert!(stderr.contains("STANCHION_PORTAL is not"), "{stderr}");
    let (code, _, stderr) = run(&[("STANCHION_PORTAL", "https://other.example")]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no token for it"), "{stderr}");
    let url = fake.server.url();
    let (code, stdout, stderr) = run(&[("STANCHION_PORTAL", &url), ("STANCHION_TOKEN", TOKEN)]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("(STANCHION_PORTAL)"), "{stdout}");
}
