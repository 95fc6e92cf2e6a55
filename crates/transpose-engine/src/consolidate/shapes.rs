//! The two things that an item describes, and the columns of each.

use transpose_core::model::{Field, FieldSet, Group, Shape, Slot};

/// The two things that an item describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Release,
    Recording,
}

/// The columns of releases and recordings. How many tracks were sold is told of releases that were
/// sold as a whole.
pub(crate) struct Shapes {
    pub(crate) release: Shape,
    pub(crate) recording: Shape,
}

impl Shapes {
    /// Shapes for items of the given fields.
    pub(crate) fn new(item: FieldSet) -> Self {
        let shape = |groups: &[Group], group| Shape {
            record: "".into(),
            group,
            columns: item.iter().filter(|field| groups.contains(&field.group())).map(Slot::Field).collect(),
        };
        let mut release = shape(&[Group::Release], Group::Release);
        if item.contains(Field::TRACK_COUNT) {
            release.columns.push(Slot::Field(Field::TRACK_COUNT));
        }
        Self { release, recording: shape(&[Group::Recording, Group::Work], Group::Recording) }
    }

    /// The columns of one side.
    pub(crate) fn of(&self, side: Side) -> &Shape {
        match side {
            Side::Release => &self.release,
            Side::Recording => &self.recording,
        }
    }
}
