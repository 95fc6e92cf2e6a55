//! Whether a file is of a layout, by its headings or by the texts that it must have.

use crate::layout::options::DELIMITERS;
use crate::layout::{Column, Layout, Line, Source, folded};
use crate::read::heading::match_columns;
use crate::read::preface::{Headings, HeadingsError, read_preface, row, unlike};
use transpose_core::format::{Probe, Recognition};

/// Whether a file is of a layout without headings, by the texts that the layout demands.
fn by_texts(layout: &Layout, probe: &Probe<'_>) -> Recognition {
    let Ok(found) = read_preface(layout, probe.bytes, layout.delimiter, probe.complete) else {
        return Recognition::No;
    };
    let texts = |cells: &[Column]| cells.iter().filter(|cell| matches!(cell.source, Source::Text(_))).count();
    let before: usize = layout.preface.iter().map(|line| texts(&line.cells)).sum();
    let marks = (layout.delimiter, layout.quote);
    let first = row(probe.bytes, found.body, marks, probe.complete);
    let fits = match &first {
        Ok((_, cells, _)) => {
            let row = Line {
                cells: layout.columns.clone(),
                headings: false,
                each: None,
                optional: false,
                wide: false,
            };
            cells.len() == layout.columns.len() && unlike(&row, cells, probe.bytes, layout.quote).is_none()
        }
        Err(HeadingsError::Empty) => before > 0,
        Err(_) => false,
    };
    match (fits, before, texts(&layout.columns)) {
        (false, ..) | (true, 0, 0) => Recognition::No,
        (true, 0, _) => Recognition::Possible("the texts that every row has".into()),
        (true, ..) => Recognition::Certain("the preface lines".into()),
    }
}

