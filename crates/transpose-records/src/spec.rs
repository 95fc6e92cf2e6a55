//! What record tables say: record types with their cells, sets of allowed values, profiles with the
//! structure of their messages.
//!
//! All of it is static data, generated from the facts of a family of formats.

use transpose_core::model::{Field, Group};

/// One version of a record type in one generation of its standard.
#[derive(Debug)]
pub struct RecordSpec {
    /// The content of the first cell, such as `SU02.03`.
    pub name: &'static str,
    /// The generation of the standard that the definition belongs to.
    pub generation: &'static str,
    /// The one version of a profile, `name version`, that the definition is for; empty for any.
    pub only: &'static str,
    /// What the record describes.
    pub title: &'static str,
    /// Whether no later version of the record is known.
    pub latest: bool,
    /// Whether the list of cells is known to its end.
    pub complete: bool,
    /// Cells that the definition may have beyond the known ones.
    pub trailing: &'static [&'static str],
    /// The profiles that use the record.
    pub profiles: &'static [&'static str],
    /// The documents that the definition comes from.
    pub source: &'static [&'static str],
    /// What is peculiar about it; empty for most.
    pub notes: &'static str,
    /// The cells in order.
    pub cells: &'static [CellSpec],
}

impl RecordSpec {
    /// The record type without its version: `SU02` of `SU02.03`.
    pub fn family(&self) -> &'static str {
        family(self.name)
    }

    /// The first cell with the given name.
    pub fn cell(&self, name: &str) -> Option<&'static CellSpec> {
        self.cells.iter().find(|cell| cell.name == name)
    }

    /// The first cell that holds the given field.
    pub fn holds(&self, field: Field) -> Option<&'static CellSpec> {
        self.cells.iter().find(|cell| cell.slot == CellSlot::Field(field))
    }
}

/// The record type without its version: `SU02` of `SU02.03`.
pub fn family(name: &str) -> &str {
    name.split_once('.').map_or(name, |(family, _)| family)
}

/// One cell of a record.
#[derive(Debug)]
pub struct CellSpec {
    /// Its number, from 1.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: CellType,
    /// The set of its allowed values; empty when there is none.
    pub values: &'static str,
    /// Whether it takes several values.
    pub multi: bool,
    /// Whether it must be filled.
    pub obligation: Obligation,
    /// When it must be filled, where that depends; may be empty.
    pub condition: &'static str,
    /// How sure the facts are.
    pub status: Status,
    /// What facts rest on that are not confirmed; may be empty.
    pub basis: &'static str,
    /// What it means in the canonical model.
    pub slot: CellSlot,
    /// What it names.
    pub link: Link,
    /// The entity that it describes, where a record is made of several and no field says so.
    pub entity: Option<Group>,
}

impl CellSpec {
    /// A cell that names nothing and describes the entity of its record; the arguments are in the
    /// order of the fields.
    #[expect(clippy::too_many_arguments, reason = "the tables list thousands of cells, one a line")]
    pub const fn new(
        number: u32,
        name: &'static str,
        kind: CellType,
        values: &'static str,
        multi: bool,
        obligation: Obligation,
        condition: &'static str,
        status: Status,
        basis: &'static str,
        slot: CellSlot,
    ) -> Self {
        let (link, entity) = (Link::None, None);
        Self { number, name, kind, values, multi, obligation, condition, status, basis, slot, link, entity }
    }

    /// The same cell, which names something.
    #[must_use]
    pub const fn linking(self, link: Link) -> Self {
        Self { link, ..self }
    }

    /// The same cell, which describes an entity among several of its record.
    #[must_use]
    pub const fn of(self, entity: Group) -> Self {
        Self { entity: Some(entity), ..self }
    }

    /// The entity that it describes in a record that is made of several.
    pub fn describes(&self) -> Option<Group> {
        self.entity.or_else(|| self.field().map(Field::group))
    }

    /// The canonical field it holds.
    pub fn field(&self) -> Option<Field> {
        if let CellSlot::Field(field) = self.slot { Some(field) } else { None }
    }

