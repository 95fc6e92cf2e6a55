//! Writes numbers in decimal.

/// Writes a number in decimal.
pub(crate) fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut len = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - len..).unwrap_or_default());
}

/// Writes a dot and the microseconds below one second without zeros at the end, or nothing when
/// there are none.
pub(crate) fn push_fraction(micros: u64, out: &mut Vec<u8>) {
    if micros == 0 {
        return;
    }
    out.push(b'.');
    let (mut rest, mut unit) = (micros, 100_000);
    while rest > 0 && unit > 0 {
        out.push(b'0' + (rest / unit % 10) as u8);
        rest %= unit;
        unit /= 10;
    }
}
