//! The files that pages load, each under a name that changes with its content, so that browsers may keep them for ever.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file.
#[derive(Debug)]
pub struct Asset {
    /// Its name: a hash of its content, and its kind.
    pub name: String,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub text: Cow<'static, str>,
}

impl Asset {
    fn new(text: impl Into<Cow<'static, str>>, extension: &str, kind: &'static str) -> Self {
        let text = text.into();
        let digest = Sha256::digest(text.as_bytes());
        let hash = digest[..12].iter().fold(String::new(), |mut hash, byte| {
            // Writing to a text cannot fail.
            let _ = write!(hash, "{byte:02x}");
            hash
        });
        Self {
            name: format!("{hash}.{extension}"),
            kind,
            text,
        }
    }

    /// The path under which pages load it.
    pub fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// The stylesheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let text = concat!(
        include_str!("style/base.css"),
        include_str!("style/frame.css"),
        include_str!("style/parts.css"),
        include_str!("style/today.css"),
        include_str!("style/products.css"),
        include_str!("style/admin.css"),
        include_str!("style/policy.css"),
    );
    let text = [text, stanchion_report::chart::STYLE].concat();
    Asset::new(text, "css", "text/css; charset=utf-8")
});

/// The conveniences of all pages. Each works on what the page has; none is needed.
pub static HANDS: LazyLock<Asset> = LazyLock::new(|| {
    let text = concat!(
        "\"use strict\";\n",
        include_str!("script/times.js"),
        include_str!("script/keys.js"),
        include_str!("script/complete.js"),
        include_str!("script/drop.js"),
        include_str!("script/progress.js"),
    );
    Asset::new(text, "js", "text/javascript; charset=utf-8")
});

/// Takes the code of an invitation from behind `#` in the address into the form.
pub static JOIN: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        include_str!("script/join.js"),
        "js",
        "text/javascript; charset=utf-8",
    )
});

/// The file of this name.
pub fn named(name: &str) -> Option<&'static Asset> {
    [&*STYLE, &*JOIN, &*HANDS]
        .into_iter()
        .find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_the_hash_of_what_is_in_them() {
        assert_ne!(STYLE.name, JOIN.name);
        assert_eq!(STYLE.name.len(), 24 + 4);
        assert!(named(&STYLE.name).is_some() && named("style.css").is_none());
    }

    /// The relative luminance of WCAG 2.2 of a colour such as `#1a2b3c`.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn texts_are_readable_in_both_themes() {
        let value = |block: &str, name: &str| -> String {
            let line = block
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("--{name}:")))
                .unwrap_or_else(|| panic!("no --{name}"));
            line.split_once(": ")
                .unwrap()
                .1
                .trim_end_matches(';')
                .to_owned()
        };
        let (light, dark) = STYLE.text.split_once("prefers-color-scheme: dark").unwrap();
        let dark = dark.split_once("\n}").unwrap().0;
        for theme in [light, dark] {
            for (text, ground) in [
                ("text", "ground"),
                ("text", "raised"),
                ("muted", "ground"),
                ("muted", "raised"),
                ("accent", "ground"),
                ("accent", "raised"),
                ("on-accent", "accent"),
                ("text", "sunk"),
                ("muted", "sunk"),
                ("accent", "sunk"),
                ("text", "accent-soft"),
                ("muted", "accent-soft"),
                ("accent", "accent-soft"),
                ("wrong", "ground"),
                ("wrong", "raised"),
                ("wrong", "sunk"),
                ("good", "ground"),
                ("good", "sunk"),
                ("critical", "ground"),
                ("critical", "sunk"),
                ("critical", "accent-soft"),
                ("high", "ground"),
                ("high", "sunk"),
                ("high", "accent-soft"),
                ("medium", "ground"),
                ("medium", "sunk"),
                ("medium", "accent-soft"),
                ("low", "ground"),
                ("low", "sunk"),
                ("low", "accent-soft"),
                ("none", "ground"),
                ("none", "accent-soft"),
            ] {
                let (a, b) = (
                    luminance(&value(theme, text)),
                    luminance(&value(theme, ground)),
                );
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
            }
            let (a, b) = (
                luminance(&value(theme, "edge")),
                luminance(&value(theme, "ground")),
            );
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 3.0, "edge of a field: {contrast:.2}");
        }
    }
}
