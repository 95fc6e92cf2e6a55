//! `ddex.dsr.royalty`: the Royalty Reporting Profile, multi-record blocks.
//!
//! Royalties to rights controllers: recordings with their works, usages (SU03.01) and the
//! allocation of each (LI01, at least one). Known from the published schemas of 2016 only. A usage
//! names a release by the service's own identifier, whatever is used.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.royalty",
    title: "DDEX DSR, Royalty Reporting Profile",
    about: "Royalties of rights controllers, in multi-record blocks: header, summary records, blocks of recordings \
            with their works, usages and the allocation of each usage, footer.",
    reference: "DDEX published schemas of profile version 1.0.1; facts in spec/",
    name: "RoyaltyReportingProfile",
};
