//! Which texts are the same after a way through binary.

/// How many digits a spreadsheet keeps, and a binary number of 64 bits distinguishes.
const DIGITS: usize = 15;

/// How many of them may are behind the point; smaller numbers are shown with an exponent.
const DECIMALS: usize = 9;

/// The number that a text represents, if the number's shortest notation is that text: no needless
/// zeros, no exponent, no more than fifteen digits.
pub(super) fn exact(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) =
        digits.split_once('.').map_or((digits, None), |(whole, decimals)| (whole, Some(decimals)));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let needless = whole.len() > 1 && whole.starts_with('0');
    if !plain(whole) || needless || digits.len() < text.len() && digits == "0" {
        return None;
    }
    let decimals = match decimals {
        Some(decimals) if !plain(decimals) || decimals.ends_with('0') || decimals.len() > DECIMALS => {
            return None;
        }
        decimals => decimals.map_or(0, str::len),
    };
    if whole.len() + decimals > DIGITS {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_shortest_notation_is_a_number() {
        for text in
            ["0", "7", "213", "213.5", "0.000001", "-4", "-0.5", "999999999999999", "12345678.1234567"]
        {
            assert_eq!(exact(text).map(|number| number.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "007",
            "1.0",
            "1.50",
            ".5",
            "5.",
            "+1",
            "1e5",
            "1E5",
            " 1",
            "1 ",
            "1,5",
            "0x1",
            "inf",
            "NaN",
            "1000000000000000",
            "0.0000000001",
            "123456789.1234567",
            "--1",
            "1.2.3",
            "٣",
        ] {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back_as_its_text(text in "-?[0-9]{1,16}(\\.[0-9]{1,10})?") {
            if let Some(number) = exact(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }
}
