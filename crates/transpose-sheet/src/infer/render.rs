//! The proposal: a layout as TOML, with what was found as comments.

use crate::diagnostics::WITHHELD;
use crate::infer::choose::{Choice, notation};
use crate::infer::dates::{DateReading, Notation, Precision};
use crate::infer::facts::{Facts, ROWS};
use crate::infer::lines::{dated, one_line, shown};
use crate::infer::numbers::{Mark, Negative};
use crate::infer::words::{Words, bracketed, fold};
use crate::infer::{
    Confidence, Guess, NO_ROWS, Proposal, SampleAnalysis, TOTALS_AMID, UNCLEAR_DATES, UNCLEAR_MARK, lines,
};
use crate::layout::QuoteWhen;
use std::collections::HashMap;
use std::fmt::Write as _;
use transpose_codes::Currency;
use transpose_core::diagnostics::{Diagnostic, is_unprintable};
use transpose_core::format::Grain;
use transpose_core::model::{Field, Kind};

/// How many values of a column are shown.
const EXAMPLES: usize = 3;

/// The encodings in which tables are written; text in any other is read only.
const ENCODINGS: [&str; 4] = ["utf-16le", "utf-16be", "windows-1252", "shift_jis"];

/// A key of the layout with its value, as TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl Key {
    pub(super) fn text(name: &'static str, value: &str) -> Self {
        Self { name, value: quoted(value) }
    }

    fn plain(name: &'static str, value: impl std::fmt::Display) -> Self {
        Self { name, value: value.to_string() }
    }
}

