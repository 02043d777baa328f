use crate::page::{clip, columns};
use crate::{Barcode, Page, SAMPLE_BANNER, Symbology, Weight};

/// A party as printed: a name and address lines, in the order in which they stand on the label.
///
/// `Debug` shows the number of lines only: labels hold personal data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Printed lines.
    pub lines: Vec<String>,
}

impl Party {
    /// A party of these lines; empty ones are left out.
    pub fn new<S: Into<String>>(lines: impl IntoIterator<Item = S>) -> Self {
        let lines =
            lines.into_iter().map(Into::into).filter(|line: &String| !line.trim().is_empty()).collect();
        Self { lines }
    }
}

impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Party({} lines)", self.lines.len())
    }
}

/// Which of the two postal customs declarations is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomsKind {
    /// CN22, the short form.
    Cn22,
    /// CN23, the long form (its data in short on the label).
    Cn23,
}

/// One line of a customs declaration, every value as printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomsLine {
    /// What it is.
    pub description: String,
    /// How many.
    pub quantity: String,
    /// Net weight with its unit.
    pub weight: String,
    /// Value with its currency.
    pub value: String,
    /// Tariff number.
    pub tariff: String,
    /// Country of origin, ISO 3166 alpha-2.
    pub origin: String,
}

/// A customs declaration printed in the lower part of the label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomsForm {
    /// CN22 or CN23.
    pub kind: CustomsKind,
    /// Category: gift, merchandise, documents ...
    pub contents: String,
    /// The goods. Five are printed, the others counted in a closing line.
    pub lines: Vec<CustomsLine>,
    /// Total weight and total value, as printed.
    pub total: String,
}

/// A 4 x 6 inch parcel label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Carrier's name.
    pub carrier: String,
    /// Service as printed.
    pub service: String,
    /// Sender.
    pub sender: Party,
    /// Recipient.
    pub recipient: Party,
    /// Large routing text (sort code, zone, destination ZIP).
    pub routing: String,
    /// Tracking number as people read it.
    pub tracking: String,
    /// The barcode that is scanned.
    pub barcode: Barcode,
    /// A second, two-dimensional symbol.
    pub matrix: Option<Barcode>,
    /// Short facts at the top right: weight, piece number, ship date.
    pub facts: Vec<String>,
    /// References and notes under the barcode, at most four are printed.
    pub references: Vec<String>,
    /// Postal customs declaration.
    pub customs: Option<CustomsForm>,
    /// Prints [`SAMPLE_BANNER`]. Every label of a simulation must.
    pub sample: bool,
}

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 6000;
const LEFT: u32 = 120;
const CUSTOMS_LINES: usize = 5;

impl Label {
    /// A label with a Code 128 of the tracking number and nothing else but its parties.
    pub fn new(
        carrier: impl Into<String>,
        service: impl Into<String>,
        tracking: impl Into<String>,
        sender: Party,
        recipient: Party,
    ) -> Self {
        let tracking = tracking.into();
        let barcode = Barcode::new(Symbology::Code128, tracking.replace(' ', ""));
        Self {
            carrier: carrier.into(),
            service: service.into(),
            sender,
            recipient,
            routing: String::new(),
            tracking,
            barcode,
            matrix: None,
            facts: Vec::new(),
            references: Vec::new(),
            customs: None,
            sample: false,
        }
    }

    /// The label laid out on a 4 x 6 inch page.
    pub fn page(&self) -> Page {
        let mut page = Page::new(WIDTH, HEIGHT);
        self.parties(&mut page);
        self.routing_and_service(&mut page);
        self.tracking_block(&mut page);
        self.lower_part(&mut page);
        page
    }

    fn parties(&self, page: &mut Page) {
        for (line, y) in self.sender.lines.iter().take(5).zip((100..).step_by(115)) {
            page.text(LEFT, y, 105, Weight::Regular, clip(line, columns(2350, 105)));
        }
        for (fact, y) in self.facts.iter().take(5).zip((100..).step_by(125)) {
            page.text(2550, y, 115, Weight::Bold, clip(fact, columns(1400, 115)));
        }
        page.rule(740, 10);
        page.text(LEFT, 770, 105, Weight::Bold, "SHIP TO:");
        for (line, y) in self.recipient.lines.iter().take(6).zip((890..).step_by(175)) {
            page.text(LEFT, y, 165, Weight::Regular, clip(line, columns(3760, 165)));
        }
        page.rule(1960, 25);
    }

    fn routing_and_service(&self, page: &mut Page) {
        let mut left = LEFT;
        if let Some(matrix) = &self.matrix {
            page.code(LEFT, 2030, 880, 880, matrix.clone());
            left = 1150;
        }
        let room = WIDTH - left - 100;
        page.text(left, 2050, 380, Weight::Bold, clip(&self.routing, columns(room, 380)));
        page.text(left, 2500, 180, Weight::Bold, clip(&self.carrier, columns(room, 180)));
        page.text(left, 2710, 160, Weight::Regular, clip(&self.service, columns(room, 160)));
        page.rule(2960, 25);
    }

    fn tracking_block(&self, page: &mut Page) {
        page.text(LEFT, 3020, 110, Weight::Bold, "TRACKING #:");
        page.text(LEFT, 3140, 170, Weight::Bold, clip(&self.tracking, columns(3760, 170)));
        page.code(250, 3380, 3500, 950, self.barcode.clone());
        page.rule(4400, 25);
    }

    fn lower_part(&self, page: &mut Page) {
        for (line, y) in self.references.iter().take(4).zip((4460..).step_by(115)) {
            page.text(LEFT, y, 105, Weight::Regular, clip(line, columns(3760, 105)));
        }
        if let Some(form) = &self.customs {
            form.draw(page);
        }
        if self.sample {
            page.text(LEFT + 300, 5770, 190, Weight::Bold, SAMPLE_BANNER);
        }
    }
}

impl CustomsForm {
    fn draw(&self, page: &mut Page) {
        let title = match self.kind {
            CustomsKind::Cn22 => "CUSTOMS DECLARATION CN22",
            CustomsKind::Cn23 => "CUSTOMS DECLARATION CN23",
        };
        let width = columns(3760, 85);
        page.rule(4930, 10);
        page.text(
            LEFT,
            4950,
            95,
            Weight::Bold,
            clip(&format!("{title}  {}", self.contents), columns(3760, 95)),
        );
        let mut y = 5055;
        for line in self.lines.iter().take(CUSTOMS_LINES) {
            let facts = [&line.weight, &line.value, &line.tariff, &line.origin].map(String::as_str).join(" ");
            let room = width.saturating_sub(facts.chars().count() + line.quantity.chars().count() + 3);
            let text = format!("{} x {} {facts}", line.quantity, clip(&line.description, room));
            page.text(LEFT, y, 85, Weight::Regular, clip(&text, width));
            y += 95;
        }
        if self.lines.len() > CUSTOMS_LINES {
            let more = format!("and {} more lines, see the invoice", self.lines.len() - CUSTOMS_LINES);
            page.text(LEFT, y, 85, Weight::Regular, more);
            y += 95;
        }
        page.text(LEFT, y, 85, Weight::Bold, clip(&self.total, width));
    }
}
