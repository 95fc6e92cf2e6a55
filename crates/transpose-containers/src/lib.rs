//! What tables come in.
//!
//! A format that is a table knows one notation: delimited text in UTF-8, one line of headings.
//! Everything else a table can come in is turned into that on the way in ([`mod@read`]), and made
//! from it on the way out ([`mod@write`]), as compression is: workbooks (`.xls`, `.xlsx`, `.ods`,
//! SpreadsheetML 2003), Parquet, records in JSON and XML, text in other encodings. So a layout
//! needs no code for a container, and a container needs none for a layout.
//!
//! Invariant: memory depends on a container's own tables (shared strings, a row group), never on
//! its rows; where a library needs a whole sheet at once, its size is capped. What a file claims
//! about its size is never believed.

pub mod read;
pub mod write;
