/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while drawing or reading a document.
///
/// The texts name kinds and sizes only, never the data drawn: a label holds names and addresses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data cannot be written in the chosen symbology (too long, characters it has not).
    #[error("the data ({length} characters) cannot be encoded as {symbology}: {reason}")]
    Barcode {
        /// Name of the symbology.
        symbology: &'static str,
        /// Length of the data, in characters.
        length: usize,
        /// What the encoder said.
        reason: &'static str,
    },
    /// The barcode does not fit into its box at one dot per module.
    #[error("a barcode of {modules} modules does not fit into {dots} dots")]
    TooSmall {
        /// Modules that the symbol needs.
        modules: u32,
        /// Dots that the box offers.
        dots: u32,
    },
    /// An image could not be written.
    #[error("cannot write {format} image")]
    Image {
        /// `PNG` or `GIF`.
        format: &'static str,
    },
    /// A PDF could not be read.
    #[error("cannot read PDF number {index}: {reason}")]
    Pdf {
        /// Zero-based position in the input.
        index: usize,
        /// What the reader said.
        reason: String,
    },
    /// Nothing to merge.
    #[error("no document given")]
    Empty,
}
