//! The policy with all that stands beside it, as one bundle for each product: what the portal judges by, and what it hands
//! to the command line.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use stanchion_formats::ignores::record;
use stanchion_model::exception::Exception;
use stanchion_policy::bundle::{Bundle, BundleProduct, Opened, POLICY};
use stanchion_policy::{claims, exceptions, gate};
use stanchion_store::products::Product;
use stanchion_store::{Id, Tx, decisions};

use super::decide::{DecisionText, decision_block};
use super::{Engine, EngineError, unpoisoned};

/// Most exceptions and decisions that are in force.
const MOST: usize = 20_000;
/// Products whose bundle is kept ready.
const READY: usize = 500;
/// Largest VEX document.
const MOST_VEX: u64 = 64 << 20;

/// A bundle ready to judge by.
#[derive(Debug)]
pub struct PolicyState {
    /// Its name.
    pub digest: String,
    /// As it is handed out.
    pub bundle: Bundle,
    /// As it judges.
    pub opened: Opened,
    /// It is the organisation's own policy, and not what judges while there is none.
    pub own: bool,
}

/// What is kept ready.
#[derive(Default)]
pub(super) struct Cache {
    mark: Vec<i64>,
    common: Option<Arc<Common>>,
    ready: HashMap<(Id, i64), Arc<PolicyState>>,
}

/// What all bundles share.
struct Common {
    policy: String,
    exceptions: Vec<(Option<String>, String)>,
    decisions: Vec<(Option<String>, String)>,
    /// The texts above are whole files, with their head.
    whole: bool,
    vex: BTreeMap<String, String>,
    members: BTreeMap<String, Vec<String>>,
}

/// Numbers that are others when anything of the policy is another.
fn mark(tx: &mut Tx<'_>) -> Result<Vec<i64>, stanchion_store::StoreError> {
    let row = tx.first(
        "SELECT (SELECT COALESCE(MAX(seq), 0) FROM policy_version),
                (SELECT COUNT(*) FROM exception), (SELECT COALESCE(CAST(SUM(revision) AS BIGINT), 0) FROM exception),
                (SELECT COUNT(*) FROM decision), (SELECT COALESCE(CAST(SUM(revision) AS BIGINT), 0) FROM decision),
                (SELECT COUNT(*) FROM vex_document), (SELECT COALESCE(CAST(SUM(at) AS BIGINT), 0) FROM vex_document),
                (SELECT COUNT(*) FROM policy_member)",
        &[],
        |row| (0..8).map(|column| row.get(column)).collect::<Result<Vec<i64>, _>>(),
    )?;
    Ok(row.unwrap_or_default())
}

