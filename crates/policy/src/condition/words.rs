//! A condition as an English phrase, for the document that a person signs.
//!
//! The phrase follows "findings": *of critical or high severity and not covered by an exception*. `&&` binds tighter
//! than `||`, and the phrase shows it: *a, or b and c* against *c and either a or b*; where that is not enough, parts
//! get numbers or brackets. Each variable brings its own words ([`Say`]); a part
//! that has none is quoted as it is written.

use super::check::fields;
use super::field::Field;
use super::leaf::{asked_to_be_known, leaf};
use super::node::{Infix, Kind, Node};
use super::say::Say;

/// The phrase for a condition.
pub(super) fn phrase(source: &str, root: &Node) -> String {
    tree(source, root, false).top()
}

/// What is said, with every "not" at its leaf.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Tree {
    Plain(String),
    /// The variable is, or has, one of the values; or none of them. Not for one that has a phrase for each.
    Values(Field, bool, Vec<String>),
    /// How a number compares: all of it.
    Amount(Field, Vec<String>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

fn tree(source: &str, node: &Node, negate: bool) -> Tree {
    match &node.kind {
        Kind::Bool(value) => Tree::Plain(
            if *value == negate {
                "of no kind"
            } else {
                "of any kind"
            }
            .into(),
        ),
        Kind::Not(inner) => tree(source, inner, !negate),
        Kind::Infix(operator @ (Infix::And | Infix::Or), ..) => {
            let sides = node.chain(*operator);
            let all = (*operator == Infix::And) != negate;
            // That a value is known goes without saying where it is asked for as well.
            let said = sides.iter().enumerate().filter(|(at, side)| {
                let field = asked_to_be_known(side).filter(|_| all && !negate);
                field.is_none_or(|field| {
                    let mut others = sides.iter().enumerate().filter(|(other, _)| other != at);
                    !others.any(|(_, other)| {
                        asked_to_be_known(other).is_none() && fields(other, true).has(field)
                    })
                })
            });
            join(all, said.map(|(_, side)| tree(source, side, negate)))
        }
        Kind::Infix(operator @ (Infix::Equal | Infix::Unequal), left, right) => {
            let same = (*operator == Infix::Equal) != negate;
            match (&left.kind, &right.kind) {
                (_, Kind::Bool(value)) => tree(source, left, *value != same),
                (Kind::Bool(value), _) => tree(source, right, *value != same),
                _ => leaf(source, node, negate),
            }
        }
        _ => leaf(source, node, negate),
    }
}

/// Joins the sides of `&&` (all) or `||`, and what they say of one variable.
pub(super) fn join(all: bool, sides: impl Iterator<Item = Tree>) -> Tree {
    let mut joined: Vec<Tree> = Vec::new();
    for side in sides {
        // A "not" in front may have made the inner operator the same as the outer one.
        let parts = match side {
            Tree::All(parts) if all => parts,
            Tree::Any(parts) if !all => parts,
            other => vec![other],
        };
        for part in parts {
            let place = joined.iter_mut().find(|known| match (&**known, &part) {
                (Tree::Values(a, yes, _), Tree::Values(b, no, _)) => {
                    a == b && yes == no && *yes != all
                }
                (Tree::Amount(a, _), Tree::Amount(b, _)) => a == b && all,
                _ => false,
            });
            match (place, part) {
                (Some(Tree::Values(_, _, known)), Tree::Values(_, _, more))
                | (Some(Tree::Amount(_, known)), Tree::Amount(_, more)) => known.extend(more),
                (_, part) => joined.push(part),
            }
        }
    }
    match (joined.len(), joined.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            joined.extend(last);
            if all {
                Tree::All(joined)
            } else {
                Tree::Any(joined)
            }
        }
    }
}

