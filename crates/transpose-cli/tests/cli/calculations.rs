//! Calculations that contracts, statutes and public pages give, done by `transpose convert`: the
//! inputs and results of `vectors-2.json` of `transpose-deals`, by their ids.

use crate::support::{CommandRun, Sandbox};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const HEAD: &str = r#"[sender]
party-id = "PADPIDA0000000001O"
name = "S"
[recipient]
party-id = "PADPIDA0000000002M"
name = "Label X"
[message]
service = "Svc"
[money]
currency = "EUR"
"#;

pub(crate) const STREAMS: &str = "[[context]]\ncommercial-model = \"SubscriptionModel\"\nuse-type = \"OnDemandStream\"\nservice = \"Prem\"\n";

/// What every pooled deal here decides.
pub(crate) const POOLED: &str = "counts = \"all\"\npool = \"territory\"\n";

fn vector(id: &str) -> Value {
    vector_of("vectors-2.json", id)
}

/// A calculation of a file, by its id.
pub(crate) fn vector_of(file: &str, id: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transpose-deals/spec").join(file);
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let vectors = file.get("vectors").and_then(Value::as_array).unwrap();
    vectors.iter().find(|vector| vector["id"] == id).unwrap_or_else(|| panic!("no vector {id}")).clone()
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(crate) fn count(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

/// Plays of one kind.
#[derive(Clone)]
pub(crate) struct Plays {
    pub(crate) label: &'static str,
    pub(crate) territory: &'static str,
    pub(crate) plan: &'static str,
    pub(crate) user: &'static str,
    /// The track, which is the last digit of its ISRC.
    pub(crate) track: u8,
    /// The day of October.
    pub(crate) day: u8,
    /// The length of the recording.
    pub(crate) seconds: u64,
    pub(crate) number: u64,
}

impl Plays {
    pub(crate) fn of(track: u8, number: u64) -> Self {
        Self {
            label: "Label X",
            territory: "GB",
            plan: "prem",
            user: "u1",
            track,
            day: 5,
            seconds: 200,
            number,
        }
    }
}

/// A month of plays under a deal.
pub(crate) struct Month {
    pub(crate) sandbox: Sandbox,
    pub(crate) more: Vec<String>,
    pub(crate) period: String,
}

impl Month {
    pub(crate) fn new(plays: &[Plays], figures: &str) -> Self {
        let sandbox = Sandbox::new();
        let mut log = String::from(
            "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,\
             Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,\
             Release Name,Item Identifier Code,Item Artist,Item Name\n",
        );
        let mut id = 0;
        for Plays { label, territory, plan, user, track, day, seconds, number } in plays {
            for _ in 0..*number {
                id += 1;
                writeln!(
                    log,
                    "2026-11-10,4021,s{id},2026-10-{day:02}T10:00:00Z,33,{territory},online,{user},Svc,{track},60,{seconds},d,k,{plan},,A,\
                     {label},,R,GBAAX260000{track},A,T{track}"
                )
                .unwrap();
            }
        }
        sandbox.put("in.csv", log);
        sandbox.put("figures.csv", figures);
        Self { sandbox, more: vec!["--figures".into(), "figures.csv".into()], period: "2026-10".into() }
    }

    /// The same plays and figures in another month.
    pub(crate) fn moved(&mut self, period: &str) {
        for file in ["in.csv", "figures.csv"] {
            let text = String::from_utf8(self.sandbox.read(file)).unwrap();
            self.sandbox.put(file, text.replace(&self.period, period));
        }
        period.clone_into(&mut self.period);
    }

    /// Balances that the deals keep.
    pub(crate) fn balances(mut self) -> Self {
        self.more.extend(["--balances".into(), "balances.toml".into()]);
        self
    }

    /// A catalogue by track id.
    pub(crate) fn catalogue(mut self, table: &str) -> Self {
        self.sandbox.put("catalogue.csv", table);
        self.more.extend(["--catalogue".into(), "catalogue.csv".into()]);
        self
    }

    pub(crate) fn convert(&self, lines: &str, model: &str, at: &str) -> CommandRun {
        let allocation =
            if matches!(at, "statement" | "block") { "allocation = \"largest-remainder\"\n" } else { "" };
        let rounding = format!("[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = {at:?}\n{allocation}");
        self.agree(lines, &format!("{model}\n{rounding}"));
        self.run()
    }

    /// Writes the agreement: policies, then models and what follows.
    pub(crate) fn agree(&self, lines: &str, models: &str) {
        let deal = format!(
            "[[deal]]\nid = \"x\"\nlabel = \"Label X\"\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\n{lines}\n[[deal.model]]\n{models}"
        );
        self.sandbox.put("deal.toml", format!("{HEAD}{STREAMS}{deal}"));
    }

    pub(crate) fn run(&self) -> CommandRun {
        let words = [
            "convert",
            "in.csv",
            "--agreement",
            "deal.toml",
            "--period",
            &self.period,
            "--to",
            "label.standard",
            "-o",
            "out.csv",
            "--overwrite",
            "--explain-amounts",
            "why.jsonl",
        ];
        let words: Vec<String> = words.map(ToOwned::to_owned).into_iter().chain(self.more.clone()).collect();
        let run = self.sandbox.run(&words);
        if run.code == 0 {
            self.audit();
        }
        run
    }

    /// Lets a program that knows nothing of this one redo the explanation.
    pub(crate) fn audit(&self) {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../transpose-deals/tests/royalties/audit.py");
        let explanation = std::fs::File::open(self.sandbox.path("why.jsonl")).unwrap();
        let answer = Command::new("python3").arg(script).stdin(explanation).output().unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cents.py");
        let files = ["out.csv", "why.jsonl"].map(|name| self.sandbox.path(name));
        let answer = Command::new("python3").arg(script).args(files).output().unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    }

    pub(crate) fn table(&self) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.sandbox.path("out.csv")).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// The amounts by the last digit of the ISRC, added up.
    pub(crate) fn by_track(&self) -> BTreeMap<u8, String> {
        let mut cents: BTreeMap<u8, i64> = BTreeMap::new();
        for row in self.table() {
            let cell = |heading: &str| row.get(heading).cloned().unwrap_or_default();
            let Some(track) = cell("ISRC").bytes().last() else { continue };
            *cents.entry(track - b'0').or_default() +=
                cell("Amount").replace('.', "").parse::<i64>().unwrap();
        }
        cents
            .into_iter()
            .map(|(track, cents)| {
                let sign = if cents < 0 { "-" } else { "" };
                (track, format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100))
            })
            .collect()
    }

    /// An amount of the statement.
    pub(crate) fn states(&self, word: &str) -> String {
        let rows = self.table();
        let row =
            rows.iter().find(|row| row["Period start"] == word).unwrap_or_else(|| panic!("no line {word}"));
        row["Period end"].clone()
    }
}

