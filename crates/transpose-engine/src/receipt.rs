//! What a run has done, as JSON: for pipelines and for whoever has to answer for the report later.

use crate::run::Outcome;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use transpose_core::accounting::{Amounts, ExactSum, Ledger, Loss};
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal};
use transpose_core::terms::StatementTotals;
use transpose_io::{WrittenFile, sha256_file};

/// The version of the receipt's own layout.
pub const LAYOUT: u32 = 1;

/// What the command line knows of a run besides its outcome.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// The version of the program.
    pub program: String,
    /// The files that were read, in order, with what each was read as (`input`, `agreement`,
    /// `figures`).
    pub files: Vec<(&'static str, std::path::PathBuf)>,
    /// What the first of the files came in, in their order, where that was no plain text.
    pub containers: Vec<Option<String>>,
    /// The source format, with its version after `@` where it has one.
    pub source: String,
    /// The target format, with its version after `@` where it has one.
    pub target: String,
    /// The reporting period.
    pub period: Option<String>,
    /// The moment of the run.
    pub now: String,
}

/// The receipt of a run. Reads the files once more for their hashes.
pub fn receipt(particulars: &Particulars, outcome: &Outcome) -> Result<Value, Fatal> {
    let mut files = Vec::new();
    for (place, (role, path)) in particulars.files.iter().enumerate() {
        let mut file = file(role, path)?;
        if let (Some(Some(container)), Some(object)) =
            (particulars.containers.get(place), file.as_object_mut())
        {
            object.insert("container".into(), container.as_str().into());
        }
        files.push(file);
    }
    let mut value = self::outcome(outcome);
    if let Some(object) = value.as_object_mut() {
        let refused = outcome.refused.as_ref();
        let refused = refused.map(|fatal| fatal.diagnostics.iter().map(diagnostic).collect::<Vec<_>>());
        for (key, value) in [
            ("receipt", LAYOUT.into()),
            ("program", particulars.program.as_str().into()),
            ("created", particulars.now.as_str().into()),
            ("source", particulars.source.as_str().into()),
            ("target", particulars.target.as_str().into()),
            ("period", particulars.period.clone().into()),
            ("complete", outcome.refused.is_none().into()),
            ("inputs", files.into()),
            ("slices", slices(outcome)),
            ("refused", refused.into()),
        ] {
            object.insert(key.into(), value);
        }
    }
    Ok(value)
}

/// What a conversion wrote, accounted for, found and lost, as JSON.
pub fn outcome(outcome: &Outcome) -> Value {
    let mut value = json!({
        "outputs": outcome.written.iter().map(written).collect::<Vec<_>>(),
        "written": {
            "lines": outcome.tally.lines, "summaries": outcome.tally.summaries,
            "blocks": outcome.tally.blocks, "usages": outcome.tally.usages,
        },
        "ledger": ledger(&outcome.report.ledger),
        "findings": counts(&outcome.report.diagnostics),
        "loss": loss(&outcome.report.loss),
    });
    // Only messages have identifiers.
    let ids = [("message-id", &outcome.message_id), ("source-message-id", &outcome.source_message_id)];
    if let Some(object) = value.as_object_mut() {
        let known = ids.into_iter().filter_map(|(key, id)| Some((key, id.as_deref()?)));
        object.extend(known.map(|(key, id)| (key.to_owned(), id.into())));
        object.extend(
            outcome.royalties.iter().map(|royalties| ("statement".to_owned(), statement(&royalties.totals))),
        );
    }
    value
}

/// What a statement says of money, as JSON; amounts are text.
pub fn statement(totals: &StatementTotals) -> Value {
    let amounts = totals.amounts().into_iter().map(|(field, amount)| {
        let name = field.id().rsplit('.').next().unwrap_or_default();
        (name.to_owned(), Value::from(amount.to_string()))
    });
    std::iter::once(("currency".to_owned(), Value::from(&*totals.currency))).chain(amounts).collect()
}

/// A file that was written, as JSON.
pub fn written(written: &WrittenFile) -> Value {
    json!({
        "path": written.path.to_string_lossy(), "bytes": written.bytes,
        "uncompressed-bytes": written.uncompressed, "sha256": written.sha256,
    })
}

