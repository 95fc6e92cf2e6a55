//! Which plays a deal pays, and when it refuses to. The amounts were worked out by hand.

use crate::support::{CommandRun, Sandbox};
use std::fmt::Write as _;

/// Plays of one kind: territory, plan, label, day of October, seconds, and how many of them.
type Plays<'a> = (&'a str, &'a str, &'a str, u8, u32, u32);

/// A log of plays.
fn log(kinds: &[Plays<'_>]) -> String {
    let mut text = String::from(
        "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,\
         Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,\
         Release Name,Item Identifier Code,Item Artist,Item Name\n",
    );
    let mut number = 0;
    for (territory, plan, label, day, seconds, plays) in kinds {
        for _ in 0..*plays {
            number += 1;
            writeln!(
                text,
                "2026-11-10,4021,s{number},2026-10-{day:02}T10:00:00Z,33,{territory},online,u1,Svc,T-{label},{seconds},200,d,k,\
                 {plan},,A,{label},,R,GBAAX2600001,A,T"
            )
            .unwrap();
        }
    }
    text
}

/// An agreement with one deal, of the given lines.
fn agreement(deal: &str) -> String {
    format!(
        "[sender]\nparty-id = \"PADPIDA0000000001O\"\nname = \"S\"\n[recipient]\nparty-id = \"PADPIDA0000000002M\"\nname = \"X\"\n\
         [message]\nservice = \"Svc\"\n[money]\ncurrency = \"EUR\"\n\
         [qualifying-play]\nminimum-seconds = 30\nbelow = \"not-royalty-bearing\"\n\
         [[context]]\nwhen = {{ plan = \"clip\" }}\ncommercial-model = \"FreeOfChargeModel\"\nuse-type = \"NonInteractiveStream\"\n\
         service = \"Clip\"\n\
         [[context]]\ncommercial-model = \"SubscriptionModel\"\nuse-type = \"OnDemandStream\"\nservice = \"Prem\"\n\
         [[deal]]\nid = \"X\"\nlabel = \"X\"\ncurrency = \"EUR\"\nterritories = \"Worldwide\"\nmissing-duration = \"exclude\"\n{deal}\n"
    )
}

const STATEMENT: &str = "[deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"statement\"\nallocation = \"largest-remainder\"\n";

/// Converts plays for one label under a deal.
fn convert(sandbox: &Sandbox, kinds: &[Plays<'_>], deal: &str, figures: &str) -> CommandRun {
    sandbox.put("in.csv", log(kinds));
    sandbox.put("deal.toml", agreement(deal));
    sandbox.put("figures.csv", figures);
    let words =
        ["convert", "in.csv", "--agreement", "deal.toml", "--figures", "figures.csv", "--period", "2026-10"];
    sandbox.run(
        &[&words[..], &["--to", "label.standard", "-o", "out.csv", "--explain-amounts", "why.jsonl"]]
            .concat(),
    )
}

/// The sum of the amounts of a report, in cents.
fn paid(sandbox: &Sandbox, name: &str) -> i64 {
    let mut reader = csv::Reader::from_path(sandbox.path(name)).unwrap();
    let amount = reader.headers().unwrap().iter().position(|heading| heading == "Amount").unwrap();
    let cents = |cell: &str| {
        let (whole, part) = cell.split_once('.').unwrap_or((cell, ""));
        format!("{whole}{part:0<2}").parse::<i64>().unwrap()
    };
    let records = reader.records().map(|record| record.unwrap().get(amount).unwrap().to_owned());
    // The lines of the statement behind the rows have no amount there.
    records.filter(|amount| !amount.is_empty()).map(|amount| cents(&amount)).sum()
}

const FIGURES: &str = "period,territory,plan,net-revenue,subscribers\n2026-10,GB,prem,1000.00,100\n2026-10,DE,prem,2000.00,200\n";

/// A job with one output of a label, by the given rule.
fn job(rule: &str) -> String {
    format!(
        "inputs = [\"in.csv\"]\nfigures = \"figures.csv\"\nperiod = \"2026-10\"\n[[output]]\nname = \"x\"\n\
         when = {{ label = \"X\"{rule} }}\nformat = \"label.standard\"\nagreement = \"deal.toml\"\nfile = \"x.csv\"\n"
    )
}

#[test]
fn rules_do_not_cut_what_there_is_to_share() {
    let sandbox = Sandbox::new();
    let deal = "counts = \"all\"\npool = \"overall\"\ntotal = \"service\"\n[[deal.model]]\nmodel = \"revenue-share\"\nshare = \"60\"\n";
    sandbox.put(
        "in.csv",
        log(&[
            ("GB", "prem", "X", 5, 60, 10),
            ("GB", "prem", "Y", 5, 60, 10),
            ("DE", "prem", "Y", 5, 60, 20),
        ]),
    );
    sandbox.put("deal.toml", agreement(&format!("{deal}{STATEMENT}")));
    sandbox.put("figures.csv", FIGURES);
    // 60 % of 3000 for 40 plays, of which 10 are X's.
    for rule in ["", ", territory = \"GB\"", ", territory = [\"GB\", \"FR\"]"] {
        sandbox.put("job.toml", job(rule));
        sandbox.run(&["run", "job.toml", "-o", "out/", "--overwrite"]).ends(0);
        assert_eq!(paid(&sandbox, "out/x.csv"), 45_000, "{rule}");
    }
}

#[test]
fn deals_pay_plays_of_their_own_days() {
    let kinds = [("GB", "prem", "X", 15, 60, 300), ("GB", "prem", "X", 16, 60, 100)];
    let model =
        "counts = \"all\"\npro-rating = \"days\"\n[[deal.model]]\nmodel = \"per-play\"\nrate = \"0.01\"\n";
    for (days, cents) in [("from = 2026-10-16", 100), ("until = 2026-10-15", 300), ("from = 2026-10-01", 400)]
    {
        let sandbox = Sandbox::new();
        convert(&sandbox, &kinds, &format!("{days}\n{model}{STATEMENT}"), FIGURES).ends(0);
        assert_eq!(paid(&sandbox, "out.csv"), cents, "{days}");
    }
}

#[test]
fn previews_of_any_length_count_where_previews_count() {
    let sandbox = Sandbox::new();
    let deal = "counts = \"qualified-and-previews\"\npreviews = [\"Clip\"]\npool = \"territory\"\ntotal = \"service\"\n\
                [[deal.model]]\nmodel = \"revenue-share\"\nshare = \"60\"\n";
    sandbox.put(
        "in.csv",
        log(&[
            ("GB", "prem", "X", 5, 60, 335),
            ("GB", "prem", "X", 5, 10, 15),
            ("GB", "clip", "X", 5, 20, 10),
            ("GB", "prem", "Y", 5, 60, 565),
            ("GB", "prem", "Y", 5, 10, 45),
            ("GB", "clip", "Y", 5, 20, 30),
        ]),
    );
    sandbox.put("deal.toml", agreement(&format!("{deal}{STATEMENT}")));
    sandbox.put(
        "figures.csv",
        "period,territory,plan,net-revenue\n2026-10,GB,prem,9990.00\n2026-10,GB,clip,0\n",
    );
    sandbox.put("job.toml", job(""));
    sandbox.run(&["run", "job.toml", "-o", "out/"]).ends(0);
    // 60 % of 9990.00 times 345 / 940: 335 plays of 30 s and 10 previews of 20 s.
    assert_eq!(paid(&sandbox, "out/x.csv"), 219_993);
}

#[test]
fn minima_without_plays_are_withheld_where_they_arise() {
    let sandbox = Sandbox::new();
    let deal = "counts = \"all\"\ngreater-of = \"tier\"\nsubscribers = \"counted\"\n\
                withholding = [{ territory = \"JP\", withholding = \"20.42\" }, { withholding = \"0\" }]\n\
                [[deal.model]]\nmodel = \"per-play\"\nrate = \"0\"\n\
                [[deal.model]]\nmodel = \"fixed-subscriber-minimum\"\nminimum = \"1\"\n";
    let figures =
        "period,territory,plan,subscribers\n2026-10,DE,prem,0\n2026-10,DE,clip,100\n2026-10,JP,clip,100\n";
    convert(&sandbox, &[("DE", "prem", "X", 5, 60, 1)], &format!("{deal}{STATEMENT}"), figures).ends(0);
    // 100 from Germany, and 100 less 20.42 % from Japan.
    let why = std::fs::read_to_string(sandbox.path("why.jsonl")).unwrap();
    assert!(why.contains("\"payable\":\"179.58\""), "{why}");
}

#[test]
fn refuses_what_cannot_be_worked_out() {
    let plays = [("GB", "prem", "X", 5, 60, 10)];
    let unit = "counts = \"all\"\n[[deal.model]]\nmodel = \"per-play\"\nrate = \"0.0041\"\n\
                [deal.rounding]\nplaces = 2\nmode = \"half-up\"\nat = \"unit\"\n";
    let sandbox = Sandbox::new();
    convert(&sandbox, &plays, unit, FIGURES).ends(2).says("DEA0537").says("0.041 is due");
    assert!(!sandbox.path("out.csv").exists());

    let users = "counts = \"qualified\"\npreviews = \"none\"\ntotal = \"service\"\n[[deal.model]]\nmodel = \"user-centric\"\n\
                 share = \"70\"\nfee = \"unit-price\"\nidle-users = \"unallocated\"\n";
    let figures =
        "period,territory,plan,net-revenue,subscribers,users,unit-price\n2026-10,GB,prem,30.00,3,3,10.00\n";
    convert(&sandbox, &plays, &format!("{users}{STATEMENT}"), figures)
        .ends(2)
        .says("DEA0538")
        .says("transpose run");
    assert!(!sandbox.path("out.csv").exists());

    let plain = "counts = \"all\"\n[[deal.model]]\nmodel = \"per-play\"\nrate = \"0.01\"\n";
    convert(&sandbox, &plays, &format!("{plain}{STATEMENT}"), FIGURES).ends(0);
    let again = [
        "convert",
        "out.csv",
        "--agreement",
        "deal.toml",
        "--period",
        "2026-10",
        "--to",
        "label.standard",
        "-o",
        "again.csv",
    ];
    sandbox.run(&again).ends(2).says("ENG0705");
    assert!(!sandbox.path("again.csv").exists());
}
