//! XML answers as a small tree, read with suspicion and without regard to the case of names.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Deepest nesting of an answer; the carrier's have four levels.
const DEEPEST: usize = 16;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its text without blanks around it; `None` when nothing is left.
    pub(crate) fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The first element of a name, itself included, that has text.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let own = self.is(name).then(|| self.text()).flatten();
        own.or_else(|| self.children.iter().find_map(|child| child.find(name)))
    }

    /// Every element of a name, itself included, in order.
    pub(crate) fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
        if self.is(name) {
            found.push(self);
            return;
        }
        self.children.iter().for_each(|child| child.all(name, found));
    }

    /// Elements without children as one flat JSON object; the first of a name wins.
    pub(crate) fn leaves(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut all = serde_json::Map::new();
        self.gather(&mut all);
        all
    }

    fn gather(&self, all: &mut serde_json::Map<String, serde_json::Value>) {
        if let (true, Some(text)) = (self.children.is_empty(), self.text()) {
            all.entry(self.name.clone()).or_insert_with(|| text.into());
        }
        self.children.iter().for_each(|child| child.gather(all));
    }
}

/// Whether a text looks like XML, and not like a page.
pub(crate) fn is_xml(text: &str) -> bool {
    let lower = waybill_core::wire::clip(text, 200).to_ascii_lowercase();
    text.starts_with('<') && !lower.contains("<html") && !lower.contains("<!doctype html")
}

/// Reads a text that is XML, whole and well nested, and declares nothing.
pub(crate) fn read(text: &str) -> Result<Element, &'static str> {
    const BROKEN: &str = "is no XML, or is cut off";
    if !is_xml(text) {
        return Err("is no XML; a proxy may have answered in the carrier's place");
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let (element, closed) = match reader.read_event().map_err(|_| BROKEN)? {
            Event::Start(start) => (named(start.local_name().as_ref()), false),
            Event::Empty(start) => (named(start.local_name().as_ref()), true),
            Event::End(_) => (open.pop().ok_or(BROKEN)?, true),
            Event::DocType(_) => return Err("declares entities, which are not read"),
            Event::Eof => return Err(if open.is_empty() { "has no root element" } else { BROKEN }),
            other => {
                if let (Some(last), Some(text)) = (open.last_mut(), content(&other)?) {
                    last.text.push_str(&text);
                }
                continue;
            }
        };
        if !closed {
            open.push(element);
            if open.len() > DEEPEST {
                return Err("is nested too deeply");
            }
            continue;
        }
        match open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => return Ok(element),
        }
    }
}

fn named(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}

/// The text that an event stands for.
fn content(event: &Event<'_>) -> Result<Option<String>, &'static str> {
    Ok(match event {
        Event::Text(text) => Some(text.xml10_content().into_owned()),
        Event::CData(text) => Some(text.xml10_content().into_owned()),
        Event::GeneralRef(reference) => match reference.resolve_char_ref() {
            Ok(Some(one)) => Some(one.to_string()),
            Ok(None) => resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned),
            Err(_) => return Err("has a character that cannot be"),
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_prefixes_cdata_and_entities_are_read() {
        let text = "<?xml version=\"1.0\" encoding=\"GBK\"?><!-- x --><e:Response xmlns:e=\"u\" a=\"1\"><STATUS> fail </STATUS>\
            <description><![CDATA[a & b]]> &lt;c&gt; &#65;&nbsp;</description><x/></e:Response>";
        let root = read(text).unwrap();
        assert!(root.is("response"));
        assert_eq!((root.find("status"), root.find("description")), (Some("fail"), Some("a & b <c> A")));
        assert_eq!((root.find("x"), root.find("code")), (None, None));
        assert_eq!(root.leaves().len(), 2);
    }

    #[test]
    fn what_is_cut_nested_or_no_xml_is_told() {
        for (text, word) in [
            ("<a><b></a>", "no XML"),
            ("<a><b>", "no XML"),
            ("<html><body/></html>", "proxy"),
            ("null", "proxy"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "entities"),
            ("<!-- only this -->", "no root"),
        ] {
            assert!(read(text).unwrap_err().contains(word), "{text}");
        }
        assert!(read(&"<a>".repeat(40)).unwrap_err().contains("deeply"));
    }
}
