//! Commented side files for `transpose init`, made for an input.
//!
//! Invariant: they are valid as they are, and every play of the input finds a sales context.

use crate::agreement::PLACEHOLDERS;
use crate::agreement::context_rules::{SETTABLE, key_of};
use crate::figures::{AMOUNTS_TO_COME, HEADINGS};
use crate::models::MODELS;
use crate::toml::document::quoted;
use crate::toml::value;
use std::collections::BTreeSet;
use std::fmt::Write;
use transpose_core::diagnostics::one_line;
use transpose_core::model::Field;
use transpose_core::model::vocabulary::{commercial_model, use_type};

/// What is known of an input for which side files are made; all of it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The services named in the input.
    pub services: Vec<String>,
    /// The plans named in the input.
    pub plans: Vec<String>,
    /// The territories named in the input.
    pub territories: Vec<String>,
    /// The reporting period, such as `2026-10`.
    pub period: Option<String>,
    /// The name of the sender.
    pub name: Option<String>,
    /// Whether the input is a report of sales; then services are shops.
    pub sales: bool,
}

/// One sales context of a template: the key and the value that select it, and the service it is
/// reported as.
struct Tier {
    select: Option<(&'static str, String)>,
    service: Option<String>,
    free: bool,
    sale: bool,
}

/// An agreement in which every play of the sample finds a sales context.
pub fn template_agreement(sample: &Sample) -> String {
    let sample = cleaned(sample);
    let name = sample
        .name
        .as_deref()
        .or_else(|| sample.services.first().map(String::as_str))
        .unwrap_or("My Music Service");
    let service =
        Some(joined(name)).filter(|plain| !plain.is_empty()).unwrap_or_else(|| "MyMusicService".into());
    let mut out = String::new();
    let [sender, recipient, recipient_name] = PLACEHOLDERS;
    let period = sample.period.as_ref().map_or_else(
        || "# period = \"2026-10\"  # optional: `--period` wins, else the figures decide\n".to_owned(),
        |period| format!("period = {}  # optional: `--period` wins\n", quoted(period)),
    );
    let _ = write!(
        out,
        "\
# Agreement with one recipient. Everything after `#` is a comment.
# Check the lines marked CHECK; the others may stay as they are.

[sender]
party-id = \"{sender}\"  # CHECK: your DDEX party id
name = {name}

# Leave this table out when the report goes to several recipients.
[recipient]
party-id = \"{recipient}\"  # CHECK: the recipient's DDEX party id
name = \"{recipient_name}\"  # CHECK

[message]
service = {service}  # no spaces, no underscores: it becomes part of the file name
# repertoire = [\"…\"]  # optional: the repertoires that the message represents
# id = \"…\"  # optional: a fixed message id
{period}
[money]
currency = \"EUR\"  # CHECK: the currency of reporting (ISO 4217); figures are in it

# Which plays are paid for. Without this table every play counts.
# [qualifying-play]
# minimum-seconds = 30
# below = \"not-royalty-bearing\"  # or \"drop\"

# Rules from plays to sales contexts; the first that matches decides.
# `when` may ask for plan, service, territory, or a field id such as \"event.play-mode\"; without it a rule always matches.
# Other keys: {others}.
",
        name = quoted(name),
        service = quoted(&service),
        others = other_keys(),
    );
    shops(&sample, &mut out);
    for tier in tiers(&sample) {
        out.push_str("\n[[context]]\n");
        if let Some((key, value)) = &tier.select {
            let _ = writeln!(out, "when = {{ {key} = {} }}", quoted(value));
        }
        let (model, used) = match tier {
            Tier { sale: true, .. } => (commercial_model::PAY_AS_YOU_GO, use_type::PERMANENT_DOWNLOAD),
            Tier { free: true, .. } => (commercial_model::ADVERTISING, use_type::ON_DEMAND_STREAM),
            _ => (commercial_model::SUBSCRIPTION, use_type::ON_DEMAND_STREAM),
        };
        let _ = writeln!(out, "commercial-model = \"{model}\"  # CHECK: how the user pays");
        let _ = writeln!(out, "use-type = \"{used}\"  # CHECK: how the user listens");
        if tier.free {
            // Summaries of usage that advertisements pay for have to state a category.
            out.push_str("content-category = \"Music\"  # CHECK: the category of content as agreed\n");
        }
        if let Some(service) = &tier.service {
            let _ = writeln!(out, "service = {}", quoted(service));
        }
    }
    out.push_str(&deal());
    out.push_str(
        "
# Texts for fields that the source leaves empty, by field id, and for other cells of the target by \"cell.NAME\".
[defaults]
\"recording.type\" = \"SoundRecording\"

[policies]
conflict = \"first\"  # differing descriptions of one recording: first, latest, most-played or refuse
# unmatched-refunds = \"reject\"  # refunds whose sales are not in the inputs: reject or adjust

# Options of the target format, as for `--set`.
[options]
",
    );
    out
}

/// What reports of sales need besides: the shops of the sample, or comments.
fn shops(sample: &Sample, out: &mut String) {
    out.push_str(SHOPS);
    let (open, example) =
        if sample.sales { ("", Vec::new()) } else { ("# ", vec!["Northwind UK".to_owned()]) };
    let names = if sample.sales { &sample.services } else { &example };
    let territory = sample.territories.first().map_or("GB", String::as_str);
    for name in names {
        let _ = write!(
            out,
            "\
{open}[[shop]]
{open}name = {}  # or a list; without a name for all other sales of the territory
{open}territory = \"{territory}\"  # CHECK
{open}currency = \"EUR\"  # CHECK: what prices are in
{open}tax = \"20\"  # CHECK: per cent

",
            quoted(name)
        );
    }
    let _ = write!(
        out,
        "\
# How prices without tax are rounded.
{open}[price]
{open}places = 4  # CHECK
{open}rounding = \"half-even\"  # CHECK: half-even, half-up, down or up
"
    );
    out.push_str(REFUNDS);
}

const SHOPS: &str = "
# Only for reports of sales, which say what was paid and in which shop: territory, currency and rate of tax of each shop. Where the tax changes,
# give a shop two tables with `valid-until` and `valid-from`. Sales need a context with PayAsYouGoModel and PermanentDownload.
";

const REFUNDS: &str = "
# When refunds of a period are closed: day and hour (UTC) of the following month. Later ones adjust the next report.
# [refunds]
# cut-off-day = 4
# cut-off-hour = 0
# original-period = \"2026-09\"  # of refunds whose sales are not in the inputs
";

const DEAL: &str = r#"
# What the recipient is paid, for reports with amounts. Every policy that the models need has to be said: open policies are refused with a list.
# Shares, fees, taxes and withholding are per cent. Several `[[deal]]` may follow, for other labels or other days.
# [[deal]]
# id = "label-2026"
# label = "Example Recipient"  # who is paid: the name under [recipient], and the label of the plays that are paid
# aliases = ["Example Recipient Ltd"]  # optional: further spellings of the label
# plays = "label"  # or "all": every play is the recipient's, as for a society
# party-id = "ISNI::0000000081266409"  # optional: of the label
# currency = "EUR"  # of rates, minimums and prices
# territories = "Worldwide"  # or a list such as ["GB", "DE"]
# from = 2026-01-01  # optional, as `until`
# until = 2026-12-31
# greater-of = "territory-and-tier"  # where several models are compared: territory-and-tier, territory, tier or overall
# pool = "territory-and-tier"  # where plays share revenue and minimums: the same words
# counts = "qualified"  # which plays: all, qualified or qualified-and-previews
# previews = "none"  # or the services that are preview clips
# missing-duration = "exclude"
# total = "figures"  # all plays of the service: figures (total-usages, qualified-usages), service or report
# subscribers = "counted"  # or equivalents: subscriber-factor and partial-days of the figures
# pro-rating = "days"  # where the deal covers a part of the period: days or none
# share = "100"  # optional: of the gross amount, or `fee = "15"`
# withholding = [{ territory = "JP", withholding = "20.42" }]  # optional: by territory, or one number
# withholding-from = "earnings"         # before recoupment; or payment (after it), gross-up (on top of it)
# exchange = "figures"  # where currencies differ: transaction-currency and exchange-rate of the figures, or [[deal.exchange]]

# The greatest of the models is paid; the first of equals. Rates are a number, or a list of which the first that fits holds: by tier (the service of
# the sales context), territory, use-type, commercial-model, price or retail-price.
"#;

const DEAL_REST: &str = r#"
# [deal.rounding]
# places = "currency"  # or a number
# mode = "half-up"  # half-up, half-even or down
# at = "statement"  # statement, block (of one currency), row or unit
# allocation = "largest-remainder"  # how rows get their parts of a rounded sum

# Optional: an advance that earnings are set against, or a guarantee (`paid = "at-end"`); balances are kept between periods.
# [deal.advance]
# amount = "50000.00"
# paid = "in-advance"
# first = "2026-01"
# last = "2026-12"
# after-last = "carried"                # what is left is recouped from later earnings; or expires

# Optional: what summaries of sales contexts say.
# [deal.report]
# summaries = ["allocated-revenue", "allocated-net-revenue", "allocated-usages", "market-share", "rights-controller", "final-amount"]
"#;

/// The comment on deals: the models in it follow from their specs.
fn deal() -> String {
    let mut out = DEAL.to_owned();
    let mut others = Vec::new();
    for spec in MODELS {
        if let Some(lines) = spec.template {
            let _ = writeln!(out, "# [[deal.model]]\n# model = \"{}\"", spec.word);
            for line in lines.lines() {
                let _ = writeln!(out, "# {line}");
            }
        } else {
            let keys: Vec<&str> = spec.keys.iter().map(|key| key.name).collect();
            others.push(format!("{} ({})", spec.word, keys.join(", ")));
        }
    }
    let mut line = "#".to_owned();
    for word in format!("Others: {}.", others.join(", ")).split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(out, "{line}");
            line.truncate(1);
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(out, "{line}");
    out.push_str(DEAL_REST);
    out
}

/// How long a line of a comment may become.
const WIDTH: usize = 160;

/// Figures with a row for every territory and plan of the sample; the amounts are placeholders.
pub fn template_figures(sample: &Sample) -> String {
    let sample = cleaned(sample);
    let mut out = format!(
        "\
# Period figures, one row for each territory and plan. Lines that begin with # are comments.
{AMOUNTS_TO_COME}: replace every 0. Write plain numbers such as 1234.50, in the agreement's currency of reporting.
# An empty cell means unknown; 0 means zero. A blank period, service or plan stands for any.
# Columns: {}.
period,territory,service,plan,net-revenue,subscribers
",
        HEADINGS.join(", ")
    );
    let generic = ["GB".to_owned()];
    let territories = if sample.territories.is_empty() { &generic[..] } else { &sample.territories };
    let period = sample.period.as_deref().unwrap_or_default();
    for territory in territories {
        for tier in tiers(&sample) {
            let (service, plan) = match &tier.select {
                Some(("plan", plan)) => (String::new(), cell(plan)),
                Some((_, service)) => (cell(service), String::new()),
                None => (String::new(), String::new()),
            };
            let _ = writeln!(out, "{period},{territory},{service},{plan},0,0");
        }
    }
    out
}

/// The keys of a rule that the template leaves out, a few on each line of the comment.
fn other_keys() -> String {
    let shown = [Field::COMMERCIAL_MODEL, Field::USE_TYPE, Field::SERVICE];
    let keys: Vec<String> =
        SETTABLE.iter().filter(|field| !shown.contains(field)).map(|field| key_of(*field)).collect();
    keys.chunks(6).map(|line| line.join(", ")).collect::<Vec<_>>().join(",\n# ")
}

/// The sample without blanks, repetitions and what is no territory or period.
fn cleaned(sample: &Sample) -> Sample {
    let texts = |list: &[String]| {
        let mut seen = BTreeSet::new();
        let trimmed = list.iter().map(|text| one_line(text.trim()));
        trimmed.filter(|text| !text.is_empty() && seen.insert(text.clone())).collect::<Vec<_>>()
    };
    let codes: Vec<String> = sample
        .territories
        .iter()
        .filter_map(|text| value::territory(text).ok())
        .map(|territory| territory.code().to_owned())
        .collect();
    Sample {
        services: texts(&sample.services),
        plans: texts(&sample.plans),
        territories: texts(&codes),
        period: sample
            .period
            .as_deref()
            .and_then(|text| value::period(text.trim()).ok())
            .map(|period| period.to_string()),
        name: sample.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(one_line),
        sales: sample.sales,
    }
}

/// One context for each plan; without plans, for each service when there are several; else one for
/// everything.
fn tiers(sample: &Sample) -> Vec<Tier> {
    if sample.sales {
        return vec![Tier { select: None, service: None, free: false, sale: true }];
    }
    let selected: Vec<(&'static str, String)> = if !sample.plans.is_empty() {
        sample.plans.iter().map(|plan| ("plan", plan.clone())).collect()
    } else if sample.services.len() > 1 {
        sample.services.iter().map(|service| ("service", service.clone())).collect()
    } else {
        return vec![Tier { select: None, service: None, free: false, sale: false }];
    };
    let mut taken = BTreeSet::new();
    selected
        .into_iter()
        .enumerate()
        .map(|(index, (key, value))| {
            let mut service = joined(&value);
            // Contexts with the same facts would be one context, so their services have to differ.
            if service.is_empty() || !taken.insert(service.clone()) {
                service = format!("{service}Tier{}", index + 1);
                taken.insert(service.clone());
            }
            let lower = value.to_lowercase();
            let free =
                ["free", "ad-supported", "adsupported", "basic ads"].iter().any(|word| lower.contains(word));
            Tier { select: Some((key, value)), service: Some(service), free, sale: false }
        })
        .collect()
}

/// The letters and digits of a name, each word with a capital: `northwind-premium` becomes
/// `NorthwindPremium`.
fn joined(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        })
        .collect()
}

