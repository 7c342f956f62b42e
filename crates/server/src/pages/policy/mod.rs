//! What did we promise, do we keep it?

mod change;
mod decisions;
mod exceptions;
mod versions;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use stanchion_model::cvss::Severity;
use stanchion_policy::clock::Span;
use stanchion_policy::condition::Condition;
use stanchion_policy::file::{Enforce, Gate, SlaRule};
use stanchion_policy::{document, presets};
use stanchion_store::decisions::{self as kept, PolicyVersion};
use stanchion_store::query::{self, FINDINGS};
use stanchion_store::{Id, StoreError, Tx, params, products, standing, violations};
use stanchion_ui::parts::{Count, term};
use stanchion_ui::policy::exceptions::Row;
use stanchion_ui::policy::{self as view, Clock, GateRule, InForce, Policy, Rule};

use crate::exceptions::{LAPSING, View};
use crate::findings::lists::{PATIENCE, parse, visible};
use crate::http::Problem;
use crate::people::{Allowed, Permission, PolicyRead, ProductRead};
use crate::portal::Portal;

use super::around::{Viewer, page};
use super::map;

/// Rules that are counted.
const MOST_RULES: usize = 40;
/// A rule's findings are counted up to this.
const MOST: usize = 1_000;
/// Findings that are told apart by severity and deadline in one go.
const MOST_DRAWN: i64 = 200_000;
/// Exceptions that are gone through for whoever does not see all products.
const MOST_LOOKED: usize = 2_000;
/// Exceptions that are shown beside the policy.
const FEW: usize = 6;
/// How long all counts of rules together may take.
const COUNTING: Duration = Duration::from_secs(1);

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/policy", get(show))
        .route("/policy/policy.toml", get(text))
        .merge(exceptions::routes())
        .merge(decisions::routes())
        .merge(change::routes())
        .merge(versions::routes())
}

/// A version as pages show it.
fn in_force(version: &PolicyVersion) -> InForce {
    InForce {
        seq: version.seq,
        digest: version.digest.clone(),
        source: version.source.clone(),
        set_by: version.set_by.clone(),
        at: version.at,
        note: version.note.clone(),
        elsewhere: version.beside.is_some(),
    }
}

/// A policy as a file.
fn file(text: String) -> Response {
    (
        [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (CONTENT_DISPOSITION, "inline; filename=\"policy.toml\""),
        ],
        text,
    )
        .into_response()
}

