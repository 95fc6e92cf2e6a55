//! `agreement.toml`: what two parties have agreed about their reports, one file per recipient.
//!
//! | table | holds |
//! |---|---|
//! | `[sender]`, `[recipient]` | party id (ARCH-39), name; no recipient, or both keys (V-COND-8) |
//! | `[message]` | the service without spaces and underscores (ARCH-111), repertoires, id, period |
//! | `[money]` | the currency of reporting, ISO 4217 |
//! | `[qualifying-play]` | the shortest play that counts, and what becomes of shorter ones |
//! | `[[context]]` | rules from plays to sales contexts, first match wins |
//! | `[[shop]]` | in which territory, currency and tax a shop sells, for sources of sales |
//! | `[price]` | how prices without tax are rounded; needed with shops |
//! | `[refunds]` | when refunds are closed, and the period of those whose sale is not known |
//! | `[[deal]]` | what the recipient is paid: models, rates, policies |
//! | `[defaults]` | texts for fields that the source leaves absent, by field id |
//! | `[policies]` | what to do with conflicting descriptions, and with refunds of unknown sales |
//! | `[options]` | options of the target format |
//!
//! Invariant: an agreement that was read is complete and canonical. A key that does not exist is an
//! error, because a misspelt one would silently do nothing.
//!
//! | module | holds |
//! |---|---|
//! | `context_rules` | `[[context]]`: from a play to its sales context |
//! | `rule_index` | which of them can match, without trying each |
//! | `shops`, `sales_tax` | `[[shop]]`, `[price]`: territory, currency and price of a sale |

pub(crate) mod context_rules;
pub(crate) mod rule_index;
pub(crate) mod sales_tax;
pub(crate) mod shops;

use crate::agreement::context_rules::{MISPLACED_KEY, Rule, report_unreachable};
use crate::agreement::rule_index::RuleIndex;
use crate::deal::{self, Deal};
use crate::toml::document::{Entry, Node, Table};
use crate::toml::reader::{Keys, MISSPELT_KEY, Reader, WRONG_VALUE};
use crate::toml::value::{self, ValueError};
use sha2::{Digest as _, Sha256};
use shops::Shops;
use std::collections::BTreeMap;
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;
use transpose_codes::{Currency, Dpid};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::model::Field;
use transpose_core::terms::{
    BelowThreshold, ConflictPolicy, ExcessPolicy, QualifyingPlay, RefundPolicy, UnmatchedPolicy,
};

transpose_core::codes! {
    /// A value that a template holds the place with.
    pub(crate) PLACEHOLDER: "DEA0109" "placeholder" Error
        "`transpose init` writes placeholders where it cannot know a value: party ids, the name of the recipient, amounts of 0. A report with them would go out under the name of nobody, or with revenue of nothing."
        "Write the value in its place and remove the comment with CHECK; `--allow-placeholders` makes a report for a trial."
    /// A party id whose check character does not belong to it.
    pub(crate) DOUBTFUL_PARTY_ID: "DEA0107" "doubtful-party-id" Warning
        "The last character of a DDEX party id is a check character (ISO 7064 Mod 37,36), and this one belongs to another id: a character may be mistyped."
        "Compare the id with the DDEX registry."
}

/// What a template has for the sender, the recipient and its name. They are placeholders as long
/// as [`MARK`] stands in the comment behind.
pub(crate) const PLACEHOLDERS: [&str; 3] = ["PADPIDA0000000001O", "PADPIDA0000000002M", "Example Recipient"];

/// How a comment begins in which a template asks for a look.
pub(crate) const MARK: &str = "CHECK";

const ROOT: &[&str] = &[
    "sender",
    "recipient",
    "message",
    "money",
    "qualifying-play",
    "context",
    "shop",
    "price",
    "refunds",
    "deal",
    "defaults",
    "policies",
    "options",
];

/// A party of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its DDEX party id.
    pub id: Dpid,
    /// Its name.
    pub name: String,
}

