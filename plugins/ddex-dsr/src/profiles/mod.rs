//! The profiles, one file each: what is peculiar to a profile as a format, and the facts that its
//! tables cannot say.
//!
//! | module | profiles |
//! |---|---|
//! | [`basic_audio`], `basic_audio_srb` | basic audio, in blocks and in single records |
//! | `ugc`, `ugc_srb` | user-generated content |
//! | `audio_visual`, `audio_visual_srb` | audio-visual works |
//! | `master_list`, `master_list_srb` | claims for a master list |
//! | `financial`, `royalty` | reports of money |
//! | `mlc`, `radio` | mechanical licensing, radio |

mod audio_visual;
mod audio_visual_srb;
pub mod basic_audio;
mod basic_audio_srb;
mod financial;
mod master_list;
mod master_list_srb;
mod mlc;
mod radio;
mod royalty;
mod ugc;
mod ugc_srb;

use crate::format::{Dsr, Profile};
use transpose_core::format::Format;

/// Every profile.
static ALL: [&Profile; 12] = [
    &audio_visual::PROFILE,
    &audio_visual_srb::PROFILE,
    &basic_audio::PROFILE,
    &basic_audio_srb::PROFILE,
    &financial::PROFILE,
    &master_list::PROFILE,
    &master_list_srb::PROFILE,
    &mlc::PROFILE,
    &radio::PROFILE,
    &royalty::PROFILE,
    &ugc::PROFILE,
    &ugc_srb::PROFILE,
];

transpose_core::register!(|| Ok(formats()));

/// The formats of all profiles.
pub fn formats() -> Vec<Box<dyn Format>> {
    ALL.into_iter().map(|profile| Box::new(Dsr::new(profile)) as Box<dyn Format>).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{self, Layout};

    #[test]
    fn every_profile_of_the_tables_is_one_format_and_every_version_has_a_layout() {
        let mut names: Vec<&str> = tables::profiles().iter().map(|known| known.profile).collect();
        names.sort_unstable();
        names.dedup();
        let mut found: Vec<&str> = ALL.iter().map(|profile| profile.name).collect();
        found.sort_unstable();
        assert_eq!(found, names);
        for profile in ALL {
            for version in profile.versions() {
                assert!(
                    Layout::of(profile.name, version.version).is_some(),
                    "{} {}",
                    profile.id,
                    version.version
                );
            }
        }
    }
}
