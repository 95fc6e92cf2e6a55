//! What follows from other files of the workspace: the crate that links the families, and sections
//! of documents.
//!
//! A section is between two comments, `<!-- NAME:begin -->` and `<!-- NAME:end -->`.

use crate::tidy::floors;
use crate::{Outcome, families, files};
use std::path::{Path, PathBuf};

/// A section of a document.
struct Section {
    document: &'static str,
    name: &'static str,
    text: fn(&Path) -> Outcome<String>,
}

const SECTIONS: &[Section] = &[
    Section { document: "README.md", name: "formats", text: families::table },
    Section {
        document: "docs/architecture.md",
        name: "floors",
        text: |root| Ok(fenced("text", &floors::graph(root)?)),
    },
    Section {
        document: "CONTRIBUTING.md",
        name: "scaffold",
        text: |root| Ok(fenced("rust", &files::read(&root.join("xtask/templates/code.rs"))?)),
    },
];

/// Writes what is out of date; for a check, only reports it.
pub(crate) fn bring(root: &Path, check: bool) -> Outcome<Vec<String>> {
    let mut stale = Vec::new();
    for (path, text) in derived(root)? {
        let Some(difference) = files::difference(&path, text.as_bytes()) else { continue };
        if check {
            stale.push(difference);
        } else {
            files::replace(&path, text.as_bytes())?;
        }
    }
    Ok(stale)
}

/// The files with what should be in them.
fn derived(root: &Path) -> Outcome<Vec<(PathBuf, String)>> {
    let mut all = families::linked(root)?;
    for section in SECTIONS {
        let path = root.join(section.document);
        let text = with_section(&files::read(&path)?, section.name, &(section.text)(root)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        all.push((path, text));
    }
    Ok(all)
}

/// A text as a block of code.
fn fenced(language: &str, text: &str) -> String {
    format!("```{language}\n{text}```\n")
}

/// The document with another text between the marks of a section.
fn with_section(document: &str, name: &str, text: &str) -> Result<String, String> {
    let missing = |mark: &str| format!("there is no line `{}`", mark.trim_end());
    let [begin, end] = ["begin", "end"].map(|word| format!("<!-- {name}:{word} -->\n"));
    let (head, rest) = document.split_once(&begin).ok_or_else(|| missing(&begin))?;
    let (_, tail) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
    Ok(format!("{head}{begin}{text}{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_what_stands_between_its_marks() {
        let document = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let expected = "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n";
        assert_eq!(with_section(document, "x", "new\n").unwrap(), expected);
        assert_eq!(with_section("a\n", "x", "").unwrap_err(), "there is no line `<!-- x:begin -->`");
        let open = with_section("<!-- x:begin -->\n", "x", "");
        assert_eq!(open.unwrap_err(), "there is no line `<!-- x:end -->`");
    }
}
