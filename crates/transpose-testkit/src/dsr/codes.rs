//! Invented identifiers with right check characters.
//!
//! The sums are written out here once more, from the standards, so that a fault of
//! `transpose-codes` does not hide itself.

/// A letter or digit by its value, from 0 to 35.
fn character(value: u32) -> char {
    char::from_digit(value % 36, 36).unwrap_or('0').to_ascii_uppercase()
}

/// The check character of ISO 7064, Mod 37,36, after letters and digits; what is neither is passed
/// over.
fn mod_37_36(text: &str) -> char {
    let mut sum = 36;
    for digit in text.chars().filter_map(|digit| digit.to_digit(36)) {
        let half = (sum + digit) % 36;
        sum = 2 * if half == 0 { 36 } else { half } % 37;
    }
    character(37 - sum)
}

/// The check character of ISO 7064, Mod 11-2, after digits.
fn mod_11_2(digits: &str) -> char {
    let sum =
        digits.chars().filter_map(|digit| digit.to_digit(10)).fold(0, |sum, digit| (sum + digit) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        digit => character(digit),
    }
}

/// The DPID of party `number`: `PADPIDA`, ten digits, a check character (ARCH-39).
pub(super) fn dpid(number: u64) -> String {
    let body = format!("PADPIDA{:010}", 2_019_000_000 + number % 10_000_000);
    let check = mod_37_36(&body);
    format!("{body}{check}")
}

/// The ISNI of person `number` as a party id.
pub(super) fn isni(number: u64) -> String {
    let body = format!("{:015}", 81_000_000 + number % 10_000_000_000);
    let check = mod_11_2(&body);
    format!("ISNI::{body}{check}")
}

/// The ISRC of recording `number`: country, registrant, year, designation.
pub(super) fn isrc(number: u64) -> String {
    let country = ["GB", "US", "DE", "FR"].get((number % 4) as usize).copied().unwrap_or("GB");
    format!("{country}NW{}{:02}{:05}", number / 2_000_000 % 10, 5 + number / 100_000 % 20, number % 100_000)
}

/// The ISWC of work `number`: the check digit makes 1, plus each digit times its place, plus itself
/// a multiple of ten.
pub(super) fn iswc(number: u64) -> String {
    let body = format!("{:09}", 900_000_000 + number % 100_000_000);
    let sum =
        (1..).zip(body.chars()).filter_map(|(place, digit)| Some(place * digit.to_digit(10)?)).sum::<u32>();
    format!("T{body}{}", (9 * (1 + sum)) % 10)
}

/// The product code of release `number`, of 13 digits: counted from the right, every other digit
/// weighs three.
pub(super) fn icpn(number: u64) -> String {
    let body = format!("40{:010}", number % 10_000_000_000);
    let sum = (1..=12)
        .zip(body.chars())
        .filter_map(|(place, digit)| Some((1 + 2 * ((place + 1) % 2)) * digit.to_digit(10)?));
    format!("{body}{}", (9 * sum.sum::<u32>()) % 10)
}

/// The GRid of release `number`.
pub(super) fn grid(number: u64) -> String {
    let body = format!("A1NW19G{:010}", number % 10_000_000_000);
    let check = mod_37_36(&body);
    format!("{body}{check}")
}

/// The ISAN of video `number`: root and episode, check, version, check.
pub(super) fn isan(number: u64) -> String {
    let root = format!("{:012X}", 0x18_0000 + number % 0xFFFF_FFFF);
    let (episode, version) = ("0000", "00000000");
    let (first, second) =
        (mod_37_36(&format!("{root}{episode}")), mod_37_36(&format!("{root}{episode}{version}")));
    let group = |from: usize| root.get(from..from + 4).unwrap_or_default();
    format!("{}-{}-{}-{episode}-{first}-0000-0000-{second}", group(0), group(4), group(8))
}

/// The EIDR of video `number`.
pub(super) fn eidr(number: u64) -> String {
    let body = format!("{:020X}", 0x7791_0000_0000 + number % 0xFFFF_FFFF);
    let group = |from: usize| body.get(from..from + 4).unwrap_or_default();
    let check = mod_37_36(&body);
    format!("10.5240/{}-{}-{}-{}-{}-{check}", group(0), group(4), group(8), group(12), group(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_agree_with_published_codes() {
        assert_eq!(mod_37_36("A12425GABC1234002"), 'M');
        assert_eq!(mod_37_36("PADPIDA2008120501"), 'W');
        assert_eq!(mod_37_36("0000-0001-8CFA-0000"), 'I');
        assert_eq!(mod_37_36("0000-0001-8CFA-0000-0000-0000"), 'K');
        assert_eq!(mod_37_36("7791-8534-2C23-9030-8610"), '5');
        assert_eq!(mod_11_2("000000008126640"), '9');
        assert_eq!(mod_11_2("000000012150090"), 'X');
    }

    #[test]
    fn codes_have_their_shapes() {
        for number in [0, 1, 17, 99_999, 123_456_789, u64::MAX] {
            let lengths = [
                dpid(number),
                isrc(number),
                iswc(number),
                icpn(number),
                grid(number),
                isan(number),
                eidr(number),
            ];
            assert_eq!(lengths.map(|code| code.len()), [18, 12, 11, 13, 18, 33, 34], "{number}");
            assert_eq!(isni(number).len(), 22, "{number}");
        }
    }

    #[test]
    fn other_code_accepts_them() {
        for number in (0..500).map(|number| number * 7_919) {
            assert!(
                transpose_codes::Dpid::parse(&dpid(number))
                    .is_ok_and(|found| found.code.expected_check().is_none())
            );
            assert!(transpose_codes::PartyId::parse(&isni(number)).is_ok_and(|found| !found.normalised));
            assert!(transpose_codes::Isrc::parse(&isrc(number)).is_ok_and(|found| !found.normalised));
            assert!(transpose_codes::Iswc::parse(&iswc(number)).is_ok_and(|found| !found.normalised));
            assert!(transpose_codes::Icpn::parse(&icpn(number)).is_ok_and(|found| found.repair.is_none()));
            assert!(transpose_codes::Grid::parse(&grid(number)).is_ok());
        }
    }
}