async fn text(
    State(portal): State<Portal>,
    _viewer: Viewer<PolicyRead>,
) -> Result<Response, Problem> {
    let found = portal
        .read(|tx| Ok::<_, Problem>(kept::policy(tx)?))
        .await?
        .ok_or_else(|| Problem::not_found("No policy is set yet."))?;
    Ok(file(found.text))
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyRead>,
) -> Result<Response, Problem> {
    let reader: Allowed<ProductRead> = Allowed::of(viewer.allowed.0.clone())?;
    let found = portal.blocking(move |portal| look(portal, &reader)).await?;
    let text = if let Some(policy) = found {
        policy.page(&viewer.around)
    } else {
        let all: Vec<(&str, &str)> = presets::REGISTRY
            .iter()
            .map(|preset| (preset.name, preset.about))
            .collect();
        view::none(&viewer.around, &all)
    };
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

fn look(portal: &Portal, reader: &Allowed<ProductRead>) -> Result<Option<Policy>, Problem> {
    let now = portal.engine.now();
    let store = portal.engine.store();
    let Some(version) = store.read(kept::policy)? else {
        return Ok(None);
    };
    let mut policy = Policy {
        in_force: in_force(&version),
        ..Policy::default()
    };
    match portal.engine.policy_for(None) {
        Ok(Some(state)) => {
            let read = &state.opened.policy;
            policy.accountable = document::accountable(read);
            policy.document = Some(document::document(read));
            policy.rules = read.sla.iter().map(rule).collect();
            policy.gates = Gate::ALL
                .iter()
                .flat_map(|gate| read.enforce.iter().filter(move |rule| rule.at == *gate))
                .map(gate_rule)
                .collect();
        }
        Ok(None) => {}
        Err(error) => policy.fault = Some(crate::slice::sentence(&error.to_string())),
    }
    let only = store.read_within(PATIENCE, |tx| {
        let only = reader.only(tx, ProductRead::NAME)?;
        let all = standing::sum(tx, only.as_deref())?;
        policy.open = (all.total, all.overdue);
        policy.clocks = if all.total <= MOST_DRAWN {
            Some(clocks(tx, only.as_deref(), now)?)
        } else {
            None
        };
        policy.closed = closed(tx, only.as_deref())?;
        exceptions(tx, only.as_deref(), now, &mut policy)?;
        Ok::<_, Problem>(only)
    })?;
    // What is due soon is known from above, where everything was gone through.
    policy.soon = match &policy.clocks {
        Some(clocks) => Count::exactly(clocks.iter().map(|clock| clock.soon).sum()),
        None => {
            counted(portal, only.as_deref(), "due<7d -is:overdue -is:excepted").unwrap_or_default()
        }
    };
    let begun = std::time::Instant::now();
    for rule in policy.rules.iter_mut().take(MOST_RULES) {
        if begun.elapsed() < COUNTING {
            rule.count = counted(portal, only.as_deref(), &term("rule", &rule.id));
        }
    }
    let built = policy
        .gates
        .iter_mut()
        .filter(|rule| rule.gate == Gate::Build.as_str())
        .take(MOST_RULES);
    for rule in built {
        let found = store.read(|tx| violations::count(tx, &rule.id, only.as_deref(), MOST))?;
        rule.count = Some(Count {
            count: i64::try_from(found.0).unwrap_or(i64::MAX),
            exact: found.1,
        });
    }
    Ok(Some(policy))
}

fn rule(rule: &SlaRule) -> Rule {
    let severities = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ];
    Rule {
        id: rule.id.clone(),
        what: rule
            .when
            .as_ref()
            .map_or_else(|| "every finding".into(), Condition::words),
        spans: severities.map(|severity| document::due_cell(rule, severity)),
        triage: rule.triage.as_ref().map(Span::words),
        clock: document::clock_words(rule),
        reason: rule.reason.clone(),
        count: None,
    }
}

fn gate_rule(rule: &Enforce) -> GateRule {
    GateRule {
        id: rule.id.clone(),
        gate: rule.at.as_str(),
        what: rule.deny.words(),
        missing: rule.missing_denies,
        reason: rule.reason.clone(),
        count: None,
    }
}

/// How many findings a query has; `None` where it cannot be said in time.
fn counted(portal: &Portal, only: Option<&[Id]>, text: &str) -> Option<Count> {
    let query = parse(&FINDINGS, text).ok()?;
    let visible = visible(only.map(<[Id]>::to_vec));
    let now = portal.engine.now();
    let found: Result<_, Problem> = portal
        .engine
        .store()
        .read_within(Duration::from_millis(500), |tx| {
            Ok(query::count(tx, &query, &visible, now, MOST)?)
        });
    found
        .ok()
        .map(|found| map::count(&crate::findings::lists::Count::from(found)))
}

