//! Events through the canonical table and back.

use crate::support::{Sandbox, example, root};

const EVENTS: &str = "canonical.events";

/// The input of a case in canonical form.
fn case(format: &str) -> String {
    root().join("snapshots/cases").join(format).join("minimal/input.csv").to_str().unwrap().to_owned()
}

#[test]
fn reports_come_back_as_the_same_bytes() {
    for template in ["subscription", "catalogue", "preview", "download"] {
        let format = format!("massivemusic.client-usage.{template}");
        for input in [case(&format), example("subscription-2026-10.csv")] {
            if template != "subscription" && input.contains("examples") {
                continue;
            }
            let sandbox = Sandbox::new();
            sandbox.run(&["convert", &input, "--to", EVENTS, "-o", "events.csv"]).ends(0);
            sandbox.run(&["convert", "events.csv", "--to", &format, "-o", "back.csv"]).ends(0);
            // Another program wrote the example, so the round trip begins with what we write of it.
            sandbox.run(&["convert", &input, "--to", &format, "-o", "once.csv"]).ends(0);
            assert!(sandbox.read("back.csv") == sandbox.read("once.csv"), "{input}");
            sandbox.run(&["convert", "back.csv", "--to", EVENTS, "-o", "again.csv"]).ends(0);
            assert!(sandbox.read("again.csv") == sandbox.read("events.csv"), "{input}");
        }
    }
}

#[test]
fn columns_are_those_of_the_source() {
    let sandbox = Sandbox::new();
    let rows = "event.id,event.time,event.duration,recording.title,recording.artist,event.user\n\
        e1,2026-10-01T00:00:00.1234567Z,PT0S,,\"\",u1\n\
        e2,2026-10-01T00:00:01+02:00,PT1M30.5S,\"a, \"\"b\"\"\",=1+1,\n";
    sandbox.put("events.csv", rows);
    sandbox.run(&["convert", "events.csv", "--to", EVENTS, "-o", "again.csv"]).ends(0);
    let again = String::from_utf8(sandbox.read("again.csv")).unwrap();
    let expected = "recording.title,recording.artist,event.id,event.time,event.duration,event.user\n\
        ,\"\",e1,2026-10-01T00:00:00.1234567Z,PT0S,u1\n\
        \"a, \"\"b\"\"\",=1+1,e2,2026-10-01T00:00:01+02:00,PT1M30.5S,\n";
    assert_eq!(again, expected);
    sandbox.run(&["convert", "again.csv", "--to", EVENTS, "--user-ids", "drop", "-o", "-"]).ends(0);
}
