//! An agreement and figures together.

use super::*;
use crate::toml::value;
use proptest::prelude::*;
use std::fmt::Write;
use transpose_codes::decimal::{self, Decimal};

const AGREEMENT: &str = r#"
[sender]
party-id = "PADPIDA2008120501W"
name = "Northwind Music"
[message]
service = "NorthwindMusic"
repertoire = ["A", "B"]
[money]
currency = "EUR"
[[context]]
when = { plan = ["premium", "family"], territory = ["GB", "FR"] }
commercial-model = "SubscriptionModel"
use-type = "OnDemandStream"
service = "NorthwindPremium"
[[context]]
when = { plan = "free", "event.play-mode" = "offline" }
commercial-model = "AdvertisementSupportedModel"
use-type = "TetheredDownload"
[[context]]
when = { plan = "free" }
commercial-model = "AdvertisementSupportedModel"
use-type = "OnDemandStream"
[defaults]
"recording.type" = "SoundRecording"
"header.partner" = "4021"
[options]
max-file-size = "4GB"
"#;

const FIGURES: &str = "\
period,territory,plan,net-revenue,subscribers,unit-price,total-usages,use-type
2026-10,GB,premium,100.10,10,,500,
2026-10,GB,family,0.205,5,,400,
2026-10,FR,premium,7,1,9.99,,
2026-10,GB,free,3,,,,OnDemandStream
2026-11,GB,premium,1,1,,,
";

fn agreement(text: &str) -> Agreement {
    Agreement::parse("agreement.toml", text).unwrap()
}

fn figures(text: &str) -> Figures {
    Figures::parse("figures.csv", text.as_bytes()).unwrap()
}

fn period(text: &str) -> Period {
    value::period(text).unwrap()
}

fn terms() -> PeriodTerms {
    PeriodTerms::new(agreement(AGREEMENT), Some(figures(FIGURES)), Some(period("2026-10"))).unwrap()
}

fn entity(pairs: &[(Field, &str)]) -> Entity {
    let mut entity = Entity::default();
    for (field, text) in pairs {
        entity.set(*field, *text);
    }
    entity
}

fn event(territory: &str, plan: &str) -> Entity {
    entity(&[(Field::TERRITORY, territory), (Field::PLAN, plan)])
}

fn ids(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
}

fn refused(agreement: Agreement, figures: &str, given: Option<Period>) -> Vec<Diagnostic> {
    PeriodTerms::new(agreement, Some(self::figures(figures)), given).unwrap_err().diagnostics
}

#[test]
fn plays_find_their_context() {
    let terms = terms();
    let context = terms.context(&event("GB", "family")).unwrap();
    let expected = entity(&[
        (Field::COMMERCIAL_MODEL, "SubscriptionModel"),
        (Field::USE_TYPE, "OnDemandStream"),
        (Field::SERVICE, "NorthwindPremium"),
        (Field::TERRITORY, "GB"),
        (Field::CURRENCY, "EUR"),
    ]);
    assert_eq!(context, expected);
    let mut offline = event("DE", "free");
    offline.set(Field::PLAY_MODE, "offline");
    let context = terms.context(&offline).unwrap();
    assert_eq!(context.text(Field::USE_TYPE), Some("TetheredDownload"));
    assert_eq!(context.text(Field::SERVICE), Some("NorthwindMusic"));
    assert!(terms.reads().contains(Field::PLAY_MODE) && terms.reads().contains(Field::SERVICE));
}

#[test]
fn play_without_rule_or_territory_is_explained() {
    let terms = terms();
    let diagnostic = terms.context(&event("DE", "premium")).unwrap_err();
    assert_eq!(
        (diagnostic.code.id, diagnostic.value.as_deref()),
        ("DEA0301", Some("territory DE, plan premium"))
    );
    assert!(diagnostic.advice().contains("when = { plan = \"premium\" }"), "{}", diagnostic.advice());
    assert!(diagnostic.advice().contains("`family`, `free`, `premium`"), "{}", diagnostic.advice());
    let diagnostic = terms.context(&entity(&[(Field::PLAN, "free")])).unwrap_err();
    assert_eq!(diagnostic.code.id, "DEA0302");
    let rules = AGREEMENT.find("[[context]]").unwrap()..AGREEMENT.find("[defaults]").unwrap();
    let mut bare = AGREEMENT.to_owned();
    bare.replace_range(rules, "");
    let terms = PeriodTerms::new(agreement(&bare), None, None).unwrap();
    assert_eq!(terms.context(&event("GB", "free")).unwrap_err().code.id, "DEA0103");
}

