//! Invented but well-formed identifiers: ISRC (ISO 3901), UPC and EAN (GS1 General Specifications),
//! GRid (ISO 7064).

/// The characters of a GRid in the order of their values.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Digits followed by their GS1 check digit: from the right, every other digit counts three times.
pub(crate) fn with_gs1_check(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(digit.wrapping_sub(b'0')) * if place % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The bar code of release `number`; neighbours differ in form: 13 digits, 12, 12 with a leading
/// zero, 13 with one.
///
/// `maker` are the first six digits of the first form. The other forms begin with prefixes GS1
/// keeps for use inside a company (2, 4, 04) or has not given out.
pub(crate) fn bar_code(maker: &str, number: u64) -> String {
    with_gs1_check(&match number % 4 {
        0 => format!("{maker}{:06}", number % 1_000_000),
        1 => format!("4{:010}", 77_310_000 + number),
        2 => format!("0990{number:07}"),
        _ => format!("04{:010}", 1_290_000 + number),
    })
}

/// The ISRC of recording `number` of a country: registrants and years move on every 100,000
/// recordings.
pub(crate) fn isrc(country: &str, number: u64) -> String {
    let year = 26 - number / 100_000 % 17;
    let registrant = number / 1_700_000;
    let letter = |value: u64| char::from(ALPHABET.get((value % 36) as usize).copied().unwrap_or(b'0'));
    format!(
        "{country}N{}{}{year:02}{:05}",
        letter(registrant / 36 + 32),
        letter(registrant),
        number % 100_000
    )
}

/// The GRid of release `number`, without hyphens.
pub(crate) fn grid(number: u64) -> String {
    let mut id = format!("A1NW26X{number:010}");
    // ISO 7064, Mod 37,36.
    let product = id.bytes().fold(36, |product, character| {
        let value = ALPHABET.iter().position(|&known| known == character).unwrap_or_default();
        let sum = (product + value) % 36;
        (if sum == 0 { 36 } else { sum }) * 2 % 37
    });
    id.push(char::from(ALPHABET.get((37 - product) % 36).copied().unwrap_or(b'0')));
    id
}

/// Checks of the same identifiers, written differently on purpose.
#[cfg(test)]
pub(crate) mod check {
    /// Whether `code` has 12 or 13 digits and the right GS1 check digit.
    pub(crate) fn is_bar_code(code: &str) -> bool {
        let Ok(number) = code.parse::<u64>() else { return false };
        let (mut rest, mut sum, mut weight) = (number, 0, 1);
        while rest > 0 {
            sum += rest % 10 * weight;
            weight = 4 - weight;
            rest /= 10;
        }
        matches!(code.len(), 12 | 13) && sum % 10 == 0
    }

    /// Whether `code` has the shape of an ISRC in capitals, without hyphens.
    pub(crate) fn is_isrc(code: &str) -> bool {
        code.len() == 12
            && code.is_ascii()
            && code[..2].chars().all(|c| c.is_ascii_uppercase())
            && code[2..5].chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && code[5..].chars().all(|c| c.is_ascii_digit())
    }

    /// Whether `code` is a GRid: with its check character the ISO 7064 sum is 1.
    pub(crate) fn is_grid(code: &str) -> bool {
        let mut product = 36;
        let mut sum = 0;
        for character in code.chars() {
            let Some(value) = character.to_digit(36).filter(|_| !character.is_ascii_lowercase()) else {
                return false;
            };
            sum = (product + value) % 36;
            product = if sum == 0 { 72 % 37 } else { sum * 2 % 37 };
        }
        code.len() == 18 && code.starts_with("A1") && sum == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_know_published_codes() {
        assert!(check::is_bar_code("4006381333931"));
        assert!(check::is_bar_code("036000291452"));
        assert!(!check::is_bar_code("4006381333930"));
        assert!(!check::is_bar_code("5099910000000"));
        assert!(check::is_grid("A12425GABC1234002M"));
        assert!(!check::is_grid("A12425GABC1234002N"));
        assert!(check::is_isrc("GBAYE6800011"));
        assert!(!check::is_isrc("gbaye6800011"));
    }

    #[test]
    fn codes_are_valid_and_differ() {
        let numbers = (0..2_000).chain((0..60).map(|n| n * 99_991));
        let mut seen = std::collections::BTreeSet::new();
        for number in numbers {
            let bar_code = bar_code("509991", number);
            assert!(check::is_bar_code(&bar_code), "{bar_code}");
            let isrc = isrc("GB", number);
            assert!(check::is_isrc(&isrc), "{isrc}");
            assert!(seen.insert(isrc) || number == 0);
            let grid = grid(number);
            assert!(check::is_grid(&grid), "{grid}");
        }
    }
}
