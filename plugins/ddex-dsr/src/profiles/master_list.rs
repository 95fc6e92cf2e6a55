//! `ddex.dsr.master-list`: the Master List Profile, multi-record blocks.
//!
//! Recordings whose rights no one has claimed, or not fully, so that rights controllers can claim
//! them: each recording (AS02) has a record (ML01) that says how much is unclaimed and how much it
//! is used, and works as far as they are known. There are no usages. Known from the published
//! schemas of 2016 only.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.master-list",
    title: "DDEX DSR, Master List Profile",
    about: "Recordings whose rights are not fully claimed, in multi-record blocks: header, summary records, blocks of \
            a release with its recordings and works and what is unclaimed, footer.",
    reference: "DDEX published schemas of profile version 1.0; facts in spec/",
    name: "MasterListProfile",
};
