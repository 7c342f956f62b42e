//! Files as people write them, entry by entry: what is read of them, and what is refused or lost, with its line.

use stanchion_model::exception::ForeignExceptions;

use super::super::{IgnoreError, Tool, read};

/// A file's exceptions as `line id purl versions [paths] end: reason`, refusals as `line! reason`, losses as `line~ reason`.
fn told(found: &ForeignExceptions) -> Vec<String> {
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let mut all: Vec<String> = found
        .exceptions
        .iter()
        .map(|it| {
            assert_eq!(
                (it.id.as_str(), &it.approver, &it.scope.product),
                ("", &None, &None)
            );
            format!(
                "{} {} {} {} {:?} {}: {}",
                it.line,
                it.scope.ids.join(","),
                dash(&it.scope.purl),
                dash(&it.scope.versions),
                it.scope.paths,
                dash(&it.expires),
                dash(&it.reason)
            )
        })
        .collect();
    all.extend(
        found
            .refused
            .iter()
            .map(|(line, why)| format!("{line}! {why}")),
    );
    all.extend(
        found
            .lossy
            .iter()
            .map(|(line, why)| format!("{line}~ {why}")),
    );
    all
}

/// Reads a file and compares: each line of `want` is the beginning of what is told.
fn check(name: &str, file: &str, want: &[&str]) {
    let (_, found) = read(name, file.as_bytes()).unwrap();
    let told = told(&found);
    let fits = told.len() == want.len()
        && told
            .iter()
            .zip(want)
            .all(|(told, want)| told.starts_with(want));
    assert!(fits, "{name}\n{file}\n{told:#?}");
}

#[test]
fn trivy() {
    check(
        ".trivyignore.yaml",
        "vulnerabilities:\n  - id: CVE-2022-40897\n    paths:\n      - \"usr/lib/**\"\n    statement: 'Accept: the risk'\n  - id: CVE-2023-3817\n    purls: [pkg:deb/debian/libssl1.1, \"pkg:golang/github.com/x/aaa@9.9.9\"]\n  - {id: CVE-2023-29491, expired_at: 2023-09-01}\nmisconfigurations:\n  - id: AVD-DS-0002\n    paths: [docs/Dockerfile]\nsecrets:\n  - id: aws-access-key-id\n",
        &[
            r#"2 CVE-2022-40897 - - ["usr/lib/**"] -: Accept: the risk"#,
            "6 CVE-2023-3817 pkg:deb/debian/libssl1.1 - [] -: -",
            "6 CVE-2023-3817 pkg:golang/github.com/x/aaa 9.9.9 [] -: -",
            "8 CVE-2023-29491 - - [] 2023-08-31: -",
            r#"10 AVD-DS-0002 - - ["docs/Dockerfile"] -: -"#,
            "13 aws-access-key-id - - [] -: -",
        ],
    );
}

