//! Header and sales contexts: few of them, owned.

use crate::model::{Field, FieldSet, Group};
use std::collections::BTreeMap;

/// The value of one field, in the canonical notation of the field's kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// One value.
    One(Box<str>),
    /// Several values in order; an element may be empty to keep the order of paired fields
    /// (ARCH-16).
    Many(Vec<Box<str>>),
}

impl Value {
    /// The first or only value.
    pub fn first(&self) -> &str {
        match self {
            Self::One(text) => text,
            Self::Many(texts) => texts.first().map_or("", |text| text),
        }
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        };
        texts.iter().map(AsRef::as_ref)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::One(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::One(text.into())
    }
}

/// A header or a sales context: values by field, plus what only its own family understands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    /// The record or table it was read from, such as `SY02.04`; empty when it was made here.
    pub origin: Box<str>,
    values: BTreeMap<Field, Value>,
    /// Cells that the model has no field for, by their name in the family.
    pub extras: BTreeMap<Box<str>, Value>,
}

impl Entity {
    /// An entity without values that was read from the given record or table.
    pub fn from_record(origin: &str) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    /// The value of a field, if there is one.
    pub fn value(&self, field: Field) -> Option<&Value> {
        self.values.get(&field)
    }

    /// The first or only text of a field, if there is one.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.values.get(&field).map(Value::first)
    }

    /// Of a sales context the currency of prices: that of the transactions, where it is another
    /// than the currency of reporting.
    pub fn price_currency(&self) -> Option<&str> {
        self.text(Field::TRANSACTION_CURRENCY).or_else(|| self.text(Field::CURRENCY))
    }

    /// Sets a field.
    pub fn set(&mut self, field: Field, value: impl Into<Value>) {
        self.values.insert(field, value.into());
    }

    /// Sets a field that has no value yet.
    pub fn set_default(&mut self, field: Field, value: impl Into<Value>) {
        self.values.entry(field).or_insert_with(|| value.into());
    }

    /// Takes a field out.
    pub fn unset(&mut self, field: Field) {
        self.values.remove(&field);
    }

    /// The fields that have a value.
    pub fn fields(&self) -> FieldSet {
        self.values.keys().copied().collect()
    }

    /// Fields and values in the order of the table of fields.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.values.iter().map(|(field, value)| (*field, value))
    }

    /// Takes over every value of the other entity that this one lacks, for fields of the given
    /// group.
    pub fn fill_from(&mut self, other: &Self, group: Group) {
        for (field, value) in other.iter().filter(|(field, _)| field.group() == group) {
            self.set_default(field, value.clone());
        }
    }
}
