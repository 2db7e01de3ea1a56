//! Writes logs that are made up from a seed: `generate-logs NAME RUNS SEED [--cloudtrail] [--size BYTES] [--of-many N]`.
//!
//! NAME is a job or `all`, which mixes them. RUNS runs are written; with `--size`, more of them if need be, until there
//! are so many bytes. Their dates are those of at most a year of runs. With `--of-many`, so many do the same job at once,
//! each with a bucket and principals of their own.

#[path = "mod.rs"]
mod generator;

use generator::Event;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

const USAGE: &str = "usage: generate-logs NAME RUNS SEED [--cloudtrail] [--size BYTES] [--of-many N]";

/// What is asked for.
struct Wanted {
    jobs: Vec<&'static str>,
    runs: usize,
    seed: u64,
    cloudtrail: bool,
    size: u64,
    of_many: Option<usize>,
}

impl Wanted {
    fn read() -> Option<Self> {
        let (mut words, mut cloudtrail, mut size, mut of_many) = (Vec::new(), false, 0, None);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--cloudtrail" => cloudtrail = true,
                "--size" => size = arguments.next()?.parse().ok()?,
                "--of-many" => of_many = Some(arguments.next()?.parse().ok()?),
                _ => words.push(argument),
            }
        }
        let [name, runs, seed] = &words[..] else { return None };
        let jobs: Vec<&str> = generator::names().filter(|job| name == "all" || name == job).collect();
        (!jobs.is_empty()).then_some(())?;
        Some(Self { jobs, runs: runs.parse().ok()?, seed: seed.parse().ok()?, cloudtrail, size, of_many })
    }

    /// One run of each job, of runs that are spread over `spread` to the day.
    fn events(&self, number: usize, spread: usize) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for job in &self.jobs {
            events.extend(match self.of_many {
                Some(count) => generator::events_of_many(count, job, self.seed, number, spread),
                None => generator::events(job, self.seed, number, spread),
            });
        }
        if self.jobs.len() > 1 {
            events.sort_by_key(|event| event.time);
        }
        events
    }

    /// Puts the text of one run behind what is there.
    fn push(&self, events: &[Event], text: &mut String) {
        if !self.cloudtrail {
            return events.iter().for_each(|event| generator::line(event, text));
        }
        for record in events.iter().filter_map(generator::record) {
            if !text.is_empty() {
                text.push_str(",\n");
            }
            text.push_str(&record.to_string());
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut text = String::new();
        self.push(&self.events(0, 1), &mut text);
        let enough = self.size.div_ceil(text.len().max(1) as u64) as usize;
        let spread = enough.max(self.runs).div_ceil(365).max(1);
        let (mut written, mut number) = (0, 0);
        if self.cloudtrail {
            out.write_all(b"{\"Records\":[")?;
        }
        while number < self.runs || written < self.size {
            text.clear();
            self.push(&self.events(number, spread), &mut text);
            if self.cloudtrail && written > 0 && !text.is_empty() {
                out.write_all(b",\n")?;
            }
            out.write_all(text.as_bytes())?;
            written += text.len() as u64;
            number += 1;
        }
        if self.cloudtrail {
            out.write_all(b"]}\n")?;
        }
        out.flush()
    }
}

fn main() -> ExitCode {
    let Some(wanted) = Wanted::read() else {
        eprintln!("{USAGE}\nNAME: all, {}", generator::names().collect::<Vec<_>>().join(", "));
        return ExitCode::from(2);
    };
    match wanted.write(&mut io::stdout().lock()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
