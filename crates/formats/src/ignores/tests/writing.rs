//! What is written, to the letter, and what is named instead.

use stanchion_model::exception::Exception;

use super::super::Tool;
use super::{Way, for_id};

/// One exception with all that a tool could be told.
fn full() -> Exception {
    let mut exception = for_id("CVE-2024-1234");
    exception.id = "EX-2026-014".into();
    exception.scope.ids.push("AVD-DS-0002".into());
    exception.scope.paths = vec!["web/**".into()];
    exception.reason = Some("say \"no\": # 1".into());
    exception.approver = Some("Ann\n# stanchion: end".into());
    exception.expires = Some("2026-12-31".into());
    exception
}

#[test]
fn trivy() {
    let mut exception = full();
    exception.scope.ids.truncate(1);
    exception.scope.purl = Some("pkg:npm/%40babel/core".into());
    exception.scope.versions = Some("7.0.0".into());
    let (file, unsaid) = Way::File(Tool::Trivy).write(&[full(), exception]);
    assert_eq!(unsaid, []);
    assert_eq!(
        file,
        "\
# stanchion: begin
# Written by Stanchion: change the exceptions there, what stands here is replaced.
vulnerabilities:
  # Exception EX-2026-014; approver: Ann\u{fffd}# stanchion: end; expires: 2026-12-31
  - id: \"CVE-2024-1234\"
    paths:
      - \"web/**\"
    expired_at: 2027-01-01
    statement: \"say \\\"no\\\": # 1\"
  # Exception EX-2026-014; approver: Ann\u{fffd}# stanchion: end; expires: 2026-12-31
  - id: \"CVE-2024-1234\"
    paths:
      - \"web/**\"
    purls:
      - \"pkg:npm/%40babel/core@7.0.0\"
    expired_at: 2027-01-01
    statement: \"say \\\"no\\\": # 1\"
misconfigurations:
  # Exception EX-2026-014; approver: Ann\u{fffd}# stanchion: end; expires: 2026-12-31
  - id: \"AVD-DS-0002\"
    paths:
      - \"web/**\"
    expired_at: 2027-01-01
    statement: \"say \\\"no\\\": # 1\"
# stanchion: end
"
    );
}

#[test]
fn trivyignore() {
    let mut exception = full();
    exception.scope.paths.clear();
    exception.reason = Some("one\n two\u{1b}".into());
    let (file, unsaid) = Way::Plain.write(&[exception]);
    assert_eq!(
        unsaid,
        [(
            "EX-2026-014".into(),
            "written, but control characters in its reason are replaced".into()
        )]
    );
    assert_eq!(
        file,
        "\
# stanchion: begin
# Written by Stanchion: change the exceptions there, what stands here is replaced.
# Exception EX-2026-014; approver: Ann\u{fffd}# stanchion: end; expires: 2026-12-31
# > one
# >  two\u{fffd}
CVE-2024-1234 exp:2027-01-01
AVD-DS-0002 exp:2027-01-01
# stanchion: end
"
    );
}

#[test]
fn grype() {
    let mut exception = full();
    exception.expires = None;
    exception.scope.purl = Some("pkg:npm/%40babel/core".into());
    exception.scope.versions = Some("1.10".into());
    let (file, unsaid) = Way::File(Tool::Grype).write(&[exception]);
    assert_eq!(unsaid, []);
    let rule = |id: &str| {
        format!(
            "  # Exception EX-2026-014; approver: Ann\u{fffd}# stanchion: end; no expiry
  - vulnerability: \"{id}\"
    include-aliases: true
    reason: \"say \\\"no\\\": # 1\"
    package:
      name: \"@babel/core\"
      version: \"1.10\"
      type: \"npm\"
      location: \"/web/**\"
"
        )
    };
    assert_eq!(
        file,
        format!(
            "# stanchion: begin\n# Written by Stanchion: change the exceptions there, what stands here is replaced.\nignore:\n{}{}# stanchion: end\n",
            rule("CVE-2024-1234"),
            rule("AVD-DS-0002")
        )
    );
}

#[test]
fn osv_scanner() {
    let mut exception = full();
    exception.scope.paths.clear();
    exception.scope.ids.truncate(1);
    let mut second = for_id("CVE-2");
    second.expires = Some("2026-12-31T12:00:00+02:00".into());
    let (file, unsaid) = Way::File(Tool::OsvScanner).write(&[exception, second]);
    assert_eq!(unsaid, []);
    assert_eq!(
        file,
        "\
# stanchion: begin
# Written by Stanchion: change the exceptions there, what stands here is replaced.
# Exception EX-2026-014; approver: Ann\u{fffd}# stanchion: end; expires: 2026-12-31
[[IgnoredVulns]]
id = \"CVE-2024-1234\"
ignoreUntil = 2027-01-01T00:00:00Z
reason = \"say \\\"no\\\": # 1\"

# Exception EX-1; expires: 2026-12-31T12:00:00+02:00
[[IgnoredVulns]]
id = \"CVE-2\"
ignoreUntil = 2026-12-31T12:00:00+02:00
# stanchion: end
"
    );
}

