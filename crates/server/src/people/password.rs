//! Passwords: what is taken as one, and how one is kept and checked.
//!
//! argon2id with 19 MiB, 2 passes and 1 lane: the first of the settings that the OWASP cheat sheet on password storage
//! names for it. At most two are computed at a time, so that many guesses cost time and not memory.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::http::Problem;
use crate::seal;

/// The fewest characters.
pub const SHORTEST: usize = 12;
/// The most bytes: more is work without gain.
pub const LONGEST: usize = 1024;
/// Computed at a time.
const AT_ONCE: usize = 2;
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Different characters that a password has at least.
const VARIETY: usize = 5;

/// The commonest of those that are long enough, in lower case, without what is put behind them.
const COMMON: [&str; 40] = [
    "123123123123",
    "1234567890",
    "12345678910",
    "123456789012",
    "123qweasdzxc",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "abcdefghijkl",
    "adminadminadmin",
    "administrator",
    "basketball",
    "changemechangeme",
    "changemenow",
    "correcthorsebatterystaple",
    "iloveyouforever",
    "iloveyousomuch",
    "internet",
    "letmeinletmein",
    "letmeinplease",
    "manchesterunited",
    "motdepasse",
    "newpassword",
    "passwordpassword",
    "password",
    "passwort",
    "p@ssw0rd",
    "passw0rd",
    "princess",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "qwerty",
    "qwertyuiop",
    "qwertyuiopasdfghjkl",
    "qwertzuiop",
    "secret",
    "stanchion",
    "sunshine",
    "thisismypassword",
    "unbelievable",
    "welcome",
];

/// Why a text is no password to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error("it needs at least {SHORTEST} characters")]
    Short,
    /// Too long.
    #[error("it may have at most {LONGEST} bytes")]
    Long,
    /// Made of the name.
    #[error("it is made of the account's name")]
    Name,
    /// One that many use, or of few different characters.
    #[error("it is among the first that anybody tries")]
    Common,
}

/// Looks whether a password may be one for an account of this name.
pub fn judge(password: &str, name: &str) -> Result<(), Weak> {
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    if password.chars().count() < SHORTEST {
        return Err(Weak::Short);
    }
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < VARIETY {
        return Err(Weak::Common);
    }
    // A common one stays so with a year and an exclamation mark around it.
    let core = lower.trim_matches(|letter: char| !letter.is_alphabetic());
    let bare = lower.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    if COMMON.contains(&core) || COMMON.contains(&bare) || COMMON.contains(&lower.as_str()) {
        return Err(Weak::Common);
    }
    let name = name.to_lowercase();
    let local = name.split('@').next().unwrap_or_default();
    for part in [name.as_str(), local] {
        if part.chars().count() >= 3 && lower.contains(part) {
            let rest = lower.replace(part, "");
            if rest.chars().count() < 8 {
                return Err(Weak::Name);
            }
        }
    }
    Ok(())
}

fn argon2id() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Problem::internal(&error))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What is kept of a password, as a PHC string. Takes some ten milliseconds and 19 MiB.
pub fn hash(password: &str) -> Result<String, Problem> {
    let salt: [u8; 16] = seal::random().map_err(|error| Problem::internal(&error))?;
    let hash: PasswordHash = argon2id()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| Problem::internal(&error))?;
    Ok(hash.to_string())
}

/// Whether a password is the one that was kept. Without one that was kept it takes as long, and is not.
pub fn verify(password: &str, kept: Option<&str>) -> Result<bool, Problem> {
    /// Of no password of anybody.
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| {
        let noise: [u8; 16] = seal::random().ok()?;
        hash(&format!("{noise:?}")).ok()
    });
    if password.len() > LONGEST {
        return Ok(false);
    }
    let Some(text) = kept.or(NOBODY.as_deref()) else {
        return Ok(false);
    };
    let hash = PasswordHash::new(text).map_err(|error| Problem::internal(&error))?;
    let right = argon2id()?
        .verify_password(password.as_bytes(), &hash)
        .is_ok();
    Ok(right && kept.is_some())
}

/// Computes one after the other.
#[derive(Debug)]
pub struct Hasher(Arc<Semaphore>);

impl Default for Hasher {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Hasher {
    async fn run<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || {
            Problem::unavailable("Too many people are signing in just now.")
                .hint("Try again in a moment.")
                .retry_after(5)
        };
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(|_| busy())?;
        tokio::task::spawn_blocking(move || {
            let result = run();
            drop(turn);
            result
        })
        .await
        .map_err(|error| Problem::internal(&error))?
    }

    /// [`hash`], where it holds nobody up.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        self.run(move || hash(&password)).await
    }

    /// [`verify`], where it holds nobody up.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<bool, Problem> {
        self.run(move || verify(&password, kept.as_deref())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_argon2id_and_tells_right_from_wrong() {
        let kept = hash("a long enough one").unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert_ne!(kept, hash("a long enough one").unwrap());
        assert!(verify("a long enough one", Some(&kept)).unwrap());
        assert!(!verify("a long enough One", Some(&kept)).unwrap());
        assert!(!verify("a long enough one", None).unwrap());
        assert!(!verify(&"x".repeat(LONGEST + 1), Some(&kept)).unwrap());
    }

    #[test]
    fn a_guessable_password_is_refused() {
        for (password, name, expected) in [
            ("elevenchars", "ann", Err(Weak::Short)),
            ("ä".repeat(513).as_str(), "ann", Err(Weak::Long)),
            ("aaaaaaaaaaaa", "ann", Err(Weak::Common)),
            ("Password2026!", "ann", Err(Weak::Common)),
            ("123456789012", "ann", Err(Weak::Common)),
            ("Ann.Archer.1", "ann.archer@example.org", Err(Weak::Name)),
            (
                "ann.archer@example.org",
                "ann.archer@example.org",
                Err(Weak::Name),
            ),
            ("quiet otter under bridge", "ann", Ok(())),
            ("zwölf Zeichen", "ann", Ok(())),
        ] {
            assert_eq!(judge(password, name), expected, "{password}");
        }
    }
}
