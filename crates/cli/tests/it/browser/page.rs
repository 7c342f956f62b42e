//! A page in a browser: going to it, finding what is on it, waiting for it, and what it wrote into the console.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};

use super::driver::{self, Lent, Refused};
use super::element::Element;

/// How long a page may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Elements with a text, the innermost ones; those whose whole text it is before those that have more.
const BY_TEXT: &str = "
const plain = text => text.replace(/\\s+/g, ' ').trim(), wanted = plain(arguments[0]);
const around = [...document.body.querySelectorAll(':not(script, style, template)')]
  .filter(one => plain(one.textContent).includes(wanted) || plain(one.innerText ?? '').includes(wanted));
const innermost = all => all.filter(one => !all.some(other => other !== one && one.contains(other)));
const whole = innermost(around.filter(one => plain(one.innerText ?? one.textContent) === wanted));
return whole.length ? whole : innermost(around);";

/// Fields with a label, whichever way they have it.
const BY_LABEL: &str = "
const plain = text => text.replace(/\\s+/g, ' ').trim(), wanted = plain(arguments[0]);
const named = one => [...(one.labels ?? [])].map(label => {
    const own = label.cloneNode(true);
    for (const inner of own.querySelectorAll('input, select, textarea, button, .muted')) inner.remove();
    return own.textContent;
  })
  .concat(one.ariaLabel ?? [], (one.getAttribute('aria-labelledby') ?? '').split(' ')
    .map(id => document.getElementById(id)?.innerText ?? []).join(' '))
  .some(text => plain(text) === wanted);
return [...document.querySelectorAll('input, select, textarea, button, output, meter, progress, [role]')].filter(named);";

/// Elements of a selector in whose texts a name occurs: the browser is asked about the names of these only.
const BY_NAME: &str = "
const plain = text => text.replace(/\\s+/g, ' ').trim(), [css, wanted] = arguments;
const said = one => [one.textContent, one.ariaLabel, one.alt, one.title, one.value, one.placeholder,
  ...[...(one.labels ?? [])].map(label => label.textContent),
  ...['caption', 'legend', 'summary', 'title', 'img'].map(inner => one.querySelector(inner)).map(inner => inner?.alt ?? inner?.textContent),
  ...(one.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent)];
return [...document.querySelectorAll(css)].filter(one => said(one).some(text => plain(String(text ?? '')).includes(wanted)));";

/// What may have a role; everything for a role that is not here.
fn with_role(role: &str) -> String {
    let native = match role {
        "link" => "a[href], area[href]",
        "button" => {
            "button, summary, input[type=submit], input[type=button], input[type=reset], input[type=image]"
        }
        "heading" => "h1, h2, h3, h4, h5, h6",
        "textbox" | "searchbox" | "spinbutton" => "input, textarea",
        "checkbox" => "input[type=checkbox]",
        "radio" => "input[type=radio]",
        "combobox" | "listbox" => "select, input[list]",
        "option" => "option",
        "table" => "table",
        "row" => "tr",
        "cell" => "td",
        "columnheader" | "rowheader" => "th",
        "navigation" => "nav",
        "region" => "section",
        "list" => "ul, ol, menu",
        "listitem" => "li",
        "image" | "img" => "img, svg",
        "dialog" => "dialog",
        "group" => "fieldset, details, optgroup",
        "form" => "form",
        "main" => "main",
        "banner" => "header",
        "status" => "output",
        "progressbar" => "progress",
        "meter" => "meter",
        "alert" => "[role=alert]",
        _ => "*",
    };
    format!("{native}, [role='{role}']")
}

/// The bytes of a picture or a document that came in base64.
pub(super) fn pictured(value: &Value) -> Vec<u8> {
    BASE64.decode(value.as_str().unwrap_or_default()).unwrap()
}

/// What a page wrote into the console, or the browser about it.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    /// `SEVERE`, `WARNING`, `INFO`.
    pub(crate) level: String,
    /// `security` for what a Content-Security-Policy kept out, `network`, `javascript`, `console-api`.
    pub(crate) source: String,
    pub(crate) message: String,
}

impl Logged {
    /// Errors, and whatever the policy of the page's content kept out.
    fn is_wrong(&self) -> bool {
        let lower = self.message.to_ascii_lowercase();
        self.level == "SEVERE"
            || self.source == "security"
            || lower.contains("content security policy")
            || lower.contains("content-security-policy")
    }
}

