//! Columns that an input lacks and the command gives, with the same value in every row: what an API
//! took from its address, and no body has.

use crate::read::codes::COLUMN_EXISTS;
use crate::read::stop::{Stop, refused_input, stop};
use crate::read::table::sink::Sink;
use std::io::Read;
use std::sync::Arc;
use transpose_core::diagnostics::{Fatal, Location};
use transpose_text::quoting::{needs_quotes, write_quoted, write_text};

/// The columns, and what they add to a line of commas.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddedColumns {
    columns: Vec<(String, String)>,
    pub(crate) head: Vec<u8>,
    pub(crate) row: Vec<u8>,
}

impl AddedColumns {
    pub(crate) fn new(columns: &[(String, String)]) -> Self {
        let (mut head, mut row) = (Vec::new(), Vec::new());
        for (name, value) in columns {
            append(name, b',', &mut head);
            append(value, b',', &mut row);
        }
        Self { columns: columns.to_vec(), head, row }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether one of the columns has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = folded(name);
        self.columns.iter().any(|(known, _)| folded(known) == name)
    }

    /// Refuses columns that the table has.
    pub(crate) fn check<'a>(
        &self,
        source: &Arc<str>,
        headings: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Fatal> {
        match headings.into_iter().find(|heading| self.has(heading)) {
            None => Ok(()),
            Some(heading) => {
                Err(refused_input(&COLUMN_EXISTS, source, format!("the input has the column `{heading}`")))
            }
        }
    }

    /// Copies delimited text and adds the columns to each of its lines.
    pub(crate) fn extend(&self, mut text: impl Read, source: &Arc<str>, sink: &mut Sink) -> Result<(), Stop> {
        let mut line = Lines::default();
        let mut block = vec![0; 64 << 10];
        let mut out = Vec::with_capacity(block.len() * 2);
        loop {
            let read = crate::read::source::fill(&mut text, &mut block)?;
            let bytes = block.get(..read).unwrap_or_default();
            line.copy(self, source, bytes, &mut out)?;
            if read == 0 {
                if line.any {
                    line.end(self, source, &mut out)?;
                    out.truncate(out.len() - 1);
                }
                return sink.put(&out);
            }
            sink.put(&out)?;
            out.clear();
        }
    }
}

/// Adds a delimiter and a value to a line.
fn append(value: &str, delimiter: u8, line: &mut Vec<u8>) {
    line.push(delimiter);
    if needs_quotes(value.as_bytes(), delimiter, b'"') {
        write_quoted(value.as_bytes(), b'"', line);
    } else {
        write_text(value.as_bytes(), b',', b'"', line);
    }
}

/// A heading as layouts compare it: lower case, without spaces, hyphens and underscores.
fn folded(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '_'));
    kept.flat_map(char::to_lowercase).collect()
}

/// The delimiters that tables are written with.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter that is most often in a line of headings.
fn delimiter(headings: &str) -> u8 {
    let count = |delimiter: u8| headings.bytes().filter(|byte| *byte == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Finds the ends of lines, as far as quotes do not hide them.
#[derive(Default)]
struct Lines {
    quoted: bool,
    /// Whether the line has a character.
    any: bool,
    /// A CR that may belong to the end of the line.
    pending: bool,
    /// The headings, while they are read.
    headings: Vec<u8>,
    /// What every line after them gets.
    row: Option<Vec<u8>>,
}

/// No line of headings is longer.
const LONGEST: usize = 1 << 20;

impl Lines {
    fn copy(
        &mut self,
        added: &AddedColumns,
        source: &Arc<str>,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        for byte in bytes {
            match byte {
                b'\n' if !self.quoted => {
                    self.end(added, source, out)?;
                    continue;
                }
                b'\r' if !self.quoted && !self.pending => {
                    self.pending = true;
                    continue;
                }
                b'"' => self.quoted = !self.quoted,
                _ => {}
            }
            if std::mem::take(&mut self.pending) {
                out.push(b'\r');
            }
            self.any = true;
            out.push(*byte);
            if self.row.is_none() {
                self.headings.push(*byte);
                if self.headings.len() > LONGEST {
                    let place = Location::line(1, 0);
                    return stop(
                        &COLUMN_EXISTS,
                        place,
                        "the first line has no end, so no column can be added",
                    );
                }
            }
        }
        Ok(())
    }

    /// Ends a line; blank ones stay blank.
    fn end(&mut self, added: &AddedColumns, source: &Arc<str>, out: &mut Vec<u8>) -> Result<(), Stop> {
        if std::mem::take(&mut self.any) {
            if let Some(row) = &self.row {
                out.extend_from_slice(row);
            } else {
                let text = String::from_utf8_lossy(&self.headings).into_owned();
                let delimiter = delimiter(&text);
                let names = text.split(char::from(delimiter));
                added.check(source, names.map(|name| name.trim_matches(['"', '\u{feff}', ' '])))?;
                let mut row = Vec::new();
                for (name, value) in &added.columns {
                    append(name, delimiter, out);
                    append(value, delimiter, &mut row);
                }
                self.row = Some(row);
            }
        }
        if std::mem::take(&mut self.pending) {
            out.push(b'\r');
        }
        out.push(b'\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extended(text: &str) -> Result<String, Stop> {
        let added = AddedColumns::new(&[("country".into(), "GB".into()), ("note".into(), "a;b".into())]);
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for byte in text.as_bytes().chunks(3) {
            lines.copy(&added, &"in".into(), byte, &mut out)?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_line_gets_the_columns() {
        assert_eq!(
            extended("a,b\r\n1,\"x\ny\"\r\n\r\n2,3\n").unwrap(),
            "a,b,country,note\r\n1,\"x\ny\",GB,a;b\r\n\r\n2,3,GB,a;b\n"
        );
        assert_eq!(extended("a;b\n1;2\n").unwrap(), "a;b;country;note\n1;2;GB;\"a;b\"\n");
    }

    #[test]
    fn a_column_that_is_there_is_not_added() {
        let Err(Stop::Refused(fatal)) = extended("a,\"COUN-try\"\n") else { panic!("accepted") };
        assert_eq!(fatal.diagnostics[0].code, &COLUMN_EXISTS);
    }
}
