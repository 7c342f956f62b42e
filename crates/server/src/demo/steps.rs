//! What happened on which day, and how it is done.

use std::cell::RefCell;
use std::collections::HashMap;

use axum::http::Method;
use serde_json::{Value, json};
use stanchion_advisories::Database;
use stanchion_policy::gate;
use stanchion_store::events::{self, Delivery};
use stanchion_store::people as store;
use stanchion_store::{Id, StoreError, products};

use super::advisories::Known;
use super::company::{Company, Made, Planned, spread};
use super::desk::{Asked, Desk};
use super::fill::DAYS;
use super::story::{Decision, Exception, External, Note, Story};
use super::{DAY, DemoError, people};
use crate::engine::ingest::{Document, Push};
use crate::engine::tell::{EXPLOITED, set_place};
use crate::engine::text_of;

static POLICY: &str = include_str!("policy.toml");

/// Something that happened.
pub(super) struct Step<'s> {
    /// Days before today.
    pub(super) day: i64,
    /// Since midnight.
    pub(super) seconds: i64,
    what: What<'s>,
}

enum What<'s> {
    Policy,
    Channels,
    Create(&'s Made),
    Retire(&'s Made),
    Runs(&'s Made, &'s str),
    Advisories,
    Push(&'s Made, Planned),
    Deploy(&'s Made, Planned),
    Request(usize, &'s Exception),
    Decide(usize, &'s Exception),
    Claim(usize, &'s Decision),
    Withdraw(usize, &'s Decision),
    Note(&'s Note),
    Bring(usize, &'s External),
    Close(usize, &'s External),
    Clock,
    Bought,
    Repository,
    Scan,
    Tidy,
}

const HOUR: i64 = 3_600;

/// Everything that happened, in no order.
pub(super) fn steps<'s>(company: &'s Company, known: &Known, story: &'s Story) -> Vec<Step<'s>> {
    let mut all = Vec::new();
    let mut add = |day: i64, seconds: i64, what: What<'s>| {
        all.push(Step { day, seconds, what });
    };
    add(DAYS, 9 * HOUR, What::Policy);
    add(DAYS, 9 * HOUR + 600, What::Channels);
    add(DAYS, 10 * HOUR, What::Advisories);
    for day in known.days().into_iter().filter(|day| *day < DAYS) {
        add(day, 5 * HOUR + 1_020, What::Advisories);
    }
    add(1, 14 * HOUR + 1_200, What::Advisories);
    add(0, 10, What::Advisories);
    for (number, made) in company.products.iter().enumerate() {
        let late = i64::try_from(number).unwrap_or_default() * 120;
        add(made.created, 9 * HOUR + late, What::Create(made));
        if let Some(day) = made.retired {
            add(day, 15 * HOUR, What::Retire(made));
        }
        for (environment, day) in &made.runs {
            add(*day, 11 * HOUR, What::Runs(made, environment));
        }
        for planned in made.planned() {
            let text = format!("{} {} {}", made.name, planned.branch, planned.version);
            let seconds = 8 * HOUR + spread(&text).rem_euclid(9 * HOUR);
            if planned.into.is_some() {
                add(
                    planned.day,
                    seconds + 2 * HOUR,
                    What::Deploy(made, planned.clone()),
                );
            }
            add(planned.day, seconds, What::Push(made, planned));
        }
    }
    for (number, one) in story.exception.iter().enumerate() {
        add(one.asked, 10 * HOUR + 1_380, What::Request(number, one));
        if let Some(day) = one.decided {
            add(day, 13 * HOUR + 240, What::Decide(number, one));
        }
        // The morning after its last day.
        if one.ends > 0 {
            add(one.ends - 1, 600, What::Clock);
        }
    }
    for (number, one) in story.decision.iter().enumerate() {
        let seconds = if one.day == 0 { 30 } else { 11 * HOUR + 720 };
        add(one.day, seconds, What::Claim(number, one));
        if let Some(day) = one.withdrawn {
            add(day, 16 * HOUR, What::Withdraw(number, one));
        }
    }
    for one in &story.note {
        let seconds = if one.day == 0 { 40 } else { 15 * HOUR + 420 };
        add(one.day, seconds, What::Note(one));
    }
    for (number, one) in story.external.iter().enumerate() {
        add(one.day, 12 * HOUR, What::Bring(number, one));
        if let Some(day) = one.closed {
            add(day, 17 * HOUR, What::Close(number, one));
        }
    }
    for day in (2..DAYS).step_by(14) {
        add(day, 600, What::Clock);
    }
    for day in [540, 200] {
        add(day, 41 * 60, What::Bought);
    }
    add(6, 14 * HOUR, What::Repository);
    add(2, 9 * HOUR, What::Scan);
    add(0, 20, What::Clock);
    add(0, 45, What::Tidy);
    all
}

/// What does the steps.
pub(super) struct Doing<'s> {
    company: &'s Company,
    known: &'s Known,
    story: &'s Story,
    /// Ids that the portal gave, by what they are of.
    given: RefCell<HashMap<(&'static str, usize), String>>,
}

impl<'s> Doing<'s> {
    pub(super) fn new(company: &'s Company, known: &'s Known, story: &'s Story) -> Self {
        Self {
            company,
            known,
            story,
            given: RefCell::default(),
        }
    }

    fn keep(&self, of: &'static str, number: usize, answer: &Value) {
        let id = answer["id"].as_str().unwrap_or_default().to_owned();
        self.given.borrow_mut().insert((of, number), id);
    }

    fn given(&self, of: &'static str, number: usize) -> String {
        let given = self.given.borrow();
        given.get(&(of, number)).cloned().unwrap_or_default()
    }

    /// Does one.
    pub(super) fn take(&self, desk: &Desk, step: &Step<'_>) -> Result<(), DemoError> {
        match &step.what {
            What::Policy => policy(desk),
            What::Channels => channels(desk),
            What::Create(made) => create(desk, made),
            What::Retire(made) => retire(desk, made),
            What::Runs(made, environment) => {
                let path = format!("/api/v1/products/{}/deployments", made.name);
                let note = "The agency has not said which version.";
                let body = json!({ "environment": environment, "note": note });
                desk.post(&priya(), &path, &body).map(drop)
            }
            What::Advisories => self.advisories(desk, step.day),
            What::Push(made, planned) => self.push(desk, made, planned),
            What::Deploy(made, planned) => {
                let path = format!("/api/v1/products/{}/deployments", made.name);
                let body = json!({ "environment": planned.into, "version": planned.version, "branch": planned.branch });
                desk.post(builder(made), &path, &body).map(drop)
            }
            What::Request(number, one) => self.request(desk, *number, one),
            What::Decide(number, one) => {
                let path = format!(
                    "/api/v1/exceptions/{}/decision",
                    self.given("exception", *number)
                );
                let who = people::name_of(one.decider.as_deref().unwrap_or_default());
                let body = json!({ "approve": one.refused.is_none(), "note": one.refused.as_deref().unwrap_or_default() });
                desk.post(&who, &path, &body).map(drop)
            }
            What::Claim(number, one) => {
                let body = json!({
                    "vulnerabilities": [one.vulnerability], "purls": [one.purl], "product": one.product,
                    "status": one.status, "justification": one.justification, "reason": one.reason,
                });
                let answer = desk.post(&people::name_of(&one.by), "/api/v1/decisions", &body)?;
                self.keep("decision", *number, &answer);
                Ok(())
            }
            What::Withdraw(number, one) => {
                let path = format!("/api/v1/decisions/{}", self.given("decision", *number));
                let who = people::name_of(&one.by);
                desk.send(&who, Method::DELETE, &path, &Value::Null)
                    .map(drop)
            }
            What::Note(one) => note(desk, one),
            What::Bring(number, one) => self.bring(desk, *number, one),
            What::Close(number, one) => {
                let path = format!("/api/v1/findings/{}/close", self.given("external", *number));
                let body = json!({ "reason": one.reason });
                desk.post(&ines(), &path, &body).map(drop)
            }
            What::Clock => Ok(desk.portal.engine.add_job("clock", "", &json!({}), 0)?),
            What::Bought => Ok(desk.portal.engine.add_job("bought", "", &json!({}), 0)?),
            What::Repository => {
                let path = "/api/v1/products/store-kiosk/repository";
                let body = json!({ "url": "https://git.larkfield.example/agency/store-kiosk" });
                desk.send(&priya(), Method::PUT, path, &body).map(drop)
            }
            What::Scan => scan(desk),
            What::Tidy => tidy(desk, self.story),
        }
    }

    fn advisories(&self, desk: &Desk, day: i64) -> Result<(), DemoError> {
        let engine = &desk.portal.engine;
        let bytes = self.known.database(day, engine.now(), desk.midnight)?;
        Database::at(&engine.options().data).replace(&bytes)?;
        engine.absorb()?;
        Ok(())
    }

    fn push(&self, desk: &Desk, made: &Made, planned: &Planned) -> Result<(), DemoError> {
        let bytes = self
            .company
            .document(made, &planned.version, planned.as_of)?;
        desk.portal.engine.push(&Push {
            product: &made.name,
            version: &planned.version,
            branch: Some(planned.branch),
            document: Document {
                bytes: &bytes,
                name: "inventory.json",
            },
            actor: builder(made),
            may_create: false,
            as_of: None,
            gate: gate::DEFAULT,
        })?;
        Ok(())
    }

    fn request(&self, desk: &Desk, number: usize, one: &Exception) -> Result<(), DemoError> {
        let last: String = text_of(desk.time(one.ends, 0)).chars().take(10).collect();
        let body = json!({
            "scope": {
                "ids": one.vulnerability.iter().collect::<Vec<_>>(),
                "rules": one.rule.iter().collect::<Vec<_>>(),
                "purl": one.purl,
                "product": one.product,
            },
            "reason": one.reason,
            "compensating_control": one.control,
            "expires": last,
        });
        let answer = desk.post(&people::name_of(&one.by), "/api/v1/exceptions", &body)?;
        self.keep("exception", number, &answer);
        Ok(())
    }

    fn bring(&self, desk: &Desk, number: usize, one: &External) -> Result<(), DemoError> {
        let made = self.company.products.iter();
        let version = made
            .filter(|made| made.name == one.product)
            .flat_map(Made::planned)
            .filter(|planned| planned.branch == "main")
            .reduce(|_, later| later)
            .map(|planned| planned.version);
        let body = json!({
            "product": one.product, "version": version, "tool": one.tool, "rule": one.rule, "title": one.title,
            "severity": one.severity, "cwes": one.cwes, "path": one.path, "line": one.line,
        });
        let answer = desk.post(&ines(), "/api/v1/findings", &body)?;
        self.keep("external", number, &answer);
        Ok(())
    }
}

fn ines() -> String {
    people::name_of("ines.duarte")
}

fn priya() -> String {
    people::name_of("priya.nair")
}

/// Whose builds a product's are.
fn builder(made: &Made) -> &'static str {
    match made.owner.as_deref() {
        Some("team:storefront") => "ci-storefront",
        Some("team:payments") => "ci-payments",
        _ => "ci-platform",
    }
}

fn policy(desk: &Desk) -> Result<(), DemoError> {
    desk.ask(Asked {
        who: &people::name_of("sam.okoro"),
        method: Method::PUT,
        path: "/api/v1/policy?note=Agreed%20with%20the%20heads%20of%20all%20teams",
        kind: "application/toml",
        body: POLICY.as_bytes().to_vec(),
        tag: None,
    })
    .map(drop)
}

fn channels(desk: &Desk) -> Result<(), DemoError> {
    let admin = people::name_of("sam.okoro");
    for body in [
        json!({ "name": "security chat", "kind": "webhook", "target": "https://chat.larkfield.example/hooks/security" }),
        json!({ "name": "head of security", "kind": "mail", "target": people::name_of("helena.brandt"),
            "events": [EXPLOITED, "exception.requested"] }),
    ] {
        desk.post(&admin, "/api/v1/channels", &body)?;
    }
    Ok(())
}

fn form(made: &Made, lifecycle: &str) -> Value {
    json!({
        "name": made.name, "kind": made.kind, "description": made.about, "parent": made.parent, "owner": made.owner,
        "tier": made.tier, "exposed": made.exposed, "environment": made.environment, "lifecycle": lifecycle,
        "data_classes": made.data_classes, "tags": made.tags, "vendor": made.vendor, "bought_version": made.version,
        "cpe": made.cpe,
    })
}

fn create(desk: &Desk, made: &Made) -> Result<(), DemoError> {
    desk.post(&priya(), "/api/v1/products", &form(made, "active"))
        .map(drop)
}

fn retire(desk: &Desk, made: &Made) -> Result<(), DemoError> {
    let who = priya();
    let path = format!("/api/v1/products/{}", made.name);
    let asked = |method: Method, body: Vec<u8>, tag| Asked {
        who: &who,
        method,
        path: &path,
        kind: "application/json",
        body,
        tag,
    };
    let (_, tag) = desk.ask(asked(Method::GET, Vec::new(), None))?;
    let body = form(made, "retired").to_string().into_bytes();
    desk.ask(asked(Method::PUT, body, tag)).map(drop)
}

/// Writes a note to the worst finding of a vulnerability in a product.
fn note(desk: &Desk, one: &Note) -> Result<(), DemoError> {
    let product = products::id_of(&one.product);
    let found: Option<Id> = desk.portal.engine.store().read(|tx| {
        tx.first(
            "SELECT f.id FROM finding f JOIN vulnerability_alias a ON a.vulnerability = f.vulnerability
             WHERE f.product = ?1 AND a.alias = ?2 AND f.work = 1 ORDER BY f.score DESC, f.id LIMIT 1",
            stanchion_store::params![product, &one.vulnerability],
            |row| row.get(0),
        )
    })
    .map_err(|error: StoreError| error)?;
    let found = found.ok_or_else(|| {
        DemoError::Data(format!(
            "{} is not open in {}",
            one.vulnerability, one.product
        ))
    })?;
    let path = format!("/api/v1/findings/{found}/history");
    let who = people::name_of(&one.by);
    desk.post(&who, &path, &json!({ "text": one.text }))
        .map(drop)
}

/// A scan that fails: nothing is reached from here.
fn scan(desk: &Desk) -> Result<(), DemoError> {
    let path = "/api/v1/products/store-kiosk/scan";
    desk.post(&priya(), path, &Value::Null)?;
    for _ in 0..3 {
        desk.work()?;
        desk.at(desk.portal.engine.now() + 900);
    }
    Ok(())
}

/// What was told to whom, who came when, and what builds act with.
fn tidy(desk: &Desk, story: &Story) -> Result<(), DemoError> {
    let engine = &desk.portal.engine;
    let now = engine.now();
    engine.store().write(|tx| {
        let last = events::last(tx)?;
        let told: Vec<(i64, i64, String)> = tx.all(
            "SELECT seq, at, kind FROM event WHERE kind IN ('finding.exploited', 'exception.requested') ORDER BY seq DESC LIMIT 60",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        for channel in events::channels(tx)? {
            set_place(tx, channel.id, last)?;
            for (event, at, kind) in &told {
                if !channel.events.contains(kind) {
                    continue;
                }
                let lost = channel.kind == "webhook" && *at >= desk.midnight - DAY;
                let delivery = Delivery {
                    event: *event,
                    channel: channel.id,
                    state: if lost { "never" } else { "delivered" }.into(),
                    attempts: if lost { 20 } else { 1 },
                    at: at + 2,
                    note: if lost {
                        "chat.larkfield.example answered 404: there is no such hook".into()
                    } else {
                        String::new()
                    },
                };
                events::put_delivery(tx, &delivery)?;
            }
        }
        for (number, person) in story.person.iter().enumerate() {
            let ago = i64::try_from(number).unwrap_or_default() * 29_000 + 9_000;
            store::signed_in(tx, people::id_of(&people::name_of(&person.name)), now - ago)?;
        }
        Ok::<_, StoreError>(())
    })?;
    let scopes = ["inventory.push".to_owned(), "product.read".to_owned()];
    for service in &story.service {
        let made = now - 61 * DAY;
        desk.token(&service.name, "build server", &scopes, made, now + 29 * DAY)?;
    }
    Ok(())
}
