//! The tables that parser, completion and documentation come from.

/// What kind of values a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of a closed set, each with its number in the store. Where `ordered`, they can be compared; numbers below 0
    /// are outside of the order.
    Words {
        /// Word and number.
        words: &'static [(&'static str, i64)],
        /// Whether `>=` and the like make sense.
        ordered: bool,
    },
    /// `true` or `false`.
    Truth,
    /// A number from 0 to `most`, kept as a whole number of `1 / scale`; -1 in the store is unknown.
    Number {
        /// Parts of one.
        scale: i64,
        /// The highest, in parts.
        most: i64,
        /// May be written in per cent of one.
        percent: bool,
    },
    /// A moment to come: `7d` is in seven days.
    Until,
    /// A moment that has been: `7d` is seven days ago.
    Since,
    /// A length of time that has gone by.
    Age,
    /// A threat vector, or a short form of one.
    Vector,
    /// Any text; `none` and `any` where `empty`, and a `*` at the end for all that begin so where `prefix`.
    Text {
        /// Whether a `*` at the end is taken.
        prefix: bool,
        /// Whether there may be none.
        empty: bool,
    },
}

/// A field of a list.
#[derive(Debug)]
pub struct Field {
    /// As it is written.
    pub name: &'static str,
    /// Other names of the same.
    pub also: &'static [&'static str],
    /// What it takes.
    pub kind: Kind,
    /// For people.
    pub about: &'static str,
    /// A term with it.
    pub example: &'static str,
}

/// A word that is short for a term.
#[derive(Debug)]
pub struct Flag {
    /// As it is written.
    pub word: &'static str,
    /// The term.
    pub term: &'static str,
    /// For people.
    pub about: &'static str,
}

/// An order with an index to stand on.
#[derive(Debug)]
pub struct SortBy {
    /// As it is written behind `sort:`.
    pub name: &'static str,
    /// What comes first.
    pub about: &'static str,
}

/// A list that can be queried.
#[derive(Debug)]
pub struct List {
    /// What is listed.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// Its short words.
    pub flags: &'static [Flag],
    /// Its orders, the usual one first.
    pub sorts: &'static [SortBy],
    /// What bare words look for.
    pub text: &'static str,
    /// What `all:true` adds; empty where there is nothing to add.
    pub all: &'static str,
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for List {}

impl List {
    /// A field by one of its names.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let name = name.to_ascii_lowercase();
        self.fields
            .iter()
            .find(|field| field.name == name || field.also.contains(&name.as_str()))
    }

    /// A flag by its word.
    pub fn flag(&self, word: &str) -> Option<&'static Flag> {
        self.flags
            .iter()
            .find(|flag| flag.word.eq_ignore_ascii_case(word))
    }
}

/// What a bare word stands for in the tree.
pub(crate) static TEXT: Field = Field {
    name: "text",
    also: &[],
    kind: Kind::Text {
        prefix: false,
        empty: false,
    },
    about: "",
    example: "",
};

const NAME: Kind = Kind::Text {
    prefix: true,
    empty: false,
};
const EXACT: Kind = Kind::Text {
    prefix: false,
    empty: false,
};
const OPTIONAL: Kind = Kind::Text {
    prefix: false,
    empty: true,
};

const SEVERITY: Kind = Kind::Words {
    words: &[
        ("unknown", -1),
        ("none", 0),
        ("low", 1),
        ("medium", 2),
        ("high", 3),
        ("critical", 4),
    ],
    ordered: true,
};

/// The states, by the numbers of `findings::STATES`; then two that stand for several.
const STATE: Kind = Kind::Words {
    words: &[
        ("open", 0),
        ("in_triage", 1),
        ("overdue", 2),
        ("excepted", 3),
        ("fixed", 4),
        ("not_affected", 5),
        ("closed", CLOSED),
    ],
    ordered: false,
};

/// Stands for `fixed` and `not_affected`.
pub(crate) const CLOSED: i64 = 100;

const KIND: Kind = Kind::Words {
    words: &[
        ("vulnerability", 0),
        ("malicious", 1),
        ("unmaintained", 2),
        ("unsound", 3),
        ("yanked", 4),
        ("end-of-life", 5),
        ("licence", 6),
        ("check", 7),
        ("external", 8),
    ],
    ordered: false,
};

const SCOPE: Kind = Kind::Words {
    words: &[
        ("runtime", 0),
        ("optional", 1),
        ("build", 2),
        ("test", 3),
        ("dev", 4),
    ],
    ordered: false,
};

