//! Repeated chores of this workspace.
fn main() {}
