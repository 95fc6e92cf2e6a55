//! Every table that a case is converted to, as a workbook: each cell is that of the text, as a
//! reader finds it that shares no code with ours.

mod support;

use calamine::{Data, Reader, Xls, Xlsx};
use std::io::Cursor;
use support::{all, catalogue, registry};
use transpose_containers::write::Writer;
use transpose_core::format::Registry;
use transpose_testkit::{Case, ConversionOutcome, Settings, run};

/// The targets of a case that are tables and are written as the layout says, whose text can be read
/// without knowing more.
fn tables(registry: &Registry, case: &Case) -> Vec<String> {
    let own = std::iter::once(case.format.clone());
    let mut targets: Vec<String> = case.plan.to.iter().cloned().chain(own).collect();
    targets.retain(|target| {
        let format = registry.format(target);
        format.is_some_and(|format| format.manifest().traits.tabular && format.manifest().writes)
    });
    targets.sort();
    targets.dedup();
    // A text that a cell holds changes nothing about how cells are divided.
    if case.plan.set.keys().all(|key| key.starts_with("text.")) { targets } else { Vec::new() }
}

/// The one file that a run has written, if it has.
fn written(ended: &ConversionOutcome) -> Option<&(String, Vec<u8>)> {
    ended.files.first()
}

/// The cells of a text, whatever divides them: a comma, or what the lines hold most of. Tables with
/// tabs quote nothing.
fn text(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    let pieces = |mark: u8| bytes.split(|byte| *byte == mark).count();
    let delimiter = *b",;\t|".iter().max_by_key(|mark| pieces(**mark)).unwrap_or(&b',');
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter).quoting(delimiter != b'\t');
    if bytes.starts_with(b"^") {
        reader.quote(b'^');
    }
    let mut reader = reader.from_reader(bytes);
    let rows = reader.records().map(|row| row.map(|row| row.iter().map(str::to_owned).collect()));
    rows.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// Whether a table cannot be a workbook because it does not begin with its headings.
fn begins_otherwise(ended: &ConversionOutcome) -> bool {
    let fatal = match &ended.outcome {
        Err(fatal) => Some(fatal),
        Ok(outcome) => outcome.refused.as_ref(),
    };
    fatal.is_some_and(|fatal| fatal.diagnostics.iter().any(|diagnostic| diagnostic.code.id == "ENG0190"))
}

fn cells(workbook: Writer, bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    match workbook.name() {
        "xls" => first(Xls::new(Cursor::new(bytes)).map_err(|error| error.to_string())?),
        "xlsx" => first(Xlsx::new(Cursor::new(bytes)).map_err(|error| error.to_string())?),
        _ => Err("is not read here".into()),
    }
}

fn first<'a, R: Reader<Cursor<&'a [u8]>>>(mut book: R) -> Result<Vec<Vec<String>>, String> {
    let (_, range) = book.worksheets().into_iter().next().ok_or("there is no sheet")?;
    let cell = |cell: &Data| match cell {
        Data::Empty => Ok(String::new()),
        Data::String(text) => Ok(text.clone()),
        Data::Int(number) => Ok(number.to_string()),
        Data::Float(number) => Ok(number.to_string()),
        other => Err(format!("{other:?} is neither text nor number")),
    };
    range.rows().map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn every_table_is_the_same_as_a_workbook() {
    let (catalogue, registry) = (catalogue(), registry());
    all(&catalogue.cases, |case| {
        for to in tables(&registry, case) {
            let plain = run(&registry, case, &Settings::to(&to))?;
            for workbook in ["xls", "xlsx"].map(Writer::by_name).into_iter().flatten() {
                let place = format!("{case}: {to} as {}", workbook.name());
                let ended =
                    run(&registry, case, &Settings { container: Some(&*workbook), ..Settings::to(&to) })?;
                let Some((_, text_bytes)) = written(&plain) else {
                    let silent = written(&ended).is_none();
                    silent
                        .then_some(())
                        .ok_or_else(|| format!("{place}: is written, and as text it is not"))?;
                    continue;
                };
                let Some((name, bytes)) = written(&ended) else {
                    let refused = begins_otherwise(&ended).then_some(());
                    refused.ok_or_else(|| format!("{place}: is not written"))?;
                    continue;
                };
                if !name.ends_with(&format!(".{}", workbook.extension())) {
                    return Err(format!("{place}: is named {name}"));
                }
                let mut expected = text(text_bytes).map_err(|error| format!("{place}: {error}"))?;
                let mut found = cells(workbook, bytes).map_err(|error| format!("{place}: {error}"))?;
                let width = expected.iter().map(Vec::len).max().unwrap_or(0);
                for row in found.iter_mut().chain(&mut expected) {
                    row.resize(width, String::new());
                }
                if found != expected {
                    let pair = expected.iter().zip(&found).find(|(one, other)| one != other);
                    return Err(format!(
                        "{place}: {} rows became {}, first difference: {pair:#?}",
                        expected.len(),
                        found.len()
                    ));
                }
            }
        }
        Ok(())
    });
}

/// Each table that can be written is in this check at least once.
#[test]
fn every_table_has_a_case() {
    let (catalogue, registry) = (catalogue(), registry());
    let covered: Vec<String> = catalogue.cases.iter().flat_map(|case| tables(&registry, case)).collect();
    let missing: Vec<_> = registry
        .formats()
        .filter(|format| format.manifest().traits.tabular && format.manifest().writes)
        .map(|format| format.manifest().id.as_ref())
        .filter(|id| !covered.iter().any(|covered| covered == id))
        .collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
}
