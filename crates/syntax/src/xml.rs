//! XML by [XML 1.0](https://www.w3.org/TR/xml/), by the events of `quick-xml`.
//!
//! Only what a manifest needs: elements, attributes and text. A document type is skipped, so that no
//! entity of its own making is ever expanded and nothing outside the document is ever opened; the five
//! predefined entities and character references are resolved.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape};

use crate::{Limits, SyntaxError, Warning};

const WARNINGS: usize = 20;

/// An element, with its name as written (`xs:element` keeps its prefix).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The name, prefix included.
    pub name: Cow<'a, str>,
    /// 1-based line of its start tag.
    pub line: u32,
    /// Attributes in the order of the file, references resolved.
    pub attributes: Vec<(String, String)>,
    /// The element's own text, in one piece, references resolved.
    pub text: Cow<'a, str>,
    /// The elements in it, in the order of the file.
    pub children: Vec<Self>,
}

/// What was read, and where reading stopped if it did not reach the end.
#[derive(Clone, Debug, Default)]
pub struct XmlDocument<'a> {
    /// The outermost element, as far as it could be read.
    pub root: Option<Element<'a>>,
    /// Set when the document is not whole.
    pub error: Option<SyntaxError>,
    /// Oddities worth telling.
    pub warnings: Vec<Warning>,
}

impl<'a> Element<'a> {
    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        local(&self.name)
    }

    /// The first child with this name (without prefix).
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children
            .iter()
            .find(|child| child.local_name() == name)
    }

    /// The children with this name (without prefix).
    pub fn children<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Self> {
        self.children
            .iter()
            .filter(move |child| child.local_name() == name)
    }

    /// The children with the second name in all children with the first, as in `<modules><module>`.
    pub fn nested<'s>(&'s self, list: &'s str, item: &'s str) -> impl Iterator<Item = &'s Self> {
        self.children(list)
            .flat_map(move |child| child.children(item))
    }

    /// The trimmed text of the first child with this name; `None` when there is none or it is empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.trim())
            .filter(|text| !text.is_empty())
    }

    /// The value of an attribute (name without prefix).
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| local(key) == name)
            .map(|(_, value)| value.as_str())
    }

    fn push_text(&mut self, text: Cow<'a, str>) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.to_mut().push_str(&text);
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a document. After an error, the elements that were read before it are kept.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> XmlDocument<'a> {
    let mut building = Building {
        text,
        counted: 0,
        line: 1,
        stack: Vec::new(),
        nodes_left: limits.values(text.len()),
        depth: limits.depth,
        document: XmlDocument::default(),
    };
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    // A stray ampersand is common in hand-written files and harmless: it stays as text.
    config.allow_dangling_amp = true;
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        match reader.read_event() {
            Ok(Event::Eof) => {
                if let Some(open) = building.stack.last() {
                    let message = format!("the file ends inside <{}>", open.name);
                    building.fail(text.len(), message);
                } else if building.document.root.is_none() {
                    building.fail(text.len(), "the file holds no element".into());
                }
                break;
            }
            Ok(event) => {
                building.take(event, start);
                if building.document.error.is_some() {
                    break;
                }
            }
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(start);
                building.fail(at.max(start), error.to_string().replace('\n', ", "));
                break;
            }
        }
    }
    while let Some(open) = building.stack.pop() {
        building.put(open);
    }
    building.document
}

struct Building<'a> {
    text: &'a str,
    /// Up to where line ends have been counted.
    counted: usize,
    line: u32,
    stack: Vec<Element<'a>>,
    nodes_left: usize,
    depth: usize,
    document: XmlDocument<'a>,
}

impl<'a> Building<'a> {
    fn line_at(&mut self, at: usize) -> u32 {
        if let Some(passed) = self.text.as_bytes().get(self.counted..at) {
            self.line += memchr::memchr_iter(b'\n', passed).count() as u32;
            self.counted = at;
        }
        self.line
    }

    #[cold]
    fn fail(&mut self, at: usize, message: String) {
        let line = self.line_at(at.min(self.text.len()));
        self.document
            .error
            .get_or_insert(SyntaxError { line, message });
    }

    #[cold]
    fn warn(&mut self, at: usize, message: String) {
        let line = self.line_at(at);
        if self.document.warnings.len() < WARNINGS {
            self.document.warnings.push(Warning { line, message });
        }
    }

