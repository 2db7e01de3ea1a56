//! `can-access batch`: a decision for each request of an input, in order.

use crate::args::{BatchArgs, FailOn};
use crate::batch::answers::{Answerers, Answers, Batch};
use crate::batch::source::Entries;
use crate::input::policies;
use crate::report::problems;
use crate::{Exit, Failure};
use can_access_engine::index::CompiledSet;
use rayon::prelude::*;
use std::io::{BufWriter, Write};

/// How many requests are read together, and how many of them are answered one after the other: enough for every core, few
/// enough to keep in memory.
const TOGETHER: usize = 2048;
const IN_TURN: usize = 64;
/// How many bad entries are shown.
const SHOWN: usize = 20;

/// Answers every request of the inputs.
pub(crate) fn run(args: &BatchArgs) -> Result<Exit, Failure> {
    let question = super::query::question(&args.request)?;
    let given = policies::load(&args.policies, false)?;
    if args.common.verbose && !args.common.quiet {
        given.policies.policies().for_each(|policy| problems::print_warnings(policy));
    }
    let policies = CompiledSet::new(given.policies);
    let batch = Batch { args, question: &question, policies: &policies };
    super::query::with_threads(args.common.threads, || answer_all(batch))?
}

fn answer_all(batch: Batch<'_>) -> Result<Exit, Failure> {
    let (args, answerers) = (batch.args, Answerers::new(batch));
    // JSON has no colours that would have to be left out.
    let mut out = BufWriter::new(std::io::stdout());
    let (mut mistakes, mut denied, mut undecided, mut broken) = (0_usize, false, false, false);
    let stdin = ["-".to_owned()];
    let paths = if args.requests.is_empty() { &stdin[..] } else { &args.requests };
    for path in paths {
        let mut entries = match Entries::open(path) {
            Ok(entries) => entries,
            Err(failure) => {
                problems::print_failure(&failure);
                broken = true;
                continue;
            }
        };
        loop {
            let raw = match entries.next(TOGETHER) {
                Ok(raw) if raw.is_empty() => break,
                Ok(raw) => raw,
                Err(failure) => {
                    problems::print_failure(&failure);
                    broken = true;
                    break;
                }
            };
            let header = entries.header();
            let in_turn = raw.into_par_iter().chunks(IN_TURN);
            let answered: Vec<Answers> = in_turn.map(|raw| answerers.answer(path, raw, header)).collect();
            for answers in &answered {
                denied |= answers.denied;
                undecided |= answers.undecided;
                for message in &answers.mistakes {
                    mistakes += 1;
                    if mistakes <= SHOWN {
                        problems::print_error(message);
                    }
                }
            }
            if !args.common.quiet {
                match answered.iter().try_for_each(|answers| out.write_all(&answers.text)) {
                    // What was not asked is not known.
                    Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Exit::Undecided),
                    other => other?,
                }
            }
            answered.into_iter().for_each(|answers| answerers.forget(answers));
        }
    }
    match out.flush() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    if mistakes > SHOWN {
        problems::print_error(&format!("{} more requests could not be read", mistakes - SHOWN));
    }
    let fails = |on: FailOn| args.fail_on.contains(&on);
    Ok(if mistakes > 0 || broken {
        Exit::Undecided
    } else if (denied && fails(FailOn::Denied)) || (undecided && fails(FailOn::Depends)) {
        Exit::Finding
    } else {
        Exit::Fine
    })
}
