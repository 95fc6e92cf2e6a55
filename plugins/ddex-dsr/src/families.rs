//! Families of records: what a record type is in a message, whatever its version.
//!
//! The facts are in `spec/records`, one file for each family, and come here as [`FAMILIES`]. Code
//! asks for roles and purposes and never for a family by name, so that a further family is a
//! further file.

use crate::generated::families::{FAMILIES, kin, role};
use crate::tables::{AGREED, is_deal_specific};
use transpose_core::model::Group;
use transpose_records::spec::family;

/// What a family of records is in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The header.
    Head,
    /// The footer of one of the variants.
    Foot,
    /// A sales context.
    Summary,
    Release,
    SubRelease,
    Recording,
    /// What a party says of a recording: a record company, or who looks for its rights holders.
    Claim,
    Work,
    /// A party that controls rights in a recording or a work.
    Controller,
    Cue,
    Usage,
    /// What users uploaded with the recording in it.
    Embodiment,
    /// The part of a usage that a rights controller is paid for.
    Allocation,
    /// The part of a usage by a type of subscriber.
    Split,
    /// A record that two parties agreed on.
    Opaque,
    /// A whole block in one line: a release, a recording with its work, a usage and its allocation,
    /// each where it has a value.
    Single,
}

impl Role {
    /// The role of the record that a line is, by its type; of an unknown type what all known ones
    /// with its first letters are. Lines are distinguished by it, so it is quick.
    #[inline]
    pub(crate) fn of_line(record: &[u8]) -> Option<Self> {
        let known = match record {
            [a, b, c, d] => role([*a, *b, *c, *d]),
            // Header and footers have no versions.
            [a, b, c, d, b'.', ..] => role([*a, *b, *c, *d]).filter(|role| !role.is_frame()),
            _ => None,
        };
        match record {
            _ if known.is_some() => known,
            [b'D', b'E', ..] => is_deal_specific(record).then_some(Self::Opaque),
            [a, b, ..] => kin([*a, *b]),
            _ => None,
        }
    }

    /// The role of a record type of the tables.
    pub(crate) fn of(record: &str) -> Option<Self> {
        if record == AGREED { Some(Self::Opaque) } else { Self::of_line(record.as_bytes()) }
    }

    /// Whether records of the role enclose everything else.
    pub(crate) const fn is_frame(self) -> bool {
        matches!(self, Self::Head | Self::Foot)
    }

    /// Whether records of the role are in blocks.
    pub(crate) const fn is_in_blocks(self) -> bool {
        !self.is_frame() && !matches!(self, Self::Summary)
    }

    /// Whether records of the role hold usages of their own.
    pub(crate) const fn has_usages(self) -> bool {
        matches!(self, Self::Usage | Self::Single)
    }

    /// What entities of the role describe. A single record is taken apart.
    pub(crate) const fn group(self) -> Group {
        match self {
            Self::Head | Self::Foot => Group::Header,
            Self::Summary => Group::Context,
            Self::Release | Self::SubRelease => Group::Release,
            Self::Recording => Group::Recording,
            Self::Work => Group::Work,
            Self::Controller => Group::Controller,
            Self::Cue => Group::Cue,
            Self::Claim => Group::Claim,
            Self::Embodiment => Group::Embodiment,
            Self::Usage | Self::Single => Group::Usage,
            Self::Allocation => Group::Allocation,
            Self::Split => Group::Split,
            Self::Opaque => Group::Opaque,
        }
    }
}

/// Which entities are written as a family when they were not read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Release,
    SubRelease,
    /// A recording, with what is known of its work.
    Recording,
    /// A recording whose works have records of their own.
    BareRecording,
    Work,
    Controller,
    Cue,
    /// What a record company says of a recording.
    Claim,
    /// How much of a recording is unclaimed.
    Unclaimed,
    /// One upload, with its title.
    Upload,
    /// Uploads by category.
    Uploads,
    /// A usage of whatever kind.
    Usage,
    Stream,
    Download,
    /// A usage with details of the video.
    Video,
    /// A usage that advertisers pay for, and what has no revenue of its own.
    AdvertisedUsage,
    Allocation,
    Split,
}

/// A family of records.
#[derive(Debug)]
pub(crate) struct Family {
    /// The record type without a version.
    pub(crate) name: &'static str,
    /// What it is in a message.
    pub(crate) role: Role,
    /// Which entities are written as it, besides those that were read from it.
    pub(crate) writes: Option<Purpose>,
    /// Extras that only what it is written for has.
    pub(crate) marks: &'static [&'static str],
    /// Of a family of single records: the family that its lines become in blocks; may be empty.
    pub(crate) counterpart: &'static str,
    /// Of a family of summary records: whether it reports a part of what another one reports. It is
    /// kept where it was read and never chosen for a whole.
    pub(crate) part: bool,
    /// Of a family of summary records: the family that must precede it, and whose allocation it
    /// reports (V-REC-7); may be empty.
    pub(crate) follows: &'static str,
    /// Whether a plain report of plays has such records, so that the source must be able to fill
    /// them.
    pub(crate) basic: bool,
}

impl Family {
    /// A header, and what an entry of the table has where it says nothing else.
    pub(crate) const BASE: Self = Self {
        name: "",
        role: Role::Head,
        writes: None,
        marks: &[],
        counterpart: "",
        part: false,
        follows: "",
        basic: false,
    };

    /// The family of a record type, with or without its version.
    pub(crate) fn of(record: &str) -> Option<&'static Self> {
        let name = family(record);
        FAMILIES.iter().find(|known| known.name == name)
    }

    /// The families that are written for a purpose, the best first.
    pub(crate) fn written_for(purpose: Purpose) -> impl Iterator<Item = &'static Self> {
        FAMILIES.iter().filter(move |known| known.writes == Some(purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    #[test]
    fn lines_have_the_roles_of_their_families() {
        for spec in tables::records() {
            assert_eq!(Role::of(spec.name), Family::of(spec.name).map(|family| family.role), "{}", spec.name);
        }
        for (record, role) in [
            ("SU02.99", Some(Role::Usage)),
            ("SU09", Some(Role::Usage)),
            ("SU02x", Some(Role::Usage)),
            ("SY99", Some(Role::Summary)),
            ("AS07.01", Some(Role::Recording)),
            ("RE05", None),
            ("DE77", Some(Role::Opaque)),
            ("DExx", None),
            ("HEADER", None),
            ("HEAD.01", None),
            ("FOOT", Some(Role::Foot)),
            ("QQ01", None),
            ("SU", Some(Role::Usage)),
            ("S", None),
            ("", None),
        ] {
            assert_eq!(Role::of_line(record.as_bytes()), role, "{record}");
        }
    }

    #[test]
    fn every_family_has_records_and_every_record_a_family() {
        for record in tables::records() {
            assert!(Family::of(record.name).is_some(), "{}", record.name);
        }
        for known in FAMILIES {
            assert!(tables::records().iter().any(|spec| spec.family() == known.name), "{}", known.name);
        }
    }
}
