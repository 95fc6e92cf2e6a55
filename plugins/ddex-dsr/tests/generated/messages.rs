//! The messages keep the rules, as `check_message.py` understands them.

use super::{folder, generator, wishes, write};
use ddex_dsr::facts;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use transpose_records::spec::Obligation;
use transpose_testkit::dsr::{Fill, MessageRequest};

/// What `check_message.py` says about folders of messages.
pub(crate) fn said(options: &[&str], folders: &[PathBuf]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check_message.py");
    let output = Command::new("python3").arg(&script).args(options).args(folders).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.success(), text.is_empty());
    text
}

#[test]
fn messages_of_every_profile_keep_the_rules() {
    let root = folder("generated-messages");
    let mut folders = Vec::new();
    for profile in facts::profiles() {
        for wish in wishes() {
            let folder = root.join(format!("{}-{}-{}", profile.profile, profile.version, wish.seed));
            for file in generator(profile, wish).message() {
                write(&folder, &file.name, &file.text());
            }
            folders.push(folder);
        }
    }
    assert_eq!(folders.len(), facts::profiles().len() * 36);
    let said = said(&[], &folders);
    assert_eq!(said, "", "{}", root.display());
}

#[test]
fn tabs_in_titles_are_escaped() {
    let root = folder("generated-tabs");
    let wish = MessageRequest { blocks: 20, tabs: true, ..MessageRequest::default() };
    for file in generator(&facts::profiles()[0], wish).message() {
        write(&root, &file.name, &file.text());
    }
    assert_eq!(said(&["--tabs"], std::slice::from_ref(&root)), "");
    assert!(said(&[], &[root]).contains("holds a control character"));
}

#[test]
fn every_record_and_every_cell_is_filled_somewhere() {
    let mut open = BTreeSet::new();
    for profile in facts::profiles() {
        let mut filled: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
        profile.structure.records(&mut |name| {
            let spec = facts::bound(name, profile).unwrap();
            // Records of an older version that a newer one replaces are not written.
            filled.entry(spec.name).or_insert_with(|| vec![false; spec.cells.len()]);
        });
        for wish in wishes() {
            for line in generator(profile, wish).message().iter().flat_map(|file| &file.lines) {
                let known = filled.get_mut(line.record.name).unwrap();
                for (cell, text) in known.iter_mut().zip(&line.cells) {
                    *cell |= !text.is_empty();
                }
            }
        }
        for (name, cells) in filled {
            let spec = facts::bound(name, profile).unwrap();
            for (cell, filled) in spec.cells.iter().zip(cells) {
                if !filled && !cell.name.starts_with("Deprecated") {
                    open.insert(format!("{} {} {name} {}", profile.profile, profile.version, cell.name));
                }
            }
        }
    }
    // The page of this profile lists two versions of SY05, of which the newer is written.
    open.retain(|cell| !cell.starts_with("BasicAudioProfile 1.3 SY05.02 "));
    assert_eq!(open, BTreeSet::new());
}

#[test]
fn cells_that_may_stay_empty_do_so_on_request() {
    for profile in facts::profiles() {
        let wish = MessageRequest { fill: Fill::Mandatory, blocks: 8, ..MessageRequest::default() };
        let (mut filled, mut all) = (0, 0);
        for line in generator(profile, wish).message().iter().flat_map(|file| &file.lines) {
            for (cell, text) in line.record.cells.iter().zip(&line.cells) {
                if cell.obligation != Obligation::Mandatory {
                    all += 1;
                    filled += usize::from(!text.is_empty());
                }
            }
        }
        assert!(filled * 3 < all, "{} {}: {filled} of {all}", profile.profile, profile.version);
    }
}

#[test]
fn same_wish_gives_same_bytes() {
    for profile in facts::profiles() {
        let wish = MessageRequest { seed: 77, blocks: 9, contexts: 4, fill: Fill::All, files: 2, tabs: true };
        let text = |wish| -> Vec<String> {
            generator(profile, wish)
                .message()
                .iter()
                .map(|file| file.name.clone() + "\n" + &file.text())
                .collect()
        };
        assert_eq!(text(wish), text(wish));
        assert_ne!(text(wish), text(MessageRequest { seed: 78, ..wish }));
    }
}

#[test]
fn the_check_sees_what_is_wrong() {
    let profile =
        facts::profiles().iter().find(|known| known.profile == "UGCProfile" && known.version == "1.4");
    let wish = MessageRequest { blocks: 12, fill: Fill::All, ..MessageRequest::default() };
    let [file] = &generator(profile.unwrap(), wish).message()[..] else { panic!() };
    let root = folder("generated-faults");
    let mut folders = Vec::new();
    let mut expected = Vec::new();
    let mut spoil = |record: &str, cell: &str, value: &str, says: &str| {
        let mut file = file.clone();
        let line = file.lines.iter_mut().find(|line| line.record.name == record).unwrap();
        let at = line.record.cell(cell).unwrap().number as usize - 1;
        line.cells[at] = value.to_owned();
        folders.push(root.join(folders.len().to_string()));
        write(folders.last().unwrap(), &file.name, &file.text());
        expected.push(format!("{} {record}: {says}", folders.last().unwrap().display()));
    };
    spoil("SU03.03", "Usages", "0", "no usages");
    spoil("SU03.03", "DspResourceId", "T0", "no resource with id T0");
    spoil("SU03.03", "SummaryRecordId", "S99", "no summary record S99");
    spoil("AS02.04", "MusicalWorkISWC", "T9000000001", "whose check character is wrong");
    spoil("AS02.04", "ResourceType", "Noise", "ResourceType is Noise, not in ResourceType");
    spoil("AS02.04", "ResourceTitle", "", "ResourceTitle is empty");
    spoil("LI01.04", "RightsType", "", "RightsType without RightSharePercentage");
    spoil("ST01.01", "Usages", "99999", "the parts of a usage are not the whole");
    spoil("RU01.03", "Usages", "1|2|3|4", "lists of releases differ in length");
    spoil("FOOT", "NumberOfLinesInFile", "7", "NumberOfLinesInFile is 7, counted");
    let said = said(&[], &folders);
    for (folder, text) in folders.iter().zip(&expected) {
        let says = text.rsplit_once(": ").unwrap().1;
        let folder = format!("{}: ", folder.display());
        assert!(said.lines().any(|line| line.starts_with(&folder) && line.contains(says)), "{text}\n{said}");
    }
}
