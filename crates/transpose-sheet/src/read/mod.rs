//! Reading: the decoders of tables of events and of usages, and what both need before and after the
//! rows.

pub(crate) mod events;
pub(crate) mod heading;
pub(crate) mod open;
pub(crate) mod preface;
pub(crate) mod recognise;
mod rejection;
mod trailer;
pub(crate) mod usages;
