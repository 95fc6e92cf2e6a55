//! Text in other encodings, and columns that the command adds, read through the public way.

mod support;

use support::{codes, how, open, refusal, text};
use transpose_containers::read::ReadOptions;

#[test]
fn plain_text_is_handed_back_untouched() {
    for bytes in [&b"a,b\n1,2\n"[..], "\u{feff}a,b\n\u{e9},2\n".as_bytes(), b"", b"\x00\x01\x02binary"] {
        let input = open(bytes, &how()).unwrap();
        assert_eq!(input.container(), None);
        assert_eq!(input.head(1000).unwrap(), bytes);
    }
}

#[test]
fn utf_16_is_read_with_and_without_a_mark() {
    let line =
        "Stream ID,Item Name,Country of the listener who played it,Plan\n1,Bj\u{f6}rk \u{1f3b5},GB,x\n";
    let units = || line.encode_utf16();
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for (mark, bytes, name) in [
        (&b"\xff\xfe"[..], &little, "utf-16le"),
        (b"\xfe\xff", &big, "utf-16be"),
        (b"", &little, "utf-16le"),
        (b"", &big, "utf-16be"),
    ] {
        let how = how();
        let input = open(&[mark, bytes].concat(), &how).unwrap();
        assert_eq!((input.container(), text(&input).unwrap().as_str()), (Some(name), line));
        assert_eq!(codes(&how), ["CON0102"]);
    }
}

#[test]
fn older_encodings_are_guessed_and_told() {
    let western = b"Artist,Title\nBj\xf6rk,J\xf3ga\nSigur R\xf3s,H\xe6\xf0 \x96 live\nMot\xf6rhead,Caf\xe9\n";
    let guess = how();
    let input = open(western, &guess).unwrap();
    assert_eq!(input.container(), Some("windows-1252"));
    assert_eq!(
        text(&input).unwrap(),
        "Artist,Title\nBj\u{f6}rk,J\u{f3}ga\nSigur R\u{f3}s,H\u{e6}\u{f0} \u{2013} live\nMot\u{f6}rhead,Caf\u{e9}\n"
    );
    assert_eq!(codes(&guess), ["CON0101"]);
    // "Artist" and "song" in Shift_JIS.
    let japanese =
        b"\x83A\x81[\x83e\x83B\x83X\x83g,\x8b\xc8\x96\xbc\n\x89F\x91\xbd\x93c\x83q\x83J\x83\x8b,First Love\n";
    let guess = how();
    let input = open(japanese, &guess).unwrap();
    assert_eq!(input.container(), Some("shift_jis"));
    assert_eq!(
        text(&input).unwrap(),
        "\u{30a2}\u{30fc}\u{30c6}\u{30a3}\u{30b9}\u{30c8},\u{66f2}\u{540d}\n\u{5b87}\u{591a}\u{7530}\u{30d2}\u{30ab}\u{30eb},First Love\n"
    );
}

#[test]
fn the_command_decides_and_malformed_bytes_are_located() {
    let reported = ReadOptions { encoding: Some("Shift_JIS".into()), ..how() };
    let input = open(b"a,b\n1,\x89F\n2,\xff\n3,\xff\xff\n", &reported).unwrap();
    assert_eq!(text(&input).unwrap(), "a,b\n1,\u{5b87}\n2,\u{fffd}\n3,\u{fffd}\u{fffd}\n");
    let notes = reported.diagnostics.take();
    let lines: Vec<_> = notes.iter().map(|note| (note.code.id, note.location.line)).collect();
    assert_eq!(lines, [("CON0102", None), ("CON0103", Some(3)), ("CON0103", Some(4)), ("CON0103", Some(4))]);
    let unknown = ReadOptions { encoding: Some("klingon".into()), ..how() };
    assert_eq!(refusal(open(b"a,b\n", &unknown)), "CON0104");
}

#[test]
fn a_damaged_byte_makes_no_other_encoding() {
    let bytes = "Artist\nBj\u{f6}rk\n".bytes().chain(*b"\xff\n").collect::<Vec<_>>();
    assert_eq!(open(&bytes, &how()).unwrap().container(), None);
    // The last letter of what is looked at may be cut.
    let mut long = "x".repeat((64 << 10) - 1).into_bytes();
    long.extend_from_slice("\u{f6}\n".as_bytes());
    assert_eq!(open(&long, &how()).unwrap().container(), None);
}

#[test]
fn what_a_format_knows_as_it_is_stays_as_it_is() {
    let bytes = b"HEAD\t1\tBj\xf6rk\n".to_vec();
    let input = transpose_io::Input::from_bytes("in", bytes.clone());
    let input = transpose_containers::read::open(input, &how(), &|head| head.starts_with(b"HEAD\t")).unwrap();
    assert_eq!((input.container(), input.head(100).unwrap()), (None, bytes));
}

#[test]
fn columns_are_added_to_plain_text() {
    let added = ReadOptions { columns: vec![("country".into(), "GB".into())], ..how() };
    let input = open(b"a;b\r\n1;\"x\ny\"\r\n\r\n2;3", &added).unwrap();
    assert_eq!(text(&input).unwrap(), "a;b;country\r\n1;\"x\ny\";GB\r\n\r\n2;3;GB");
    let input = open(b"a,Country\n1,2\n", &added).unwrap();
    assert_eq!(refusal(text(&input)), "CON0105");
}

#[test]
fn long_text_keeps_every_letter() {
    let line = "1,\u{e9}t\u{e9} \u{1f3b5},\u{5b87}\n".repeat(60_000);
    let bytes: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let input = open(&[&b"\xff\xfe"[..], &bytes].concat(), &how()).unwrap();
    assert!(text(&input).unwrap() == line);
    // The same once more.
    assert!(text(&input.again(1).unwrap().unwrap()).unwrap() == line);
}
