use crate::{Barcode, Result};

/// Weight of a text's strokes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Ordinary strokes.
    Regular,
    /// Heavy strokes.
    Bold,
}

/// One thing drawn on a page. All lengths in mils, origin top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// One line of text; `y` is the top of the line, `size` its height.
    Text {
        /// Left edge.
        x: u32,
        /// Top edge.
        y: u32,
        /// Height of the line.
        size: u32,
        /// Stroke weight.
        weight: Weight,
        /// The text.
        text: String,
    },
    /// A filled rectangle (thin ones are rules).
    Rect {
        /// Left edge.
        x: u32,
        /// Top edge.
        y: u32,
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// A barcode drawn as large as its box allows, from the box's top left.
    Code {
        /// Left edge.
        x: u32,
        /// Top edge.
        y: u32,
        /// Greatest width.
        width: u32,
        /// Height of the bars, or greatest height of a matrix symbol.
        height: u32,
        /// What is drawn.
        barcode: Barcode,
    },
}

/// A page of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Width in mils.
    pub width: u32,
    /// Height in mils.
    pub height: u32,
    /// Drawn in order.
    pub marks: Vec<Mark>,
}

impl Page {
    /// An empty page.
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height, marks: Vec::new() }
    }

    /// Adds a line of text.
    pub fn text(&mut self, x: u32, y: u32, size: u32, weight: Weight, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.marks.push(Mark::Text { x, y, size, weight, text });
        }
    }

    /// Adds a filled rectangle.
    pub fn rect(&mut self, x: u32, y: u32, width: u32, height: u32) {
        self.marks.push(Mark::Rect { x, y, width, height });
    }

    /// Adds a horizontal rule across the page.
    pub fn rule(&mut self, y: u32, thickness: u32) {
        self.rect(100, y, self.width.saturating_sub(200), thickness);
    }

    /// Adds a barcode.
    pub fn code(&mut self, x: u32, y: u32, width: u32, height: u32, barcode: Barcode) {
        self.marks.push(Mark::Code { x, y, width, height, barcode });
    }

    /// This page as a one-page PDF with the standard fonts; barcodes are vector rectangles.
    ///
    /// # Errors
    /// When a barcode cannot be encoded.
    pub fn to_pdf(&self) -> Result<Vec<u8>> {
        crate::pdf::pages_to_pdf(std::slice::from_ref(self))
    }
}

/// How many text columns of `size` fit into `width` (both mils) when a character takes
/// six tenths of its height.
pub(crate) fn columns(width: u32, size: u32) -> usize {
    (width * 10 / (size.max(1) * 6)) as usize
}

/// Cuts text to at most `max` characters.
pub(crate) fn clip(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
