//! Reading: from the bytes of a table to events or usages.
//!
//! [`open`] is the entry point: it reads the [`preface`], matches the [`heading`]s with the columns
//! of the layout and makes the [`InputTable`](open::InputTable) that both decoders hold. [`events`]
//! and [`usages`] go through the rows of a chunk side by side; both take trailer lines out
//! (`trailer`) and describe rejected rows alike (`rejection`). [`recognise`] says whether a file is
//! of a layout.

pub(crate) mod events;
pub(crate) mod heading;
pub(crate) mod open;
pub(crate) mod preface;
pub(crate) mod recognise;
mod rejection;
mod trailer;
pub(crate) mod usages;

/// A layout of five columns, of which two are required, for the tests of this folder.
#[cfg(test)]
fn test_layout() -> crate::Layout {
    let columns = [
        ("Stream ID", true),
        ("Country", true),
        ("Item Name", false),
        ("API Key Name", false),
        ("GRID", false),
    ]
    .map(|(heading, required)| format!("[[column]]\nheading = \"{heading}\"\nrequired = {required}\n"));
    let head = "id = \"a.b\"\ntitle = \"A\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"r\"\n";
    crate::Layout::parse("a.toml", &format!("{head}{}", columns.concat())).unwrap()
}
