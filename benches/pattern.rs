//! How long does a pattern take, an ordinary one, a hostile one, and many at once?

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may stop at anything unexpected")]

use can_access_engine::pattern::{Pattern, PatternSet, Syntax};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use wildmatch::WildMatch;

const PATTERNS: [&str; 8] = [
    "arn:aws:s3:::my-backups-oregon/467398596935/*_$folder$",
    "arn:aws:s3:::my-backups-oregon/*",
    "arn:aws:s3:::my-backups-oregon/467398596935/*/logs/*",
    "arn:aws:s3:::my-backups-*/467398596935/*",
    "arn:aws:s3:::my-backups-oregon",
    "arn:aws:dynamodb:us-west-2:111122223333:table/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::*/467398596935/????-??-??_$folder$",
];

fn texts() -> Vec<String> {
    let text = |n: usize| match n % 4 {
        0 => format!("arn:aws:s3:::my-backups-oregon/467398596935/2017-02-{:02}_$folder$", n % 28),
        1 => format!("arn:aws:s3:::my-backups-oregon/467398596935/df-{n}/logs/stderr.gz"),
        2 => format!("arn:aws:s3:::other-bucket-{n}/some/longer/key/part-{n:05}.parquet"),
        _ => format!("arn:aws:dynamodb:us-west-2:111122223333:table/orders-{n}"),
    };
    (0..64).map(text).collect()
}

/// 8 patterns by 64 texts; the time is that of all 512.
fn ordinary(bench: &mut Criterion) {
    let texts = texts();
    let own: Vec<Pattern> = PATTERNS.iter().map(|text| Pattern::parse(text, Syntax::WILDCARDS).0).collect();
    let wild: Vec<WildMatch> = PATTERNS.iter().map(|text| WildMatch::new(text)).collect();
    let mut group = bench.benchmark_group("pattern");
    group.bench_function("ordinary", |b| {
        b.iter(|| {
            own.iter().flat_map(|own| texts.iter().map(|text| own.is_match(black_box(text)))).filter(|hit| *hit).count()
        });
    });
    group.bench_function("ordinary_wildmatch", |b| {
        b.iter(|| {
            wild.iter().flat_map(|own| texts.iter().map(|text| own.matches(black_box(text)))).filter(|hit| *hit).count()
        });
    });
}

/// Keys of nothing but the letters that a pattern asks for, and not quite those.
fn hostile(bench: &mut Criterion) {
    type Family = (&'static str, fn(usize) -> String);
    let families: [Family; 6] = [
        ("near_miss", |length| format!("*{}b", "a".repeat(length / 2))),
        ("near_miss_inside", |length| format!("*{}b*", "a".repeat(length / 2))),
        ("stars", |_| "*a".repeat(20) + "b"),
        ("stars_inside", |_| "*a".repeat(20) + "b*"),
        ("questions", |_| "*?*?*?*?b".to_owned()),
        ("questions_inside", |_| format!("*{}b*", "a?".repeat(20))),
    ];
    let mut group = bench.benchmark_group("pattern/hostile");
    for (name, pattern) in families {
        for length in [16_000, 32_000, 64_000] {
            let pattern = Pattern::parse(&pattern(length), Syntax::WILDCARDS).0;
            let key = "a".repeat(length);
            group.bench_function(format!("{name}/{length}"), |b| b.iter(|| pattern.is_match(black_box(&key))));
        }
    }
}

/// Which of so many patterns fit a text; the time is that of 64 texts.
fn sets(bench: &mut Criterion) {
    let texts: Vec<String> = (0..64_usize)
        .map(|n| match n % 2 {
            0 => format!("arn:aws:s3:::team-{}/in/part-{n}.gz", n * 1500),
            _ => format!("arn:aws:dynamodb:eu-west-1:111122223333:table/t{}x", n * 1500),
        })
        .collect();
    let mut group = bench.benchmark_group("pattern/set");
    for count in [10_usize, 1_000, 100_000] {
        let pattern = |n: usize| match n % 5 {
            0 => format!("arn:aws:dynamodb:*:*:table/t{n}x*"),
            1 => format!("arn:aws:s3:::team-{n}/*.gz"),
            2 => format!("arn:aws:s3:::*/t{n}/*"),
            3 => format!("arn:aws:s3:::team-{n}"),
            _ => format!("arn:aws:s3:::team-{n}/in/*"),
        };
        let set = PatternSet::new((0..count).map(|n| Pattern::parse(&pattern(n), Syntax::WILDCARDS).0).collect());
        group.bench_function(count.to_string(), |b| {
            b.iter(|| {
                let mut hits = 0;
                texts.iter().for_each(|text| set.each(black_box(text), |_| hits += 1));
                hits
            });
        });
    }
}

criterion_group!(benches, ordinary, hostile, sets);
criterion_main!(benches);
