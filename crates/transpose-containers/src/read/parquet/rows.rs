//! The rows of a Parquet file, row group by row group, batch by batch.

use crate::read::codes::{NO_TABLE, NO_TEXT, PASSED_OVER, TOO_LARGE, UNREADABLE, UNSUPPORTED};
use crate::read::parquet::footer::{self, FooterError};
use crate::read::parquet::values::{Meaning, integer, meaning, moment, text_of};
use crate::read::reader::FileTable;
use crate::read::source::store::{Store, StoreReader};
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::rows::Rows;
use crate::read::table::sink::Sink;
use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use std::io::{BufReader, Write as _};

use transpose_core::diagnostics::{Diagnostic, Location};

/// How many rows are made at once.
const BATCH: usize = 1024;

/// The most bytes that a cell may have as text, and the cells of a batch in one column.
const LONGEST_CELL: usize = 1 << 20;
const LARGEST_BATCH: usize = 32 << 20;

/// The most columns that a table may have.
const MOST_COLUMNS: usize = 4096;

/// The most bytes that the closing description of the file may have.
const LONGEST_FOOTER: u64 = 64 << 20;

/// The most bytes that a packed column of one row group may have: it is unpacked page by page, and
/// a page may be all of it.
const LARGEST_CHUNK: i64 = 1 << 30;

impl Length for Store {
    fn len(&self) -> u64 {
        Store::len(self)
    }
}

impl ChunkReader for Store {
    type T = BufReader<StoreReader>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        // What is read here are the heads of pages, and those are small.
        Ok(BufReader::with_capacity(1 << 10, self.reader(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > Store::len(self)) {
            return Err(ParquetError::EOF("a part is beyond the end of the file".into()));
        }
        let mut bytes = vec![0; length];
        self.read_at(start, &mut bytes).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(bytes.into())
    }
}

fn damaged<T>(what: &str, error: &ParquetError) -> Result<T, Stop> {
    let text = transpose_core::diagnostics::shown(error.to_string().as_bytes());
    stop(&UNREADABLE, Location::default(), format!("{what}: {text}"))
}

/// The table that a file holds.
pub(super) struct ParquetTable;

impl FileTable for ParquetTable {
    fn read(&self, file: &Store, target: &mut Target<'_>) -> Result<(), Stop> {
        read(file, target)
    }