/// Open findings by severity, and how they stand to their deadlines.
fn clocks(tx: &mut Tx<'_>, only: Option<&[Id]>, now: i64) -> Result<[Clock; 6], StoreError> {
    let mut clocks = [Clock::default(); 6];
    let sql = |condition: &str| {
        format!(
            "SELECT severity, CASE WHEN state = 2 THEN 0 WHEN state = 3 THEN 3 WHEN due IS NULL THEN 4 WHEN due < ?1 THEN 1 ELSE 2 END AS pile, COUNT(*)
             FROM finding WHERE work = 1{condition} GROUP BY severity, pile"
        )
    };
    let mut add = |row: &stanchion_store::Row<'_>| -> Result<(), StoreError> {
        let (severity, pile, count): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // 4 critical to 0 none, then what is not rated.
        let at = usize::try_from(4 - severity).unwrap_or(5).min(5);
        let Some(clock) = clocks.get_mut(at) else {
            return Ok(());
        };
        match pile {
            0 => clock.overdue += count,
            1 => clock.soon += count,
            2 => clock.in_time += count,
            3 => clock.excepted += count,
            _ => clock.open_end += count,
        }
        Ok(())
    };
    let soon = now + 7 * 86_400;
    match only {
        None => tx.each(&sql(""), params![soon], &mut add)?,
        Some(only) => {
            for product in only {
                tx.each(&sql(" AND product = ?2"), params![soon, *product], &mut add)?;
            }
        }
    }
    Ok(clocks)
}

/// Live versions for which the gate is closed, and all of them.
fn closed(tx: &mut Tx<'_>, only: Option<&[Id]>) -> Result<(i64, i64), StoreError> {
    let (mut closed, mut live) = (0, 0);
    tx.each(
        "SELECT product, COALESCE(denied, 0) FROM version WHERE live = 1 AND inventory IS NOT NULL",
        &[],
        |row| {
            let (product, denied): (Id, i64) = (row.get(0)?, row.get(1)?);
            if only.is_none_or(|only| only.binary_search(&product).is_ok()) {
                live += 1;
                closed += denied;
            }
            Ok(())
        },
    )?;
    Ok((closed, live))
}

/// Exceptions of the products that somebody sees, and those that hold everywhere.
fn exceptions(
    tx: &mut Tx<'_>,
    only: Option<&[Id]>,
    now: i64,
    policy: &mut Policy,
) -> Result<(), Problem> {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let mut seen = |tx: &mut Tx<'_>, name: Option<&str>| -> Result<bool, StoreError> {
        let (Some(name), Some(only)) = (name, only) else {
            return Ok(true);
        };
        if let Some(seen) = known.get(name) {
            return Ok(*seen);
        }
        let seen = products::by_name(tx, name)?
            .is_some_and(|product| only.binary_search(&product.id).is_ok());
        known.insert(name.to_owned(), seen);
        Ok(seen)
    };
    if only.is_none() {
        policy.exceptions = kept::exception_counts(tx, now, now + LAPSING)?;
    } else {
        for row in kept::exceptions(tx, Some("requested"), "", MOST_LOOKED)? {
            policy.exceptions[0] += i64::from(seen(tx, row.product.as_deref())?);
        }
        for row in kept::in_force(tx, now, None, (i64::MIN, ""), MOST_LOOKED)? {
            if seen(tx, row.product.as_deref())? {
                policy.exceptions[1] += 1;
                let lapses = row.expires.is_some_and(|end| end < now + LAPSING);
                policy.exceptions[2] += i64::from(lapses);
            }
        }
    }
    for row in kept::in_force(tx, now, Some(now + LAPSING), (i64::MIN, ""), 200)? {
        if policy.lapsing.len() < FEW && seen(tx, row.product.as_deref())? {
            let view = View::of(row, now)?;
            policy.lapsing.push(row_of(view));
        }
    }
    Ok(())
}

/// The last second of the day or moment on which something ends.
fn last_second(text: &str) -> Option<i64> {
    if text.len() == 10 {
        map::seconds(&format!("{text}T23:59:59Z"))
    } else {
        map::seconds(text)
    }
}

/// An exception as a list shows it.
fn row_of(view: View) -> Row {
    Row {
        about: exceptions::about(&view).line(),
        expires: view.expires.as_deref().and_then(last_second),
        created: map::seconds(&view.created).unwrap_or_default(),
        id: view.id,
        state: view.state,
        product: view.scope.product,
        reason: view.reason.unwrap_or_default(),
        by: view.requested_by,
        decided_by: view.decided_by,
        ended: view.ended,
    }
}
