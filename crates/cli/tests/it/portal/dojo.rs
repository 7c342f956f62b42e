//! From a `DefectDojo`: answers with the names and shapes that it has.

use serde_json::{Value, json};

use super::serving::{Asked, Reply, Server};
use super::{Fake, told};

pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

fn finding(id: u64, more: &Value) -> Value {
    let mut finding = json!({"id": id, "tags": [], "accepted_risks": [], "push_to_jira": false, "age": 3, "title": format!("finding {id}"),
        "date": "2026-01-01", "cwe": 79, "severity": "High", "description": "**bad** \u{1b}[31m", "test": 30, "active": true, "verified": true,
        "false_p": false, "duplicate": false, "out_of_scope": false, "risk_accepted": false, "is_mitigated": false, "mitigated": null,
        "file_path": "src/a.c", "line": 7, "component_name": null, "component_version": null, "vuln_id_from_tool": null,
        "unique_id_from_tool": null, "vulnerability_ids": [], "found_by": [4], "display_status": "Active, Verified"});
    for (name, value) in more.as_object().unwrap() {
        finding[name] = value.clone();
    }
    finding
}

fn findings() -> Vec<Value> {
    let mut all = vec![
        finding(1, &json!({"vuln_id_from_tool": "c/sqli", "line": -3})),
        finding(
            2,
            &json!({"vulnerability_ids": [{"vulnerability_id": "CVE-2026-0001"}], "component_name": "lodash", "component_version": "4.17.15", "severity": "Info"}),
        ),
        finding(3, &json!({"duplicate": true})),
        finding(4, &json!({"active": false, "is_mitigated": true})),
        finding(5, &json!({"false_p": true, "active": false})),
        finding(
            6,
            &json!({"false_p": true, "active": false, "component_name": "pkg:npm/lodash@4.17.15", "vulnerability_ids": [{"vulnerability_id": "CVE-2026-0001"}]}),
        ),
        finding(
            7,
            &json!({"risk_accepted": true, "active": false, "accepted_risks": [{"id": 9, "name": "until spring", "recommendation": "A",
            "recommendation_details": null, "decision": "M", "decision_details": "a proxy rule", "accepted_by": "ciso@example.org", "path": null,
            "expiration_date": "2027-03-31T00:00:00Z", "owner": 2, "accepted_findings": [7]}]}),
        ),
        finding(8, &json!({"risk_accepted": true, "active": false})),
        finding(9, &json!({"test": "nine"})),
        finding(10, &json!({"title": "", "test": 31})),
    ];
    for id in 1000..1150 {
        all.push(finding(id, &json!({"test": 31})));
    }
    all
}

pub(super) fn answer(asked: &Asked) -> Reply {
    if asked.headers.get("authorization").map(String::as_str) != Some(&format!("Token {KEY}")) {
        return Reply::status(401);
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
        let next = (offset + limit < list.len()).then_some("http://other.example/next");
        Reply::json(
            &json!({"count": list.len(), "next": next, "previous": null, "results": some, "prefetch": {}}),
        )
    };
    match asked.path.as_str() {
        "/api/v2/product_types/" => page(&[
            json!({"id": 1, "name": "Research", "critical_product": true, "key_product": false}),
        ]),
        "/api/v2/test_types/" => page(&[
            json!({"id": 4, "name": "ZAP Scan", "static_tool": false, "dynamic_tool": true, "active": true}),
        ]),
        "/api/v2/products/" => page(&[
            json!({"id": 10, "findings_count": 5, "tags": ["web"], "name": "BodgeIt", "description": "x", "prod_numeric_grade": 5,
                "business_criticality": "very high", "platform": "web", "lifecycle": "construction", "origin": "internal", "user_records": 1,
                "revenue": "1000.00", "external_audience": true, "internet_accessible": true, "prod_type": 1, "product_manager": 1}),
            json!({"id": 11, "name": null}),
        ]),
        "/api/v2/engagements/" => {
            assert_eq!(asked.query["product"], "10");
            page(&[
                json!({"id": 20, "name": "e", "version": "1.2", "branch_tag": "release", "product": 10, "status": "In Progress"}),
            ])
        }
        "/api/v2/tests/" => page(&[
            json!({"id": 30, "test_type": 4, "test_type_name": "Semgrep JSON Report", "version": "1.3", "branch_tag": "", "engagement": 20}),
            json!({"id": 31, "test_type": 4, "test_type_name": null, "version": null, "branch_tag": null, "engagement": 20}),
        ]),
        "/api/v2/findings/" => {
            assert_eq!(asked.query["test__engagement__product"], "10");
            page(&findings())
        }
        _ => Reply::status(404),
    }
}

#[test]
fn what_a_defectdojo_knows_comes_over_once() {
    let fake = Fake::new();
    fake.login(&[]);
    let key = fake.shop.bench.file("key");
    std::fs::write(&key, KEY).unwrap();
    let key = key.display().to_string();
    let server = Server::start(answer);
    let import = || {
        let url = server.url();
        let args = [
            "import",
            "defectdojo",
            "--url",
            &url,
            "--token-file",
            &key,
            "-o",
            "json",
        ];
        let (code, stdout, stderr) = told(&fake.output(&args));
        assert!(!stdout.contains(KEY) && !stderr.contains(KEY));
        let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
        (code, report)
    };
    let (code, report) = import();
    assert_eq!(code, 3, "{report:#}");
    let counts = &report["counts"];
    assert_eq!(counts["finding"]["came"], 154, "{report:#}");
    assert_eq!(counts["finding"]["left"], 2);
    assert_eq!(counts["finding"]["not"], 2);
    assert_eq!(
        (&counts["decision"]["came"], &counts["decision"]["not"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&counts["exception"]["came"], &counts["exception"]["not"]),
        (&json!(1), &json!(1))
    );
    let product = &fake.posted("/api/v1/products")[0];
    assert_eq!(product["tier"], 1);
    assert_eq!(product["exposed"], true);
    assert_eq!(product["lifecycle"], "development");
    assert_eq!(product["tags"], json!(["web", "product-type:Research"]));
    let findings = fake.posted("/api/v1/findings");
    let first = &findings[0];
    assert_eq!(first["tool"], "Semgrep JSON Report");
    assert_eq!(first["rule"], "c/sqli");
    assert_eq!(
        (&first["version"], &first["branch"]),
        (&json!("1.3"), &json!("release"))
    );
    assert_eq!(first["cwes"], json!(["CWE-79"]));
    assert_eq!(first["line"], Value::Null);
    assert_eq!(findings[1]["component"], "lodash@4.17.15");
    assert_eq!(findings[1]["rule"], "CVE-2026-0001");
    assert_eq!(findings[1]["severity"], "none");
    assert_eq!(findings.last().unwrap()["tool"], "ZAP Scan");
    let exception = &fake.posted("/api/v1/exceptions")[0];
    assert_eq!(exception["id"], "dd-9-7");
    assert_eq!(exception["expires"], "2027-03-31");
    assert_eq!(exception["compensating_control"], "a proxy rule");
    assert!(
        exception["reason"]
            .as_str()
            .unwrap()
            .contains("accepted by ciso@example.org")
    );
    let posts = fake.whims.lock().unwrap().posts;
    let (_, again) = import();
    assert_eq!(again["counts"]["finding"]["unchanged"], 154, "{again:#}");
    assert_eq!(fake.whims.lock().unwrap().posts, posts);
}
