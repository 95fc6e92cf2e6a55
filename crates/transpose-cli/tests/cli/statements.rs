//! What statements say of money: the table on the terminal, the lines behind the rows, the receipt,
//! the explanation and the balances say the same. The amounts were worked out by hand.

use crate::support::{CommandRun, Sandbox};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Stdio;

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

const STREAMS: &str = "[[context]]\ncommercial-model = \"SubscriptionModel\"\nuse-type = \"OnDemandStream\"\nservice = \"Prem\"\n";

/// The amounts of a statement, in its order.
const AMOUNTS: [&str; 11] = [
    "gross",
    "share",
    "withheld",
    "earned",
    "adjusted",
    "recouped",
    "shortfall",
    "grossed-up",
    "payable",
    "expired",
    "unrecouped",
];

fn deal(id: &str, lines: &str, model: &str, at: &str) -> String {
    let allocation =
        if matches!(at, "statement" | "block") { "allocation = \"largest-remainder\"\n" } else { "" };
    format!(
        "[[deal]]\nid = {id:?}\nlabel = \"Label X\"\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\n{lines}\n\
         [[deal.model]]\n{model}\n[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = {at:?}\n{allocation}"
    )
}

/// Plays of one recording, by territory.
fn log(plays: &[(&str, u32)]) -> String {
    let mut text = String::from(
        "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,\
         Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,\
         Release Name,Item Identifier Code,Item Artist,Item Name\n",
    );
    for (territory, count) in plays {
        for number in 0..*count {
            writeln!(
                text,
                "2026-11-10,4021,s{territory}{number},2026-10-05T10:00:00Z,33,{territory},online,u1,Svc,X1,60,200,d,k,prem,,A,\
                 Label X,,R,GBAAX2600001,A,T"
            )
            .unwrap();
        }
    }
    text
}

/// The lines of the statement behind the rows of `label.standard`.
fn lines(sandbox: &Sandbox, name: &str) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(sandbox.path(name)).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let behind = rows.iter().filter(|row| row.get(2) == Some("EUR"));
    behind.map(|row| (row[0].to_lowercase().replace(' ', "-"), row[1].to_owned())).collect()
}

/// The cells of a column of the rows that have an amount.
fn cells(sandbox: &Sandbox, name: &str, heading: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(sandbox.path(name)).unwrap();
    let place = |wanted: &str, reader: &mut csv::Reader<_>| {
        reader.headers().unwrap().iter().position(|heading| heading == wanted).unwrap()
    };
    let (wanted, amount) = (place(heading, &mut reader), place("Amount", &mut reader));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    rows.iter().filter(|row| !row[amount].is_empty()).map(|row| row[wanted].to_owned()).collect()
}

fn convert(sandbox: &Sandbox, more: &[&str]) -> CommandRun {
    let words = [
        "convert",
        "in.csv",
        "--agreement",
        "deal.toml",
        "--period",
        "2026-10",
        "--to",
        "label.standard",
        "-o",
        "out.csv",
        "--explain-amounts",
        "why.jsonl",
        "--overwrite",
        "--receipt",
        "receipt.json",
    ];
    sandbox.run(&[&words[..], more].concat())
}

