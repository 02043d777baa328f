//! Label drawing and document checks, without any carrier and without async.
//!
//! * [`Label`] describes a 4 x 6 inch parcel label (parties, service, tracking number, customs
//!   table ...). [`Label::page`] lays it out as a [`Page`] of a few primitive marks, and the page
//!   renders itself: [`Page::to_pdf`], [`Page::to_zpl`], [`Page::to_epl`], [`Page::rasterize`]
//!   (then [`Bitmap::to_png`], [`Bitmap::to_gif`]).
//! * [`Barcode`] encodes Code 128, GS1-128, PDF417, QR and Data Matrix.
//! * [`sniff`] names the kind of a document from its bytes and says whether it is complete,
//!   which decides whether a bought label may be kept.
//! * [`merge_pdfs`], [`page_count`]: several labels as one print job.
//! * [`Table`]: a multi-page list with one barcode (manifest, SCAN form, statement).
//!
//! Lengths are in mils (1/1000 inch) and integers throughout, from the top left corner.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod barcode;
mod bitmap;
mod epl;
mod error;
mod font;
mod label;
mod merge;
mod page;
mod pdf;
mod sniff;
mod table;
mod zpl;

pub use barcode::{Barcode, Matrix, Symbology};
pub use bitmap::Bitmap;
pub use error::{Error, Result};
pub use label::{CustomsForm, CustomsKind, CustomsLine, Label, Party};
pub use merge::{merge_pdfs, page_count};
pub use page::{Mark, Page, Weight};
pub use pdf::pages_to_pdf;
pub use sniff::{DocumentKind, Sniffed, sniff};
pub use table::{Column, Table};

/// The words that every simulated label carries.
pub const SAMPLE_BANNER: &str = "SAMPLE - NOT FOR SHIPPING";
