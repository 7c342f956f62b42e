//! Reads `exceptions.toml`.

use std::sync::Arc;

use stanchion_model::exception::{Exception, ExceptionScope};
use stanchion_model::vex::Justification;
use stanchion_syntax::{Limits, toml};

use super::Entry;
use crate::clock::Calendar;
use crate::file::Fault;
use crate::file::reader::{Table, beside};
use crate::pattern::{PurlPattern, glob};

/// The value of `schema`.
pub const SCHEMA: &str = "stanchion.exceptions/1";

/// The file's name, beside the policy.
pub const FILE: &str = "exceptions.toml";

/// Largest file that is read.
pub const MOST_BYTES: usize = 32 << 20;

/// Most entries in one file.
const MOST: usize = 100_000;

/// The entries, the unusable ones among them, and what is wrong with the file itself.
pub(super) fn read(
    file: &str,
    text: &str,
    prefix: &str,
    calendar: &Calendar,
) -> (Vec<Entry>, Vec<Fault>) {
    let file: Arc<str> = file.into();
    let document = toml::parse(text, &Limits::default());
    let mut faults = Vec::new();
    let Some(root) = beside(&document, &file, SCHEMA, "exception", &mut faults) else {
        return (Vec::new(), faults);
    };
    let entries = root
        .tables("exception", MOST, &mut faults)
        .iter()
        .map(|table| entry(table, prefix, calendar))
        .collect();
    root.finish(&mut faults);
    (entries, faults)
}

fn entry(table: &Table<'_>, prefix: &str, calendar: &Calendar) -> Entry {
    let mut faults = Vec::new();
    let plain = |name, faults: &mut Vec<Fault>| table.text(name, faults).map(|text| text.value);
    let id = table.needed("id", &mut faults);
    let scope = ExceptionScope {
        ids: table
            .either("vulnerability", "vulnerabilities", &mut faults)
            .into_iter()
            .chain(
                table
                    .texts("check", &mut faults)
                    .into_iter()
                    .map(|text| text.value),
            )
            .collect(),
        rules: table.either("rule", "rules", &mut faults),
        purl: plain("purl", &mut faults),
        versions: plain("versions", &mut faults),
        product: plain("product", &mut faults),
        paths: table.either("path", "paths", &mut faults),
    };
    let justification = table.read("justification", &mut faults, |word| {
        Justification::from_word(word).ok_or_else(|| {
            let words = Justification::ALL.map(Justification::as_str);
            format!("{word:?} is none of {}", words.join(", "))
        })
    });
    let exception = Exception {
        id: id.map(|text| text.value).unwrap_or_default(),
        reason: table.needed("reason", &mut faults).map(|text| text.value),
        compensating_control: plain("compensating_control", &mut faults),
        requested_by: plain("requested_by", &mut faults),
        approver: table.needed("approver", &mut faults).map(|text| text.value),
        approved_on: plain("approved_on", &mut faults),
        expires: table.needed("expires", &mut faults).map(|text| text.value),
        justification: justification.map(|placed| placed.value),
        line: table.place().line,
        scope,
    };
    table.finish(&mut faults);
    let mut broken: Vec<String> = faults
        .into_iter()
        .map(|fault| match fault.hint {
            Some(hint) => format!("{} ({hint})", fault.message),
            None => fault.message,
        })
        .collect();
    if exception.scope.ids.is_empty() && exception.scope.rules.is_empty() {
        broken.push("it names neither a `vulnerability`, a `check` nor a `rule`".into());
    }
    let mut what = None;
    if let Some(purl) = &exception.scope.purl {
        match PurlPattern::parse(purl, exception.scope.versions.as_deref()) {
            Ok(pattern) => what = Some(pattern),
            Err(error) => broken.push(format!("`purl`: {error}")),
        }
    } else if exception.scope.versions.is_some() {
        broken.push("`versions` without `purl`: whose versions?".into());
    }
    let mut paths = Vec::new();
    for path in &exception.scope.paths {
        match glob(path) {
            Ok(glob) => paths.push(glob),
            Err(error) => broken.push(format!("`path`: {error}")),
        }
    }
    let mut moment = |name: &str, text: &Option<String>, end: bool| {
        let text = text.as_deref()?;
        let moment = calendar.moment(text, end);
        if moment.is_none() {
            broken.push(format!(
                "`{name}` is {text:?}, which is no day or time; write it as 2026-12-31"
            ));
        }
        moment
    };
    let from = moment("approved_on", &exception.approved_on, false);
    let until = moment("expires", &exception.expires, true);
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        broken.push("it expires before it was approved".into());
    }
    Entry {
        place: table.place(),
        broken: (!broken.is_empty()).then(|| broken.join("; ")),
        what,
        paths,
        prefix: prefix.to_owned(),
        from,
        until,
        exception,
    }
}
