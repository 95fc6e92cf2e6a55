//! The example becomes a message of every profile of DSR that reports usages, by the commands of
//! `docs/dsr/examples.md`; a program that knows only the facts checks each.

use crate::support::{Sandbox, example, root};

/// What the program that shares no code with the writer says of the message in a folder.
fn checked(sandbox: &Sandbox, folder: &str) -> String {
    let script = root().join("plugins/ddex-dsr/tests/check_message.py");
    let ran = std::process::Command::new("python3")
        .arg(script)
        .args(["--tabs", "--announced", "--tiers"])
        .arg(sandbox.path(folder))
        .output()
        .unwrap();
    String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned()
}

#[test]
fn the_example_becomes_a_valid_message_of_every_profile() {
    let sandbox = Sandbox::new();
    let page = std::fs::read_to_string(root().join("docs/dsr/examples.md")).unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("transpose ")).collect();
    let listed = sandbox.run(&["formats", "--json"]).ends(0);
    let listed: serde_json::Value = serde_json::from_slice(&listed.out).unwrap();
    let formats = listed.as_array().unwrap();
    let mut versions = 0;
    for format in formats.iter().filter(|format| format["id"].as_str().unwrap().starts_with("ddex.dsr.")) {
        let id = format["id"].as_str().unwrap();
        for version in format["versions"].as_array().unwrap() {
            let version = version.as_str().unwrap();
            let target = format!("--to {id}@{version} ");
            let is_listed = commands.iter().any(|command| command.contains(&target));
            assert_eq!(is_listed, !id.contains("master-list"), "{target}");
            versions += usize::from(is_listed);
        }
    }
    assert_eq!(versions, commands.len());
    for command in commands {
        let northwind = example("");
        let northwind = northwind.trim_end_matches('/');
        let command = command.replace("examples/northwind", northwind);
        let arguments: Vec<&str> = command.split(' ').collect();
        sandbox.run(&arguments).ends(0);
        let folder = arguments.last().unwrap();
        assert_eq!(checked(&sandbox, folder), "", "{command}");
        let file = format!("{folder}{}", sandbox.names(folder).concat());
        let ran = sandbox.run(&["validate", &file]).ends(0);
        assert!(ran.text().contains("found: 0 errors"), "{command}: {}", ran.text());
    }
}

const HEADINGS: &str = "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name\n";

const AGREEMENT: &str = r#"[sender]
party-id = "PADPIDA0000000001O"
name = "S"
[recipient]
party-id = "PADPIDA0000000002M"
name = "Label A"
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
service = "Svc"
[defaults]
"cell.CopyrightObligationWithDSP" = "false"
[[deal]]
id = "d"
label = "Label A"
currency = "EUR"
territories = "Worldwide"
pool = "territory-and-tier"
counts = "qualified"
previews = "none"
missing-duration = "exclude"
total = "report"
[[deal.model]]
model = "revenue-share"
share = "50"
[deal.rounding]
places = 2
mode = "half-up"
at = "statement"
allocation = "largest-remainder"
[deal.report]
summaries = ["allocated-revenue", "allocated-net-revenue", "allocated-usages", "final-amount"]
"#;

const FIGURES: &str = "period,territory,plan,currency,net-revenue,deductions,subscribers,unit-price,transaction-currency,exchange-rate,exchange-rate-source,exchange-rate-date,music-share\n\
    2026-10,GB,prem,EUR,1000.00,250.00,100,12.50,GBP,1.25,ECB,2026-10-30T15:00:00Z,100\n";

/// Four plays of the month in GB, of 200 seconds: three of track 1, one of track 2; and one of ten
/// seconds, which earns nothing, of track 2.
fn plays() -> String {
    let row = |id: u32, track: u32, seconds: u32| {
        format!(
            "2026-11-10,1,s{id},2026-10-05T10:00:00Z,33,GB,online,u{id},Svc,{track},{seconds},200,d,k,prem,,A,Label A,,R,GBAAX260000{track},A,T{track}\n"
        )
    };
    let rows = [(1, 1, 200), (2, 1, 200), (3, 1, 200), (4, 2, 200), (5, 2, 10)];
    HEADINGS.to_owned() + &rows.map(|(id, track, seconds)| row(id, track, seconds)).concat()
}

