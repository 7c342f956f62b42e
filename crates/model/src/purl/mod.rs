//! Package URLs (purl, ECMA-427): the name of a component.
//!
//! [`Purl`] holds the decoded, normalised parts in one buffer; [`std::fmt::Display`] writes the
//! canonical string. Two purls are equal exactly if their canonical strings are.

mod encode;
mod types;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use encode::{percent_decode, percent_encode};

/// Longest accepted purl, in bytes. Real ones stay below 1 KiB.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Qualifiers that name an artefact of one version, so that a key without version has none.
///
/// Source: the qualifiers of the type definitions, and the known qualifiers of the specification
/// (`checksum`, `download_url`, `file_name`, `vcs_url`).
const OF_ONE_VERSION: [&str; 14] = [
    "build",
    "checksum",
    "checksums",
    "download_url",
    "file_name",
    "layer_version",
    "port_version",
    "prev",
    "repository_revision",
    "rrev",
    "run_id",
    "tag",
    "tag_version",
    "vcs_url",
];

/// Why a text is not a package URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurlError {
    /// The text does not begin with `pkg:`.
    #[error("a package URL begins with `pkg:`")]
    MissingScheme,
    /// There is no type, or nothing behind it.
    #[error("a package URL has a type and a name, as in `pkg:npm/lodash`")]
    MissingType,
    /// The type has another character than letters, digits, `.` and `-`, or begins with a digit.
    #[error("`{0}` is no type: letters, digits, `.` and `-`, beginning with a letter")]
    InvalidType(Box<str>),
    /// The name is empty.
    #[error("the name is missing")]
    MissingName,
    /// The type needs a namespace.
    #[error("type {ptype} requires a namespace")]
    NamespaceRequired {
        /// The type.
        ptype: &'static str,
    },
    /// The type has no namespaces.
    #[error("type {ptype} has no namespace")]
    NamespaceProhibited {
        /// The type.
        ptype: &'static str,
    },
    /// The name does not follow the rule of its type.
    #[error("`{name}` is no name of type {ptype}: {allowed}")]
    InvalidName {
        /// The type.
        ptype: &'static str,
        /// The name as given.
        name: Box<str>,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// The version does not follow the rule of its type.
    #[error("`{version}` is no version of type {ptype}: {allowed}")]
    InvalidVersion {
        /// The type.
        ptype: &'static str,
        /// The version as given.
        version: Box<str>,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// The key of a qualifier has a character that is not allowed.
    #[error(
        "`{0}` is no qualifier key: lower-case letters, digits, `.`, `-` and `_`, no digit first"
    )]
    InvalidQualifierKey(Box<str>),
    /// Two qualifiers have the same key.
    #[error("qualifier `{0}` is given twice")]
    DuplicateQualifier(Box<str>),
    /// The type needs a qualifier.
    #[error("type {ptype} requires the qualifier `{key}`")]
    QualifierRequired {
        /// The type.
        ptype: &'static str,
        /// The key of the qualifier.
        key: &'static str,
    },
    /// A percent sign is not followed by two hexadecimal digits.
    #[error("the {component} has a `%` without two hexadecimal digits")]
    InvalidEscape {
        /// The part of the purl.
        component: &'static str,
    },
    /// A decoded part is not UTF-8.
    #[error("the {component} is not UTF-8 when decoded")]
    InvalidUtf8 {
        /// The part of the purl.
        component: &'static str,
    },
    /// Longer than [`MAX_LENGTH`].
    #[error("longer than {MAX_LENGTH} bytes")]
    TooLong,
}

/// A package URL: decoded, normalised by its type, in canonical order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Purl {
    /// Type, namespace, name, version, subpath, then key and value of each qualifier.
    text: Box<str>,
    /// Where the first five of them end.
    ends: [u32; 5],
    /// Where each key and each value ends; keys ascend.
    qualifiers: Box<[(u32, u32)]>,
}

impl Purl {
    /// Reads a package URL and holds it to the rules of its type.
    ///
    /// Accepts what ECMA-427 asks a parser to accept: any case of scheme and type, slashes behind
    /// the scheme, qualifiers in any order, characters that could have been encoded. Documents of
    /// others are better read by [`Purl::parse_lenient`], which loses no component for a missing
    /// namespace.
    pub fn parse(text: &str) -> Result<Self, PurlError> {
        Self::read(text, true)
    }

