//! Two texts, line by line: what is the same, what is gone, what is new.

use maud::{Markup, html};

/// Cells of the table that finds what two parts share; beyond it the whole part counts as another.
const MOST_CELLS: usize = 4_000_000;
/// Lines around a difference that are shown.
const AROUND: usize = 3;
/// Lines that are shown at most.
const MOST_SHOWN: usize = 4_000;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Same,
    Gone,
    New,
}

/// A line, with its number in the old text and in the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line<'t> {
    fate: Fate,
    old: usize,
    new: usize,
    text: &'t str,
}

fn compare<'t>(old: &'t str, new: &'t str) -> Vec<Line<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = (old.len() - head).min(new.len() - head);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(a, b)| a == b)
        .count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<Line<'t>> = Vec::with_capacity(old.len().max(new.len()));
    let (mut x, mut y) = (0, 0);
    let mut push = |fate: Fate, text: &'t str| {
        x += usize::from(fate != Fate::New);
        y += usize::from(fate != Fate::Gone);
        lines.push(Line {
            fate,
            old: x,
            new: y,
            text,
        });
    };
    for line in &old[..head] {
        push(Fate::Same, line);
    }
    middle(a, b, &mut push);
    for line in &old[old.len() - tail..] {
        push(Fate::Same, line);
    }
    lines
}

/// The part between what is the same at both ends, by the longest common subsequence.
fn middle<'t>(a: &[&'t str], b: &[&'t str], push: &mut impl FnMut(Fate, &'t str)) {
    let width = b.len() + 1;
    if (a.len() + 1).saturating_mul(width) > MOST_CELLS {
        for line in a {
            push(Fate::Gone, line);
        }
        for line in b {
            push(Fate::New, line);
        }
        return;
    }
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[at(i, j)] = if a[i] == b[j] {
                longest[at(i + 1, j + 1)] + 1
            } else {
                longest[at(i + 1, j)].max(longest[at(i, j + 1)])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            push(Fate::Same, a[i]);
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && longest[at(i + 1, j)] >= longest[at(i, j + 1)]) {
            push(Fate::Gone, a[i]);
            i += 1;
        } else {
            push(Fate::New, b[j]);
            j += 1;
        }
    }
}

/// How many lines are new, and how many are gone.
pub fn counted(old: &str, new: &str) -> (usize, usize) {
    let lines = compare(old, new);
    let of = |fate| lines.iter().filter(|line| line.fate == fate).count();
    (of(Fate::New), of(Fate::Gone))
}

/// The difference, with some lines around each place. A sign before each line says what colour says too.
pub fn difference(old: &str, new: &str) -> Markup {
    let lines = compare(old, new);
    let mut near = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        if line.fate != Fate::Same {
            let (from, to) = (
                at.saturating_sub(AROUND),
                (at + AROUND + 1).min(lines.len()),
            );
            near[from..to].fill(true);
        }
    }
    let shown = near.iter().filter(|near| **near).count();
    if shown == 0 {
        return html! { p.muted { "The two texts are the same, line by line." } };
    }
    let places = (0..lines.len()).filter(|at| near[*at]).take(MOST_SHOWN);
    html! {
        div.scroll role="region" tabindex="0" aria-label="Difference, line by line" { table.diff {
            thead.hidden { tr { th scope="col" { "Line before" } th scope="col" { "Line after" } th scope="col" { "Sign" } th scope="col" { "Text" } } }
            tbody {
                @for at in places {
                    @let line = &lines[at];
                    @if at > 0 && !near[at - 1] { tr.gap { td colspan="4" { "⋯" } } }
                    tr .plus[line.fate == Fate::New] .minus[line.fate == Fate::Gone] {
                        td.num { @if line.fate != Fate::New { (line.old) } }
                        td.num { @if line.fate != Fate::Gone { (line.new) } }
                        td { @match line.fate { Fate::Same => "", Fate::Gone => "−", Fate::New => "+" } }
                        td { code { bdi { (line.text) } } }
                    }
                }
            }
        } }
        @if shown > MOST_SHOWN { p.more { "and " (shown - MOST_SHOWN) " further lines" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> String {
        compare(old, new)
            .iter()
            .map(|line| {
                let sign = match line.fate {
                    Fate::Same => ' ',
                    Fate::Gone => '-',
                    Fate::New => '+',
                };
                format!("{sign}{}", line.text)
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn lines_are_the_same_gone_or_new() {
        assert_eq!(told("a\nb\nc\n", "a\nx\nc\n"), " a\n-b\n+x\n c");
        assert_eq!(told("", "a\nb"), "+a\n+b");
        assert_eq!(told("a\nb", ""), "-a\n-b");
        assert_eq!(told("a\na\na", "a\na"), " a\n a\n-a");
        assert_eq!(told("a\nb\nc\nd", "b\nd\ne"), "-a\n b\n-c\n d\n+e");
        assert_eq!(counted("a\nb", "a\nc\nd"), (2, 1));
        // What leads back from a difference is the new text.
        let (old, new) = ("1\n2\n3\n4\n5\n6", "2\n3\n7\n5\n5\n6\n1");
        let back: Vec<&str> = compare(old, new)
            .into_iter()
            .filter(|line| line.fate != Fate::Gone)
            .map(|line| line.text)
            .collect();
        assert_eq!(back.join("\n"), new);
    }

    #[test]
    fn a_huge_difference_takes_no_huge_table() {
        let many = |letter: &str| {
            let lines: Vec<String> = (0..30_000).map(|at| format!("{letter}{at}")).collect();
            lines.join("\n")
        };
        let (old, new) = (many("a"), many("b"));
        assert_eq!(counted(&old, &new), (30_000, 30_000));
        let shown = difference(&old, &new).into_string();
        assert!(shown.contains("further lines") && shown.len() < 1_000_000);
    }

    #[test]
    fn a_hostile_line_is_text() {
        let shown = difference("a", "<script>\u{202e}x</script>").into_string();
        assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script>"));
        assert!(
            difference("a\r\n", "a\n")
                .into_string()
                .contains("the same")
        );
    }
}
