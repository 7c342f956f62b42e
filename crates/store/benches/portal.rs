//! How fast the portal's lists and its search answer, on data as an organisation has it, on both databases.
//!
//!     cargo bench -p stanchion-store --bench portal -- --findings 100000
//!
//! `--findings N` (100,000), `--rounds N` of each list (60), `--postgres URL` of an empty database in place of a server
//! that is started for this, `--only sqlite|postgres`, `--data FOLDER` where the embedded store is made (a temporary
//! folder; one that is there already is used again), `--explain` to see what the databases do.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for whoever measures"
)]

#[path = "portal/generate.rs"]
mod generate;

use std::time::{Duration, Instant};

use generate::{Data, NOW};
use stanchion_store::query::{FINDINGS, Query, Visible, count, explain, findings};
use stanchion_store::{Address, Dialect, Id, Store, search};

struct Options {
    findings: usize,
    rounds: usize,
    postgres: Option<String>,
    only: Option<String>,
    data: Option<std::path::PathBuf>,
    explain: bool,
}

fn options() -> Options {
    let mut options = Options {
        findings: 100_000,
        rounds: 60,
        postgres: None,
        only: None,
        data: None,
        explain: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_default();
        match word.as_str() {
            "--findings" => options.findings = value().replace('_', "").parse().unwrap(),
            "--rounds" => options.rounds = value().parse().unwrap(),
            "--postgres" => options.postgres = Some(value()),
            "--only" => options.only = Some(value()),
            "--data" => options.data = Some(value().into()),
            "--explain" => options.explain = true,
            // What cargo says to every bench.
            "--bench" => {}
            other => {
                eprintln!("unknown: {other}");
                std::process::exit(2);
            }
        }
    }
    options
}

fn main() {
    let options = options();
    let data = Data::new(options.findings);
    let only = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    if only("sqlite") {
        let temporary = tempfile::tempdir().unwrap();
        let folder = options
            .data
            .clone()
            .unwrap_or_else(|| temporary.path().to_owned());
        let there = folder.join(stanchion_store::FILE).is_file();
        let store = Store::at(&Address::Folder(folder), 2).unwrap();
        if !there {
            fill(&data, &store, &|_| {});
        }
        report("SQLite", &store, &data, &options);
    }
    if only("postgres") {
        let url = options.postgres.clone().or_else(|| {
            stanchion_store::testing::cluster().map(stanchion_store::testing::Cluster::database)
        });
        let Some(url) = url else {
            println!("PostgreSQL: no server here; give --postgres URL");
            return;
        };
        let store = Store::at(&Address::Postgres(url.clone(), None), 2).unwrap();
        fill(&data, &store, &|sql| {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
            client.batch_execute(sql).unwrap();
        });
        report("PostgreSQL", &store, &data, &options);
    }
}

fn fill(data: &Data, store: &Store, outside: &dyn Fn(&str)) {
    let start = Instant::now();
    let written = data.write(store);
    // What the databases do by themselves from time to time.
    match store.dialect() {
        Dialect::Sqlite => store.write(|tx| tx.batch("ANALYZE")).unwrap(),
        Dialect::Postgres => outside("VACUUM ANALYZE"),
    }
    eprintln!(
        "{written} findings, {} products, {} versions, {} vulnerabilities written in {:.1} s",
        data.products(),
        data.versions(),
        data.vulnerabilities(),
        start.elapsed().as_secs_f64()
    );
}

/// Asks `rounds` times, each time for something else, and prints a row.
fn measure(name: &str, rounds: usize, mut ask: impl FnMut(usize) -> usize) {
    let mut times = Vec::with_capacity(rounds);
    let mut rows = 0;
    for round in 0..rounds {
        let start = Instant::now();
        rows += ask(round);
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    let show = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1_000.0);
    println!(
        "| {name} | {:.1} | {} | {} | {} |",
        rows as f64 / rounds as f64,
        show(at(50)),
        show(at(95)),
        show(at(100))
    );
}

/// A list: its name, its query for a round, and who asks.
type Shape<'a> = (&'static str, Box<dyn Fn(usize) -> String + 'a>, Visible);

/// A search: its name, what is looked for in a round, and who asks.
type Search<'a> = (&'static str, Box<dyn Fn(usize) -> String + 'a>, &'a Visible);

