//! The summary of a conversion.

use crate::exit::Exit;
use crate::summary::{Ending, file_lines, left_out, statements};
use crate::text::{counted, duration, number, one_line, table};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use transpose_core::accounting::{Amounts, ExactSum, RunReport};
use transpose_engine::Outcome;
use transpose_engine::receipt::{self, Particulars};

/// The outcome of a conversion, and what else its summary mentions.
pub(super) struct Summary<'a> {
    pub(super) particulars: &'a Particulars,
    pub(super) outcome: &'a Outcome,
    /// The file of the rejected rows.
    pub(super) quarantine: Option<&'a Path>,
    pub(super) dry_run: bool,
}

impl Summary<'_> {
    /// How the conversion ended.
    pub(super) fn ending(&self) -> Ending<'_> {
        Ending { reports: vec![&self.outcome.report], refused: self.outcome.refused.as_ref() }
    }

    /// The summary as text.
    pub(super) fn text(&self) -> String {
        let Self { particulars, outcome, .. } = self;
        let RunReport { loss, ledger, diagnostics } = &outcome.report;
        if outcome.refused.is_some() && ledger.read.rows == 0 && diagnostics.is_empty() {
            // The run ended before it read anything.
            return "nothing was written\n".into();
        }
        let mut out = format!("{} to {}", particulars.source, particulars.target);
        if let Some(period) = &particulars.period {
            let _ = write!(out, ", period {period}");
        }
        out.push('\n');
        let parts = [
            ("read", ledger.read.clone()),
            ("converted", ledger.converted.clone()),
            ("rejected", sum(ledger.rejected.values())),
            ("filtered", sum(ledger.filtered.values())),
        ];
        let mut rows = vec![["", "rows", "plays", "duration"].map(str::to_owned).to_vec()];
        rows.extend(parts.iter().map(|(name, amounts)| {
            vec![
                (*name).to_owned(),
                number(amounts.rows),
                amounts.plays.to_string(),
                duration(amounts.micros),
            ]
        }));
        let places = outcome.royalties.as_ref().map_or(0, |royalties| royalties.totals.payable.scale());
        add_sales(&parts, places, &mut rows);
        let numbers: Vec<usize> = (1..rows.first().map_or(1, Vec::len)).collect();
        out.push_str(&table(2, &numbers, &rows));
        let reasons = left_out(ledger).map(|(what, reason, rows)| {
            let name = diagnostics.counts().find(|(code, _)| code.id == reason);
            let name = name.map_or("", |(code, _)| code.name);
            vec![what.to_owned(), number(rows), format!("{reason} {name}").trim_end().to_owned()]
        });
        let reasons: Vec<Vec<String>> = reasons.collect();
        if let Some(royalties) = &outcome.royalties {
            out.push_str(&statements(&[("", &royalties.totals)]));
        }
        if !reasons.is_empty() {
            out.push_str("why\n");
            out.push_str(&table(2, &[1], &reasons));
        }
        if !loss.is_empty() {
            out.push_str("not carried over as it is\n");
            let entries: Vec<Vec<String>> = loss
                .iter()
                .map(|(change, subject, entry)| {
                    vec![subject.to_string(), change.name().into(), number(entry.count), entry.reason.clone()]
                })
                .collect();
            out.push_str(&table(2, &[2], &entries));
        }
        out.push_str(&self.ending().found());
        match (&outcome.refused, &outcome.written[..]) {
            (None, []) if self.dry_run => out.push_str("dry run: nothing was written\n"),
            (Some(_), _) | (None, []) => out.push_str("nothing was written\n"),
            (None, files) => {
                let tally = &outcome.tally;
                let counts = [
                    (tally.summaries, "summary record"),
                    (tally.blocks, "block"),
                    (tally.usages, "usage"),
                    (tally.lines, "line"),
                ];
                let counts: Vec<String> = counts
                    .into_iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, word)| counted(count, word))
                    .collect();
                let _ = writeln!(out, "written: {}", counts.join(", "));
                let slices: Vec<Vec<String>> = outcome
                    .slices
                    .iter()
                    .map(|slice| vec![slice.label.clone(), counted(slice.tally.blocks, "row")])
                    .collect();
                out.push_str(&table(2, &[1], &slices));
                out.push_str(&file_lines(files));
                if let Some(path) = self.quarantine.filter(|_| ledger.rejects() > 0) {
                    let _ = writeln!(
                        out,
                        "quarantined: {}\n  {}",
                        counted(ledger.rejects(), "row"),
                        one_line(&path.to_string_lossy())
                    );
                }
            }
        }
        if outcome.spilled > 0 {
            let _ = writeln!(out, "to disk on the way: {} bytes", number(outcome.spilled));
        }
        out
    }

    /// The summary as JSON.
    pub(super) fn object(&self, exit: Exit) -> Value {
        let Self { particulars, outcome, .. } = self;
        let outputs = outcome.written.iter().map(|file| {
            json!({"path": file.path.to_string_lossy(), "bytes": file.bytes, "uncompressed-bytes": file.uncompressed})
        });
        let mut object = json!({"summary": {
            "exit": exit.code(),
            "complete": outcome.refused.is_none(),
            "dry-run": self.dry_run,
            "source": particulars.source,
            "target": particulars.target,
            "period": particulars.period,
            "ledger": receipt::ledger(&outcome.report.ledger),
            "findings": receipt::counts(&outcome.report.diagnostics),
            "loss": receipt::loss(&outcome.report.loss),
            "outputs": outputs.collect::<Vec<_>>(),
            "slices": receipt::slices(outcome),
            "spilled-bytes": outcome.spilled,
        }});
        if let Some(royalties) = &outcome.royalties
            && let Some(summary) = object.get_mut("summary").and_then(Value::as_object_mut)
        {
            summary.insert("statement".into(), receipt::statement(&royalties.totals));
        }
        object
    }
}

