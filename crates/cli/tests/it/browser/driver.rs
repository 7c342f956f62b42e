//! The browser: one `chromedriver` for the whole test program, with a few Chromium under it, each lent to one test at a
//! time and emptied in between.
//!
//! Both end when the test program does, however it ends: a shell holds the other end of a pipe of it.

use std::collections::HashSet;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::serving::ask;

/// So many tests have a browser at once: more only wait for one another where CI has two cores.
const MOST: usize = 2;

/// Runs `chromedriver` ($1) with its files in $2 until its own input ends, then has it close its browsers, and takes away
/// what is left. It leads a process group of its own.
const WATCH: &str = r#"
"$1" --port=0 >"$2/said" 2>&1 </dev/null &
child=$!
port=
while read -r line; do port=$line; done
if [ -n "$port" ]; then
  exec 3<>"/dev/tcp/127.0.0.1/$port" &&
    printf 'GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n' >&3
fi
for _ in {1..40}; do kill -0 "$child" || break; sleep 0.1; done
trap '' TERM
kill -TERM -- -$$
rm -rf "$2" || { sleep 0.5; rm -rf "$2"; }
kill -KILL -- -$$
"#;

/// A switch of Chromium: nothing but what the tests ask for goes on in it, and it reaches nothing outside this machine.
const SWITCHES: [&str; 19] = [
    "--headless=new",
    // In containers and on CI there is often no way to set up its sandbox. It opens pages of these tests alone.
    "--no-sandbox",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
    "--force-color-profile=srgb",
    "--lang=en-GB",
];

/// Says that a test is skipped, which CI does not let pass.
pub(super) fn skipped(reason: &str) {
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{reason}; .ci/setup installs it"
    );
    eprintln!("skipped: {reason}; .ci/setup installs it");
}

/// A program by one of its names.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// A folder that `.ci/setup` fills: the one that a variable names, else the one of this name beside the built program.
pub(super) fn installed(variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let beside = || {
        let program = Path::new(env!("CARGO_BIN_EXE_stanchion"));
        program
            .ancestors()
            .nth(2)
            .map(|at| at.join("ci").join(name))
    };
    named
        .or_else(beside)
        .filter(|folder| folder.join("node_modules").is_dir())
}

/// The programs that a browser is made of.
struct Programs {
    chromedriver: PathBuf,
    chromium: PathBuf,
}

static PROGRAMS: LazyLock<Option<Programs>> = LazyLock::new(|| {
    Some(Programs {
        chromedriver: program(&["chromedriver"])?,
        chromium: program(&["chromium", "google-chrome", "chromium-browser"])?,
    })
});

/// Whether there is a browser; says so where there is none.
pub(super) fn here() -> bool {
    if PROGRAMS.is_none() {
        skipped("there is no chromium with its chromedriver");
    }
    PROGRAMS.is_some()
}

/// The one `chromedriver`.
struct Driver {
    address: SocketAddr,
    folder: PathBuf,
    /// The shell around it, which ends with what is written to it.
    _watch: Child,
}

static DRIVER: LazyLock<Driver> = LazyLock::new(|| {
    let programs = PROGRAMS.as_ref().unwrap();
    let folder = tempfile::Builder::new()
        .prefix("stanchion-browser-")
        .tempdir()
        .unwrap()
        .keep();
    let mut watch = Command::new("bash")
        .args(["-c", WATCH, "watch"])
        .arg(&programs.chromedriver)
        .arg(&folder)
        .env("HOME", &folder)
        .env("TMPDIR", &folder)
        // Days are shown in the zone that a page is told of, and in this one where none was told.
        .env("TZ", "UTC")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let port: u16 = loop {
        let said = std::fs::read_to_string(folder.join("said")).unwrap_or_default();
        let port = said
            .lines()
            .find_map(|line| line.split_once("started successfully on port "))
            .and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            break port;
        }
        assert!(Instant::now() < end, "chromedriver does not start: {said}");
        std::thread::sleep(Duration::from_millis(10));
    };
    writeln!(watch.stdin.as_mut().unwrap(), "{port}").unwrap();
    Driver {
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        folder,
        _watch: watch,
    }
});

/// Why `chromedriver` did not do something: the code of the `WebDriver` specification, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) code: String,
    pub(super) message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What follows the first line is a stack of addresses.
        let line = self.message.lines().next().unwrap_or_default();
        write!(formatter, "{}: {line}", self.code)
    }
}

/// A Chromium, with one window.
pub(super) struct Browser {
    session: String,
}