/// An agreement as read from its file, checked.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The name of the file, for messages.
    pub source: String,
    /// A hash of its text.
    pub(crate) digest: [u8; 32],
    /// Who sends the report.
    pub sender: Party,
    /// Who receives it, unless it goes to several.
    pub recipient: Option<Party>,
    /// The service that the message is about.
    pub service: String,
    /// The repertoires that the message represents.
    pub repertoire: Vec<String>,
    /// The identifier of the message, if it is fixed.
    pub message_id: Option<String>,
    /// The reporting period, if it is fixed.
    pub period: Option<Period>,
    /// The currency of reporting.
    pub currency: Currency,
    /// Which plays qualify for royalties; all when absent.
    pub qualifying: Option<QualifyingPlay>,
    /// What to do with differing descriptions of one release or recording.
    pub conflict: ConflictPolicy,
    /// Options of the target format.
    pub options: Vec<(String, String)>,
    /// What is suspicious in the file.
    pub warnings: Vec<Diagnostic>,
    /// Where values of the template still stand.
    pub(crate) placeholders: Vec<Diagnostic>,
    /// When refunds are closed.
    pub refunds: RefundPolicy,
    pub(crate) shops: Shops,
    pub(crate) rules: Vec<Rule>,
    pub(crate) rule_index: RuleIndex,
    pub(crate) deals: Vec<Deal>,
    pub(crate) defaults: BTreeMap<Field, String>,
    /// Texts for cells that the model has no field for, by name.
    pub(crate) cell_defaults: Vec<(String, String)>,
}

impl Agreement {
    /// Reads an agreement; the failure holds everything that is wrong with it, in the order of the
    /// file.
    pub fn parse(name: &str, text: &str) -> Result<Self, Fatal> {
        let (mut reader, root) = Reader::open(name, text)?;
        reader.only(&root, ROOT);
        let sender = sender(&mut reader, &root);
        let recipient = reader.table(&root, "recipient").and_then(|table| party(&mut reader, &table));
        let message = message(&mut reader, &root);
        let currency = money(&mut reader, &root);
        let qualifying =
            reader.table(&root, "qualifying-play").and_then(|table| qualifying(&mut reader, &table));
        let tables = reader.tables(&root, "context");
        let rules: Vec<Rule> = tables.iter().map(|table| Rule::read(&mut reader, table)).collect();
        let rule_index = RuleIndex::new(&rules);
        report_unreachable(&mut reader, &rules, &rule_index);
        let (defaults, cell_defaults) = defaults(&mut reader, &root);
        let (conflict, unmatched, excess) = policies(&mut reader, &root);
        let shops = Shops::read(&mut reader, &root);
        let refunds = shops::refunds(&mut reader, &root, unmatched, excess);
        let deals = deal::read(&mut reader, &root, currency, qualifying);
        let options = options(&mut reader, &root);
        let warnings = reader.finish()?;
        // Each of these is absent only after an error was reported.
        let (Some(sender), Some(service), Some(currency)) = (sender, message.service, currency) else {
            let diagnostic =
                Diagnostic::new(&WRONG_VALUE, reader.lines.whole(), "the agreement is incomplete");
            return Err(Fatal::new(Failure::Bug, diagnostic));
        };
        Ok(Self {
            source: name.to_owned(),
            digest: Sha256::digest(text).into(),
            sender,
            recipient,
            service,
            repertoire: message.repertoire,
            message_id: message.id,
            period: message.period,
            currency,
            qualifying,
            conflict,
            options,
            warnings,
            placeholders: placeholders(name, text),
            refunds,
            shops,
            rules,
            rule_index,
            deals,
            defaults,
            cell_defaults,
        })
    }

    /// Whether it is for sales, whose prices follow from shops.
    pub fn has_shops(&self) -> bool {
        !self.shops.is_empty()
    }
}

