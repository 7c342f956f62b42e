use std::collections::BTreeSet;

use serde_json::Value;
use stanchion_model::cvss::Severity;
use stanchion_model::report::Assessment;

use super::judged::{judged, statement};
use super::{MOST_RESULTS, Options, write};
use crate::testing::{HOSTILE, assessment, validate, written};

fn run(assessment: &Assessment, prefix: &str) -> Value {
    let options = Options {
        prefix,
        exit: (1, "denied"),
        successful: true,
    };
    let document = written(|out| write(assessment, &options, out).unwrap());
    validate("sarif/sarif-schema-2.1.0.json", &document);
    let run = document["runs"][0].clone();
    check(&run);
    run
}

/// What the schema cannot say, and code scanning asks for.
fn check(run: &Value) {
    let rules: Vec<&str> = items(&run["tool"]["driver"]["rules"])
        .map(|rule| text(&rule["id"]))
        .collect();
    assert_eq!(
        rules.iter().collect::<BTreeSet<_>>().len(),
        rules.len(),
        "a rule stands twice"
    );
    let mut fingerprints = BTreeSet::new();
    for result in items(&run["results"]) {
        assert_eq!(
            rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()],
            result["ruleId"]
        );
        let locations = result["locations"].as_array().unwrap();
        assert!((1..=20).contains(&locations.len()));
        assert!(
            fingerprints.insert(text(
                &result["partialFingerprints"]["primaryLocationLineHash"]
            )),
            "a fingerprint stands twice"
        );
        assert!(
            !text(&result["message"]["text"]).contains(|c: char| c.is_control() || c == '\u{202e}')
        );
    }
    // All results have suppressions, or none (3.27.23).
    let reviewed = items(&run["results"])
        .filter(|result| result.get("suppressions").is_some())
        .count();
    assert!(reviewed == 0 || reviewed == items(&run["results"]).count());
    for rule in items(&run["tool"]["driver"]["rules"]) {
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
        for description in ["shortDescription", "fullDescription"] {
            assert!(text(&rule[description]["text"]).chars().count() <= 1024);
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn rule<'a>(run: &'a Value, id: &str) -> &'a Value {
    items(&run["tool"]["driver"]["rules"])
        .find(|rule| rule["id"] == id)
        .unwrap()
}

#[test]
fn a_rule_says_what_holds_of_all_its_findings() {
    let run = run(&assessment(), "");
    let ids: Vec<&str> = items(&run["tool"]["driver"]["rules"])
        .map(|rule| text(&rule["id"]))
        .collect();
    assert_eq!(
        ids,
        [
            "MAL-2026-1",
            "CVE-2026-0001",
            "GO-2026-1",
            "RUSTSEC-2026-0001",
            "RUSTSEC-2026-0002",
            "end-of-life",
            "yanked"
        ]
    );
    let full = rule(&run, "CVE-2026-0001");
    assert_eq!(full["defaultConfiguration"]["level"], "error");
    assert_eq!(
        full["properties"]["security-severity"], "8.9",
        "9.8 by one source, yet our word is high"
    );
    assert_eq!(full["properties"]["precision"], "high");
    let tags: Vec<&str> = items(&full["properties"]["tags"]).map(text).collect();
    assert_eq!(
        tags,
        [
            "security",
            "vulnerability",
            "known-exploited",
            "remote-code-execution",
            "supply-chain",
            "external/cwe/cwe-079",
            "external/cwe/cwe-1321"
        ]
    );
    assert_eq!(
        full["helpUri"],
        "https://nvd.nist.gov/vuln/detail/CVE-2026-0001"
    );
    assert!(text(&full["help"]["text"]).contains("override"));
    let markdown = text(&full["help"]["markdown"]);
    assert!(markdown.contains("| `@scope/left 2.0.0` |"), "{markdown}");
    assert!(
        markdown.contains("vil\\\\\u{fffd}\\<b\\>"),
        "only inside of code may it stand as it is: {markdown}"
    );
    let unscored = rule(&run, "end-of-life");
    assert!(unscored["properties"].get("security-severity").is_none());
    assert_eq!(unscored["properties"]["tags"][0], "maintainability");
    assert_eq!(
        rule(&run, "MAL-2026-1")["properties"]["security-severity"],
        "9.5"
    );
}

