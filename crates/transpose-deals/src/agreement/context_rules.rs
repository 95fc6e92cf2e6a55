//! The rules of an agreement: from the fields of a play, or of a row of figures, to a sales
//! context.

use super::rule_index::RuleIndex;
use crate::toml::document::{Entry, Node, Table};
use crate::toml::reader::{MISSPELT_KEY, Reader, WRONG_VALUE, nearest};
use crate::toml::value;
use transpose_core::model::{Entity, Field, FieldSet, Group, Value};

transpose_core::codes! {
    /// A rule that no play reaches.
    pub(crate) UNREACHABLE_RULE: "DEA0105" "unreachable-rule" Warning
        "The first rule that matches a play decides, and earlier rules match everything that this one matches."
        "Move the rule up, or remove it."
    /// A key that exists, but elsewhere.
    pub(crate) MISPLACED_KEY: "DEA0106" "misplaced-key" Error
        "The fact belongs to another table or to the figures."
        "Move it to the place that the message names."
}

/// The fields that a rule can set; their keys are made by [`key_of`].
pub(crate) const SETTABLE: &[Field] = &[
    Field::COMMERCIAL_MODEL,
    Field::USE_TYPE,
    Field::SERVICE,
    Field::TERRITORY,
    Field::CHANNEL,
    Field::CHANNEL_ID,
    Field::CONTENT_CATEGORY,
    Field::SUBSCRIBER_TYPE,
    Field::RIGHTS_TYPE,
    Field::RIGHTS_SHARE,
    Field::RIGHTS_CONTROLLER,
    Field::RIGHTS_CONTROLLER_ID,
    Field::MARKET_SHARE,
    Field::MUSIC_SHARE,
    Field::UNIT_PRICE,
    Field::TRANSACTION_CURRENCY,
    Field::EXCHANGE_RATE,
    Field::EXCHANGE_RATE_SOURCE,
    Field::EXCHANGE_RATE_DATE,
];

/// The key under `[[context]]` that sets a field: its id without the group, with hyphens for dots.
pub(crate) fn key_of(field: Field) -> String {
    if field == Field::RIGHTS_CONTROLLER {
        return "rights-controller".into();
    }
    field.id().trim_start_matches("context.").replace('.', "-")
}

/// The fields that a condition may name by one word.
const SHORT: &[(&str, Field)] =
    &[("plan", Field::PLAN), ("service", Field::SERVICE), ("territory", Field::TERRITORY)];

/// Fields that differ from play to play: a rule on one of them would ask the agreement once for
/// every play.
const SINGULAR: &[Field] = &[Field::EVENT_ID, Field::EVENT_TIME, Field::EVENT_DURATION, Field::USER];

/// The most combinations of a rule's own values that are tried when unreachable rules are looked
/// for.
const TRIED: usize = 4096;

/// What is known of a field while rules are tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KnownValue<'a> {
    /// Its value.
    Is(&'a Value),
    /// It has none.
    Absent,
    /// It may have any.
    Open,
}

/// Whether a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    No,
    Maybe,
    Yes,
}

/// One condition: a field and the values that satisfy it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clause {
    pub(crate) field: Field,
    pub(crate) values: Vec<String>,
}

/// One `[[context]]`.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) line: u64,
    pub(crate) when: Vec<Clause>,
    /// What the rule says about the context, in canonical notation.
    pub(crate) sets: Entity,
    at: usize,
}