fn shapes(data: &Data) -> Vec<Shape<'_>> {
    let fixed =
        |text: &'static str| -> Box<dyn Fn(usize) -> String> { Box::new(move |_| text.to_owned()) };
    let some = |size: usize| {
        Visible::Products(
            (0..size)
                .map(|at| data.product_id(at * 7 % data.products()))
                .collect::<Vec<Id>>(),
        )
    };
    vec![
        ("work list", fixed(""), Visible::All),
        ("severity>=high", fixed("severity>=high"), Visible::All),
        ("kev", fixed("kev"), Visible::All),
        (
            "vector:rce fixable",
            fixed("vector:rce fixable"),
            Visible::All,
        ),
        (
            "product:X",
            Box::new(|round| {
                format!(
                    "product:{}",
                    data.product_name(round * 13 % data.products())
                )
            }),
            Visible::All,
        ),
        (
            "below:X",
            Box::new(|round| format!("below:{}", data.product_name(round % 10))),
            Visible::All,
        ),
        (
            "owner:X",
            Box::new(|round| format!("owner:{}", data.owner(round))),
            Visible::All,
        ),
        ("due<7d", fixed("due<7d"), Visible::All),
        ("new", fixed("new"), Visible::All),
        (
            "id:X",
            Box::new(|round| {
                format!(
                    "id:{}",
                    data.vulnerability_name(round * round * round % data.vulnerabilities())
                )
            }),
            Visible::All,
        ),
        (
            "component:X",
            Box::new(|round| format!("component:{}", data.package_name(round * round))),
            Visible::All,
        ),
        (
            "epss>50% severity:critical",
            fixed("epss>50% severity:critical"),
            Visible::All,
        ),
        ("viewer of 20 products", fixed(""), some(20)),
        ("viewer of 20: kev fixable", fixed("kev fixable"), some(20)),
        (
            "viewer of 1,000: severity:low",
            fixed("severity:low"),
            some(1_000),
        ),
        ("severity:low", fixed("severity:low"), Visible::All),
        (
            "is:overdue tag:X",
            Box::new(|round| format!("is:overdue tag:tag-{}", round % 20)),
            Visible::All,
        ),
        (
            "environment:production tier<=2 kev",
            fixed("environment:production tier<=2 kev"),
            Visible::All,
        ),
        (
            "ecosystem:npm -is:excepted unowned",
            fixed("ecosystem:npm -is:excepted unowned"),
            Visible::All,
        ),
        ("kind:malicious", fixed("kind:malicious"), Visible::All),
        (
            "text",
            Box::new(|round| data.package_name(round * 3)[..5].to_owned()),
            Visible::All,
        ),
        (
            "cwe:79 severity:high",
            fixed("cwe:79 severity:high"),
            Visible::All,
        ),
        (
            "sort:due",
            fixed("sort:due severity:critical"),
            Visible::All,
        ),
        ("sort:first_seen", fixed("sort:first_seen"), Visible::All),
        (
            "sort:epss fixable",
            fixed("sort:epss fixable"),
            Visible::All,
        ),
        (
            "is:fixed product:X",
            Box::new(|round| {
                format!(
                    "is:fixed product:{}",
                    data.product_name(round * 17 % data.products())
                )
            }),
            Visible::All,
        ),
        (
            "all:true id:X",
            Box::new(|round| format!("all:true id:{}", data.vulnerability_name(round))),
            Visible::All,
        ),
        ("is:fixed", fixed("is:fixed"), Visible::All),
    ]
}

fn report(name: &str, store: &Store, data: &Data, options: &Options) {
    println!("\n{name}, {} findings\n", options.findings);
    println!("| list | rows | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|");
    let shapes = shapes(data);
    for (shape, text, visible) in &shapes {
        measure(shape, options.rounds, |round| {
            let query = Query::parse(&FINDINGS, &text(round)).unwrap();
            store
                .read(|tx| findings(tx, &query, visible, NOW, None, 50))
                .unwrap()
                .rows
                .len()
        });
    }
    let query = Query::parse(&FINDINGS, "").unwrap();
    let mut cursor = None;
    for _ in 0..19 {
        let page = store
            .read(|tx| findings(tx, &query, &Visible::All, NOW, cursor.as_deref(), 50))
            .unwrap();
        cursor = page.next;
    }
    measure("work list, page 20", options.rounds, |_| {
        store
            .read(|tx| findings(tx, &query, &Visible::All, NOW, cursor.as_deref(), 50))
            .unwrap()
            .rows
            .len()
    });
    for text in ["", "kev", "severity>=high fixable", "id:CVE-2010-1000"] {
        let query = Query::parse(&FINDINGS, text).unwrap();
        measure(&format!("count `{text}`"), options.rounds, |_| {
            store
                .read(|tx| count(tx, &query, &Visible::All, NOW, 1_000))
                .map(|_| 1)
                .unwrap()
        });
    }
    println!("\n| search | rows | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|");
    let viewer = Visible::Products((0..20).map(|at| data.product_id(at)).collect());
    let searches: Vec<Search<'_>> = vec![
        (
            "vulnerability everywhere",
            Box::new(|_| data.vulnerability_name(0)),
            &Visible::All,
        ),
        (
            "vulnerability",
            Box::new(|round| data.vulnerability_name(round * 101 % data.vulnerabilities())),
            &Visible::All,
        ),
        (
            "vulnerability, viewer of 20",
            Box::new(|round| data.vulnerability_name(round)),
            &viewer,
        ),
        (
            "vulnerability nobody has",
            Box::new(|round| format!("CVE-1999-{round}")),
            &Visible::All,
        ),
        ("purl", Box::new(|round| data.purl(round, 0)), &Visible::All),
        (
            "purl without version",
            Box::new(|round| data.package_purl(round)),
            &Visible::All,
        ),
        (
            "component",
            Box::new(|round| data.package_name(round).to_uppercase()),
            &Visible::All,
        ),
        (
            "begins with",
            Box::new(|round| data.package_name(round)[..3].to_owned()),
            &Visible::All,
        ),
        ("licence", Box::new(|_| "MIT".to_owned()), &Visible::All),
        (
            "product",
            Box::new(|round| data.product_name(round)),
            &Visible::All,
        ),
    ];
    for (shape, text, visible) in &searches {
        measure(shape, options.rounds, |round| {
            let answer = store
                .read(|tx| search::affected(tx, &text(round), visible))
                .unwrap();
            answer.parts.iter().map(|part| part.rows.len()).sum()
        });
    }
    if options.explain {
        for (shape, text, visible) in &shapes {
            let query = Query::parse(&FINDINGS, &text(1)).unwrap();
            let lines = store.read(|tx| explain(tx, &query, visible, NOW)).unwrap();
            println!("\n{shape}: {}\n  {}", text(1), lines.join("\n  "));
        }
    }
}
