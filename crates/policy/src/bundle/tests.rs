use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Confidence, Finding, FindingComponent, Kind};
use stanchion_model::inventory::{Inventory, Location, Project, Scope};
use stanchion_model::report::DatabaseInfo;

use super::*;
use crate::change;
use crate::file::Gate;
use crate::judge::{Ruling, Setting, judge};

const POLICY_TEXT: &str = r#"
schema = "vmpolicy/1"
[policy]
id = "organisation"
version = "3"
[roles]
accountable = "role:ciso"
[exceptions]
approver = { critical = "role:ciso" }
[[sla]]
id = "all"
due = "30d"
[[sla]]
id = "outside"
when = "a.exposed && p.tier == 1"
due = "3d"
[[enforce]]
id = "own/build"
at = "build"
deny = "f.severity == 'critical' && !f.excepted"
"#;

const EXCEPTIONS: &str = r#"
schema = "stanchion.exceptions/1"
[[exception]]
id = "EX-1"
vulnerability = "CVE-2025-1"
reason = "the call is never reached"
approver = "ada@example.org"
approved_on = 2026-01-01
expires = 2026-02-01
"#;

const TRIAGE: &str = r#"
schema = "stanchion.triage/1"
[[decision]]
vulnerability = "CVE-2025-1"
purl = "pkg:npm/left"
status = "not_affected"
justification = "vulnerable_code_not_in_execute_path"
by = "ada@example.org"
on = 2026-01-02
"#;

const VEX_TEXT: &str = r#"{
  "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "Maker",
  "timestamp": "2026-01-01T00:00:00Z", "version": 1,
  "statements": [
    { "vulnerability": { "name": "CVE-2025-1" }, "products": [{ "@id": "pkg:npm/left@1.0.0" }], "status": "fixed" },
    { "vulnerability": { "name": "CVE-2025-2" }, "products": [{ "@id": "somewhere" }], "status": "fixed" }
  ]
}"#;

fn bundle(files: &[(&str, &str)]) -> Bundle {
    let mut bundle = Bundle::default();
    for (name, text) in files {
        bundle.files.insert((*name).to_owned(), (*text).to_owned());
    }
    bundle
        .files
        .entry(POLICY.into())
        .or_insert_with(|| POLICY_TEXT.into());
    bundle
}

fn full() -> Bundle {
    let trusting = format!("{POLICY_TEXT}[[vex]]\npath = \"vex/*.json\"\n");
    let mut bundle = bundle(&[
        (POLICY, trusting.as_str()),
        ("exceptions.toml", EXCEPTIONS),
        ("triage.toml", TRIAGE),
        ("vex/maker 1.json", VEX_TEXT),
    ]);
    bundle.product = Some(BundleProduct {
        name: "shop".into(),
        owner: Some("team:shop".into()),
        tier: Some(2),
        exposed: Some(false),
        environment: Some("production".into()),
        lifecycle: Some("active".into()),
        tags: vec!["pci".into()],
        data_classes: vec!["personal".into()],
    });
    bundle
        .members
        .insert("role:ciso".into(), vec!["ada@example.org".into()]);
    bundle
}

