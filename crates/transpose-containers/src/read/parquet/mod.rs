//! Parquet. Only the columns that are wanted are read from the file.

mod rows;
mod values;

pub(crate) use rows::stream;
