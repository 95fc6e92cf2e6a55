//! A layout as a format.

use crate::diagnostics;
use crate::fixed_width::Widths;
use crate::layout::head::Head as LayoutHead;
use crate::layout::names::LayoutNames;
use crate::layout::{Layout, folded, options};
use crate::read::events::EventTableDecoder;
use crate::read::recognise::recognise;
use crate::read::usages::UsageTableDecoder;
use crate::write::events::EventRows;
use crate::write::table::TableEncoder;
use crate::write::usages::UsageRows;
use std::sync::{Arc, OnceLock};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{
    Created, EncodeRequest, Format, Framing, Grain, Head, Manifest, Opened, OptionSpec, Probe, Recognition,
};
use transpose_core::model::{Field, FieldSet};

/// The format that a [`Layout`] describes: built in, or given by a user.
///
/// A built-in layout is parsed when it is needed first: there are dozens of them, and a run uses
/// one or two.
#[derive(Clone, Debug)]
pub struct LayoutFormat {
    manifest: Manifest,
    built_in: Option<BuiltIn>,
    /// None of a built-in layout that is broken, which is a bug of the build.
    layout: OnceLock<Option<Arc<Layout>>>,
    /// The layout of the text that lines of fixed width become.
    delimited: OnceLock<Option<Arc<Layout>>>,
}

/// A layout that is part of the program.
#[derive(Clone, Debug)]
struct BuiltIn {
    /// What messages call it.
    name: &'static str,
    text: &'static str,
    head: LayoutHead,
    names: OnceLock<LayoutNames>,
}

impl BuiltIn {
    /// Whether a file may be of the layout.
    fn may_be(&self, probe: &Probe<'_>) -> bool {
        self.names.get_or_init(|| LayoutNames::read(self.text)).may_be(&self.head, probe)
    }
}

impl LayoutFormat {
    /// Makes a format of a layout.
    pub fn new(layout: Layout) -> Self {
        let manifest = layout.manifest().clone();
        let layout = OnceLock::from(Some(Arc::new(layout)));
        Self { manifest, built_in: None, layout, delimited: OnceLock::new() }
    }

    /// Makes a format of the text of a layout that is part of the program; `name` is what messages
    /// call it. Only its head is parsed now.
    pub fn built_in(name: &'static str, text: &'static str) -> Result<Self, Fatal> {
        let head = LayoutHead::parse(name, text)?;
        Ok(Self {
            manifest: head.manifest(),
            built_in: Some(BuiltIn { name, text, head, names: OnceLock::new() }),
            layout: OnceLock::new(),
            delimited: OnceLock::new(),
        })
    }

    fn layout(&self) -> Option<&Arc<Layout>> {
        let parse = || {
            let BuiltIn { name, text, head, .. } = self.built_in.as_ref()?;
            let layout = Layout::parse(name, text).ok()?;
            debug_assert!(head.is_of(&layout), "`[table]` of {name} stands before the first column");
            Some(Arc::new(layout))
        };
        self.layout.get_or_init(parse).as_ref()
    }

    /// The head of a built-in layout that was not needed so far.
    fn unparsed(&self) -> Option<&BuiltIn> {
        self.built_in.as_ref().filter(|_| self.layout.get().is_none())
    }

    /// The layout of what is read: its own, or that of the text which lines of fixed width become.
    fn as_read(&self) -> Option<&Arc<Layout>> {
        let layout = self.layout()?;
        let delimited = || layout.fixed.is_some().then(|| Arc::new(layout.as_delimited()));
        Some(self.delimited.get_or_init(delimited).as_ref().unwrap_or(layout))
    }

    /// The layout, or why it is broken.
    fn sound(&self) -> Result<&Arc<Layout>, Fatal> {
        self.layout().ok_or_else(|| {
            let again = self.built_in.as_ref().map(|BuiltIn { name, text, .. }| Layout::parse(name, text));
            again.and_then(Result::err).unwrap_or_else(|| {
                let message = "the layout is broken";
                Fatal::usage(Diagnostic::new(&diagnostics::BAD_LAYOUT, Location::default(), message))
            })
        })
    }

