//! The order of summary records (ARCH-52).

use crate::summaries::{follows, summary_structure};
use crate::tables::Layout;
use transpose_records::grammar::Grammar;
use transpose_records::spec::RecordSpec;

/// Puts summary records into an order that the version knows: by type, SY05 behind SY04 (ARCH-52).
/// Those that were read from a message stay in its order where records of one type are together in
/// it, and always where the message was of this very version: UGC 1.2 wants types interleaved.
/// Answers whether the version knows the order.
pub(super) fn arrange(
    layout: &Layout,
    rows: &mut Vec<(&'static RecordSpec, usize)>,
    (read, same): (bool, bool),
) -> bool {
    let Some(order) = summary_structure(&layout.profile.structure).map(|part| Grammar::compile(&part)) else {
        return true;
    };
    let accepted = |rows: &[(&'static RecordSpec, usize)]| {
        let end = rows
            .iter()
            .try_fold(order.start(), |state, (spec, _)| order.step(state, order.symbol(spec.family())?));
        end.is_some_and(|end| order.accepts(end))
    };
    if same || (read && are_together(rows) && accepted(rows)) {
        return true;
    }
    let mut sorted = rows.clone();
    sorted.sort_by_key(|(spec, index)| {
        (order.families().iter().position(|known| *known == spec.family()), *index)
    });
    let fits = accepted(&sorted);
    if fits || !accepted(rows) {
        *rows = sorted;
        return fits;
    }
    true
}

/// Whether records of one type are together, and SY05 behind SY04.
fn are_together(rows: &[(&'static RecordSpec, usize)]) -> bool {
    let mut seen: Vec<&RecordSpec> = Vec::new();
    for (spec, _) in rows {
        let family = spec.family();
        if seen.last().is_some_and(|last| last.family() == family) {
            continue;
        }
        if seen.iter().any(|known| known.family() == family || follows(known) == Some(family)) {
            return false;
        }
        seen.push(spec);
    }
    true
}
