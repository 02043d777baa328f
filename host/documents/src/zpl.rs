use std::fmt::Write as _;

use crate::{Barcode, Error, Mark, Page, Result, Symbology};

impl Page {
    /// This page as ZPL II text for a printer of `dpi` dots per inch (203 or 300).
    ///
    /// Barcodes are printer commands (`^BC`, `^B7`, `^BQ`, `^BX`), text is UTF-8 (`^CI28`).
    ///
    /// # Errors
    /// When a barcode cannot be encoded or its box is too narrow for one dot per module.
    pub fn to_zpl(&self, dpi: u32) -> Result<String> {
        let dots = |mils: u32| mils * dpi / 1000;
        let mut zpl = format!("^XA\n^CI28\n^PW{}\n^LL{}\n^LH0,0\n", dots(self.width), dots(self.height));
        for mark in &self.marks {
            match mark {
                Mark::Text { x, y, size, text, .. } => {
                    let (h, w) = (dots(*size), dots(*size) * 6 / 10);
                    let _ =
                        writeln!(zpl, "^FO{},{}^A0N,{h},{w}^FH^FD{}^FS", dots(*x), dots(*y), escape(text));
                }
                Mark::Rect { x, y, width, height } => {
                    let (w, h) = (dots(*width).max(1), dots(*height).max(1));
                    let _ = writeln!(zpl, "^FO{},{}^GB{w},{h},{}^FS", dots(*x), dots(*y), w.min(h));
                }
                Mark::Code { x, y, width, height, barcode } => {
                    let command = barcode_command(barcode, dots(*width), dots(*height))?;
                    let _ = writeln!(zpl, "^FO{},{}{command}^FS", dots(*x), dots(*y));
                }
            }
        }
        zpl.push_str("^PQ1\n^XZ\n");
        Ok(zpl)
    }
}

fn barcode_command(barcode: &Barcode, width: u32, height: u32) -> Result<String> {
    let matrix = barcode.encode()?;
    let across = width / matrix.width();
    let module = if barcode.symbology.is_linear() { across } else { across.min(height / matrix.height()) };
    if module == 0 {
        return Err(Error::TooSmall { modules: matrix.width(), dots: width });
    }
    let data = escape(&barcode.data);
    Ok(match barcode.symbology {
        Symbology::Code128 => format!("^BY{}^BCN,{height},N,N,N,A^FH^FD{data}", module.min(10)),
        // `>8` is FNC1, `>;` starts code set C.
        Symbology::Gs1Code128 => {
            let data = data.replace('\u{1d}', ">8");
            format!("^BY{}^BCN,{height},N,N,N,N^FH^FD>;>8{data}", module.min(10))
        }
        Symbology::Pdf417 => format!("^BY{}^B7N,{},2^FH^FD{data}", module.min(10), module),
        Symbology::Qr => format!("^BQN,2,{}^FH^FDMA,{data}", module.min(10)),
        Symbology::DataMatrix => format!("^BXN,{module},200^FH^FD{data}"),
    })
}

/// Hexadecimal escapes (`^FH`) for what ZPL would take as a command.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '^' | '~' | '_' => {
                let _ = write!(out, "_{:02X}", c as u32);
            }
            c if c.is_control() && c != '\u{1d}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
