//! `ddex.dsr.ugc-srb`: the UGC Profile, single-record blocks.
//!
//! A line is a usage of a recording and its allocation to one rights controller: an SR06 under
//! advertising or where the revenue of the usage is not known, else an SR03. A usage with several
//! allocations takes a line for each; the first one counts the usages. A message is one file
//! (ARCH-88).

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.ugc-srb",
    title: "DDEX DSR, UGC Profile, single records",
    about: "Usage of recordings in what users upload, one line for each usage and rights controller. A message is \
            never split.",
    reference: "DDEX Part 8 v1.5 and the published schemas of profile version 1.2; facts in spec/",
    name: "UGCProfileSRB",
};
