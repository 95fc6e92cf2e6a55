//! One record: every cell with its value, what is missing reported, what is lost counted.

use super::identity::TransactionName;
use super::target::{Fill, IdentifierSubject, Plan, Target, TargetCell, Writing, column, text_of};
use crate::diagnostics;
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Grammar};
use transpose_core::accounting::{Change, Losses, RunReport, Subject};
use transpose_core::diagnostics::{Code, Diagnostic, Location, shown};
use transpose_core::model::vocabulary::{commercial_model, recording_type};
use transpose_core::model::{Cell, EntityRef, Field};
use transpose_records::cell::{self, Fit, is_integer};
use transpose_records::escape::{self, Escapes};
use transpose_records::spec::{CellType, ListedValue};
use transpose_records::write;

/// A piece of what was written before; empty for nothing.
pub(super) type Range = (usize, usize);

/// The texts that link a record to others, escaped.
#[derive(Clone, Copy, Default)]
pub(super) struct Links<'a> {
    pub(super) block: &'a [u8],
    pub(super) own: &'a [u8],
    pub(super) release: &'a [u8],
    pub(super) resource: &'a [u8],
    pub(super) work: &'a [u8],
    pub(super) summary: &'a [u8],
    /// Where the identifiers of the recording, of the release and of the usage that are meant were
    /// written.
    pub(super) recording_id: Range,
    pub(super) release_id: Range,
    pub(super) usage_id: Range,
    pub(super) transaction: TransactionName<'a>,
    /// The use type on the summary record.
    pub(super) stated: Option<&'a [u8]>,
    /// Whether the usage must have a price, and the source has not said already that it has none.
    pub(super) priced: bool,
    /// The exchange rate from the currency of transaction to that of reporting.
    pub(super) rate: Option<&'a str>,
    /// The part of the rights that the sales context is about.
    pub(super) rights_share: Option<&'a str>,
    /// The label that all recordings share.
    pub(super) label: Option<&'a [u8]>,
    /// How many recordings were sold, as far as it is known.
    pub(super) resources: Option<&'a [u8]>,
    /// For which time a single record repeats its usage, whose amounts are in the first.
    pub(super) again: u32,
}

/// The state of encoding one batch.
pub(super) struct Run<'r> {
    pub(super) report: &'r mut RunReport,
    pub(super) losses: Losses,
    pub(super) line: u64,
    /// For each entity of the block where the identifier that others repeat was written.
    pub(super) ids: Vec<Range>,
    /// How often each mandatory cell had no value; nothing where that is allowed and reported where
    /// it happens.
    pub(super) missing: Option<MissingCells>,
    /// The notation of delimiters inside data.
    pub(super) escapes: Escapes,
}

/// How often mandatory cells had no value, by record and number of the cell.
pub(super) type MissingCells = BTreeMap<(&'static str, u32), u64>;

impl Run<'_> {
    /// Where the identifier of an entity was written.
    pub(super) fn id_of(&self, index: Option<u32>) -> Range {
        index.and_then(|index| self.ids.get(index as usize)).copied().unwrap_or_default()
    }

    pub(super) fn line(&self, entity: EntityRef<'_>) -> Option<u64> {
        (self.line > 0).then(|| self.line + u64::from(entity.line()))
    }

    /// Counts the filled ones of some columns as lost; without a reason for their own.
    pub(super) fn lose(
        &mut self,
        plan: &Plan,
        entity: EntityRef<'_>,
        columns: impl IntoIterator<Item = usize>,
        reason: Option<&'static str>,
    ) {
        for index in columns {
            let Some(Some((subject, own))) = plan.subjects.get(index) else { continue };
            if text_of(entity.cell(index)).is_none() {
                continue;
            }
            let (line, reason) = (self.line(entity), reason.unwrap_or(own));
            match subject {
                Subject::Field(field) => self.losses.field(Change::Lost, *field, line, reason),
                Subject::Extra(name) => self.losses.extra(Change::Lost, name, line, reason),
            }
        }
    }
}

