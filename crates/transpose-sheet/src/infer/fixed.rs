//! Tables without delimiters: every line has the same length, and a column is as wide in all of
//! them.

use crate::infer::lines::shown;
use crate::infer::render::quoted;
use crate::infer::sample::common;
use crate::infer::{Confidence, Guess, Proposal, Sample};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use transpose_codes::{Icpn, Isrc};
use transpose_core::model::Field;

/// How many lines are looked at.
const LINES: usize = 2_000;

/// The shortest line that is taken for a record.
const SHORTEST: usize = 8;

/// The longest.
const LONGEST: usize = 4_096;

/// Proposes widths where lines are records of fixed width. A table that a delimiter explains is
/// none, unless its lines are all of one length by more than chance.
pub(super) fn propose(sample: Sample<'_>, delimited: bool, id: &str) -> Option<Proposal> {
    if delimited || sample.container.is_some() {
        return None;
    }
    let text = std::str::from_utf8(sample.bytes).ok()?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(LINES).collect();
    let lengths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
    let (length, count) = common(&lengths)?;
    if lines.len() < 2 || !(SHORTEST..=LONGEST).contains(&length) || count * 10 < lines.len() * 9 {
        return None;
    }
    // Lines that begin with another code are of another kind: the most common kind are the rows.
    let mut kinds: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in &lines {
        kinds.entry(line.chars().take(2).collect()).or_default().push(line);
    }
    let coded = kinds.len() > 1 && kinds.len() <= 6 && lines.len() > kinds.len() * 2;
    let (code, rows) = if coded {
        kinds
            .iter()
            .max_by_key(|(_, lines)| lines.len())
            .map(|(code, lines)| (Some(code.clone()), lines.clone()))?
    } else {
        (None, lines.clone())
    };
    let codes = codes(&rows, length);
    let widths = widths(&rows, length, code.is_some(), &codes);
    let mut toml = String::new();
    let name = sample.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let _ = write!(
        toml,
        "# Proposed by `transpose layout infer` from `{}`: records of {length} characters, {} rows.
# CHECK every width: they are where spaces, or letters and digits, meet in all rows. Then say what each column holds with `field`.
id = {}
title = {}
directions = [\"read\"]
grain = \"aggregate\"
reference = {}
confidence = \"low, inferred from one sample\"

[table]
container = \"fixed\"
record-length = {length}
heading = \"none\"
",
        shown(name),
        rows.len(),
        quoted(id),
        quoted(id.rsplit('.').next().unwrap_or(id)),
        quoted(&format!("sample {name}")),
    );
    for (other, lines) in kinds.iter().filter(|(other, _)| code.as_ref().is_some_and(|code| code != *other)) {
        let _ = writeln!(
            toml,
            "# CHECK: {} lines begin with `{}`, such as `{}`: describe them as [[before]] or [[after]].",
            lines.len(),
            shown(other),
            shown(lines.first().unwrap_or(&""))
        );
    }
    let mut columns = Vec::new();
    let mut from = 0;
    for width in widths {
        let cells: Vec<String> =
            rows.iter().take(3).map(|line| line.chars().skip(from).take(width).collect()).collect();
        let examples: Vec<String> = cells.iter().map(|cell| shown(cell)).collect();
        let _ = write!(
            toml,
            "\n[[column]]\n# columns {} to {}, such as `{}`\nwidth = {width}\n",
            from + 1,
            from + width,
            examples.join("`, `")
        );
        if let (0, Some(code)) = (from, &code) {
            let _ = writeln!(toml, "text = {}", quoted(code));
        }
        let field =
            codes.iter().find(|(start, len, _)| (*start, *len) == (from, width)).map(|(_, _, field)| *field);
        let mut reasons = vec![format!("{width} characters wide")];
        if let Some(field) = field {
            let reason = "every row has a valid one here";
            let _ = writeln!(toml, "field = \"{field}\"  # certain: {reason}");
            reasons.push(reason.to_owned());
        }
        columns.push(Guess {
            heading: String::new(),
            field,
            confidence: field.map(|_| Confidence::Certain),
            reasons,
            examples,
        });
        from += width;
    }
    let table =
        vec![("rows", rows.len().to_string()), ("comes as", format!("records of {length} characters"))];
    Some(Proposal { toml, columns, table, rows: rows.len() as u64, diagnostics: Vec::new() })
}

/// What the characters at one place of all rows are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Digits,
    Text,
}

/// Codes that prove themselves: where each is, how wide it is, what it is.
fn codes(rows: &[&str], length: usize) -> Vec<(usize, usize, Field)> {
    let mut found: Vec<(usize, usize, Field)> = Vec::new();
    let is_icpn = |text: &str| Icpn::parse(text).is_ok_and(|parsed| parsed.repair.is_none());
    let kinds: [(usize, Field, &dyn Fn(&str) -> bool); 4] = [
        (12, Field::ISRC, &|text| Isrc::parse(text).is_ok()),
        (13, Field::ICPN, &is_icpn),
        (14, Field::ICPN, &is_icpn),
        (12, Field::ICPN, &is_icpn),
    ];
    let mut from = 0;
    // A number in ten has the right check digit by chance.
    while from < length && rows.len() >= 5 {
        let fits = |(width, field, is): &(usize, Field, &dyn Fn(&str) -> bool)| {
            let new = !found.iter().any(|(_, _, known)| known == field);
            new && rows.iter().all(|row| row.get(from..from + width).is_some_and(is))
        };
        match kinds.iter().find(|kind| fits(kind)) {
            Some((width, field, _)) => {
                found.push((from, *width, *field));
                from += width;
            }
            None => from += 1,
        }
    }
    found
}

/// The widths of the columns: a new one begins after spaces, where digits and letters meet in all
/// rows, and around codes.
fn widths(rows: &[&str], length: usize, coded: bool, codes: &[(usize, usize, Field)]) -> Vec<usize> {
    let mut classes: Vec<Option<Class>> = vec![None; length];
    for row in rows {
        for (place, character) in row.chars().enumerate() {
            let class = match character {
                ' ' => Class::Space,
                '0'..='9' => Class::Digits,
                _ => Class::Text,
            };
            if let Some(known) = classes.get_mut(place) {
                *known = Some(match *known {
                    Some(known) if known != class => Class::Text,
                    _ => class,
                });
            }
        }
    }
    let mut borders = vec![0];
    if coded {
        borders.push(2.min(length));
    }
    for place in 1..length {
        let class = |place: usize| classes.get(place).copied().flatten().unwrap_or(Class::Space);
        let (before, here) = (class(place - 1), class(place));
        let begins = match (before, here) {
            (_, Class::Space) => false,
            (Class::Space, _) => true,
            _ => before != here,
        };
        let within = coded && place < 2
            || codes.iter().any(|(from, width, _)| (*from + 1..from + width).contains(&place));
        if begins && !within {
            borders.push(place);
        }
    }
    borders.extend(codes.iter().flat_map(|(from, width, _)| [*from, from + width]));
    borders.push(length);
    borders.sort_unstable();
    borders.dedup();
    borders
        .windows(2)
        .filter_map(|pair| Some(pair.get(1)? - pair.first()?))
        .filter(|width| *width > 0)
        .collect()
}
