//! Every field of the canonical model, once.
//!
//! A field has one meaning and one notation (its [`Kind`]), whatever a partner calls it or writes
//! in it. Partner names stay in column tables and record tables. A new field needs two formats that
//! carry it; until then it stays in the extras of its family.

use std::fmt;
use transpose_codes::CodeSystem;

/// A field of the canonical model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(u16);

/// What a field describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The message as a whole.
    Header,
    /// A sales context: under which conditions usage took place.
    Context,
    /// A release or sub-release.
    Release,
    /// A sound recording.
    Recording,
    /// A musical work.
    Work,
    /// A use of another recording or work inside a recording or video: a line of a cue sheet.
    Cue,
    /// A party that controls rights in a work or a recording.
    Controller,
    /// What a licensor says about a recording and its work.
    Claim,
    /// What users made of a recording: a release of theirs in which it was used, with its part of
    /// the usages.
    Embodiment,
    /// An amount of usage of a release or a recording.
    Usage,
    /// The part of a usage that is allocated to a rights holder.
    Allocation,
    /// A part of a usage by type of subscriber; it is never added to the usage.
    Split,
    /// A record that two parties agreed on, carried as it is.
    Opaque,
    /// One play or sale.
    Event,
}

impl Group {
    /// The word used in field ids and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Context => "context",
            Self::Release => "release",
            Self::Recording => "recording",
            Self::Work => "work",
            Self::Cue => "cue",
            Self::Controller => "controller",
            Self::Claim => "claim",
            Self::Embodiment => "embodiment",
            Self::Usage => "usage",
            Self::Allocation => "allocation",
            Self::Split => "split",
            Self::Opaque => "opaque",
            Self::Event => "event",
        }
    }
}

/// The canonical notation of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text of at least one character.
    Text,
    /// An identifier without a public grammar, kept as text.
    Id,
    /// An ISRC, twelve characters, upper case.
    Isrc,
    /// An ISWC, `T` and ten digits.
    Iswc,
    /// A GTIN of a release, 12 to 14 digits.
    Icpn,
    /// A GRid, eighteen characters.
    Grid,
    /// A DDEX party id, eighteen characters.
    Dpid,
    /// A namespaced party id, `ISNI::…`.
    PartyId,
    /// An ISO 3166-1 alpha-2 code or one of the DDEX additions.
    Territory,
    /// An ISO 4217 code.
    Currency,
    /// A whole number.
    Integer,
    /// An exact decimal in plain notation.
    Decimal,
    /// A calendar date, possibly of lower precision.
    Date,
    /// An RFC 3339 date and time.
    DateTime,
    /// An ISO 8601 duration.
    Duration,
    /// `true` or `false`.
    Boolean,
    /// A value of an allowed-value set.
    Vocabulary,
}

impl Kind {
    /// The system of codes that values are of, where several spellings are one code.
    pub const fn code_system(self) -> Option<CodeSystem> {
        match self {
            Self::Isrc => Some(CodeSystem::Isrc),
            Self::Iswc => Some(CodeSystem::Iswc),
            Self::Icpn => Some(CodeSystem::Gtin),
            Self::Grid => Some(CodeSystem::Grid),
            _ => None,
        }
    }
}

/// The facts about one field.
#[derive(Debug)]
pub struct FieldSpec {
    /// The id used in layouts, agreements and messages, such as `recording.title`.
    pub id: &'static str,
    /// What it describes.
    pub group: Group,
    /// Its notation.
    pub kind: Kind,
    /// Whether it may hold several values.
    pub many: bool,
    /// Its meaning, one sentence.
    pub about: &'static str,
}

macro_rules! many {
    () => {
        false
    };
    (many) => {
        true
    };
}