    /// As [`Purl::parse`], yet repairs what can be repaired and does not hold the parts to the
    /// type: every key of a qualifier is lowered, a stray percent sign is kept, `pkg:rpm/curl`
    /// (no namespace), `pkg:conda/forge/numpy` (one too many) and `pkg:cpan/URI::Escape` are
    /// accepted.
    pub fn parse_lenient(text: &str) -> Result<Self, PurlError> {
        Self::read(text, false)
    }

    /// Starts a package URL from decoded parts.
    ///
    /// ```ignore
    /// Purl::build("npm", "@babel", "core").with_version("7.0.0").build()?
    /// ```
    pub fn build<'a>(
        ptype: impl Into<Cow<'a, str>>,
        namespace: impl Into<Option<&'a str>>,
        name: impl Into<Cow<'a, str>>,
    ) -> PurlBuilder<'a> {
        PurlBuilder {
            parts: Parts {
                ptype: ptype.into(),
                namespace: Cow::Borrowed(namespace.into().unwrap_or_default()),
                name: name.into(),
                ..Parts::default()
            },
        }
    }

    /// The type in lower case, as `npm`.
    pub fn purl_type(&self) -> &str {
        self.slice(0, self.ends[0])
    }

    /// The namespace, its segments parted by `/`, as `@babel` or `github.com/gorilla`.
    pub fn namespace(&self) -> Option<&str> {
        present(self.slice(self.ends[0], self.ends[1]))
    }

    /// The name; never empty.
    pub fn name(&self) -> &str {
        self.slice(self.ends[1], self.ends[2])
    }

    /// Namespace and name with a `/` between, as an ecosystem writes them: `@babel/core`.
    pub fn full_name(&self) -> Cow<'_, str> {
        match self.namespace() {
            Some(namespace) => Cow::Owned(format!("{namespace}/{}", self.name())),
            None => Cow::Borrowed(self.name()),
        }
    }

    /// The version.
    pub fn version(&self) -> Option<&str> {
        present(self.slice(self.ends[2], self.ends[3]))
    }

    /// The path below the package, without leading or trailing `/`.
    pub fn subpath(&self) -> Option<&str> {
        present(self.slice(self.ends[3], self.ends[4]))
    }

    /// The value of a qualifier; `key` in lower case.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers()
            .find(|(k, _)| *k == key)
            .map(|(_, value)| value)
    }

    /// Keys and values, keys ascending.
    pub fn qualifiers(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = self.ends[4];
        self.qualifiers.iter().map(move |&(key, value)| {
            let pair = (self.slice(start, key), self.slice(key, value));
            start = value;
            pair
        })
    }

    /// The package without its version, as the key of a finding needs it.
    ///
    /// Qualifiers that name an artefact of one version go too (`checksum`, `vcs_url`, …); those
    /// that tell packages apart stay (`arch`, `distro`, `repository_url`, …).
    #[must_use]
    pub fn without_version(&self) -> Self {
        let mut parts = self.parts();
        parts.version = Cow::Borrowed("");
        parts
            .qualifiers
            .retain(|(key, _)| !OF_ONE_VERSION.contains(&&**key));
        pack(&parts)
    }

    /// The same package at another version (normalised by the type).
    pub fn with_version(&self, version: &str) -> Result<Self, PurlError> {
        let mut parts = self.parts();
        parts.version = Cow::Borrowed(version);
        assemble(parts, false)
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            ptype: self.purl_type().into(),
            namespace: self.namespace().unwrap_or_default().into(),
            name: self.name().into(),
            version: self.version().unwrap_or_default().into(),
            qualifiers: self
                .qualifiers()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
            subpath: self.subpath().unwrap_or_default().into(),
        }
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        self.text
            .get(from as usize..to as usize)
            .unwrap_or_default()
    }

    fn read(text: &str, strict: bool) -> Result<Self, PurlError> {
        if text.len() > MAX_LENGTH {
            return Err(PurlError::TooLong);
        }
        let (rest, subpath) = text.rsplit_once('#').unwrap_or((text, ""));
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let (scheme, rest) = rest.split_once(':').ok_or(PurlError::MissingScheme)?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(PurlError::MissingScheme);
        }
        let (ptype, rest) = rest
            .trim_matches('/')
            .split_once('/')
            .ok_or(PurlError::MissingType)?;
        let (path, version) = split_version(rest);
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut parts = Parts {
            ptype: ptype.into(),
            namespace: percent_decode(namespace, "namespace", strict)?,
            name: percent_decode(name, "name", strict)?,
            version: percent_decode(version, "version", strict)?,
            qualifiers: Vec::new(),
            subpath: percent_decode(subpath, "subpath", strict)?,
        };
        if !qualifiers.is_empty() {
            for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let value = percent_decode(value, "value of a qualifier", strict)?;
                parts.qualifiers.push((key.into(), value));
            }
        }
        assemble(parts, strict)
    }
}

