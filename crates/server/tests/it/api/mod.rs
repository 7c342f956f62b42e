//! The portal as its clients see it: whole lives of things, over HTTP, on every store that is here.

mod around;
mod document;
mod findings;
mod inventories;
mod products;
mod rulings;
mod trial;

use serde_json::Value;
use stanchion_advisories::update::{self, Change};
use stanchion_advisories::{Database, Index, import};
use stanchion_store::testing::stores;

use super::http::{Answer, settings};
use super::people::{House, OWN, document as json_of, patient};

/// A portal with advisories, and its administrator.
pub(crate) struct Desk {
    pub(crate) house: House,
    pub(super) name: &'static str,
    /// The header line of the administrator.
    root: String,
}

/// One on each store.
pub(super) fn desks() -> Vec<Desk> {
    stores()
        .into_iter()
        .map(|fresh| {
            let (name, store) = (fresh.name, fresh.store.clone());
            let house = House::over(store, Some(fresh), settings(), patient(), Vec::new());
            Desk::new(house, name)
        })
        .collect()
}

impl Desk {
    pub(crate) fn new(house: House, name: &'static str) -> Self {
        let root = house.admin();
        let desk = Self { house, name, root };
        let lodash = super::engine::change("GHSA-aaaa-bbbb-cccc", Some(super::engine::LODASH));
        desk.advisories(&[lodash]);
        desk
    }

    /// Puts changed advisories in force.
    pub(super) fn advisories(&self, changes: &[Change]) {
        let engine = &self.house.portal.engine;
        let database = Database::at(&engine.options().data);
        let base = database.open().unwrap().unwrap_or_else(|| {
            Index::from_bytes(import::build(&[], "2026-11-24T00:00:00Z", &|_, _, _| {}).unwrap())
                .unwrap()
        });
        let bytes = update::apply(&base, changes, &engine.now_text()).unwrap();
        database.replace(&bytes).unwrap();
    }

    /// Does all jobs that wait.
    pub(super) fn work(&self) {
        while self.house.portal.engine.work("test").unwrap() {}
    }

    pub(crate) fn ask(&self, method: &str, path: &str, lines: &[&str], body: &Value) -> Answer {
        let mut all = vec![self.root.as_str()];
        all.extend(lines);
        self.house.api(method, path, &all, body)
    }

    /// What there is, as JSON; it has to be there.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &[], &Value::Null);
        assert_eq!(
            answer.status,
            200,
            "{} {path}: {}",
            self.name,
            answer.text()
        );
        json_of(&answer)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], body)
    }

    pub(super) fn delete(&self, path: &str) -> u16 {
        self.ask("DELETE", path, &[], &Value::Null).status
    }

    /// Sends bytes as they are.
    pub(super) fn send(&self, method: &str, path: &str, lines: &[&str], body: &[u8]) -> Answer {
        self.send_as(&self.root, method, path, lines, body)
    }

    pub(super) fn send_as(
        &self,
        who: &str,
        method: &str,
        path: &str,
        lines: &[&str],
        body: &[u8],
    ) -> Answer {
        let mut all = vec![OWN, who, "content-type: application/octet-stream"];
        all.extend(lines);
        self.house.server.ask(method, path, &all, body)
    }

    /// Pushes npm packages as a version of a product; the answer and the version's id.
    pub(crate) fn push(
        &self,
        product: &str,
        version: &str,
        packages: &[(&str, &str)],
    ) -> (Answer, String) {
        let path = format!("/api/v1/push?product={product}&version={version}");
        let answer = self.send("POST", &path, &[], &super::engine::sbom(packages));
        assert_eq!(answer.status, 200, "{}: {}", self.name, answer.text());
        let id = answer.header("x-stanchion-version").unwrap().to_owned();
        (answer, id)
    }

    /// The only finding that a query has.
    pub(super) fn only(&self, query: &str) -> Value {
        let page = self.get(&format!("/api/v1/findings?q={query}"));
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{} {query}: {page}", self.name);
        items[0].clone()
    }
}

/// The JSON of an answer with this status.
pub(super) fn json(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    json_of(answer)
}
