//! A small reader for the XML that clients send: elements and their text, no namespaces, no DOCTYPE.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Deeper documents are refused.
const MAX_DEPTH: usize = 32;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// First child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Text at a path of names such as `consignee/Zip`; empty text is absence.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        let mut node = self;
        for name in path.split('/') {
            node = node.child(name)?;
        }
        Some(node.text.trim()).filter(|text| !text.is_empty())
    }
}

/// Reads a document; nothing when it is not well formed, has a DOCTYPE or is too deep.
pub(crate) fn parse(bytes: &[u8]) -> Option<Node> {
    let mut reader = Reader::from_str(std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}'));
    let mut open = vec![Node::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return None;
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Node { name, ..Node::default() });
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                open.last_mut()?.children.push(Node { name, ..Node::default() });
            }
            Event::End(_) => {
                let done = open.pop()?;
                open.last_mut()?.children.push(done);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text),
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().ok()? {
                    Some(c) => c.to_string(),
                    None => resolve_predefined_entity(&reference)?.to_owned(),
                };
                open.last_mut()?.text.push_str(&resolved);
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    let root = open.pop().filter(|_| open.is_empty())?;
    root.children.into_iter().next()
}

/// An element with escaped text.
pub(crate) fn element(name: &str, text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    format!("<{name}>{escaped}</{name}>")
}

#[cfg(test)]
mod tests {
    use super::{element, parse};

    #[test]
    fn reads_elements_text_and_entities_and_refuses_the_rest() {
        let root =
            parse(b"<?xml version=\"1.0\"?><a x='1'><b>one &amp; &#x32;</b><b/><c><d>deep</d></c></a>")
                .expect("reads");
        assert_eq!(root.get("b"), Some("one & 2"));
        assert_eq!((root.all("b").count(), root.get("c/d"), root.get("c/x")), (2, Some("deep"), None));
        assert_eq!(parse(element("t", "<&>").as_bytes()).expect("reads").text, "<&>");
        for bad in [&b"<a><b></a>"[..], b"<a>", b"", b"plain", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"] {
            assert_eq!(parse(bad), None);
        }
        assert_eq!(parse("<a>".repeat(99).as_bytes()), None);
    }
}
