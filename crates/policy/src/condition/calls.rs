//! The functions and the loops of a condition.
//!
//! They are CEL's [standard ones](https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions)
//! without those for bytes, times and types. A loop in a loop is refused: no rule needs it, and it would cost the
//! product of two lists that a stranger wrote.

use regex::RegexBuilder;

use super::check::{Checker, Variable};
use super::error::ConditionError;
use super::eval::{Expr, Part};
use super::names::NO_CLOCK;
use super::nearest::nearest;
use super::node::{Kind, Node};
use super::types::{Checked, Scalar, Ty, Typed};

/// All of them.
pub(super) const FUNCTIONS: [&str; 14] = [
    "has",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "exists",
    "all",
    "exists_one",
    "map",
    "filter",
    "int",
    "double",
    "string",
];

/// Largest compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 256 << 10;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        node: &Node,
        target: Option<&Node>,
        name: &str,
        arguments: &[Node],
    ) -> Checked {
        match (name, target, arguments) {
            ("has", None, [field]) => self.has(field),
            ("size", None, [of]) | ("size", Some(of), []) => {
                let checked = self.node(of)?;
                let compiled = match checked.ty {
                    Ty::TEXT | Ty::List(_) => checked.expr.map(|of| Expr::Size(of.into())),
                    Ty::Map(_) => None,
                    Ty::One(_) => {
                        let message =
                            format!("size takes a list or a string, and this is {}", checked.ty);
                        return Err(ConditionError::new(of.inner.start, message));
                    }
                };
                Ok(Typed::new(Ty::INT, compiled))
            }
            ("startsWith" | "endsWith" | "contains", Some(whole), [wanted]) => {
                let part = match name {
                    "startsWith" => Part::Start,
                    "endsWith" => Part::End,
                    _ => Part::Anywhere,
                };
                let whole_expr = self.text(whole, name)?;
                let wanted = self.demand(wanted, Ty::TEXT, name)?;
                let sides = whole_expr.zip(wanted);
                let compiled =
                    sides.map(|(whole, wanted)| Expr::Part(part, [whole, wanted].into()));
                Ok(Typed::new(Ty::BOOL, compiled))
            }
            ("matches", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
                let inner = self.text(text, name)?;
                let pattern = compile(pattern)?;
                let compiled = inner.map(|inner| Expr::Matches(inner.into(), pattern.into()));
                Ok(Typed::new(Ty::BOOL, compiled))
            }
            ("exists" | "all" | "exists_one" | "filter" | "map", Some(list), [variable, body]) => {
                self.looped(node, list, name, variable, None, body)
            }
            ("map", Some(list), [variable, test, body]) => {
                self.looped(node, list, name, variable, Some(test), body)
            }
            ("int" | "double" | "string", None, [of]) => {
                let checked = self.node(of)?;
                let ty = match name {
                    "int" => Ty::INT,
                    "double" => Ty::DOUBLE,
                    _ => Ty::TEXT,
                };
                let fits = match checked.ty {
                    Ty::One(Scalar::Bool) => ty == Ty::TEXT,
                    Ty::One(_) => true,
                    _ => false,
                };
                if fits {
                    return Ok(Typed::new(ty, None));
                }
                let message = format!("{name} cannot be made of {}", checked.ty);
                Err(ConditionError::new(of.inner.start, message))
            }
            _ => Err(misused(node, name)),
        }
    }

    /// `has(f.epss)`
    fn has(&mut self, argument: &Node) -> Checked {
        if let Kind::Select(inner, name) = &argument.kind
            && let Kind::Name(space) = &inner.kind
        {
            let field = self.field(inner, space, name)?;
            return Ok(Typed::new(Ty::BOOL, Some(Expr::IsKnown(field))));
        }
        let error = ConditionError::new(argument.inner.start, "has takes a variable");
        Err(error.hint("write has(f.epss)"))
    }

    /// A string before the dot of a function on strings.
    fn text(&mut self, node: &Node, name: &str) -> Checked<Option<Expr>> {
        let checked = self.node(node)?;
        match checked.ty {
            Ty::TEXT => Ok(checked.value()),
            Ty::List(Some(Scalar::Text)) => {
                let list = self.quote(node);
                let message = format!("{name} takes a string, and `{list}` is a list");
                let hint = if name == "contains" {
                    format!("write 'x' in {list}, or {list}.exists(x, x.contains('...'))")
                } else {
                    format!("write {list}.exists(x, x.{name}('...'))")
                };
                Err(ConditionError::new(node.inner.start, message).hint(hint))
            }
            ty => {
                let message = format!("{name} takes a string, and this is {ty}");
                Err(ConditionError::new(node.inner.start, message))
            }
        }
    }

    fn looped(
        &mut self,
        node: &Node,
        list: &Node,
        name: &str,
        variable: &Node,
        test: Option<&Node>,
        body: &Node,
    ) -> Checked {
        if self.variable.is_some() {
            let message = format!("{name} stands inside another loop");
            return Err(ConditionError::new(node.at, message)
                .hint("write two rules, or two conditions joined with &&"));
        }
        if has_loop(list) {
            let message = format!("{name} runs over the result of another loop");
            return Err(ConditionError::new(node.at, message)
                .hint("put both conditions into one: list.exists(x, ... && ...)"));
        }
        let over = self.node(list)?;
        let Ty::List(inside) = over.ty else {
            let message = format!("{name} runs over a list, and this is {}", over.ty);
            return Err(ConditionError::new(list.inner.start, message));
        };
        let Some(inside) = inside else {
            let message = format!("{name} runs over an empty list");
            return Err(ConditionError::new(list.inner.start, message));
        };
        let Kind::Name(variable_name) = &variable.kind else {
            let message = format!("{name} takes a new name for each member first");
            return Err(ConditionError::new(variable.inner.start, message)
                .hint(format!("write list.{name}(x, ...)")));
        };
        if matches!(variable_name.as_str(), "f" | "p" | "a") {
            let message = format!("`{variable_name}` has a meaning already");
            return Err(ConditionError::new(variable.at, message)
                .hint(format!("write list.{name}(x, ...)")));
        }
        self.variable = Some(Variable {
            name: variable_name.clone(),
            ty: Ty::One(inside),
            words: over.words,
        });
        let checked = self.body(name, test, body);
        self.variable = None;
        let body = checked?;
        let words = over.words;
        let parts = over.expr.zip(body.expr).map(|(list, body)| [list, body]);
        let compiled = match name {
            "exists" => parts.map(|parts| Expr::Exists(parts.into())),
            "all" => parts.map(|parts| Expr::ForAll(parts.into())),
            _ => None,
        };
        Ok(match name {
            "map" => Typed::new(body.ty, None),
            "filter" => Typed {
                words,
                ..Typed::new(over.ty, None)
            },
            _ => Typed::new(Ty::BOOL, compiled),
        })
    }

    /// What stands in a loop: a test of the member, or for `map` a new member, whose list is the type given back.
    fn body(&mut self, name: &str, test: Option<&Node>, body: &Node) -> Checked {
        if let Some(test) = test {
            self.demand(test, Ty::BOOL, name)?;
        }
        if name != "map" {
            let body = self.demand(body, Ty::BOOL, name)?;
            return Ok(Typed::new(Ty::BOOL, body));
        }
        let checked = self.node(body)?;
        match checked.ty {
            Ty::One(one) => Ok(Typed::new(Ty::List(Some(one)), None)),
            ty => {
                let message = format!("the members of a list cannot be {ty}");
                Err(ConditionError::new(body.inner.start, message))
            }
        }
    }
}