#[test]
fn waterfall_us_115_tcc_cap() {
    let vector = vector("waterfall.us-115-tcc-cap");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let figures = format!(
        "period,territory,plan,net-revenue,subscribers,total-usages,content-cost,performance-royalties\n2026-10,GB,prem,{},{},{},{},{}\n",
        text(&given["service_revenue"]),
        given["subscribers"],
        given["total_plays"],
        text(&given["total_cost_of_content"]),
        text(&given["performance_royalties"]),
    );
    let month = Month::new(&[Plays::of(1, count(&given["work_plays"]))], &figures);
    let lines = format!("{POOLED}total = \"figures\"\nsubscribers = \"counted\"");
    let model = |cap: &str| {
        format!(
            "model = \"minima-waterfall\"\nrevenue-share = \"15.3\"\ncontent-cost-share = \"26.2\"\ncap = {cap:?}\nfloor = {:?}",
            text(&given["floor_per_subscriber"])
        )
    };
    month.convert(&lines, &model(&text(&given["cap_per_subscriber"])), "statement").ends(0);
    assert_eq!(month.states("Payable"), format!("{}0", text(&expected["work_amount"])));
    let why = String::from_utf8(month.sandbox.read("why.jsonl")).unwrap();
    assert!(why.contains(&format!("\"decimal\":{:?}", text(&expected["pool"]))), "{why}");
    // Without the cap: 15.6368.
    month.convert(&lines, &model("none"), "statement").ends(0);
    assert_eq!(month.states("Payable"), "15.64");
}

#[test]
fn subscribers_two_labels_two_factors() {
    let vector = vector("subscribers.two-labels-two-factors");
    let given = &vector["inputs"];
    let figures = format!(
        "period,territory,plan,subscribers\n2026-10,GB,individual,{}\n2026-10,GB,family,{}\n2026-10,GB,student,{}\n",
        given["individual"], given["family_plans"], given["student"]
    );
    let month = Month::new(&[Plays::of(1, 3)], &figures);
    for (deal, factors) in given["deals"].as_object().unwrap() {
        let lines = format!("{POOLED}total = \"report\"\nsubscribers = \"equivalents\"");
        let model = format!(
            "model = \"subscriber-minimum\"\nminimum = {:?}\n[deal.subscriber-factors]\nindividual = \"1\"\nfamily = {:?}\nstudent = {:?}",
            text(&given["minimum"]),
            text(&factors["family"]),
            text(&factors["student"])
        );
        month.convert(&lines, &model, "statement").ends(0);
        assert_eq!(
            month.states("Payable"),
            format!("{}.00", text(&vector["expected"][deal]["minimum"])),
            "{deal}"
        );
    }
    // A plan without a factor.
    let model =
        "model = \"subscriber-minimum\"\nminimum = \"4.50\"\n[deal.subscriber-factors]\nindividual = \"1\"";
    let lines = format!("{POOLED}total = \"report\"\nsubscribers = \"equivalents\"");
    month.convert(&lines, model, "statement").ends(2).says("DEA0542").says("family");
}

