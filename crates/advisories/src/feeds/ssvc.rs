//! CISA's decision points from [Vulnrichment](https://github.com/cisagov/vulnrichment): CVE 5 records, one file each.

use stanchion_model::finding::{Exploitation, Ssvc};
use stanchion_syntax::{Limits, Node, json, text};

use crate::index::tables::cve_number;

/// The decision points of one record; `Ok(None)` when it carries none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(u64, Ssvc)>, String> {
    let decoded = text::decode(bytes).map_err(|error| error.to_string())?;
    let root = json::parse(&decoded.text, &Limits::default())
        .whole()
        .map_err(|error| error.to_string())?;
    let cve = root
        .at(&["cveMetadata"])
        .str("cveId")
        .and_then(cve_number)
        .ok_or("it has no CVE id")?;
    let mut found = None;
    for container in root.at(&["containers", "adp"]).items() {
        for metric in container.at(&["metrics"]).items() {
            let other = metric.at(&["other"]);
            if other.str("type") == Some("ssvc") {
                found = decision(other.at(&["content", "options"])).or(found);
            }
        }
    }
    Ok(found.map(|ssvc| (cve, ssvc)))
}

fn decision(options: &Node<'_>) -> Option<Ssvc> {
    let say = |point: &str| options.items().iter().find_map(|option| option.str(point));
    Some(Ssvc {
        exploitation: match say("Exploitation")?.to_ascii_lowercase().as_str() {
            "active" => Exploitation::Active,
            "poc" | "public poc" => Exploitation::Poc,
            _ => Exploitation::None,
        },
        automatable: say("Automatable").is_some_and(|word| word.eq_ignore_ascii_case("yes")),
        total_impact: say("Technical Impact")
            .is_some_and(|word| word.eq_ignore_ascii_case("total")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_points_are_read() {
        let text = br#"{"cveMetadata":{"cveId":"CVE-2021-44228"},"containers":{"adp":[{"metrics":[{"other":{"type":"kev","content":{}}},
            {"other":{"type":"ssvc","content":{"options":[{"Exploitation":"active"},{"Automatable":"yes"},{"Technical Impact":"total"}]}}}]}]}}"#;
        let want = Ssvc {
            exploitation: Exploitation::Active,
            automatable: true,
            total_impact: true,
        };
        assert_eq!(
            parse(text).unwrap(),
            Some((cve_number("CVE-2021-44228").unwrap(), want))
        );
        assert_eq!(
            parse(br#"{"cveMetadata":{"cveId":"CVE-2021-1"}}"#).unwrap(),
            None
        );
        assert!(parse(b"{}").is_err());
    }
}
