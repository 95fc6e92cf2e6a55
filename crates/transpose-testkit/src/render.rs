//! Lines for snapshots: everything that matters to a reader, nothing that differs from run to run.
//!
//! Control characters are shown as `→` (tab), `␍`, `␊` and `\xNN`, bytes that are not UTF-8 as
//! `\xNN` too.

use crate::canonical::{Canonical, EntityText, Unit};
use crate::run::ConversionOutcome;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use transpose_core::accounting::{Amounts, Ledger, Loss};
use transpose_core::diagnostics::{CellDiagnostic, Diagnostic, Diagnostics, Fatal};
use transpose_core::format::Tally;
use transpose_core::model::{Entity, Field, Value};
use transpose_engine::receipt::seconds;

/// Bytes as text in which nothing is invisible. Line ends are kept as such.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => out.push('→'),
                '\r' => out.push('␍'),
                '\n' => out.push('\n'),
                '\u{feff}' => out.push_str("\\u{feff}"),
                other if other.is_control() => out.extend(other.escape_default()),
                other => out.push(other),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A value on one line.
fn line(text: &str) -> String {
    bytes(text.as_bytes()).replace('\n', "␊")
}

fn value(value: &Value) -> String {
    match value {
        Value::One(text) => line(text),
        Value::Many(texts) => {
            format!("[{}]", texts.iter().map(|text| line(text)).collect::<Vec<_>>().join(" | "))
        }
    }
}

/// What a format makes of an input.
pub fn canonical(canonical: &Canonical) -> String {
    let mut out = String::new();
    let Canonical { preamble, units, rejects, trailers, diagnostics, tally } = canonical;
    if let Some(version) = &preamble.version {
        push(&mut out, 0, &format!("version {version}"));
    }
    push(&mut out, 0, &format!("body from line {}, byte {}", preamble.line, preamble.body));
    push(&mut out, 0, &tally_line(tally));
    if preamble.header != Entity::default() {
        push(&mut out, 0, format!("header {}", preamble.header.origin).trim_end());
        entity(&mut out, 1, &preamble.header, &BTreeMap::new());
    }
    for (number, context) in preamble.contexts.iter().enumerate() {
        push(&mut out, 0, format!("context {number} {}", context.origin).trim_end());
        entity(&mut out, 1, context, &BTreeMap::new());
    }
    let common = common(units);
    if !common.is_empty() {
        push(&mut out, 0, "every event");
        for (field, value) in &common {
            push(&mut out, 1, &format!("{field} = {value}"));
        }
    }
    for one in units {
        unit(&mut out, one, &common);
    }
    for (number, trailer) in trailers {
        push(&mut out, 0, format!("line {number} trailer {}", trailer.origin).trim_end());
        entity(&mut out, 1, trailer, &BTreeMap::new());
    }
    section(
        &mut out,
        "rejects",
        rejects.iter().map(|reject| {
            format!(
                "{} ({} bytes, plays {}, seconds {})",
                diagnostic(&reject.diagnostic),
                reject.len,
                reject.plays,
                seconds(i128::from(reject.micros))
            )
        }),
    );
    section(&mut out, "findings", diagnostics.iter().map(diagnostic));
    out
}

/// Values that all events share, so that they are shown once.
fn common(units: &[Unit]) -> BTreeMap<Field, String> {
    let mut events = units.iter().filter_map(|unit| match unit {
        Unit::Event { entity, .. } => Some(entity),
        Unit::Block { .. } => None,
    });
    let Some(first) = events.next().filter(|_| units.len() > 1) else { return BTreeMap::new() };
    let mut common: BTreeMap<Field, String> =
        first.iter().map(|(field, found)| (field, value(found))).collect();
    for event in events {
        common.retain(|field, text| event.value(*field).is_some_and(|found| value(found) == *text));
    }
    common
}

fn unit(out: &mut String, unit: &Unit, common: &BTreeMap<Field, String>) {
    match unit {
        Unit::Event { line, entity: values, cell_diagnostics } => {
            push(out, 0, &format!("line {line} event"));
            entity(out, 1, values, common);
            for cell_diagnostic in cell_diagnostics {
                push(out, 1, &cell_diagnostic_line(cell_diagnostic));
            }
        }
        Unit::Block { id, parts } => {
            push(out, 0, format!("block {}", id.as_deref().map_or_else(String::new, line)).trim_end());
            for (number, part) in parts.iter().enumerate() {
                self::part(out, number, part);
            }
        }
    }
}

fn part(out: &mut String, number: usize, part: &EntityText) {
    let mut head = format!("{number}: line {} {} {}", part.line, part.group.name(), part.entity.origin)
        .trim_end()
        .to_owned();
    if let Some(parent) = part.parent {
        let _ = write!(head, ", of {parent}");
    }
    if let Some(context) = part.context {
        let _ = write!(head, ", in context {context}");
    }
    push(out, 1, &head);
    entity(out, 2, &part.entity, &BTreeMap::new());
}

fn entity(out: &mut String, depth: usize, entity: &Entity, without: &BTreeMap<Field, String>) {
    for (field, found) in entity.iter().filter(|(field, _)| !without.contains_key(field)) {
        push(out, depth, &format!("{field} = {}", value(found)));
    }
    for (name, found) in &entity.extras {
        push(out, depth, &format!("extra {name} = {}", value(found)));
    }
}