/// The text as a CSV cell.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n', ';', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Agreement, Figures, PeriodTerms};
    use proptest::prelude::*;
    use transpose_core::model::Entity;
    use transpose_core::terms::Terms;

    fn terms(sample: &Sample) -> PeriodTerms {
        let agreement = Agreement::parse("agreement.toml", &template_agreement(sample)).unwrap();
        let figures = Figures::parse("figures.csv", template_figures(sample).as_bytes()).unwrap();
        PeriodTerms::new(agreement, Some(figures), None).unwrap()
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn template_without_sample_is_valid() {
        let terms = terms(&Sample::default());
        assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        assert_eq!(terms.due().len(), 1);
        assert_eq!(terms.period(), None);
    }

    #[test]
    fn the_deal_of_the_template_holds_without_its_comment_signs() {
        let keys = |line: &str| {
            line.starts_with('[')
                || line
                    .split_once(" = ")
                    .is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        };
        let commented = deal();
        let bare = commented.lines().map(|line| {
            let inside = line.trim_start_matches("# ");
            if keys(inside) { inside } else { line }
        });
        let text = bare.collect::<Vec<_>>().join("\n");
        let agreement = template_agreement(&Sample::default()).replace(&commented, &format!("{text}\n"));
        let agreement = Agreement::parse("agreement.toml", &agreement).unwrap();
        let [deal] = agreement.deals.as_slice() else { panic!("{}", agreement.deals.len()) };
        let shown = MODELS.iter().filter(|spec| spec.template.is_some()).count();
        assert_eq!((deal.models.len(), deal.policies.summaries.len()), (shown, 6));
        let policies = &deal.policies;
        assert!(policies.advance.is_some() && policies.exchange.is_some() && policies.withholding.is_some());
    }

    #[test]
    fn template_places_every_play_of_its_sample() {
        let sample = Sample {
            services: texts(&["Northwind Music"]),
            plans: texts(&[
                "northwind-premium",
                "northwind free",
                " ",
                "a,\"b\"\\",
                "é #1",
                "a b",
                "a-b",
                "***",
                "northwind-premium",
            ]),
            territories: texts(&["GB", "fr", "ZZ", "GB"]),
            period: Some("2026-10".into()),
            ..Sample::default()
        };
        let terms = terms(&sample);
        assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        assert_eq!(terms.due().len(), 2 * 7);
        assert_eq!(terms.period().unwrap().to_string(), "2026-10");
        for plan in sample.plans.iter().filter(|plan| !plan.trim().is_empty()) {
            let mut event = Entity::default();
            event.set(Field::TERRITORY, "FR");
            event.set(Field::PLAN, plan.as_str());
            let mut contexts = [terms.context(&event).unwrap()];
            assert!(terms.complete(&mut contexts).is_empty());
            assert_eq!(contexts[0].text(Field::NET_REVENUE), Some("0"), "{plan}");
        }
        let text = template_agreement(&sample);
        assert!(text.contains("service = \"NorthwindFree\"") && text.contains("AdvertisementSupportedModel"));
    }

    #[test]
    fn services_stand_in_for_plans() {
        let sample = Sample { services: texts(&["One Radio", "Two Radio"]), ..Sample::default() };
        let terms = terms(&sample);
        let services: Vec<_> =
            terms.due().iter().map(|context| context.text(Field::SERVICE).unwrap().to_owned()).collect();
        assert_eq!(services, ["OneRadio", "TwoRadio"]);
    }

    #[test]
    fn every_shop_of_a_report_of_sales_has_a_table() {
        let services = texts(&["Northwind Shop UK", "Northwind \"Shop\" DE"]);
        let sample = Sample { services, sales: true, ..Sample::default() };
        let terms = terms(&sample);
        assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        for service in &sample.services {
            let mut event = Entity::default();
            event.set(Field::SERVICE, service.as_str());
            event.set(Field::RETAIL_PRICE, "1.20");
            let context = terms.context(&event).unwrap();
            assert_eq!(context.text(Field::COMMERCIAL_MODEL), Some("PayAsYouGoModel"));
            assert_eq!(context.text(Field::PRICE), Some("1"));
        }
    }

    proptest! {
        #[test]
        fn any_sample_makes_valid_templates(
            plans in proptest::collection::vec("\\PC{0,8}|[\"',;\\\\#\\n\\t -]{0,4}", 0..5),
            services in proptest::collection::vec("\\PC{0,8}", 0..3),
            name in proptest::option::of("\\PC{0,8}"),
            sales in proptest::bool::ANY,
        ) {
            let sample = Sample { services, plans, territories: texts(&["DE"]), period: None, name, sales };
            let terms = terms(&sample);
            prop_assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        }
    }
}
