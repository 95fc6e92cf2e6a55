//! A layout as a format.

use crate::heading::{folded, recognise};
use crate::layout::Layout;
use crate::read::SheetDecoder;
use crate::write::SheetEncoder;
use std::sync::Arc;
use transpose_core::diagnostic::Fatal;
use transpose_core::field::FieldSet;
use transpose_core::format::{Brief, Decode, Encode, Format, Head, Manifest, Probe, Recognition};
use transpose_core::option::OptionSpec;

/// The format that a [`Layout`] describes: built in, or given by a user.
#[derive(Clone, Debug)]
pub struct LayoutFormat {
    layout: Arc<Layout>,
}

impl LayoutFormat {
    /// Makes a format of a layout.
    pub fn new(layout: Layout) -> Self {
        Self { layout: Arc::new(layout) }
    }
}

impl Format for LayoutFormat {
    fn manifest(&self) -> &Manifest {
        self.layout.manifest()
    }

    fn options(&self) -> &'static [OptionSpec] {
        self.layout.options
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        recognise(&self.layout, probe)
    }

    fn reads(&self, _version: Option<&str>) -> FieldSet {
        if self.manifest().reads { self.layout.fields() } else { FieldSet::EMPTY }
    }

    fn writes(&self, _version: Option<&str>) -> FieldSet {
        if self.manifest().writes { self.layout.written() } else { FieldSet::EMPTY }
    }

    fn needs(&self, _version: Option<&str>) -> FieldSet {
        if self.manifest().writes { self.layout.required() } else { FieldSet::EMPTY }
    }

    fn personal(&self) -> FieldSet {
        self.layout.personal
    }

    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Box<dyn Decode>, Fatal> {
        Ok(Box::new(SheetDecoder::open(&self.layout, head, options)?))
    }

    fn create(&self, brief: &Brief<'_>) -> Result<Box<dyn Encode>, Fatal> {
        Ok(Box::new(SheetEncoder::create(&self.layout, brief)?))
    }

    fn is_table(&self) -> bool {
        true
    }

    fn record_names(&self) -> Vec<String> {
        self.layout.record_names()
    }

    fn explain(&self, topic: &str) -> Option<String> {
        let wanted = folded(topic);
        let named = |column: &&crate::layout::Column| {
            column.names.contains(&wanted) || column.field.is_some_and(|field| field.id() == topic)
        };
        let column = self.layout.columns.iter().find(named)?;
        let required = if column.required { ", required" } else { "" };
        let mut text = vec![format!("column `{}` of `{}`{required}", column.heading, self.manifest().id)];
        text.extend((!column.about.is_empty()).then(|| column.about.to_string()));
        text.extend(column.field.map(|field| format!("field `{field}`: {}", field.spec().about)));
        Some(text.join("\n"))
    }
}
