//! What does a decision cost as policies, statements, values, keys and threads become more?
//!
//! Prints a table for each, in Markdown, and draws all of them into benches/growth.svg.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark may stop at anything unexpected"
)]

mod workloads;

use can_access_engine::index::CompiledSet;
use can_access_engine::request::{Context, ContextValue, Facts, Principal, Request};
use plotters::prelude::*;
use std::hint::black_box;
use std::time::{Duration, Instant};
use workloads::{Question, Workload, managed, managed_policies, question};

/// A table: what grows, and the nanoseconds of a decision at each size.
struct Table {
    what: &'static str,
    rows: Vec<(usize, f64)>,
}

/// The nanoseconds of a decision: the median of rounds over all requests.
fn measured(set: &CompiledSet, requests: &[Request<'_>]) -> f64 {
    let mut rounds = Vec::new();
    for _ in 0..15 {
        let (start, mut asked) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_millis(8) {
            requests.iter().for_each(|request| _ = black_box(set.decide(black_box(request))));
            asked += u32::try_from(requests.len()).unwrap();
        }
        rounds.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(asked));
    }
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn of(workload: &Workload) -> f64 {
    let facts = Facts::default();
    measured(&CompiledSet::new(workload.policies()), &workload.requests(&facts))
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{ "Version": "2012-10-17", "Statement": [{}] }}"#, statements.join(", "))
}

fn asking(policy: String, questions: impl Iterator<Item = Option<Question>>) -> Workload {
    Workload { identity: vec![policy], questions: questions.map(Option::unwrap).collect(), ..Workload::default() }
}

