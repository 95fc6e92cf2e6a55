//! The clock, which nothing else in the program reads.

use crate::diagnostics::argument_error;
use transpose_codes::time::Timestamp;
use transpose_core::diagnostics::Fatal;

/// The moment of the run: `SOURCE_DATE_EPOCH` if it is set, so that runs can be repeated byte for
/// byte, otherwise the clock.
pub(crate) fn now() -> Result<Timestamp, Fatal> {
    let micros = match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) => text
            .to_str()
            .and_then(|text| text.parse::<i64>().ok())
            .ok_or_else(|| {
                let message =
                    format!("`SOURCE_DATE_EPOCH` is `{}`, expected whole seconds since 1970", text.display());
                argument_error(message)
            })?
            .saturating_mul(1_000_000),
        None => clock(),
    };
    let seconds = micros.div_euclid(1_000_000);
    // Dates have years from 1 to 9999.
    if !(-62_135_596_800..=253_402_300_799).contains(&seconds) {
        return Err(argument_error(format!("the time {seconds} s since 1970 is in no year from 1 to 9999")));
    }
    Ok(Timestamp::utc(micros))
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
fn clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A moment as RFC 3339 text, in whole seconds.
pub(crate) fn moment(moment: Timestamp) -> String {
    let mut out = Vec::new();
    Timestamp::utc(moment.micros.div_euclid(1_000_000) * 1_000_000).write_rfc3339(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}