/// Whether a delimiter is in the first line that is not blank or, below preface lines, anywhere; no
/// other is worth a look.
fn occurs(delimiter: u8, before: usize, probe: &Probe<'_>) -> bool {
    let bytes = probe.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(probe.bytes);
    if before > 0 {
        return memchr::memchr(delimiter, bytes).is_some();
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let line = lines.find(|line| !matches!(*line, [] | [b'\r'])).unwrap_or(&[]);
    memchr::memchr(delimiter, line).is_some()
}

/// The delimiter, other than the one that was used, with which the headings are those of the
/// layout.
pub(crate) fn other_delimiter(layout: &Layout, used: u8, probe: &Probe<'_>) -> Option<&'static str> {
    let fits = |delimiter: u8| {
        let found = read_preface(layout, probe.bytes, delimiter, probe.complete).ok()?;
        let match_columns = match_columns(layout, &found.headings.names);
        (layout.columns.len() > 1 && match_columns.missing.len() * 5 <= layout.columns.len() * 2)
            .then_some(())
    };
    DELIMITERS
        .iter()
        .find(|(_, delimiter)| {
            *delimiter != used
                && occurs(*delimiter, layout.preface.len(), probe)
                && fits(*delimiter).is_some()
        })
        .map(|(name, _)| *name)
}

/// The delimiter of a table whose sender does not name it: the layout's own, unless another one,
/// and only that, gives every required heading.
pub(crate) fn delimiter(layout: &Layout, probe: &Probe<'_>) -> (&'static str, u8) {
    let fits = |delimiter: u8| {
        read_preface(layout, probe.bytes, delimiter, probe.complete).is_ok_and(|found| {
            let missing = match_columns(layout, &found.headings.names).missing;
            let lacks = |column: &usize| layout.columns.get(*column).is_some_and(|column| column.required);
            missing.len() < layout.columns.len() && !missing.iter().any(lacks)
        })
    };
    let own = ("", layout.delimiter);
    if fits(layout.delimiter) {
        return own;
    }
    let usable = |(_, delimiter): &&(&str, u8)| {
        ![layout.delimiter, layout.quote].contains(delimiter)
            && occurs(*delimiter, layout.preface.len(), probe)
    };
    DELIMITERS.iter().filter(usable).find(|(_, delimiter)| fits(*delimiter)).copied().unwrap_or(own)
}

/// Whether a file is of the layout, by its headings alone.
///
/// Every heading and no other is certain; every required heading is possible, so that a layout that
/// fits better wins; three of five is near.
pub(crate) fn recognise(layout: &Layout, probe: &Probe<'_>) -> Recognition {
    if !layout.headed {
        return by_texts(layout, probe);
    }
    let (name, delimiter) = delimiter(layout, probe);
    let headings = match read_preface(layout, probe.bytes, delimiter, probe.complete) {
        Ok(read_preface) => read_preface.headings,
        Err(_) => return Recognition::No,
    };
    let by =
        |reason: String| if name.is_empty() { reason } else { format!("{reason}, separated by a {name}") };
    match by_headings(layout, &headings, probe) {
        Recognition::Certain(reason) => Recognition::Certain(by(reason)),
        Recognition::Possible(reason) => Recognition::Possible(by(reason)),
        other => other,
    }
}

fn by_headings(layout: &Layout, headings: &Headings, probe: &Probe<'_>) -> Recognition {
    if headings.names.iter().any(|name| layout.excludes.contains(&folded(name))) {
        return Recognition::No;
    }
    let found = match_columns(layout, &headings.names);
    let all = layout.columns.len();
    let present = all - found.missing.len();
    if let Some((column, ..)) = found.repeated {
        let heading = layout.columns.get(column).map_or("", |column| &column.heading);
        return if present * 5 >= all * 3 {
            Recognition::Near(format!("heading `{heading}` occurs twice"))
        } else {
            Recognition::No
        };
    }
    let missing = || {
        let columns = found.missing.iter().filter_map(|column| layout.columns.get(*column));
        let names: Vec<_> = columns.take(3).map(|column| format!("`{}`", column.heading)).collect();
        let more = found.missing.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{present} of {all} headings, missing {}{more}", names.join(", "))
    };
    let lacks =
        found.missing.iter().any(|column| layout.columns.get(*column).is_some_and(|column| column.required));
    match (found.missing.is_empty(), found.extras.len()) {
        (true, 0) => Recognition::Certain(format!("all {all} headings")),
        (false, extras) if layout.sparse && !lacks && extras < present => Recognition::Possible(missing()),
        (true, extras) => Recognition::Possible(format!("all {all} headings, {extras} others")),
        (false, _) if present * 5 < all * 3 => other_delimiter(layout, layout.delimiter, probe)
            .map_or(Recognition::No, |name| {
                Recognition::Near(format!("the headings, but separated by a {name}"))
            }),
        (false, _) if lacks => Recognition::Near(missing()),
        (false, _) => Recognition::Possible(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::test_layout as layout;

    #[test]
    fn confidence_follows_the_headings() {
        for (text, expected) in [
            (
                "Stream ID,Country,Item Name,API Key Name,GRID\n",
                Recognition::Certain("all 5 headings".into()),
            ),
            ("grid,api_key_name,itemname,country,streamid\n", Recognition::Certain("all 5 headings".into())),
            (
                "Line,Code,Reason,grid,apikeyname,itemname,country,streamid\n",
                Recognition::Certain("all 5 headings".into()),
            ),
            (
                "x,Stream ID,Country,Item Name,API Key Name,GRID\n",
                Recognition::Possible("all 5 headings, 1 others".into()),
            ),
            (
                "Stream ID,Country,Item Name\n",
                Recognition::Possible("3 of 5 headings, missing `API Key Name`, `GRID`".into()),
            ),
            (
                "Stream ID,API Key Name,Item Name\n",
                Recognition::Near("3 of 5 headings, missing `Country`, `GRID`".into()),
            ),
            ("Stream ID,Country\n", Recognition::No),
            (
                "Stream ID;Country;Item Name;API Key Name;GRID\n",
                Recognition::Certain("all 5 headings, separated by a semicolon".into()),
            ),
            (
                "\u{feff}\r\n\nStream ID\tCountry\tItem Name\tAPI Key Name\tGRID\n",
                Recognition::Certain("all 5 headings, separated by a tab".into()),
            ),
            (
                "Stream ID;API Key Name;Item Name;GRID\n",
                Recognition::Near("the headings, but separated by a semicolon".into()),
            ),
            (
                "Stream ID,Country,Item Name,GRID,GRID\n",
                Recognition::Near("heading `GRID` occurs twice".into()),
            ),
            ("Stream ID,Country,Item Name,API Key Name,GRID", Recognition::No),
            ("", Recognition::No),
            ("a\0b\n", Recognition::No),
        ] {
            let probe = Probe { name: "a.csv", bytes: text.as_bytes(), complete: false };
            assert_eq!(recognise(&layout(), &probe), expected, "{text}");
        }
    }
}