impl Rule {
    /// Whether all conditions hold.
    pub(crate) fn matches<'a>(&self, known: impl Fn(Field) -> KnownValue<'a>) -> Match {
        let mut answer = Match::Yes;
        for clause in &self.when {
            match known(clause.field) {
                KnownValue::Is(value) => {
                    if !value.iter().any(|text| clause.values.iter().any(|wanted| wanted == text.trim())) {
                        return Match::No;
                    }
                }
                KnownValue::Absent => return Match::No,
                KnownValue::Open => answer = Match::Maybe,
            }
        }
        answer
    }

    /// The values that the rule asks of a field; none when it does not look at it.
    pub(crate) fn wanted(&self, field: Field) -> &[String] {
        self.when.iter().find(|clause| clause.field == field).map_or(&[], |clause| &clause.values)
    }

    /// The fields that the conditions look at.
    pub(crate) fn reads(&self) -> FieldSet {
        self.when.iter().map(|clause| clause.field).collect()
    }

    /// Reads one `[[context]]`; what is wrong with it is reported.
    pub(crate) fn read(reader: &mut Reader, table: &Table) -> Self {
        let at = table.at;
        let line = reader.lines.place(at).line.unwrap_or_default();
        let mut rule = Self { line, when: Vec::new(), sets: Entity::default(), at };
        let keys: Vec<(String, Field)> = SETTABLE.iter().map(|field| (key_of(*field), *field)).collect();
        let mut names: Vec<&str> = vec!["when"];
        names.extend(keys.iter().map(|(key, _)| key.as_str()));
        for entry in &table.entries {
            if entry.key == "when" {
                rule.when = conditions(reader, entry);
            } else if let Some((_, field)) = keys.iter().find(|(key, _)| *key == entry.key) {
                set(reader, entry, *field, &mut rule.sets);
            } else if let Some(advice) = elsewhere(&entry.key) {
                let message = format!("`{}` is not a key of {}", entry.key, table.name);
                reader.advise(&MISPLACED_KEY, entry.at, message, advice);
            } else {
                reader.misspelt(entry.at, &entry.key, &table.name, &names);
            }
        }
        if table.entry("commercial-model").is_none() {
            reader.missing(at, "commercial-model", &table.name, "commercial-model = \"SubscriptionModel\"");
        }
        rule
    }

    /// Every combination of the rule's own values, or none when there are too many to try.
    fn combinations(&self) -> Option<Vec<Vec<(Field, Value)>>> {
        let count =
            self.when.iter().try_fold(1_usize, |count, clause| count.checked_mul(clause.values.len()))?;
        if count > TRIED {
            return None;
        }
        let mut combinations: Vec<Vec<(Field, Value)>> = vec![Vec::new()];
        for clause in &self.when {
            combinations = combinations
                .iter()
                .flat_map(|start| {
                    clause.values.iter().map(move |value| {
                        let mut longer = start.clone();
                        longer.push((clause.field, Value::from(value.as_str())));
                        longer
                    })
                })
                .collect();
        }
        Some(combinations)
    }
}

/// Reports the rules that earlier ones leave nothing for.
pub(crate) fn report_unreachable(reader: &mut Reader, rules: &[Rule], by_value: &RuleIndex) {
    for (index, rule) in rules.iter().enumerate() {
        let Some(combinations) = rule.combinations() else { continue };
        let mut lines = Vec::new();
        let caught = combinations.iter().all(|combination| {
            let known = |field| {
                combination
                    .iter()
                    .find(|(key, _)| *key == field)
                    .map_or(KnownValue::Open, |(_, value)| KnownValue::Is(value))
            };
            let earlier = by_value.candidates(known).into_iter().take_while(|place| *place < index);
            let mut earlier = earlier.filter_map(|place| rules.get(place));
            let catcher = earlier.find(|rule| rule.matches(known) == Match::Yes);
            lines.extend(catcher.map(|rule| rule.line));
            catcher.is_some()
        });
        if caught && !combinations.is_empty() {
            lines.sort_unstable();
            lines.dedup();
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let plural = if lines.len() == 1 { "the rule in line" } else { "the rules in lines" };
            let message =
                format!("the rule never matches, because {plural} {} catch all of it", lines.join(", "));
            let message =
                if lines.len() == 1 { message.replace("catch all", "catches all") } else { message };
            reader.report(&UNREACHABLE_RULE, rule.at, message);
        }
    }
}

fn conditions(reader: &mut Reader, entry: &Entry) -> Vec<Clause> {
    let Node::Table(entries) = &entry.node else {
        let message = format!("`when` is {}, expected a table", entry.node.describe());
        reader.advise(
            &WRONG_VALUE,
            entry.at,
            message,
            "write `when = { plan = \"premium\" }`, or leave it out to match always",
        );
        return Vec::new();
    };
    let table = Table { name: "`when`".into(), at: entry.at, entries: entries.clone() };
    let mut clauses: Vec<Clause> = Vec::new();
    for entry in table.flattened() {
        let Some(field) = condition_field(reader, &entry) else { continue };
        let mut values = Vec::new();
        for (text, at) in reader.texts(&entry) {
            values.extend(canonical(reader, &entry.key, field, &text, at));
        }
        if clauses.iter().any(|clause| clause.field == field) {
            reader.advise(
                &WRONG_VALUE,
                entry.at,
                format!("`when` asks for {field} twice"),
                "keep one key and give it the list of values",
            );
        } else {
            clauses.push(Clause { field, values });
        }
    }
    clauses
}