#[test]
fn cargo_deny() {
    let mut one_crate = for_id("RUSTSEC-2023-0071");
    one_crate.scope.purl = Some("pkg:cargo/rsa".into());
    one_crate.reason = Some("no private keys\n\"]".into());
    let mut withdrawn = for_id("yanked");
    withdrawn.scope.purl = Some("pkg:cargo/x".into());
    withdrawn.scope.versions = Some("1.2.3".into());
    let (file, unsaid) = Way::File(Tool::CargoDeny).write(&[one_crate, withdrawn]);
    assert_eq!(unsaid, [("EX-1".into(), "written, but RUSTSEC-2023-0071 without `pkg:cargo/rsa`: the advisory is about one crate".into())]);
    assert_eq!(
        file,
        "\
# stanchion: begin
# Written by Stanchion: change the exceptions there, what stands here is replaced.
[advisories]
ignore = [
    # Exception EX-1; no expiry
    { id = \"RUSTSEC-2023-0071\", reason = \"no private keys\\n\\\"]\" },
    # Exception EX-1; no expiry
    { crate = \"x@1.2.3\", reason = \"\" },
]
# stanchion: end
"
        .replace(", reason = \"\"", "")
    );
}

#[test]
fn nothing_to_write_is_an_empty_part() {
    for way in Way::ALL {
        let (file, unsaid) = way.write(&[]);
        assert_eq!(file.lines().count(), 3, "{file}");
        assert_eq!((unsaid.len(), way.read(&file).exceptions.len()), (0, 0));
    }
}

/// Applies a change to an exception for one id and gives what is named of it, which is all of it.
fn named(way: Way, id: &str, change: impl Fn(&mut Exception)) -> String {
    let mut exception = for_id(id);
    change(&mut exception);
    let (file, unsaid) = way.write(&[exception]);
    assert_eq!(file.lines().count(), 3, "{file}");
    assert_eq!(unsaid.len(), 1, "{unsaid:?}");
    unsaid[0].1.clone()
}

#[test]
fn what_no_tool_can_be_told_is_named() {
    for way in Way::ALL {
        let id = "RUSTSEC-2024-0001";
        for (want, said) in [
            (
                "not written: it names no vulnerability",
                named(way, id, |it| it.scope.ids.clear()),
            ),
            (
                "the rules of our policy",
                named(way, id, |it| {
                    it.scope.rules.push("components/denied".into());
                }),
            ),
            (
                "for the product `shop` only",
                named(way, id, |it| it.scope.product = Some("shop".into())),
            ),
            (
                "its expiry `soon` is neither",
                named(way, id, |it| it.expires = Some("soon".into())),
            ),
            (
                "is a range",
                named(way, id, |it| {
                    it.scope.purl = Some("pkg:cargo/x".into());
                    it.scope.versions = Some("vers:cargo/>=1|<2".into());
                }),
            ),
            (
                "a version of no one package",
                named(way, id, |it| it.scope.versions = Some("1".into())),
            ),
            (
                "a version of no one package",
                named(way, id, |it| {
                    it.scope.purl = Some("pkg:cargo/*".into());
                    it.scope.versions = Some("1".into());
                }),
            ),
            (
                "its purl `x`",
                named(way, id, |it| it.scope.purl = Some("x".into())),
            ),
            (
                "has a version, which belongs",
                named(way, id, |it| it.scope.purl = Some("pkg:npm/x@1".into())),
            ),
            (
                "a\u{fffd}b: not written: it is no id",
                named(way, "a\nb", |_| ()),
            ),
            ("a b: not written: it is no id", named(way, "a b", |_| ())),
        ] {
            assert!(said.contains(want), "{way:?}: {said}");
        }
    }
}

#[test]
fn what_one_tool_cannot_be_told_is_named() {
    let (trivy, plain) = (Way::File(Tool::Trivy), Way::Plain);
    let (grype, osv, deny) = (
        Way::File(Tool::Grype),
        Way::File(Tool::OsvScanner),
        Way::File(Tool::CargoDeny),
    );
    let purl = |purl: &'static str| move |it: &mut Exception| it.scope.purl = Some(purl.into());
    let path = |path: &'static str| move |it: &mut Exception| it.scope.paths.push(path.into());
    let end = |end: &'static str| move |it: &mut Exception| it.expires = Some(end.into());
    for (want, said) in [
        (
            "the purl of one package",
            named(trivy, "CVE-1-1", purl("pkg:npm/*")),
        ),
        (
            "for vulnerabilities only",
            named(trivy, "AVD-DS-0002", purl("pkg:npm/x")),
        ),
        (
            "may read the path `a{b}`",
            named(trivy, "CVE-1-1", path("a{b}")),
        ),
        (
            "may read the path `/a`",
            named(trivy, "CVE-1-1", path("/a")),
        ),
        ("no day after", named(trivy, "CVE-1-1", end("9999-12-31"))),
        (
            "limited to a package",
            named(plain, "CVE-1-1", purl("pkg:npm/x")),
        ),
        ("limited to paths", named(plain, "CVE-1-1", path("a"))),
        (
            "knows days only",
            named(plain, "CVE-1-1", end("2026-01-01T10:00:00Z")),
        ),
        ("would be a comment", named(plain, "#1", |_| ())),
        (
            "it ends (2026-01-01), and a rule of Grype's never does",
            named(grype, "CVE-1-1", end("2026-01-01")),
        ),
        (
            "the group of",
            named(grype, "CVE-1-1", purl("pkg:maven/g/a")),
        ),
        (
            "the distribution of",
            named(grype, "CVE-1-1", purl("pkg:deb/debian/openssl")),
        ),
        (
            "no name that is exactly",
            named(grype, "CVE-1-1", purl("pkg:generic/x")),
        ),
        (
            "qualifiers or the path",
            named(grype, "CVE-1-1", purl("pkg:npm/x?repository_url=y")),
        ),
        (
            "a regular expression",
            named(grype, "CVE-1-1", purl("pkg:npm/x%2B")),
        ),
        (
            "cannot be told `pkg:npm/%40a/*`",
            named(grype, "CVE-1-1", purl("pkg:npm/%40a/*")),
        ),
        (
            "may read the path `a[b]`",
            named(grype, "CVE-1-1", path("a[b]")),
        ),
        (
            "one vulnerability for one package",
            named(osv, "CVE-1-1", purl("pkg:npm/x")),
        ),
        ("for some paths only", named(osv, "CVE-1-1", path("a"))),
        ("by their RustSec ids", named(deny, "CVE-1-1", |_| ())),
        (
            "an entry of cargo-deny's never does",
            named(deny, "RUSTSEC-2024-1", end("2026-01-01")),
        ),
        (
            "does not know paths",
            named(deny, "RUSTSEC-2024-1", path("a")),
        ),
        (
            "is no crate",
            named(deny, "RUSTSEC-2024-1", purl("pkg:npm/x")),
        ),
        (
            "cannot be told `pkg:cargo/x*`",
            named(deny, "RUSTSEC-2024-1", purl("pkg:cargo/x*")),
        ),
        ("for one crate only", named(deny, "yanked", |_| ())),
        (
            "for one version only",
            named(deny, "RUSTSEC-2024-1", |it| {
                it.scope.purl = Some("pkg:cargo/x".into());
                it.scope.versions = Some("1.2.3".into());
            }),
        ),
        (
            "`1.2` is not one version",
            named(deny, "yanked", |it| {
                it.scope.purl = Some("pkg:cargo/x".into());
                it.scope.versions = Some("1.2".into());
            }),
        ),
    ] {
        assert!(
            said.contains(want) && said.contains("not written: "),
            "{want}: {said}"
        );
    }
}

#[test]
fn the_first_entry_of_an_id_counts_for_osv_scanner() {
    let mut second = for_id("CVE-1");
    second.id = "EX-2".into();
    let (file, unsaid) = Way::File(Tool::OsvScanner).write(&[for_id("CVE-1"), second]);
    assert_eq!(file.matches("CVE-1").count(), 1);
    assert_eq!(unsaid, [("EX-2".into(), "CVE-1: not written: exception `EX-1` has an entry for it, and OSV-Scanner heeds the first only".into())]);
    let theirs = "[[IgnoredVulns]]\nid = \"CVE-1\"\nignoreUntil = 2020-01-01\n";
    let (_, unsaid) = Way::File(Tool::OsvScanner)
        .try_write(&[for_id("CVE-1")], Some(theirs))
        .unwrap();
    assert!(
        unsaid[0].1.contains("line 1 of the file has an entry"),
        "{unsaid:?}"
    );
}
