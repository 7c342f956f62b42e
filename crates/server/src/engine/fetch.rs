//! Repositories of others: fetched by the `git` program into a folder that goes again, and read like any target. Nothing of
//! them is executed: no hook, no filter, no submodule, no configuration but the one given here.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use stanchion_assess::Options;
use stanchion_inventory::document;
use stanchion_policy::beside::VEX;
use stanchion_policy::file::digest;
use stanchion_policy::{claims, exceptions, gate};
use stanchion_store::StoreError;
use stanchion_store::decisions::{self, PolicyVersion};
use stanchion_store::products;
use stanchion_tree::{Limits, Tree};
use tempfile::TempDir;

use super::absorb::DECISIONS;
use super::ingest::{Document, Push};
use super::{Engine, EngineError};

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// Largest checkout, in bytes of its files.
const MOST_BYTES: u64 = 4 << 30;
/// Largest file beside a policy.
const MOST_FILE: u64 = 32 << 20;

/// The setting that says where the policy comes from.
pub const POLICY_SOURCE: &str = "policy_source";

/// A repository, and what of it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// `https://...` or `ssh://...`.
    pub url: String,
    /// A branch or tag; empty: the default branch.
    #[serde(default)]
    pub reference: String,
    /// The folder of the policy in it; empty: its root.
    #[serde(default)]
    pub folder: String,
    /// A token, sealed with the portal's key.
    #[serde(default)]
    pub secret: Option<String>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// An address in its parts, as far as they are needed.
struct Address<'a> {
    scheme: &'a str,
    host: &'a str,
    port: u16,
}

/// Whether an address is one that is fetched from: https or ssh, without user data that looks like an option.
pub fn check_url(url: &str) -> Result<(), EngineError> {
    address(url).map(drop)
}

fn address(url: &str) -> Result<Address<'_>, EngineError> {
    let wrong = |reason: &str| {
        EngineError::Unusable(format!(
            "the address of the repository {reason}; give it as https://host/path or ssh://git@host/path"
        ))
    };
    if url.len() > 2_000 || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong("holds spaces or control characters"));
    }
    // Without TLS only to hosts that are allowed to be private: the way out sees to it.
    let Some((scheme @ ("https" | "http" | "ssh"), rest)) = url.split_once("://") else {
        return Err(wrong("is neither https nor ssh"));
    };
    let ssh = scheme == "ssh";
    let (authority, _) = rest.split_once('/').ok_or_else(|| wrong("has no path"))?;
    let (user, place) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, place)| (Some(user), place));
    if user.is_some_and(|user| user.contains(':')) || (!ssh && user.is_some()) {
        return Err(wrong("holds a password: give a token instead"));
    }
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !place.ends_with(']') => (
            host,
            port.parse()
                .map_err(|_| wrong("has no port where one should be"))?,
        ),
        _ => (
            place,
            match scheme {
                "ssh" => 22,
                "http" => 80,
                _ => 443,
            },
        ),
    };
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let fine = |c: char| c.is_ascii_alphanumeric() || ".-:_".contains(c);
    if plain.is_empty()
        || plain.starts_with('-')
        || !plain.chars().all(fine)
        || user.is_some_and(|user| user.starts_with('-'))
    {
        return Err(wrong("has no host"));
    }
    Ok(Address {
        scheme,
        host: plain,
        port,
    })
}

/// Whether a name of a branch or tag can be given to `git`.
pub fn check_reference(reference: &str) -> Result<(), EngineError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
    if reference.len() > 200
        || reference.starts_with(['-', '/'])
        || reference.contains("..")
        || !reference.chars().all(fine)
    {
        return Err(EngineError::Unusable(
            "the branch or tag has a name that is not taken".into(),
        ));
    }
    Ok(())
}

/// A checkout, and its commit.
struct Checkout {
    folder: TempDir,
    commit: String,
}

