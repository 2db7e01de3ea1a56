//! `can-access batch`: a decision for each request of an input, in order.

use crate::advice::Advice;
use crate::args::{BatchArgs, FailOn};
use crate::batch::entry::{Entry, Mistake};
use crate::batch::source::{Entries, Raw};
use crate::input::{lines, policies};
use crate::question::{Asked, Question};
use crate::report::{json, problems};
use crate::{Exit, Failure};
use can_access_engine::decision::Decision;
use can_access_engine::index::CompiledSet;
use can_access_engine::policy::PolicySet;
use can_access_engine::request::Action;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry as Slot;
use std::io::{BufWriter, Write};

/// How many requests are answered together: enough for every core, few enough to keep in memory.
const TOGETHER: usize = 2048;
/// How many bytes an answer usually has.
const USUAL: usize = 1024;
/// How many bad entries are shown.
const SHOWN: usize = 20;

/// The actions that were asked about, each looked up once.
#[derive(Default)]
struct Actions(FxHashMap<String, (Action, Advice)>);

impl Actions {
    fn get(&mut self, text: &str) -> Result<&(Action, Advice), Mistake> {
        let Self(known) = self;
        match known.entry(text.to_owned()) {
            Slot::Occupied(slot) => Ok(slot.into_mut()),
            Slot::Vacant(slot) => {
                let action = Action::parse(text).map_err(|error| Mistake::from(error.to_string()))?;
                let advice = Advice::on(&action);
                Ok(slot.insert((action, advice)))
            }
        }
    }
}

/// What became of an entry.
struct Answered {
    text: Vec<u8>,
    denied: bool,
    undecided: bool,
    mistake: Option<String>,
}

/// Answers every request of the inputs.
pub(crate) fn run(args: &BatchArgs) -> Result<Exit, Failure> {
    let question = super::query::question(&args.request)?;
    let given = policies::load(&args.policies, false)?;
    if args.common.verbose && !args.common.quiet {
        given.policies.policies().for_each(|policy| problems::print_warnings(policy));
    }
    super::query::with_threads(args.common.threads, || answer_all(args, &question, &CompiledSet::new(given.policies)))?
}

fn answer_all(args: &BatchArgs, question: &Question, policies: &CompiledSet) -> Result<Exit, Failure> {
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
            let answered: Vec<Answered> = raw
                .into_par_iter()
                .map_init(Actions::default, |actions, raw| answer(args, question, policies, actions, path, raw, header))
                .collect();
            for entry in &answered {
                denied |= entry.denied;
                undecided |= entry.undecided;
                if let Some(message) = &entry.mistake {
                    mistakes += 1;
                    if mistakes <= SHOWN {
                        problems::print_error(message);
                    }
                }
            }
            if !args.common.quiet {
                match answered.iter().try_for_each(|entry| out.write_all(&entry.text)) {
                    // What was not asked is not known.
                    Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Exit::Undecided),
                    other => other?,
                }
            }
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

fn answer(
    args: &BatchArgs,
    question: &Question,
    policies: &CompiledSet,
    actions: &mut Actions,
    path: &str,
    raw: Raw,
    header: &[String],
) -> Answered {
    let line = raw.line;
    let mut answered = Answered { text: Vec::new(), denied: false, undecided: false, mistake: None };
    let result =
        raw.read(header).and_then(|entry| answer_entry(args, question, policies, actions, &entry, &mut answered));
    if let Err(Mistake { place, message }) = result {
        let place = place.map_or_else(|| line.to_string(), |place| place.to_string());
        let place = format!("{}:{place}", lines::name(path));
        // One record for each entry, so that lines of input and output can be told apart.
        answered.text = json::error_line(lines::name(path), line, &message);
        answered.mistake = Some(format!("{place}: {message}"));
    }
    answered
}

/// The policies of all requests with those that one brings along. Of boundaries and resource policies there is but one.
fn with_own(given: &PolicySet, own: &PolicySet) -> Result<PolicySet, Mistake> {
    let mut together = given.clone();
    together.identity.extend(own.identity.iter().cloned());
    for (own, given, what) in [
        (&own.boundary, &mut together.boundary, "permissions boundary"),
        (&own.resource, &mut together.resource, "resource policy"),
    ] {
        if !own.is_empty() && !given.is_empty() {
            return Err(format!("the request brings a {what} along, and the options name one: which of both?").into());
        }
        given.extend(own.iter().cloned());
    }
    Ok(together)
}

fn answer_entry(
    args: &BatchArgs,
    question: &Question,
    compiled_set: &CompiledSet,
    actions: &mut Actions,
    entry: &Entry,
    answered: &mut Answered,
) -> Result<(), Mistake> {
    let together;
    let policies = match &entry.policies {
        Some(own) => {
            together = with_own(compiled_set.policies(), own)?;
            &together
        }
        None => compiled_set.policies(),
    };
    if policies.policies().next().is_none() {
        return Err("no policy is given: name one with -p".to_owned().into());
    }
    let mut question = question.clone();
    question.principal = entry.principal.clone().or(question.principal);
    question.resource_account = entry.resource_account.clone().or(question.resource_account);
    question.context.retain(|(known, _)| !entry.context.iter().any(|(key, _)| key.eq_ignore_ascii_case(known)));
    question.context.extend(entry.context.iter().cloned());
    question.unknown.extend(entry.unknown.iter().cloned());
    let failed = |failure: Failure| Mistake::from(failure.in_one_line());
    let everything = ["*".to_owned()];
    let resources = if entry.resources.is_empty() { &everything[..] } else { &entry.resources };
    let mut text = Vec::with_capacity(USUAL);
    for action in &entry.actions {
        let (action, advice) = actions.get(action)?;
        if !args.request.allow_unknown_actions {
            advice.check_action().map_err(failed)?;
        }
        if entry.resources.is_empty() {
            advice.check_needs_no_resource().map_err(failed)?;
        }
        for resource in resources {
            let prepared = question.prepare(policies, resource).map_err(failed)?;
            // All statements are shown only to those who ask for them.
            let compiled = entry.policies.is_none() && !args.common.verbose;
            let asked = if compiled { Asked::Compiled(compiled_set) } else { Asked::Plain(policies) };
            let trusting = !args.request.allow_unknown_actions;
            let answer = advice.ask(&prepared, asked, action, resource, trusting, &entry.context).map_err(failed)?;
            match answer.explanation.outcome.decision {
                Decision::Allowed => {}
                Decision::ExplicitDeny | Decision::ImplicitDeny => answered.denied = true,
                Decision::Depends => answered.undecided = true,
            }
            json::print_lines(&mut text, std::slice::from_ref(&answer), args.common.verbose).map_err(failed)?;
        }
    }
    answered.text = text;
    Ok(())
}
