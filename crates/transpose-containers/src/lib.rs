//! What tables come in.
//!
//! A *container* is what a table comes in that is not the text a format knows: a workbook (`.xls`,
//! `.xlsx`, `.ods`, SpreadsheetML 2003, HTML), Parquet, records in JSON and XML, text in another
//! encoding. A format that is a table knows one notation, delimited text in UTF-8 with one line of
//! headings. Containers are turned into that text on the way in ([`mod@read`]) and made from it on
//! the way out ([`mod@write`]), as compression is. So a layout needs no code for a container, and a
//! container needs none for a layout.
//!
//! ```text
//! input    bytes ── reader ──> a,b,c            ── decoder ──> rows
//!                              1,"x,y",3
//! output   rows ── encoder ──> a,b,c            ── writer ──> bytes
//! ```
//!
//! Of the text that readers make: cells are separated by commas, quoted with `"` where they need
//! it, and lines end with LF. A cell without a value is nothing, an empty text is `""`. Line N is
//! row N of a sheet, so that diagnostics name rows as a spreadsheet shows them.
//!
//! Invariant: memory depends on a container's own tables (shared strings, a row group), never on
//! its rows; where a library needs a whole sheet at once, its size is capped. What a file claims
//! about its size is never believed.
//!
//! | cap | at most |
//! |---|---|
//! | cell | 1 MiB |
//! | row of a sheet, record | 16 MiB |
//! | rows, columns of a sheet | 2,097,152 rows, 4,096 columns |
//! | members of an archive | 10,000, which unpack to 8 GiB together |
//! | `.xls` file | 1 GiB, 33,554,432 cells, empty ones included |
//! | Parquet | a footer of 64 MiB, 1 GiB packed per column and row group |
//! | records | 64 levels; 8 MiB of rows wait for values around them |

pub mod read;
pub mod write;

/// Whether files with the extension, given in lower case and without a dot, are containers that can
/// be read or written.
pub fn is_container(extension: &str) -> bool {
    read::extensions().any(|known| known == extension) || write::Writer::by_extension(extension).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_container;

    #[test]
    fn extensions_of_what_is_read_or_written_are_containers() {
        for extension in ["xls", "xlsx", "ods", "xml", "html", "json", "jsonl", "parquet"] {
            assert!(is_container(extension), "{extension}");
        }
        for extension in ["csv", "tsv", "txt", "gz", "XLS", ""] {
            assert!(!is_container(extension), "{extension}");
        }
    }
}
