//! The ways to break one cell, by what the table says it takes.

use super::block_rules::is_percentage;
use super::rows::{Value, elements};
use ddex_dsr::facts;
use transpose_records::spec::{CellSpec, CellType, RecordSpec};

/// One way to break a cell.
#[derive(Clone, Debug)]
pub(crate) struct BrokenCell {
    /// What was done, for messages and for the table.
    pub(crate) kind: &'static str,
    /// What stands in the cell.
    pub(crate) raw: String,
    /// How it is understood.
    pub(crate) value: Value,
    /// What must be found there.
    pub(crate) codes: Vec<&'static str>,
}

/// What a value that is no value of its type comes to: what must be found, and whether it is left
/// out.
fn junk(cell: &CellSpec) -> (Option<&'static str>, bool) {
    match cell.kind {
        CellType::Integer
        | CellType::Decimal
        | CellType::Boolean
        | CellType::Date
        | CellType::Datetime
        | CellType::Duration
        | CellType::Time => (Some("DSR0205"), true),
        CellType::Avs => (Some("DSR0208"), false),
        CellType::Territory | CellType::Currency | CellType::Dpid | CellType::PartyId => {
            (Some("DSR0206"), false)
        }
        CellType::String | CellType::FixedString if identifier(cell.name).is_some() => {
            (Some("DSR0206"), false)
        }
        CellType::String | CellType::FixedString | CellType::NamespacedString => (None, false),
    }
}

/// The identifier that a cell of text holds, by its name (V-ID-1 to V-ID-3, V-ID-6).
fn identifier(name: &str) -> Option<&'static str> {
    ["ISRC", "ISWC", "ICPN", "ISAN", "EIDR"].into_iter().find(|kind| {
        name.len() >= 4 && name[name.len() - 4..].eq_ignore_ascii_case(kind) && !name.contains("Url")
    })
}

/// A cell with values of its own, which are broken in turn.
struct Breaker<'a> {
    record: &'a RecordSpec,
    cell: &'a CellSpec,
    elements: Vec<&'a str>,
    /// The element that is broken: the first that is not empty.
    place: usize,
    out: Vec<BrokenCell>,
}