fn finding() -> Finding {
    let purl: stanchion_model::purl::Purl = "pkg:npm/left@1.0.0".parse().unwrap();
    Finding {
        key: "web|pkg:npm/left|CVE-2025-1".into(),
        kind: Kind::Vulnerability,
        id: "CVE-2025-1".into(),
        aliases: Vec::new(),
        title: "A title".into(),
        component: FindingComponent {
            name: "left".into(),
            version: "1.0.0".into(),
            ecosystem: stanchion_model::Ecosystem::Npm,
            purl,
        },
        project: "web".into(),
        direct: Some(true),
        locations: vec![Location {
            path: "web/package-lock.json".into(),
            line: Some(3),
        }],
        paths: Vec::new(),
        other_paths: 0,
        scope: Scope::Runtime,
        severity: Some(Severity::Critical),
        cvss: Vec::new(),
        epss: None,
        kev: None,
        ssvc: None,
        score: Some(50.0),
        factors: Vec::new(),
        confidence: Confidence::High,
        fixed_in: vec!["2.0.0".into()],
        upgrade_to: None,
        evidence: Vec::new(),
        cwes: Vec::new(),
        vectors: Vec::new(),
        published: Some("2026-01-10T00:00:00Z".into()),
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

/// Judges one critical finding in the folder `web` on 2026-01-15.
fn judged(opened: &Opened) -> (Ruling, Finding) {
    let now: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    let inventory = Inventory {
        projects: vec![Project {
            root: "web".into(),
            name: "storefront".into(),
            version: None,
            files: vec!["web/package-lock.json".into()],
        }],
        files: 1,
        ..Inventory::default()
    };
    let mut findings = [finding()];
    let ruling = judge(
        &Setting {
            policy: &opened.policy,
            gate: Gate::Build,
            as_of: now,
            inventory: &inventory,
            prefix: "",
            exceptions: &opened.exceptions,
            claims: &opened.claims,
            first_seen: &|_| None,
            database: &DatabaseInfo::default(),
            problems: &[],
        },
        &mut findings,
    );
    let [finding] = findings;
    (ruling, finding)
}

#[test]
fn what_is_written_is_read_and_has_one_digest() {
    let bundle = full();
    let text = bundle.to_json();
    assert_eq!(Bundle::from_json(text.as_bytes()).unwrap(), bundle);
    assert_eq!(bundle.digest(), digest(text.as_bytes()));
    // The form is fixed: a bundle keeps its name from one version of the program to the next.
    let small = Bundle {
        files: BTreeMap::from([
            ("vex/a.json".into(), "{}".into()),
            (POLICY.into(), "a\n\"b\"".into()),
        ]),
        product: Some(BundleProduct {
            name: "shop".into(),
            tier: Some(1),
            ..BundleProduct::default()
        }),
        members: BTreeMap::from([("role:a".into(), vec!["b".into()])]),
    };
    assert_eq!(
        small.to_json(),
        r#"{"schema":"stanchion.bundle/1","files":{"policy.toml":"a\n\"b\"","vex/a.json":"{}"},"product":{"name":"shop","tier":1},"members":{"role:a":["b"]}}"#
    );
    assert_eq!(
        small.digest(),
        "f6d6f1ae4b4926a7c1fa79ec3fe6e8eae3ed54f3050d07b71b6f39b4b34862f1"
    );
    // However it is written by others.
    let value: Value = serde_json::from_str(&small.to_json()).unwrap();
    let spaced = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(
        Bundle::from_json(spaced.as_bytes()).unwrap().digest(),
        small.digest()
    );
}

#[test]
fn an_opened_bundle_has_all_of_it_and_its_digest() {
    let bundle = full();
    let opened = bundle.open().unwrap();
    assert_eq!(opened.policy.digest, bundle.digest());
    assert_eq!(&*opened.policy.file, "portal:policy.toml");
    assert_eq!(opened.exceptions.entries().len(), 1);
    assert_eq!(opened.claims.all().len(), 2);
    let problems: Vec<String> = opened
        .problems
        .iter()
        .map(|one| format!("{}:{:?} {}", one.path, one.line, one.reason))
        .collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("portal:vex/maker 1.json:Some(6) a statement is not used"));
    let (ruling, _) = judged(&opened);
    assert_eq!(ruling.verdict.policy.digest, Some(bundle.digest()));
    assert_eq!(
        opened.exceptions.entries()[0].place.to_string(),
        "portal:exceptions.toml:3"
    );
}

#[test]
fn vex_counts_where_the_policy_of_the_bundle_trusts_it() {
    let rank = |policy: &str| {
        let opened = bundle(&[(POLICY, policy), ("vex/a.json", VEX_TEXT)])
            .open()
            .unwrap();
        opened.claims.all()[0].rank
    };
    let trusting = |path: &str| format!("{POLICY_TEXT}[[vex]]\npath = \"{path}\"\n");
    assert_eq!(rank(POLICY_TEXT), claims::Rank::Proposal);
    assert_eq!(rank(&trusting("vex/b.json")), claims::Rank::Proposal);
    assert_eq!(rank(&trusting("vex/a.json")), claims::Rank::Trusted);
}

#[test]
fn the_product_is_that_of_every_project_and_of_every_condition() {
    let due = |product: Option<BundleProduct>, text: &str| {
        let mut bundle = bundle(&[(POLICY, text)]);
        bundle.product = product;
        let (_, finding) = judged(&bundle.open().unwrap());
        let due = finding.due.map(|due| due[..10].to_owned());
        (due, finding.product, finding.owner)
    };
    let product = |tier, exposed| {
        Some(BundleProduct {
            name: "shop".into(),
            tier,
            exposed,
            owner: Some("ada@example.org".into()),
            ..BundleProduct::default()
        })
    };
    let text = |one: &str| Some(one.to_owned());
    // The target's own folder too.
    assert!(crate::pattern::covers(
        &crate::pattern::glob("**").unwrap(),
        "."
    ));
    // What nobody says is taken at its worst.
    assert_eq!(
        due(None, POLICY_TEXT),
        (text("2026-01-13"), text("storefront"), None)
    );
    let shop = |due| (text(due), text("shop"), text("ada@example.org"));
    assert_eq!(
        due(product(Some(1), Some(true)), POLICY_TEXT),
        shop("2026-01-13")
    );
    assert_eq!(due(product(None, None), POLICY_TEXT), shop("2026-01-13"));
    assert_eq!(
        due(product(Some(2), Some(true)), POLICY_TEXT),
        shop("2026-02-09")
    );
    assert_eq!(
        due(product(Some(1), Some(false)), POLICY_TEXT),
        shop("2026-02-09")
    );
    // The policy's own entries give way, by name and by path.
    let own = format!(
        "{POLICY_TEXT}[[product]]\nname = \"shop\"\npaths = [\"web\"]\ntier = 1\nexposed = true\n[[product]]\nname = \"web\"\npaths = [\"web/**\"]\ntier = 1\n"
    );
    assert_eq!(due(None, &own).1, text("shop"));
    assert_eq!(due(product(Some(3), Some(false)), &own), shop("2026-02-09"));
}

#[test]
fn the_people_of_the_portal_stand_behind_roles() {
    let denied = |policy: &str, members: &[(&str, &[&str])]| {
        let mut bundle = bundle(&[(POLICY, policy), ("exceptions.toml", EXCEPTIONS)]);
        for (name, people) in members {
            let people = people.iter().map(|one| (*one).to_owned()).collect();
            bundle.members.insert((*name).to_owned(), people);
        }
        judged(&bundle.open().unwrap()).0.verdict.denied
    };
    let named = POLICY_TEXT.replace(
        "[exceptions]",
        "[roles.members]\n\"role:ciso\" = [\"bob@example.org\"]\n[exceptions]",
    );
    let roleless = POLICY_TEXT.replace("[roles]\naccountable = \"role:ciso\"\n", "");
    for (policy, members, want) in [
        (POLICY_TEXT, &[][..], true),
        (
            POLICY_TEXT,
            &[("role:ciso", &["ada@example.org"][..])][..],
            false,
        ),
        (
            POLICY_TEXT,
            &[("role:ciso", &["bob@example.org"][..])][..],
            true,
        ),
        (
            &roleless,
            &[("role:ciso", &["ada@example.org"][..])][..],
            false,
        ),
        (
            POLICY_TEXT,
            &[
                ("role:ciso", &["team:lead"][..]),
                ("team:lead", &["ada@example.org"][..]),
            ][..],
            false,
        ),
        (&named, &[][..], true),
        // Added to those whom the policy names, who stay.
        (
            &named,
            &[("role:ciso", &["ada@example.org"][..])][..],
            false,
        ),
    ] {
        assert_eq!(denied(policy, members), want, "{members:?}");
    }
    let mut both = bundle(&[(POLICY, &named)]);
    both.members.insert(
        "role:ciso".into(),
        vec!["ada@example.org".into(), "bob@example.org".into()],
    );
    let policy = both.policy().unwrap();
    let members = &policy.roles.unwrap().members["role:ciso"].value;
    assert_eq!(members, &["bob@example.org", "ada@example.org"]);
}

#[test]
fn only_presets_can_be_extended() {
    let policy = |extends: &str| {
        let text = POLICY_TEXT.replace(
            "version = \"3\"",
            &format!("version = \"3\"\nextends = {extends}"),
        );
        bundle(&[(POLICY, &text)]).policy()
    };
    let strict = policy("[\"builtin:strict\"]").unwrap();
    assert!(strict.sla.len() > 2);
    for extends in [
        "[\"base.toml\"]",
        "[\"../policy.toml\"]",
        "[\"portal:policy.toml\"]",
        "[\"policy.toml\"]",
    ] {
        let faults = policy(extends).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].place.to_string(), "portal:policy.toml:6");
        assert!(
            faults[0]
                .hint
                .as_ref()
                .unwrap()
                .contains("into the policy itself")
        );
    }
}

