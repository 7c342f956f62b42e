//! The variables of a condition: one row each, and nothing else to change for a new one.
//!
//! `f.` is the finding, `p.` the product it is in, `a.` the asset the product runs on.

use std::fmt;

use super::say::Say;

/// What a variable holds, by the names of [CEL](https://github.com/google/cel-spec/blob/master/doc/langdef.md#values).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A number with a fraction.
    Double,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
            Self::Texts => "list of strings",
        })
    }
}

/// When a condition is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// While deadlines are set and exceptions matched.
    Deadline,
    /// Afterwards, when deadlines, exceptions and states are known.
    Verdict,
}

/// A row of the table.
pub(super) struct Row {
    name: &'static str,
    kind: Type,
    phase: Phase,
    /// The only values there are; empty where any value may come.
    words: &'static [&'static str],
    about: &'static str,
    pub(super) say: Say,
}

/// Severities, weakest first.
const SEVERITIES: &[&str] = &["none", "low", "medium", "high", "critical"];
const KINDS: &[&str] = &[
    "vulnerability",
    "malicious",
    "unmaintained",
    "unsound",
    "yanked",
    "end-of-life",
    "licence",
    "check",
    "external",
];
const EXPLOITATION: &[&str] = &["none", "poc", "active"];
const SCOPES: &[&str] = &["runtime", "optional", "build", "test", "dev"];
const CONFIDENCE: &[&str] = &["low", "medium", "high"];
/// What a policy makes of a finding.
const STATES: &[&str] = &stanchion_model::finding::STATES;
const VECTORS: &[&str] = &[
    "malware",
    "remote-code-execution",
    "memory-corruption",
    "deserialization",
    "injection",
    "cross-site-scripting",
    "path-traversal",
    "request-forgery",
    "authentication-bypass",
    "privilege-escalation",
    "credential-exposure",
    "data-exposure",
    "data-tampering",
    "spoofing",
    "weak-cryptography",
    "denial-of-service",
    "supply-chain",
];
/// Any value may come.
const ANY: &[&str] = &[];

macro_rules! fields {
    ($($variant:ident $name:literal $kind:ident $phase:ident $words:ident $about:literal $say:expr;)*) => {
        /// A variable.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`: ", $about, ".")] $variant,)*
        }

        impl Field {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }

        const ROWS: &[Row] = &[$(Row {
            name: $name,
            kind: Type::$kind,
            phase: Phase::$phase,
            words: $words,
            about: $about,
            say: $say,
        },)*];
    };
}

