//! What the tests share: an assessment in which every field is set and names are hostile, and the official schemas.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::{Retrieve, Uri};
use serde_json::Value;
use stanchion_model::Ecosystem;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{
    Confidence, CvssScore, Epss, Evidence, Exploitation, Factor, Finding, FindingComponent, Kev,
    Kind, Ssvc,
};
use stanchion_model::inventory::{
    Algorithm, Component, Hash, Inventory, Location, Origin, Problem, ProblemKind, Project, Scope,
};
use stanchion_model::report::{Assessment, DatabaseInfo, SourceInfo};
use stanchion_model::threat::ThreatVector;

use crate::Subject;

/// A name that no document may break on.
pub(crate) const HOSTILE: &str = "e\u{1b}[31m\"vil\\\u{202e}<b>`|\n\u{0}é@{}&%";

pub(crate) const STAMP: &str = "2026-11-24T10:00:00Z";

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("STANCHION_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}

/// A schema by its path below the folder of schemas; `None`, and a word about it, where that folder is not at hand.
pub(crate) fn schema(path: &str) -> Option<Value> {
    let Some(shared) = shared() else {
        println!("skipped: no folder of shared data");
        return None;
    };
    match std::fs::read(shared.join("schemas").join(path)) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "{path}: {error}"
            );
            println!("skipped: {path}: {error}");
            None
        }
    }
}

/// Finds what a schema refers to in its own folder.
struct Beside(PathBuf);

impl Retrieve for Beside {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name))?)?)
    }
}

/// Fails with every way in which a document breaks a schema.
pub(crate) fn validate(path: &str, document: &Value) {
    let Some(schema) = schema(path) else { return };
    let folder = shared()
        .unwrap()
        .join("schemas")
        .join(path)
        .parent()
        .unwrap()
        .to_owned();
    let validator = jsonschema::options()
        .with_retriever(Beside(folder))
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .take(10)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{path}:\n{}", errors.join("\n"));
}

/// What a writer writes, read again. Written twice: the bytes must be the same.
pub(crate) fn written(write: impl Fn(&mut Vec<u8>)) -> Value {
    let (mut once, mut again) = (Vec::new(), Vec::new());
    write(&mut once);
    write(&mut again);
    assert_eq!(once, again, "two runs differ");
    serde_json::from_slice(&once).unwrap()
}

pub(crate) fn subject(assessment: &Assessment) -> Subject<'_> {
    Subject {
        inventory: &assessment.inventory,
        problems: &assessment.problems,
        name: "shop",
        stamp: STAMP,
    }
}

fn place(path: &str, line: u32) -> Location {
    Location {
        path: Arc::from(path),
        line: (line > 0).then_some(line),
    }
}

pub(crate) fn component(
    ecosystem: Ecosystem,
    name: &str,
    version: Option<&str>,
    project: u32,
) -> Component {
    Component {
        purl: ecosystem.purl(name, version, None, &[]).unwrap(),
        ecosystem,
        release: None,
        name: name.to_owned(),
        version: version.map(str::to_owned),
        origin: Origin::Registry,
        direct: None,
        scope: Scope::Runtime,
        locations: vec![place("a/package-lock.json", 7)],
        hashes: Vec::new(),
        licences: Vec::new(),
        project,
        dependencies: Vec::new(),
        yanked: false,
    }
}

