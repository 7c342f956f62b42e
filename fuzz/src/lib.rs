//! What the fuzz targets share.

use stanchion_advisories::import::{SourceFile, SourceKind, build};
use stanchion_inventory::{ScanOptions, scan};
use stanchion_tree::{Limits, Tree};

/// Hands bytes to one reader, as `--as` does.
pub fn extract(id: &str, data: &[u8]) {
    let tree = Tree::of_bytes("input", data.to_vec(), Limits::default());
    let limits = stanchion_syntax::Limits { nodes: 200_000, ..Default::default() };
    let options = ScanOptions { read_as: Some(id.to_owned()), limits, ..ScanOptions::default() };
    let inventory = scan(&tree, "input", &options).expect("bytes can always be walked");
    // A reader that panics ends the process here: libFuzzer's hook comes before any catching of the panic.
    for component in &inventory.components {
        assert!(component.dependencies.iter().all(|id| (*id as usize) < inventory.components.len()));
    }
}

/// A database with a handful of records.
pub fn small_index() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..20 {
        let text = format!(
            r#"{{"id":"GHSA-{number}","aliases":["CVE-2021-{}"],"modified":"2021-01-01T00:00:00Z","summary":"x","details":"text {number}",
            "affected":[{{"package":{{"ecosystem":"npm","name":"p{}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"1.{number}.0"}}]}}],"versions":["2.0.{number}"]}},
            {{"package":{{"ecosystem":"Debian:12","name":"d"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"last_affected":"1.{number}-1"}}]}}]}}]}}"#,
            number / 2,
            number % 5,
        );
        std::fs::write(folder.path().join(format!("{number}.json")), text).expect("a file");
    }
    let source = SourceFile { kind: SourceKind::Osv, name: "npm".into(), path: folder.path().to_owned() };
    build(&[source], "2021-01-01T00:00:00Z", &|_, _, _| {}).expect("a database")
}
