//! Static tables of codes: plain data, kept by hand, looked up by `territory` and `currency`.

pub(crate) mod bank_holidays;
pub(crate) mod currencies;
pub(crate) mod territories;
pub(crate) mod territory_names;
