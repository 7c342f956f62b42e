//! A `Gemfile` as far as it can be read without running it: `gem` lines, and the `group` blocks around them.

use std::collections::HashMap;

use stanchion_model::inventory::Scope;

use crate::extract::Input;
use crate::found::Found;

#[derive(Debug, Default)]
pub(super) struct Gemfile {
    scopes: HashMap<String, Scope>,
    /// The project is a gem: what else is asked for are its development gems.
    gemspec: bool,
}

impl Gemfile {
    /// Reads the manifest of a lockfile; an empty one when there is none.
    pub(super) fn beside(input: &Input<'_>, found: &mut Found) -> Self {
        let name = input.name();
        let manifest = if name == "gems.locked" {
            "gems.rb"
        } else {
            name.strip_suffix(".lock").unwrap_or("Gemfile")
        };
        let Ok(Some(sibling)) = input.sibling(manifest) else {
            return Self::default();
        };
        found.also_read(&sibling.path);
        Self::parse(&sibling.text)
    }

    /// Why the project asks for a gem; runtime when nothing else is said.
    pub(super) fn scope(&self, gem: &str) -> Scope {
        let other = if self.gemspec {
            Scope::Dev
        } else {
            Scope::Runtime
        };
        self.scopes.get(gem).copied().unwrap_or(other)
    }

    fn parse(text: &str) -> Self {
        let mut gemfile = Self::default();
        // The scopes of the groups that each open block adds.
        let mut blocks: Vec<Option<Scope>> = Vec::new();
        let mut other_files = false;
        for line in text.lines() {
            let line = without_comment(line).trim();
            let word = line.split([' ', '(']).next().unwrap_or_default();
            match word {
                "gem" => gemfile.gem(line, &blocks),
                "gemspec" => gemfile.gemspec = true,
                "eval_gemfile" | "instance_eval" | "eval" => other_files = true,
                "end" => {
                    blocks.pop();
                }
                _ => {}
            }
            let opens = line.ends_with(" do") || line.ends_with('|') && line.contains(" do |");
            if word == "group" && opens {
                blocks.push(groups(
                    &line["group".len()..],
                    line.contains("optional: true") || line.contains(":optional => true"),
                ));
            } else if opens
                || matches!(word, "if" | "unless" | "case" | "begin" | "while" | "def")
                    && !line.ends_with(" end")
            {
                blocks.push(None);
            }
        }
        gemfile.gemspec &= !other_files;
        gemfile
    }

    /// `gem "name", "~> 1", group: :test`.
    fn gem(&mut self, line: &str, blocks: &[Option<Scope>]) {
        let Some(name) = line.split(['"', '\'']).nth(1) else {
            return;
        };
        let own = [
            "groups:",
            "group:",
            ":groups =>",
            ":group =>",
            ":groups=>",
            ":group=>",
        ]
        .iter()
        .find_map(|key| {
            let rest = line.split_once(key)?.1.trim_start();
            let end = if rest.starts_with('[') {
                rest.find(']')
            } else {
                rest.find(',')
            };
            groups(&rest[..end.unwrap_or(rest.len())], false)
        });
        let scope = blocks
            .iter()
            .flatten()
            .copied()
            .chain(own)
            .min()
            .unwrap_or(Scope::Runtime);
        self.scopes
            .entry(name.to_owned())
            .and_modify(|known| *known = scope.min(*known))
            .or_insert(scope);
    }
}

/// The strongest scope among groups named by symbols or strings; `None` when none is named.
fn groups(text: &str, optional: bool) -> Option<Scope> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let text = text.split(" do").next().unwrap_or(text);
    text.split([',', '[', ']', '(', ')'])
        .map(str::trim)
        .filter(|part| part.starts_with([':', '"', '\'']) && !part.contains("=>"))
        .map(|part| part.trim_matches(|c| !is_name(c)))
        .filter(|name| !name.is_empty())
        .map(|name| match name {
            "development" | "dev" => Scope::Dev,
            "test" | "tests" => Scope::Test,
            _ if optional => Scope::Optional,
            _ => Scope::Runtime,
        })
        .min()
}

/// A line up to its comment: a `#` at the start or after a blank, outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '#' && before.is_whitespace() => return &line[..at],
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) | None => {}
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_blocks_and_arguments() {
        let gemfile = Gemfile::parse(
            "source 'https://rubygems.org' # a source\n\
             gem 'plain', '~> 1' # group: :test\n\
             gem \"inline\", group: :test\n\
             gem \"both\", groups: [:development, :test], require: false\n\
             gem 'arrow', :group => [:development]\n\
             group :development, :test do\n  gem 'block'\n  if true\n    gem 'deep'\n  end\nend\n\
             group(:development) do |_|\n  gem 'bracket'\n  gem 'again'\nend\n\
             group :doc, optional: true do\n  gem 'docs'\nend\n\
             group :production do\n  gem 'served'\nend\n\
             gem 'again' if true\n\
             gem('call', '1')\n",
        );
        for (name, scope) in [
            ("plain", Scope::Runtime),
            ("inline", Scope::Test),
            ("both", Scope::Test),
            ("arrow", Scope::Dev),
            ("block", Scope::Test),
            ("deep", Scope::Test),
            ("bracket", Scope::Dev),
            ("docs", Scope::Optional),
            ("served", Scope::Runtime),
            ("again", Scope::Runtime),
            ("call", Scope::Runtime),
            ("elsewhere", Scope::Runtime),
        ] {
            assert_eq!(gemfile.scope(name), scope, "{name}");
        }
        assert_eq!(Gemfile::parse("gemspec\n").scope("rake"), Scope::Dev);
    }
}
