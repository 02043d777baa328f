//! Reads XML answers into the structs of [`crate::wire`], element by element. A rate answer has thousands of elements; a
//! reader with a data model in between takes three times as long for it.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use waybill_core::lenient::ShortText;

/// Deepest nesting of an answer; OnTrac's have seven levels.
const DEEPEST: usize = 24;

/// What is wrong with an answer, to go on after "the answer".
pub(crate) type Trouble = &'static str;

const NO_XML: Trouble = "is no XML; a proxy may have answered in the carrier's place";

/// What an element is read into.
pub(crate) trait Element: Default {
    /// Reads the content of the element that was just opened, to its end. An element that comes again adds to what is there.
    fn read(&mut self, elements: &mut Elements<'_>) -> Result<(), Trouble>;
}

/// The elements of an answer, one after the other.
///
/// Nearly all of them are a name and a text, `<Service>C</Service>`. Such an element is cut out in one piece; three events
/// of the XML reader for each were three quarters of the time. Whatever has more to it goes through the XML reader.
pub(crate) struct Elements<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    depth: usize,
    /// The text of the element that was just opened, when that is all there is in it and its end was passed.
    whole: Option<&'t str>,
}

impl<'t> Elements<'t> {
    /// Opens the root element: what follows is its content, and its name.
    pub(crate) fn open(text: &'t str) -> Result<(Self, BytesStart<'t>), Trouble> {
        if !text.starts_with('<') {
            return Err(NO_XML);
        }
        let mut elements = Self { text, reader: Reader::from_str(text), depth: 0, whole: None };
        match elements.next()? {
            Event::Start(root) => Ok((elements, root)),
            Event::Empty(root) => Ok((Self { whole: Some(""), ..elements }, root)),
            _ => Err("has no root element"),
        }
    }

    /// Reads the content of the root, and that nothing else comes after it.
    pub(crate) fn root<T: Element>(&mut self) -> Result<T, Trouble> {
        let mut root = T::default();
        root.read(self)?;
        loop {
            match self.next()? {
                Event::Start(_) => return Err("has two roots"),
                Event::Eof => return Ok(root),
                _ => {}
            }
        }
    }

    /// The next child of the open element, by its name without a prefix; `None` at the element's end.
    pub(crate) fn child(&mut self) -> Result<Option<Cow<'t, str>>, Trouble> {
        // What was opened was passed already: it has a text and no children.
        if self.whole.take().is_some() {
            return Ok(None);
        }
        if let Some((name, text)) = self.whole_element() {
            self.whole = Some(text);
            return Ok(Some(Cow::Borrowed(name)));
        }
        let named = |start: BytesStart<'_>| Cow::Owned(start.local_name().as_ref().to_owned());
        loop {
            match self.next()? {
                Event::Start(start) => return Ok(Some(named(start))),
                Event::Empty(start) => {
                    self.whole = Some("");
                    return Ok(Some(named(start)));
                }
                Event::End(_) => return Ok(None),
                Event::Eof => return Err("ends in the middle"),
                _ => {}
            }
        }
    }

    /// Passes the content of the open element over.
    pub(crate) fn skip(&mut self) -> Result<(), Trouble> {
        while self.child()?.is_some() {
            self.skip()?;
        }
        Ok(())
    }

    /// The text of the open element, without XML's blanks around it; elements in it are passed over.
    fn text(&mut self) -> Result<Cow<'t, str>, Trouble> {
        if let Some(text) = self.whole.take() {
            return Ok(Cow::Borrowed(text.trim_ascii()));
        }
        let mut text = Cow::Borrowed("");
        loop {
            let more = match self.next()? {
                Event::Text(more) => more.into_inner(),
                Event::CData(more) => more.into_inner(),
                Event::GeneralRef(entity) => resolved(entity),
                Event::Start(_) => {
                    self.skip()?;
                    continue;
                }
                Event::Empty(_) => continue,
                Event::End(_) => break,
                Event::Eof => return Err("ends in the middle"),
                _ => continue,
            };
            text = if text.is_empty() { more } else { text + more };
        }
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
        })
    }

    /// Passes the next element, when it is a plain name and a plain text: no attributes, references, comments or children.
    ///
    /// Asked for between two elements only: there the XML reader has nothing pending and takes up what follows.
    fn whole_element(&mut self) -> Option<(&'t str, &'t str)> {
        let rest = self.text.get(self.text.len() - self.reader.get_ref().len()..)?.trim_ascii_start();
        let (name, content) = split_before(rest.strip_prefix('<')?, |c| !NAMES[usize::from(c)])?;
        let (text, end) = split_before(content.strip_prefix('>')?, |c| matches!(c, b'<' | b'&'))?;
        let after = end.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?;
        if name.is_empty() || self.depth == DEEPEST {
            return None;
        }
        *self.reader.get_mut() = after.as_bytes();
        Some((name, text))
    }

    /// The next event, when the answer is no deeper than it should be and declares no document type.
    fn next(&mut self) -> Result<Event<'t>, Trouble> {
        loop {
            let event = self.reader.read_event().map_err(|_| NO_XML)?;
            match &event {
                Event::Start(_) | Event::Empty(_) if self.depth == DEEPEST => {
                    return Err("is nested too deeply");
                }
                Event::Start(_) => self.depth += 1,
                Event::End(_) => self.depth = self.depth.saturating_sub(1),
                Event::DocType(_) => return Err("declares a document type, which is not read"),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
                // Before and after the root.
                Event::Text(_) if self.depth == 0 => continue,
                _ => {}
            }
            return Ok(event);
        }
    }
}

