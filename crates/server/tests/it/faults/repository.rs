//! Repositories for real: `git` serves them over HTTP on this machine, the portal fetches them. Some mean harm.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stanchion_server::engine::Engine;
use stanchion_store::decisions;
use stanchion_store::products::{self, Repository};
use stanchion_store::testing::stores;
use stanchion_store::{StoreError, params};

use super::super::engine::sbom;
use super::{all_jobs, count, engine, push};

/// Serves the bare repositories of a folder; keeps which paths were asked for.
fn serve(root: PathBuf) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer(&stream, &root, &all);
        }
    });
    (address, asked)
}

fn answer(mut stream: &TcpStream, root: &Path, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split(' ');
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    asked.lock().unwrap().push(target.clone());
    let mut backend = Command::new("git");
    let (mut length, mut header) = (0, String::new());
    while reader.read_line(&mut header).ok()? > 2 {
        if let Some((name, value)) = header.split_once(':') {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok()?,
                "content-type" => drop(backend.env("CONTENT_TYPE", value)),
                "content-encoding" => drop(backend.env("HTTP_CONTENT_ENCODING", value)),
                "git-protocol" => drop(backend.env("HTTP_GIT_PROTOCOL", value)),
                _ => {}
            }
        }
        header.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut child = backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_LENGTH", length.to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(&body).ok()?;
    let out = child.wait_with_output().ok()?.stdout;
    let end = out.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&out[..end]).into_owned();
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let rest = &out[end + 4..];
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        rest.len()
    )
    .ok()?;
    stream.write_all(rest).ok()
}

/// `git`, apart from whatever this machine has set up.
fn git(folder: &Path, args: &[&str]) -> String {
    git_with(folder, args, b"")
}

fn git_with(folder: &Path, args: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@x",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn here() -> bool {
    let known = Command::new("git")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let there = known.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: no git here");
    }
    there
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn commit(folder: &Path) -> String {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "x"]);
    git(folder, &["rev-parse", "HEAD"])
}

