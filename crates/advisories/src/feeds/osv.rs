//! Advisories in the [OSV format](https://ossf.github.io/osv-schema/), any 1.x version.
//!
//! Ranges are put in order here, once, by the ecosystem's version order, as the schema's
//! [evaluation](https://ossf.github.io/osv-schema/#evaluation) asks: what matching does later is compare keys.

use std::borrow::Cow;

use stanchion_model::Ecosystem;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::Kind;
use stanchion_syntax::{Limits, Node, json, text};
use stanchion_versions::{Certainty, Scheme};

use crate::record::{Affected, Bound, End, Interval, Prose, Record};

/// What one file of a feed holds.
#[derive(Debug)]
pub(crate) enum Parsed {
    Record(Box<Record>),
    /// Withdrawn by its source.
    Withdrawn(Box<str>),
}

/// Longest title kept, in characters.
const TITLE: usize = 160;
/// Most entries in any one list of a record; no honest advisory comes near.
const LIST: usize = 50_000;
/// Most comparisons of listed versions with intervals.
const HELD_AGAINST: usize = 5_000_000;
/// Most aliases and the like; the most in use is 139.
const IDS: usize = 5_000;
/// Longest name of a package, in bytes; the longest in use has 213.
const NAME: usize = 4096;

/// Reads one advisory. The error is the reason why it cannot be used, with its id where that could be read.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, (String, String)> {
    let nobody = |reason: String| (String::new(), reason);
    let decoded = text::decode(bytes).map_err(|error| nobody(error.to_string()))?;
    let document = json::parse(
        &decoded.text,
        &Limits {
            depth: 64,
            nodes: 2_000_000,
            ..Limits::default()
        },
    );
    let id = document.root.str("id").unwrap_or_default().to_owned();
    if let Some(error) = document.error {
        return Err((id, error.to_string()));
    }
    read(&document.root).map_err(|reason| (id, reason))
}

fn read(root: &Node<'_>) -> Result<Parsed, String> {
    if !root.is_object() {
        return Err(format!("it is {}, not an object", root.kind()));
    }
    let id = root
        .str("id")
        .filter(|id| !id.trim().is_empty())
        .ok_or("it has no id")?;
    if id.len() > 200 || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("its id is malformed".into());
    }
    if root
        .get("withdrawn")
        .is_some_and(|withdrawn| withdrawn.as_str().is_some_and(|text| !text.is_empty()))
    {
        return Ok(Parsed::Withdrawn(id.into()));
    }
    // GitHub puts it in the title too, and copies of its data often keep no more than that.
    let summary = root
        .str("summary")
        .unwrap_or_default()
        .trim_start_matches('[');
    if summary
        .get(..9)
        .is_some_and(|word| word.eq_ignore_ascii_case("withdrawn"))
        && summary[9..].starts_with([':', ']', ' '])
        && (summary.contains(':') || summary.contains(']'))
    {
        return Ok(Parsed::Withdrawn(id.into()));
    }
    let mut cvss: Vec<Box<str>> = Vec::new();
    let mut cwes = Vec::new();
    let mut word = None;
    let mut kind = if id.starts_with("MAL-") {
        Kind::Malicious
    } else {
        Kind::Vulnerability
    };
    severities(list(root, "severity")?, &mut cvss, &mut word);
    let own = root.at(&["database_specific"]);
    word = word.or_else(|| word_of(own));
    weaknesses(own, &mut cwes);
    let mut affected = Vec::new();
    for node in list(root, "affected")? {
        if !node.is_object() {
            return Err(format!("affected holds {}, not an object", node.kind()));
        }
        let specific = node.at(&["database_specific"]);
        severities(list(node, "severity")?, &mut cvss, &mut word);
        word = word
            .or_else(|| word_of(specific))
            .or_else(|| word_of(node.at(&["ecosystem_specific"])));
        weaknesses(specific, &mut cwes);
        match specific.str("informational") {
            Some("unmaintained") => kind = Kind::Unmaintained,
            // A notice says what is odd about a crate's use of unsafe code or its state; it has no score either.
            Some("unsound" | "notice") => kind = Kind::Unsound,
            _ => {}
        }
        if let Some(one) = affected_package(node)? {
            affected.push(one);
        }
    }
    let title = title(root);
    word = word.or_else(|| errata_word(id, &title));
    cwes.sort_unstable();
    cwes.dedup();
    let details: Cow<'_, str> = root.str("details").unwrap_or_default().into();
    let references = list(root, "references")?
        .iter()
        .filter_map(|node| node.str("url"))
        .map(Box::from)
        .collect();
    Ok(Parsed::Record(Box::new(Record {
        id: id.into(),
        kind,
        aliases: strings(root, "aliases")?
            .into_iter()
            .filter(|alias| &**alias != id)
            .collect(),
        upstream: strings(root, "upstream")?,
        word,
        cvss,
        cwes,
        published: seconds(root.str("published")),
        modified: seconds(root.str("modified")),
        title,
        affected,
        prose: Prose {
            details: details.into(),
            references,
        },
    })))
}

