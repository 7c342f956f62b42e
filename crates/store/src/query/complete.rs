//! What may be written next.

use stanchion_model::threat::ThreatVector;

use super::fields::{Field, Kind, List};
use super::parse::MOST_BYTES;

/// Suggestions at one time.
const MOST: usize = 30;

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Where what it replaces begins, in bytes.
    pub from: usize,
    /// Where that ends.
    pub to: usize,
    /// What to put there.
    pub text: String,
    /// For people.
    pub about: String,
}

/// What may be written at a place of a query, the place given in bytes. Names of products, owners and the like are not
/// known here: for those there is one suggestion, the field's example.
pub fn complete(list: &'static List, text: &str, cursor: usize) -> Vec<Suggestion> {
    if text.len() > MOST_BYTES {
        return Vec::new();
    }
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let start = word_start(&text[..cursor]);
    let Some(start) = start else {
        return Vec::new();
    };
    let word = &text[start..cursor];
    let mut found = match word.find([':', '<', '>']) {
        None => words(list, word),
        Some(end) => {
            let rest = word[end..].trim_start_matches([':', '<', '>', '=']);
            let last = rest.rsplit(',').next().unwrap_or(rest);
            values(list, &word[..end], last)
        }
    };
    let typed = found_length(word);
    found.truncate(MOST);
    found
        .into_iter()
        .map(|(text, about)| Suggestion {
            from: cursor - typed,
            to: cursor,
            text,
            about,
        })
        .collect()
}

/// How much of a word is replaced: all of it, or the last value.
fn found_length(word: &str) -> usize {
    word.rsplit([':', '<', '>', '=', ','])
        .next()
        .map_or(0, str::len)
}

/// Where the last word begins; `None` inside quotes.
fn word_start(text: &str) -> Option<usize> {
    let mut start = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => quoted = true,
            c if c.is_whitespace() || matches!(c, '(' | ')') => start = at + c.len_utf8(),
            '-' if at == start => start = at + 1,
            _ => {}
        }
    }
    (!quoted).then_some(start)
}

fn words(list: &List, start: &str) -> Vec<(String, String)> {
    let start = start.to_lowercase();
    let flags = list
        .flags
        .iter()
        .map(|flag| (flag.word.to_owned(), flag.about.to_owned()));
    let fields = list
        .fields
        .iter()
        .filter(|field| list.flag(field.name).is_none())
        .map(|field| (format!("{}:", field.name), field.about.to_owned()));
    let mut whole = vec![(
        "sort:".to_owned(),
        "order of the list, with `-` the other way round".to_owned(),
    )];
    if !list.all.is_empty() {
        whole.push(("all:true".to_owned(), list.all.to_owned()));
    }
    let mut found: Vec<_> = fields
        .chain(flags)
        .chain(whole)
        .filter(|(word, _)| word.starts_with(&start))
        .collect();
    found.sort();
    found
}

fn values(list: &'static List, name: &str, start: &str) -> Vec<(String, String)> {
    let start = start.to_lowercase();
    let fits = |word: &str| word.starts_with(&start);
    if name.eq_ignore_ascii_case("sort") {
        return list
            .sorts
            .iter()
            .filter(|sort| fits(sort.name))
            .map(|sort| (sort.name.to_owned(), sort.about.to_owned()))
            .collect();
    }
    if name.eq_ignore_ascii_case("all") && !list.all.is_empty() {
        return vec![("true".to_owned(), list.all.to_owned())];
    }
    let Some(field) = list.field(name) else {
        return Vec::new();
    };
    let mut known: Vec<(String, String)> = match field.kind {
        Kind::Words { words, .. } => words
            .iter()
            .map(|(word, _)| ((*word).to_owned(), String::new()))
            .collect(),
        Kind::Truth => ["true", "false"]
            .map(|word| (word.to_owned(), String::new()))
            .into(),
        Kind::Vector => ThreatVector::all()
            .map(|vector| (vector.id().to_owned(), vector.title().to_owned()))
            .collect(),
        Kind::Until => times(&["overdue", "1d", "7d", "30d"]),
        Kind::Since | Kind::Age => times(&["1d", "7d", "30d", "90d"]),
        Kind::Text { empty: true, .. } => ["none", "any"]
            .map(|word| (word.to_owned(), String::new()))
            .into(),
        Kind::Text { .. } | Kind::Number { .. } => Vec::new(),
    };
    known.retain(|(word, _)| fits(word));
    if known.is_empty() && start.is_empty() {
        known.push((example(field), field.about.to_owned()));
    }
    known
}

fn times(words: &[&str]) -> Vec<(String, String)> {
    words
        .iter()
        .map(|word| ((*word).to_owned(), String::new()))
        .collect()
}

/// The value of a field's example.
fn example(field: &Field) -> String {
    let rest = field.example.strip_prefix(field.name);
    rest.unwrap_or(field.example)
        .trim_start_matches([':', '<', '>', '='])
        .to_owned()
}