    /// The name of what only the family understands.
    pub fn extra(&self) -> Option<&'static str> {
        if let CellSlot::Extra(name) = self.slot { Some(name) } else { None }
    }
}

/// What a cell takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    /// Always the same text.
    FixedString,
    /// Any text.
    String,
    /// `ns::id`.
    NamespacedString,
    /// `IdType::Id`.
    PartyId,
    /// A DDEX party id.
    Dpid,
    /// A value of a set.
    Avs,
    /// A territory code.
    Territory,
    /// A currency code.
    Currency,
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A date, possibly of lower precision.
    Date,
    /// A date and time.
    Datetime,
    /// An ISO 8601 duration.
    Duration,
    /// The start of a cue.
    Time,
}

impl CellType {
    /// The name of the type in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedString => "fixed string",
            Self::String => "string",
            Self::NamespacedString => "namespaced string",
            Self::PartyId => "party id",
            Self::Dpid => "DPID",
            Self::Avs => "allowed value",
            Self::Territory => "territory",
            Self::Currency => "currency",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "date and time",
            Self::Duration => "duration",
            Self::Time => "time",
        }
    }
}

impl std::fmt::Display for CellType {
    /// The name of the type with its article: `an integer`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let article = if matches!(self, Self::Integer | Self::Avs) { "an" } else { "a" };
        write!(f, "{article} {}", self.name())
    }
}

/// Whether a cell must be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obligation {
    /// Always.
    Mandatory,
    /// Under a condition.
    Conditional,
    /// Never.
    Optional,
}

impl Obligation {
    /// The letter used in the standard.
    pub const fn letter(self) -> char {
        match self {
            Self::Mandatory => 'M',
            Self::Conditional => 'C',
            Self::Optional => 'O',
        }
    }
}

/// How sure a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Seen in the definition of that very version.
    Confirmed,
    /// As an earlier version or edition has it.
    EditionBefore,
    /// Concluded from something else.
    Inferred,
}

impl Status {
    /// All of them, the surest first.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::EditionBefore, Self::Inferred];

    /// The word used in explanations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::EditionBefore => "from the edition before",
            Self::Inferred => "inferred",
        }
    }
}

/// What a cell means in the canonical model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellSlot {
    /// A field.
    Field(Field),
    /// Something that only the family understands, by the name that all versions share.
    Extra(&'static str),
    /// Nothing of its own: a record type, a block id, a reference.
    Structure,
}

/// What a cell names. Records of a block refer to each other by such cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing.
    None,
    /// The type of its record.
    RecordType,
    /// The block that its record belongs to.
    Block,
    /// The entity that its record is, by the reference that others use.
    Own,
    /// The summary record, and so the sales context.
    Summary,
    /// The release that was used, by reference.
    Release,
    /// The release that was used, by the service's own identifier.
    ReleaseId,
    /// The recording that was used or that the record belongs to, by reference.
    Recording,
    /// The recording that was used, by the service's own identifier.
    RecordingId,
    /// The work that the record belongs to, by reference.
    Work,
    /// The usage that the record belongs to, by its identifier.
    Usage,
    /// Nothing any more: it is to stay empty.
    Deprecated,
}

/// A set of allowed values.
#[derive(Debug)]
pub struct AllowedValues {
    /// The name of the set.
    pub name: &'static str,
    /// How sure the list is.
    pub status: Status,
    /// Where the list comes from.
    pub source: &'static str,
    /// The values, sorted by bytes.
    pub values: &'static [&'static str],
    /// Those of them that are no longer to be used, sorted by bytes.
    pub deprecated: &'static [&'static str],
}

/// What a set says about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedValue {
    /// It is in the set.
    Allowed,
    /// It is in the set and should no longer be used.
    Deprecated,
    /// The set has it in other capitals.
    OtherCase(&'static str),
    /// It is not in the set.
    Unknown,
}

