//! Layouts: column tables described as TOML. `docs/layouts.md` explains every key of the language.
//!
//! The entry point is [`Layout::parse`]. A text becomes [`RawLayout`] (`raw`; `spanned` keeps the
//! lines), which has every key as it is written; `check` refuses what does not fit together, with
//! its line, and makes a [`Layout`] (`model`) of the rest, which readers and writers use and never
//! question. `head` and `names` say of a built-in layout what is needed before it is parsed;
//! `options` are those of every table, `schema` describes the keys for editors, `template` is a
//! commented layout to begin with.

mod check;
pub(crate) mod head;
mod model;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod raw;
#[cfg(feature = "schema")]
pub mod schema;
pub(crate) mod spanned;
pub(crate) mod template;

pub use model::Layout;
pub(crate) use model::{
    Case, Column, Count, Line, Overflow, Piece, QuoteWhen, Returns, RowCondition, Source, TextFit, Width,
    folded,
};
use raw::RawLayout;
use transpose_core::diagnostics::Fatal;

impl Layout {
    /// Reads a layout; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Fatal> {
        let reader = check::Reader { name, text };
        let raw: RawLayout = toml::from_str(text).map_err(|error| {
            reader.refuse(error.span().unwrap_or(0..0), error.message().trim_end_matches('.'))
        })?;
        reader.check(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::kinds::CellKind;
    use transpose_core::model::Field;

    const HEAD: &str = "id = \"label.acme\"\ntitle = \"Acme\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"a.pdf\"\n";

    fn refusal(text: &str) -> (u64, String) {
        let fatal = Layout::parse("acme.toml", text).unwrap_err();
        let diagnostic = &fatal.diagnostics[0];
        assert_eq!(diagnostic.location.source.as_deref(), Some("acme.toml"));
        (diagnostic.location.line.unwrap(), diagnostic.message.clone())
    }

    #[test]
    fn small_layout_gets_defaults() {
        let text = format!(
            "{HEAD}[[column]]\nheading = \"Track Title\"\nfield = \"recording.title\"\n[[column]]\nheading = \"Played\"\naliases = [\"Length\"]\nfield = \"event.duration\"\nkind = \"seconds\"\nrequired = true\n[[column]]\nheading = \"Note\"\n"
        );
        let layout = Layout::parse("acme.toml", &text).unwrap();
        assert_eq!(
            (layout.delimiter, layout.quote, layout.line_end, layout.bom),
            (b',', b'"', &b"\r\n"[..], false)
        );
        assert_eq!(layout.columns[0].format.kind, CellKind::Text);
        assert_eq!(layout.columns[1].names, ["played", "length"]);
        assert_eq!(layout.columns[2].field, None);
        assert_eq!(layout.fields().len(), 2);
        assert_eq!(layout.required().iter().collect::<Vec<_>>(), [Field::EVENT_DURATION]);
        assert_eq!(layout.manifest().id, "label.acme");
        assert!(layout.manifest().reads && !layout.manifest().writes);
    }

    #[test]
    fn refusals_name_the_line() {
        let column = |body: &str| format!("{HEAD}[[column]]\nheading = \"A\"\n{body}\n");
        let fixed = |body: &str| format!("{HEAD}[table]\ncontainer = \"fixed\"\n[[column]]\n{body}\n");
        for (text, line, part) in [
            (column("feild = \"x\""), 8, "feild"),
            (column("field = \"recording.titel\""), 8, "`recording.title`"),
            (column("field = \"recording.duration\""), 6, "needs a `kind`"),
            (column("field = \"recording.isrc\"\nkind = \"seconds\""), 9, "an ISRC"),
            (column("field = \"usage.price\"\nplaces = 30"), 9, "at most 20"),
            (column("field = \"usage.price\"\nplaces = 2\nmax-places = 2"), 10, "not both"),
            (column("field = \"recording.title\"\nplaces = 2"), 9, "goes with numbers"),
            (column("text = \"a\"\ncount = \"rows\""), 6, "a cell holds one of"),
            (column("field = \"usage.price\"\nkind = \"decimal\"\ngrouping = \".\""), 10, "must be certain"),
            (column("field = \"context.territory\"\ncodes = \"x\""), 9, "no table `[codes.x]`"),
            (format!("{HEAD}confidence = \"sure\"\n"), 6, "`high`"),
            (column("width = 3"), 8, "goes with `container"),
            (column("pad = \"0\""), 8, "go with a `width`"),
            (
                format!("{HEAD}[table]\nrecord-length = 3\n[[column]]\nheading = \"A\"\n"),
                7,
                "goes with `container",
            ),
            (fixed("heading = \"A\""), 8, "no `width`"),
            (fixed("heading = \"A\"\nwidth = 0"), 10, "from 1 to"),
            (fixed("heading = \"A\"\nwidth = 1\ntext = \"I3\""), 11, "longer than 1"),
            (
                fixed(
                    "heading = \"A\"\nwidth = 2\ntext = \"I3\"\n[[after]]\ncells = [{ text = \"I\", width = 1 }]",
                ),
                1,
                "both begin with `I`",
            ),
            (fixed("heading = \"A\"\nwidth = 3\npad = \"--\""), 11, "single character"),
            (
                fixed("heading = \"A\"\nwidth = 3\npad = \"0\"\nalign = \"left\"\nkind = \"integer\""),
                11,
                "another number",
            ),
            (fixed("heading = \"A\"\nwidth = 2\n[[after]]\ncells = [{ text = \"I\" }]"), 12, "no `width`"),
            (
                format!("{HEAD}[file-name]\nwrite = \"{{*}}\"\n[[column]]\nheading = \"A\"\n"),
                7,
                "leaves nothing open",
            ),
            (
                format!("{HEAD}[file-name]\nread = [\"{{x}}\"]\n[[column]]\nheading = \"A\"\n"),
                7,
                "no field `x`",
            ),
            (
                format!("{HEAD}[table]\nencoding = \"ebcdic\"\n[[column]]\nheading = \"A\"\n"),
                7,
                "`encoding` is one of",
            ),
            (column("else-field = \"recording.isrc\""), 8, "goes with a `field`"),
            (column("field = \"usage.price\"\nelse-field = \"recording.isrc\""), 9, "an ISRC"),
            (column("kind = \"vocabulary\""), 8, "needs `values`"),
            (column("values = [\"a\"]"), 6, "`vocabulary` only"),
            (column("kind = \"colour\""), 8, "colour"),
            (column("[[column]]\nheading = \"a\""), 9, "also means the column `A`"),
            (
                column("field = \"event.id\"\n[[column]]\nheading = \"B\"\nfield = \"event.id\""),
                11,
                "already the field of the column `A`",
            ),
            (column("aliases = [\" - \"]"), 8, "no heading"),
            (HEAD.to_owned(), 1, "no `[[column]]`"),
            (HEAD.replace("label.acme", "Acme"), 1, "no id"),
            (HEAD.replace("[\"read\"]", "[]"), 3, "`directions` is empty"),
            (format!("{HEAD}[table]\ndelimiter = \"ab\"\n"), 7, "single punctuation"),
            (format!("{HEAD}[table]\ndelimiter = \"\\n\"\n"), 7, "single punctuation"),
            (format!("{HEAD}[table]\nquote = \",\"\n"), 7, "same character"),
            (format!("{HEAD}[table]\ncontainer = \"xls\"\n"), 7, "xls"),
            (format!("{HEAD}colour = 1\n"), 6, "colour"),
            ("id = ".to_owned(), 1, ""),
        ] {
            let (found, message) = refusal(&text);
            assert!(message.contains(part), "{message:?} for\n{text}");
            assert_eq!(found, line, "{message} for\n{text}");
        }
    }
}
