//! The royalty models that a deal may name.

use std::fmt::Write as _;
use transpose_deals::models::{KeySpec, MODELS, Measure, ModelSpec, Need};

const OPENING: &str = "\
# Royalty models

What a `[[deal.model]]` of an agreement may say. [label-reports.md](label-reports.md) explains deals; with several models in one deal, the greatest amount is paid.

A key that holds a number or a share is written as text, or as a list of which the first element that fits holds:
`rate = [{ tier = \"Free\", rate = \"0.0009\" }, { rate = \"0.005\" }]`. Elements may ask for `tier` (the service of the sales context), `territory`, `use-type`,
`commercial-model`, `price` and `retail-price`. Amounts are in the currency of the deal; shares and taxes are per cent.

| model | what is paid | keys |
|---|---|---|
";

/// The page of all models.
pub(super) fn page() -> String {
    let mut out = OPENING.to_owned();
    for ModelSpec { word, pays, keys, .. } in MODELS {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
        let _ = writeln!(out, "| [`{word}`](#{word}) | {pays} | {} |", keys.join(", "));
    }
    for spec in MODELS {
        model(spec, &mut out);
    }
    out
}

fn model(spec: &ModelSpec, out: &mut String) {
    let _ = write!(out, "\n## {}\n\nWhat is paid: {}.\n\n", spec.word, spec.pays);
    out.push_str("| key | holds | example |\n|---|---|---|\n");
    for key in spec.keys {
        let _ = writeln!(out, "| `{}` | {} | `{}` |", key.name, holds(key), key.example);
    }
    let decided = policies(spec.needs);
    if !decided.is_empty() {
        let _ = writeln!(out, "\nThe deal has to decide {decided}.");
    }
    for key in spec.keys {
        let Measure::Word(words) = key.measure else { continue };
        for (word, needs) in words {
            let decided = policies(needs);
            if !decided.is_empty() {
                let _ = writeln!(out, "With `{} = \"{word}\"` it has to decide {decided} as well.", key.name);
            }
        }
    }
}

fn holds(key: &KeySpec) -> String {
    let mut text = match key.measure {
        Measure::Amount => "a number".to_owned(),
        Measure::Price => "a number, in a list also with a `currency`".to_owned(),
        Measure::Share => "a share".to_owned(),
        Measure::Text => "a name".to_owned(),
        Measure::AmountOr(word) => format!("a number, or `{word}`"),
        Measure::Word(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            words.join(" or ")
        }
    };
    if let Some((other, word)) = key.only_with {
        let _ = write!(text, "; needed with `{other} = \"{word}\"`");
    }
    text
}

/// The keys of a deal that decide what is needed.
fn policies(needs: &[Need]) -> String {
    let policies = Need::POLICIES.iter().filter(|policy| needs.contains(&policy.need));
    policies.map(|policy| format!("`{}`", policy.key)).collect::<Vec<_>>().join(", ")
}
