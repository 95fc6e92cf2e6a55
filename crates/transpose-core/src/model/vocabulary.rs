//! Words of enumerated fields that code decides by, one module for each field.
//!
//! A field of [`Kind::Vocabulary`](super::Kind) holds one word of its set. Most words only pass
//! through. Those that decide something, such as whether a row gives money back or which summary
//! record a sales context takes, are here, so that readers, engine, agreements and writers mean the
//! same word. Except for transaction types they are words of the DDEX sets of allowed values; a
//! test of `plugins/ddex-dsr` looks each of them up there.

/// How the end user pays (`context.commercial-model`).
pub mod commercial_model {
    /// Advertisers pay.
    pub const ADVERTISING: &str = "AdvertisementSupportedModel";
    /// As a contract says that is not in the report.
    pub const BY_CONTRACT: &str = "AsPerContract";
    /// Nobody pays.
    pub const FREE: &str = "FreeOfChargeModel";
    /// The user pays for each download or play, which therefore has a price (V-COND-3).
    pub const PAY_AS_YOU_GO: &str = "PayAsYouGoModel";
    /// The user pays by the month or the like.
    pub const SUBSCRIPTION: &str = "SubscriptionModel";
}

/// How something was used (`context.use-type`, `usage.use-type`).
pub mod use_type {
    /// A download that works as long as a condition holds.
    pub const CONDITIONAL_DOWNLOAD: &str = "ConditionalDownload";
    /// A stream whose content the user influences.
    pub const CONTENT_INFLUENCED_STREAM: &str = "ContentInfluencedStream";
    /// A download, no matter which; no longer to be written.
    pub const DOWNLOAD: &str = "Download";
    /// A download at a kiosk.
    pub const KIOSK_DOWNLOAD: &str = "KioskDownload";
    /// A stream whose content the service chooses.
    pub const NON_INTERACTIVE_STREAM: &str = "NonInteractiveStream";
    /// A stream of what the user chose.
    pub const ON_DEMAND_STREAM: &str = "OnDemandStream";
    /// A download that the user keeps.
    pub const PERMANENT_DOWNLOAD: &str = "PermanentDownload";
    /// A stream, no matter which.
    pub const STREAM: &str = "Stream";
    /// A download that works as long as the user subscribes.
    pub const TETHERED_DOWNLOAD: &str = "TetheredDownload";

    /// The use types that are downloads.
    pub const DOWNLOADS: [&str; 5] =
        [CONDITIONAL_DOWNLOAD, DOWNLOAD, KIOSK_DOWNLOAD, PERMANENT_DOWNLOAD, TETHERED_DOWNLOAD];
}

/// What kind of resource was used (`recording.type`).
pub mod recording_type {
    /// A recording of sound.
    pub const SOUND: &str = "SoundRecording";
}

/// Which way the money of a sale went (`event.transaction-type`).
pub mod transaction_type {
    /// The user bought.
    pub const SALE: &str = "sale";
    /// The user gave back.
    pub const REFUND: &str = "refund";
}
