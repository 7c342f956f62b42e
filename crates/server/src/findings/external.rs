//! Findings that people or other tools bring: tool, rule, weakness, place.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Confidence, Evidence, Kind};
use stanchion_model::inventory::Location;
use stanchion_store::findings::{self, Finding, NewFinding, Vulnerability};
use stanchion_store::{events, inventories, products};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::ingest::{MAIN, check_name};
use crate::engine::rows::{DetailBody, HitBody, kind_number, severity_number};
use crate::engine::text_of;
use crate::http::{Json, Path, Problem};
use crate::people::{Allowed, FindingTriage};
use crate::portal::Portal;
use crate::slice::{self, note};

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(close))
}

/// A finding that somebody brings.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = FindingForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// The product's name.
    pub(crate) product: String,
    /// The version's name; made where there is none.
    pub(crate) version: String,
    /// The version's branch; `main` without it.
    pub(crate) branch: Option<String>,
    /// The tool, or `manual`.
    pub(crate) tool: String,
    /// The tool's rule, or a CVE.
    pub(crate) rule: String,
    /// One line.
    pub(crate) title: String,
    /// In words.
    #[serde(default)]
    pub(crate) description: String,
    /// `low`, `medium`, `high` or `critical`.
    pub(crate) severity: Option<String>,
    /// Such as `CWE-89`.
    #[serde(default)]
    pub(crate) cwes: Vec<String>,
    /// The file, or whatever tells the place.
    pub(crate) path: Option<String>,
    /// The line in it; no part of what tells one finding from another.
    pub(crate) line: Option<u32>,
    /// The component: a purl, else a name. With a path besides, the path says where it is.
    pub(crate) component: Option<String>,
    /// Ids of the vulnerability, where it has any: the first is what it is shown by, before the rule.
    #[serde(default)]
    pub(crate) vulnerabilities: Vec<String>,
    /// Where to read more.
    pub(crate) url: Option<String>,
}

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Added {
    /// A UUID.
    pub(crate) id: String,
    /// It was there already, and was brought up to date.
    pub(crate) known: bool,
}

/// Brings a finding. The same tool, rule and place is the same finding.
#[utoipa::path(post, path = "/api/v1/findings", tag = "findings", request_body = Form,
    responses((status = 201, body = Added), Problem), extensions(("x-permission" = json!("finding.triage"))))]
