//! Sign-in with somebody else, against an issuer that does what the test tells it, honest or not.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use stanchion_server::people::{self, oidc};
use stanchion_store::people as store;
use stanchion_store::testing::sqlite;

use super::{House, PASSWORD, cookies, document, hash, patient};
use crate::http::{Answer, settings};

const CLIENT: &str = "stanchion";
const SECRET: &str = "the portal's secret at the issuer";

/// What a code is worth.
struct Grant {
    challenge: String,
    token: String,
}

struct Issuer {
    url: String,
    key: EcdsaKeyPair,
    codes: Arc<Mutex<HashMap<String, Grant>>>,
    /// Whether it looks at the verifier at all.
    careless: Arc<Mutex<bool>>,
    user: Arc<Mutex<Value>>,
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = new_key();
        let point = key.public_key().as_ref();
        let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1",
            "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])}]});
        let description = json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
            "userinfo_endpoint": format!("{url}/user"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]});
        let codes: Arc<Mutex<HashMap<String, Grant>>> = Arc::default();
        let careless: Arc<Mutex<bool>> = Arc::default();
        let user = Arc::new(Mutex::new(json!({"sub": "7"})));
        let (own, loose, who) = (codes.clone(), careless.clone(), user.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                answer(
                    stream,
                    &description,
                    &keys,
                    &own,
                    *loose.lock().unwrap(),
                    &who.lock().unwrap(),
                );
            }
        });
        Self {
            url,
            key,
            codes,
            careless,
            user,
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        sign(&self.key, header, claims)
    }

    fn give(&self, code: &str, challenge: &str, token: String) {
        let grant = Grant {
            challenge: challenge.to_owned(),
            token,
        };
        self.codes.lock().unwrap().insert(code.to_owned(), grant);
    }

    fn claims(&self, house: &House, nonce: &str, groups: &[&str]) -> Value {
        json!({"iss": self.url, "sub": "7", "aud": CLIENT, "nonce": nonce, "iat": house.now(),
            "exp": house.now() + 300, "preferred_username": "Bob@Example.org", "name": "Bob", "groups": groups})
    }
}

fn sign(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let text = format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims.to_string())
    );
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64.encode(signature.as_ref()))
}

fn answer(
    mut stream: TcpStream,
    description: &Value,
    keys: &Value,
    codes: &Mutex<HashMap<String, Grant>>,
    careless: bool,
    user: &Value,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let pairs = pairs(&String::from_utf8(body).unwrap());
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/.well-known/openid-configuration" => (200, description.clone()),
        "/keys" => (200, keys.clone()),
        "/user" => (200, user.clone()),
        "/token" => {
            let code = pairs.get("code").map(String::as_str).unwrap_or_default();
            let verifier = pairs.get("code_verifier").cloned().unwrap_or_default();
            match codes.lock().unwrap().remove(code) {
                Some(grant) if careless || BASE64.encode(hash(&verifier)) == grant.challenge => (
                    200,
                    json!({"access_token": "a", "token_type": "Bearer", "id_token": grant.token}),
                ),
                _ => (400, json!({"error": "invalid_grant"})),
            }
        }
        _ => (404, json!({})),
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may be gone.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

/// The pairs of a form or a query.
pub(crate) fn pairs(text: &str) -> HashMap<String, String> {
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    bytes.push(u8::from_str_radix(digits, 16).unwrap());
                }
                b'+' => bytes.push(b' '),
                byte => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// The settings of a portal that trusts this issuer.
pub(crate) fn trusting(url: &str) -> people::Settings {
    let settings: oidc::Settings = serde_json::from_value(json!({
        "issuer": url, "client_id": CLIENT, "client_secret": SECRET, "label": "Example",
        "role": [
            {"group": "staff", "role": "viewer"},
            {"group": "pci", "role": "triager", "tag": "pci"},
            {"group": "gone", "role": "admin", "product": "not there"},
        ]
    }))
    .unwrap();
    people::Settings {
        oidc: Some(settings),
        ..patient()
    }
}

fn house(issuer: &Issuer) -> House {
    let fresh = sqlite();
    let store = fresh.store.clone();
    let host = issuer.url.strip_prefix("http://").unwrap().to_owned();
    let house = House::over(
        store,
        Some(fresh),
        settings(),
        trusting(&issuer.url),
        vec![host],
    );
    house.admin();
    house
}

/// A browser that has begun.
struct Begun {
    cookie: String,
    state: String,
    nonce: String,
    challenge: String,
}

fn begin(house: &House) -> Begun {
    let answer = house.get("/sign-in/with?back_to=/api/", &[]);
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.header("location").unwrap();
    let query = pairs(location.split_once('?').unwrap().1);
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["redirect_uri"], "http://portal/sign-in/back");
    assert!(!location.contains(SECRET));
    Begun {
        cookie: cookies(&answer),
        state: query["state"].clone(),
        nonce: query["nonce"].clone(),
        challenge: query["code_challenge"].clone(),
    }
}

