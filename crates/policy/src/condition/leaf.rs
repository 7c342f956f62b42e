//! The words for a clause: a comparison, a flag, a function on one variable.

use super::field::{Field, Type};
use super::lex::one_line;
use super::node::{Infix, Kind, Node};
use super::say::Say;
use super::words::{Tree, join, list, opposite, plural, with_article};

/// What a clause says, or its source where there are no words for it.
pub(super) fn leaf(source: &str, node: &Node, negate: bool) -> Tree {
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

/// The variable of a `has(...)`.
pub(super) fn asked_to_be_known(node: &Node) -> Option<Field> {
    match &node.kind {
        Kind::Call(None, name, arguments) if name == "has" => field_of(arguments.first()?),
        _ => None,
    }
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
