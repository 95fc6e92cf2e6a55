//! The line of headings: which column of the file is which column of the layout, and whether the
//! file is of the layout at all.

use crate::layout::Layout;
use crate::notation::cell::{first_row, unquote};
use crate::read::preface::{self, top};
use std::ops::Range;
use transpose_core::format::{Probe, Recognition};

/// The most bytes that the line of headings may have.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The most columns that a table may have.
pub(crate) const MOST_COLUMNS: usize = 4096;

/// The columns that a quarantine file has before those of the rejected rows.
pub(crate) const QUARANTINE: [&str; 3] = ["Line", "Code", "Reason"];

/// A heading as it is compared: lower case, without spaces, hyphens and underscores.
pub(crate) fn folded(heading: &str) -> String {
    let mut text = String::with_capacity(heading.len());
    for c in heading.chars() {
        // Nearly every character is ASCII, and the first part of a file is folded for every layout.
        if c.is_ascii() {
            if !matches!(c, '\t'..='\r' | ' ' | '-' | '_') {
                text.push(c.to_ascii_lowercase());
            }
        } else if !c.is_whitespace() && c != '\u{feff}' {
            text.extend(c.to_lowercase());
        }
    }
    text
}

/// The line of headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headings {
    /// The headings as they stand in the file.
    pub(crate) names: Vec<Box<str>>,
    /// Where the line begins, after a byte order mark and blank lines.
    pub(crate) start: usize,
    /// Where the line after it begins.
    pub(crate) end: usize,
    /// How many line ends lie before `end`.
    pub(crate) lines: u64,
    /// Whether there is a byte order mark.
    pub(crate) bom: bool,
}

/// Why there is no line of headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHeadings {
    /// The input is empty or blank.
    Empty,
    /// It is UTF-16.
    Utf16,
    /// It is no text; what it seems to be.
    NotText(&'static str),
    /// The line does not end.
    Endless,
}

/// Reads the line of headings from the first bytes of an input.
#[cfg(test)]
fn headings(bytes: &[u8], delimiter: u8, quote: u8, complete: bool) -> Result<Headings, NoHeadings> {
    no_text(bytes)?;
    let bom = bytes.starts_with(b"\xef\xbb\xbf");
    let from = Place { start: if bom { 3 } else { 0 }, lines: 0 };
    Ok(Headings { bom, ..row_of_names(bytes, from, (delimiter, quote), complete)? })
}

/// A place in the head of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// Its byte.
    pub(crate) start: usize,
    /// How many line ends lie before it.
    pub(crate) lines: u64,
}

/// Reads a line of headings from a place on, after blank lines.
pub(crate) fn row_of_names(
    bytes: &[u8],
    from: Place,
    marks: (u8, u8),
    complete: bool,
) -> Result<Headings, NoHeadings> {
    let (from, cells, next) = row(bytes, from, marks, complete)?;
    let mut text = Vec::new();
    let names = cells.into_iter().map(|range| {
        text.clear();
        unquote(bytes.get(range).unwrap_or(&[]), marks.1, &mut text);
        String::from_utf8_lossy(&text).trim().into()
    });
    Ok(Headings { names: names.collect(), start: from.start, end: next.start, lines: next.lines, bom: false })
}

/// The first row from a place on that is not blank: where it begins, its cells, and the place after
/// it.
pub(crate) fn row(
    bytes: &[u8],
    from: Place,
    marks: (u8, u8),
    complete: bool,
) -> Result<(Place, Vec<Range<usize>>, Place), NoHeadings> {
    let Place { mut start, mut lines } = from;
    while let Some(blank) = blank(bytes.get(start..).unwrap_or(&[])) {
        start += blank;
        lines += 1;
    }
    row_at(bytes, Place { start, lines }, marks, complete)
}

