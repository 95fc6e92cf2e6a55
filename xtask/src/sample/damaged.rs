//! A report with one of each fault that real reports have, and the table that lists them.

use std::fmt::Write;

use super::catalogue::Item;
use super::csv::split;
use super::plays::{HEADINGS, MONTH, Play, Service, TWO_LINE_CLIENT, push_headings};
use super::random::Random;

/// Rows before the first fault; one of them spans two lines, so that line and row numbers part.
const CLEAN_START: usize = 2;

/// A fault every this many rows.
const DISTANCE: usize = 3;

/// A fault and the row it is put into.
struct Defect {
    /// The column, counted from 1; 0 when the row as a whole is at fault.
    column: usize,
    what: &'static str,
    /// What `xtask/oracle/count.py` does with the row.
    count: &'static str,
    /// Whether a release's bar code suits the fault.
    suits: fn(&[u8]) -> bool,
    change: Change,
}

enum Change {
    /// Writes this instead.
    Write(&'static [u8]),
    /// Writes what becomes of the cell.
    Turn(fn(&[u8]) -> Vec<u8>),
    /// Leaves out the cell and its comma.
    LeaveOut,
    /// Ends the row after this many cells.
    Keep(usize),
}

const ANY: fn(&[u8]) -> bool = |_| true;
const COUNTED: &str = "counted";

const DEFECTS: &[Defect] = &[
    Defect {
        column: 21,
        what: "ISRC too short",
        count: COUNTED,
        suits: ANY,
        change: Change::Write(b"GBNW02600"),
    },
    Defect {
        column: 16,
        what: "UPC without its leading zero: 11 digits, right check digit once padded",
        count: COUNTED,
        suits: |code| code.len() == 12 && code.starts_with(b"0"),
        change: Change::Turn(|cell| cell.iter().skip(1).copied().collect()),
    },
    Defect {
        column: 16,
        what: "UPC in a spreadsheet's scientific notation",
        count: COUNTED,
        suits: |code| code.len() == 13 && code.starts_with(b"509991"),
        change: Change::Write(b"5.09991E+12"),
    },
    Defect {
        column: 16,
        what: "UPC rounded by a spreadsheet: 12 digits, wrong check digit",
        count: COUNTED,
        suits: |code| code.len() == 12,
        change: Change::Write(b"509990000000"),
    },
    Defect {
        column: 4,
        what: "no such day",
        count: "rejected: date",
        suits: ANY,
        change: Change::Write(b"2026-10-32T08:15:00Z"),
    },
    Defect {
        column: 4,
        what: "no such day in February",
        count: "rejected: date",
        suits: ANY,
        change: Change::Write(b"2026-02-30T08:15:00Z"),
    },
    Defect {
        column: 6,
        what: "no country",
        count: "rejected: country",
        suits: ANY,
        change: Change::Write(b""),
    },
    Defect {
        column: 6,
        what: "no such territory",
        count: "rejected: country",
        suits: ANY,
        change: Change::Write(b"ZZ"),
    },
    Defect {
        column: 0,
        what: "row cut off after 14 cells",
        count: "rejected: columns",
        suits: ANY,
        change: Change::Keep(14),
    },
    Defect {
        column: 19,
        what: "22 cells: the GRID column is left out and the rest moves up",
        count: "rejected: columns",
        suits: ANY,
        change: Change::LeaveOut,
    },
    Defect {
        column: 23,
        what: "24 cells: a comma in a title without quotes",
        count: "rejected: columns",
        suits: ANY,
        change: Change::Write(b"Wind, Unquoted"),
    },
    Defect {
        column: 11,
        what: "negative duration",
        count: "rejected: duration",
        suits: ANY,
        change: Change::Write(b"-12"),
    },
    Defect {
        column: 11,
        what: "duration is not a number",
        count: "rejected: duration",
        suits: ANY,
        change: Change::Write(b"three minutes"),
    },
    Defect {
        column: 23,
        what: "not UTF-8: a Latin-1 byte",
        count: "rejected: utf-8",
        suits: ANY,
        change: Change::Write(b"Caf\xE9 del Norte"),
    },
    Defect {
        column: 4,
        what: "the second before the month",
        count: "outside the period",
        suits: ANY,
        change: Change::Write(b"2026-09-30T23:59:59Z"),
    },
    Defect {
        column: 4,
        what: "the second after the month",
        count: "outside the period",
        suits: ANY,
        change: Change::Write(b"2026-11-01T00:00:00Z"),
    },
    Defect {
        column: 10,
        what: "no track ID",
        count: "rejected: track id",
        suits: ANY,
        change: Change::Write(b""),
    },
    Defect {
        column: 21,
        what: "ISRC in lower case with hyphens",
        count: COUNTED,
        suits: ANY,
        change: Change::Turn(|cell| {
            let mut turned = cell.to_ascii_lowercase();
            for place in [7, 5, 2] {
                if place <= turned.len() {
                    turned.insert(place, b'-');
                }
            }
            turned
        }),
    },
    Defect {
        column: 6,
        what: "UK, which ISO 3166-1 reserves, instead of GB",
        count: "rejected: country",
        suits: ANY,
        change: Change::Write(b"UK"),
    },
];

/// The damaged report and the rows of the table that lists its faults.
pub(crate) struct DamagedReport {
    pub(crate) report: Vec<u8>,
    /// Lines of Markdown, one a fault.
    pub(crate) table: String,
    pub(crate) rows: usize,
}

/// Writes the damaged report.
pub(crate) fn generate(service: &Service, seed: u64) -> DamagedReport {
    let mut random = Random::new(seed);
    let rows = CLEAN_START + DEFECTS.len() * DISTANCE + 1;
    let mut report = Vec::new();
    let mut table = String::new();
    push_headings(&mut report);
    report.extend_from_slice(b"\r\n");
    let mut line = 2;
    for row in 0..rows {
        let defect = row
            .checked_sub(CLEAN_START)
            .filter(|after| after % DISTANCE == 0)
            .and_then(|after| DEFECTS.get(after / DISTANCE));
        let item = item(service, &mut random, defect.map_or(ANY, |defect| defect.suits));
        let mut play = service.play(&mut random, item, row as u64 * (MONTH / rows as u64));
        if row == 0 {
            play.client = TWO_LINE_CLIENT;
        }
        let start = report.len();
        push_damaged(service, &mut report, &play, defect, &mut |found| {
            if let Some(defect) = defect {
                let _ = writeln!(table, "{}", entry(line, row, defect, found));
            }
        });
        report.extend_from_slice(b"\r\n");
        line += report.iter().skip(start).filter(|&&byte| byte == b'\n').count();
    }
    DamagedReport { report, table, rows }
}

/// An item whose release suits a fault.
fn item(service: &Service, random: &mut Random, suits: fn(&[u8]) -> bool) -> Item {
    let count = service.catalogue.len();
    let start = random.below(count);
    (0..count)
        .map(|step| service.catalogue.item((start + step) % count))
        .find(|&item| suits(service.catalogue.bar_code(item)))
        .unwrap_or_else(|| service.catalogue.item(start))
}

/// Appends the row of a play with a fault in it, and says what is in its place.
fn push_damaged(
    service: &Service,
    report: &mut Vec<u8>,
    play: &Play,
    defect: Option<&Defect>,
    tell: &mut dyn FnMut(&[u8]),
) {
    let Some(defect) = defect else {
        service.push_row(report, play);
        return;
    };
    let mut row = Vec::new();
    service.push_row(&mut row, play);
    let mut cells = split(&row);
    let place = defect.column.saturating_sub(1);
    match &defect.change {
        Change::Keep(count) => {
            cells.truncate(*count);
            tell(b"");
        }
        Change::LeaveOut => {
            cells.remove(place);
            tell(b"");
        }
        Change::Write(instead) => {
            if let Some(cell) = cells.get_mut(place) {
                *cell = instead.to_vec();
                tell(instead);
            }
        }
        Change::Turn(turn) => {
            if let Some(cell) = cells.get_mut(place) {
                *cell = turn(cell);
                tell(cell);
            }
        }
    }
    report.extend_from_slice(&cells.join(&b','));
}

/// A line of the table.
fn entry(line: usize, row: usize, defect: &Defect, found: &[u8]) -> String {
    let column = match defect.column.checked_sub(1).and_then(|place| HEADINGS.get(place)) {
        Some(heading) => format!("{} {heading}", defect.column),
        None => "all".to_owned(),
    };
    let found = match found {
        b"" => String::new(),
        found => format!("`{}`", found.escape_ascii()),
    };
    format!("| {line} | {} | {column} | {} | {found} | {} |", row + 1, defect.what, defect.count)
}
