//! Sales contexts by their SummaryRecordId, with what usages need to know of them.

use super::Hash;
use hashbrown::HashMap;
use transpose_core::model::vocabulary::commercial_model::PAY_AS_YOU_GO;
use transpose_core::model::{Entity, Field};

/// Short keys as numbers, which are compared at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ShortKey(u64);

impl ShortKey {
    /// A key of at most seven bytes; the highest byte says how many.
    #[inline]
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        if key.len() > 7 {
            return None;
        }
        let number = key.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Some(Self(number | (key.len() as u64) << 56))
    }
}

/// What a usage needs to know of its context.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    /// Whether it says how the service is used.
    pub(super) use_type: bool,
    /// Whether a usage needs a price.
    pub(super) priced: bool,
}

/// Sales contexts by their SummaryRecordId.
#[derive(Default)]
pub(super) struct Contexts {
    short: HashMap<ShortKey, u32, Hash>,
    long: HashMap<Box<[u8]>, u32, Hash>,
    all: Vec<Context>,
}

impl Contexts {
    #[inline]
    pub(super) fn find(&self, id: &[u8]) -> Option<u32> {
        match ShortKey::of(id) {
            Some(packed) => self.short.get(&packed),
            None => self.long.get(id),
        }
        .copied()
    }

    /// Adds the next context; `false` when another one has its identifier, which then keeps it.
    pub(super) fn insert(&mut self, id: &[u8], context: &Entity) -> bool {
        let number = self.all.len() as u32;
        self.all.push(Context {
            use_type: context.value(Field::USE_TYPE).is_some(),
            priced: context.text(Field::COMMERCIAL_MODEL) == Some(PAY_AS_YOU_GO),
        });
        if self.find(id).is_some() {
            return false;
        }
        match ShortKey::of(id) {
            Some(packed) => self.short.insert(packed, number),
            None => self.long.insert(id.into(), number),
        };
        true
    }

    pub(super) fn get(&self, number: u32) -> Context {
        self.all.get(number as usize).copied().unwrap_or_default()
    }
}
