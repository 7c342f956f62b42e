//! How a variable is said in a sentence about findings: a column of the table in `field.rs`.

/// How a variable is said; `{}` stands for its value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Say {
    /// Yes and no.
    Flag(&'static str, &'static str),
    /// A number, as `above 7`; the second is true for a share of one, said in percent.
    Amount(&'static str, bool),
    /// A number of days, and what is said for some of them and for none.
    Days(&'static str, Option<(&'static str, &'static str)>),
    /// The product's tier.
    Tier,
    /// A string or a list of strings: its noun, the phrase, and whether values stand in quotes.
    Text(&'static str, &'static str, bool),
    /// A string with a phrase for each of its words.
    Each(&'static str, &'static [(&'static str, &'static str)]),
}

impl Say {
    pub(super) const fn flag(yes: &'static str, no: &'static str) -> Self {
        Self::Flag(yes, no)
    }

    pub(super) const fn amount(phrase: &'static str) -> Self {
        Self::Amount(phrase, false)
    }

    pub(super) const fn share(phrase: &'static str) -> Self {
        Self::Amount(phrase, true)
    }

    pub(super) const fn days(
        phrase: &'static str,
        some_and_none: Option<(&'static str, &'static str)>,
    ) -> Self {
        Self::Days(phrase, some_and_none)
    }

    pub(super) const fn tier() -> Self {
        Self::Tier
    }

    pub(super) const fn plain(noun: &'static str, phrase: &'static str) -> Self {
        Self::Text(noun, phrase, false)
    }

    pub(super) const fn quoted(noun: &'static str, phrase: &'static str) -> Self {
        Self::Text(noun, phrase, true)
    }

    pub(super) const fn each(
        noun: &'static str,
        words: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self::Each(noun, words)
    }

    pub(super) const fn noun(self) -> Option<&'static str> {
        match self {
            Self::Text(noun, ..) | Self::Each(noun, _) => Some(noun),
            _ => None,
        }
    }
}
