//! Parquet. Only the columns that are wanted are read from the file.
//!
//! A program built without the feature `parquet` still recognises such a file, and refuses it.
//!
//! `footer` looks at the description of a file before anything follows it, `rows` goes through the
//! row groups, `values` writes each value as text.

#[cfg(feature = "parquet")]
mod footer;
#[cfg(feature = "parquet")]
mod rows;
#[cfg(feature = "parquet")]
mod values;

use crate::read::reader::{Beginning, Mark, Reader, RegisteredReader, Table};
use crate::read::stop::Stop;
use transpose_core::inventory;

/// The reader of Parquet.
struct Parquet;

inventory::submit! { RegisteredReader(&Parquet) }

impl Reader for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn mark(&self) -> Mark {
        Mark::Bytes(b"PAR1")
    }

    #[cfg(feature = "parquet")]
    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::File(std::sync::Arc::new(rows::ParquetTable)))
    }

    #[cfg(not(feature = "parquet"))]
    fn open(&self, beginning: &Beginning<'_>) -> Result<Table, Stop> {
        use crate::read::codes::UNSUPPORTED;
        use crate::read::stop::refused_input;
        let message = "the file is Parquet, and this program was built without it";
        Err(Stop::Refused(refused_input(&UNSUPPORTED, &beginning.input.name().into(), message)))
    }
}