/// Whether a loop stands anywhere below.
fn has_loop(node: &Node) -> bool {
    let own = matches!(&node.kind, Kind::Call(Some(_), name, _)
        if matches!(name.as_str(), "exists" | "all" | "exists_one" | "filter" | "map"));
    own || node.children().into_iter().any(has_loop)
}

/// Compiles a pattern: in linear time whatever the text, and of bounded size.
fn compile(node: &Node) -> Checked<regex::Regex> {
    let at = node.inner.start;
    let Kind::Text(pattern) = &node.kind else {
        let error = ConditionError::new(at, "matches takes a pattern that is written out");
        return Err(error.hint("write it as a string: name.matches('^log4j')"));
    };
    RegexBuilder::new(pattern)
        .size_limit(LARGEST_PATTERN)
        .nest_limit(20)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => ConditionError::new(at, "the pattern is too large")
                .hint("repeat less: {1,100} and not {1,100000}"),
            error => {
                // Its last line says what is wrong; those before draw the pattern.
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                let what = last.strip_prefix("error: ").unwrap_or(last);
                ConditionError::new(at, format!("the pattern cannot be used: {what}"))
            }
        })
}

#[cold]
fn misused(node: &Node, name: &str) -> ConditionError {
    let usage = match name {
        "has" => "has(f.epss)",
        "size" => "size(f.cwes)",
        "startsWith" | "endsWith" | "contains" => "f.name.startsWith('x')",
        "matches" => "f.name.matches('^x')",
        "exists" | "all" | "exists_one" | "filter" => "f.cwes.exists(x, x == 'CWE-79')",
        "map" => "f.cwes.map(x, x + ' ')",
        "int" => "int(f.cvss)",
        "double" => "double(p.tier)",
        "string" => "string(p.tier)",
        _ => {
            let error = ConditionError::new(node.at, format!("there is no function `{name}`"));
            if matches!(
                name,
                "now" | "timestamp" | "duration" | "date" | "today" | "days"
            ) {
                return error.hint(NO_CLOCK);
            }
            return match nearest(name, FUNCTIONS) {
                Some(known) => error.hint(format!("did you mean {known}?")),
                None => error.hint(format!("there are {}", FUNCTIONS.join(", "))),
            };
        }
    };
    let usage = usage.replace(
        "startsWith",
        if usage.contains("startsWith") {
            name
        } else {
            "startsWith"
        },
    );
    let usage = usage.replace(
        "exists",
        if usage.contains("exists") {
            name
        } else {
            "exists"
        },
    );
    ConditionError::new(node.at, format!("`{name}` is not used like this"))
        .hint(format!("write {usage}"))
}