/// Which bytes a plain name is made of: letters, digits and `_`.
const NAMES: [bool; 256] = {
    let (mut names, mut at) = ([false; 256], 0);
    while at < names.len() {
        names[at] = matches!(at as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_');
        at += 1;
    }
    names
};

/// What stands before a byte and from there on. For the few bytes of a name or a text a loop is quicker than a search.
fn split_before(text: &str, is_end: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    text.split_at_checked(text.bytes().position(is_end)?)
}

/// What `&name;` stands for; a name that XML does not know stays as it is written.
fn resolved(entity: BytesRef<'_>) -> Cow<'_, str> {
    if let Ok(Some(letter)) = entity.resolve_char_ref() {
        return letter.to_string().into();
    }
    let name = entity.into_inner();
    match resolve_predefined_entity(&name) {
        Some(text) => text.into(),
        None => format!("&{name};").into(),
    }
}

/// Texts stay texts; the first one that says something counts.
impl Element for String {
    fn read(&mut self, elements: &mut Elements<'_>) -> Result<(), Trouble> {
        let text = elements.text()?;
        if self.is_empty() {
            *self = text.into_owned();
        }
        Ok(())
    }
}

/// The same for texts of a few letters, of which a rate answer has a thousand.
impl Element for ShortText {
    fn read(&mut self, elements: &mut Elements<'_>) -> Result<(), Trouble> {
        let text = elements.text()?;
        if self.is_empty() {
            *self = text.into();
        }
        Ok(())
    }
}

impl<T: Element> Element for Vec<T> {
    fn read(&mut self, elements: &mut Elements<'_>) -> Result<(), Trouble> {
        let mut element = T::default();
        element.read(elements)?;
        self.push(element);
        Ok(())
    }
}

impl<T: Element> Element for Option<T> {
    fn read(&mut self, elements: &mut Elements<'_>) -> Result<(), Trouble> {
        self.get_or_insert_default().read(elements)
    }
}

/// Declares structs of an answer, each field with the names that its element has. What is missing is empty, what is not
/// named is passed over.
macro_rules! incoming {
    ($( $(#[$meta:meta])* struct $name:ident {
        $( $(#[$field_meta:meta])* $field:ident: $kind:ty = $($element:literal)|+ ),* $(,)?
    } )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(crate) struct $name { $( $(#[$field_meta])* pub(crate) $field: $kind, )* }

        impl crate::answer::Element for $name {
            fn read(
                &mut self,
                elements: &mut crate::answer::Elements<'_>,
            ) -> Result<(), crate::answer::Trouble> {
                while let Some(child) = elements.child()? {
                    match child.as_ref() {
                        $( $($element)|+ => crate::answer::Element::read(&mut self.$field, elements)?, )*
                        _ => elements.skip()?,
                    }
                }
                Ok(())
            }
        }
    )+ };
}

pub(crate) use incoming;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    incoming! {
        struct Parcel { name: String = "Name", other: Option<Other> = "Other" | "Others", many: Vec<String> = "Many" }
        struct Other { deep: String = "Deep" }
    }

    fn read(text: &str) -> Result<Parcel, Trouble> {
        Elements::open(text)?.0.root()
    }

    #[test]
    fn only_plain_well_nested_xml_is_read() {
        let (_, root) = Elements::open("<?xml version=\"1.0\"?><a:A><B/></a:A>").unwrap();
        assert_eq!(root.local_name().as_ref(), "A");
        for text in ["<?xml version=\"1.0\"?><A><B/></A>", "<A></A><!-- said -->\n", "<!-- first --><A/>"] {
            read(text).unwrap();
        }
        for (text, word) in [
            ("hello", "no XML"),
            ("<A><B></A>", "no XML"),
            ("<A><B>", "middle"),
            ("<A><Name>x", "middle"),
            ("<!DOCTYPE A [<!ENTITY x \"y\">]><A>&x;</A>", "document type"),
            ("<A/><B></B>", "two roots"),
            ("<!-- only this -->", "no root"),
        ] {
            assert!(read(text).unwrap_err().contains(word), "{text}");
        }
        for name in ["a", "Name", "Other"] {
            let deep = format!("<{name}>").repeat(100_000) + &format!("</{name}>").repeat(100_000);
            assert!(read(&deep).unwrap_err().contains("deeply"), "{name}");
        }
    }

    #[test]
    fn elements_come_in_any_order_number_and_form() {
        let parcel = read(
            "<A><Many>1</Many><New><Name>no</Name></New><Name> </Name><Name>\n a &amp;<!-- x --> <![CDATA[<b>]]>&#33;&nbsp;<i>no</i></Name>\
             <Other/><Many>2</Many>words<Others><Deep>d</Deep></Others><Name>late</Name></A>",
        )
        .unwrap();
        assert_eq!(parcel.name, "a & <b>!&nbsp;");
        assert_eq!(
            (parcel.many, parcel.other.unwrap().deep.as_str()),
            (vec!["1".to_owned(), "2".to_owned()], "d")
        );
    }

    /// Children of an element: plain texts, references, comments, blanks, attributes, known and unknown names.
    fn children() -> impl Strategy<Value = String> {
        let pieces =
            prop_oneof!["[a-z \n]{0,6}", Just("&amp;".into()), Just("<!--x-->".into()), Just("é".into())];
        let leaf = proptest::collection::vec(pieces, 0..3).prop_map(|pieces| pieces.concat());
        leaf.prop_recursive(4, 24, 5, |inner| {
            let names = prop::sample::select(vec!["Name", "Other", "Many", "Deep", "New", "p:Name", "1"]);
            let attributes = prop_oneof![4 => Just(""), 1 => Just(" a=\"<>\"")];
            let one =
                (names, attributes, inner, any::<bool>()).prop_map(|(name, attributes, inner, short)| {
                    match inner.is_empty() && short {
                        true => format!("<{name}{attributes}/>"),
                        false => format!("<{name}{attributes}>{inner}</{name}>"),
                    }
                });
            proptest::collection::vec(one, 1..5).prop_map(|all| all.join("\n"))
        })
    }

    proptest! {
        /// A blank in an end tag means nothing, and makes its element go through the XML reader.
        #[test]
        fn the_short_way_reads_what_the_long_way_reads(children in children(), lost: prop::sample::Index, broken: bool) {
            let mut text = format!("<A>{children}</A>");
            if broken {
                let (at, _) = text.char_indices().nth(lost.index(text.chars().count())).unwrap();
                text.remove(at);
            }
            let parts: Vec<&str> = text.split("</").collect();
            let ends = parts.iter().skip(1).map(|end| end.replacen('>', " >", 1));
            let long = std::iter::once(parts[0].to_owned()).chain(ends).collect::<Vec<_>>().join("</");
            prop_assert_eq!(format!("{:?}", read(&text)), format!("{:?}", read(&long)), "{}", text);
        }
    }
}
