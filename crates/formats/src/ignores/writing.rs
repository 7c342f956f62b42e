//! What the writers share: text that cannot leave its field, and what of an exception a tool can be told.

use std::collections::HashSet;
use std::fmt::Write as _;

use stanchion_model::exception::Exception;
use stanchion_model::purl::Purl;
use stanchion_model::text::is_hostile;

use super::Tool;
use super::days::End;
use super::reading::{is_exact, is_id, shown};
use crate::text::{cut, plain};

/// Exceptions by id, and what of them could not be said.
pub(super) struct Unsaid {
    tool: Tool,
    list: Vec<(String, String)>,
}

impl Unsaid {
    pub(super) const fn new(tool: Tool) -> Self {
        Self {
            tool,
            list: Vec::new(),
        }
    }

    /// The exception as a whole is left out.
    pub(super) fn whole(&mut self, exception: &Exception, why: impl std::fmt::Display) {
        self.push(exception, format!("not written: {why}"));
    }

    /// One of its ids is left out.
    pub(super) fn id(&mut self, exception: &Exception, id: &str, why: impl std::fmt::Display) {
        self.push(exception, format!("{}: not written: {why}", shown(id)));
    }

    /// It is written, and something of it is not.
    pub(super) fn part(&mut self, exception: &Exception, what: impl std::fmt::Display) {
        self.push(exception, format!("written, but {what}"));
    }

    fn push(&mut self, exception: &Exception, what: String) {
        self.list.push((exception.id.clone(), what));
    }

    pub(super) fn done(self) -> Vec<(String, String)> {
        self.list
    }

    /// What can be said, where it is not wider than the exception; names it otherwise.
    pub(super) fn plan<'a>(&mut self, exception: &'a Exception) -> Option<Plan<'a>> {
        match plan(exception, self.tool) {
            Ok(plan) => Some(plan),
            Err(why) => {
                self.whole(exception, why);
                None
            }
        }
    }
}

/// Which component an exception is for.
pub(super) enum Package<'a> {
    /// Any.
    Any,
    /// One package, any version of it.
    One(Purl),
    /// All whose purl begins so.
    Begins(&'a str),
}

/// An exception, taken apart.
pub(super) struct Plan<'a> {
    pub(super) exception: &'a Exception,
    pub(super) end: Option<End>,
    pub(super) package: Package<'a>,
    /// One exact version.
    pub(super) version: Option<&'a str>,
}

impl<'a> Plan<'a> {
    /// Names and drops the ids that are none, and gives the others.
    pub(super) fn ids(&self, unsaid: &mut Unsaid) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let mut ids: Vec<&'a str> = Vec::new();
        for id in &self.exception.scope.ids {
            if !is_id(id) {
                unsaid.id(self.exception, id, "it is no id");
            } else if seen.insert(id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }
}

fn plan(exception: &Exception, tool: Tool) -> Result<Plan<'_>, String> {
    let scope = &exception.scope;
    let tool = tool.as_str();
    if scope.ids.is_empty() && scope.rules.is_empty() {
        return Err("it names no vulnerability, so it covers nothing".into());
    }
    if !scope.rules.is_empty() {
        return Err(format!("{tool} does not know the rules of our policy"));
    }
    if let Some(product) = &scope.product {
        return Err(format!(
            "it is for the product `{}` only, and a file for {tool} names no product",
            shown(product)
        ));
    }
    let end = match &exception.expires {
        None => None,
        Some(text) => Some(End::parse(text).ok_or_else(|| {
            format!(
                "its expiry `{}` is neither a day (YYYY-MM-DD) nor a time (RFC 3339)",
                shown(text)
            )
        })?),
    };
    let package = match scope.purl.as_deref() {
        None => Package::Any,
        Some(text) => match text.strip_suffix('*') {
            Some(begin) => Package::Begins(begin),
            None => Package::One(one(text)?),
        },
    };
    let version = scope.versions.as_deref();
    if let Some(version) = version {
        if !is_exact(version) {
            return Err(format!(
                "`{}` is a range, and {tool} takes one exact version",
                shown(version)
            ));
        }
        if !matches!(package, Package::One(_)) {
            return Err("it is for a version of no one package".into());
        }
    }
    Ok(Plan {
        exception,
        end,
        package,
        version,
    })
}

fn one(text: &str) -> Result<Purl, String> {
    let purl = Purl::parse_lenient(text)
        .map_err(|error| format!("its purl `{}`: {error}", shown(text)))?;
    if purl.version().is_some() {
        return Err(format!(
            "its purl `{}` has a version, which belongs in `versions`",
            shown(text)
        ));
    }
    Ok(purl)
}

/// A string in double quotes as YAML and TOML both read it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hostile(c) || is_no_character(c) => {
                let code = u32::from(c);
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08X}")
                } else {
                    write!(out, "\\u{code:04X}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What YAML holds to be no character, although it is one.
const fn is_no_character(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// What a comment says of an exception: its id, who allowed it, when it ends.
pub(super) fn comment(exception: &Exception) -> String {
    let say = |text: &str| cut(&plain(text).replace(is_no_character, "\u{fffd}"), 200);
    // Begins with a word of ours, so that no id turns the comment into anything else.
    let mut out = String::from("# Exception ");
    if !exception.id.is_empty() {
        let _ = write!(out, "{}; ", say(&exception.id));
    }
    if let Some(approver) = &exception.approver {
        let _ = write!(out, "approver: {}; ", say(approver));
    }
    match &exception.expires {
        Some(expires) => {
            let _ = write!(out, "expires: {}", say(expires));
        }
        None => out.push_str("no expiry"),
    }
    out
}