fn condition_field(reader: &mut Reader, entry: &Entry) -> Option<Field> {
    let key = entry.key.as_str();
    let field =
        SHORT.iter().find(|(short, _)| *short == key).map(|(_, field)| *field).or_else(|| Field::by_id(key));
    let help = "a condition looks at `plan`, `service`, `territory` or a field id such as `event.play-mode`";
    match field {
        Some(field) if SINGULAR.contains(&field) => {
            reader.advise(&MISPLACED_KEY, entry.at, format!("`{key}` differs from play to play"), help);
            None
        }
        Some(field) if matches!(field.group(), Group::Context | Group::Event) => Some(field),
        Some(field) => {
            let message =
                format!("`{key}` is a field of the {}, which rules cannot look at", field.group().name());
            reader.advise(&MISPLACED_KEY, entry.at, message, help);
            None
        }
        None => {
            let names: Vec<&str> = SHORT.iter().map(|(short, _)| *short).collect();
            let near = nearest(key, &names).or_else(|| Field::nearest(key).map(Field::id));
            let help = near.map_or_else(|| help.to_owned(), |near| format!("did you mean `{near}`?"));
            reader.advise(&MISSPELT_KEY, entry.at, format!("unknown key `{key}` in `when`"), help);
            None
        }
    }
}

fn set(reader: &mut Reader, entry: &Entry, field: Field, sets: &mut Entity) {
    let mut values: Vec<Box<str>> = Vec::new();
    if field.spec().many {
        for (text, at) in reader.texts(entry) {
            values.extend(canonical(reader, &entry.key, field, &text, at).map(Into::into));
        }
    } else if let Some(text) = reader.plain(entry) {
        let value = if field == Field::SERVICE {
            reader.checked(&entry.key, entry.at, &text, value::service(&text))
        } else {
            canonical(reader, &entry.key, field, &text, entry.at)
        };
        values.extend(value.map(Into::into));
    }
    if let [value] = values.as_slice() {
        sets.set(field, Value::One(value.clone()));
    } else if !values.is_empty() {
        sets.set(field, Value::Many(values));
    }
}

fn canonical(reader: &mut Reader, key: &str, field: Field, text: &str, at: usize) -> Option<String> {
    reader.checked(key, at, text, value::canonical(field.kind(), text))
}

