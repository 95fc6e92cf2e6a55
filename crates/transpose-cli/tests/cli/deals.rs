//! What deals pay, through the command line: which plays count, whose they are, and when.
//!
//! Each test states a contract, plays and figures, and the amount that a person works out from
//! them.

use crate::support::{CommandRun, Sandbox};
use std::fmt::Write as _;

const HEADINGS: &str = "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name\n";

/// Plays of one label: how many, the label, the territory, the plan, the user, the day of October,
/// the seconds.
type Plays<'a> = (u32, &'a str, &'a str, &'a str, &'a str, u8, u32);

fn log(plays: &[Plays<'_>]) -> String {
    let mut text = HEADINGS.to_owned();
    let mut number = 0;
    for (count, label, territory, plan, user, day, seconds) in plays {
        let track = label.bytes().map(u32::from).sum::<u32>() % 90_000;
        for _ in 0..*count {
            number += 1;
            writeln!(text, "2026-11-10,4021,s{number},2026-10-{day:02}T10:00:00Z,33,{territory},online,{user},Svc,T{track},{seconds},200,d,k,{plan},,A,{label},,R,GBAAX26{track:05},A,T").unwrap();
        }
    }
    text
}

const HEAD: &str = r#"[sender]
party-id = "PADPIDA0000000001O"
name = "S"
[message]
service = "Svc"
[money]
currency = "EUR"
[qualifying-play]
minimum-seconds = 30
below = "not-royalty-bearing"
[[context]]
when = { plan = "prem" }
commercial-model = "SubscriptionModel"
use-type = "OnDemandStream"
service = "Prem"
[[context]]
when = { plan = "clip" }
commercial-model = "FreeOfChargeModel"
use-type = "NonInteractiveStream"
service = "Clip"
"#;

const ROUNDING: &str = "[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"statement\"\nallocation = \"largest-remainder\"\n";

/// A deal with further lines, and a model.
fn deal(id: &str, label: &str, lines: &str, model: &str) -> String {
    format!(
        "[[deal]]\nid = {id:?}\nlabel = {label:?}\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\n{lines}\n[[deal.model]]\n{model}\n{ROUNDING}"
    )
}

const REVENUE: &str = "model = \"revenue-share\"\nshare = \"60\"";

/// An output of a job for one label.
fn output(name: &str, rule: &str, more: &str) -> String {
    format!(
        "[[output]]\nname = {name:?}\nwhen = {{ {rule} }}\nformat = \"label.standard\"\nagreement = \"ag.toml\"\nfile = \"{name}.csv\"\nexplain = \"{name}.jsonl\"\n{more}\n"
    )
}

struct Month {
    sandbox: Sandbox,
}

impl Month {
    fn new(plays: &[Plays<'_>], deals: &str, figures: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.put("ev.csv", log(plays));
        sandbox.put("ag.toml", format!("{HEAD}{deals}"));
        sandbox.put("fig.csv", figures);
        Self { sandbox }
    }

    fn job(&self, outputs: &str) -> CommandRun {
        let head = "inputs = [\"ev.csv\"]\nfigures = \"fig.csv\"\nperiod = \"2026-10\"\n";
        self.sandbox.put("job.toml", format!("{head}{outputs}"));
        self.sandbox.run(&["run", "job.toml", "-o", "out/", "--overwrite"])
    }

    /// The amounts of a statement, row by row.
    fn amounts(&self, name: &str) -> Vec<String> {
        let bytes = self.sandbox.read(name);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let column = reader.headers().unwrap().iter().position(|heading| heading == "Amount").unwrap();
        let amounts = reader.records().map(|record| record.unwrap().get(column).unwrap().to_owned());
        // The lines of the statement behind the rows have no amount there.
        amounts.filter(|amount| !amount.is_empty()).collect()
    }

    fn wrote(&self, name: &str) -> bool {
        self.sandbox.path(name).exists()
    }
}

const ONE_POOL: &str = "period,territory,plan,net-revenue\n2026-10,GB,prem,9990.00\n2026-10,GB,clip,0\n";

/// Nine long plays, two previews of five seconds and one of forty of X; four long ones, three
/// previews and six short ones of Y.
const CLIPS: [Plays<'_>; 6] = [
    (9, "Label X", "GB", "prem", "u1", 5, 60),
    (2, "Label X", "GB", "clip", "u1", 5, 5),
    (1, "Label X", "GB", "clip", "u1", 5, 40),
    (4, "Label Y", "GB", "prem", "u2", 5, 60),
    (3, "Label Y", "GB", "clip", "u2", 5, 5),
    (6, "Label Y", "GB", "prem", "u2", 5, 5),
];

#[test]
fn short_previews_cannot_count_where_short_plays_are_dropped() {
    let lines = "counts = \"qualified-and-previews\"\npreviews = [\"Clip\"]\nmissing-duration = \"exclude\"\npool = \"territory\"\ntotal = \"service\"";
    let month = Month::new(&CLIPS, &deal("X", "Label X", lines, REVENUE), ONE_POOL);
    let dropped =
        format!("{HEAD}{}", deal("X", "Label X", lines, REVENUE)).replace("not-royalty-bearing", "drop");
    month.sandbox.put("ag.toml", dropped);
    month.job(&output("x", "label = \"Label X\"", "")).ends(2).says("DEA0508").says("not-royalty-bearing");
    assert!(!month.wrote("out/x.csv"));
}

const TWO_TERRITORIES: &str = "period,territory,plan,net-revenue,subscribers\n2026-10,GB,prem,1000.00,100\n2026-10,DE,prem,2000.00,200\n";

const OF_TWO: [Plays<'_>; 3] = [
    (10, "Label X", "GB", "prem", "u1", 5, 60),
    (10, "Label Y", "GB", "prem", "u2", 5, 60),
    (20, "Label Y", "DE", "prem", "u3", 5, 60),
];

#[test]
fn a_rule_by_territory_leaves_pools_and_minima_whole() {
    let shared = "counts = \"all\"\npool = \"overall\"\ntotal = \"service\"";
    let fixed = "model = \"fixed-subscriber-minimum\"\nminimum = \"1\"";
    for (deal, amount) in [
        // 1,800 EUR by 10 of 40 plays.
        (deal("X", "Label X", shared, REVENUE), "450.00"),
        // One euro for each of 300 subscribers.
        (deal("X", "Label X", "counts = \"all\"\nsubscribers = \"counted\"", fixed), "300.00"),
    ] {
        let month = Month::new(&OF_TWO, &deal, TWO_TERRITORIES);
        for territory in ["", ", territory = \"GB\"", ", territory = [\"GB\", \"FR\"]", ", plan = \"prem\""] {
            month.job(&output("x", &format!("label = \"Label X\"{territory}"), "")).ends(0);
            assert_eq!(month.amounts("out/x.csv"), [amount], "{territory}");
        }
    }
}

const PER_PLAY: &str = "model = \"per-play\"\nrate = \"0.01\"";

impl Month {
    fn convert(&self, more: &[&str]) -> CommandRun {
        let words =
            ["convert", "ev.csv", "--agreement", "ag.toml", "--figures", "fig.csv", "--period", "2026-10"];
        let target = ["--to", "label.standard", "-o", "x.csv", "--overwrite"];
        self.sandbox.run(&[&words[..], &target, more].concat())
    }
}

#[test]
fn a_conversion_pays_plays_of_the_label_and_divides_by_all() {
    let shared = "counts = \"all\"\npool = \"overall\"\ntotal = \"service\"";
    let month = Month::new(&OF_TWO, &deal("X", "Label X", shared, REVENUE), TWO_TERRITORIES);
    month.convert(&[]).ends(0).says("filtered     30     30").says("other-label");
    // As in a job: 1,800 EUR by 10 of 40 plays.
    assert_eq!(month.amounts("x.csv"), ["450.00"]);

    let month = Month::new(&OF_TWO, &deal("X", "Label X", "counts = \"all\"", PER_PLAY), TWO_TERRITORIES);
    month.convert(&[]).ends(0);
    assert_eq!(month.amounts("x.csv"), ["0.10"]);
}

#[test]
fn a_label_has_the_names_that_its_deal_lists() {
    let plays = [
        (10, "Label X", "GB", "prem", "u1", 5, 60),
        (5, "Label X Ltd", "GB", "prem", "u1", 5, 60),
        (20, "Label Y", "GB", "prem", "u2", 5, 60),
    ];
    for (lines, cents) in [
        ("counts = \"all\"", 10),
        ("counts = \"all\"\naliases = [\"Label X Ltd\"]", 15),
        ("counts = \"all\"\nplays = \"all\"", 35),
    ] {
        let month = Month::new(&plays, &deal("X", "Label X", lines, PER_PLAY), TWO_TERRITORIES);
        month.convert(&[]).ends(0);
        let amounts = month.amounts("x.csv");
        let paid: f64 = amounts.iter().map(|amount| amount.parse::<f64>().unwrap()).sum();
        assert_eq!((paid * 100.0).round() as i64, cents, "{lines}: {amounts:?}");
    }
}

#[test]
fn an_input_without_the_label_is_refused() {
    let month = Month::new(&OF_TWO, &deal("Z", "Label Z", "counts = \"all\"", PER_PLAY), TWO_TERRITORIES);
    month.convert(&[]).ends(3).says("ENG0706").says("none of 40 rows is of `Label Z`").says("aliases");
    assert!(!month.wrote("x.csv"));
    let nameless: [Plays<'_>; 1] = [(10, "", "GB", "prem", "u1", 5, 60)];
    let month = Month::new(&nameless, &deal("Z", "Label Z", "counts = \"all\"", PER_PLAY), TWO_TERRITORIES);
    month.convert(&[]).ends(3).says("ENG0706");
    assert!(!month.wrote("x.csv"));
    // The rule of an output and its deal are about two labels.
    let month = Month::new(&OF_TWO, &deal("Z", "Label Z", "counts = \"all\"", PER_PLAY), TWO_TERRITORIES);
    month.job(&output("x", "label = \"Label X\"", "")).ends(2).says("DEA0506").says("ag.toml");
    assert!(!month.wrote("out/x.csv"));
}

#[test]
fn a_job_pays_plays_of_the_label_whatever_its_rule_takes() {
    let month = Month::new(&OF_TWO, &deal("X", "Label X", "counts = \"all\"", PER_PLAY), TWO_TERRITORIES);
    month.job(&output("x", "territory = \"GB\"", "")).ends(0);
    assert_eq!(month.amounts("out/x.csv"), ["0.10"]);
}

#[test]
fn several_deals_of_an_agreement_are_chosen_by_label() {
    let half = REVENUE.replace("60", "30");
    let shared = "counts = \"all\"\npool = \"overall\"\ntotal = \"service\"";
    let deals = deal("X", "Label X", shared, REVENUE) + &deal("Y", "Label Y", shared, &half);
    let month = Month::new(&OF_TWO, &deals, TWO_TERRITORIES);
    let outputs = output("x", "label = \"Label X\"", "set = \"l\"")
        + &output("y", "label = \"Label Y\"", "set = \"l\"");
    month.job(&outputs).ends(0);
    assert_eq!(month.amounts("out/x.csv"), ["450.00"]);
    let of_y: f64 = month.amounts("out/y.csv").iter().map(|amount| amount.parse::<f64>().unwrap()).sum();
    assert_eq!(of_y.to_string(), "675");
    // Nothing says which one holds.
    month.job(&output("z", "territory = \"GB\"", "")).ends(2).says("DEA0507");
}

#[test]
fn successive_deals_of_a_label_are_named_by_a_job() {
    let plays = [(300, "Label X", "GB", "prem", "u1", 5, 60), (100, "Label X", "GB", "prem", "u1", 20, 60)];
    let lines = "counts = \"all\"\npro-rating = \"days\"\n";
    let first = deal("first", "Label X", &format!("{lines}until = 2026-10-15"), PER_PLAY);
    let second =
        deal("second", "Label X", &format!("{lines}from = 2026-10-16"), &PER_PLAY.replace("0.01", "0.05"));
    let month = Month::new(&plays, &(first + &second), TWO_TERRITORIES);
    let rule = "label = \"Label X\"";
    let outputs = output("a", rule, "deal = \"first\"") + &output("b", rule, "deal = \"second\"");
    month.job(&outputs).ends(0);
    assert_eq!(
        (month.amounts("out/a.csv"), month.amounts("out/b.csv")),
        (vec!["3.00".into()], vec!["5.00".into()])
    );
    month.job(&output("a", rule, "deal = \"third\"")).ends(2).says("DEA0506").says("third");
}

#[test]
fn deals_of_a_label_are_chosen_by_territory_and_tier() {
    let plays = [
        (100, "Label X", "GB", "prem", "u1", 5, 60),
        (200, "Label X", "DE", "prem", "u1", 5, 60),
        (400, "Label X", "GB", "clip", "u1", 5, 60),
    ];
    let figures =
        "period,territory,plan,net-revenue\n2026-10,GB,prem,0\n2026-10,DE,prem,0\n2026-10,GB,clip,0\n";
    let one = |id: &str, where_: &str, rate: &str| {
        let deal = deal(id, "Label X", "counts = \"all\"", &PER_PLAY.replace("0.01", rate));
        deal.replace("territories = \"Worldwide\"", where_)
    };
    let deals = one("gb", "territories = [\"GB\"]\ntiers = [\"Prem\"]", "0.01")
        + &one("de", "territories = [\"DE\"]", "0.02")
        + &one("clips", "territories = [\"GB\"]\ntiers = [\"Clip\"]", "0.03");
    let month = Month::new(&plays, &deals, figures);
    let rule = |more: &str| format!("label = \"Label X\", {more}");
    let outputs = [
        ("a", "territory = \"GB\", plan = \"prem\""),
        ("b", "territory = \"DE\", plan = \"prem\""),
        ("c", "plan = \"clip\", territory = \"GB\""),
    ];
    let outputs = outputs.map(|(name, more)| output(name, &rule(more), "set = \"l\"")).concat();
    month.job(&outputs).ends(0);
    for (name, amount) in [("a", "1.00"), ("b", "4.00"), ("c", "12.00")] {
        assert_eq!(month.amounts(&format!("out/{name}.csv")), [amount], "{name}");
    }
    // A rule that reaches several deals, and a deal that is not for all that its output takes.
    month.job(&output("a", &rule("territory = \"GB\""), "")).ends(2).says("DEA0507");
    let named = output("a", &rule("territory = \"GB\""), "deal = \"gb\"");
    month.job(&named).ends(2).says("DEA0523").says("400 plays in Clip in GB");
    // Two deals for one play.
    let twice =
        one("gb", "territories = [\"GB\"]", "0.01") + &one("all", "territories = \"Worldwide\"", "0.02");
    Month::new(&plays, &twice, figures).job(&outputs).ends(2).says("DEA0505");
}

const BY_USER: &str =
    "model = \"user-centric\"\nshare = \"70\"\nfee = \"unit-price\"\nidle-users = \"unallocated\"";

/// Two labels, each with a deal that pays by user.
fn by_user() -> String {
    let lines = "counts = \"qualified\"\npreviews = \"none\"\nmissing-duration = \"exclude\"";
    deal("A", "Label A", lines, BY_USER) + &deal("B", "Label B", lines, BY_USER)
}

#[test]
fn what_a_user_paid_is_shared_by_plays_under_all_plans() {
    // One user paid ten euros, and played ten times before the change of plan and ten times after.
    let plays = [
        (10, "Label A", "GB", "clip", "u1", 5, 60),
        (10, "Label B", "GB", "prem", "u1", 20, 60),
        (3, "Label B", "GB", "prem", "u2", 20, 60),
    ];
    let figures = "period,territory,plan,net-revenue,subscribers,users,unit-price\n2026-10,GB,prem,20.00,2,2,10.00\n2026-10,GB,clip,0,0,0,0\n";
    let outputs = output("a", "label = \"Label A\"", "set = \"l\"")
        + &output("b", "label = \"Label B\"", "set = \"l\"");
    let month = Month::new(&plays, &by_user(), figures);
    month.job(&outputs).ends(0);
    let sum =
        |name: &str| month.amounts(name).iter().map(|amount| amount.parse::<f64>().unwrap()).sum::<f64>();
    assert_eq!((sum("out/a.csv"), sum("out/b.csv")), (3.5, 10.5), "together 70 % of 20.00");
    // Nobody knows which of two fees such a user paid.
    month.sandbox.put("fig.csv", figures.replace("0,0,0,0", "0,0,0,5.00"));
    month
        .sandbox
        .run(&["run", "job.toml", "-o", "again/"])
        .ends(2)
        .says("DEA0551")
        .says("and in territory GB, tier Prem");
    assert!(!month.wrote("again/a.csv"));
}

#[test]
fn paying_by_user_needs_the_plays_of_others() {
    let figures =
        "period,territory,plan,net-revenue,subscribers,users,unit-price\n2026-10,GB,prem,20.00,2,2,10.00\n";
    let plays = [
        (10, "Label A", "GB", "prem", "u1", 5, 60),
        (20, "Label A", "GB", "prem", "u3", 5, 60),
        (80, "Label B", "GB", "prem", "u3", 5, 60),
    ];
    let (a, _) =
        by_user().split_once("[[deal]]\nid = \"B\"").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let month = Month::new(&plays, &a, figures);
    // 7.00 of the one user, and 20 of 100 plays of the other's 7.00.
    month.convert(&[]).ends(0);
    assert_eq!(month.amounts("x.csv"), ["8.40"]);
    let alone = Month::new(plays.get(..2).unwrap(), &a, figures);
    alone.convert(&[]).ends(2).says("DEA0538");
    assert!(!alone.wrote("x.csv"));
}

#[test]
fn figures_of_a_month_are_cut_to_the_days_of_the_deal() {
    let plays = [(300, "Label X", "GB", "prem", "u1", 5, 60), (100, "Label X", "GB", "prem", "u1", 20, 60)];
    let figures = "period,territory,plan,net-revenue,total-usages\n2026-10,GB,prem,1000.00,800\n";
    let lines = "counts = \"all\"\npool = \"territory\"\ntotal = \"figures\"\nfrom = 2026-10-16\n";
    for (policy, amount) in [
        // 600.00 and 800 plays, both times 16 / 31.
        ("days", "75.00"),
        // The figures are those of the days already.
        ("none", "75.00"),
    ] {
        let lines = format!("{lines}pro-rating = {policy:?}");
        let month = Month::new(&plays, &deal("X", "Label X", &lines, REVENUE), figures);
        month.convert(&["--explain-amounts", "why.jsonl"]).ends(0);
        assert_eq!(month.amounts("x.csv"), [amount], "{policy}");
        let why = String::from_utf8(month.sandbox.read("why.jsonl")).unwrap();
        assert_eq!(why.contains("12800/31"), policy == "days", "{why}");
    }
    let open = Month::new(&plays, &deal("X", "Label X", lines, REVENUE), figures);
    open.convert(&[]).ends(2).says("DEA0536").says("pro-rating");
    assert!(!open.wrote("x.csv"));
}

/// Deals of three labels with one model, an output each.
fn three_labels(model: &str, lines: &str) -> (String, String) {
    let names = [("x", "Label X"), ("y", "Label Y"), ("z", "Label Z")];
    let deals = names.map(|(id, label)| deal(id, label, lines, model)).concat();
    let outputs = names.map(|(name, label)| output(name, &format!("label = {label:?}"), "set = \"labels\""));
    (deals, outputs.concat())
}

const PER_POOL: &str = "counts = \"qualified\"\npreviews = \"none\"\nmissing-duration = \"exclude\"\npool = \"territory\"\n\
    total = \"service\"\nsubscribers = \"counted\"";

/// Whatever is played, what all labels are paid and what nobody is paid is what there is.
#[test]
fn every_pool_is_shared_out() {
    let mut seed = 1_u64;
    let mut below = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let models = [
        "model = \"revenue-share\"\nshare = \"60\"",
        "model = \"subscriber-minimum\"\nminimum = \"1.5\"",
        "model = \"subscriber-price-share\"\nshare = \"55\"\ntax = \"20\"",
        "model = \"minima-waterfall\"\nrevenue-share = \"15.3\"\ncontent-cost-share = \"26.2\"\ncap = \"none\"\nfloor = \"0.5\"",
        "model = \"per-performance\"\nrate = \"0.01\"\nperformances = \"tuning-hours\"\ntracks-per-hour = \"12.5\"",
        "model = \"user-centric\"\nshare = \"70\"\nfee = \"unit-price\"\nidle-users = \"unallocated\"",
        "model = \"user-centric\"\nshare = \"70\"\nfee = \"unit-price\"\nidle-users = \"pro-rata\"",
    ];
    for round in 0..8 {
        let users = ["u1", "u2", "u3", "u4", "u5", "u6"];
        let mut plays: Vec<Plays<'_>> = Vec::new();
        // Each label has a play, each user is in one territory, and some users only play shortly.
        for (label, user) in [("Label X", "u1"), ("Label Y", "u2"), ("Label Z", "u3")] {
            plays.push((1, label, "GB", "prem", user, 5, 60));
        }
        for (number, user) in users.iter().enumerate() {
            let territory = if number < 4 { "GB" } else { "DE" };
            for label in ["Label X", "Label Y", "Label Z"] {
                let short = number == 3 || (round % 4 == 0 && number > 3) || below(3) == 0;
                plays.push((below(5) as u32, label, territory, "prem", user, 5, if short { 5 } else { 90 }));
            }
        }
        let mut figures =
            "period,territory,plan,net-revenue,subscribers,unit-price,content-cost,performance-royalties,tuning-hours\n".to_owned();
        for territory in ["GB", "DE"] {
            writeln!(
                figures,
                "2026-10,{territory},prem,{}.{:02},{},{}.99,{},{},{}.5",
                below(5000),
                below(100),
                4 + below(6),
                below(12),
                below(900),
                below(50),
                below(3000)
            )
            .unwrap();
        }
        for model in models {
            let (deals, outputs) = three_labels(model, PER_POOL);
            let month = Month::new(&plays, &deals, &figures);
            let run = month.job(&outputs);
            assert_eq!(run.code, 0, "{round} {model}: {}", run.err);
            let word = model.split('"').nth(1).unwrap();
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/pools.py");
            let answer = std::process::Command::new("python3")
                .args([script, word, "fig.csv", "out/x.jsonl", "out/y.jsonl", "out/z.jsonl"])
                .current_dir(month.sandbox.path(""))
                .output()
                .unwrap();
            assert!(answer.status.success(), "{round} {model}: {}", String::from_utf8_lossy(&answer.stderr));
        }
    }
}

/// A user who played shortly only paid all the same, and nobody is paid of it.
#[test]
fn what_users_with_short_plays_paid_is_unallocated() {
    let model =
        "model = \"user-centric\"\nshare = \"70\"\nfee = \"unit-price\"\nidle-users = \"unallocated\"";
    let figures = "period,territory,plan,subscribers,unit-price\n2026-10,GB,prem,3,10.00\n";
    for (seconds, paid, unallocated) in [(60, "14.00", "7"), (5, "7.00", "14")] {
        let plays =
            [(4, "Label X", "GB", "prem", "u1", 5, 60), (2, "Label X", "GB", "prem", "u2", 6, seconds)];
        let month = Month::new(&plays, &deal("X", "Label X", PER_POOL, model), figures);
        month.job(&output("x", "label = \"Label X\"", "")).ends(0);
        let statement = String::from_utf8(month.sandbox.read("out/x.csv")).unwrap();
        assert!(statement.contains(&format!("Payable,{paid}")), "{statement}");
        let why = String::from_utf8(month.sandbox.read("out/x.jsonl")).unwrap();
        let line = why.lines().find(|line| line.contains("\"step\":\"unallocated\"")).unwrap();
        assert!(line.contains(&format!("\"decimal\":\"{unallocated}\"")), "{line}");
    }
}

/// How many months with twenty deals each are worked out by the script as well.
const MONTHS: u32 = 100;

/// Any deal with any models and policies pays what a script works out that knows the plays, the
/// figures and the rules of the documentation only.
#[test]
fn random_deals_pay_what_an_independent_calculation_says() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/deals.py");
    let python = |arguments: &[&str], sandbox: &Sandbox| {
        let answer = std::process::Command::new("python3")
            .arg(script)
            .args(arguments)
            .current_dir(sandbox.path(""))
            .output()
            .unwrap();
        assert!(answer.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&answer.stderr));
    };
    let months = |seeds: std::ops::Range<u32>| {
        for seed in seeds {
            let sandbox = Sandbox::new();
            python(&["write", &seed.to_string(), "."], &sandbox);
            let run = sandbox.run(&["run", "job.toml", "-o", "out/"]);
            assert_eq!(run.code, 0, "{seed}: {}", run.err);
            python(&["check", "."], &sandbox);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| months(1..MONTHS / 2));
        scope.spawn(|| months(MONTHS / 2..MONTHS + 1));
    });
}

