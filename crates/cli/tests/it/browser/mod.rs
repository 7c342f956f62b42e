//! The portal's pages in a real browser, with real clicks and keys.
//!
//! A test of a page is a few lines: `House` is a portal of its own, `Page` a window, `axe` and `hostile` hold a page
//! against rules. Chromium and chromedriver are looked for on the path; `.ci/setup` installs them and axe-core.

#![allow(
    clippy::print_stderr,
    reason = "a test that is skipped says so, and one that fails where its page is kept"
)]

mod axe;
mod driver;
mod element;
mod emulate;
mod first_hour;
mod guard;
mod harness;
mod hostile;
mod house;
mod measure;
mod page;
mod people;
mod pictures;
#[path = "../../../../server/tests/oidc/provider.rs"]
mod provider;
mod triage;
mod walk;

/// Keys that are no letters, as `WebDriver` writes them.
mod keys {
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const SHIFT: &str = "\u{e008}";
    pub(crate) const CONTROL: &str = "\u{e009}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const DOWN: &str = "\u{e015}";
}

use std::net::TcpListener;

use house::House;
use page::Page;

/// Runs a test of the portal's pages, if there is a browser.
fn with_house(test: impl FnOnce(&House)) {
    if let Some(house) = House::new() {
        test(&house);
    }
}

/// Runs a test in a window of a browser that runs no scripts of pages.
fn no_script(house: &House, test: impl FnOnce(&Page)) {
    let page = house.page();
    page.without_scripts();
    test(&page);
}

/// A portal with a provider of sign-ins beside it, where `carla` is of the groups `staff` and `pci`; `None` where either
/// is not here.
fn with_provider(set_up: bool) -> Option<(provider::Provider, House)> {
    if !driver::here() {
        return None;
    }
    // The provider has to know where the portal will be.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap().to_string();
    let provider = provider::start(&format!("http://{listen}/sign-in/back"))?;
    drop(free);
    let settings = format!(
        "[people.oidc]\nissuer = \"{}\"\nclient_id = \"stanchion\"\nclient_secret = \"the portal's secret at the issuer\"\nlabel = \"Example\"\n\
        role = [{{ group = \"staff\", role = \"viewer\" }}, {{ group = \"pci\", role = \"triager\", tag = \"pci\" }}]\n",
        provider.url
    );
    let issuer = provider.url.strip_prefix("http://").unwrap();
    let nowhere = std::env::temp_dir()
        .join("stanchion-nowhere")
        .display()
        .to_string();
    let mut variables = vec![
        ("STANCHION_OFFLINE", "0"),
        ("STANCHION_ALLOW_PRIVATE", issuer),
    ];
    // It goes nowhere but there.
    let sources = ["OSV", "KEV", "EPSS", "EOL"].map(|name| format!("STANCHION_DB_{name}"));
    variables.extend(sources.iter().map(|name| (name.as_str(), nowhere.as_str())));
    let house = House::start(set_up, &settings, &listen, &variables)?;
    Some((provider, house))
}
