//! What the profiles share as formats: manifest, recognition, fields.

use crate::explain::explain;
use crate::families::Role;
use crate::options;
use crate::read::Reader;
use crate::tables::{self, Layout};
use crate::write::Writer;
use transpose_core::diagnostics::{Fatal, shown};
use transpose_core::format::{
    Created, EncodeRequest, Format, FormatTraits, Grain, Head, Manifest, Opened, OptionSpec, Probe,
    Recognition, Status, UnfilledCell, Version,
};
use transpose_core::model::{Field, FieldSet};
use transpose_records::line::{self, Line};
use transpose_records::spec::{CellSpec, Obligation, ProfileSpec};

/// What is peculiar to a profile as a format. Names, versions and structures are in the tables.
pub(crate) struct Profile {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) reference: &'static str,
    /// The name in the header and in the tables.
    pub(crate) name: &'static str,
}

impl Profile {
    /// The versions, the newest first.
    pub(crate) fn versions(&self) -> Vec<&'static ProfileSpec> {
        let mut versions: Vec<_> =
            tables::profiles().iter().filter(|known| known.profile == self.name).collect();
        versions.sort_by(|a, b| b.version.cmp(a.version));
        versions
    }

    /// Whether the text is the name of the profile, or one that represents it without a warning.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        text == self.name
            || self.versions().iter().any(|known| known.written == text)
            || self
                .versions()
                .iter()
                .any(|known| known.accept.first() == Some(&text) && plain(text) == plain(self.name))
    }

    /// Whether a Profile cell means this profile; capitals and spaces do not count (V-HEAD-2).
    pub(crate) fn is_named(&self, text: &str) -> bool {
        let found = plain(text);
        plain(self.name) == found
            || self.versions().iter().flat_map(|known| known.accept).any(|name| plain(name) == found)
    }

    /// The facts of a version; of the newest without one.
    pub(crate) fn version(&self, version: Option<&str>) -> Option<&'static ProfileSpec> {
        let versions = self.versions();
        match version {
            None => versions.first().copied(),
            Some(id) => versions.into_iter().find(|known| known.version == id),
        }
    }

    /// Whether its messages have a place for the recordings of a release that was used as a
    /// whole: a single record has room for one.
    fn lists_recordings(&self) -> bool {
        let mut layouts =
            self.versions().into_iter().filter_map(|known| Layout::of(self.name, known.version));
        layouts.any(|layout| !layout.single)
    }

    /// The fields that a version has a place for.
    pub(crate) fn fields(layout: &Layout) -> FieldSet {
        let records = layout.blocks.iter().chain(&layout.summaries).chain([&layout.head]);
        let mut fields: FieldSet = records.flat_map(|spec| spec.cells).filter_map(CellSpec::field).collect();
        if fields.contains(Field::RELEASE_PROPRIETARY_ID) {
            // A GRid is among the namespaced identifiers of the release.
            fields.insert(Field::GRID);
        }
        fields
    }
}

/// Whether a cell is the number of resources that were sold with a release.
pub(crate) fn is_resource_count(cell: &CellSpec) -> bool {
    cell.extra() == Some("NumberOfTransactedResources")
}

/// A name without capitals and spaces.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A profile as a format.
pub(crate) struct Dsr {
    profile: &'static Profile,
    manifest: Manifest,
}

impl Dsr {
    pub(crate) fn new(profile: &'static Profile) -> Self {
        let versions = profile.versions().into_iter().map(|known| Version {
            id: known.version.into(),
            note: [known.status.name(), known.assumed]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("; ")
                .into(),
        });
        let manifest = Manifest {
            id: profile.id.into(),
            title: profile.title.into(),
            grain: Grain::Aggregate,
            reads: true,
            writes: true,
            status: Status::Preview,
            reference: profile.reference.into(),
            confidence: "".into(),
            versions: versions.collect(),
            extension: "tsv".into(),
            traits: FormatTraits { lists_recordings: profile.lists_recordings(), ..FormatTraits::default() },
            about: profile.about.into(),
        };
        Self { profile, manifest }
    }

    fn layout(&self, version: Option<&str>) -> Option<Layout> {
        Layout::of(self.profile.name, self.profile.version(version)?.version)
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
            // What the profile cell says decides: a MessageVersion may be wrong or empty.
            if Role::of_line(line::key(content, false).0) != Some(Role::Head) {
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
        let counts =
            |layout: Layout| layout.blocks.iter().any(|spec| spec.cells.iter().any(is_resource_count));
        if self.layout(version).is_some_and(counts) {
            fields.insert(Field::TRACK_COUNT);
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
        let records = std::iter::once(layout.head).chain(layout.basic());
        let cells = records.flat_map(|spec| spec.cells);
        let mandatory =
            cells.filter(|cell| cell.obligation == Obligation::Mandatory).filter_map(CellSpec::field);
        mandatory.filter(|field| !MADE.contains(field)).collect()
    }

    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Opened, Fatal> {
        Ok(Opened::Blocks(Box::new(Reader::open(self.profile, head, options)?)))
    }

    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        Ok(Created::Blocks(Box::new(Writer::create(self.profile, request)?)))
    }

    fn unfilled(&self, request: &EncodeRequest<'_>) -> Vec<UnfilledCell> {
        Writer::unfilled(self.profile, request)
    }

    fn explain(&self, topic: &str) -> Option<String> {
        explain(topic)
    }
}