    fn reads_single_columns(&self) -> bool {
        true
    }
}

/// Writes the rows of a file.
fn read(store: &Store, target: &mut Target<'_>) -> Result<(), Stop> {
    check_footer(store)?;
    let file = SerializedFileReader::new(store.clone())
        .or_else(|error| damaged("the description at the end of the Parquet file is damaged", &error))?;
    let schema = file.metadata().file_metadata().schema_descr_ptr();
    let (flat, nested): (Vec<usize>, Vec<usize>) = (0..schema.num_columns()).partition(|column| {
        let column = schema.column(*column);
        column.max_rep_level() == 0
    });
    if flat.is_empty() || flat.len() > MOST_COLUMNS {
        return stop(
            &NO_TABLE,
            Location::default(),
            "the Parquet file has no column of single values, or too many",
        );
    }
    let name = |column: &usize| schema.column(*column).path().parts().join(".");
    if !nested.is_empty() {
        let names: Vec<String> = nested.iter().take(10).map(name).collect();
        let message = format!("columns that hold lists are passed over: `{}`", names.join("`, `"));
        target.sink.diagnostics.push(Diagnostic::new(&PASSED_OVER, Location::default(), message));
    }
    let names: Vec<String> = flat.iter().map(name).collect();
    let wanted = target.columns;
    let mut rows = target.rows(&names)?;
    for group in 0..file.num_row_groups() {
        let group = file
            .get_row_group(group)
            .or_else(|error| damaged("a row group of the Parquet file is damaged", &error))?;
        let mut columns = Vec::new();
        for (place, column) in flat.iter().enumerate() {
            let is_wanted = wanted.is_none_or(|columns| columns.contains(&(place as u32)));
            columns.push(if is_wanted { Some(Column::open(&*group, *column, place, &names)?) } else { None });
        }
        write(&*group, &mut columns, &mut rows)?;
    }
    Ok(())
}

/// Refuses a file whose description is larger than any real one, before it is read.
fn check_footer(store: &Store) -> Result<(), Stop> {
    let mut tail = [0; 8];
    let at = Store::len(store).saturating_sub(8);
    store.read_at(at, &mut tail)?;
    let [a, b, c, d, magic @ ..] = tail;
    let len = u64::from(u32::from_le_bytes([a, b, c, d]));
    if &magic == b"PARE" {
        return stop(&UNSUPPORTED, Location::default(), "the Parquet file is encrypted");
    }
    if &magic != b"PAR1" || len > at {
        return stop(
            &UNREADABLE,
            Location::default(),
            "the Parquet file is cut off: its description is missing",
        );
    }
    if len > LONGEST_FOOTER {
        return stop(
            &TOO_LARGE,
            Location::default(),
            "the description at the end of the Parquet file has more than 64 MiB",
        );
    }
    let mut description = vec![0; usize::try_from(len).unwrap_or(0)];
    store.read_at(at - len, &mut description)?;
    match footer::check(&description) {
        Ok(()) => Ok(()),
        Err(FooterError::Damaged) => stop(
            &UNREADABLE,
            Location::default(),
            "the description at the end of the Parquet file is damaged",
        ),
        Err(FooterError::TooDeep) => stop(
            &TOO_LARGE,
            Location::default(),
            "the description at the end of the Parquet file is nested more than 64 levels deep",
        ),
    }
}

/// Writes the rows of a row group.
fn write(
    group: &dyn RowGroupReader,
    columns: &mut [Option<Column>],
    rows: &mut Rows<'_>,
) -> Result<(), Stop> {
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    while left > 0 {
        let batch = left.min(BATCH);
        for column in columns.iter_mut().flatten() {
            let line = rows.written + 1;
            column.read(batch, line, rows.sink)?;
        }
        for row in 0..batch {
            for column in columns.iter() {
                rows.cell(column.as_ref().and_then(|column| column.cell(row)));
            }
            rows.end()?;
        }
        left -= batch;
    }
    Ok(())
}

/// A column of a row group, and the text of its cells in the current batch.
struct Column {
    reader: ColumnReader,
    meaning: Meaning,
    /// The definition level at which a value is there.
    there: i16,
    place: usize,
    name: String,
    levels: Vec<i16>,
    text: Vec<u8>,
    /// The end of each cell in the text, and whether it is there.
    cells: Vec<(u32, bool)>,
}

impl Column {
    fn open(group: &dyn RowGroupReader, column: usize, place: usize, names: &[String]) -> Result<Self, Stop> {
        let name = names.get(place).cloned().unwrap_or_default();
        let chunk = group.metadata().column(column);
        match chunk.compression() {
            Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::GZIP(_)
            | Compression::ZSTD(_)
            | Compression::LZ4
            | Compression::LZ4_RAW
            | Compression::BROTLI(_) => {}
            other @ Compression::LZO => {
                let message = format!(
                    "the Parquet column `{name}` is packed as {other}; columns that are not packed, and those in snappy, gzip, zstd, lz4 and brotli are read"
                );
                return stop(&UNSUPPORTED, Location::default(), message);
            }
        }
        if chunk.compressed_size() > LARGEST_CHUNK || chunk.uncompressed_size() > 4 * LARGEST_CHUNK {
            let message = format!("the Parquet column `{name}` has more than 1 GiB in a row group");
            return stop(&TOO_LARGE, Location::default(), message);
        }
        let reader = group
            .get_column_reader(column)
            .or_else(|error| damaged(&format!("the Parquet column `{name}` is damaged"), &error))?;
        let described = chunk.column_descr();
        Ok(Self {
            reader,
            meaning: meaning(described),
            there: described.max_def_level(),
            place,
            name,
            levels: Vec::new(),
            text: Vec::new(),
            cells: Vec::new(),
        })
    }

    /// The text of a cell of the batch.
    fn cell(&self, row: usize) -> Option<&[u8]> {
        let (end, there) = *self.cells.get(row)?;
        let start = row.checked_sub(1).and_then(|before| self.cells.get(before)).map_or(0, |(end, _)| *end);
        there.then(|| self.text.get(start as usize..end as usize).unwrap_or_default())
    }

