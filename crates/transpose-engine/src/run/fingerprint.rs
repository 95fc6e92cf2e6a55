//! What distinguishes an output from all others: a hash of everything that it is made from.
//!
//! Messages of some formats carry an identifier that is unique for every message ever sent (DDEX
//! Part 8 v1.5, HEAD). It is made from this hash, so two outputs share it only where format,
//! version, options, name, agreement, figures, header, sales contexts with their totals, everything
//! that was counted and the moment of the run, to the microsecond, are the same: then they are one
//! message, made twice. How the inputs are packed and into which files they are cut is no part of
//! it, so the same content gives the same bytes.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use transpose_core::model::{Entity, Value};

/// How many bytes of the hash are shown: 2^-48 is the odds that two given messages share them.
const SHOWN: usize = 6;

/// The hash while parts are added to it.
#[derive(Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a part; where it ends is part of the hash.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds the values of a header or of a sales context.
    pub(crate) fn add_entity(&mut self, entity: &Entity) {
        self.add(entity.origin.as_bytes());
        for field in entity.fields().iter() {
            self.add(field.id().as_bytes());
            for text in entity.value(field).into_iter().flat_map(Value::iter) {
                self.add(text.as_bytes());
            }
        }
        for (name, value) in &entity.extras {
            self.add(name.as_bytes());
            for text in value.iter() {
                self.add(text.as_bytes());
            }
        }
    }

    /// The hash as hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        let mut text = String::with_capacity(2 * SHOWN);
        for byte in self.0.finalize().iter().take(SHOWN) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::model::Field;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&str]| {
            let mut fingerprint = Fingerprint::default();
            for part in parts {
                fingerprint.add(part.as_bytes());
            }
            fingerprint.finish()
        };
        assert_eq!(of(&["ab", "c"]).len(), 12);
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
    }

    #[test]
    fn every_value_of_an_entity_counts() {
        let of = |entity: &Entity| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.add_entity(entity);
            fingerprint.finish()
        };
        let mut entity = Entity::default();
        entity.set(Field::TERRITORY, "DE");
        let before = of(&entity);
        entity.set(Field::TOTAL_USAGES, "7");
        assert_ne!(of(&entity), before);
        let with_total = of(&entity);
        entity.extras.insert("Cell".into(), "x".into());
        assert_ne!(of(&entity), with_total);
    }
}