macro_rules! fields {
    ($($group:ident { $($name:ident $id:literal $kind:ident $($many:ident)? $about:literal;)* })*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { $($($name,)*)* Count }

        impl Field {
            $($(#[doc = $about] pub const $name: Self = Self(Index::$name as u16);)*)*
            /// How many fields there are.
            pub const COUNT: usize = Index::Count as usize;
        }

        static SPECS: [FieldSpec; Field::COUNT] = [$($(FieldSpec {
            id: $id, group: Group::$group, kind: Kind::$kind, many: many!($($many)?), about: $about,
        },)*)*];
    };
}

fields! {
    Header {
        MESSAGE_ID "header.message-id" Id "The identifier of the message, unique for its sender.";
        CREATED "header.created" DateTime "When the message was made.";
        PERIOD_START "header.period-start" Date "The first day of the reporting period.";
        PERIOD_END "header.period-end" Date "The last day of the reporting period.";
        SENDER_ID "header.sender.party-id" Dpid "The DDEX party id of the sender.";
        SENDER_NAME "header.sender.name" Text "The name of the sender.";
        SERVICE_DESCRIPTION "header.service" Text "The service or tier that the whole message is about.";
        RECIPIENT_ID "header.recipient.party-id" Dpid "The DDEX party id of the only recipient.";
        RECIPIENT_NAME "header.recipient.name" Text "The name of the only recipient.";
        REPERTOIRE "header.repertoire" Text many "The repertoires that the message represents.";
        PARTNER_NAME "header.partner-name" Text "The name that the platform has given to the reporting service.";
        PARTNER "header.partner" Id "The number that the platform has given to the reporting service.";
        STATEMENT_CURRENCY "header.statement.currency" Currency "The currency of the amounts of the statement.";
        STATEMENT_GROSS "header.statement.gross" Decimal "What was earned before the recipient's share or fee, and before withholding.";
        STATEMENT_SHARE "header.statement.share" Decimal "What of the gross amount is the recipient's.";
        STATEMENT_WITHHELD "header.statement.withheld" Decimal "What is withheld of the recipient's share, or of the payment.";
        STATEMENT_EARNED "header.statement.earned" Decimal "What was earned in the period, after what is withheld from earnings.";
        STATEMENT_ADJUSTED "header.statement.adjusted" Decimal "Corrections and late refunds of the period.";
        STATEMENT_RECOUPED "header.statement.recouped" Decimal "What was set against an advance; negative where refunds raise the balance.";
        STATEMENT_SHORTFALL "header.statement.shortfall" Decimal "What is missing of a guarantee whose term ends.";
        STATEMENT_GROSSED_UP "header.statement.grossed-up" Decimal "What the payer adds for the tax on the payment.";
        STATEMENT_PAYABLE "header.statement.payable" Decimal "What is to be paid.";
        STATEMENT_EXPIRED "header.statement.expired" Decimal "What was left of an advance whose term ends, and is not set against later earnings.";
        STATEMENT_UNRECOUPED "header.statement.unrecouped" Decimal "What is left to be earned before anything is paid.";
    }
    Context {
        CONTEXT_ID "context.id" Id "The identifier of the sales context in its message.";
        CHANNEL "context.channel" Text "The distribution channel that generated the usage.";
        CHANNEL_ID "context.channel.party-id" Dpid "The DDEX party id of the distribution channel.";
        COMMERCIAL_MODEL "context.commercial-model" Vocabulary "How the end user pays.";
        USE_TYPE "context.use-type" Vocabulary "How the end user uses the service.";
        TERRITORY "context.territory" Territory "Where the usage took place.";
        SERVICE "context.service" Text "The service or tier under which the usage took place.";
        PLAN "context.plan" Text "The subscription plan of the user.";
        TOTAL_USAGES "context.total-usages" Decimal "All usages of the context.";
        SUBSCRIBERS "context.subscribers" Decimal many "The number of subscribers in the period.";
        USERS "context.users" Decimal "The number of users in the period.";
        CURRENCY "context.currency" Currency "The currency in which amounts are reported.";
        NET_REVENUE "context.net-revenue" Decimal "The revenue of the context in the currency of reporting.";
        INDIRECT_VALUE "context.indirect-value" Decimal "Revenue that cannot be allocated to single usages.";
        TRANSACTION_CURRENCY "context.transaction-currency" Currency "The currency in which end users paid.";
        EXCHANGE_RATE "context.exchange-rate" Decimal "The rate from the currency of transaction to that of reporting.";
        EXCHANGE_RATE_SOURCE "context.exchange-rate-source" Text "Who published the exchange rate.";
        EXCHANGE_RATE_DATE "context.exchange-rate-date" DateTime "The moment for which the exchange rate holds.";
        TOTAL_DURATION "context.total-duration" Duration "How long everything was played, summed.";
        RIGHTS_CONTROLLER "context.rights-controller.name" Text "The party believed to control a share of the rights.";
        RIGHTS_CONTROLLER_ID "context.rights-controller.party-id" PartyId "The party id of the rights controller.";
        ALLOCATED_USAGES "context.allocated-usages" Decimal many "The usages allocated to the rights controller.";
        ALLOCATED_REVENUE "context.allocated-revenue" Decimal many "The amount payable to the rights controller.";
        ALLOCATED_NET_REVENUE "context.allocated-net-revenue" Decimal many "The net revenue allocated to the rights controller.";
        RIGHTS_TYPE "context.rights-type" Vocabulary "The type of right that the summary covers.";
        RIGHTS_SHARE "context.rights-share" Decimal "The percentage of royalties that goes to the rights type, 0 to 100.";
        CONTENT_CATEGORY "context.content-category" Text "The category of content as agreed by the parties.";
        MARKET_SHARE "context.market-share" Decimal "The market share of the rights controller, 0 to 100.";
        UNIT_PRICE "context.unit-price" Decimal "The price that one consumer pays for the period.";
        TRIAL_SUBSCRIBERS "context.trial-subscribers" Decimal "The number of free or trial subscribers.";
        SUBSCRIBER_TYPE "context.subscriber-type" Text many "The type of subscriber.";
        SUB_PERIOD_START "context.sub-period-start" Date "The first day of a part of the reporting period.";
        SUB_PERIOD_END "context.sub-period-end" Date "The last day of a part of the reporting period.";
        SUB_PERIOD_USAGES "context.sub-period-usages" Decimal "The usages in a part of the reporting period.";
        MUSIC_SHARE "context.music-share" Decimal "The part of usage that is music, 0 to 100.";
        PARENT_CONTEXT "context.parent-id" Id "The identifier of the context that this one details.";
        CONTENT_COST "context.content-cost" Decimal "The total cost of content in the currency of reporting.";
        PERFORMANCE_ROYALTIES "context.performance-royalties" Decimal "The performance royalties in the currency of reporting.";
        GROSS_REVENUE "context.gross-revenue" Decimal "The revenue of the context before deductions, in the currency of reporting.";
        DEDUCTIONS "context.deductions" Decimal many "What is deducted from the gross revenue, in the currency of reporting.";
        CONTEXT_RETURNS "context.returns" Decimal "How many sales of the context were returned or reversed.";
        FINAL_AMOUNT "context.final-amount" Decimal "What is to be paid for the context once the account of the deal is settled.";
        TUNING_HOURS "context.tuning-hours" Decimal "The hours of a channel that were transmitted, times its listeners.";
    }
    Release {
        RELEASE_REFERENCE "release.reference" Id "The identifier of the release inside its block.";
        RELEASE_ID "release.id" Id "The reporting service's own identifier of the release.";
        RELEASE_PROPRIETARY_ID "release.proprietary-id" Id many "Other namespaced identifiers of the release.";
        CATALOGUE_NUMBER "release.catalogue-number" Text "The catalogue number of the release.";
        ICPN "release.icpn" Icpn "The UPC or EAN of the release.";
        GRID "release.grid" Grid "The GRid of the release.";
        RELEASE_ARTIST "release.artist" Text "The artist named on the release.";
        RELEASE_ARTIST_ID "release.artist.party-id" PartyId many "The party ids of the release's artists.";
        RELEASE_TITLE "release.title" Text "The title of the release.";
        RELEASE_SUBTITLE "release.subtitle" Text "The subtitle of the release.";
        RELEASE_TYPE "release.type" Vocabulary "The type of the release.";
        RELEASE_LABEL "release.label" Text "The label of the release.";
        P_LINE "release.p-line" Text "The phonographic copyright line of the release.";
        RELEASE_DATA_PROVIDER "release.data-provider" Text "Who provided the data on the release.";
        RELEASE_DATE "release.date" Date "When the release was first made available.";
        RELEASE_DISPLAY_ARTISTS "release.display-artists" Text many "The artists of the release, one by one.";
        USED_RESOURCES "release.used-resources" Id many "The references of the resources in a sub-release.";
    }
    Recording {
        RECORDING_REFERENCE "recording.reference" Id "The identifier of the recording inside its block.";
        RECORDING_ID "recording.id" Id "The reporting service's own identifier of the recording.";
        ISRC "recording.isrc" Isrc many "The ISRC of the recording.";
        RECORDING_TITLE "recording.title" Text "The title of the recording.";
        RECORDING_SUBTITLE "recording.subtitle" Text "The subtitle of the recording.";
        RECORDING_ARTIST "recording.artist" Text "The artist of the recording.";
        RECORDING_ARTIST_ID "recording.artist.party-id" PartyId many "The party ids of the recording's artists.";
        RECORDING_DURATION "recording.duration" Duration "How long the recording is.";
        RECORDING_PROPRIETARY_ID "recording.proprietary-id" Id "The identifier that the label or distributor gave the recording.";
        RECORDING_TYPE "recording.type" Vocabulary "The type of the resource.";
        RECORDING_LABEL "recording.label" Text "The label or label group that the recording belongs to.";
        IS_MASTER "recording.is-master" Boolean "Whether it is a master recording.";
        OWNERSHIP_CONFLICT "recording.ownership-conflict" Boolean "Whether its ownership is in dispute.";
        CONFLICT_CHECKED "recording.conflict-checked" Date "When the ownership conflict was last checked.";
        RECORDING_STREAMS "recording.streams" Decimal "The streams of the recording over the whole service in the twelve months before.";
        ARTIST_STREAMS "recording.artist.streams" Decimal "The streams of the artist over the whole service in the period.";
        ARTIST_LISTENERS "recording.artist.listeners" Decimal "The users of the whole service who played the artist in the period.";
        RECORDING_RIGHTS_SHARE "recording.rights-share" Decimal "The recipient's part of the rights in the recording, 0 to 100.";
        RECORDING_DISPLAY_ARTISTS "recording.display-artists" Text many "The artists of the recording, one by one.";
    }
    Work {
        WORK_ID "work.id" Id "The reporting service's own identifier of the work.";
        ISWC "work.iswc" Iswc "The ISWC of the work.";
        WORK_TITLE "work.title" Text "The title of the work.";
        WORK_SUBTITLE "work.subtitle" Text "The subtitle of the work.";
        COMPOSERS "work.composer-author.name" Text many "The composers and authors of the work.";
        COMPOSER_IDS "work.composer-author.party-id" PartyId many "The party ids of composers and authors, in the same order.";
        ARRANGERS "work.arranger.name" Text many "The arrangers of the work.";
        ARRANGER_IDS "work.arranger.party-id" PartyId many "The party ids of arrangers, in the same order.";
        PUBLISHERS "work.publisher.name" Text many "The publishers of the work.";
        PUBLISHER_IDS "work.publisher.party-id" PartyId many "The party ids of publishers, in the same order.";
        CONTRIBUTORS "work.contributor.name" Text many "Other contributors to the work.";
        CONTRIBUTOR_IDS "work.contributor.party-id" PartyId many "The party ids of other contributors, in the same order.";
        WORK_DATA_PROVIDER "work.data-provider" Text "Who provided the data on the work.";
        WORK_PROPRIETARY_ID "work.proprietary-id" Id many "Other namespaced identifiers of the work.";
        WORK_REFERENCE "work.reference" Id "The identifier of the work inside its block.";
        PARENT_RECORD_ID "work.parent-record-id" Id "The licensor's record that the work data came from.";
        PARENT_MASTERLIST_ID "work.parent-masterlist-id" Id "The masterlist that the work data came from.";
    }
    Cue {
        CUE_START "cue.start" Text "When the use begins, from the start of the whole, as `T2M4S`.";
        CUE_DURATION "cue.duration" Duration "How long the use is.";
        CUE_ISRC "cue.isrc" Isrc "The ISRC of what is used.";
        CUE_ISWC "cue.iswc" Iswc "The ISWC of what is used.";
        CUE_TITLE "cue.title" Text "The title of what is used.";
        CUE_ARTISTS "cue.artist.name" Text many "The artists of what is used.";
        CUE_ARTIST_IDS "cue.artist.party-id" PartyId many "The party ids of the artists, in the same order.";
        CUE_COMPOSERS "cue.composer-author.name" Text many "The composers and authors of what is used.";
        CUE_COMPOSER_IDS "cue.composer-author.party-id" PartyId many "The party ids of composers and authors, in the same order.";
        CUE_DATA_PROVIDER "cue.data-provider" Text "Who provided the cue sheet.";
    }
    Controller {
        CONTROLLER_NAME "controller.name" Text "The name of the rights controller.";
        CONTROLLER_ID "controller.party-id" PartyId many "The party ids of the rights controller.";
        CONTROLLER_RIGHTS_TYPE "controller.rights-type" Vocabulary "The type of right that is controlled.";
        CONTROLLER_SHARE "controller.share" Decimal "The share that is controlled, 0 to 100.";
        CONTROLLER_AFFILIATED "controller.affiliated" Boolean "Whether the rights controller is affiliated with the licensee.";
    }
    Embodiment {
        EMBODIMENT_RELEASE_ID "embodiment.release-id" Id many "The service's identifiers of the releases that users made.";
        EMBODIMENT_QUANTITY "embodiment.quantity" Decimal many "The usages of each release, in the same order; part of those of the recording.";
        EMBODIMENT_TITLE "embodiment.title" Text "The title that the user gave.";
        EMBODIMENT_URL "embodiment.url" Text "Where the release is found.";
        EMBODIMENT_CATEGORY "embodiment.content-category" Text "The category of content as agreed by the parties.";
        EMBODIMENT_DURATION "embodiment.duration" Duration "How long everything was played, summed.";
    }
    Usage {
        USAGE_ID "usage.id" Id "The identifier of the usage in its message.";
        ROYALTY_BEARING "usage.royalty-bearing" Boolean "Whether royalties are due for it.";
        UPGRADE "usage.upgrade" Boolean "Whether it is an upgrade of an earlier sale.";
        QUANTITY "usage.quantity" Decimal "How many plays or sales, after adjustments.";
        RETURNS "usage.returns" Decimal "How many were returned or reversed.";
        PRICE "usage.price" Decimal "The price paid for each, without sales tax.";
        PROMOTION "usage.promotion" Text "The promotional activity that went with it.";
        USAGE_USE_TYPE "usage.use-type" Vocabulary "How the end user used the service, where the context does not say.";
        USAGE_DURATION "usage.duration" Duration "How long everything was played, summed.";
        USAGE_NET_REVENUE "usage.net-revenue" Decimal "The revenue of the usage in the currency of reporting.";
        USAGE_CATEGORY "usage.content-category" Text "The category of content as agreed by the parties.";
        USAGE_VALID_FROM "usage.validity-start" Date "The first day of the part of the reporting period in which the usage took place.";
        USAGE_VALID_UNTIL "usage.validity-end" Date "The last day of that part.";
        QUALIFIED "usage.qualified" Decimal "How many of the plays or sales, less returns, are paid for.";
        RATE "usage.rate" Decimal "The royalty per paid play or sale, in the currency of reporting, unrounded.";
        AMOUNT "usage.amount" Decimal "The royalties of the usage, in the currency of reporting; negative for returns.";
        GROSS_AMOUNT "usage.gross-amount" Decimal "What was earned by the usage before shares and fees, in the currency of reporting.";
        SHARE "usage.share" Decimal "The share of the gross amount that is payable, 0 to 100.";
        WITHHELD "usage.withheld" Decimal "What is withheld of the share of the usage, in the currency of reporting.";
        ROYALTY_MODEL "usage.royalty-model" Vocabulary "The model by which the amount was worked out.";
        DEAL "usage.deal" Id "The deal by which the amount was worked out.";
        USAGE_RETAIL_PRICE "usage.retail-price" Decimal "What the end user paid for each, with sales tax.";
        USAGE_RETAIL_CURRENCY "usage.retail-currency" Currency "The currency of that price.";
        PLAY_WEIGHT "usage.play-weight" Decimal "For how many plays a play counts, where a deal weighs them.";
        STARTED_MINUTES "usage.started-minutes" Decimal "The length of the recording in minutes, a started one counting as whole, where royalties depend on it.";
        USAGE_RIGHTS_SHARE "usage.rights-share" Decimal "The recipient's part of the rights, 0 to 100, where it differs between recordings.";
        TRANSMISSIONS "usage.transmissions" Decimal "How many times the recording was transmitted, whoever listened.";
    }
    Allocation {
        ALLOCATION_HOLDER "allocation.rights-controller.name" Text "The party that the usage is allocated to.";
        ALLOCATION_HOLDER_ID "allocation.rights-controller.party-id" PartyId many "The party ids of that party.";
        ALLOCATION_WORK_ID "allocation.work-id" Id "The party's own identifier of the work.";
        ALLOCATION_SHARE "allocation.share" Decimal "The share of the party, 0 to 100.";
        ALLOCATION_RIGHTS_TYPE "allocation.rights-type" Vocabulary "The type of right that the share is of.";
        ALLOCATION_NET_REVENUE "allocation.net-revenue" Decimal "The net revenue allocated to the party.";
        ALLOCATION_AMOUNT "allocation.amount" Decimal "The amount payable to the party.";
        ALLOCATION_USAGES "allocation.usages" Decimal many "The usages allocated to the party.";
    }
    Split {
        SPLIT_QUANTITY "split.quantity" Decimal "How many of the usages belong to the type of subscriber of the context.";
        SPLIT_DURATION "split.duration" Duration "How long was played under it.";
    }
    Event {
        EVENT_ID "event.id" Id "The identifier of the play or sale.";
        EVENT_TIME "event.time" DateTime "When it took place.";
        EVENT_DURATION "event.duration" Duration "How long was played.";
        ARTIFICIAL "event.artificial" Boolean "Whether the service found the play to be artificial.";
        SOUGHT "event.sought" Boolean "Whether the user sought the recording out.";
        USER "event.user" Id "The service's identifier of the user; personal data.";
        DEVICE "event.device" Text "The device on which it took place, or what the player says of itself.";
        PLAY_MODE "event.play-mode" Vocabulary "Online, offline or cached.";
        FORMAT_ID "event.format-id" Id "The platform's identifier of the audio format.";
        API_KEY "event.api-key" Text "The name of the key with which it was logged.";
        EVENT_LOGGED "event.logged" DateTime "When it was brought to the platform, which for plays without a connection is later than when it took place.";
        END_REASON "event.end-reason" Vocabulary "Why the play ended.";
        PLAY_TYPE "event.play-type" Vocabulary "Whether media that use the recording were viewed or made.";
        USER_CREATED "event.user-created" Date "When the user's account was made; personal data.";
        POSTAL_CODE "event.postal-code" Text "The postal code of the buyer; personal data.";
        TRANSACTION_TYPE "event.transaction-type" Vocabulary "Whether it is a sale or a refund.";
        ITEM_TYPE "event.item-type" Vocabulary "Whether a whole release or a single recording was sold.";
        TRACK_COUNT "event.track-count" Integer "How many recordings were sold with it.";
        RETAIL_PRICE "event.retail-price" Decimal "What was paid, with sales tax, in the currency of the shop; negative for money given back.";
        EVENT_CURRENCY "event.currency" Currency "The currency of the price.";
        BASKET "event.basket" Id "The identifier of the purchase, under which it can be refunded.";
        TRANSACTION_ID "event.transaction-id" Id "The service's own identifier of the transaction.";
        PAYMENT_PROVIDER "event.payment-provider" Text "How it was paid.";
        PACKAGE_ID "event.package-id" Id "The platform's identifier of the package that was sold.";
        FORMAT_DESCRIPTION "event.format" Text "The audio format and quality in words.";
        GENRE "event.genre" Text "The genre of what was used.";
    }
}

impl Field {
    /// Personal data: never shown in messages, and passed on only where a report belongs to the
    /// party whose users they are.
    pub const PERSONAL: [Self; 3] = [Self::USER, Self::USER_CREATED, Self::POSTAL_CODE];

    /// Whether it reports a person; see [`Field::PERSONAL`].
    pub fn is_personal(self) -> bool {
        Self::PERSONAL.contains(&self)
    }

    /// The facts about the field.
    pub fn spec(self) -> &'static FieldSpec {
        // A `Field` is made only from the table, so the index exists.
        SPECS.get(usize::from(self.0)).unwrap_or(&SPECS[0])
    }

    /// The id used in layouts, agreements and messages.
    pub fn id(self) -> &'static str {
        self.spec().id
    }

    /// What it describes.
    pub fn group(self) -> Group {
        self.spec().group
    }

    /// Its notation.
    pub fn kind(self) -> Kind {
        self.spec().kind
    }

    /// Whether two texts are one value of it: codes whatever their spelling, others as they are.
    pub fn is_same_value(self, a: &str, b: &str) -> bool {
        a == b || self.kind().code_system().is_some_and(|system| system.is_same(a.as_bytes(), b.as_bytes()))
    }

    /// Its place in the table of fields.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The field with the given id.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::all().find(|field| field.id() == id)
    }

    /// The field whose id is most like the given text, for advice in messages.
    pub fn nearest(id: &str) -> Option<Self> {
        Self::all()
            .map(|field| (strsim::jaro_winkler(id, field.id()), field))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, field)| field)
    }

    /// Every field, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SPECS.len()).map(|index| Self(index as u16))
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

