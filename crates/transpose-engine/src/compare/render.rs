//! A difference as a line of CSV or JSON.

use super::{Class, Form, MatchedBy, Row, Shape};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use transpose_codes::duration::Duration;
use transpose_codes::time::Timestamp;
use transpose_core::model::Field;
use transpose_text::quoting::write_cell;

/// One difference: a row, and the other one where there is one. Of a repeated row the other is the
/// first of its file.
#[derive(Clone, Copy)]
pub(super) struct Difference<'a> {
    pub(super) class: Class,
    pub(super) matched: MatchedBy,
    pub(super) row: &'a Row<'a>,
    pub(super) other: Option<&'a Row<'a>>,
    /// Which of the compared fields differ, a bit for each column.
    pub(super) fields: u64,
}

/// Writes the line of headings, where the form has one.
pub(super) fn head(shape: &Shape, out: &mut Vec<u8>) {
    if shape.form != Form::Csv {
        return;
    }
    out.extend_from_slice(b"class,matched-by,file,line,other-file,other-line,fields");
    for (_, field) in shape.shown() {
        let _ = write!(out, ",{field},other {field}");
    }
    out.extend_from_slice(b"\n");
}

/// Writes a difference as a line.
pub(super) fn line(difference: &Difference<'_>, shape: &Shape, out: &mut Vec<u8>) {
    match shape.form {
        Form::Csv => csv(difference, shape, out),
        Form::Json => json_line(difference, shape, out),
    }
}

fn csv(difference: &Difference<'_>, shape: &Shape, out: &mut Vec<u8>) {
    let sides = [Some(difference.row), difference.other];
    let _ = write!(out, "{},{},", difference.class.name(), difference.matched.name());
    for side in sides {
        if let Some(row) = side {
            write_cell(shape.source(row).as_bytes(), b',', b'"', out);
            let _ = write!(out, ",{}", row.place.line());
        } else {
            out.push(b',');
        }
        out.push(b',');
    }
    let names: Vec<&str> = shape.differing(difference.fields).map(Field::id).collect();
    out.extend_from_slice(names.join(" ").as_bytes());
    let mut text = Vec::new();
    for (column, field) in shape.shown() {
        for side in sides {
            out.push(b',');
            text.clear();
            if side.is_some_and(|row| value(row, column, field, shape, &mut text)) {
                write_cell(&text, b',', b'"', out);
            }
        }
    }
    out.push(b'\n');
}

fn json_line(difference: &Difference<'_>, shape: &Shape, out: &mut Vec<u8>) {
    let side = |row: &Row<'_>| {
        let mut object = Map::new();
        object.insert("file".into(), json!(shape.source(row)));
        object.insert("line".into(), json!(row.place.line()));
        let mut text = Vec::new();
        for (column, field) in shape.shown() {
            text.clear();
            if value(row, column, field, shape, &mut text) {
                object.insert(field.id().into(), json!(String::from_utf8_lossy(&text)));
            }
        }
        Value::Object(object)
    };
    let names: Vec<&str> = shape.differing(difference.fields).map(Field::id).collect();
    let line = json!({
        "class": difference.class.name(), "matched-by": difference.matched.name(), "fields": names,
        "row": side(difference.row), "other": difference.other.map(side),
    });
    let _ = writeln!(out, "{line}");
}

/// The value of a field in a row; `false` where there is none.
fn value(row: &Row<'_>, column: usize, field: Field, shape: &Shape, out: &mut Vec<u8>) -> bool {
    if !shape.has(row.place.input(), field) {
        return false;
    }
    match field {
        Field::EVENT_TIME => Timestamp::utc(row.time).write_rfc3339(out),
        Field::EVENT_DURATION => Duration::from_micros(row.micros).write_iso(out),
        _ => match row.cell(column) {
            Some(text) => out.extend_from_slice(text),
            None => return false,
        },
    }
    true
}
