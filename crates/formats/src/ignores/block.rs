//! The part of a user's file that is ours: what stands between two comment lines, and nothing else, is replaced.
//!
//! Where a list already stands in the file and the notation allows it only once, the two lines have to stand in that
//! list. That the rest of the file still says what it said is not assumed: the result is read again and compared.

use std::borrow::Cow;
use std::ops::Range;

use stanchion_syntax::{Node, SyntaxError, Value};

use super::reading::without_mark;

/// The line that begins our part.
pub(super) const BEGIN: &str = "# stanchion: begin";
/// The line that ends it.
pub(super) const END: &str = "# stanchion: end";
/// The first line of a part that has keys of its own.
const OWN: &str =
    "# Written by Stanchion: change the exceptions there, what stands here is replaced.";
/// The first line of a part that stands in a list of the user's.
const IN_LIST: &str = "# Written by Stanchion into this list: change the exceptions there, what stands here is replaced.";

/// How a notation is read into a tree.
pub(super) type Read = for<'t> fn(&'t str) -> Result<Node<'t>, SyntaxError>;

/// Where our part stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// By itself, with its own keys.
    Own,
    /// In a list of the user's, its lines moved in by so much.
    List(&'a str),
}

/// A user's file, parted.
pub(super) struct Existing<'a> {
    /// All of it.
    file: &'a str,
    /// Up to our part, its first line not included; all of the file where it has none.
    head: &'a str,
    /// Our part without its two lines.
    old: &'a str,
    /// Behind our part.
    tail: &'a str,
    /// What stands before the first of the two lines.
    indent: &'a str,
    /// The lines of our part, the two included; empty where there is none.
    lines: Range<u32>,
    /// The file without our part, whose lines are blank: every other line keeps its number.
    outside: Cow<'a, str>,
}

impl<'a> Existing<'a> {
    /// Finds our part.
    ///
    /// # Errors
    /// When one of the two lines is missing, stands twice or comes too early.
    pub(super) fn of(file: &'a str) -> Result<Self, String> {
        let mut begins = Vec::new();
        let mut ends = Vec::new();
        let mut at = 0;
        for (line, number) in file.split_inclusive('\n').zip(1u32..) {
            match line.trim() {
                BEGIN => begins.push((at, number, line)),
                END => ends.push((at + line.len(), number, line)),
                _ => {}
            }
            at += line.len();
        }
        let ((start, first, line), (end, last, end_line)) = match (&begins[..], &ends[..]) {
            ([], []) => {
                return Ok(Self {
                    file,
                    head: file,
                    old: "",
                    tail: "",
                    indent: "",
                    lines: 0..0,
                    outside: Cow::Borrowed(without_mark(file)),
                });
            }
            ([begin], [end]) if begin.1 < end.1 => (*begin, *end),
            _ => {
                let numbers = begins.iter().chain(&ends).map(|(_, line, _)| *line);
                let numbers: Vec<String> = numbers.take(10).map(|line| line.to_string()).collect();
                return Err(format!(
                    "`{BEGIN}` and `{END}` each stand once, in this order; found on line {}",
                    numbers.join(", ")
                ));
            }
        };
        let (head, tail) = (&file[..start], &file[end..]);
        let blank = "\n".repeat((last - first) as usize + 1);
        Ok(Self {
            file,
            head,
            old: &file[start + line.len()..end - end_line.len()],
            tail,
            indent: &line[..line.len() - line.trim_start().len()],
            lines: first..last + 1,
            outside: Cow::Owned(without_mark(&format!("{head}{blank}{tail}")).to_owned()),
        })
    }

    /// The file without our part.
    pub(super) fn outside(&self) -> &str {
        &self.outside
    }

    /// The line on which our part begins; 0 where there is none.
    pub(super) fn line(&self) -> u32 {
        self.lines.start
    }

    /// Whether our part may stand in a list of the user's: it was written so, or its two lines are new.
    pub(super) fn may_be_in_list(&self) -> bool {
        !self.lines.is_empty() && !self.old.lines().any(|line| line.trim() == OWN)
    }

