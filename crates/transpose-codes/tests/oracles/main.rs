//! Tables and calendar arithmetic compared with crates that have nothing to do with ours.
//!
//! | module | compares | with |
//! |---|---|---|
//! | `territories` | codes and names of countries, also former | `rust_iso3166` |
//! | `currencies` | codes, minor units, withdrawals | `iso_currency` |
//! | `calendar` | days, weekdays, weeks, periods, date-times | `chrono` |
//! | `durations` | ISO 8601, clock notation, seconds | `jiff` |
//!
//! `rust_iso3166` is made from the lists of Debian's iso-codes. Where ours differ on purpose, the
//! test lists the difference. A list is exact: a difference that is new fails, and so does one that
//! is gone.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod calendar;
mod currencies;
mod durations;
mod territories;

/// Compares the differences that were found with those that are meant to be, in any order.
#[track_caller]
fn assert_differences<T: PartialEq + std::fmt::Debug>(
    found: impl IntoIterator<Item = T>,
    listed: impl IntoIterator<Item = T>,
) {
    let (mut found, mut listed): (Vec<T>, Vec<T>) =
        (found.into_iter().collect(), listed.into_iter().collect());
    found.retain(|difference| match listed.iter().position(|known| known == difference) {
        Some(at) => {
            listed.swap_remove(at);
            false
        }
        None => true,
    });
    assert!(found.is_empty() && listed.is_empty(), "not listed: {found:#?}\nlisted, but gone: {listed:#?}");
}