#[test]
fn defaults_stand_in_for_what_plays_lack() {
    let text = AGREEMENT
        .replace("[defaults]", "[defaults]\n\"context.territory\" = \"gb\"\n\"context.plan\" = \"free\"");
    let terms = PeriodTerms::new(agreement(&text), None, None).unwrap();
    assert_eq!(terms.context(&Entity::default()).unwrap().text(Field::TERRITORY), Some("GB"));
    assert_eq!(terms.context(&event("", "")).unwrap().text(Field::TERRITORY), Some("GB"));
    assert_eq!(terms.fallback(Field::RECORDING_TYPE), Some("SoundRecording"));
}

#[test]
fn rows_of_several_plans_are_added_exactly() {
    let terms = terms();
    assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
    let due = terms.due();
    assert_eq!(due.len(), 3);
    assert_eq!(due[0], terms.context(&event("GB", "premium")).unwrap());
    let mut contexts = due;
    contexts[0].set(Field::TOTAL_USAGES, "899");
    contexts[0].set(Field::CONTEXT_ID, "1");
    contexts[1].set(Field::TOTAL_USAGES, "12");
    assert!(terms.complete(&mut contexts).is_empty());
    let texts = |index: usize, field| contexts[index].text(field);
    assert_eq!(texts(0, Field::NET_REVENUE), Some("100.305"));
    assert_eq!(texts(0, Field::SUBSCRIBERS), Some("15"));
    assert_eq!(texts(0, Field::TOTAL_USAGES), Some("900"));
    assert_eq!(texts(1, Field::TOTAL_USAGES), Some("12"));
    assert_eq!(texts(1, Field::UNIT_PRICE), Some("9.99"));
    assert_eq!(texts(2, Field::NET_REVENUE), Some("3"));
    assert_eq!(texts(2, Field::SUBSCRIBERS), None);
}

#[test]
fn contexts_without_figures_name_the_missing_row() {
    let terms = terms();
    let mut contexts = [
        terms.context(&event("FR", "family")).unwrap(),
        terms.context(&event("EG", "free")).unwrap(),
        entity(&[(Field::TERRITORY, "US"), (Field::NET_REVENUE, "5")]),
    ];
    let diagnostics = terms.complete(&mut contexts);
    assert_eq!(ids(&diagnostics), ["DEA0310"]);
    assert_eq!(
        diagnostics[0].message,
        "the figures have no row for territory EG, service NorthwindMusic, commercial model AdvertisementSupportedModel, \
         use type OnDemandStream"
    );
    assert_eq!(
        diagnostics[0].advice(),
        "add a row for period 2026-10, territory EG, plan free to figures.csv"
    );
    assert_eq!(contexts[0].text(Field::NET_REVENUE), Some("7"), "plans of one context share their figures");
}

#[test]
fn total_below_the_counted_plays_is_an_error() {
    let terms = terms();
    let mut contexts = [terms.context(&event("GB", "premium")).unwrap()];
    contexts[0].set(Field::TOTAL_USAGES, "901");
    assert_eq!(ids(&terms.complete(&mut contexts)), ["DEA0311"]);
    assert_eq!(contexts[0].text(Field::TOTAL_USAGES), Some("901"));
}

#[test]
fn without_figures_one_warning_says_so() {
    let terms = PeriodTerms::new(agreement(AGREEMENT), None, None).unwrap();
    let mut contexts =
        [terms.context(&event("GB", "premium")).unwrap(), terms.context(&event("GB", "free")).unwrap()];
    assert_eq!(ids(&terms.complete(&mut contexts)), ["DEA0312"]);
    assert!(terms.complete(&mut []).is_empty() && terms.due().is_empty());
}