/// Where a fact about a context belongs when no rule may state it.
fn elsewhere(key: &str) -> Option<&'static str> {
    match key {
        "currency" => Some("write `currency` under `[money]`"),
        "plan" => Some("write `when = { plan = \"…\" }`"),
        "net-revenue"
        | "subscribers"
        | "users"
        | "trial-subscribers"
        | "indirect-value"
        | "total-usages"
        | "content-cost"
        | "performance-royalties" => Some("it changes with the period: give it as a column of the figures"),
        "name" | "party-id" => Some("write it under `[sender]` or `[recipient]`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::diagnostics::Diagnostic;

    fn rules(text: &str) -> (Vec<Rule>, Vec<Diagnostic>) {
        let (mut reader, root) = Reader::open("agreement.toml", text).unwrap();
        let tables = reader.tables(&root, "context");
        let rules: Vec<Rule> = tables.iter().map(|table| Rule::read(&mut reader, table)).collect();
        report_unreachable(&mut reader, &rules, &RuleIndex::new(&rules));
        (rules, reader.diagnostics)
    }

    fn event(pairs: &[(Field, &str)]) -> Entity {
        let mut event = Entity::default();
        for (field, text) in pairs {
            event.set(*field, *text);
        }
        event
    }

    fn matched(rules: &[Rule], event: &Entity) -> Option<usize> {
        let known = |field| event.value(field).map_or(KnownValue::Absent, KnownValue::Is);
        let found = rules.iter().position(|rule| rule.matches(known) == Match::Yes);
        let first = RuleIndex::new(rules).first(rules, known);
        assert_eq!(first.map(|rule| rule.line), found.map(|place| rules[place].line));
        found
    }

    #[test]
    fn first_match_wins_and_every_condition_counts() {
        let (rules, diagnostics) = rules(
            "[[context]]\nwhen = { plan = ['a', 'b'], territory = 'fr' }\ncommercial-model = 'X'\n\
             [[context]]\nwhen = { event.play-mode = 'offline' }\ncommercial-model = 'Y'\n\
             [[context]]\ncommercial-model = 'Z'\n",
        );
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        for (event, expected) in [
            (event(&[(Field::PLAN, "b"), (Field::TERRITORY, "FR")]), 0),
            (event(&[(Field::PLAN, "b"), (Field::TERRITORY, "DE")]), 2),
            (event(&[(Field::PLAN, " a "), (Field::TERRITORY, "FR"), (Field::PLAY_MODE, "offline")]), 0),
            (event(&[(Field::PLAY_MODE, "offline")]), 1),
            (event(&[]), 2),
        ] {
            assert_eq!(matched(&rules, &event), Some(expected), "{event:?}");
        }
    }

    #[test]
    fn open_fields_make_a_match_possible_only() {
        let (rules, _) =
            rules("[[context]]\nwhen = { plan = 'a', territory = 'FR' }\ncommercial-model = 'X'\n");
        let france = Value::from("FR");
        let answer = |territory: &'static str| {
            let value = Value::from(territory);
            rules[0].matches(|field| {
                if field == Field::TERRITORY { KnownValue::Is(&value) } else { KnownValue::Open }
            })
        };
        assert_eq!((answer("FR"), answer("DE")), (Match::Maybe, Match::No));
        assert_eq!(rules[0].matches(|_| KnownValue::Is(&france)), Match::No);
    }

    #[test]
    fn unreachable_rules_are_named() {
        for (text, line, earlier) in [
            (
                "[[context]]\ncommercial-model='X'\n[[context]]\nwhen={plan='a'}\ncommercial-model='Y'\n",
                3,
                "line 1 catches",
            ),
            (
                "[[context]]\nwhen={plan='a'}\ncommercial-model='X'\n[[context]]\nwhen={plan=['b','c']}\ncommercial-model='Y'\n\
                 [[context]]\nwhen={plan=['a','c'],territory='FR'}\ncommercial-model='Z'\n",
                7,
                "lines 1, 4 catch",
            ),
        ] {
            let (_, diagnostics) = rules(text);
            assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
            assert_eq!((diagnostics[0].code.id, diagnostics[0].location.line), ("DEA0105", Some(line)));
            assert!(diagnostics[0].message.contains(earlier), "{}", diagnostics[0].message);
        }
    }

    #[test]
    fn wrong_keys_and_values_say_where_they_belong() {
        for (line, code, help) in [
            ("net-revenue = '5'", "DEA0106", "column of the figures"),
            ("currency = 'EUR'", "DEA0106", "[money]"),
            ("use_type = 'X'", "DEA0102", "`use-type`"),
            ("when = { plann = 'x' }", "DEA0102", "`plan`"),
            ("when = { 'event.playmode' = 'x' }", "DEA0102", "event.play-mode"),
            ("when = { 'event.id' = 'x' }", "DEA0106", "plan"),
            ("when = { 'recording.isrc' = 'x' }", "DEA0106", "event.play-mode"),
            ("when = { territory = 'UK' }", "DEA0104", "`GB`"),
            ("when = { plan = 'a', 'context.plan' = 'b' }", "DEA0104", "list of values"),
            ("when = 'premium'", "DEA0104", "when = {"),
            ("rights-share = 12.5", "DEA0104", "\"12.5\""),
            ("rights-share = 'half'", "DEA0104", "1234.50"),
            ("use-type = ''", "DEA0104", "remove the key"),
        ] {
            let (_, diagnostics) = rules(&format!("[[context]]\ncommercial-model = 'X'\n{line}\n"));
            assert_eq!(diagnostics.len(), 1, "{line}: {diagnostics:?}");
            assert_eq!((diagnostics[0].code.id, diagnostics[0].location.line), (code, Some(3)), "{line}");
            assert!(diagnostics[0].advice().contains(help), "{line}: {}", diagnostics[0].advice());
        }
    }

    #[test]
    fn keys_of_settable_fields_are_unique() {
        let mut keys: Vec<_> = SETTABLE.iter().map(|field| key_of(*field)).collect();
        assert!(
            keys.contains(&"channel-party-id".to_owned())
                && keys.contains(&"rights-controller-party-id".to_owned())
        );
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), SETTABLE.len());
    }
}