#[test]
fn plays_long_track_pool() {
    let vector = vector("plays.long-track.pool");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let plays: Vec<Plays> = (1..)
        .zip(["short", "long", "epic"])
        .map(|(track, work)| {
            let work = &given["works"][work];
            Plays { seconds: count(&work["duration_s"]), ..Plays::of(track, count(&work["plays"])) }
        })
        .collect();
    let figures = format!("period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n", text(&given["pool"]));
    let month = Month::new(&plays, &figures);
    let model = "model = \"revenue-share\"\nshare = \"100\"";
    let lines = format!("{POOLED}total = \"service\"\nplays = \"all\"");
    let lines = lines.replace("service", "report");
    let overtime = "\n[deal.long-plays]\nafter-minutes = 5\nmore = \"0.2\"";
    for (more, key) in [(overtime, "shares"), ("", "shares_without_adjustment")] {
        month.convert(&lines, &format!("{model}{more}"), "statement").ends(0);
        let shares = ["short", "long", "epic"].map(|work| text(&expected[key][work]));
        assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), shares, "{key}");
    }
}

#[test]
fn mechanical_us_download_2024() {
    let vector = vector("mechanical.us-download-2024");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let model = format!(
        "model = \"length-rate\"\nrate = {:?}\nrate-per-minute = {:?}\nup-to-minutes = \"5\"",
        text(&given["base"]),
        text(&given["per_minute"])
    );
    let rows = given["rows"].as_array().unwrap();
    let plays: Vec<Plays> = (1..)
        .zip(rows)
        .map(|(track, row)| Plays {
            seconds: count(&row["duration_s"]),
            ..Plays::of(track, count(&row["units"]))
        })
        .collect();
    let month = Month::new(&plays, "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n");
    month.convert("counts = \"all\"", &model, "row").ends(0);
    let amounts: Vec<String> = expected["amounts_2dp"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), amounts);
    let rates: Vec<String> =
        month.table().iter().filter(|row| !row["ISRC"].is_empty()).map(|row| row["Rate"].clone()).collect();
    assert_eq!(rates, expected["rates"].as_array().unwrap().iter().map(text).collect::<Vec<_>>());
}

#[test]
fn threshold_1000_streams_12_months() {
    let vector = vector("threshold.1000-streams-12-months");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let names = ["T1", "T2", "T3"];
    let tracks = || (1_u8..).zip(names);
    let plays: Vec<Plays> =
        tracks().map(|(track, name)| Plays::of(track, count(&given["tracks"][name]["month"]))).collect();
    let mut catalogue = String::from("trackId,streams\n");
    for (track, name) in tracks() {
        writeln!(catalogue, "{track},{}", given["tracks"][name]["twelve_months"]).unwrap();
    }
    let figures = format!("period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n", text(&given["pool"]));
    let month = Month::new(&plays, &figures).catalogue(&catalogue);
    let model = "model = \"revenue-share\"\nshare = \"100\"";
    let threshold = "\n[[deal.weight]]\nbelow = { \"recording.streams\" = 1000 }\nweight = \"0\"";
    let lines = format!("{POOLED}total = \"report\"\nplays = \"all\"");
    for (more, key) in [(threshold, "amounts"), ("", "without_threshold")] {
        month.convert(&lines, &format!("{model}{more}"), "statement").ends(0);
        let amounts = names.map(|name| text(&expected[key][name]));
        assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), amounts, "{key}");
    }
    // What is not known is not zero.
    let month = Month::new(&plays, &figures).catalogue("trackId,streams\n1,80000\n2,999\n");
    month
        .convert(&lines, &format!("{model}{threshold}"), "statement")
        .ends(3)
        .says("DEA0541")
        .says("recording.streams");
}

#[test]
fn rights_share_by_recording() {
    let vector = vector("rights-share.by-recording");
    let given = &vector["inputs"];
    let names = ["T1", "T2", "T3"];
    let plays: Vec<Plays> = (1..)
        .zip(names)
        .map(|(track, name)| Plays::of(track, count(&given["tracks"][name]["plays"])))
        .collect();
    let month = Month::new(&plays, "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n")
        .catalogue("trackId,rightsShare\n1,100\n2,50\n3,33.33\n");
    let model = format!("model = \"per-play\"\nrate = {:?}", text(&given["rate"]));
    month.convert("counts = \"all\"\nrights-share = \"by-recording\"", &model, "statement").ends(0);
    // 1, 0.5 and 0.3333 come to 1.8333.
    assert_eq!(month.states("Payable"), "1.83");
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), ["1.00", "0.50", "0.33"]);
}

#[test]
fn flat_fee_month() {
    let vector = vector("flat-fee.month");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let plays = [Plays::of(1, 1), Plays::of(2, 2)].map(|plays| Plays { day: 20, ..plays });
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n";
    let month = Month::new(&plays, figures);
    let model = format!("model = \"flat-fee\"\namount = {:?}", text(&given["amount"]));
    month.convert("counts = \"all\"", &model, "statement").ends(0);
    let rows = ["T1", "T2"].map(|track| text(&expected["rows"][track]));
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), rows);
    let from = format!("counts = \"all\"\nfrom = {}\npro-rating = \"days\"", text(&given["first_day"]));
    month.convert(&from, &model, "statement").ends(0);
    assert_eq!(month.states("Payable"), text(&expected["from_17_october"]));
    // Nothing was played: it is payable all the same, and no row shows it.
    let mut month = Month::new(&[], figures);
    month.more.extend(["--max-filtered".into(), "100".into()]);
    month.convert("counts = \"all\"", &model, "statement").ends(0).says("DEA0530");
    assert!(month.by_track().is_empty());
    assert_eq!(month.states("Payable"), text(&expected["zero_plays"]["payable"]));
}