    fn take(&mut self, event: Event<'a>, start: usize) {
        match event {
            Event::Start(tag) => {
                if let Some(element) = self.element(&tag, start) {
                    self.stack.push(element);
                }
            }
            Event::Empty(tag) => {
                if let Some(element) = self.element(&tag, start) {
                    self.put(element);
                }
            }
            Event::End(_) => {
                if let Some(element) = self.stack.pop() {
                    self.put(element);
                }
            }
            Event::Text(piece) => self.add(piece.into_inner()),
            Event::CData(piece) => self.add(piece.into_inner()),
            Event::GeneralRef(reference) => {
                let text = match (
                    reference.resolve_char_ref(),
                    escape::resolve_predefined_entity(&reference),
                ) {
                    (Ok(Some(character)), _) => Cow::Owned(character.to_string()),
                    (_, Some(text)) => Cow::Borrowed(text),
                    _ => {
                        let written = format!("&{};", &*reference);
                        self.warn(
                            start,
                            format!("{written} is not resolved; it is kept as written"),
                        );
                        Cow::Owned(written)
                    }
                };
                self.add(text);
            }
            Event::DocType(_) => {
                self.warn(
                    start,
                    "a document type is not read, and its entities are not expanded".into(),
                );
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {}
        }
    }

    fn add(&mut self, text: Cow<'a, str>) {
        if let Some(open) = self.stack.last_mut() {
            open.push_text(text);
        }
    }

    fn element(&mut self, tag: &BytesStart<'a>, start: usize) -> Option<Element<'a>> {
        if self.stack.len() >= self.depth {
            self.fail(start, format!("nested deeper than {} levels", self.depth));
            return None;
        }
        let mut cost = 1;
        let line = self.line_at(start);
        let written = tag.name().into_inner();
        // The name stands right behind the bracket: borrowed from there rather than copied from the event.
        let name = match self.text.get(start + 1..start + 1 + written.len()) {
            Some(name) if name == written => Cow::Borrowed(name),
            _ => Cow::Owned(written.to_owned()),
        };
        let mut attributes = Vec::new();
        // The check for doubled attributes compares each with each.
        for attribute in tag.attributes().with_checks(false) {
            match attribute {
                Ok(attribute) => {
                    // Two texts of its own.
                    cost += 2;
                    if cost > self.nodes_left {
                        break;
                    }
                    let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                    let value = value
                        .map_or_else(|_| attribute.value.clone().into_owned(), Cow::into_owned);
                    attributes.push((attribute.key.into_inner().to_owned(), value));
                }
                Err(error) => {
                    self.warn(
                        start,
                        format!("an attribute of <{name}> cannot be read: {error}"),
                    );
                    break;
                }
            }
        }
        let Some(left) = self.nodes_left.checked_sub(cost) else {
            self.fail(start, "too many elements and attributes".into());
            return None;
        };
        self.nodes_left = left;
        Some(Element {
            name,
            line,
            attributes,
            text: Cow::Borrowed(""),
            children: Vec::new(),
        })
    }

    fn put(&mut self, element: Element<'a>) {
        match self.stack.last_mut() {
            Some(parent) => parent.children.push(element),
            // A second outermost element is not XML; the first one counts.
            None if self.document.root.is_none() => self.document.root = Some(element),
            None => {
                let line = element.line;
                if self.document.warnings.len() < WARNINGS {
                    let message =
                        format!("<{}> stands after the end of the document", element.name);
                    self.document.warnings.push(Warning { line, message });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> XmlDocument<'_> {
        parse(text, &Limits::default())
    }

    #[test]
    fn elements_know_their_line_text_and_attributes() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c -->\n<p:a x='1 &amp; 2'\n y=\"é\">\n  <b> t<!-- --><![CDATA[<u>]]>&lt;&#x41; </b>\n  <b/><c><d>1</d><d>2</d></c>\n</p:a>\n";
        let document = read(text);
        assert_eq!((document.error, document.warnings.len()), (None, 0));
        let root = document.root.unwrap();
        assert_eq!(
            (root.name.as_ref(), root.local_name(), root.line),
            ("p:a", "a", 3)
        );
        assert_eq!(
            (root.attribute("x"), root.attribute("y")),
            (Some("1 & 2"), Some("é"))
        );
        assert_eq!(
            (root.value("b"), root.child("b").unwrap().line),
            (Some("t<u><A"), 5)
        );
        assert_eq!(root.children("b").count(), 2);
        assert_eq!(
            root.nested("c", "d")
                .map(|d| d.text.as_ref())
                .collect::<Vec<_>>(),
            ["1", "2"]
        );
    }

    #[test]
    fn a_file_that_breaks_off_keeps_its_first_half() {
        let document = read("<a>\n<b>1</b>\n<c>2");
        assert_eq!(
            document.error.unwrap(),
            SyntaxError {
                line: 3,
                message: "the file ends inside <c>".into()
            }
        );
        let root = document.root.unwrap();
        assert_eq!((root.value("b"), root.value("c")), (Some("1"), Some("2")));
        let document = read("<a>\n<b>1</b>\n<c>2</d></a>");
        assert_eq!(
            (
                document.error.unwrap().line,
                document.root.unwrap().children.len()
            ),
            (3, 2)
        );
        assert!(read("").error.is_some() && read("words").root.is_none());
    }

    #[test]
    fn entities_of_a_document_type_are_never_expanded() {
        let text = "<!DOCTYPE a [<!ENTITY x \"boom\"><!ENTITY y SYSTEM \"file:///etc/passwd\">]>\n<a>&x;&y;</a>";
        let document = read(text);
        assert_eq!(document.root.unwrap().text, "&x;&y;");
        assert_eq!(document.warnings.len(), 3);
    }

    #[test]
    fn what_holds_too_many_elements_for_its_size_is_refused() {
        let text = format!("<a><x>1</x>{}</a>", "<b/>".repeat(1_000_000));
        let document = read(&text);
        assert!(document.error.unwrap().message.contains("too many"));
        assert_eq!(document.root.unwrap().value("x"), Some("1"));
        let text = format!("<a {}/>", "a='' ".repeat(1_000_000));
        assert!(read(&text).error.unwrap().message.contains("too many"));
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let text = "<a>".repeat(100_000);
        let document = read(&text);
        assert!(document.error.unwrap().message.contains("deeper than 128"));
        let limits = Limits {
            nodes: 10,
            ..Limits::default()
        };
        assert!(
            parse(&format!("<a>{}</a>", "<b/>".repeat(20)), &limits)
                .error
                .is_some()
        );
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*") {
            let _ = read(&text);
        }

        #[test]
        fn structure_never_panics(text in "[<>/!\\[\\]?&;#='\" \\nab:A-DOCTYPE-]*") {
            let _ = read(&text);
        }
    }
}