/// FNV-1a over 64 bits: a stable identifier for what has none.
fn fnv(parts: [&[u8]; 2]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain(&[0x1f]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

/// One record that is being written.
pub(super) struct Record<'a, 'r, 'o> {
    pub(super) run: &'o mut Run<'r>,
    pub(super) target: &'a Target,
    pub(super) plan: &'a Plan,
    pub(super) entity: EntityRef<'a>,
    pub(super) out: &'o mut Vec<u8>,
    /// Whether values are known to fit the types of their cells.
    pub(super) fits: bool,
    /// Where the identifier that other records repeat was written.
    pub(super) id: Range,
    /// The amount of the cell in the other currency, where the record shows both.
    pub(super) other: Cell<'a>,
}

impl Record<'_, '_, '_> {
    /// Writes a record of blocks; answers where the identifier that others repeat is.
    pub(super) fn write(mut self, writing: &Writing, links: &Links<'_>) -> Range {
        let entity = self.entity;
        self.fits = writing.fits;
        let target = self.target;
        for (index, cell) in target.cells.iter().enumerate() {
            if index > 0 {
                self.out.push(b'\t');
            }
            let column = writing.columns.get(index).copied().flatten();
            let value = column.map_or(Cell::Absent, |column| entity.cell(column));
            if let Some(other) = cell.counterpart {
                let column = writing.columns.get(other.index).copied().flatten();
                self.other = column.map_or(Cell::Absent, |column| entity.cell(column));
            }
            self.cell::<false>(cell, value, links);
        }
        self.out.push(b'\n');
        if !writing.unheld.is_empty() {
            self.run.lose(self.plan, entity, writing.unheld.iter().copied(), None);
        }
        self.id
    }

    /// Writes the value of a cell; of a single record or of one of a block.
    #[inline]
    pub(super) fn cell<const SINGLE: bool>(&mut self, cell: &TargetCell, value: Cell<'_>, links: &Links<'_>) {
        match cell.fill {
            Fill::Name => self.out.extend_from_slice(self.target.spec.name.as_bytes()),
            Fill::Block => self.out.extend_from_slice(links.block),
            Fill::Summary => self.linked(cell, links.summary),
            Fill::Release => self.linked(cell, links.release),
            Fill::Recording => self.linked(cell, links.resource),
            Fill::Work => self.linked(cell, links.work),
            Fill::Own => self.linked(cell, links.own),
            Fill::RecordingId => self.again(cell, links.recording_id),
            Fill::Parent => self.again(cell, links.usage_id),
            Fill::Empty => {}
            Fill::Proprietary => self.proprietary(cell, value),
            Fill::UseType if links.stated.is_some() => {
                let own = text_of(value).filter(|own| links.stated != Some(own));
                if own.is_some() {
                    let reason = "the use type is on the summary record";
                    self.loss(Change::Lost, cell, reason);
                }
            }
            Fill::Transaction | Fill::Id(_) => self.identifier(cell, value, links),
            _ if SINGLE && links.again > 0 && self.repeats(cell, value) => {}
            _ if self.value(cell, value) => {}
            _ if cell.counterpart.is_some() && self.exchanged(cell, links) => {}
            _ if cell.of_deal && cell.mandatory && self.plan.special.amount.is_some() => self.out.push(b'0'),
            _ if cell.optional => {}
            Fill::OwnOrRecording => self.linked(cell, links.resource),
            Fill::ReleaseId => self.release_id(cell, links),
            Fill::Label if links.label.is_some() => self.text(cell, links.label.unwrap_or_default()),
            Fill::Resources if links.resources.is_some() && cell.fallback.is_none() => {
                self.one(cell, links.resources.unwrap_or_default());
            }
            Fill::Net if self.net() => {}
            Fill::RightsShare if cell.fallback.is_none() => self.rights_share(cell, links),
            Fill::Price if links.priced && cell.fallback.is_none() => {
                self.diagnostic(&diagnostics::NO_PRICE, cell, || {
                    format!("there is no price under {}", commercial_model::PAY_AS_YOU_GO)
                });
            }
            Fill::UseType if cell.fallback.is_none() => {
                self.diagnostic(&diagnostics::USE_TYPE, cell, || {
                    "the use type is neither here nor on the summary record".to_owned()
                });
            }
            _ => self.absent(cell),
        }
    }

    /// An identifier that other records may repeat.
    fn identifier(&mut self, cell: &TargetCell, value: Cell<'_>, links: &Links<'_>) {
        let start = self.out.len();
        if !self.value(cell, value) {
            match cell.fill {
                Fill::Id(what) => self.id(cell, what),
                _ => links.transaction.write(self.out),
            }
        }
        if links.again > 0 && cell.fill == Fill::Transaction {
            self.out.push(b'.');
            write::whole(u64::from(links.again) + 1, self.out);
            self.loss(Change::Guessed, cell, "each allocation after the first has an identifier of its own");
        }
        self.id = (start, self.out.len());
    }

    pub(super) fn loss(&mut self, change: Change, cell: &TargetCell, reason: &'static str) {
        let line = self.run.line(self.entity);
        if let Some(field) = cell.spec.field() {
            self.run.losses.field(change, field, line, reason);
        } else if let Some(name) = cell.spec.extra() {
            self.run.losses.extra(change, name, line, reason);
        }
    }

    pub(super) fn diagnostic(
        &mut self,
        code: &'static Code,
        cell: &TargetCell,
        message: impl FnOnce() -> String,
    ) {
        let (line, name) = (self.run.line(self.entity), self.target.spec.name);
        self.run.report.diagnostics.report(code, || {
            let location = Location { line, field: cell.spec.field(), ..Location::default() };
            let location = location.record(name).cell(cell.spec.number, cell.spec.name);
            Diagnostic::new(code, location, message())
        });
    }

    /// A mandatory cell without a value.
    pub(super) fn missing(&mut self, cell: &TargetCell) {
        if let Some(missing) = &mut self.run.missing {
            *missing.entry((self.target.spec.name, cell.spec.number)).or_default() += 1;
            return;
        }
        self.diagnostic(&diagnostics::MISSING_IN_BLOCK, cell, || {
            format!("cell `{}` has no value", cell.spec.name)
        });
    }

    /// A link, which is reported where it must not be missing.
    #[inline]
    fn linked(&mut self, cell: &TargetCell, link: &[u8]) {
        self.out.extend_from_slice(link);
        if link.is_empty() && cell.mandatory {
            self.missing(cell);
        }
    }

    /// What was written before.
    fn again(&mut self, cell: &TargetCell, (start, end): Range) {
        if start < end && end <= self.out.len() {
            self.out.extend_from_within(start..end);
        } else if cell.mandatory {
            self.missing(cell);
        }
    }

    /// A line that repeats a usage for another rights controller has none of its amounts: nothing
    /// is to be counted twice.
    fn repeats(&mut self, cell: &TargetCell, value: Cell<'_>) -> bool {
        let amount = matches!(
            cell.spec.field(),
            Some(Field::QUANTITY | Field::RETURNS | Field::USAGE_NET_REVENUE | Field::AMOUNT)
        );
        if amount && text_of(value).is_some() {
            self.out.push(b'0');
        }
        amount
    }

    /// The amount of the cell in the other currency, at the exchange rate of the sales context;
    /// what was read empty stays so where it may.
    fn exchanged(&mut self, cell: &TargetCell, links: &Links<'_>) -> bool {
        let wanted = cell.mandatory || self.plan.kept.is_none();
        let (Some(counterpart), true) = (cell.counterpart, wanted) else { return false };
        let converted = text_of(self.other).zip(links.rate);
        let converted = converted.and_then(|(amount, rate)| counterpart.convert(amount, rate));
        converted.is_some_and(|text| {
            self.out.extend_from_slice(text.as_bytes());
            true
        })
    }

    /// The part of the rights that is reported.
    fn rights_share(&mut self, cell: &TargetCell, links: &Links<'_>) {
        if let Some(share) = links.rights_share {
            self.one(cell, share.as_bytes());
            return;
        }
        self.out.extend_from_slice(b"100");
        let reason = "all rights, where the sales context names no part of them";
        self.loss(Change::Guessed, cell, reason);
    }

    /// The release that a usage names by the service's identifier, where the source has none.
    fn release_id(&mut self, cell: &TargetCell, links: &Links<'_>) {
        if links.release_id != Range::default() {
            self.again(cell, links.release_id);
            return;
        }
        if links.recording_id != Range::default() {
            let reason = "the identifier of the recording is used where the usage has no release";
            self.loss(Change::Guessed, cell, reason);
        }
        self.again(cell, links.recording_id);
    }

    /// Usages less returns, exactly; `false` where they are no numbers.
    fn net(&mut self) -> bool {
        let (entity, special) = (self.entity, &self.plan.special);
        let number = |at: Option<usize>| {
            let text = std::str::from_utf8(column(entity, at)?).ok()?;
            decimal::parse(text, Grammar::LENIENT).ok()
        };
        let returned = match column(entity, special.returns) {
            Some(_) => number(special.returns),
            None => Some(decimal::Decimal::ZERO),
        };
        let net = number(special.quantity).zip(returned).and_then(|(all, less)| all.checked_sub(less));
        net.inspect(|net| decimal::write(&net.normalize(), self.out)).is_some()
    }

    /// What is in a cell that the source leaves empty.
    fn absent(&mut self, cell: &TargetCell) {
        if let Some(fallback) = &cell.fallback {
            self.loss(
                Change::Guessed,
                cell,
                match cell.fill {
                    Fill::PeriodEnd => "the agreement's default, or the last day of the period",
                    _ => "the agreement's default is used",
                },
            );
            self.one(cell, fallback.as_bytes());
            return;
        }
        match cell.fill {
            Fill::Word(word) => self.out.extend_from_slice(word.as_bytes()),
            Fill::Guess(word, reason) => {
                self.out.extend_from_slice(word.as_bytes());
                self.loss(Change::Guessed, cell, reason);
            }
            Fill::Resources => {
                self.out.push(b'1');
                let reason = "a release is treated as one resource where the source does not say";
                self.loss(Change::Guessed, cell, reason);
            }
            Fill::Type => {
                self.out.extend_from_slice(recording_type::SOUND.as_bytes());
                self.loss(
                    Change::Guessed,
                    cell,
                    "treated as a sound recording where the source does not say",
                );
            }
            _ if cell.mandatory => self.missing(cell),
            _ => {}
        }
    }

    /// A cell that describes what the block does not have.
    pub(super) fn nothing(&mut self, cell: &TargetCell) {
        if let Some(fallback) = cell.fallback.as_ref().filter(|_| cell.mandatory) {
            self.loss(Change::Guessed, cell, "the agreement's default is used");
            self.one(cell, fallback.as_bytes());
        } else if cell.mandatory {
            self.missing(cell);
        }
    }

    /// An identifier from others, or from what describes the entity.
    fn id(&mut self, cell: &TargetCell, what: IdentifierSubject) {
        let (entity, identity) = (self.entity, self.plan.special.identity(what));
        if let Some(code) = identity.codes.iter().find_map(|code| column(entity, Some(*code))) {
            escape::encode_as(code, self.run.escapes, self.out);
            return;
        }
        let parts = [identity.artist, identity.title].map(|at| column(entity, at).unwrap_or_default());
        if what == IdentifierSubject::Work && parts == [b"", b""] {
            self.missing(cell);
            return;
        }
        self.out.extend_from_slice(format!("x{:016x}", fnv(parts)).as_bytes());
        let reason = "made from artist and title where the source has no identifier";
        self.loss(Change::Guessed, cell, reason);
    }

    /// Namespaced identifiers, with the GRid added unless it is among them.
    fn proprietary(&mut self, cell: &TargetCell, value: Cell<'_>) {
        let wrote = self.value(cell, value);
        let Some(grid) = column(self.entity, self.plan.special.grid) else { return };
        let is = |bytes: &[u8]| {
            let (space, id) = bytes.split_at_checked(6).unwrap_or((bytes, &[]));
            space.eq_ignore_ascii_case(b"GRID::") && id == grid
        };
        let known = match value {
            Cell::Absent => false,
            Cell::One(bytes) => is(bytes),
            Cell::Many(list) => list.iter().any(is),
        };
        if known {
            return;
        }
        if wrote && !cell.spec.multi {
            let line = self.run.line(self.entity);
            self.run.losses.field(Change::Lost, Field::GRID, line, "the cell takes one identifier");
            return;
        }
        if wrote {
            self.out.push(b'|');
        }
        self.out.extend_from_slice(b"GRID::");
        escape::encode_as(grid, self.run.escapes, self.out);
    }

    /// Writes a value; `false` when there is none.
    fn value(&mut self, cell: &TargetCell, value: Cell<'_>) -> bool {
        match value {
            Cell::Absent | Cell::One([]) => false,
            Cell::One(bytes) => {
                self.one(cell, bytes);
                true
            }
            Cell::Many(list) => {
                let filled = list.iter().filter(|bytes| !bytes.is_empty()).count();
                if filled == 0 {
                    return false;
                }
                if !cell.spec.multi {
                    if let Some(first) = text_of(value) {
                        self.one(cell, first);
                    }
                    if filled > 1 {
                        self.loss(Change::Shortened, cell, "the cell takes one value");
                    }
                    return true;
                }
                for (index, bytes) in list.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b'|');
                    }
                    if !bytes.is_empty() {
                        self.one(cell, bytes);
                    }
                }
                true
            }
        }
    }

    fn one(&mut self, cell: &TargetCell, bytes: &[u8]) {
        let start = self.out.len();
        let fits = match cell.spec.kind {
            CellType::Integer => {
                write::number(bytes, self.out) && is_integer(self.out.get(start..).unwrap_or(&[]))
            }
            CellType::Decimal => write::number(bytes, self.out),
            CellType::Duration if cell.spec.field() == Some(Field::CUE_START) && bytes.starts_with(b"T") => {
                // The start of a cue is a time in the newest records and a duration before.
                self.out.push(b'P');
                self.out.extend_from_slice(bytes);
                true
            }
            CellType::Time if bytes.starts_with(b"PT") => {
                self.out.extend_from_slice(bytes.get(1..).unwrap_or_default());
                true
            }
            CellType::Duration => write::duration(bytes, self.out).is_some(),
            CellType::Boolean | CellType::Date | CellType::Datetime if !self.fits => {
                !matches!(cell::check(cell.spec.kind, bytes, &mut Vec::new()), Fit::Wrong(_))
            }
            _ => {
                if let Some(set) = cell.values
                    && set.standing(bytes) != ListedValue::Allowed
                    && memchr::memmem::find(bytes, b"::").is_none()
                {
                    self.diagnostic(&diagnostics::UNKNOWN_VALUE, cell, || {
                        format!("`{}` is not in the set {} or no longer to be used", shown(bytes), set.name)
                    });
                }
                true
            }
        };
        if self.out.len() == start {
            self.text(cell, bytes);
        }
        if !fits {
            self.diagnostic(&diagnostics::UNFIT_VALUE, cell, || {
                let (name, kind) = (cell.spec.name, cell.spec.kind);
                format!("cell `{name}` is `{}`, expected {kind}", shown(bytes))
            });
        }
    }

    fn text(&mut self, cell: &TargetCell, bytes: &[u8]) {
        if write::text(bytes, self.run.escapes, self.out) > 0 {
            let reason = "line breaks and other control characters became spaces";
            self.loss(Change::Shortened, cell, reason);
        }
    }
}