#[test]
fn subscribers_trial_cap() {
    let vector = vector("subscribers.trial-cap");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let figures = format!(
        "period,territory,plan,subscribers,trial-subscribers\n2026-10,GB,prem,{},{}\n",
        given["subscribers"], given["trials"]
    );
    let month = Month::new(&[Plays::of(1, 2)], &figures);
    let model = format!("model = \"subscriber-minimum\"\nminimum = {:?}", text(&given["minimum"]));
    let lines = format!("{POOLED}total = \"report\"\nsubscribers = \"counted\"\n");
    for (free, key) in
        [("free-trials = \"10\"", "amount"), ("", "without_cap"), ("free-trials = \"0\"", "all_trials")]
    {
        month.convert(&format!("{lines}{free}"), &model, "statement").ends(0);
        assert_eq!(month.states("Payable"), text(&expected[key]), "{free}");
    }
}

#[test]
fn subscriber_minimum_of_price() {
    let vector = vector("subscriber-minimum.of-price");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let figures = format!(
        "period,territory,plan,subscribers,unit-price\n2026-10,GB,prem,{},{}\n",
        given["subscribers"],
        text(&given["price"])
    );
    let month = Month::new(&[Plays::of(1, 2)], &figures);
    let models = format!(
        "model = \"subscriber-minimum\"\nminimum = {:?}\n[[deal.model]]\nmodel = \"subscriber-price-share\"\nshare = \"55\"\ntax = \"20\"",
        text(&given["amount"])
    );
    let lines = format!("{POOLED}total = \"report\"\nsubscribers = \"counted\"\ngreater-of = \"territory\"");
    month.convert(&lines, &models, "statement").ends(0);
    assert_eq!(month.states("Payable"), text(&expected["minimum_2dp"]));
}

#[test]
fn ppd_by_currency() {
    let vector = vector("ppd.by-currency");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let rows = given["rows"].as_array().unwrap();
    let territories = [("CHF", "CH"), ("EUR", "DE"), ("JPY", "JP")];
    let (mut plays, mut prices, mut rates) = (Vec::new(), Vec::new(), String::new());
    for (row, (currency, territory)) in rows.iter().zip(territories) {
        assert_eq!(row["currency"], currency);
        plays.push(Plays { territory, ..Plays::of(1, count(&row["units"])) });
        let price = text(&row["ppd"]);
        prices.push(format!(
            "{{ territory = {territory:?}, wholesale-price = {price:?}, currency = {currency:?} }}"
        ));
        if currency != "EUR" {
            let rate = text(&row["rate"]);
            write!(
                rates,
                "[[deal.exchange]]\nfrom = {currency:?}\nrate = {rate:?}\ndirection = \"multiply\"\ndate = 2026-10-30\nsource = \"x\"\n"
            )
            .unwrap();
        }
    }
    let month = Month::new(
        &plays,
        "period,territory,plan,net-revenue\n2026-10,CH,prem,0\n2026-10,DE,prem,0\n2026-10,JP,prem,0\n",
    );
    let model = format!("model = \"wholesale-price\"\nwholesale-price = [{}]\n{rates}", prices.join(", "));
    month.convert("", &model, "block").ends(0);
    assert_eq!(month.states("Payable"), text(&expected["total"]));
    let of = |territory: &str| {
        let rows = month.table().into_iter().filter(|row| row["Territory"] == territory);
        rows.map(|row| row["Amount"].clone()).collect::<Vec<_>>()
    };
    for (currency, territory) in territories {
        assert_eq!(of(territory), [text(&expected["proceeds"][currency])], "{currency}");
    }
}

#[test]
fn deal_from_mid_month() {
    let vector = vector("deal.from-mid-month");
    let given = &vector["inputs"];
    let plays: Vec<Plays> = given["plays"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(day, number)| Plays {
            day: day[8..].parse().unwrap(),
            ..Plays::of(1, number.as_u64().unwrap())
        })
        .collect();
    let month = Month::new(&plays, "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n");
    let model = format!("model = \"per-play\"\nrate = {:?}", text(&given["rate"]));
    let lines = format!("counts = \"all\"\npro-rating = \"none\"\nfrom = {}", text(&given["begins"]));
    month.convert(&lines, &model, "statement").ends(0);
    assert_eq!(month.states("Payable"), format!("{}.00", text(&vector["expected"]["amount"])));
}