/// Projects `a` (npm, with edges) and `b` (a list without edges), and everything a component can have.
///
/// Ids: 0 own root of `a`, 1 `@scope/left` direct, 2 hostile, 3 `dev-tool`, 4 and 5 a circle, 6 own helper of `a`,
/// 7 unreached; of `b`: 8 `@scope/left` again, 9 without version, 10 from git.
pub(crate) fn inventory() -> Inventory {
    let npm = |name: &str, version: &str, project: u32| {
        component(Ecosystem::Npm, name, Some(version), project)
    };
    let mut all = vec![
        npm("shop-a", "1.0.0", 0),
        npm("@scope/left", "2.0.0", 0),
        npm(HOSTILE, "3.0.0-\"x\"", 0),
        npm("dev-tool", "4.0.0", 0),
        npm("round", "1.0.0", 0),
        npm("trip", "1.0.0", 0),
        npm("helper", "1.0.0", 0),
        npm("lost", "1.0.0", 0),
        npm("@scope/left", "2.0.0", 1),
        component(Ecosystem::Maven, "org.example:loose", None, 1),
        component(Ecosystem::Npm, "from-git", Some("5.0.0"), 1),
    ];
    all[0].origin = Origin::Own;
    all[0].dependencies = vec![1, 3];
    all[0].licences = vec!["MIT".into()];
    all[1].direct = Some(true);
    all[1].dependencies = vec![2];
    all[1].licences = vec!["MIT OR Apache-2.0".into()];
    all[1].hashes = vec![
        Hash {
            algorithm: Algorithm::Sha512,
            hex: "ab".repeat(64),
        },
        Hash {
            algorithm: Algorithm::Sha1,
            hex: "cd".repeat(20),
        },
        Hash {
            algorithm: Algorithm::Sha256,
            hex: "not a hash".into(),
        },
    ];
    all[2].direct = Some(false);
    all[2].licences = vec![
        "apache-2.0".into(),
        format!("Ours {HOSTILE}"),
        "MIT AND LicenseRef-x".into(),
        "NOASSERTION".into(),
    ];
    all[2].locations = vec![
        place(&format!("a/{HOSTILE}.json"), 0),
        place("a/package-lock.json", 9),
    ];
    all[3].direct = Some(true);
    all[3].scope = Scope::Dev;
    all[3].yanked = true;
    all[4].dependencies = vec![5];
    all[5].dependencies = vec![4];
    all[5].scope = Scope::Optional;
    all[6].origin = Origin::Own;
    all[6].dependencies = vec![2];
    all[7].direct = Some(false);
    all[7].scope = Scope::Build;
    all[8].scope = Scope::Test;
    all[8].locations = vec![place("b/list.txt", 1)];
    all[9].locations = Vec::new();
    all[10].origin = Origin::Git {
        url: "git@example.org:o/n.git".into(),
        commit: Some("0123abcd".into()),
    };
    let project = |root: &str, name: &str, version: Option<&str>, file: &str| Project {
        root: root.into(),
        name: name.into(),
        version: version.map(str::to_owned),
        files: vec![file.into()],
    };
    Inventory {
        target: "somewhere/shop".into(),
        projects: vec![
            project("a", "shop-a", Some("1.0.0"), "a/package-lock.json"),
            project("b", HOSTILE, None, "b/list.txt"),
        ],
        components: all,
        facts: Vec::new(),
        problems: Vec::new(),
        files: 2,
    }
}

fn finding(inventory: &Inventory, at: usize, kind: Kind, id: &str) -> Finding {
    let component = &inventory.components[at];
    let project = &inventory.projects[component.project as usize];
    Finding {
        key: format!("{}|{}|{id}", project.root, component.purl.without_version()),
        kind,
        id: id.into(),
        aliases: Vec::new(),
        title: format!("{id} in {}", component.name),
        component: FindingComponent {
            purl: component.purl.clone(),
            name: component.name.clone(),
            version: component.version.clone().unwrap_or_default(),
            ecosystem: component.ecosystem,
        },
        project: project.root.clone(),
        direct: component.direct,
        locations: component.locations.clone(),
        paths: vec![vec![project.name.clone(), component.name.clone()]],
        other_paths: 0,
        scope: component.scope,
        severity: None,
        cvss: Vec::new(),
        epss: None,
        kev: None,
        ssvc: None,
        score: None,
        factors: Vec::new(),
        confidence: Confidence::High,
        fixed_in: Vec::new(),
        upgrade_to: None,
        evidence: vec![Evidence {
            source: "GitHub Advisory Database".into(),
            advisory: id.into(),
            range: ">= 1, < 9".into(),
            comparator: "SemVer".into(),
            note: None,
            url: Some(format!("https://example.org/{id} x")),
        }],
        cwes: Vec::new(),
        vectors: Vec::new(),
        published: None,
        is_new: None,
        owner: None,
        due: None,
        state: "open".into(),
        rule: None,
        exception: None,
        product: None,
        deadlines: Vec::new(),
        tasks: Vec::new(),
        escalated_to: Vec::new(),
        statements: Vec::new(),
    }
}

