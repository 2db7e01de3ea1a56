//! `can-access replay`: what would these policies have said to the requests of access logs?

use crate::args::{Format, ReplayArgs};
use crate::input::{self, lines, policies};
use crate::logs::replay::{Each, replay, replay_each};
use crate::logs::source::{Source, end_when_interrupted, is_interrupted};
use crate::partial::{self, Partial};
use crate::question::account;
use crate::report::replay::{self as report_replay, Names};
use crate::report::{self, problems};
use crate::{Exit, Failure};
use can_access_engine::arn::{AccountId, Arn};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policies, Policy, Reader};
use can_access_engine::replay::Class;
use can_access_engine::replay::judge::{Judge, Verdict};
use can_access_engine::replay::logged::Logged;
use can_access_engine::replay::tally::{Lines, Place, Tally};
use can_access_engine::request::{EndpointType, Facts};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fs::Metadata;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// Replays the logs and reports.
pub(crate) fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    let files = log_files(&args.logs, args.common.quiet)?;
    let judge = judge(args, &args.policies.policy, &args.identity)?;
    let baseline = if args.baseline.is_empty() { None } else { Some(self::judge(args, &args.baseline, &[])?) };
    super::query::with_threads(args.common.threads, || replay_all(args, &files, &judge, baseline.as_ref()))?
}

fn replay_all(args: &ReplayArgs, files: &[String], judge: &Judge, baseline: Option<&Judge>) -> Result<Exit, Failure> {
    let (partials, files) = partial::told_apart(files)?;
    if args.each && !partials.is_empty() {
        return Err(Failure::usage("a partial result holds no single requests for --each"));
    }
    let hashed = args.partial.is_some() || !partials.is_empty();
    let bar = progress(&files, args.common.quiet);
    let mut out = if args.each { report::data() } else { report::output(args.common.format) };
    let source = Source::new(&files);
    let advance = |bytes| bar.set_position(bytes);
    let mut closed = false;
    end_when_interrupted();
    let mut of_logs = None;
    let mut tally = Tally::default();
    if args.each {
        let write_each = |records: &mut Each, place: Place, logged: &dyn Logged, verdict: &Verdict| {
            let file = files.get(place.0).map_or("", |file| lines::name(file));
            report_replay::record(records, judge, file, place.1, logged, verdict);
        };
        let write = |records: &Each| match out.write_all(records) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                closed = true;
                source.stop();
                Ok(())
            }
            other => Ok(other?),
        };
        tally = replay_each(&source, judge, baseline, &write_each, write, advance)?;
    } else {
        of_logs = Some(replay(&source, judge, baseline, hashed, advance));
    }
    bar.finish_and_clear();
    let mut broken = source.broken();
    let lines = of_logs.as_ref().map_or(&tally.lines, |(replayed, _)| replayed.lines());
    broken.extend(report_replay::damaged(lines, &files));
    let mut named = files.clone();
    if let Some((mut replayed, logs)) = of_logs {
        if hashed {
            let own = Partial::new(described(args, judge, baseline), &logs, &files, replayed);
            let merged = partial::with(own, &partials)?;
            if let Some(path) = &args.partial {
                if is_interrupted() {
                    problems::print_error(&format!("interrupted: {path} is not written"));
                    return Ok(Exit::Interrupted);
                }
                broken.iter().for_each(problems::print_failure);
                refuse_what_is_no_log(merged.part.lines())?;
                return partial::write(path, &merged, &broken);
            }
            (named, replayed) = (merged.names(), merged.part);
        }
        tally = replayed.finish(judge, baseline);
    }
    let names = Names { files: &named, baseline: baseline.is_some(), complete: broken.is_empty() && !is_interrupted() };
    let printed = match args.common.format {
        _ if args.common.quiet || args.each || closed => out.flush().map_err(Failure::from),
        Format::Text => report_replay::print_text(&mut out, &tally, &names, args.common.verbose),
        Format::Json => report_replay::print_json(&mut out, &tally, &names, true),
        Format::Jsonl => report_replay::print_json(&mut out, &tally, &names, false),
    };
    match printed {
        Err(failure) if !failure.is_closed_pipe() => return Err(failure),
        _ => {}
    }
    // What was not asked is not known.
    if closed {
        return Ok(Exit::Undecided);
    }
    if !args.common.quiet {
        report_replay::complain(&tally.lines, &names);
        report_replay::print_notes(&tally, judge);
    }
    broken.iter().for_each(problems::print_failure);
    if is_interrupted() {
        return Ok(Exit::Interrupted);
    }
    refuse_what_is_no_log(&tally.lines)?;
    let found = if baseline.is_some() { &tally.newly_denied } else { &tally.now_denied };
    Ok(if !broken.is_empty() {
        Exit::Undecided
    } else if found.requests > 0 {
        Exit::Finding
    } else {
        Exit::Fine
    })
}