#[test]
fn soundexchange_commercial_2021() {
    let vector = vector("soundexchange.commercial-2021");
    let given = &vector["inputs"];
    let advance = format!(
        "[deal.advance]\neach = {:?}\ncount = {}\nat-most = {:?}\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2026-12\"\n\
         after-last = \"expires\"\n",
        text(&given["minimum_per_channel"]),
        given["channels"],
        text(&given["minimum_cap"])
    );
    let month =
        Month::new(&[Plays::of(1, 800)], "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n").balances();
    // A thousand performances stand for one here.
    let model = format!("model = \"per-performance\"\nrate = \"2.1\"\nperformances = \"census\"\n{advance}");
    month.convert("counts = \"all\"", &model, "statement").ends(0);
    let expected = &vector["expected"]["months"][0];
    assert_eq!(month.states("Earned"), format!("{}.00", text(&expected["liability"])));
    assert_eq!(month.states("Payable"), "0.00");
    assert_eq!(month.states("Unrecouped"), format!("{}.00", text(&expected["credit_left"])));
    // Many channels reach the limit; what is left at the end of the term expires.
    let channels = model.replace("count = 3", "count = 150").replace("2026-12", "2026-10");
    let month = Month::new(&[Plays::of(1, 800)], "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n");
    month.convert("counts = \"all\"", &channels, "statement").ends(0);
    assert_eq!(
        (month.states("Expired"), month.states("Unrecouped")),
        ("98320.00".to_owned(), "0.00".to_owned())
    );
}

/// A log in the notation of the model: track, artist's streams and listeners, whether the user
/// sought it out, whether it is artificial, how many.
fn events(rows: &[(u8, u64, u64, bool, bool, u64)]) -> String {
    let mut log = String::from(
        "context.territory,context.service,context.plan,release.title,release.artist,recording.id,recording.isrc,recording.title,\
         recording.artist,recording.artist.streams,recording.artist.listeners,recording.label,event.id,event.time,event.duration,\
         event.sought,event.artificial\n",
    );
    let mut id = 0;
    for (track, streams, listeners, sought, artificial, number) in rows {
        for _ in 0..*number {
            id += 1;
            writeln!(
                log,
                "GB,Svc,prem,R,A,{track},GBAAX260000{track},T{track},A,{streams},{listeners},Label X,e{id},2026-10-05T10:00:00Z,PT1M,\
                 {sought},{artificial}"
            )
            .unwrap();
        }
    }
    log
}

#[test]
fn artist_centric_boost() {
    let vector = vector("artist-centric.boost");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let mut rows = Vec::new();
    for (track, name) in (1_u8..).zip(["A", "B", "noise"]) {
        let artist = &given["artists"][name];
        let (streams, active) = (count(&artist["streams"]), count(&artist["active"]));
        let (listeners, excluded) = (count(&artist["listeners"]), artist["excluded"] == true);
        rows.push((track, streams, listeners, true, excluded, active));
        rows.push((track, streams, listeners, false, excluded, streams - active));
    }
    let figures = format!("period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n", text(&given["pool"]));
    let month = Month::new(&[], &figures);
    month.sandbox.put("in.csv", events(&rows));
    let lines = format!("{POOLED}total = \"report\"\nplays = \"all\"");
    let model = "model = \"revenue-share\"\nshare = \"100\"";
    let weights = "\n[[deal.weight]]\nat-least = { \"recording.artist.streams\" = 1000, \"recording.artist.listeners\" = 500 }\nweight = \"2\"\n\
        [[deal.weight]]\nwhen = { \"event.sought\" = \"true\" }\nweight = \"2\"\n\
        [[deal.weight]]\nwhen = { \"event.artificial\" = \"true\" }\nweight = \"0\"";
    for (more, key) in [(weights, "amounts"), ("", "pro_rata_amounts")] {
        month.convert(&lines, &format!("{model}{more}"), "statement").ends(0);
        let amounts = ["A", "B", "noise"].map(|name| match &expected[key][name] {
            Value::Null => "0.00".to_owned(),
            amount => text(amount),
        });
        assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), amounts, "{key}");
    }
}

#[test]
fn fraud_removed_plays() {
    let vector = vector("fraud.removed-plays");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let (label, service) = (&given["label"], &given["service"]);
    let (plays, artificial) = (count(&label["plays"]), count(&label["artificial"]));
    assert_eq!(service["artificial"], label["artificial"]);
    let others = count(&service["plays"]) - plays;
    let mut log = events(&[(1, 0, 0, false, false, plays - artificial), (1, 0, 0, false, true, artificial)]);
    let more = events(&[(2, 0, 0, false, false, others)]).replace("Label X", "Label Y").replace(",e", ",o");
    log.push_str(more.split_once('\n').unwrap().1);
    let figures = format!("period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n", text(&given["pool"]));
    let mut month = Month::new(&[], &figures);
    month.sandbox.put("in.csv", log);
    let lines = format!("{POOLED}total = \"service\"");
    let model = "model = \"revenue-share\"\nshare = \"100\"";
    let weight = "\n[[deal.weight]]\nwhen = { \"event.artificial\" = \"true\" }\nweight = \"0\"";
    month.convert(&lines, model, "statement").ends(0);
    assert_eq!(month.states("Payable"), text(&expected["without_removal"]));
    month.convert(&lines, &format!("{model}{weight}"), "statement").ends(0);
    assert_eq!(month.states("Payable"), text(&expected["amount_2dp"]));
    // A penalty is a correction of the account.
    month.sandbox.put(
        "balances.toml",
        format!(
            "version = 1\n[[account]]\ndeal = \"x\"\ncurrency = \"EUR\"\n[[account.adjustment]]\nperiod = \"2026-10\"\n\
             kind = \"correction\"\namount = \"-{}\"\nreason = \"artificial streams of one track\"\n",
            text(&given["penalty_per_track"])
        ),
    );
    month.more.extend(["--balances".into(), "balances.toml".into()]);
    month.convert(&lines, &format!("{model}{weight}"), "statement").ends(0);
    assert_eq!(month.states("Payable"), text(&expected["after_penalty"]));
    assert_eq!(month.states("Adjusted"), "-10.00");
}

