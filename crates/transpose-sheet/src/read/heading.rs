//! Headings: which column of the file is which column of the layout.

use crate::layout::{Layout, folded};

/// The columns that a quarantine file has before those of the rejected rows.
pub(crate) const QUARANTINE: [&str; 3] = ["Line", "Code", "Reason"];

/// How the columns of a file and of a layout belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnMatch {
    /// For each column of the file the column of the layout.
    pub(crate) columns: Vec<Option<usize>>,
    /// Columns of the layout that the file does not have.
    pub(crate) missing: Vec<usize>,
    /// Columns of the file that the layout does not have, but for those of a quarantine file.
    pub(crate) extras: Vec<usize>,
    /// A column of the layout that the file has twice, and where.
    pub(crate) repeated: Option<(usize, usize, usize)>,
}

/// Finds for each column of the file the column of the layout.
pub(crate) fn match_columns(layout: &Layout, names: &[Box<str>]) -> ColumnMatch {
    let mut places: Vec<Option<usize>> = vec![None; layout.columns.len()];
    let mut found =
        ColumnMatch { columns: Vec::new(), missing: Vec::new(), extras: Vec::new(), repeated: None };
    for (place, name) in names.iter().enumerate() {
        let fold = folded(name);
        let column = layout.columns.iter().position(|column| column.names.contains(&fold));
        found.columns.push(column);
        match column.map(|column| (column, places.get_mut(column))) {
            Some((column, Some(Some(first)))) => {
                found.repeated.get_or_insert((column, *first, place));
            }
            Some((_, Some(slot))) => *slot = Some(place),
            _ if QUARANTINE.get(place) == Some(&&**name) => {}
            _ => found.extras.push(place),
        }
    }
    found.missing =
        (0..).zip(&places).filter(|(_, place)| place.is_none()).map(|(column, _)| column).collect();
    found
}

/// The heading of the file that is most like a missing one, among those that mean nothing else.
pub(crate) fn nearest<'a>(heading: &str, names: &'a [Box<str>], extras: &[usize]) -> Option<&'a str> {
    let wanted = folded(heading);
    extras
        .iter()
        .filter_map(|place| names.get(*place))
        .map(|name| (strsim::jaro_winkler(&wanted, &folded(name)), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| &**name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::test_layout as layout;

    #[test]
    fn columns_are_matched_in_any_order() {
        let names: Vec<Box<str>> = ["grid", "Extra", "country", "STREAM_ID"].map(Into::into).into();
        let found = match_columns(&layout(), &names);
        assert_eq!(found.columns, [Some(4), None, Some(1), Some(0)]);
        assert_eq!((found.missing, found.extras, found.repeated), (vec![2, 3], vec![1], None));
        let names: Vec<Box<str>> = ["Country", "x", "COUNTRY"].map(Into::into).into();
        assert_eq!(match_columns(&layout(), &names).repeated, Some((1, 0, 2)));
    }

    #[test]
    fn nearest_heading_is_one_without_meaning() {
        let names: Vec<Box<str>> = ["Country", "Countrry"].map(Into::into).into();
        assert_eq!(nearest("Country", &names, &[1]), Some("Countrry"));
        assert_eq!(nearest("Country", &names, &[]), None);
    }
}
