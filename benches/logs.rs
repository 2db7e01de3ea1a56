//! What does it cost to replay a log, and to derive a policy from it, against counting its lines?
//!
//! The log is made up, some 64 MB of an ordinary job; the environment variable `CAN_ACCESS_BENCH_LOG` names another. Every
//! iteration runs the program once, so that its start, reading the file and the final step count as well.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may stop at anything unexpected")]

#[path = "../tests/generator/mod.rs"]
mod generator;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SIZE: usize = 64 << 20;
/// How many runs a day the job of the log has, so that the log is of about half a year.
const A_DAY: usize = 60;

/// The log, and the same packed.
fn logs() -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let plain = std::env::var_os("CAN_ACCESS_BENCH_LOG").map_or_else(|| folder.join("bench.log"), PathBuf::from);
    if std::env::var_os("CAN_ACCESS_BENCH_LOG").is_none() {
        let mut text = String::with_capacity(SIZE + (1 << 20));
        let mut run = 0;
        while text.len() < SIZE {
            generator::events("deployment", 5, run, A_DAY).iter().for_each(|event| generator::line(event, &mut text));
            run += 1;
        }
        fs::write(&plain, text).unwrap();
    }
    let packed = folder.join("bench.log.gz");
    let mut encoder = GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::default());
    encoder.write_all(&fs::read(&plain).unwrap()).unwrap();
    encoder.finish().unwrap();
    (plain, packed)
}

/// Runs the program, which has to succeed.
fn program(arguments: &[&str], log: &Path) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_can-access"));
    command.args(arguments).arg(log).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap().code().is_some_and(|code| code < 2)
}

/// Counts the lines of what is read in blocks.
fn count(mut input: impl Read, block: &mut [u8]) -> usize {
    let mut lines = 0;
    loop {
        match input.read(block).unwrap() {
            0 => return lines,
            length => lines += memchr::memchr_iter(b'\n', block.get(..length).unwrap_or_default()).count(),
        }
    }
}

fn over_logs(criterion: &mut Criterion) {
    let (plain, packed) = logs();
    let policy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench.json");
    assert!(program(&["derive", "-q", "-o", policy.to_str().unwrap()], &plain));
    let policy = policy.to_str().unwrap();
    let mut block = vec![0; 1 << 18];
    let mut group = criterion.benchmark_group("logs");
    group.throughput(Throughput::Bytes(fs::metadata(&plain).unwrap().len())).sample_size(10);
    group.bench_function("count_lines/plain", |b| {
        b.iter(|| black_box(count(File::open(&plain).unwrap(), &mut block)));
    });
    group.bench_function("count_lines/gzip", |b| {
        b.iter(|| black_box(count(MultiGzDecoder::new(File::open(&packed).unwrap()), &mut block)));
    });
    let replay = ["replay", "--policy", policy, "--threads"];
    let derive = ["derive", "-q", "--threads"];
    for (name, command, threads, log) in [
        ("replay/plain", &replay[..], "1", &plain),
        ("replay/plain_two_threads", &replay, "2", &plain),
        ("replay/gzip", &replay, "1", &packed),
        ("derive/plain", &derive, "1", &plain),
        ("derive/plain_two_threads", &derive, "2", &plain),
    ] {
        let arguments = [command, &[threads]].concat();
        group.bench_function(name, |b| b.iter(|| assert!(program(&arguments, log))));
    }
    group.finish();
}

criterion_group!(benches, over_logs);
criterion_main!(benches);
