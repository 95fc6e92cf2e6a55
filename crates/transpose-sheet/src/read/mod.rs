//! Reading: the decoders of tables of events and of usages, and what both need before and after the
//! rows.

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
