//! Settings from files. `stanchion.toml` belongs to a project and is found upwards from the target; it may say
//! how the project is scanned, and nothing about where this machine connects to or what it trusts: that stands
//! in the user's own `config.toml`, because a scanned project may be hostile.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::exit::{Failure, failure};

/// Bounds on a settings file, which a hostile project may bring along.
const MOST_BYTES: u64 = 256 << 10;
const MOST_PATTERNS: usize = 1000;

/// `stanchion.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ProjectSettings {
    #[serde(default)]
    pub(crate) scan: ScanSettings,
    #[serde(default)]
    pub(crate) portal: ProjectPortal,
}

/// What the project is to the organisation's portal. Which portal that is, only the user says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ProjectPortal {
    /// The product's name.
    pub(crate) product: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ScanSettings {
    /// Patterns that are left out, as with `--exclude`.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    /// Look into vendored code.
    #[serde(default)]
    pub(crate) vendored: bool,
}

/// The user's `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct UserSettings {
    /// Reach for nothing outside.
    #[serde(default)]
    pub(crate) offline: bool,
    #[serde(default)]
    pub(crate) database: DatabaseSettings,
    #[serde(default)]
    pub(crate) net: NetSettings,
    #[serde(default)]
    pub(crate) portal: PortalSettings,
}

/// How the portal is used. Which one, and with which token, `stanchion login` keeps.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PortalSettings {
    /// How long its policy serves without it: `7d`, `12h`.
    pub(crate) max_age: Option<String>,
}

/// Where advisories come from: each an https address, or a path.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DatabaseSettings {
    pub(crate) osv: Option<String>,
    pub(crate) kev: Option<String>,
    pub(crate) epss: Option<String>,
    pub(crate) ssvc: Option<String>,
    pub(crate) eol: Option<String>,
    /// One compiled database in place of all of these.
    pub(crate) compiled: Option<String>,
    /// Public keys whose signature on a compiled database counts.
    #[serde(default)]
    pub(crate) trusted_keys: Vec<String>,
    /// Accept a compiled database that is not signed.
    #[serde(default)]
    pub(crate) unsigned: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct NetSettings {
    /// Hosts (`name` or `name:port`) that may be private addresses.
    #[serde(default)]
    pub(crate) allow_private: Vec<String>,
}

/// The settings of the project that a target belongs to: the nearest `stanchion.toml` above it.
pub(crate) fn project(target: &Path) -> Result<ProjectSettings, Failure> {
    let start = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let found = start
        .ancestors()
        .map(|folder| folder.join("stanchion.toml"))
        .find(|file| file.is_file());
    let Some(file) = found else {
        return Ok(ProjectSettings::default());
    };
    let folder = file.parent().unwrap_or(&start);
    if file
        .canonicalize()
        .is_ok_and(|real| !real.starts_with(folder))
    {
        let message = format!("{} is a link that leads out of its folder", file.display());
        return Err(failure(message)
            .hint("put the settings there themselves: a scanned project could point it anywhere"));
    }
    let settings: ProjectSettings = read(&file)?;
    if settings.scan.exclude.len() > MOST_PATTERNS {
        let message = format!(
            "{}: more than {MOST_PATTERNS} patterns to exclude",
            file.display()
        );
        return Err(failure(message));
    }
    Ok(settings)
}

/// The user's settings: `STANCHION_CONFIG`, else `config.toml` in the platform's configuration folder.
pub(crate) fn user() -> Result<UserSettings, Failure> {
    let named = std::env::var_os("STANCHION_CONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let file = match named {
        Some(file) => file,
        None => match directories::ProjectDirs::from("", "", "stanchion") {
            Some(folders) if folders.config_dir().join("config.toml").is_file() => {
                folders.config_dir().join("config.toml")
            }
            _ => return Ok(UserSettings::default()),
        },
    };
    read(&file)
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| failure(format!("cannot read {}: {error}", file.display())))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(failure(format!(
            "{} has more than {MOST_BYTES} bytes",
            file.display()
        )));
    }
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        failure(format!("{}:{line}: {}", file.display(), error.message()))
            .hint("docs/settings.md lists what a settings file may say")
    })
}
