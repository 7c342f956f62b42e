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
        self.run_at(&root(), args, variables)
    }

    /// As [`Bench::run_with`], in another folder than the root of the repository.
    fn run_at(&self, folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_stanchion"))
            .args(args)
            .current_dir(folder)
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

/// The day on which a [`Shop`] is judged unless a test gives another.
pub(crate) const TODAY: &str = "2026-11-24";

/// By the starter set: `minimist` has CVE-2021-44906, critical; `lodash` has CVE-2020-8203 and CVE-2021-23337, high.
pub(crate) const WEAK: &str = r#"{"name":"shop","lockfileVersion":3,"packages":{"":{"name":"shop","version":"1.0.0"},"node_modules/lodash":{"version":"4.17.15"},"node_modules/minimist":{"version":"1.2.5"}}}"#;

/// Nothing is known about it.
pub(crate) const SOUND: &str = r#"{"name":"shop","lockfileVersion":3,"packages":{"":{"name":"shop","version":"1.0.0"},"node_modules/a":{"version":"1.0.0"}}}"#;

/// A policy that closes the build for what is critical, and a pull request for what it brings in.
pub(crate) const POLICY: &str = r#"schema = "vmpolicy/1"

[policy]
id = "shop"
version = "1"

[roles]
accountable = "role:ciso"

[roles.members]
"role:ciso" = ["ciso@example.org"]

[[sla]]
id = "all"
due = "30d"

[exceptions]
approver = "role:ciso"
not_self_approved = true
max_age = "90d"

[[enforce]]
id = "own/build"
at = "build"
deny = "f.severity == 'critical' && !f.excepted"

[[enforce]]
id = "own/change"
at = "pull_request"
deny = "f.is_new && f.severity in ['critical', 'high'] && !f.excepted"
missing_evidence = "deny"
"#;

/// What came out of a scan.
pub(crate) struct Scan {
    pub(crate) code: i32,
    /// The JSON report; null where there is none.
    pub(crate) report: Value,
    pub(crate) stderr: String,
}

impl Scan {
    /// The rules that close the gate, each once, in order.
    pub(crate) fn rules(&self) -> Vec<&str> {
        let mut rules: Vec<&str> = list(&self.report["verdict"]["violations"])
            .filter_map(|one| one["rule"].as_str())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// The reasons why the gate is closed, one a line.
    pub(crate) fn reasons(&self) -> String {
        let reasons = list(&self.report["verdict"]["violations"]);
        reasons
            .filter_map(|one| one["reason"].as_str())
            .fold(String::new(), |all, one| all + one + "\n")
    }

    /// A finding by its id.
    pub(crate) fn finding(&self, id: &str) -> &Value {
        list(&self.report["findings"])
            .find(|finding| finding["id"] == id)
            .unwrap_or_else(|| panic!("no finding {id}: {}", self.stderr))
    }

    /// Status, count and reason of an exception.
    pub(crate) fn exception(&self, id: &str) -> (&str, u64, &str) {
        let note = list(&self.report["exceptions"])
            .find(|note| note["id"] == id)
            .unwrap_or_else(|| panic!("no exception {id}: {}", self.stderr));
        (
            note["status"].as_str().unwrap(),
            note["covers"].as_u64().unwrap(),
            note["reason"].as_str().unwrap_or_default(),
        )
    }

    /// The problems, one a line as `path:line: reason`.
    pub(crate) fn problems(&self) -> String {
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        list(&self.report["problems"]).fold(String::new(), |all, one| {
            let line = one["line"]
                .as_u64()
                .map_or_else(String::new, |line| format!(":{line}"));
            format!(
                "{all}{}{line}: {}\n",
                text(one, "path"),
                text(one, "reason")
            )
        })
    }
}

/// The members of a JSON list; none where it is not there.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A project in a folder of its own, with [`WEAK`] and [`POLICY`], in which commands are run.
pub(crate) struct Shop {
    pub(crate) bench: Bench,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let shop = Self {
            bench: Bench::new(),
        };
        shop.write("package-lock.json", WEAK);
        shop.write("policy.toml", POLICY);
        shop
    }

    /// With other files, or other content of these.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let shop = Self::new();
        for (name, text) in files {
            shop.write(name, text);
        }
        shop
    }

    /// A file of the project.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.bench.file("shop").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.file(name)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// Runs the binary in the project's folder.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.bench.run_at(&self.file(""), args, &[])
    }

    /// As [`Shop::run`]: exit code, standard output and standard error.
    pub(crate) fn told(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.run(args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// Scans the project as of [`TODAY`].
    pub(crate) fn scan(&self, args: &[&str]) -> Scan {
        self.scan_on(TODAY, args)
    }

    /// Scans the project, or the folder among the arguments, as of a time.
    pub(crate) fn scan_on(&self, as_of: &str, args: &[&str]) -> Scan {
        self.scan_now(&[&["--as-of", as_of], args].concat())
    }

    /// Scans the project by the clock of this machine.
    pub(crate) fn scan_now(&self, args: &[&str]) -> Scan {
        let (code, stdout, stderr) = self.told(&[&["scan", "-q", "-o", "json"], args].concat());
        Scan {
            code,
            report: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stderr,
        }
    }

    /// Runs git in the project's folder, apart from the machine's own settings.
    pub(crate) fn git(&self, args: &[&str]) {
        self.git_on("2026-11-01T00:00:00Z", args);
    }

    /// As [`Shop::git`], on another day.
    pub(crate) fn git_on(&self, day: &str, args: &[&str]) {
        let output = Command::new("git")
            .env("GIT_COMMITTER_DATE", day)
            .env("GIT_AUTHOR_DATE", day)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(args)
            .current_dir(self.file(""))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Makes a repository of the project: what stands in it is the base, and the branch `change` begins.
    pub(crate) fn based(self) -> Self {
        self.git(&["init", "-q", "-b", "main"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "base"]);
        self.git(&["checkout", "-q", "-b", "change"]);
        self
    }

    /// Judges the change at the pull request gate.
    pub(crate) fn change(&self, args: &[&str]) -> Scan {
        self.scan(&[&["--gate", "pull_request", "--since", "main"], args].concat())
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

/// Finds what a schema refers to in its own folder, or below it where CSAF's are.
struct Beside(PathBuf);

impl Retrieve for Beside {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        let beside = self.0.join(name);
        let file = if beside.is_file() {
            beside
        } else {
            self.0.join("referenced").join(name)
        };
        Ok(serde_json::from_slice(&std::fs::read(file)?)?)
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