/// A text as TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\t' => out.push_str("\\t"),
            _ if is_unprintable(character) => {
                let _ = write!(out, "\\U{:08X}", character as u32);
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// Keys as an inline table.
pub(super) fn inline(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "{}".to_owned();
    }
    let pairs: Vec<String> = keys.iter().map(|key| format!("{} = {}", key.name, key.value)).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// The proposal for what was found.
pub(super) fn proposal(found: &SampleAnalysis<'_>, words: &Words, id: &str) -> Proposal {
    let mut diagnostics = notes(found);
    let (preface, header, more) = lines::preface(found, words);
    diagnostics.extend(more);
    let (trailer, more) = lines::trailer(found, words);
    diagnostics.extend(more);
    let mut codes = String::new();
    let mut columns = String::new();
    let mut guesses = Vec::new();
    let mut seen = HashMap::new();
    for column in 0..found.frame.width {
        let (guess, more) = self::column(found, words, column, &mut seen, (&mut columns, &mut codes));
        guesses.push(guess);
        diagnostics.extend(more);
    }
    let table = facts_of_table(found);
    let mut toml = String::new();
    head(found, id, &table, &mut toml);
    table_keys(found, &mut toml);
    constants(found, &header, &mut toml);
    toml.push_str(&codes);
    lines::render("before", &preface, &mut toml);
    toml.push_str(&columns);
    lines::render("after", &trailer, &mut toml);
    Proposal { toml, columns: guesses, table, rows: found.frame.rows.len() as u64, diagnostics }
}

/// What has to be looked at, whatever the columns hold.
fn notes(found: &SampleAnalysis<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    if found.frame.rows.is_empty() {
        diagnostics.push(found.diagnostic(
            &NO_ROWS,
            found.frame.heading,
            "there are no rows below the headings".into(),
        ));
    }
    if let [first, ..] = found.frame.among[..] {
        let count = found.frame.among.len();
        let message = format!(
            "{count} or more lines amid the rows look like totals, here `{}`",
            shown(&found.grid.whole(first, 0))
        );
        diagnostics.push(found.diagnostic(&TOTALS_AMID, Some(first), message));
    }
    diagnostics
}

/// What the table is like, in words.
fn facts_of_table(found: &SampleAnalysis<'_>) -> Vec<(&'static str, String)> {
    let frame = &found.frame;
    let dialect = found.grid.dialect;
    let mut table = Vec::new();
    let rows = frame.rows.len();
    let of = if found.grid.cut { "the first ".to_owned() } else { String::new() };
    let looked =
        if rows > ROWS { format!("; columns are decided by the first {ROWS}") } else { String::new() };
    table.push(("rows", format!("{of}{rows}, {} columns{looked}", frame.width)));
    match found.sample.container {
        Some(container) => table.push(("comes as", container.to_owned())),
        None => table.push((
            "encoding",
            if dialect.bom { "UTF-8 with a byte order mark" } else { "UTF-8" }.to_owned(),
        )),
    }
    let between = match dialect.delimiter {
        b'\t' => "tab".to_owned(),
        byte => format!("`{}`", char::from(byte)),
    };
    table.push(("between cells", between));
    let quote = match (dialect.quote, dialect.when) {
        (None, _) => "none".to_owned(),
        (Some(quote), QuoteWhen::Needed) => format!("`{}` where needed", char::from(quote)),
        (Some(quote), QuoteWhen::Text) => format!("`{}` around text", char::from(quote)),
        (Some(quote), QuoteWhen::All) => format!("`{}` around every cell", char::from(quote)),
    };
    table.push(("quotes", quote));
    let heading = frame.heading.map_or("none".to_owned(), |row| format!("in line {}", found.grid.line(row)));
    table.push(("headings", heading));
    if !frame.preface.is_empty() {
        table.push(("preface lines", frame.preface.len().to_string()));
    }
    if !frame.trailer.is_empty() {
        table.push(("trailer lines", frame.trailer.len().to_string()));
    }
    let stands = match found.grain {
        Grain::Event => "a play or sale",
        Grain::Aggregate => "a usage",
        Grain::Catalogue => "what something is",
    };
    table.push(("a row is", stands.to_owned()));
    table
}

/// The keys before the first table.
fn head(found: &SampleAnalysis<'_>, id: &str, table: &[(&str, String)], out: &mut String) {
    let name = found.sample.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let _ = writeln!(out, "# Proposed by `transpose layout infer` from `{}`.", shown(name));
    for (what, text) in table {
        let _ = writeln!(out, "#   {what}: {text}");
    }
    let last = id.rsplit('.').next().unwrap_or(id);
    let mut letters = last.chars();
    let title: String =
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let (grain, directions) = match found.grain {
        Grain::Event => ("event", "[\"read\", \"write\"]"),
        Grain::Aggregate => ("aggregate", "[\"read\", \"write\"]"),
        Grain::Catalogue => ("catalogue", "[\"read\"]"),
    };
    let _ = write!(
        out,
        "#
# Each guess says how sure it is: certain, likely or guess. Lines with CHECK need a decision.
# A column without `field` is carried along and means nothing. Then: transpose layout check THIS-FILE SAMPLE

id = {}
title = {}
directions = {directions}
grain = \"{grain}\"  # {}
reference = {}
confidence = \"low, inferred from one sample\"
",
        quoted(id),
        quoted(&title.replace('-', " ")),
        match found.grain {
            Grain::Event => "a row is a play or sale",
            Grain::Aggregate => "a row is a usage",
            Grain::Catalogue => "a row says what something is",
        },
        quoted(&format!("sample {name}")),
    );
}

fn table_keys(found: &SampleAnalysis<'_>, out: &mut String) {
    let dialect = found.grid.dialect;
    let mut keys = vec![Key::text("container", "csv")];
    let text =
        found.sample.container.is_none_or(|container| container.contains('-') || container == "shift_jis");
    if text {
        if dialect.delimiter != b',' {
            keys.push(Key::text("delimiter", char::from(dialect.delimiter).encode_utf8(&mut [0; 4])));
        }
        match dialect.quote {
            None => keys.push(Key::text("quote", "none")),
            Some(b'"') => {}
            Some(quote) => keys.push(Key::text("quote", char::from(quote).encode_utf8(&mut [0; 4]))),
        }
        match dialect.when {
            QuoteWhen::Needed => {}
            QuoteWhen::Text => keys.push(Key::text("quote-when", "text")),
            QuoteWhen::All => keys.push(Key::text("quote-when", "all")),
        }
        keys.push(Key::text("line-end", if dialect.crlf { "crlf" } else { "lf" }));
        if dialect.bom {
            keys.push(Key::plain("bom", true));
        }
        if let Some(encoding) = found.sample.container.filter(|encoding| ENCODINGS.contains(encoding)) {
            keys.push(Key::text("encoding", encoding));
        }
    }
    if found.frame.heading.is_none() {
        keys.push(Key::text("heading", "none"));
    }
    let negative = found
        .column_of(Field::QUANTITY)
        .and_then(|column| found.facts.get(column))
        .is_some_and(|facts| facts.numbers.negatives > 0);
    if negative {
        keys.push(Key::text("returns", "rows"));
    }
    out.push_str("\n[table]\n");
    for key in keys {
        let _ = writeln!(out, "{} = {}", key.name, key.value);
    }
}

/// What no column reports: the currency, which may be in the heading of the amounts.
fn constants(found: &SampleAnalysis<'_>, header: &[Field], out: &mut String) {
    let amounts = [Field::AMOUNT, Field::GROSS_AMOUNT, Field::RATE, Field::PRICE];
    let columns: Vec<usize> = amounts.into_iter().filter_map(|field| found.column_of(field)).collect();
    if columns.is_empty() || found.column_of(Field::CURRENCY).is_some() || header.contains(&Field::CURRENCY) {
        return;
    }
    let stated = columns.iter().find_map(|column| {
        let heading = found.headings.get(*column)?;
        let word = bracketed(heading).or_else(|| heading.rsplit([' ', '_', '-']).next())?;
        Currency::parse(word.trim())
            .ok()
            .filter(|parsed| !parsed.normalised)
            .map(|parsed| (parsed.code, heading))
    });
    out.push_str("\n[constants]\n");
    let _ = match stated {
        Some((currency, heading)) => writeln!(
            out,
            "\"context.currency\" = \"{}\"  # likely: the heading {} names it",
            currency.code(),
            quoted(heading)
        ),
        None => writeln!(
            out,
            "# CHECK: nothing in the sample names the currency of its amounts.\n# \"context.currency\" = \"EUR\""
        ),
    };
}

/// A column as TOML, and what was found about it.
fn column(
    found: &SampleAnalysis<'_>,
    words: &Words,
    column: usize,
    seen: &mut HashMap<String, usize>,
    (out, codes): (&mut String, &mut String),
) -> (Guess, Vec<Diagnostic>) {
    let heading = found.headings.get(column).cloned().unwrap_or_default();
    let empty = Facts::default();
    let facts = found.facts.get(column).unwrap_or(&empty);
    let is_personal =
        found.choices.get(column).and_then(Option::as_ref).is_some_and(|choice| choice.field.is_personal());
    let examples: Vec<String> = if is_personal {
        vec![WITHHELD.to_owned()]
    } else {
        facts.first.iter().take(EXAMPLES).map(|text| shown(text)).collect()
    };
    let mut guess =
        Guess { heading: heading.clone(), field: None, confidence: None, reasons: Vec::new(), examples };
    let mut diagnostics = Vec::new();
    let folded = crate::layout::folded(&heading);
    let first = *seen.entry(folded.clone()).or_insert(column);
    let twin = (first != column).then_some(first);
    if found.frame.heading.is_some() && (folded.is_empty() || twin.is_some()) {
        // A layout finds columns by their headings.
        let why = twin.map_or("it has no heading".to_owned(), |twin| {
            format!("its heading is that of column {}", twin + 1)
        });
        let _ = writeln!(out, "\n# Column {} is left out: {why}.", column + 1);
        guess.reasons.push(format!("left out: {why}"));
        return (guess, diagnostics);
    }
    out.push_str("\n[[column]]\n");
    if found.frame.heading.is_some() {
        let _ = writeln!(out, "heading = {}", quoted(&heading));
    } else {
        let _ = writeln!(out, "# column {}", column + 1);
    }
    let such = if guess.examples.is_empty() {
        "always empty".to_owned()
    } else {
        format!("such as `{}`", guess.examples.join("`, `"))
    };
    let Some(Some(choice)) = found.choices.get(column) else {
        let _ = writeln!(out, "# no field: {such}");
        return (guess, diagnostics);
    };
    if let Some((one, two)) = unclear(found, facts, choice.field) {
        let message = format!("the dates of {} may be {} or {}", found.called(column), one.0, two.0);
        diagnostics.push(found.diagnostic(&UNCLEAR_DATES, Some(found.frame.rows.start), message));
        let _ = writeln!(
            out,
            "# CHECK: {} or {}? Every date fits both, {such}. Choose one:\n# field = \"{}\"\n# format = \"{}\"",
            one.0, two.0, choice.field, one.0
        );
        guess.reasons.push(format!("CHECK: `{}` or `{}` for {}?", one.0, two.0, choice.field));
        return (guess, diagnostics);
    }
    if let Some(Mark::Unclear(mark)) = facts.numbers.mark().filter(|_| choice.field.kind() == Kind::Decimal) {
        let message = format!("`{mark}` in {} may separate decimals or thousands", found.called(column));
        diagnostics.push(found.diagnostic(&UNCLEAR_MARK, Some(found.frame.rows.start), message));
    }
    let mut choice = choice.clone();
    let dated = matches!(choice.field.kind(), Kind::Date | Kind::DateTime);
    if dated && matches!(facts.written(), Some(DateReading::Either(..))) {
        choice.confidence = choice.confidence.min(Confidence::Likely);
        choice.reasons.push("other dates show the order of day and month".to_owned());
    }
    guess.field = Some(choice.field);
    guess.confidence = Some(choice.confidence);
    guess.reasons.clone_from(&choice.reasons);
    let _ = writeln!(out, "field = \"{}\"  # {}", choice.field, said(&choice));
    for key in style(found, column, choice.field) {
        let _ = writeln!(out, "{} = {}", key.name, key.value);
    }
    if choice.field.kind() == Kind::Vocabulary {
        coded(words, facts, choice.field, out, codes);
    }
    if choice.field == Field::QUANTITY && facts.filled == facts.rows && facts.rows > 0 {
        out.push_str("required = true\n");
    }
    (guess, diagnostics)
}

fn said(choice: &Choice) -> String {
    let check = if choice.confidence == Confidence::Guess { "CHECK: " } else { "" };
    format!("{check}{}: {}", choice.confidence.name(), one_line(&choice.reasons.join("; ")))
}

/// Two notations of the dates of a column of which nothing reports the right one.
fn unclear(found: &SampleAnalysis<'_>, facts: &Facts, field: Field) -> Option<(Notation, Notation)> {
    if !matches!(field.kind(), Kind::Date | Kind::DateTime) {
        return None;
    }
    notation(facts.written()?, &found.notations).err()
}

/// How the cells of a column are written, as keys; those that say what is usual are left out.
pub(super) fn style(found: &SampleAnalysis<'_>, column: usize, field: Field) -> Vec<Key> {
    let Some(facts) = found.facts.get(column) else { return Vec::new() };
    let mut keys = Vec::new();
    match field.kind() {
        Kind::Territory if !facts.most(facts.territories) && facts.territory_names > 0 => {
            keys.push(Key::text("kind", "territory-name"));
        }
        Kind::Date => {
            if let Some(Ok(notation)) = facts.written().map(|written| notation(written, &found.notations)) {
                keys.extend(dated(notation));
            }
        }
        Kind::DateTime => match facts.written().map(|written| notation(written, &found.notations)) {
            Some(Ok((format, Precision::Moment))) => keys.push(Key::text("format", format)),
            Some(Ok(_)) => keys.push(Key::text("kind", "date-or-timestamp")),
            _ => {}
        },
        Kind::Duration if facts.nearly_all(facts.iso_durations) => keys.push(Key::text("kind", "duration")),
        Kind::Duration if facts.nearly_all(facts.clocks) => {
            let hours = facts.first.iter().any(|text| text.matches(':').count() > 1);
            keys.push(Key::text("kind", "duration"));
            keys.push(Key::text("format", if hours { "%H:%M:%S" } else { "%M:%S" }));
        }
        Kind::Duration => keys.push(Key::text("kind", "seconds")),
        Kind::Iswc | Kind::Vocabulary => keys.push(Key::text("kind", "word")),
        Kind::Decimal | Kind::Integer => keys.extend(number(facts, field)),
        _ => {}
    }
    keys
}

/// How the numbers of a column are written.
fn number(facts: &Facts, field: Field) -> Vec<Key> {
    let numbers = &facts.numbers;
    let mut keys = Vec::new();
    if field == Field::SHARE {
        let parts = numbers.percents == 0
            && facts.first.iter().all(|text| {
                matches!(text.as_bytes(), [b'0'..=b'1'] | [b'0'..=b'1', b'.' | b',', ..] | [b'.' | b',', ..])
            });
        keys.push(Key::text("kind", if parts { "fraction" } else { "percent" }));
    }
    match numbers.mark() {
        Some(Mark::Comma | Mark::Unclear(',')) => keys.push(Key::text("decimals", "comma")),
        Some(Mark::Both) => keys.push(Key::text("decimals", "either")),
        _ => {}
    }
    keys.extend(numbers.places().map(|places| Key::plain("places", places)));
    if numbers.bare > 0 && numbers.zeros == 0 {
        keys.push(Key::plain("leading-zero", false));
    }
    keys.extend(numbers.grouping.map(|grouping| Key::text("grouping", grouping.encode_utf8(&mut [0; 4]))));
    match numbers.sign {
        Some(Negative::Trailing) => keys.push(Key::text("sign", "trailing")),
        Some(Negative::Parentheses) => keys.push(Key::text("sign", "parentheses")),
        _ => {}
    }
    keys
}

/// Words of a column that the model has others for, as a table of codes.
fn coded(words: &Words, facts: &Facts, field: Field, out: &mut String, codes: &mut String) {
    if field != Field::USE_TYPE || facts.values.is_empty() {
        return;
    }
    let known: Vec<(&String, &str)> =
        facts.values.keys().filter_map(|word| words.use_type(word).map(|value| (word, value))).collect();
    if known.is_empty() || known.iter().all(|(word, value)| fold(word) == fold(value)) {
        return;
    }
    out.push_str("codes = \"use-type\"\nother = \"keep\"\n");
    codes.push_str("\n# What the file says = what the model says.\n[codes.use-type]\n");
    for (word, value) in known {
        let _ = writeln!(codes, "{} = \"{value}\"", quoted(word));
    }
}
