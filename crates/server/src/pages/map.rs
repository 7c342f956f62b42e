//! From the views of the API to what pages show.

use stanchion_model::threat::ThreatVector;
use stanchion_ui::findings::Row;
use stanchion_ui::parts::Count;

use crate::findings::lists;

/// Seconds since 1970 of a time in RFC 3339.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_second)
}

/// A row of findings.
pub(crate) fn row(view: lists::RowView) -> Row {
    Row {
        due: view.due.as_deref().and_then(seconds),
        first_seen: seconds(&view.first_seen).unwrap_or_default(),
        id: view.id,
        kind: view.kind,
        vulnerability: view.vulnerability,
        title: view.title,
        product: view.product,
        version: view.version,
        component: view.component.name,
        component_version: view.component.version,
        severity: view.severity,
        score: view.score,
        state: view.state,
        known_exploited: view.known_exploited,
        upgrade_to: view.upgrade_to,
        epss: view.epss,
        owner: view.owner,
        exception: view.exception,
    }
}

/// A count.
pub(crate) fn count(count: &lists::Count) -> Count {
    Count {
        count: i64::try_from(count.count).unwrap_or(i64::MAX),
        exact: count.exact,
    }
}

/// Ids of threat vectors with their words.
pub(crate) fn vectors(ids: &[&str]) -> Vec<(String, String)> {
    ids.iter()
        .map(|id| {
            let words = ThreatVector::from_id(id).map(ThreatVector::title);
            ((*id).to_owned(), words.unwrap_or(id).to_owned())
        })
        .collect()
}