/// A page in a browser of a test's own. When it is dropped the test fails if the page logged an error or broke its
/// Content-Security-Policy and the test did not [name](Page::expect) it, or named what did not come.
pub(crate) struct Page {
    browser: Lent,
    base: String,
    logged: RefCell<Vec<Logged>>,
    expected: RefCell<Vec<String>>,
}

impl Page {
    /// A new window of 1440 by 900 in a light theme; paths are those under an address such as `http://127.0.0.1:8080`.
    /// Ask [`driver::here`] first.
    pub(crate) fn new(base: &str) -> Self {
        let page = Self {
            browser: driver::lend(),
            base: base.to_owned(),
            logged: RefCell::default(),
            expected: RefCell::default(),
        };
        page.wide();
        page.light();
        page.zone("UTC");
        page
    }

    /// A command that must succeed.
    pub(super) fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.browser
            .command(method, path, body)
            .unwrap_or_else(|refused| panic!("{method} {path} {body}: {refused}"))
    }

    /// A command that may fail.
    pub(super) fn attempt(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refused> {
        self.browser.command(method, path, body)
    }

    /// A command of the Chrome `DevTools` Protocol.
    pub(crate) fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.browser
            .devtools(name, parameters)
            .unwrap_or_else(|refused| panic!("{name} {parameters}: {refused}"))
    }

    /// Runs the body of a function with these arguments: what it returns. It stands outside of the page's policy.
    pub(crate) fn script(&self, text: &str, arguments: &Value) -> Value {
        let body = json!({"script": text, "args": arguments});
        self.command("POST", "/execute/sync", &body)
    }

    /// As [`Page::script`], of an asynchronous function.
    pub(crate) fn script_later(&self, text: &str, arguments: &Value) -> Value {
        // A promise is waited for, and an arrow function has the arguments of the one around it.
        let text = format!("return (async () => {{ {text} }})()");
        self.script(&text, arguments)
    }

    /// Where paths lead.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Goes to a path of the portal, or to a whole address.
    pub(crate) fn go(&self, path: &str) {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        self.command("POST", "/url", &json!({ "url": url }));
    }

    /// Back, as with the browser's button.
    pub(crate) fn back(&self) {
        self.command("POST", "/back", &json!({}));
    }

    /// Loads the page again.
    pub(crate) fn reload(&self) {
        self.command("POST", "/refresh", &json!({}));
    }

    /// The whole address.
    pub(crate) fn url(&self) -> String {
        let url = self.command("GET", "/url", &Value::Null);
        url.as_str().unwrap_or_default().to_owned()
    }

    /// The address behind the portal's: path, query and fragment.
    pub(crate) fn path(&self) -> String {
        let url = self.url();
        url.strip_prefix(&self.base).unwrap_or(&url).to_owned()
    }

    /// The page's title.
    pub(crate) fn title(&self) -> String {
        let title = self.command("GET", "/title", &Value::Null);
        title.as_str().unwrap_or_default().to_owned()
    }

    /// The text that is seen.
    pub(crate) fn text(&self) -> String {
        self.at("body").text()
    }

    /// The page as it stands now, as HTML.
    pub(crate) fn html(&self) -> String {
        let source = self.command("GET", "/source", &Value::Null);
        source.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until there is something.
    pub(crate) fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                Instant::now() < end,
                "there is no {what} at {} within {PATIENCE:?}",
                self.url()
            );
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Waits until the address is that of a path.
    pub(crate) fn until_path(&self, path: &str) {
        self.until(&format!("way to {path}"), || {
            (self.path() == path).then_some(())
        });
    }

    /// Waits until somebody is signed in, by what people call them.
    pub(crate) fn until_signed_in(&self, display: &str) {
        self.until(&format!("page of {display}"), || {
            let found = self.all("nav.account > a");
            let shown = self.attempt(
                "GET",
                &format!("/element/{}/text", found.first()?.id),
                &Value::Null,
            );
            (shown.ok()?.as_str()? == display).then_some(())
        });
    }

    /// Waits until a text is seen.
    pub(crate) fn until_text(&self, text: &str) {
        self.until(&format!("text {text:?}"), || {
            // A page that is just leaving has no body.
            let body = self.attempt(
                "POST",
                "/element",
                &json!({"using": "css selector", "value": "body"}),
            );
            let body = Element::of(self, &body.ok()?)?;
            let path = format!("/element/{}/text", body.id);
            let shown = self.attempt("GET", &path, &Value::Null).ok()?;
            shown.as_str()?.contains(text).then_some(())
        });
    }

    fn elements(&self, found: Result<Value, Refused>) -> Vec<Element<'_>> {
        let found = found.unwrap_or_default();
        let list = found.as_array().into_iter().flatten();
        list.filter_map(|value| Element::of(self, value)).collect()
    }

    fn looked(&self, script: &str, arguments: &Value) -> Vec<Element<'_>> {
        let body = json!({"script": script, "args": arguments});
        self.elements(self.attempt("POST", "/execute/sync", &body))
    }

    /// All elements of a selector that are there now.
    pub(crate) fn all(&self, css: &str) -> Vec<Element<'_>> {
        let body = json!({"using": "css selector", "value": css});
        self.elements(self.attempt("POST", "/elements", &body))
    }

    /// Whether there is an element of a selector now.
    pub(crate) fn has(&self, css: &str) -> bool {
        !self.all(css).is_empty()
    }

    /// The first element of a selector, once it is there.
    pub(crate) fn at(&self, css: &str) -> Element<'_> {
        self.until(css, || self.all(css).into_iter().next())
    }

    /// The innermost element that shows a text, once it is there: one whose whole text it is before one that has more.
    pub(crate) fn with_text(&self, text: &str) -> Element<'_> {
        self.until(&format!("text {text:?}"), || {
            self.looked(BY_TEXT, &json!([text])).into_iter().next()
        })
    }

    /// The field with a label, once it is there.
    pub(crate) fn field(&self, label: &str) -> Element<'_> {
        self.until(&format!("field {label:?}"), || {
            self.looked(BY_LABEL, &json!([label])).into_iter().next()
        })
    }

    /// All elements that have a role and a name for screen readers now, as the browser computes them.
    pub(crate) fn all_with_role(&self, role: &str, name: &str) -> Vec<Element<'_>> {
        let mut found = self.looked(BY_NAME, &json!([with_role(role), name]));
        found.retain(|one| {
            let is = |what: &str, wanted: &str| {
                let path = format!("/element/{}/computed{what}", one.id);
                let value = self.attempt("GET", &path, &Value::Null);
                value.is_ok_and(|value| value.as_str().unwrap_or_default().trim() == wanted)
            };
            is("role", role) && is("label", name)
        });
        found
    }

    /// The first element that has a role and a name for screen readers, once it is there: `role("button", "Sign in")`.
    pub(crate) fn role(&self, role: &str, name: &str) -> Element<'_> {
        self.until(&format!("{role} {name:?}"), || {
            self.all_with_role(role, name).into_iter().next()
        })
    }

    /// Clicks the link with this name.
    pub(crate) fn follow(&self, name: &str) {
        self.role("link", name).click();
    }

    /// Clicks the button with this name.
    pub(crate) fn push(&self, name: &str) {
        self.role("button", name).click();
    }

    /// Empties the field with a label and types into it.
    pub(crate) fn fill(&self, label: &str, text: &str) {
        self.field(label).fill(text);
    }

    /// The element to which keys go.
    pub(crate) fn focused(&self) -> Element<'_> {
        let value = self.command("GET", "/element/active", &Value::Null);
        Element::of(self, &value).unwrap()
    }

    /// Presses keys one after another, whereever the focus is: letters, and those of [`super::keys`].
    pub(crate) fn press(&self, keys: &str) {
        self.press_with(&[], keys);
    }

    /// As [`Page::press`], while others are held: `press_with(&[keys::SHIFT], keys::TAB)`.
    pub(crate) fn press_with(&self, held: &[&str], keys: &str) {
        let act = |kind: &str, key: &str| json!({"type": kind, "value": key});
        let mut actions: Vec<Value> = held.iter().map(|key| act("keyDown", key)).collect();
        for key in keys.chars() {
            let key = key.to_string();
            actions.extend([act("keyDown", &key), act("keyUp", &key)]);
        }
        actions.extend(held.iter().rev().map(|key| act("keyUp", key)));
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command("POST", "/actions", &body);
    }

    /// The names of what the Tab key leads to, in order, from the top until it comes around or leaves the page.
    pub(crate) fn focus_order(&self) -> Vec<String> {
        // Begins where a reader does who has just come.
        self.script(
            "const top = document.body; top.tabIndex = -1; top.focus(); top.removeAttribute('tabindex'); scrollTo(0, 0)",
            &json!([]),
        );
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            self.press(super::keys::TAB);
            let one = self.focused();
            let outside = self.script(
                "return document.activeElement === document.body",
                &json!([]),
            );
            if outside == true || ids.contains(&one.id) {
                break;
            }
            names.push(one.name());
            ids.push(one.id);
        }
        names
    }

    /// A cookie as the browser keeps it: `value`, `httpOnly`, `secure`, `sameSite`.
    pub(crate) fn cookie(&self, name: &str) -> Option<Value> {
        let cookies = self.command("GET", "/cookie", &Value::Null);
        let mut cookies = cookies.as_array().cloned().unwrap_or_default().into_iter();
        cookies.find(|cookie| cookie["name"] == name)
    }

    /// Gives the browser a cookie of the portal.
    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let cookie = json!({"name": name, "value": value, "url": self.base, "httpOnly": true, "sameSite": "Lax"});
        self.devtools("Network.setCookie", &cookie);
    }

    /// Goes into a frame; the way out is [`Page::top`].
    pub(crate) fn frame(&self, frame: &Element<'_>) {
        self.command("POST", "/frame", &json!({"id": frame.value()}));
    }

    /// Out of all frames.
    pub(crate) fn top(&self) {
        self.command("POST", "/frame", &json!({"id": null}));
    }

    /// The text of a dialog that a script has opened.
    pub(crate) fn dialog(&self) -> Option<String> {
        let text = self.attempt("GET", "/alert/text", &Value::Null).ok()?;
        text.as_str().map(str::to_owned)
    }

    /// Closes the dialog, with yes or no.
    pub(crate) fn answer(&self, yes: bool) {
        let way = if yes {
            "/alert/accept"
        } else {
            "/alert/dismiss"
        };
        self.command("POST", way, &json!({}));
    }

    /// What is seen, as PNG.
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        pictured(&self.command("GET", "/screenshot", &Value::Null))
    }

    /// The whole page, as PNG.
    pub(crate) fn whole_screenshot(&self) -> Vec<u8> {
        let sizes = self.devtools("Page.getLayoutMetrics", &json!({}));
        let size = &sizes["cssContentSize"];
        let clip =
            json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let how = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        pictured(&self.devtools("Page.captureScreenshot", &how)["data"])
    }

    /// The page on paper, as PDF.
    pub(crate) fn print(&self) -> Vec<u8> {
        let how = json!({"page": {"width": 21.0, "height": 29.7}});
        pictured(&self.command("POST", "/print", &how))
    }

    /// All that was logged up to now.
    pub(crate) fn logged(&self) -> Vec<Logged> {
        let new = self.attempt("POST", "/se/log", &json!({"type": "browser"}));
        let new = new.unwrap_or_default();
        for entry in new.as_array().into_iter().flatten() {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            self.logged.borrow_mut().push(Logged {
                level: text("level"),
                source: text("source"),
                message: text("message"),
            });
        }
        self.logged.borrow().clone()
    }

    /// Names an error that comes, by a part of it: `expect("status of 401")`.
    pub(crate) fn expect(&self, part: &str) {
        self.expected.borrow_mut().push(part.to_owned());
    }

    /// Errors and broken policies that nobody named; and what was named and did not come.
    pub(crate) fn surprises(&self) -> Vec<String> {
        let logged = self.logged();
        let expected = self.expected.borrow();
        let named = |entry: &Logged| expected.iter().any(|part| entry.message.contains(part));
        let wrong = logged.iter().filter(|entry| entry.is_wrong());
        let mut all: Vec<String> = wrong
            .filter(|entry| !named(entry))
            .map(|entry| format!("{} {}: {}", entry.level, entry.source, entry.message))
            .collect();
        let came = |part: &String| logged.iter().any(|entry| entry.message.contains(part));
        let missing = expected.iter().filter(|part| !came(part));
        all.extend(missing.map(|part| format!("expected, and did not come: {part}")));
        all
    }

    /// Keeps what can be seen of a page whose test failed.
    fn keep(&self) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("test").replace("::", "-");
        let of =
            |method: &str, path: &str| self.attempt(method, path, &Value::Null).unwrap_or_default();
        let _ = std::fs::create_dir_all(&folder);
        let picture = BASE64.decode(of("GET", "/screenshot").as_str().unwrap_or_default());
        let _ = std::fs::write(
            folder.join(format!("{name}.png")),
            picture.unwrap_or_default(),
        );
        let html = folder.join(format!("{name}.html"));
        let _ = std::fs::write(&html, of("GET", "/source").as_str().unwrap_or_default());
        eprintln!(
            "the page was {} and is kept as {} and .png",
            of("GET", "/url"),
            html.display()
        );
        for surprise in self.surprises() {
            eprintln!("  {surprise}");
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep();
            return;
        }
        let surprises = self.surprises();
        if !surprises.is_empty() {
            self.keep();
            panic!(
                "the page logged what the test did not name:\n{}",
                surprises.join("\n")
            );
        }
    }
}
