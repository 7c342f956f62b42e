//! The user's file around our part.

use proptest::prelude::*;
use stanchion_model::exception::Exception;

use super::super::Tool;
use super::{Way, flats, for_id, sayable};

const TRIVY: Way = Way::File(Tool::Trivy);
const GRYPE: Way = Way::File(Tool::Grype);
const OSV: Way = Way::File(Tool::OsvScanner);
const DENY: Way = Way::File(Tool::CargoDeny);

/// Writes into a file, checks that the rest of it stays byte for byte, and that writing nothing and writing again both
/// lead back.
fn into(way: Way, existing: &str, exceptions: &[Exception]) -> String {
    let (file, _) = way
        .try_write(exceptions, Some(existing))
        .unwrap_or_else(|error| panic!("{error}\n{existing}"));
    let (head, rest) = file.split_once("# stanchion: begin\n").unwrap();
    let (_, tail) = rest.split_once("# stanchion: end\n").unwrap();
    let theirs = match existing.split_once("# stanchion: begin\n") {
        None => existing.to_owned(),
        Some((head, rest)) => format!("{head}{}", rest.split_once("# stanchion: end\n").unwrap().1),
    };
    assert_eq!(
        format!("{head}{tail}").trim_end(),
        theirs.trim_end(),
        "{file}"
    );
    let (again, _) = way.try_write(exceptions, Some(&file)).unwrap();
    assert_eq!(again, file);
    let (emptied, _) = way.try_write(&[], Some(&file)).unwrap();
    let (refilled, _) = way.try_write(exceptions, Some(&emptied)).unwrap();
    assert_eq!(refilled, file);
    file
}

fn fails(way: Way, existing: &str, want: &str) {
    let error = way
        .try_write(&[for_id("RUSTSEC-2024-0001")], Some(existing))
        .unwrap_err();
    assert!(error.contains(want), "{error}");
}

fn ids(way: Way, file: &str) -> Vec<String> {
    way.read(file)
        .exceptions
        .into_iter()
        .flat_map(|it| it.scope.ids)
        .collect()
}

#[test]
fn our_part_is_added_at_the_end() {
    for (way, theirs) in [
        (GRYPE, "# mine\nfail-on-severity: high"),
        (TRIVY, "\u{feff}secrets:\n  - id: aws-key\n"),
        (
            OSV,
            "GoVersionOverride = \"1.20\"\n[[IgnoredVulns]]\nid = \"CVE-7\"\n",
        ),
        (DENY, "[bans]\ndeny = [\"x\"]\n"),
        (Way::Plain, "# mine\nCVE-7\n"),
    ] {
        let file = into(way, theirs, &[for_id("RUSTSEC-2024-0001")]);
        assert!(
            ids(way, &file).contains(&"RUSTSEC-2024-0001".into()),
            "{file}"
        );
    }
}

#[test]
fn our_part_stands_in_a_list_where_its_lines_do() {
    let file = into(
        GRYPE,
        "ignore:\n    - vulnerability: CVE-1\n    # stanchion: begin\n    # stanchion: end\nquiet: true\n",
        &[for_id("CVE-2")],
    );
    assert_eq!(
        file,
        "ignore:\n    - vulnerability: CVE-1\n    # stanchion: begin\n    # Written by Stanchion into this list: change the exceptions there, what stands here is replaced.\n    # Exception EX-1; no expiry\n    - vulnerability: \"CVE-2\"\n      include-aliases: true\n    # stanchion: end\nquiet: true\n"
    );
    let file = into(
        GRYPE,
        "ignore:\n- vulnerability: CVE-1\n  # stanchion: begin\n# stanchion: end\n",
        &[for_id("CVE-2")],
    );
    assert_eq!(ids(GRYPE, &file), ["CVE-1", "CVE-2"]);
    let file = into(
        GRYPE,
        "ignore:\n  # stanchion: begin\n  # stanchion: end\n",
        &[for_id("CVE-2")],
    );
    assert_eq!(ids(GRYPE, &file), ["CVE-2"]);
    let file = into(
        DENY,
        "[advisories]\nignore = [\n  \"RUSTSEC-1\",\n  # stanchion: begin\n  # stanchion: end\n]\nyanked = \"deny\"\n",
        &[for_id("RUSTSEC-2")],
    );
    assert_eq!(ids(DENY, &file), ["RUSTSEC-1", "RUSTSEC-2"]);
    let file = into(
        TRIVY,
        "secrets:\n  - id: key\nvulnerabilities:\n  - id: CVE-1\n  # stanchion: begin\n  # stanchion: end\n",
        &[for_id("CVE-2-2"), for_id("AVD-DS-0002")],
    );
    assert_eq!(ids(TRIVY, &file), ["key", "CVE-1", "CVE-2-2"]);
    let (_, unsaid) = TRIVY
        .try_write(&[for_id("AVD-DS-0002")], Some(&file))
        .unwrap();
    assert!(
        unsaid[0].1.contains("it belongs in `misconfigurations`"),
        "{unsaid:?}"
    );
}

