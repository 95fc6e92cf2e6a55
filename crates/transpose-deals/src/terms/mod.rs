//! An agreement and its period figures together, for one period: what the engine and the encoders
//! ask for as [`transpose_core::terms::Terms`].
//!
//! Which period is reported, which deal holds, which one paid the sale of a late refund, which
//! sales context a play or sale has, and which
//! figures belong to it are questions of a file each.
//!
//! Invariant: everything wrong with agreement and figures is found by [`PeriodTerms::new`], before
//! an input is read.
//!
//! | module | answers |
//! |---|---|
//! | `period` | which period is reported |
//! | `deal_choice` | which deal holds |
//! | `placement` | which sales context a play or sale has |
//! | `planning` | which figures belong to which sales context |

mod deal_choice;
mod late_refunds;
mod period;
mod placement;
mod planning;

use crate::agreement::context_rules::{SETTABLE, key_of};
use crate::agreement::{Agreement, PLACEHOLDER, own_key};
use crate::arithmetic::number::{Exact, exact, quotient};
use crate::arithmetic::plays::MissingDuration;
use crate::basis::BasisInput;
use crate::deal::{Deal, favoured};
use crate::figures::{Figures, Row, heading_of};
use crate::models::Need;
use crate::policies::Summary;
use crate::royalties::{self, Closing, OpeningBalance};
use crate::toml::reader::without_errors;
use planning::PlannedContext;
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Decimal};
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::model::{Entity, Field, FieldSet, Group, Value};
use transpose_core::terms::{
    ConflictPolicy, Earnings, QualifyingPlay, RefundPolicy, Royalties, RoyaltyTerms, ServiceCounts, Terms,
    UsageTotal,
};

transpose_core::codes! {
    /// A deal that pays by user where not all plays of the users are there.
    pub(crate) USERS_NOT_COUNTED: "DEA0538" "users-not-counted" Error
        "A user-centric deal shares what each user paid among everything that the user played, whoever it belongs to. What a label's plays are worth cannot be known from these plays alone."
        "Read all plays of the service: `transpose convert` pays those of the label only, and `transpose run` makes the reports of all labels at once."
}

/// An agreement with its period figures, for one period.
#[derive(Clone, Debug)]
pub struct PeriodTerms {
    agreement: Agreement,
    figures: Option<Figures>,
    period: Option<Period>,
    planned: Vec<PlannedContext>,
    warnings: Vec<Diagnostic>,
    /// The deal that was chosen, where several could hold.
    chosen: Option<usize>,
    opening: Option<OpeningBalance>,
    /// What is missing of guarantees whose terms have the days of the period.
    breakage: BTreeMap<String, Decimal>,
    /// What of every gross amount is paid, where it is not all.
    reduction: Option<Exact>,
}

impl PeriodTerms {
    /// Joins an agreement and its figures; the given period wins over the agreement's, which wins
    /// over the figures'.
    pub fn new(
        agreement: Agreement,
        figures: Option<Figures>,
        period: Option<Period>,
    ) -> Result<Self, Fatal> {
        let period = period::decide(&agreement, figures.as_ref(), period)?;
        let warnings = agreement.warnings.clone();
        let mut terms = Self {
            agreement,
            figures,
            period,
            planned: Vec::new(),
            warnings,
            chosen: None,
            opening: None,
            breakage: BTreeMap::new(),
            reduction: None,
        };
        let diagnostics = terms.plan();
        terms.warnings.extend(without_errors(diagnostics)?);
        Ok(terms)
    }

    /// The reporting period, when one is stated or follows from the figures.
    pub fn period(&self) -> Option<Period> {
        self.period
    }

    /// The days of the period on which the deal holds, of whose plays it pays; the whole period
    /// without a deal.
    pub fn paid_period(&self) -> Option<Period> {
        let period = self.period?;
        let Ok(deal) = self.deal() else { return Some(period) };
        let (from, until) = (deal.policies.from, deal.policies.until);
        if self.agreement.deals.is_empty() || deal.policies.covers(period) {
            return Some(period);
        }
        let first = from.map_or(period.first(), |from| from.max(period.first()));
        let last = until.map_or(period.last(), |until| until.min(period.last()));
        Period::range(first, last).ok().or(Some(period))
    }

