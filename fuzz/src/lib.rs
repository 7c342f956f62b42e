//! What the fuzz targets share.

use stanchion_advisories::import::{SourceFile, SourceKind, build};
use stanchion_formats::vex;
use stanchion_inventory::{ScanOptions, scan};
use stanchion_model::vex::VexFormat;
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

/// Reads bytes as a VEX document, and as the part of one that stands between two texts. What is read can be written in
/// every format, and what is written is read again with nothing refused.
pub fn vex(data: &[u8], before: &str, after: &str) {
    let publisher = vex::Publisher {
        author: "fuzz",
        role: None,
        namespace: "https://example.com",
        stamp: "2024-01-01T00:00:00Z",
        version: 1,
    };
    for bytes in [data.to_vec(), [before.as_bytes(), data, after.as_bytes()].concat()] {
        let Ok(document) = vex::read(&bytes) else { continue };
        for format in [VexFormat::OpenVex, VexFormat::Csaf, VexFormat::CycloneDx] {
            let mut out = Vec::new();
            if vex::write(format, &document.statements, &publisher, &mut out).is_ok() {
                let again = vex::read(&out).expect("what is written is read");
                assert!(again.refused.is_empty(), "{:?}", again.refused);
            }
        }
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
