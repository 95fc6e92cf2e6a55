//! Paths with `*` and `?`: the files that fit, in the order of their names.

use crate::diagnostics::{NO_MATCH, SEVERAL_MATCHES};
use std::path::{Component, Path, PathBuf};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};

/// The files that a path means: itself, or, where it has `*` or `?`, all that fit.
pub(crate) fn expand(path: &Path, place: &Location) -> Result<Vec<PathBuf>, Fatal> {
    if !is_pattern(path) || path.exists() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = vec![PathBuf::new()];
    for component in path.components() {
        found = match component {
            Component::Normal(name) if is_pattern(Path::new(name)) => {
                let pattern: Vec<char> = name.to_string_lossy().chars().collect();
                found.iter().flat_map(|folder| fitting(folder, &pattern)).collect()
            }
            other => found.into_iter().map(|folder| folder.join(other)).collect(),
        };
    }
    found.retain(|path| path.exists());
    found.sort();
    if found.is_empty() {
        let message = format!("no file fits `{}`", path.display());
        return Err(Fatal::usage(Diagnostic::new(&NO_MATCH, place.clone(), message)));
    }
    Ok(found)
}

/// The one file that a path means.
pub(crate) fn expand_one(path: &Path, place: &Location) -> Result<PathBuf, Fatal> {
    let found = expand(path, place)?;
    if let [first, second, ..] = &found[..] {
        let (number, first, second) = (found.len(), first.display(), second.display());
        let message = format!("{number} files fit `{}`, such as `{first}` and `{second}`", path.display());
        return Err(Fatal::usage(Diagnostic::new(&SEVERAL_MATCHES, place.clone(), message)));
    }
    Ok(found.into_iter().next().unwrap_or_else(|| path.to_path_buf()))
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?'])
}

/// The entries of a folder that fit a pattern; hidden ones only where the pattern begins with a
/// point. A folder that cannot be read has none.
fn fitting(folder: &Path, pattern: &[char]) -> Vec<PathBuf> {
    let read = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(read).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    names
        .filter(|name| {
            let name: Vec<char> = name.to_string_lossy().chars().collect();
            (name.first() != Some(&'.') || pattern.first() == Some(&'.')) && fits(&name, pattern)
        })
        .map(|name| folder.join(name))
        .collect()
}

/// Whether a name fits: `*` is any text, `?` any one character.
fn fits(name: &[char], pattern: &[char]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    // Where the last `*` is, and up to where it reaches.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(at) {
        match pattern.get(in_pattern) {
            Some('*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if wanted == c || *wanted == '?' => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((place, reached)) = star else { return false };
                star = Some((place, reached + 1));
                (at, in_pattern) = (reached + 1, place + 1);
            }
        }
    }
    pattern.get(in_pattern..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_patterns() {
        for (name, pattern, fit) in [
            ("a.csv", "*.csv", true),
            ("a.csv.gz", "*.csv", false),
            ("plays-2026-11-02.csv", "plays-2026-11-*.csv", true),
            ("plays-2026-10-02.csv", "plays-2026-11-*.csv", false),
            ("abcabd", "*abd", true),
            ("a1", "a?", true),
            ("a", "a?", false),
            ("a", "**", true),
            ("", "*", true),
            ("波止場.csv", "?止*", true),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(fits(&chars(name), &chars(pattern)), fit, "{name} {pattern}");
        }
    }
}
