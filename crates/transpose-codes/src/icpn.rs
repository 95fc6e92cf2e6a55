//! ICPN, the product code of a release (UPC, EAN, GTIN; GS1 General Specifications): 12, 13 or 14
//! digits with a GS1 mod 10 check digit.
//!
//! Spreadsheets damage these codes more than any other: they drop the leading zero, and they turn
//! the number into `1.91774E+11`, which cannot be undone. The first is repaired when the check
//! digit proves the repair; the second is an error of its own, so that a report can say what
//! happened.

use crate::check_digit;
use crate::compact::{Compact, is_separator};
use std::fmt;

/// A product code of 12, 13 or 14 digits with a right check digit, or as written inside
/// [`IcpnError::CheckDigit`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Icpn {
    digits: [u8; 14],
    len: u8,
}

/// A product code and what had to be repaired to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsedIcpn {
    /// The code itself.
    pub code: Icpn,
    /// What was repaired, the strongest repair when there were several.
    pub repair: Option<IcpnRepair>,
}

/// What had to be done to a text to read it as a product code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IcpnRepair {
    /// Spaces or hyphens were removed.
    Separators,
    /// The text had 10 or 11 digits, and zeros in front of it give 12 digits with a right check
    /// digit.
    LeadingZeroRestored,
}

impl Icpn {
    /// Reads 12, 13 or 14 digits with a right check digit, and says what was repaired on the way.
    pub fn parse(text: &str) -> Result<ParsedIcpn, IcpnError> {
        let compact = match Compact::<14>::read(text, is_separator) {
            Ok(compact) => compact,
            Err(found) if matches!(found, '.' | ',' | '+') && is_scientific(text) => {
                return Err(IcpnError::ScientificNotation);
            }
            Err(found) => return Err(IcpnError::Character(found)),
        };
        let kept = compact.kept();
        if let Some(&found) = kept.iter().find(|byte| !byte.is_ascii_digit()) {
            return Err(if is_scientific(text) {
                IcpnError::ScientificNotation
            } else {
                IcpnError::Character(found as char)
            });
        }
        let separators = (compact.len() != text.len()).then_some(IcpnRepair::Separators);
        let restored = Some(IcpnRepair::LeadingZeroRestored);
        let (zeros, repair): (&[u8], _) = match compact.len() {
            0 => return Err(IcpnError::Empty),
            12..=14 => (b"", separators),
            11 => (b"0", restored),
            10 => (b"00", restored),
            found => return Err(IcpnError::Length(found)),
        };
        let mut code = Self { digits: [b'0'; 14], len: (zeros.len() + kept.len()) as u8 };
        for (slot, &digit) in code.digits.iter_mut().zip(zeros.iter().chain(kept)) {
            *slot = digit;
        }
        if kept.iter().all(|&digit| digit == b'0') {
            return Err(IcpnError::AllZeros);
        }
        let Some((last, body)) = code.bytes().split_last() else { return Err(IcpnError::Empty) };
        let expected = check_digit::gs1(body);
        if expected == *last {
            return Ok(ParsedIcpn { code, repair });
        }
        Err(if !zeros.is_empty() {
            IcpnError::Length(kept.len())
        } else if kept.ends_with(b"00000") {
            IcpnError::LooksRounded
        } else {
            IcpnError::CheckDigit { code, expected: expected as char }
        })
    }

    /// Reads a code that a spreadsheet wrote in scientific notation with all of its digits, such as
    /// `1.90295489328E+11`; `None` when digits are missing, for then they are lost, or when the
    /// check digit does not prove the code.
    pub fn from_scientific(text: &str) -> Option<Self> {
        let text = text.trim();
        if !is_scientific(text) {
            return None;
        }
        let (mantissa, exponent) = text.split_once(['e', 'E'])?;
        let exponent: usize = exponent.trim_start_matches('+').parse().ok()?;
        let mut digits = [0_u8; 14];
        let mut len = 0;
        for byte in mantissa.bytes().filter(u8::is_ascii_digit) {
            *digits.get_mut(len)? = byte;
            len += 1;
        }
        let whole = mantissa.find(['.', ',']) == Some(1);
        // There is one digit before the mark, so the number has one digit more than its exponent.
        if !whole || len != exponent.checked_add(1)? {
            return None;
        }
        let digits = std::str::from_utf8(digits.get(..len)?).ok()?;
        Self::parse(digits).ok().map(|parsed| parsed.code)
    }

    /// The digits, as many as were written or restored.
    pub fn as_str(&self) -> &str {
        // The bytes are ASCII digits by construction, so the fallback is never taken.
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// The number the code represents: the same for `0190295489328` and `190295489328`, which name
    /// one product.
    pub fn gtin(&self) -> u64 {
        self.bytes().iter().fold(0, |number, digit| number * 10 + (digit - b'0') as u64)
    }

    fn bytes(&self) -> &[u8] {
        self.digits.get(..self.len as usize).unwrap_or_default()
    }
}

impl fmt::Display for Icpn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Icpn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Icpn({self})")
    }
}