#[test]
fn period_is_given_stated_or_the_only_one() {
    let dated = agreement(&AGREEMENT.replace("[money]", "period = \"2026-11\"\n[money]"));
    let of = |terms: Result<PeriodTerms, Fatal>| terms.unwrap().period().map(|period| period.to_string());
    assert_eq!(
        of(PeriodTerms::new(dated.clone(), Some(figures(FIGURES)), Some(period("2026-10")))).as_deref(),
        Some("2026-10")
    );
    assert_eq!(of(PeriodTerms::new(dated.clone(), Some(figures(FIGURES)), None)).as_deref(), Some("2026-11"));
    let one = "period,territory,plan\n2026-10,GB,premium\n";
    assert_eq!(
        of(PeriodTerms::new(agreement(AGREEMENT), Some(figures(one)), None)).as_deref(),
        Some("2026-10")
    );
    let any = "territory,plan\nGB,premium\n";
    assert_eq!(of(PeriodTerms::new(agreement(AGREEMENT), Some(figures(any)), None)), None);
    assert_eq!(of(PeriodTerms::new(dated.clone(), Some(figures(any)), None)).as_deref(), Some("2026-11"));
    assert_eq!(
        of(PeriodTerms::new(
            agreement(AGREEMENT),
            Some(figures(one)),
            Some(period("2026-10-01--2026-10-31"))
        ))
        .as_deref(),
        Some("2026-10-01--2026-10-31")
    );

    let diagnostics = refused(agreement(AGREEMENT), FIGURES, None);
    assert_eq!(ids(&diagnostics), ["DEA0303"]);
    assert!(diagnostics[0].advice().contains("--period 2026-10"));
    let diagnostics = refused(dated, one, None);
    assert_eq!(ids(&diagnostics), ["DEA0304"]);
    assert!(
        diagnostics[0].advice().contains("`period` in agreement.toml, for example to 2026-10"),
        "{}",
        diagnostics[0].advice()
    );
}

#[test]
fn faulty_rows_are_refused_or_named() {
    for (rows, code, help) in [
        ("GB,,1,1,,,", "DEA0306", "fill `plan` or `use-type`"),
        ("GB,free,1,1,,,", "DEA0306", "fill `use-type`"),
        ("GB,premium,1,1,USD,,", "DEA0307", "exchange-rate"),
        ("GB,premium,1,1,,9.99,\n2026-10,GB,family,1,1,,14.99,", "DEA0308", "Correct one"),
        (
            "GB,premium,79228162514264337593543950,1,,,\n2026-10,GB,family,0.12345,1,,,",
            "DEA0313",
            "Check the amounts",
        ),
    ] {
        let text = format!(
            "period,territory,plan,net-revenue,subscribers,currency,unit-price,use-type\n2026-10,{rows}\n"
        );
        let diagnostics = refused(agreement(AGREEMENT), &text, None);
        assert_eq!(ids(&diagnostics), [code], "{rows}");
        assert!(diagnostics[0].advice().contains(help), "{rows}: {}", diagnostics[0].advice());
        assert!(diagnostics[0].location.line.is_some(), "{rows}");
    }
    let text = "territory,plan,net-revenue\nGB,premium,1\nGB,family,\nGB,premum,5\n";
    let terms = PeriodTerms::new(agreement(AGREEMENT), Some(figures(text)), None).unwrap();
    let found: Vec<_> = terms.warnings().iter().map(|w| (w.code.id, w.location.line)).collect();
    assert_eq!(found, [("DEA0309", Some(3)), ("DEA0305", Some(4))]);
}

#[test]
fn blank_plan_is_fine_when_one_context_results() {
    let text = "territory,plan,net-revenue,use-type,commercial-model\nGB,,1,,SubscriptionModel\n";
    let terms = PeriodTerms::new(agreement(AGREEMENT), Some(figures(text)), None).unwrap();
    assert_eq!(terms.due(), [terms.context(&event("GB", "premium")).unwrap()]);
}

#[test]
fn figures_meet_the_contexts_of_the_source_without_rules() {
    let rules = AGREEMENT.find("[[context]]").unwrap()..AGREEMENT.find("[defaults]").unwrap();
    let mut bare = AGREEMENT.to_owned();
    bare.replace_range(rules, "");
    let text = "territory,service,net-revenue\nGB,One,1\nGB,Two,2\nFR,,3\n";
    let terms = PeriodTerms::new(agreement(&bare), Some(figures(text)), None).unwrap();
    let context = |territory, service| entity(&[(Field::TERRITORY, territory), (Field::SERVICE, service)]);
    let mut contexts = [
        context("GB", "One"),
        context("GB", "Two"),
        context("FR", "One"),
        context("FR", "Two"),
        context("SE", "One"),
    ];
    let diagnostics = terms.complete(&mut contexts);
    assert_eq!(ids(&diagnostics), ["DEA0306", "DEA0310", "DEA0310", "DEA0310"]);
    assert_eq!(contexts[1].text(Field::NET_REVENUE), Some("2"));
}

