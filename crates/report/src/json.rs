//! The JSON report, `stanchion.report/1`; its schema is `schemas/stanchion.report-1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Problem;
use stanchion_model::report::{Assessment, DatabaseInfo, ExceptionNote, SCHEMA, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    as_of: &'a str,
    target: &'a str,
    database: &'a DatabaseInfo,
    components: usize,
    findings: &'a [Finding],
    /// Findings that the filters left out.
    filtered: usize,
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exceptions: &'a [ExceptionNote],
    problems: &'a [Problem],
}

/// Writes the report, one line, with a line break at its end.
pub fn write(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        schema: SCHEMA,
        as_of: &assessment.as_of,
        target: &assessment.inventory.target,
        database: &assessment.database,
        components: assessment.component_count(),
        findings: &assessment.findings,
        filtered: assessment.filtered,
        verdict: &assessment.verdict,
        exceptions: &assessment.exceptions,
        problems: &assessment.problems,
    };
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer(&mut out, &report)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{assessment, clear, judged};

    fn schema() -> Value {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../schemas/stanchion.report-1.schema.json");
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }

    fn written(assessment: &Assessment) -> Value {
        let mut out = Vec::new();
        write(assessment, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    /// The points of findings made by hand add up to their score, and some are below zero for it.
    fn sane(mut assessment: Assessment) -> Assessment {
        for finding in &mut assessment.findings {
            for factor in &mut finding.factors {
                factor.points = factor.points.max(0.0);
            }
        }
        assessment
    }

    /// One of each that a policy can say, the rarest too.
    fn full() -> Assessment {
        let mut full = judged();
        full.verdict.incomplete = true;
        full
    }

    #[test]
    fn what_is_written_is_what_the_schema_says() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        for assessment in [clear(), assessment(), judged(), full()] {
            let document = written(&sane(assessment));
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
        }
        for (place, value) in [
            ("/findings/0/state", json!("asleep")),
            ("/findings/0/deadlines/0/what", json!("party")),
            ("/findings/0/deadlines/0/due", json!("soon")),
            ("/findings/0/statements/0/standing", json!("loud")),
            ("/exceptions/0/status", json!("fine")),
            ("/exceptions/0/covers", json!(-1)),
            ("/verdict/undecided/0/reason", json!(null)),
            ("/verdict/policy/surprise", json!(1)),
        ] {
            let mut document = written(&sane(full()));
            assert!(validator.is_valid(&document));
            let (parent, name) = place.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[name] = value;
            assert!(!validator.is_valid(&document), "{place}");
        }
    }

    /// Names of the members of all objects at a place.
    fn members<'v>(values: impl IntoIterator<Item = &'v Value>) -> BTreeSet<&'v str> {
        values
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|object| object.keys().map(String::as_str))
            .collect()
    }

    #[test]
    fn the_schema_names_nothing_that_is_never_written() {
        let (schema, document) = (schema(), written(&full()));
        let named = |place: &str| members(schema.pointer(place));
        let each = |place: &str| {
            let all = document.pointer(place).and_then(Value::as_array).unwrap();
            all.iter()
        };
        let inside = |name: &'static str| {
            each("/findings")
                .flat_map(move |finding| finding[name].as_array().into_iter().flatten())
        };
        assert_eq!(named("/properties"), members([&document]));
        for (name, written) in [
            ("finding", members(each("/findings"))),
            ("deadline", members(inside("deadlines"))),
            ("statement", members(inside("statements"))),
            ("exception", members(each("/exceptions"))),
            ("verdict", members([&document["verdict"]])),
            ("violation", members(each("/verdict/violations"))),
            (
                "verdict/properties/policy",
                members([&document["verdict"]["policy"]]),
            ),
        ] {
            assert_eq!(
                named(&format!("/$defs/{name}/properties")),
                written,
                "{name}"
            );
        }
    }
}
