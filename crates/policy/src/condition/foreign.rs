//! The only place that knows the [`cel`] crate: what our own form cannot hold is left to its interpreter.
//!
//! It is given a part of a condition that has passed our own parser and checker, never a raw source.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program};

use super::facts::{Facts, Value};
use super::field::{Field, Fields};
use super::outcome::{Outcome, Reason, Trouble};

/// The standard library: no clock, no input, no output.
static LIBRARY: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A part of a condition that is yes or no, for the interpreter.
pub(super) struct Foreign {
    program: Program,
    /// Variables whose values it needs.
    needed: Fields,
    /// Variables of which it may also ask whether they are known.
    used: Fields,
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Foreign({})", self.program.source_info().source)
    }
}

impl Foreign {
    /// Prepares a part. Fails, in one line, where the interpreter's bounds are tighter than ours.
    pub(super) fn new(source: &str, needed: Fields, used: Fields) -> Result<Self, String> {
        let program = Program::compile(source).map_err(|errors| {
            let first = errors.errors.into_iter().next();
            first.map_or_else(|| "it cannot be read".to_owned(), |error| error.msg)
        })?;
        Ok(Self {
            program,
            needed,
            used,
        })
    }

    /// Whether it holds. Any unknown variable it needs makes it unknown.
    pub(super) fn eval(&self, facts: &Facts<'_>) -> Outcome {
        let missing: Fields = self
            .needed
            .iter()
            .filter(|field| facts.get(*field) == Value::Unknown)
            .collect();
        if !missing.is_empty() {
            return Outcome::Unknown(Reason::missing(missing));
        }
        match self.program.execute(&context(facts, self.used)) {
            Ok(cel::Value::Bool(holds)) => Outcome::of(holds),
            Ok(_) => Outcome::Unknown(Reason::trouble(Trouble::BadValue)),
            Err(error) => Outcome::Unknown(Reason::trouble(trouble(&error))),
        }
    }
}

/// The values of some variables as the interpreter takes them: a map for each of `f`, `p` and `a`.
fn context(facts: &Facts<'_>, used: Fields) -> Context<'static, 'static> {
    let mut spaces: HashMap<&str, HashMap<String, cel::Value>> =
        ["f", "p", "a"].map(|space| (space, HashMap::new())).into();
    for field in used.iter() {
        if let Some((space, name)) = field.name().split_once('.')
            && let Some(value) = value(facts, field)
            && let Some(space) = spaces.get_mut(space)
        {
            space.insert(name.to_owned(), value);
        }
    }
    let mut context = Context::with_env(Arc::clone(&LIBRARY));
    for (space, values) in spaces {
        context.add_variable_from_value(space, values);
    }
    context
}

fn value(facts: &Facts<'_>, field: Field) -> Option<cel::Value> {
    let text = |text: &str| cel::Value::String(Arc::new(text.to_owned()));
    Some(match facts.get(field) {
        Value::Unknown => return None,
        Value::Bool(value) => cel::Value::Bool(value),
        Value::Int(value) => cel::Value::Int(value),
        Value::Double(value) => cel::Value::Float(value),
        Value::Text(value) => text(value),
        Value::Texts(texts) => cel::Value::List(Arc::new(texts.iter().map(text).collect())),
    })
}

fn trouble(error: &ExecutionError) -> Trouble {
    match error {
        ExecutionError::Overflow(..) => Trouble::Overflow,
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => Trouble::ByZero,
        ExecutionError::IndexOutOfBounds(_) | ExecutionError::NoSuchKey(_) => Trouble::NoMember,
        ExecutionError::ValuesNotComparable(..) => Trouble::NoNumber,
        _ => Trouble::BadValue,
    }
}

/// The whole of a condition by the interpreter alone: `Err` where it fails. The measure for our own evaluation.
#[cfg(test)]
pub(super) fn interpret(source: &str, facts: &Facts<'_>) -> Result<bool, String> {
    let program = Program::compile(source).map_err(|errors| format!("not CEL: {errors}"))?;
    let every = Field::ALL.iter().copied().collect();
    match program.execute(&context(facts, every)) {
        Ok(cel::Value::Bool(holds)) => Ok(holds),
        Ok(other) => Err(format!("not a bool: {other:?}")),
        Err(error) => Err(error.to_string()),
    }
}
