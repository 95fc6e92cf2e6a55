//! One output for each slice of time: months, weeks or days, written in one pass.
//!
//! Rows of a chunk are routed to their slices and keep their order; each slice has files of its
//! own, and all of them appear together or not at all.

use crate::diagnostics;
use crate::output::files::OutputFiles;
use crate::output::spec::{OutputSpec, Slicing};
use std::collections::BTreeMap;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{EncodedBatch, Encoder, Tally};
use transpose_core::model::EventBatch;
use transpose_io::OutputSet;

transpose_core::codes! {
    /// More slices than files can be open.
    pub TOO_MANY_SLICES: "ENG0410" "too-many-slices" Error
        "`--split-by` writes one file for each slice of time, all at once, and the plays are spread over more slices than files may be open."
        "Give `--period`, so that plays far away are left out, or a longer slice."
    /// Slices of sums.
    pub SPLIT_SUMS: "ENG0411" "split-needs-events" Error
        "`--split-by` routes single plays to files; an aggregate report covers one period."
        "Convert once for each `--period`."
}

/// How many slices there may be: the days of a year and some.
const MOST: usize = 400;

/// What was written of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceTally {
    /// The name of the slice.
    pub label: String,
    /// What its files hold.
    pub tally: Tally,
}

/// Rows of one slice in a chunk, with the first moment of the slice.
pub(crate) type SliceRows = (i64, EventBatch);

/// Deals rows out to their slices, the earliest first; `moment` reports the moment of a row by its
/// number.
pub(crate) fn rows_by_slice(
    events: &EventBatch,
    slicing: Slicing<'_>,
    moment: impl Fn(usize) -> i64,
) -> Vec<SliceRows> {
    let mut by_slice: BTreeMap<i64, EventBatch> = BTreeMap::new();
    let mut slice = 0..0;
    for (index, row) in events.rows.iter().enumerate() {
        let moment = moment(index);
        // Neighbours are mostly of one slice.
        if !slice.contains(&moment) {
            slice = slicing(moment).moments;
        }
        let batch = by_slice.entry(slice.start).or_insert_with(|| EventBatch {
            row_cells: events.row_cells,
            arena: events.arena.clone(),
            ..EventBatch::default()
        });
        batch.rows.push(*row);
        let cells = events.cells.get(index * events.row_cells..(index + 1) * events.row_cells);
        batch.cells.extend_from_slice(cells.unwrap_or(&[]));
    }
    by_slice.into_iter().collect()
}

/// The outputs of a run: one, or one for each slice.
pub(crate) struct OutputSlices<'a> {
    spec: OutputSpec<'a>,
    encoder: &'a dyn Encoder,
    /// By the first moment of the slice.
    open: BTreeMap<i64, (String, OutputFiles<'a>)>,
}

impl<'a> OutputSlices<'a> {
    /// Begins the one output of a run; those of slices begin with their first rows.
    pub(crate) fn new(spec: OutputSpec<'a>, encoder: &'a dyn Encoder) -> Result<Self, Fatal> {
        let mut open = BTreeMap::new();
        if spec.slicing.is_none() {
            open.insert(0, (String::new(), OutputFiles::new(encoder, spec, None)?));
        }
        Ok(Self { spec, encoder, open })
    }

    /// The one output of a run, begun already.
    pub(crate) fn whole(spec: OutputSpec<'a>, encoder: &'a dyn Encoder, files: OutputFiles<'a>) -> Self {
        Self { spec, encoder, open: BTreeMap::from([(0, (String::new(), files))]) }
    }

    /// Writes what belongs to the slice that begins at a moment.
    pub(crate) fn write(&mut self, start: i64, encoded: &EncodedBatch) -> Result<(), Fatal> {
        if let Some((_, files)) = self.open.get_mut(&start) {
            return files.write(encoded);
        }
        let Some(slicing) = self.spec.slicing else {
            return Err(diagnostics::bug("an output without a file"));
        };
        if self.open.len() >= MOST {
            let message = format!("the plays are of more than {MOST} slices of time");
            return Err(Fatal::usage(Diagnostic::new(&TOO_MANY_SLICES, Location::default(), message)));
        }
        let label = slicing(start).label;
        let beside = self.open.values().next().map(|(_, files)| files.beside(&label));
        let mut files = match beside {
            Some(files) => files?,
            None => OutputFiles::new(self.encoder, self.spec, Some(&label))?,
        };
        files.write(encoded)?;
        self.open.insert(start, (label, files));
        Ok(())
    }

    /// Why nothing may appear, if an output says so.
    pub(crate) fn refusal(&self) -> Option<Fatal> {
        self.open.values().find_map(|(_, files)| files.refusal())
    }

    /// Ends all outputs; nothing has appeared yet.
    pub(crate) fn finish(self) -> Result<FinishedFiles, Fatal> {
        let mut ended =
            FinishedFiles { set: OutputSet::new(self.spec.overwrite), ..FinishedFiles::default() };
        for (label, files) in self.open.into_values() {
            let (set, tally, notes) = files.finish()?;
            ended.set.join(set).map_err(|error| diagnostics::io(&error))?;
            ended.tally.add(tally);
            ended.notes.extend(notes);
            if !label.is_empty() {
                ended.slices.push(SliceTally { label, tally });
            }
        }
        Ok(ended)
    }
}

/// Outputs that are ready to appear.
pub(crate) struct FinishedFiles {
    pub(crate) set: OutputSet,
    pub(crate) tally: Tally,
    pub(crate) notes: Vec<Diagnostic>,
    pub(crate) slices: Vec<SliceTally>,
}

impl Default for FinishedFiles {
    fn default() -> Self {
        Self { set: OutputSet::new(false), tally: Tally::default(), notes: Vec::new(), slices: Vec::new() }
    }
}
