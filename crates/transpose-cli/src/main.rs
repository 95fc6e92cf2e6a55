//! The binary `transpose`.
fn main() {}
