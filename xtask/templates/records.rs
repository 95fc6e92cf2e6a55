//! {{TITLE}}: records of tab-separated cells, one `PL01` a play, after one line that names the
//! format; lines that begin with `#` are comments. Cells and escapes follow the rules of
//! `transpose-records`.
//!
//! Replace this text by what the format is, where it was taken from and when. The table of cells is
//! the place to begin.

use transpose_core::format::{Format, FormatTraits, Grain, Manifest, Status};
use transpose_core::model::{Field, Kind};
use transpose_records::cell::{self, Fit};
use transpose_records::escape::{self, Escapes};
use transpose_records::line::{self, Line, Range};
use transpose_records::line_format::{LineCodes, LineColumn, LineFormat, Lines};
use transpose_records::spec::CellType;
use transpose_records::write;

transpose_core::register!(|| Ok(vec![Box::new(Lines::new(Plays)) as Box<dyn Format>]));

transpose_core::codes! {
    /// The first line is another one.
    WRONG_START: "{{CODES}}0001" "{{NAME}}-wrong-start" Error
        "The first line names the format and its edition, and this input begins with something else."
        "Check that the right file was given."
    /// A line has too many or too few cells.
    CELL_COUNT: "{{CODES}}0002" "{{NAME}}-wrong-cell-count" Error
        "Each record has the cells of its definition. A tab that belongs to a text is written with a backslash in front."
        "Correct the record in the source."
    /// A cell does not hold what it should.
    BAD_CELL: "{{CODES}}0003" "{{NAME}}-bad-cell" Error
        "The cell does not hold what the format says, and its value is not passed on."
        "Correct the cell in the source."
    /// An option is wrong.
    BAD_OPTION: "{{CODES}}0004" "{{NAME}}-bad-option" Error
        "The format has no such option."
        "List the options with `transpose formats {{ID}}`."
}

/// The cells of a record after its type: what each is called, what it means, and whether it must be
/// filled.
const COLUMNS: &[LineColumn] = &[
    LineColumn { name: "Time", field: Field::EVENT_TIME, required: true },
    LineColumn { name: "Territory", field: Field::TERRITORY, required: true },
    LineColumn { name: "ISRC", field: Field::ISRC, required: false },
    LineColumn { name: "DisplayArtist", field: Field::RECORDING_ARTIST, required: false },
    LineColumn { name: "Title", field: Field::RECORDING_TITLE, required: true },
    LineColumn { name: "Duration", field: Field::EVENT_DURATION, required: true },
];

/// The format.
struct Plays;

impl LineFormat for Plays {
    fn manifest(&self) -> Manifest {
        Manifest {
            id: "{{ID}}".into(),
            title: "{{TITLE}}".into(),
            grain: Grain::Event,
            reads: true,
            writes: true,
            status: Status::Preview,
            reference: "name the document, its edition and its date".into(),
            confidence: "".into(),
            versions: Vec::new(),
            extension: "tsv".into(),
            traits: FormatTraits::default(),
            about: "One record for each play.".into(),
        }
    }

    fn first_line(&self) -> &'static str {
        "HD01\t{{ID}}"
    }

    fn record_type(&self) -> Option<&'static str> {
        Some("PL01")
    }

    fn columns(&self) -> &'static [LineColumn] {
        COLUMNS
    }

    fn codes(&self) -> LineCodes {
        LineCodes {
            wrong_start: &WRONG_START,
            cell_count: &CELL_COUNT,
            bad_cell: &BAD_CELL,
            bad_option: &BAD_OPTION,
        }
    }

    fn is_comment(&self, line: &[u8]) -> bool {
        line.starts_with(b"#")
    }

    fn split(&self, line: &[u8], cells: &mut Vec<Range>) {
        let whole = Line { start: 0, end: line.len(), next: line.len() };
        line::cells(line, whole, line.contains(&b'\\'), cells);
    }

    fn canonical(&self, field: Field, cell: &str, out: &mut Vec<u8>) -> Result<bool, String> {
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        // A cell without backslashes and pipes is what it says.
        let value = if cell.contains(['\\', '|']) {
            if let Some(bad) = escape::decode(cell.as_bytes(), Escapes::Tripled, &mut text, &mut ends) {
                return Err(bad.to_string());
            }
            if ends.len() > 1 {
                return Err("the cell holds several values, expected one".into());
            }
            text.as_slice()
        } else {
            cell.as_bytes()
        };
        let kind = match field.kind() {
            Kind::DateTime => CellType::Datetime,
            Kind::Duration => CellType::Duration,
            Kind::Territory => CellType::Territory,
            _ => CellType::String,
        };
        for fit in [cell::check(kind, value, out), cell::check_kind(field.kind(), value, out)] {
            match fit {
                Fit::Exact => {}
                Fit::Normalised => return Ok(true),
                Fit::Odd(why) | Fit::Doubtful(why) | Fit::Wrong(why) => return Err(why),
            }
        }
        out.extend_from_slice(value);
        Ok(true)
    }

    fn delimiter(&self) -> u8 {
        b'\t'
    }

    fn write(&self, _field: Field, value: &[u8], out: &mut Vec<u8>) -> Option<&'static str> {
        (write::text(value, Escapes::Tripled, out) > 0).then_some("control characters become spaces")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_notation_comes_from_each_kind_of_cell() {
        for (field, cell, expected) in [
            (Field::ISRC, "gb-aaa-26-00001", Ok("GBAAA2600001")),
            (Field::TERRITORY, "FR", Ok("FR")),
            (Field::TERRITORY, "ZZ", Err(())),
            (Field::EVENT_DURATION, "PT1M30S", Ok("PT1M30S")),
            (Field::EVENT_DURATION, "90", Err(())),
            (Field::EVENT_TIME, "2026-02-30T00:00:00Z", Err(())),
            (Field::RECORDING_TITLE, "Left\\\\|Right", Ok("Left|Right")),
            (Field::RECORDING_TITLE, "Left|Right", Err(())),
        ] {
            let mut out = Vec::new();
            let found = Plays.canonical(field, cell, &mut out).map(|_| String::from_utf8(out).unwrap());
            assert_eq!(found.as_deref().map_err(drop), expected, "{field} {cell}");
        }
    }

    #[test]
    fn delimiters_inside_text_do_not_divide() {
        let mut written = Vec::new();
        assert_eq!(Plays.write(Field::RECORDING_TITLE, b"Left\tRight|", &mut written), None);
        let mut cells = Vec::new();
        Plays.split(&written, &mut cells);
        assert_eq!(cells, [(0, written.len() as u32)]);
    }
}