/// A file that was read, with the part that it plays and its hash, as JSON. Reads it once more.
pub fn file(role: &str, path: &Path) -> Result<Value, Fatal> {
    if path == Path::new("-") {
        return Ok(json!({"role": role, "path": "-", "bytes": null, "sha256": null}));
    }
    let sha256 = sha256_file(path).map_err(|error| crate::diagnostics::io(&error))?;
    let bytes = std::fs::metadata(path).ok().map(|metadata| metadata.len());
    Ok(json!({"role": role, "path": path.to_string_lossy(), "bytes": bytes, "sha256": sha256}))
}

/// What was written of each slice of time, as JSON; empty where rows were not routed to slices.
pub fn slices(outcome: &Outcome) -> Value {
    outcome.slices.iter().map(|slice| json!({"slice": slice.label, "rows": slice.tally.blocks})).collect()
}

/// The ledger as JSON; durations in seconds, all numbers that may have decimals as text.
pub fn ledger(ledger: &Ledger) -> Value {
    let by = |parts: &BTreeMap<&'static str, Amounts>| -> Value {
        Value::Object(
            parts.iter().map(|(key, value)| ((*key).to_string(), amounts(value))).collect::<Map<_, _>>(),
        )
    };
    json!({
        "read": amounts(&ledger.read),
        "converted": amounts(&ledger.converted),
        "rejected": by(&ledger.rejected),
        "filtered": by(&ledger.filtered),
        "written": amounts(&ledger.written),
    })
}

/// Amounts of a ledger as JSON.
pub fn amounts(amounts: &Amounts) -> Value {
    let sums = |sums: &BTreeMap<Box<str>, ExactSum>| -> Map<String, Value> {
        let texts = sums.iter().map(|(currency, sum)| (currency.to_string(), json!(sum.to_string())));
        texts.collect()
    };
    let mut value = json!({
        "rows": amounts.rows,
        "plays": amounts.plays.to_string(),
        "seconds": seconds(amounts.micros),
        "money": sums(&amounts.money),
    });
    // Only sales have the first two, only statements the last.
    if let Some(object) = value.as_object_mut() {
        if !amounts.returns.is_zero() {
            object.insert("returns".into(), json!(amounts.returns.to_string()));
        }
        if !amounts.paid.is_empty() {
            object.insert("paid".into(), sums(&amounts.paid).into());
        }
        if !amounts.royalties.is_empty() {
            object.insert("owed".into(), sums(&amounts.royalties).into());
        }
    }
    value
}

/// Microseconds as seconds in plain notation.
pub fn seconds(micros: i128) -> String {
    let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
    if part == 0 {
        return whole.to_string();
    }
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", whole.abs(), part.abs()).trim_end_matches('0').into()
}

/// How many diagnostics there are of each code, as JSON.
pub fn counts(diagnostics: &Diagnostics) -> Value {
    let counts = diagnostics.counts().map(|(code, count)| {
        (code.id.to_string(), json!({"name": code.name, "severity": code.severity.name(), "count": count}))
    });
    Value::Object(counts.collect())
}

/// A loss report as JSON.
pub fn loss(loss: &Loss) -> Value {
    let entries = loss.iter().map(|(change, subject, entry)| {
        json!({
            "change": change.name(), "field": subject.to_string(), "count": entry.count,
            "first-lines": entry.lines, "reason": entry.reason,
        })
    });
    Value::Array(entries.collect())
}

/// One diagnostic as JSON: the object of `--message-format json`.
pub fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let location = &diagnostic.location;
    json!({
        "code": diagnostic.code.id,
        "name": diagnostic.code.name,
        "severity": diagnostic.code.severity.name(),
        "source": location.source.as_deref(),
        "line": location.line,
        "byte": location.byte,
        "block": location.block.as_deref(),
        "record": location.record.as_deref(),
        "cell": location.cell.as_ref().map(|(number, _)| number),
        "cell-name": location.cell.as_ref().map(|(_, name)| name.as_ref()),
        "field": location.field.map(transpose_core::model::Field::id),
        "value": diagnostic.value.as_deref(),
        "message": diagnostic.message,
        "help": diagnostic.advice(),
    })
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn seconds_keep_their_fraction() {
        assert_eq!(seconds(30_000_000), "30");
        assert_eq!(seconds(1_500_000), "1.5");
        assert_eq!(seconds(-250_000), "-0.25");
        assert_eq!(seconds(0), "0");
    }
}
