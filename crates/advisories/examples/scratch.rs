use stanchion_advisories::*;
use stanchion_model::Ecosystem;
fn main() {
    let t = std::time::Instant::now();
    let path = std::env::args().nth(1).unwrap();
    let sources = import::find_sources(std::path::Path::new(&path)).unwrap();
    let bytes = import::build(&sources, "2026-11-24T00:00:00Z", &|_, _, _| {}).unwrap();
    eprintln!("built {} MB in {:?}", bytes.len() as f64 / 1e6, t.elapsed());
    std::fs::write("/tmp/test.idx", &bytes).unwrap();
    let t = std::time::Instant::now();
    let index = Index::open(std::path::Path::new("/tmp/test.idx")).unwrap();
    eprintln!("opened {:?} {}", t.elapsed(), index.snapshot());
    let meta = index.meta().unwrap();
    let i = meta.info("x"); eprintln!("{} {} {} {} {}", i.advisories, i.withdrawn, i.merged, i.refused, index.group_count());
    let mut m = Matcher::new(&index);
    let q = |e, n, v| Query { ecosystem: e, release: None, name: n, version: v };
    for (e, n, v) in [(Ecosystem::Maven, "org.apache.logging.log4j:log4j-core", "2.14.1"), (Ecosystem::Npm, "lodash", "4.17.15"), (Ecosystem::PyPi, "Django", "3.2.12")] {
        let hits = m.hits(&q(e, n, v)).unwrap();
        for h in &hits {
            let r = index.record(h.record).unwrap();
            let g: Vec<_> = index.groups_of(h.record).unwrap().iter().map(|g| index.group(*g).unwrap().id.to_owned()).collect();
            eprintln!("{} {} {:?} {:?} {} {:?} {:?}", n, r.id, g, h.range, h.comparator, h.fixed, r.title);
        }
        eprintln!("{n} clear: {:?}", m.upgrade(&q(e, n, v)).unwrap());
    }
    let t = std::time::Instant::now();
    let mut n = 0;
    for i in 0..1_000_000 { n += m.package(&q(Ecosystem::Npm, if i % 2 == 0 { "lodash" } else { "left-pad" }, "1")).unwrap().is_some() as usize; }
    eprintln!("{n} lookups {:?}", t.elapsed());
    eprintln!("{:?}", index.kev("CVE-2021-44228"));
    eprintln!("{:?}", index.find("ghsa-jfh8-c2jp-5v3q").unwrap().iter().map(|g| index.group(*g).unwrap()).collect::<Vec<_>>());
}