/// The lines of the message that an agreement makes of the plays, cell by cell.
fn financial(sandbox: &Sandbox, agreement: &str, folder: &str) -> Vec<Vec<String>> {
    sandbox.put("plays.csv", plays());
    sandbox.put("agreement.toml", agreement);
    sandbox.put("figures.csv", FIGURES);
    let convert = ["convert", "plays.csv", "--to", "ddex.dsr.financial", "--agreement", "agreement.toml"];
    let more = ["--figures", "figures.csv", "-o", folder];
    sandbox.run(&[&convert[..], &more[..]].concat()).ends(0);
    assert_eq!(checked(sandbox, folder), "");
    let file = format!("{folder}{}", sandbox.names(folder).concat());
    let text = String::from_utf8(sandbox.read(&file)).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn the_financial_profile_says_what_the_deal_pays_in_both_currencies() {
    let sandbox = Sandbox::new();
    let rows = financial(&sandbox, AGREEMENT, "out/");
    let cells = |row: &[String], numbers: std::ops::RangeInclusive<usize>| {
        row[numbers.start() - 1..*numbers.end()].join(" ")
    };
    // Half of 1,000.00 net is 500.00; 250.00 were deducted of 1,250.00 gross. A pound is 1.25 EUR:
    // gross 1000, deductions 200, net 800, allocated 400 of revenue and 800 of net revenue, the fee
    // of 12.50 is 10. Four plays of five are paid for, none was returned.
    let summary = &rows[1];
    assert_eq!(summary[0], "SY10.01");
    assert_eq!(cells(summary, 17..=23), "5 4 0 100 GBP EUR 1.25");
    assert_eq!(cells(summary, 26..=27), "1000 1250");
    assert_eq!(cells(summary, 31..=38), "200 250 800 1000 400 500 800 1000");
    assert_eq!(cells(summary, 40..=41), "10 12.5");
    assert_eq!(cells(summary, 45..=46), "400 500");
    // 500.00 by 4 plays is 125.00 a play, 100 pounds: track 1 has three of them, 375.00 and 300, of
    // the net revenue 750.00 and 600; track 2 has one. The short play has nothing.
    let lines: Vec<String> = rows
        .iter()
        .filter(|row| row[0] == "SR08.01")
        .map(|row| format!("{} {} {} {}", row[20], cells(row, 26..=29), row[40], cells(row, 42..=48)))
        .collect();
    let mut expected = [
        "T1 2026-10-31 3 0 3 100 100 125 300 375 600 750 false",
        "T2 2026-10-31 1 0 1 100 100 125 100 125 200 250 false",
        "T2 2026-10-31 1 0 1 100 0 0 0 0 0 0 false",
    ];
    let mut lines = lines;
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    // An advance of 200.00 is recouped first: 300.00 are left to be paid, 240 pounds.
    let advance = "[deal.advance]\namount = \"200.00\"\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2026-12\"\nafter-last = \"carried\"\n[deal.report]";
    let rows = financial(&sandbox, &AGREEMENT.replace("[deal.report]", advance), "advance/");
    assert_eq!(cells(&rows[1], 35..=36), "400 500");
    assert_eq!(cells(&rows[1], 45..=46), "240 300");
}

#[test]
fn without_a_deal_the_financial_profile_is_not_written() {
    let sandbox = Sandbox::new();
    sandbox.put("plays.csv", plays());
    sandbox.put("figures.csv", FIGURES);
    let (agreement, _) = AGREEMENT.split_once("[[deal]]").unwrap();
    sandbox.put("agreement.toml", agreement);
    let convert = ["convert", "plays.csv", "--to", "ddex.dsr.financial", "--agreement", "agreement.toml"];
    let ran = sandbox.run(&[&convert[..], &["--figures", "figures.csv", "-o", "out/"]].concat()).ends(2);
    let ran = ran
        .says("SY10.01 cell 46 (FinalTotalAmountInCurrencyOfAccounting)")
        .says("`\"final-amount\"` among the `summaries`");
    ran.says("SR08.01 cell 45 (AllocatedRevenueInCurrencyOfAccounting)");
    assert!(sandbox.names("out").is_empty());
    // Figures that contradict each other.
    sandbox.put("agreement.toml", AGREEMENT);
    sandbox.put(
        "figures.csv",
        FIGURES.replace("deductions,", "deductions,gross-revenue,").replace("250.00,", "250.00,1100.00,"),
    );
    let ran = sandbox.run(&[&convert[..], &["--figures", "figures.csv", "-o", "other/"]].concat()).ends(2);
    ran.says("DEA0314");
}
