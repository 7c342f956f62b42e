//! Where a package comes from: one row an ecosystem, with its names in every vocabulary.
//!
//! Names follow the [OSV schema](https://ossf.github.io/osv-schema/#defined-ecosystems); purl types the
//! [purl type definitions](https://github.com/package-url/purl-spec/tree/main/types).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use stanchion_versions::Scheme;

use crate::purl::{Purl, PurlError};

/// How an ecosystem decides that two names are the same package.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Byte for byte.
    Exact,
    /// Upper and lower case are the same.
    CaseFree,
    /// [PEP 503](https://peps.python.org/pep-0503/#normalized-names): case, and runs of `-`, `_`, `.`.
    Pep503,
    /// A repository address: no scheme, no `.git`, no case.
    Url,
}

struct Row {
    ecosystem: Ecosystem,
    osv: &'static str,
    purl: &'static str,
    scheme: Scheme,
    names: Names,
    /// The part after the colon in an OSV name is a distribution's release, not a registry.
    releases: bool,
}

macro_rules! ecosystems {
    ($($(#[doc = $doc:literal])* $variant:ident = $osv:literal, $purl:literal, $scheme:ident, $names:ident, $releases:literal;)*) => {
        /// A package ecosystem: a registry, or a family of distributions.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Ecosystem {
            $($(#[doc = $doc])* $variant,)*
        }

        const ROWS: &[Row] = &[$(Row {
            ecosystem: Ecosystem::$variant,
            osv: $osv,
            purl: $purl,
            scheme: Scheme::$scheme,
            names: Names::$names,
            releases: $releases,
        },)*];
    };
}

ecosystems! {
    /// The npm registry.
    Npm = "npm", "npm", SemVer, Exact, false;
    /// The Python Package Index.
    PyPi = "PyPI", "pypi", Pep440, Pep503, false;
    /// Maven Central and its like.
    Maven = "Maven", "maven", Maven, Exact, false;
    /// Go modules, and the standard library as `stdlib`.
    Go = "Go", "golang", Go, CaseFree, false;
    /// crates.io.
    CratesIo = "crates.io", "cargo", Cargo, Exact, false;
    /// NuGet.
    NuGet = "NuGet", "nuget", NuGet, CaseFree, false;
    /// RubyGems.
    RubyGems = "RubyGems", "gem", RubyGems, Exact, false;
    /// Packagist (Composer).
    Packagist = "Packagist", "composer", Packagist, CaseFree, false;
    /// Hex (Erlang, Elixir).
    Hex = "Hex", "hex", Hex, CaseFree, false;
    /// pub.dev (Dart, Flutter).
    Pub = "Pub", "pub", Pub, CaseFree, false;
    /// Swift packages by repository address.
    SwiftUrl = "SwiftURL", "swift", Swift, Url, false;
    /// ConanCenter.
    ConanCenter = "ConanCenter", "conan", Conan, CaseFree, false;
    /// GitHub Actions.
    GitHubActions = "GitHub Actions", "githubactions", GitHubActions, CaseFree, false;
    /// CocoaPods.
    CocoaPods = "CocoaPods", "cocoapods", RubyGems, Exact, false;
    /// CRAN (R).
    Cran = "CRAN", "cran", Cran, Exact, false;
    /// Bioconductor (R).
    Bioconductor = "Bioconductor", "bioconductor", Cran, Exact, false;
    /// Hackage (Haskell).
    Hackage = "Hackage", "hackage", Hackage, Exact, false;
    /// Julia's general registry.
    Julia = "Julia", "julia", SemVer, Exact, false;
    /// CPAN (Perl).
    Cpan = "CPAN", "cpan", Generic, Exact, false;
    /// LuaRocks.
    LuaRocks = "LuaRocks", "luarocks", Generic, CaseFree, false;
    /// opam (OCaml).
    Opam = "opam", "opam", Debian, Exact, false;
    /// Conda channels.
    Conda = "conda", "conda", Conda, CaseFree, false;
    /// Bitnami's packaged applications.
    Bitnami = "Bitnami", "bitnami", SemVer, CaseFree, false;
    /// Debian.
    Debian = "Debian", "deb", Debian, Exact, true;
    /// Ubuntu.
    Ubuntu = "Ubuntu", "deb", Debian, Exact, true;
    /// Alpine.
    Alpine = "Alpine", "apk", Alpine, Exact, true;
    /// Wolfi.
    Wolfi = "Wolfi", "apk", Alpine, Exact, true;
    /// Chainguard.
    Chainguard = "Chainguard", "apk", Alpine, Exact, true;
    /// AlmaLinux.
    AlmaLinux = "AlmaLinux", "rpm", Rpm, Exact, true;
    /// Rocky Linux.
    RockyLinux = "Rocky Linux", "rpm", Rpm, Exact, true;
    /// Red Hat Enterprise Linux.
    RedHat = "Red Hat", "rpm", Rpm, Exact, true;
    /// openSUSE.
    OpenSuse = "openSUSE", "rpm", Rpm, Exact, true;
    /// SUSE Linux Enterprise.
    Suse = "SUSE", "rpm", Rpm, Exact, true;
    /// Mageia.
    Mageia = "Mageia", "rpm", Rpm, Exact, true;
    /// openEuler.
    OpenEuler = "openEuler", "rpm", Rpm, Exact, true;
    /// Azure Linux (Mariner).
    AzureLinux = "Azure Linux", "rpm", Rpm, Exact, true;
    /// Arch Linux.
    Arch = "Arch Linux", "alpm", Generic, Exact, true;
    /// Anything else that a purl can name: kept in the inventory, never matched by version order.
    Generic = "generic", "generic", Generic, Exact, false;
}

impl Ecosystem {
    /// Every ecosystem, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.ecosystem)
    }

    fn row(self) -> &'static Row {
        // The table is made by the same macro as the enum: the discriminant is the index.
        &ROWS[self as usize]
    }

    /// The name in the OSV schema, without a release; also the name shown to people.
    pub fn name(self) -> &'static str {
        self.row().osv
    }

    /// The purl type.
    pub fn purl_type(self) -> &'static str {
        self.row().purl
    }

    /// The order of its versions.
    pub fn scheme(self) -> Scheme {
        self.row().scheme
    }

    /// Whether advisories are kept per release of a distribution (`Debian:12`).
    pub fn has_releases(self) -> bool {
        self.row().releases
    }

    /// The ecosystem and the release of an OSV name such as `npm`, `Debian:12` or `Red Hat:enterprise_linux:9`.
    /// A suffix that names a registry (`Packagist:https://…`) is dropped.
    pub fn from_osv(name: &str) -> Option<(Self, Option<&str>)> {
        let (base, suffix) = match name.split_once(':') {
            Some((base, suffix)) => (base, Some(suffix)),
            None => (name, None),
        };
        let row = ROWS.iter().find(|row| row.osv.eq_ignore_ascii_case(base))?;
        Some((row.ecosystem, suffix.filter(|_| row.releases)))
    }

    /// By any name a person may write: OSV's, or the purl type.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::from_osv(word)
            .map(|(ecosystem, _)| ecosystem)
            .or_else(|| {
                ROWS.iter()
                    .find(|row| row.purl.eq_ignore_ascii_case(word))
                    .map(|row| row.ecosystem)
            })
    }

    /// The name under which advisories about a package are looked up.
    pub fn lookup_name(self, name: &str) -> Cow<'_, str> {
        match self.row().names {
            Names::Exact => Cow::Owned(name.to_owned()),
            Names::CaseFree => Cow::Owned(name.to_ascii_lowercase()),
            Names::Pep503 => Cow::Owned(pep503(name)),
            Names::Url => Cow::Owned(repository(name)),
        }
    }

    /// Appends [`Ecosystem::lookup_name`] to a buffer; allocates nothing beyond it.
    pub fn push_lookup_name(self, name: &str, out: &mut String) {
        let start = out.len();
        match self.row().names {
            Names::Exact => out.push_str(name),
            Names::CaseFree => {
                out.push_str(name);
                out[start..].make_ascii_lowercase();
            }
            Names::Pep503 => push_pep503(name, out),
            Names::Url => out.push_str(&repository(name)),
        }
    }

    /// The ecosystem, release and name that a purl stands for; [`Ecosystem::Generic`] for types without advisories.
    pub fn of_purl(purl: &Purl) -> (Self, Option<String>, String) {
        let kind = purl.purl_type();
        let namespace = purl.namespace();
        let joined = |separator: &str| match namespace {
            Some(namespace) => format!("{namespace}{separator}{}", purl.name()),
            None => purl.name().to_owned(),
        };
        if matches!(kind, "deb" | "apk" | "rpm" | "alpm") {
            let (ecosystem, release) = distribution(kind, namespace, purl.qualifier("distro"));
            return (ecosystem, release, purl.name().to_owned());
        }
        let ecosystem = ROWS
            .iter()
            .find(|row| row.purl == kind && !row.releases)
            .map_or(Self::Generic, |row| row.ecosystem);
        let name = match ecosystem {
            Self::Maven => joined(":"),
            Self::ConanCenter => purl.name().to_owned(),
            Self::Generic => format!("{kind}/{}", joined("/")),
            _ => joined("/"),
        };
        (ecosystem, None, name)
    }
}

