//! A label, once rendered, scans back to its tracking number and is recognised as whole.

use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, MultiFormatReader, Reader,
    common::HybridBinarizer,
};
use waybill_documents::{
    Barcode, Bitmap, Column, CustomsForm, CustomsKind, CustomsLine, DocumentKind, Error, Label, Party,
    SAMPLE_BANNER, Symbology, Table, merge_pdfs, page_count, sniff,
};

fn label(tracking: &str) -> Label {
    let sender = Party::new(["Cedar Goods", "12 Mill Lane", "Dayton OH 45402", "US"]);
    let recipient = Party::new(["Rowan Ashby", "480 Harbor Street Apt 3", "Portland OR 97205", "US"]);
    let mut label = Label::new("Example Parcel", "Ground", tracking, sender, recipient);
    label.routing = "OR 972 0-01".into();
    label.facts = vec!["5.2 LBS".into(), "1 OF 2".into()];
    label.references = vec!["REF: ORDER-1001".into()];
    label.sample = true;
    label
}

fn scan(bitmap: &Bitmap, formats: &[BarcodeFormat]) -> Vec<String> {
    let source =
        Luma8LuminanceSource::new(bitmap.luma(), bitmap.width(), bitmap.height()).expect("has an area");
    let mut hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
    hints.PossibleFormats = Some(formats.iter().copied().collect());
    let mut picture = BinaryBitmap::new(HybridBinarizer::new(source));
    let mut reader = MultiFormatReader::default();
    reader
        .decode_with_hints(&mut picture, &hints)
        .map(|found| found.getText().to_owned())
        .into_iter()
        .collect()
}

#[test]
fn a_rendered_label_scans_back_to_its_tracking_number() {
    for dpi in [200, 203, 300] {
        let bitmap = label("1Z999AA10123456784").page().rasterize(dpi).expect("draws");
        assert_eq!(scan(&bitmap, &[BarcodeFormat::CODE_128]), ["1Z999AA10123456784"], "{dpi} dpi");
    }
}

#[test]
fn the_203_dpi_label_measures_812_by_1218_and_its_png_keeps_every_dot() {
    let bitmap = label("1Z999AA10123456784").page().rasterize(203).expect("draws");
    assert_eq!((bitmap.width(), bitmap.height()), (812, 1218));
    let bytes = bitmap.to_png().expect("encodes");
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes));
    reader.set_transformations(png::Transformations::EXPAND);
    let mut reader = reader.read_info().expect("reads");
    let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
    let info = reader.next_frame(&mut pixels).expect("decodes");
    assert_eq!((info.width, info.height), (812, 1218));
    assert_eq!(&pixels[..info.buffer_size()], &bitmap.luma()[..]);
}

#[test]
fn a_turned_gif_keeps_its_barcode() {
    let bitmap = label("1Z999AA10123456784").page().rasterize(200).expect("draws").turned().fitted(1400, 800);
    let gif = bitmap.to_gif().expect("encodes");
    assert_eq!(sniff(&gif).kind, DocumentKind::Gif);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(&gif[..]).expect("reads");
    assert_eq!((decoder.width(), decoder.height()), (1400, 800));
    let frame = decoder.read_next_frame().expect("decodes").expect("has a frame");
    let luma: Vec<u8> = frame.buffer.chunks(4).map(|pixel| pixel[0]).collect();
    assert_eq!(luma, bitmap.luma());
    assert_eq!(scan(&bitmap, &[BarcodeFormat::CODE_128]), ["1Z999AA10123456784"]);
}

#[test]
fn every_symbology_reads_back() {
    let cases = [
        (Symbology::Code128, BarcodeFormat::CODE_128, "JD014600003828392"),
        (Symbology::Pdf417, BarcodeFormat::PDF_417, "SAMPLE 4 X 6 PIECE 1"),
        (Symbology::Qr, BarcodeFormat::QR_CODE, "https://example.com/t/1001"),
        (Symbology::DataMatrix, BarcodeFormat::DATA_MATRIX, "LABEL-0001-XYZ"),
    ];
    for (symbology, format, data) in cases {
        let mut page = waybill_documents::Page::new(4000, 6000);
        page.code(600, 600, 2500, 2500, Barcode::new(symbology, data));
        let bitmap = page.rasterize(203).expect("draws");
        assert_eq!(scan(&bitmap, &[format]), [data], "{}", symbology.name());
    }
}

#[test]
fn gs1_128_begins_with_fnc1() {
    let mut label = label("9400111206206406260787");
    label.barcode = Barcode::new(Symbology::Gs1Code128, "420972059400111206206406260787");
    let read = scan(&label.page().rasterize(203).expect("draws"), &[BarcodeFormat::CODE_128]);
    assert_eq!(read.len(), 1);
    assert!(read[0].ends_with("420972059400111206206406260787"), "{read:?}");
    let plain = Barcode::new(Symbology::Code128, "420972059400111206206406260787").encode().expect("encodes");
    let gs1 = label.barcode.encode().expect("encodes");
    assert_eq!(gs1.width(), plain.width() + 11, "FNC1 is one character of eleven modules");
    assert!(label.page().to_zpl(203).expect("draws").contains("^FD>;>8420972059400111206206406260787^FS"));
}

