//! The forms of identifiers of videos (V-ID-6), whose check characters are not calculated.

/// An identifier that has a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ISAN (ISO 15706): 16 hexadecimal digits, with a version 24, each part with or without its
    /// check character.
    Isan,
    /// EIDR (ISO 26324): `10.5240/`, 20 hexadecimal digits in groups of four, a check character.
    Eidr,
}

impl Form {
    /// The identifier that a cell holds, by its name.
    pub(super) fn of(cell: &str) -> Option<Self> {
        if cell.ends_with("ISAN") { Some(Self::Isan) } else { cell.ends_with("EIDR").then_some(Self::Eidr) }
    }

    /// What is odd about a value.
    pub(super) fn odd(self, value: &[u8]) -> Option<&'static str> {
        match self {
            Self::Isan if !is_isan(value) => {
                Some("an ISAN has 16 or 24 hexadecimal digits, and check characters")
            }
            Self::Eidr if !is_eidr(value) => {
                Some("an EIDR is `10.5240/`, five groups of four hexadecimal digits and a check character")
            }
            _ => None,
        }
    }
}

fn is_isan(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"ISAN ").unwrap_or(value);
    let (mut digits, mut checks) = (0_usize, 0_usize);
    for byte in value.iter().filter(|byte| !matches!(byte, b'-' | b' ')) {
        // A check character follows the root and the version; it may be a hexadecimal digit too.
        let closes = byte.is_ascii_alphanumeric() && (digits == 16 && checks == 0 || digits == 24);
        if closes {
            checks += 1;
        } else if byte.is_ascii_hexdigit() {
            digits += 1;
        } else {
            return false;
        }
    }
    // Without check characters the first digit of a version was taken for one.
    matches!((digits, checks), (16, 0 | 1) | (23, 1) | (24, 2))
}

fn is_eidr(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"10.5240/") else { return false };
    let mut groups = rest.split(|byte| *byte == b'-');
    let is_group = |group: &[u8]| group.len() == 4 && group.iter().all(u8::is_ascii_hexdigit);
    let is_check = |group: &[u8]| matches!(group, [check] if check.is_ascii_alphanumeric());
    groups.by_ref().take(5).filter(|group| is_group(group)).count() == 5
        && groups.next().is_some_and(is_check)
        && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_videos_are_known() {
        for (text, fits) in [
            ("0000-0001-8CFA-0000-I-0000-0000-K", true),
            ("ISAN 0000-0001-8CFA-0000-I-0000-0000-K", true),
            ("0000-0001-8CFA-0000-I", true),
            ("0000-0001-8CFA-0000", true),
            ("00000001-8CFA-0000-0000-0000", true),
            ("000000018CFA0000I00000000K", true),
            ("0000-0001", false),
            ("0000-0001-8CFA-0000-I-0000", false),
            ("0000-0001-8CFA-0000-I-0000-0000-K-1", false),
            ("0000-0001-8CFA-000Z-I", false),
            ("", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(is_isan(text.as_bytes()), fits, "{text}");
        }
        for (text, fits) in [
            ("10.5240/7791-8534-2C23-9030-8610-5", true),
            ("10.5240/7791-8534-2C23-9030-8610-", false),
            ("10.5240/7791-8534-2C23-9030-8610", false),
            ("10.5240/7791-8534-2C23-9030-86105", false),
            ("10.5240/7791-8534-2C23-9030-8610-5-5", false),
            ("10.5239/7791-8534-2C23-9030-8610-5", false),
            ("", false),
        ] {
            assert_eq!(is_eidr(text.as_bytes()), fits, "{text}");
        }
        assert_eq!(Form::of("ResourceISAN"), Some(Form::Isan));
        assert_eq!(Form::of("EIDR"), Some(Form::Eidr));
        assert_eq!(Form::of("ISRC"), None);
    }
}