#[test]
fn soundexchange_noncommercial_2022() {
    let vector = vector("soundexchange.noncommercial-2022");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    // A thousand performances stand for one here, and so does the rate.
    assert_eq!(text(&given["rate"]), "0.0022");
    let plays = [Plays::of(1, count(&given["channel"]["performances"]) / 1000)];
    let model = format!(
        "model = \"per-performance\"\nrate = \"2.2\"\nperformances = \"census-above-hours\"\nfree-hours = {:?}",
        text(&given["threshold_ath"])
    );
    let of = |hours: &str| {
        let figures = format!("period,territory,plan,tuning-hours\n2026-10,GB,prem,{hours}\n");
        let month = Month::new(&plays, &figures);
        month.convert("counts = \"all\"", &model, "statement").ends(0);
        month.states("Payable")
    };
    assert_eq!(of(&text(&given["channel"]["ath"])), text(&expected["amount_2dp"]));
    for hours in [text(&given["threshold_ath"]), "12".into(), "0".into()] {
        assert_eq!(of(&hours), text(&expected["at_or_below_threshold"]), "{hours}");
    }
    // The hours are no zero where they are not there.
    let month = Month::new(&plays, "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n");
    month.convert("counts = \"all\"", &model, "statement").ends(2).says("DEA0520").says("tuning-hours");
}

#[test]
fn mfn_share() {
    let vector = vector("mfn.share");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let figures =
        format!("period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n", text(&given["pool_revenue"]));
    assert_eq!(text(&given["market_share"]), "0.2");
    let plays = [Plays::of(1, 2), Plays { label: "Label Y", ..Plays::of(2, 8) }];
    let share = |of: &Value| text(of).trim_start_matches("0.").to_owned();
    let other = |id: &str, share: &str, lines: &str| {
        format!(
            "[[deal]]\nid = {id:?}\nlabel = {id:?}\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\n{lines}{POOLED}total = \"service\"\n\
             [[deal.model]]\nmodel = \"revenue-share\"\nshare = {share:?}\n\
             [deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"row\"\n"
        )
    };
    let from = format!("from = {}\n", text(&given["other_begins"]));
    let lines = format!("{POOLED}total = \"service\"");
    let favoured = format!("{lines}\nmost-favoured = [\"a\", \"b\"]");
    let own = share(&given["own_share"]);
    let others = [share(&given["other_shares"][0]), share(&given["other_shares"][1])];
    let others = format!("{}{}", other("a", &others[0], ""), other("b", &others[1], &from));
    let model = format!("model = \"revenue-share\"\nshare = {own:?}\n{others}");
    let month_of = |period: &str, lines: &str, model: &str| {
        let mut month = Month::new(&plays, &figures);
        month.moved(period);
        let rounding = "[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"statement\"\nallocation = \"largest-remainder\"\n";
        let model = model.replacen("[[deal]]", &format!("{rounding}[[deal]]"), 1);
        month.agree(lines, &model);
        month
    };
    let by_month = &expected["by_month"];
    for (period, lines, key) in [
        ("2026-08", &favoured, "2026-08"),
        // What was paid before the other deal was noticed.
        ("2026-09", &lines, "2026-09"),
        ("2026-10", &favoured, "2026-10"),
    ] {
        let month = month_of(period, lines, &model);
        month.run().ends(0);
        assert_eq!(month.states("Payable"), text(&by_month[key]), "{period}");
    }
    let noticed = month_of("2026-09", &favoured, &model);
    noticed.run().ends(0);
    let why = String::from_utf8(noticed.sandbox.read("why.jsonl")).unwrap();
    assert!(why.contains("\"step\":\"most-favoured\"") && why.contains("\"deal\":\"b\""), "{why}");
    assert_eq!(noticed.states("Payable"), "1100.00");
    let late = month_of("2026-10", &favoured, &model).balances();
    let correction = format!(
        "version = 1\n[[account]]\ndeal = \"x\"\ncurrency = \"EUR\"\n[[account.adjustment]]\nperiod = \"2026-10\"\nkind = \"correction\"\n\
         amount = {:?}\noriginal-period = \"2026-09\"\nreason = \"most favoured\"\n",
        text(&expected["true_up_in_2026_10"])
    );
    late.sandbox.put("balances.toml", correction);
    late.run().ends(0);
    assert_eq!(late.states("Payable"), text(&expected["payable_2026_10"]));

    // A deal that begins in the month, one that is not there, and one that cannot be compared.
    let refused = |model: &str, lines: &str| month_of("2026-10", lines, model).run();
    refused(&model.replace("2026-09-01", "2026-10-12"), &favoured).ends(2).says("DEA0544").says("`b`");
    refused(&model, &favoured.replace("\"b\"", "\"c\"")).ends(2).says("DEA0543").says("`c`");
    let per_play =
        model.replacen("model = \"revenue-share\"\nshare = \"55\"", "model = \"per-play\"\nrate = \"1\"", 1);
    refused(&per_play, &favoured).ends(2).says("DEA0508").says("in common");
}

