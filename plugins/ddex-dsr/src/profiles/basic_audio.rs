//! `ddex.dsr.basic-audio`: the Basic Audio Profile, multi-record blocks.
//!
//! Versions 1.4 (the default) to 1.0. Which record versions a profile version binds is in
//! `spec/profiles.json`.
//!
//! **Message version.** What each profile version prescribes for the MessageVersion cell is not
//! known. The strings below are assumed, in the form `dsrf/<Part 1>/<AVS>/<Part 8>` (ARCH-100), and
//! the option `message-version` replaces them.
//!
//! **Summary records.** A context that was read from a summary record keeps the type of that record
//! where the version has it and its mandatory cells can be filled. Any other context gets its type
//! by its commercial model:
//!
//! - PayAsYouGoModel: SY01
//! - AdvertisementSupportedModel, FreeOfChargeModel: SY02
//! - SubscriptionModel: SY03 where the version has it; else SY04 when its mandatory cells (among
//!   them unit price and share of music) can be filled; else SY01
//! - any other: SY01
//!
//! SY03, too, gives way to SY01 when a mandatory cell of it cannot be filled. The option
//! `summary-record` overrides the choice.

use crate::format::{Dsr, Profile};
use transpose_core::format::Format;

/// The format.
pub fn format() -> Box<dyn Format> {
    Box::new(Dsr::new(&PROFILE))
}

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.basic-audio",
    title: "DDEX DSR, Basic Audio Profile",
    about: "Usage and sales of sound recordings and audio releases in multi-record blocks: header, summary records per sales context, \
            blocks of a release with its recordings, works and usages, footer. Any size is read and written in a stream; a message above \
            the option `max-file-size` is split between blocks.",
    reference: "DDEX Part 8 v1.5, v1.4 and the published schemas of profile version 1.2; facts in spec/",
    name: "BasicAudioProfile",
};

#[cfg(test)]
mod tests {
    use crate::summaries::choose;
    use crate::tables::Layout;
    use transpose_core::model::{Entity, Field};

    #[test]
    fn summary_follows_the_commercial_model() {
        let layouts: Vec<Layout> =
            ["1.4", "1.3", "1.2"].iter().map(|v| Layout::of("BasicAudioProfile", v).unwrap()).collect();
        let mut context = Entity::default();
        for (field, text) in [
            (Field::USE_TYPE, "OnDemandStream"),
            (Field::TERRITORY, "FR"),
            (Field::SERVICE, "Premium"),
            (Field::TOTAL_USAGES, "10"),
            (Field::CURRENCY, "EUR"),
            (Field::NET_REVENUE, "5"),
        ] {
            context.set(field, text);
        }
        let chosen = |model: &str, more: &[(Field, &str)]| {
            let mut context = context.clone();
            context.set(Field::COMMERCIAL_MODEL, model);
            for (field, text) in more {
                context.set(*field, *text);
            }
            layouts.iter().map(|layout| choose(layout, &context, None)).collect::<Vec<_>>()
        };
        assert_eq!(chosen("PayAsYouGoModel", &[]), ["SY01"; 3]);
        assert_eq!(chosen("AdvertisementSupportedModel", &[]), ["SY02"; 3]);
        assert_eq!(chosen("SubscriptionModel", &[]), ["SY03", "SY01", "SY01"]);
        let detailed = [
            (Field::SUBSCRIBER_TYPE, "Individual"),
            (Field::SUBSCRIBERS, "7"),
            (Field::TRIAL_SUBSCRIBERS, "0"),
            (Field::UNIT_PRICE, "9.99"),
            (Field::MUSIC_SHARE, "100"),
        ];
        assert_eq!(chosen("SubscriptionModel", &detailed), ["SY03", "SY03", "SY04"]);
        assert_eq!(chosen("DeviceFeeModel", &[]), ["SY01"; 3]);
    }
}
