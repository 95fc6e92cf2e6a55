//! The dictionary of items: keys of three runs looked up by the chunk, against a map of the
//! standard library with joined keys.
//!
//! `cargo bench -p transpose-engine`. One thread, 200,000 keys of some 150 bytes, a few of which
//! are asked for most of the time.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail where it stands")]

use criterion::{Criterion, Throughput};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hint::black_box;

// The module itself, so that nothing has to be public for this.
#[path = "../src/aggregate/interner.rs"]
#[expect(dead_code, reason = "only the look-up is measured")]
mod dictionary;

use dictionary::{Interner, Key, NONE, hash};

const KEYS: u64 = 200_000;

/// How many rows a chunk of 256 KiB has.
const ROWS: usize = 870;

struct Item([Vec<u8>; 3]);

impl Key for &Item {
    fn space(&self) -> u32 {
        0
    }
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

fn item(number: u64) -> Item {
    let description = format!(
        "50999{number:08},An artist called {},Fjordlight Records,,Release {} of many,SENW026{:05},An artist called {},Title {number}",
        number / 40,
        number / 10,
        number % 100_000,
        number / 40,
    );
    Item([(48_000_000 + number).to_string().into_bytes(), b"214".to_vec(), description.into_bytes()])
}

/// Numbers of items, small ones far more often.
fn asked(rows: usize) -> Vec<u64> {
    let mut state = 2026_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % KEYS
    };
    (0..rows).map(|_| next().min(next()).min(next())).collect()
}

fn main() {
    let state = RandomState::default();
    let mut dictionary = Interner::default();
    let mut map: HashMap<Vec<u8>, u32> = HashMap::new();
    for number in 0..KEYS {
        let item = item(number);
        dictionary.insert(hash(&state, &&item), &&item, None).unwrap();
        map.insert(item.0.concat(), number as u32);
    }
    let rows: Vec<Item> = asked(64 * ROWS).into_iter().map(item).collect();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("look up");
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("dictionary, by the chunk", |bencher| {
        let (mut hashes, mut numbers) = (Vec::new(), Vec::new());
        bencher.iter(|| {
            for chunk in rows.chunks(ROWS) {
                hashes.clear();
                for item in chunk {
                    let hash = hash(&state, &item);
                    dictionary.expect(hash);
                    hashes.push(hash);
                }
                dictionary.find(&hashes, |index| chunk.get(index).unwrap(), &mut numbers);
                assert!(!black_box(&numbers).contains(&NONE));
            }
        });
    });
    group.bench_function("dictionary, one by one", |bencher| {
        bencher.iter(|| {
            for item in &rows {
                assert_ne!(black_box(dictionary.find_one(hash(&state, &item), &item)), NONE);
            }
        });
    });
    group.bench_function("map of the standard library", |bencher| {
        let mut joined = Vec::new();
        bencher.iter(|| {
            for item in &rows {
                joined.clear();
                item.0.iter().for_each(|run| joined.extend_from_slice(run));
                black_box(map.get(&joined).unwrap());
            }
        });
    });
    group.finish();
    criterion.final_summary();
}
