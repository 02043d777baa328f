//! Small valid files for answers that hold a label. Every one is made here; none shows an address.

/// The bytes of a built-in file: `sample.pdf`, `sample.png`, `sample.gif`, `sample.zpl`, `sample.epl`, and the same with
/// a number (`sample-2.pdf`) for files that must differ. `None` for other names.
pub fn sample(name: &str) -> Option<Vec<u8>> {
    let (stem, kind) = name.rsplit_once('.')?;
    let number: u32 = match stem.strip_prefix("sample")? {
        "" => 1,
        rest => rest.strip_prefix('-')?.parse().ok()?,
    };
    Some(match kind {
        "pdf" => pdf(number),
        "gif" => gif(number),
        "png" if number == 1 => PNG.to_vec(),
        "zpl" => format!("^XA^PW812^LL1218^FO60,60^A0N,40,40^FDSAMPLE {number}^FS^XZ\n").into_bytes(),
        "epl" => format!("N\nq812\nA50,50,0,4,1,1,N,\"SAMPLE {number}\"\nP1\n").into_bytes(),
        _ => return None,
    })
}

/// One white pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0xf8,
    0x0f, 0, 1, 1, 1, 0, 0xb1, 0x38, 0xf6, 0x14, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

fn gif(number: u32) -> Vec<u8> {
    let mut file = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00".to_vec();
    let comment = format!("sample {number}");
    file.extend([0x21, 0xfe, comment.len() as u8]);
    file.extend(comment.as_bytes());
    file.push(0);
    file.extend(b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b");
    file
}

fn pdf(number: u32) -> Vec<u8> {
    let content = format!("BT /F1 24 Tf 60 220 Td (SAMPLE {number}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 288 432] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut starts = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        starts.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for start in starts {
        file.push_str(&format!("{start:010} 00000 n \n"));
    }
    let size = objects.len() + 1;
    file.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_begin_and_end_as_their_formats_do() {
        for (name, start, end) in [
            ("sample.pdf", &b"%PDF-1.4"[..], &b"%%EOF\n"[..]),
            ("sample.png", b"\x89PNG", b"\xae\x42\x60\x82"),
            ("sample.gif", b"GIF89a", b"\x3b"),
            ("sample-7.zpl", b"^XA", b"^XZ\n"),
            ("sample.epl", b"N\n", b"P1\n"),
        ] {
            let file = sample(name).unwrap();
            assert!(file.starts_with(start) && file.ends_with(end), "{name}");
        }
        assert_ne!(sample("sample.pdf"), sample("sample-2.pdf"));
        assert_eq!(sample("label.pdf"), None);
    }
}