const WORDS: usize = Field::COUNT.div_ceil(64);

/// A set of fields.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldSet([u64; WORDS]);

impl FieldSet {
    /// The set without any field.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// Adds a field.
    pub fn insert(&mut self, field: Field) {
        if let Some(word) = self.0.get_mut(field.index() / 64) {
            *word |= 1 << (field.index() % 64);
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: Field) {
        if let Some(word) = self.0.get_mut(field.index() / 64) {
            *word &= !(1 << (field.index() % 64));
        }
    }

    /// Whether the field is in the set.
    pub fn contains(&self, field: Field) -> bool {
        self.0.get(field.index() / 64).is_some_and(|word| word & (1 << (field.index() % 64)) != 0)
    }

    /// Whether there is no field in the set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many fields are in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The fields of either set.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
        self
    }

    /// The fields of this set that are not in the other.
    #[must_use]
    pub fn difference(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, less)| *word &= !less);
        self
    }

    /// The fields of both sets.
    #[must_use]
    pub fn intersection(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, mask)| *word &= mask);
        self
    }

    /// The fields of the set that describe the given thing.
    #[must_use]
    pub fn of(self, group: Group) -> Self {
        self.iter().filter(|field| field.group() == group).collect()
    }

    /// The fields in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::all().filter(move |field| self.contains(*field))
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::EMPTY;
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_begin_with_their_group() {
        let mut ids: Vec<_> = Field::all().map(Field::id).collect();
        for field in Field::all() {
            assert!(field.id().starts_with(field.group().name()), "{field}");
            assert_eq!(Field::by_id(field.id()), Some(field));
            assert!(field.spec().about.ends_with('.'), "{field}");
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Field::COUNT);
    }

    #[test]
    fn sets_add_subtract_and_intersect() {
        let a: FieldSet = [Field::ISRC, Field::PRICE].into_iter().collect();
        let b: FieldSet = [Field::ISRC, Field::API_KEY].into_iter().collect();
        assert_eq!(a.union(b).len(), 3);
        assert_eq!(a.difference(b).iter().collect::<Vec<_>>(), [Field::PRICE]);
        assert_eq!(a.intersection(b).iter().collect::<Vec<_>>(), [Field::ISRC]);
        assert!(a.contains(Field::PRICE) && !a.contains(Field::API_KEY));
    }

    #[test]
    fn misspelt_id_finds_its_neighbour() {
        assert_eq!(Field::nearest("recording.titel"), Some(Field::RECORDING_TITLE));
        assert_eq!(Field::nearest("zzz"), None);
    }
}