/// Where a line has the placeholder of a template and its mark still.
fn placeholders(name: &str, text: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let marked = line.split_once('#').filter(|(_, comment)| comment.trim_start().starts_with(MARK));
        let Some((key, value)) = marked.and_then(|(pair, _)| pair.split_once('=')) else { continue };
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if PLACEHOLDERS.contains(&value) {
            let place = Location { source: Some(name.into()), line: Some(number), ..Location::default() };
            let message = format!("`{key}` is the placeholder of the template");
            found.push(Diagnostic::new(&PLACEHOLDER, place, message).value(value.as_bytes()));
        }
    }
    found
}

fn sender(reader: &mut Reader, root: &Table) -> Option<Party> {
    if root.entry("sender").is_none() {
        reader.missing(0, "[sender]", "the agreement", "[sender] with its party-id and name");
    }
    let table = reader.table(root, "sender")?;
    party(reader, &table)
}

fn party(reader: &mut Reader, table: &Table) -> Option<Party> {
    reader.only(table, &["party-id", "name"]);
    Keys::new(reader, table).need("party-id", "party-id = \"PADPIDA…\"");
    let id = table.entry("party-id").and_then(|entry| {
        let text = reader.text(entry)?;
        let id =
            reader.checked(&entry.key, entry.at, &text, Dpid::parse(&text).map_err(ValueError::new))?.code;
        if let Some(expected) = id.expected_check() {
            let message =
                format!("`party-id` ends in a wrong check character, {expected} would belong to it");
            let place = reader.lines.place(entry.at);
            reader
                .diagnostics
                .push(Diagnostic::new(&DOUBTFUL_PARTY_ID, place, message).value(text.as_bytes()));
        }
        Some(id)
    });
    let name = Keys::new(reader, table).need("name", "name = \"…\"").text("name");
    Some(Party { id: id?, name: name? })
}

#[derive(Default)]
struct Message {
    service: Option<String>,
    repertoire: Vec<String>,
    id: Option<String>,
    period: Option<Period>,
}

fn message(reader: &mut Reader, root: &Table) -> Message {
    if root.entry("message").is_none() {
        reader.missing(0, "[message]", "the agreement", "[message] with its service");
    }
    let Some(table) = reader.table(root, "message") else { return Message::default() };
    reader.only(&table, &["service", "repertoire", "id", "period"]);
    Keys::new(reader, &table).need("service", "service = \"NorthwindMusic\"");
    let service = table.entry("service").and_then(|entry| {
        let text = reader.text(entry)?;
        reader.checked("service", entry.at, &text, value::service(&text))
    });
    let repertoire = table.entry("repertoire").map(|entry| reader.texts(entry)).unwrap_or_default();
    let id = table.entry("id").and_then(|entry| reader.text(entry));
    let period = table.entry("period").and_then(|entry| reader.period(entry));
    Message { service, repertoire: repertoire.into_iter().map(|(text, _)| text).collect(), id, period }
}

fn money(reader: &mut Reader, root: &Table) -> Option<Currency> {
    if root.entry("money").is_none() {
        reader.missing(0, "[money]", "the agreement", "[money] with the currency of reporting");
    }
    let table = reader.table(root, "money")?;
    reader.only(&table, &["currency"]);
    Keys::new(reader, &table).need("currency", "currency = \"EUR\"");
    let entry = table.entry("currency")?;
    let text = reader.text(entry)?;
    reader.checked(&entry.key, entry.at, &text, value::currency(&text))
}

fn qualifying(reader: &mut Reader, table: &Table) -> Option<QualifyingPlay> {
    reader.only(table, &["minimum-seconds", "below"]);
    Keys::new(reader, table).need("minimum-seconds", "minimum-seconds = 30");
    let micros = table.entry("minimum-seconds").and_then(|entry| {
        let text = match &entry.node {
            // The parser hands over the digits as written, so a fraction is still exact here.
            Node::Integer(text) | Node::Float(text) => text.clone(),
            _ => reader.text(entry)?,
        };
        reader.checked(&entry.key, entry.at, &text, micros(&text))
    });
    let words = [("not-royalty-bearing", BelowThreshold::NotRoyaltyBearing), ("drop", BelowThreshold::Drop)];
    let below =
        Keys::new(reader, table).need("below", "below = \"not-royalty-bearing\"").choice("below", &words);
    Some(QualifyingPlay { micros: micros?, below: below?, missing_qualifies: false })
}

