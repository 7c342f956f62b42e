//! `yarn.lock` of Yarn 1 (a notation of its own) and of Yarn 2 and later ("berry", YAML):
//! <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>, <https://yarnpkg.com/advanced/lexicon#lockfile>.
//!
//! Both pair what is asked for (`name@range`) with what was chosen. Neither tells development packages from
//! others: that comes from the manifests of the project and its workspaces.

mod berry;
mod classic;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::ProblemKind;

use super::python::redacted;
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle};

/// Reads `yarn.lock`.
pub(super) struct YarnLock;

static ABOUT: About = About {
    id: "npm/yarn-lock",
    title: "yarn.lock, of Yarn 1 and of Yarn 2 and later",
    files: &["yarn.lock"],
    ecosystem: Some(Ecosystem::Npm),
    specification: "https://classic.yarnpkg.com/lang/en/docs/yarn-lock/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for YarnLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let berry = input.text.starts_with("__metadata:") || input.text.contains("\n__metadata:");
        if berry {
            berry::read(input, found);
        } else {
            classic::read(input, found);
        }
    }
}

/// What is asked for, and the package chosen for it.
#[derive(Default)]
struct Chosen<'a> {
    by_ask: HashMap<&'a str, Handle>,
    /// All packages of a name, by the name they are asked for under.
    by_name: HashMap<&'a str, Vec<Handle>>,
    /// What the project's manifest makes of an ask, whatever a dependent says.
    resolutions: HashMap<String, Vec<String>>,
    buffer: String,
}

impl<'a> Chosen<'a> {
    fn put(&mut self, ask: &'a str, name: &'a str, handle: Handle) {
        self.by_ask.insert(ask, handle);
        let all = self.by_name.entry(name).or_default();
        if all.last() != Some(&handle) {
            all.push(handle);
        }
    }

    /// The package for `name@range`, with a protocol put before the range when it is not there without.
    fn find(&mut self, name: &str, range: &str, protocol: &str) -> Option<Handle> {
        if let Some(handle) = self.exact(name, range, protocol) {
            return Some(handle);
        }
        // `resolutions` change what is asked for, but not what dependents say.
        match self.by_name.get(name)?.as_slice() {
            [only] => Some(*only),
            _ => match self.resolutions.get(name).cloned()?.as_slice() {
                [range] => self.exact(name, range, protocol),
                _ => None,
            },
        }
    }

    fn exact(&mut self, name: &str, range: &str, protocol: &str) -> Option<Handle> {
        for protocol in ["", protocol] {
            self.buffer.clear();
            for part in [name, "@", protocol, range] {
                self.buffer.push_str(part);
            }
            if let Some(&handle) = self.by_ask.get(self.buffer.as_str()) {
                return Some(handle);
            }
        }
        None
    }
}

fn unresolved(found: &mut Found, line: u32, who: &str, name: &str, range: &str) {
    let (who, range) = (redacted(who), redacted(range));
    found.problem(
        ProblemKind::Unresolved,
        line,
        format!("{who} needs {name}@{range}, which is not in the lockfile"),
    );
}
