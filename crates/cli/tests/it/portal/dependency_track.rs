//! From a Dependency-Track: answers with the names and shapes that it has.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::serving::{Asked, Reply, Server};
use super::{Fake, told};

const KEY: &str = "odt_secret_key";

fn uuid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn bom(name: &str) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1, "metadata": {"component": {"type": "application", "name": name, "version": "1"}},
        "components": [{"type": "library", "name": "lodash", "version": "4.17.15", "bom-ref": "a", "purl": "pkg:npm/lodash@4.17.15"}]})
}

/// What the fake has and does.
#[derive(Default)]
pub(super) struct Track {
    projects: Vec<Value>,
    findings: Vec<(String, Value)>,
    analyses: Vec<(String, Value)>,
    policies: Vec<Value>,
    /// Statuses for the next answers.
    busy: Vec<u16>,
    /// Bills of materials that break off.
    cut: Vec<String>,
    /// Bills of materials that are too large.
    huge: Vec<String>,
}

fn project(number: u64, name: &str, version: &str, parent: Option<&Value>) -> Value {
    let mut project = json!({"uuid": uuid(number), "name": name, "version": version, "classifier": "APPLICATION",
        "tags": [{"name": "team-a"}], "active": true, "isLatest": true, "lastBomImport": 1_700_000_000_000_u64,
        "lastBomImportFormat": "CycloneDX 1.5", "lastInheritedRiskScore": 3.0,
        "metrics": {"critical": 1, "components": 1}, "properties": []});
    if let Some(parent) = parent {
        project["parent"] = parent.clone();
    }
    project
}

fn finding(
    project: u64,
    number: u64,
    purl: Option<&str>,
    state: &str,
    suppressed: bool,
) -> (String, Value) {
    let mut component = json!({"uuid": uuid(number), "name": "lodash", "version": "4.17.15", "project": uuid(project)});
    if let Some(purl) = purl {
        component["purl"] = json!(purl);
    }
    (
        uuid(project),
        json!({"component": component,
            "vulnerability": {"uuid": uuid(900), "source": "NVD", "vulnId": "CVE-2026-0001", "severity": "CRITICAL", "severityRank": 0,
                "cwes": [{"cweId": 78, "name": "x"}], "aliases": [{"cveId": "CVE-2026-0001"}]},
            "analysis": {"state": state, "isSuppressed": suppressed},
            "attribution": {"analyzerIdentity": "INTERNAL_ANALYZER", "attributedOn": 1_700_000_000_000_u64},
            "matrix": format!("{}:{}:{}", uuid(project), uuid(number), uuid(900))}),
    )
}

fn analysis(number: u64, state: &str, justification: &str, suppressed: bool) -> (String, Value) {
    (
        uuid(number),
        json!({"analysisState": state, "analysisJustification": justification, "analysisResponse": "WILL_NOT_FIX",
            "analysisDetails": "seen \u{1b}[31m by us", "isSuppressed": suppressed,
            "analysisComments": [{"timestamp": 1_700_000_000_000_u64, "comment": "Analysis: NOT_SET → X", "commenter": "ann"}]}),
    )
}

fn answer(track: &Mutex<Track>, asked: &Asked) -> Reply {
    if asked.headers.get("x-api-key").map(String::as_str) != Some(KEY) {
        return Reply::status(401);
    }
    let mut track = track.lock().unwrap();
    if !track.busy.is_empty() {
        return Reply::status(track.busy.remove(0)).with("retry-after", 0);
    }
    let page = |list: &[Value]| {
        let number = |name: &str| {
            asked
                .query
                .get(name)
                .map_or(0, |text| text.parse().unwrap())
        };
        let (offset, limit): (usize, usize) = (number("offset"), number("limit"));
        let some: Vec<&Value> = list.iter().skip(offset).take(limit).collect();
        Reply::json(&json!(some)).with("X-Total-Count", list.len())
    };
    match asked.path.as_str() {
        "/api/version" => Reply::json(
            &json!({"version": "4.14.3", "timestamp": "2026-01-01T00:00:00Z",
            "systemUuid": uuid(1), "uuid": uuid(2), "application": "Dependency-Track",
            "framework": {"name": "Alpine", "version": "3"}}),
        ),
        "/api/v1/project" => page(&track.projects),
        "/api/v1/policy" => page(&track.policies),
        "/api/v1/licenseGroup" => page(&[]),
        "/api/v1/analysis" => track
            .analyses
            .iter()
            .find(|(component, _)| *component == asked.query["component"])
            .map_or_else(|| Reply::status(404), |(_, value)| Reply::json(value)),
        path => {
            if let Some(of) = path.strip_prefix("/api/v1/finding/project/") {
                let all: Vec<&Value> = track
                    .findings
                    .iter()
                    .filter(|(project, _)| project == of)
                    .map(|(_, value)| value)
                    .collect();
                return Reply::json(&json!(all)).with("X-Total-Count", all.len());
            }
            if let Some(of) = path.strip_prefix("/api/v1/bom/cyclonedx/project/") {
                assert_eq!(asked.query["variant"], "inventory");
                let mut reply = Reply::json(&bom("x"));
                if track.cut.iter().any(|cut| cut == of) {
                    reply.cut = Some(reply.body.len() / 2);
                }
                if track.huge.iter().any(|huge| huge == of) {
                    reply.body = vec![b' '; 65 << 20];
                }
                return reply;
            }
            let by_uuid = path
                .strip_prefix("/api/v1/project/")
                .and_then(|of| track.projects.iter().find(|project| project["uuid"] == of));
            by_uuid.map_or_else(|| Reply::status(404), Reply::json)
        }
    }
}

