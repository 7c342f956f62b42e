use std::collections::{BTreeMap, BTreeSet};
use stanchion_inventory::{ScanOptions, scan};
use stanchion_tree::{Limits, Tree};
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|a| a == "-v");
    for target in args.iter().filter(|a| *a != "-v") {
        let tree = Tree::open(std::path::Path::new(target), Limits::default()).unwrap();
        let mut best = u128::MAX;
        let mut inventory = None;
        for _ in 0..7 { let t = std::time::Instant::now(); inventory = Some(scan(&tree, target, &ScanOptions::default()).unwrap()); best = best.min(t.elapsed().as_micros()); }
        let inv = inventory.unwrap();
        let mut kinds: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for c in &inv.components { let p = c.purl.to_string(); let p = p.split(['?', '#']).next().unwrap().to_owned(); kinds.entry(c.purl.purl_type()).or_default().insert(p); }
        println!("{target}: {best} us, {} components, {:?}, {} problems, {} facts", inv.components.len(), kinds.iter().map(|(k, v)| (*k, v.len())).collect::<Vec<_>>(), inv.problems.len(), inv.facts.len());
        if verbose {
            for p in &inv.problems { println!("  P {}:{} {}", p.path, p.line.unwrap_or(0), p.reason); }
            for p in &inv.facts { println!("  F {} {} {:?}", p.kind, p.value, p.location); }
            for c in &inv.components { println!("  C {} {:?} {:?} {:?} {:?} needs {}", c.purl, c.scope, c.direct, c.origin, c.locations.first(), c.dependencies.len()); }
        }
    }
}