    /// The agreement.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// The figures, if there are any.
    pub fn figures(&self) -> Option<&Figures> {
        self.figures.as_ref()
    }

    /// Whether the agreement has deals, so that [`Terms::royalties`] answers.
    pub fn has_deals(&self) -> bool {
        !self.agreement.deals.is_empty()
    }

    /// Takes what an earlier period left over.
    pub(crate) fn set_opening(&mut self, opening: OpeningBalance) {
        self.opening = Some(opening);
    }

    /// Takes what was missing of the guarantee of a deal. It counts where the term of the guarantee
    /// has the days of the period.
    pub(crate) fn set_breakage(&mut self, account: &str, missing: Decimal) {
        let term = self.agreement.deals.iter().find(|deal| deal.policies.id == account);
        let term = term.and_then(|deal| deal.policies.advance.as_ref());
        let has_days = term.zip(self.period).is_some_and(|(term, period)| {
            term.first.first() == period.first() && term.last.last() == period.last()
        });
        if has_days {
            self.breakage.insert(account.to_owned(), missing);
        }
    }

    /// Lets every gross amount be paid in the relation of two amounts, where what all labels get
    /// together (`of`) is above a ceiling (`to`).
    pub fn reduce(&mut self, to: Decimal, of: Decimal) {
        self.reduction = quotient(&exact(to), &exact(of));
    }

    /// The net revenue of the period by the figures; nothing where a row has none.
    pub fn net_revenue(&self) -> Option<Decimal> {
        let rows = self.figures.iter().flat_map(|figures| &figures.rows);
        let rows = rows.filter(|row| row.covers(self.period));
        let revenue: Option<Vec<Decimal>> =
            rows.map(|row| row.sums.get(&Field::NET_REVENUE).map(|(sum, _)| *sum)).collect();
        revenue.filter(|parts| !parts.is_empty())?.into_iter().try_fold(Decimal::ZERO, decimal::sum)
    }

    /// Where the agreement and the figures still have what a template holds the place with: parties
    /// of nobody, and amounts that are all zero.
    pub fn placeholders(&self) -> Vec<Diagnostic> {
        let mut found = self.agreement.placeholders.clone();
        let figures = self.figures.iter().filter(|figures| figures.is_template);
        let rows = figures.flat_map(|figures| &figures.rows);
        let rows = rows.filter(|row| row.covers(self.period));
        let numbers = |row: &'_ Row| {
            let (sums, own) = (row.sums.values().map(|sum| sum.0), row.deal.values().map(|sum| sum.0));
            sums.chain(own).collect::<Vec<_>>()
        };
        let mut numbers = rows.map(|row| (row, numbers(row))).filter(|(_, numbers)| !numbers.is_empty());
        if let Some((first, of_first)) = numbers.next() {
            let is_zero = |numbers: &[Decimal]| numbers.iter().all(Decimal::is_zero);
            if is_zero(&of_first) && numbers.all(|(_, numbers)| is_zero(&numbers)) {
                let message = "every figure is 0, as in the template";
                found.push(Diagnostic::new(&PLACEHOLDER, first.place.clone(), message));
            }
        }
        found
    }

    /// What is suspicious in the agreement and the figures.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// What rules read in any case, so that a diagnostic can name it.
const ALWAYS_READ: [Field; 3] = [Field::TERRITORY, Field::SERVICE, Field::PLAN];

/// What is read of sales, so that neither refunds nor prices are passed over.
const OF_SALES: [Field; 3] = [Field::TRANSACTION_TYPE, Field::RETAIL_PRICE, Field::EVENT_CURRENCY];

/// What a deal looks at of each play.
fn read_by(deal: &Deal) -> Vec<Field> {
    let length = deal.needs(Need::Length).then_some(Field::RECORDING_DURATION);
    deal.policies.weights.fields().chain(length).collect()
}

