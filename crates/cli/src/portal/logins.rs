//! Whom this user is logged in to: `portals.toml` in the platform's configuration folder, readable by its owner only.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stanchion_formats::ignores::quoted;

use super::connection::{Secret, address};
use crate::exit::{Failure, failure};
use crate::policies;

/// Largest file.
const MOST_BYTES: u64 = 1 << 20;
/// Most portals.
const MOST: usize = 100;

/// One portal, as it was logged in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// [`address`].
    pub(crate) url: String,
    pub(crate) token: Secret,
    /// What targets are taken for that do not say what they are.
    pub(crate) product: Option<String>,
}

/// All of them. The current one is asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Logins {
    pub(crate) current: Option<String>,
    pub(crate) portals: Vec<Login>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    current: Option<String>,
    #[serde(default)]
    portal: Vec<WireLogin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireLogin {
    url: String,
    token: String,
    #[serde(default)]
    product: Option<String>,
}

/// The file.
pub(crate) fn file() -> Result<PathBuf, Failure> {
    directories::ProjectDirs::from("", "", "stanchion")
        .map(|folders| folders.config_dir().join("portals.toml"))
        .ok_or_else(|| {
            failure("this account has no home folder to keep a token in")
                .hint("set STANCHION_PORTAL and STANCHION_TOKEN instead")
        })
}

impl Logins {
    /// Reads the file; none where there is none.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        if !file.exists() {
            return Ok(Self::default());
        }
        private(file)?;
        let text = policies::bounded(file, MOST_BYTES)?;
        Self::from_text(&text).map_err(|reason| {
            // The message of the parser may quote the line, and the line may hold the token.
            failure(format!("{} cannot be used: {reason}", file.display()))
                .hint("remove it, and log in again")
        })
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let wire: Wire = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text.get(..span.start)
                    .map_or(1, |before| before.matches('\n').count() + 1)
            });
            format!("line {line} is not as it was written")
        })?;
        if wire.portal.len() > MOST {
            return Err(format!("there are more than {MOST} portals"));
        }
        let mut portals = Vec::new();
        for login in wire.portal {
            portals.push(Login {
                url: address(&login.url).map_err(|failure| failure.error.to_string())?,
                token: Secret::new(&login.token).map_err(|failure| failure.error.to_string())?,
                product: login.product,
            });
        }
        Ok(Self {
            current: wire.current,
            portals,
        })
    }

    fn to_text(&self) -> String {
        let mut out =
            String::from("# Written by `stanchion login`. Whoever reads it can act as you.\n");
        if let Some(current) = &self.current {
            let _ = writeln!(out, "current = {}", quoted(current));
        }
        for login in &self.portals {
            let _ = write!(
                out,
                "\n[[portal]]\nurl = {}\ntoken = {}\n",
                quoted(&login.url),
                quoted(login.token.expose())
            );
            if let Some(product) = &login.product {
                let _ = writeln!(out, "product = {}", quoted(product));
            }
        }
        out
    }

    /// Writes the file beside its place, for its owner only, and moves it there.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        super::kept::replace(file, self.to_text().as_bytes())
    }

    /// The login that is asked.
    pub(crate) fn now(&self) -> Option<&Login> {
        let current = self.current.as_deref()?;
        self.of(current)
    }

    /// The login of an address.
    pub(crate) fn of(&self, url: &str) -> Option<&Login> {
        self.portals.iter().find(|login| login.url == url)
    }

    /// Adds a login, or puts it in the place of its older self, and makes it the current one.
    pub(crate) fn add(&mut self, login: Login) {
        self.current = Some(login.url.clone());
        self.portals.retain(|other| other.url != login.url);
        self.portals.push(login);
    }

    /// Takes a login away; whether there was one.
    pub(crate) fn remove(&mut self, url: &str) -> bool {
        let before = self.portals.len();
        self.portals.retain(|login| login.url != url);
        if self.current.as_deref() == Some(url) {
            self.current = None;
        }
        self.portals.len() < before
    }
}

/// A file with tokens that others can read has given them away.
#[cfg(unix)]
fn private(file: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file
        .metadata()
        .map_err(|error| failure(format!("cannot read {}: {error}", file.display())))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(
            failure(format!("{} can be read by others", file.display())).hint(
                "run `chmod 600` on it, and make a new token if somebody may have seen this one",
            ),
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), Failure> {
    Ok(())
}

/// A token from a prompt, without an echo.
pub(crate) fn prompt(url: &str) -> Result<Secret, Failure> {
    let term = console::Term::stderr();
    if !term.is_term() {
        return Err(failure("there is no terminal to ask for the token at")
            .hint("give it with --token-stdin or --token-file"));
    }
    let mut out = anstream::stderr().lock();
    let _ = write!(out, "Token for {url} (it is not shown): ");
    let _ = out.flush();
    drop(out);
    let text = term
        .read_secure_line()
        .map_err(|error| failure(format!("cannot read the token: {error}")))?;
    Secret::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str, token: &str) -> Login {
        Login {
            url: url.into(),
            token: Secret::new(token).unwrap(),
            product: Some("a \"b\"\n[[portal]]".into()),
        }
    }

    #[test]
    fn what_is_written_is_read_and_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/portals.toml");
        let mut logins = Logins::default();
        logins.add(login("https://a.example", "stn_1"));
        logins.add(login("https://b.example", "stn_2"));
        logins.add(login("https://a.example", "stn_3"));
        logins.write(&file).unwrap();
        let read = Logins::read(&file).unwrap();
        assert_eq!(read, logins);
        assert_eq!(read.now().unwrap().token.expose(), "stn_3");
        assert_eq!(read.portals.len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            let failure = Logins::read(&file).unwrap_err();
            assert!(failure.error.to_string().contains("read by others"));
        }
        assert!(logins.remove("https://a.example"));
        assert!(!logins.remove("https://a.example"));
        assert!(logins.now().is_none());
    }

    #[test]
    fn a_broken_file_does_not_show_the_token() {
        let told = Logins::from_text("[[portal]]\nurl = 1\ntoken = \"stn_secret\"\n").unwrap_err();
        assert!(!told.contains("stn_secret"), "{told}");
        let told = Logins::from_text("[[portal]]\nurl = \"https://a\"\ntoken = stn_secret\n");
        assert!(!told.unwrap_err().contains("stn_secret"));
    }
}