    fn fields(&self, direction: bool, fields: impl Fn(&Layout) -> FieldSet) -> FieldSet {
        self.layout().filter(|_| direction).map_or(FieldSet::EMPTY, |layout| fields(layout))
    }
}

impl Format for LayoutFormat {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn options(&self) -> &'static [OptionSpec] {
        self.layout().map_or(options::SPECS, |layout| layout.options)
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        if self.unparsed().is_some_and(|unparsed| !unparsed.may_be(probe)) {
            return Recognition::No;
        }
        let as_read = self.as_read().map_or(Recognition::No, |layout| recognise(layout, probe));
        let fixed = self.layout().and_then(|layout| layout.fixed.as_ref());
        fixed.map_or(Recognition::No, |fixed| fixed.recognise(probe)).max(as_read)
    }

    fn reads(&self, _version: Option<&str>) -> FieldSet {
        self.fields(self.manifest.reads, Layout::fields)
    }

    fn writes(&self, _version: Option<&str>) -> FieldSet {
        self.fields(self.manifest.writes, Layout::written)
    }

    fn needs(&self, _version: Option<&str>) -> FieldSet {
        self.fields(self.manifest.writes, Layout::required)
    }

    fn personal(&self) -> FieldSet {
        self.fields(true, |layout| layout.personal)
    }

    fn framing(&self, probe: &Probe<'_>) -> Option<Arc<dyn Framing>> {
        if self.unparsed().is_some_and(|unparsed| !unparsed.head.is_fixed()) {
            return None;
        }
        let fixed = self.layout()?.fixed.as_ref()?;
        // What was cut and put aside comes back as the text that it was cut into.
        let cut = recognise(self.as_read()?, probe) != Recognition::No;
        (!cut).then(|| Arc::new(Widths(Arc::clone(fixed))) as Arc<dyn Framing>)
    }

    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Opened, Fatal> {
        let sound = self.sound()?;
        let layout = self.as_read().unwrap_or(sound);
        if layout.manifest.grain == Grain::Aggregate {
            return Ok(Opened::Blocks(Box::new(UsageTableDecoder::open(layout, head, options)?)));
        }
        Ok(Opened::Events(Box::new(EventTableDecoder::open(layout, head, options)?)))
    }

    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        let layout = self.sound()?;
        if layout.manifest.grain == Grain::Aggregate {
            return Ok(Created::Blocks(Box::new(TableEncoder::<UsageRows>::create(layout, request)?)));
        }
        Ok(Created::Events(Box::new(TableEncoder::<EventRows>::create(layout, request)?)))
    }

    fn record_names(&self) -> Vec<String> {
        // Every layout is asked at the start of every run.
        if self.unparsed().is_some_and(|unparsed| !unparsed.head.has_records()) {
            return Vec::new();
        }
        self.layout().map_or_else(Vec::new, |layout| layout.record_names())
    }

    fn headings(&self) -> Vec<(String, Field)> {
        self.layout().map_or_else(Vec::new, |layout| layout.names())
    }

    fn explain(&self, topic: &str) -> Option<String> {
        let wanted = folded(topic);
        let named = |column: &&crate::layout::Column| {
            column.names.contains(&wanted) || column.field.is_some_and(|field| field.id() == topic)
        };
        let column = self.layout()?.columns.iter().find(named)?;
        let required = if column.required { ", required" } else { "" };
        let mut text = vec![format!("column `{}` of `{}`{required}", column.heading, self.manifest().id)];
        text.extend((!column.about.is_empty()).then(|| column.about.to_string()));
        text.extend(column.field.map(|field| format!("field `{field}`: {}", field.spec().about)));
        Some(text.join("\n"))
    }
}
