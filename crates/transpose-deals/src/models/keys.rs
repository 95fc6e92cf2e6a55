//! Reads `[[deal.model]]` by the [`ModelSpec`] of its model.

use super::{MODELS, Measure, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::Exact;
use crate::basis::{Basis, Candidate};
use crate::policies::{self, CONTRADICTING_TERMS, Rates};
use crate::toml::document::{Node, Table};
use crate::toml::reader::{Reader, WRONG_VALUE};
use std::sync::Arc;
use transpose_core::diagnostics::Location;
use transpose_core::model::Field;

/// One `[[deal.model]]`.
#[derive(Clone, Debug)]
pub(crate) struct AgreedModel {
    model: Arc<dyn RoyaltyModel>,
    /// What it needs, with these keys.
    needs: Vec<Need>,
    place: Location,
}

impl AgreedModel {
    /// Its name, as it is written to `usage.royalty-model`.
    pub(crate) fn word(&self) -> &'static str {
        self.model.spec().word
    }

    pub(crate) fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }

    /// Its rates of which a most favoured recipient has the most that any deal has.
    pub(crate) fn favoured(&self) -> impl Iterator<Item = &Rates> {
        let spec = self.model.spec();
        let favoured = |rates: &&Rates| spec.key(rates.key).is_some_and(|key| key.favoured);
        self.model.rates().into_iter().filter(favoured)
    }

    /// Whether its rates look at a field.
    pub(crate) fn reads(&self, field: Field) -> bool {
        self.model.rates().iter().any(|rates| rates.reads(field))
    }

    /// What everything that was counted comes to.
    pub(crate) fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        basis.begin(self.word(), &self.place);
        self.model.amounts(basis)
    }
}

/// Reads one `[[deal.model]]`; what is wrong with it is reported.
pub(crate) fn read(reader: &mut Reader, table: &Table) -> Option<AgreedModel> {
    let words: Vec<(&str, &ModelSpec)> = MODELS.iter().map(|spec| (spec.word, *spec)).collect();
    let Some(entry) = table.entry("model") else {
        reader.missing(table.at, "model", &table.name, "model = \"per-play\"");
        return None;
    };
    let spec = reader.choice(entry, &words)?;
    let names = spec.keys.iter().map(|key| key.name);
    let known: Vec<&str> = std::iter::once("model").chain(names).collect();
    reader.only(table, &known);
    let mut keys = ModelKeys { reader, table, spec, needs: spec.needs.to_vec() };
    keys.need_all(None);
    let model = (spec.read)(&mut keys)?;
    let needs = keys.needs;
    Some(AgreedModel { model, needs, place: reader.lines.place(table.at) })
}

/// The table of a model while its keys are read. A key that is absent or wrong answers `None`.
pub(crate) struct ModelKeys<'r> {
    reader: &'r mut Reader,
    table: &'r Table,
    spec: &'static ModelSpec,
    needs: Vec<Need>,
}

impl ModelKeys<'_> {
    /// Reports the keys that are absent and needed, always or with a word of another key.
    fn need_all(&mut self, with: Option<(&str, &str)>) {
        for key in self.spec.keys.iter().filter(|key| key.only_with == with) {
            if self.table.entry(key.name).is_none() {
                let model = format!("the model `{}`", self.spec.word);
                self.reader.missing(self.table.at, key.name, &model, key.example);
            }
        }
    }

    /// A rate, share, minimum or price.
    pub(crate) fn rates(&mut self, name: &str) -> Option<Rates> {
        let key = self.spec.key(name)?;
        let measure = match key.measure {
            Measure::Share => policies::Measure::Share,
            Measure::Price => policies::Measure::Price,
            Measure::Amount | Measure::AmountOr(_) | Measure::Text | Measure::Word(_) => {
                policies::Measure::Amount
            }
        };
        Rates::read(self.reader, self.table.entry(name)?, key.name, measure)
    }

    /// A name.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.reader.text(self.table.entry(name)?)
    }

    /// The one number of a key that may not be a list; a list is reported.
    pub(crate) fn single(&mut self, name: &str, rates: &Rates) -> Option<Exact> {
        let single = rates.single();
        if single.is_none() {
            let message = format!("`{name}` of the model `{}` is one number", self.spec.word);
            self.reader.report(&WRONG_VALUE, self.table.at, message);
        }
        single
    }

    /// Reports two keys that cannot both hold.
    pub(crate) fn contradict(&mut self, message: &str) {
        let message = format!("{message}, in the model `{}`", self.spec.word);
        self.reader.report(&CONTRADICTING_TERMS, self.table.at, message);
    }

    /// The word of a key. Keys that are needed with it are reported where they are absent.
    pub(crate) fn word(&mut self, name: &str) -> Option<&'static str> {
        let Measure::Word(words) = self.spec.key(name)?.measure else { return None };
        let words: Vec<_> = words.iter().map(|(word, needs)| (*word, (*word, *needs))).collect();
        let (word, needs) = self.reader.choice(self.table.entry(name)?, &words)?;
        self.needs.extend_from_slice(needs);
        self.need_all(Some((name, word)));
        Some(word)
    }

    /// Whether a key has the word that is in for amounts.
    pub(crate) fn is_word(&self, name: &str) -> bool {
        let Some(Measure::AmountOr(word)) = self.spec.key(name).map(|key| key.measure) else {
            return false;
        };
        self.table.entry(name).is_some_and(|entry| entry.node == Node::Text(word.into()))
    }
}