/// Parts the version from the path. The last `@` begins it, unless that `@` begins a segment
/// which is not the last: then it is the scope of an npm name that was not encoded.
fn split_version(rest: &str) -> (&str, &str) {
    match rest.rsplit_once('@') {
        Some((path, version))
            if version.contains('/') && (path.is_empty() || path.ends_with('/')) =>
        {
            (rest, "")
        }
        Some(parted) => parted,
        None => (rest, ""),
    }
}

fn present(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}

/// The parts of a purl under construction, decoded; what is empty is not there.
#[derive(Debug, Clone, Default)]
struct Parts<'a> {
    ptype: Cow<'a, str>,
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
    version: Cow<'a, str>,
    qualifiers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    subpath: Cow<'a, str>,
}

/// A package URL under construction, from [`Purl::build`].
#[derive(Debug, Clone)]
#[must_use]
pub struct PurlBuilder<'a> {
    parts: Parts<'a>,
}

impl<'a> PurlBuilder<'a> {
    /// Sets the version; an empty one is none.
    pub fn with_version(mut self, version: impl Into<Cow<'a, str>>) -> Self {
        self.parts.version = version.into();
        self
    }

    /// Adds a qualifier; one with an empty value is none.
    pub fn with_qualifier(
        mut self,
        key: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Self {
        self.parts.qualifiers.push((key.into(), value.into()));
        self
    }

    /// Sets the path below the package.
    pub fn with_subpath(mut self, subpath: impl Into<Cow<'a, str>>) -> Self {
        self.parts.subpath = subpath.into();
        self
    }

    /// Normalises and holds the parts to the rules of the type.
    pub fn build(self) -> Result<Purl, PurlError> {
        assemble(self.parts, true)
    }

    /// As [`PurlBuilder::build`], with the indulgence of [`Purl::parse_lenient`].
    pub fn build_lenient(self) -> Result<Purl, PurlError> {
        assemble(self.parts, false)
    }
}

/// Normalises, checks and packs; the one way to a [`Purl`].
fn assemble(mut parts: Parts<'_>, strict: bool) -> Result<Purl, PurlError> {
    let length = [
        &parts.ptype,
        &parts.namespace,
        &parts.name,
        &parts.version,
        &parts.subpath,
    ]
    .into_iter()
    .chain(
        parts
            .qualifiers
            .iter()
            .flat_map(|(key, value)| [key, value]),
    )
    .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    if length > MAX_LENGTH {
        return Err(PurlError::TooLong);
    }
    normalise_type(&mut parts.ptype)?;
    normalise_segments(&mut parts.namespace, |segment| !segment.is_empty());
    normalise_segments(&mut parts.subpath, |segment| {
        !matches!(segment, "" | "." | "..")
    });
    parts
        .qualifiers
        .retain(|(key, value)| !key.is_empty() && !value.is_empty());
    for (key, _) in &mut parts.qualifiers {
        normalise_key(key, &parts.ptype, strict)?;
    }
    parts.qualifiers.sort_unstable();
    if let Some(pair) = parts
        .qualifiers
        .windows(2)
        .find(|pair| pair[0].0 == pair[1].0)
    {
        return Err(PurlError::DuplicateQualifier(pair[0].0.as_ref().into()));
    }
    types::apply(&mut parts, strict)?;
    if parts.name.is_empty() {
        return Err(PurlError::MissingName);
    }
    Ok(pack(&parts))
}

fn pack(parts: &Parts<'_>) -> Purl {
    let qualifiers = || parts.qualifiers.iter();
    let fixed = [
        &parts.ptype,
        &parts.namespace,
        &parts.name,
        &parts.version,
        &parts.subpath,
    ];
    let length = fixed.iter().map(|part| part.len()).sum::<usize>()
        + qualifiers()
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>();
    let mut text = String::with_capacity(length);
    let mut push = |part: &str| {
        text.push_str(part);
        text.len() as u32 // at most MAX_LENGTH, checked by `assemble`
    };
    let ends = fixed.map(|part| push(part));
    let qualifiers = qualifiers()
        .map(|(key, value)| (push(key), push(value)))
        .collect();
    Purl {
        text: text.into_boxed_str(),
        ends,
        qualifiers,
    }
}

fn normalise_type(ptype: &mut Cow<'_, str>) -> Result<(), PurlError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    if ptype.is_empty() {
        return Err(PurlError::MissingType);
    }
    if !ptype.bytes().all(allowed) || ptype.as_bytes()[0].is_ascii_digit() {
        return Err(PurlError::InvalidType(ptype.as_ref().into()));
    }
    if ptype.bytes().any(|b| b.is_ascii_uppercase()) {
        ptype.to_mut().make_ascii_lowercase();
    }
    Ok(())
}

