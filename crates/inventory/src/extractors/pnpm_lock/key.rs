//! The keys of `packages`: <https://github.com/pnpm/spec/blob/master/dependency-path.md>.
//!
//! `/name/1.2.3_peer@1` in versions 5, `/name@1.2.3(peer@1)` in 6 to 8, `name@1.2.3(peer@1)` from 9 on; with a
//! host before the path for packages of another registry, and an address or a folder for what is in none.

use crate::extractors::npm::split_name;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Key<'a> {
    /// Empty where the key does not tell.
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// Of a registry, by its form.
    pub(super) registry: bool,
    /// What stands in place of a version: an address, a folder; the whole key where it has no name.
    pub(super) specifier: &'a str,
}

/// A key without the peers and patches in brackets at its end.
pub(super) fn plain(key: &str) -> &str {
    if !key.ends_with(')') {
        return key;
    }
    // A folder's name may have brackets of its own: only those that close at the very end count.
    let mut depth = 0usize;
    let mut end = key.len();
    for (at, byte) in key.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    end = at;
                }
            }
            _ if depth == 0 => break,
            _ => {}
        }
    }
    &key[..end]
}

impl<'a> Key<'a> {
    pub(super) fn parse(key: &'a str) -> Self {
        let key = plain(key);
        if let Some(path) = key.strip_prefix('/') {
            return Self::path(path).unwrap_or(Self {
                specifier: key,
                ..Self::default()
            });
        }
        if let Some((name, rest)) = split_name(key) {
            let scoped = name.starts_with('@') && name.matches('/').count() == 1;
            if scoped || !name.contains(['/', ':']) {
                return if is_version(rest) {
                    Self {
                        name,
                        version: rest,
                        registry: true,
                        specifier: "",
                    }
                } else {
                    Self {
                        name,
                        version: "",
                        registry: false,
                        specifier: rest,
                    }
                };
            }
        }
        // The host of another registry, before a path of either form.
        let hosted = key.split_once('/').filter(|(host, _)| {
            host.contains('.') && !host.contains(':') && !host.starts_with('.')
        });
        let package = hosted
            .and_then(|(_, path)| Self::path(path))
            .filter(|package| is_version(package.version));
        package.map_or(
            Self {
                specifier: key,
                ..Self::default()
            },
            |package| Self {
                registry: false,
                specifier: key,
                ..package
            },
        )
    }

    /// `name/1.2.3`, `@scope/name@1.2.3`.
    fn path(path: &'a str) -> Option<Self> {
        let from = if path.starts_with('@') {
            path.find('/')? + 1
        } else {
            0
        };
        let at = path[from..].find(['/', '@'])? + from;
        let rest = &path[at + 1..];
        let version = &rest[..rest.find(['_', '/']).unwrap_or(rest.len())];
        Some(Self {
            name: &path[..at],
            version,
            registry: true,
            specifier: "",
        })
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['/', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_version() {
        for (key, name, version, registry, specifier) in [
            ("/a/1.2.3", "a", "1.2.3", true, ""),
            ("/@s/a/1.2.3_b@1.0.0+c@2", "@s/a", "1.2.3", true, ""),
            ("/a/1.2.3/b@1.0.0", "a", "1.2.3", true, ""),
            (
                "/@s/a@1.2.3-rc.1(b@1.0.0(c@2.0.0))(@d/e@3)",
                "@s/a",
                "1.2.3-rc.1",
                true,
                "",
            ),
            ("a@1.2.3+build(b@1)", "a", "1.2.3+build", true, ""),
            ("@s/a@1.2.3", "@s/a", "1.2.3", true, ""),
            (
                "a@https://codeload.github.com/o/a/tar.gz/0123",
                "a",
                "",
                false,
                "https://codeload.github.com/o/a/tar.gz/0123",
            ),
            ("a@file:packages/a(b@1)", "a", "", false, "file:packages/a"),
            ("node@runtime:24.4.1", "node", "", false, "runtime:24.4.1"),
            (
                "registry.example.org/@s/a/1.2.3_b@1",
                "@s/a",
                "1.2.3",
                false,
                "registry.example.org/@s/a/1.2.3_b@1",
            ),
            (
                "registry.example.org/a@1.2.3",
                "a",
                "1.2.3",
                false,
                "registry.example.org/a@1.2.3",
            ),
            (
                "github.com/o/a/0123456789",
                "",
                "",
                false,
                "github.com/o/a/0123456789",
            ),
            ("file:../a (copy)/b", "", "", false, "file:../a (copy)/b"),
            (
                "@codeload.github.com/o/a/tar.gz/0123",
                "",
                "",
                false,
                "@codeload.github.com/o/a/tar.gz/0123",
            ),
            ("", "", "", false, ""),
            ("/", "", "", false, "/"),
        ] {
            assert_eq!(
                Key::parse(key),
                Key {
                    name,
                    version,
                    registry,
                    specifier
                },
                "{key}"
            );
        }
    }

    #[test]
    fn brackets_at_the_end_are_left_out() {
        assert_eq!(plain("a@1(b@2)(c@3(d@4))"), "a@1");
        assert_eq!(plain("a)"), "a)");
        assert_eq!(plain("(a)"), "");
    }
}
