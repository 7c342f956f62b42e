//! From Dependency-Track 4 and 5, by its REST interface `v1`.
//!
//! | there | here |
//! |---|---|
//! | project name and version | product and version; a project of another name above it is the parent |
//! | `bom/cyclonedx/project` | an inventory, looked at with our advisories |
//! | `analysis` of a finding | a decision; suppressed without one that closes it: an exception |
//! | policies and licence groups | a suggestion in a file; nothing of it is in force |

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::into::Document;
use super::source::{Form, MOST_DOCUMENT, MOST_PAGE, needed};
use super::{Run, suggestion, words};
use crate::exit::{Failure, failure};
use crate::portal::api;
use crate::portal::connection::SMALL;

/// Projects above each other.
const DEEPEST: usize = 20;
/// The last comments of an analysis that go along as a reason.
const COMMENTS: usize = 5;
/// What a project without a version is called.
const UNVERSIONED: &str = "unversioned";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct About {
    application: Option<String>,
    version: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Project {
    uuid: String,
    group: Option<String>,
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
    tags: Option<Vec<Tag>>,
    active: Option<bool>,
    /// Milliseconds since 1970; 5 may say it in words.
    last_bom_import: Option<Value>,
    parent: Option<Box<Self>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Tag {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Finding {
    component: Component,
    vulnerability: Vulnerability,
    analysis: Brief,
    matrix: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Component {
    uuid: String,
    name: Option<String>,
    version: Option<String>,
    purl: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Vulnerability {
    uuid: String,
    vuln_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Brief {
    state: Option<String>,
    is_suppressed: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Analysis {
    analysis_state: Option<String>,
    analysis_justification: Option<String>,
    analysis_response: Option<String>,
    analysis_details: Option<String>,
    is_suppressed: Option<bool>,
    /// A date, or milliseconds since 1970; versions that know an end.
    suppression_expiration: Option<Value>,
    analysis_comments: Option<Vec<Comment>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Comment {
    timestamp: Option<Value>,
    comment: Option<String>,
    commenter: Option<String>,
}

impl Project {
    /// The name of the product.
    fn product(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        match self.group.as_deref().map(str::trim) {
            Some(group) if !group.is_empty() => words::name(&format!("{group}/{name}")),
            _ => words::name(name),
        }
    }

    fn version(&self) -> String {
        let version = words::name(self.version.as_deref().unwrap_or_default());
        if version.is_empty() {
            UNVERSIONED.into()
        } else {
            version
        }
    }
}

/// Takes everything over.
pub(super) fn import(run: &mut Run<'_>) -> Result<(), Failure> {
    let about: About = needed(
        "what answers there is no Dependency-Track",
        run.source.one("/api/version", SMALL)?,
    )?;
    let version = about.version.unwrap_or_default();
    if about.application.as_deref() != Some("Dependency-Track") {
        return Err(failure("what answers there is no Dependency-Track").hint(
            "give the address of its API server, which may be another than that of its pages",
        ));
    }
    if !version.starts_with("4.") && !version.starts_with("5.") {
        run.context.say(&format!(
            "note: Dependency-Track {} is not known here; 4 and 5 are",
            crate::portal::connection::short(&version)
        ));
    }
    let mut made = HashSet::new();
    let mut projects = Vec::new();
    // A page at a time: what a project holds is asked for between two pages.
    let mut offset = 0;
    loop {
        let mut more = Pages::default();
        page(run, offset, &mut projects, &mut more)?;
        if more.came == 0 {
            break;
        }
        let mut new = false;
        for value in projects.drain(..) {
            new |= one(run, value, &mut made)?;
        }
        offset += more.came;
        if more.total.is_some_and(|total| offset as u64 >= total) {
            break;
        }
        if !new {
            run.outcome.not(
                "project",
                "list",
                &format!("Dependency-Track gives the same again from {offset} on"),
            );
            break;
        }
    }
    suggestion::of_dependency_track(run)
}

#[derive(Default)]
struct Pages {
    came: usize,
    total: Option<u64>,
}

/// One page of projects.
fn page(
    run: &mut Run<'_>,
    offset: usize,
    projects: &mut Vec<Value>,
    more: &mut Pages,
) -> Result<(), Failure> {
    let (limit, from) = (super::source::PAGE.to_string(), offset.to_string());
    let path = api::with_query(
        "/api/v1/project",
        &[
            ("excludeInactive", Some("false")),
            ("limit", Some(&limit)),
            ("offset", Some(&from)),
        ],
    );
    let answer = needed("the projects", run.source.get(&path, MOST_PAGE)?)?;
    more.total = answer
        .header("x-total-count")
        .and_then(|total| total.trim().parse().ok());
    super::source::elements(&answer.body, Form::List, &mut |value| projects.push(value)).map_err(
        |error| {
            failure(format!(
                "the projects from {offset} on cannot be read: {error}"
            ))
            .hint("look into the log of Dependency-Track")
        },
    )?;
    more.came = projects.len();
    Ok(())
}

/// One project with all that belongs to it; whether it was not met before.
fn one(run: &mut Run<'_>, value: Value, made: &mut HashSet<String>) -> Result<bool, Failure> {
    let project: Project = match serde_json::from_value(value) {
        Ok(project) => project,
        Err(error) => {
            run.outcome
                .not("project", "?", &format!("it cannot be read: {error}"));
            return Ok(true);
        }
    };
    let (product, version) = (project.product(), project.version());
    let shown = format!("{product} {version}");
    if !is_uuid(&project.uuid) || product.is_empty() {
        run.outcome
            .not("project", &shown, "it has no name, or no uuid");
        return Ok(true);
    }
    if !made.insert(format!("project {}", project.uuid)) {
        return Ok(false);
    }
    if !run.wants(&product) {
        return Ok(true);
    }
    if !ensure(run, &project, made, 0)? {
        run.outcome
            .not("inventory", &shown, "its product could not be made");
        return Ok(true);
    }
    if project.active == Some(false) {
        run.outcome.loses(
            "project",
            &shown,
            "it is inactive there; retire it here if it is no longer in use",
        );
    }
    if project
        .version
        .as_deref()
        .is_none_or(|version| words::name(version).is_empty())
    {
        run.outcome
            .loses("project", &shown, "it has no version there");
    }
    inventory(run, &project, &product, &version)?;
    analyses(run, &project, &product, &shown)?;
    Ok(true)
}

/// Makes the product of a project, and those above it first; whether it is there.
fn ensure(
    run: &mut Run<'_>,
    project: &Project,
    made: &mut HashSet<String>,
    depth: usize,
) -> Result<bool, Failure> {
    let name = project.product();
    if name.is_empty() {
        return Ok(false);
    }
    if made.contains(&format!("product {name}")) {
        return Ok(true);
    }
    // Before its parents: a circle ends here.
    made.insert(format!("product {name}"));
    let mut parent = None;
    if let Some(above) = &project.parent {
        let whole = if above.name.is_some() && above.parent.is_some() {
            Some((**above).clone())
        } else if is_uuid(&above.uuid) {
            run.source
                .one::<Project>(&format!("/api/v1/project/{}", above.uuid), MOST_PAGE)?
                .ok()
        } else {
            None
        };
        let above = whole.unwrap_or_else(|| (**above).clone());
        let upper = above.product();
        if upper != name && !upper.is_empty() && depth < DEEPEST {
            if ensure(run, &above, made, depth + 1)? {
                parent = Some(upper);
            } else {
                run.outcome.loses(
                    "product",
                    &name,
                    &format!("what stands above it ({upper}) could not be made"),
                );
            }
        }
    }
    let tags = project.tags.iter().flatten();
    let product = api::NewProduct {
        name: name.clone(),
        kind: "own",
        description: words::reason([project.description.as_deref().unwrap_or_default()]),
        parent,
        lifecycle: "active",
        tags: tags
            .map(|tag| words::name(&tag.name))
            .filter(|tag| !tag.is_empty())
            .collect(),
        ..api::NewProduct::default()
    };
    let key = format!("product {name}");
    run.into.product(&mut run.outcome, &key, &product)
}

/// Takes the bill of materials over, unless it came as it was last imported there.
fn inventory(
    run: &mut Run<'_>,
    project: &Project,
    product: &str,
    version: &str,
) -> Result<(), Failure> {
    let shown = format!("{product} {version}");
    let Some(mark) = project
        .last_bom_import
        .as_ref()
        .filter(|mark| !mark.is_null())
    else {
        run.outcome.left(
            "inventory",
            product,
            "no bill of materials was ever given there",
        );
        return Ok(());
    };
    let (key, mark) = (format!("bom {}", project.uuid), mark.to_string());
    if run.into.has(&key, &mark) {
        run.outcome.unchanged("inventory");
        return Ok(());
    }
    let path = format!(
        "/api/v1/bom/cyclonedx/project/{}?format=json&variant=inventory",
        project.uuid
    );
    let answer = match run.source.get(&path, MOST_DOCUMENT)? {
        Ok(answer) => answer,
        Err(reason) => {
            run.outcome.not("inventory", &shown, &reason);
            return Ok(());
        }
    };
    // Half of a document would look like the product.
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body) {
        run.outcome.not(
            "inventory",
            &shown,
            &format!("the bill of materials is not whole: {error}"),
        );
        return Ok(());
    }
    let document = Document {
        product,
        version,
        branch: None,
        bytes: &answer.body,
    };
    run.into
        .document(&mut run.outcome, &shown, &key, &mark, &document)?;
    Ok(())
}

/// Takes over what people said about the findings of a project.
fn analyses(
    run: &mut Run<'_>,
    project: &Project,
    product: &str,
    shown: &str,
) -> Result<(), Failure> {
    let path = format!("/api/v1/finding/project/{}?suppressed=true", project.uuid);
    let answer = match run.source.get(&path, 2 * MOST_PAGE)? {
        Ok(answer) => answer,
        Err(reason) => {
            run.outcome.not("analysis", shown, &reason);
            return Ok(());
        }
    };
    // Only those that somebody looked at are kept in memory.
    let mut said: Vec<Finding> = Vec::new();
    let (mut came, mut unread) = (0u64, 0u64);
    let read = super::source::elements(&answer.body, Form::List, &mut |value| {
        came += 1;
        match serde_json::from_value::<Finding>(value) {
            Ok(finding) if finding.is_said() => said.push(finding),
            Ok(_) => {}
            Err(_) => unread += 1,
        }
    });
    if let Err(error) = read {
        let reason = format!("the findings cannot be read: {error}");
        run.outcome.not("analysis", shown, &reason);
        return Ok(());
    }
    if unread > 0 {
        let reason = format!("{unread} findings cannot be read");
        run.outcome.not("analysis", shown, &reason);
    }
    let total = answer
        .header("x-total-count")
        .and_then(|total| total.trim().parse::<u64>().ok());
    if let Some(total) = total.filter(|total| *total > came) {
        let reason = format!("Dependency-Track speaks of {total} findings and gave {came}");
        run.outcome.not("analysis", shown, &reason);
    }
    for finding in said {
        analysis(run, project, product, shown, &finding)?;
    }
    Ok(())
}

impl Finding {
    /// Whether somebody said something about it.
    fn is_said(&self) -> bool {
        self.analysis.is_suppressed == Some(true)
            || self
                .analysis
                .state
                .as_deref()
                .is_some_and(|state| !matches!(state, "" | "NOT_SET"))
    }
}

fn analysis(
    run: &mut Run<'_>,
    project: &Project,
    product: &str,
    shown: &str,
    finding: &Finding,
) -> Result<(), Failure> {
    let id = words::name(finding.vulnerability.vuln_id.as_deref().unwrap_or_default());
    let component = finding.component.purl.as_deref().unwrap_or_default();
    let label = format!(
        "{shown}: {id} in {}",
        if component.is_empty() {
            finding.component.name.as_deref().unwrap_or("?")
        } else {
            component
        }
    );
    let (of, about) = (&finding.component.uuid, &finding.vulnerability.uuid);
    if id.is_empty() || !is_uuid(of) || !is_uuid(about) {
        run.outcome
            .not("analysis", &label, "it has no id, or no uuid");
        return Ok(());
    }
    if component.is_empty() {
        run.outcome.not(
            "analysis",
            &label,
            &format!(
                "the component{} has no package URL, so nothing says what it is about",
                finding
                    .component
                    .version
                    .as_deref()
                    .map_or_else(String::new, |version| format!(" at {version}"))
            ),
        );
        return Ok(());
    }
    let path = format!(
        "/api/v1/analysis?project={}&component={of}&vulnerability={about}",
        project.uuid
    );
    let analysis: Analysis = match run.source.one(&path, MOST_PAGE)? {
        Ok(analysis) => analysis,
        Err(reason) => {
            run.outcome.not("analysis", &label, &reason);
            return Ok(());
        }
    };
    let key = match &finding.matrix {
        Some(matrix) => matrix.clone(),
        None => format!("{}:{of}:{about}", project.uuid),
    };
    let state = analysis.analysis_state.as_deref().unwrap_or_default();
    let meaning = words::of_analysis(state, analysis.analysis_justification.as_deref());
    let suppressed = analysis.is_suppressed == Some(true);
    let reason = told(&analysis, state);
    let closes = matches!(
        &meaning,
        Some(Ok(meaning)) if matches!(meaning.status, "not_affected" | "fixed")
    );
    match &meaning {
        Some(Ok(meaning)) => {
            let action = (meaning.status == "affected").then(|| {
                let response = analysis.analysis_response.as_deref().unwrap_or_default();
                words::response(response)
                    .unwrap_or("what is done about it was not recorded")
                    .to_owned()
            });
            let decision = api::NewDecision {
                vulnerabilities: vec![id.clone()],
                purls: vec![component.to_owned()],
                product: product.to_owned(),
                status: meaning.status,
                justification: meaning.justification,
                reason: Some(reason.clone()),
                action,
                ..api::NewDecision::default()
            };
            let key = format!("decision {key}");
            let there = run
                .into
                .decision(&mut run.outcome, &label, &key, &decision)?;
            if let Some(lossy) = meaning.lossy.filter(|_| there) {
                run.outcome.loses("decision", &label, lossy);
            }
        }
        Some(Err(reason)) if !suppressed => run.outcome.not("decision", &label, reason),
        Some(Err(_)) | None => {}
    }
    if suppressed && !closes {
        let ends = end(analysis.suppression_expiration.as_ref());
        let Some(expires) = ends.or_else(|| run.how.expires.clone()) else {
            run.outcome.not(
                "exception",
                &label,
                "it is suppressed for ever, and an exception has an end: give one with --expires",
            );
            return Ok(());
        };
        let exception = api::NewException {
            id: Some(format!("dt-{}", short(&key))),
            scope: api::NewScope {
                ids: vec![id],
                purl: Some(component.to_owned()),
                product: product.to_owned(),
                ..api::NewScope::default()
            },
            reason: words::reason(["suppressed in Dependency-Track", &reason]),
            expires: Some(expires),
            ..api::NewException::default()
        };
        let key = format!("exception {key}");
        run.into
            .exception(&mut run.outcome, &label, &key, &exception)?;
    }
    Ok(())
}

/// Details and the last comments, with who made them.
fn told(analysis: &Analysis, state: &str) -> String {
    let comments = analysis.analysis_comments.as_deref().unwrap_or_default();
    let skipped = comments.len().saturating_sub(COMMENTS);
    let comments: Vec<String> = comments
        .iter()
        .skip(skipped)
        .map(|comment| {
            let when = end(comment.timestamp.as_ref()).unwrap_or_default();
            let who = comment.commenter.as_deref().unwrap_or("somebody");
            let text = comment.comment.as_deref().unwrap_or_default();
            format!("{when} {who}: {text}")
        })
        .collect();
    let head = format!(
        "from Dependency-Track: {}",
        if state.is_empty() { "NOT_SET" } else { state }
    );
    let details = analysis.analysis_details.as_deref().unwrap_or_default();
    words::reason(
        [head.as_str(), details]
            .into_iter()
            .chain(comments.iter().map(String::as_str)),
    )
}

/// A day from milliseconds or from words.
fn end(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) => words::day_of(number.as_i64()?),
        Value::String(text) => words::day(text),
        _ => None,
    }
}

/// The beginning of a digest, for an id.
fn short(text: &str) -> String {
    let digest = stanchion_model::digest::sha256(text.as_bytes());
    digest.get(..16).unwrap_or(&digest).to_owned()
}

/// What goes into an address is a uuid and nothing else.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