// How each is said in a sentence about findings: `Say`.
fields! {
    Id "f.id" Text Deadline ANY "its id: CVE, else GHSA, else the source's own; a check's id" Say::plain("id", "with the id {}");
    Kind "f.kind" Text Deadline KINDS "what sort of thing is wrong" Say::each("kind", &[
        ("vulnerability", "that is a vulnerability"), ("malicious", "malicious"), ("unmaintained", "unmaintained"), ("unsound", "unsound"),
        ("yanked", "withdrawn by its author"), ("end-of-life", "past its end of life"), ("licence", "about a licence"),
        ("check", "from one of our own checks"), ("external", "from another tool"),
    ]);
    Severity "f.severity" Text Deadline SEVERITIES "how bad it is, by the worst score of any source" Say::plain("severity", "of {} severity");
    Score "f.score" Double Deadline ANY "the risk score, 0 to 100" Say::amount("with a risk score {}");
    Cvss "f.cvss" Double Deadline ANY "the worst CVSS base score, 0 to 10" Say::amount("with a CVSS score {}");
    Epss "f.epss" Double Deadline ANY "chance of exploitation in the next 30 days, 0 to 1" Say::share("with an EPSS probability {}");
    EpssPercentile "f.epss_percentile" Double Deadline ANY "share of CVEs with a lower EPSS probability, 0 to 1" Say::share("with an EPSS percentile {}");
    Kev "f.kev" Bool Deadline ANY "listed in CISA's known exploited vulnerabilities" Say::flag("known exploited", "not known to be exploited");
    Ransomware "f.ransomware" Bool Deadline ANY "known to be used in ransomware campaigns" Say::flag("used by ransomware", "not known to be used by ransomware");
    Exploitation "f.exploitation" Text Deadline EXPLOITATION "SSVC: state of exploitation" Say::each("exploitation", &[
        ("none", "without known exploitation"), ("poc", "with a public proof of concept"), ("active", "actively exploited"),
    ]);
    Automatable "f.automatable" Bool Deadline ANY "SSVC: an attacker can automate the first steps" Say::flag("open to automated attack", "not open to automated attack");
    TotalImpact "f.total_impact" Bool Deadline ANY "SSVC: the attacker gains total control" Say::flag("giving an attacker total control", "not giving an attacker total control");
    FixAvailable "f.fix_available" Bool Deadline ANY "some version clears it" Say::flag("with a fix available", "without an available fix");
    IsNew "f.is_new" Bool Deadline ANY "not in the base or baseline that was compared with" Say::flag("new", "not new");
    Direct "f.direct" Bool Deadline ANY "the project asks for the component itself" Say::flag("in a direct dependency", "in an indirect dependency");
    Scope "f.scope" Text Deadline SCOPES "why the component is there" Say::plain("scope", "in {} scope");
    Vectors "f.vectors" Texts Deadline VECTORS "ways an attacker uses it" Say::plain("threat vector", "usable for {}");
    Cwes "f.cwes" Texts Deadline ANY "weakness ids, such as `CWE-79`" Say::plain("weakness", "with the weakness {}");
    Aliases "f.aliases" Texts Deadline ANY "other ids of the same vulnerability" Say::plain("alias", "also known as {}");
    Ecosystem "f.ecosystem" Text Deadline ANY "where the component comes from" Say::plain("ecosystem", "from the {} ecosystem");
    Name "f.name" Text Deadline ANY "the component's name in its ecosystem" Say::quoted("component name", "in the component {}");
    Version "f.version" Text Deadline ANY "the component's version, as in the file" Say::quoted("version", "at version {}");
    Purl "f.purl" Text Deadline ANY "the component's package URL, with version" Say::quoted("package URL", "in the package {}");
    Licences "f.licences" Texts Deadline ANY "the component's licences" Say::quoted("component licence", "in a component under the licence {}");
    Path "f.path" Text Deadline ANY "the project's root folder, relative to the target" Say::quoted("project path", "in the project at {}");
    Confidence "f.confidence" Text Deadline CONFIDENCE "how sure we are that it is real" Say::plain("confidence", "of {} confidence");
    AgeDays "f.age_days" Int Deadline ANY "days since the first source published it" Say::days("published {} ago", None);
    KnownDays "f.known_days" Int Deadline ANY "days since it was first seen here" Say::days("known to us for {}", None);
    Excepted "f.excepted" Bool Verdict ANY "an exception in force covers it" Say::flag("covered by an exception", "not covered by an exception");
    State "f.state" Text Verdict STATES "where it stands" Say::each("state", &[
        ("open", "open"), ("in_triage", "in triage"), ("overdue", "overdue"), ("excepted", "closed by an exception"),
        ("fixed", "fixed"), ("not_affected", "that does not affect us"),
    ]);
    OverdueDays "f.overdue_days" Int Verdict ANY "whole days past its deadline, 0 when it is not late" Say::days("{} overdue", Some(("overdue", "not overdue")));
    DaysLeft "f.days_left" Int Verdict ANY "days until its deadline" Say::days("with {} left", None);
    Owner "f.owner" Text Verdict ANY "the team or person it is assigned to" Say::quoted("owner", "owned by {}");
    Triaged "f.triaged" Bool Verdict ANY "somebody has looked at it and decided" Say::flag("triaged", "not triaged");
    Proposed "f.proposed" Text Verdict ANY "the state that somebody proposes and nobody has accepted" Say::quoted("proposed state", "proposed to be {}");
    ProductName "p.name" Text Deadline ANY "the product's name" Say::quoted("product name", "in the product {}");
    Tier "p.tier" Int Deadline ANY "how much depends on the product; 1 is the most" Say::tier();
    ProductOwner "p.owner" Text Deadline ANY "the team or person who answers for the product" Say::quoted("product owner", "in a product owned by {}");
    ProductEnvironment "p.environment" Text Deadline ANY "where the product runs, such as `production`" Say::quoted("product environment", "in a product in the environment {}");
    Lifecycle "p.lifecycle" Text Deadline ANY "the product's stage of life" Say::quoted("product lifecycle", "in a product in the lifecycle stage {}");
    Tags "p.tags" Texts Deadline ANY "words that the organisation gave the product" Say::quoted("product tag", "in a product tagged {}");
    DataClasses "p.data_classes" Texts Deadline ANY "kinds of data that the product holds" Say::quoted("data class", "in a product that holds data of class {}");
    Exposed "a.exposed" Bool Deadline ANY "reachable from the internet" Say::flag("exposed to the internet", "not exposed to the internet");
    AssetEnvironment "a.environment" Text Deadline ANY "where the asset stands, such as `production`" Say::quoted("asset environment", "on an asset in the environment {}");
}

impl Field {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    pub(super) const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// As written in a condition: `f.severity`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What it holds.
    pub const fn kind(self) -> Type {
        self.row().kind
    }

    /// The first phase in which it is known.
    pub const fn phase(self) -> Phase {
        self.row().phase
    }

    /// The only values it, or a member of its list, can have; empty where any value may come.
    pub const fn words(self) -> &'static [&'static str] {
        self.row().words
    }

    /// One line for a reader of the documentation.
    pub const fn about(self) -> &'static str {
        self.row().about
    }

    /// By the name as written.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }
}

/// A set of variables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Fields(u64);

const _: () = assert!(Field::COUNT <= u64::BITS as usize, "a set is one word");

impl Fields {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// The set of one.
    pub const fn of(field: Field) -> Self {
        Self(1 << field as u32)
    }

    /// What is in either.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a variable is in it.
    pub const fn has(self, field: Field) -> bool {
        self.0 & Self::of(field).0 != 0
    }

    /// Whether nothing is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL
            .iter()
            .copied()
            .filter(move |field| self.has(*field))
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields
            .into_iter()
            .fold(Self::EMPTY, |set, field| set.with(Self::of(field)))
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Field::name).collect();
        f.write_str(&names.join(", "))
    }
}
