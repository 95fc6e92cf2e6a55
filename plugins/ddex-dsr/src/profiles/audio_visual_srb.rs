//! `ddex.dsr.audio-visual-srb`: the Audio-Visual Profile, single-record blocks.
//!
//! A line is a whole block: a download is an SR04, anything else an SR05. Cue sheets have no place
//! in this variant. A message is one file (ARCH-88).

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.audio-visual-srb",
    title: "DDEX DSR, Audio-Visual Profile, single records",
    about: "Usage and sales of films, series and other videos, one line for each usage: each line is a whole block, \
            made of a release, a recording with its work and one usage of it. A message is never split.",
    reference: "DDEX Part 8 v1.5 and the published schemas of profile version 1.1; facts in spec/",
    name: "AudioVisualProfileSRB",
};
