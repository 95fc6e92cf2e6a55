//! Identifiers of messages and of sales transactions.
//!
//! A MessageId is unique for every message ever sent (DDEX Part 8 v1.5, HEAD), and so is a
//! SalesTransactionId for every sale reported. A message that is made here is a new one, also where
//! another message was converted: its identifier is built from sender, recipient, profile, version,
//! period, output, time of creation and the fingerprint of its content, and transactions without an
//! identifier of their own are numbered under the fingerprint. `keep-identity` makes it the same
//! message again instead, and `transaction-ids` asks for identifiers that depend on nothing but the
//! content of the transaction.

use super::target::Plan;
use crate::names;
use crate::options::{Options, TransactionIds};
use transpose_core::format::EncodeRequest;
use transpose_core::model::{Cell, Entity, EntityRef, Field, FieldSet, Slot, Value};
use transpose_records::write;

/// The identifier of the message: the option, else that of the source where it is kept, else that
/// of the agreement, else one that no other message has.
pub(crate) fn message_id(
    options: &Options,
    request: &EncodeRequest<'_>,
    profile: [&str; 2],
    created: &str,
) -> String {
    if let Some(id) = &options.message_id {
        return id.clone();
    }
    let mut agreed = Entity::default();
    if let Some(terms) = request.terms {
        terms.header(&mut agreed);
    }
    let source = request.header.text(Field::MESSAGE_ID).filter(|id| !id.is_empty());
    if let Some(id) = source.filter(|_| options.keep_identity).or_else(|| agreed.text(Field::MESSAGE_ID)) {
        return id.to_owned();
    }
    let header = request.header;
    let text = |field| header.text(field).map(names::clean).filter(|text| !text.is_empty());
    let party = |id, name| text(id).or_else(|| text(name)).unwrap_or_default();
    let parts = [
        party(Field::SENDER_ID, Field::SENDER_NAME),
        party(Field::RECIPIENT_ID, Field::RECIPIENT_NAME),
        names::clean(profile[0]),
        names::clean(profile[1]),
        names::period(header.text(Field::PERIOD_START), header.text(Field::PERIOD_END)),
        names::clean(request.identity.name),
        names::compact(created),
        names::clean(request.identity.fingerprint),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// How transactions are identified that have no identifier of their own.
pub(crate) enum TransactionNaming {
    /// By their number under the fingerprint of the message.
    Numbered(Vec<u8>),
    /// By what they are, under who sends the report of which service and period.
    ByContent {
        message: ContentHash,
        /// For each sales context what it is.
        contexts: Vec<ContentHash>,
    },
}

/// What the identifier of a transaction is made of.
#[derive(Clone, Copy)]
pub(crate) enum TransactionName<'a> {
    Number(&'a [u8], u64),
    Content(ContentHash),
}

impl Default for TransactionName<'_> {
    fn default() -> Self {
        Self::Number(&[], 0)
    }
}

impl TransactionNaming {
    pub(crate) fn new(options: &Options, request: &EncodeRequest<'_>) -> Self {
        if options.transaction_ids == TransactionIds::Message {
            let mut prefix = request.identity.fingerprint.as_bytes().to_vec();
            if !prefix.is_empty() {
                prefix.push(b'-');
            }
            return Self::Numbered(prefix);
        }
        let mut message = ContentHash::default();
        for field in [
            Field::SENDER_ID,
            Field::SENDER_NAME,
            Field::SERVICE_DESCRIPTION,
            Field::PERIOD_START,
            Field::PERIOD_END,
        ] {
            message.add(request.header.text(field).unwrap_or_default().as_bytes());
        }
        let contexts = request.contexts.iter().map(|context| {
            let mut hash = ContentHash::default();
            for field in identifying(context) {
                hash.add(field.id().as_bytes());
                for text in context.value(field).into_iter().flat_map(Value::iter) {
                    hash.add(text.as_bytes());
                }
            }
            hash
        });
        Self::ByContent { message, contexts: contexts.collect() }
    }

    /// The name of a usage: the number that it has, or what it and the entities that it is of hold.
    pub(crate) fn name<'a, 'e>(
        &'a self,
        number: u64,
        context: Option<usize>,
        entities: impl Iterator<Item = (&'e Plan, EntityRef<'e>)>,
    ) -> TransactionName<'a> {
        match self {
            Self::Numbered(prefix) => TransactionName::Number(prefix, number),
            Self::ByContent { message, contexts } => {
                let mut hash = *message;
                if let Some(context) = context.and_then(|context| contexts.get(context)) {
                    hash.add(&context.0.to_le_bytes());
                }
                entities.for_each(|(plan, entity)| hash.add_entity(plan, entity));
                TransactionName::Content(hash)
            }
        }
    }
}

/// The fields by which a sales context is the same in another message: what it is, and not how much
/// of it there was, nor its number.
fn identifying(context: &Entity) -> impl Iterator<Item = Field> {
    const WHAT: [Field; 8] = [
        Field::TERRITORY,
        Field::SERVICE,
        Field::PLAN,
        Field::COMMERCIAL_MODEL,
        Field::USE_TYPE,
        Field::CURRENCY,
        Field::PRICE,
        Field::CONTENT_CATEGORY,
    ];
    let fields: FieldSet = context.fields();
    WHAT.into_iter().filter(move |field| fields.contains(*field))
}

impl TransactionName<'_> {
    /// Writes it.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Number(prefix, number) => {
                out.extend_from_slice(prefix);
                write::whole(number, out);
            }
            Self::Content(hash) => out.extend_from_slice(format!("{:032x}", hash.0).as_bytes()),
        }
    }
}

/// FNV-1a over 128 bits: the same for the same content in every run and on every machine.
#[derive(Clone, Copy)]
pub(crate) struct ContentHash(u128);

impl Default for ContentHash {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl ContentHash {
    /// Adds a text; where it ends is part of the hash.
    fn add(&mut self, text: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        for byte in text.iter().chain(&[0x1f]) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// Adds what an entity holds.
    fn add_entity(&mut self, plan: &Plan, entity: EntityRef<'_>) {
        let Some(shape) = entity.shape() else { return };
        self.add(plan.group.name().as_bytes());
        for (column, slot) in shape.columns.iter().enumerate() {
            let cell = entity.cell(column);
            if matches!(cell, Cell::Absent) {
                continue;
            }
            match slot {
                // References within the message are no content.
                Slot::Structure => continue,
                Slot::Field(field) => self.add(field.id().as_bytes()),
                Slot::Extra(name) => self.add(name.as_bytes()),
            }
            match cell {
                Cell::Absent => {}
                Cell::One(text) => self.add(text),
                Cell::Many(list) => list.iter().for_each(|text| self.add(text)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_tell_where_texts_end() {
        let of = |texts: &[&str]| {
            let mut hash = ContentHash::default();
            for text in texts {
                hash.add(text.as_bytes());
            }
            hash.0
        };
        // The offset basis and prime of FNV-1a with 128 bits; "a" and its separator worked out by
        // hand with arbitrary precision.
        assert_eq!(of(&[]), 144_066_263_297_769_815_596_495_629_667_062_367_629);
        assert_eq!(of(&["a"]), 11_301_465_525_008_081_097_910_239_760_888_572_505);
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