impl Terms for PeriodTerms {
    fn reads(&self) -> FieldSet {
        let own: FieldSet = ALWAYS_READ.into_iter().chain(OF_SALES).collect();
        let of_deal: FieldSet = self.deal().into_iter().flat_map(read_by).collect();
        own.union(of_deal).union(self.agreement.rule_index.reads())
    }

    fn context(&self, event: &Entity) -> Result<Entity, Diagnostic> {
        self.place(event)
    }

    fn turns(&self) -> &[i64] {
        &self.agreement.shops.turns
    }

    fn refunds(&self) -> RefundPolicy {
        self.agreement.refunds
    }

    fn due(&self) -> Vec<Entity> {
        self.planned.iter().map(|planned| planned.context.clone()).collect()
    }

    fn possible(&self) -> Vec<Entity> {
        let due = self.due();
        if !due.is_empty() {
            return due;
        }
        self.agreement.rules.iter().map(|rule| self.outcome(rule, None)).collect()
    }

    fn complete(&self, contexts: &mut [Entity]) -> Vec<Diagnostic> {
        self.add_figures(contexts)
    }

    fn qualifying(&self) -> Option<QualifyingPlay> {
        let counts = |deal: &Deal| deal.policies.missing == Some(MissingDuration::Count);
        let missing_qualifies = self.has_deals() && self.deal().is_ok_and(counts);
        self.agreement.qualifying.map(|play| QualifyingPlay { missing_qualifies, ..play })
    }

    fn conflict(&self) -> ConflictPolicy {
        self.agreement.conflict
    }

    fn header(&self, header: &mut Entity) {
        let agreement = &self.agreement;
        header.set(Field::SENDER_ID, agreement.sender.id.as_str());
        header.set(Field::SENDER_NAME, agreement.sender.name.as_str());
        if let Some(recipient) = &agreement.recipient {
            header.set(Field::RECIPIENT_ID, recipient.id.as_str());
            header.set(Field::RECIPIENT_NAME, recipient.name.as_str());
        }
        header.set(Field::SERVICE_DESCRIPTION, agreement.service.as_str());
        match agreement.repertoire.as_slice() {
            [] => {}
            [one] => header.set(Field::REPERTOIRE, one.as_str()),
            several => {
                let texts = several.iter().map(|text| text.as_str().into()).collect();
                header.set(Field::REPERTOIRE, Value::Many(texts));
            }
        }
        if let Some(id) = &agreement.message_id {
            header.set(Field::MESSAGE_ID, id.as_str());
        }
        if let Some(period) = self.period {
            header.set(Field::PERIOD_START, period.first().to_string());
            header.set(Field::PERIOD_END, period.last().to_string());
        }
        for (field, text) in &agreement.defaults {
            if field.group() == Group::Header {
                header.set_default(*field, text.as_str());
            }
        }
    }

    fn fallback(&self, field: Field) -> Option<&str> {
        self.agreement.defaults.get(&field).map(String::as_str)
    }

    fn cell_defaults(&self) -> &[(String, String)] {
        &self.agreement.cell_defaults
    }

    fn key(&self, field: Field) -> String {
        let source = &self.agreement.source;
        if let Some(key) = own_key(field) {
            let or =
                if matches!(field, Field::PERIOD_START | Field::PERIOD_END) { "`--period`, or " } else { "" };
            return format!("{or}{key} in {source}");
        }
        if let Some(heading) = heading_of(field) {
            return self.figures.as_ref().map_or_else(
                || format!("`{heading}` in the figures (`--figures FILE`)"),
                |figures| format!("`{heading}` in {}", figures.source),
            );
        }
        // What usages get of the net revenue is parted from what their sales context gets.
        let summed = if field == Field::USAGE_NET_REVENUE { Field::ALLOCATED_NET_REVENUE } else { field };
        if let Some((word, _)) = Summary::WORDS.iter().find(|(_, summary)| summary.fields().contains(&summed))
            && (self.has_deals() || !SETTABLE.contains(&field))
        {
            return format!("`\"{word}\"` among the `summaries` under `[deal.report]` in {source}");
        }
        if SETTABLE.contains(&field) {
            return format!("`{}` under `[[context]]` in {source}", key_of(field));
        }
        format!("`\"{field}\"` under `[defaults]` in {source}")
    }

