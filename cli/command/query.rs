//! The bare query and `explain`: a question for every pair of action and resource.

use crate::access_test::model::context_value;
use crate::advice::Advice;
use crate::args::{self, Expected, Format, Query, RequestArgs};
use crate::input::{self, policies};
use crate::question::{Answer, Asked, Prepared, Question, account, now};
use crate::report::{self, json, text};
use crate::{Exit, Failure};
use can_access_engine::decision::Decision;
use can_access_engine::document::{self, Value};
use can_access_engine::instant::Instant;
use can_access_engine::policy::Refused;
use can_access_engine::problem::Problem;
use can_access_engine::request::{Action, ContextValue, EndpointType, Facts, NotPrincipalRule};
use std::io::Write;
use std::sync::Arc;

/// Answers a query; `explaining` shows every statement.
pub(crate) fn run(query: &Query, explaining: bool) -> Result<Exit, Failure> {
    let (actions, mut resources) = split_words(&query.words)?;
    let advice: Vec<Advice> = actions.iter().map(Advice::on).collect();
    if !query.request.allow_unknown_actions {
        advice.iter().try_for_each(Advice::check_action)?;
    }
    if resources.is_empty() {
        advice.iter().try_for_each(Advice::check_needs_no_resource)?;
        resources.push("*".to_owned());
    }
    let question = question(&query.request)?;
    let verbose = query.common.verbose && !query.common.quiet;
    let given = policies::load(&query.policies, verbose)?;
    if given.policies.policies().next().is_none() {
        return Err(Failure::with_help("no policy is given", "name one: -p policy.json"));
    }
    if verbose {
        given.policies.policies().for_each(|policy| report::problems::print_warnings(policy));
    }
    let prepared: Vec<(&String, Prepared)> = resources
        .iter()
        .map(|resource| Ok((resource, question.prepare(&given.policies, resource)?)))
        .collect::<Result<_, Failure>>()?;
    let mut answers = Vec::new();
    for (action, advice) in actions.iter().zip(&advice) {
        for (resource, prepared) in &prepared {
            let (policies, trusting) = (Asked::Plain(&given.policies), !query.request.allow_unknown_actions);
            let mut answer = advice.ask(prepared, policies, action, resource, trusting, &question.context)?;
            answer.notes.splice(0..0, given.notes.iter().cloned());
            answers.push(answer);
        }
    }
    // Nobody reading on changes nothing about the answer.
    match print(&answers, query, explaining) {
        Err(failure) if !failure.is_closed_pipe() => return Err(failure),
        _ => {}
    }
    Ok(exit(&answers, query.expect))
}

fn print(answers: &[Answer<'_>], query: &Query, explaining: bool) -> Result<(), Failure> {
    if query.common.quiet {
        return Ok(());
    }
    let mut out = report::output(query.common.format);
    let everything = explaining || query.common.verbose;
    match query.common.format {
        Format::Text => {
            for (index, answer) in answers.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                text::print(&mut out, answer, everything, answers.len() > 1)?;
            }
        }
        Format::Json => json::print(&mut out, answers, everything)?,
        Format::Jsonl => json::print_lines(&mut out, answers, everything)?,
    }
    out.flush()?;
    Ok(())
}

fn exit(answers: &[Answer<'_>], expect: Option<Expected>) -> Exit {
    let decisions = || answers.iter().map(|answer| answer.explanation.outcome.decision);
    let as_expected = |decision: Decision| match expect {
        None | Some(Expected::Allowed) => decision == Decision::Allowed,
        Some(Expected::Denied) => matches!(decision, Decision::ExplicitDeny | Decision::ImplicitDeny),
        Some(Expected::ExplicitDeny) => decision == Decision::ExplicitDeny,
        Some(Expected::ImplicitDeny) => decision == Decision::ImplicitDeny,
    };
    if decisions().all(as_expected) {
        Exit::Fine
    } else if decisions().any(|decision| !as_expected(decision) && decision != Decision::Depends) {
        Exit::Finding
    } else {
        Exit::Depends
    }
}

/// Actions first, then resources; a resource is an ARN or `*`.
fn split_words(words: &[String]) -> Result<(Vec<Action>, Vec<String>), Failure> {
    let mut actions = Vec::new();
    let mut resources = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if word.starts_with("arn:") || (word == "*" && index > 0) {
            resources.push(word.clone());
        } else if word.contains(':') || word == "*" {
            actions.push(Action::parse(word)?);
        } else {
            return Err(no_action(word, index, words));
        }
    }
    if actions.is_empty() {
        let message = if words.is_empty() { "no action is given" } else { "a resource is given, but no action" };
        return Err(Failure::with_help(
            message,
            "ask for example: can-access -p policy.json s3:GetObject arn:aws:s3:::bucket/key",
        ));
    }
    Ok((actions, resources))
}

