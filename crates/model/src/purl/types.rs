//! What each package URL type asks for: one table.
//!
//! Source: the type definitions of package-url/purl-spec (2026-08-21): the fields `requirement`,
//! `case_sensitive`, `permitted_characters` and `normalization_rules`, and what the notes say
//! where those fields say nothing. A type that is not listed has no rules of its own.

use std::borrow::Cow;

use super::{Parts, PurlError};

/// Whether a type has a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Required,
    Optional,
    Prohibited,
}

/// What happens to the letters of a component.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Keep,
    Lower,
    Upper,
}

/// A rule that is more than a change of case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    None,
    /// 32 letters from a to p; a version of one to four numbers.
    ChromeExtension,
    /// No whitespace, no plus sign, no leading period.
    CocoaPods,
    /// A distribution, not a module: no `::`.
    Cpan,
    /// The namespace is the host, the name is the whole path behind it.
    Git,
    /// Underscores become dashes.
    Dashes,
    /// Lower case on Databricks only, which does not tell case apart.
    MlFlow,
    /// Everything but letters, digits and underscores becomes an underscore.
    Underscores,
    /// The subpath is lower case as well.
    LowerSubpath,
}

#[derive(Clone, Copy)]
struct Rule {
    ptype: &'static str,
    namespace: Namespace,
    /// Case of namespace, name, version.
    case: [Case; 3],
    /// The qualifier it requires.
    qualifier: Option<&'static str>,
    special: Special,
}

/// Qualifiers the definitions list (`qualifiers_definition`), for types that list any.
#[rustfmt::skip]
static DECLARED: [(&str, &[&str]); 23] = [
    ("alpm", &["arch"]),
    ("apk", &["arch"]),
    ("bazel", &["repository_url"]),
    ("bitnami", &["arch", "distro"]),
    ("brew", &["repository_url"]),
    ("conan", &["channel", "prev", "rrev", "user"]),
    ("conda", &["build", "channel", "subdir", "type"]),
    ("cpan", &["author", "distpath", "download_url", "ext", "repository_url", "vcs_url"]),
    ("deb", &["arch"]),
    ("gem", &["platform"]),
    ("generic", &["checksum", "download_url"]),
    ("julia", &["uuid"]),
    ("luarocks", &["repository_url"]),
    ("maven", &["classifier", "type"]),
    ("mlflow", &["model_uuid", "run_id"]),
    ("oci", &["arch", "repository_url", "tag"]),
    ("otp", &["arch", "platform", "repository_url"]),
    ("pypi", &["file_name"]),
    ("rpm", &["arch", "epoch"]),
    ("swid", &["patch", "tag_creator_name", "tag_creator_regid", "tag_id", "tag_version"]),
    ("vcpkg", &["port_version", "repository_revision", "triplet"]),
    ("vscode-extension", &["platform"]),
    ("yocto", &["layer_version", "repository_url"]),
];

/// True if the definition of the type lists the qualifier.
pub(super) fn declares(ptype: &str, key: &str) -> bool {
    let found = DECLARED
        .binary_search_by(|(listed, _)| (*listed).cmp(ptype))
        .ok();
    found
        .and_then(|at| DECLARED.get(at))
        .is_some_and(|(_, keys)| keys.contains(&key))
}

const fn rule(ptype: &'static str, namespace: Namespace, case: [Case; 3]) -> Rule {
    Rule {
        ptype,
        namespace,
        case,
        qualifier: None,
        special: Special::None,
    }
}

const fn special(base: Rule, special: Special) -> Rule {
    Rule { special, ..base }
}

const fn needs(base: Rule, key: &'static str) -> Rule {
    Rule {
        qualifier: Some(key),
        ..base
    }
}

use Case::{Keep as K, Lower as L, Upper as U};
use Namespace::{Optional, Prohibited, Required};

