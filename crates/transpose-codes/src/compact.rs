//! Reads the significant characters of an identifier into a fixed buffer, without allocating.

/// The significant characters of a text, in upper case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compact<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Compact<N> {
    /// Reads ASCII letters and digits, skips `separator` characters, and stops at anything
    /// else.
    ///
    /// Characters beyond `N` are counted and checked but not kept.
    pub(crate) fn read(text: &str, separator: fn(char) -> bool) -> Result<Self, char> {
        let mut bytes = [0; N];
        let mut len = 0;
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                if let Some(slot) = bytes.get_mut(len) {
                    *slot = c.to_ascii_uppercase() as u8;
                }
                len += 1;
            } else if !separator(c) {
                return Err(c);
            }
        }
        Ok(Self { bytes, len })
    }

    /// How many significant characters there are, kept or not.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The characters that were kept, at most `N`.
    pub(crate) fn kept(&self) -> &[u8] {
        self.bytes.get(..self.len.min(N)).unwrap_or_default()
    }

    /// The characters, when there are exactly `N`.
    pub(crate) fn exactly(&self) -> Option<[u8; N]> {
        (self.len == N).then_some(self.bytes)
    }
}

/// Spaces and hyphens, also in the forms that word processors and web pages put in their place.
pub(crate) fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{feff}' | '\u{200b}')
}

/// The text after a label such as `ISRC` or `ISRC:`, in any case, if it begins with one.
pub(crate) fn after_label<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let text = text.trim();
    let (head, rest) = text.split_at_checked(label.len())?;
    head.eq_ignore_ascii_case(label).then(|| rest.trim_start().trim_start_matches(':'))
}

/// Reads `N` significant characters of `text`, or of what follows `label` when that is the part
/// with `N`.
///
/// A label is dropped only when the rest has the right length, because a label can itself be the
/// beginning of a code: `ISRC12345678` is an Icelandic ISRC.
pub(crate) fn labelled<const N: usize>(
    text: &str,
    label: &str,
    separator: fn(char) -> bool,
) -> Result<Compact<N>, char> {
    if let Some(rest) = after_label(text, label)
        && let Ok(compact) = Compact::read(rest, separator)
        && compact.len() == N
    {
        return Ok(compact);
    }
    Compact::read(text, separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_letters_and_digits_in_upper_case() {
        let c = Compact::<4>::read(" a-1\u{a0}b\u{2010}2", is_separator).unwrap();
        assert_eq!(c.exactly(), Some(*b"A1B2"));
        assert_eq!(Compact::<4>::read("a_b", is_separator).unwrap_err(), '_');
        let long = Compact::<2>::read("abc", is_separator).unwrap();
        assert_eq!((long.len(), long.exactly()), (3, None));
    }

    #[test]
    fn drops_a_label_only_before_a_whole_code() {
        let read = |text| labelled::<4>(text, "AB", is_separator).unwrap().exactly();
        assert_eq!(read("AB: 1234"), Some(*b"1234"));
        assert_eq!(read("ab1234"), Some(*b"1234"));
        assert_eq!(read("AB12"), Some(*b"AB12"));
        assert_eq!(labelled::<4>("é1", "AB", is_separator).unwrap_err(), 'é');
    }
}