/// What the counts depend on besides the logs.
fn described(args: &ReplayArgs, judge: &Judge, baseline: Option<&Judge>) -> String {
    let texts = |judge: &Judge| {
        let mut texts = format!("{:?}", judge.facts);
        let mut add = |of: &str, policy: &Policy| {
            texts.push_str(&format!("{of} {:?} {}\n", policy.layer(), policy.source().text()))
        };
        judge.policies.policies().for_each(|policy| add("", policy));
        for map in [&judge.identities, &judge.buckets] {
            let sorted: BTreeMap<&String, &Policies> = map.iter().collect();
            sorted.into_iter().for_each(|(of, policies)| policies.iter().for_each(|policy| add(of, policy)));
        }
        xxhash_rust::xxh3::xxh3_128(texts.as_bytes())
    };
    let mut roles = args.role_arn.clone();
    roles.sort();
    let mut ids = args.canonical_id.clone();
    ids.sort();
    format!(
        "policies {:032x}, baseline {}, resource account {}, roles {roles:?}, canonical ids {ids:?}",
        texts(judge),
        baseline.map_or("-".to_owned(), |baseline| format!("{:032x}", texts(baseline))),
        args.resource_account.as_deref().unwrap_or("-"),
    )
}

/// An error if not a single line could be read.
pub(crate) fn refuse_what_is_no_log(lines: &Lines) -> Result<(), Failure> {
    let read = lines.all() - lines.of(Class::Blank) - lines.of(Class::Malformed);
    if read == 0 && lines.of(Class::Malformed) > 0 {
        return Err(Failure::with_help(
            "no line could be read",
            "S3 server access logs and events of CloudTrail are read, plain or packed with gzip",
        ));
    }
    Ok(())
}

/// Every file that the arguments name, in order; directories whole.
pub(crate) fn log_files(paths: &[String], quiet: bool) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path == "-" {
            input::take_standard_input()?;
            files.push(path.clone());
            continue;
        }
        let found = input::files(path, |_: &Path| true)?;
        if found.is_empty() {
            return Err(Failure::usage(format!("the directory {path} holds no files")));
        }
        files.extend(found);
    }
    // What is found hangs on no order of the arguments, and a file that is named twice counts once.
    files.sort();
    files.dedup();
    let copies = copies(&files)?;
    if !quiet {
        for (copy, first) in copies.iter().take(COPIES_TOLD) {
            problems::print_note(&format!("{copy} is the same log as {first}, and counts once"));
        }
        if let more @ 1.. = copies.len().saturating_sub(COPIES_TOLD) {
            let logs = if more == 1 { "log counts" } else { "logs count" };
            problems::print_note(&format!("{more} more {logs} once with another of the same name and content"));
        }
    }
    files.retain(|file| !copies.contains_key(file));
    Ok(files)
}

/// How many logs that count once with another are named.
const COPIES_TOLD: usize = 3;

/// The files that have the name and the content of another, with that: a log that was put into two directories counts
/// once, as it does when partial results are merged.
fn copies(files: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut alike: HashMap<(String, u64), Vec<&String>> = HashMap::new();
    for file in files {
        let name = Path::new(file).file_name().map(|name| name.to_string_lossy().into_owned());
        let size = std::fs::metadata(file).ok().filter(Metadata::is_file).map(|metadata| metadata.len());
        if let Some((name, size)) = name.zip(size).filter(|(_, size)| *size > 0) {
            alike.entry((name, size)).or_default().push(file);
        }
    }
    let mut copies = BTreeMap::new();
    for files in alike.into_values().filter(|files| files.len() > 1) {
        let mut known: HashMap<u128, &String> = HashMap::new();
        for file in files {
            let failed = |error| Failure::Read { path: file.clone(), error };
            let mut hash = Xxh3::new();
            std::io::copy(&mut std::fs::File::open(file).map_err(failed)?, &mut hash).map_err(failed)?;
            match known.entry(hash.digest128()) {
                Entry::Occupied(first) => _ = copies.insert(file.clone(), (*first.get()).clone()),
                Entry::Vacant(place) => _ = place.insert(file),
            }
        }
    }
    Ok(copies)
}