/// Sorted by type, for the binary search.
///
/// Two rows differ from their definitions, on purpose. `golang`: the definition requires a
/// namespace, yet modules of one element exist (`stdlib`, `toolchain`, a local main module) and
/// every producer writes `pkg:golang/stdlib`; its field `case_sensitive` is followed and not its
/// note, as Go tells module paths apart by case. `git`: see [`Special::Git`].
static RULES: [Rule; 42] = [
    rule("alpm", Required, [L, L, K]),
    rule("apk", Required, [L, L, K]),
    rule("bazel", Prohibited, [K, K, K]),
    rule("bitbucket", Required, [L, L, K]),
    rule("bitnami", Prohibited, [K, L, K]),
    rule("brew", Optional, [L, L, K]),
    rule("cargo", Prohibited, [K, K, K]),
    special(
        rule("chrome-extension", Prohibited, [K, L, K]),
        Special::ChromeExtension,
    ),
    special(rule("cocoapods", Prohibited, [K, K, K]), Special::CocoaPods),
    rule("composer", Required, [L, L, K]),
    rule("conan", Optional, [K, K, K]),
    rule("conda", Prohibited, [K, K, K]),
    special(rule("cpan", Optional, [U, K, K]), Special::Cpan),
    rule("cran", Prohibited, [K, K, K]),
    rule("deb", Required, [L, L, K]),
    rule("docker", Optional, [K, K, K]),
    rule("gem", Prohibited, [K, K, K]),
    rule("generic", Optional, [K, K, K]),
    special(rule("git", Required, [K, K, K]), Special::Git),
    rule("github", Required, [L, L, K]),
    rule("golang", Optional, [K, K, K]),
    special(rule("hackage", Prohibited, [K, K, K]), Special::Dashes),
    rule("hex", Optional, [L, L, K]),
    rule("huggingface", Required, [K, K, L]),
    needs(rule("julia", Prohibited, [K, K, K]), "uuid"),
    rule("luarocks", Optional, [L, L, K]),
    rule("maven", Required, [K, K, K]),
    special(rule("mlflow", Prohibited, [K, K, K]), Special::MlFlow),
    rule("npm", Optional, [K, K, K]),
    rule("nuget", Prohibited, [K, K, K]),
    rule("oci", Prohibited, [K, L, L]),
    rule("opam", Prohibited, [K, K, K]),
    special(rule("otp", Prohibited, [K, L, K]), Special::LowerSubpath),
    special(rule("pub", Prohibited, [K, L, K]), Special::Underscores),
    special(rule("pypi", Prohibited, [K, L, L]), Special::Dashes),
    rule("qpkg", Required, [L, K, K]),
    rule("rpm", Required, [L, K, K]),
    needs(rule("swid", Optional, [K, K, K]), "tag_id"),
    rule("swift", Required, [K, K, K]),
    rule("vcpkg", Prohibited, [K, K, K]),
    rule("vscode-extension", Required, [L, L, L]),
    rule("yocto", Optional, [L, K, K]),
];

fn find(ptype: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.ptype.cmp(ptype)).ok()?;
    RULES.get(at)
}

/// True where the name itself may hold a `/` that is not encoded.
pub(super) fn name_has_segments(ptype: &str) -> bool {
    ptype == "git"
}

/// Brings the parts into the form the type asks for and, where `strict`, checks what it requires.
pub(super) fn apply(parts: &mut Parts<'_>, strict: bool) -> Result<(), PurlError> {
    let Some(rule) = find(&parts.ptype) else {
        return Ok(());
    };
    let [namespace, name, version] = rule.case;
    change_case(&mut parts.namespace, namespace);
    change_case(&mut parts.name, name);
    change_case(&mut parts.version, version);
    match rule.special {
        Special::Dashes => replace(&mut parts.name, |c| c == '_', '-'),
        Special::Underscores => {
            replace(
                &mut parts.name,
                |c| !c.is_ascii_alphanumeric() && c != '_',
                '_',
            );
        }
        Special::LowerSubpath => change_case(&mut parts.subpath, L),
        Special::MlFlow => {
            let databricks = |(key, value): &(Cow<'_, str>, Cow<'_, str>)| {
                key == "repository_url" && value.contains("databricks")
            };
            if parts.qualifiers.iter().any(databricks) {
                change_case(&mut parts.name, L);
            }
        }
        Special::Git => split_git(parts),
        Special::None | Special::ChromeExtension | Special::CocoaPods | Special::Cpan => {}
    }
    if strict { check(rule, parts) } else { Ok(()) }
}

