//! The report as JSON Lines: one diagnostic a line, in the order of the files, and a summary last.

use super::{Counts, Report};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use transpose_core::diagnostics::Diagnostics;
use transpose_core::format::Tally;
use transpose_engine::receipt;

impl Report<'_> {
    /// The whole report.
    pub(super) fn json_lines(&self) -> String {
        let mut out = String::new();
        for diagnostic in self.diagnostics.iter() {
            let mut object = receipt::diagnostic(diagnostic);
            if let Some(severity) = object.get_mut("severity") {
                *severity = self.severity(diagnostic).name().into();
            }
            let _ = writeln!(out, "{object}");
        }
        let _ = writeln!(out, "{}", json!({"summary": self.summary_object()}));
        out
    }

    /// The summary: what was read, its diagnostics, the repairs.
    pub(super) fn summary_object(&self) -> Value {
        let messages: Vec<Value> = self
            .verdict
            .messages
            .iter()
            .map(|message| {
                let files: Vec<Value> = message
                    .files
                    .iter()
                    .map(|file| {
                        json!({
                            "source": self.name(file.input),
                            "format": self.format(file.input, file.version.as_deref()),
                            "number": file.part.map(|part| part.number),
                            "of": file.part.map(|part| part.of),
                            "holds": holds(&file.tally),
                            "rejected": file.rejects,
                        })
                    })
                    .collect();
                json!({
                    "message": message.id,
                    "complete": message.complete,
                    "holds": holds(&message.tally),
                    "files": files,
                })
            })
            .collect();
        let repair = self.repair.map(|repair| {
            let files = repair.written.iter().map(|file| {
                json!({"path": file.path.to_string_lossy(), "bytes": file.bytes, "uncompressed-bytes": file.uncompressed})
            });
            json!({
                "changes": repair.changes.counts().map(|(_, count)| count).sum::<u64>(),
                "left": self.severe(&repair.left),
                "findings-left": self.counts(&repair.left),
                "outputs": files.collect::<Vec<_>>(),
            })
        });
        json!({
            "exit": self.exit.code(),
            "found": self.severe(&self.verdict.diagnostics),
            "findings": self.counts(self.diagnostics),
            "messages": messages,
            "fixed": repair,
        })
    }

    fn severe(&self, diagnostics: &Diagnostics) -> Value {
        let counts = Counts::of(diagnostics, self.severities);
        json!({"errors": counts.errors, "warnings": counts.warnings, "notes": counts.notes})
    }

    /// The number of diagnostics of each code, and how many of them are listed.
    fn counts(&self, diagnostics: &Diagnostics) -> Value {
        let counts = diagnostics.counts().filter_map(|(code, count)| {
            let severity = self.severities.of(code)?.name();
            let listed = diagnostics.iter().filter(|diagnostic| diagnostic.code == code).count();
            let object = json!({"name": code.name, "severity": severity, "count": count, "listed": listed});
            Some((code.id.to_owned(), object))
        });
        Value::Object(counts.collect::<Map<_, _>>())
    }
}

fn holds(tally: &Tally) -> Value {
    json!({"lines": tally.lines, "summaries": tally.summaries, "blocks": tally.blocks, "usages": tally.usages})
}