pub(super) struct Both {
    fake: Fake,
    track: Arc<Mutex<Track>>,
    server: Server,
}

impl Both {
    pub(super) fn new(track: Track) -> Self {
        let fake = Fake::new();
        fake.login(&[]);
        std::fs::write(fake.shop.bench.file("key"), format!("{KEY}\n")).unwrap();
        let track = Arc::new(Mutex::new(track));
        let own = Arc::clone(&track);
        let server = Server::start(move |asked| answer(&own, asked));
        Self {
            fake,
            track,
            server,
        }
    }

    pub(super) fn command(&self, more: &[&str]) -> std::process::Command {
        let key = self.fake.shop.bench.file("key").display().to_string();
        let url = self.server.url();
        let args = [
            "import",
            "dependency-track",
            "--url",
            &url,
            "--key-file",
            &key,
            "-o",
            "json",
        ];
        self.fake.command(&[&args, more].concat())
    }

    fn import(&self, more: &[&str]) -> (i32, Value, String) {
        let (code, stdout, stderr) = told(&self.command(more).output().unwrap());
        assert!(!stdout.contains(KEY) && !stderr.contains(KEY));
        (
            code,
            serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stderr,
        )
    }
}

pub(super) fn full() -> Track {
    let group = project(1, "Group", "1", None);
    let mut bare = project(5, "bare", "1", None);
    bare["lastBomImport"] = Value::Null;
    let mut odd = project(
        6,
        "odd\u{1b}[31m \u{202e}name",
        "",
        Some(&json!({"uuid": uuid(1)})),
    );
    odd["active"] = json!(false);
    let mut projects = vec![
        project(
            2,
            "shop",
            "1.0",
            Some(&json!({"uuid": uuid(1), "name": "Group", "version": "1"})),
        ),
        project(3, "shop", "1.1", None),
        bare,
        odd,
        json!({"uuid": 7}),
        project(8, &"x".repeat(300), "1", None),
        group,
    ];
    for number in 100..250 {
        let mut one = project(number, &format!("p{number}"), "1", None);
        one["lastBomImport"] = Value::Null;
        projects.push(one);
    }
    let purl = Some("pkg:npm/lodash@4.17.15");
    Track {
        projects,
        findings: vec![
            finding(2, 20, purl, "NOT_AFFECTED", true),
            finding(2, 21, purl, "EXPLOITABLE", true),
            finding(2, 22, purl, "NOT_AFFECTED", false),
            finding(2, 23, None, "IN_TRIAGE", false),
            finding(2, 24, purl, "NOT_SET", false),
            finding(3, 25, purl, "FALSE_POSITIVE", false),
            (uuid(3), json!({"component": 5})),
        ],
        analyses: vec![
            analysis(20, "NOT_AFFECTED", "CODE_NOT_REACHABLE", true),
            analysis(21, "EXPLOITABLE", "NOT_SET", true),
            analysis(22, "NOT_AFFECTED", "NOT_SET", false),
            analysis(25, "FALSE_POSITIVE", "NOT_SET", false),
        ],
        policies: vec![
            json!({"uuid": uuid(800), "name": "bad", "operator": "ANY", "violationState": "FAIL",
            "policyConditions": [{"uuid": uuid(801), "subject": "SEVERITY", "operator": "IS", "value": "CRITICAL"}],
            "projects": [], "tags": []}),
        ],
        ..Track::default()
    }
}