impl Engine {
    /// Fetches a repository at a branch or tag. Private addresses are refused like everywhere, and the address that was
    /// judged is the one connected to.
    fn checkout(&self, source: &Source) -> Result<Checkout, EngineError> {
        let parts = address(&source.url)?;
        check_reference(&source.reference)?;
        if self.options.client.is_offline() {
            return Err(EngineError::Outside("the network is switched off".into()));
        }
        let addresses = self
            .options
            .client
            .addresses(parts.host, parts.port, parts.scheme != "http")
            .map_err(|error| EngineError::Outside(format!("{error}; {}", error.hint())))?;
        let first = addresses
            .first()
            .ok_or_else(|| EngineError::Outside(format!("{} has no address", parts.host)))?;
        let outside = |error: std::io::Error| {
            EngineError::Outside(format!("cannot make a folder for the checkout: {error}"))
        };
        let folder = tempfile::tempdir().map_err(outside)?;
        let checkout = folder.path().join("tree");
        let home = folder.path().join("home");
        std::fs::create_dir(&home).map_err(outside)?;
        let mut git = Command::new("git");
        git.env_clear();
        for name in ["PATH", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "GIT_SSL_CAINFO"] {
            if let Some(value) = std::env::var_os(name) {
                git.env(name, value);
            }
        }
        git.env("HOME", &home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "true")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_LFS_SKIP_SMUDGE", "1");
        let mut config = vec![
            "core.hooksPath=/dev/null".to_owned(),
            "core.symlinks=false".into(),
            "core.fsmonitor=false".into(),
            "credential.helper=".into(),
            "protocol.allow=never".into(),
            format!("protocol.{}.allow=always", parts.scheme),
            "http.followRedirects=false".into(),
            "http.lowSpeedLimit=1000".into(),
            "http.lowSpeedTime=60".into(),
            "transfer.fsckObjects=true".into(),
            "submodule.recurse=false".into(),
        ];
        if parts.scheme == "ssh" {
            // The known address, under the host's own key; no other way to be asked or to be led elsewhere.
            git.env(
                "GIT_SSH_COMMAND",
                format!(
                    "ssh -F none -o BatchMode=yes -o HostName={} -o HostKeyAlias={} -o ProxyCommand=none -o PermitLocalCommand=no -o ConnectTimeout=15",
                    first.ip(),
                    parts.host
                ),
            );
        } else {
            config.push(format!(
                "http.curloptResolve={}:{}:{}",
                parts.host,
                parts.port,
                bracketed(first.ip())
            ));
            let secret = source
                .secret
                .as_deref()
                .and_then(|sealed| crate::seal::open(&self.key, sealed));
            if let Some(secret) = secret {
                // In the environment, not among the arguments that everybody on the machine can see.
                let value = format!(
                    "Authorization: Basic {}",
                    STANDARD.encode(format!("x-access-token:{secret}"))
                );
                git.env("GIT_CONFIG_COUNT", "1")
                    .env("GIT_CONFIG_KEY_0", "http.extraHeader")
                    .env("GIT_CONFIG_VALUE_0", value);
            }
        }
        for one in config {
            git.arg("-c").arg(one);
        }
        git.args([
            "clone",
            "--quiet",
            "--depth",
            "1",
            "--single-branch",
            "--no-tags",
            "--no-recurse-submodules",
        ]);
        if !source.reference.is_empty() {
            git.arg("--branch").arg(&source.reference);
        }
        git.arg("--").arg(&source.url).arg(&checkout);
        run(&mut git, folder.path())?;
        let commit = std::fs::read_to_string(checkout.join(".git/HEAD"))
            .ok()
            .and_then(|head| commit_of(&checkout, head.trim()))
            .unwrap_or_default();
        Ok(Checkout { folder, commit })
    }

    /// Scans a product's repository, as a push of it would.
    pub(crate) fn scan_repository(&self, payload: &Value) -> Result<String, EngineError> {
        let name = payload["product"].as_str().unwrap_or_default();
        let found = self.store.read(|tx| {
            let Some(product) = products::by_name(tx, name)? else {
                return Ok(None);
            };
            let repository = products::repository(tx, product.id)?;
            Ok::<_, StoreError>(repository.map(|repository| (product, repository)))
        })?;
        let (product, mut repository) = found.ok_or_else(|| {
            EngineError::Absent(format!(
                "nobody has said where the code of {name:?} is kept"
            ))
        })?;
        let checkout = self.checkout(&Source {
            url: repository.url.clone(),
            reference: repository.reference.clone(),
            folder: String::new(),
            secret: repository.secret.clone(),
        })?;
        let tree = Tree::open(&checkout.folder.path().join("tree"), Limits::default())
            .map_err(|error| EngineError::Outside(error.to_string()))?;
        let inventory = stanchion_assess::inventory(&tree, &product.name, &Options::default())
            .map_err(|error| EngineError::Outside(error.to_string()))?;
        let mut bytes = Vec::new();
        document::write(&inventory, &mut bytes)
            .map_err(|error| EngineError::Unusable(error.to_string()))?;
        let version = if checkout.commit.is_empty() {
            "unknown"
        } else {
            &checkout.commit[..12.min(checkout.commit.len())]
        };
        let pushed = self.push(&Push {
            product: &product.name,
            version,
            branch: Some(&repository.branch),
            document: Document {
                bytes: &bytes,
                name: "inventory.json",
            },
            actor: "portal",
            may_create: false,
            as_of: None,
            gate: gate::DEFAULT,
        })?;
        repository.commit = Some(checkout.commit.clone());
        repository.scanned = Some(self.now());
        self.store
            .write(|tx| products::set_repository(tx, &repository))?;
        Ok(format!(
            "{} at {version}: {} findings",
            product.name,
            pushed.assessment.findings.len()
        ))
    }