#[test]
fn a_result_says_why_where_and_what_to_do() {
    let run = run(&assessment(), "sub dir");
    let full = &run["results"][1];
    let message = text(&full["message"]["text"]);
    for part in [
        "CVE-2026-0001",
        "Known to be exploited, also by ransomware",
        "EPSS 97.3 %",
        "Needed by shop-a > @scope/left@2.0.0",
        "(and 4 other ways)",
        "Raise @scope/left@2.0.0 until",
        "10 more places",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(full["locations"].as_array().unwrap().len(), 20);
    let place = &full["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "sub%20dir/a/package-lock.json"
    );
    assert_eq!(place["region"]["startLine"], 1);
    assert_eq!(full["rank"], 91.5);
    assert_eq!(full["baselineState"], "new");
    assert_eq!(
        full["suppressions"][0]["justification"],
        "Exception accepted until March to the rule fix-kev"
    );
    assert_eq!(run["results"][2]["baselineState"], "unchanged");
    let levels: Vec<&str> = items(&run["results"])
        .map(|result| text(&result["level"]))
        .collect();
    assert_eq!(
        levels,
        [
            "error", "error", "warning", "note", "note", "note", "warning", "warning", "warning"
        ]
    );
    // Without a place of its own it stands at its project's file, without a line.
    let ended = &run["results"][7]["locations"][0]["physicalLocation"];
    assert_eq!(ended["artifactLocation"]["uri"], "sub%20dir/b/list.txt");
    assert!(ended.get("region").is_none());
    assert_eq!(run["automationDetails"]["id"], "stanchion/sub dir/");
}

#[test]
fn fingerprints_outlive_versions_and_lines() {
    let mut assessment = assessment();
    let before = run(&assessment, "");
    for finding in &mut assessment.findings {
        finding.component.version.push_str(".1");
        finding.locations.truncate(1);
        for place in &mut finding.locations {
            place.line = Some(999);
        }
    }
    let after = run(&assessment, "elsewhere");
    for (before, after) in items(&before["results"]).zip(items(&after["results"])) {
        assert_eq!(before["partialFingerprints"], after["partialFingerprints"]);
    }
    let twin = text(&before["results"][4]["partialFingerprints"]["primaryLocationLineHash"]);
    assert!(twin.ends_with(":2"));
}

#[test]
fn problems_are_notifications() {
    let run = run(&assessment(), "");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["exitCode"], 1);
    let all: Vec<&Value> = items(&invocation["toolExecutionNotifications"]).collect();
    assert_eq!(all[0]["level"], "error");
    assert_eq!(
        all[0]["locations"][0]["physicalLocation"]["region"]["startLine"],
        3
    );
    assert_eq!(all[1]["level"], "note");
    assert!(
        all[1].get("locations").is_none(),
        "the target itself is no place in it"
    );
}