#[test]
fn terms_that_cannot_hold_are_refused_and_nothing_is_written() {
    let plays = [(3, "Label X", "GB", "prem", "u1", 5, 60)];
    let whole = "counts = \"all\"\npool = \"territory\"\ntotal = \"report\"\nsubscribers = \"counted\"";
    let waterfall = "model = \"minima-waterfall\"\nrevenue-share = \"10\"\ncontent-cost-share = \"20\"\ncap = \"0.40\"\nfloor = \"0.50\"";
    let dollars = deal("X", "Label X", whole, PER_PLAY).replace("currency = \"EUR\"", "currency = \"USD\"");
    for (deals, code, place, advice) in [
        (
            deal("X", "Label X", &format!("{whole}\nuntil = 2026-09-30"), PER_PLAY),
            "DEA0510",
            "ag.toml:",
            "`until`",
        ),
        (deal("X", "Label Z", whole, PER_PLAY), "DEA0506", "ag.toml:", "Label X"),
        (deal("X", "Label X", whole, waterfall), "DEA0508", "ag.toml:", "Change one"),
        (dollars, "DEA0521", "ag.toml:", "exchange"),
    ] {
        let month = Month::new(&plays, &deals, ONE_POOL);
        let run = month.job(&output("x", "label = \"Label X\"", "")).ends(2);
        run.says(code).says(place).says(advice);
        assert!(!month.wrote("out/x.csv"), "{code}");
    }
}
