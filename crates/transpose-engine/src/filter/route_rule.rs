//! Which rows an output takes, of a run with many.

use transpose_core::model::{Entity, Field, Group};

/// Which rows an output takes: those for which every condition holds; without any, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteRule(pub Vec<Condition>);

/// What has to hold for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What the user calls it.
    pub name: String,
    /// The fields, of which the first that has a value counts.
    pub fields: Vec<Field>,
    /// The values that it may have; `*` is any, and the empty text is none at all.
    pub values: Vec<String>,
}

impl RouteRule {
    /// Whether rows of a sales context can be among those that it takes, as far as the context
    /// says.
    pub(crate) fn reaches(&self, context: &Entity) -> bool {
        let text = |field| context.text(field).map(str::to_owned);
        self.0
            .iter()
            .filter(|condition| condition.is_decided_by(context))
            .all(|condition| condition.holds(text))
    }

    /// Whether it takes every row of a sales context, so that none is left for the outputs behind
    /// it.
    pub(crate) fn takes_all_of(&self, context: &Entity) -> bool {
        self.0.iter().all(|condition| condition.is_decided_by(context)) && self.reaches(context)
    }
}

impl Condition {
    /// Whether the sales context alone says if it holds.
    fn is_decided_by(&self, context: &Entity) -> bool {
        self.fields.iter().all(|field| field.group() == Group::Context && context.value(*field).is_some())
    }

    /// Whether it holds for a row that has these values.
    pub(crate) fn holds(&self, value: impl Fn(Field) -> Option<String>) -> bool {
        let found = self.fields.iter().find_map(|field| value(*field).map(|found| (*field, found)));
        let is = |wanted: &String| match &found {
            Some((field, found)) => field.is_same_value(wanted, found) || wanted == "*" && !found.is_empty(),
            None => wanted.is_empty(),
        };
        self.values.iter().any(is)
    }
}