#[test]
fn trivy_refuses() {
    for (entry, want) in [
        ("{}", "2! no id"),
        ("null", "2! null where"),
        ("CVE-2020-1", "2! a string where"),
        ("{id: [CVE-2020-1]}", "2! `id` is a list"),
        ("{id: ''}", "2! no id"),
        ("{id: 'CVE-2020-1 '}", "2! `CVE-2020-1 ` is no id"),
        ("{id: true}", "2! `id` is a boolean"),
        ("{id: CVE-2020-1, path: x}", "2! `path` is no field"),
        ("{id: CVE-2020-1, id: CVE-2020-2}", "2! `id` stands twice"),
        ("{id: CVE-2020-1, <<: {paths: [x]}}", "2! `<<` is no field"),
        ("{id: CVE-2020-1, paths: x}", "2! `paths` is a string"),
        (
            "{id: CVE-2020-1, paths: [{}]}",
            "2! `paths` holds an object",
        ),
        ("{id: CVE-2020-1, paths: ['']}", "2! the path ``"),
        ("{id: CVE-2020-1, paths: [/etc/x]}", "2! the path `/etc/x`"),
        ("{id: CVE-2020-1, paths: ['a[b]']}", "2! the path `a[b]`"),
        ("{id: CVE-2020-1, paths: ['!x']}", "2! the path `!x`"),
        ("{id: CVE-2020-1, purls: [lodash]}", "2! purl `lodash`"),
        (
            "{id: CVE-2020-1, purls: ['pkg:npm/x@>1']}",
            "2! purl `pkg:npm/x@>1`: its version",
        ),
        ("{id: CVE-2020-1, expired_at: soon}", "2! `soon` is no date"),
        (
            "{id: CVE-2020-1, expired_at: 2026-02-30}",
            "2! `2026-02-30` is no date",
        ),
        (
            "{id: CVE-2020-1, expired_at: 2026-02-01T10:00:00}",
            "2! `2026-02-01T10:00:00` is no date",
        ),
        ("{id: AVD-DS-0002}", "2! `AVD-DS-0002` does not look like"),
        ("{id: some-secret}", "2! `some-secret` does not look like"),
    ] {
        check(
            ".trivyignore.yaml",
            &format!("vulnerabilities:\n  - {entry}\n  - id: CVE-2020-9\n"),
            &["3 CVE-2020-9", want],
        );
    }
    for (file, want) in [
        (
            "secrets:\n  - id: CVE-2020-1\n",
            "2! `CVE-2020-1` does not look like an id of the list `secrets`",
        ),
        (
            "misconfigurations:\n  - id: CVE-2020-1\n",
            "2! `CVE-2020-1` does not look like",
        ),
        (
            "misconfigurations:\n  - {id: DS-0002, purls: ['pkg:npm/x']}\n",
            "2! `purls` counts for vulnerabilities only",
        ),
        ("licenses:\n  - id: GPL-3.0\n", "2! `GPL-3.0` is a licence"),
        (
            "vulnerability:\n  - id: CVE-2020-1\n",
            "1! `vulnerability` is no list",
        ),
        (
            "vulnerabilities:\n  id: CVE-2020-1\n",
            "1! `vulnerabilities` is an object",
        ),
        (
            "vulnerabilities: []\nvulnerabilities: [{id: CVE-2020-1}]\n",
            "2! `vulnerabilities` stands twice",
        ),
    ] {
        check(".trivyignore.yaml", file, &[want]);
    }
}

#[test]
fn a_star_in_a_purl_stays_a_letter() {
    check(
        ".trivyignore.yaml",
        "vulnerabilities:\n  - {id: CVE-2020-1, purls: ['pkg:npm/lod*']}\n",
        &["2 CVE-2020-1 pkg:npm/lod%2A - []"],
    );
}

#[test]
fn trivyignore() {
    check(
        ".trivyignore",
        "# Accept the risk\nCVE-2018-14618\nCVE-2018-2 exp:2020-01-01\n\nCVE-2019-1543\n## Not used\n# by us\r\nCVE-2019-0006 exp:9999-01-01 key2:value2\r\n  DS-0002\nCVE-1 exp:2020-1-1\nCVE-2 exp:\nGPL-3.0",
        &[
            "2 CVE-2018-14618 - - [] -: Accept the risk",
            "3 CVE-2018-2 - - [] 2019-12-31: Accept the risk",
            "5 CVE-2019-1543 - - [] -: -",
            "8 CVE-2019-0006 - - [] 9998-12-31: Not used\nby us",
            "9 DS-0002 - - [] -: Not used",
            "12 GPL-3.0 - - [] -",
            "10! `2020-1-1` is no date",
            "11! `` is no date",
            "8~ `key2:value2` behind the id",
        ],
    );
    let (_, found) = read(".trivyignore", b"CVE-1\nCVE-\xff\n").unwrap();
    assert_eq!(
        told(&found),
        ["1 CVE-1 - - [] -: -", "2! `CVE-\u{fffd}` is no id"]
    );
}