#[test]
fn impossible_data_is_refused_without_showing_it() {
    let error = Barcode::new(Symbology::Code128, "Ünïcode").encode().expect_err("not ASCII");
    assert!(matches!(error, Error::Barcode { length: 7, .. }));
    assert!(!error.to_string().contains("Ünïcode"));
    assert!(Barcode::new(Symbology::Qr, "").encode().is_err());
    let mut page = waybill_documents::Page::new(400, 400);
    page.code(0, 0, 100, 100, Barcode::new(Symbology::Code128, "1Z999AA10123456784"));
    assert!(matches!(page.rasterize(203), Err(Error::TooSmall { .. })));
    assert!(matches!(page.to_zpl(203), Err(Error::TooSmall { .. })));
}

#[test]
fn zpl_and_epl_hold_the_number_the_banner_and_no_stray_commands() {
    let mut label = label("1Z999AA10123456784");
    label.references = vec!["^XZ ~JA tricky_reference \"quoted\"".into()];
    let zpl = label.page().to_zpl(203).expect("draws");
    assert!(zpl.contains("1Z999AA10123456784") && zpl.contains(SAMPLE_BANNER));
    assert!(zpl.contains("_5EXZ _7EJA tricky_5Freference"), "{zpl}");
    assert_eq!((sniff(zpl.as_bytes()).kind, sniff(zpl.as_bytes()).complete), (DocumentKind::Zpl, true));
    assert!(label.page().to_zpl(300).expect("draws").contains("^PW1200\n^LL1800"));
    let epl = label.page().to_epl().expect("draws");
    assert!(epl.contains("\"1Z999AA10123456784\"") && epl.contains("\\\"quoted\\\""));
    assert_eq!((sniff(epl.as_bytes()).kind, sniff(epl.as_bytes()).complete), (DocumentKind::Epl, true));
}

#[test]
fn a_cut_document_is_never_complete() {
    let page = label("1Z999AA10123456784").page();
    let bitmap = page.rasterize(203).expect("draws");
    let whole = [
        (DocumentKind::Pdf, page.to_pdf().expect("draws")),
        (DocumentKind::Png, bitmap.to_png().expect("encodes")),
        (DocumentKind::Gif, bitmap.to_gif().expect("encodes")),
        (DocumentKind::Zpl, page.to_zpl(203).expect("draws").into_bytes()),
        (DocumentKind::Epl, page.to_epl().expect("draws").into_bytes()),
    ];
    for (kind, bytes) in whole {
        let found = sniff(&bytes);
        assert_eq!((found.kind, found.complete), (kind, true));
        let cut = sniff(&bytes[..bytes.len() / 2]);
        assert!(!cut.complete, "half a {kind:?} passes for whole");
    }
    let page = sniff(b"<!DOCTYPE html><html><body>Bad gateway</body></html>");
    assert_eq!(page.kind, DocumentKind::Html);
    assert_eq!(sniff(b"").kind, DocumentKind::Unknown);
    assert_eq!(sniff(&[0xff; 40]).kind, DocumentKind::Unknown);
}

#[test]
fn labels_merge_into_one_print_job_in_order() {
    let pdfs: Vec<Vec<u8>> =
        ["A1", "B2", "C3"].iter().map(|number| label(number).page().to_pdf().expect("draws")).collect();
    let parts: Vec<&[u8]> = pdfs.iter().map(Vec::as_slice).collect();
    let merged = merge_pdfs(&parts).expect("merges");
    assert_eq!(page_count(&merged).expect("reads"), 3);
    assert!(sniff(&merged).complete);
    let document = lopdf::Document::load_mem(&merged).expect("reads");
    for (page, number) in [(1, "A1"), (2, "B2"), (3, "C3")] {
        let text = document.extract_text(&[page]).expect("has text");
        assert!(text.contains(number) && text.contains(SAMPLE_BANNER), "page {page}: {text}");
    }
    assert!(matches!(merge_pdfs(&[]), Err(Error::Empty)));
    assert!(matches!(merge_pdfs(&[parts[0], b"<html>"]), Err(Error::Pdf { index: 1, .. })));
}

#[test]
fn a_long_table_breaks_into_pages() {
    let table = Table {
        title: "Shipment manifest".into(),
        notes: vec!["120 pieces".into()],
        barcode: Some(Barcode::new(Symbology::Code128, "9275090000000000000001")),
        columns: vec![Column::new("Number", 3500), Column::new("Service", 2500)],
        rows: (0..120).map(|n| vec![format!("PIECE{n:04}"), "Ground".into()]).collect(),
        sample: true,
    };
    let pages = table.pages();
    assert_eq!(pages.len(), 3);
    assert_eq!(page_count(&table.to_pdf().expect("draws")).expect("reads"), 3);
    assert_eq!(
        scan(&pages[0].rasterize(203).expect("draws"), &[BarcodeFormat::CODE_128]),
        ["9275090000000000000001"]
    );
}

#[test]
fn a_customs_form_prints_five_lines_and_counts_the_rest() {
    let mut label = label("RB123456785US");
    let line = CustomsLine {
        description: "Cotton shirt".into(),
        quantity: "2".into(),
        weight: "0.4 kg".into(),
        value: "30.00 USD".into(),
        tariff: "610910".into(),
        origin: "US".into(),
    };
    label.customs = Some(CustomsForm {
        kind: CustomsKind::Cn22,
        contents: "Merchandise".into(),
        lines: vec![line; 7],
        total: "TOTAL 2.8 kg 210.00 USD".into(),
    });
    let zpl = label.page().to_zpl(203).expect("draws");
    assert_eq!(zpl.matches("Cotton shirt").count(), 5);
    assert!(
        zpl.contains("and 2 more lines") && zpl.contains("CN22") && zpl.contains("TOTAL 2.8 kg 210.00 USD")
    );
}
