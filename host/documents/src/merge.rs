use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

use crate::{Error, Result};

/// Number of pages of a PDF.
///
/// # Errors
/// [`Error::Pdf`] when it cannot be read.
pub fn page_count(pdf: &[u8]) -> Result<usize> {
    Ok(load(0, pdf)?.get_pages().len())
}

/// Puts the pages of several PDFs into one, in order, each page at its own size.
///
/// # Errors
/// [`Error::Empty`] without input; [`Error::Pdf`] names the first document that cannot be read.
pub fn merge_pdfs(pdfs: &[&[u8]]) -> Result<Vec<u8>> {
    if pdfs.is_empty() {
        return Err(Error::Empty);
    }
    let mut merged = Document::with_version("1.7");
    let tree = merged.new_object_id();
    let catalog = merged.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    let mut next_id = merged.max_id + 1;
    let mut kids: Vec<Object> = Vec::new();
    for (index, bytes) in pdfs.iter().enumerate() {
        let mut source = load(index, bytes)?;
        source.renumber_objects_with(next_id);
        next_id = source.max_id + 1;
        let pages = source.get_pages();
        let mut own: BTreeMap<ObjectId, Dictionary> = BTreeMap::new();
        for id in pages.values() {
            own.insert(*id, page_dictionary(&source, *id, tree).map_err(|error| unreadable(index, &error))?);
            kids.push(Object::Reference(*id));
        }
        for (id, object) in source.objects {
            match own.remove(&id) {
                Some(page) => merged.objects.insert(id, Object::Dictionary(page)),
                None => merged.objects.insert(id, object),
            };
        }
    }
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    merged.objects.insert(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into());
    merged.trailer.set("Root", catalog);
    merged.max_id = next_id;
    merged.prune_objects();
    merged.renumber_objects();
    let mut out = Vec::new();
    merged.save_to(&mut out).map_err(|error| Error::Pdf { index: 0, reason: error.to_string() })?;
    Ok(out)
}

/// A page's dictionary with what it inherits from its own tree, hung under `tree`.
fn page_dictionary(source: &Document, id: ObjectId, tree: ObjectId) -> lopdf::Result<Dictionary> {
    let mut page = source.get_dictionary(id)?.clone();
    let mut parent = page.get(b"Parent").and_then(Object::as_reference).ok();
    // A tree deeper than this is broken or circular.
    for _ in 0..32 {
        let Some(node) = parent.and_then(|id| source.get_dictionary(id).ok()) else { break };
        for key in [&b"Resources"[..], b"MediaBox", b"CropBox", b"Rotate"] {
            if !page.has(key)
                && let Ok(value) = node.get(key)
            {
                page.set(key, value.clone());
            }
        }
        parent = node.get(b"Parent").and_then(Object::as_reference).ok();
    }
    page.set("Parent", tree);
    Ok(page)
}

fn load(index: usize, bytes: &[u8]) -> Result<Document> {
    Document::load_mem(bytes).map_err(|error| unreadable(index, &error))
}

fn unreadable(index: usize, error: &lopdf::Error) -> Error {
    Error::Pdf { index, reason: error.to_string() }
}
