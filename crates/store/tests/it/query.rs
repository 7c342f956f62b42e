//! The query language, and lists on both databases.
#![expect(clippy::unwrap_used, reason = "a test has no other way")]

use proptest::prelude::*;
use stanchion_store::findings::{self, flag};
use stanchion_store::products;
use stanchion_store::query::{
    COMPONENTS, Counted, FINDINGS, List, ListError, ListedFinding, Node, Op, PRODUCTS, Query,
    Visible, complete, components, count, explain, findings, products as list_products, reference,
};
use stanchion_store::testing::{Fresh, stores};
use stanchion_store::{Dialect, Id};

use crate::shop::{DAY, NOW, fill};

fn read(list: &'static List, text: &str) -> Query {
    Query::parse(list, text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_is_shown_is_read_as_the_same() {
    for (text, shown) in [
        ("", ""),
        ("severity>=high kev", "severity>=high kev:true"),
        ("is:closed", "state:closed"),
        ("unowned new", "owner:none first_seen>1d"),
        ("product:\"my shop\" log4j", "product:\"my shop\" log4j"),
        ("a or b c", "a or b c"),
        ("(a or b) c", "(a or b) c"),
        ("-(a b)", "-(a b)"),
        ("-(-a)", "-(-a)"),
        ("((a)) (b (c))", "a b c"),
        ("\"kev\"", "\"kev\""),
        ("pkg:npm/lodash@4", "\"pkg:npm/lodash@4\""),
        ("purl:pkg:npm/%40a/b@1.0?x=y", "purl:pkg:npm/%40a/b@1.0?x=y"),
        ("sort:-due all:true a", "a all:true sort:-due"),
        ("a or b sort:due", "a or b sort:due"),
        ("severity:high,critical", "severity:high,critical"),
        ("product:\"a,b\\\"c\\\\\"", "product:\"a,b\\\"c\\\\\""),
    ] {
        let query = read(&FINDINGS, text);
        assert_eq!(query.to_string(), shown, "{text}");
        assert_eq!(read(&FINDINGS, shown), query, "{text}");
    }
}

#[test]
fn errors_say_where_and_what_instead() {
    for (text, at, what, hint) in [
        (
            "kev severty:high",
            4,
            "no field `severty`",
            "did you mean `severity`?",
        ),
        ("severity:hihg", 0, "never `hihg`", "did you mean `high`?"),
        ("vector:rcee2", 0, "no threat vector", "malware"),
        ("kev>true", 0, "not compared", "kev:true"),
        ("state>=open", 0, "not compared", "is:in_triage"),
        (
            "severity>unknown",
            0,
            "neither more nor less",
            "severity:unknown",
        ),
        ("score>=101", 0, "from 0 to 100", "score>=70"),
        ("epss>2", 0, "from 0 to 1", "epss>=10%"),
        ("due:7d", 0, "is compared", "due<7d"),
        ("due<soon", 0, "no time", "overdue"),
        ("age>2026-01-01", 0, "no time", "30d"),
        (
            "sort:name",
            5,
            "cannot be sorted by `name`",
            "score, due, first_seen, epss",
        ),
        ("-sort:due", 1, "for the whole query", "without `-`"),
        ("(sort:due)", 1, "for the whole query", "outside of groups"),
        ("a (b", 2, "`(` without `)`", "close"),
        ("a b)", 3, "`)` without `(`", "leave it out"),
        ("a ()", 3, "empty group", "parentheses"),
        ("or a", 0, "before `or`", "\"or\""),
        ("a or", 2, "behind `or`", "add a term"),
        ("a - b", 2, "follows `-`", "without a space"),
        ("product:", 8, "no value", "quotes"),
        ("product:\"a", 8, "does not end", "add"),
        ("ä product=x", 3, "compares nothing", "field:value"),
        ("((((((a))))))", 5, "5 deep", "flatter"),
    ] {
        let error = Query::parse(&FINDINGS, text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.what.contains(what), "{text}: {error}");
        assert!(error.hint.contains(hint), "{text}: {error}");
    }
    assert!(Query::parse(&FINDINGS, &"a ".repeat(51)).is_err());
    assert!(Query::parse(&FINDINGS, &"a ".repeat(50)).is_ok());
    assert!(Query::parse(&FINDINGS, &"a".repeat(4097)).is_err());
    assert!(Query::parse(&FINDINGS, &"(".repeat(4096)).is_err());
    assert!(Query::parse(&PRODUCTS, "all:true").is_err());
}

#[test]
fn the_tables_hold_together() {
    for list in [&FINDINGS, &PRODUCTS, &COMPONENTS] {
        for field in list.fields {
            read(list, field.example);
            assert!(!field.about.is_empty(), "{}", field.name);
        }
        for flag in list.flags {
            let query = read(list, flag.word);
            assert_eq!(query, read(list, flag.term), "{}", flag.word);
            assert!(matches!(&query.root, Node::Term(term) if term.field.name != "text"));
        }
        for sort in list.sorts {
            read(list, &format!("sort:-{}", sort.name));
        }
    }
    // Numbers of the store, by their words.
    let query = read(&FINDINGS, "state:excepted");
    let Node::Term(term) = query.root else {
        panic!()
    };
    assert_eq!(
        (term.op, term.values.as_slice()),
        (Op::Is, &["excepted".to_owned()][..])
    );
    for word in findings::STATES {
        read(&FINDINGS, &format!("state:{word}"));
    }
}

#[test]
fn the_page_for_people_is_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/query.md");
    let page = std::fs::read_to_string(path).unwrap();
    let marker = "<!-- from the tables of crates/store/src/query/fields.rs -->\n\n";
    let (head, rest) = page.split_once(marker).unwrap();
    if std::env::var_os("STANCHION_BLESS").is_some() {
        std::fs::write(path, format!("{head}{marker}{}", reference())).unwrap();
        return;
    }
    assert!(
        rest == reference(),
        "docs/query.md is not of these tables: STANCHION_BLESS=1 cargo test -p stanchion-store the_page writes it"
    );
}

#[test]
fn the_next_word_is_suggested() {
    let texts = |text: &str| -> Vec<String> {
        complete(&FINDINGS, text, text.len())
            .into_iter()
            .map(|found| format!("{}{}", &text[..found.from], found.text))
            .collect()
    };
    assert_eq!(texts("kev sev"), ["kev severity:"]);
    assert_eq!(texts("-fix"), ["-fixable"]);
    assert_eq!(texts("severity:high,cr"), ["severity:high,critical"]);
    assert_eq!(texts("sort:d"), ["sort:due"]);
    assert_eq!(texts("(vector:remote"), ["(vector:remote-code-execution"]);
    assert_eq!(texts("product:"), ["product:\"my shop\""]);
    assert!(texts("product:\"my sh").is_empty());
    assert!(texts("").len() > 20);
    assert!(complete(&FINDINGS, "ää", 3).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "(severity|kev|is|due|age|id|product|owner|text|or|-|\\(|\\)|:|>=|<|,|\"|\\\\|high|7d|a\\*| |ä|pkg:){0,24}") {
        for list in [&FINDINGS, &PRODUCTS, &COMPONENTS] {
            match Query::parse(list, &text) {
                Ok(query) => {
                    let shown = query.to_string();
                    prop_assert_eq!(&Query::parse(list, &shown).unwrap(), &query, "{} -> {}", text, shown);
                }
                Err(error) => {
                    prop_assert!(text.is_char_boundary(error.at));
                    prop_assert!(!error.hint.is_empty());
                }
            }
            for at in 0..=text.len() {
                for found in complete(list, &text, at) {
                    prop_assert!(text.is_char_boundary(found.from) && found.from <= found.to && found.to <= at);
                }
            }
        }
    }

    #[test]
    fn any_value_comes_back(value in "\\PC{1,40}|[\\x00-\\x7f]{1,10}") {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let query = read(&FINDINGS, &format!("product:\"{escaped}\" \"{escaped}\""));
        prop_assert_eq!(Query::parse(&FINDINGS, &query.to_string()).unwrap(), query.clone());
        let Node::All(parts) = &query.root else { panic!() };
        for part in parts {
            let Node::Term(term) = part else { panic!() };
            prop_assert_eq!(&term.values, std::slice::from_ref(&value));
        }
    }
}

fn listed(fresh: &Fresh, text: &str, visible: &Visible) -> Vec<ListedFinding> {
    let query = read(&FINDINGS, text);
    let page = fresh
        .store
        .read(|tx| findings(tx, &query, visible, NOW, None, 1_000))
        .unwrap_or_else(|error| panic!("{}: {text}: {error}", fresh.name));
    assert_eq!(page.next, None);
    let counted = fresh
        .store
        .read(|tx| count(tx, &query, visible, NOW, 1_000))
        .unwrap();
    assert_eq!(
        counted,
        Counted::Exactly(page.rows.len()),
        "{}: {text}",
        fresh.name
    );
    page.rows
}

type Test = fn(&ListedFinding) -> bool;

/// What a list has to hold, said again in Rust.
const LISTS: &[(&str, Test)] = &[
    ("", |row| row.work),
    ("all:true", |_| true),
    ("severity>=high", |row| {
        row.work && row.finding.severity >= 3
    }),
    ("severity<high", |row| {
        row.work && (0..3).contains(&row.finding.severity)
    }),
    ("severity:low,unknown", |row| {
        row.work && [1, -1].contains(&row.finding.severity)
    }),
    ("-severity:low", |row| row.work && row.finding.severity != 1),
    ("score>=30.5", |row| row.work && row.finding.score >= 305),
    ("is:open", |row| row.work && row.finding.state == 0),
    ("is:overdue,excepted", |row| {
        row.work && [2, 3].contains(&row.finding.state)
    }),
    ("-is:excepted", |row| row.work && row.finding.state != 3),
    ("is:fixed", |row| !row.work && row.finding.state == 4),
    ("is:closed", |row| !row.work && row.finding.state >= 4),
    ("is:open all:true", |row| row.finding.state == 0),
    ("is:open,fixed", |row| [0, 4].contains(&row.finding.state)),
    ("kev", |row| row.work && row.finding.flags & flag::KEV != 0),
    ("kev:false", |row| {
        row.work && row.finding.flags & flag::KEV == 0
    }),
    ("fixable kev", |row| row.work && row.finding.flags & 3 == 3),
    ("vector:rce", |row| row.work && row.finding.vectors & 2 != 0),
    ("vector:malware,memory", |row| {
        row.work && row.finding.vectors & 5 != 0
    }),
    ("kind:malicious,licence", |row| {
        row.work && [1, 6].contains(&row.finding.kind)
    }),
    ("epss>10%", |row| row.work && row.finding.epss > 1_000),
    ("epss<=0.5", |row| {
        row.work && (0..=5_000).contains(&row.finding.epss)
    }),
    ("due:overdue", |row| {
        row.work && row.finding.due.is_some_and(|due| due < NOW)
    }),
    ("due<3d", |row| {
        row.work && row.finding.due.is_some_and(|due| due < NOW + 3 * DAY)
    }),
    ("due>=2026-03-02", |row| {
        row.work && row.finding.due.is_some_and(|due| due >= NOW + DAY)
    }),
    ("-due<3d", |row| {
        row.work && row.finding.due.is_none_or(|due| due >= NOW + 3 * DAY)
    }),
    ("new", |row| row.work && row.finding.first_seen >= NOW - DAY),
    ("age>20d", |row| {
        row.work && row.finding.first_seen < NOW - 20 * DAY
    }),
    ("product:\"my shop\"", |row| {
        row.work && row.product == "My Shop"
    }),
    ("product:\"my*\",pay", |row| {
        row.work && row.product != "Retail"
    }),
    ("-product:pay", |row| row.work && row.product != "Pay"),
    ("product:pay all:true", |row| row.product == "Pay"),
    ("tag:money", |row| row.work && row.product != "Pay"),
    ("below:\"my shop\"", |row| {
        row.work && row.product != "Retail"
    }),
    ("tier<=2 exposed:true", |row| {
        row.work && row.product != "Pay"
    }),
    ("version:2.0", |row| row.work && row.version == "2.0"),
    ("version:1.* all:true", |row| row.version == "1.0"),
    ("branch:main", |row| row.work),
    ("branch:other", |_| false),
    ("environment:production", |row| {
        row.work && row.product == "Pay" && row.version == "2.0"
    }),
    ("owner:team:1", |row| {
        row.work && row.finding.owner.as_deref() == Some("team:1")
    }),
    ("owner:team:1,team:2", |row| {
        row.work
            && row
                .finding
                .owner
                .as_deref()
                .is_some_and(|owner| owner != "team:3")
    }),
    ("unowned", |row| row.work && row.finding.owner.is_none()),
    ("owner:any", |row| row.work && row.finding.owner.is_some()),
    ("-owner:team:1", |row| {
        row.work && row.finding.owner.as_deref() != Some("team:1")
    }),
    ("id:cve-2021-1001", |row| {
        row.work && row.vulnerability == "CVE-2021-1001"
    }),
    ("id:GHSA-xxxx-0001-xxxx all:true", |row| {
        row.vulnerability == "CVE-2021-1001"
    }),
    ("cve:CVE-2021-*", |row| row.work),
    ("cwe:79", |row| {
        row.work
            && ["CVE-2021-1000", "CVE-2021-1002", "CVE-2021-1004"]
                .contains(&row.vulnerability.as_str())
    }),
    ("cwe:7", |_| false),
    ("component:LODASH", |row| {
        row.work && row.component == "lodash"
    }),
    ("component:lodash*", |row| {
        row.work && row.component.starts_with("lodash")
    }),
    ("purl:pkg:npm/lodash", |row| {
        row.work && row.component == "lodash"
    }),
    ("purl:pkg:npm/lodash@1.0", |row| {
        row.work && row.component == "lodash"
    }),
    ("purl:pkg:npm/lodash@1", |_| false),
    ("ecosystem:NPM", |row| {
        row.work && row.component != "Log4j-Core"
    }),
    ("licence:MIT", |row| row.work && row.component == "lodash"),
    ("exception:EX-1", |row| {
        row.work && row.finding.exception.is_some()
    }),
    ("exception:any", |row| {
        row.work && row.finding.exception.is_some()
    }),
    ("rule:rule-1 upgrade:none", |row| {
        row.work && row.finding.rule.as_deref() == Some("rule-1") && row.finding.upgrade.is_none()
    }),
    ("upgrade:2.0", |row| {
        row.work && row.finding.upgrade.is_some()
    }),
    ("scope:runtime", |row| row.work),
    ("scope:dev", |_| false),
    ("log4j", |row| row.work && row.component == "Log4j-Core"),
    ("CVE-2021-1001", |row| {
        row.work && row.vulnerability == "CVE-2021-1001"
    }),
    ("-lodash", |row| row.work && row.component == "Log4j-Core"),
    ("pkg:npm/lodash", |row| {
        row.work && row.component == "lodash"
    }),
    ("nothing-of-this-name", |_| false),
    ("kev or severity:critical", |row| {
        row.work && (row.finding.flags & 1 != 0 || row.finding.severity == 4)
    }),
    ("(log4j or id:CVE-2021-1002) -kev", |row| {
        row.work
            && (row.component == "Log4j-Core" || row.vulnerability == "CVE-2021-1002")
            && row.finding.flags & 1 == 0
    }),
    ("product:pay (is:fixed or kev) all:true", |row| {
        row.product == "Pay" && (row.finding.state == 4 || row.finding.flags & 1 != 0)
    }),
    ("sort:due", |row| row.work && row.finding.due.is_some()),
    ("sort:-due severity>=high", |row| {
        row.work && row.finding.due.is_some() && row.finding.severity >= 3
    }),
    ("sort:due product:pay", |row| {
        row.work && row.finding.due.is_some() && row.product == "Pay"
    }),
    ("sort:-first_seen kev", |row| {
        row.work && row.finding.flags & 1 != 0
    }),
    ("sort:epss", |row| row.work),
    ("sort:-score id:CVE-2021-1000,CVE-2021-1001", |row| {
        row.work && ["CVE-2021-1000", "CVE-2021-1001"].contains(&row.vulnerability.as_str())
    }),
];

fn place(text: &str, row: &ListedFinding) -> (i64, Id) {
    let by = match text {
        _ if text.contains("due") => row.finding.due.unwrap_or(i64::MAX),
        _ if text.contains("first_seen") => row.finding.first_seen,
        _ if text.contains("epss") => row.finding.epss,
        _ => row.finding.score,
    };
    (by, row.finding.id)
}

#[test]
fn lists_hold_what_they_should_in_order() {
    for fresh in stores() {
        fill(&fresh.store);
        let everything = listed(&fresh, "all:true", &Visible::All);
        assert_eq!(everything.len(), 72);
        let two = Visible::Products(vec![products::id_of("Pay"), products::id_of("Retail")]);
        for (text, test) in LISTS {
            for visible in [&Visible::All, &two] {
                let seen =
                    |row: &ListedFinding| *visible == Visible::All || row.product != "My Shop";
                let found = listed(&fresh, text, visible);
                let mut want: Vec<&ListedFinding> = everything
                    .iter()
                    .filter(|row| test(row) && seen(row))
                    .collect();
                // The order of what is sorted by, and not of what is filtered by.
                let sort = text.find("sort:").map_or("", |at| &text[at..]);
                want.sort_by_key(|row| place(sort, row));
                let rising = sort.contains("sort:-") != sort.contains("due");
                if !rising {
                    want.reverse();
                }
                let ids = |rows: Vec<&ListedFinding>| -> Vec<Id> {
                    rows.into_iter().map(|row| row.finding.id).collect()
                };
                assert_eq!(
                    ids(found.iter().collect()),
                    ids(want),
                    "{}: {text} {visible:?}",
                    fresh.name
                );
            }
        }
        assert!(listed(&fresh, "", &Visible::Products(Vec::new())).is_empty());
    }
}

#[test]
fn pages_join_and_cursors_are_of_one_query() {
    for fresh in stores() {
        fill(&fresh.store);
        for text in [
            "",
            "all:true",
            "sort:due",
            "sort:-epss",
            "product:pay",
            "log4j",
            "owner:team:1,team:2",
        ] {
            let query = read(&FINDINGS, text);
            let whole = listed(&fresh, text, &Visible::All);
            let mut joined = Vec::new();
            let mut cursor: Option<String> = None;
            loop {
                let page = fresh
                    .store
                    .read(|tx| findings(tx, &query, &Visible::All, NOW, cursor.as_deref(), 7))
                    .unwrap();
                joined.extend(page.rows);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
                let other = read(&FINDINGS, "kev");
                let wrong = fresh
                    .store
                    .read(|tx| findings(tx, &other, &Visible::All, NOW, cursor.as_deref(), 7));
                assert!(matches!(wrong, Err(ListError::Cursor)));
            }
            assert_eq!(joined, whole, "{}: {text}", fresh.name);
        }
        let query = read(&FINDINGS, "");
        for cursor in ["", "x", "////", "AAAA", &"A".repeat(9_999), "ää"] {
            let wrong = fresh
                .store
                .read(|tx| findings(tx, &query, &Visible::All, NOW, Some(cursor), 7));
            assert!(matches!(wrong, Err(ListError::Cursor)), "{cursor}");
        }
        let counted = fresh
            .store
            .read(|tx| count(tx, &query, &Visible::All, NOW, 10))
            .unwrap();
        assert_eq!(counted, Counted::AtLeast(10));
        let other = read(&PRODUCTS, "");
        let wrong = fresh
            .store
            .read(|tx| findings(tx, &other, &Visible::All, NOW, None, 7));
        assert!(matches!(wrong, Err(ListError::List { .. })));
    }
}

#[test]
fn filters_are_answered_from_an_index() {
    let fresh = stores().remove(0);
    assert_eq!(fresh.store.dialect(), Dialect::Sqlite);
    fill(&fresh.store);
    let two = Visible::Products(vec![products::id_of("Pay"), products::id_of("Retail")]);
    for (text, visible, index) in [
        (
            "severity>=high vector:rce fixable score<90 -is:excepted -due<7d",
            &Visible::All,
            "finding_work",
        ),
        ("kev severity:high", &Visible::All, "finding_kev"),
        (
            "product:pay vector:rce -due<7d -new kind:vulnerability",
            &Visible::All,
            "finding_product",
        ),
        ("below:\"my shop\"", &Visible::All, "finding_product"),
        ("owner:team:1", &Visible::All, "finding_owner"),
        ("severity:low fixable", &Visible::All, "finding_severity"),
        ("id:CVE-2021-1001", &two, "finding_vulnerability"),
        ("component:lodash", &Visible::All, "finding_component"),
        ("sort:due severity:high", &Visible::All, "finding_due"),
        ("sort:first_seen fixable", &Visible::All, "finding_new"),
        ("sort:epss", &Visible::All, "finding_epss"),
        ("is:fixed severity:high", &Visible::All, "finding_closed"),
    ] {
        let query = read(&FINDINGS, text);
        let lines = fresh
            .store
            .read(|tx| explain(tx, &query, visible, NOW))
            .unwrap();
        // Nothing else: no row is fetched, nothing is sorted.
        assert!(
            matches!(lines.as_slice(), [line] if line.contains(&format!("USING COVERING INDEX {index}"))),
            "{text}: {lines:?}"
        );
    }
}

/// Texts that somebody writes who means no good.
const HOSTILE: &[&str] = &[
    "'; DROP TABLE finding; --",
    "\"; DROP TABLE finding; --",
    "x') OR ('1'='1",
    "1; DELETE FROM product WHERE ''=''",
    "\\'; TRUNCATE finding; --",
    "?1 ?2 ??",
    "$1 $2",
    "{t}.id = {t}.id",
    "%",
    "_",
    "*",
    "\\",
    "\0",
    "a\0b",
    "\u{202e}x",
    "0x27",
    "CHAR(39)",
    "pkg:';DROP TABLE finding;--",
    "pkg:npm/%27%3B",
    "/*",
    "*/ OR 1=1 /*",
    "\u{10ffff}*",
    "NULL",
];

#[test]
fn hostile_texts_stay_texts() {
    for fresh in stores() {
        fill(&fresh.store);
        for hostile in HOSTILE {
            let quoted = format!("\"{}\"", hostile.replace('\\', "\\\\").replace('"', "\\\""));
            for field in FINDINGS
                .fields
                .iter()
                .map(|field| field.name)
                .chain(["text"])
            {
                let text = match field {
                    "text" => quoted.clone(),
                    field => format!("{field}:{quoted}"),
                };
                for text in [
                    text.clone(),
                    format!("-{text}"),
                    format!("({text} or kev) all:true"),
                ] {
                    let Ok(query) = Query::parse(&FINDINGS, &text) else {
                        continue;
                    };
                    fresh
                        .store
                        .read(|tx| findings(tx, &query, &Visible::All, NOW, None, 10))
                        .unwrap_or_else(|error| panic!("{}: {text}: {error}", fresh.name));
                }
            }
            for (list, fields) in [
                (&PRODUCTS, PRODUCTS.fields),
                (&COMPONENTS, COMPONENTS.fields),
            ] {
                for field in fields
                    .iter()
                    .map(|field| format!("{}:", field.name))
                    .chain([String::new()])
                {
                    let Ok(query) = Query::parse(list, &format!("{field}{quoted}")) else {
                        continue;
                    };
                    let rows = fresh.store.read(|tx| {
                        if *list == PRODUCTS {
                            list_products(tx, &query, &Visible::All, None, 10)
                                .map(|page| page.rows.len())
                        } else {
                            components(tx, &query, &Visible::All, None, 10)
                                .map(|page| page.rows.len())
                        }
                    });
                    rows.unwrap_or_else(|error| panic!("{}: {field}{quoted}: {error}", fresh.name));
                }
            }
            fresh
                .store
                .read(|tx| stanchion_store::search::affected(tx, hostile, &Visible::All))
                .unwrap_or_else(|error| panic!("{}: {hostile}: {error}", fresh.name));
        }
        let left = fresh
            .store
            .read(|tx| {
                tx.first(
                    "SELECT (SELECT COUNT(*) FROM finding), (SELECT COUNT(*) FROM product), (SELECT COUNT(*) FROM component)",
                    &[],
                    |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?)),
                )
            })
            .unwrap();
        assert_eq!(left, Some((72, 3, 3)), "{}", fresh.name);
    }
}

