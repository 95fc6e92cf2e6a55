//! What a royalty model is called and what it needs.

use super::RoyaltyModel;
use super::keys::ModelKeys;
use std::sync::Arc;

/// What a royalty model is called, what it is given, and what it needs.
#[derive(Debug)]
pub struct ModelSpec {
    /// The word of `model`, as it is written to `usage.royalty-model`.
    pub word: &'static str,
    /// What is paid, in a few words: `plays times a rate`.
    pub pays: &'static str,
    /// Its keys besides `model`, those that are always needed first.
    pub keys: &'static [KeySpec],
    /// What a deal with it has to decide, and what usages have to state; words of keys may add to
    /// it.
    pub needs: &'static [Need],
    /// Lines that show it in the template of agreements; without them it is only listed there.
    pub template: Option<&'static str>,
    /// Makes it of its keys; what is wrong with them is reported.
    pub(crate) read: fn(&mut ModelKeys<'_>) -> Option<Arc<dyn RoyaltyModel>>,
}

impl ModelSpec {
    /// The key of a name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static KeySpec> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A key of a model.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub measure: Measure,
    /// A line that shows it, for messages; several are parted by backquotes.
    pub example: &'static str,
    /// The key and the word with which it is needed; without them it is always needed.
    pub only_with: Option<(&'static str, &'static str)>,
    /// More of it is more for the recipient, so a most favoured one has the most that any deal has.
    pub favoured: bool,
}

/// What a key of a model holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// An amount, a price or a number, or a list of them by what was used and where.
    Amount,
    /// As [`Measure::Amount`]; elements of a list may have a `currency` of their own.
    Price,
    /// A share in per cent, up to 100, or a list of them.
    Share,
    /// As [`Measure::Amount`], or a word that says where the amounts are taken from.
    AmountOr(&'static str),
    /// A name, such as the id of a deal.
    Text,
    /// One of several words, each with what the model needs besides where it is chosen.
    Word(&'static [(&'static str, &'static [Need])]),
}

impl KeySpec {
    /// A key that holds an amount.
    pub(crate) const fn amount(name: &'static str, example: &'static str) -> Self {
        Self { name, measure: Measure::Amount, example, only_with: None, favoured: false }
    }

    /// A key that holds a price.
    pub(crate) const fn price(name: &'static str, example: &'static str) -> Self {
        Self { name, measure: Measure::Price, example, only_with: None, favoured: false }
    }

    /// A key that holds a share in per cent.
    pub(crate) const fn share(name: &'static str, example: &'static str) -> Self {
        Self { name, measure: Measure::Share, example, only_with: None, favoured: false }
    }

    /// A key that holds one of several words.
    pub(crate) const fn word(
        name: &'static str,
        words: &'static [(&'static str, &'static [Need])],
        example: &'static str,
    ) -> Self {
        Self { name, measure: Measure::Word(words), example, only_with: None, favoured: false }
    }

    /// The key, of which a most favoured recipient has the most that any deal has.
    pub(crate) const fn favoured(self) -> Self {
        Self { favoured: true, ..self }
    }

    /// The key, needed only where another one has a word.
    pub(crate) const fn only_with(self, key: &'static str, word: &'static str) -> Self {
        Self { only_with: Some((key, word)), ..self }
    }
}

/// What a model needs besides its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Which plays count: it is for plays, of which not all may.
    Counts,
    /// Where plays share what it pays.
    Pool,
    /// The number of all plays of the service.
    Total,
    /// How subscribers are counted.
    Subscribers,
    /// What each single user played.
    Users,
    /// What the buyer paid, with tax.
    RetailPrice,
    /// The length of the recording.
    Length,
}

/// A key of a deal that decides something that models need.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// What asks for it.
    pub need: Need,
    /// Its key under `[[deal]]`.
    pub key: &'static str,
    /// A line that shows it, with the other words that it takes.
    pub example: &'static str,
}

impl Need {
    /// The keys by which a deal decides, in the order in which they are asked for.
    pub const POLICIES: [Policy; 6] = [
        Policy {
            need: Self::Counts,
            key: "counts",
            example: "counts = \"qualified\" (or all, qualified-and-previews)",
        },
        Policy {
            need: Self::Counts,
            key: "previews",
            example: "previews = \"none\" (or the list of tiers that are preview clips)",
        },
        Policy { need: Self::Counts, key: "missing-duration", example: "missing-duration = \"exclude\"" },
        Policy {
            need: Self::Pool,
            key: "pool",
            example: "pool = \"territory-and-tier\" (or territory, tier, overall)",
        },
        Policy { need: Self::Total, key: "total", example: "total = \"figures\" (or service, report)" },
        Policy {
            need: Self::Subscribers,
            key: "subscribers",
            example: "subscribers = \"counted\" (or equivalents)",
        },
    ];
}