#[test]
fn grype() {
    check(
        ".grype.yaml",
        "only-fixed: true\nfail-on-severity: high\nignore:\n  - vulnerability: CVE-2008-4318\n    reason: not used\n    include-aliases: true\n    package:\n      name: \"@babel/core\"\n      version: '1.10'\n      type: npm\n      location: /web/**\n  - vulnerability: GHSA-1\n    include-aliases: false\n  - vulnerability: CVE-3\n    package: {language: go, name: github.com/BurntSushi/toml}\n  - {vulnerability: CVE-4, package: {type: npm, location: '**/x/*'}, fix-state: ''}\n  - {vulnerability: CVE-5, package: {type: python, name: Ruamel_yaml, version: 1.5}}\n",
        &[
            r#"4 CVE-2008-4318 pkg:npm/%40babel/core 1.10 ["web/**"] -: not used"#,
            "12 GHSA-1 - - [] -: -",
            "14 CVE-3 pkg:golang/github.com/BurntSushi/toml - [] -: -",
            r#"16 CVE-4 pkg:npm/* - ["**/x/*"] -: -"#,
            "17 CVE-5 pkg:pypi/ruamel-yaml 1.5 [] -: -",
            "1~ `only-fixed` hides",
            "13~ `include-aliases: false`",
        ],
    );
}

#[test]
fn grype_refuses() {
    for (rule, want) in [
        ("{}", "2! no `vulnerability`"),
        ("{package: {type: npm, name: x}}", "2! no `vulnerability`"),
        (
            "{vulnerability: CVE-1, fix-state: unknown}",
            "2! `fix-state`: an exception has no place",
        ),
        ("{vulnerability: CVE-1, namespace: nvd}", "2! `namespace`"),
        (
            "{vulnerability: CVE-1, match-type: cpe-match}",
            "2! `match-type`",
        ),
        (
            "{vulnerability: CVE-1, vex-status: fixed}",
            "2! `vex-status`",
        ),
        (
            "{vulnerability: CVE-1, vex-justification: x}",
            "2! `vex-justification`",
        ),
        (
            "{vulnerability: CVE-1, Package: {name: x}}",
            "2! `Package` is no field",
        ),
        (
            "{vulnerability: CVE-1, include-aliases: sure}",
            "2! `include-aliases` is neither",
        ),
        ("{vulnerability: CVE-1, package: x}", "2! a string where"),
        (
            "{vulnerability: CVE-1, package: {upstream-name: x}}",
            "2! `upstream-name`",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x}}",
            "2! package `x` without its `type`",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: deb}}",
            "2! type `deb`",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: java-archive}}",
            "2! type `java-archive`",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: npm, language: go}}",
            "2! `type` and `language`",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x.*, type: npm}}",
            "2! `x.*` is a regular expression",
        ),
        (
            "{vulnerability: CVE-1, package: {type: npm, version: '1'}}",
            "2! a version without a package",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: npm, version: '>1'}}",
            "2! `>1` is no exact version",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: npm, version: 1.10}}",
            "2! `version` 1.10 without quotes",
        ),
        (
            "{vulnerability: CVE-1, package: {name: 1e3, type: npm}}",
            "2! `name` 1e3 without quotes",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: npm, version: 010}}",
            "2! `version` 010 without quotes",
        ),
        (
            "{vulnerability: CVE-1, package: {name: x, type: npm, version: 2024-01-01}}",
            "2! `version` 2024-01-01 without",
        ),
        (
            "{vulnerability: CVE-1, package: {name: a/b/c, type: rust-crate}}",
            "2! ",
        ),
        (
            "{vulnerability: CVE-1, package: {location: usr/lib}}",
            "2! a `location` that matches nothing",
        ),
        (
            "{vulnerability: CVE-1, package: {location: '/usr/{a,b}'}}",
            "2! the path `/usr/{a,b}`",
        ),
    ] {
        check(
            ".grype.yaml",
            &format!("ignore:\n  - {rule}\n  - vulnerability: CVE-9\n"),
            &["3 CVE-9", want],
        );
    }
    check(
        ".grype.yaml",
        "Ignore:\n  - vulnerability: CVE-1\n",
        &["2 CVE-1"],
    );
    check(
        ".grype.yaml",
        "ignore: CVE-1\n",
        &["1! `ignore` is a string"],
    );
    check(
        ".grype.yaml",
        "ignore: []\nignore: [{vulnerability: CVE-1}]\n",
        &["2! `ignore` stands twice"],
    );
}

