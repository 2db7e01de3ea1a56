//! What does it cost to replay a log, and to derive a policy from it, against counting its lines, unpacking it, or reading
//! a few members of its events? What do requests cost by the thousand? And what does it cost to start the program?
//!
//! The logs are made up, some 64 MB of an ordinary job; the environment variable `CAN_ACCESS_BENCH_LOG` names another access
//! log. Every iteration runs the program once, so that its start, reading the file and the final step count as well.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may stop at anything unexpected")]

#[path = "../tests/generator/mod.rs"]
mod generator;

mod baselines;
mod workloads;

use baselines::{Memory, count_lines, read_events};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
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

/// The log of two hundred who do that job at once.
fn of_many() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-of-many.log");
    let mut text = String::with_capacity(SIZE + (1 << 20));
    let mut run = 0;
    while text.len() < SIZE {
        let events = generator::events_of_many(200, "deployment", 5, run, 1);
        events.iter().for_each(|event| generator::line(event, &mut text));
        run += 1;
    }
    fs::write(&path, text).unwrap();
    path
}

/// Events of CloudTrail, one a line.
fn events() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench.jsonl");
    let mut text = String::with_capacity(SIZE + (1 << 20));
    let mut run = 0;
    while text.len() < SIZE {
        for record in generator::events("deployment", 5, run, A_DAY).iter().filter_map(generator::record) {
            text.push_str(&record.to_string());
            text.push('\n');
        }
        run += 1;
    }
    fs::write(&path, text).unwrap();
    path
}

/// Runs the program, which has to succeed.
fn program(arguments: &[&str], log: &Path) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_can-access"));
    command.args(arguments).arg(log).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap().code().is_some_and(|code| code < 2)
}

/// A policy for the requests of a log.
fn policy_for(log: &Path, name: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().unwrap().to_owned();
    assert!(program(&["derive", "-q", "-o", &path], log));
    path
}

/// The same, denied to addresses of other networks than some.
fn by_address(policy: &str) -> String {
    let mut document: serde_json::Value = serde_json::from_str(&fs::read_to_string(policy).unwrap()).unwrap();
    document.get_mut("Statement").and_then(serde_json::Value::as_array_mut).unwrap().push(serde_json::json!({
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": { "NotIpAddress": { "aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"] } },
    }));
    let path = policy.replace(".json", "-by-address.json");
    fs::write(&path, document.to_string()).unwrap();
    path
}

fn over_logs(criterion: &mut Criterion) {
    let (plain, packed) = logs();
    let (many, events) = (of_many(), events());
    let memory = &mut Memory::new();
    let size = |path: &Path| Throughput::Bytes(fs::metadata(path).unwrap().len());

    let mut group = criterion.benchmark_group("read");
    group.sample_size(10).throughput(size(&plain));
    group.bench_function("count_lines", |b| b.iter(|| black_box(count_lines(File::open(&plain).unwrap(), memory))));
    group.bench_function("unpack_and_count_lines", |b| {
        b.iter(|| black_box(count_lines(MultiGzDecoder::new(File::open(&packed).unwrap()), memory)));
    });
    group.throughput(size(&events));
    let text = fs::read(&events).unwrap();
    group.bench_function("typed_events", |b| b.iter(|| black_box(read_events(&text))));
    drop(text);
    group.finish();

    let (policy, of_events) = (policy_for(&plain, "bench.json"), policy_for(&events, "bench-events.json"));
    let of_many = policy_for(&many, "bench-of-many.json");
    for command in ["replay", "derive"] {
        let mut group = criterion.benchmark_group(command);
        group.sample_size(10);
        for (name, threads, log, of) in [
            ("plain", "1", &plain, &plain),
            ("plain_two_threads", "2", &plain, &plain),
            ("gzip", "1", &packed, &plain),
            ("gzip_two_threads", "2", &packed, &plain),
            ("cloudtrail", "1", &events, &events),
            ("cloudtrail_two_threads", "2", &events, &events),
            ("many_jobs", "1", &many, &many),
        ] {
            let policy = if of == &events {
                &of_events
            } else if of == &many {
                &of_many
            } else {
                &policy
            };
            let options: &[&str] = if command == "replay" { &["-p", policy] } else { &["-q"] };
            let arguments = [&[command, "--threads", threads], options].concat();
            group.throughput(size(of));
            group.bench_function(name, |b| b.iter(|| assert!(program(&arguments, log))));
        }
        if command == "replay" {
            let policy = by_address(&policy);
            group.throughput(size(&plain));
            let arguments = [command, "--threads", "1", "-p", &policy];
            group.bench_function("by_address", |b| b.iter(|| assert!(program(&arguments, &plain))));
        }
        group.finish();
    }
}

