//! Look-ups in the generated tables, and what a version of a profile binds.

use crate::families::{Family, Role};
use crate::generated::{avs, profiles, records};
use std::sync::LazyLock;
use transpose_records::grammar::Grammar;
use transpose_records::spec::{AllowedValues, CellSpec, Link, ProfileSpec, RecordSpec, Structure, family};

/// The generations from the newest on.
pub const GENERATIONS: [&str; 3] = ["current", "part8-1.4", "xsd"];

/// Every record type of every generation.
pub fn records() -> &'static [RecordSpec] {
    records::RECORDS
}

/// Every version of every profile.
pub fn profiles() -> &'static [ProfileSpec] {
    profiles::PROFILES
}

/// Every set of allowed values.
pub fn sets() -> &'static [AllowedValues] {
    avs::SETS
}

/// A record type in one generation.
pub fn record_of(name: &str, generation: &str) -> Option<&'static RecordSpec> {
    records()
        .iter()
        .find(|record| record.name == name && record.generation == generation && record.only.is_empty())
}

/// A record type as a version of a profile binds it.
pub fn bound(name: &str, profile: &ProfileSpec) -> Option<&'static RecordSpec> {
    let own = |only: &str| {
        let names = std::iter::once(&profile.profile).chain(profile.accept);
        only.split_once(' ').is_some_and(|(name, version)| {
            version == profile.version && names.into_iter().any(|known| *known == name)
        })
    };
    // Records that two parties agreed on have one definition.
    let name = if is_deal_specific(name.as_bytes()) { AGREED } else { name };
    let patched = records().iter().find(|record| record.name == name && own(record.only));
    patched.or_else(|| record(name, profile.generation))
}

/// The name of the one definition of records that two parties agreed on.
pub(crate) const AGREED: &str = "DExx";

/// Whether a record is one that two parties agreed on: `DE` and two digits (ARCH-94).
pub fn is_deal_specific(name: &[u8]) -> bool {
    matches!(name, [b'D', b'E', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}

/// Whether an extra names a recording of its block and means nothing elsewhere.
pub(crate) fn is_reference(extra: &str) -> bool {
    static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let cells = records().iter().flat_map(|record| record.cells);
        cells.filter(|cell| cell.link == Link::Recording).filter_map(CellSpec::extra).collect()
    });
    NAMES.contains(&extra)
}

/// A record type as a generation binds it: where the generation's own facts do not list it, the
/// others are asked, the newest first.
pub fn record(name: &str, generation: &str) -> Option<&'static RecordSpec> {
    let others = GENERATIONS.iter().copied().filter(|other| *other != generation);
    std::iter::once(generation).chain(others).find_map(|generation| record_of(name, generation))
}

/// The set with the given name or alias.
pub fn set(name: &str) -> Option<&'static AllowedValues> {
    let find =
        |name: &str| sets().binary_search_by(|set| set.name.cmp(name)).ok().and_then(|at| sets().get(at));
    find(name)
        .or_else(|| avs::ALIASES.iter().find(|(alias, _)| *alias == name).and_then(|(_, name)| find(name)))
}

/// What a version of a profile binds.
pub(crate) struct Layout {
    /// The facts of the profile.
    pub(crate) profile: &'static ProfileSpec,
    /// Whether a line is a whole block (the single-record variant).
    pub(crate) single: bool,
    /// Whether works directly follow the records of the rights holders that they are of.
    pub(crate) holders: bool,
    /// The header.
    pub(crate) head: &'static RecordSpec,
    /// The summary records.
    pub(crate) summaries: Vec<&'static RecordSpec>,
    /// The records of a block.
    pub(crate) blocks: Vec<&'static RecordSpec>,
    /// The footer.
    pub(crate) foot: &'static RecordSpec,
    /// The order of records in a block.
    pub(crate) grammar: Grammar,
}

