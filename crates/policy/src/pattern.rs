//! Which packages and which places a rule is about.

use globset::{GlobBuilder, GlobMatcher};
use stanchion_model::purl::Purl;
use stanchion_versions::{Range, Scheme, parse_vers};

/// Whether something is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It would be for some versions, and the version is not known.
    Unknown,
}

/// Packages by their purl, and some of their versions.
#[derive(Clone, Debug)]
pub struct PurlPattern {
    text: String,
    start: Start,
    qualifiers: Vec<(String, String)>,
    versions: Option<Versions>,
}

#[derive(Clone, Debug)]
enum Start {
    /// Exactly this purl without version and qualifiers.
    Whole(String),
    /// Every purl that begins so.
    Prefix(String),
}

#[derive(Clone, Debug)]
enum Versions {
    One(Scheme, String),
    Range(Range),
}

/// Characters that make a range of a version.
pub(crate) const RANGE: [char; 11] = ['<', '>', '=', '^', '~', '*', ',', '|', ' ', '[', '('];

/// Most choices in one pattern.
const MOST_BRACES: usize = 8;

/// Longest pattern, in bytes.
const MOST: usize = 2048;

impl PurlPattern {
    /// Reads `pkg:npm/lodash`, `pkg:npm/%40acme/*`, `pkg:npm/lodash@4.17.15`; and versions as a
    /// [VERS](https://github.com/package-url/vers-spec) range, a range in the notation of the ecosystem, or one version.
    pub fn parse(text: &str, versions: Option<&str>) -> Result<Self, String> {
        if text.len() > MOST {
            return Err(format!("longer than {MOST} bytes"));
        }
        let hint =
            "write a package like pkg:npm/lodash, or all that begin so like pkg:npm/%40acme/*";
        let prefix = text.strip_suffix('*');
        if prefix.is_some_and(|prefix| prefix.contains('*'))
            || (prefix.is_none() && text.contains('*'))
        {
            return Err(format!("{text:?} has a * that is not its end; {hint}"));
        }
        if prefix.is_some_and(|prefix| prefix.contains(['?', '#'])) {
            return Err(format!(
                "{text:?} has a * that is not the end of a name; {hint}"
            ));
        }
        // A letter in place of the star makes a purl of it, so that its type's rules normalise the rest.
        let stood = prefix.map_or_else(|| text.to_owned(), |prefix| format!("{prefix}x"));
        let purl = Purl::parse_lenient(&stood)
            .map_err(|error| format!("{text:?} is no package: {error}; {hint}"))?;
        if prefix.is_some() && purl.version().is_some() {
            return Err(format!(
                "{text:?} has a version and a *; give `versions` of its own"
            ));
        }
        let bare = bare(&purl);
        let start = if prefix.is_some() {
            Start::Prefix(bare.strip_suffix('x').unwrap_or(&bare).to_owned())
        } else {
            Start::Whole(bare)
        };
        let scheme = Scheme::for_ecosystem(purl.purl_type());
        let versions = match (versions, purl.version()) {
            (Some(_), Some(_)) => {
                return Err(format!(
                    "{text:?} has a version, and `versions` says it again"
                ));
            }
            (Some(range), None) => Some(read_versions(range, scheme, purl.purl_type())?),
            (None, Some(version)) => Some(Versions::One(
                scheme.unwrap_or(Scheme::Generic),
                version.to_owned(),
            )),
            (None, None) => None,
        };
        let qualifiers = purl
            .qualifiers()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Ok(Self {
            text: text.to_owned(),
            start,
            qualifiers,
            versions,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Everything that it says, in a line.
    pub fn describe(&self) -> String {
        format!("{} {:?}", self.text, self.versions)
    }

    /// Whether it is about one release of a distribution.
    pub fn names_release(&self) -> bool {
        self.exact().is_some_and(|name| {
            ["pkg:rpm/", "pkg:deb/", "pkg:apk/"]
                .iter()
                .any(|start| name.starts_with(start))
        }) && self.qualifiers.iter().any(|(key, _)| key == "distro")
    }

    /// Whether only some versions are meant.
    pub const fn has_versions(&self) -> bool {
        self.versions.is_some()
    }

    /// How narrow the pattern is: the length of what has to be the same. A whole name is narrower than any start.
    pub fn weight(&self) -> usize {
        let name = match &self.start {
            Start::Whole(text) => text.len() + MOST,
            Start::Prefix(text) => text.len(),
        };
        name + usize::from(self.versions.is_some()) * MOST
    }

    /// The name that has to be met exactly, for an index; `None` where many are meant.
    pub fn exact(&self) -> Option<&str> {
        match &self.start {
            Start::Whole(text) => Some(text),
            Start::Prefix(_) => None,
        }
    }

    /// Whether a package is meant.
    pub fn meets(&self, purl: &Purl, version: Option<&str>) -> Meant {
        self.meets_bare(&bare(purl), purl, version)
    }

    /// As [`PurlPattern::meets`], with the text that [`bare`] gives at hand.
    pub fn meets_bare(&self, bare: &str, purl: &Purl, version: Option<&str>) -> Meant {
        let named = match &self.start {
            Start::Whole(text) => bare == text,
            Start::Prefix(text) => bare.starts_with(text.as_str()),
        };
        if !named
            || !self
                .qualifiers
                .iter()
                .all(|(key, value)| purl.qualifier(key) == Some(value))
        {
            return Meant::No;
        }
        match (&self.versions, version.or_else(|| purl.version())) {
            (None, _) => Meant::Yes,
            (Some(_), None) => Meant::Unknown,
            (Some(versions), Some(version)) => {
                if versions.hold(version) {
                    Meant::Yes
                } else {
                    Meant::No
                }
            }
        }
    }
}

impl Versions {
    fn hold(&self, version: &str) -> bool {
        match self {
            Self::One(scheme, one) => scheme.compare(one, version).is_eq(),
            Self::Range(range) => range.contains(version),
        }
    }
}

fn read_versions(text: &str, scheme: Option<Scheme>, purl_type: &str) -> Result<Versions, String> {
    if text.len() > MOST {
        return Err(format!("`versions` is longer than {MOST} bytes"));
    }
    let wrong = |error: &dyn std::fmt::Display| format!("`versions` {text:?}: {error}");
    if text
        .trim_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("vers:"))
    {
        let (given, range) = parse_vers(text).map_err(|error| wrong(&error))?;
        if scheme.is_some_and(|scheme| scheme != given) {
            return Err(format!(
                "`versions` {text:?} is not about packages of type {purl_type}"
            ));
        }
        return Ok(Versions::Range(range));
    }
    let scheme = scheme.unwrap_or(Scheme::Generic);
    let text = text.trim();
    if text.is_empty() {
        return Err("`versions` is empty".into());
    }
    if text.contains(RANGE) {
        return scheme
            .parse_range(text)
            .map(Versions::Range)
            .map_err(|error| wrong(&error));
    }
    Ok(Versions::One(scheme, text.to_owned()))
}

/// A purl without version, qualifiers and subpath.
pub fn bare(purl: &Purl) -> String {
    let text = purl.to_string();
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    // A version's `@` comes last; names write theirs as %40.
    text.rfind('@').map_or(text, |at| &text[..at]).to_owned()
}

/// A glob over paths with `/`: `*` stays within a folder, `**` does not. A folder's name stands for all in it.
pub fn glob(text: &str) -> Result<GlobMatcher, String> {
    if text.trim().is_empty() {
        return Err("the pattern is empty".into());
    }
    // Each opening brace multiplies what is compiled, and nested ones are compiled by recursion.
    if text.matches('{').count() > MOST_BRACES {
        return Err(format!("the pattern has more than {MOST_BRACES} braces"));
    }
    if text.len() > MOST {
        return Err(format!("the pattern is longer than {MOST} bytes"));
    }
    GlobBuilder::new(text.trim_end_matches('/'))
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.to_string())
}

/// Whether a path or a folder that holds it meets a glob.
pub fn covers(glob: &GlobMatcher, path: &str) -> bool {
    let mut path = path;
    loop {
        if glob.is_match(path) {
            return true;
        }
        match path.rfind('/') {
            Some(at) => path = &path[..at],
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(pattern: &str, versions: Option<&str>, purl: &str) -> Meant {
        PurlPattern::parse(pattern, versions)
            .unwrap()
            .meets(&Purl::parse(purl).unwrap(), None)
    }

    #[test]
    fn packages_are_met_by_name_and_version() {
        use Meant::{No, Unknown, Yes};
        for (pattern, versions, purl, meant) in [
            ("pkg:npm/lodash", None, "pkg:npm/lodash@4.17.15", Yes),
            ("pkg:npm/lodash", None, "pkg:npm/lodash-es@4.17.15", No),
            ("pkg:npm/lodash*", None, "pkg:npm/lodash-es@4.17.15", Yes),
            ("pkg:npm/@acme/*", None, "pkg:npm/%40acme/widget@1.0.0", Yes),
            (
                "pkg:npm/%40acme/*",
                None,
                "pkg:npm/%40acme-evil/widget@1.0.0",
                No,
            ),
            ("pkg:npm/*", None, "pkg:npm/lodash@4.17.15", Yes),
            ("pkg:npm/*", None, "pkg:pypi/lodash@4.17.15", No),
            (
                "pkg:pypi/Zope_Interface",
                None,
                "pkg:pypi/zope-interface@5",
                Yes,
            ),
            (
                "pkg:npm/lodash@4.17.15",
                None,
                "pkg:npm/lodash@4.17.15",
                Yes,
            ),
            ("pkg:npm/lodash@4.17.15", None, "pkg:npm/lodash@4.17.16", No),
            ("pkg:npm/lodash@4.17.15", None, "pkg:npm/lodash", Unknown),
            (
                "pkg:npm/lodash",
                Some("vers:npm/>=4.0.0|<4.17.21"),
                "pkg:npm/lodash@4.17.15",
                Yes,
            ),
            (
                "pkg:npm/lodash",
                Some("vers:npm/>=4.0.0|<4.17.21"),
                "pkg:npm/lodash@4.17.21",
                No,
            ),
            (
                "pkg:npm/lodash",
                Some(">=4.0.0 <4.17.21"),
                "pkg:npm/lodash@4.17.20",
                Yes,
            ),
            (
                "pkg:deb/debian/curl",
                None,
                "pkg:deb/debian/curl@7.50.3-1?arch=i386",
                Yes,
            ),
            (
                "pkg:deb/debian/curl?arch=amd64",
                None,
                "pkg:deb/debian/curl@7.50.3-1?arch=i386",
                No,
            ),
        ] {
            assert_eq!(
                meets(pattern, versions, purl),
                meant,
                "{pattern} {versions:?} {purl}"
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (pattern, versions) in [
            ("lodash", None),
            ("pkg:npm/*lodash", None),
            ("pkg:npm/lo*sh", None),
            ("pkg:npm/lodash@1*", None),
            ("pkg:npm/lodash@1", Some("2")),
            ("pkg:npm/lodash", Some("vers:pypi/<2")),
            ("pkg:npm/lodash", Some("vers:npm/")),
            ("pkg:npm/lodash", Some(" ")),
        ] {
            assert!(
                PurlPattern::parse(pattern, versions).is_err(),
                "{pattern} {versions:?}"
            );
        }
    }

    #[test]
    fn a_folder_stands_for_all_in_it() {
        for (pattern, path, meets) in [
            ("web", "web/package-lock.json", true),
            ("web/", "web/a/b/c", true),
            ("web", "webshop/package-lock.json", false),
            ("**/test", "a/b/test/pom.xml", true),
            ("*.json", "package-lock.json", true),
            ("*.json", "web/package-lock.json", false),
            ("**", "anything", true),
        ] {
            assert_eq!(
                covers(&glob(pattern).unwrap(), path),
                meets,
                "{pattern} {path}"
            );
        }
        assert!(glob("[").is_err());
    }
}