    /// Takes the policy, and what stands beside it, from the repository that somebody named.
    pub(crate) fn sync_policy(&self) -> Result<String, EngineError> {
        let Some(source) = self.policy_source()? else {
            return Ok(String::new());
        };
        let checkout = self.checkout(&source)?;
        let root = checkout.folder.path().join("tree");
        let folder = inside(&root, &source.folder)?;
        let text = read(&folder.join("policy.toml"))?.ok_or_else(|| {
            EngineError::Unusable(format!("{} has no policy.toml there", source.url))
        })?;
        let mut beside = std::collections::BTreeMap::new();
        for name in [exceptions::FILE, claims::FILE] {
            if let Some(text) = read(&folder.join(name))? {
                beside.insert(name.to_owned(), text);
            }
        }
        if let Ok(entries) = std::fs::read_dir(folder.join(VEX)) {
            for entry in entries.filter_map(Result::ok).take(1_000) {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.ends_with(".json")
                    && let Some(text) = read(&entry.path())?
                {
                    beside.insert(format!("{VEX}/{name}"), text);
                }
            }
        }
        let mut files = beside.clone();
        files.insert("policy.toml".into(), text.clone());
        let bundle = stanchion_policy::bundle::Bundle {
            files,
            product: None,
            members: std::collections::BTreeMap::new(),
        };
        bundle
            .check()
            .map_err(|error| EngineError::Unusable(error.to_string()))?;
        bundle.open().map_err(|faults| {
            let faults: Vec<String> = faults.iter().take(5).map(ToString::to_string).collect();
            EngineError::Unusable(format!(
                "the policy there cannot be used, and the one in force stays: {}",
                faults.join("; ")
            ))
        })?;
        let beside = serde_json::to_string(&beside)
            .map_err(|error| EngineError::Unusable(error.to_string()))?;
        let new = PolicyVersion {
            seq: 0,
            digest: digest(text.as_bytes()),
            text,
            source: format!("{}@{}", source.url, checkout.commit),
            set_by: "portal".into(),
            at: self.now(),
            note: String::new(),
            beside: Some(beside),
        };
        let changed = self.store.write(|tx| {
            let old = decisions::policy(tx)?;
            if old
                .as_ref()
                .is_some_and(|old| old.text == new.text && old.beside == new.beside)
            {
                return Ok(false);
            }
            decisions::set_policy(tx, &new)?;
            let before = old.map(|old| old.digest);
            stanchion_store::audit::record(
                tx,
                new.at,
                "portal",
                "policy.sync",
                &source.url,
                before.as_deref(),
                Some(&new.digest),
            )?;
            Ok::<_, StoreError>(true)
        })?;
        if !changed {
            return Ok("unchanged".into());
        }
        let versions = self.versions_of(None)?;
        let absorbed = self.judge_again(&versions, DECISIONS)?;
        Ok(format!(
            "{}: {} versions judged again",
            checkout.commit, absorbed.versions
        ))
    }