fn cell_diagnostic_line(cell_diagnostic: &CellDiagnostic) -> String {
    let (number, name) = &cell_diagnostic.cell;
    let found = line(&String::from_utf8_lossy(&cell_diagnostic.value));
    format!(
        "{} {} cell {number} ({name}) {}: {}; found `{found}`",
        cell_diagnostic.code.severity.name(),
        cell_diagnostic.code.id,
        cell_diagnostic.field,
        cell_diagnostic.message
    )
}

/// One diagnostic on one line.
pub fn diagnostic(diagnostic: &Diagnostic) -> String {
    let mut out = format!(
        "{} {} {}: {}",
        diagnostic.code.severity.name(),
        diagnostic.code.id,
        diagnostic.location,
        diagnostic.message
    );
    if let Some(value) = &diagnostic.value {
        let _ = write!(out, "; found `{}`", line(value));
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(out, "; help: {help}");
    }
    out
}

/// How a conversion ended: files, diagnostics, loss and ledger.
pub fn ended(ended: &ConversionOutcome) -> String {
    let mut out = String::new();
    match &ended.outcome {
        Err(fatal) => fatal_lines(&mut out, "failed", fatal),
        Ok(outcome) => {
            match &outcome.refused {
                Some(fatal) => fatal_lines(&mut out, "refused", fatal),
                None => push(&mut out, 0, &format!("done, {}", tally_line(&outcome.tally))),
            }
            diagnostics(&mut out, &outcome.report.diagnostics);
            loss(&mut out, &outcome.report.loss);
            ledger(&mut out, &outcome.report.ledger);
        }
    }
    for (name, content) in &ended.files {
        file(&mut out, name, content);
    }
    if let Some(quarantine) = &ended.quarantine {
        file(&mut out, "quarantine", quarantine);
    }
    out
}

fn file(out: &mut String, name: &str, content: &[u8]) {
    push(out, 0, &format!("=== {name}, {} bytes", content.len()));
    out.push_str(&bytes(content));
    if !content.ends_with(b"\n") && !content.is_empty() {
        out.push_str("⟨no line end⟩\n");
    }
}

fn fatal_lines(out: &mut String, word: &str, fatal: &Fatal) {
    push(out, 0, &format!("{word}: {:?}", fatal.failure).to_lowercase());
    for found in &fatal.diagnostics {
        push(out, 1, &diagnostic(found));
    }
}

fn diagnostics(out: &mut String, diagnostics: &Diagnostics) {
    section(out, "findings", diagnostics.iter().map(diagnostic));
    section(
        out,
        "counts",
        diagnostics.counts().map(|(code, count)| format!("{} {} {count}", code.id, code.name)),
    );
}

fn loss(out: &mut String, loss: &Loss) {
    section(
        out,
        "loss",
        loss.iter().map(|(change, subject, entry)| {
            let mut text = format!("{} {subject} {}: {}", change.name(), entry.count, entry.reason);
            if !entry.lines.is_empty() {
                let lines: Vec<String> = entry.lines.iter().map(u64::to_string).collect();
                let _ = write!(text, "; first in lines {}", lines.join(", "));
            }
            text
        }),
    );
}

fn ledger(out: &mut String, ledger: &Ledger) {
    let one = |name: &str, amounts: &Amounts| {
        let mut text = format!(
            "{name}: rows {}, plays {}, seconds {}",
            amounts.rows,
            amounts.plays,
            seconds(amounts.micros)
        );
        for (currency, sum) in &amounts.money {
            let _ = write!(text, ", {currency} {sum}");
        }
        if !amounts.returns.is_zero() {
            let _ = write!(text, ", returns {}", amounts.returns);
        }
        for (currency, sum) in &amounts.paid {
            let _ = write!(text, ", paid {currency} {sum}");
        }
        for (currency, sum) in &amounts.royalties {
            let _ = write!(text, ", owed {currency} {sum}");
        }
        text
    };
    let parts = [("read", &ledger.read), ("converted", &ledger.converted), ("written", &ledger.written)];
    let mut lines: Vec<String> = parts.iter().map(|(name, amounts)| one(name, amounts)).collect();
    lines.extend(ledger.rejected.iter().map(|(code, amounts)| one(&format!("rejected {code}"), amounts)));
    lines.extend(ledger.filtered.iter().map(|(reason, amounts)| one(&format!("filtered {reason}"), amounts)));
    section(out, "ledger", lines.into_iter());
}

fn tally_line(tally: &Tally) -> String {
    format!(
        "lines {}, summaries {}, blocks {}, usages {}",
        tally.lines, tally.summaries, tally.blocks, tally.usages
    )
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        push(out, 0, title);
        lines.for_each(|line| push(out, 1, &line));
    }
}

fn push(out: &mut String, depth: usize, line: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_invisible() {
        assert_eq!(bytes(b"a\tb\r\nc\0\xff\xc3("), "a→b␍\nc\\u{0}\\xff\\xc3(");
        assert_eq!(line("a\nb"), "a␊b");
        assert_eq!(bytes("\u{feff}é".as_bytes()), "\\u{feff}é");
    }

    #[test]
    fn values_of_a_list_stay_apart() {
        assert_eq!(value(&Value::Many(vec!["a".into(), "".into(), "b\tc".into()])), "[a |  | b→c]");
    }

    #[test]
    fn file_without_final_line_end_is_marked() {
        let mut out = String::new();
        file(&mut out, "x", b"a");
        assert!(out.starts_with("=== x, 1 bytes\na"));
        assert_ne!(out, "=== x, 1 bytes\na\n");
    }
}