impl Layout {
    /// The layout of a version of a profile.
    pub(crate) fn of(profile: &str, version: &str) -> Option<Self> {
        let profile = profiles().iter().find(|known| known.profile == profile && known.version == version)?;
        let mut names = Vec::new();
        profile.structure.records(&mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        let specs: Vec<_> = names.into_iter().filter_map(|name| bound(name, profile)).collect();
        let pick = |want: &dyn Fn(Role) -> bool| {
            let wanted = |spec: &&RecordSpec| Role::of(spec.name).is_some_and(want);
            specs.iter().copied().filter(wanted).collect::<Vec<_>>()
        };
        Some(Self {
            profile,
            single: profile.variant == "single-record-block",
            holders: holders_have_works(&profile.structure),
            head: pick(&|role| role == Role::Head).first().copied()?,
            foot: pick(&|role| role == Role::Foot).first().copied()?,
            summaries: pick(&|role| role == Role::Summary),
            blocks: pick(&|role| role.is_in_blocks() && role != Role::Opaque),
            grammar: match profile.structure.block() {
                Some(block) => Grammar::compile(block),
                None => Grammar::one_of(
                    pick(&|role| role == Role::Single).into_iter().map(RecordSpec::family).collect(),
                ),
            },
        })
    }

    /// The summary record of a family; the newest where several versions are bound.
    pub(crate) fn summary(&self, wanted: &str) -> Option<&'static RecordSpec> {
        self.summaries
            .iter()
            .copied()
            .filter(|spec| spec.family() == family(wanted))
            .max_by_key(|spec| spec.name)
    }

    /// The records that a plain report of plays has.
    pub(crate) fn basic(&self) -> impl Iterator<Item = &'static RecordSpec> {
        let is_basic = |spec: &&RecordSpec| Family::of(spec.name).is_some_and(|family| family.basic);
        self.summaries.iter().chain(&self.blocks).copied().filter(is_basic)
    }
}

/// Whether works directly follow the records of rights holders in the structure; elsewhere a work
/// begins what is reported of it anew.
fn holders_have_works(structure: &Structure) -> bool {
    let is = |item: Option<&Structure>, role: Role| matches!(item, Some(Structure::Record(name, _)) if Role::of(name) == Some(role));
    match structure {
        Structure::Record(..) => false,
        Structure::Group(_, body, _) => holders_have_works(body),
        Structure::Sequence(items, _) | Structure::Choice(items, _) => {
            let follows =
                |pair: &[Structure]| is(pair.first(), Role::Allocation) && is(pair.get(1), Role::Work);
            items.windows(2).any(follows) || items.iter().any(holders_have_works)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_and_values_are_sorted() {
        assert!(sets().is_sorted_by_key(|set| set.name));
        for set in sets() {
            assert!(set.values.is_sorted() && set.deprecated.is_sorted(), "{}", set.name);
        }
        assert_eq!(set("Use Type").map(|set| set.name), Some("UseType_DSR"));
        assert!(set("no such").is_none());
    }

    #[test]
    fn words_that_code_decides_by_are_allowed_values() {
        use transpose_core::model::vocabulary::{commercial_model, recording_type, use_type};
        let models = [
            commercial_model::ADVERTISING,
            commercial_model::BY_CONTRACT,
            commercial_model::FREE,
            commercial_model::PAY_AS_YOU_GO,
            commercial_model::SUBSCRIPTION,
        ];
        let streams = [
            use_type::CONTENT_INFLUENCED_STREAM,
            use_type::NON_INTERACTIVE_STREAM,
            use_type::ON_DEMAND_STREAM,
            use_type::STREAM,
        ];
        for (name, words) in [
            ("CommercialModelType", &models[..]),
            ("ResourceType", &[recording_type::SOUND]),
            ("UseType_DSR", &streams),
            ("UseType_DSR", &use_type::DOWNLOADS),
        ] {
            let values = set(name).unwrap().values;
            assert!(words.iter().all(|word| values.contains(word)), "{name}: {words:?}");
        }
    }

    #[test]
    fn every_named_set_exists() {
        for record in records() {
            for cell in record.cells.iter().filter(|cell| !cell.values.is_empty()) {
                assert!(
                    set(cell.values).is_some(),
                    "{} cell {} names the set {}",
                    record.name,
                    cell.number,
                    cell.values
                );
            }
        }
    }

    #[test]
    fn no_record_holds_a_field_twice() {
        for record in records() {
            let mut fields: Vec<_> = record.cells.iter().filter_map(CellSpec::field).collect();
            let count = fields.len();
            fields.sort_unstable();
            fields.dedup();
            assert_eq!(fields.len(), count, "{} {}", record.name, record.generation);
        }
    }

    #[test]
    fn records_missing_from_a_generation_come_from_another() {
        let layout = Layout::of("BasicAudioProfile", "1.3").unwrap();
        assert_eq!(layout.head.generation, "current");
        assert_eq!(layout.summary("SY05").unwrap().name, "SY05.03");
        assert!(layout.summaries.iter().any(|spec| spec.name == "SY05.02" && spec.generation == "xsd"));
        assert!(layout.blocks.iter().any(|spec| spec.name == "SU02.02"));
        assert!(Layout::of("BasicAudioProfile", "9").is_none());
    }
}