/// What somebody waits for who asks one question.
fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    let policy = Path::new("corpus/policies/pipelines-bucket.json");
    let question = ["s3:DeleteObject", "arn:aws:s3:::distelli-onprem/x", "-p"];
    group.bench_function("one_question", |b| b.iter(|| assert!(program(&question, policy))));
    group.finish();
}

/// How many requests a batch has.
const REQUESTS: usize = 20_000;

/// A decision for each of many requests, as JSON in and out; against reading and writing the same JSON alone.
fn batch(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let requests = folder.join("bench-requests.jsonl");
    let mut text = String::new();
    for number in 0..REQUESTS {
        let action = if number % 2 == 0 { "s3:GetObject" } else { "s3:DeleteObject" };
        let bucket = if number % 10 == 0 { "another-bucket" } else { "distelli-onprem" };
        let request = serde_json::json!({
            "principal": "arn:aws:iam::111122223333:role/pipelines",
            "action": action,
            "resource": format!("arn:aws:s3:::{bucket}/builds/{number}.tar.gz"),
            "context": { "aws:SourceIp": "203.0.113.7" },
        });
        text.push_str(&format!("{request}\n"));
    }
    fs::write(&requests, &text).unwrap();
    let mut group = criterion.benchmark_group("batch");
    group.sample_size(10).throughput(Throughput::Elements(REQUESTS as u64));
    let small = "corpus/policies/pipelines-bucket.json";
    let answers = answers(&["batch", "-p", small], &requests);
    group.bench_function("json_alone", |b| b.iter(|| read_and_write(&text, &answers)));
    let mut of = |name: &str, threads: &str, policies: &str| {
        let arguments = ["batch", "--threads", threads, "-p", policies];
        group.bench_function(name, |b| b.iter(|| assert!(program(&arguments, &requests))));
    };
    of("small_policy", "1", small);
    of("small_policy_two_threads", "2", small);
    for (name, count) in [("hundred_managed_policies", 100), ("all_managed_policies", usize::MAX)] {
        let Some(all) = workloads::managed() else { continue };
        let of_set = folder.join(name);
        _ = fs::remove_dir_all(&of_set);
        fs::create_dir_all(&of_set).unwrap();
        let chosen = workloads::managed_policies(count.min(all.len()), &all).identity;
        for (number, policy) in chosen.iter().enumerate() {
            fs::write(of_set.join(format!("{number}.json")), policy).unwrap();
        }
        of(name, "1", of_set.to_str().unwrap());
    }
    group.finish();
}

/// The answers to requests.
fn answers(arguments: &[&str], requests: &Path) -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_can-access")).args(arguments).arg(requests).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Reads requests, and writes answers.
fn read_and_write(requests: &str, answers: &[serde_json::Value]) {
    let mut written = Vec::new();
    for (request, answer) in requests.lines().zip(answers) {
        black_box(serde_json::from_str::<serde_json::Value>(request).unwrap());
        serde_json::to_writer(&mut written, answer).unwrap();
        written.push(b'\n');
    }
    black_box(written);
}

criterion_group!(benches, over_logs, batch, start);
criterion_main!(benches);
