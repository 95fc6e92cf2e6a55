//! `ddex.dsr.audio-visual`: the Audio-Visual Profile, multi-record blocks.
//!
//! Films, series and other videos with their cue sheets. Music videos are reported with the Basic
//! Audio or UGC Profile. Resources are videos (AS03) or, in version 1.4, websites (AS04); their
//! cues are CU01 or CU02. Version 1.4 is the number of the family of tools; the page of the profile
//! that prints its own was not seen.
//!
//! **Summary records.** Without an origin: SY02 for advertising, SY04 for subscriptions, SY01 for
//! sales, each where it is bound and can be filled; else SY06.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.audio-visual",
    title: "DDEX DSR, Audio-Visual Profile",
    about: "Usage and sales of films, series and other videos with their cue sheets in multi-record blocks: header, \
            summary records per sales context, blocks of a release with its videos, cues and usages, footer.",
    reference: "DDEX Part 8 v1.5 and the published schemas of profile versions 1.1 and 1.0; facts in spec/",
    name: "AudioVisualProfile",
};