#[test]
fn what_a_dependency_track_knows_comes_over_once() {
    let both = Both::new(full());
    let (code, dry, stderr) = both.import(&["--dry-run", "--expires", "2027-01-31"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(both.fake.posted("/api/v1/products").is_empty());
    both.track.lock().unwrap().busy = vec![429, 503];
    both.fake.whims.lock().unwrap().turned_away = vec![429, 503];
    let (code, report, stderr) = both.import(&["--expires", "2027-01-31"]);
    assert_eq!(code, 3, "{stderr}\n{report:#}");
    let counts = |report: &Value, kind: &str, what: &str| report["counts"][kind][what].clone();
    assert_eq!(counts(&report, "inventory", "came"), 4, "{report:#}");
    assert_eq!(counts(&report, "inventory", "left"), 151);
    assert_eq!(counts(&report, "decision", "came"), 3);
    assert_eq!(counts(&report, "exception", "came"), 1);
    assert_eq!(counts(&dry, "decision", "came"), 3);
    let missing = report["missing"].to_string();
    for reason in [
        "not why",
        "no package URL",
        "longer than 200 bytes",
        "findings cannot be read",
        "it cannot be read",
    ] {
        assert!(missing.contains(reason), "{reason}: {missing}");
    }
    assert!(!report.to_string().contains("\\u001b"), "{report}");
    let products = both.fake.posted("/api/v1/products");
    let at = |name: &str| {
        products
            .iter()
            .position(|product| product["name"] == name)
            .unwrap()
    };
    assert!(at("Group") < at("shop"));
    assert_eq!(products[at("shop")]["parent"], "Group");
    assert_eq!(products[at("shop")]["tags"], json!(["team-a"]));
    let decisions = both.fake.posted("/api/v1/decisions");
    let first = &decisions[0];
    assert_eq!(first["vulnerabilities"], json!(["CVE-2026-0001"]));
    assert_eq!(first["purls"], json!(["pkg:npm/lodash@4.17.15"]));
    assert_eq!(
        first["justification"],
        "vulnerable_code_not_in_execute_path"
    );
    assert_eq!(decisions[1]["action"], "it will not be fixed");
    let exceptions = both.fake.posted("/api/v1/exceptions");
    assert_eq!(exceptions[0]["expires"], "2027-01-31");
    let policy = both.fake.shop.read("policy.imported.toml");
    assert!(policy.contains("f.severity == 'critical'"), "{policy}");
    // A second run sends nothing again.
    let posts = both.fake.whims.lock().unwrap().posts;
    let (_, again, stderr) = both.import(&["--expires", "2027-01-31"]);
    assert_eq!(counts(&again, "inventory", "unchanged"), 4, "{stderr}");
    assert_eq!(counts(&again, "decision", "came"), 0);
    // The one with the long name is tried again.
    assert_eq!(both.fake.whims.lock().unwrap().posts, posts + 1);
    // What changed there comes again, and nothing else.
    {
        let mut track = both.track.lock().unwrap();
        track.analyses[3].1["analysisDetails"] = json!("another");
        track.projects[0]["lastBomImport"] = json!(1_800_000_000_000_u64);
    }
    let (_, again, _) = both.import(&["--expires", "2027-01-31"]);
    assert_eq!(counts(&again, "decision", "came"), 1);
    assert_eq!(counts(&again, "inventory", "came"), 1);
    // The key went to the source only.
    for asked in both.fake.server.asked() {
        assert!(!asked.headers.values().any(|value| value.contains(KEY)));
        assert!(!String::from_utf8_lossy(&asked.body).contains(KEY));
    }
}

#[test]
fn a_run_that_is_killed_loses_nothing() {
    let both = Both::new(Track {
        projects: (10..30)
            .map(|number| project(number, &format!("p{number}"), "1", None))
            .collect(),
        ..Track::default()
    });
    both.fake.whims.lock().unwrap().mute_after = Some(15);
    let mut child = both
        .command(&[])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if both.fake.whims.lock().unwrap().posts > 15 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = both.fake.whims.lock().unwrap().posts;
    assert_eq!(before, 16);
    both.fake.whims.lock().unwrap().mute_after = None;
    let (code, report, stderr) = both.import(&[]);
    assert_eq!(code, 0, "{stderr}\n{report:#}");
    let of = |what: &str| {
        let count = |kind: &str| report["counts"][kind][what].as_u64().unwrap();
        count("product") + count("inventory")
    };
    assert_eq!(of("unchanged"), 15, "{report:#}");
    assert_eq!(of("came"), 25);
}

#[test]
fn what_breaks_off_or_is_too_large_is_listed_and_the_rest_comes() {
    let both = Both::new(Track {
        projects: (10..13)
            .map(|number| project(number, &format!("p{number}"), "1", None))
            .collect(),
        cut: vec![uuid(10)],
        huge: vec![uuid(11)],
        ..Track::default()
    });
    let (code, report, stderr) = both.import(&[]);
    assert_eq!(code, 3, "{stderr}");
    assert_eq!(report["counts"]["inventory"]["came"], 1, "{report:#}");
    assert_eq!(report["counts"]["inventory"]["not"], 2);
    assert!(
        report["missing"].to_string().contains("bytes allowed"),
        "{report:#}"
    );
    // Another tool answers there, or a wrong key.
    let dojo = Server::start(|_| Reply::json(&json!({})));
    let key = both.fake.shop.bench.file("key").display().to_string();
    let (code, _, stderr) = both.fake.told(&[
        "import",
        "dependency-track",
        "--url",
        &dojo.url(),
        "--key-file",
        &key,
    ]);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("no Dependency-Track"), "{stderr}");
    std::fs::write(&key, "wrong").unwrap();
    let (code, _, stderr) = both.import(&[]);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("does not take the token"), "{stderr}");
}

#[test]
fn only_what_is_wanted_comes() {
    let both = Both::new(full());
    let (_, report, _) = both.import(&["--only", "sh*"]);
    assert_eq!(report["counts"]["inventory"]["came"], 2, "{report:#}");
    // Without --expires a suppression without an end does not come.
    assert!(
        report["missing"].to_string().contains("--expires"),
        "{report:#}"
    );
}
