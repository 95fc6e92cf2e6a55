//! The profiles, one file each.

pub mod basic_audio;
