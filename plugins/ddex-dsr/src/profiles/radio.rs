//! `ddex.dsr.radio`: the Radio Broadcast Profile, multi-record blocks.
//!
//! Broadcasts of recordings with the number of listeners. A block has one recording. Known from the
//! published schemas of 2016 only.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.radio",
    title: "DDEX DSR, Radio Broadcast Profile",
    about: "Broadcasts of recordings in multi-record blocks: header, summary records per station, blocks of a \
            recording with its work and its broadcasts, footer.",
    reference: "DDEX published schemas of profile version 1.0; facts in spec/",
    name: "RadioBroadcastProfile",
};