#[test]
fn greater_of_annual_true_up() {
    let vector = vector("greater-of.annual-true-up");
    let (months, expected) = (vector["inputs"]["months"].as_array().unwrap(), &vector["expected"]);
    let [first, second] = [&months[0], &months[1]].map(|month| {
        let minimum = text(&month["minimum"]);
        let subscribers = minimum.trim_end_matches(".00");
        format!(
            "period,territory,plan,net-revenue,subscribers\n2026-10,GB,prem,{},{subscribers}\n",
            text(&month["revenue_share"])
        )
    });
    let lines = format!("{POOLED}total = \"report\"\nsubscribers = \"counted\"\ngreater-of = \"overall\"");
    let models = "model = \"revenue-share\"\nshare = \"100\"\n[[deal.model]]\nmodel = \"fixed-subscriber-minimum\"\nminimum = \"1\"";
    let term = "\n[deal.true-up]\npays = \"revenue-share\"\nfirst = \"2026-10\"\nlast = \"2026-11\"";
    let plays = [Plays::of(1, 2), Plays::of(2, 1)];
    let cents = |amount: &str| amount.replace('.', "").parse::<i64>().unwrap();
    for (term, in_all) in [("", "month_by_month"), (term, "annual")] {
        let mut month = Month::new(&plays, &first).balances();
        let model = format!("{models}{term}");
        month.convert(&lines, &model, "statement").ends(0);
        let paid = month.states("Payable");
        assert_eq!(paid, text(&months[0]["revenue_share"]));
        month.sandbox.put("figures.csv", &second);
        month.moved("2026-11");
        month.convert(&lines, &model, "statement").ends(0);
        let sum = cents(&paid) + cents(&month.states("Payable"));
        assert_eq!(sum, cents(&text(&expected[in_all])), "{in_all}");
        if !term.is_empty() {
            assert_eq!(month.states("Earned"), "50.00");
            assert_eq!(month.states("Adjusted"), text(&expected["true_up"]));
            let balances = String::from_utf8(month.sandbox.read("balances.toml")).unwrap();
            assert!(
                balances.contains(
                    "compared = { revenue-share = \"50.00\", fixed-subscriber-minimum = \"90.00\" }"
                )
            );
            assert!(balances.contains("true-up = \"20.00\""), "{balances}");
            // What was written is read again, and a month is worked out anew.
            month.more.push("--redo".into());
            month.convert(&lines, &model, "statement").ends(0);
            assert_eq!(month.states("Payable"), "70.00");
            assert_eq!(String::from_utf8(month.sandbox.read("balances.toml")).unwrap(), balances);
        }
    }
    // The month before was run without the term.
    let mut month = Month::new(&plays, &first).balances();
    month.convert(&lines, models, "statement").ends(0);
    month.moved("2026-11");
    month.convert(&lines, &format!("{models}{term}"), "statement").ends(2).says("DEA0711");
    // The last month without the one before.
    let model = format!("{models}{term}");
    let mut month = Month::new(&plays, &second).balances();
    month.moved("2026-11");
    month.convert(&lines, &model, "statement").ends(2).says("DEA0531");
    for (lines, model, says) in [
        (lines.replace("overall", "territory"), model.clone(), "overall"),
        (lines.clone(), model.replace("pays = \"revenue-share\"", "pays = \"per-play\""), "no model"),
    ] {
        month.convert(&lines, &model, "statement").ends(2).says("DEA0508").says(says);
    }
}

#[test]
fn breakage_to_tracks() {
    let vector = vector("breakage.to-tracks");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    let names = ["T1", "T2", "T3"];
    // A thousand plays stand for one here; the rate makes of them what was earned.
    let plays: Vec<Plays> =
        (1..).zip(names).map(|(track, name)| Plays::of(track, count(&given["plays"][name]) / 500)).collect();
    let plays_in_all: u64 = plays.iter().map(|plays| plays.number).sum();
    assert_eq!(plays_in_all, 195);
    let figures = "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n";
    let month = Month::new(&plays, figures).balances();
    let rounding = "[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"statement\"\nallocation = \"largest-remainder\"\n";
    // Half of the plays would be 97,500.50, so it is a fee here.
    let guarantee = format!(
        "model = \"flat-fee\"\namount = {:?}\n{rounding}[deal.advance]\namount = {:?}\npaid = \"at-end\"\nfirst = \"2026-10\"\n\
         last = \"2026-10\"\nshortfall = \"tracks\"\n",
        text(&given["earned"]),
        text(&given["guarantee"])
    );
    let breakage = format!(
        "[[deal]]\nid = \"x-breakage\"\nlabel = \"Breakage X\"\naliases = [\"Label X\"]\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\n\
         counts = \"all\"\n[[deal.model]]\nmodel = \"breakage\"\naccount = \"x\"\n{rounding}"
    );
    let agree = |month: &Month, recipient: &str| {
        month.agree("counts = \"all\"", &format!("{guarantee}{breakage}"));
        let agreement = String::from_utf8(month.sandbox.read("deal.toml")).unwrap();
        month
            .sandbox
            .put("deal.toml", agreement.replacen("name = \"Label X\"", &format!("name = {recipient:?}"), 1));
    };
    // Before the term has ended there is nothing to share.
    agree(&month, "Breakage X");
    month.run().ends(2).says("DEA0546");
    agree(&month, "Label X");
    month.run().ends(0).says("DEA0545").says(&text(&expected["breakage"]));
    assert_eq!(month.states("Payable"), text(&given["earned"]));
    assert_eq!(month.states("Shortfall"), "0.00");
    agree(&month, "Breakage X");
    month.run().ends(0);
    assert_eq!(month.states("Payable"), text(&expected["sum"]));
    let tracks = names.map(|name| text(&expected["to_tracks"][name]));
    assert_eq!(month.by_track().into_values().collect::<Vec<_>>(), tracks);
    // It is paid once.
    month.run().ends(2).says("DEA0702");
}

