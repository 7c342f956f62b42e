//! From `DefectDojo`, by its REST interface `v2`.
//!
//! | there | here |
//! |---|---|
//! | product | product; its type is the tag `product-type:NAME` |
//! | version and branch of a test, else of its engagement | version and branch |
//! | active finding | a finding of the tool that its test is of |
//! | false positive | a decision, where it names a vulnerability and a package URL can be told |
//! | accepted risk | an exception with the end that it has there |

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::source::{Form, needed};
use super::{Run, words};
use crate::exit::Failure;
use crate::portal::api;

/// What stands for a version where the test has none.
const UNVERSIONED: &str = "unversioned";
/// The branch where the test has none.
const MAIN: &str = "main";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Product {
    id: u64,
    name: Option<String>,
    description: Option<String>,
    business_criticality: Option<String>,
    lifecycle: Option<String>,
    internet_accessible: Option<bool>,
    prod_type: Option<u64>,
    tags: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    id: u64,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Engagement {
    id: u64,
    version: Option<String>,
    branch_tag: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Test {
    id: u64,
    test_type: Option<u64>,
    test_type_name: Option<String>,
    version: Option<String>,
    branch_tag: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Finding {
    id: u64,
    title: Option<String>,
    description: Option<String>,
    severity: Option<String>,
    cwe: Option<i64>,
    test: u64,
    active: Option<bool>,
    duplicate: Option<bool>,
    false_p: Option<bool>,
    out_of_scope: Option<bool>,
    risk_accepted: Option<bool>,
    is_mitigated: Option<bool>,
    file_path: Option<String>,
    line: Option<i64>,
    component_name: Option<String>,
    component_version: Option<String>,
    vuln_id_from_tool: Option<String>,
    /// Of older versions.
    cve: Option<String>,
    vulnerability_ids: Option<Vec<VulnerabilityId>>,
    accepted_risks: Option<Vec<Risk>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VulnerabilityId {
    vulnerability_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Risk {
    id: u64,
    name: Option<String>,
    decision: Option<String>,
    decision_details: Option<String>,
    recommendation_details: Option<String>,
    accepted_by: Option<String>,
    expiration_date: Option<String>,
}

/// Where the findings of a test belong.
#[derive(Clone, Debug)]
struct Origin {
    tool: String,
    version: String,
    branch: String,
}

/// Takes everything over.
pub(super) fn import(run: &mut Run<'_>) -> Result<(), Failure> {
    let types = names(run, "/api/v2/product_types/", "the product types")?;
    let tools = names(run, "/api/v2/test_types/", "the test types")?;
    let mut products: Vec<Product> = Vec::new();
    let mut unread = Vec::new();
    // Products are few; what they hold is not kept.
    let read = run.source.each(
        "/api/v2/products/",
        &[],
        Form::Results,
        "id",
        &mut |value| {
            match serde_json::from_value::<Product>(value) {
                Ok(product) => products.push(product),
                Err(error) => unread.push(format!("it cannot be read: {error}")),
            }
            Ok(())
        },
    )?;
    for reason in unread {
        run.outcome.not("product", "?", &reason);
    }
    match read {
        Err(reason) if products.is_empty() => needed("the products", Err(reason))?,
        Err(reason) => run.outcome.not("product", "list", &reason),
        Ok(()) => {}
    }
    for product in products {
        one(run, &product, &types, &tools)?;
    }
    Ok(())
}

/// Names by their number.
fn names(
    run: &mut Run<'_>,
    path: &str,
    what: &'static str,
) -> Result<HashMap<u64, String>, Failure> {
    let mut names = HashMap::new();
    let read = run
        .source
        .each(path, &[], Form::Results, "id", &mut |value| {
            if let Ok(named) = serde_json::from_value::<Named>(value) {
                names.insert(
                    named.id,
                    words::name(named.name.as_deref().unwrap_or_default()),
                );
            }
            Ok(())
        })?;
    if let Err(reason) = read {
        run.outcome.loses("product", what, &reason);
    }
    Ok(names)
}

/// One product with all that belongs to it.
fn one(
    run: &mut Run<'_>,
    product: &Product,
    types: &HashMap<u64, String>,
    tools: &HashMap<u64, String>,
) -> Result<(), Failure> {
    let name = words::name(product.name.as_deref().unwrap_or_default());
    if name.is_empty() || !run.wants(&name) {
        if name.is_empty() {
            run.outcome
                .not("product", &product.id.to_string(), "it has no name");
        }
        return Ok(());
    }
    let mut tags: Vec<String> = product
        .tags
        .iter()
        .flatten()
        .map(|tag| words::name(tag))
        .filter(|tag| !tag.is_empty())
        .collect();
    if let Some(of) = product.prod_type.and_then(|id| types.get(&id)) {
        tags.push(format!("product-type:{of}"));
    }
    let new = api::NewProduct {
        name: name.clone(),
        kind: "own",
        description: words::reason([product.description.as_deref().unwrap_or_default()]),
        tier: match product.business_criticality.as_deref() {
            Some("very high") => Some(1),
            Some("high") => Some(2),
            Some("medium") => Some(3),
            Some("low") => Some(4),
            Some("very low") => Some(5),
            _ => None,
        },
        exposed: product.internet_accessible,
        lifecycle: match product.lifecycle.as_deref() {
            Some("construction") => "development",
            Some("retirement") => "retired",
            _ => "active",
        },
        tags,
        ..api::NewProduct::default()
    };
    let key = format!("product {}", product.id);
    if !run.into.product(&mut run.outcome, &key, &new)? {
        run.outcome
            .not("finding", &name, "its product could not be made");
        return Ok(());
    }
    let origins = origins(run, product.id, &name, tools)?;
    findings(run, product.id, &name, &origins)
}

/// Where the findings of each test of a product belong.
fn origins(
    run: &mut Run<'_>,
    product: u64,
    name: &str,
    tools: &HashMap<u64, String>,
) -> Result<HashMap<u64, Origin>, Failure> {
    let mut engagements: Vec<Engagement> = Vec::new();
    let of = product.to_string();
    let read = run.source.each(
        "/api/v2/engagements/",
        &[("product", &of)],
        Form::Results,
        "id",
        &mut |value| {
            engagements.extend(serde_json::from_value::<Engagement>(value).ok());
            Ok(())
        },
    )?;
    if let Err(reason) = read {
        run.outcome.not("engagement", name, &reason);
    }
    let mut origins = HashMap::new();
    for engagement in engagements {
        let of = engagement.id.to_string();
        let read = run.source.each(
            "/api/v2/tests/",
            &[("engagement", &of)],
            Form::Results,
            "id",
            &mut |value| {
                if let Ok(test) = serde_json::from_value::<Test>(value) {
                    let first = |one: &Option<String>, other: &Option<String>, last: &str| {
                        [one, other]
                            .into_iter()
                            .flatten()
                            .map(|text| words::name(text))
                            .find(|text| !text.is_empty())
                            .unwrap_or_else(|| last.to_owned())
                    };
                    let tool = test
                        .test_type_name
                        .as_deref()
                        .map(words::name)
                        .filter(|tool| !tool.is_empty())
                        .or_else(|| tools.get(&test.test_type?).cloned());
                    origins.insert(
                        test.id,
                        Origin {
                            tool: tool.unwrap_or_else(|| "DefectDojo".into()),
                            version: first(&test.version, &engagement.version, UNVERSIONED),
                            branch: first(&test.branch_tag, &engagement.branch_tag, MAIN),
                        },
                    );
                }
                Ok(())
            },
        )?;
        if let Err(reason) = read {
            run.outcome
                .not("test", &format!("{name}, engagement {of}"), &reason);
        }
    }
    Ok(origins)
}

/// Takes the findings of a product over.
fn findings(
    run: &mut Run<'_>,
    product: u64,
    name: &str,
    origins: &HashMap<u64, Origin>,
) -> Result<(), Failure> {
    let Run {
        source,
        into,
        outcome,
        how,
        ..
    } = run;
    let of = product.to_string();
    let mut told = HashSet::new();
    let read = source.each(
        "/api/v2/findings/",
        &[("test__engagement__product", &of)],
        Form::Results,
        "id",
        &mut |value: Value| {
            let id = value.get("id").map(ToString::to_string).unwrap_or_default();
            let finding: Finding = match serde_json::from_value(value) {
                Ok(finding) => finding,
                Err(error) => {
                    let label = format!("{name}, finding {id}");
                    outcome.not("finding", &label, &format!("it cannot be read: {error}"));
                    return Ok(());
                }
            };
            let origin = origins
                .get(&finding.test)
                .cloned()
                .unwrap_or_else(|| Origin {
                    tool: "DefectDojo".into(),
                    version: UNVERSIONED.into(),
                    branch: MAIN.into(),
                });
            if origin.version == UNVERSIONED && told.insert(finding.test) {
                outcome.loses(
                    "finding",
                    &format!("{name}, test {}", finding.test),
                    "neither the test nor its engagement names a version",
                );
            }
            finding.take(into, outcome, name, &origin, how.expires.as_deref())
        },
    )?;
    if let Err(reason) = read {
        outcome.not("finding", name, &reason);
    }
    Ok(())
}

impl Finding {
    /// Ids of the vulnerability, each once.
    fn vulnerabilities(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let listed = self.vulnerability_ids.iter().flatten();
        for id in listed
            .filter_map(|id| id.vulnerability_id.as_deref())
            .chain(self.cve.as_deref())
        {
            let id = words::name(id);
            if !id.is_empty() && !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// Its component, as it was given.
    fn component(&self) -> Option<String> {
        let name = words::name(self.component_name.as_deref()?);
        if name.is_empty() {
            return None;
        }
        let version = words::name(self.component_version.as_deref().unwrap_or_default());
        Some(if version.is_empty() || name.starts_with("pkg:") {
            name
        } else {
            format!("{name}@{version}")
        })
    }

    fn take(
        &self,
        into: &mut super::Into,
        outcome: &mut super::Outcome,
        product: &str,
        origin: &Origin,
        expires: Option<&str>,
    ) -> Result<(), Failure> {
        let title = words::name(self.title.as_deref().unwrap_or_default());
        let label = format!("{product} {}, finding {}: {title}", origin.version, self.id);
        if self.duplicate == Some(true) {
            outcome.left("finding", product, "duplicates of others there");
            return Ok(());
        }
        if self.out_of_scope == Some(true) {
            outcome.left("finding", product, "out of scope there");
            return Ok(());
        }
        let tool_id = words::name(self.vuln_id_from_tool.as_deref().unwrap_or_default());
        let ids = self.vulnerabilities();
        let rule = if !tool_id.is_empty() {
            tool_id
        } else if let Some(id) = ids.first() {
            id.clone()
        } else {
            title.clone()
        };
        if rule.is_empty() {
            outcome.not("finding", &label, "it has neither an id nor a title");
            return Ok(());
        }
        let about = if ids.is_empty() {
            vec![rule.clone()]
        } else {
            ids.clone()
        };
        let path = self
            .file_path
            .as_deref()
            .map(words::name)
            .filter(|path| !path.is_empty());
        let purl = self.component().filter(|name| name.starts_with("pkg:"));
        if self.false_p == Some(true) {
            return self.false_positive(into, outcome, product, &label, about, purl);
        }
        let risks = self.accepted_risks.as_deref().unwrap_or_default();
        if self.risk_accepted == Some(true) || !risks.is_empty() {
            let scope = api::NewScope {
                ids: about,
                purl,
                product: product.to_owned(),
                paths: path.iter().cloned().collect(),
                ..api::NewScope::default()
            };
            self.accepted(into, outcome, &label, &scope, expires)?;
        } else if self.active == Some(false) || self.is_mitigated == Some(true) {
            outcome.left("finding", product, "closed there");
            return Ok(());
        }
        let new = api::NewFinding {
            product: product.to_owned(),
            version: origin.version.clone(),
            branch: origin.branch.clone(),
            tool: origin.tool.clone(),
            rule,
            title,
            description: words::reason([self.description.as_deref().unwrap_or_default()]),
            severity: words::severity(self.severity.as_deref().unwrap_or_default()),
            cwes: self
                .cwe
                .filter(|number| *number > 0)
                .map(|number| format!("CWE-{number}"))
                .into_iter()
                .collect(),
            path,
            line: self
                .line
                .and_then(|line| u32::try_from(line).ok())
                .filter(|line| *line > 0),
            component: self.component(),
            vulnerabilities: ids,
            url: None,
        };
        let key = format!("finding {}", self.id);
        into.finding(outcome, &label, &key, &new)?;
        Ok(())
    }

    fn false_positive(
        &self,
        into: &mut super::Into,
        outcome: &mut super::Outcome,
        product: &str,
        label: &str,
        about: Vec<String>,
        purl: Option<String>,
    ) -> Result<(), Failure> {
        let Some(purl) = purl else {
            outcome.not(
                "decision",
                label,
                "it is a false positive there, and nothing says of which package: no package URL",
            );
            return Ok(());
        };
        let decision = api::NewDecision {
            vulnerabilities: about,
            purls: vec![purl],
            product: product.to_owned(),
            status: "not_affected",
            justification: Some("component_not_present"),
            reason: Some("a false positive in DefectDojo".into()),
            ..api::NewDecision::default()
        };
        let key = format!("decision {}", self.id);
        into.decision(outcome, label, &key, &decision)?;
        Ok(())
    }

    /// Exceptions for the risks that were accepted.
    fn accepted(
        &self,
        into: &mut super::Into,
        outcome: &mut super::Outcome,
        label: &str,
        scope: &api::NewScope,
        expires: Option<&str>,
    ) -> Result<(), Failure> {
        let simple = [Risk::default()];
        let risks = match self.accepted_risks.as_deref() {
            Some(risks) if !risks.is_empty() => risks,
            _ => &simple,
        };
        for risk in risks {
            let end = risk.expiration_date.as_deref().and_then(words::day);
            let Some(expires) = end.or_else(|| expires.map(str::to_owned)) else {
                outcome.not(
                    "exception",
                    label,
                    "its risk is accepted for ever, and an exception has an end: give one with --expires",
                );
                continue;
            };
            let by = risk.accepted_by.as_deref().unwrap_or_default().trim();
            let by = if by.is_empty() {
                String::new()
            } else {
                format!("accepted by {by}")
            };
            let exception = api::NewException {
                id: Some(format!("dd-{}-{}", risk.id, self.id)),
                scope: scope.clone(),
                reason: words::reason([
                    "an accepted risk in DefectDojo",
                    risk.name.as_deref().unwrap_or_default(),
                    by.as_str(),
                    risk.recommendation_details.as_deref().unwrap_or_default(),
                ]),
                // `M`: mitigated by something else.
                compensating_control: risk
                    .decision_details
                    .as_deref()
                    .filter(|text| risk.decision.as_deref() == Some("M") && !text.trim().is_empty())
                    .map(|text| words::reason([text])),
                expires: Some(expires),
            };
            let key = format!("exception {} {}", risk.id, self.id);
            into.exception(outcome, label, &key, &exception)?;
        }
        Ok(())
    }
}
