//! Licences that a policy allows, by [SPDX expression](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/).

use spdx::{Expression, Licensee, ParseMode};

use crate::file::Licences;

/// Declared licences are read as generously as they are written.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: true,
    allow_imprecise_license_names: true,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// One licence that a policy names.
#[derive(Clone, Debug)]
pub struct Entry(Licensee);

impl Entry {
    /// An id of the list, with an exception where it has one: `MIT`, `GPL-2.0-only WITH Classpath-exception-2.0`,
    /// `LicenseRef-acme`.
    pub fn parse(text: &str) -> Result<Self, String> {
        Licensee::parse_mode(text, MODE)
            .map(Self)
            .map_err(|error| format!("{text:?} is no SPDX licence: {}", error.reason))
    }
}

/// What a policy says about a component's licences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Say {
    /// Nothing against it.
    #[default]
    Allowed,
    /// A person has to look at it.
    Review,
    /// Not allowed.
    Denied,
}

/// The section, ready to judge.
#[derive(Debug, Default)]
pub struct Judge {
    allow: Option<Vec<Entry>>,
    deny: Vec<Entry>,
    review: Vec<Entry>,
    unknown: Say,
}

impl Judge {
    /// Entries that are no licence have been refused when the file was read.
    pub fn new(rules: &Licences) -> Self {
        let entries = |texts: &mut dyn Iterator<Item = &String>| {
            texts.filter_map(|text| Entry::parse(text).ok()).collect()
        };
        Self {
            allow: rules
                .allow
                .as_ref()
                .map(|list| entries(&mut list.value.iter())),
            deny: entries(&mut rules.deny.iter().map(|text| &text.value)),
            review: entries(&mut rules.review.iter().map(|text| &text.value)),
            unknown: match rules.unknown.as_ref().map(|word| word.value.as_str()) {
                Some("deny") => Say::Denied,
                Some("review") => Say::Review,
                _ => Say::Allowed,
            },
        }
    }

    /// Whether the policy says anything about licences.
    pub fn is_empty(&self) -> bool {
        self.allow.is_none()
            && self.deny.is_empty()
            && self.review.is_empty()
            && self.unknown == Say::Allowed
    }

    /// Judges what a component declares; all of several texts have to hold. Gives the text that decided and the reason.
    pub fn say<'t>(&self, declared: &'t [String]) -> (Say, &'t str, &'static str) {
        let mut worst = (Say::Allowed, "", "");
        let mut stated = false;
        for text in declared.iter().map(|text| text.trim()) {
            if text.is_empty()
                || ["NOASSERTION", "NONE"]
                    .iter()
                    .any(|word| text.eq_ignore_ascii_case(word))
            {
                continue;
            }
            stated = true;
            let (say, why) = self.one(text);
            if say > worst.0 {
                worst = (say, text, why);
            }
        }
        if stated {
            worst
        } else {
            (self.unknown, "", "nobody states its licence")
        }
    }

    fn one(&self, text: &str) -> (Say, &'static str) {
        let Ok(expression) = Expression::parse_mode(text, MODE) else {
            return (self.unknown, "what it declares is no SPDX expression");
        };
        let names = |entries: &[Entry], requirement: &spdx::LicenseReq| {
            entries.iter().any(|entry| entry.0.satisfies(requirement))
        };
        if !self.deny.is_empty()
            && !expression.evaluate(|requirement| !names(&self.deny, requirement))
        {
            return (Say::Denied, "the policy denies it");
        }
        let free = |requirement: &spdx::LicenseReq| {
            !names(&self.deny, requirement) && !names(&self.review, requirement)
        };
        if !self.review.is_empty() && !expression.evaluate(free) {
            return (Say::Review, "the policy wants it reviewed");
        }
        if let Some(allow) = &self.allow
            && !expression.evaluate(|requirement| names(allow, requirement) && free(requirement))
        {
            return (Say::Review, "the policy does not list it as allowed");
        }
        (Say::Allowed, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(allow: Option<&[&str]>, deny: &[&str], review: &[&str], unknown: Say) -> Judge {
        let entries = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Entry::parse(text).unwrap())
                .collect()
        };
        Judge {
            allow: allow.map(entries),
            deny: entries(deny),
            review: entries(review),
            unknown,
        }
    }

    #[test]
    fn a_choice_is_as_good_as_its_best_part() {
        let judge = judge(
            Some(&["MIT", "Apache-2.0"]),
            &["AGPL-3.0-only"],
            &["LGPL-2.1-only"],
            Say::Review,
        );
        for (text, say) in [
            ("MIT", Say::Allowed),
            ("MIT OR AGPL-3.0-only", Say::Allowed),
            ("MIT AND AGPL-3.0-only", Say::Denied),
            ("AGPL-3.0-only", Say::Denied),
            ("AGPL-3.0-only OR LGPL-2.1-only", Say::Review),
            ("BSD-3-Clause", Say::Review),
            ("MIT/Apache-2.0", Say::Allowed),
            ("NOASSERTION", Say::Review),
            ("see LICENSE.txt", Say::Review),
        ] {
            assert_eq!(judge.say(&[text.to_owned()]).0, say, "{text}");
        }
        assert_eq!(judge.say(&[]).0, Say::Review);
        assert_eq!(
            judge.say(&["MIT".into(), "AGPL-3.0-only".into()]).0,
            Say::Denied
        );
    }

    #[test]
    fn an_entry_is_a_licence() {
        assert!(Entry::parse("GPL-2.0-only WITH Classpath-exception-2.0").is_ok());
        assert!(Entry::parse("LicenseRef-acme").is_ok());
        assert!(Entry::parse("MIT OR Apache-2.0").is_err());
        assert!(Entry::parse("no licence").is_err());
    }
}
