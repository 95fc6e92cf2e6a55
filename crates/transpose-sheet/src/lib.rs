//! Column tables: formats that are one line of headings and one row a play, described as data.
//!
//! A [`Layout`] is a TOML file that names the columns, what each holds, and how it is written;
//! [`LayoutFormat`] makes a format of it. Built-in layouts are registered with
//! [`register_layout!`]; a user's own needs no code at all.
//!
//! Data flows through the folders in one direction. Reading: `fixed_width` makes delimited text of
//! lines without delimiters, `delimited` finds rows and cells, `notation` makes values of cells,
//! `read` makes events or usages of rows. Writing: `write` makes rows of events or usages, with
//! `notation` for the cells and `fixed_width` for the lines. `layout` says for both what a table
//! is. Entry points: [`Layout::parse`], and the `Format` that is [`LayoutFormat`].
//!
//! Invariant: this crate opens no file, starts no thread and knows no partner. Memory depends on
//! the chunk, never on the file, and no row costs an allocation.

mod control_totals;
mod delimited;
pub mod diagnostics;
mod fixed_width;
mod format;
pub mod infer;
mod layout;
mod mapping;
mod notation;
mod read;
mod write;

pub use format::LayoutFormat;
pub use layout::Layout;
#[cfg(feature = "schema")]
pub use layout::schema;
pub use layout::template::template_layout;
pub use mapping::{ColumnMapping, Mapping};
#[doc(hidden)]
pub use transpose_core;
use transpose_core::format::Format;

/// Registers the layout in a file of the calling crate, given by its path from that crate's
/// `Cargo.toml`.
#[macro_export]
macro_rules! register_layout {
    ($path:literal) => {
        $crate::transpose_core::register!(|| $crate::embedded(
            $path,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path))
        ));
    };
}

/// Makes the format of a built-in layout, for [`register_layout!`].
#[doc(hidden)]
pub fn embedded(name: &'static str, text: &'static str) -> Result<Vec<Box<dyn Format>>, String> {
    // Who writes a layout learns at once what is wrong with it; who uses the program does not wait
    // for layouts that are not needed.
    if cfg!(debug_assertions) {
        Layout::parse(name, text).map_err(|fatal| fatal.to_string())?;
    }
    let format = LayoutFormat::built_in(name, text).map_err(|fatal| fatal.to_string())?;
    Ok(vec![Box::new(format)])
}
