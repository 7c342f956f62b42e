//! What CSAF says, product by product.

use std::fmt::Write as _;

use stanchion_model::vex::{
    Identifier, Justification, Statement, Status, VexDocument, VexFormat, VexProduct,
};

use crate::vex::tests::{other, purl, reasons, statement, validate, written};
use crate::vex::{VexError, read};

/// A document with this product tree (on line 2) and these vulnerabilities (on line 4).
fn document(tree: &str, vulnerabilities: &str) -> VexDocument {
    read(text(tree, vulnerabilities).as_bytes()).unwrap()
}

fn text(tree: &str, vulnerabilities: &str) -> String {
    format!(
        "{{\"document\": {{\"csaf_version\": \"2.1\", \"tracking\": {{\"current_release_date\": \"2024-01-01T00:00:00Z\"}}}},\n\
         \"product_tree\": {{{tree}}},\n\"vulnerabilities\": [\n{vulnerabilities}\n]}}"
    )
}

/// Products by id and helper.
fn names(all: &[(&str, &str)]) -> String {
    let all = all.iter().map(|(id, helper)| {
        format!(r#"{{"name": "the {id}", "product_id": "{id}", "product_identification_helper": {{{helper}}}}}"#)
    });
    format!(
        "\"full_product_names\": [{}]",
        all.collect::<Vec<_>>().join(", ")
    )
}

fn relationship(id: &str, inner: &str, outer: &str) -> String {
    format!(
        r#"{{"category": "default_component_of", "full_product_name": {{"name": "the {id}", "product_id": "{id}"}},
        "product_reference": "{inner}", "relates_to_product_reference": "{outer}"}}"#
    )
}