const TIER: Kind = Kind::Number {
    scale: 1,
    most: 5,
    percent: false,
};

macro_rules! field {
    ($name:literal $(| $also:literal)*, $kind:expr, $about:literal, $example:literal) => {
        Field { name: $name, also: &[$($also),*], kind: $kind, about: $about, example: $example }
    };
}
macro_rules! flag {
    ($word:literal = $term:literal, $about:literal) => {
        Flag {
            word: $word,
            term: $term,
            about: $about,
        }
    };
}
macro_rules! sort {
    ($name:literal, $about:literal) => {
        SortBy {
            name: $name,
            about: $about,
        }
    };
}

/// Findings. Without `all:true` only what is open in a live version.
pub static FINDINGS: List = List {
    name: "findings",
    fields: &[
        field!(
            "severity",
            SEVERITY,
            "how bad it is by its publisher; comparisons leave `unknown` out",
            "severity>=high"
        ),
        field!(
            "score",
            Kind::Number {
                scale: 10,
                most: 1000,
                percent: false
            },
            "risk, 0 to 100",
            "score>=70"
        ),
        field!(
            "state" | "is",
            STATE,
            "what became of it; `fixed`, `not_affected` and `closed` need no `all:true`",
            "is:in_triage"
        ),
        field!(
            "kev",
            Kind::Truth,
            "on CISA's list of known exploited vulnerabilities",
            "kev:true"
        ),
        field!(
            "exploited",
            Kind::Truth,
            "seen in attacks by any source",
            "exploited:true"
        ),
        field!(
            "fixable",
            Kind::Truth,
            "some version clears it",
            "fixable:true"
        ),
        field!(
            "direct",
            Kind::Truth,
            "the project asks for the component itself",
            "direct:true"
        ),
        field!(
            "dev",
            Kind::Truth,
            "only developers and tests use the component",
            "dev:false"
        ),
        field!(
            "vector",
            Kind::Vector,
            "what an attacker gains",
            "vector:rce,injection"
        ),
        field!("kind", KIND, "what sort of finding", "kind:malicious"),
        field!(
            "epss",
            Kind::Number {
                scale: 10_000,
                most: 10_000,
                percent: true
            },
            "probability of an attack within 30 days, 0 to 1 or in per cent",
            "epss>=10%"
        ),
        field!(
            "due",
            Kind::Until,
            "when it has to be done by: a day, in how long, or `overdue`",
            "due<7d"
        ),
        field!(
            "first_seen",
            Kind::Since,
            "when it was first seen: a day, or how long ago",
            "first_seen>2026-01-31"
        ),
        field!(
            "age",
            Kind::Age,
            "how long ago it was first seen",
            "age>30d"
        ),
        field!(
            "product",
            NAME,
            "name of the product",
            "product:\"my shop\""
        ),
        field!("tag", EXACT, "tag of the product", "tag:payments"),
        field!(
            "below",
            EXACT,
            "the product of this name and everything below it",
            "below:retail"
        ),
        field!("version", NAME, "version of the product", "version:2.4.*"),
        field!("branch", NAME, "branch of the product", "branch:main"),
        field!(
            "environment",
            EXACT,
            "where its version is deployed now",
            "environment:production"
        ),
        field!(
            "owner",
            OPTIONAL,
            "who acts; `none` and `any` too",
            "owner:team:web"
        ),
        field!(
            "tier",
            TIER,
            "of the product: 1, most depends on it, to 5",
            "tier<=2"
        ),
        field!(
            "exposed",
            Kind::Truth,
            "the product can be reached from the internet",
            "exposed:true"
        ),
        field!(
            "id" | "cve",
            NAME,
            "CVE, GHSA or any other id of the vulnerability; of a check, its rule",
            "id:CVE-2021-44228"
        ),
        field!("cwe", EXACT, "class of weakness", "cwe:79"),
        field!(
            "component" | "name",
            NAME,
            "name of the component",
            "component:log4j*"
        ),
        field!(
            "purl",
            EXACT,
            "package URL, with or without version",
            "purl:pkg:npm/lodash"
        ),
        field!(
            "ecosystem",
            EXACT,
            "where the component comes from",
            "ecosystem:npm"
        ),
        field!(
            "licence" | "license",
            EXACT,
            "declared licence of the component",
            "licence:MIT"
        ),
        field!(
            "exception",
            OPTIONAL,
            "exception that covers it; `none` and `any` too",
            "exception:any"
        ),
        field!(
            "rule",
            OPTIONAL,
            "rule of the policy that gives its date, or that made it; `none` and `any` too",
            "rule:critical-in-7-days"
        ),
        field!(
            "breaks",
            EXACT,
            "rule that closes the gate because of it",
            "breaks:no-exploited"
        ),
        field!(
            "upgrade",
            OPTIONAL,
            "version that clears the component; `none` and `any` too",
            "upgrade:4.17.21"
        ),
        field!(
            "scope",
            SCOPE,
            "what the version needs the component for",
            "scope:runtime"
        ),
    ],
    flags: &[
        flag!("kev" = "kev:true", "known exploited"),
        flag!("exploited" = "exploited:true", "seen in attacks"),
        flag!("fixable" = "fixable:true", "some version clears it"),
        flag!("overdue" = "state:overdue", "not done in time"),
        flag!("unowned" = "owner:none", "nobody is responsible"),
        flag!("direct" = "direct:true", "asked for by the project itself"),
        flag!("dev" = "dev:true", "of developers and tests only"),
        flag!(
            "new" = "first_seen>1d",
            "first seen since this time yesterday"
        ),
    ],
    sorts: &[
        sort!("score", "highest risk first"),
        sort!("due", "due soonest first; only what has a date"),
        sort!("first_seen", "newest first"),
        sort!("epss", "most likely attacked first"),
    ],
    text: "ids of the vulnerability and names of the component that begin so",
    all: "what is closed and what is in versions that are no longer live",
};

