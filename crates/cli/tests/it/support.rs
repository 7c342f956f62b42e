//! Runs the binary apart from the machine's own state, and holds documents against schemas.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;
use tempfile::TempDir;

/// A folder for state and files of one test.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary at the root of the repository, offline, with an empty data folder unless it was filled.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, &[])
    }

    /// As [`Bench::run`], with other variables of the environment.
    pub(crate) fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_stanchion"))
            .args(args)
            .current_dir(root())
            .env("STANCHION_DATA_DIR", self.file("data"))
            .env("STANCHION_OFFLINE", "1")
            .env("XDG_CONFIG_HOME", self.file("config"))
            .env("SOURCE_DATE_EPOCH", "1795514400")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    /// Runs the binary, whatever the verdict, for the document that it writes to standard output.
    pub(crate) fn document(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let code = output.status.code().unwrap();
        assert!(
            matches!(code, 0 | 1),
            "{args:?} gave {code}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}"))
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Schemas, advisories and inputs of others, which are no part of the repository.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("STANCHION_SHARED")
        .map_or_else(|| root().join("../shared"), PathBuf::from);
    let found = folder.canonicalize().ok().filter(|folder| folder.is_dir());
    if found.is_none() {
        println!(
            "skipped in part: {} is not here; STANCHION_SHARED names another folder",
            folder.display()
        );
    }
    found
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

/// An official schema by its path; `None` where it is not at hand, which CI does not let pass.
pub(crate) fn official(path: &str) -> Option<Validator> {
    let file = shared()?.join("schemas").join(path);
    if !file.is_file() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{} is missing",
            file.display()
        );
        println!("skipped: {} is missing", file.display());
        return None;
    }
    Some(schema(&file))
}

/// The schema in a file, with what it refers to beside it.
pub(crate) fn schema(file: &Path) -> Validator {
    let text: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let beside = Beside(file.parent().unwrap().to_owned());
    jsonschema::options()
        .with_retriever(beside)
        .should_validate_formats(true)
        .build(&text)
        .unwrap()
}

/// Fails with the ways in which a document breaks its schema.
pub(crate) fn hold(what: &str, schema: Option<&Validator>, document: &Value) {
    let Some(schema) = schema else { return };
    let errors: Vec<String> = schema
        .iter_errors(document)
        .take(10)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{what} is not valid:\n{}",
        errors.join("\n")
    );
}