fn back(house: &House, begun: &Begun, code: &str) -> Answer {
    let path = format!("/sign-in/back?state={}&code={code}", begun.state);
    // The issuer's page sends the browser here.
    let lines = ["sec-fetch-site: cross-site", &begun.cookie];
    house.server.ask("GET", &path, &lines, b"")
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k1", "typ": "JWT"})
}

/// Goes the whole way with these groups.
fn sign_in(house: &House, issuer: &Issuer, groups: &[&str]) -> Answer {
    let begun = begin(house);
    let token = issuer.sign(&header(), &issuer.claims(house, &begun.nonce, groups));
    issuer.give("code", &begun.challenge, token);
    back(house, &begun, "code")
}

#[test]
fn groups_become_roles_at_each_sign_in() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    assert!(
        house
            .get("/sign-in", &[])
            .text()
            .contains("Sign in with Example")
    );
    let refused = sign_in(&house, &issuer, &["visitors", "gone"]);
    assert_eq!(refused.status, 403);
    assert!(
        refused.problem()["hint"]
            .as_str()
            .unwrap()
            .contains("people.oidc.role")
    );
    assert!(
        house
            .write(|tx| store::by_name(tx, "bob@example.org"))
            .is_none()
    );

    let answer = sign_in(&house, &issuer, &["staff", "pci"]);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/api/")),
        "{answer:?}"
    );
    let cookie = cookies(&answer);
    let me = document(&house.get("/api/v1/me", &[&cookie]));
    assert_eq!(me["name"], "bob@example.org");
    assert_eq!(me["roles"].as_array().unwrap().len(), 2);
    assert_eq!(
        house.sign_in("bob@example.org", PASSWORD).status,
        401,
        "it has no password"
    );

    // A role that somebody gave here stays; those of the groups are replaced, and sessions end with them.
    let bob = house
        .write(|tx| store::by_name(tx, "bob@example.org"))
        .unwrap();
    house.write(|tx| store::bind(tx, bob.id, &super::everywhere("approver")));
    let again = sign_in(&house, &issuer, &["pci"]);
    assert_eq!(again.status, 303);
    assert_eq!(house.get("/api/v1/me", &[&cookie]).status, 401);
    let roles: Vec<(String, String)> = house
        .write(|tx| store::bindings(tx, bob.id))
        .into_iter()
        .map(|binding| (binding.role, binding.source))
        .collect();
    let expected = [("approver", "local"), ("triager", "oidc")];
    assert_eq!(
        roles,
        expected.map(|(role, source)| (role.to_owned(), source.to_owned()))
    );
    house.write(|tx| store::unbind(tx, bob.id, "approver", "organisation", ""));
    assert_eq!(sign_in(&house, &issuer, &[]).status, 403);
    assert!(
        house.write(|tx| store::bindings(tx, bob.id)).is_empty(),
        "and they are gone"
    );
    assert!(house.log().contains(&"role.oidc".to_owned()));
}

#[test]
fn groups_may_come_from_the_user_endpoint_of_the_same_subject_only() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    let try_with = |user: Value| {
        *issuer.user.lock().unwrap() = user;
        let begun = begin(&house);
        let mut claims = issuer.claims(&house, &begun.nonce, &[]);
        claims.as_object_mut().unwrap().remove("groups");
        issuer.give("code", &begun.challenge, issuer.sign(&header(), &claims));
        back(&house, &begun, "code").status
    };
    assert_eq!(
        try_with(json!({"sub": "8", "groups": ["staff"]})),
        403,
        "somebody else's"
    );
    assert_eq!(try_with(json!({"sub": "7", "groups": ["staff"]})), 303);
}

#[test]
fn an_account_is_never_taken_by_its_name() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    house.person("bob@example.org", &["admin"]);
    let answer = sign_in(&house, &issuer, &["staff"]);
    assert_eq!(answer.status, 409);
    assert!(answer.header("set-cookie").is_none());
}

#[test]
fn a_closed_account_stays_closed() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    assert_eq!(sign_in(&house, &issuer, &["staff"]).status, 303);
    house.write(|tx| {
        let mut bob = store::by_name(tx, "bob@example.org")?.unwrap();
        bob.disabled = true;
        store::update(tx, &bob)
    });
    assert_eq!(sign_in(&house, &issuer, &["staff"]).status, 403);
}

