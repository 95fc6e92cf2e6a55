//! What each cell of a record takes, worked out once per definition: the kind of its content, and
//! which cells are filled together.

use super::{Facts, words};
use transpose_core::model::vocabulary::recording_type;
use transpose_records::spec::{CellSpec, CellType, Obligation, RecordSpec};

/// What goes into a cell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// The name of the record.
    Name,
    /// Never anything.
    Nothing,
    /// One of some words.
    Word(&'static [&'static str]),
    /// A title.
    Title,
    /// An artist, a writer or somebody else.
    Person,
    /// A publisher, a label or another company.
    Company,
    /// A value of a set.
    Listed,
    /// The service of the message.
    Service,
    /// An identifier of the sender's own, with a letter in front.
    Own(&'static str),
    /// The same with a namespace in front.
    Namespaced,
    Isrc,
    Iswc,
    Icpn,
    Grid,
    Isan,
    Eidr,
    Dpid,
    PartyId,
    Address,
    /// A territory other than that of the sale.
    Country,
    /// The currency of the summary record.
    Currency,
    /// The currency that end users paid in.
    PaidIn,
    /// The sum of the usages that name the summary record.
    Total,
    /// About half of that sum.
    Half,
    /// A whole number from one to another.
    Whole(u64, u64),
    /// An amount of money.
    Money,
    /// The amount of the cell before in another currency.
    Converted,
    /// More than 1 and at most 100.
    Percentage,
    /// The same where it is a rights controller's.
    Share,
    /// A part of one.
    Ratio,
    /// A rate of exchange.
    Rate,
    Boolean,
    /// `true` when the date of the last check is wanted too.
    Conflict,
    /// A day of the period.
    Day(u32),
    /// The last day of the period.
    LastDay,
    /// A day some years before, of any precision.
    Past,
    Moment,
    /// How long something lasts, in seconds.
    Length(u64, u64),
    /// The same where a cue starts.
    Start,
}

/// Which cells are or fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// None: the cell decides for itself.
    Loose,
    /// All cells of the same group.
    Group(usize),
    /// The cell follows when the group is filled and it is wanted itself: ids after names.
    After(usize),
    /// Filled when the usage or summary record is converted to another currency.
    Conversion,
    /// Filled when what was sold has a price of its own, else if wanted.
    Price,
    /// Filled when the service has subscribers, else if wanted.
    Subscribers,
    /// Filled when the flag of conflicts is true.
    Conflict,
}

/// A cell with what it takes.
#[derive(Debug)]
pub(super) struct CellForm {
    pub(super) spec: &'static CellSpec,
    pub(super) content: Content,
    /// The values of its set that may be written.
    pub(super) values: Vec<&'static str>,
    pub(super) tie: Tie,
    /// Cells of the same number have lists of the same length.
    pub(super) list: usize,
    /// Whether its list has one element because its partner takes one value.
    pub(super) single: bool,
}

/// A record with what its cells take.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) spec: &'static RecordSpec,
    pub(super) cells: Vec<CellForm>,
    /// Groups that have a mandatory cell, by their number.
    pub(super) forced: Vec<bool>,
}

impl Form {
    pub(super) fn new(spec: &'static RecordSpec, facts: &Facts) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        let mut number = |key: &'static str| {
            groups.iter().position(|known| *known == key).unwrap_or_else(|| {
                groups.push(key);
                groups.len() - 1
            })
        };
        let together = matches!(spec.family().get(..2), Some("SY")) || spec.family() == "SR08";
        let mut cells = Vec::with_capacity(spec.cells.len());
        for cell in spec.cells {
            let stem = stem(cell.name, spec);
            let tie = match tie(cell.name, spec) {
                CellGrouping::Group(key) => Tie::Group(number(key)),
                CellGrouping::Tie(tie) => tie,
                CellGrouping::None if is_id(cell.name, spec) => Tie::After(number(stem)),
                CellGrouping::None => Tie::Group(number(stem)),
            };
            let partner = |other: &&CellSpec| {
                !other.multi && !is_id(other.name, spec) && self::stem(other.name, spec) == stem
            };
            let single = cell.multi && spec.cells.iter().any(|other| partner(&other));
            let list = if together { 0 } else { number(stem) + 1 };
            let values = listed(cell, spec, facts);
            cells.push(CellForm { spec: cell, content: content(cell), values, tie, list, single });
        }
        let mut forced = vec![false; groups.len()];
        for cell in cells.iter().filter(|cell| cell.spec.obligation == Obligation::Mandatory) {
            if let Tie::Group(group) = cell.tie
                && let Some(forced) = forced.get_mut(group)
            {
                *forced = true;
            }
        }
        Self { spec, cells, forced }
    }

