use stanchion_model::document::{Block, Document, Section};

use super::{html, markdown, terminal};

fn document() -> Document {
    let cells = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let hostile = "<script>alert(1)</script> | *x* \u{1b}[31m\u{202e} @all";
    Document {
        title: format!("A title {hostile}"),
        organisation: Some("Example".into()),
        facts: vec![("Version".into(), "1".into()), ("Policy".into(), hostile.into())],
        summary: "What it is for, in a sentence that is long enough to be broken over two lines of a terminal of usual width.".into(),
        sections: vec![Section {
            title: "First".into(),
            blocks: vec![
                Block::Text(hostile.into()),
                Block::List(cells(&["one", hostile])),
                Block::Table { head: cells(&["A", "B"]), rows: vec![cells(&["1", hostile]), cells(&["2", "–"])] },
                Block::Signatures(vec![("CISO".into(), "Jo".into())]),
            ],
        }],
        foot: "foot".into(),
    }
}

#[test]
fn nothing_in_a_document_formats_or_runs() {
    let mut page = Vec::new();
    html::write(&document(), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(
        !page.contains("<script") && page.contains("&lt;script&gt;"),
        "{page}"
    );
    let text = markdown::render(&document());
    assert!(!text.contains("<script") && !text.contains("*x*"), "{text}");
    for line in text.lines().filter(|line| line.starts_with("| 1")) {
        assert_eq!(line.matches('|').count(), 3, "{line}");
    }
    for rendered in [page, text, terminal::render(&document(), 80)] {
        assert!(!rendered.contains('\u{1b}') && !rendered.contains('\u{202e}'));
    }
}

#[test]
fn a_terminal_is_given_lines_that_fit() {
    for columns in [60, 80, 100] {
        let text = terminal::render(&document(), columns);
        assert!(
            text.lines().all(|line| line.chars().count() <= columns),
            "{text}"
        );
        assert!(text.contains("- one") && text.contains("CISO Jo"), "{text}");
    }
}
