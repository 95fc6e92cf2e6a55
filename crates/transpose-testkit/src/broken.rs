//! Broken variants of a case's input, each with what validation must find, and nothing else.
//!
//! ```toml
//! [[broken]]
//! name = "cell 10: returns are mandatory"
//! line = 7
//! cell = 10
//! set = ""
//! expect = ["DSR0204@7/10"]
//! ```
//!
//! An edit is one of: `line`, `cell` and `set` (cells are divided by tabs that are not escaped),
//! `line` and `replace`, `line` and `insert` (before that line), `line` and `delete = true`,
//! `crlf = true`, `bom = true`, `truncate = N` (bytes kept). What is expected is a code, with
//! `@line` and `/cell` where the diagnostic has them; diagnostics of severity info are not listed.

use serde::Deserialize;

/// A broken variant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrokenVariant {
    /// What is broken.
    pub name: String,
    /// The line that is changed, from 1.
    pub line: Option<usize>,
    /// The cell that is changed, from 1.
    pub cell: Option<usize>,
    /// The new cell.
    pub set: Option<String>,
    /// The new line.
    pub replace: Option<String>,
    /// A line to be put before the line.
    pub insert: Option<String>,
    /// Whether the line is taken out.
    pub delete: bool,
    /// Whether lines end in CR LF.
    pub crlf: bool,
    /// Whether a byte order mark comes before everything.
    pub bom: bool,
    /// How many bytes are kept.
    pub truncate: Option<usize>,
    /// The diagnostics above info: `CODE`, `CODE@line` or `CODE@line/cell`.
    pub expect: Vec<String>,
}

impl BrokenVariant {
    /// The input with the edit. The error says why the edit makes no sense.
    pub fn apply(&self, input: &[u8]) -> Result<Vec<u8>, String> {
        let mut lines: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if let Some(number) = self.line {
            let index = number.checked_sub(1).filter(|index| *index < lines.len());
            let index = index.ok_or_else(|| format!("{}: there is no line {number}", self.name))?;
            self.edit(index, &mut lines)?;
        }
        let end: &[u8] = if self.crlf { b"\r\n" } else { b"\n" };
        let mut out = if self.bom { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        out.extend_from_slice(&lines.join(end));
        out.truncate(self.truncate.unwrap_or(usize::MAX));
        if out == input {
            return Err(format!("{}: the edit changes nothing", self.name));
        }
        Ok(out)
    }

    fn edit(&self, index: usize, lines: &mut Vec<Vec<u8>>) -> Result<(), String> {
        if self.delete {
            lines.remove(index);
        } else if let Some(insert) = &self.insert {
            lines.insert(index, insert.as_bytes().to_vec());
        } else if let Some(line) = lines.get_mut(index) {
            if let Some(replace) = &self.replace {
                *line = replace.as_bytes().to_vec();
            } else if let (Some(number), Some(set)) = (self.cell, &self.set) {
                let mut cells = cells(line);
                let cell = number.checked_sub(1).and_then(|index| cells.get_mut(index));
                *cell.ok_or_else(|| format!("{}: there is no cell {number}", self.name))? =
                    set.as_bytes().to_vec();
                *line = cells.join(&b'\t');
            } else {
                return Err(format!("{}: say what becomes of the line", self.name));
            }
        }
        Ok(())
    }
}

/// The cells of a line. A tab belongs to its cell when the backslashes before it leave one over in
/// groups of three.
fn cells(line: &[u8]) -> Vec<Vec<u8>> {
    let mut cells = vec![Vec::new()];
    let mut run = 0;
    for byte in line {
        let escaped = run % 3 == 1;
        run = if *byte == b'\\' { run + 1 } else { 0 };
        if *byte == b'\t' && !escaped {
            cells.push(Vec::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(*byte);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_what_they_name() {
        let input = b"a\tb\\\tc\td\nsecond\n";
        let broken = |line: usize, change: fn(&mut BrokenVariant)| {
            let mut broken = BrokenVariant { line: Some(line), ..BrokenVariant::default() };
            change(&mut broken);
            broken.apply(input).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let set = |broken: &mut BrokenVariant| (broken.cell, broken.set) = (Some(2), Some("x".into()));
        assert_eq!(broken(1, set).unwrap(), "a\tx\td\nsecond\n");
        assert_eq!(broken(2, |broken| broken.delete = true).unwrap(), "a\tb\\\tc\td\n");
        assert_eq!(
            broken(2, |broken| broken.insert = Some("new".into())).unwrap(),
            "a\tb\\\tc\td\nnew\nsecond\n"
        );
        assert_eq!(broken(2, |broken| broken.replace = Some("r".into())).unwrap(), "a\tb\\\tc\td\nr\n");
        assert!(broken(9, set).is_err() && broken(2, set).is_err() && broken(1, |_| {}).is_err());
        let whole = |broken: BrokenVariant| broken.apply(input).unwrap();
        assert!(whole(BrokenVariant { crlf: true, ..BrokenVariant::default() }).ends_with(b"second\r\n"));
        assert!(whole(BrokenVariant { bom: true, ..BrokenVariant::default() }).starts_with(b"\xef\xbb\xbfa"));
        assert_eq!(whole(BrokenVariant { truncate: Some(3), ..BrokenVariant::default() }), b"a\tb");
        assert!(BrokenVariant::default().apply(input).is_err());
    }
}