#[test]
fn what_is_wrong_with_the_policy_is_told_by_place() {
    let broken = POLICY_TEXT.replace("due = \"3d\"", "due = \"soon\"");
    let faults = bundle(&[(POLICY, &broken)]).open().unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].place.to_string(), "portal:policy.toml:16");
    let bundle = bundle(&[
        (
            "exceptions.toml",
            "schema = \"stanchion.exceptions/1\"\n[[exc",
        ),
        ("triage.toml", "schema = \"stanchion.triage/9\""),
        ("vex/a.json", "[]"),
    ]);
    let opened = bundle.open().unwrap();
    let told: Vec<&str> = opened
        .problems
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "portal:exceptions.toml",
            "portal:triage.toml",
            "portal:vex/a.json"
        ]
    );
    assert!(opened.exceptions.is_empty() && opened.claims.is_empty());
    assert!(bundle.text("portal:triage.toml").is_some() && bundle.text("triage.toml").is_none());
}

#[test]
fn a_policy_below_may_only_tighten() {
    let own = |text: &str| {
        let head = "schema = \"vmpolicy/1\"\n[policy]\nid = \"repository\"\nversion = \"1\"\n";
        Policy::parse("policy.toml", &format!("{head}{text}")).unwrap()
    };
    let tightened = |text: &str| {
        let bundle = full();
        change::tightened(
            bundle.policy().unwrap(),
            &bundle.policy().unwrap(),
            own(text),
        )
    };
    let stricter =
        tightened("[[enforce]]\nid = \"more\"\nat = \"build\"\ndeny = \"f.severity == 'high'\"\n")
            .unwrap();
    assert_eq!(stricter.enforce.len(), 2);
    assert_eq!(stricter.products[0].name, "shop");
    for loosening in [
        "[exceptions]\napprover = { critical = \"dev@example.org\" }\n",
        "[roles.members]\n\"role:ciso\" = [\"dev@example.org\"]\n",
        "[roles]\naccountable = \"dev@example.org\"\n",
        "[[vex]]\npath = \"other/*.json\"\n",
        "[[product]]\nname = \"other\"\ntier = 5\n",
    ] {
        let faults = tightened(loosening).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(
            told.iter()
                .all(|one| one.contains("a repository may only tighten the policy of the portal")),
            "{told:?}"
        );
    }
    assert!(tightened("[[product]]\nname = \"shop\"\ntier = 5\n").is_err());
}