impl Browser {
    fn start() -> Self {
        static NUMBER: Mutex<u32> = Mutex::new(0);
        let programs = PROGRAMS.as_ref().unwrap();
        let number = {
            let mut number = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
            *number += 1;
            *number
        };
        let data = DRIVER.folder.join(format!("data-{number}"));
        let mut switches: Vec<String> = SWITCHES.iter().map(ToString::to_string).collect();
        switches.push(format!("--user-data-dir={}", data.display()));
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // A page that asks something stays as it is, so that a test sees it.
            "unhandledPromptBehavior": "ignore",
            "timeouts": {"implicit": 0, "pageLoad": 30_000, "script": 30_000},
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": programs.chromium,
                "args": switches,
                "prefs": {"credentials_enable_service": false, "profile.password_manager_enabled": false},
            },
        }}});
        let value = send("POST", "/session", &wanted)
            .unwrap_or_else(|refused| panic!("chromium does not start: {refused}"));
        Self {
            session: value["sessionId"].as_str().unwrap().to_owned(),
        }
    }

    /// A command of the `WebDriver` protocol; `path` is what stands behind the session.
    pub(super) fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refused> {
        send(method, &format!("/session/{}{path}", self.session), body)
    }

    /// A command of the Chrome `DevTools` Protocol, for what `WebDriver` has no word for.
    pub(super) fn devtools(&self, name: &str, parameters: &Value) -> Result<Value, Refused> {
        let body = json!({"cmd": name, "params": parameters});
        self.command("POST", "/goog/cdp/execute", &body)
    }

    /// Takes away all that the last test left: its window with everything that was set on it, cookies, cache, log.
    fn empty(&self) -> Result<(), Refused> {
        // There is seldom a dialog.
        let _ = self.command("POST", "/alert/dismiss", &json!({}));
        let old = self.command("GET", "/window/handles", &Value::Null)?;
        let new = self.command("POST", "/window/new", &json!({"type": "tab"}))?["handle"].clone();
        for handle in old.as_array().into_iter().flatten() {
            self.command("POST", "/window", &json!({"handle": handle}))?;
            self.command("DELETE", "/window", &Value::Null)?;
        }
        self.command("POST", "/window", &json!({"handle": new}))?;
        self.devtools("Network.clearBrowserCookies", &json!({}))?;
        self.devtools("Network.clearBrowserCache", &json!({}))?;
        self.command("POST", "/se/log", &json!({"type": "browser"}))?;
        Ok(())
    }
}

fn send(method: &str, path: &str, body: &Value) -> Result<Value, Refused> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let lines = ["content-type: application/json"];
    let gone = || Refused {
        code: "no answer".to_owned(),
        message: format!("chromedriver does not answer {method} {path}"),
    };
    let answer = ask(DRIVER.address, method, path, &lines, body.as_bytes()).ok_or_else(gone)?;
    let mut value = answer.json()["value"].take();
    if answer.status == 200 {
        return Ok(value);
    }
    let mut text = |name: &str| value[name].take().as_str().unwrap_or_default().to_owned();
    Err(Refused {
        code: text("error"),
        message: text("message"),
    })
}

struct Pool {
    idle: Vec<Browser>,
    /// The threads, that is the tests, of the browsers that are lent.
    lent: Vec<ThreadId>,
}

impl Pool {
    /// Whether a test has to wait. One that has a browser gets a second: two tests would wait for each other.
    fn is_full_for(&self, test: ThreadId) -> bool {
        let others: HashSet<&ThreadId> = self.lent.iter().filter(|&&other| other != test).collect();
        others.len() >= MOST
    }
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    idle: Vec::new(),
    lent: Vec::new(),
});
static RETURNED: Condvar = Condvar::new();

/// A browser while a test has it.
pub(super) struct Lent {
    /// Always there until it is given back.
    browser: Option<Browser>,
    test: ThreadId,
}

impl std::ops::Deref for Lent {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        self.browser.as_ref().unwrap()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let browser = self.browser.take();
        let kept = browser.and_then(|browser| {
            if browser.empty().is_ok() {
                return Some(browser);
            }
            // The next test gets a new one.
            let _ = browser.command("DELETE", "", &Value::Null);
            None
        });
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        pool.idle.extend(kept);
        if let Some(at) = pool.lent.iter().position(|test| *test == self.test) {
            pool.lent.swap_remove(at);
        }
        RETURNED.notify_all();
    }
}

/// A browser, once there is one free.
pub(super) fn lend() -> Lent {
    let test = std::thread::current().id();
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    while pool.is_full_for(test) {
        pool = RETURNED.wait(pool).unwrap_or_else(PoisonError::into_inner);
    }
    pool.lent.push(test);
    let idle = pool.idle.pop();
    drop(pool);
    // Given back as well where it does not start.
    let mut lent = Lent {
        browser: idle,
        test,
    };
    if lent.browser.is_none() {
        lent.browser = Some(Browser::start());
    }
    lent
}
