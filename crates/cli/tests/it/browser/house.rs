//! A portal of a test's own: the real program, with the small database of advisories, an administrator, and ways to fill it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::driver;
use super::page::Page;
use crate::portal::advisories;
use crate::serving::{Answer, Kept, PASSWORD, Portal, administrator, ask, document, push, token};

/// A form of the portal's own page, or a program of its own.
const OWN: &str = "sec-fetch-site: same-origin";
/// The cookie of a session.
const COOKIE: &str = "stanchion";
/// The administrator.
pub(crate) const ADMIN: &str = "ann";

/// Limits that do not get in a test's way.
const SETTINGS: &str = "
[people.tries_by_address]
per_minute = 60000
burst = 10000
[people.tries_by_name]
per_minute = 60000
burst = 10000
";

/// A portal that runs.
pub(crate) struct House {
    pub(crate) portal: Portal,
    url: String,
    /// The value of the session's cookie of each who has signed in.
    sessions: Mutex<HashMap<String, String>>,
    _folder: tempfile::TempDir,
}

impl House {
    /// A portal with [`ADMIN`]; `None` where there is no browser to look at it, which is said.
    pub(crate) fn new() -> Option<Self> {
        Self::start(true, "", "127.0.0.1:0", &[])
    }

    /// A portal that nobody has set up.
    pub(crate) fn empty() -> Option<Self> {
        Self::start(false, "", "127.0.0.1:0", &[])
    }

    /// A portal with more settings, at this address, with these variables in its environment.
    pub(crate) fn start(
        set_up: bool,
        settings: &str,
        listen: &str,
        variables: &[(&str, &str)],
    ) -> Option<Self> {
        if !driver::here() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("portal");
        advisories(&data);
        std::fs::write(data.join("portal.toml"), format!("{SETTINGS}{settings}")).unwrap();
        if set_up {
            administrator(&data);
        }
        let portal = Portal::start_with(
            &data,
            &folder.path().join("log"),
            &["--listen", listen],
            variables,
        );
        Some(Self {
            url: format!("http://{}", portal.address),
            portal,
            sessions: Mutex::default(),
            _folder: folder,
        })
    }

    /// The demonstration: a portal full of made-up data, in which nobody changes anything.
    pub(crate) fn demonstration() -> Option<Self> {
        if !driver::here() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let portal = Portal::start_with(
            folder.path(),
            &folder.path().join("log"),
            &["--demo", "--listen", "127.0.0.1:0"],
            &[],
        );
        Some(Self {
            url: format!("http://{}", portal.address),
            portal,
            sessions: Mutex::default(),
            _folder: folder,
        })
    }

    /// In the demonstration: a window of a visitor who looks with the eyes of a role.
    pub(crate) fn look_as(&self, role: &str) -> Page {
        let page = self.page();
        page.go("/sign-in");
        page.at(&format!("form:has(input[name=role][value={role}]) button"))
            .click();
        page.until_path("/");
        if let Some(cookie) = page.cookie(COOKIE) {
            let value = cookie["value"].as_str().unwrap_or_default();
            self.sessions
                .lock()
                .unwrap()
                .insert(role.to_owned(), value.to_owned());
        }
        page
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The code for the set-up, from the log.
    pub(crate) fn code(&self) -> String {
        let log = self.portal.logged();
        let (_, code) = log.split_once("with the code ").unwrap();
        code.split_whitespace().next().unwrap().to_owned()
    }

    /// A window that is signed in to nothing.
    pub(crate) fn page(&self) -> Page {
        Page::new(&self.url)
    }

    /// A window of somebody who is signed in.
    pub(crate) fn page_of(&self, name: &str) -> Page {
        let page = self.page();
        self.sign_in(&page, name);
        page
    }

    /// Makes a window one of somebody who is signed in, without the way through the page.
    pub(crate) fn sign_in(&self, page: &Page, name: &str) {
        page.set_cookie(COOKIE, &self.session(name));
    }

    /// The value of the cookie of somebody's session.
    pub(crate) fn session(&self, name: &str) -> String {
        let mut sessions = self.sessions.lock().unwrap();
        if let Some(value) = sessions.get(name) {
            return value.clone();
        }
        let form = json!({"name": name, "password": PASSWORD});
        let answer = self.send("POST", "/api/v1/session", &[], &form);
        assert_eq!(answer.status, 204, "{answer:?}");
        let value = cookie_of(&answer);
        sessions.insert(name.to_owned(), value.clone());
        value
    }

    /// A page or a file, by somebody, as a browser asks for it.
    pub(crate) fn get(&self, who: &str, path: &str) -> Answer {
        let cookie = format!("cookie: {COOKIE}={}", self.session(who));
        ask(
            self.portal.address,
            "GET",
            path,
            &["accept: text/html", &cookie],
            b"",
        )
        .unwrap()
    }

    /// A form as a browser sends it, by somebody, with these further header lines.
    pub(crate) fn form(
        &self,
        who: &str,
        path: &str,
        lines: &[&str],
        fields: &[(String, String)],
    ) -> Answer {
        let cookie = format!("cookie: {COOKIE}={}", self.session(who));
        let mut all = vec![
            "accept: text/html",
            "content-type: application/x-www-form-urlencoded",
            &cookie,
        ];
        all.extend(lines);
        let mut body = String::new();
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(&encoded(name));
            body.push('=');
            body.push_str(&encoded(value));
        }
        ask(self.portal.address, "POST", path, &all, body.as_bytes()).unwrap()
    }

