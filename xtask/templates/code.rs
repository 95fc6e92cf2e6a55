//! {{TITLE}}: one play a line, six cells divided by `|`, no quoting; lines that begin with `#` are
//! comments.
//!
//! Replace this text by what the format is, where it was taken from and when. The first line
//! distinguishes the format from every other.

use transpose_codes::{Duration, Isrc, Territory, Timestamp};
use transpose_core::format::{Format, FormatTraits, Grain, Manifest, Status};
use transpose_core::model::{Field, Kind};
use transpose_records::line::Range;
use transpose_records::line_format::{LineCodes, LineColumn, LineFormat, Lines};

transpose_core::register!(|| Ok(vec![Box::new(Lines::new(Plays)) as Box<dyn Format>]));

transpose_core::codes! {
    /// The first line is another one.
    WRONG_START: "{{CODES}}0001" "{{NAME}}-wrong-start" Error
        "The first line names the format and its edition, and this input begins with something else."
        "Check that the right file was given."
    /// A line has too many or too few cells.
    CELL_COUNT: "{{CODES}}0002" "{{NAME}}-wrong-cell-count" Error
        "Each line has six cells. A delimiter inside a title makes one too many."
        "Take the delimiter out of the text."
    /// A cell does not hold what it should.
    BAD_CELL: "{{CODES}}0003" "{{NAME}}-bad-cell" Error
        "The cell does not hold what the format says, and its value is not passed on."
        "Correct the cell in the source."
    /// An option is wrong.
    BAD_OPTION: "{{CODES}}0004" "{{NAME}}-bad-option" Error
        "The format has no such option."
        "List the options with `transpose formats {{ID}}`."
}

const DELIMITER: u8 = b'|';

/// The cells of a line: what each is called, what it means, and whether it must be filled.
const COLUMNS: &[LineColumn] = &[
    LineColumn { name: "time", field: Field::EVENT_TIME, required: true },
    LineColumn { name: "country", field: Field::TERRITORY, required: true },
    LineColumn { name: "isrc", field: Field::ISRC, required: false },
    LineColumn { name: "artist", field: Field::RECORDING_ARTIST, required: false },
    LineColumn { name: "title", field: Field::RECORDING_TITLE, required: true },
    LineColumn { name: "seconds", field: Field::EVENT_DURATION, required: true },
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
            extension: "txt".into(),
            traits: FormatTraits::default(),
            about: "One line for each play.".into(),
        }
    }

    fn first_line(&self) -> &'static str {
        "#{{ID}} 1"
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
        let mut start = 0;
        for cell in line.split(|byte| *byte == DELIMITER) {
            let end = start + cell.len() as u32;
            cells.push((start, end));
            start = end + 1;
        }
    }

    fn canonical(&self, field: Field, cell: &str, out: &mut Vec<u8>) -> Result<bool, String> {
        match field.kind() {
            Kind::Isrc => {
                let isrc = Isrc::parse(cell).map_err(|error| error.to_string())?;
                out.extend_from_slice(isrc.code.as_bytes());
            }
            Kind::Territory => {
                let territory = Territory::parse(cell).map_err(|error| error.to_string())?;
                out.extend_from_slice(territory.code.code().as_bytes());
            }
            Kind::DateTime => {
                Timestamp::parse(cell.as_bytes()).map_err(|error| error.to_string())?;
                out.extend_from_slice(cell.as_bytes());
            }
            Kind::Duration => {
                let parsed = Duration::parse_seconds(cell).map_err(|error| error.to_string())?;
                parsed.duration.write_iso(out);
            }
            _ => out.extend_from_slice(cell.as_bytes()),
        }
        Ok(true)
    }

    fn delimiter(&self) -> u8 {
        DELIMITER
    }

    fn write(&self, field: Field, value: &[u8], out: &mut Vec<u8>) -> Option<&'static str> {
        if field.kind() == Kind::Duration {
            let text = std::str::from_utf8(value).ok()?;
            Duration::parse_iso(text).ok()?.duration.write_seconds(out);
            return None;
        }
        let divides = |byte: &u8| matches!(*byte, DELIMITER | b'\r' | b'\n');
        out.extend(value.iter().map(|byte| if divides(byte) { b' ' } else { *byte }));
        value.iter().any(divides).then_some("delimiters and line breaks become spaces")
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
            (Field::EVENT_DURATION, "90", Ok("PT1M30S")),
            (Field::EVENT_DURATION, "-1", Err(())),
            (Field::EVENT_TIME, "2026-02-30T00:00:00Z", Err(())),
            (Field::RECORDING_TITLE, "Low Tide", Ok("Low Tide")),
        ] {
            let mut out = Vec::new();
            let found = Plays.canonical(field, cell, &mut out).map(|_| String::from_utf8(out).unwrap());
            assert_eq!(found.as_deref().map_err(drop), expected, "{field} {cell}");
        }
    }

    #[test]
    fn delimiters_in_text_are_counted_as_loss() {
        let mut out = Vec::new();
        assert!(Plays.write(Field::RECORDING_TITLE, b"Left|Right\n", &mut out).is_some());
        assert_eq!(out, b"Left Right ");
    }
}