#[test]
fn ceiling_of_revenue() {
    let vector = vector("ceiling.of-revenue");
    let (given, expected) = (&vector["inputs"], &vector["expected"]);
    // Half of the plays each, so 90 % and 70 % of the revenue come to the labels' amounts.
    let plays = [Plays::of(1, 2), Plays { label: "Label Y", ..Plays::of(2, 2) }];
    let figures =
        format!("period,territory,plan,net-revenue\n2026-10,GB,prem,{}\n", text(&given["net_revenue"]));
    let month = Month::new(&plays, &figures);
    let deal = |label: &str, share: &str| {
        format!(
            "[[deal]]\nid = \"{label}\"\nlabel = \"Label {label}\"\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\n{POOLED}total = \"service\"\n\
             [[deal.model]]\nmodel = \"revenue-share\"\nshare = \"{share}\"\n\
             [deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"statement\"\nallocation = \"largest-remainder\"\n"
        )
    };
    let head = HEAD.replace("[recipient]\nparty-id = \"PADPIDA0000000002M\"\nname = \"Label X\"\n", "");
    month.sandbox.put("deal.toml", format!("{head}{STREAMS}{}{}", deal("X", "90"), deal("Y", "70")));
    let output = |label: &str| {
        format!(
            "[[output]]\nname = \"{label}\"\nset = \"labels\"\nwhen = {{ label = \"Label {label}\" }}\nformat = \"label.standard\"\n\
             agreement = \"deal.toml\"\nfile = \"{label}.csv\"\nexplain = \"{label}.jsonl\"\n"
        )
    };
    let job = |ceiling: &str| {
        let outputs = [output("X"), output("Y")].concat();
        let head = "inputs = [\"in.csv\"]\nfigures = \"figures.csv\"\nperiod = \"2026-10\"\n";
        month.sandbox.put("job.toml", format!("{head}{ceiling}{outputs}"));
        month.sandbox.run(&["run", "job.toml", "-o", "out/", "--overwrite"])
    };
    let owed = |label: &str| {
        let mut reader = csv::Reader::from_path(month.sandbox.path(&format!("out/{label}.csv"))).unwrap();
        let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
        rows.iter().find(|row| row["Period start"] == "Payable").unwrap()["Period end"].clone()
    };
    let owed = || ["X", "Y"].map(owed);
    let labels = ["X", "Y"].map(|label| text(&given["labels"][label]));
    let share = text(&given["ceiling"]).trim_start_matches("0.").to_owned();
    let ceiling =
        |share: &str| format!("[[ceiling]]\nset = \"labels\"\nshare = {share:?}\nof = \"net-revenue\"\n");
    job("").ends(0);
    assert_eq!(owed(), labels);
    job(&ceiling("80")).ends(0);
    assert_eq!(owed(), labels);
    job(&ceiling(&share)).ends(0).says("CLI0502").says(&text(&expected["sum"]));
    assert_eq!(owed(), ["X", "Y"].map(|label| text(&expected["reduced"][label])));
    for label in ["X", "Y"] {
        let why = month.sandbox.read(&format!("out/{label}.jsonl"));
        assert!(String::from_utf8_lossy(&why).contains("\"reduction\":{\"decimal\":\"0.875\""));
        month.sandbox.put("why.jsonl", why);
        month.sandbox.put("out.csv", month.sandbox.read(&format!("out/{label}.csv")));
        month.audit();
    }
    // No such set, and figures that do not say what it is a share of.
    job(&ceiling(&share).replace("labels", "label")).ends(2).says("`labels`");
    month.sandbox.put("figures.csv", figures.replace("net-revenue", "subscribers"));
    let counted = format!(
        "{head}{STREAMS}{}",
        deal("X", "90").replace("revenue-share\"\nshare = \"90", "per-play\"\nrate = \"1")
    );
    month.sandbox.put(
        "deal.toml",
        format!(
            "{counted}{}",
            deal("Y", "70").replace("revenue-share\"\nshare = \"70", "per-play\"\nrate = \"1")
        ),
    );
    job(&ceiling(&share)).ends(2).says("CLI0503").says("net-revenue");
}