#[test]
fn where_it_cannot_stand_the_message_says_what_to_do() {
    fails(
        GRYPE,
        "quiet: true\nignore:\n  - vulnerability: CVE-1\n",
        "line 2 has a list `ignore` already",
    );
    fails(
        TRIVY,
        "vulnerabilities:\n  - id: CVE-1\n",
        "put the two lines `# stanchion: begin` and `# stanchion: end`",
    );
    fails(
        DENY,
        "[advisories]\nyanked = \"deny\"\n",
        "line 1 has `[advisories]` already",
    );
    fails(
        DENY,
        "[advisories]\nignore = []\n",
        "line 2 has `[advisories]` already",
    );
    fails(
        DENY,
        "[advisories]\nignore = [\n  \"RUSTSEC-1\"\n  # stanchion: begin\n  # stanchion: end\n]\n",
        "behind a comma where the notation wants one",
    );
    fails(
        GRYPE,
        "Ignore:\n  - vulnerability: CVE-1\n",
        "line 1 has a list `ignore` already",
    );
    fails(
        OSV,
        "[[ignoredvulns]]\nid = \"CVE-1\"\n",
        "line 1 has `ignoredvulns`, which OSV-Scanner takes for `IgnoredVulns`",
    );
    fails(
        OSV,
        "IgnoredVulns = []\n",
        "the file cannot be read any more",
    );
    fails(
        OSV,
        "# stanchion: begin\n# stanchion: end\nScanGoModVersion = true\n",
        "would change what the lines around it say",
    );
    fails(
        GRYPE,
        "ignore: []\n# stanchion: begin\n# stanchion: end\n",
        "to the end of the list",
    );
    fails(GRYPE, "quiet: [\n", "cannot be read as it is");
    fails(GRYPE, "CVE-1\nCVE-2\n", "not Grype's settings");
    fails(TRIVY, "CVE-1\nCVE-2\n", "is no .trivyignore.yaml");
    fails(TRIVY, "a: 1\n---\nb: 1\n", "a second document");
    for lines in [
        "# stanchion: begin\n",
        "# stanchion: end\n# stanchion: begin\n",
        "# stanchion: begin\n# stanchion: begin\n# stanchion: end\n",
    ] {
        for way in Way::ALL {
            fails(way, lines, "each stand once, in this order; found on line");
        }
    }
    // The two lines are a text here, and what looks like our part is the user's.
    for text in [
        "name: |\n  # stanchion: begin\n  # stanchion: end\nquiet: true\n",
        "name: |\n  x\n  # stanchion: begin\n  y\n  # stanchion: end\n",
        "name: \"\n  # stanchion: begin\n  y\n  # stanchion: end\"\n",
    ] {
        fails(GRYPE, text, "");
    }
    fails(
        OSV,
        "GoVersionOverride = \"\"\"\n# stanchion: begin\nx\n# stanchion: end\n\"\"\"\n",
        "are no comments of their own",
    );
}

#[test]
fn nothing_is_written_when_it_fails() {
    let mut out = Vec::new();
    let error = super::super::write(Tool::Grype, &[], Some("a: ["), &mut out).unwrap_err();
    assert_eq!(
        (error.kind(), out.len()),
        (std::io::ErrorKind::InvalidInput, 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever the user's file and wherever the two lines stand in it: it is refused, or all of it is still there and
    /// says the same.
    #[test]
    fn the_users_file_keeps_its_meaning(
        parts in proptest::collection::vec(proptest::sample::select(&[
            "ignore:\n", "  - vulnerability: CVE-7\n", "vulnerabilities:\n", "  - id: CVE-7\n", "quiet: true\n", "# x\n", "\n",
            "    reason: |\n", "      text\n", "[advisories]\n", "ignore = [\n", "  \"RUSTSEC-7\",\n", "]\n", "[[IgnoredVulns]]\n",
            "id = \"CVE-7\"\n", "reason = \"\"\"\n", "\"\"\"\n", "x = 1\n", "CVE-7\n", "---\n", "\r\n", "x: [\n", "]", "\u{feff}", "\r",
        ][..]), 0..8),
        at in 0..9usize,
        exception in sayable(),
    ) {
        let at = at.min(parts.len());
        let marked = format!("{}# stanchion: begin\n# stanchion: end\n{}", parts[..at].concat(), parts[at..].concat());
        for existing in [parts.concat(), marked] {
            for way in Way::ALL {
                let Ok((file, _)) = way.try_write(std::slice::from_ref(&exception), Some(&existing)) else { continue };
                let Ok((_, before)) = super::super::read(way.name(), existing.as_bytes()) else { continue };
                let (_, after) = super::super::read(way.name(), file.as_bytes()).unwrap();
                let (before, after) = (flats(&before.exceptions), flats(&after.exceptions));
                prop_assert!(before.is_subset(&after), "{:?}\n{}\n{}", way, existing, file);
            }
        }
    }

    #[test]
    fn no_file_panics(file in "\\PC*", structured in "[-\\[\\]{}:,&*!|>'\"#%@=. \\na-cE0-9]*") {
        for way in Way::ALL {
            for file in [&file, &structured] {
                let _ = super::super::read(way.name(), file.as_bytes());
                let _ = way.try_write(&[for_id("RUSTSEC-2024-0001")], Some(file));
            }
        }
        let _ = super::super::read("x", structured.as_bytes());
    }
}
