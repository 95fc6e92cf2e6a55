//! What changed from one version of a record to the next.

use super::facts::{Cell, Record};
use super::markdown::code;

/// The changes, one sentence each.
pub(super) fn between(old: &Record, new: &Record) -> Vec<String> {
    let mut pairs = pairs(&old.cells, &new.cells);
    let left = |cells: &[Cell], taken: &dyn Fn(usize) -> bool| {
        (0..cells.len()).filter(|at| !taken(*at)).collect::<Vec<_>>()
    };
    let mut gone = left(&old.cells, &|at| pairs.iter().any(|(old, _)| *old == at));
    let mut fresh = left(&new.cells, &|at| pairs.iter().any(|(_, new)| *new == at));
    // A cell without its like on either side that kept its place was renamed.
    let renamed: Vec<usize> = gone.iter().copied().filter(|at| fresh.contains(at)).collect();
    gone.retain(|at| !renamed.contains(at));
    fresh.retain(|at| !renamed.contains(at));

    let named = |cell: &Cell| format!("{} {}", cell.number, code(&cell.name));
    let listed = |cells: &[Cell], places: &[usize]| {
        places.iter().filter_map(|at| cells.get(*at)).map(named).collect::<Vec<_>>().join(", ")
    };
    let mut stated = Vec::new();
    if !fresh.is_empty() {
        stated.push(format!("New cells: {}.", listed(&new.cells, &fresh)));
    }
    if !gone.is_empty() {
        stated.push(format!("Gone: {}.", listed(&old.cells, &gone)));
    }
    let cells = |(from, to): (usize, usize)| Some((old.cells.get(from)?, new.cells.get(to)?));
    for (from, to) in renamed.iter().filter_map(|at| cells((*at, *at))) {
        stated.push(format!("Cell {} is named {}, before {}.", to.number, code(&to.name), code(&from.name)));
    }
    for (from, to) in moved(&pairs).into_iter().filter_map(cells) {
        stated.push(format!("{} moves from cell {} to cell {}.", code(&to.name), from.number, to.number));
    }
    pairs.extend(renamed.iter().map(|at| (*at, *at)));
    pairs.sort_by_key(|(_, new)| *new);
    for (from, to) in pairs.into_iter().filter_map(cells) {
        let changes = differences(from, to);
        if !changes.is_empty() {
            stated.push(format!("Cell {} {}: {}.", to.number, code(&to.name), changes.join(", ")));
        }
    }
    stated
}

/// Places of cells with the same name on both sides: the first of a name with the first, the second
/// with the second.
fn pairs(old: &[Cell], new: &[Cell]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (to, cell) in new.iter().enumerate() {
        let like = |(from, known): &(usize, &Cell)| {
            known.name == cell.name && !pairs.iter().any(|(old, _)| old == from)
        };
        if let Some((from, _)) = old.iter().enumerate().find(like) {
            pairs.push((from, to));
        }
    }
    pairs
}

/// The pairs that are out of order: all but a longest run of pairs that rise on both sides.
fn moved(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each pair the length of the longest rising run that ends in it, and the pair before it in
    // that run.
    let mut runs: Vec<(usize, Option<usize>)> = Vec::new();
    for (at, (from, _)) in pairs.iter().enumerate() {
        let lower = pairs.iter().take(at).enumerate().filter(|(_, (other, _))| other < from);
        let before = lower.filter_map(|(place, _)| runs.get(place).map(|(length, _)| (*length, place)));
        let best = before.max_by_key(|(length, place)| (*length, std::cmp::Reverse(*place)));
        runs.push((best.map_or(1, |(length, _)| length + 1), best.map(|(_, place)| place)));
    }
    let mut kept = Vec::new();
    let mut next = (0..runs.len()).max_by_key(|at| runs.get(*at).map(|(length, _)| *length));
    while let Some(at) = next {
        kept.push(at);
        next = runs.get(at).and_then(|(_, before)| *before);
    }
    pairs.iter().enumerate().filter(|(at, _)| !kept.contains(at)).map(|(_, pair)| *pair).collect()
}

/// What differs between two versions of one cell.
fn differences(old: &Cell, new: &Cell) -> Vec<String> {
    let mut stated = Vec::new();
    if old.kind != new.kind {
        stated.push(format!("{} instead of {}", new.kind, old.kind));
    }
    if old.set != new.set {
        stated.push(match new.set.as_str() {
            "" => format!("no longer of the set {}", code(&old.set)),
            set => format!("of the set {}", code(set)),
        });
    }
    if old.multi != new.multi {
        stated.push(if new.multi { "now several values" } else { "now one value" }.to_owned());
    }
    if old.obligation != new.obligation {
        stated.push(format!("{} instead of {}", new.obligation, old.obligation));
    } else if old.condition != new.condition {
        stated.push("another condition".to_owned());
    }
    stated
}

#[cfg(test)]
mod tests {
    use super::super::super::meanings::Slot;
    use super::*;

    fn record(cells: &[(&str, &str)]) -> Record {
        let cells = cells.iter().zip(1..).map(|((name, obligation), number)| Cell {
            number,
            name: (*name).to_owned(),
            kind: "String".to_owned(),
            set: String::new(),
            pattern: String::new(),
            multi: false,
            obligation: (*obligation).to_owned(),
            condition: String::new(),
            status: "confirmed".to_owned(),
            basis: String::new(),
            slot: Slot::Structure,
        });
        Record {
            name: "SU01".to_owned(),
            generation: "current".to_owned(),
            title: String::new(),
            latest: true,
            complete: true,
            trailing: Vec::new(),
            profiles: Vec::new(),
            source: Vec::new(),
            notes: String::new(),
            cells: cells.collect(),
            overrides: Vec::new(),
        }
    }

    #[test]
    fn changes_are_told_by_kind() {
        let old = record(&[("A", "M"), ("B", "M"), ("C", "O"), ("D", "M"), ("E", "M")]);
        let new = record(&[("A", "M"), ("C", "M"), ("B", "M"), ("Dee", "C"), ("E", "M"), ("F", "O")]);
        assert_eq!(
            between(&old, &new),
            [
                "New cells: 6 `F`.",
                "Cell 4 is named `Dee`, before `D`.",
                "`B` moves from cell 2 to cell 3.",
                "Cell 2 `C`: M instead of O.",
                "Cell 4 `Dee`: C instead of M.",
            ]
        );
        assert_eq!(between(&new, &old).first().unwrap(), "Gone: 6 `F`.");
        assert!(between(&old, &old).is_empty());
    }

    #[test]
    fn cells_that_only_make_room_have_not_moved() {
        let old = record(&[("A", "M"), ("B", "M"), ("B", "M")]);
        let new = record(&[("A", "M"), ("X", "M"), ("B", "M"), ("B", "M")]);
        assert_eq!(between(&old, &new), ["New cells: 2 `X`."]);
    }
}