impl Tree {
    /// As a whole phrase.
    fn top(&self) -> String {
        match self {
            Self::All(sides) => {
                let (groups, mut items) = split(sides);
                let complex = groups.len() > 1 || (groups.len() == 1 && items.len() > 1);
                items.extend(groups.iter().map(|group| group.either()));
                list(&items, "and", complex)
            }
            Self::Any(sides) => {
                let (groups, mut items) = split(sides);
                let numbered = !groups.iter().all(|group| group.is_pair());
                items.extend(groups.iter().map(|group| group.top()));
                if numbered {
                    let items: Vec<String> = (1..)
                        .zip(&items)
                        .map(|(number, item)| format!("({number}) {item}"))
                        .collect();
                    return list(&items, "or", true);
                }
                list(&items, "or", !groups.is_empty())
            }
            leaf => leaf.said(),
        }
    }

    /// As one of several things that hold together.
    fn either(&self) -> String {
        let Self::Any(sides) = self else {
            return self.top();
        };
        let (groups, mut items) = split(sides);
        items.extend(groups.iter().map(|group| {
            if group.is_pair() {
                format!("both {}", group.top())
            } else {
                format!("({})", group.top())
            }
        }));
        format!("either {}", list(&items, "or", false))
    }

    /// Whether it is two things that hold together, and no more.
    fn is_pair(&self) -> bool {
        matches!(self, Self::All(sides) if sides.len() == 2 && split(sides).0.is_empty())
    }

    fn said(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Values(field, yes, values) => valued(*field, *yes, values),
            Self::Amount(field, details) => {
                let phrase = match field.row().say {
                    Say::Amount(phrase, _) | Say::Days(phrase, _) => phrase,
                    _ => "in a product whose tier is {}",
                };
                phrase.replace("{}", &details.join(" and "))
            }
            Self::All(_) | Self::Any(_) => format!("({})", self.top()),
        }
    }
}

/// The groups among some sides, and the others as said.
fn split(sides: &[Tree]) -> (Vec<&Tree>, Vec<String>) {
    let is_group = |side: &&Tree| matches!(side, Tree::All(_) | Tree::Any(_));
    let (groups, leaves): (Vec<&Tree>, Vec<&Tree>) = sides.iter().partition(is_group);
    (groups, leaves.into_iter().map(Tree::said).collect())
}

/// `a, b and c`; with a comma before the last where items are long or hold commas themselves.
pub(super) fn list(items: &[String], word: &str, comma: bool) -> String {
    let comma = comma || (items.len() > 2 && items.iter().any(|item| item.contains(", ")));
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => {
            let before = if comma { "," } else { "" };
            format!("{}{before} {word} {last}", most.join(", "))
        }
    }
}

/// The opposite of a phrase.
pub(super) fn opposite(phrase: &str) -> String {
    for (this, that) in [
        ("without ", "with "),
        ("with ", "without "),
        ("that is ", "that is not "),
        ("that does not ", "that does "),
    ] {
        if let Some(rest) = phrase.strip_prefix(this) {
            return format!("{that}{rest}");
        }
    }
    format!("not {phrase}")
}

pub(super) fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

pub(super) fn plural(noun: &str) -> String {
    let ending = if noun.ends_with('s') { "es" } else { "s" };
    format!("{noun}{ending}")
}

fn valued(field: Field, yes: bool, values: &[String]) -> String {
    let said = match field.row().say {
        Say::Text(noun, ..) if values == [String::new()] => {
            let nothing = format!("without {}", with_article(noun));
            return if yes { nothing } else { opposite(&nothing) };
        }
        Say::Text(_, phrase, quoted) => {
            let values: Vec<String> = values
                .iter()
                .map(|value| match quoted {
                    _ if value == "none" => "no".to_owned(),
                    _ if !field.words().is_empty() => value.replace(['-', '_'], " "),
                    false if !value.is_empty() => value.clone(),
                    _ => format!("'{value}'"),
                })
                .collect();
            phrase.replace("{}", &list(&values, "or", false))
        }
        _ => format!("in a product of tier {}", list(values, "or", false)),
    };
    if yes { said } else { opposite(&said) }
}