/// Of runs on one file of balances at once, each either adds its account or says that another was
/// quicker.
#[test]
fn runs_at_once_lose_no_account() {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", log(&[("GB", 4)]));
    let advance = "[deal.advance]\namount = \"8000.00\"\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n";
    let ids: Vec<String> = (0..16).map(|number| format!("deal-{number}")).collect();
    let mut running = Vec::new();
    for id in &ids {
        let deal = deal(id, "counts = \"all\"", "model = \"per-play\"\nrate = \"25\"", "statement");
        sandbox.put(&format!("{id}.toml"), format!("{HEAD}{STREAMS}{deal}{advance}"));
    }
    for id in &ids {
        let (agreement, output) = (format!("{id}.toml"), format!("{id}.csv"));
        let words = ["convert", "in.csv", "--agreement", &agreement, "--period", "2026-10", "--to"];
        let more = ["label.standard", "-o", &output, "--balances", "balances.toml"];
        let mut command = sandbox.command(&[&words[..], &more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        running.push((id, command.spawn().unwrap()));
    }
    let mut added = 0;
    for (id, child) in running {
        let ran = CommandRun::from(child.wait_with_output().unwrap());
        let balances = String::from_utf8(sandbox.read("balances.toml")).unwrap();
        let has_account = balances.contains(&format!("deal = {id:?}"));
        assert_eq!(has_account, ran.code == 0, "{id}: {} {}\n{balances}", ran.code, ran.err);
        // The report is there with the account, or neither is.
        assert_eq!(sandbox.path(&format!("{id}.csv")).exists(), has_account);
        if has_account {
            added += 1;
        } else {
            ran.ends(2).says("CLI0501");
        }
    }
    assert!(added > 0);
}

#[test]
fn tax_is_withheld_of_earnings_or_of_the_payment_or_added_to_it() {
    let advance = "[deal.advance]\namount = \"8000.00\"\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n";
    // 400 plays at 25.00; 8,000.00 of an advance are left.
    for (base, expected) in [
        ("earnings", ["10000.00", "10000.00", "1000.00", "9000.00", "8000.00", "0.00", "1000.00"]),
        ("payment", ["10000.00", "10000.00", "200.00", "10000.00", "8000.00", "0.00", "1800.00"]),
        ("gross-up", ["10000.00", "10000.00", "222.22", "10000.00", "8000.00", "222.22", "2000.00"]),
    ] {
        let sandbox = Sandbox::new();
        sandbox.put("in.csv", log(&[("GB", 400)]));
        let terms = format!("counts = \"all\"\nwithholding = \"10\"\nwithholding-from = {base:?}");
        let deal = deal("x", &terms, "model = \"per-play\"\nrate = \"25\"", "statement");
        sandbox.put("deal.toml", format!("{HEAD}{STREAMS}{deal}{advance}"));
        let run = convert(&sandbox, &["--balances", "balances.toml"]).ends(0);
        let stated = lines(&sandbox, "out.csv");
        let [gross, share, withheld, earned, recouped, grossed_up, payable] = expected;
        let wanted =
            [gross, share, withheld, earned, "0.00", recouped, "0.00", grossed_up, payable, "0.00", "0.00"];
        let wanted: BTreeMap<String, String> =
            AMOUNTS.iter().zip(wanted).map(|(key, amount)| ((*key).to_owned(), amount.to_owned())).collect();
        assert_eq!(stated, wanted, "{base}");
        // The same in the receipt, the explanation, on the terminal and in the balances.
        let receipt: Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
        let of_receipt = receipt.to_string();
        for (key, amount) in &wanted {
            assert!(of_receipt.contains(&format!("{key:?}:{amount:?}")), "{base} {key}: {of_receipt}");
            if amount != "0.00" {
                assert!(run.err.contains(amount), "{base} {key}: {}", run.err);
            }
        }
        let why = String::from_utf8(sandbox.read("why.jsonl")).unwrap();
        let account: Value = serde_json::from_str(why.lines().last().unwrap()).unwrap();
        for (key, amount) in &wanted {
            let key = if key == "adjusted" { "adjustments" } else { key };
            let shown = account[key].as_str().unwrap().to_owned();
            assert_eq!(
                shown.parse::<f64>().unwrap().to_bits(),
                amount.parse::<f64>().unwrap().to_bits(),
                "{key}"
            );
        }
        let balances = String::from_utf8(sandbox.read("balances.toml")).unwrap();
        for line in [
            format!("recouped = {recouped:?}"),
            format!("payable = {payable:?}"),
            format!("earned = {earned:?}"),
        ] {
            assert!(balances.contains(&line), "{base}: {balances}");
        }
        // What was entered is read again, and follows.
        convert(&sandbox, &["--balances", "balances.toml", "--redo"]).ends(0);
    }
}

#[test]
fn what_tax_is_withheld_of_is_asked_for_beside_an_advance() {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", log(&[("GB", 1)]));
    let deal = deal(
        "x",
        "counts = \"all\"\nwithholding = \"10\"",
        "model = \"per-play\"\nrate = \"25\"",
        "statement",
    );
    let advance = "[deal.advance]\namount = \"8000.00\"\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n";
    sandbox.put("deal.toml", format!("{HEAD}{STREAMS}{deal}{advance}"));
    convert(&sandbox, &[]).ends(2).says("DEA0502").says("withholding-from");
    assert!(!sandbox.path("out.csv").exists());
}

#[test]
fn rows_show_gross_amount_share_and_what_is_withheld() {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", log(&[("GB", 3), ("DE", 2)]));
    // 0.85 x 0.90 of 1.10 a play.
    let terms = "counts = \"all\"\nshare = \"85\"\nwithholding = \"10\"";
    let deal = deal("x", terms, "model = \"per-play\"\nrate = \"1.10\"", "statement");
    sandbox.put("deal.toml", format!("{HEAD}{STREAMS}{deal}"));
    convert(&sandbox, &[]).ends(0);
    // 5.50 gross, 4.675 share, 4.2075 earned, 0.4675 withheld.
    let stated = lines(&sandbox, "out.csv");
    assert_eq!([&stated["gross"], &stated["earned"], &stated["withheld"]], ["5.50", "4.21", "0.47"]);
    assert_eq!(stated["share"], "4.68");
    let sum = |heading: &str| {
        let cells = cells(&sandbox, "out.csv", heading);
        cells.iter().map(|cell| cell.replace('.', "").parse::<i64>().unwrap()).sum::<i64>()
    };
    assert_eq!((sum("Gross amount"), sum("Amount"), sum("Withheld")), (550, 421, 47));
    assert_eq!(cells(&sandbox, "out.csv", "Share %"), ["85", "85"]);
}

#[test]
fn rows_that_are_rounded_one_by_one_are_the_same_in_every_layout_and_keep_an_account() {
    let layout = "id = \"label.merged\"\ntitle = \"By track\"\ndirections = [\"read\", \"write\"]\ngrain = \"aggregate\"\n\
        reference = \"own\"\nconfidence = \"high\"\n[table]\ndelimiter = \";\"\n[[column]]\nheading = \"ISRC\"\n\
        field = \"recording.isrc\"\n[[column]]\nheading = \"Streams\"\nfield = \"usage.quantity\"\nkind = \"integer\"\n\
        [[column]]\nheading = \"EUR\"\nfield = \"usage.amount\"\nkind = \"money\"\n";
    let sandbox = Sandbox::new();
    sandbox.put("layout.toml", layout);
    sandbox.put("in.csv", log(&[("GB", 1), ("DE", 1), ("FR", 1), ("US", 1), ("SE", 1)]));
    let deal = deal("x", "counts = \"all\"", "model = \"per-play\"\nrate = \"0.005\"", "row");
    let advance = "[deal.advance]\namount = \"0.02\"\npaid = \"in-advance\"\nfirst = \"2026-10\"\nlast = \"2027-09\"\nafter-last = \"carried\"\n";
    sandbox.put("deal.toml", format!("{HEAD}{STREAMS}{deal}{advance}"));
    convert(&sandbox, &["--balances", "balances.toml"]).ends(0);
    // Five territories at half a cent, each rounded up.
    assert_eq!(cells(&sandbox, "out.csv", "Amount"), ["0.01"; 5]);
    let stated = lines(&sandbox, "out.csv");
    assert_eq!([&stated["earned"], &stated["recouped"], &stated["payable"]], ["0.05", "0.02", "0.03"]);
    let merged = [
        "convert",
        "in.csv",
        "--agreement",
        "deal.toml",
        "--period",
        "2026-10",
        "--layout",
        "layout.toml",
        "--to",
        "label.merged",
        "-o",
        "merged.csv",
        "--balances",
        "others.toml",
    ];
    sandbox.run(&merged).ends(0);
    let merged = String::from_utf8(sandbox.read("merged.csv")).unwrap();
    assert!(merged.contains("GBAAX2600001;5;0.05"), "{merged}");
    assert_eq!(sandbox.read("balances.toml"), sandbox.read("others.toml"));
}

const SHOP: &str = r#"[price]
places = 4
rounding = "half-up"
[[shop]]
name = "Shop DE"
territory = "DE"
currency = "EUR"
tax = "19"
[[context]]
commercial-model = "PayAsYouGoModel"
use-type = "PermanentDownload"
[policies]
unmatched-refunds = "adjust"
[refunds]
cut-off-day = 4
cut-off-hour = 0
original-period = "2026-10"
"#;

/// Sales and refunds at 1.19, 1.00 without tax.
fn sales(rows: &[(&str, &str, &str)]) -> String {
    let mut text = String::from(
        "Account Creation Date,User ID,Sale ID,Sale Date,Release Date,Transaction Type,Item Name,Item Artist,\
         Item Identifier Code,Track Count,Item Identifier Code Type,Shop Name,Payment Provider,Revenue Including Tax,\
         Label Group Name,Basket ID,Partner Name,Format Group Desc,Genre\n",
    );
    for (sale, time, kind) in rows {
        let price = if *kind == "refund" { "-1.19" } else { "1.19" };
        writeln!(
            text,
            "2019-05-01,u1,{sale},{time},2026-03-06,{kind},T1,A,GBAAA2600001,1,Track,Shop DE,Card,{price},Label X,b-{sale},N,\
             MP3 320,Folk"
        )
        .unwrap();
    }
    text
}

fn late_refund(deals: &str) -> (Sandbox, CommandRun) {
    let sandbox = Sandbox::new();
    let rows = [
        ("s1", "2026-10-30T11:00:00Z", "sale"),
        ("s2", "2026-10-30T12:00:00Z", "sale"),
        ("s1", "2026-11-04T00:00:00Z", "refund"),
        ("s2", "2026-11-10T00:00:00Z", "refund"),
        ("n1", "2026-11-05T10:00:00Z", "sale"),
    ];
    sandbox.put("in.csv", sales(&rows));
    sandbox.put("deal.toml", format!("{HEAD}{SHOP}{deals}"));
    let words =
        ["convert", "in.csv", "--agreement", "deal.toml", "--period", "2026-11", "--to", "label.standard"];
    let run = sandbox.run(&[&words[..], &["-o", "out.csv", "--explain-amounts", "why.jsonl"]].concat());
    (sandbox, run)
}

#[test]
fn late_refunds_take_back_what_the_deal_of_their_sale_paid() {
    let retail =
        |share: &str| format!("model = \"retail-share\"\nbase = \"price-without-tax\"\nshare = {share:?}");
    let old = deal("old", "until = 2026-10-31", &retail("70"), "statement");
    let new = deal("new", "from = 2026-11-01", &retail("60"), "statement");
    let (sandbox, run) = late_refund(&format!("{old}{new}"));
    run.ends(0);
    assert_eq!(cells(&sandbox, "out.csv", "Amount"), ["0.60", "-1.40"]);
    assert_eq!(cells(&sandbox, "out.csv", "Deal"), ["new", "old"]);
    // Nothing says what the sales were paid.
    late_refund(&new).1.ends(2).says("DEA0539").says("2026-10");
    // What a pool paid for a sale follows from all plays of its period.
    let pool = "until = 2026-10-31\ncounts = \"all\"\nprevious = 1";
    let pooled = deal(
        "old",
        &pool.replace(
            "previous = 1",
            "pool = \"territory\"\ntotal = \"report\"\nmissing-duration = \"exclude\"",
        ),
        "model = \"revenue-share\"\nshare = \"60\"",
        "statement",
    );
    late_refund(&format!("{pooled}{new}")).1.ends(2).says("DEA0540").says("late-refund");
}

#[test]
fn layouts_with_columns_for_gross_and_share_state_them() {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", log(&[("GB", 335)]).replace(",prem,,A,", ",prem,5099910041482,A,"));
    // 2,231.10 gross; 85 per cent of it; ten per cent withheld.
    let deal = deal(
        "x",
        "counts = \"all\"\nshare = \"85\"\nwithholding = \"10\"",
        "model = \"per-play\"\nrate = \"6.66\"",
        "statement",
    );
    sandbox.put("deal.toml", format!("{HEAD}{STREAMS}{deal}"));
    let words = ["convert", "in.csv", "--agreement", "deal.toml", "--period", "2026-10"];
    sandbox.run(&[&words[..], &["--to", "label.believe.statement", "-o", "out.csv"]].concat()).ends(0);
    let text = String::from_utf8(sandbox.read("out.csv")).unwrap();
    assert!(text.lines().nth(1).unwrap().ends_with(";2231.10;0.85;1706.79"), "{text}");
}
