//! What was missing of a guarantee when its term ended, shared by the tracks of the term: each play
//! alike. The amount is that of the balances, where the deal with the guarantee left it.

use super::{KeySpec, Measure, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::whole;
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;

transpose_core::codes! {
    /// A term of which no breakage is known.
    pub(crate) NO_BREAKAGE: "DEA0546" "no-breakage" Error
        "The deal pays what was missing of a guarantee, and the balances do not have it for a term with the days of the report."
        "Give the balances in which the deal with the guarantee ended its term, with `shortfall = \"tracks\"` under its `[deal.advance]`, and report that term as one period."
}

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "breakage",
    pays: "what was missing of a guarantee when its term ended",
    keys: &[KeySpec {
        name: "account",
        measure: Measure::Text,
        example: "account = \"label-2026\"",
        only_with: None,
        favoured: false,
    }],
    needs: &[Need::Counts],
    template: None,
    read: |keys| Some(Arc::new(Breakage { account: keys.text("account")? })),
};

#[derive(Debug)]
struct Breakage {
    /// The id of the deal with the guarantee.
    account: String,
}

impl RoyaltyModel for Breakage {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        Vec::new()
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let currency = basis.reporting();
        let Some(missing) = basis.breakage(&self.account) else {
            let message = format!("no breakage is known of the account of `{}`", self.account);
            basis.report_model(&NO_BREAKAGE, message);
            return Candidate::new(basis);
        };
        let part =
            json!({ "account": self.account, "breakage": plain(&missing), "exchange": amount(&whole(1)) });
        Candidate::by_plays(basis, &missing, currency, &part)
    }
}
