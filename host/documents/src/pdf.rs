// PDF measures in points as floating numbers; everything before this file is integer mils.
#![allow(clippy::float_arithmetic)]

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

use crate::{Mark, Page, Result, Weight};

const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

fn points(mils: u32) -> f32 {
    mils as f32 * 0.072
}

/// Several pages as one PDF, in order.
///
/// Standard fonts only (Courier, so that columns are certain): characters outside Windows-1252
/// are drawn as `?`.
///
/// # Errors
/// When a barcode cannot be encoded.
pub fn pages_to_pdf(pages: &[Page]) -> Result<Vec<u8>> {
    let mut pdf = Pdf::new();
    let (catalog, tree, regular, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let page_ref = |index: usize| Ref::new(5 + 2 * index as i32);
    let content_ref = |index: usize| Ref::new(6 + 2 * index as i32);
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids((0..pages.len()).map(page_ref)).count(pages.len() as i32);
    for (id, font) in [(regular, &b"Courier"[..]), (bold, &b"Courier-Bold"[..])] {
        pdf.type1_font(id).base_font(Name(font)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (index, page) in pages.iter().enumerate() {
        let mut dict = pdf.page(page_ref(index));
        dict.media_box(Rect::new(0.0, 0.0, points(page.width), points(page.height)));
        dict.parent(tree).contents(content_ref(index));
        let mut resources = dict.resources();
        resources.fonts().pair(REGULAR, regular).pair(BOLD, bold);
        resources.finish();
        dict.finish();
        pdf.stream(content_ref(index), &draw(page)?);
    }
    Ok(pdf.finish())
}

fn draw(page: &Page) -> Result<Vec<u8>> {
    let mut content = Content::new();
    content.set_fill_gray(0.0);
    let top = points(page.height);
    for mark in &page.marks {
        match mark {
            Mark::Text { x, y, size, weight, text } => {
                let font = if *weight == Weight::Bold { BOLD } else { REGULAR };
                content.begin_text();
                content.set_font(font, points(*size));
                // The base line sits at four fifths of the line's height.
                content.next_line(points(*x), top - points(*y) - points(*size) * 0.8);
                content.show(Str(&win_ansi(text)));
                content.end_text();
            }
            Mark::Rect { x, y, width, height } => {
                content.rect(points(*x), top - points(*y + *height), points(*width), points(*height));
                content.fill_nonzero();
            }
            Mark::Code { x, y, width, height, barcode } => {
                let matrix = barcode.encode()?;
                let (mut wide, mut tall) = (points(*width) / matrix.width() as f32, points(*height));
                if !barcode.symbology.is_linear() {
                    tall /= matrix.height() as f32;
                    wide = wide.min(tall);
                    tall = tall.min(wide);
                }
                for row in 0..matrix.height() {
                    for (from, length) in matrix.runs(row) {
                        let left = points(*x) + from as f32 * wide;
                        let bottom = top - points(*y) - (row + 1) as f32 * tall;
                        content.rect(left, bottom, length as f32 * wide, tall);
                    }
                }
                content.fill_nonzero();
            }
        }
    }
    Ok(content.finish().to_vec())
}

/// Windows-1252 bytes; what it has not becomes `?`.
fn win_ansi(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c as u32 {
            0x20..=0x7e | 0xa0..=0xff => c as u32 as u8,
            0x20ac => 0x80,
            0x2013 => 0x96,
            0x2014 => 0x97,
            0x2019 => 0x92,
            _ => b'?',
        })
        .collect()
}
