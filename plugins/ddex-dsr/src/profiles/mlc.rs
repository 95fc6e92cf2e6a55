//! `ddex.dsr.mlc`: the Basic Audio Profile for The Mechanical Licensing Collective, multi-record
//! blocks.
//!
//! The Basic Audio Profile with what The MLC asks for besides: names and titles as they were
//! received, ingestion dates, works with a reference of their own (MW02), and the parties that
//! control rights in them (RC01). The United States only. MW02 is never used with AS06 for the same
//! recording. The name in the header is that of the allowed values of ProfileId;
//! `BasicAudioProfileForTheMechanicalLicensingCollective`, `BasicAudioProfileForTheMLC` and `MLC`
//! are read as well.
//!
//! **Summary records.** Without an origin: SY12 where the context has a cost of content or
//! performance royalties, else SY01.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.mlc",
    title: "DDEX DSR, Basic Audio Profile for The MLC",
    about: "Usage and sales of sound recordings for The Mechanical Licensing Collective in multi-record blocks: \
            header, summary records per sales context, blocks of a release with its recordings, works, rights \
            controllers and usages, footer.",
    reference: "DDEX profile for The MLC v1.1 and v1.0 with Part 8 v1.5 and v1.4; facts in spec/",
    name: "BasicAudioProfileMLC",
};
