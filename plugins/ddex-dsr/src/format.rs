//! What the profiles share as formats: manifest, recognition, fields.

use crate::explain::explain;
use crate::options;
use crate::read::Reader;
use crate::tables::Layout;
use crate::write::Writer;
use transpose_core::diagnostic::{Fatal, shown};
use transpose_core::entity::Entity;
use transpose_core::field::{Field, FieldSet};
use transpose_core::format::{
    Brief, Decode, Encode, Format, Grain, Head, Manifest, Probe, Recognition, Status, Version,
};
use transpose_core::option::OptionSpec;
use transpose_core::terms::Terms;
use transpose_records::line::{self, Line};
use transpose_records::spec::{CellSpec, Obligation};

/// What a family of records is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Release,
    SubRelease,
    Recording,
    Work,
    Usage,
}

/// A version that can be written.
pub(crate) struct VersionFacts {
    pub(crate) id: &'static str,
    pub(crate) note: &'static str,
    /// The assumed text of the MessageVersion cell.
    pub(crate) message_version: &'static str,
}

/// What is peculiar to a profile.
pub(crate) struct Profile {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) reference: &'static str,
    /// The names in the header, the one to be written first.
    pub(crate) names: &'static [&'static str],
    /// Other names that are understood, with a warning.
    pub(crate) aliases: &'static [&'static str],
    /// The versions that can be written, the default first.
    pub(crate) versions: &'static [VersionFacts],
    /// What a family of records is in a block.
    pub(crate) role: fn(&str) -> Option<Role>,
    /// The family of summary record for a context.
    pub(crate) summary: fn(&Layout, &Entity, Option<&dyn Terms>) -> &'static str,
    /// The use types that are downloads.
    pub(crate) downloads: &'static [&'static str],
}

impl Profile {
    /// The name in the header and in the tables.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// Whether a Profile cell means this profile; capitals and spaces do not count (V-HEAD-2).
    pub(crate) fn is_named(&self, text: &str) -> bool {
        let plain = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let found = plain(text);
        self.names.iter().chain(self.aliases).any(|name| plain(name) == found)
    }

    /// The facts of a version; the default without one.
    pub(crate) fn version(&self, version: Option<&str>) -> Option<&'static VersionFacts> {
        match version {
            None => self.versions.first(),
            Some(id) => self.versions.iter().find(|facts| facts.id == id),
        }
    }

    /// The fields that a version has a place for.
    pub(crate) fn fields(layout: &Layout) -> FieldSet {
        let records = layout.blocks.iter().chain(&layout.summaries).chain([&layout.head]);
        let mut fields: FieldSet = records.flat_map(|spec| spec.cells).filter_map(CellSpec::field).collect();
        // A GRid stands among the namespaced identifiers of the release.
        fields.insert(Field::GRID);
        fields
    }
}

/// A profile as a format.
pub(crate) struct Dsr {
    profile: &'static Profile,
    manifest: Manifest,
}

impl Dsr {
    pub(crate) fn new(profile: &'static Profile) -> Self {
        let versions =
            profile.versions.iter().map(|facts| Version { id: facts.id.into(), note: facts.note.into() });
        let manifest = Manifest {
            id: profile.id.into(),
            title: profile.title.into(),
            grain: Grain::Aggregate,
            reads: true,
            writes: true,
            status: Status::Preview,
            reference: profile.reference.into(),
            versions: versions.collect(),
            extension: "tsv".into(),
            about: profile.about.into(),
        };
        Self { profile, manifest }
    }

    fn layout(&self, version: Option<&str>) -> Option<Layout> {
        let version = version.or_else(|| self.profile.versions.first().map(|facts| facts.id))?;
        Layout::of(self.profile.name(), version)
    }
}

impl Format for Dsr {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn options(&self) -> &'static [OptionSpec] {
        options::SPECS
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        let bytes = probe.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(probe.bytes);
        let mut at = 0;
        while let Some(line) = Line::at(bytes, at) {
            at = line.next;
            let content = line.content(bytes);
            if content.first() == Some(&b'#') || content.iter().all(|byte| matches!(byte, b'\t' | b' ')) {
                continue;
            }
            let (name, version) = line::key(content, false);
            if name != b"HEAD" || !version.starts_with(b"dsrf/") {
                return Recognition::No;
            }
            let mut cells = Vec::new();
            line::cells(bytes, line, false, &mut cells);
            let profile = cells
                .get(2)
                .and_then(|(start, end)| bytes.get(*start as usize..*end as usize))
                .unwrap_or(&[]);
            return match std::str::from_utf8(profile) {
                Ok(text) if self.profile.is_named(text) => {
                    Recognition::Certain(format!("the header names the profile {}", shown(profile)))
                }
                _ => Recognition::No,
            };
        }
        Recognition::No
    }

    fn reads(&self, version: Option<&str>) -> FieldSet {
        self.layout(version).map_or(FieldSet::EMPTY, |layout| Profile::fields(&layout))
    }

    fn writes(&self, version: Option<&str>) -> FieldSet {
        let mut fields = self.reads(version);
        if !fields.is_empty() {
            // The label of a recording becomes that of its release.
            fields.insert(Field::RECORDING_LABEL);
        }
        fields
    }

    fn needs(&self, version: Option<&str>) -> FieldSet {
        const MADE: [Field; 12] = [
            Field::MESSAGE_ID,
            Field::CREATED,
            Field::CONTEXT_ID,
            Field::RECORDING_REFERENCE,
            Field::RECORDING_ID,
            Field::RECORDING_TYPE,
            Field::RELEASE_REFERENCE,
            Field::RELEASE_ID,
            Field::USAGE_ID,
            Field::ROYALTY_BEARING,
            Field::UPGRADE,
            Field::RETURNS,
        ];
        let Some(layout) = self.layout(version) else { return FieldSet::EMPTY };
        let records = [Some(layout.head), layout.summary("SY01"), layout.block("AS02"), layout.block("SU02")];
        let cells = records.into_iter().flatten().flat_map(|spec| spec.cells);
        let mandatory =
            cells.filter(|cell| cell.obligation == Obligation::Mandatory).filter_map(CellSpec::field);
        mandatory.filter(|field| !MADE.contains(field)).collect()
    }

    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Box<dyn Decode>, Fatal> {
        Ok(Box::new(Reader::open(self.profile, head, options)?))
    }

    fn create(&self, brief: &Brief<'_>) -> Result<Box<dyn Encode>, Fatal> {
        Ok(Box::new(Writer::create(self.profile, brief)?))
    }

    fn explain(&self, topic: &str) -> Option<String> {
        explain(topic)
    }
}