/// One finding with every field, the same vulnerability in another project, and one of each other kind.
pub(crate) fn assessment() -> Assessment {
    let inventory = inventory();
    let cvss = |version: &str, vector: &str, score: f64| CvssScore {
        version: version.into(),
        vector: vector.into(),
        score,
        source: "GHSA-aaaa-bbbb-cccc".into(),
    };
    let mut full = finding(&inventory, 2, Kind::Vulnerability, "CVE-2026-0001");
    full.aliases = vec!["GHSA-aaaa-bbbb-cccc".into(), HOSTILE.into()];
    full.title = format!("{HOSTILE} breaks things.");
    full.paths = vec![
        vec!["shop-a".into(), "@scope/left@2.0.0".into(), HOSTILE.into()],
        vec!["shop-a".into(), "helper".into()],
    ];
    full.other_paths = 3;
    full.severity = Some(Severity::High);
    full.cvss = vec![
        cvss(
            "4.0",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            9.3,
        ),
        cvss("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        cvss("3.0", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N", 9.1),
        cvss("2.0", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
    ];
    full.epss = Some(Epss {
        probability: 0.9731,
        percentile: 0.999,
    });
    full.kev = Some(Kev {
        added: "2026-01-02".into(),
        due: Some("2026-01-23".into()),
        ransomware: true,
    });
    full.ssvc = Some(Ssvc {
        exploitation: Exploitation::Active,
        automatable: true,
        total_impact: false,
    });
    full.score = Some(91.5);
    let factor = |name: &str, points: f64, max: f64| Factor {
        name: name.into(),
        value: format!("so {HOSTILE}"),
        points,
        max,
        assumed: name == "reach",
    };
    full.factors = vec![
        factor("severity", 40.0, 45.0),
        factor("exploitation", 30.0, 30.0),
        factor("reach", 8.0, 10.0),
        factor("exposure", 13.5, 15.0),
    ];
    full.confidence = Confidence::Medium;
    full.fixed_in = vec!["3.0.1".into(), "4.0.0".into()];
    full.upgrade_to = Some("4.1.0".into());
    full.cwes = vec!["CWE-79".into(), "CWE-1321".into()];
    full.vectors = vec![ThreatVector::RemoteCodeExecution, ThreatVector::SupplyChain];
    full.published = Some("2026-01-01T00:00:00Z".into());
    full.is_new = Some(true);
    full.owner = Some("team \"x\"".into());
    full.due = Some("2026-02-01T00:00:00Z".into());
    full.rule = Some("fix-kev".into());
    full.exception = Some("accepted until March".into());
    full.locations = (1..=30)
        .map(|line| place("a/package-lock.json", line))
        .collect();
    full.evidence[0].note = Some("doubtful".into());
    let mut again = finding(&inventory, 8, Kind::Vulnerability, "CVE-2026-0001");
    again.severity = Some(Severity::Medium);
    again.score = Some(50.0);
    again.is_new = Some(false);
    let mut malicious = finding(&inventory, 3, Kind::Malicious, "MAL-2026-1");
    malicious.severity = Some(Severity::Critical);
    malicious.score = Some(98.0);
    let unmaintained = finding(&inventory, 10, Kind::Unmaintained, "RUSTSEC-2026-0001");
    let unsound = finding(&inventory, 10, Kind::Unsound, "RUSTSEC-2026-0002");
    let mut ended = finding(&inventory, 9, Kind::EndOfLife, "end-of-life");
    ended.locations = Vec::new();
    ended.paths = Vec::new();
    let mut low = finding(&inventory, 1, Kind::Vulnerability, "GO-2026-1");
    low.severity = Some(Severity::Low);
    low.score = Some(3.0);
    low.fixed_in = vec!["9".into()];
    // Another version of the same package in the same project has the same key.
    let mut twin = low.clone();
    twin.score = Some(2.0);
    let yanked = finding(&inventory, 3, Kind::Yanked, "yanked");
    let problem = |path: &str, kind| Problem {
        path: path.into(),
        line: Some(3),
        kind,
        reason: format!("cannot be read: {HOSTILE}"),
        hint: Some("look".into()),
    };
    Assessment {
        as_of: STAMP.into(),
        database: DatabaseInfo {
            snapshot: "0123".into(),
            kind: "full".into(),
            updated: Some(STAMP.into()),
            advisories: 9,
            withdrawn: 1,
            merged: 1,
            refused: 1,
            sources: vec![SourceInfo {
                name: "npm".into(),
                records: 12,
                newest: None,
                fetched: None,
                failed: None,
            }],
        },
        findings: vec![
            malicious,
            full,
            again,
            low,
            twin,
            unmaintained,
            unsound,
            ended,
            yanked,
        ],
        filtered: 2,
        problems: vec![
            problem("a/package-lock.json", ProblemKind::Unreadable),
            problem("somewhere/shop", ProblemKind::Odd),
        ],
        inventory,
        ..Assessment::default()
    }
}
