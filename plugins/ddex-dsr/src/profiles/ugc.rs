//! `ddex.dsr.ugc`: the UGC Profile, multi-record blocks.
//!
//! Recordings that users put into what they upload. A block has no release: it has a recording with
//! its work, what record companies say about it (LC01), the uploads in which it was used (RU01:
//! several releases by category; RU02: one each; never both in a block), and usages (SU03) with
//! their allocation to rights controllers (LI01) and by type of subscriber (ST01). A usage names
//! its recording by the service's own identifier. Neither RU01 nor LI01 nor ST01 is added to a
//! usage.
//!
//! Up to version 1.2 the SummaryRecordId of SU03 is empty where LI01 records follow, which name
//! theirs. Version 1.0 has no commercial split: SY02 and SY03 only. Both `UGCProfile` and
//! `UgcProfile` are in use as names; the former is written.
//!
//! **Summary records.** Without an origin: SY04 for subscriptions (SY03 in version 1.0), SY02 for
//! everything else. SY09 and SY05 are kept where they were read.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.ugc",
    title: "DDEX DSR, UGC Profile",
    about: "Usage of recordings in what users upload, in multi-record blocks: header, summary records per sales \
            context, blocks of a recording with its work, the uploads it was used in, its usages and their allocation \
            to rights controllers, footer.",
    reference: "DDEX Part 8 v1.5 and the published schemas of profile versions 1.2, 1.1.1 and 1.0; facts in spec/",
    name: "UGCProfile",
};