#[test]
fn osv_scanner() {
    check(
        "osv-scanner.toml",
        "ScanGoModVersion = true\n\n[[IgnoredVulns]]\nid = \"GO-2022-0968\"\nignoreUntil = 2022-11-09\nreason = \"No ssh\"\n\n[[IgnoredVulns]]\nid = \"GO-2022-1059\"\nignoreUntil = 2022-11-09T00:00:00Z\n\n[[IgnoredVulns]]\nid = \"CVE-3\"\nignoreUntil = 2022-11-09T08:00:00\n[[IgnoredVulns]]\nid = \"CVE-4\"\nignoreUntil = 2022-11-09T08:00:00+02:00\n[[IgnoredVulns]]\nid = \"CVE-4\"\n[[IgnoredVulns]]\nid = \"CVE-5\"\nused = true\n[[IgnoredVulns]]\nid = \"CVE-6\"\nignoreUntil = 08:00:00\n[[PackageOverrides]]\nname = \"axios\"\nvulnerability.ignore = true\n[[PackageOverrides]]\nname = \"x\"\nlicense.override = [\"MIT\"]\n[[PackageOverrides]]\nignore = true\n",
        &[
            r#"3 GO-2022-0968 - - ["*.*"] 2022-11-08: No ssh"#,
            r#"8 GO-2022-1059 - - ["*.*"] 2022-11-08: -"#,
            r#"12 CVE-3 - - ["*.*"] 2022-11-08: -"#,
            r#"15 CVE-4 - - ["*.*"] 2022-11-09T08:00:00+02:00: -"#,
            "18! `CVE-4` stands twice",
            "22! `used` is no field",
            "25! `08:00:00` is no date",
            "26! hides all vulnerabilities of `axios`",
            "29! says something of the licence of `x`",
            "32! hides all vulnerabilities of every package",
            "14~ a time without an offset",
            "3~ osv-scanner.toml holds for files of its own folder",
        ],
    );
    check(
        "osv-scanner.toml",
        "IgnoredVulns = 1\nPackageOverrides = {}\nignoredvulns = []\n",
        &[
            "1! `IgnoredVulns` is a number",
            "2! `PackageOverrides` is an object",
            "3! `ignoredvulns` is no key",
        ],
    );
}

#[test]
fn cargo_deny() {
    check(
        "deny.toml",
        "[advisories]\nyanked = \"deny\"\nignore = [\n  \"RUSTSEC-2024-0001\", # why\n  { id = \"RUSTSEC-2024-0002\", reason = \"a # b\" },\n  \"some-crate@0.1.1\",\n  { crate = \"x@1.2\", reason = \"r\" },\n  { crate = \"y\" },\n  { name = \"z\", version = \"=1.2.3-rc.1\", reason = \"s\" },\n  { name = \"z\", version = \"1.2.3\" },\n  \"x:1.2.3\",\n  { id = \"RUSTSEC-2024-0003\", expires = 2026-01-01 },\n  { crate = \"\" },\n  \"\",\n  \"-x\",\n  7,\n  {},\n]\n[bans]\ndeny = [\"openssl\"]\n[licenses]\nexceptions = []\n",
        &[
            "4 RUSTSEC-2024-0001 pkg:cargo/* - [] -: -",
            "5 RUSTSEC-2024-0002 pkg:cargo/* - [] -: a # b",
            "6 yanked pkg:cargo/some-crate 0.1.1 [] -: -",
            "8 yanked pkg:cargo/y - [] -: -",
            "9 yanked pkg:cargo/z 1.2.3-rc.1 [] -: s",
            "15 -x pkg:cargo/*",
            "7! `1.2` is not one version",
            "10! `1.2.3` takes later versions too",
            "11! `x:1.2.3` takes later versions too",
            "12! `expires` is no field",
            "13! `` is neither an advisory nor a crate",
            "14! `` is neither an advisory nor a crate",
            "16! a number where",
            "17! `` is neither",
            "19~ `bans` says which crates",
            "21~ `licenses` says which licences",
        ],
    );
    check(
        "deny.toml",
        "advisories.ignore = \"x\"\n",
        &["1! `ignore` is a string"],
    );
    check("deny.toml", "[advisories]\n", &[]);
}

