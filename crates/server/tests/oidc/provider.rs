//! The provider of `provider.mjs` while a test runs.
//!
//! `STANCHION_OIDC_PROVIDER` names a folder with the package in its `node_modules` (`npm install` with
//! `package.json`). Without it a test is skipped and says so; `.ci/run` sets it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// The provider; it ends with its standard input.
pub(crate) struct Provider {
    child: Child,
    /// Held open: it ends when nobody reads what it says.
    _said: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Starts it; it sends browsers back to this address.
pub(crate) fn start(back: &str) -> Option<Provider> {
    let Some(folder) = std::env::var_os("STANCHION_OIDC_PROVIDER") else {
        println!(
            "skipped: STANCHION_OIDC_PROVIDER names no folder with oidc-provider; .ci/run sets it"
        );
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/oidc/provider.mjs");
    // The one that came with it is new enough.
    let own = Path::new(&folder).join("node_modules/.bin/node");
    let node = if own.is_file() { own } else { "node".into() };
    let child = Command::new(node)
        .arg(script)
        .arg(&folder)
        .arg(back)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    let mut url = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut url).unwrap();
    let url = url.trim().to_owned();
    assert!(
        url.starts_with("http://127.0.0.1:"),
        "the provider did not start: {url:?}"
    );
    Some(Provider {
        child,
        _said: said,
        url,
    })
}