fn list<'n, 'a>(node: &'n Node<'a>, key: &str) -> Result<&'n [Node<'a>], String> {
    match node.get(key) {
        None => Ok(&[]),
        Some(value) if value.is_null() => Ok(&[]),
        Some(value) if value.is_array() && value.items().len() <= LIST => Ok(value.items()),
        Some(value) if value.is_array() => Err(format!("{key} has more than {LIST} entries")),
        Some(value) => Err(format!("{key} is {}, not a list", value.kind())),
    }
}

fn strings(node: &Node<'_>, key: &str) -> Result<Vec<Box<str>>, String> {
    let items = list(node, key)?;
    if items.len() > IDS {
        return Err(format!("{key} has more than {IDS} entries"));
    }
    items
        .iter()
        .map(|item| {
            item.as_str()
                .map(Box::from)
                .ok_or_else(|| format!("{key} holds {}, not a string", item.kind()))
        })
        .collect()
}

fn severities(nodes: &[Node<'_>], cvss: &mut Vec<Box<str>>, word: &mut Option<Severity>) {
    for node in nodes {
        let (Some(kind), Some(score)) = (node.str("type"), node.str("score")) else {
            continue;
        };
        if kind.starts_with("CVSS") {
            if !cvss.iter().any(|known| &**known == score) {
                cvss.push(score.into());
            }
        } else {
            *word = word.or_else(|| Severity::from_word(score));
        }
    }
}

/// The word that a source gives in fields of its own, or the one for its bare score.
fn word_of(specific: &Node<'_>) -> Option<Severity> {
    let said = specific.str("severity").and_then(Severity::from_word);
    said.or_else(|| {
        let scores = ["cvss_v4_score", "cvss_v3_score", "cvss_v2_score"];
        scores
            .iter()
            .find_map(|key| specific.get(key)?.as_f64())
            .map(Severity::from_score)
    })
}

/// Errata of Red Hat and its kin start their title with the word.
fn errata_word(id: &str, title: &str) -> Option<Severity> {
    let errata = ["ALSA-", "RHSA-", "RLSA-"]
        .iter()
        .any(|prefix| id.starts_with(prefix));
    errata
        .then(|| title.split_once(':'))
        .flatten()
        .and_then(|(word, _)| Severity::from_word(word.trim()))
}

fn weaknesses(specific: &Node<'_>, cwes: &mut Vec<u32>) {
    let number = |text: &str| {
        text.trim()
            .strip_prefix("CWE-")
            .and_then(|number| number.parse::<u32>().ok())
    };
    cwes.extend(
        specific
            .at(&["cwe_ids"])
            .items()
            .iter()
            .filter_map(|node| number(node.as_str()?)),
    );
    cwes.extend(
        specific
            .at(&["cwes"])
            .items()
            .iter()
            .filter_map(|node| number(node.str("cweId")?)),
    );
}

fn title(root: &Node<'_>) -> Box<str> {
    let summary = root
        .str("summary")
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let text = summary.unwrap_or_else(|| {
        let details = root.str("details").unwrap_or_default();
        details
            .lines()
            .map(|line| line.trim().trim_start_matches('#').trim())
            .find(|line| !line.is_empty())
            .unwrap_or_default()
    });
    let line = text.lines().next().unwrap_or_default();
    // The first sentence is enough for a title; an abbreviation's dot is followed by no capital.
    let sentence = line
        .match_indices(". ")
        .find(|(at, _)| *at > 40)
        .map_or(line, |(at, _)| &line[..at]);
    let short = if summary.is_some() { line } else { sentence };
    if short.chars().count() <= TITLE {
        return short.trim_end_matches('.').into();
    }
    let mut cut: String = short.chars().take(TITLE).collect();
    if let Some(space) = cut.rfind(' ') {
        cut.truncate(space);
    }
    cut.push('…');
    cut.into()
}

/// Seconds since 1970 of an RFC 3339 time; 0 for anything else.
pub(crate) fn seconds(time: Option<&str>) -> u64 {
    let parsed = time.and_then(|time| time.parse::<jiff::Timestamp>().ok());
    parsed
        .and_then(|time| u64::try_from(time.as_second()).ok())
        .unwrap_or(0)
}

fn affected_package(node: &Node<'_>) -> Result<Option<Affected>, String> {
    let Some(package) = node.get("package") else {
        // Ranges of commits alone name no package: kept for their repository elsewhere, not matched by version.
        return Ok(None);
    };
    let (Some(ecosystem), Some(name)) = (package.str("ecosystem"), package.str("name")) else {
        return Err("affected.package has no ecosystem or no name".into());
    };
    if name.len() > NAME || ecosystem.len() > 200 {
        return Err("affected.package has a name that is too long".into());
    }
    let known = Ecosystem::from_osv(ecosystem);
    let (label, name): (Cow<'_, str>, Cow<'_, str>) = match known {
        Some((known, Some(release))) => (
            format!("{}:{release}", known.name()).into(),
            known.lookup_name(name),
        ),
        Some((known, None)) => (known.name().into(), known.lookup_name(name)),
        None => (ecosystem.into(), name.into()),
    };
    let scheme = known.map_or_else(
        || Scheme::for_ecosystem(ecosystem).unwrap_or(Scheme::Generic),
        |(known, _)| known.scheme(),
    );
    let specific = node.at(&["database_specific"]);
    let low_open = specific.flag("lower_bound_exclusive");
    let mut affected = Affected {
        ecosystem: label.into(),
        name: name.into(),
        intervals: Vec::new(),
        listed: Vec::new(),
        commits: Vec::new(),
        end_unknown: specific.flag("fixed_unknown"),
    };
    let mut git = false;
    for range in list(node, "ranges")? {
        let events = list(range, "events")?;
        match range.str("type") {
            Some("GIT") => {
                git = true;
                commits(events, &mut affected.commits);
            }
            Some("SEMVER") => order(
                events,
                Scheme::SemVer,
                !is_semver(scheme),
                low_open,
                &mut affected.intervals,
            )?,
            Some("ECOSYSTEM") => order(events, scheme, false, low_open, &mut affected.intervals)?,
            other => return Err(format!("a range has the type {other:?}")),
        }
    }
    let versions = list(node, "versions")?;
    if git && affected.intervals.is_empty() {
        // Versions of a record with commits alone are tags, or commits themselves.
        affected.commits.extend(
            versions
                .iter()
                .filter_map(Node::as_str)
                .filter(|text| is_commit(text))
                .map(Box::from),
        );
    }
    listed(versions, scheme, &mut affected);
    affected.commits.sort_unstable();
    affected.commits.dedup();
    Ok(Some(affected))
}

/// Schemes whose keys are those of SemVer.
fn is_semver(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::SemVer | Scheme::Cargo | Scheme::Go)
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn commits(events: &[Node<'_>], out: &mut Vec<Box<str>>) {
    for event in events {
        for key in ["introduced", "last_affected"] {
            out.extend(
                event
                    .str(key)
                    .filter(|commit| is_commit(commit))
                    .map(|commit| commit.to_ascii_lowercase().into()),
            );
        }
    }
}

fn bound(text: &str, scheme: Scheme) -> Bound {
    let mut key = Vec::with_capacity(16);
    let certainty = scheme.key(text, &mut key);
    Bound {
        text: text.into(),
        key: key.into(),
        unparsed: certainty == Certainty::Unparsed,
    }
}

/// Events to intervals, whatever order the events stand in.
fn order(
    events: &[Node<'_>],
    scheme: Scheme,
    semver: bool,
    low_open: bool,
    out: &mut Vec<Interval>,
) -> Result<(), String> {
    /// In the order in which events at the same version apply.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Event {
        Introduced,
        Fixed,
        LastAffected,
    }
    let mut steps: Vec<(Option<Bound>, Event)> = Vec::with_capacity(events.len());
    let mut limits: Vec<Bound> = Vec::new();
    let mut unlimited = false;
    for event in events {
        for member in event.members() {
            let Some(text) = member.value.text() else {
                return Err(format!(
                    "an event's {} is {}, not a string",
                    member.key,
                    member.value.kind()
                ));
            };
            match member.key.as_ref() {
                "introduced" if text == "0" => steps.push((None, Event::Introduced)),
                "introduced" => steps.push((Some(bound(text, scheme)), Event::Introduced)),
                "fixed" => steps.push((Some(bound(text, scheme)), Event::Fixed)),
                "last_affected" => steps.push((Some(bound(text, scheme)), Event::LastAffected)),
                "limit" if text == "*" => unlimited = true,
                "limit" => limits.push(bound(text, scheme)),
                _ => {}
            }
        }
    }
    let key = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.key.clone());
    steps.sort_by(|a, b| key(&a.0).cmp(&key(&b.0)).then(a.1.cmp(&b.1)));
    if !steps.is_empty() && !steps.iter().any(|(_, event)| *event == Event::Introduced) {
        // The schema asks for an introduction; without one the range starts at the beginning.
        steps.insert(0, (None, Event::Introduced));
    }
    let limit = if unlimited {
        None
    } else {
        limits.into_iter().max_by(|a, b| a.key.cmp(&b.key))
    };
    let mut open: Option<Option<Bound>> = None;
    let first = out.len();
    for (at, event) in steps {
        match (event, open.is_some()) {
            (Event::Introduced, false) => open = Some(at),
            (Event::Fixed | Event::LastAffected, true) => {
                let low = open.take().flatten();
                let end = if event == Event::Fixed {
                    End::Fixed
                } else {
                    End::LastAffected
                };
                out.push(Interval {
                    low,
                    low_open: false,
                    high: at.map(|high| (end, high)),
                    semver,
                });
            }
            _ => {}
        }
    }
    if let Some(low) = open {
        out.push(Interval {
            low,
            low_open: false,
            high: None,
            semver,
        });
    }
    for interval in &mut out[first..] {
        interval.low_open = low_open && interval.low.is_some();
        if let Some(limit) = &limit {
            let beyond = interval.high.as_ref().is_none_or(|(end, high)| match end {
                End::LastAffected => high.key >= limit.key,
                End::Fixed | End::Limit => high.key > limit.key,
            });
            if beyond {
                interval.high = Some((End::Limit, limit.clone()));
            }
        }
    }
    Ok(())
}

/// Keeps the listed versions that no interval holds: the others say nothing new.
fn listed(versions: &[Node<'_>], scheme: Scheme, affected: &mut Affected) {
    // Each version is held against each interval: of thousands of either, the others keep their versions, which costs
    // room and changes no answer.
    let asked = affected
        .intervals
        .len()
        .min(HELD_AGAINST / versions.len().max(1));
    let mut key = Vec::with_capacity(32);
    for text in versions.iter().filter_map(Node::text) {
        if is_commit(text) {
            continue;
        }
        key.clear();
        let certainty = scheme.key(text, &mut key);
        let intervals = &affected.intervals[..asked];
        if !intervals
            .iter()
            .any(|interval| !interval.semver && holds(interval, &key))
        {
            affected.listed.push(Bound {
                text: text.into(),
                key: key.as_slice().into(),
                unparsed: certainty == Certainty::Unparsed,
            });
        }
    }
}

fn holds(interval: &Interval, key: &[u8]) -> bool {
    let above = interval.low.as_ref().is_none_or(|low| {
        if interval.low_open {
            *key > *low.key
        } else {
            *key >= *low.key
        }
    });
    above
        && match &interval.high {
            None => true,
            Some((End::LastAffected, high)) => *key <= *high.key,
            Some((End::Fixed | End::Limit, high)) => *key < *high.key,
        }
}

/// Reads a list of advisories.
pub(crate) fn parse_list(root: &Node<'_>) -> Vec<Result<Parsed, (String, String)>> {
    root.items()
        .iter()
        .map(|node| {
            read(node).map_err(|reason| (node.str("id").unwrap_or_default().to_owned(), reason))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(text: &str) -> Record {
        match parse(text.as_bytes()).unwrap() {
            Parsed::Record(record) => *record,
            Parsed::Withdrawn(id) => panic!("{id} is withdrawn"),
        }
    }

    fn npm(ranges: &str, versions: &str) -> Vec<String> {
        let text = format!(
            r#"{{"id":"X-1","affected":[{{"package":{{"ecosystem":"npm","name":"a"}},"ranges":[{ranges}],"versions":[{versions}]}}]}}"#
        );
        let affected = record(&text).affected.remove(0);
        let mut lines: Vec<String> = affected
            .intervals
            .iter()
            .map(|interval| {
                let low = interval.low.as_ref().map_or("0", |low| &low.text);
                let high = interval
                    .high
                    .as_ref()
                    .map_or("∞".into(), |(end, high)| format!("{end:?} {}", high.text));
                format!("{low}..{high}")
            })
            .collect();
        lines.extend(
            affected
                .listed
                .iter()
                .map(|bound| format!("={}", bound.text)),
        );
        lines
    }

    #[test]
    fn events_are_put_in_order() {
        let range = r#"{"type":"SEMVER","events":[{"fixed":"2.0.0"},{"introduced":"1.10.0"},{"introduced":"0"},{"fixed":"1.9.0"}]}"#;
        assert_eq!(npm(range, ""), ["0..Fixed 1.9.0", "1.10.0..Fixed 2.0.0"]);
        let range = r#"{"type":"SEMVER","events":[{"introduced":"1.0.0","last_affected":"1.2.0"},{"introduced":"3.0.0"}]}"#;
        assert_eq!(npm(range, ""), ["1.0.0..LastAffected 1.2.0", "3.0.0..∞"]);
        assert_eq!(
            npm(r#"{"type":"SEMVER","events":[{"fixed":"1.0.0"}]}"#, ""),
            ["0..Fixed 1.0.0"]
        );
    }

    #[test]
    fn a_limit_ends_what_is_open() {
        let range = r#"{"type":"ECOSYSTEM","events":[{"introduced":"1.0.0"},{"limit":"2.0.0"},{"limit":"1.5.0"}]}"#;
        assert_eq!(npm(range, ""), ["1.0.0..Limit 2.0.0"]);
        let range = r#"{"type":"ECOSYSTEM","events":[{"introduced":"1.0.0"},{"limit":"*"}]}"#;
        assert_eq!(npm(range, ""), ["1.0.0..∞"]);
    }

    #[test]
    fn listed_versions_that_a_range_holds_are_dropped() {
        let range = r#"{"type":"ECOSYSTEM","events":[{"introduced":"1.0.0"},{"fixed":"2.0.0"}]}"#;
        assert_eq!(
            npm(range, r#""1.0.0","1.5.0","2.0.0","0.9.0""#),
            ["1.0.0..Fixed 2.0.0", "=2.0.0", "=0.9.0"]
        );
    }

    #[test]
    fn wrong_types_are_refused_with_the_reason() {
        for (text, reason) in [
            ("[]", "it is a list, not an object"),
            ("{\"id\":7}", "it has no id"),
            (
                "{\"id\":\"A\",\"affected\":{}}",
                "affected is an object, not a list",
            ),
            (
                "{\"id\":\"A\",\"affected\":[1]}",
                "affected holds a number, not an object",
            ),
            (
                "{\"id\":\"A\",\"aliases\":[1]}",
                "aliases holds a number, not a string",
            ),
            (
                "{\"id\":\"A\",\"affected\":[{\"package\":{\"name\":\"x\"}}]}",
                "affected.package has no ecosystem or no name",
            ),
            (
                "{\"id\":\"A\"",
                "line 1: the file ends where a comma or the end of the object is expected",
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().1, reason, "{text}");
        }
    }

    #[test]
    fn severity_kinds_and_names_are_read() {
        let found = record(
            r#"{"id":"RUSTSEC-2020-0036","summary":"failure is unmaintained","published":"2020-05-02T12:00:00Z",
            "affected":[{"package":{"ecosystem":"crates.io","name":"failure"},"database_specific":{"informational":"unmaintained"}}]}"#,
        );
        assert_eq!(
            (found.kind, found.published),
            (Kind::Unmaintained, 1_588_420_800)
        );
        let found = record(
            r#"{"id":"GHSA-1","aliases":["CVE-2020-1","GHSA-1"],"database_specific":{"severity":"MODERATE","cwe_ids":["CWE-79","x"]},
            "affected":[{"package":{"ecosystem":"PyPI","name":"Foo_Bar"}},{"package":{"ecosystem":"Packagist:https://packages.drupal.org/8","name":"Drupal/X"}},
            {"package":{"ecosystem":"Debian:12","name":"curl"}}]}"#,
        );
        assert_eq!(
            (found.word, found.cwes.as_slice(), found.aliases.len()),
            (Some(Severity::Medium), &[79][..], 1)
        );
        let names: Vec<_> = found
            .affected
            .iter()
            .map(|one| format!("{} {}", one.ecosystem, one.name))
            .collect();
        assert_eq!(
            names,
            ["PyPI foo-bar", "Packagist drupal/x", "Debian:12 curl"]
        );
        for title in ["Withdrawn: x", "Withdrawn Advisory: x", "[Withdrawn] x"] {
            let text = format!(r#"{{"id":"A","summary":"{title}"}}"#);
            assert!(matches!(
                parse(text.as_bytes()).unwrap(),
                Parsed::Withdrawn(_)
            ));
        }
        assert_eq!(
            &*record(r#"{"id":"A","summary":"Withdrawn funds are paid twice"}"#).title,
            "Withdrawn funds are paid twice"
        );
        assert!(matches!(
            parse(br#"{"id":"A","withdrawn":"2020-01-01T00:00:00Z"}"#).unwrap(),
            Parsed::Withdrawn(_)
        ));
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*", cut in 0usize..400) {
            let _ = parse(text.as_bytes());
            let sample = br#"{"id":"A","affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}],"versions":["1"]}]}"#;
            let _ = parse(&sample[..cut.min(sample.len())]);
        }
    }

    #[test]
    fn lists_and_names_beyond_reason_are_refused_and_none_takes_long() {
        let reason = |text: &str| parse(text.as_bytes()).unwrap_err().1;
        let aliases = vec!["\"CVE-2021-1\""; 5001].join(",");
        assert_eq!(
            reason(&format!(r#"{{"id":"A","aliases":[{aliases}]}}"#)),
            "aliases has more than 5000 entries"
        );
        let affected = |package: &str, rest: &str| {
            format!(r#"{{"id":"A","affected":[{{"package":{package}{rest}}}]}}"#)
        };
        let name = format!(r#"{{"ecosystem":"npm","name":"{}"}}"#, "p".repeat(70_000));
        assert_eq!(
            reason(&affected(&name, "")),
            "affected.package has a name that is too long"
        );
        let events: Vec<String> = (0..40_000)
            .map(|n| {
                format!(
                    r#"{{"{}":"1.{n}.0"}}"#,
                    if n % 2 == 0 { "introduced" } else { "fixed" }
                )
            })
            .collect();
        let versions: Vec<String> = (0..40_000).map(|n| format!(r#""1.{n}.5""#)).collect();
        let rest = format!(
            r#","ranges":[{{"type":"ECOSYSTEM","events":[{}]}}],"versions":[{}]"#,
            events.join(","),
            versions.join(",")
        );
        let text = affected(r#"{"ecosystem":"PyPI","name":"p"}"#, &rest);
        assert!(matches!(parse(text.as_bytes()), Ok(Parsed::Record(_))));
    }

    #[test]
    fn a_limit_is_exclusive_also_where_an_inclusive_end_stands() {
        let text = br#"{"id":"A","affected":[{"package":{"ecosystem":"npm","name":"p"},"ranges":[{"type":"SEMVER",
            "events":[{"introduced":"0"},{"last_affected":"0.3.0"},{"limit":"0.3.0"}]}]}]}"#;
        let Ok(Parsed::Record(record)) = parse(text) else {
            panic!("a record")
        };
        let key = |version: &str| bound(version, Scheme::SemVer).key;
        let interval = &record.affected[0].intervals[0];
        assert!(holds(interval, &key("0.2.9")) && !holds(interval, &key("0.3.0")));
    }
}
