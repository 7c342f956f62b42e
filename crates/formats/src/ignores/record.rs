//! An exception as one `[[exception]]` of the organisation's own file, in [TOML](https://toml.io/en/v1.0.0).

use std::fmt::Write as _;

use stanchion_model::exception::Exception;

use super::days::End;
use super::writing::quoted;

/// The record, with a line break at its end. What is not given is left out; days and times stand without quotes, so
/// that they are TOML dates.
pub fn block(exception: &Exception) -> String {
    let scope = &exception.scope;
    let mut out = String::from("[[exception]]\n");
    if !exception.id.is_empty() {
        text(&mut out, "id", Some(&exception.id));
    }
    list(&mut out, "vulnerability", "vulnerabilities", &scope.ids);
    list(&mut out, "rule", "rules", &scope.rules);
    text(&mut out, "purl", scope.purl.as_ref());
    text(&mut out, "versions", scope.versions.as_ref());
    text(&mut out, "product", scope.product.as_ref());
    list(&mut out, "path", "paths", &scope.paths);
    text(&mut out, "reason", exception.reason.as_ref());
    text(
        &mut out,
        "compensating_control",
        exception.compensating_control.as_ref(),
    );
    text(&mut out, "requested_by", exception.requested_by.as_ref());
    text(&mut out, "approver", exception.approver.as_ref());
    date(&mut out, "approved_on", exception.approved_on.as_ref());
    date(&mut out, "expires", exception.expires.as_ref());
    if let Some(justification) = exception.justification {
        let _ = writeln!(out, "justification = \"{}\"", justification.as_str());
    }
    out
}

fn text(out: &mut String, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{key} = {}", quoted(value));
    }
}

fn date(out: &mut String, key: &str, value: Option<&String>) {
    match value.and_then(|value| End::parse(value)) {
        Some(end) => {
            let _ = writeln!(out, "{key} = {end}");
        }
        None => text(out, key, value),
    }
}

fn list(out: &mut String, one: &str, several: &str, values: &[String]) {
    match values {
        [] => {}
        [value] => text(out, one, Some(value)),
        values => {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            let _ = writeln!(out, "{several} = [{}]", values.join(", "));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stanchion_model::exception::ExceptionScope;
    use stanchion_model::vex::Justification;
    use stanchion_syntax::{Limits, Node, toml};

    use super::*;

    fn full() -> Exception {
        Exception {
            id: "EX-2026-014".into(),
            scope: ExceptionScope {
                ids: vec!["CVE-2024-1".into(), "GHSA-2".into()],
                rules: vec!["components/denied".into()],
                purl: Some("pkg:npm/%40a/*".into()),
                versions: Some("vers:npm/>=1|<2".into()),
                product: Some("shop".into()),
                paths: vec!["web/**".into(), "a \"b\"".into()],
            },
            reason: Some("two\nlines # and \\".into()),
            compensating_control: Some("a filter".into()),
            requested_by: Some("Bo".into()),
            approver: Some("Ann".into()),
            approved_on: Some("2026-01-02".into()),
            expires: Some("2026-12-31T23:00:00+02:00".into()),
            justification: Some(Justification::VulnerableCodeNotPresent),
            line: 7,
        }
    }

    #[test]
    fn fields_stand_in_their_order() {
        assert_eq!(
            block(&full()),
            "\
[[exception]]
id = \"EX-2026-014\"
vulnerabilities = [\"CVE-2024-1\", \"GHSA-2\"]
rule = \"components/denied\"
purl = \"pkg:npm/%40a/*\"
versions = \"vers:npm/>=1|<2\"
product = \"shop\"
paths = [\"web/**\", \"a \\\"b\\\"\"]
reason = \"two\\nlines # and \\\\\"
compensating_control = \"a filter\"
requested_by = \"Bo\"
approver = \"Ann\"
approved_on = 2026-01-02
expires = 2026-12-31T23:00:00+02:00
justification = \"vulnerable_code_not_present\"
"
        );
        assert_eq!(block(&Exception::default()), "[[exception]]\n");
    }

    #[test]
    fn what_is_no_date_stands_in_quotes() {
        for (expires, want) in [
            ("2026-02-28", "2026-02-28"),
            ("2026-02-30", "\"2026-02-30\""),
            ("2026-02-28T10:00:00", "\"2026-02-28T10:00:00\""),
            ("2026-02-28T10:00:60Z", "\"2026-02-28T10:00:60Z\""),
            ("2026-02-28t10:00:00z", "2026-02-28T10:00:00Z"),
            ("soon\nx = 1", "\"soon\\nx = 1\""),
            ("", "\"\""),
        ] {
            let exception = Exception {
                expires: Some(expires.into()),
                ..Exception::default()
            };
            let want = format!("[[exception]]\nexpires = {want}\n");
            assert_eq!(block(&exception), want);
            assert_eq!(toml::parse(&want, &Limits::default()).error, None, "{want}");
        }
    }

    fn values(node: &Node<'_>, one: &str, several: &str) -> Vec<String> {
        let texts = |node: &Node<'_>| node.as_str().unwrap().to_owned();
        match (node.get(one), node.get(several)) {
            (Some(value), None) => vec![texts(value)],
            (None, Some(list)) => list.items().iter().map(texts).collect(),
            (None, None) => Vec::new(),
            (Some(_), Some(_)) => panic!("{one} and {several}"),
        }
    }

    fn texts() -> impl Strategy<Value = Option<String>> {
        proptest::option::of(
            proptest::collection::vec(any::<char>(), 0..20)
                .prop_map(|all| all.into_iter().collect::<String>()),
        )
    }

    fn lists() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(texts().prop_map(Option::unwrap_or_default), 0..4)
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            (ids, rules, paths) in (lists(), lists(), lists()),
            (purl, versions, product, reason) in (texts(), texts(), texts(), texts()),
            (control, requested_by, approver, expires) in (texts(), texts(), texts(), texts()),
            (id, second) in ("\\PC{1,9}", proptest::option::of(Just("[[exception]]\nx = 1"))),
        ) {
            let exception = Exception {
                id,
                scope: ExceptionScope { ids, rules, purl, versions, product, paths },
                reason: second.map(str::to_owned).or(reason),
                compensating_control: control,
                requested_by,
                approver,
                approved_on: Some("2026-01-02".into()),
                expires,
                ..Exception::default()
            };
            let file = block(&exception).repeat(2);
            let root = toml::parse(&file, &Limits::default()).whole().unwrap();
            prop_assert_eq!(root.get("exception").unwrap().items().len(), 2);
            for node in root.get("exception").unwrap().items() {
                let text = |key: &str| node.str(key).map(str::to_owned);
                let read = Exception {
                    id: text("id").unwrap(),
                    scope: ExceptionScope {
                        ids: values(node, "vulnerability", "vulnerabilities"),
                        rules: values(node, "rule", "rules"),
                        purl: text("purl"),
                        versions: text("versions"),
                        product: text("product"),
                        paths: values(node, "path", "paths"),
                    },
                    reason: text("reason"),
                    compensating_control: text("compensating_control"),
                    requested_by: text("requested_by"),
                    approver: text("approver"),
                    approved_on: text("approved_on"),
                    expires: text("expires"),
                    ..Exception::default()
                };
                prop_assert_eq!(&read, &exception);
            }
        }
    }
}
