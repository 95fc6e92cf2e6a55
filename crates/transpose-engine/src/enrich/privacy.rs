//! Personal data of users: kept, hashed or left out.

use crate::diagnostics;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::model::{Field, FieldSet};

/// What happens to personal data.
#[derive(Clone, Default)]
pub enum PersonalData {
    /// It is passed on to targets that have a place for it.
    #[default]
    Keep,
    /// It is left out.
    Drop,
    /// User ids become hashes, everything else is left out.
    Hash(UserKey),
}

impl PersonalData {
    /// The personal fields that are left out.
    pub(crate) fn withheld(&self) -> FieldSet {
        let all = Field::PERSONAL.into_iter();
        match self {
            Self::Keep => FieldSet::EMPTY,
            Self::Drop => all.collect(),
            Self::Hash(_) => all.filter(|field| *field != Field::USER).collect(),
        }
    }
}

/// The secret key that user ids are hashed with.
#[derive(Clone)]
pub struct UserKey(Hmac<Sha256>);

impl UserKey {
    /// The fewest bytes of a key.
    const LEAST: usize = 16;

    /// A key; refused when it is too short to be one.
    pub fn new(key: &[u8]) -> Result<Self, Fatal> {
        let short = || {
            let message =
                format!("the key for user ids has {} bytes, at least {} are needed", key.len(), Self::LEAST);
            Fatal::usage(Diagnostic::new(&diagnostics::USER_KEY, Location::default(), message))
        };
        if key.len() < Self::LEAST {
            return Err(short());
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| short())
    }

    /// The first half of HMAC-SHA-256 (RFC 2104) of a user id, in lower-case hexadecimal digits.
    pub(super) fn hash(&self, user: &[u8], out: &mut Vec<u8>) {
        let mut hmac = self.0.clone();
        hmac.update(user);
        hex(hmac.finalize().into_bytes().get(..16).unwrap_or(&[]), out);
    }
}

/// Writes bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}