#[test]
fn hostile_bundles_are_refused() {
    let whole = full().to_json();
    for cut in (0..whole.len()).filter(|cut| whole.is_char_boundary(*cut)) {
        assert!(
            Bundle::from_json(&whole.as_bytes()[..cut]).is_err(),
            "{cut}"
        );
    }
    let told = |text: &str| Bundle::from_json(text.as_bytes()).unwrap_err().to_string();
    let head = r#"{"schema":"stanchion.bundle/1","files":{"policy.toml":"""#;
    assert!(Bundle::from_json(&[0xff]).is_err());
    assert!(Bundle::from_json(&vec![b' '; MOST_BYTES + 1]).is_err());
    assert!(told(&format!("{head},\"policy.toml\":\"x\"}}}}")).contains("there twice"));
    assert!(told(&format!("{head}}},\"files\":{{}}}}")).contains("duplicate field"));
    assert!(told(&format!("{head}}},\"new\":1}}")).contains("unknown field"));
    assert!(
        told(&format!(
            "{head}}},\"product\":{{\"name\":\"a\",\"paths\":[]}}}}"
        ))
        .contains("unknown field")
    );
    assert!(told(&format!("{head}}},\"product\":{}", "[".repeat(1_000_000))).contains("line 1"));
    assert!(told("{\"schema\":\"stanchion.bundle/2\"}").contains("stanchion.bundle/2"));
    assert!(told("{}").contains("schema"));
    let loud = format!(
        "{head}}},\"product\":\"\\u001b[31m{}\"}}",
        "x".repeat(100_000)
    );
    assert!(told(&loud).len() < 1000 && !told(&loud).contains('\u{1b}'));
    let many: Vec<String> = (0..MOST_FILES)
        .map(|at| format!(",\"vex/{at}.json\":\"\""))
        .collect();
    let many = many.concat();
    assert!(told(&format!("{head}{many}}}}}")).contains("more than 1002"));
    let words = vec!["a"; MOST_WORDS + 1];
    for bounded in [
        json!({ "product": { "name": "a", "tags": words } }),
        json!({ "members": { "role:a": words } }),
    ] {
        let mut document: Value = serde_json::from_str(&full().to_json()).unwrap();
        for (name, value) in bounded.as_object().unwrap() {
            document[name] = value.clone();
        }
        assert!(told(&document.to_string()).contains("more than 5000"));
    }
}

type Change = fn(&mut BundleProduct);