#[test]
fn a_token_that_does_not_hold_is_not_believed() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    let stranger = new_key();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = json!({});
        change(&mut changed);
        changed
    };
    let cases: Vec<(&str, Value)> = vec![
        (
            "another nonce",
            with(&|claims| claims["nonce"] = json!("x")),
        ),
        ("no nonce", with(&|claims| claims["nonce"] = Value::Null)),
        (
            "another issuer",
            with(&|claims| claims["iss"] = json!("https://evil.example")),
        ),
        (
            "another audience",
            with(&|claims| claims["aud"] = json!("somebody")),
        ),
        (
            "more than one audience",
            with(&|claims| claims["aud"] = json!([CLIENT, "somebody"])),
        ),
        (
            "expired",
            with(&|claims| claims["exp"] = json!(house.now() - 1)),
        ),
        ("no expiry", with(&|claims| claims["exp"] = Value::Null)),
        ("no subject", with(&|claims| claims["sub"] = Value::Null)),
    ];
    for (name, changed) in cases {
        let begun = begin(&house);
        let mut claims = issuer.claims(&house, &begun.nonce, &["staff"]);
        for (key, value) in changed.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(key);
            } else {
                claims[key] = value.clone();
            }
        }
        issuer.give("code", &begun.challenge, issuer.sign(&header(), &claims));
        let answer = back(&house, &begun, "code");
        assert_eq!(answer.status, 403, "{name}: {answer:?}");
        assert!(answer.header("set-cookie").is_none(), "{name}");
    }

    let forged = |name: &str, make: &dyn Fn(&Value) -> String| {
        let begun = begin(&house);
        let claims = issuer.claims(&house, &begun.nonce, &["staff"]);
        issuer.give("code", &begun.challenge, make(&claims));
        let answer = back(&house, &begun, "code");
        assert_eq!(answer.status, 403, "{name}: {answer:?}");
    };
    let plain = |header: &Value, claims: &Value| {
        format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims.to_string())
        )
    };
    forged("alg none", &|claims| {
        format!("{}.", plain(&json!({"alg": "none"}), claims))
    });
    forged("no signature", &|claims| {
        format!("{}.", plain(&header(), claims))
    });
    forged("another key", &|claims| sign(&stranger, &header(), claims));
    forged("another key of another name", &|claims| {
        sign(&stranger, &json!({"alg": "ES256", "kid": "k2"}), claims)
    });
    forged("the shared secret", &|claims| {
        let text = plain(&json!({"alg": "HS256"}), claims);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = ring::hmac::sign(&key, text.as_bytes());
        format!("{text}.{}", BASE64.encode(tag.as_ref()))
    });
    forged("nothing", &|_| String::new());
    forged("noise", &|_| "a.b.c".to_owned());
    assert!(
        house
            .write(|tx| store::by_name(tx, "bob@example.org"))
            .is_none()
    );
}

#[test]
fn a_state_works_once_and_in_its_own_browser_only() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    let token =
        |begun: &Begun| issuer.sign(&header(), &issuer.claims(&house, &begun.nonce, &["staff"]));
    let victim = begin(&house);
    issuer.give("code", &victim.challenge, token(&victim));
    // Without the cookie, and with that of another browser.
    let stranger = begin(&house);
    let path = format!("/sign-in/back?state={}&code=code", victim.state);
    assert_eq!(house.get(&path, &[]).status, 403);
    assert_eq!(house.get(&path, &[&stranger.cookie]).status, 403);
    assert_eq!(
        house
            .get("/sign-in/back?code=code", &[&victim.cookie])
            .status,
        403
    );
    assert_eq!(back(&house, &victim, "code").status, 303);
    issuer.give("code", &victim.challenge, token(&victim));
    assert_eq!(back(&house, &victim, "code").status, 403, "replayed");
    // Too late.
    let slow = begin(&house);
    issuer.give("code", &slow.challenge, token(&slow));
    house.pass(601);
    assert_eq!(back(&house, &slow, "code").status, 403);
}

#[test]
fn a_code_of_somebody_else_leads_nowhere() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    for careless in [false, true] {
        *issuer.careless.lock().unwrap() = careless;
        let (thief, victim) = (begin(&house), begin(&house));
        // The victim's code, and all that it is worth, is put into the thief's own sign-in.
        let claims = issuer.claims(&house, &victim.nonce, &["staff"]);
        issuer.give("stolen", &victim.challenge, issuer.sign(&header(), &claims));
        let answer = back(&house, &thief, "stolen");
        // An issuer that looks refuses the verifier; where it does not, the nonce is another's.
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.header("set-cookie").is_none());
    }
}

#[test]
fn what_the_issuer_refuses_is_told_without_its_words() {
    let issuer = Issuer::start();
    let house = house(&issuer);
    let begun = begin(&house);
    let path = format!(
        "/sign-in/back?state={}&error=access_denied%3Cb%3E&error_description=x",
        begun.state
    );
    let answer = house.get(&path, &[&begun.cookie]);
    assert_eq!(answer.status, 403);
    assert!(
        answer.problem()["detail"]
            .as_str()
            .unwrap()
            .contains("access_deniedb")
    );
    let mixed = begin(&house);
    let path = format!(
        "/sign-in/back?state={}&code=c&iss=https://evil.example",
        mixed.state
    );
    assert_eq!(
        house.get(&path, &[&mixed.cookie]).status,
        403,
        "the answer of another issuer"
    );
}

#[test]
fn an_issuer_that_is_away_or_private_is_told() {
    let issuer = Issuer::start();
    let fresh = sqlite();
    let store = fresh.store.clone();
    // The guard holds for the issuer as for everybody.
    let house = House::over(
        store,
        Some(fresh),
        settings(),
        trusting(&issuer.url),
        Vec::new(),
    );
    let answer = house.get("/sign-in/with", &[]);
    assert_eq!(answer.status, 503);
    let mut bad = trusting(&issuer.url);
    bad.oidc.as_mut().unwrap().roles[0].role = "king".to_owned();
    assert!(people::People::new(bad).is_err());
}
