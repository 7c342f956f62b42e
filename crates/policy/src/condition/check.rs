//! Types, names and words of a condition; what passes is compiled.
//!
//! CEL itself finds a misspelt variable or a comparison of a string with a number when it meets one, which a rule may
//! do for the first time on the day it is needed. Here both are errors when the policy is loaded.

use super::error::ConditionError;
use super::eval::Expr;
use super::field::{Field, Fields, Phase, Type};
use super::foreign::Foreign;
use super::lex::{Token, tokens};
use super::names::{no_such_field, no_such_name, word};
use super::node::{Infix, Kind, Node};
use super::types::{Checked, Scalar, Ty, Typed, comparable};

/// Highest tree, and most brackets in each other, of a part that is left to the interpreter. Its evaluation takes up to
/// 40 KiB of stack a level and its parser 170 KiB a bracket (measured without optimisation; a twentieth with it).
const HIGHEST_FOREIGN: usize = 16;
const MOST_BRACKETS: usize = 6;

/// How deep brackets stand in each other.
fn brackets(source: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for (token, _) in tokens(source).unwrap_or_default() {
        match token {
            Token::Sign("(" | "[" | "{") => open += 1,
            Token::Sign(")" | "]" | "}") => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// Checks a condition and compiles it.
pub(super) fn check(source: &str, root: &Node, phase: Phase) -> Checked<Expr> {
    let mut checker = Checker {
        source,
        phase,
        variable: None,
    };
    let checked = checker.node(root)?;
    if checked.ty != Ty::BOOL {
        let message = format!("a condition is true or false, and this is {}", checked.ty);
        let error = ConditionError::new(root.inner.start, message);
        return Err(match checked.ty {
            Ty::One(Scalar::Text) => error.hint("compare it with something: == '...'"),
            Ty::List(_) => error.hint("ask for its members: 'x' in list, or list.exists(x, ...)"),
            _ => error.hint("compare it with something"),
        });
    }
    let broken = || ConditionError::new(root.inner.start, "this cannot be evaluated");
    checked.value().ok_or_else(broken)
}

/// The variables below a node; those of which only `has` is asked are left out unless wanted.
pub(super) fn fields(node: &Node, with_asked: bool) -> Fields {
    match &node.kind {
        Kind::Call(None, name, _) if name == "has" && !with_asked => Fields::EMPTY,
        Kind::Select(inner, name) => match &inner.kind {
            Kind::Name(space) => {
                Field::from_name(&format!("{space}.{name}")).map_or(Fields::EMPTY, Fields::of)
            }
            _ => fields(inner, with_asked),
        },
        _ => node
            .children()
            .into_iter()
            .fold(Fields::EMPTY, |all, child| {
                all.with(fields(child, with_asked))
            }),
    }
}

/// The variable of the loop around.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) ty: Ty,
    /// Of which variable it is a member.
    pub(super) words: Option<Field>,
}

pub(super) struct Checker<'s> {
    source: &'s str,
    phase: Phase,
    pub(super) variable: Option<Variable>,
}

impl Checker<'_> {
    /// Checks a node. What is yes or no and cannot be compiled becomes a part for the interpreter, as small as can be.
    pub(super) fn node(&mut self, node: &Node) -> Checked {
        let mut checked = self.plain(node)?;
        if checked.ty == Ty::BOOL && checked.expr.is_none() && self.variable.is_none() {
            let part = &self.source[node.inner.clone()];
            let error = |message: String| ConditionError::new(node.inner.start, message);
            if node.height() > HIGHEST_FOREIGN || brackets(part) > MOST_BRACKETS {
                let message = "this part needs CEL's interpreter and is nested too deep for it";
                return Err(
                    error(message.into()).hint("make several conditions of it, with && or ||")
                );
            }
            let foreign = Foreign::new(part, fields(node, false), fields(node, true))
                .map_err(|refusal| error(format!("CEL's interpreter refuses this: {refusal}")))?;
            checked.expr = Some(Expr::Foreign(Box::new(foreign)));
        }
        Ok(checked)
    }

    fn plain(&mut self, node: &Node) -> Checked {
        Ok(match &node.kind {
            Kind::Bool(value) => Typed::new(Ty::BOOL, Some(Expr::Bool(*value))),
            Kind::Int(value) => Typed::new(Ty::INT, Some(Expr::Int(*value))),
            Kind::Double(value) => Typed::new(Ty::DOUBLE, Some(Expr::Double(*value))),
            Kind::Text(value) => Typed::new(Ty::TEXT, Some(Expr::Text(value.as_str().into()))),
            Kind::Null => {
                let error = ConditionError::new(node.at, "no variable is ever null");
                return Err(error.hint("to ask whether a variable is known, write has(f.epss)"));
            }
            Kind::Name(name) => self.name(node, name)?,
            Kind::Select(inner, name) => self.select(node, inner, name)?,
            Kind::Index(list, index) => self.index(node, list, index)?,
            Kind::Call(target, name, arguments) => {
                self.call(node, target.as_deref(), name, arguments)?
            }
            Kind::List(members) => self.list(members)?,
            Kind::Map(entries) => self.map(entries)?,
            Kind::Not(inner) => {
                let inner = self.demand(inner, Ty::BOOL, "`!`")?;
                Typed::new(Ty::BOOL, inner.map(|inner| Expr::Not(inner.into())))
            }
            Kind::Minus(inner) => {
                let checked = self.node(inner)?;
                let (Ty::INT | Ty::DOUBLE) = checked.ty else {
                    let message = format!("`-` takes a number, and this is {}", checked.ty);
                    return Err(ConditionError::new(inner.inner.start, message));
                };
                let ty = checked.ty;
                Typed::new(ty, checked.value().map(|inner| Expr::Minus(inner.into())))
            }
            Kind::Infix(operator @ (Infix::And | Infix::Or), ..) => {
                let name = if *operator == Infix::And {
                    "`&&`"
                } else {
                    "`||`"
                };
                let mut sides = Some(Vec::new());
                for side in node.chain(*operator) {
                    let side = self.demand(side, Ty::BOOL, name)?;
                    sides = sides.zip(side).map(|(mut sides, side)| {
                        sides.push(side);
                        sides
                    });
                }
                let join = if *operator == Infix::And {
                    Expr::All
                } else {
                    Expr::Any
                };
                Typed::new(Ty::BOOL, sides.map(|sides| join(sides.into())))
            }
            Kind::Infix(Infix::In, member, list) => self.within(node, member, list)?,
            Kind::Infix(
                operator @ (Infix::Add
                | Infix::Subtract
                | Infix::Multiply
                | Infix::Divide
                | Infix::Remainder),
                left,
                right,
            ) => self.reckon(node, *operator, left, right)?,
            Kind::Infix(operator, left, right) => self.compare(node, *operator, left, right)?,
            Kind::If(test, then, other) => {
                let test = self.demand(test, Ty::BOOL, "the test before `?`")?;
                let (then, other) = (self.node(then)?, self.node(other)?);
                if then.ty != other.ty {
                    let message = format!(
                        "the two values of `?:` differ in type: {} and {}",
                        then.ty, other.ty
                    );
                    return Err(ConditionError::new(node.at, message));
                }
                let ty = then.ty;
                let parts = test.zip(then.value()).zip(other.value());
                let parts = parts.map(|((test, then), other)| [test, then, other]);
                Typed::new(ty, parts.map(|parts| Expr::If(parts.into())))
            }
        })
    }

    /// Checks a node that must be of one type.
    pub(super) fn demand(&mut self, node: &Node, ty: Ty, who: &str) -> Checked<Option<Expr>> {
        let checked = self.node(node)?;
        if checked.ty == ty {
            return Ok(checked.value());
        }
        let message = format!("{who} takes {ty}, and this is {}", checked.ty);
        Err(ConditionError::new(node.inner.start, message))
    }

    /// A piece of the source as an error quotes it.
    pub(super) fn quote(&self, node: &Node) -> String {
        let line = super::lex::one_line(&self.source[node.inner.clone()]);
        if line.chars().count() <= 60 {
            return line;
        }
        line.chars().take(57).chain("...".chars()).collect()
    }

    fn name(&self, node: &Node, name: &str) -> Checked {
        match &self.variable {
            Some(variable) if variable.name == name => Ok(Typed {
                ty: variable.ty,
                expr: Some(Expr::Variable),
                words: variable.words,
            }),
            _ => Err(no_such_name(node.at, name)),
        }
    }

    fn select(&mut self, node: &Node, inner: &Node, name: &str) -> Checked {
        if let Kind::Name(space) = &inner.kind
            && self
                .variable
                .as_ref()
                .is_none_or(|variable| variable.name != *space)
        {
            let field = self.field(inner, space, name)?;
            return Ok(Typed {
                ty: match field.kind() {
                    Type::Bool => Ty::BOOL,
                    Type::Int => Ty::INT,
                    Type::Double => Ty::DOUBLE,
                    Type::Text => Ty::TEXT,
                    Type::Texts => Ty::List(Some(Scalar::Text)),
                },
                expr: Some(Expr::Field(field)),
                words: Some(field),
            });
        }
        let checked = self.node(inner)?;
        let message = format!(
            "`{}` is {} and has no fields",
            self.quote(inner),
            checked.ty
        );
        let error = ConditionError::new(node.at, message);
        if super::calls::FUNCTIONS.contains(&name) {
            return Err(error.hint(format!("a function is called with brackets: .{name}(...)")));
        }
        Err(error)
    }

    /// Looks a variable up, and sees that it is known when the condition is asked.
    pub(super) fn field(&self, space_node: &Node, space: &str, name: &str) -> Checked<Field> {
        let at = space_node.inner.start;
        let full = format!("{space}.{name}");
        let Some(field) = Field::from_name(&full) else {
            return Err(no_such_field(at, &full, name));
        };
        if field.phase() > self.phase {
            let message = format!("{full} is not known yet when deadlines are set");
            return Err(ConditionError::new(at, message).hint(
                "ask for it in a gate or an escalation; deadlines and exceptions come before",
            ));
        }
        Ok(field)
    }

    /// `==`, `!=` and the orders.
    fn compare(&mut self, node: &Node, operator: Infix, left: &Node, right: &Node) -> Checked {
        let (a, b) = (self.node(left)?, self.node(right)?);
        let lists = matches!((a.ty, b.ty), (Ty::List(a), Ty::List(b)) if !operator.orders()
            && a.zip(b).is_none_or(|(a, b)| comparable(a, b)));
        let ones = matches!((a.ty, b.ty), (Ty::One(a), Ty::One(b)) if comparable(a, b)
            && !(operator.orders() && a == Scalar::Bool));
        if !lists && !ones {
            let message = match (a.ty == b.ty, operator.orders()) {
                (true, true) => format!("{} has no order", a.ty),
                (true, false) => format!("{} cannot be compared with another", a.ty),
                _ => format!("{} cannot be compared with {}", a.ty, b.ty),
            };
            let error = ConditionError::new(node.at, message);
            return Err(match (a.ty, b.ty) {
                (Ty::TEXT, Ty::INT | Ty::DOUBLE) => {
                    error.hint(format!("write '{}' for a string", self.quote(right)))
                }
                (Ty::List(_), Ty::TEXT) | (Ty::TEXT, Ty::List(_)) => {
                    error.hint("to ask for a member of a list, write `'x' in list`")
                }
                _ => error,
            });
        }
        for (one, other, sides) in [(&a, &b, (left, right)), (&b, &a, (right, left))] {
            let Some(field) = one.words.filter(|field| !field.words().is_empty()) else {
                continue;
            };
            if operator.orders() {
                let message = format!(
                    "`{}` is a word, and words are ordered by letter",
                    self.quote(sides.0)
                );
                let hint = format!(
                    "name the words that you mean: {} in ['...', '...']",
                    self.quote(sides.0)
                );
                return Err(ConditionError::new(node.at, message).hint(hint));
            }
            if other.ty == Ty::TEXT {
                word(field, sides.1)?;
            }
        }
        let sides = if lists {
            None
        } else {
            a.value().zip(b.value())
        };
        let compiled = sides.map(|(a, b)| Expr::Compare(operator, [a, b].into()));
        Ok(Typed::new(Ty::BOOL, compiled))
    }

    fn within(&mut self, node: &Node, member: &Node, list: &Node) -> Checked {
        let (one, many) = (self.node(member)?, self.node(list)?);
        let inside = match many.ty {
            Ty::List(inside) => inside,
            Ty::Map(inside) => inside.map(|(key, _)| key),
            Ty::One(_) => {
                let message = format!("`in` takes a list on its right, and this is {}", many.ty);
                let error = ConditionError::new(list.inner.start, message);
                return Err(match many.ty {
                    Ty::TEXT => error.hint("for a part of a string, write name.contains('x')"),
                    _ => error,
                });
            }
        };
        let fits =
            matches!(one.ty, Ty::One(one) if inside.is_none_or(|inside| comparable(one, inside)));
        if !fits {
            let message = format!("{} is never in {}", one.ty, many.ty);
            return Err(ConditionError::new(node.at, message));
        }
        if let (Some(field), Kind::List(members)) = (one.words, &list.kind) {
            for member in members {
                word(field, member)?;
            }
        }
        if let Some(field) = many.words {
            word(field, member)?;
        }
        let is_map = matches!(many.ty, Ty::Map(_));
        let sides = one.value().zip(many.expr.filter(|_| !is_map));
        Ok(Typed::new(
            Ty::BOOL,
            sides.map(|(one, many)| Expr::In([one, many].into())),
        ))
    }

    fn reckon(&mut self, node: &Node, operator: Infix, left: &Node, right: &Node) -> Checked {
        let (a, b) = (self.node(left)?, self.node(right)?);
        let ty = match (a.ty, b.ty) {
            (Ty::INT, Ty::INT) => Ty::INT,
            (Ty::DOUBLE, Ty::DOUBLE) if operator != Infix::Remainder => Ty::DOUBLE,
            (Ty::TEXT, Ty::TEXT) if operator == Infix::Add => {
                return Ok(Typed::new(Ty::TEXT, None));
            }
            (Ty::List(a), Ty::List(b))
                if operator == Infix::Add && (a == b || a.is_none() || b.is_none()) =>
            {
                return Ok(Typed::new(Ty::List(a.or(b)), None));
            }
            (a, b) => {
                let spelt = &self.source[node.at..][..1];
                let message = format!("`{spelt}` cannot take {a} and {b}");
                let error = ConditionError::new(node.at, message);
                return Err(match (a, b) {
                    (Ty::INT, Ty::DOUBLE) | (Ty::DOUBLE, Ty::INT) => error.hint(
                        "write a number with a fraction as 2.0, or double(...) around the other",
                    ),
                    _ => error,
                });
            }
        };
        let sides = a.value().zip(b.value());
        Ok(Typed::new(
            ty,
            sides.map(|(a, b)| Expr::Reckon(operator, [a, b].into())),
        ))
    }

    fn index(&mut self, node: &Node, list: &Node, index: &Node) -> Checked {
        let (many, at) = (self.node(list)?, self.node(index)?);
        let inside = match (many.ty, at.ty) {
            (Ty::List(inside), Ty::INT) => inside,
            (Ty::Map(Some((key, value))), Ty::One(at)) if key == at => Some(value),
            _ => {
                let message = format!("{} cannot be asked for its member by {}", many.ty, at.ty);
                return Err(ConditionError::new(node.at, message));
            }
        };
        let Some(inside) = inside else {
            return Err(ConditionError::new(node.at, "an empty list has no members"));
        };
        Ok(Typed {
            words: many.words,
            ..Typed::new(Ty::One(inside), None)
        })
    }

    fn list(&mut self, members: &[Node]) -> Checked {
        let mut inside = None;
        let mut compiled = Some(Vec::new());
        for member in members {
            let checked = self.node(member)?;
            inside = Some(same(member, inside, checked.ty, "the members of a list")?);
            compiled = compiled.zip(checked.value()).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        let compiled = compiled.map(|members| Expr::List(members.into()));
        Ok(Typed::new(Ty::List(inside), compiled))
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Checked {
        let (mut keys, mut values) = (None, None);
        for (key, value) in entries {
            let ty = self.node(key)?.ty;
            keys = Some(same(key, keys, ty, "the keys of a map")?);
            if keys == Some(Scalar::Double) {
                return Err(ConditionError::new(
                    key.inner.start,
                    "a double cannot be the key of a map",
                ));
            }
            let ty = self.node(value)?.ty;
            values = Some(same(value, values, ty, "the values of a map")?);
        }
        Ok(Typed::new(Ty::Map(keys.zip(values)), None))
    }
}

/// The one type of several.
fn same(node: &Node, so_far: Option<Scalar>, ty: Ty, what: &str) -> Checked<Scalar> {
    let at = node.inner.start;
    match (ty, so_far) {
        (Ty::One(one), None) => Ok(one),
        (Ty::One(one), Some(first)) if one == first => Ok(one),
        (Ty::One(one), Some(first)) => {
            let message = format!("{what} differ in type: {first} and {one}");
            let error = ConditionError::new(at, message);
            Err(match (first, one) {
                (Scalar::Int, Scalar::Double) | (Scalar::Double, Scalar::Int) => {
                    error.hint("write whole numbers among them as 7.0")
                }
                _ => error,
            })
        }
        _ => Err(ConditionError::new(at, format!("{what} cannot be {ty}"))),
    }
}
