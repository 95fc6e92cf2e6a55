//! `ddex.dsr.master-list-srb`: the Master List Profile, single-record blocks.
//!
//! A line (SR07) is a recording with its release and work and what is unclaimed. Unlike other
//! single records it has a BlockId. A message is one file.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.master-list-srb",
    title: "DDEX DSR, Master List Profile, single records",
    about: "Recordings whose rights are not fully claimed, one line each. A message is never split.",
    reference: "DDEX published schemas of profile version 1.0; facts in spec/",
    name: "MasterListProfileSRB",
};