impl AsRef<str> for Icpn {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Whether the text is a number in scientific notation, with a dot or a comma: `1.91774E+11`,
/// `1,91774e11`, `2E11`.
fn is_scientific(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = text.trim().split_once(['e', 'E']) else { return false };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && digits(exponent.trim_start_matches(['+', '-']))
}

/// Why a text is not a product code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IcpnError {
    /// There is no text, or only separators.
    Empty,
    /// The number of digits is not 12, 13 or 14, and no leading zero can be proven.
    Length(usize),
    /// A character that is no digit.
    Character(char),
    /// Every digit is zero: a filler, although its check digit is right.
    AllZeros,
    /// The check digit is wrong; the code is kept as it was written.
    CheckDigit {
        /// The code as it was written.
        code: Icpn,
        /// The check digit that its other digits give.
        expected: char,
    },
    /// A spreadsheet wrote the code as a rounded number, such as `1.91774E+11`; the digits are
    /// lost.
    ScientificNotation,
    /// The check digit is wrong and five or more zeros end the code, as when a spreadsheet's
    /// rounded number was written out again: `191774000000`.
    LooksRounded,
}

impl fmt::Display for IcpnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the product code is empty, expected 12 to 14 digits"),
            Self::Length(found) => write!(f, "a product code has 12, 13 or 14 digits, found {found}"),
            Self::Character(found) => write!(f, "a product code has digits only, found {found:?}"),
            Self::AllZeros => f.write_str("the product code is all zeros, leave it empty when there is none"),
            Self::CheckDigit { expected, .. } => {
                write!(f, "the check digit of the product code is wrong, its other digits give {expected}")
            }
            Self::ScientificNotation => f.write_str(
                "a spreadsheet rounded the product code to scientific notation, export the column as text",
            ),
            Self::LooksRounded => f.write_str(
                "the product code ends in zeros and its check digit is wrong, as when a spreadsheet rounds it, export \
                 the column as text",
            ),
        }
    }
}

impl std::error::Error for IcpnError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_all_lengths_and_tells_repairs() {
        for (text, code, repair) in [
            ("090204932832", "090204932832", None),
            ("4006381333931", "4006381333931", None),
            ("04006381333931", "04006381333931", None),
            ("90204932832", "090204932832", Some(IcpnRepair::LeadingZeroRestored)),
            ("9020-493 2832", "090204932832", Some(IcpnRepair::LeadingZeroRestored)),
            ("0 90204 93283 2", "090204932832", Some(IcpnRepair::Separators)),
            (" 4006381333931", "4006381333931", Some(IcpnRepair::Separators)),
            ("5099749991", "005099749991", Some(IcpnRepair::LeadingZeroRestored)),
        ] {
            let parsed = Icpn::parse(text);
            let Ok(parsed) = parsed else { panic!("{text}: {parsed:?}") };
            assert_eq!((parsed.code.as_str(), parsed.repair), (code, repair), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, error) in [
            ("", IcpnError::Empty),
            ("--", IcpnError::Empty),
            ("90204932833", IcpnError::Length(11)),
            ("123456789", IcpnError::Length(9)),
            ("123456789012345", IcpnError::Length(15)),
            ("09020493283A", IcpnError::Character('A')),
            ("090204932832.0", IcpnError::Character('.')),
            ("N/A", IcpnError::Character('/')),
            ("000000000000", IcpnError::AllZeros),
            ("1.91774E+11", IcpnError::ScientificNotation),
            ("1.91774E11", IcpnError::ScientificNotation),
            ("1,91774e+11", IcpnError::ScientificNotation),
            ("2E11", IcpnError::ScientificNotation),
            ("2E+11", IcpnError::ScientificNotation),
            ("191774000000", IcpnError::LooksRounded),
            ("0191774000000", IcpnError::LooksRounded),
        ] {
            assert_eq!(Icpn::parse(text), Err(error), "{text}");
        }
        let Err(IcpnError::CheckDigit { code, expected }) = Icpn::parse("090204932833") else { panic!() };
        assert_eq!((code.as_str(), expected), ("090204932833", '2'));
    }

    #[test]
    fn scientific_notation_is_undone_when_no_digit_is_lost() {
        for (text, code) in [
            ("1.90295489328E+11", Some("190295489328")),
            ("1,90295489328e11", Some("190295489328")),
            (" 4.006381333931E+12 ", Some("4006381333931")),
            ("9.0204932832E+10", Some("090204932832")),
            ("1.90295489327E+11", None),
            ("1.90295E+11", None),
            ("1.9029548932E+11", None),
            ("1.902954893280E+11", None),
            ("19.0295489328E+10", None),
            ("1.90295489328E-11", None),
            ("1.90295489328E+99999999999999999999", None),
            ("1.902954893281234567E+18", None),
            ("2E11", None),
            ("190295489328", None),
            ("E+11", None),
            ("", None),
        ] {
            assert_eq!(Icpn::from_scientific(text).map(|code| code.to_string()).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn one_product_has_one_number_in_every_length() {
        let gtin = |text| Icpn::parse(text).unwrap().code.gtin();
        assert_eq!(gtin("090204932832"), gtin("0090204932832"));
        assert_eq!(gtin("04006381333931"), 4_006_381_333_931);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,24}") {
            let _ = Icpn::from_scientific(&text);
            if let Ok(parsed) = Icpn::parse(&text) {
                prop_assert_eq!(Icpn::parse(parsed.code.as_str()).unwrap().repair, None);
            }
        }

        #[test]
        fn a_lost_zero_comes_back(body in "[1-9][0-9]{9}") {
            let last = check_digit::gs1(format!("0{body}").as_bytes()) as char;
            let parsed = Icpn::parse(&format!("{body}{last}")).unwrap();
            prop_assert_eq!(parsed.code.to_string(), format!("0{body}{last}"));
            prop_assert_eq!(parsed.repair, Some(IcpnRepair::LeadingZeroRestored));
        }
    }
}
