//! `ddex.dsr.basic-audio-srb`: the Basic Audio Profile, single-record blocks.
//!
//! A line is a whole block: a download is an SR01, anything else an SR02. The published schema of
//! version 1.2 does not allow both in one file, so writing both is reported. The variant is used by
//! bilateral agreement only; a message is one file (ARCH-88), its footer an SRFO (ARCH-80).
//!
//! A line has room for one recording, so a usage of a release with several recordings cannot be
//! written.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.basic-audio-srb",
    title: "DDEX DSR, Basic Audio Profile, single records",
    about: "Usage and sales of sound recordings and audio releases, one line for each usage: each line is a whole \
            block, made of a release, a recording with its work and one usage of it. A message is never split.",
    reference: "DDEX Part 8 v1.5 and the published schemas of profile version 1.2; facts in spec/",
    name: "BasicAudioProfileSRB",
};