fn no_action(word: &str, index: usize, words: &[String]) -> Failure {
    let is_file = |word: &&String| std::path::Path::new(word.as_str()).exists();
    if words.iter().filter(is_file).count() > 1 {
        let help = "write '*' in quotes: the shell has put the names of files in its place";
        return Failure::with_help(format!("`{word}` is neither an action nor a resource"), help);
    }
    let commands = [
        "explain",
        "test",
        "batch",
        "replay",
        "derive",
        "merge",
        "expand",
        "shrink",
        "describe",
        "schema",
        "completions",
        "man",
    ];
    let near =
        |command: &&str| word.len() >= 2 && (command.starts_with(word) || strsim::levenshtein(word, command) <= 2);
    let help = match commands.into_iter().find(near) {
        Some(command) if index == 0 && command == word => {
            format!("the command comes first: can-access {command} …, with its options behind it")
        }
        Some(command) => {
            format!("did you mean `can-access {command}`? An action is `service:Name`, such as s3:GetObject")
        }
        None if word == "help" => "run `can-access --help`".to_owned(),
        None if std::path::Path::new(word).exists() => format!("a policy is given with -p: can-access -p {word} …"),
        None => "an action is `service:Name`, such as s3:GetObject; a resource is an ARN or `*`".to_owned(),
    };
    Failure::with_help(format!("`{word}` is neither an action nor a resource"), help)
}

pub(crate) fn question(args: &RequestArgs) -> Result<Question, Failure> {
    let mut context: Vec<(String, ContextValue)> = Vec::new();
    for path in &args.context_file {
        for (key, value) in read_context(path)? {
            let known = context.iter().find(|(known, _)| known.eq_ignore_ascii_case(&key));
            if known.is_some_and(|(_, known)| *known != value) {
                let message = format!("context key `{key}` has another value in {path} than in a file before");
                return Err(Failure::with_help(message, "give it once, or say which with -c"));
            }
            if known.is_none() {
                context.push((key, value));
            }
        }
    }
    let mut given: Vec<(String, Vec<String>)> = Vec::new();
    for pair in &args.context {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::with_help(
                format!("`{pair}` is no context key with a value"),
                "write KEY=VALUE, such as -c aws:SourceIp=203.0.113.7",
            ));
        };
        match given.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some((_, values)) => values.push(value.to_owned()),
            None => given.push((key.to_owned(), vec![value.to_owned()])),
        }
    }
    for (key, mut values) in given {
        context.retain(|(known, _)| !known.eq_ignore_ascii_case(&key));
        let value = match values.pop() {
            Some(value) if values.is_empty() => ContextValue::Single(value),
            last => ContextValue::Multi(values.into_iter().chain(last).collect()),
        };
        context.push((key, value));
    }
    let is_time = |key: &str| ["aws:CurrentTime", "aws:EpochTime"].iter().any(|time| time.eq_ignore_ascii_case(key));
    if let Some((key, _)) = context.iter().find(|(key, _)| args.now.is_some() && is_time(key)) {
        return Err(Failure::with_help(
            format!("--now and `{key}` both say when the request is made"),
            "give one of them",
        ));
    }
    Ok(Question {
        principal: args.principal.clone(),
        role_arn: args.role_arn.clone(),
        principal_id: args.principal_id.clone(),
        federating_user: args.federating_user.clone(),
        resource_account: args.resource_account.clone(),
        context,
        unknown: Vec::new(),
        others_unknown: args.unknown,
        facts: Arc::new(facts(args)?),
    })
}

fn facts(args: &RequestArgs) -> Result<Facts, Failure> {
    let time = match &args.now {
        None => now(),
        Some(text) => {
            text.parse::<jiff::Timestamp>().map(|time| Instant::from_seconds(time.as_second())).map_err(|_| {
                Failure::with_help(format!("`{text}` is no time"), "write it as RFC 3339, such as 2026-01-31T12:00:00Z")
            })?
        }
    };
    let mut facts = Facts::default().at(time);
    facts.management_account =
        args.management_account.as_deref().map(|text| account("management account", text)).transpose()?;
    facts.restrict_public_buckets = args.restrict_public_buckets;
    facts.endpoint_type = match args.endpoint_type {
        Some(args::EndpointType::Gateway) => EndpointType::Gateway,
        Some(args::EndpointType::Interface) | None => EndpointType::Interface,
    };
    facts.not_principal = match args.not_principal {
        Some(args::NotPrincipal::Any) => NotPrincipalRule::Any,
        Some(args::NotPrincipal::Chain) | None => NotPrincipalRule::Chain,
    };
    facts.kms_grant = args.kms_grant;
    facts.multipart_initiator = args.multipart_initiator;
    facts.access_point_bucket = args.access_point_bucket.clone();
    for id in &args.canonical_id {
        match id.split_once('=') {
            Some((id, owner)) => {
                facts.canonical_ids.push((id.to_owned(), account("account of a canonical id", owner)?))
            }
            None => facts.canonical_id = Some(id.clone()),
        }
    }
    Ok(facts)
}

/// A JSON object of condition keys and their values.
fn read_context(path: &str) -> Result<Vec<(String, ContextValue)>, Failure> {
    let source = input::read(path)?;
    let document::Reading { root, mut problems } = document::read(source.text());
    let mut context = Vec::new();
    match root.map(|root| root.value) {
        Some(Value::Object(members)) => {
            for member in members {
                match context_value(&member.value) {
                    Ok(value) => context.push((member.name.into_owned(), value)),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        Some(_) => {
            return Err(Failure::with_help(
                format!("{path} holds no context"),
                "write a JSON object of condition keys and values",
            ));
        }
        None => {}
    }
    if problems.iter().any(Problem::is_error) {
        return Err(Failure::Refused(vec![Refused::new(Arc::clone(&source), problems)]));
    }
    Ok(context)
}

/// Runs `work` on so many threads.
pub(crate) fn with_threads<T: Send>(threads: Option<u16>, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    match threads {
        None => Ok(work()),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build();
            Ok(pool.map_err(|error| Failure::usage(format!("cannot start {threads} threads: {error}")))?.install(work))
        }
    }
}
