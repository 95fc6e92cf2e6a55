//! Numbers and sales contexts as auditors see them.

use crate::arithmetic::number::{Exact, SHOWN_PLACES, fraction_text, text};
use serde_json::{Map, Value, json};
use transpose_codes::decimal::MAX_DIGITS;
use transpose_core::model::{Entity, Field};

/// An exact amount: as a fraction, and as a decimal of at most 17 places.
pub(crate) fn amount(number: &Exact) -> Value {
    json!({ "fraction": fraction_text(number), "decimal": text(number, SHOWN_PLACES) })
}

/// A number as decimal text, with all the digits that one of an agreement or of figures may have.
pub(crate) fn plain(number: &Exact) -> String {
    text(number, MAX_DIGITS)
}

/// The fields by which auditors know a sales context.
pub(crate) fn site(context: &Entity) -> Map<String, Value> {
    let keys = [
        ("territory", Field::TERRITORY),
        ("tier", Field::SERVICE),
        ("commercial-model", Field::COMMERCIAL_MODEL),
        ("use-type", Field::USE_TYPE),
    ];
    keys.iter()
        .filter_map(|(key, field)| context.text(*field).map(|text| ((*key).to_owned(), json!(text))))
        .collect()
}

/// A part of a scope; fields that do not matter in the scope are absent.
pub(crate) fn area(key: &(String, String)) -> Map<String, Value> {
    let parts = [("territory", &key.0), ("tier", &key.1)];
    parts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| (key.to_owned(), json!(text)))
        .collect()
}

/// An object with further keys.
pub(crate) fn with(mut object: Map<String, Value>, further: Value) -> Value {
    if let Value::Object(further) = further {
        object.extend(further);
    }
    Value::Object(object)
}