/// Names and versions to purls.
impl Ecosystem {
    /// The purl of a package, from its name as the ecosystem writes it (`@scope/name`, `group:artifact`, a
    /// module path). Characters that the purl type forbids are kept, so that hostile names stay visible.
    pub fn purl(
        self,
        name: &str,
        version: Option<&str>,
        release: Option<&str>,
        qualifiers: &[(String, String)],
    ) -> Result<Purl, PurlError> {
        let url;
        let (namespace, name) = match self {
            Self::Maven => name
                .rsplit_once(':')
                .map_or((None, name), |(group, artifact)| (Some(group), artifact)),
            Self::SwiftUrl => {
                url = repository(name);
                url.rsplit_once('/')
                    .map_or((None, url.as_str()), |(namespace, name)| {
                        (Some(namespace), name)
                    })
            }
            Self::Debian => (Some("debian"), name),
            Self::Ubuntu => (Some("ubuntu"), name),
            Self::Alpine => (Some("alpine"), name),
            Self::Wolfi => (Some("wolfi"), name),
            Self::Chainguard => (Some("chainguard"), name),
            Self::AlmaLinux => (Some("almalinux"), name),
            Self::RockyLinux => (Some("rocky"), name),
            Self::RedHat => (Some("redhat"), name),
            Self::OpenSuse => (Some("opensuse"), name),
            Self::Suse => (Some("suse"), name),
            Self::Mageia => (Some("mageia"), name),
            Self::OpenEuler => (Some("openeuler"), name),
            Self::AzureLinux => (Some("azurelinux"), name),
            Self::Arch => (Some("arch"), name),
            _ => name
                .rsplit_once('/')
                .map_or((None, name), |(namespace, name)| (Some(namespace), name)),
        };
        let mut builder = Purl::build(self.purl_type(), namespace, name);
        if let Some(version) = version {
            builder = builder.with_version(version);
        }
        for (key, value) in qualifiers {
            builder = builder.with_qualifier(key.as_str(), value.as_str());
        }
        if let (Some(release), None) = (release, qualifiers.iter().find(|(key, _)| key == "distro"))
        {
            let id = namespace.unwrap_or_default();
            let number = release
                .trim_start_matches("enterprise_linux:")
                .trim_start_matches("Leap ")
                .trim_start_matches('v');
            builder = builder.with_qualifier("distro", format!("{id}-{number}"));
        }
        builder.build_lenient()
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Ecosystem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Ecosystem {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_word(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown ecosystem {name:?}")))
    }
}

/// The distribution of an OS package's purl: by namespace, and the release from the `distro` qualifier
/// (`debian-12`, `alpine-3.19.1`, `rhel-9.2`), in the form OSV uses for that family.
fn distribution(
    kind: &str,
    namespace: Option<&str>,
    distro: Option<&str>,
) -> (Ecosystem, Option<String>) {
    let (id, version) = match distro {
        Some(distro) => distro
            .split_once('-')
            .map_or((distro, None), |(id, version)| (id, Some(version))),
        None => ("", None),
    };
    let family = namespace.unwrap_or(id).to_ascii_lowercase();
    let major = |version: &str| version.split('.').next().unwrap_or(version).to_owned();
    let minor = |version: &str| version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    match (kind, family.as_str()) {
        ("deb", "ubuntu") => (Ecosystem::Ubuntu, version.map(minor)),
        ("deb", _) => (
            Ecosystem::Debian,
            version.map(|version| match version.split('.').next() {
                // Debian's releases have been named by their first number since 7; before, `6.0`.
                Some(first @ ("6" | "5" | "4" | "3")) => {
                    format!("{first}.{}", version.split('.').nth(1).unwrap_or("0"))
                }
                Some(first) => first.to_owned(),
                None => version.to_owned(),
            }),
        ),
        ("apk", "wolfi") => (Ecosystem::Wolfi, None),
        ("apk", "chainguard") => (Ecosystem::Chainguard, None),
        ("apk", _) => (
            Ecosystem::Alpine,
            version.map(|version| format!("v{}", minor(version.trim_start_matches('v')))),
        ),
        ("rpm", "almalinux" | "alma") => (Ecosystem::AlmaLinux, version.map(major)),
        ("rpm", "rocky" | "rockylinux" | "rocky-linux") => {
            (Ecosystem::RockyLinux, version.map(major))
        }
        ("rpm", "redhat" | "rhel" | "centos") => (
            Ecosystem::RedHat,
            version.map(|version| format!("enterprise_linux:{}", major(version))),
        ),
        ("rpm", "opensuse" | "opensuse-leap") => (
            Ecosystem::OpenSuse,
            version.map(|version| format!("Leap {}", minor(version))),
        ),
        ("rpm", "suse" | "sles") => (Ecosystem::Suse, version.map(str::to_owned)),
        ("rpm", "mageia") => (Ecosystem::Mageia, version.map(major)),
        ("rpm", "openeuler") => (Ecosystem::OpenEuler, version.map(str::to_owned)),
        ("rpm", "azurelinux" | "mariner") => (Ecosystem::AzureLinux, version.map(major)),
        ("alpm", _) => (Ecosystem::Arch, None),
        _ => (Ecosystem::Generic, None),
    }
}

fn pep503(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    push_pep503(name, &mut out);
    out
}

fn push_pep503(name: &str, out: &mut String) {
    let mut separator = false;
    for character in name.chars() {
        if matches!(character, '-' | '_' | '.') {
            separator = true;
            continue;
        }
        if separator {
            out.push('-');
            separator = false;
        }
        out.push(character.to_ascii_lowercase());
    }
    if separator {
        out.push('-');
    }
}

fn repository(address: &str) -> String {
    let address = address.trim().to_ascii_lowercase();
    let address = address
        .split_once("://")
        .map_or(address.as_str(), |(_, rest)| rest);
    let address = match address.split_once('@') {
        // git@github.com:owner/name.git
        Some((user, rest)) if !user.contains('/') => rest.replacen(':', "/", 1),
        _ => address.to_owned(),
    };
    let address = address.trim_end_matches('/');
    address
        .strip_suffix(".git")
        .unwrap_or(address)
        .trim_start_matches("www.")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.ecosystem as usize, index);
        }
    }

    #[test]
    fn names_are_compared_as_the_ecosystem_does() {
        for (ecosystem, name, want) in [
            (Ecosystem::PyPi, "Zope.Interface__x", "zope-interface-x"),
            (Ecosystem::Npm, "JSONStream", "JSONStream"),
            (
                Ecosystem::Go,
                "github.com/BurntSushi/toml",
                "github.com/burntsushi/toml",
            ),
            (
                Ecosystem::SwiftUrl,
                "https://github.com/Apple/swift-nio.git",
                "github.com/apple/swift-nio",
            ),
            (
                Ecosystem::SwiftUrl,
                "git@github.com:vapor/vapor.git",
                "github.com/vapor/vapor",
            ),
            (Ecosystem::NuGet, "Newtonsoft.Json", "newtonsoft.json"),
        ] {
            assert_eq!(ecosystem.lookup_name(name), want);
            let mut pushed = String::new();
            ecosystem.push_lookup_name(name, &mut pushed);
            assert_eq!(pushed, want);
        }
    }

    #[test]
    fn osv_names_split_into_ecosystem_and_release() {
        assert_eq!(
            Ecosystem::from_osv("Debian:12"),
            Some((Ecosystem::Debian, Some("12")))
        );
        assert_eq!(
            Ecosystem::from_osv("Red Hat:enterprise_linux:9"),
            Some((Ecosystem::RedHat, Some("enterprise_linux:9")))
        );
        assert_eq!(
            Ecosystem::from_osv("Packagist:https://packages.drupal.org/8"),
            Some((Ecosystem::Packagist, None))
        );
        assert_eq!(Ecosystem::from_osv("Nowhere"), None);
    }

    #[test]
    fn purls_name_their_ecosystem() {
        for (purl, ecosystem, release, name) in [
            (
                "pkg:npm/%40angular/core@1",
                Ecosystem::Npm,
                None,
                "@angular/core",
            ),
            ("pkg:maven/org.x/y@1", Ecosystem::Maven, None, "org.x:y"),
            (
                "pkg:golang/golang.org/x/net@v0.1.0",
                Ecosystem::Go,
                None,
                "golang.org/x/net",
            ),
            (
                "pkg:deb/debian/curl@7?distro=debian-12",
                Ecosystem::Debian,
                Some("12"),
                "curl",
            ),
            (
                "pkg:apk/alpine/busybox@1?distro=alpine-3.19.1",
                Ecosystem::Alpine,
                Some("v3.19"),
                "busybox",
            ),
            (
                "pkg:rpm/redhat/bash@5?distro=rhel-9.2",
                Ecosystem::RedHat,
                Some("enterprise_linux:9"),
                "bash",
            ),
            (
                "pkg:huggingface/org/model@1",
                Ecosystem::Generic,
                None,
                "huggingface/org/model",
            ),
        ] {
            let found = Ecosystem::of_purl(&Purl::parse(purl).unwrap());
            assert_eq!(
                found,
                (ecosystem, release.map(str::to_owned), name.to_owned()),
                "{purl}"
            );
        }
    }
}
