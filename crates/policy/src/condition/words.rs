//! A condition as an English phrase, for the document that a person signs.
//!
//! The phrase follows "findings": *of critical or high severity and not covered by an exception*. `&&` binds tighter
//! than `||`, and the phrase shows it: *a, or b and c* against *c and either a or b*; where that is not enough, parts
//! get letters or brackets. Each variable brings its own words ([`Say`], a column of the table in `field.rs`); a part
//! that has none is quoted as it is written.

use super::field::{Field, Type};
use super::lex::one_line;
use super::syntax::{Infix, Kind, Node};

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

    const fn noun(self) -> Option<&'static str> {
        match self {
            Self::Text(noun, ..) | Self::Each(noun, _) => Some(noun),
            _ => None,
        }
    }
}

/// The phrase for a condition.
pub(super) fn phrase(source: &str, root: &Node) -> String {
    tree(source, root, false).top()
}

/// What is said, with every "not" at its leaf.
#[derive(Clone, PartialEq, Debug)]
enum Tree {
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
            let sides = node.chain(*operator).into_iter();
            join(
                (*operator == Infix::And) != negate,
                sides.map(|side| tree(source, side, negate)),
            )
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

fn leaf(source: &str, node: &Node, negate: bool) -> Tree {
    let said = match &node.kind {
        Kind::Select(..) => flag(node, negate),
        Kind::Infix(Infix::In, member, list) => within(member, list, negate),
        Kind::Infix(operator, left, right) => compare(*operator, left, right, negate),
        Kind::Call(target, name, arguments) => call(target.as_deref(), name, arguments, negate),
        _ => None,
    };
    said.unwrap_or_else(|| {
        let code = one_line(&source[node.inner.clone()]);
        let verb = if negate { "does not hold" } else { "holds" };
        Tree::Plain(format!("for which `{code}` {verb}"))
    })
}

/// Joins the sides of `&&` (all) or `||`, and what they say of one variable.
fn join(all: bool, sides: impl Iterator<Item = Tree>) -> Tree {
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
                let simple = |group: &&Self| matches!(group, Self::All(sides) if sides.len() == 2 && split(sides).0.is_empty());
                let lettered = !groups.iter().all(simple);
                items.extend(groups.iter().map(|group| group.top()));
                if lettered {
                    let items: Vec<String> = ('a'..='z')
                        .zip(&items)
                        .map(|(letter, item)| format!("({letter}) {item}"))
                        .chain(items.iter().skip(26).map(|item| format!("(…) {item}")))
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
        items.extend(groups.iter().map(|group| match group {
            Self::All(sides) if sides.len() == 2 && split(sides).0.is_empty() => {
                format!("both {}", group.top())
            }
            other => format!("({})", other.top()),
        }));
        format!("either {}", list(&items, "or", false))
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
fn list(items: &[String], word: &str, comma: bool) -> String {
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
fn opposite(phrase: &str) -> String {
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

fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

fn plural(noun: &str) -> String {
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

/// That a variable is, or has, one of the values.
fn values(field: Field, yes: bool, values: Vec<String>) -> Tree {
    let Say::Each(_, words) = field.row().say else {
        return Tree::Values(field, yes, values);
    };
    let phrases = values.into_iter().map(|value| {
        let known = words.iter().find(|(word, _)| *word == value);
        let phrase = known.map_or_else(|| format!("'{value}'"), |(_, phrase)| (*phrase).to_owned());
        Tree::Plain(if yes { phrase } else { opposite(&phrase) })
    });
    join(!yes, phrases)
}

fn field_of(node: &Node) -> Option<Field> {
    let Kind::Select(inner, name) = &node.kind else {
        return None;
    };
    let Kind::Name(space) = &inner.kind else {
        return None;
    };
    Field::from_name(&format!("{space}.{name}"))
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text) => Some(text),
        _ => None,
    }
}

fn flag(node: &Node, negate: bool) -> Option<Tree> {
    match field_of(node)?.row().say {
        Say::Flag(yes, no) => Some(Tree::Plain(if negate { no } else { yes }.into())),
        _ => None,
    }
}

fn within(member: &Node, list: &Node, negate: bool) -> Option<Tree> {
    if let Some(field) = field_of(list) {
        return Some(values(field, !negate, vec![text_of(member)?.into()]));
    }
    let (field, Kind::List(members)) = (field_of(member)?, &list.kind) else {
        return None;
    };
    if members.is_empty() {
        return None;
    }
    let named: Option<Vec<String>> = members
        .iter()
        .map(|member| match (&member.kind, field.kind()) {
            (Kind::Text(text), Type::Text) => Some(text.clone()),
            (Kind::Int(number), Type::Int) if matches!(field.row().say, Say::Tier) => {
                Some(number.to_string())
            }
            _ => None,
        })
        .collect();
    Some(values(field, !negate, named?))
}

/// The operator that says the opposite.
const fn inverse(operator: Infix) -> Infix {
    match operator {
        Infix::Equal => Infix::Unequal,
        Infix::Unequal => Infix::Equal,
        Infix::Less => Infix::AtLeast,
        Infix::AtMost => Infix::More,
        Infix::More => Infix::AtMost,
        Infix::AtLeast => Infix::Less,
        other => other,
    }
}

fn compare(operator: Infix, left: &Node, right: &Node, negate: bool) -> Option<Tree> {
    let literal = |node: &Node| matches!(node.kind, Kind::Text(_) | Kind::Int(_) | Kind::Double(_));
    let (operator, left, right) = if literal(left) && !literal(right) {
        (operator.flipped(), right, left)
    } else {
        (operator, left, right)
    };
    let operator = if negate { inverse(operator) } else { operator };
    if let Kind::Call(target, name, arguments) = &left.kind
        && name == "size"
        && let Kind::Int(number) = right.kind
    {
        let noun = field_of(target.as_deref().or_else(|| arguments.first())?)?
            .row()
            .say
            .noun()?;
        return Some(Tree::Plain(match sign(operator, number) {
            Some(true) => format!("with {}", with_article(noun)),
            Some(false) => format!("without {}", with_article(noun)),
            None => format!("with {}", count(operator, number, noun)?),
        }));
    }
    let field = field_of(left)?;
    match (field.row().say, &right.kind) {
        (Say::Text(..) | Say::Each(..), Kind::Text(text)) => {
            let yes = match operator {
                Infix::Equal => true,
                Infix::Unequal => false,
                _ => return None,
            };
            Some(values(field, yes, vec![text.clone()]))
        }
        (Say::Amount(_, share), Kind::Int(_) | Kind::Double(_)) => {
            let number = match right.kind {
                Kind::Int(number) => number as f64,
                Kind::Double(number) => number,
                _ => return None,
            };
            let number = if share {
                percent(number)
            } else {
                number.to_string()
            };
            Some(Tree::Amount(field, vec![of(operator, &number)?]))
        }
        (Say::Tier, Kind::Int(number)) => Some(match operator {
            Infix::Equal | Infix::Unequal => {
                Tree::Values(field, operator == Infix::Equal, vec![number.to_string()])
            }
            _ => {
                let detail = of(operator, &number.to_string())?;
                Tree::Amount(field, vec![detail.trim_start_matches("of ").to_owned()])
            }
        }),
        (Say::Days(_, special), Kind::Int(number)) => {
            if let (Some((some, none)), Some(any)) = (special, sign(operator, *number)) {
                return Some(Tree::Plain(if any { some } else { none }.into()));
            }
            Some(Tree::Amount(field, vec![count(operator, *number, "day")?]))
        }
        _ => None,
    }
}

/// Whether a comparison of a count asks for some (true) or none (false).
const fn sign(operator: Infix, number: i64) -> Option<bool> {
    match (operator, number) {
        (Infix::More | Infix::Unequal, 0) | (Infix::AtLeast, 1) => Some(true),
        (Infix::Equal | Infix::AtMost, 0) | (Infix::Less, 1) => Some(false),
        _ => None,
    }
}

fn count(operator: Infix, number: i64, noun: &str) -> Option<String> {
    if number < 0 {
        return None;
    }
    let how = match operator {
        Infix::More => "more than",
        Infix::AtLeast => "at least",
        Infix::Less => "less than",
        Infix::AtMost => "at most",
        Infix::Equal => "exactly",
        Infix::Unequal => "other than exactly",
        _ => return None,
    };
    let noun = if number == 1 {
        noun.to_owned()
    } else {
        plural(noun)
    };
    Some(format!("{how} {number} {noun}"))
}

fn of(operator: Infix, number: &str) -> Option<String> {
    let how = match operator {
        Infix::More => "above",
        Infix::AtLeast => "of at least",
        Infix::Less => "below",
        Infix::AtMost => "of at most",
        Infix::Equal => "of exactly",
        Infix::Unequal => "other than",
        _ => return None,
    };
    Some(format!("{how} {number}"))
}

/// A share of one in percent, without what reckoning in binary leaves behind.
fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn call(target: Option<&Node>, name: &str, arguments: &[Node], negate: bool) -> Option<Tree> {
    if let ("has", [argument]) = (name, arguments) {
        let field = field_of(argument)?.name();
        let verb = if negate { "is not known" } else { "is known" };
        return Some(Tree::Plain(format!("for which `{field}` {verb}")));
    }
    let (target, arguments) = match target {
        Some(target) => (target, arguments),
        None => arguments.split_first()?,
    };
    let field = field_of(target)?;
    let noun = field.row().say.noun()?;
    match (name, arguments) {
        ("startsWith" | "endsWith" | "contains" | "matches", [wanted]) => {
            let verb = part(name, text_of(wanted)?, negate, false)?;
            Some(Tree::Plain(format!("whose {noun} {verb}")))
        }
        ("exists" | "all", [variable, body]) => {
            let Kind::Name(variable) = &variable.kind else {
                return None;
            };
            if name == "exists"
                && let Some(named) = equal_to(variable, body)
            {
                return Some(values(field, !negate, named));
            }
            let some = with_article(noun);
            Some(Tree::Plain(match (name, negate) {
                ("exists", false) => {
                    format!("with {some} that {}", verbs(variable, body, false, false)?)
                }
                ("exists", true) => format!(
                    "without {some} that {}",
                    verbs(variable, body, false, false)?
                ),
                (_, true) => format!("with {some} that {}", verbs(variable, body, true, false)?),
                _ => format!(
                    "with only {} that {}",
                    plural(noun),
                    verbs(variable, body, false, true)?
                ),
            }))
        }
        _ => None,
    }
}

/// The values of `x == 'a'` or `x in ['a', 'b']`.
fn equal_to(variable: &str, body: &Node) -> Option<Vec<String>> {
    let is_variable = |node: &Node| matches!(&node.kind, Kind::Name(name) if name == variable);
    match &body.kind {
        Kind::Infix(Infix::Equal, left, right) if is_variable(left) => {
            Some(vec![text_of(right)?.into()])
        }
        Kind::Infix(Infix::Equal, left, right) if is_variable(right) => {
            Some(vec![text_of(left)?.into()])
        }
        Kind::Infix(Infix::In, left, right) if is_variable(left) => match &right.kind {
            Kind::List(members) if !members.is_empty() => members
                .iter()
                .map(|member| text_of(member).map(str::to_owned))
                .collect(),
            _ => None,
        },
        _ => None,
    }
}

/// `starts with 'x'`
fn part(name: &str, wanted: &str, negate: bool, many: bool) -> Option<String> {
    let (one, all) = match name {
        "startsWith" => ("starts with", "start with"),
        "endsWith" => ("ends with", "end with"),
        "contains" => ("contains", "contain"),
        "matches" => ("matches", "match"),
        _ => return None,
    };
    let verb = match (negate, many) {
        (false, false) => one.to_owned(),
        (false, true) => all.to_owned(),
        (true, false) => format!("does not {all}"),
        (true, true) => format!("do not {all}"),
    };
    let quote = if name == "matches" { '`' } else { '\'' };
    Some(format!("{verb} {quote}{wanted}{quote}"))
}

/// What a loop says of one member of its list, or of many.
fn verbs(variable: &str, body: &Node, negate: bool, many: bool) -> Option<String> {
    let is_variable = |node: &Node| matches!(&node.kind, Kind::Name(name) if name == variable);
    if let Some(values) = equal_to(variable, body) {
        let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        let verb = match (negate, many) {
            (false, false) => "is",
            (false, true) => "are",
            (true, false) => "is not",
            (true, true) => "are not",
        };
        return Some(format!("{verb} {}", list(&values, "or", false)));
    }
    match &body.kind {
        Kind::Not(inner) => verbs(variable, inner, !negate, many),
        Kind::Infix(Infix::Unequal, left, right) if is_variable(left) => {
            let verb = match (negate, many) {
                (true, false) => "is",
                (true, true) => "are",
                (false, false) => "is not",
                (false, true) => "are not",
            };
            Some(format!("{verb} '{}'", text_of(right)?))
        }
        Kind::Infix(operator @ (Infix::And | Infix::Or), ..) => {
            let sides: Option<Vec<String>> = body
                .chain(*operator)
                .into_iter()
                .map(|side| match side.kind {
                    // A group in a group has no words here.
                    Kind::Infix(Infix::And | Infix::Or, ..) => None,
                    _ => verbs(variable, side, negate, many),
                })
                .collect();
            let and = (*operator == Infix::And) != negate;
            Some(list(&sides?, if and { "and" } else { "or" }, false))
        }
        Kind::Call(Some(target), name, arguments) if is_variable(target) => match &arguments[..] {
            [wanted] => part(name, text_of(wanted)?, negate, many),
            _ => None,
        },
        _ => None,
    }
}