    /// Where the items of the user's list begin: as its first one, which stands on the given line, or else as the mark.
    pub(super) fn indent(&self, first: Option<u32>) -> &str {
        let line = first.and_then(|line| self.outside.lines().nth((line as usize).checked_sub(1)?));
        match line {
            Some(line) if line.trim_start().starts_with(['-', '{', '"', '\'']) => {
                &line[..line.len() - line.trim_start().len()]
            }
            _ => self.indent,
        }
    }

    /// The file with a new part; `body` is whole lines. It is read again: everything else says what it said.
    ///
    /// # Errors
    /// When the part would change the rest, or the whole could not be read.
    pub(super) fn with(&self, place: Place<'_>, body: &str, read: Read) -> Result<String, String> {
        let before = read(&self.outside).map_err(|error| broken(&error))?;
        // A part of ours that somebody has broken is replaced all the same.
        if read(self.file).is_ok_and(|now| !same(&before, &now, &self.lines)) {
            return Err(format!(
                "line {} to {} are no comments of their own there: {}",
                self.lines.start,
                self.lines.end.saturating_sub(1),
                move_to("the end of the file")
            ));
        }
        let result = self.spliced(place, body);
        let ours = Existing::of(&result)?.lines;
        let advice = match place {
            Place::Own => "the end of the file",
            Place::List(_) => "the end of the list, behind a comma where the notation wants one",
        };
        let after = read(&result).map_err(|error| {
            format!(
                "with our part on line {} to {} the file cannot be read any more ({error}): {}",
                ours.start,
                ours.end - 1,
                move_to(advice)
            )
        })?;
        if !same(&before, &after, &ours) {
            return Err(format!(
                "our part, line {} to {}, would change what the lines around it say: {}",
                ours.start,
                ours.end - 1,
                move_to(advice)
            ));
        }
        Ok(result)
    }

    fn spliced(&self, place: Place<'_>, body: &str) -> String {
        let (indent, note) = match place {
            Place::Own => ("", OWN),
            Place::List(indent) => (indent, IN_LIST),
        };
        let mut out = String::with_capacity(self.head.len() + self.tail.len() + body.len() + 256);
        out.push_str(self.head);
        if !self.head.is_empty() && !self.head.ends_with('\n') {
            out.push('\n');
        }
        if self.lines.is_empty() && !without_mark(self.head).trim().is_empty() {
            out.push('\n');
        }
        for line in [BEGIN, note] {
            out.push_str(indent);
            out.push_str(line);
            out.push('\n');
        }
        out.push_str(body);
        out.push_str(indent);
        out.push_str(END);
        out.push('\n');
        out.push_str(self.tail);
        out
    }

    /// A file of lines with a new part: nothing in it depends on its place.
    pub(super) fn lines(&self, body: &str) -> String {
        self.spliced(Place::Own, body)
    }
}

fn move_to(place: &str) -> String {
    format!("move the two lines `{BEGIN}` and `{END}` to {place}")
}

/// The refusal of a file that is broken as it is.
pub(super) fn broken(error: &SyntaxError) -> String {
    format!("the file cannot be read as it is ({error}): mend it first")
}

/// Whether a tree says the same as another once what stands on our lines is taken out.
fn same(before: &Node<'_>, after: &Node<'_>, ours: &Range<u32>) -> bool {
    match (&before.value, &after.value) {
        (Value::Object(old), Value::Object(new)) => {
            let mut new = new.iter().filter(|member| {
                !(ours.contains(&member.line) && before.get(&member.key).is_none())
            });
            old.iter().all(|old| {
                new.next()
                    .is_some_and(|new| old.key == new.key && same(&old.value, &new.value, ours))
            }) && new.next().is_none()
        }
        (Value::Array(old), Value::Array(new)) => {
            let mut new = new.iter().filter(|item| !ours.contains(&item.line));
            old.iter()
                .all(|old| new.next().is_some_and(|new| same(old, new, ours)))
                && new.next().is_none()
        }
        // A key without a value, or an empty file: what takes its place is all ours.
        (Value::Null, Value::Array(new)) => new.iter().all(|item| ours.contains(&item.line)),
        (Value::Null, Value::Object(new)) => new.iter().all(|member| ours.contains(&member.line)),
        (old, new) => old == new,
    }
}