#[test]
fn the_name_tells_the_format_or_else_the_content() {
    let tool = |name: &str, file: &str| read(name, file.as_bytes()).map(|(tool, _)| tool.as_str());
    for (name, file, want) in [
        ("a/b/.trivyignore.yaml", "", "trivy"),
        ("C:\\x\\.TrivyIgnore", "", "trivy"),
        (".grype.yml", "", "grype"),
        ("services/osv-scanner.toml", "", "osv-scanner"),
        (".cargo/deny.toml", "", "cargo-deny"),
        ("x", "vulnerabilities:\n- id: CVE-1\n", "trivy"),
        ("x.yaml", "ignore:\n- vulnerability: CVE-1\n", "grype"),
        (
            "x.toml",
            "[[PackageOverrides]]\nignore = true\n",
            "osv-scanner",
        ),
        ("x.toml", "[advisories]\nignore = []\n", "cargo-deny"),
        (
            "accepted.txt",
            "# a\nCVE-2020-1 exp:2026-01-01\nGHSA-1-2\n",
            "trivy",
        ),
    ] {
        assert_eq!(tool(name, file), Ok(want), "{name}");
    }
    for (name, file) in [
        ("x", ""),
        ("x", "hello\n"),
        ("x.toml", "a = 1\n"),
        ("x.yaml", "a: 1\n"),
        ("x.json", "{\"vulnerabilities\": 1"),
        (".gitignore", "# x\n*.log\n"),
    ] {
        assert_eq!(tool(name, file), Err(IgnoreError::Unknown), "{name} {file}");
    }
    for tool in Tool::ALL {
        assert_eq!(Tool::from_word(tool.as_str()), Some(tool));
    }
}

#[test]
fn a_broken_file_is_refused_as_a_whole_since_what_is_missing_could_be_a_condition() {
    for (name, file, line) in [
        (
            ".trivyignore.yaml",
            "vulnerabilities:\n  - id: CVE-1\n    paths: [\"a\n",
            3,
        ),
        (".trivyignore.yaml", "- id: CVE-1\n", 1),
        (
            ".trivyignore.yaml",
            "vulnerabilities:\n---\nvulnerabilities:\n",
            3,
        ),
        (
            ".grype.yaml",
            "ignore:\n  - vulnerability: CVE-1\n   x: [\n",
            3,
        ),
        (".grype.yaml", "CVE-1", 1),
        (
            "osv-scanner.toml",
            "[[IgnoredVulns]]\nid = \"CVE-1\"\nid = \"CVE-2\"\n",
            3,
        ),
        ("deny.toml", "[advisories]\nignore = [\n \"RUSTSEC-1\"", 3),
        ("deny.toml", "[advisories]\nignore = []\n[advisories]\n", 3),
    ] {
        match read(name, file.as_bytes()) {
            Err(IgnoreError::Syntax(error)) => assert!(
                error.line >= 1 && error.line.abs_diff(line) <= 1,
                "{name}: {error}"
            ),
            other => panic!("{name} {file}: {other:?}"),
        }
    }
    assert!(matches!(
        read("deny.toml", b"\xff\xfe\0\0"),
        Err(IgnoreError::Syntax(_))
    ));
    assert!(matches!(
        read("deny.toml", b"# \xff\n"),
        Err(IgnoreError::Syntax(_))
    ));
    let long = vec![b'#'; (16 << 20) + 1];
    let error = read("deny.toml", &long).unwrap_err();
    assert_eq!(
        error.to_string(),
        "16777217 bytes, more than the 16777216 that are read"
    );
}

#[test]
fn what_multiplies_is_bounded() {
    let list = |what: &str, count: usize| {
        (0..count)
            .map(|n| format!("{what}{n}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let file = format!(
        "vulnerabilities:\n  - id: CVE-1\n    purls: [{}]\n    paths: [{}]\n  - id: CVE-2\n  - id: CVE-3\n",
        list("pkg:npm/p", 6000),
        list("p", 6000)
    );
    let (_, found) = read(".trivyignore.yaml", file.as_bytes()).unwrap();
    assert!(found.exceptions.len() < 1000, "{}", found.exceptions.len());
    let lines: Vec<u32> = found.refused.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 5], "{:?}", found.refused);
    let file = format!(
        "{}{}",
        "# reason\n".repeat(100_000),
        "CVE-1\n".repeat(100_000)
    );
    let (_, found) = read(".trivyignore", file.as_bytes()).unwrap();
    assert!(found.exceptions.len() < 1000 && found.refused.len() == 1);
}
