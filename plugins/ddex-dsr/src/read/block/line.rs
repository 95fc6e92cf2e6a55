//! One line of a block: which record it is, and the steps of reading it.

use super::{CurrentLine, Links, Progress, Region, RejectReason};
use crate::families::Role;
use crate::read::cells::{cell_count, named};
use crate::read::columns::{Entry, is_key, key_of};
use crate::read::units::Worker;
use crate::{diagnostics, tables};
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, shown};
use transpose_core::model::{BlockBatch, EntityRow, Span};
use transpose_records::escape;
use transpose_records::spec::{RecordSpec, family};

impl<'r> Worker<'r> {
    pub(super) fn line<'a>(
        &mut self,
        this: &CurrentLine<'a>,
        region: &Region<'_>,
        progress: &mut Progress<'a>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) where
        'r: 'a,
    {
        let reader = self.reader;
        let name = this.raw(0);
        if tables::is_deal_specific(name) {
            let line = Span::chunk(this.line.start as usize, this.line.end as usize);
            let entity = batch.push_filled(reader.deal_shape, &[line], this.number as u32);
            if let Some(row) = batch.last_entity() {
                row.parent = progress.previous.unwrap_or(EntityRow::NONE);
            }
            progress.previous = Some(entity);
            return;
        }
        let key = key_of(name);
        // A record is mostly of the type of the one before.
        let known = reader.entries.get(self.entry).is_some_and(|entry| entry.key == key);
        if !known {
            self.entry = reader.entries.iter().position(|entry| entry.key == key).unwrap_or(usize::MAX);
        }
        let Some(entry) = reader.entries.get(self.entry).or_else(|| reader.kin(name)) else {
            progress.gap = true;
            if let Err(diagnostic) = unknown_record(this, report) {
                progress.fail(diagnostic, report);
            }
            return;
        };
        if !entry.bound || entry.key != key {
            self.version(entry, this, report);
        }
        if !std::mem::replace(&mut progress.named, true) {
            self.block_id(entry, this, report);
        }
        let mut reasons = Vec::new();
        if let Err(wrong) = self.order(entry, this, region, progress) {
            // What is where it may not is not found by those that name it.
            progress.gap = true;
            reasons.push(wrong);
        }
        let counted = this.index.ends(this.line).len();
        if counted != entry.spec.cells.len() {
            beyond(entry, this, counted, report);
        }
        self.values(entry, this, batch, report, &mut reasons);
        if reader.validates {
            self.check(entry, this, progress, batch, report);
        }
        // What links a record to others is no value of it, unless it is kept under a name of its
        // own.
        let own = entry.own.and_then(|place| self.row.get(place).copied()).unwrap_or(Span::ABSENT);
        let [release, resource, id, work, summary, sale] = entry.links.map(|place| {
            let cell = place.and_then(|place| self.row.get_mut(place));
            cell.map_or(Span::ABSENT, |cell| {
                if place == entry.keeps { *cell } else { std::mem::replace(cell, Span::ABSENT) }
            })
        });
        let links = Links { own, release, resource, id, work, summary, sale };
        let mut dangling = Vec::new();
        match (entry.role, entry.facets.as_slice()) {
            (Role::Single, facets) => self.single(entry, facets, this, &links, batch, report, &mut reasons),
            (_, []) => {}
            (_, [facet, ..]) => {
                let entity = batch.push_filled(facet.shape, &self.row, this.number as u32);
                self.link(entry, this, &links, entity, progress, batch, report, &mut dangling);
                progress.previous = Some(entity);
            }
        }
        for wrong in reasons {
            progress.fail(wrong, report);
        }
        for wrong in dangling {
            if !(progress.gap && progress.fatal.is_some()) {
                progress.fail(wrong, report);
            }
        }
    }

    /// Looks at the identifier of a block, which all its records repeat.
    fn block_id(&mut self, entry: &Entry, this: &CurrentLine<'_>, report: &mut RunReport) {
        let Some(column) = entry.columns.get(1).filter(|column| is_key(column.link)) else { return };
        let raw = this.raw(1);
        if raw.is_empty() {
            let message = format!("{} is empty", named(column.spec));
            let place = this.position.cell(entry, Some(column.spec));
            report.diagnostics.push(Diagnostic::new(&diagnostics::EMPTY_CELL, place, message));
        } else if !this.line.is_clean() && !escape::is_plain(raw) {
            // Any text fits, so that only notes are of interest.
            let _ = self.cells.read(raw, column, self.reader.escapes);
            self.report_notes(entry, column, this, raw, report);
        }
    }

    /// Reports that a record has another version than the profile binds.
    fn version(&self, entry: &Entry, this: &CurrentLine<'_>, report: &mut RunReport) {
        report.diagnostics.report(&diagnostics::RECORD_VERSION, || {
            let (name, version) = (entry.spec.name, self.reader.layout.profile.version);
            let message = if entry.key == key_of(this.raw(0)) {
                format!(
                    "the record is `{name}`, but the profile version {version} binds another version of it"
                )
            } else {
                format!("`{}` is not known, it is read as {name}", shown(this.raw(0)))
            };
            Diagnostic::new(&diagnostics::RECORD_VERSION, this.position.place().record(name), message)
        });
    }
}

/// Reports of a record that is not read. One that would hold usages is a reason to reject its
/// block.
fn unknown_record(this: &CurrentLine<'_>, report: &mut RunReport) -> Result<(), RejectReason> {
    let raw = this.raw(0);
    let name = shown(raw);
    let text = std::str::from_utf8(raw).unwrap_or_default();
    let is_known = tables::records().iter().any(|spec: &RecordSpec| spec.family() == family(text));
    let (code, message) = if is_known {
        (&diagnostics::FOREIGN_RECORD, format!("`{name}` is no record of the profile"))
    } else {
        (&diagnostics::UNKNOWN_RECORD, format!("`{name}` is no known record"))
    };
    let place = if name.is_empty() { this.position.place() } else { this.position.place().record(&name) };
    let diagnostic = Diagnostic::new(code, place, message);
    if is_known && Role::of(text).is_some_and(Role::has_usages) {
        return Err(Box::new(diagnostic));
    }
    report.diagnostics.push(diagnostic);
    let reason = "the record type is not part of the profile";
    report.loss.add(Change::Lost, Subject::Extra(name.into()), 1, Some(this.position.line), reason);
    Ok(())
}

/// Reports of missing cells, and of cells beyond the definition of a record.
fn beyond(entry: &Entry, this: &CurrentLine<'_>, counted: usize, report: &mut RunReport) {
    let spec = entry.spec;
    let is_empty = |index: usize| this.raw(index).trim_ascii().is_empty();
    let Some(diagnostic) = cell_count(spec, counted, is_empty, &this.position.place()) else { return };
    let further = (spec.cells.len()..counted).filter(|index| !is_empty(*index)).count() as u64;
    if further > 0 {
        let subject = Subject::Extra(format!("{} cell {}", spec.name, spec.cells.len() + 1).into());
        let reason = "the cell is beyond the definition of the record";
        report.loss.add(Change::Lost, subject, further, Some(this.position.line), reason);
    }
    report.diagnostics.push(diagnostic);
}