    /// Where the policy comes from; `None`: from the portal itself.
    pub fn policy_source(&self) -> Result<Option<Source>, EngineError> {
        let text: Option<String> = self.store.read(|tx| {
            tx.first(
                "SELECT value FROM setting WHERE name = ?1",
                stanchion_store::params![POLICY_SOURCE],
                |row| row.get(0),
            )
        })?;
        match text {
            Some(text) if text != "null" => {
                super::bundle::kept("where the policy comes from", &text).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn bracketed(address: std::net::IpAddr) -> String {
    match address {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// A folder of a checkout, and not out of it.
fn inside(root: &Path, folder: &str) -> Result<std::path::PathBuf, EngineError> {
    let joined = root.join(folder.trim_matches('/'));
    let real = joined
        .canonicalize()
        .map_err(|_| EngineError::Unusable(format!("the repository has no folder {folder:?}")))?;
    let top = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    if real.starts_with(&top) {
        Ok(real)
    } else {
        Err(EngineError::Unusable(format!(
            "{folder:?} leads out of the repository"
        )))
    }
}

/// A regular file of a checkout; `None` where there is none.
fn read(file: &Path) -> Result<Option<String>, EngineError> {
    match file.symlink_metadata() {
        Ok(found) if found.is_file() && found.len() <= MOST_FILE => {}
        Ok(_) => {
            return Err(EngineError::Unusable(format!(
                "{} is no file that is read",
                file.display()
            )));
        }
        Err(_) => return Ok(None),
    }
    std::fs::read_to_string(file)
        .map(Some)
        .map_err(|error| EngineError::Unusable(format!("{}: {error}", file.display())))
}

/// Runs `git` within limits of time and room.
fn run(git: &mut Command, folder: &Path) -> Result<(), EngineError> {
    let mut child = git
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            EngineError::Outside(if error.kind() == std::io::ErrorKind::NotFound {
                "the program git is not here; install it, or push inventories from CI".into()
            } else {
                format!("git cannot be started: {error}")
            })
        })?;
    let stderr = child.stderr.take();
    let reading = std::thread::spawn(move || {
        use std::io::Read;
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(8_192).read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    let end = Instant::now() + PATIENCE;
    let mut looked = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => return Err(EngineError::Outside(format!("git: {error}"))),
        }
        let too_late = Instant::now() > end;
        let too_large = looked.elapsed() > Duration::from_secs(2) && {
            looked = Instant::now();
            size(folder, 0) > MOST_BYTES
        };
        if too_late || too_large {
            let _ = child.kill();
            let _ = child.wait();
            let reason = if too_late {
                "took longer than ten minutes"
            } else {
                "is larger than 4 GiB"
            };
            return Err(EngineError::Outside(format!("the repository {reason}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = reading.join().unwrap_or_default();
    if status.success() {
        return Ok(());
    }
    let line: String = said
        .lines()
        .last()
        .unwrap_or("no reason was given")
        .chars()
        .take(300)
        .collect();
    Err(EngineError::Outside(format!(
        "the repository could not be fetched: {line}"
    )))
}

fn size(folder: &Path, depth: u32) -> u64 {
    if depth > 64 {
        return 0;
    }
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path(), depth + 1),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The commit that a checkout is at.
fn commit_of(checkout: &Path, head: &str) -> Option<String> {
    let hex = |text: &str| {
        let text = text.trim();
        (text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| text.to_owned())
    };
    let Some(name) = head.strip_prefix("ref: ") else {
        return hex(head);
    };
    let git = checkout.join(".git");
    if let Ok(text) = std::fs::read_to_string(git.join(name)) {
        return hex(&text);
    }
    let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| {
        let (commit, of) = line.split_once(' ')?;
        (of == name).then(|| hex(commit)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_ssh_are_fetched_from() {
        for good in [
            "https://git.example/a/b.git",
            "https://git.example:8443/a",
            "ssh://git@git.example/a",
            "https://[2001:db8::1]/a",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in [
            "file:///etc",
            "git://git.example/a",
            "ext::sh -c touch% /tmp/x",
            "/srv/a",
            "-u",
            "https://",
            "https://git.example",
            "https://user:secret@git.example/a",
            "https://git.example/a b",
            "ssh://-oProxyCommand=x/a",
            "ssh://-oProxyCommand=x@host/a",
            "https://git.example/a\n",
            "https://git.example:port/a",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        for good in ["", "main", "v1.2.3", "feature/a+b"] {
            assert!(check_reference(good).is_ok(), "{good}");
        }
        for bad in ["--upload-pack=x", "a b", "a..b", "/x", "a;b", "$(x)"] {
            assert!(check_reference(bad).is_err(), "{bad}");
        }
    }
}