/// Lowers the key. A key the type itself declares must be written as declared where `strict`:
/// the suite refuses `Platform` of a gem and `Arch` of an rpm, and takes `repositorY_url`, which
/// is a key of all types, of a Maven package.
fn normalise_key(key: &mut Cow<'_, str>, ptype: &str, strict: bool) -> Result<(), PurlError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let invalid = |key: &str| Err(PurlError::InvalidQualifierKey(key.into()));
    if !key.bytes().all(allowed) || key.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        return invalid(key);
    }
    if key.bytes().any(|b| b.is_ascii_uppercase()) {
        let lower = key.to_ascii_lowercase();
        if strict && types::declares(ptype, &lower) {
            return invalid(key);
        }
        *key = lower.into();
    }
    Ok(())
}

/// Drops the segments of a path that `keep` refuses.
fn normalise_segments(path: &mut Cow<'_, str>, keep: impl Fn(&str) -> bool) {
    if path.is_empty() || path.split('/').all(&keep) {
        return;
    }
    let kept: Vec<&str> = path.split('/').filter(|segment| keep(segment)).collect();
    *path = kept.join("/").into();
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pkg:")?;
        f.write_str(self.purl_type())?;
        if let Some(namespace) = self.namespace() {
            f.write_str("/")?;
            percent_encode(f, namespace, true)?;
        }
        f.write_str("/")?;
        percent_encode(f, self.name(), types::name_has_segments(self.purl_type()))?;
        if let Some(version) = self.version() {
            f.write_str("@")?;
            percent_encode(f, version, false)?;
        }
        for (at, (key, value)) in self.qualifiers().enumerate() {
            f.write_str(if at == 0 { "?" } else { "&" })?;
            f.write_str(key)?;
            f.write_str("=")?;
            percent_encode(f, value, false)?;
        }
        if let Some(subpath) = self.subpath() {
            f.write_str("#")?;
            percent_encode(f, subpath, true)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Purl({self})")
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        Self::parse(text)
    }
}

impl Ord for Purl {
    /// By type, namespace, name, version, qualifiers, subpath, each as text; versions are not
    /// compared as versions.
    fn cmp(&self, other: &Self) -> Ordering {
        let head = |p: &Self| -> [u32; 4] { [p.ends[0], p.ends[1], p.ends[2], p.ends[3]] };
        let (a, b) = (head(self), head(other));
        let mut from = (0, 0);
        for (to_a, to_b) in a.into_iter().zip(b) {
            let order = self.slice(from.0, to_a).cmp(other.slice(from.1, to_b));
            if order.is_ne() {
                return order;
            }
            from = (to_a, to_b);
        }
        self.qualifiers()
            .cmp(other.qualifiers())
            .then_with(|| self.subpath().cmp(&other.subpath()))
    }
}

impl PartialOrd for Purl {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl serde::Serialize for Purl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Purl {
    /// Reads leniently, so that every purl that was written can be read again.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_lenient(&text).map_err(serde::de::Error::custom)
    }
}
