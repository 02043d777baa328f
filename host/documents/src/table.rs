use crate::page::{clip, columns};
use crate::{Barcode, Page, Result, SAMPLE_BANNER, Weight, pages_to_pdf};

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub title: String,
    /// Width in mils; columns stand side by side from the left margin.
    pub width: u32,
}

impl Column {
    /// A column.
    pub fn new(title: impl Into<String>, width: u32) -> Self {
        Self { title: title.into(), width }
    }
}

/// A list over as many Letter pages as it needs, with one barcode on the first: a manifest,
/// a SCAN form, a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Heading of the first page.
    pub title: String,
    /// Lines under the heading (parties, dates, totals).
    pub notes: Vec<String>,
    /// The barcode and the text under it.
    pub barcode: Option<Barcode>,
    /// Columns, from the left.
    pub columns: Vec<Column>,
    /// Rows; text that is too wide is cut.
    pub rows: Vec<Vec<String>>,
    /// Prints [`SAMPLE_BANNER`] on every page.
    pub sample: bool,
}

const WIDTH: u32 = 8500;
const HEIGHT: u32 = 11_000;
const MARGIN: u32 = 500;
const LINE: u32 = 160;

impl Table {
    /// The pages, laid out.
    pub fn pages(&self) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut page = Page::new(WIDTH, HEIGHT);
        let mut y = self.heading(&mut page);
        for row in &self.rows {
            if y + LINE > HEIGHT - MARGIN {
                pages.push(std::mem::replace(&mut page, Page::new(WIDTH, HEIGHT)));
                y = self.column_heads(&mut page, MARGIN + 300);
            }
            self.row(&mut page, y, Weight::Regular, row.iter().map(String::as_str));
            y += LINE;
        }
        pages.push(page);
        let total = pages.len();
        for (index, page) in pages.iter_mut().enumerate() {
            page.text(
                WIDTH - 1800,
                HEIGHT - 400,
                120,
                Weight::Regular,
                format!("Page {} of {total}", index + 1),
            );
            if self.sample {
                page.text(MARGIN, 200, 200, Weight::Bold, SAMPLE_BANNER);
            }
        }
        pages
    }

    /// The list as PDF.
    ///
    /// # Errors
    /// When the barcode cannot be encoded.
    pub fn to_pdf(&self) -> Result<Vec<u8>> {
        pages_to_pdf(&self.pages())
    }

    fn heading(&self, page: &mut Page) -> u32 {
        let mut y = MARGIN + 50;
        page.text(MARGIN, y, 260, Weight::Bold, &self.title);
        y += 380;
        for note in &self.notes {
            page.text(MARGIN, y, 130, Weight::Regular, clip(note, columns(WIDTH - 2 * MARGIN, 130)));
            y += LINE;
        }
        if let Some(barcode) = &self.barcode {
            page.code(MARGIN + 250, y + 100, 5000, 700, barcode.clone());
            page.text(MARGIN + 250, y + 830, 130, Weight::Regular, &barcode.data);
            y += 1050;
        }
        self.column_heads(page, y + 100)
    }

    fn column_heads(&self, page: &mut Page, y: u32) -> u32 {
        self.row(page, y, Weight::Bold, self.columns.iter().map(|column| column.title.as_str()));
        page.rect(MARGIN, y + LINE, WIDTH - 2 * MARGIN, 10);
        y + LINE + 40
    }

    fn row<'a>(&self, page: &mut Page, y: u32, weight: Weight, cells: impl Iterator<Item = &'a str>) {
        let mut x = MARGIN;
        for (column, cell) in self.columns.iter().zip(cells) {
            page.text(x, y, 120, weight, clip(cell, columns(column.width.saturating_sub(60), 120)));
            x += column.width;
        }
    }
}