fn micros(text: &str) -> Result<i64, ValueError> {
    let seconds = value::decimal(text)?.normalize();
    if seconds.is_sign_negative() && !seconds.is_zero() {
        return Err(ValueError::new("a play has no negative length"));
    }
    if seconds.scale() > 6 {
        return Err(ValueError::new("a play is measured in millionths of a second at most"));
    }
    seconds
        .checked_mul(Decimal::from(1_000_000))
        .and_then(|micros| {
            i64::try_from(micros.normalize().mantissa()).ok().filter(|_| micros.normalize().scale() == 0)
        })
        .ok_or_else(|| ValueError::new("that is longer than any play"))
}

/// What a key under `[defaults]` begins with that names a cell and not a field.
const OF_CELLS: &str = "cell.";

fn defaults(reader: &mut Reader, root: &Table) -> (BTreeMap<Field, String>, Vec<(String, String)>) {
    let (mut defaults, mut cells) = (BTreeMap::new(), Vec::new());
    let Some(table) = reader.table(root, "defaults") else { return (defaults, cells) };
    for entry in table.flattened() {
        if let Some(cell) = entry.key.strip_prefix(OF_CELLS) {
            cells.extend(plain_text(reader, &entry).map(|text| (cell.to_owned(), text)));
            continue;
        }
        let Some(field) = Field::by_id(&entry.key) else {
            let help = Field::nearest(&entry.key).map_or_else(
                || "the keys are field ids such as `\"recording.type\"`".to_owned(),
                |near| format!("did you mean `\"{near}\"`?"),
            );
            reader.advise(
                &MISSPELT_KEY,
                entry.at,
                format!("unknown field `{}` in `[defaults]`", entry.key),
                help,
            );
            continue;
        };
        if let Some(place) = own_key(field) {
            let message = format!("`{field}` has a key of its own");
            reader.advise(&MISPLACED_KEY, entry.at, message, format!("write {place}"));
            continue;
        }
        let Some(text) = plain_text(reader, &entry) else { continue };
        if let Some(text) = reader.checked(&entry.key, entry.at, &text, value::canonical(field.kind(), &text))
            && defaults.insert(field, text).is_some()
        {
            reader.report(&WRONG_VALUE, entry.at, format!("`{field}` appears twice in `[defaults]`"));
        }
    }
    (defaults, cells)
}

/// The text of a value, whatever TOML calls it.
fn plain_text(reader: &mut Reader, entry: &Entry) -> Option<String> {
    match &entry.node {
        Node::Integer(text) | Node::Time(text) => Some(text.clone()),
        Node::Flag(flag) => Some(flag.to_string()),
        _ => reader.text(entry),
    }
}

/// The key that states a field of the message, for the fields that have one.
pub(crate) fn own_key(field: Field) -> Option<&'static str> {
    Some(match field {
        Field::MESSAGE_ID => "`id` under `[message]`",
        Field::PERIOD_START | Field::PERIOD_END => "`period` under `[message]`",
        Field::SENDER_ID => "`party-id` under `[sender]`",
        Field::SENDER_NAME => "`name` under `[sender]`",
        Field::SERVICE_DESCRIPTION => "`service` under `[message]`",
        Field::RECIPIENT_ID => "`party-id` under `[recipient]`",
        Field::RECIPIENT_NAME => "`name` under `[recipient]`",
        Field::REPERTOIRE => "`repertoire` under `[message]`",
        Field::CURRENCY => "`currency` under `[money]`",
        _ => return None,
    })
}

