//! The form in which codes are compared, whatever their spelling.
//!
//! One code is written in several ways: an ISRC with hyphens or in lower case, a UPC of twelve
//! digits or as the EAN or GTIN that begins with its zeros (GS1). Whatever asks whether two codes
//! are the same asks here, so that a spelling is no contradiction and decides nothing.

/// A system of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSystem {
    /// Recordings (ISO 3901).
    Isrc,
    /// Works (ISO 15707).
    Iswc,
    /// Trade items: UPC, EAN and GTIN.
    Gtin,
    /// Releases (GRid).
    Grid,
}

/// The digits that a trade item has in comparison.
const GTIN: usize = 14;

impl CodeSystem {
    /// Brings a code into the form in which it is compared: without separators, in capitals, a
    /// trade item as fourteen digits.
    pub fn make_comparable(self, code: &mut Vec<u8>) {
        code.retain(|byte| !is_separator(*byte));
        code.make_ascii_uppercase();
        if self == Self::Gtin {
            let zeros = code.iter().take_while(|byte| **byte == b'0').count();
            let len = code.len() - zeros;
            code.rotate_left(zeros);
            code.truncate(len);
            if len < GTIN {
                code.resize(GTIN, b'0');
                code.rotate_right(GTIN - len);
            }
        }
    }

    /// Whether two texts are one code.
    pub fn is_same(self, a: &[u8], b: &[u8]) -> bool {
        a == b || self.significant(a).eq(self.significant(b))
    }

    /// What distinguishes a code from others.
    fn significant(self, code: &[u8]) -> impl Iterator<Item = u8> + '_ {
        let plain = code.iter().copied().filter(|byte| !is_separator(*byte));
        let mut leading = self == Self::Gtin;
        plain.map(|byte| byte.to_ascii_uppercase()).skip_while(move |byte| {
            leading &= *byte == b'0';
            leading
        })
    }
}

/// Whether a byte only divides a code for the eye.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_code_are_one() {
        for (system, comparable, spellings) in [
            (CodeSystem::Isrc, "USAAA2600001", &["USAAA2600001", "US-AAA-26-00001", "us aaa 2600001"][..]),
            (CodeSystem::Iswc, "T0345246801", &["T0345246801", "T-034.524.680-1", "t-034524680-1"]),
            (CodeSystem::Gtin, "00954402479059", &["954402479059", "0954402479059", "00954402479059"]),
            (CodeSystem::Grid, "A12425GABC1234002M", &["A1-2425G-ABC1234002-M", "a12425gabc1234002m"]),
        ] {
            for spelling in spellings {
                let mut out = spelling.as_bytes().to_vec();
                system.make_comparable(&mut out);
                assert_eq!(out, comparable.as_bytes(), "{spelling}");
                assert!(spellings.iter().all(|other| system.is_same(spelling.as_bytes(), other.as_bytes())));
                assert!(!system.is_same(spelling.as_bytes(), b"1"), "{spelling}");
            }
        }
    }

    #[test]
    fn zeros_count_only_at_the_front_of_trade_items() {
        assert!(!CodeSystem::Gtin.is_same(b"954402479059", b"9544024790590"));
        assert!(!CodeSystem::Isrc.is_same(b"0SAAA2600001", b"SAAA2600001"));
        assert!(CodeSystem::Gtin.is_same(b"0", b"000") && !CodeSystem::Gtin.is_same(b"0", b"1"));
    }
}
