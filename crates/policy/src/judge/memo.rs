//! Rules are asked once for each distinct set of facts: findings of one vulnerability differ in little that a policy
//! asks about.

use std::collections::HashMap;

use crate::condition::{Condition, Facts, Fields, Outcome, Value};

/// The answers of some conditions by the values of the variables that they use.
pub(crate) struct Memo<'c> {
    conditions: Vec<Option<&'c Condition>>,
    fields: Fields,
    known: HashMap<Box<[u8]>, u32>,
    answers: Vec<Box<[Outcome]>>,
    key: Vec<u8>,
    asked: usize,
    distinct: usize,
    same: HashMap<Box<[Outcome]>, u32>,
}

/// Most sets of facts that are remembered: where every one is distinct, remembering gains nothing.
const MOST: usize = 200_000;

impl<'c> Memo<'c> {
    /// A condition that is not there always holds.
    pub(crate) fn new(conditions: Vec<Option<&'c Condition>>) -> Self {
        let fields = conditions
            .iter()
            .flatten()
            .fold(Fields::EMPTY, |all, condition| all.with(condition.fields()));
        Self {
            conditions,
            fields,
            known: HashMap::new(),
            answers: Vec::new(),
            key: Vec::new(),
            asked: 0,
            distinct: 0,
            same: HashMap::new(),
        }
    }

    pub(crate) const fn fields(&self) -> Fields {
        self.fields
    }

    /// Asks all conditions; [`Memo::answers`] has what they say.
    pub(crate) fn ask(&mut self, facts: &Facts<'_>) -> u32 {
        self.asked += 1;
        self.key.clear();
        for field in self.fields.iter() {
            push(facts.get(field), &mut self.key);
        }
        if let Some(at) = self.known.get(self.key.as_slice()) {
            return *at;
        }
        // What many sets of facts give the same answers to is one set of answers.
        let answer = answer(&self.conditions, facts);
        let at = self.answers.len() as u32;
        let at = *self.same.entry(answer.clone()).or_insert(at);
        if at as usize == self.answers.len() {
            self.answers.push(answer);
        }
        self.distinct += 1;
        if self.known.len() < MOST {
            self.known.insert(self.key.as_slice().into(), at);
        }
        at
    }

    /// The answer of each condition.
    pub(crate) fn answers(&self, at: u32) -> &[Outcome] {
        &self.answers[at as usize]
    }

    /// How many times it was asked, and how many sets of facts were distinct.
    pub(crate) fn share(&self) -> (usize, usize) {
        (self.asked, self.distinct)
    }
}

pub(crate) fn answer(conditions: &[Option<&Condition>], facts: &Facts<'_>) -> Box<[Outcome]> {
    conditions
        .iter()
        .map(|condition| condition.map_or(Outcome::True, |condition| condition.eval(facts)))
        .collect()
}

/// Each value begins with its type and, where it has one, its length: no two lists of values give the same bytes.
fn push(value: Value<'_>, key: &mut Vec<u8>) {
    match value {
        Value::Unknown => key.push(0),
        Value::Bool(value) => key.push(1 + u8::from(value)),
        Value::Int(value) => {
            key.push(3);
            key.extend_from_slice(&value.to_le_bytes());
        }
        Value::Double(value) => {
            key.push(4);
            key.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Value::Text(text) => {
            key.push(5);
            push_text(text, key);
        }
        Value::Texts(texts) => {
            key.push(6);
            key.extend_from_slice(&(texts.len() as u32).to_le_bytes());
            for text in texts.iter() {
                push_text(text, key);
            }
        }
    }
}

fn push_text(text: &str, key: &mut Vec<u8>) {
    key.extend_from_slice(&(text.len() as u32).to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}
