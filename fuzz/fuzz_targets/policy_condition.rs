//! Conditions: what is read is evaluated, explained and said, and hiding facts never turns the answer.
#![no_main]

use stanchion_policy::condition::{Condition, Facts, Field, Outcome, Phase, Type, Value};

libfuzzer_sys::fuzz_target!(|input: (u64, &str)| {
    let (hidden, source) = input;
    let condition = match Condition::parse(source, Phase::Verdict) {
        Ok(condition) => condition,
        Err(error) => {
            assert!(error.offset <= source.len() && source.is_char_boundary(error.offset));
            assert!(Condition::parse(source, Phase::Deadline).is_err());
            return;
        }
    };
    let mut facts = Facts::new();
    for field in Field::ALL.iter().copied() {
        match field.kind() {
            Type::Bool => facts.set(field, true),
            Type::Int => facts.set(field, 7),
            Type::Double => facts.set(field, 0.5),
            Type::Text => facts.set(field, field.words().first().copied().unwrap_or("a")),
            Type::Texts => facts.set(field, &["CWE-79", "a"][..]),
        }
    }
    let full = condition.eval(&facts);
    for (place, field) in Field::ALL.iter().copied().enumerate() {
        if hidden & (1 << place) != 0 {
            facts.set(field, Value::Unknown);
        }
    }
    let less = condition.eval(&facts);
    // `has` asks for just that.
    if !source.contains("has") {
        assert!(!matches!((full, less), (Outcome::True, Outcome::False) | (Outcome::False, Outcome::True)));
    }
    for field in condition.needs(&facts).iter() {
        assert!(condition.fields().has(field) && facts.get(field) == Value::Unknown);
    }
    assert!(!condition.explain(&facts).is_empty());
    assert!(!condition.words().is_empty());
});
