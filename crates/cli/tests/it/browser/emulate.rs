//! What a page is shown on, and to whom: sizes, themes, paper, less motion, other time zones, no scripts.

use serde_json::{Value, json};

use super::page::Page;

impl Page {
    /// A viewport in CSS pixels; of a phone with touch and three dots to the pixel.
    pub(crate) fn size(&self, width: u32, height: u32, phone: bool) {
        let dots = if phone { 3 } else { 1 };
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": dots, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let touch = json!({"enabled": phone});
        self.devtools("Emulation.setTouchEmulationEnabled", &touch);
    }

    /// A desk: 1440 by 900.
    pub(crate) fn wide(&self) {
        self.size(1440, 900, false);
    }

    /// A phone: 390 by 844.
    pub(crate) fn narrow(&self) {
        self.size(390, 844, true);
    }

    /// Sets a medium, empty for the screen, and what people prefer.
    pub(crate) fn media(&self, medium: &str, scheme: &str, less_motion: bool) {
        let motion = if less_motion {
            "reduce"
        } else {
            "no-preference"
        };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]);
        let media = json!({"media": medium, "features": features});
        self.devtools("Emulation.setEmulatedMedia", &media);
    }

    /// The light theme, on a screen.
    pub(crate) fn light(&self) {
        self.media("", "light", false);
    }

    /// The dark theme, on a screen.
    pub(crate) fn dark(&self) {
        self.media("", "dark", false);
    }

    /// As on paper.
    pub(crate) fn paper(&self) {
        self.media("print", "light", false);
    }

    /// For people whom motion makes ill.
    pub(crate) fn still(&self) {
        self.media("", "light", true);
    }

    /// The reader's time zone, such as `America/New_York`.
    pub(crate) fn zone(&self, name: &str) {
        self.devtools(
            "Emulation.setTimezoneOverride",
            &json!({"timezoneId": name}),
        );
    }

    /// Without scripts of pages from the next page on. What tests run themselves still runs.
    pub(crate) fn without_scripts(&self) {
        self.devtools(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": true}),
        );
    }

    /// What makes the page broader than the window, so that it has to be moved from side to side (WCAG 2.2, 1.4.10): the
    /// beginnings of its elements; nothing where the page is not.
    pub(crate) fn sticking_out(&self) -> Vec<String> {
        let script = "const root = document.scrollingElement, most = root.clientWidth;
            if (root.scrollWidth <= most) return [];
            return [...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > most + 0.5)
                .slice(0, 5).map(one => one.outerHTML.slice(0, 120)).concat('the page');";
        let found = self.script(script, &Value::Array(Vec::new()));
        let found = found.as_array().into_iter().flatten();
        found
            .map(|one| one.as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
