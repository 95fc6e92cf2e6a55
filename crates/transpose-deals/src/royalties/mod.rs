//! What is owed under a deal for everything that was counted, and how it came about.
//!
//! The order of the steps: each model's gross amount in the currency of reporting (rates of
//! exchange are part of it); the greatest in each scope; the deal's share or fee; withholding;
//! rounding; the account.
//!
//! # Explanation
//!
//! One JSON object a line. Numbers are decimal text; an exact amount is
//! `{"fraction": "67/200", "decimal": "0.335"}`, the decimal rounded to 17 places where it does not
//! end.
//!
//! | `step` | further keys |
//! |---|---|
//! | `deal` | `deal`, `label`, `period`, `currency` of reporting, `deal-currency`, the policies that hold, and `counted-days` where figures count by days |
//! | `exchange` | `from`, `rate`, `direction`, `date`, `source`, where it stands |
//! | `scope` | `territory`, `tier` (absent: all); `candidates` with `model`, `amount`, `shortfall` and `parts`; `winner` |
//! | `kind` | a sales context, `usage` and `qualified`; `plays`, `returns`; `model`; `gross` of one play, the recipient's `share` and the `withholding` in per cent, `unit`: what one play is paid; `amount` |
//! | `rounding` | `at`, `places`, `mode`; `sums` with `currency` or sales context, `exact`, `rounded` |
//! | `unallocated` | `model`, the pool or scope, `amount`, and why nobody gets it |
//! | `account` | `opening`, `earned`, `adjustments`, `recouped`, `shortfall`, `payable`, `unrecouped` |
//!
//! A part of a candidate names its sales context or pool, its `rate` (or `share`, `minimum`), its
//! base figures with the place where they stand (`from`), what amounts of its currency are
//! multiplied with (`exchange`), the plays of the recipient and all plays with their source, and
//! its `amount`. `tests/royalties/audit.py` works everything out again from these lines.

mod basis;
mod candidates;
mod explain;
mod statement;

use crate::deal::Deal;
use crate::terms::PeriodTerms;
use transpose_core::diagnostics::{Diagnostic, Severity};
use transpose_core::model::Entity;
use transpose_core::terms::{Royalties, ServiceTotal, UsageTotal};

