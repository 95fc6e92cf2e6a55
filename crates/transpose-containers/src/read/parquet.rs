//! Parquet, row group by row group, batch by batch. Only the columns that are wanted are read from
//! the file.
//!
//! Every value becomes the text that stands for exactly it: whole numbers in full, decimals with
//! their scale, dates and times as in ISO 8601 (with `Z` where the column says that it is UTC),
//! floating numbers as the shortest text that means the same.

use crate::read::Wanted;
use crate::read::added::Added;
use crate::read::code::{NO_TABLE, NO_TEXT, PASSED_OVER, TOO_LARGE, UNREADABLE, UNSUPPORTED, stop};
use crate::read::pipe::{Sink, Stop};
use crate::read::rows::Rows;
use crate::read::source::{Store, StoreReader};
use bytes::Bytes;
use parquet::basic::{Compression, ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::types::ColumnDescriptor;
use std::io::{BufReader, Write as _};

use transpose_codes::time::Date;
use transpose_core::diagnostics::{Diagnostic, Location};

/// How many rows are made at once.
const BATCH: usize = 1024;

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
            return Err(ParquetError::EOF("a part lies behind the end of the file".into()));
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

/// Writes the rows of a file.
pub(crate) fn stream(store: &Store, wanted: &Wanted<'_>, added: &Added, sink: &mut Sink) -> Result<(), Stop> {
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
        sink.note(Diagnostic::new(&PASSED_OVER, Location::default(), message));
    }
    let names: Vec<String> = flat.iter().map(name).collect();
    added.check(&wanted.source, names.iter().map(String::as_str))?;
    let mut rows = Rows::new(sink, added);
    rows.head(&names)?;
    for group in 0..file.num_row_groups() {
        let group = file
            .get_row_group(group)
            .or_else(|error| damaged("a row group of the Parquet file is damaged", &error))?;
        let mut columns = Vec::new();
        for (place, column) in flat.iter().enumerate() {
            let columns_wanted = wanted.columns.is_none_or(|columns| columns.contains(&(place as u32)));
            columns.push(if columns_wanted {
                Some(Column::open(&*group, *column, place, &names)?)
            } else {
                None
            });
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
    Ok(())
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

/// What the values of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Plain,
    Unsigned(u32),
    /// A decimal with as many decimals.
    Decimal(usize),
    Date,
    /// A time of day, by how many of its unit a second has.
    Time(i64),
    /// A moment, by how many of its unit a second has, and whether it is UTC.
    Moment(i64, bool),
    Uuid,
    Half,
    /// There is no text for it.
    None,
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

fn meaning(column: &ColumnDescriptor) -> Meaning {
    let decimal = |scale: i32| {
        usize::try_from(scale).ok().filter(|scale| *scale <= 38).map_or(Meaning::None, Meaning::Decimal)
    };
    match column.logical_type_ref() {
        Some(LogicalType::Decimal(kind)) => return decimal(kind.scale),
        Some(LogicalType::Date) => return Meaning::Date,
        Some(LogicalType::Time(kind)) => return Meaning::Time(per_second(&kind.unit)),
        Some(LogicalType::Timestamp(kind)) => {
            return Meaning::Moment(per_second(&kind.unit), kind.is_adjusted_to_u_t_c);
        }
        Some(LogicalType::Integer(kind)) if !kind.is_signed => {
            return Meaning::Unsigned(u32::from(kind.bit_width.unsigned_abs()));
        }
        Some(LogicalType::Uuid) => return Meaning::Uuid,
        Some(LogicalType::Float16) => return Meaning::Half,
        Some(
            LogicalType::Bson
            | LogicalType::Variant(_)
            | LogicalType::Geometry(_)
            | LogicalType::Geography(_),
        ) => {
            return Meaning::None;
        }
        _ => {}
    }
    match column.converted_type() {
        ConvertedType::DECIMAL => decimal(column.type_scale()),
        ConvertedType::DATE => Meaning::Date,
        ConvertedType::TIME_MILLIS => Meaning::Time(1_000),
        ConvertedType::TIME_MICROS => Meaning::Time(1_000_000),
        ConvertedType::TIMESTAMP_MILLIS => Meaning::Moment(1_000, true),
        ConvertedType::TIMESTAMP_MICROS => Meaning::Moment(1_000_000, true),
        ConvertedType::UINT_8 => Meaning::Unsigned(8),
        ConvertedType::UINT_16 => Meaning::Unsigned(16),
        ConvertedType::UINT_32 => Meaning::Unsigned(32),
        ConvertedType::UINT_64 => Meaning::Unsigned(64),
        ConvertedType::BSON | ConvertedType::INTERVAL => Meaning::None,
        _ => Meaning::Plain,
    }
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
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => {}
            other => {
                let message = format!(
                    "the Parquet column `{name}` is packed as {other}; snappy, gzip and unpacked columns are read"
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

    /// Reads as many rows; the first of them stands in the given line.
    fn read(&mut self, rows: usize, line: u64, sink: &mut Sink) -> Result<(), Stop> {
        self.text.clear();
        self.cells.clear();
        let mut batch = Batch {
            levels: &mut self.levels,
            there: self.there,
            text: &mut self.text,
            cells: &mut self.cells,
            without: Vec::new(),
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
        let without = batch.without;
        if let Err(error) = outcome {
            return damaged(&format!("the Parquet column `{}` is damaged", self.name), &error);
        }
        for row in without {
            let place = Location { line: Some(line + row as u64), ..Location::default() };
            let place = place.cell(self.place as u32 + 1, &self.name);
            sink.note(Diagnostic::new(&NO_TEXT, place, "the value has no text and is left empty"));
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
        for row in 0..records {
            let there = self.there == 0 || self.levels.get(row).is_some_and(|level| *level >= self.there);
            let value = if there { values.next() } else { None };
            let start = self.text.len();
            let there = value.is_some_and(|value| render(value, self.text));
            if value.is_some() && !there {
                self.text.truncate(start);
                self.without.push(row);
            }
            let end = u32::try_from(self.text.len()).map_err(|_| {
                ParquetError::General("a thousand rows of a column have more than 4 GiB".into())
            })?;
            self.cells.push((end, there));
        }
        Ok(())
    }
}

fn integer(value: i64, meaning: Meaning, text: &mut Vec<u8>) -> bool {
    match meaning {
        Meaning::Unsigned(bits @ 1..64) => {
            write!(text, "{}", value.cast_unsigned() & ((1 << bits) - 1)).is_ok()
        }
        Meaning::Unsigned(_) => write!(text, "{}", value.cast_unsigned()).is_ok(),
        Meaning::Decimal(scale) => decimal(i128::from(value), scale, text),
        Meaning::Date => i32::try_from(value).is_ok_and(|days| date(days, text)),
        Meaning::Time(unit) => (0..86_400 * unit).contains(&value) && time(value, unit, text),
        Meaning::Moment(unit, utc) => moment(i128::from(value), unit, utc, text),
        Meaning::None => false,
        Meaning::Plain | Meaning::Uuid | Meaning::Half => write!(text, "{value}").is_ok(),
    }
}

/// A number with its decimals.
fn decimal(value: i128, scale: usize, text: &mut Vec<u8>) -> bool {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
    if value < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(whole.as_bytes());
    if !part.is_empty() {
        text.push(b'.');
        text.extend_from_slice(part.as_bytes());
    }
    true
}

fn date(days: i32, text: &mut Vec<u8>) -> bool {
    Date::from_days(days).map(|date| date.write(text)).is_some()
}

/// A time of day with as many decimals as it needs.
fn time(value: i64, unit: i64, text: &mut Vec<u8>) -> bool {
    let (seconds, part) = (value / unit, value % unit);
    let mut written =
        write!(text, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60).is_ok();
    if part > 0 {
        let width = unit.ilog10() as usize;
        let digits = format!("{part:0width$}");
        written &= write!(text, ".{}", digits.trim_end_matches('0')).is_ok();
    }
    written
}

fn moment(value: i128, unit: i64, utc: bool, text: &mut Vec<u8>) -> bool {
    let day = 86_400 * i128::from(unit);
    let Ok(days) = i32::try_from(value.div_euclid(day)) else { return false };
    let Ok(rest) = i64::try_from(value.rem_euclid(day)) else { return false };
    let written = date(days, text) && {
        text.push(b'T');
        time(rest, unit, text)
    };
    if utc {
        text.push(b'Z');
    }
    written
}

fn text_of(bytes: &[u8], meaning: Meaning, text: &mut Vec<u8>) -> bool {
    match meaning {
        Meaning::Decimal(scale) => whole(bytes).is_some_and(|value| decimal(value, scale, text)),
        Meaning::Uuid => <[u8; 16]>::try_from(bytes).is_ok_and(|bytes| {
            let digits = format!("{:032x}", u128::from_be_bytes(bytes));
            for (index, part) in digits.as_bytes().chunks(4).enumerate() {
                if (2..=5).contains(&index) {
                    text.push(b'-');
                }
                text.extend_from_slice(part);
            }
            true
        }),
        Meaning::Half => match bytes {
            [low, high] => {
                half(u16::from_le_bytes([*low, *high])).is_some_and(|value| write!(text, "{value}").is_ok())
            }
            _ => false,
        },
        Meaning::None => false,
        _ => {
            text.extend_from_slice(bytes);
            true
        }
    }
}

/// A whole number of up to sixteen bytes, the highest first, in two's complement.
fn whole(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    let fill = if first >= 0x80 { 0xff } else { 0 };
    let mut all = [fill; 16];
    let start = 16_usize.checked_sub(bytes.len())?;
    all.get_mut(start..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(all))
}

/// The value of a floating number of sixteen bits, if it is one.
fn half(bits: u16) -> Option<f32> {
    let (sign, exponent, part) = (bits >> 15, i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0x1f => return None,
        0 => part * 2_f32.powi(-24),
        _ => (1024.0 + part) * 2_f32.powi(exponent - 25),
    };
    Some(if sign == 1 { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::pipe::{Notes, spawn};
    use std::io::Read as _;
    use std::sync::Arc;
    use transpose_io::Input;

    /// How many bytes of the file are read for some columns.
    fn taken(columns: Option<&'static [u32]>) -> u64 {
        let bytes = include_bytes!("../../tests/files/log.parquet").to_vec();
        let input = Arc::new(Input::from_bytes("log.parquet", bytes));
        let store = Store::new(&input, std::path::Path::new(".")).unwrap();
        let counted = store.clone();
        let book = Notes::default().book(&"log.parquet".into());
        let push = move |sink: &mut Sink| {
            let wanted = Wanted { source: "log.parquet".into(), columns };
            stream(&store, &wanted, &Added::default(), sink)
        };
        spawn(&input, &book, push).unwrap().read_to_end(&mut Vec::new()).unwrap();
        counted.taken()
    }

    #[test]
    fn only_the_wanted_columns_are_taken_from_the_file() {
        let (all, narrow, none) = (taken(None), taken(Some(&[1])), taken(Some(&[])));
        // The description at the end, and a column of small numbers.
        assert!(none < 6_000 && narrow < none + 6_000 && all > 30_000, "{none} {narrow} {all}");
    }

    #[test]
    fn numbers_keep_every_digit() {
        let text = |value, scale| {
            let mut text = Vec::new();
            assert!(decimal(value, scale, &mut text));
            String::from_utf8(text).unwrap()
        };
        assert_eq!(text(5, 0), "5");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
        for (bytes, value) in [(&[0x7f][..], 127), (&[0xff, 0x7f], -129), (&[0x80; 1], -128), (&[0, 0, 1], 1)]
        {
            assert_eq!(whole(bytes), Some(value));
        }
        assert_eq!((whole(&[]), whole(&[0; 17])), (None, None));
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 2_f32.powi(-24)), (0x7bff, 65504.0)] {
            assert_eq!(half(bits), Some(value));
        }
        assert_eq!(half(0x7c00), None);
    }
}