/// Products.
pub static PRODUCTS: List = List {
    name: "products",
    fields: &[
        field!("name", NAME, "its name", "name:shop*"),
        field!(
            "kind",
            Kind::Words {
                words: &[("own", 0), ("bought", 1)],
                ordered: false
            },
            "made here or bought",
            "kind:bought"
        ),
        field!("tag", EXACT, "one of its tags", "tag:payments"),
        field!("tier", TIER, "1, most depends on it, to 5", "tier<=2"),
        field!(
            "exposed",
            Kind::Truth,
            "can be reached from the internet",
            "exposed:true"
        ),
        field!(
            "owner",
            OPTIONAL,
            "who acts; `none` and `any` too",
            "owner:team:web"
        ),
        field!(
            "lifecycle",
            Kind::Words {
                words: &[
                    ("development", 0),
                    ("active", 1),
                    ("maintenance", 2),
                    ("retired", 3)
                ],
                ordered: false
            },
            "where it is in its life",
            "lifecycle:active"
        ),
        field!(
            "below",
            EXACT,
            "the product of this name and everything below it",
            "below:retail"
        ),
        field!(
            "environment",
            EXACT,
            "where one of its versions is deployed now",
            "environment:production"
        ),
        field!("vendor", NAME, "who sells it", "vendor:acme*"),
    ],
    flags: &[
        flag!(
            "exposed" = "exposed:true",
            "can be reached from the internet"
        ),
        flag!("bought" = "kind:bought", "not made here"),
        flag!("unowned" = "owner:none", "nobody is responsible"),
    ],
    sorts: &[
        sort!("name", "by name"),
        sort!("risk", "most open risk first"),
    ],
    text: "names that have it somewhere",
    all: "",
};

/// Components of all versions that are live.
pub static COMPONENTS: List = List {
    name: "components",
    fields: &[
        field!("name" | "component", NAME, "its name", "name:log4j*"),
        field!("version", NAME, "its own version", "version:2.14.*"),
        field!(
            "purl",
            EXACT,
            "package URL, with or without version",
            "purl:pkg:npm/lodash"
        ),
        field!("ecosystem", EXACT, "where it comes from", "ecosystem:npm"),
        field!(
            "licence" | "license",
            EXACT,
            "declared licence",
            "licence:MIT"
        ),
        field!(
            "product",
            NAME,
            "name of a product with it",
            "product:storefront"
        ),
        field!(
            "below",
            EXACT,
            "in the product of this name or below it",
            "below:retail"
        ),
        field!(
            "direct",
            Kind::Truth,
            "some version asks for it itself",
            "direct:true"
        ),
        field!(
            "scope",
            SCOPE,
            "what some version needs it for",
            "scope:runtime"
        ),
    ],
    flags: &[flag!(
        "direct" = "direct:true",
        "asked for by the project itself"
    )],
    sorts: &[sort!("name", "by name")],
    text: "names that begin so",
    all: "",
};