pub(crate) async fn add(
    State(portal): State<Portal>,
    allowed: Allowed<FindingTriage>,
    Json(form): Json<Form>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let severity = form.check()?;
    let branch = form.branch.clone().unwrap_or_else(|| MAIN.to_owned());
    check_name("version", &form.version)?;
    check_name("branch", &branch)?;
    let now = portal.engine.now();
    let added = portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &form.product)?;
            let branch = products::branch(tx, product.id, &branch, now)?;
            let mut key = Vec::new();
            stanchion_versions::Scheme::Generic.key(&form.version, &mut key);
            let version = products::version(tx, &branch, &form.version, &key, now)?;
            inventories::lock_version(tx, version.id)?;
            let (component, place, purl) = form.subject();
            tx.insert(
                "component",
                &["id", "package", "purl", "name", "version"],
                stanchion_store::params![component, None::<stanchion_store::Id>, &purl, &place, ""],
                "ON CONFLICT DO NOTHING",
            )?;
            let new = form.finding(product.id, version.id, component, severity, now, &place, &allowed.name);
            let id = new.row.id;
            let before = findings::by_id(tx, id)?;
            let live = version.live || version.inventory.is_none();
            findings::introduce(tx, &new.vulnerability, now)?;
            let mut row = new.row.clone();
            if let Some(before) = &before {
                row.first_seen = before.first_seen;
            }
            findings::put(tx, &[row], live)?;
            tx.insert(
                "hit",
                &["component", "vulnerability", "body"],
                stanchion_store::params![component, new.row.vulnerability, &new.hit],
                "ON CONFLICT (component, vulnerability) DO UPDATE SET body = excluded.body",
            )?;
            tx.insert(
                "finding_detail",
                &["id", "body"],
                stanchion_store::params![id, &new.detail],
                "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            )?;
            let what = match &before {
                None => "appeared",
                Some(before) if before.closed.is_some() => "reopened",
                Some(_) => "changed",
            };
            findings::note(tx, id, now, what, &allowed.name, &format!("brought from {}", form.tool))?;
            if before.is_none() {
                let body = serde_json::json!({
                    "product": product.name, "version": version.name, "finding": id.to_string(),
                    "id": form.rule, "title": form.title, "reason": format!("brought from {}", form.tool),
                });
                events::add(
                    tx,
                    now,
                    &[events::NewEvent {
                        kind: "finding.appeared",
                        product: Some(product.id),
                        subject: id.to_string(),
                        body: body.to_string(),
                    }],
                )?;
            }
            note(tx, now, &allowed, "finding.bring", &id.to_string(), None, Some(&form.title))?;
            Ok::<_, Problem>(Added {
                id: id.to_string(),
                known: before.is_some(),
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Why a finding is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseForm {
    /// 1 to 2,000 bytes.
    pub(crate) reason: String,
}

/// Closes a finding that was brought. Others close by a decision, an upgrade or a withdrawn advisory.
#[utoipa::path(post, path = "/api/v1/findings/{id}/close", tag = "findings", params(("id" = String, Path)), request_body = CloseForm,
    responses((status = 204), Problem), extensions(("x-permission" = json!("finding.triage"))))]
pub(crate) async fn close(
    State(portal): State<Portal>,
    allowed: Allowed<FindingTriage>,
    Path(id): Path<String>,
    Json(form): Json<CloseForm>,
) -> Result<StatusCode, Problem> {
    if form.reason.trim().is_empty() || form.reason.len() > 2_000 {
        return Err(Problem::unprocessable("The reason cannot be used.")
            .field("reason", "1 to 2,000 bytes"));
    }
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let (_, mut finding) = super::found(tx, &allowed, &id)?;
            if finding.kind != kind_number(Kind::External) {
                return Err(
                    Problem::conflict("This finding was not brought: it is found.").hint(
                        "Decide about it with POST /api/v1/decisions, or raise the component.",
                    ),
                );
            }
            if finding.closed.is_some() {
                return Err(Problem::conflict("It is closed already."));
            }
            finding.closed = Some(now);
            finding.state = findings::FIXED;
            finding.changed = now;
            finding.reason = Some(form.reason.clone());
            let id = finding.id;
            findings::put(tx, &[finding], false)?;
            findings::note(tx, id, now, "closed", &allowed.name, &form.reason)?;
            note(
                tx,
                now,
                &allowed,
                "finding.close",
                &id.to_string(),
                None,
                Some(&form.reason),
            )?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

impl Form {
    fn check(&self) -> Result<Option<Severity>, Problem> {
        let wrong = |field: &str, message: &str| {
            Problem::unprocessable("The finding cannot be used.").field(field, message)
        };
        for (field, text, most) in [
            ("tool", self.tool.as_str(), 100),
            ("rule", &self.rule, 200),
            ("title", &self.title, 500),
        ] {
            if text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control) {
                return Err(wrong(
                    field,
                    &format!("1 to {most} bytes without control characters"),
                ));
            }
        }
        if self.description.len() > 20_000 {
            return Err(wrong("description", "at most 20,000 bytes"));
        }
        if self.path.is_none() && self.component.is_none() {
            return Err(wrong("path", "a path or a component"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if self.vulnerabilities.len() > 50
            || self
                .vulnerabilities
                .iter()
                .any(|id| id.is_empty() || id.len() > 100 || !id.chars().all(plain))
        {
            return Err(wrong(
                "vulnerabilities",
                "at most 50 ids, such as CVE-2021-44228",
            ));
        }
        for (field, place) in [("path", &self.path), ("component", &self.component)] {
            if place.as_ref().is_some_and(|place| {
                place.is_empty() || place.len() > 2_000 || place.chars().any(char::is_control)
            }) {
                return Err(wrong(field, "1 to 2,000 bytes without control characters"));
            }
        }
        if self.cwes.len() > 50 || self.cwes.iter().any(|cwe| cwe.len() > 20) {
            return Err(wrong("cwes", "at most 50, such as CWE-89"));
        }
        if self.url.as_ref().is_some_and(|url| {
            url.len() > 2_000 || !(url.starts_with("https://") || url.starts_with("http://"))
        }) {
            return Err(wrong("url", "an address"));
        }
        match self.severity.as_deref() {
            None => Ok(None),
            Some(word) => Severity::from_word(word)
                .map(Some)
                .ok_or_else(|| wrong("severity", "low, medium, high or critical")),
        }
    }

    /// What the finding is about: id, place, purl. What is no purl is a place.
    fn subject(&self) -> (stanchion_store::Id, String, String) {
        let named = self.component.as_deref().unwrap_or_default();
        if let Ok(purl) = stanchion_model::purl::Purl::parse_lenient(named) {
            let purl = purl.to_string();
            return (inventories::component_id(&purl), purl.clone(), purl);
        }
        let place = self.path.as_ref().or(self.component.as_ref());
        let place = place.cloned().unwrap_or_default();
        (inventories::place_id(&place), place, String::new())
    }

    #[expect(clippy::too_many_arguments, reason = "a row has many columns")]
    fn finding(
        &self,
        product: stanchion_store::Id,
        version: stanchion_store::Id,
        component: stanchion_store::Id,
        severity: Option<Severity>,
        now: i64,
        place: &str,
        by: &str,
    ) -> NewFinding {
        let is_id = |text: &&String| text.starts_with("CVE-") || text.starts_with("GHSA-");
        let ids = || {
            self.vulnerabilities
                .iter()
                .chain(std::iter::once(&self.rule))
        };
        let cve = ids().find(|id| id.starts_with("CVE-"));
        let name = if let Some(id) = cve.or_else(|| ids().find(is_id)) {
            id.clone()
        } else {
            format!("{}:{}", self.tool, self.rule)
        };
        let key = format!("{}|{place}|{name}", self.tool);
        // The middle of the band, as for a vulnerability without a vector.
        let score = match severity {
            Some(Severity::Critical) => 600,
            Some(Severity::High) => 480,
            Some(Severity::Low) => 150,
            Some(Severity::None) => 0,
            _ => 330,
        };
        let hit = HitBody {
            evidence: vec![Evidence {
                source: self.tool.clone(),
                advisory: self.rule.clone(),
                range: "as brought".into(),
                comparator: "none".into(),
                note: (!self.description.is_empty()).then(|| self.description.clone()),
                url: self.url.clone(),
            }],
            cvss: Vec::new(),
            fixed_in: Vec::new(),
            confidence: Confidence::Medium,
        };
        let detail = DetailBody {
            title: Some(self.title.clone()),
            locations: self
                .path
                .iter()
                .map(|path| Location {
                    path: path.as_str().into(),
                    line: self.line,
                })
                .collect(),
            ..DetailBody::default()
        };
        NewFinding {
            row: Finding {
                id: findings::finding_id(version, &key, component),
                product,
                version,
                component,
                vulnerability: findings::vulnerability_id(&name),
                project: String::new(),
                kind: kind_number(Kind::External),
                severity: severity_number(severity),
                score,
                state: 0,
                flags: 0,
                vectors: 0,
                epss: -1,
                due: None,
                // Whoever brings a finding looks after it until the policy says otherwise.
                owner: Some(by.to_owned()),
                rule: None,
                exception: None,
                upgrade: None,
                first_seen: now,
                changed: now,
                closed: None,
                reason: None,
            },
            key,
            vulnerability: Vulnerability {
                id: findings::vulnerability_id(&name),
                aliases: self
                    .vulnerabilities
                    .iter()
                    .filter(|id| **id != name)
                    .cloned()
                    .collect(),
                name,
                title: self.title.clone(),
                severity: severity_number(severity),
                epss: None,
                percentile: None,
                kev_added: None,
                ransomware: false,
                ssvc: None,
                published: Some(text_of(now)),
                cwes: self.cwes.clone(),
            },
            hit: serde_json::to_string(&hit).unwrap_or_default(),
            detail: serde_json::to_string(&detail).unwrap_or_default(),
        }
    }
}
