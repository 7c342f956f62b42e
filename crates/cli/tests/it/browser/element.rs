//! One element of a page, used as a person would.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};

use super::page::{Page, pictured};

/// The key under which `WebDriver` names an element.
pub(super) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Gives a file to an element, as if it had been dragged there.
const DROP: &str = "
const [element, name, kind, coded] = arguments;
const bytes = Uint8Array.from(atob(coded), one => one.charCodeAt(0));
const files = new DataTransfer();
files.items.add(new File([bytes], name, {type: kind}));
for (const what of ['dragenter', 'dragover', 'drop']) {
  element.dispatchEvent(new DragEvent(what, {dataTransfer: files, bubbles: true, cancelable: true}));
}";

/// An element of a page. It is gone once the page is: find it anew after going on.
#[derive(Clone)]
pub(crate) struct Element<'p> {
    pub(super) page: &'p Page,
    pub(super) id: String,
}

impl<'p> Element<'p> {
    pub(super) fn of(page: &'p Page, value: &Value) -> Option<Self> {
        let id = value.get(ELEMENT)?.as_str()?.to_owned();
        Some(Self { page, id })
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/element/{}{path}", self.id);
        self.page.command(method, &path, body)
    }

    fn get(&self, path: &str) -> String {
        let value = self.command("GET", path, &Value::Null);
        value.as_str().unwrap_or_default().to_owned()
    }

    /// As an argument of a script.
    pub(crate) fn value(&self) -> Value {
        json!({ ELEMENT: self.id })
    }

    /// Clicks into its middle with the mouse, and waits for the page to which that leads.
    pub(crate) fn click(&self) {
        self.command("POST", "/click", &json!({}));
    }

    /// Types a text behind what is there. Keys of [`super::keys`] may stand in it.
    pub(crate) fn type_in(&self, text: &str) {
        self.command("POST", "/value", &json!({ "text": text }));
    }

    /// Empties it, then types.
    pub(crate) fn fill(&self, text: &str) {
        self.clear();
        self.type_in(text);
    }

    /// Empties it.
    pub(crate) fn clear(&self) {
        self.command("POST", "/clear", &json!({}));
    }

    /// Gives files of this machine to a file input.
    pub(crate) fn upload(&self, files: &[&Path]) {
        let paths: Vec<String> = files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        self.type_in(&paths.join("\n"));
    }

    /// Drags a file onto it.
    pub(crate) fn drop_file(&self, name: &str, kind: &str, bytes: &[u8]) {
        let arguments = json!([self.value(), name, kind, BASE64.encode(bytes)]);
        self.page.script(DROP, &arguments);
    }

    /// Chooses the option of a `select` that shows this text.
    pub(crate) fn select(&self, shown: &str) {
        let options = self.all("option");
        let option = options.iter().find(|option| option.text() == shown);
        let others = || options.iter().map(Self::text).collect::<Vec<_>>();
        option
            .unwrap_or_else(|| panic!("no option {shown:?} among {:?}", others()))
            .click();
    }

    /// Sends the form that it is or is in.
    pub(crate) fn submit(&self) {
        let script = "(arguments[0].form ?? arguments[0].closest('form')).requestSubmit()";
        self.page.script(script, &json!([self.value()]));
    }

    /// The text that is seen.
    pub(crate) fn text(&self) -> String {
        self.get("/text")
    }

    /// An attribute as it stands in the HTML.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let script = "return arguments[0].getAttribute(arguments[1])";
        let value = self.page.script(script, &json!([self.value(), name]));
        value.as_str().map(str::to_owned)
    }

    /// A property as scripts see it: `value`, `checked`.
    pub(crate) fn property(&self, name: &str) -> Value {
        self.command("GET", &format!("/property/{name}"), &Value::Null)
    }

    /// A property of its style, as computed: `color`, `display`.
    pub(crate) fn style(&self, name: &str) -> String {
        self.get(&format!("/css/{name}"))
    }

    /// Its role, as screen readers are told.
    pub(crate) fn role(&self) -> String {
        self.get("/computedrole")
    }

    /// Its name, as screen readers are told.
    pub(crate) fn name(&self) -> String {
        self.get("/computedlabel")
    }

    /// Whether it can be seen.
    pub(crate) fn is_shown(&self) -> bool {
        self.command("GET", "/displayed", &Value::Null) == true
    }

    /// Whether it can be used.
    pub(crate) fn is_enabled(&self) -> bool {
        self.command("GET", "/enabled", &Value::Null) == true
    }

    /// Whether keys go to it.
    pub(crate) fn is_focused(&self) -> bool {
        self.page.focused().id == self.id
    }

    /// Width and height in CSS pixels.
    pub(crate) fn size(&self) -> (f64, f64) {
        let place = self.command("GET", "/rect", &Value::Null);
        let number = |name: &str| place[name].as_f64().unwrap();
        (number("width"), number("height"))
    }

    /// Elements inside it.
    pub(crate) fn all(&self, css: &str) -> Vec<Self> {
        let body = json!({"using": "css selector", "value": css});
        let found = self.command("POST", "/elements", &body);
        let found = found.as_array().into_iter().flatten();
        found
            .filter_map(|value| Element::of(self.page, value))
            .collect()
    }

    /// A picture of it alone, as PNG.
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        pictured(&self.command("GET", "/screenshot", &Value::Null))
    }
}
