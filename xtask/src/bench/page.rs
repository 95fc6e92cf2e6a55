//! The generated parts of docs/performance.md: each is between two comments and is replaced as a
//! whole.

use crate::{Outcome, files};

/// The page, as it will be written.
pub(super) struct Page(String);

impl Page {
    /// The page as it is.
    pub(super) fn load() -> Outcome<Self> {
        Ok(Self(files::read(&files::root().join("docs/performance.md"))?))
    }

    /// Writes the page.
    pub(super) fn save(&self) -> Outcome {
        files::replace(&files::root().join("docs/performance.md"), self.0.as_bytes())
    }

    /// The part of this name.
    pub(super) fn part(&self, name: &str) -> &str {
        self.place(name).and_then(|(from, to)| self.0.get(from..to)).unwrap_or_default()
    }

    /// Replaces the part of this name; a part that has no place yet goes to the end.
    pub(super) fn put(&mut self, name: &str, text: &str) {
        if let Some((from, to)) = self.place(name) {
            self.0.replace_range(from..to, text);
        } else {
            self.0 = format!("{}\n\n{}{text}{}", self.0.trim_end(), begin(name), end(name));
        }
    }

    fn place(&self, name: &str) -> Option<(usize, usize)> {
        let from = self.0.find(&begin(name))? + begin(name).len();
        let to = from + self.0.get(from..)?.find(&end(name))?;
        Some((from, to))
    }
}

fn begin(name: &str) -> String {
    format!("<!-- bench {name} -->\n")
}

fn end(name: &str) -> String {
    format!("<!-- end {name} -->\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_replaced_where_it_stands() {
        let mut page = Page(
            "# Page\n\n<!-- bench a -->\nold\n<!-- end a -->\n\n<!-- bench b -->\nb\n<!-- end b -->\n".into(),
        );
        page.put("a", "new\n");
        assert_eq!(page.part("a"), "new\n");
        assert_eq!(page.part("b"), "b\n");
        page.put("c", "third\n");
        assert!(
            page.0.ends_with("<!-- end b -->\n\n<!-- bench c -->\nthird\n<!-- end c -->\n"),
            "{}",
            page.0
        );
        assert_eq!(page.part("d"), "");
    }

    #[test]
    fn the_page_has_a_place_for_every_section() {
        let page = Page::load().unwrap();
        for name in
            ["machine", "goals"].into_iter().chain(super::super::SECTIONS.iter().map(|section| section.name))
        {
            assert!(page.place(name).is_some(), "{name}");
        }
    }
}