    fn options(&self) -> &[(String, String)] {
        &self.agreement.options
    }

    fn fingerprint(&self) -> Vec<[u8; 32]> {
        let figures = self.figures.as_ref().map(|figures| figures.digest);
        std::iter::once(self.agreement.digest).chain(figures).collect()
    }

    fn royalties(&self) -> Option<&dyn RoyaltyTerms> {
        (!self.agreement.deals.is_empty()).then_some(self as &dyn RoyaltyTerms)
    }
}

impl RoyaltyTerms for PeriodTerms {
    fn per_user(&self) -> bool {
        self.deal().is_ok_and(|deal| deal.needs(Need::Users))
    }

    fn summaries(&self) -> FieldSet {
        let summaries = self.deal().map(|deal| deal.policies.summaries.as_slice()).unwrap_or_default();
        summaries.iter().flat_map(|summary| summary.fields()).copied().collect()
    }

    fn counts_for_users(&self, context: &Entity, bearing: bool) -> bool {
        self.deal().is_ok_and(|deal| deal.policies.counts_play(context, bearing))
    }

    fn work_out(
        &self,
        contexts: &mut [Entity],
        reported: usize,
        played: &[UsageTotal<'_>],
        whole: Option<ServiceCounts<'_>>,
    ) -> Result<Royalties, Vec<Diagnostic>> {
        let deal = self.deal().map_err(|diagnostic| vec![diagnostic])?;
        if whole.is_none() && deal.needs(Need::Users) {
            let message = format!(
                "the deal `{}` shares what each user paid among all that the user played, and the plays of other recipients were not read",
                deal.policies.id
            );
            return Err(vec![Diagnostic::new(&USERS_NOT_COUNTED, deal.policies.place.clone(), message)]);
        }
        let earlier = self.earlier_deals(deal, played)?;
        let is_late =
            |number: usize| earlier.iter().any(|one| one.pays.get(number).copied().unwrap_or(false));
        let pays: Vec<bool> = (0..played.len()).map(|number| !is_late(number)).collect();
        let favoured = favoured(deal, &self.agreement.deals, self.period).map_err(|one| vec![one])?;
        let input = BasisInput {
            policies: &deal.policies,
            period: self.period,
            threshold: self.agreement.qualifying.map(|play| play.micros),
            reporting: self.agreement.currency,
            source: self.figures.as_ref().map(|figures| figures.source.as_str()),
            contexts: &*contexts,
            reported,
            usages: played,
            pays: Some(&pays),
            favoured: &favoured,
            reduction: self.reduction.as_ref(),
            breakage: &self.breakage,
            is_earlier: false,
            service: whole.map(|counts| counts.totals),
            active: whole.map_or(&[], |counts| counts.users),
        };
        let figures = self.figures_of(contexts);
        let (royalties, summaries) = royalties::work_out(deal, &earlier, input, figures)?;
        for (index, field, text) in summaries {
            if let Some(context) = contexts.get_mut(index) {
                context.set(field, text);
            }
        }
        Ok(royalties)
    }

    fn close(&self, royalties: &mut Royalties, earned: Earnings) -> Result<(), Vec<Diagnostic>> {
        let deal = self.deal().map_err(|diagnostic| vec![diagnostic])?;
        let closing = Closing {
            policies: &deal.policies,
            period: self.period,
            currency: self.agreement.currency,
            opening: self.opening.clone(),
        };
        closing.close(royalties, earned)
    }
}

/// The short word for a field in messages.
fn short(field: Field) -> &'static str {
    match field {
        Field::TERRITORY => "territory",
        Field::SERVICE => "service",
        Field::PLAN => "plan",
        Field::COMMERCIAL_MODEL => "commercial model",
        Field::USE_TYPE => "use type",
        field => field.id(),
    }
}

#[cfg(test)]
mod tests;