fn vulnerability(rest: &str) -> String {
    format!(r#"{{"cve": "CVE-2024-0001", {rest}}}"#)
}

/// The only product of the only statement.
fn only(document: &VexDocument) -> &VexProduct {
    assert_eq!(reasons(document), Vec::<String>::new());
    assert_eq!(document.statements.len(), 1);
    assert_eq!(document.statements[0].products.len(), 1);
    &document.statements[0].products[0]
}

#[test]
fn everything_of_the_sample() {
    let document = read(include_bytes!("../tests/csaf.json")).unwrap();
    assert_eq!(document.id.as_deref(), Some("EX-2024-1"));
    assert_eq!(document.author.as_deref(), Some("Example Company"));
    let said = |status: Status| -> Vec<&Statement> {
        document
            .statements
            .iter()
            .filter(|said| said.status == status)
            .collect()
    };
    let affected = said(Status::Affected)[0];
    assert_eq!(affected.vulnerability, "CVE-2024-0001");
    assert_eq!(affected.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_eq!(
        affected.action.as_deref(),
        Some("Update to 3.\nOr do without.")
    );
    assert_eq!(affected.timestamp.as_deref(), Some("2024-03-01T10:00:00Z"));
    assert_eq!(
        affected.products[0],
        VexProduct {
            versions: Some("vers:npm/>=2.0.0|<3.0.0".into()),
            ..purl("pkg:npm/left")
        }
    );
    let [flagged, reasoned] = said(Status::NotAffected)[..] else {
        panic!()
    };
    assert_eq!(
        flagged.justification,
        Some(Justification::ComponentNotPresent)
    );
    assert_eq!(flagged.timestamp.as_deref(), Some("2024-02-01T10:00:00Z"));
    assert_eq!(flagged.products[0], purl("pkg:npm/left@1.0.0"));
    let system = &flagged.products[1];
    assert_eq!(system.identifiers.len(), 4);
    assert_eq!(system.subcomponents, [purl("pkg:npm/left@1.0.0")]);
    assert_eq!(reasoned.justification, None);
    assert_eq!(reasoned.impact.as_deref(), Some("It is not called."));
    assert_eq!(
        reasoned.products[0].identifiers,
        [Identifier::Other("Appliance".into())]
    );
    assert_eq!(reasoned.products[0].subcomponents[0], *system);
    assert_eq!(said(Status::Fixed)[0].products, [other("Appliance")]);
    assert_eq!(said(Status::UnderInvestigation).len(), 1);
}

#[test]
fn lists_and_what_they_say() {
    let tree = names(&[("a", r#""purl": "pkg:npm/a@1""#)]);
    let flag = r#""flags": [{"label": "component_not_present", "product_ids": ["a"]}]"#;
    for (list, status, original) in [
        ("known_affected", Status::Affected, None),
        ("first_affected", Status::Affected, Some("first_affected")),
        ("last_affected", Status::Affected, Some("last_affected")),
        ("under_investigation", Status::UnderInvestigation, None),
        ("unknown", Status::UnderInvestigation, Some("unknown")),
        ("known_not_affected", Status::NotAffected, None),
        ("fixed", Status::Fixed, None),
        ("first_fixed", Status::Fixed, Some("first_fixed")),
        ("recommended", Status::Fixed, Some("recommended")),
    ] {
        let list = format!(r#""product_status": {{"{list}": ["a", "a"]}}, {flag}"#);
        let document = document(&tree, &vulnerability(&list));
        let said = &document.statements[0];
        assert_eq!(only(&document), &purl("pkg:npm/a@1"));
        assert_eq!((said.status, said.original.as_deref()), (status, original));
        let flagged = status == Status::NotAffected;
        let lossy = usize::from(original.is_some()) + usize::from(!flagged);
        assert_eq!(
            (said.justification.is_some(), said.lossy.len()),
            (flagged, lossy),
            "{list}"
        );
    }
    // Recommended and affected at once is affected; two other lists are both kept.
    let lists =
        r#""product_status": {"recommended": ["a"], "known_affected": ["a"], "fixed": ["a"]}"#;
    let document = document(&tree, &vulnerability(lists));
    let statuses: Vec<Status> = document.statements.iter().map(|said| said.status).collect();
    assert_eq!(statuses, [Status::Affected, Status::Fixed]);
}

#[test]
fn identification_helpers() {
    let sum = "AB".repeat(32);
    for (helper, want) in [
        (r#""purl": "pkg:npm/a@1""#.to_owned(), vec!["pkg:npm/a@1"]),
        (
            r#""purls": ["pkg:npm/a@1", "pkg:npm/b@1"]"#.to_owned(),
            vec!["pkg:npm/a@1", "pkg:npm/b@1"],
        ),
        (r#""cpe": "cpe:/a:x:y""#.to_owned(), vec!["cpe:/a:x:y"]),
        (
            format!(r#""hashes": [{{"filename": "x", "file_hashes": [{{"value": "{sum}"}}]}}]"#),
            vec![sum.as_str()],
        ),
        (
            r#""sbom_urls": ["https://example.com/x"]"#.to_owned(),
            vec!["https://example.com/x"],
        ),
        (
            r#""x_generic_uris": [{"namespace": "x:y", "uri": "pkg:npm/c@1"}, {"uri": "x:z"}]"#
                .to_owned(),
            vec!["pkg:npm/c@1", "x:z"],
        ),
        (r#""serial_numbers": ["1"]"#.to_owned(), vec!["the a"]),
    ] {
        let list = vulnerability(r#""product_status": {"fixed": ["a"]}"#);
        let document = document(&names(&[("a", &helper)]), &list);
        let said = only(&document)
            .identifiers
            .iter()
            .map(|identifier| match identifier {
                Identifier::Purl(purl) => purl.to_string(),
                Identifier::Cpe(text) | Identifier::Other(text) => text.clone(),
                Identifier::Hash(hash) => hash.hex.to_ascii_uppercase(),
            });
        assert_eq!(said.collect::<Vec<_>>(), want);
        let lossy = helper.contains("serial");
        assert_eq!(!document.statements[0].lossy.is_empty(), lossy, "{helper}");
    }
}

#[test]
fn versions_of_branches() {
    for (category, name, helper, want, versions) in [
        (
            "product_version",
            "1.2",
            r#""purl": "pkg:npm/a@1.0""#,
            "pkg:npm/a@1.0",
            None,
        ),
        (
            "product_version",
            "1.2",
            r#""purl": "pkg:npm/a""#,
            "pkg:npm/a@1.2",
            None,
        ),
        (
            "product_version",
            "a.src",
            r#""purl": "pkg:npm/a""#,
            "pkg:npm/a",
            None,
        ),
        (
            "product_version_range",
            "vers:npm/<2",
            r#""purl": "pkg:npm/a@1""#,
            "pkg:npm/a",
            Some("vers:npm/<2"),
        ),
        (
            "product_version_range",
            ">= 1 | < 2",
            r#""purl": "pkg:npm/a""#,
            "pkg:npm/a",
            Some("vers:npm/>=1|<2"),
        ),
        (
            "product_version_range",
            "<2",
            r#""cpe": "cpe:/a:x""#,
            "cpe:/a:x",
            Some("vers:unknown/<2"),
        ),
        (
            "product_version_range",
            "vers:all/*",
            r#""purl": "pkg:npm/a""#,
            "pkg:npm/a",
            Some("vers:all/*"),
        ),
        (
            "service_pack",
            "2",
            r#""purl": "pkg:npm/a""#,
            "pkg:npm/a",
            None,
        ),
    ] {
        let tree = format!(
            r#""branches": [{{"category": "vendor", "name": "v", "branches": [{{"category": "{category}", "name": "{name}",
            "branches": [{{"category": "architecture", "name": "x", "product": {{"name": "n", "product_id": "a",
            "product_identification_helper": {{{helper}}}}}}}]}}]}}]"#
        );
        let document = document(
            &tree,
            &vulnerability(r#""product_status": {"fixed": ["a"]}"#),
        );
        let product = only(&document);
        let said = match &product.identifiers[0] {
            Identifier::Purl(purl) => purl.to_string(),
            Identifier::Cpe(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (said.as_str(), product.versions.as_deref()),
            (want, versions),
            "{name}"
        );
        let vague = name.starts_with(['<', '>']);
        assert_eq!(
            document.statements[0].lossy.len(),
            usize::from(vague),
            "{name}"
        );
    }
}

#[test]
fn products_in_products() {
    let base = names(&[
        ("c", r#""purl": "pkg:npm/c@1""#),
        ("d", r#""purl": "pkg:npm/d@1""#),
        ("n", r#""serial_numbers": ["x"]"#),
        ("p", r#""cpe": "cpe:/a:p""#),
        ("o", r#""cpe": "cpe:/o:o""#),
    ]);
    let relationships = [
        relationship("p:c", "c", "p"),
        relationship("p:d", "d", "p"),
        relationship("o:p:c", "p:c", "o"),
        relationship("x", "x", "p"),
        relationship("y", "z", "p"),
        relationship("z", "y", "p"),
        relationship("w", "nowhere", "p"),
    ];
    // CSAF 2.1 has paths instead, innermost first. Here the whole has a purl and the part has none.
    let paths = r#"{"beginning_product_reference": "n", "full_product_name": {"name": "x", "product_id": "o:p:n",
        "product_identification_helper": {"purl": "pkg:npm/n@1"}},
        "subpaths": [{"category": "installed_on", "next_product_reference": "p"},
        {"category": "installed_on", "next_product_reference": "o"}]}"#;
    let tree = format!(
        "{base}, \"relationships\": [{}], \"product_paths\": [{paths}]",
        relationships.join(", ")
    );
    let list =
        r#""product_status": {"fixed": ["p:c", "p", "o:p:c", "p:d", "o:p:n", "x", "y", "w"]}"#;
    let document = document(&tree, &vulnerability(list));
    let p = VexProduct {
        identifiers: vec![Identifier::Cpe("cpe:/a:p".into())],
        ..VexProduct::default()
    };
    let in_p = |parts: Vec<VexProduct>| VexProduct {
        subcomponents: parts,
        ..p.clone()
    };
    let mut n = other("the n");
    n.identifiers.extend(purl("pkg:npm/n@1").identifiers);
    let o = VexProduct {
        identifiers: vec![Identifier::Cpe("cpe:/o:o".into())],
        versions: None,
        subcomponents: vec![in_p(vec![purl("pkg:npm/c@1"), n])],
    };
    let want = [
        in_p(vec![purl("pkg:npm/c@1"), purl("pkg:npm/d@1")]),
        p.clone(),
        o,
    ];
    assert_eq!(document.statements[0].products, want);
    let more = "it is defined by itself, or through more than 8 others";
    assert_eq!(
        reasons(&document),
        [
            format!("14: CVE-2024-0001: `fixed` of \"x\": \"x\": {more}"),
            format!("14: CVE-2024-0001: `fixed` of \"y\": \"z\": {more}"),
            "14: CVE-2024-0001: `fixed` of \"w\": \"nowhere\": the product tree does not define it"
                .to_owned(),
        ]
    );
}

#[test]
fn products_defined_twice() {
    let tree = names(&[
        ("a", r#""purl": "pkg:npm/a@1""#),
        ("a", r#""purl": "pkg:npm/a@1""#),
        ("b", r#""purl": "pkg:npm/b@1""#),
        ("b", r#""purl": "pkg:npm/b@2""#),
    ]);
    let list = vulnerability(r#""product_status": {"fixed": ["a", "b"]}"#);
    let document = document(&tree, &list);
    assert_eq!(document.statements[0].products, [purl("pkg:npm/a@1")]);
    assert_eq!(
        reasons(&document),
        ["4: CVE-2024-0001: `fixed` of \"b\": the product tree defines it twice, differently"]
    );
}

#[test]
fn reasons_products_and_groups() {
    let tree = format!(
        "{}, \"product_groups\": [{{\"group_id\": \"g\", \"product_ids\": [\"a\", \"b\"]}}]",
        names(&[
            ("a", r#""purl": "pkg:npm/a@1""#),
            ("b", r#""purl": "pkg:npm/b@1""#),
            ("c", r#""purl": "pkg:npm/c@1""#),
            ("d", r#""purl": "pkg:npm/d@1""#),
        ])
    );
    let status = r#""product_status": {"known_not_affected": ["a", "b", "c", "d"]}"#;
    let count = |rest: &str| {
        let document = document(&tree, &vulnerability(&format!("{status}, {rest}")));
        let products = document.statements.iter().map(|said| said.products.len());
        (products.collect::<Vec<_>>(), reasons(&document))
    };
    let none = "there is neither a flag nor an impact";
    let (products, refused) = count(
        r#""flags": [{"label": "component_not_present", "group_ids": ["g", "nowhere"]},
           {"label": "vulnerable_code_not_present", "product_ids": ["a"]},
           {"label": "inline_mitigations_already_exist"}],
           "threats": [{"category": "impact", "details": "x", "product_ids": ["c"]},
           {"category": "impact", "details": "x", "product_ids": ["c", "b"]},
           {"category": "exploit_status", "details": "y", "product_ids": ["d"]}]"#,
    );
    // `a` has two flags, `b` a flag and an impact, `c` an impact.
    assert_eq!(products, [1, 1, 1]);
    assert_eq!(
        refused,
        [format!(
            "4: CVE-2024-0001: `known_not_affected` of \"d\": {none}"
        )]
    );
    let (products, refused) =
        count(r#""flags": [{"label": "code_not_present", "product_ids": ["a"]}]"#);
    assert_eq!(products, Vec::<usize>::new());
    assert_eq!(
        refused,
        [
            "4: CVE-2024-0001: `known_not_affected` of \"a\": the flag \"code_not_present\" is not known".to_owned(),
            format!("4: CVE-2024-0001: `known_not_affected` of \"b\" and 2 more: {none}"),
        ]
    );
    let general = r#""threats": [{"category": "impact", "details": "x"}]"#;
    assert_eq!(count(general), (vec![4], Vec::new()));
    let document = document(
        &tree,
        &vulnerability(
            r#""product_status": {"known_affected": ["a"], "fixed": ["b"]}, "remediations": [{"category": "vendor_fix", "details": "Update."}]"#,
        ),
    );
    let actions: Vec<Option<&str>> = document
        .statements
        .iter()
        .map(|said| said.action.as_deref())
        .collect();
    assert_eq!(actions, [Some("Update."), None]);
}

#[test]
fn what_cannot_be_used_is_refused() {
    let tree = names(&[
        ("a", r#""purl": "pkg:npm/a@1""#),
        ("bad", r#""purl": "pkg:npm/""#),
    ]);
    let word = "is no purl: a package URL has a type and a name, as in `pkg:npm/lodash`";
    for (rest, want) in [
        (
            r#"{"product_status": {"fixed": ["a"]}}"#,
            "4: a vulnerability has neither a CVE nor an id".to_owned(),
        ),
        (
            "[]",
            "4: a vulnerability has neither a CVE nor an id".to_owned(),
        ),
        (
            r#"{"cve": "CVE-1"}"#,
            "4: CVE-1: no product has a status".to_owned(),
        ),
        (
            r#"{"cve": "CVE-1", "product_status": {"affected": ["a"]}}"#,
            "4: CVE-1: the status \"affected\" is not known".to_owned(),
        ),
        (
            r#"{"cve": "CVE-1", "product_status": {"fixed": "a"}}"#,
            "4: CVE-1: `fixed` is a string and no list".to_owned(),
        ),
        (
            r#"{"cve": "CVE-1", "product_status": {"fixed": [1]}}"#,
            "4: CVE-1: a number where `fixed` names a product".to_owned(),
        ),
        (
            "{\"cve\": \"CVE-1\", \"product_status\": {\"fixed\": [\n\"no\"]}}",
            "5: CVE-1: `fixed` of \"no\": the product tree does not define it".to_owned(),
        ),
        (
            r#"{"cve": "CVE-1", "product_status": {"fixed": ["bad"]}}"#,
            format!("4: CVE-1: `fixed` of \"bad\": \"pkg:npm/\" {word}"),
        ),
        (
            r#"{"ids": [{"text": "X-1"}], "product_status": {"known_not_affected": ["a"]},
            "flags": [{"label": "component_not_present", "date": "soon", "product_ids": ["a"]}]}"#,
            "4: X-1: date is \"soon\" and no time as RFC 3339 writes it".to_owned(),
        ),
    ] {
        let good = vulnerability(r#""product_status": {"fixed": ["a"]}"#);
        let document = document(&tree, &format!("{rest}, {good}"));
        assert_eq!(document.statements.len(), 1, "{rest}");
        assert_eq!(reasons(&document), [want]);
    }
}

#[test]
fn every_product_of_a_list_is_read_or_refused() {
    let (mut list, mut ids) = (Vec::new(), String::new());
    let mut all = Vec::new();
    for number in 0..100 {
        list.push(format!("\"{number}\""));
        let purl = if number % 7 == 0 {
            "pkg:npm/"
        } else {
            "pkg:npm/a@1"
        };
        let _ = write!(ids, "{number} ");
        all.push((number.to_string(), format!("\"purl\": \"{purl}\"")));
    }
    let all: Vec<(&str, &str)> = all
        .iter()
        .map(|(id, helper)| (id.as_str(), helper.as_str()))
        .collect();
    let flags =
        r#""flags": [{"label": "component_not_present", "product_ids": ["1", "2", "3", "7"]}]"#;
    let rest = format!(
        "\"product_status\": {{\"known_not_affected\": [{}]}}, {flags}",
        list.join(", ")
    );
    let document = document(&names(&all), &vulnerability(&rest));
    let read: usize = document
        .statements
        .iter()
        .map(|said| said.products.len())
        .sum();
    let refused = document.refused.iter().map(|refused| {
        let more = refused
            .reason
            .split(" and ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        1 + more
            .and_then(|more| more.parse::<usize>().ok())
            .unwrap_or(0)
    });
    assert_eq!(read + refused.sum::<usize>(), 100);
    assert_eq!(read, 3);
}

#[test]
fn what_unfolds_to_too_much_is_not_read() {
    // Many flags name one large group.
    let ids: Vec<String> = (0..20_000).map(|number| format!("\"{number}\"")).collect();
    let ids = ids.join(",");
    let groups = format!("\"product_groups\": [{{\"group_id\": \"g\", \"product_ids\": [{ids}]}}]");
    let flags = vec![r#"{"group_ids": ["g"]}"#; 20_000].join(",");
    let rest = format!("\"product_status\": {{\"fixed\": [\"0\"]}}, \"flags\": [{flags}]");
    let error = read(text(&groups, &vulnerability(&rest)).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("fill the memory"), "{error}");
    // One product with a long name is named by many vulnerabilities.
    let long = format!("\"cpe\": \"cpe:/{}\"", "a".repeat(100_000));
    let list = vec![vulnerability(r#""product_status": {"fixed": ["a"]}"#); 5_000].join(",");
    let error = read(text(&names(&[("a", &long)]), &list).as_bytes()).unwrap_err();
    assert!(matches!(error, VexError::Unusable(_)), "{error}");
    // Each of two products is made of the one before, twice.
    let mut relationships = vec![relationship("r0", "a", "a")];
    for number in 1..60 {
        let before = format!("r{}", number - 1);
        relationships.push(relationship(&format!("r{number}"), &before, &before));
    }
    let tree = format!(
        "{}, \"relationships\": [{}]",
        names(&[("a", r#""purl": "pkg:npm/a@1""#)]),
        relationships.join(", ")
    );
    let list = vulnerability(r#""product_status": {"fixed": ["r59", "r2", "r3"]}"#);
    let document = document(&tree, &list);
    assert_eq!(document.refused.len(), 2);
    assert_eq!(document.statements[0].products.len(), 1);
}

#[test]
fn one_status_for_a_product_the_newest() {
    let mut all = Vec::new();
    for (status, time) in [
        (Status::UnderInvestigation, Some("2024-01-01T00:00:00Z")),
        (Status::Fixed, Some("2024-02-01T00:00:00+05:00")),
        (Status::Affected, Some("2024-01-31T19:00:00Z")),
        (Status::Affected, Some("2023-01-01T00:00:00Z")),
    ] {
        let mut said = statement("CVE-2024-0001", status, vec![purl("pkg:npm/a@1")]);
        said.timestamp = time.map(str::to_owned);
        said.action = (status == Status::Affected).then(|| "Update.".to_owned());
        all.push(said);
    }
    all.push(statement(
        "CVE-2024-0001",
        Status::Fixed,
        vec![purl("pkg:npm/b@1")],
    ));
    let (bytes, losses) = written(VexFormat::Csaf, &all).unwrap();
    validate(VexFormat::Csaf, &serde_json::from_slice(&bytes).unwrap());
    let document = read(&bytes).unwrap();
    let said: Vec<(Status, &VexProduct)> = document
        .statements
        .iter()
        .map(|said| (said.status, &said.products[0]))
        .collect();
    // Fixed and affected are of the same moment: what leaves more open is written.
    assert_eq!(said[0], (Status::Affected, &purl("pkg:npm/a@1")));
    assert_eq!(said[1], (Status::Fixed, &purl("pkg:npm/b@1")));
    assert_eq!(
        losses
            .iter()
            .filter(|loss| loss.contains("is left out"))
            .count(),
        3,
        "{losses:?}"
    );
}

#[test]
fn what_has_no_room_is_named() {
    let mut said = statement(
        "GHSA-aaaa-bbbb-cccc",
        Status::Fixed,
        vec![purl("pkg:npm/a@1")],
    );
    said.id = Some("x".into());
    said.aliases = vec!["CVE-2024-0001".into()];
    said.original = Some("recommended".into());
    said.action = Some("Nothing.".into());
    said.timestamp = Some("2024-01-01T00:00:00Z".into());
    said.products[0].identifiers.extend([
        Identifier::Cpe("cpe:/x".into()),
        Identifier::Other("a name".into()),
    ]);
    let affected = statement("CVE-2024-0002", Status::Affected, vec![other("b")]);
    let mut losses = Vec::new();
    let mut out = Vec::new();
    let publisher = crate::vex::Publisher {
        version: 3,
        role: Some("coordinator"),
        ..crate::vex::tests::PUBLISHER
    };
    losses.extend(
        crate::vex::write(VexFormat::Csaf, &[said, affected], &publisher, &mut out).unwrap(),
    );
    assert_eq!(
        losses,
        [
            "GHSA-aaaa-bbbb-cccc: CSAF calls it by its CVE first, CVE-2024-0001",
            "GHSA-aaaa-bbbb-cccc: CSAF has no place for the id of a statement",
            "GHSA-aaaa-bbbb-cccc: CSAF has no place for the word \"recommended\"",
            "GHSA-aaaa-bbbb-cccc: CSAF has no room for 2 of the identifiers of \"a 1\"",
            "GHSA-aaaa-bbbb-cccc: CSAF gives `fixed` the time of the document, not 2024-01-01T00:00:00Z",
            "CSAF asks for the history of a document; instead of 3 it is written as version 1 of one of its own",
            "GHSA-aaaa-bbbb-cccc: CSAF has no place for an action on `fixed`",
            "CVE-2024-0002: CSAF asks what to do about `affected`; it says that nothing is stated",
        ]
    );
    let written: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(written["document"]["publisher"]["category"], "coordinator");
    validate(VexFormat::Csaf, &written);
}

/// Two hundred thousand references are as many look-ups; were the products searched for, this would take minutes.
#[test]
fn a_large_document_is_read_fast() {
    let ids: Vec<String> = (0..1000)
        .map(|number| format!("CSAFPID-{number:04}"))
        .collect();
    let helpers: Vec<String> = (0..1000)
        .map(|number| format!("\"purl\": \"pkg:npm/p{number}@1.0\""))
        .collect();
    let all: Vec<(&str, &str)> = ids
        .iter()
        .zip(&helpers)
        .map(|(id, helper)| (id.as_str(), helper.as_str()))
        .collect();
    let list: Vec<String> = ids.iter().map(|id| format!("        \"{id}\"")).collect();
    let list = list.join(",\n");
    let one = |number: usize| {
        format!(
            "{{\"cve\": \"CVE-2024-{number:04}\", \"product_status\": {{\"known_not_affected\": [\n{list}]}},\n\
             \"flags\": [{{\"label\": \"component_not_present\", \"product_ids\": [\n{list}]}}]}}"
        )
    };
    let all_of: Vec<String> = (0..100).map(one).collect();
    let text = text(&names(&all), &all_of.join(",\n"));
    let start = std::time::Instant::now();
    let document = read(text.as_bytes()).unwrap();
    assert_eq!(document.statements.len(), 100);
    assert_eq!(document.statements[99].products.len(), 1000);
    assert!(
        start.elapsed().as_secs() < 20,
        "{:?} for {} bytes",
        start.elapsed(),
        text.len()
    );
}