#[test]
fn products_and_components_are_listed() {
    for fresh in stores() {
        fill(&fresh.store);
        for (text, want) in [
            ("", &["My Shop", "Pay", "Retail"][..]),
            ("sort:-name", &["Retail", "Pay", "My Shop"]),
            ("shop", &["My Shop"]),
            ("name:p*", &["Pay"]),
            ("tag:money", &["My Shop", "Retail"]),
            ("-tag:money", &["Pay"]),
            ("below:\"my shop\"", &["My Shop", "Pay"]),
            ("environment:production", &["Pay"]),
            (
                "tier:2 exposed kind:own lifecycle:active",
                &["My Shop", "Retail"],
            ),
            ("owner:team:Pay or owner:none", &["Pay"]),
            ("bought", &[]),
        ] {
            let query = read(&PRODUCTS, text);
            let mut names = Vec::new();
            let mut cursor: Option<String> = None;
            loop {
                let page = fresh
                    .store
                    .read(|tx| list_products(tx, &query, &Visible::All, cursor.as_deref(), 1))
                    .unwrap();
                names.extend(page.rows.into_iter().map(|row| row.name));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(names, want, "{}: {text}", fresh.name);
        }
        let pay = Visible::Products(vec![products::id_of("Pay")]);
        let query = read(&PRODUCTS, "");
        let seen = fresh
            .store
            .read(|tx| list_products(tx, &query, &pay, None, 10))
            .unwrap();
        assert_eq!(seen.rows.len(), 1);
        for (text, want) in [
            ("", &["lodash", "lodash.merge", "Log4j-Core"][..]),
            ("sort:-name", &["Log4j-Core", "lodash.merge", "lodash"]),
            ("lod", &["lodash", "lodash.merge"]),
            ("name:log4j-core", &["Log4j-Core"]),
            ("purl:pkg:npm/lodash", &["lodash"]),
            ("ecosystem:maven", &["Log4j-Core"]),
            ("licence:MIT", &["lodash"]),
            ("direct product:pay", &["lodash"]),
            (
                "below:retail version:1.*",
                &["lodash", "lodash.merge", "Log4j-Core"],
            ),
            ("scope:dev", &[]),
        ] {
            let query = read(&COMPONENTS, text);
            let mut names = Vec::new();
            let mut cursor: Option<String> = None;
            loop {
                let page = fresh
                    .store
                    .read(|tx| components(tx, &query, &pay, cursor.as_deref(), 1))
                    .unwrap();
                names.extend(page.rows.into_iter().map(|row| row.name));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(names, want, "{}: {text}", fresh.name);
        }
    }
}
