//! The summary of a run with many outputs.

use super::outputs::PreparedOutput;
use crate::Program;
use crate::exit::Exit;
use crate::open;
use crate::summary::{Ending, file_lines, left_out, statements};
use crate::text::{counted, duration, number, table};
use serde_json::{Value, json};
use std::path::Path;
use transpose_core::accounting::Amounts;
use transpose_core::diagnostics::Fatal;
use transpose_deals::job::Job;
use transpose_engine::{RunOutcome, receipt};

/// The outcome of a run, and what else its summary mentions.
pub(super) struct Summary<'a> {
    pub(super) job: &'a Job,
    pub(super) prepared: &'a [PreparedOutput<'a>],
    pub(super) outcome: &'a RunOutcome,
    /// The format of the inputs, with its version if it has one.
    pub(super) source: String,
    /// The moment of the run.
    pub(super) now: String,
    pub(super) dry_run: bool,
}

impl Summary<'_> {
    /// How the run ended.
    pub(super) fn ending(&self) -> Ending<'_> {
        let outputs = self.outcome.outputs.iter().map(|outcome| &outcome.report);
        Ending {
            reports: std::iter::once(&self.outcome.report).chain(outputs).collect(),
            refused: self.outcome.refused.as_ref(),
        }
    }

    /// The summary as text.
    pub(super) fn text(&self) -> String {
        let run = self.outcome;
        let ledger = &run.report.ledger;
        let mut out = format!("{} to {}\n", self.source, counted(run.outputs.len() as u64, "report"));
        let head = ["set", "output", "rows", "plays", "duration", "payable", "files"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let row = |set: &str, name: &str, amounts: &Amounts, payable: String, files: usize| {
            vec![
                set.to_owned(),
                name.to_owned(),
                number(amounts.rows),
                amounts.moved().to_string(),
                duration(amounts.micros),
                payable,
                if files > 0 { number(files as u64) } else { String::new() },
            ]
        };
        for (place, set) in run.sets.iter().enumerate() {
            for (output, outcome) in self.job.outputs.iter().zip(&run.outputs) {
                if output.set == place {
                    let ledger = &outcome.report.ledger;
                    let payable = outcome.royalties.as_ref().map(|royalties| &royalties.totals);
                    let payable = payable.map(|totals| format!("{} {}", totals.payable, totals.currency));
                    let (payable, files) = (payable.unwrap_or_default(), outcome.written.len());
                    rows.push(row(&set.name, &output.name, &ledger.read, payable, files));
                }
            }
            if set.unrouted.rows > 0 {
                rows.push(row(&set.name, "(unrouted)", &set.unrouted, String::new(), 0));
            }
        }
        rows.push(row("", "routed", &ledger.converted, String::new(), 0));
        out.push_str(&table(2, &[2, 3, 4, 5, 6], &rows));
        let outputs = self.job.outputs.iter().zip(&run.outputs);
        let stated = outputs.clone().filter_map(|(output, outcome)| {
            Some((output.name.as_str(), &outcome.royalties.as_ref()?.totals))
        });
        out.push_str(&statements(&stated.collect::<Vec<_>>()));
        let outputs = outputs.map(|(output, outcome)| (output.name.as_str(), &outcome.report));
        let reports = std::iter::once(("inputs", &run.report)).chain(outputs);
        let reasons = reports.flat_map(|(name, report)| {
            left_out(&report.ledger).map(move |(what, reason, rows)| {
                vec![name.to_owned(), what.to_owned(), number(rows), reason.to_owned()]
            })
        });
        let reasons: Vec<Vec<String>> = reasons.collect();
        if !reasons.is_empty() {
            out.push_str("not converted\n");
            out.push_str(&table(2, &[2], &reasons));
        }
        out.push_str(&self.ending().found());
        if run.refused.is_some() {
            out.push_str("nothing was written\n");
        } else if self.dry_run {
            out.push_str("dry run: nothing was written\n");
        } else {
            out.push_str("each set balances with the inputs; written:\n");
            let reports = run.outputs.iter().flat_map(|outcome| &outcome.written);
            out.push_str(&file_lines(reports.chain(&run.companions)));
        }
        out
    }

    /// The summary as JSON, also for the receipt.
    pub(super) fn object(&self, exit: Exit) -> Value {
        let run = self.outcome;
        let outputs = self.job.outputs.iter().zip(self.prepared).zip(&run.outputs).map(
            |((output, prepared), outcome)| {
                let mut value = receipt::outcome(outcome);
                if let Some(object) = value.as_object_mut() {
                    object.insert("name".into(), output.name.as_str().into());
                    object.insert("set".into(), self.job.sets.get(output.set).cloned().into());
                    object.insert(
                        "target".into(),
                        open::target_name(prepared.format, prepared.version.as_deref()).into(),
                    );
                    object.insert("period".into(), prepared.period.map(|period| period.to_string()).into());
                }
                value
            },
        );
        let sets = run.sets.iter().map(|set| {
            json!({"set": set.name, "taken": receipt::amounts(&set.routed), "untaken": receipt::amounts(&set.unrouted)})
        });
        json!({
            "exit": exit.code(),
            "complete": run.refused.is_none(),
            "dry-run": self.dry_run,
            "source": self.source,
            "ledger": receipt::ledger(&run.report.ledger),
            "sets": sets.collect::<Vec<_>>(),
            "reports": outputs.collect::<Vec<_>>(),
            "beside": run.companions.iter().map(receipt::written).collect::<Vec<_>>(),
            "findings": receipt::counts(&run.report.diagnostics),
            "refused": run.refused.as_ref().map(|fatal| fatal.diagnostics.iter().map(receipt::diagnostic).collect::<Vec<_>>()),
        })
    }

    /// The receipt: the summary with the hashes of the files that were read, each with its role.
    pub(super) fn receipt(&self, program: Program, files: &[(&str, &Path)]) -> Result<Value, Fatal> {
        let mut value = self.object(self.ending().exit());
        if let Some(object) = value.as_object_mut() {
            object.insert("receipt".into(), receipt::LAYOUT.into());
            object.insert("program".into(), program.to_string().into());
            object.insert("created".into(), self.now.clone().into());
            let files = files.iter().map(|(role, path)| receipt::file(role.trim_start_matches("the "), path));
            object.insert("inputs".into(), files.collect::<Result<Vec<_>, _>>()?.into());
        }
        Ok(value)
    }
}