impl Breaker<'_> {
    /// The cell with another element in the place of the chosen one; `text` is what the element
    /// says, if it can be understood.
    fn put(&mut self, kind: &'static str, raw: &str, text: Option<&str>, codes: &[&'static str]) {
        let mut elements = self.elements.clone();
        elements[self.place] = raw;
        let raw = elements.join("|");
        let value = match text {
            None => Value::Gone,
            Some(text) => {
                let Value::Is(mut values) = Value::of(&self.elements.join("|")) else { return };
                text.clone_into(&mut values[self.place]);
                Value::Is(values)
            }
        };
        self.out.push(BrokenCell { kind, raw, value, codes: codes.to_vec() });
    }

    /// The same for what is no value of the type.
    fn put_junk(&mut self, kind: &'static str, raw: &str, text: &str, code: &'static str) {
        let (more, gone) = junk(self.cell);
        let codes: Vec<_> = [code].into_iter().chain(more).collect();
        self.put(kind, raw, Some(text).filter(|_| !gone), &codes);
    }

    /// What is wrong whatever the cell takes.
    fn notation(&mut self) {
        let element = self.elements[self.place];
        let plain = Value::of(element).first().unwrap_or_default().to_owned();
        // A namespace would make it a value that two parties agreed on.
        let (element, plain) = match self.cell.kind {
            CellType::PartyId => ("ISNI::000", "ISNI::000".to_owned()),
            _ => (element, plain),
        };
        if !self.cell.multi {
            let (raw, text) = (format!("{element}|{element}"), format!("{plain}|{plain}"));
            self.put_junk("list", &raw, &text, "DSR0210");
        }
        self.put_junk("escape", &format!("{element}\\x"), &format!("{plain}\\x"), "DSR0211");
        self.put_junk("control", &format!("{element}\u{1}x"), &format!("{plain}\u{1}x"), "DSR0213");
        let element = self.elements[self.place];
        let plain = Value::of(element).first().unwrap_or_default().to_owned();
        self.put("space before", &format!(" {element}"), Some(&plain), &["DSR0212"]);
        self.put("space after", &format!("{element} "), Some(&plain), &["DSR0212"]);
    }

    /// What does not fit the type.
    fn types(&mut self) {
        let wrong: &[&'static str] = match self.cell.kind {
            CellType::Integer | CellType::Decimal => &["1x", "1,5", "1e3", "+1", "1_000"],
            CellType::Boolean => &["maybe", "1"],
            CellType::Date => &["2024-02-30", "2024-13", "1/2/2024"],
            CellType::Datetime => &["2024-02-30T10:00:00Z", "2024-02-01", "yesterday"],
            CellType::Duration => &["3:34", "PT", "T3M"],
            CellType::Time => &["3:34", "3M"],
            _ => &[],
        };
        for raw in wrong {
            self.put("type", raw, None, &["DSR0205"]);
        }
        let odd: &[&'static str] = match self.cell.kind {
            CellType::Integer => &["5.5"],
            CellType::Datetime => &["2024-02-01T10:00:00"],
            CellType::Dpid => &["PADPIDA20", "DPIDA12345SDF", "PADPIDA20190000AB7"],
            CellType::PartyId => &["NoNamespace", "::1", "NW::", "ISNI::0000000081266408"],
            CellType::NamespacedString => &["NoNamespace"],
            CellType::Territory => &["Atlantis"],
            CellType::Currency => &["XQQ"],
            CellType::String | CellType::FixedString => match identifier(self.cell.name) {
                Some("ISRC") => &["USS1Z", "USS1Z14123456", "1SS1Z1412345"],
                Some("ISWC") => &["T034", "X0345246801"],
                Some("ICPN") => &["4006", "4006381333932", "40063813339x1"],
                Some("ISAN") => &["0000-0001", "not an ISAN"],
                Some("EIDR") => &["10.5240/7791", "10.9999/7791-8534-2C23-9030-8610-5"],
                _ => &[],
            },
            _ => &[],
        };
        let code = if self.cell.kind == CellType::Integer { "DSR0217" } else { "DSR0206" };
        for raw in odd {
            self.put("shape", raw, Some(raw), &[code]);
        }
        if identifier(self.cell.name) == Some("ISWC") {
            // A wrong check digit alone is only worth knowing.
            self.put("check digit", "T0345246802", Some("T0345246802"), &["DSR0216"]);
        }
        let other: &[(&'static str, &'static str)] = match self.cell.kind {
            CellType::Integer => &[("5.", "5"), ("7.0", "7")],
            CellType::Decimal => &[("5.", "5")],
            CellType::Boolean => &[("True", "true"), ("FALSE", "false")],
            CellType::Dpid => &[("PA-DPIDA-2008120501-W", "PADPIDA2008120501W")],
            CellType::PartyId => &[("isni::0000000081266409", "ISNI::0000000081266409")],
            CellType::Territory => &[("fr", "FR")],
            CellType::Currency => &[("eur", "EUR")],
            CellType::String | CellType::FixedString => match identifier(self.cell.name) {
                Some("ISRC") => &[("us-s1z-14-12345", "USS1Z1412345")],
                Some("ISWC") => &[("T-034.524.680-1", "T0345246801")],
                Some("ICPN") => &[("4 006381 333931", "4006381333931")],
                _ => &[],
            },
            _ => &[],
        };
        for (raw, text) in other {
            self.put("notation", raw, Some(text), &["DSR0207"]);
        }
    }

    /// Values of sets.
    fn sets(&mut self) {
        if self.cell.kind != CellType::Avs {
            return;
        }
        let set = facts::set(self.cell.values).unwrap();
        self.put("unknown value", "NoSuchValue", Some("NoSuchValue"), &["DSR0208"]);
        for deprecated in set.deprecated.iter().take(1) {
            self.put("deprecated value", deprecated, Some(deprecated), &["DSR0209"]);
        }
        let other = |value: &str| {
            let (lower, upper) = (value.to_ascii_lowercase(), value.to_ascii_uppercase());
            [lower, upper].into_iter().find(|other| !set.values.contains(&other.as_str()))
        };
        // The value keeps its meaning: that of the cell is taken.
        let own = self.elements[self.place].to_owned();
        if let Some(raw) = other(&own) {
            self.put("capitals", &raw, Some(&own), &["DSR0207"]);
        }
    }

    /// Numbers that are none of the cell's.
    fn numbers(&mut self) {
        let name = self.cell.name;
        let percentage = is_percentage(name, self.cell.kind);
        if self.cell.kind == CellType::Decimal {
            for raw in ["0.0", "5.50", "05", "7.0"] {
                self.put("needless digits", raw, Some(raw), &["DSR0261"]);
            }
        }
        if self.cell.kind == CellType::Integer {
            self.put("needless digits", "05", Some("05"), &["DSR0261"]);
        }
        let counts = ["Usages", "NumberOfStreams", "Downloads", "Returns", "NumberOfBroadcasts"]
            .contains(&name)
            || name == "TotalUsages";
        if counts && !self.record.name.starts_with("SY") {
            self.put("negative", "-5", Some("-5"), &["DSR0262"]);
        }
        if percentage {
            for raw in ["-5", "0.25", "100.5", "101"] {
                self.put("percentage", raw, Some(raw), &["DSR0263"]);
            }
        }
    }
}

/// Every way to break a cell. It says what must be found in the cell itself; what follows elsewhere
/// is for the judge.
pub(crate) fn broken(record: &RecordSpec, cell: &CellSpec, raw: &str) -> Vec<BrokenCell> {
    if cell.name.starts_with("Deprecated") {
        let codes = vec!["DSR0215"];
        return vec![BrokenCell { kind: "deprecated cell", raw: "x".into(), value: Value::Empty, codes }];
    }
    let elements = elements(raw);
    let place = elements.iter().position(|element| !element.is_empty()).unwrap_or_default();
    let mut breaker = Breaker { record, cell, elements, place, out: Vec::new() };
    // Whether an empty cell is a fault is for the judge.
    let codes = Vec::new();
    breaker.out.push(BrokenCell { kind: "emptied", raw: String::new(), value: Value::Empty, codes });
    breaker.notation();
    breaker.types();
    breaker.sets();
    breaker.numbers();
    breaker.out
}