/// The policies and facts to judge by: those of the options, with these identity policies.
fn judge(args: &ReplayArgs, identity: &[String], by_principal: &[String]) -> Result<Judge, Failure> {
    let mut general = args.policies.clone();
    general.policy = identity.to_vec();
    // A resource policy may be that of one bucket.
    let named = |text: &&String| {
        text.split_once('=')
            .is_some_and(|(bucket, _)| !bucket.contains(['/', '.']) || !Path::new(text.as_str()).exists())
    };
    let of_bucket: Vec<String> = general.resource_policy.iter().filter(named).cloned().collect();
    general.resource_policy.retain(|text| !of_bucket.contains(text));
    let given = policies::load(&general, false)?;
    if !args.common.quiet {
        given.notes.iter().for_each(|note| problems::print_note(note));
    }
    let mut judge = Judge { policies: given.policies, facts: facts(args)?, ..Judge::default() };
    let mut reader = Reader::new();
    for text in &of_bucket {
        let (bucket, path) = text.split_once('=').unwrap_or((text, ""));
        let bucket =
            bucket.split_once(":s3:::").filter(|(head, _)| head.starts_with("arn:")).map_or(bucket, |(_, name)| name);
        judge.buckets.entry(bucket.to_owned()).or_default().extend(read(&mut reader, path, Layer::Resource)?);
    }
    let mut paths = HashMap::new();
    for text in by_principal {
        // Names can hold the sign, too: what follows it is a file.
        let splits = || text.match_indices('=').filter_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)));
        let Some((arn, path)) = splits().find(|(_, path)| Path::new(path).exists()).or_else(|| splits().next()) else {
            return Err(Failure::with_help(
                format!("`{text}` names no principal and file"),
                "write ARN=FILE, such as arn:aws:iam::111122223333:role/export=role.json",
            ));
        };
        let parsed = Arn::parse(arn).filter(|parsed| parsed.service == "iam" && !arn.contains(['*', '?']));
        let is_identity = |resource: &str| resource.starts_with("user/") || resource.starts_with("role/");
        let Some(parsed) = parsed.filter(|parsed| is_identity(parsed.resource)) else {
            return Err(Failure::with_help(
                format!("`{arn}` is no ARN of a user or a role"),
                "write arn:aws:iam::ACCOUNT:user/NAME=FILE, or arn:aws:iam::ACCOUNT:role/NAME=FILE for the sessions of a role",
            ));
        };
        // The sessions of a role have no path in access logs.
        if let (Some(account), Some((_, name))) = (parsed.account_id(), parsed.resource.rsplit_once('/'))
            && parsed.resource.starts_with("role/")
        {
            paths.entry((account, name.to_owned())).or_insert_with(|| arn.to_owned());
        }
        judge.identities.entry(arn.to_owned()).or_default().extend(read(&mut reader, path, Layer::Identity)?);
    }
    if judge.policies.policies().next().is_none() && judge.identities.is_empty() && judge.buckets.is_empty() {
        return Err(Failure::with_help(
            "no policy is given",
            "name one: -p policy.json, --identity ARN=FILE or --resource-policy BUCKET=FILE",
        ));
    }
    judge.canonical_ids = canonical_ids(&args.canonical_id)?;
    judge.roles = paths;
    judge.roles.extend(roles(&args.role_arn)?);
    judge.owner = args.resource_account.as_deref().map(|text| account("resource account", text)).transpose()?;
    Ok(judge)
}

fn read(reader: &mut Reader, path: &str, layer: Layer) -> Result<Policies, Failure> {
    let files = if path == "-" {
        vec![path.to_owned()]
    } else {
        input::files(path, |file| file.extension().is_some_and(|e| e == "json"))?
    };
    let policy = |file: &String| {
        reader.read(input::read(file)?, layer).map(Arc::new).map_err(|refused| Failure::Refused(vec![refused]))
    };
    files.iter().map(policy).collect()
}

/// Accounts by canonical id.
pub(crate) fn canonical_ids(texts: &[String]) -> Result<HashMap<String, AccountId>, Failure> {
    let read = |text: &String| {
        let Some((id, owner)) = text.split_once('=') else {
            return Err(Failure::with_help(format!("`{text}` names no account"), "write ID=ACCOUNT"));
        };
        Ok((id.to_owned(), account("account of a canonical id", owner)?))
    };
    texts.iter().map(read).collect()
}

/// Roles by account and name: sessions in a log lack the path.
pub(crate) fn roles(arns: &[String]) -> Result<HashMap<(AccountId, String), String>, Failure> {
    let role = |text: &String| {
        let arn = Arn::parse(text).filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
        let name = arn.and_then(|arn| Some((arn.account_id()?, arn.resource.rsplit('/').next()?.to_owned())));
        let name = name.ok_or_else(|| {
            Failure::with_help(format!("`{text}` is no ARN of a role"), "write arn:aws:iam::ACCOUNT:role/PATH/NAME")
        })?;
        Ok((name, text.clone()))
    };
    arns.iter().map(role).collect()
}

fn facts(args: &ReplayArgs) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    facts.management_account =
        args.management_account.as_deref().map(|text| account("management account", text)).transpose()?;
    facts.restrict_public_buckets = args.restrict_public_buckets;
    facts.endpoint_type = EndpointType::Interface;
    Ok(facts)
}

/// Progress in bytes of the files, on a terminal only.
pub(crate) fn progress(files: &[String], quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let sizes = files.iter().map(|file| std::fs::metadata(file).map_or(0, |metadata| metadata.len()));
    let bar = ProgressBar::with_draw_target(Some(sizes.sum()), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bytes} of {total_bytes}, {bytes_per_sec}, {eta} left {wide_bar}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
