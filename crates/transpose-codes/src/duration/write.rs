//! Writes durations.

use super::{Duration, MICROS};
use crate::digits::{push_fraction, push_number};

impl Duration {
    /// Writes the ISO 8601 form with hours, minutes and seconds, parts of zero left out: `PT3M2S`;
    /// nothing is `PT0S`.
    pub fn write_iso(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        out.push(b'P');
        self.write_parts(out);
    }

    /// Writes `PT[[hhH]mmM]ssS`: seconds always, minutes where there are hours, as in `PT1H0M39S`.
    pub fn write_clock(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        out.extend_from_slice(b"PT");
        let micros = self.0.unsigned_abs();
        let (seconds, fraction) = (micros / MICROS as u64, micros % MICROS as u64);
        if seconds >= 3600 {
            push_number(seconds / 3600, out);
            out.push(b'H');
        }
        if seconds >= 60 {
            push_number(seconds / 60 % 60, out);
            out.push(b'M');
        }
        push_number(seconds % 60, out);
        push_fraction(fraction, out);
        out.push(b'S');
    }

    /// Whether a text that is an ISO 8601 duration of hours, minutes and seconds has the form
    /// `PT[[hhH]mmM]ssS`.
    pub fn is_clock(text: &[u8]) -> bool {
        let plain = text.strip_prefix(b"-").unwrap_or(text);
        plain.starts_with(b"PT")
            && plain.last() == Some(&b'S')
            && (!plain.contains(&b'H') || plain.contains(&b'M'))
    }

    /// Writes the cue form, which is the ISO 8601 form without its `P`: `T2M4S`.
    pub fn write_cue(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        self.write_parts(out);
    }

    /// Writes seconds, with as many decimals as there are: `182`, `12.5`.
    pub fn write_seconds(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        let micros = self.0.unsigned_abs();
        push_number(micros / MICROS as u64, out);
        push_fraction(micros % MICROS as u64, out);
    }

    fn write_parts(self, out: &mut Vec<u8>) {
        out.push(b'T');
        let micros = self.0.unsigned_abs();
        let (seconds, fraction) = (micros / MICROS as u64, micros % MICROS as u64);
        for (part, letter) in [(seconds / 3600, b'H'), (seconds / 60 % 60, b'M')] {
            if part > 0 {
                push_number(part, out);
                out.push(letter);
            }
        }
        if seconds % 60 > 0 || fraction > 0 || micros == 0 {
            push_number(seconds % 60, out);
            push_fraction(fraction, out);
            out.push(b'S');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_form_has_seconds_always_and_minutes_below_hours() {
        for (micros, text) in [
            (0, "PT0S"),
            (59_000_000, "PT59S"),
            (60_000_000, "PT1M0S"),
            (300_000_000, "PT5M0S"),
            (3_639_000_000, "PT1H0M39S"),
            (3_600_500_000, "PT1H0M0.5S"),
            (-60_000_000, "-PT1M0S"),
        ] {
            let mut out = Vec::new();
            Duration::from_micros(micros).write_clock(&mut out);
            assert_eq!(std::str::from_utf8(&out).unwrap(), text);
            assert!(Duration::is_clock(&out), "{text}");
        }
        for other in ["PT5M", "PT1H", "PT1H39S", "PT2H5M", "P1DT1H1M1S"] {
            assert!(!Duration::is_clock(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn writes_iso_and_seconds() {
        for (micros, text, seconds) in [
            (0, "PT0S", "0"),
            (182_000_000, "PT3M2S", "182"),
            (3_600_000_000, "PT1H", "3600"),
            (90_000_000_000, "PT25H", "90000"),
            (90_500_000, "PT1M30.5S", "90.5"),
            (1, "PT0.000001S", "0.000001"),
            (120_010_000, "PT2M0.01S", "120.01"),
            (-1_500_000, "-PT1.5S", "-1.5"),
        ] {
            let duration = Duration::from_micros(micros);
            let mut out = Vec::new();
            duration.write_seconds(&mut out);
            assert_eq!((duration.to_string().as_str(), out.as_slice()), (text, seconds.as_bytes()));
        }
        assert_eq!(Duration::from_micros(i64::MIN).to_string(), "-PT2562047788H54.775808S");
    }
}
