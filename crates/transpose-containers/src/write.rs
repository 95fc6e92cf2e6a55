//! Writing: delimited text becomes a workbook, or text in another encoding.