#[test]
fn only_what_a_bundle_holds_is_taken() {
    for name in [
        "",
        "Policy.toml",
        "./policy.toml",
        "/policy.toml",
        "a/policy.toml",
        "stanchion.toml",
        "vex",
        "vex/",
        "vex/.json",
        "vex/a",
        "vex/a.JSON",
        "vex/../policy.json",
        "vex/..json",
        "vex/a/b.json",
        "vex\\a.json",
        "vex//a.json",
        "vex/a\\b.json",
        "vex/a\0.json",
        "vex/c:a.json",
        "vex/\u{202e}a.json",
        "vex/ a.json",
        "../vex/a.json",
        "VEX/a.json",
    ] {
        let bundle = bundle(&[(name, "{}")]);
        assert!(
            bundle.check().is_err() && bundle.open().is_err(),
            "{name:?}"
        );
        assert!(
            Bundle::from_json(bundle.to_json().as_bytes()).is_err(),
            "{name:?}"
        );
    }
    for name in [
        "vex/a.json",
        "vex/Ümlaut 1_2-3+4@5.v1.json",
        "exceptions.toml",
        "triage.toml",
    ] {
        assert_eq!(bundle(&[(name, "")]).check(), Ok(()), "{name:?}");
    }
    assert!(
        Bundle::default()
            .check()
            .unwrap_err()
            .to_string()
            .contains("policy.toml: it is missing")
    );
    let wrong = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = full();
        change(&mut bundle);
        let error = bundle.check().unwrap_err();
        assert_eq!(
            Bundle::from_json(bundle.to_json().as_bytes()),
            Err(error.clone())
        );
        assert!(bundle.open().is_err());
        error.to_string()
    };
    let changes: [(Change, &str); 7] = [
        (|product| product.name = " ".into(), "`name`"),
        (|product| product.tier = Some(0), "`tier` is 0"),
        (|product| product.tier = Some(6), "`tier` is 6"),
        (
            |product| product.lifecycle = Some("dead".into()),
            "`lifecycle`",
        ),
        (|product| product.owner = Some(String::new()), "`owner`"),
        (|product| product.tags = vec![String::new()], "`tags`"),
        (
            |product| product.environment = Some("x".repeat(5000)),
            "`environment`",
        ),
    ];
    for (change, want) in changes {
        let told = wrong(&|bundle| bundle.product.iter_mut().for_each(change));
        assert!(told.contains(want), "{told}");
    }
    assert!(
        wrong(&|bundle| {
            bundle.members.insert("ciso".into(), Vec::new());
        })
        .contains("begins with none")
    );
    assert!(
        wrong(&|bundle| {
            bundle.members.insert("role:a".into(), vec![" ".into()]);
        })
        .contains("empty")
    );
    let long = "#".repeat(file::MOST_BYTES + 1);
    assert!(
        wrong(&|bundle| {
            bundle.files.insert(POLICY.into(), long.clone());
        })
        .contains("more than 1048576")
    );
}

prop_compose! {
    fn product()(
        name in "[a-z\u{0}\"é]{1,8}",
        owner in prop::option::of("[a-z:]{1,8}"),
        tier in prop::option::of(1..=5i64),
        exposed in prop::option::of(any::<bool>()),
        environment in prop::option::of("[a-z]{1,8}"),
        lifecycle in prop::option::of(prop::sample::select(LIFECYCLES.to_vec())),
        tags in prop::collection::vec("[a-z]{1,4}", 0..3),
        data_classes in prop::collection::vec("[a-z]{1,4}", 0..3),
    ) -> BundleProduct {
        BundleProduct { name, owner, tier, exposed, environment, lifecycle: lifecycle.map(str::to_owned), tags, data_classes }
    }
}

prop_compose! {
    fn any_bundle()(
        policy in ".{0,40}",
        others in prop::collection::btree_map("exceptions\\.toml|triage\\.toml|vex/[a-zA-Z0-9é]{1,9}\\.json", ".{0,40}", 0..4),
        product in prop::option::of(product()),
        members in prop::collection::btree_map("(role|team|list):[a-z]{0,8}", prop::collection::vec("[a-z@\"é]{1,8}", 0..3), 0..3),
    ) -> Bundle {
        let mut files = others;
        files.insert(POLICY.into(), policy);
        Bundle { files, product, members }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_in_it_comes_back(bundle in any_bundle()) {
        let text = bundle.to_json();
        let again = Bundle::from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(&again, &bundle);
        prop_assert_eq!(again.to_json(), text);
        prop_assert_eq!(again.digest(), bundle.digest());
    }

    #[test]
    fn two_bundles_do_not_share_a_digest(one in any_bundle(), other in any_bundle()) {
        prop_assert_eq!(one.digest() == other.digest(), one == other);
    }

    #[test]
    fn one_changed_byte_is_read_or_told(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = full().to_json().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(bundle) = Bundle::from_json(&bytes) {
            let _ = bundle.open();
            prop_assert_eq!(Bundle::from_json(bundle.to_json().as_bytes()), Ok(bundle));
        }
    }
}