transpose_core::codes! {
    /// A label for which there is no deal.
    pub(crate) LABEL_WITHOUT_DEAL: "DEA0506" "label-without-deal" Error
        "The label is to be paid, and the agreement has no deal with it that is in force, so what is owed is unknown."
        "Add a `[[deal]]` for the label, or correct its name: the `label` of a deal is the `name` under `[recipient]`."
    /// Several deals that could hold.
    pub(crate) UNDECIDED_DEAL: "DEA0507" "undecided-deal" Error
        "Several deals of the agreement hold in the period, and nothing says which one the report is for."
        "Name the label in the job, or write its name as `name` under `[recipient]`."
    /// A deal that does not hold in the period.
    pub(crate) DEAL_NOT_IN_FORCE: "DEA0510" "deal-not-in-force" Error
        "The agreement has deals, and none of them holds in the period."
        "Correct `from` and `until` of the deal, or the period."
    /// A deal that needs a figure that is not there.
    pub(crate) FIGURE_MISSING: "DEA0520" "missing-deal-figure" Error
        "A model of the deal is worked out from a figure that is absent. Absent is not zero."
        "Fill the cell of the figures; write `0` when the number is zero."
    /// A currency without a rate.
    pub(crate) NO_EXCHANGE_RATE: "DEA0521" "no-exchange-rate" Error
        "An amount is in another currency than that of reporting, and nothing says at which rate it is converted."
        "Add a `[[deal.exchange]]` for the currency, or write `exchange = \"figures\"` and give the figures `transaction-currency` and `exchange-rate`."
    /// An old rate of exchange.
    pub(crate) STALE_EXCHANGE_RATE: "DEA0522" "stale-exchange-rate" Warning
        "The rate of exchange is of a day before the period."
        "Take the rate that was agreed for the period."
    /// Plays where the deal does not hold.
    pub(crate) TERRITORY_WITHOUT_DEAL: "DEA0523" "territory-without-deal" Error
        "There are plays in a territory that the deal is not for, and nothing is owed for them under it."
        "Add the territory to `territories` of the deal, or report these plays elsewhere."
    /// A context for which no rate fits.
    pub(crate) NO_RATE: "DEA0524" "no-rate" Error
        "None of the elements of a list of rates fits a usage, so what it is worth is unknown."
        "Add an element for it, or one without conditions at the end of the list."
    /// A pool without plays.
    pub(crate) NO_PLAYS: "DEA0525" "no-plays-in-scope" Warning
        "Nothing was played in a pool, so it cannot be shared by plays. It stays unallocated."
        "Check the figures; nothing is to be done when there were no plays."
    /// More plays than there are.
    pub(crate) PLAYS_ABOVE_TOTAL: "DEA0526" "plays-above-total" Error
        "The recipient has more plays than the whole service, and its share of the market would be above 100 per cent."
        "Correct the total, or `counts` and `total` of the deal: both numbers have to count the same plays."
    /// A month in which more is taken back than earned.
    pub(crate) NEGATIVE_MONTH: "DEA0527" "negative-month" Warning
        "More was taken back in the period than was earned. Nothing is paid, and the difference is set against later earnings."
        "Keep the balances (`balances.toml`), so that the next period knows of it."
    /// An amount with too many digits.
    pub(crate) AMOUNT_TOO_LONG: "DEA0528" "amount-too-long" Error
        "An amount has more than 28 digits, or what one play is worth is a fraction of more than 38. No deal is that large."
        "Check rates and figures; one of them is unlikely to be right."
    /// A sale without the price that its model needs.
    pub(crate) NO_SALE_PRICE: "DEA0529" "sale-without-base" Error
        "The model takes a share of a price, and a usage has none."
        "Take a source that states prices, or another model."
    /// A minimum that no usage can carry.
    pub(crate) UNREPORTED_MINIMUM: "DEA0530" "minimum-without-plays" Warning
        "A minimum is owed whatever was played, and nothing was: no row of the report can show it. It is part of what is payable."
        "Tell the recipient; the explanation of the amounts shows it."
    /// An account of which nothing is known.
    pub(crate) NO_OPENING: "DEA0531" "no-opening-balance" Error
        "The deal has an advance or a guarantee, and what earlier periods left of it is unknown."
        "Give the balances of the periods before. Where there are none, write `[[account]]` with `opening` (and `earned` of a guarantee) into the balances."
    /// A user-centric model without users.
    pub(crate) NO_USERS: "DEA0532" "plays-without-users" Error
        "The model shares what each user paid by what that user played, and plays have no user."
        "Take a source that states users, or another model."
    /// A total that nobody counted.
    pub(crate) NO_TOTAL: "DEA0533" "total-not-counted" Error
        "The deal shares pools by all plays of the service, and what was read is not the whole service."
        "Write `total = \"figures\"` and fill the figures, or use `transpose run` over all plays."
    /// More users than subscribers.
    pub(crate) USERS_ABOVE_SUBSCRIBERS: "DEA0535" "users-above-subscribers" Error
        "There are more users who played than subscribers, so the number of idle ones is unknown."
        "Correct `users` or `subscribers` in the figures."
    /// A deal that begins or ends in the period.
    pub(crate) PART_OF_PERIOD: "DEA0536" "part-of-period" Error
        "The deal holds on some days of the period only, and it does not say whether figures count by days."
        "Write `pro-rating = \"days\"`, or `pro-rating = \"none\"` where the figures are for the days of the deal already."
}

/// Works out what is owed. The error lists everything that keeps it from being worked out.
pub(crate) fn work_out(
    terms: &PeriodTerms,
    deal: &Deal,
    contexts: &mut [Entity],
    played: &[UsageTotal<'_>],
    whole: Option<&[ServiceTotal]>,
) -> Result<Royalties, Vec<Diagnostic>> {
    let (mut owed, summaries) = {
        let mut case = basis::Case::new(terms, deal, contexts, played, whole);
        let candidates: Vec<candidates::Candidate> =
            deal.models.iter().map(|model| candidates::candidate(&mut case, model)).collect();
        if case.diagnostics.iter().any(|diagnostic| diagnostic.code.severity == Severity::Error) {
            return Err(case.diagnostics);
        }
        statement::settle(case, &candidates)?
    };
    for (index, field, text) in summaries {
        if let Some(context) = contexts.get_mut(index) {
            context.set(field, text);
        }
    }
    owed.deal = deal.id.as_str().into();
    Ok(owed)
}
