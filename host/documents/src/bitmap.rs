use std::borrow::Cow;

use crate::{Barcode, Error, Mark, Page, Result, Weight, font};

/// A black and white picture, dark = true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    dpi: u32,
    dots: Vec<bool>,
}

impl Page {
    /// This page as dots, `dpi` per inch: a 4 x 6 label at 203 dpi is 812 x 1218.
    ///
    /// # Errors
    /// When a barcode cannot be encoded or its box is too narrow for one dot per module.
    pub fn rasterize(&self, dpi: u32) -> Result<Bitmap> {
        let mut bitmap = Bitmap::new(self.width * dpi / 1000, self.height * dpi / 1000, dpi);
        let dots = |mils: u32| mils * dpi / 1000;
        for mark in &self.marks {
            match mark {
                Mark::Text { x, y, size, weight, text } => {
                    bitmap.text(dots(*x), dots(*y), dots(*size), *weight, text);
                }
                Mark::Rect { x, y, width, height } => {
                    bitmap.fill(dots(*x), dots(*y), dots(*width).max(1), dots(*height).max(1));
                }
                Mark::Code { x, y, width, height, barcode } => {
                    bitmap.barcode(dots(*x), dots(*y), dots(*width), dots(*height), barcode)?;
                }
            }
        }
        Ok(bitmap)
    }
}

impl Bitmap {
    /// A white picture.
    pub fn new(width: u32, height: u32, dpi: u32) -> Self {
        Self { width, height, dpi, dots: vec![false; width as usize * height as usize] }
    }

    /// Width in dots.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in dots.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Is the dot dark? Outside everything is white.
    pub fn dark(&self, x: u32, y: u32) -> bool {
        x < self.width && y < self.height && self.dots[y as usize * self.width as usize + x as usize]
    }

    fn fill(&mut self, x: u32, y: u32, width: u32, height: u32) {
        for row in y..(y + height).min(self.height) {
            for column in x..(x + width).min(self.width) {
                self.dots[row as usize * self.width as usize + column as usize] = true;
            }
        }
    }

    fn text(&mut self, x: u32, y: u32, size: u32, weight: Weight, text: &str) {
        // Seven dots of glyph and two of line gap share the height.
        let scale = (size / 9).max(1);
        let heavy = u32::from(weight == Weight::Bold && scale > 1);
        for (index, c) in text.chars().enumerate() {
            let left = x + index as u32 * 6 * scale;
            for (column, bits) in (0u32..).zip(font::glyph(c)) {
                for row in (0..7u32).filter(|row| bits >> row & 1 == 1) {
                    self.fill(left + column * scale, y + (row + 1) * scale, scale + heavy, scale);
                }
            }
        }
    }

    fn barcode(&mut self, x: u32, y: u32, width: u32, height: u32, barcode: &Barcode) -> Result<()> {
        let matrix = barcode.encode()?;
        let across = width / matrix.width();
        let linear = barcode.symbology.is_linear();
        let module = if linear { across } else { across.min(height / matrix.height()) };
        if module == 0 {
            return Err(Error::TooSmall { modules: matrix.width(), dots: width });
        }
        let tall = if linear { height } else { module };
        for row in 0..matrix.height() {
            for (from, length) in matrix.runs(row) {
                self.fill(x + from * module, y + row * tall, length * module, tall);
            }
        }
        Ok(())
    }

    /// Turned a quarter clockwise.
    pub fn turned(&self) -> Self {
        let mut turned = Self::new(self.height, self.width, self.dpi);
        for y in 0..self.height {
            for x in (0..self.width).filter(|x| self.dark(*x, y)) {
                turned.fill(self.height - 1 - y, x, 1, 1);
            }
        }
        turned
    }

    /// Grown (white, at the right and below) or cut to a size in dots.
    pub fn fitted(&self, width: u32, height: u32) -> Self {
        let mut fitted = Self::new(width, height, self.dpi);
        for y in 0..height.min(self.height) {
            for x in (0..width.min(self.width)).filter(|x| self.dark(*x, y)) {
                fitted.fill(x, y, 1, 1);
            }
        }
        fitted
    }

    /// One byte of brightness per dot (0 dark, 255 white), row by row.
    pub fn luma(&self) -> Vec<u8> {
        self.dots.iter().map(|dark| if *dark { 0 } else { 255 }).collect()
    }

    /// A one-bit PNG that knows its resolution.
    ///
    /// # Errors
    /// [`Error::Image`] when the picture has no area.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let refused = |_| Error::Image { format: "PNG" };
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_compression(png::Compression::Fast);
        let per_meter = self.dpi * 10_000 / 254;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_meter,
            yppu: per_meter,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(refused)?;
        let packed: Vec<u8> = self
            .dots
            .chunks(self.width.max(1) as usize)
            .flat_map(|row| row.chunks(8))
            .map(|eight| (0u8..).zip(eight).fold(0, |byte, (i, dark)| byte | u8::from(!dark) << (7 - i)))
            .collect();
        writer.write_image_data(&packed).map_err(refused)?;
        writer.finish().map_err(refused)?;
        Ok(out)
    }

    /// A two-colour GIF.
    ///
    /// # Errors
    /// [`Error::Image`] when the picture is larger than 65,535 dots on a side.
    pub fn to_gif(&self) -> Result<Vec<u8>> {
        let too_big = |_| Error::Image { format: "GIF" };
        let refused = |_| Error::Image { format: "GIF" };
        let width = u16::try_from(self.width).map_err(too_big)?;
        let height = u16::try_from(self.height).map_err(too_big)?;
        let pixels: Vec<u8> = self.dots.iter().map(|dark| u8::from(!dark)).collect();
        let mut out = Vec::new();
        let mut encoder =
            gif::Encoder::new(&mut out, width, height, &[0, 0, 0, 255, 255, 255]).map_err(refused)?;
        let frame = gif::Frame { width, height, buffer: Cow::Owned(pixels), ..gif::Frame::default() };
        encoder.write_frame(&frame).map_err(refused)?;
        drop(encoder);
        Ok(out)
    }
}