/// Statements about one action, each on a bucket of its own: half of the requests are about one of them.
fn statements(count: usize) -> f64 {
    let statement = |n: usize| {
        format!(r#"{{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket-{n}/in/*" }}"#)
    };
    let all: Vec<String> = (0..count).map(statement).collect();
    let asked = (0..64).map(|n| question("s3:GetObject", &format!("arn:aws:s3:::bucket-{}/in/k", n * count / 32)));
    of(&asking(policy(&all), asked))
}

/// A condition with so many values, the last of which matches.
fn values(operator: &str, key: &str, count: usize, value: impl Fn(usize) -> String) -> f64 {
    let all: Vec<String> = (0..count).map(|n| format!("\"{}\"", value(n))).collect();
    let statement = format!(
        r#"{{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {{ "{operator}": {{ "{key}": [{}] }} }} }}"#,
        all.join(", ")
    );
    let asked = (0..64).map(|n| {
        let mut question = question("s3:GetObject", "arn:aws:s3:::bucket/k")?;
        let at = if n % 2 == 0 { count - 1 - n % count } else { count + n };
        let value = value(at).replace("/32", "").replace('*', "x");
        let mut context = Context::new();
        context.insert(key, ContextValue::Single(value)).ok()?;
        question.context = context;
        Some(question)
    });
    of(&asking(policy(&[statement]), asked))
}

/// A bucket policy that names so many roles, of which half of those who ask are one.
fn principals(count: usize) -> f64 {
    let role = |n: usize| format!("arn:aws:iam::111122223333:role/app-{n}");
    let all: Vec<String> = (0..count).map(|n| format!("\"{}\"", role(n))).collect();
    let statement = format!(
        r#"{{ "Effect": "Allow", "Principal": {{ "AWS": [{}] }}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" }}"#,
        all.join(", ")
    );
    let asked = (0..64).map(|n| {
        let principal = role(if n % 2 == 0 { count - 1 - n % count } else { count + n });
        Some(Question {
            principal: Principal::parse(&principal).ok()?,
            ..question("s3:GetObject", "arn:aws:s3:::bucket/k")?
        })
    });
    let questions = asked.map(Option::unwrap).collect();
    of(&Workload { resource: vec![policy(&[statement])], questions, ..Workload::default() })
}

/// Statements about every resource, each for one team: nothing but their conditions tells them apart.
fn conditions(count: usize) -> f64 {
    let statement = |n: usize| {
        format!(
            r#"{{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {{ "StringEquals": {{ "aws:PrincipalTag/team": "team-{n}" }} }} }}"#
        )
    };
    let all: Vec<String> = (0..count).map(statement).collect();
    let asked = (0..64).map(|n| {
        let mut question = question("s3:GetObject", "arn:aws:s3:::bucket/k")?;
        let team = ContextValue::Single(format!("team-{}", if n % 2 == 0 { n * count / 64 } else { count + n }));
        question.context.insert("aws:PrincipalTag/team", team).ok()?;
        Some(question)
    });
    of(&asking(policy(&all), asked))
}

/// A key of so many bytes, and patterns with a star at the beginning, in the middle and at the end.
fn key_length(length: usize) -> f64 {
    let statement = r#"{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::bucket/*.gz", "arn:aws:s3:::bucket/*/logs/*", "arn:aws:s3:::bucket/in/*"] }"#;
    let asked =
        (0..16).map(|n| question("s3:GetObject", &format!("arn:aws:s3:::bucket/{n}{}", "a/b".repeat(length / 3))));
    of(&asking(policy(&[statement.to_owned()]), asked))
}

/// All managed policies asked by so many threads at once; the time is that of a decision of all of them together.
fn threads(set: &CompiledSet, requests: &[Request<'_>], count: usize) -> f64 {
    let mut rounds: Vec<f64> = (0..9)
        .map(|_| {
            const EACH: usize = 60;
            let start = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..count {
                    scope.spawn(|| {
                        (0..EACH).for_each(|_| requests.iter().for_each(|request| _ = black_box(set.decide(request))));
                    });
                }
            });
            start.elapsed().as_secs_f64() * 1e9 / (EACH * count * requests.len()) as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn tables() -> Vec<Table> {
    let powers = |last: u32| (0..=last).map(|power| 10_usize.pow(power));
    let table = |what, rows: Vec<(usize, f64)>| Table { what, rows };
    let mut tables = Vec::new();
    if let Some(all) = managed() {
        let counts = [1, 10, 100, 400, all.len()];
        tables.push(table("policies", counts.map(|n| (n, of(&managed_policies(n, &all)))).to_vec()));
        let (workload, facts) = (managed_policies(all.len(), &all), Facts::default());
        let (set, requests) = (CompiledSet::new(workload.policies()), workload.requests(&facts));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let rows = [1, cores].map(|n| (n, threads(&set, &requests, n)));
        tables.push(table("threads", rows.to_vec()));
    }
    tables.push(table("statements about one action", powers(4).map(|n| (n, statements(n))).collect()));
    let texts = |n: usize| format!("team-{n}");
    let rows = powers(4).map(|n| (n, values("StringEquals", "aws:PrincipalTag/team", n, texts))).collect();
    tables.push(table("values of StringEquals", rows));
    let patterns = |n: usize| format!("team-{n}/*");
    let rows = powers(4).map(|n| (n, values("StringLike", "aws:PrincipalTag/team", n, patterns))).collect();
    tables.push(table("values of StringLike", rows));
    let networks = |n: usize| format!("10.{}.{}.{}/32", n / 10_000, n / 100 % 100, n % 100);
    tables.push(table("networks", powers(4).map(|n| (n, values("IpAddress", "aws:SourceIp", n, networks))).collect()));
    let numbers = |n: usize| n.to_string();
    let rows = powers(4).map(|n| (n, values("NumericEquals", "s3:max-keys", n, numbers))).collect();
    tables.push(table("values of NumericEquals", rows));
    let days = |n: usize| (1_700_000_000 + 86_400 * n).to_string();
    let rows = powers(4).map(|n| (n, values("DateEquals", "aws:CurrentTime", n, days))).collect();
    tables.push(table("values of DateEquals", rows));
    // A bucket policy has room for no more, nor have twenty managed policies for more statements.
    let few = [1, 10, 100, 400];
    tables.push(table("principals of a bucket policy", few.map(|n| (n, principals(n))).to_vec()));
    tables.push(table("statements about every resource", few.map(|n| (n, conditions(n))).to_vec()));
    tables.push(table("bytes of a key", [10, 100, 1_000, 10_000].map(|n| (n, key_length(n))).to_vec()));
    tables
}

fn draw(tables: &[Table]) -> Result<(), Box<dyn std::error::Error>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/growth.svg");
    let area = SVGBackend::new(file, (760, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let most = tables.iter().flat_map(|table| &table.rows).map(|(_, time)| *time).fold(1_000.0, f64::max) * 2.0;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .caption("nanoseconds of a decision", ("sans-serif", 18))
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d((1.0_f64..12_000.0).log_scale(), (10.0..most).log_scale())?;
    chart.configure_mesh().x_desc("how many").draw()?;
    for (at, table) in tables.iter().enumerate().filter(|(_, table)| table.what != "threads") {
        let color = Palette99::pick(at).to_rgba();
        let points = table.rows.iter().map(|(size, time)| (*size as f64, *time));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)).point_size(3))?
            .label(table.what)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).draw()?;
    area.present()?;
    Ok(())
}

fn main() {
    // The test runner starts benchmarks as well.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let tables = tables();
    for Table { what, rows } in &tables {
        println!("\n| {what} | a decision | times the first |\n|---:|---:|---:|");
        for (size, time) in rows {
            println!("| {size} | {time:.0} ns | {:.2} |", time / rows[0].1);
        }
    }
    draw(&tables).unwrap();
}
