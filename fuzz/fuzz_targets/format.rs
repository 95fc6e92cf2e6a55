//! Bytes of any kind, read as a format: the one that `TRANSPOSE_FORMAT` names, else the one that
//! the first byte chooses.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| transpose_fuzz::format(data));