impl AllowedValues {
    /// Looks a value up.
    pub fn standing(&self, value: &[u8]) -> ListedValue {
        let has = |set: &[&'static str]| set.binary_search_by(|known| known.as_bytes().cmp(value)).is_ok();
        if has(self.deprecated) {
            return ListedValue::Deprecated;
        }
        if has(self.values) || is_user_defined(value) {
            return ListedValue::Allowed;
        }
        match self.values.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(value)) {
            Some(known) => ListedValue::OtherCase(known),
            None => ListedValue::Unknown,
        }
    }
}

/// Whether a value is one that the parties have defined: `UserDefined`, one space, then letters and
/// digits only, as in `UserDefined StreamInOnlineGame` (DDEX Part 1, user-defined values).
fn is_user_defined(value: &[u8]) -> bool {
    let own = value.strip_prefix(b"UserDefined ");
    own.is_some_and(|own| !own.is_empty() && own.iter().all(u8::is_ascii_alphanumeric))
}

/// One version of one profile.
#[derive(Debug)]
pub struct ProfileSpec {
    /// The name of the profile in the header.
    pub profile: &'static str,
    /// The spelling of the name that the text of this very version prescribes, where it is another.
    pub written: &'static str,
    /// Other names that files carry.
    pub accept: &'static [&'static str],
    /// The version of the profile in the header.
    pub version: &'static str,
    /// What is assumed where the facts are silent; empty when they are not.
    pub assumed: &'static str,
    /// How blocks are laid out.
    pub variant: &'static str,
    /// The generation of its record definitions.
    pub generation: &'static str,
    /// How sure the facts are.
    pub status: Status,
    /// The version of the message standard, where it is known.
    pub message_version: &'static str,
    /// What the structure cannot say.
    pub rules: &'static [&'static str],
    /// The order of records.
    pub structure: Structure,
}

/// The order of records, as a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// A record, so many times.
    Record(&'static str, Times),
    /// All items in order, so many times.
    Sequence(&'static [Structure], Times),
    /// One of the items, so many times.
    Choice(&'static [Structure], Times),
    /// A named part, so many times.
    Group(&'static str, &'static Structure, Times),
}

/// How many times, at least and at most.
pub type Times = (u32, Option<u32>);

impl Structure {
    /// Calls `each` with every record of the tree, in order.
    pub fn records(&self, each: &mut dyn FnMut(&'static str)) {
        match self {
            Self::Record(name, _) => each(name),
            Self::Sequence(items, _) | Self::Choice(items, _) => {
                items.iter().for_each(|item| item.records(each));
            }
            Self::Group(_, body, _) => body.records(each),
        }
    }

    /// The body of the first group among the items: what one block holds.
    pub fn block(&self) -> Option<&'static Structure> {
        match self {
            Self::Group(_, body, _) => Some(body),
            Self::Sequence(items, _) => items.iter().find_map(Structure::block),
            Self::Record(..) | Self::Choice(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_with_their_standing() {
        let set = AllowedValues {
            name: "S",
            status: Status::Confirmed,
            source: "",
            values: &["Album", "Old", "Single"],
            deprecated: &["Old"],
        };
        for (value, standing) in [
            ("Album", ListedValue::Allowed),
            ("Old", ListedValue::Deprecated),
            ("album", ListedValue::OtherCase("Album")),
            ("", ListedValue::Unknown),
            ("\u{e9}", ListedValue::Unknown),
        ] {
            assert_eq!(set.standing(value.as_bytes()), standing, "{value}");
        }
    }

    #[test]
    fn block_is_the_first_group() {
        const ONE: Times = (1, Some(1));
        const BODY: Structure = Structure::Record("AS02", ONE);
        let tree = Structure::Sequence(
            &[Structure::Record("HEAD", ONE), Structure::Group("Block", &BODY, (0, None))],
            ONE,
        );
        assert_eq!(tree.block(), Some(&BODY));
        let mut names = Vec::new();
        tree.records(&mut |name| names.push(name));
        assert_eq!(names, ["HEAD", "AS02"]);
        assert_eq!(family("SU02.03"), "SU02");
        assert_eq!(family("RE02"), "RE02");
    }
}