/// Adds columns for returns and money, which only sales and statements have.
///
/// Royalties have the `places` of their statement.
fn add_sales(parts: &[(&str, Amounts)], places: u32, rows: &mut [Vec<String>]) {
    let mut add = |heading: &str, value: &dyn Fn(&Amounts) -> String| {
        let cells =
            std::iter::once(heading.to_owned()).chain(parts.iter().map(|(_, amounts)| value(amounts)));
        for (row, cell) in rows.iter_mut().zip(cells) {
            row.push(cell);
        }
    };
    if parts.iter().any(|(_, amounts)| !amounts.returns.is_zero()) {
        add("returns", &|amounts| amounts.returns.to_string());
    }
    let kinds: [(&str, fn(&Amounts) -> &BTreeMap<Box<str>, ExactSum>); 2] =
        [("paid", |amounts| &amounts.paid), ("royalties", |amounts| &amounts.royalties)];
    for (kind, sums) in kinds {
        let currencies: BTreeSet<&str> =
            parts.iter().flat_map(|(_, amounts)| sums(amounts).keys()).map(AsRef::as_ref).collect();
        for currency in currencies {
            add(&format!("{kind} {currency}"), &|amounts| {
                let sum = sums(amounts).get(currency).map_or_else(|| "0".to_owned(), ToString::to_string);
                if kind == "royalties" { with_places(sum, places as usize) } else { sum }
            });
        }
    }
}

/// Decimal text with at least so many places.
fn with_places(mut text: String, places: usize) -> String {
    let known = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if known < places {
        text.push_str(if known == 0 { "." } else { "" });
        text.extend(std::iter::repeat_n('0', places - known));
    }
    text
}

fn sum<'a>(parts: impl Iterator<Item = &'a Amounts>) -> Amounts {
    let mut sum = Amounts::default();
    for part in parts {
        // The ledger has added these before, so they cannot overflow.
        let _ = sum.add(part);
    }
    sum
}