/// How many bytes a blank line has that stands first.
fn blank(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// The row at a place, which may be blank.
pub(crate) fn row_at(
    bytes: &[u8],
    from: Place,
    (delimiter, quote): (u8, u8),
    complete: bool,
) -> Result<(Place, Vec<Range<usize>>, Place), NoHeadings> {
    let Place { start, lines } = from;
    let rest = bytes.get(start..).unwrap_or(&[]);
    if rest.is_empty() && complete {
        return Err(NoHeadings::Empty);
    }
    let bounded = rest.get(..LONGEST).unwrap_or(rest);
    let ends = complete && bounded.len() == rest.len();
    let (cells, len) = first_row(bounded, delimiter, quote, ends).ok_or(NoHeadings::Endless)?;
    if cells.len() > MOST_COLUMNS {
        return Err(NoHeadings::Endless);
    }
    let breaks = memchr::memchr_iter(b'\n', rest.get(..len).unwrap_or(&[])).count() as u64;
    let cells = cells.into_iter().map(|range| start + range.start..start + range.end).collect();
    Ok((from, cells, Place { start: start + len, lines: lines + breaks }))
}

/// Tells what is no text at all.
pub(crate) fn no_text(bytes: &[u8]) -> Result<(), NoHeadings> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(NoHeadings::Utf16),
        [b'P', b'K', 3, 4, ..] => return Err(NoHeadings::NotText("a workbook or another archive")),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(NoHeadings::NotText("an old workbook")),
        [0x1f, 0x8b, ..] => return Err(NoHeadings::NotText("compressed")),
        [b'P', b'A', b'R', b'1', ..] => return Err(NoHeadings::NotText("Parquet")),
        _ => {}
    }
    if let Some(place) = memchr::memchr(0, bytes) {
        // Latin text in UTF-16 has a zero in every other byte.
        let utf16 = bytes.iter().skip(place % 2).step_by(2).take(8).all(|byte| *byte == 0) && bytes.len() > 8;
        return Err(if utf16 { NoHeadings::Utf16 } else { NoHeadings::NotText("binary") });
    }
    Ok(())
}

/// How the columns of a file and of a layout belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Matched {
    /// For each column of the file the column of the layout.
    pub(crate) columns: Vec<Option<usize>>,
    /// Columns of the layout that the file does not have.
    pub(crate) missing: Vec<usize>,
    /// Columns of the file that the layout does not have, but for those of a quarantine file.
    pub(crate) extras: Vec<usize>,
    /// A column of the layout that the file has twice, and where.
    pub(crate) repeated: Option<(usize, usize, usize)>,
}

/// Finds for each column of the file the column of the layout.
pub(crate) fn matched(layout: &Layout, names: &[Box<str>]) -> Matched {
    let mut places: Vec<Option<usize>> = vec![None; layout.columns.len()];
    let mut found = Matched { columns: Vec::new(), missing: Vec::new(), extras: Vec::new(), repeated: None };
    for (place, name) in names.iter().enumerate() {
        let fold = folded(name);
        let column = layout.columns.iter().position(|column| column.names.contains(&fold));
        found.columns.push(column);
        match column.map(|column| (column, places.get_mut(column))) {
            Some((column, Some(Some(first)))) => {
                found.repeated.get_or_insert((column, *first, place));
            }
            Some((_, Some(slot))) => *slot = Some(place),
            _ if QUARANTINE.get(place) == Some(&&**name) => {}
            _ => found.extras.push(place),
        }
    }
    found.missing =
        (0..).zip(&places).filter(|(_, place)| place.is_none()).map(|(column, _)| column).collect();
    found
}

/// The heading of the file that is most like a missing one, among those that mean nothing else.
pub(crate) fn nearest<'a>(heading: &str, names: &'a [Box<str>], extras: &[usize]) -> Option<&'a str> {
    let wanted = folded(heading);
    extras
        .iter()
        .filter_map(|place| names.get(*place))
        .map(|name| (strsim::jaro_winkler(&wanted, &folded(name)), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| &**name)
}

/// The delimiters that tables are written with, by the name of their option value.
pub(crate) const DELIMITERS: [(&str, u8); 4] =
    [("comma", b','), ("semicolon", b';'), ("tab", b'\t'), ("pipe", b'|')];

/// Whether a delimiter stands in the first line that is not blank or, below lines before the rows,
/// anywhere; no other is worth a look.
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
        let found = top(layout, probe.bytes, delimiter, probe.complete).ok()?;
        let matched = matched(layout, &found.headings.names);
        (layout.columns.len() > 1 && matched.missing.len() * 5 <= layout.columns.len() * 2).then_some(())
    };
    DELIMITERS
        .iter()
        .find(|(_, delimiter)| {
            *delimiter != used && occurs(*delimiter, layout.before.len(), probe) && fits(*delimiter).is_some()
        })
        .map(|(name, _)| *name)
}

