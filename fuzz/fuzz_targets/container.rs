//! Bytes of any kind, opened as a file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| transpose_fuzz::container(data));