    /// Reads as many rows; the first of them is in the given line.
    fn read(&mut self, rows: usize, line: u64, sink: &mut Sink) -> Result<(), Stop> {
        self.text.clear();
        self.cells.clear();
        let mut batch = Batch {
            levels: &mut self.levels,
            there: self.there,
            text: &mut self.text,
            cells: &mut self.cells,
            without: Vec::new(),
            beyond: false,
        };
        let meaning = self.meaning;
        let outcome = match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => batch.fill(reader, rows, |value, text| {
                text.extend_from_slice(if *value { b"true" } else { b"false" });
                true
            }),
            ColumnReader::Int32ColumnReader(reader) => {
                batch.fill(reader, rows, |value, text| integer(i64::from(*value), meaning, text))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                batch.fill(reader, rows, |value, text| integer(*value, meaning, text))
            }
            ColumnReader::Int96ColumnReader(reader) => batch.fill(reader, rows, |value, text| {
                moment(i128::from(value.to_nanos()), 1_000_000_000, false, text)
            }),
            ColumnReader::FloatColumnReader(reader) => {
                batch.fill(reader, rows, |value, text| value.is_finite() && write!(text, "{value}").is_ok())
            }
            ColumnReader::DoubleColumnReader(reader) => {
                batch.fill(reader, rows, |value, text| value.is_finite() && write!(text, "{value}").is_ok())
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                batch.fill(reader, rows, |value, text| text_of(value.data(), meaning, text))
            }
            // Bytes of fixed number are text less often than not.
            ColumnReader::FixedLenByteArrayColumnReader(reader) => batch.fill(reader, rows, |value, text| {
                let bytes = value.data();
                (meaning != Meaning::Plain || std::str::from_utf8(bytes).is_ok())
                    && text_of(bytes, meaning, text)
            }),
        };
        let (without, beyond) = (batch.without, batch.beyond);
        if beyond {
            let message = format!(
                "a cell of the Parquet column `{}` has more than 1 MiB, or a thousand of them more than 32 MiB",
                self.name
            );
            let place = Location { line: Some(line), ..Location::default() };
            return stop(&TOO_LARGE, place, message);
        }
        if let Err(error) = outcome {
            return damaged(&format!("the Parquet column `{}` is damaged", self.name), &error);
        }
        for row in without {
            let place = Location { line: Some(line + row as u64), ..Location::default() };
            let place = place.cell(self.place as u32 + 1, &self.name);
            sink.diagnostics.push(Diagnostic::new(
                &NO_TEXT,
                place,
                "the value has no text and is left empty",
            ));
        }
        if self.cells.len() < rows {
            let message =
                format!("the Parquet column `{}` has fewer values than the row group has rows", self.name);
            return stop(&UNREADABLE, Location::default(), message);
        }
        Ok(())
    }
}

/// Where the cells of a batch go.
struct Batch<'a> {
    levels: &'a mut Vec<i16>,
    there: i16,
    text: &'a mut Vec<u8>,
    cells: &'a mut Vec<(u32, bool)>,
    /// Rows whose values have no text.
    without: Vec<usize>,
    /// Whether a cell is too long, or all of them together are.
    beyond: bool,
}

impl Batch<'_> {
    fn fill<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        mut render: impl FnMut(&T::T, &mut Vec<u8>) -> bool,
    ) -> Result<(), ParquetError> {
        self.levels.clear();
        let mut values = Vec::with_capacity(rows);
        let (records, ..) = reader.read_records(rows, Some(self.levels), None, &mut values)?;
        let mut values = values.iter();
        let before = self.text.len();
        for row in 0..records {
            let there = self.there == 0 || self.levels.get(row).is_some_and(|level| *level >= self.there);
            let value = if there { values.next() } else { None };
            let start = self.text.len();
            let there = value.is_some_and(|value| render(value, self.text));
            if value.is_some() && !there {
                self.text.truncate(start);
                self.without.push(row);
            }
            // One value of a dictionary may stand in every row.
            if self.text.len() - start > LONGEST_CELL || self.text.len() - before > LARGEST_BATCH {
                self.beyond = true;
                return Err(ParquetError::General("too much text".into()));
            }
            self.cells.push((u32::try_from(self.text.len()).unwrap_or(u32::MAX), there));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::diagnostics::ContainerDiagnostics;
    use crate::read::table::added_columns::AddedColumns;
    use crate::read::table::sink::spawn;
    use std::io::Read as _;
    use std::sync::Arc;
    use transpose_io::Input;

    /// How many bytes of the file are read for some columns.
    fn taken(columns: Option<&'static [u32]>) -> u64 {
        let bytes = include_bytes!("../../../tests/files/log.parquet").to_vec();
        let input = Arc::new(Input::from_bytes("log.parquet", bytes));
        let store = Store::new(&input, std::path::Path::new(".")).unwrap();
        let counted = store.clone();
        let source = "log.parquet".into();
        let slot = ContainerDiagnostics::default().slot(&source);
        let push = move |sink: &mut Sink| {
            let added = AddedColumns::default();
            read(&store, &mut Target { sink, source: &source, added: &added, sheet: None, columns })
        };
        spawn(&input, &slot, push).unwrap().read_to_end(&mut Vec::new()).unwrap();
        counted.taken()
    }

    #[test]
    fn only_the_wanted_columns_are_taken_from_the_file() {
        let (all, narrow, none) = (taken(None), taken(Some(&[1])), taken(Some(&[])));
        // The description at the end, and a column of small numbers.
        assert!(none < 6_000 && narrow < none + 6_000 && all > 30_000, "{none} {narrow} {all}");
    }
}
