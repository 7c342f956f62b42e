//! Where code that is in no registry comes from, as a package says it: the origin, and the purl qualifiers of
//! the [purl specification](https://github.com/package-url/purl-spec/blob/main/docs/known-qualifiers.md).

use stanchion_model::inventory::Origin;

use super::python::redacted;
use crate::found::Package;

/// Sets where the code comes from, with the qualifiers that say so, and without what gives access to it.
pub(super) fn from(package: Package, origin: Origin) -> Package {
    match origin {
        Origin::Git { url, commit } => {
            let url = redacted(&url).into_owned();
            let at = commit
                .as_deref()
                .map_or(String::new(), |commit| format!("@{commit}"));
            let package = package.qualifier("vcs_url", format!("{}{at}", vcs(&url)));
            package.origin(Origin::Git { url, commit })
        }
        Origin::Url(url) => {
            let url = redacted(&url).into_owned();
            package
                .qualifier("download_url", url.as_str())
                .origin(Origin::Url(url))
        }
        Origin::Registry | Origin::Own => package.origin(origin),
    }
}

/// An address in SPDX's form of a download location: with the tool in its scheme.
fn vcs(url: &str) -> String {
    match url.split_once("://") {
        Some(("git", _)) => url.to_owned(),
        Some(_) => format!("git+{url}"),
        // user@host:path, as ssh writes it.
        None => match url.split_once(':') {
            Some((host, path)) if host.contains('@') => format!("git+ssh://{host}/{path}"),
            _ => format!("git+{url}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use stanchion_model::Ecosystem;

    use super::*;

    #[test]
    fn what_gives_access_is_left_out() {
        let package = Package::new(Ecosystem::Npm, "a", "1");
        let package = from(
            package,
            Origin::Git {
                url: "https://user:token@git.example/r.git".into(),
                commit: Some("0123".into()),
            },
        );
        assert_eq!(
            package.origin,
            Origin::Git {
                url: "https://git.example/r.git".into(),
                commit: Some("0123".into())
            }
        );
        assert_eq!(
            package.qualifiers,
            [(
                "vcs_url".to_owned(),
                "git+https://git.example/r.git@0123".to_owned()
            )]
        );
    }

    #[test]
    fn addresses_in_the_form_of_spdx() {
        for (url, want) in [
            (
                "https://github.com/o/r.git",
                "git+https://github.com/o/r.git",
            ),
            (
                "ssh://git@github.com/o/r.git",
                "git+ssh://git@github.com/o/r.git",
            ),
            ("git@github.com:o/r.git", "git+ssh://git@github.com/o/r.git"),
            ("git://example.com/r.git", "git://example.com/r.git"),
            ("../r", "git+../r"),
        ] {
            assert_eq!(vcs(url), want);
        }
    }
}