impl Engine {
    /// The bundle of a product, or the organisation's own where there is none; `None` while no policy is set and nothing
    /// has been decided.
    pub fn policy_for(
        &self,
        product: Option<&Product>,
    ) -> Result<Option<Arc<PolicyState>>, EngineError> {
        let mark = self.store.read(mark)?;
        let own = mark.first().is_some_and(|seq| *seq != 0);
        if mark.iter().all(|part| *part == 0) {
            return Ok(None);
        }
        let key = product.map_or((Id::default(), 0), |product| (product.id, product.revision));
        let common = {
            let cache = unpoisoned(self.policy.lock());
            if cache.mark == mark {
                if let Some(ready) = cache.ready.get(&key) {
                    return Ok(Some(ready.clone()));
                }
                cache.common.clone()
            } else {
                None
            }
        };
        let common = match common {
            Some(common) => common,
            None => Arc::new(self.common()?),
        };
        let bundle = common.bundle(product);
        let opened = bundle.open().map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            EngineError::Unusable(format!("the policy cannot be used: {}", faults.join("; ")))
        })?;
        let ready = Arc::new(PolicyState {
            digest: bundle.digest(),
            bundle,
            opened,
            own,
        });
        let mut cache = unpoisoned(self.policy.lock());
        if cache.mark != mark || cache.ready.len() >= READY {
            cache.ready.clear();
        }
        cache.mark = mark;
        cache.common = Some(common);
        cache.ready.insert(key, ready.clone());
        Ok(Some(ready))
    }

    /// The same with another text of the policy, which is not in force: all that stands beside it stays.
    pub(super) fn tried(&self, text: &str) -> Result<Tried, EngineError> {
        Ok(Tried(Common {
            policy: text.to_owned(),
            ..self.common()?
        }))
    }

    fn common(&self) -> Result<Common, EngineError> {
        let (policy, exceptions, decided, documents, members) = self.store.read(|tx| {
            let policy = decisions::policy(tx)?;
            let exceptions = decisions::exceptions(tx, Some("approved"), "", MOST)?;
            let decided = decisions::decisions(tx, false, (0, Id::default()), MOST)?;
            let documents = decisions::vex_documents(tx)?;
            let members: Vec<(String, String)> = tx.all(
                "SELECT m.role, a.name FROM policy_member m JOIN account a ON a.id = m.account WHERE a.disabled = 0 ORDER BY m.role, a.name",
                &[],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            Ok::<_, stanchion_store::StoreError>((policy, exceptions, decided, documents, members))
        })?;
        // What comes from a repository is decided there, all of it.
        if let Some(beside) = policy.as_ref().and_then(|policy| policy.beside.as_deref()) {
            let mut files: BTreeMap<String, String> = kept("the policy", beside)?;
            let mut whole = |name: &str| {
                files
                    .remove(name)
                    .map(|text| (None, text))
                    .into_iter()
                    .collect()
            };
            return Ok(Common {
                policy: policy.map(|policy| policy.text).unwrap_or_default(),
                exceptions: whole(exceptions::FILE),
                decisions: whole(claims::FILE),
                whole: true,
                vex: files,
                members: by_role(members),
            });
        }
        let mut common = Common {
            policy: policy.map_or_else(|| gate::TEXT.to_owned(), |policy| policy.text),
            exceptions: Vec::new(),
            decisions: Vec::new(),
            whole: false,
            vex: BTreeMap::new(),
            members: by_role(members),
        };
        for exception in exceptions {
            let entry: Exception = kept("an exception", &exception.entry)?;
            common
                .exceptions
                .push((exception.product, record::block(&entry)));
        }
        for decision in decided {
            let entry: DecisionText = kept("a decision", &decision.entry)?;
            common
                .decisions
                .push((decision.product, decision_block(&entry)));
        }
        for document in documents {
            let bytes = self.blob(&document.digest, MOST_VEX)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                EngineError::Unusable(format!("the VEX document {} is not UTF-8", document.name))
            })?;
            common.vex.insert(format!("vex/{}", document.name), text);
        }
        Ok(common)
    }
}

/// A policy that is tried.
pub(super) struct Tried(Common);

impl Tried {
    /// The bundle that a product would be judged by.
    pub(super) fn state(&self, product: Option<&Product>) -> Result<PolicyState, EngineError> {
        let bundle = self.0.bundle(product);
        let opened = bundle.open().map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            EngineError::Unusable(format!("the policy cannot be used: {}", faults.join("; ")))
        })?;
        Ok(PolicyState {
            digest: bundle.digest(),
            bundle,
            opened,
            own: true,
        })
    }
}

/// Reads what is kept as JSON.
pub(crate) fn kept<T: serde::de::DeserializeOwned>(
    what: &str,
    text: &str,
) -> Result<T, EngineError> {
    serde_json::from_str(text).map_err(|error| {
        EngineError::Store(stanchion_store::StoreError::Kept {
            what: what.into(),
            reason: error.to_string(),
        })
    })
}

/// People by what they are.
fn by_role(members: Vec<(String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut roles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (role, name) in members {
        roles.entry(role).or_default().push(name);
    }
    roles
}

impl Common {
    fn bundle(&self, product: Option<&Product>) -> Bundle {
        let mut files = BTreeMap::from([(POLICY.to_owned(), self.policy.clone())]);
        let about = |named: &Option<String>| match (named, product) {
            (None, _) | (_, None) => true,
            (Some(named), Some(product)) => *named == product.name,
        };
        for (name, schema, blocks) in [
            (exceptions::FILE, exceptions::SCHEMA, &self.exceptions),
            (claims::FILE, claims::SCHEMA, &self.decisions),
        ] {
            let blocks: Vec<&str> = blocks
                .iter()
                .filter(|(named, _)| about(named))
                .map(|(_, block)| block.as_str())
                .collect();
            if self.whole {
                files.extend(
                    blocks
                        .first()
                        .map(|text| (name.to_owned(), (*text).to_owned())),
                );
            } else if !blocks.is_empty() {
                files.insert(
                    name.to_owned(),
                    format!("schema = \"{schema}\"\n\n{}", blocks.join("\n")),
                );
            }
        }
        files.extend(self.vex.clone());
        Bundle {
            files,
            product: product.map(|product| BundleProduct {
                name: product.name.clone(),
                owner: product.owner.clone(),
                tier: product.tier,
                exposed: product.exposed,
                environment: product.environment.clone(),
                lifecycle: Some(product.lifecycle.clone()),
                tags: product.tags.clone(),
                data_classes: product.data_classes.clone(),
            }),
            members: self.members.clone(),
        }
    }
}
