//! JSON and XML records as tables.

mod support;

use support::{codes, fatal, how, open, read, refusal, text};
use transpose_containers::read::ReadOptions;

#[test]
fn a_body_gives_its_items_what_stands_around_them() {
    let body = r#"{"userId": 7, "country": "GB", "playLogItem": [
        {"trackId": 1, "releaseId": "2", "dateTimePlayed": "2014-03-13T11:39:28.8981203Z", "userAgent": "a,\"b\""},
        {"trackId": 12345678901234567890, "totalTimePlayed": 1.50, "userAgent": null, "country": "FR"}]}"#;
    let table = "userId,country,trackId,releaseId,dateTimePlayed,userAgent,totalTimePlayed\n\
        7,GB,1,2,2014-03-13T11:39:28.8981203Z,\"a,\"\"b\"\"\",\n\
        7,FR,12345678901234567890,,,,1.50\n";
    assert_eq!(read(body.as_bytes()), table);
    // Keys have no order: what is behind the items belongs to them too.
    let behind =
        r#"{"playLogItem":[{"trackId":1},{"trackId":2,"country":"FR"}],"meta":{"userId":7},"country":"GB"}"#;
    assert_eq!(read(behind.as_bytes()), "country,trackId,meta.userId\nGB,1,7\nFR,2,7\n");
}

#[test]
fn lists_lines_and_bodies_in_a_row_are_tables() {
    for text in [
        "[{\"a\":1,\"b\":\"x\"},{\"b\":\"\",\"a\":2}]",
        "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"\",\"a\":2}\n",
        "\u{feff}{\"logs\":[{\"a\":1,\"b\":\"x\"},{\"b\":\"\",\"a\":2}]}",
        "{\"logs\":[{\"a\":1,\"b\":\"x\"}]}{\"logs\":[]} {\"logs\":[{\"b\":\"\",\"a\":2}]}",
        "{\"items\":[{\"a\":1,\"b\":\"x\"},{\"b\":\"\",\"a\":2}]}",
    ] {
        assert_eq!(read(text.as_bytes()), "a,b\n1,x\n2,\"\"\n", "{text}");
    }
    assert_eq!(read(b"{\"a\":true}"), "a\ntrue\n");
    // A row with nothing in it is a row.
    assert_eq!(read(b"[{\"a\":null},{\"a\":1}]"), "a\n\"\"\n1\n");
}

#[test]
fn inner_objects_are_columns_and_lists_are_cells() {
    let text = r#"[{"id":1,"track":{"id":2,"by":{"name":"x"}},"tags":["a",{"b":[1,null,"c\"d"]},[]]}]"#;
    assert_eq!(
        read(text.as_bytes()),
        "id,tags,track.id,track.by.name\n1,\"[\"\"a\"\",{\"\"b\"\":[1,null,\"\"c\\\"\"d\"\"]},[]]\",2,x\n"
    );
}

#[test]
fn several_bodies_keep_their_own_values() {
    let text = r#"[{"userId":1,"playLogItem":[{"t":1},{"t":2}]},{"playLogItem":[{"t":3}],"userId":2}]"#;
    assert_eq!(read(text.as_bytes()), "userId,t\n1,1\n1,2\n2,3\n");
}

