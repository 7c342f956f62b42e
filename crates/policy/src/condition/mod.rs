//! Conditions of a policy: [CEL](https://github.com/google/cel-spec) over typed variables, with three answers.
//!
//! A condition says of one finding yes, no or not known. What could go wrong on the day a rule is needed is an error
//! when the policy is loaded: a misspelt variable, a word that a variable never takes, a comparison of a string with
//! a number, a variable that is not known yet in this [`Phase`].
//!
//! - `unknown && false` is false and `unknown || true` is true; else what is asked of an unknown variable is unknown.
//!   A number that overflows or is divided by zero is unknown as well.
//! - `has(f.epss)` is the one way to ask whether something is known, and always answered: a rule that wants to treat
//!   the unknown like a yes or a no says so with it. Apart from it, learning a fact never turns a yes into a no.
//! - Nothing in a condition reads a clock, a file or the network.
//!
//! Most conditions are evaluated by our own compiled form, without allocation. What it cannot hold goes to the
//! [`cel`] crate's interpreter, in the smallest part that is yes or no (`foreign.rs`).

mod calls;
mod check;
mod error;
mod eval;
mod facts;
mod field;
mod foreign;
mod leaf;
mod lex;
mod names;
mod nearest;
mod node;
mod outcome;
mod say;
mod syntax;
mod types;
mod words;

#[cfg(test)]
mod tests;

pub use error::ConditionError;
pub use facts::{Facts, Texts, Value};
pub use field::{Field, Fields, Phase, Type};
pub(crate) use nearest::nearest;
pub use outcome::{Outcome, Reason, Trouble};

use eval::{Cell, Expr};
use node::{Infix, Kind, Node};

/// A condition that has been read, checked and compiled.
#[derive(Debug)]
pub struct Condition {
    source: String,
    root: Node,
    expr: Expr,
    fields: Fields,
}

/// A part of a condition that is neither `&&` nor `||`, and what became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Clause<'a> {
    /// As written, on one line.
    pub text: String,
    /// The variables it asks for, with what is known of them.
    pub found: Vec<(Field, Value<'a>)>,
    /// Whether it holds.
    pub outcome: Outcome,
}

impl Condition {
    /// Reads a condition that is asked in this phase.
    pub fn parse(source: &str, phase: Phase) -> Result<Self, ConditionError> {
        let root = syntax::parse(source)?;
        let expr = check::check(source, &root, phase)?;
        Ok(Self {
            source: source.to_owned(),
            fields: check::fields(&root, true),
            root,
            expr,
        })
    }

    /// Whether it holds.
    pub fn eval(&self, facts: &Facts<'_>) -> Outcome {
        self.expr.eval(facts, no_loop()).outcome()
    }

    /// The unknown variables on which an unknown outcome hangs; none where it is known.
    pub fn needs(&self, facts: &Facts<'_>) -> Fields {
        match self.eval(facts) {
            Outcome::Unknown(reason) => reason.fields(),
            _ => Fields::EMPTY,
        }
    }

    /// The variables it asks for. Facts that agree in these have the same outcome.
    pub const fn fields(&self) -> Fields {
        self.fields
    }

    /// As written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether all of it is compiled, and nothing left to the interpreter.
    pub fn is_compiled(&self) -> bool {
        !self.expr.is_foreign()
    }

    /// Its clauses from left to right, each with what was found. Values of the finding stand in them as they are:
    /// whoever shows them makes them harmless.
    pub fn explain<'a>(&self, facts: &Facts<'a>) -> Vec<Clause<'a>> {
        let mut clauses = Vec::new();
        self.clauses(&self.root, &self.expr, facts, &mut clauses);
        clauses
    }

    /// The findings meant, as a phrase that follows "findings" or "a finding": `known exploited and exposed to the
    /// internet`. What has no words stands in it as written, between back quotes.
    pub fn words(&self) -> String {
        words::phrase(&self.source, &self.root)
    }

    fn clauses<'a>(
        &self,
        node: &Node,
        expr: &Expr,
        facts: &Facts<'a>,
        clauses: &mut Vec<Clause<'a>>,
    ) {
        if let (
            Kind::Infix(operator @ (Infix::And | Infix::Or), ..),
            Expr::All(sides) | Expr::Any(sides),
        ) = (&node.kind, expr)
        {
            for (node, side) in node.chain(*operator).into_iter().zip(sides) {
                self.clauses(node, side, facts, clauses);
            }
            return;
        }
        clauses.push(Clause {
            text: lex::one_line(&self.source[node.inner.clone()]),
            found: check::fields(node, true)
                .iter()
                .map(|field| (field, facts.get(field)))
                .collect(),
            outcome: expr.eval(facts, no_loop()).outcome(),
        });
    }
}

/// The variable of a loop where there is none.
const fn no_loop<'a>() -> Cell<'a> {
    Cell::Unknown(Reason::trouble(Trouble::BadValue))
}