#[test]
fn header_is_filled_from_the_agreement() {
    let mut header = entity(&[(Field::SENDER_NAME, "someone"), (Field::RECIPIENT_NAME, "kept")]);
    terms().header(&mut header);
    let expected = [
        (Field::SENDER_NAME, "Northwind Music"),
        (Field::SENDER_ID, "PADPIDA2008120501W"),
        (Field::RECIPIENT_NAME, "kept"),
        (Field::SERVICE_DESCRIPTION, "NorthwindMusic"),
        (Field::PERIOD_START, "2026-10-01"),
        (Field::PERIOD_END, "2026-10-31"),
        (Field::PARTNER, "4021"),
    ];
    for (field, text) in expected {
        assert_eq!(header.text(field), Some(text));
    }
    assert_eq!(header.value(Field::REPERTOIRE).unwrap().iter().count(), 2);
    assert_eq!(terms().options(), [("max-file-size".to_owned(), "4GB".to_owned())]);
}

#[test]
fn example_is_complete_and_clean() {
    let agreement = agreement(include_str!("../../../../examples/northwind/agreement.toml"));
    let figures = figures(include_str!("../../../../examples/northwind/figures.csv"));
    let terms = PeriodTerms::new(agreement, Some(figures), None).unwrap();
    assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
    assert_eq!(terms.period(), Some(period("2026-10")));
    for territory in ["GB", "DE", "FR", "US", "JP", "BR", "SE", "EG"] {
        for plan in ["northwind-premium", "northwind-family", "northwind-student", "northwind-free"] {
            let mut contexts = [terms.context(&event(territory, plan)).unwrap()];
            assert!(terms.complete(&mut contexts).is_empty(), "{territory} {plan}");
            for field in [Field::NET_REVENUE, Field::SUBSCRIBERS, Field::USERS] {
                assert!(contexts[0].text(field).is_some(), "{territory} {plan} {field}");
            }
        }
    }
    assert_eq!(terms.due().len(), 32);
}

#[test]
fn keys_name_the_place_that_supplies_a_field() {
    let terms = terms();
    for (field, key) in [
        (Field::SENDER_ID, "`party-id` under `[sender]` in agreement.toml"),
        (Field::PERIOD_START, "`--period`, or `period` under `[message]` in agreement.toml"),
        (Field::NET_REVENUE, "`net-revenue` in figures.csv"),
        (Field::CURRENCY, "`currency` under `[money]` in agreement.toml"),
        (Field::USE_TYPE, "`use-type` under `[[context]]` in agreement.toml"),
        (Field::RECORDING_TITLE, "`\"recording.title\"` under `[defaults]` in agreement.toml"),
    ] {
        assert_eq!(terms.key(field), key);
    }
    let terms = PeriodTerms::new(agreement(AGREEMENT), None, None).unwrap();
    assert_eq!(terms.key(Field::NET_REVENUE), "`net-revenue` in the figures (`--figures FILE`)");
}

proptest! {
    #[test]
    fn money_is_kept_whatever_the_rows(amounts in proptest::collection::vec(-1_000_000_i64..1_000_000_000, 1..8)) {
        let plans: Vec<String> = (0..amounts.len()).map(|index| format!("\"p{index}\"")).collect();
        let from = AGREEMENT.find("[\"premium\"").unwrap();
        let to = AGREEMENT.find(", territory").unwrap();
        let mut text = AGREEMENT.to_owned();
        text.replace_range(from..to, &format!("[{}]", plans.join(", ")));
        let mut rows = String::from("territory,plan,net-revenue\n");
        for (index, cents) in amounts.iter().enumerate() {
            let _ = writeln!(rows, "GB,p{index},{}", Decimal::new(*cents, 2));
        }
        let terms = PeriodTerms::new(agreement(&text), Some(figures(&rows)), None).unwrap();
        let mut contexts = terms.due();
        prop_assert!(terms.complete(&mut contexts).is_empty());
        let total = Decimal::new(amounts.iter().sum(), 2);
        prop_assert_eq!(contexts[0].text(Field::NET_REVENUE).unwrap(), decimal::to_text(&total));
    }
}
