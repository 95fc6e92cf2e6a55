//! Check digits: ISO 7064 (Mod 37,36 and Mod 11-2), GS1 mod 10 and the ISWC rule of ISO 15707.

/// The value of an ASCII digit or upper-case letter: 0-9, A is 10, Z is 35.
fn alphanumeric_value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some((byte - b'0') as u32),
        b'A'..=b'Z' => Some((byte - b'A') as u32 + 10),
        _ => None,
    }
}

/// The ISO 7064 Mod 37,36 check character of `body`, or nothing when a character is no digit or
/// upper-case letter.
pub(crate) fn mod_37_36(body: &[u8]) -> Option<u8> {
    let mut product = 36;
    for &byte in body {
        let sum = (product + alphanumeric_value(byte)?) % 36;
        product = if sum == 0 { 36 } else { sum } * 2 % 37;
    }
    let value = ((37 - product) % 36) as u8;
    Some(if value < 10 { b'0' + value } else { b'A' + value - 10 })
}

/// The ISO 7064 Mod 11-2 check character of fifteen digits: a digit or `X`.
pub(crate) fn mod_11_2(digits: &[u8; 15]) -> u8 {
    // So few digits need no remainder on the way.
    let total = digits.iter().fold(0_u32, |total, &d| (total + d.wrapping_sub(b'0') as u32) * 2) % 11;
    match ((12 - total) % 11) as u8 {
        10 => b'X',
        value => b'0' + value,
    }
}

/// The GS1 mod 10 check digit of `digits`, which are the code without its last digit.
pub(crate) fn gs1(digits: &[u8]) -> u8 {
    let weights = [3_u32, 1].into_iter().cycle();
    let sum: u32 = digits.iter().rev().zip(weights).map(|(&d, w)| d.wrapping_sub(b'0') as u32 * w).sum();
    b'0' + ((10 - sum % 10) % 10) as u8
}

/// The ISWC check digit of the nine digits of a work: one for the `T`, plus each digit times its
/// place.
pub(crate) fn iswc(digits: &[u8]) -> u8 {
    let sum: u32 =
        1 + digits.iter().zip(1_u32..).map(|(&d, place)| d.wrapping_sub(b'0') as u32 * place).sum::<u32>();
    b'0' + ((10 - sum % 10) % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_published_codes() {
        assert_eq!(mod_37_36(b"A12425GABC1234002"), Some(b'M'));
        assert_eq!(mod_37_36(b"PADPIDA2008120501"), Some(b'W'));
        assert_eq!(mod_37_36(b"a"), None);
        assert_eq!(mod_11_2(b"000000008126640"), b'9');
        assert_eq!(mod_11_2(b"000000006303734"), b'6');
        assert_eq!(mod_11_2(b"000000012150090"), b'X');
        assert_eq!(gs1(b"09020493283"), b'2');
        assert_eq!(gs1(b"400638133393"), b'1');
        assert_eq!(iswc(b"034524680"), b'1');
    }
}