#[test]
fn xml_bodies_are_tables() {
    let text = "<?xml version=\"1.0\"?>\n<playLog xmlns=\"urn:x\"><userId>7</userId><!-- c -->\n\
        <playLogItem id=\"1\"><trackId>1</trackId><title>A &amp; B &#x1f3b5;</title><agent/></playLogItem>\n\
        <playLogItem><trackId> 2 </trackId><title><![CDATA[<x>]]></title></playLogItem>\n\
        <country>GB</country></playLog>\n";
    assert_eq!(
        read(text.as_bytes()),
        "userId,country,id,trackId,title,agent\n7,GB,1,1,A & B \u{1f3b5},\"\"\n7,GB,,2,<x>,\n"
    );
    let repeated = "<r><row><a>1</a><b><c>x</c></b></row><row><a>2</a></row></r>";
    assert_eq!(read(repeated.as_bytes()), "a,b.c\n1,x\n2,\n");
    let western =
        b"<?xml version='1.0' encoding='ISO-8859-1'?><r><row><a>\xe9</a></row><row><a>x</a></row></r>";
    assert_eq!(read(western), "a\n\u{e9}\nx\n");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, code, line) in [
        ("[{\"a\":1},\n{\"a\":}]", "CON0110", 2),
        ("[{\"a\":1},\n{\"a\":2}", "CON0110", 2),
        ("<r><row><a>1</a></row>\n<row><a>2</b></row></r>", "CON0110", 2),
        ("<r><row><a>1</a></row>\n<row>", "CON0110", 2),
        ("<r><row><a>&nothing;</a></row></r>", "CON0110", 1),
    ] {
        let error = support::text(&open(text.as_bytes(), &how()).unwrap()).unwrap_err();
        let diagnostic = &fatal(&error).diagnostics[0];
        assert_eq!(
            (diagnostic.code.id, diagnostic.location.line),
            (code, Some(line)),
            "{text}: {}",
            diagnostic.message
        );
        assert_eq!(diagnostic.location.source.as_deref(), Some("in.x"));
    }
    assert_eq!(refusal(text(&open(b"[]", &how()).unwrap())), "CON0109");
    let deep = format!("{}{}", "[".repeat(200), "{");
    assert_eq!(refusal(text(&open(format!("[{{}},{deep}").as_bytes(), &how()).unwrap())), "CON0108");
    let deep = format!("<r><a><b/></a><a><b/></a>{}", "<x>".repeat(200));
    assert_eq!(refusal(text(&open(deep.as_bytes(), &how()).unwrap())), "CON0108");
    let long = format!("<r><a><b>{}</b></a><a><b/></a></r>", "x".repeat(3 << 20));
    assert_eq!(refusal(text(&open(long.as_bytes(), &how()).unwrap())), "CON0108");
}

#[test]
fn what_is_no_record_is_told_and_not_read() {
    let found = how();
    let input = open(b"{\"logs\":[{\"a\":1},5,{\"a\":2,\"a\":3}]}\n{\"other\":1}\n", &found).unwrap();
    assert_eq!(text(&input).unwrap(), "other,a\n,1\n,2\n");
    let notes = found.diagnostics.take();
    let seen: Vec<_> = notes.iter().map(|note| (note.code.id, note.location.line)).collect();
    assert!(seen.contains(&("CON0112", Some(1))) && seen.contains(&("CON0112", Some(2))), "{seen:?}");
    assert!(seen.contains(&("CON0113", Some(1))), "{seen:?}");
}

#[test]
fn columns_are_added_to_records() {
    let added = ReadOptions {
        columns: vec![("country".into(), "GB".into()), ("user".into(), "a,b".into())],
        ..how()
    };
    let input = open(b"[{\"a\":1},{\"a\":2}]", &added).unwrap();
    assert_eq!(text(&input).unwrap(), "a,country,user\n1,GB,\"a,b\"\n2,GB,\"a,b\"\n");
    assert_eq!(refusal(text(&open(b"[{\"Country\":1}]", &added).unwrap())), "CON0105");
}

#[test]
fn keys_that_come_late_are_found_by_the_layouts_or_told() {
    let first = "{\"trackId\":1,\"userId\":2}\n".repeat(60_000);
    let late = format!("{first}{{\"trackId\":1,\"userId\":2,\"userAgent\":\"x\",\"strange\":1}}\n");
    let known = ReadOptions {
        records: vec![vec!["trackId".into(), "userId".into(), "userAgent".into()], vec!["other".into()]],
        ..how()
    };
    let table = text(&open(late.as_bytes(), &known).unwrap()).unwrap();
    assert!(table.starts_with("trackId,userId,userAgent\n1,2,\n") && table.ends_with("\n1,2,x\n"));
    let notes = known.diagnostics.take();
    let seen: Vec<_> = notes.iter().map(|note| (note.code.id, note.location.line)).collect();
    assert_eq!(seen, [("CON0111", Some(60_001))]);
}

/// Rows wait for the values around them only up to a limit; beyond it the values are reported to be
/// late.
#[test]
fn a_long_list_does_not_wait_for_what_stands_behind_it() {
    let items = (0..200_000).map(|n| format!("{{\"t\":{n},\"text\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}}"));
    let body = format!("{{\"u\":1,\"logs\":[{}],\"count\":5}}", items.collect::<Vec<_>>().join(","));
    let found = how();
    let table = text(&open(body.as_bytes(), &found).unwrap()).unwrap();
    assert_eq!(table.lines().count(), 200_001);
    assert!(table.lines().skip(1).all(|line| line.starts_with("1,")));
    assert_eq!(codes(&found), ["CON0111"]);
}
