//! Static tables: plain data, kept by hand, looked up by `territory`, `currency`, `isrc`
//! and `bank_holidays`. `tests/oracles` compares the codes with lists that others keep.

pub(crate) mod bank_holidays;
pub(crate) mod currencies;
pub(crate) mod isrc_prefixes;
pub(crate) mod territories;
pub(crate) mod territory_names;