fn lockfile(packages: &[(&str, &str)]) -> String {
    let packages: Vec<String> = packages
        .iter()
        .map(|(name, version)| format!(r#""node_modules/{name}":{{"version":"{version}"}}"#))
        .collect();
    format!(
        r#"{{"name":"shop","lockfileVersion":3,"packages":{{"":{{"name":"shop","version":"1.0.0"}},{}}}}}"#,
        packages.join(",")
    )
}

fn set(engine: &Engine, product: &str, url: String) {
    let id = push(engine, product, "first", &sbom(&[("a", "1.0.0")]))
        .unwrap()
        .product
        .id;
    let repository = Repository {
        product: id,
        url,
        reference: String::new(),
        branch: "main".into(),
        secret: None,
        commit: None,
        scanned: None,
    };
    engine
        .store()
        .write(|tx| products::set_repository(tx, &repository))
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
}

fn scan(engine: &Engine, product: &str) -> (String, String) {
    engine
        .add_job("scan", product, &json!({ "product": product }), 0)
        .unwrap();
    while engine.work("w").unwrap() {}
    let job = all_jobs(engine.store())
        .into_iter()
        .find(|job| job.kind == "scan" && job.key == product)
        .unwrap();
    (job.state, job.error.unwrap_or_default())
}

/// The packages of a product's version.
fn packages(engine: &Engine, product: &str, version: &str) -> Vec<String> {
    engine
        .store()
        .read(|tx| {
            tx.all(
                "SELECT p.name FROM version v JOIN product o ON o.id = v.product
                 JOIN version_component vc ON vc.version = v.id JOIN component c ON c.id = vc.component
                 JOIN package p ON p.id = c.package WHERE o.name = ?1 AND v.name = ?2 ORDER BY p.name",
                params![product, version],
                |row| row.get(0),
            )
        })
        .unwrap_or_else(|error: StoreError| panic!("{error}"))
}

#[test]
fn a_repository_is_scanned_and_nothing_of_it_runs() {
    if !here() {
        return;
    }
    for fresh in stores() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("served");
        std::fs::create_dir(&root).unwrap();
        let (address, asked) = serve(root.clone());
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let engine = engine(fresh.store.clone(), &data, &["127.0.0.1"]);

        // In good order.
        let good = root.join("good");
        std::fs::create_dir(&good).unwrap();
        git(&good, &["init", "-q"]);
        write(
            &good,
            "web/package-lock.json",
            &lockfile(&[("lodash", "4.17.15")]),
        );
        let head = commit(&good);
        set(&engine, "good", format!("http://{address}/good/.git"));
        assert_eq!(
            scan(&engine, "good"),
            ("done".into(), String::new()),
            "{}",
            fresh.name
        );
        assert_eq!(packages(&engine, "good", &head[..12]), ["lodash"]);
        let findings = count(
            engine.store(),
            "SELECT COUNT(*) FROM finding f JOIN version v ON v.id = f.version WHERE v.name = ?1",
            params![&head[..12]],
        );
        assert_eq!(findings, 1);

        // It means harm.
        let ran = folder.path().join("ran");
        let outside = folder.path().join("outside");
        write(
            &outside,
            "package-lock.json",
            &lockfile(&[("outside-secret", "6.6.6")]),
        );
        let evil = root.join("evil");
        std::fs::create_dir(&evil).unwrap();
        git(&evil, &["init", "-q"]);
        let touch = format!("#!/bin/sh\ntouch {}\n", ran.display());
        write(
            &evil,
            "package-lock.json",
            &lockfile(&[("left-pad", "1.0.0")]),
        );
        for (name, to) in [
            ("a/package-lock.json", outside.join("package-lock.json")),
            (
                "b/package-lock.json",
                PathBuf::from("../../../outside/package-lock.json"),
            ),
            ("c", outside.clone()),
            ("d/yarn.lock", PathBuf::from("/dev/zero")),
            ("e", PathBuf::from("/")),
        ] {
            let path = evil.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(to, path).unwrap();
        }
        write(
            &evil,
            ".gitattributes",
            "* filter=evil diff=evil merge=evil\n*.txt working-tree-encoding=UTF-16 eol=crlf\n",
        );
        write(
            &evil,
            ".gitconfig",
            &format!(
                "[filter \"evil\"]\n\tsmudge = touch {0}\n\tprocess = touch {0}\n\trequired = true\n[core]\n\tfsmonitor = touch {0}\n",
                ran.display()
            ),
        );
        for hook in [
            "post-checkout",
            "post-merge",
            "reference-transaction",
            "fsmonitor-watchman",
        ] {
            write(&evil, &format!(".githooks/{hook}"), &touch);
            write(&evil, &format!("hooks/{hook}"), &touch);
        }
        write(&evil, &format!("long/{}", "n".repeat(250)), "x");
        write(
            &evil,
            ".gitmodules",
            &format!("[submodule \"sub\"]\n\tpath = sub\n\turl = http://{address}/submodule\n"),
        );
        // Where it starts, it does not use the filter.
        git(&evil, &["-c", "filter.evil.clean=cat", "add", "-A"]);
        let other = git(&good, &["rev-parse", "HEAD"]);
        git(
            &evil,
            &[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("160000,{other},sub"),
            ],
        );
        git(&evil, &["commit", "-q", "-m", "x"]);
        let head = git(&evil, &["rev-parse", "HEAD"]);
        set(&engine, "evil", format!("http://{address}/evil/.git"));
        let (state, error) = scan(&engine, "evil");
        assert!(!ran.exists(), "{}: something of it was run", fresh.name);
        assert_eq!(state, "done", "{}: {error}", fresh.name);
        assert_eq!(
            packages(&engine, "evil", &head[..12]),
            ["left-pad"],
            "{}",
            fresh.name
        );
        assert!(
            !asked
                .lock()
                .unwrap()
                .iter()
                .any(|path| path.starts_with("/submodule"))
        );

        // A name that no disk takes: it fails, and says so in a few words.
        let long = root.join("long");
        std::fs::create_dir(&long).unwrap();
        git(&long, &["init", "-q"]);
        write(
            &long,
            "package-lock.json",
            &lockfile(&[("left-pad", "1.0.0")]),
        );
        git(&long, &["add", "-A"]);
        let blob = git_with(&long, &["hash-object", "-w", "--stdin"], b"x");
        let name = "n".repeat(3_000);
        git(
            &long,
            &[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("100644,{blob},{name}"),
            ],
        );
        git(&long, &["commit", "-q", "-m", "x"]);
        set(&engine, "long", format!("http://{address}/long/.git"));
        let (state, error) = scan(&engine, "long");
        assert_ne!(state, "done");
        assert!(!error.is_empty() && error.len() < 600, "{error}");
        assert_eq!(
            count(
                engine.store(),
                "SELECT COUNT(*) FROM version WHERE name = 'unknown'",
                &[]
            ),
            0
        );

        // There is none.
        set(&engine, "none", format!("http://{address}/none"));
        let (state, error) = scan(&engine, "none");
        assert!(
            state != "done" && error.contains("could not be fetched"),
            "{error}"
        );
        println!("{}: one that is not there gives: {}", fresh.name, error);
    }
}

const POLICY: &str = r#"schema = "vmpolicy/1"

[policy]
id = "acme"
version = "1"

[roles]
accountable = "role:ciso"

[roles.members]
"role:ciso" = ["ciso@acme.example"]

[[sla]]
id = "all"
due = "30d"

[exceptions]
approver = "role:ciso"
not_self_approved = true
max_age = "120d"

[[enforce]]
id = "own/build"
at = "build"
deny = "f.severity == 'critical' && !f.excepted"
"#;

const EXCEPTIONS: &str = r#"schema = "stanchion.exceptions/1"

[[exception]]
id = "EX-1"
vulnerability = "CVE-2026-0001"
purl = "pkg:npm/lodash"
reason = "the function is never called with text from outside"
requested_by = "dev@acme.example"
approver = "ciso@acme.example"
approved_on = 2026-11-20
expires = 2027-01-31
"#;

#[test]
fn a_policy_comes_from_its_repository_and_a_broken_one_does_not() {
    if !here() {
        return;
    }
    for fresh in stores() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("served");
        let repository = root.join("policy");
        std::fs::create_dir_all(&repository).unwrap();
        let (address, _) = serve(root);
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let engine = engine(fresh.store.clone(), &data, &["127.0.0.1"]);
        let denied = |version: &str| {
            push(&engine, "shop", version, &sbom(&[("lodash", "4.17.15")]))
                .unwrap()
                .assessment
                .verdict
                .denied
        };
        git(&repository, &["init", "-q"]);
        write(&repository, "rules/policy.toml", POLICY);
        commit(&repository);
        let source =
            json!({"url": format!("http://{address}/policy/.git"), "folder": "rules"}).to_string();
        fresh
            .store
            .write(|tx| {
                tx.insert(
                    "setting",
                    &["name", "value", "revision"],
                    params!["policy_source", &source, 1],
                    "",
                )
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        let sync = || -> (String, String) {
            engine.add_job("policy", "", &json!({}), 0).unwrap();
            while engine.work("w").unwrap() {}
            let job = all_jobs(engine.store())
                .into_iter()
                .find(|job| job.kind == "policy")
                .unwrap();
            (job.state, job.error.unwrap_or_default())
        };
        let in_force = || {
            fresh
                .store
                .read(decisions::policy)
                .unwrap()
                .map(|policy| (policy.text, policy.beside.unwrap_or_default()))
        };
        assert!(in_force().is_none());
        assert_eq!(sync(), ("done".into(), String::new()), "{}", fresh.name);
        assert_eq!(in_force().unwrap().0, POLICY);
        assert!(denied("with the policy"), "{}", fresh.name);

        write(&repository, "rules/exceptions.toml", EXCEPTIONS);
        commit(&repository);
        assert_eq!(sync(), ("done".into(), String::new()), "{}", fresh.name);
        let beside: Value = serde_json::from_str(&in_force().unwrap().1).unwrap();
        assert_eq!(beside["exceptions.toml"], EXCEPTIONS);
        let pushed = push(
            &engine,
            "shop",
            "with the exception",
            &sbom(&[("lodash", "4.17.15")]),
        )
        .unwrap();
        let verdict = &pushed.assessment.verdict;
        assert!(
            !verdict.denied,
            "{}: {verdict:?} {:?}",
            fresh.name, pushed.assessment.findings[0]
        );

        // Broken in every way: what was in force stays, byte for byte.
        let before = in_force();
        for (what, name, text) in [
            ("no TOML", "policy.toml", "schema = [".to_owned()),
            (
                "an unknown field",
                "policy.toml",
                format!("{POLICY}\n[nonsense]\nx = 1\n"),
            ),
            (
                "a condition that is none",
                "policy.toml",
                POLICY.replace("f.severity ==", "f.severity ==="),
            ),
            ("empty", "policy.toml", String::new()),
        ] {
            let file = repository.join("rules").join(name);
            let kept = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, text).unwrap();
            commit(&repository);
            let (state, error) = sync();
            assert_ne!(state, "done", "{}: {what}", fresh.name);
            assert!(!error.is_empty(), "{what}");
            assert_eq!(in_force(), before, "{}: {what}", fresh.name);
            println!("{}: {what}: {error}", fresh.name);
            std::fs::write(&file, kept).unwrap();
        }
        // Exceptions that are wrong cover nothing, and say so.
        write(&repository, "rules/exceptions.toml", "[[exception]\n");
        commit(&repository);
        sync();
        let pushed = push(
            &engine,
            "shop",
            "with broken exceptions",
            &sbom(&[("lodash", "4.17.15")]),
        )
        .unwrap();
        assert!(
            in_force() == before || pushed.assessment.verdict.denied,
            "{}",
            fresh.name
        );
        assert!(in_force() == before || !pushed.assessment.problems.is_empty());
        write(&repository, "rules/exceptions.toml", EXCEPTIONS);
        commit(&repository);
        sync();
        assert_eq!(in_force(), before, "{}", fresh.name);
        // A link out in place of the policy.
        let file = repository.join("rules/policy.toml");
        let outside = folder.path().join("outside.toml");
        std::fs::write(&outside, POLICY.replace("acme", "outside")).unwrap();
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(&outside, &file).unwrap();
        commit(&repository);
        assert_ne!(sync().0, "done", "{}", fresh.name);
        assert_eq!(in_force(), before);
        assert!(!denied("after"), "{}", fresh.name);
        let rows = count(
            &fresh.store,
            "SELECT COUNT(*) FROM audit WHERE action = 'policy.sync'",
            &[],
        );
        assert!(rows >= 2, "{}", fresh.name);
        assert_eq!(fresh.store.verify_audit().unwrap().fault, None);
    }
}