fn policies(reader: &mut Reader, root: &Table) -> (ConflictPolicy, UnmatchedPolicy, ExcessPolicy) {
    let Some(table) = reader.table(root, "policies") else { return Default::default() };
    reader.only(&table, &["conflict", "unmatched-refunds", "excess-refunds"]);
    let words = [
        ("first", ConflictPolicy::First),
        ("latest", ConflictPolicy::Latest),
        ("most-played", ConflictPolicy::MostPlayed),
        ("refuse", ConflictPolicy::Refuse),
    ];
    let conflict = table.entry("conflict").and_then(|entry| reader.choice(entry, &words));
    let words = [("reject", UnmatchedPolicy::Reject), ("adjust", UnmatchedPolicy::Adjust)];
    let unmatched = table.entry("unmatched-refunds").and_then(|entry| reader.choice(entry, &words));
    let words = [("reject", ExcessPolicy::Reject), ("count", ExcessPolicy::Count)];
    let excess = table.entry("excess-refunds").and_then(|entry| reader.choice(entry, &words));
    (conflict.unwrap_or_default(), unmatched.unwrap_or_default(), excess.unwrap_or_default())
}

fn options(reader: &mut Reader, root: &Table) -> Vec<(String, String)> {
    let mut options = Vec::new();
    let Some(table) = reader.table(root, "options") else { return options };
    for entry in &table.entries {
        let text = match &entry.node {
            Node::Text(text) | Node::Integer(text) | Node::Time(text) => text.clone(),
            Node::Flag(flag) => flag.to_string(),
            other => {
                reader.wrong(entry.at, &entry.key, other, "text, a whole number or `true` or `false`");
                continue;
            }
        };
        options.push((entry.key.clone(), text));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::reader::tests::tells;
    use proptest::prelude::*;

    pub(crate) const FULL: &str = r#"# An agreement.
[sender]
party-id = "PADPIDA2008120501W"
name = "Northwind Music"
[recipient]
party-id = "PA-DPIDA-2008120501-W"
name = "Example Society"
[message]
service = "NorthwindMusic"
repertoire = ["All"]
id = "NW-1"
period = "2026-10"
[money]
currency = "EUR"
[qualifying-play]
minimum-seconds = 30.5
below = "drop"
[[context]]
when = { plan = ["a", "b"] }
commercial-model = "SubscriptionModel"
use-type = "OnDemandStream"
subscriber-type = ["Individual", "Family"]
rights-share = 50
[defaults]
"recording.type" = "SoundRecording"
release.type = "Album"
[policies]
conflict = "most-played"
[options]
max-file-size = "4GB"
files = 3
strict = true
"#;

    #[test]
    fn complete_agreement_is_read() {
        let agreement = Agreement::parse("agreement.toml", FULL).unwrap();
        assert!(agreement.warnings.is_empty(), "{:?}", agreement.warnings);
        assert_eq!(agreement.recipient.unwrap().id.as_str(), "PADPIDA2008120501W");
        assert_eq!(
            agreement.qualifying,
            Some(QualifyingPlay {
                micros: 30_500_000,
                below: BelowThreshold::Drop,
                missing_qualifies: false
            })
        );
        assert_eq!(agreement.conflict, ConflictPolicy::MostPlayed);
        assert_eq!(agreement.period.unwrap().to_string(), "2026-10");
        assert_eq!(agreement.defaults[&Field::RELEASE_TYPE], "Album");
        let options: Vec<_> = agreement.options.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(options, ["max-file-size=4GB", "files=3", "strict=true"]);
        assert_eq!(agreement.rules[0].sets.value(Field::SUBSCRIBER_TYPE).unwrap().iter().count(), 2);
        assert_eq!(agreement.rules[0].sets.text(Field::RIGHTS_SHARE), Some("50"));
    }

    #[test]
    fn everything_wrong_is_found_at_once() {
        let text = FULL
            .replace("currency = \"EUR\"", "curency = \"EUR\"")
            .replace("name = \"Example Society\"\n", "")
            .replace("\"drop\"", "\"dropp\"")
            .replace("use-type", "use_type");
        let fatal = Agreement::parse("deals/a.toml", &text).unwrap_err();
        let found: Vec<_> = fatal
            .diagnostics
            .iter()
            .map(|diagnostic| (diagnostic.code.id, diagnostic.location.line.unwrap(), diagnostic.advice()))
            .collect();
        assert_eq!(
            found,
            [
                ("DEA0103", 5, "add `name = \"…\"`"),
                ("DEA0103", 12, "add `currency = \"EUR\"`"),
                ("DEA0102", 13, "did you mean `currency`?"),
                ("DEA0104", 16, "did you mean `drop`?"),
                ("DEA0102", 20, "did you mean `use-type`?"),
            ]
        );
        assert!(
            fatal
                .diagnostics
                .iter()
                .all(|diagnostic| diagnostic.location.source.as_deref() == Some("deals/a.toml"))
        );
    }

    #[test]
    fn faults_are_named_with_line_and_advice() {
        for (from, to, code, line, help) in [
            ("[money]", "[mony]", "DEA0102", 13, "`money`"),
            ("PADPIDA2008120501W", "PADPIDB2008120501W", "DEA0104", 3, "Correct"),
            (
                "service = \"NorthwindMusic\"",
                "service = \"North_wind Music\"",
                "DEA0104",
                9,
                "\"NorthwindMusic\"",
            ),
            ("[[context]]", "[[context]]\nservice = \"Shop_X Y\"", "DEA0104", 19, "\"ShopXY\""),
            ("service = \"NorthwindMusic\"", "service = \"North/wind\"", "DEA0104", 9, "\"Northwind\""),
            ("period = \"2026-10\"", "period = \"October\"", "DEA0104", 12, "2026-Q4"),
            ("30.5", "-1", "DEA0104", 16, "Correct"),
            ("30.5", "0.0000001", "DEA0104", 16, "Correct"),
            ("30.5", "1e3", "DEA0104", 16, "exponent"),
            ("30.5", "99999999999999999999", "DEA0104", 16, "Correct"),
            ("\"recording.type\"", "\"recording.tpye\"", "DEA0102", 25, "\"recording.type\""),
            ("\"recording.type\"", "\"header.sender.name\"", "DEA0106", 25, "`[sender]`"),
            ("\"recording.type\"", "\"recording.is-master\"", "DEA0104", 25, "Correct"),
            ("most-played", "most", "DEA0104", 28, "most-played"),
            ("files = 3", "files = 3.5", "DEA0104", 31, "Correct"),
            ("[sender]", "[[sender]]", "DEA0104", 2, "[sender]"),
            ("[[context]]", "[context]", "DEA0104", 18, "[[context]]"),
            ("name = \"Northwind Music\"", "name = \"\"", "DEA0104", 4, "remove the key"),
            ("name = \"Northwind Music\"", "name = Northwind", "DEA0101", 4, "quotes"),
        ] {
            let fatal = Agreement::parse("agreement.toml", &FULL.replacen(from, to, 1)).unwrap_err();
            assert!(tells(&fatal, code, line, help), "{to}: {:#?}", fatal.diagnostics);
        }
    }

    #[test]
    fn empty_agreement_lists_what_it_needs() {
        let fatal = Agreement::parse("agreement.toml", "").unwrap_err();
        let messages: Vec<_> =
            fatal.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
    }

    #[test]
    fn wrong_check_character_is_a_warning() {
        let text = FULL.replacen("PADPIDA2008120501W", "PADPIDA2008120501A", 1);
        let agreement = Agreement::parse("agreement.toml", &text).unwrap();
        assert_eq!(agreement.warnings[0].code.id, "DEA0107");
    }

    proptest! {
        #[test]
        fn damaged_agreements_never_panic(at in 0_usize..FULL.len(), junk in "\\PC{0,6}", len in 0_usize..30) {
            let end = (at + len).min(FULL.len());
            let text = format!("{}{junk}{}", &FULL[..at], &FULL[end..]);
            if let Err(fatal) = Agreement::parse("agreement.toml", &text) {
                prop_assert!(!fatal.diagnostics.is_empty());
            }
        }
    }
}
