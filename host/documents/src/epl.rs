use std::fmt::Write as _;

use crate::{Mark, Page, Result};

impl Page {
    /// This page as EPL2 text at 203 dpi.
    ///
    /// EPL2 has no command for matrix symbols on every printer, so only linear barcodes are
    /// drawn; text is limited to ASCII.
    ///
    /// # Errors
    /// When a barcode cannot be encoded.
    pub fn to_epl(&self) -> Result<String> {
        let dots = |mils: u32| mils * 203 / 1000;
        let mut epl = format!("\nN\nq{}\nQ{},24\n", dots(self.width), dots(self.height));
        for mark in &self.marks {
            match mark {
                Mark::Text { x, y, size, text, .. } => {
                    let (font, factor) = font_for(dots(*size));
                    let text = quote(text);
                    let _ =
                        writeln!(epl, "A{},{},0,{font},{factor},{factor},N,\"{text}\"", dots(*x), dots(*y));
                }
                Mark::Rect { x, y, width, height } => {
                    let (w, h) = (dots(*width).max(1), dots(*height).max(1));
                    let _ = writeln!(epl, "LO{},{},{w},{h}", dots(*x), dots(*y));
                }
                Mark::Code { x, y, width, height, barcode } if barcode.symbology.is_linear() => {
                    let narrow = (dots(*width) / barcode.encode()?.width()).clamp(1, 10);
                    let data = quote(&barcode.data);
                    let (x, y, h) = (dots(*x), dots(*y), dots(*height));
                    let _ = writeln!(epl, "B{x},{y},0,1,{narrow},{narrow},{h},N,\"{data}\"");
                }
                Mark::Code { .. } => {}
            }
        }
        epl.push_str("P1,1\n");
        Ok(epl)
    }
}

/// EPL's resident fonts 1..4 are 12, 16, 20 and 24 dots tall at 203 dpi.
fn font_for(height: u32) -> (u32, u32) {
    match height {
        0..=15 => (1, 1),
        16..=19 => (2, 1),
        20..=23 => (3, 1),
        24..=39 => (4, 1),
        40..=63 => (4, 2),
        _ => (4, 3),
    }
}

fn quote(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' })
        .collect::<String>()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
}