    /// Whether the record has a cell of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.spec.cell(name).is_some()
    }
}

/// Whether a cell holds the ids of what another cell names.
fn is_id(name: &str, spec: &RecordSpec) -> bool {
    name.ends_with("PartyId")
        || name.ends_with("PartyID")
        || name.strip_suffix("Id").is_some_and(|base| {
            spec.cells.iter().any(|cell| cell.name.strip_suffix("Name").is_some_and(|other| other == base))
        })
}

/// What the names of cells that belong together have in common.
fn stem(name: &'static str, spec: &RecordSpec) -> &'static str {
    let ends: &[&str] = if is_id(name, spec) { &["PartyId", "PartyID", "Id"] } else { &["Name", "Role"] };
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

enum CellGrouping {
    None,
    Group(&'static str),
    Tie(Tie),
}

/// What the rules say about cells that are together (V-COND-3, V-COND-5 to V-COND-7, V-COND-14).
fn tie(name: &str, spec: &RecordSpec) -> CellGrouping {
    match name {
        "DistributionChannel" | "DistributionChannelName" | "DistributionChannelDPID" => {
            CellGrouping::Group("channel")
        }
        "RightsType" | "RightsTypePercentage" | "RightSharePercentage" | "RightShare" => {
            CellGrouping::Group("rights")
        }
        "SubPeriodStartDate" | "SubPeriodEndDate" => CellGrouping::Group("part of the period"),
        name if name.ends_with("InSubPeriod") => CellGrouping::Group("part of the period"),
        "ValidityPeriodStart" | "ValidityPeriodEnd" => CellGrouping::Group("validity"),
        "OfferStartDate" | "OfferEndDate" => CellGrouping::Group("offer"),
        "Subscribers" => CellGrouping::Tie(Tie::Subscribers),
        "SubscriberType" if spec.cell("Subscribers").is_some() => CellGrouping::Tie(Tie::Subscribers),
        "CurrencyOfTransaction"
        | "ExchangeRate"
        | "ExchangeRateSource"
        | "ExchangeRateBaseCurrency"
        | "DateOfCurrencyExchange" => CellGrouping::Tie(Tie::Conversion),
        "LastConflictCheck" => CellGrouping::Tie(Tie::Conflict),
        name if name.starts_with("Calculation") => CellGrouping::Group("calculation"),
        name if name.starts_with("Deduction") => CellGrouping::Group("deduction"),
        name if name.starts_with("UsageIndependentFee") => CellGrouping::Group("fee"),
        name if name.starts_with("PriceConsumerPaid") || name.starts_with("PriceEndUserPaid") => {
            CellGrouping::Tie(Tie::Price)
        }
        "IsSubjectToOwnershipConflict" => CellGrouping::Tie(Tie::Loose),
        _ => CellGrouping::None,
    }
}

fn content(cell: &CellSpec) -> Content {
    match cell.kind {
        CellType::FixedString => Content::Name,
        CellType::NamespacedString => Content::Namespaced,
        CellType::PartyId => Content::PartyId,
        CellType::Dpid => Content::Dpid,
        CellType::Avs => Content::Listed,
        CellType::Territory => Content::Country,
        CellType::Currency if matches!(cell.name, "CurrencyOfTransaction" | "ExchangeRateBaseCurrency") => {
            Content::PaidIn
        }
        CellType::Currency => Content::Currency,
        CellType::Integer | CellType::Decimal => number(cell.name),
        CellType::Boolean if cell.name == "IsSubjectToOwnershipConflict" => Content::Conflict,
        CellType::Boolean => Content::Boolean,
        CellType::Date => date(cell.name),
        CellType::Datetime => Content::Moment,
        CellType::Duration if cell.name.contains("Playback") => Content::Length(600, 900_000),
        CellType::Duration => Content::Length(20, 700),
        CellType::Time => Content::Start,
        CellType::String => text(cell.name),
    }
}

/// The values of its set that a cell may hold: none that is deprecated or reports nothing, and only
/// fitting ones where most would be nonsense.
fn listed(cell: &CellSpec, spec: &RecordSpec, facts: &Facts) -> Vec<&'static str> {
    let wanted: &[&str] = match cell.name {
        "ResourceType" if spec.family() == "AS04" => &["Image", "Text"],
        "ResourceType" => &[recording_type::SOUND],
        name if name.contains("Language") && cell.values == "IsoLanguageCode" => words::LANGUAGES,
        _ => &[],
    };
    let Some(set) = (cell.kind == CellType::Avs).then(|| (facts.set)(cell.values)).flatten() else {
        return Vec::new();
    };
    let stated = |value: &&str| !value.starts_with("UserDefined") && *value != "Unknown";
    let good = |value: &&str| !set.deprecated.contains(value) && stated(value);
    let all: Vec<_> = set.values.iter().copied().filter(good).collect();
    let fitting: Vec<_> = all.iter().copied().filter(|value| wanted.contains(value)).collect();
    if fitting.is_empty() { all } else { fitting }
}

fn number(name: &str) -> Content {
    match name {
        "TotalUsages"
        | "Usages"
        | "TotalUsagesInReportingPeriod"
        | "UsagesInReportingPeriod"
        | "NumberOfBroadcasts" => Content::Total,
        "TotalUsagesInSubPeriod" | "UsagesInSubPeriod" => Content::Half,
        "NumberOfTransactedResources" => Content::Whole(1, 1),
        "SeasonNumber" => Content::Whole(1, 9),
        "EpisodeNumber" => Content::Whole(1, 24),
        "PercentileForPrioritisation" => Content::Whole(1, 100),
        "BitRate" => Content::Whole(96, 320),
        name if name.contains("ExchangeRate") => Content::Rate,
        name if name.ends_with("Ratio") => Content::Ratio,
        "RightSharePercentage" | "RightShare" => Content::Share,
        name if name.contains("Percentage") || name.contains("MarketShare") => Content::Percentage,
        name if name.ends_with("InCurrencyOfAccounting") => Content::Converted,
        name if name.contains("Usage") && !name.contains("Fee")
            || name.contains("Users")
            || name.contains("Subscribers")
            || name.contains("NumberOf")
            || name.contains("Hours") =>
        {
            Content::Whole(1, 5_000)
        }
        _ => Content::Money,
    }
}

fn date(name: &str) -> Content {
    match name {
        "ValidityPeriodStart" | "SubPeriodStartDate" | "ReportingPeriodStartDate" => Content::Day(1),
        "ValidityPeriodEnd" | "ReportingPeriodEndDate" => Content::LastDay,
        "SubPeriodEndDate" => Content::Day(15),
        "OfferStartDate" => Content::Day(5),
        "OfferEndDate" => Content::Day(20),
        "LastConflictCheck" => Content::Day(2),
        "SalesTransactionDate" => Content::Day(11),
        _ => Content::Past,
    }
}

/// What a cell of text holds, by its name.
fn text(name: &str) -> Content {
    match name {
        name if name.starts_with("Deprecated") => Content::Nothing,
        "ServiceDescription" => Content::Service,
        "SubscriberType" => Content::Word(words::SUBSCRIBERS),
        "ContentCategory" => Content::Word(words::CATEGORIES),
        "SeasonNumber" => Content::Whole(1, 9),
        "EpisodeNumber" => Content::Whole(1, 24),
        "CreationOrReleaseDate" => Content::Past,
        "BroadcastDuration" => Content::Length(20, 700),
        "LanguageAndCharacterCoding" => Content::Word(words::LANGUAGES),
        "DspReleaseId" => Content::Own("L"),
        "DspResourceId" => Content::Own("T"),
        "DspWorkId" | "DspMusicalWorkId" => Content::Own("K"),
        "MessageId" => Content::Own("M"),
        "GRid" => Content::Grid,
        name if name.ends_with("GRid") => Content::Grid,
        name if name.ends_with("ISRC") => Content::Isrc,
        name if name.ends_with("ISWC") => Content::Iswc,
        name if name.ends_with("ICPN") || name.ends_with("Icpn") => Content::Icpn,
        name if name.ends_with("ISAN") => Content::Isan,
        name if name.ends_with("EIDR") => Content::Eidr,
        name if name.ends_with("URL") => Content::Address,
        name if name.ends_with("PartyId") => Content::PartyId,
        name if name.ends_with("Id") => Content::Own("I"),
        name if name.contains("SubTi") => Content::Word(words::SUBTITLES),
        name if name.contains("Title") || name.starts_with("DealSpecific") => Content::Title,
        name if [
            "Publisher",
            "Provider",
            "Label",
            "RightsController",
            "Company",
            "Repertoire",
            "Channel",
            "Source",
        ]
        .iter()
        .any(|word| name.contains(word)) =>
        {
            Content::Company
        }
        name if ["Artist", "Composer", "Arranger", "Contributor", "Producer", "Director", "Actor"]
            .iter()
            .any(|word| name.contains(word)) =>
        {
            Content::Person
        }
        _ => Content::Word(words::TEXTS),
    }
}