#[test]
fn hostile_paths_are_encoded() {
    let mut assessment = assessment();
    assessment.findings[1].locations = assessment.inventory.components[2].locations.clone();
    let run = run(&assessment, "");
    let uri =
        text(&run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
    assert!(uri.starts_with("a/e%1B%5B31m%22vil%5C"), "{uri}");
    assert!(
        text(&run["results"][1]["properties"]["paths"][0][2]).contains(HOSTILE),
        "values are exact"
    );
}

#[test]
fn more_than_code_scanning_takes_is_cut_and_said() {
    let mut assessment = assessment();
    let mut many = assessment.findings[3].clone();
    many.severity = Some(Severity::Low);
    assessment.findings = (0..MOST_RESULTS + 5)
        .map(|at| {
            many.key = format!("key {at}");
            many.clone()
        })
        .collect();
    let options = Options {
        prefix: "",
        exit: (0, ""),
        successful: true,
    };
    let document = written(|out| write(&assessment, &options, out).unwrap());
    let run = &document["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), MOST_RESULTS);
    assert_eq!(run["properties"]["resultsLeftOut"], 5);
    let last = items(&run["invocations"][0]["toolExecutionNotifications"])
        .last()
        .unwrap();
    assert!(text(&last["message"]["text"]).starts_with("5 results are left out"));
    assert!(
        text(&run["tool"]["driver"]["rules"][0]["help"]["text"])
            .lines()
            .count()
            <= 51
    );
}

#[test]
fn no_findings_are_a_valid_run() {
    let empty = run(&Assessment::default(), "");
    assert_eq!(empty["results"].as_array().unwrap().len(), 0);
    assert_eq!(empty["automationDetails"]["id"], "stanchion/");
}

fn suppressions(run: &Value, at: usize) -> Vec<(&str, &str, &str)> {
    items(&run["results"][at]["suppressions"])
        .map(|one| {
            (
                text(&one["kind"]),
                text(&one["status"]),
                text(&one["justification"]),
            )
        })
        .collect()
}

#[test]
fn exceptions_and_statements_are_suppressions() {
    let run = run(&judged(), "");
    assert_eq!(suppressions(&run, 0), []);
    let excepted = "Exception EX-2026-001 to the rule acme/severity, allowed by role:ciso, until 2027-01-31 (exceptions.toml:4)";
    // What somebody merely proposes does not put what is accepted in doubt.
    assert_eq!(suppressions(&run, 1), [("external", "accepted", excepted)]);
    let [(kind, status, why)] = suppressions(&run, 3)[..] else {
        panic!("what is outvoted is no suppression");
    };
    assert_eq!((kind, status), ("external", "accepted"));
    assert!(
        why.starts_with("not affected, vulnerable_code_not_in_execute_path, says ana "),
        "{why}"
    );
    assert!(
        why.ends_with("(vex/a.json:12): only the build parses arguments"),
        "{why}"
    );
    let [(kind, status, why)] = suppressions(&run, 4)[..] else {
        panic!("the same twice is one, and `affected` is none");
    };
    assert_eq!((kind, status), ("external", "underReview"));
    assert!(why.starts_with("fixed, says ana "), "{why}");
    assert_eq!(suppressions(&run, 6), [], "somebody looks at it");
    for result in items(&run["results"]) {
        for one in items(&result["suppressions"]) {
            assert!(!text(&one["justification"]).contains(|c: char| c.is_control()));
        }
    }
}

#[test]
fn what_the_gate_denies_is_an_error() {
    let run = run(&judged(), "");
    let levels: Vec<&str> = items(&run["results"])
        .map(|result| text(&result["level"]))
        .collect();
    // The third is of medium severity, and denied.
    assert_eq!(levels[..4], ["error", "error", "error", "note"]);
    let properties = &run["results"][0]["properties"];
    assert_eq!(properties["state"], "overdue");
    assert_eq!(properties["due"], "2026-11-21T22:59:59Z");
    assert_eq!(properties["policyRule"], "acme/severity");
    assert_eq!(properties["owner"], format!("team {HOSTILE}"));
    assert_eq!(properties["product"], "shop");
    assert_eq!(run["results"][1]["properties"]["exception"], "EX-2026-001");
    assert_eq!(run["properties"]["gate"], "release");
    assert_eq!(run["properties"]["policy"]["name"], "acme");
    assert_eq!(run["properties"]["denied"], true);
}

#[test]
fn what_no_result_can_say_is_a_notification() {
    let run = run(&judged(), "");
    let invocation = &run["invocations"][0];
    let told = |name: &str| -> Vec<(String, String, String)> {
        items(&invocation[name])
            .map(|one| {
                (
                    text(&one["descriptor"]["id"]).to_owned(),
                    text(&one["level"]).to_owned(),
                    text(&one["message"]["text"]).to_owned(),
                )
            })
            .collect()
    };
    let execution = told("toolExecutionNotifications");
    let ids: Vec<(&str, &str)> = execution
        .iter()
        .map(|(id, level, _)| (id.as_str(), level.as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            ("unreadable", "error"),
            ("odd", "note"),
            ("evidence/database", "error"),
            ("evidence/unresolved", "warning"),
            ("acme/release", "warning"),
        ]
    );
    assert!(
        execution[2]
            .2
            .starts_with("The target breaks evidence/database: run ")
    );
    assert!(
        execution[4]
            .2
            .starts_with("acme/release is not decided for 2 findings, such as: ")
    );
    let configuration = told("toolConfigurationNotifications");
    let starts = [
        (
            "exception/applied",
            "Exception EX-2026-002 is applied in part (exceptions.toml:4): it is for",
        ),
        (
            "exception/malformed",
            "Exception without an id is malformed (exceptions.toml:4): ",
        ),
        (
            "exception/expired",
            "Exception EX-2026-004 is expired (exceptions.toml:4): it ended 3 days ago",
        ),
    ];
    assert_eq!(configuration.len(), starts.len());
    for ((id, level, message), (want, start)) in configuration.iter().zip(starts) {
        assert_eq!((id.as_str(), level.as_str()), (want, "warning"));
        assert!(message.starts_with(start), "{message}");
        assert!(!message.contains(|c: char| c.is_control()));
    }
}

#[test]
fn without_a_policy_nothing_is_said_of_one() {
    let mut plain = assessment();
    for finding in &mut plain.findings {
        finding.exception = None;
    }
    // The default rules deny, and leave the level to the severity.
    plain.verdict.denied = true;
    plain.verdict.violations = judged().verdict.violations;
    let run = run(&plain, "");
    for result in items(&run["results"]) {
        assert!(result.get("suppressions").is_none());
    }
    assert_eq!(run["results"][2]["level"], "warning");
    assert!(run["properties"].get("policy").is_none() && run["properties"].get("gate").is_none());
    assert!(
        run["invocations"][0]
            .get("toolConfigurationNotifications")
            .is_none()
    );
}

#[test]
fn what_a_policy_says_is_bounded() {
    let mut judged = judged();
    let (violation, note) = (
        judged.verdict.violations[2].clone(),
        judged.exceptions[2].clone(),
    );
    judged.verdict.violations = vec![violation; 5000];
    judged.exceptions = vec![note; 5000];
    judged.exceptions[0].reason = Some("x".repeat(100_000));
    judged.findings[0].statements = (0..5000)
        .map(|at| {
            let mut one = statement("fixed", "proposed");
            one.place = format!("vex/a.json:{at}");
            one
        })
        .collect();
    let run = run(&judged, "");
    let invocation = &run["invocations"][0];
    for (name, most) in [
        ("toolExecutionNotifications", 205),
        ("toolConfigurationNotifications", 201),
    ] {
        assert_eq!(items(&invocation[name]).count(), most, "{name}");
    }
    assert_eq!(items(&run["results"][0]["suppressions"]).count(), 20);
}