/// The delimiter of a table whose sender has not told it: the layout's own, unless another one, and
/// only that, gives every required heading.
pub(crate) fn delimiter(layout: &Layout, probe: &Probe<'_>) -> (&'static str, u8) {
    let fits = |delimiter: u8| {
        top(layout, probe.bytes, delimiter, probe.complete).is_ok_and(|found| {
            let missing = matched(layout, &found.headings.names).missing;
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
            && occurs(*delimiter, layout.before.len(), probe)
    };
    DELIMITERS.iter().filter(usable).find(|(_, delimiter)| fits(*delimiter)).copied().unwrap_or(own)
}

/// Whether a file is of the layout, judged by its headings alone.
///
/// Every heading and no other is certain; every required heading is possible, so that a layout that
/// fits better wins; three of five is near.
pub(crate) fn recognise(layout: &Layout, probe: &Probe<'_>) -> Recognition {
    if !layout.headed {
        return preface::recognise(layout, probe);
    }
    let (name, delimiter) = delimiter(layout, probe);
    let headings = match top(layout, probe.bytes, delimiter, probe.complete) {
        Ok(top) => top.headings,
        Err(_) => return Recognition::No,
    };
    let by =
        |reason: String| if name.is_empty() { reason } else { format!("{reason}, separated by a {name}") };
    match judged(layout, &headings, probe) {
        Recognition::Certain(reason) => Recognition::Certain(by(reason)),
        Recognition::Possible(reason) => Recognition::Possible(by(reason)),
        other => other,
    }
}

fn judged(layout: &Layout, headings: &Headings, probe: &Probe<'_>) -> Recognition {
    if headings.names.iter().any(|name| layout.excludes.contains(&folded(name))) {
        return Recognition::No;
    }
    let found = matched(layout, &headings.names);
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

    #[test]
    fn folding_is_that_of_unicode() {
        let texts = (0..=0x3100).filter_map(char::from_u32).chain(['\u{feff}', 'İ', 'ß', '波']);
        for c in texts {
            let text = format!("A{c}b");
            let kept = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '\u{feff}'));
            assert_eq!(folded(&text), kept.flat_map(char::to_lowercase).collect::<String>(), "{c:?}");
        }
    }

    fn layout() -> Layout {
        let columns = [
            ("Stream ID", true),
            ("Country", true),
            ("Item Name", false),
            ("API Key Name", false),
            ("GRID", false),
        ]
        .map(|(heading, required)| format!("[[column]]\nheading = \"{heading}\"\nrequired = {required}\n"));
        let head =
            "id = \"a.b\"\ntitle = \"A\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"r\"\n";
        Layout::parse("a.toml", &format!("{head}{}", columns.concat())).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Headings, NoHeadings> {
        headings(bytes, b',', b'"', true)
    }

    #[test]
    fn headings_are_compared_without_case_and_gaps() {
        for heading in ["Stream ID", " stream_id ", "STREAM-ID", "StreamID", "\u{feff}Stream Id"] {
            assert_eq!(folded(heading), "streamid");
        }
        assert_eq!(folded("ÜBER Uns"), "überuns");
    }

    #[test]
    fn line_of_headings_is_found() {
        let found = read(b"\xef\xbb\xbf\r\n\n\"A \"\"b\"\"\", c\r\nrest").unwrap();
        assert_eq!(found.names, ["A \"b\"".into(), Box::from("c")]);
        assert_eq!((found.start, found.end, found.lines, found.bom), (6, 20, 3, true));
        let found = read(b"a,\"b\nc\"").unwrap();
        assert_eq!((found.names.len(), found.end, found.lines), (2, 7, 1));
    }

    #[test]
    fn what_is_no_table_is_told_apart() {
        for (bytes, why) in [
            (&b""[..], NoHeadings::Empty),
            (b"\xef\xbb\xbf", NoHeadings::Empty),
            (b"\r\n\n", NoHeadings::Empty),
            (b"\xff\xfea\0,\0", NoHeadings::Utf16),
            (b"a\0,\0b\0,\0c\0d\0e\0f\0", NoHeadings::Utf16),
            (b"PK\x03\x04", NoHeadings::NotText("a workbook or another archive")),
            (b"a,b\0c\n", NoHeadings::NotText("binary")),
        ] {
            assert_eq!(read(bytes), Err(why), "{bytes:?}");
        }
        assert_eq!(headings(b"a,b", b',', b'"', false), Err(NoHeadings::Endless));
        assert_eq!(read(&vec![b'x'; LONGEST + 1]), Err(NoHeadings::Endless));
        assert_eq!(read(&vec![b','; MOST_COLUMNS]), Err(NoHeadings::Endless));
    }

    #[test]
    fn columns_are_matched_in_any_order() {
        let names: Vec<Box<str>> = ["grid", "Extra", "country", "STREAM_ID"].map(Into::into).into();
        let found = matched(&layout(), &names);
        assert_eq!(found.columns, [Some(4), None, Some(1), Some(0)]);
        assert_eq!((found.missing, found.extras, found.repeated), (vec![2, 3], vec![1], None));
        let names: Vec<Box<str>> = ["Country", "x", "COUNTRY"].map(Into::into).into();
        assert_eq!(matched(&layout(), &names).repeated, Some((1, 0, 2)));
    }

    #[test]
    fn nearest_heading_is_one_without_meaning() {
        let names: Vec<Box<str>> = ["Country", "Countrry"].map(Into::into).into();
        assert_eq!(nearest("Country", &names, &[1]), Some("Countrry"));
        assert_eq!(nearest("Country", &names, &[]), None);
    }

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