fn check(rule: &Rule, parts: &Parts<'_>) -> Result<(), PurlError> {
    let ptype = rule.ptype;
    if rule.namespace == Required && parts.namespace.is_empty() {
        return Err(PurlError::NamespaceRequired { ptype });
    }
    if rule.namespace == Prohibited && !parts.namespace.is_empty() {
        return Err(PurlError::NamespaceProhibited { ptype });
    }
    if let Some(key) = rule.qualifier
        && !parts.qualifiers.iter().any(|(k, _)| k == key)
    {
        return Err(PurlError::QualifierRequired { ptype, key });
    }
    let name = &*parts.name;
    let wrong = match rule.special {
        Special::ChromeExtension
            if name.len() != 32 || !name.bytes().all(|b| matches!(b, b'a'..=b'p')) =>
        {
            "32 letters from a to p"
        }
        Special::CocoaPods
            if name.starts_with('.') || name.contains(|c: char| c == '+' || c.is_whitespace()) =>
        {
            "no whitespace, no plus sign and no leading period"
        }
        Special::Cpan if name.contains("::") => "the distribution, without ::",
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(PurlError::InvalidName {
            ptype,
            name: name.into(),
            allowed: wrong,
        });
    }
    if rule.special == Special::ChromeExtension && !parts.version.is_empty() {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if parts.version.split('.').count() > 4 || !parts.version.split('.').all(number) {
            return Err(PurlError::InvalidVersion {
                ptype,
                version: parts.version.as_ref().into(),
                allowed: "one to four numbers parted by periods",
            });
        }
    }
    Ok(())
}

fn change_case(text: &mut Cow<'_, str>, case: Case) {
    match case {
        K => {}
        L => {
            if text.bytes().any(|b| b.is_ascii_uppercase()) {
                text.to_mut().make_ascii_lowercase();
            }
        }
        U => {
            if text.bytes().any(|b| b.is_ascii_lowercase()) {
                text.to_mut().make_ascii_uppercase();
            }
        }
    }
}

fn replace(text: &mut Cow<'_, str>, from: impl Fn(char) -> bool, to: char) {
    if text.contains(&from) {
        *text = text
            .chars()
            .map(|c| if from(c) { to } else { c })
            .collect::<String>()
            .into();
    }
}

/// The host is the namespace and the rest of the path is the name. GitHub does not tell case
/// apart (definition of type `github`, and the suite's case for `pkg:git/github/…`).
fn split_git(parts: &mut Parts<'_>) {
    if parts.namespace.contains('/') || parts.name.contains('/') {
        let path = format!("{}/{}", parts.namespace, parts.name);
        let mut segments = path.split('/').filter(|s| !s.is_empty());
        let host = segments.next().unwrap_or_default().to_owned();
        let rest = segments.collect::<Vec<_>>().join("/");
        if rest.is_empty() {
            parts.namespace = Cow::Borrowed("");
            parts.name = host.into();
        } else {
            parts.namespace = host.into();
            parts.name = rest.into();
        }
    }
    if parts.namespace.eq_ignore_ascii_case("github")
        || parts.namespace.eq_ignore_ascii_case("github.com")
    {
        change_case(&mut parts.namespace, L);
        change_case(&mut parts.name, L);
    }
}

#[cfg(test)]
mod tests {
    use super::{DECLARED, RULES};

    #[test]
    fn tables_are_sorted() {
        assert!(RULES.is_sorted_by(|a, b| a.ptype < b.ptype));
        assert!(DECLARED.is_sorted_by(|a, b| a.0 < b.0));
    }
}