    fn send(&self, method: &str, path: &str, lines: &[&str], body: &Value) -> Answer {
        let mut all = vec![OWN, "content-type: application/json"];
        all.extend(lines);
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        ask(self.portal.address, method, path, &all, text.as_bytes()).unwrap()
    }

    /// A request to the API by somebody; `Null` sends no body.
    pub(crate) fn ask(&self, who: &str, method: &str, path: &str, body: &Value) -> Answer {
        let cookie = format!("cookie: {COOKIE}={}", self.session(who));
        self.send(method, path, &[&cookie], body)
    }

    /// A request with a text that is no JSON.
    pub(crate) fn ask_text(
        &self,
        who: &str,
        method: &str,
        path: &str,
        lines: &[&str],
        text: &str,
    ) -> Answer {
        let cookie = format!("cookie: {COOKIE}={}", self.session(who));
        let mut all = vec![OWN, &cookie];
        all.extend(lines);
        ask(self.portal.address, method, path, &all, text.as_bytes()).unwrap()
    }

    /// As [`House::ask`] by the administrator; what came, which must be what was asked for.
    pub(crate) fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(ADMIN, method, path, body);
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.json()
    }

    /// A token of the administrator, as a header line.
    pub(crate) fn token(&self) -> String {
        token(self.portal.address)
    }

    /// Pushes an inventory with `lodash` and `minimist`, which have findings, and so many components without.
    pub(crate) fn push(&self, product: &str, version: &str, others: usize) -> Kept {
        let inventory = document(product, others);
        push(
            self.portal.address,
            &self.token(),
            product,
            version,
            &inventory,
        )
        .unwrap()
    }

    /// Invites somebody with a role everywhere: the link.
    pub(crate) fn invite(&self, name: &str, display: &str, role: &str) -> String {
        let form = json!({"name": name, "display": display, "role": {"role": role}});
        let made = self.api("POST", "/api/v1/invitations", &form);
        made["link"].as_str().unwrap().to_owned()
    }

    /// Somebody with a role everywhere and [`PASSWORD`], who is signed in.
    pub(crate) fn person(&self, name: &str, display: &str, role: &str) {
        let link = self.invite(name, display, role);
        let form = json!({"code": link.split_once('#').unwrap().1, "password": PASSWORD, "display": display});
        let answer = self.send("POST", "/api/v1/invitations/redeem", &[], &form);
        assert!(answer.status < 300, "{answer:?}");
        let value = cookie_of(&answer);
        self.sessions.lock().unwrap().insert(name.to_owned(), value);
    }

    /// Somebody for each role, who is called as it is.
    pub(crate) fn everybody(&self) -> Vec<&'static str> {
        let roles = [
            "viewer",
            "auditor",
            "triager",
            "maintainer",
            "approver",
            "admin",
        ];
        for role in roles {
            self.person(role, role, role);
        }
        roles.to_vec()
    }
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    cookie.split_once('=').unwrap().1.to_owned()
}

/// A text for a form or an address.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
