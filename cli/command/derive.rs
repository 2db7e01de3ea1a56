//! `can-access derive`: the least policy that lets through what access logs prove to have been needed.

use crate::args::{DeriveArgs, Format, PolicyForm, Precision, Probes};
use crate::command::replay::{canonical_ids, log_files, progress, refuse_what_is_no_log, roles};
use crate::input;
use crate::logs::derive::{Rules, collect};
use crate::logs::source::{Source, end_when_interrupted, is_interrupted};
use crate::partial::{self, Partial};
use crate::report::derive as report_derive;
use crate::report::replay::{self as report_replay, Names};
use crate::report::{self, problems};
use crate::{Exit, Failure};
use can_access_engine::derivation::{self, Derived, Form, Options};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, Version};
use can_access_engine::problem::{Code, Source as Text};
use can_access_engine::replay::Class;
use can_access_engine::replay::judge::Judge;
use can_access_engine::request::Action;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Derives policies from the logs.
pub(crate) fn run(args: &DeriveArgs) -> Result<Exit, Failure> {
    let files = log_files(&args.logs, args.common.quiet)?;
    let rules = rules(args)?;
    let options = options(args)?;
    super::query::with_threads(args.common.threads, || derive_all(args, &files, &rules, &options))?
}

fn derive_all(args: &DeriveArgs, files: &[String], rules: &Rules, options: &Options) -> Result<Exit, Failure> {
    let (partials, files) = partial::told_apart(files)?;
    let hashed = args.partial.is_some() || !partials.is_empty();
    let bar = progress(&files, args.common.quiet);
    end_when_interrupted();
    let source = Source::new(&files);
    let (collected, logs) = collect(&source, rules, hashed, |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let mut broken = source.broken();
    broken.extend(report_replay::damaged(&collected.lines, &files));
    broken.iter().for_each(problems::print_failure);
    if is_interrupted() {
        let read = collected.lines.all();
        problems::print_error(&format!(
            "interrupted after {read} lines: nothing is written, since it would be incomplete"
        ));
        return Ok(Exit::Interrupted);
    }
    let (collected, files) = if hashed {
        let own = Partial::new(rules.described(), &logs, &files, collected);
        let merged = partial::with(own, &partials)?;
        if let Some(path) = &args.partial {
            refuse_what_is_no_log(&merged.part.lines)?;
            return partial::write(path, &merged, &broken);
        }
        {
            let names = merged.names();
            (merged.part, names)
        }
    } else {
        (collected, files)
    };
    let collected = rules.finish(collected);
    let names = Names { files: &files, baseline: false, complete: broken.is_empty() };
    refuse_what_is_no_log(&collected.lines)?;
    if let [action, resource] = &args.why[..] {
        Action::parse(action)?;
        let found = report_derive::print_why(
            &mut report::output(Format::Text),
            &collected.evidence,
            options,
            action,
            resource,
            &names,
        )?;
        // What could not be read may have proved more.
        return Ok(match found {
            _ if !broken.is_empty() => Exit::Undecided,
            true => Exit::Fine,
            false => Exit::Finding,
        });
    }
    if !broken.is_empty() {
        return Err(Failure::with_help(
            "nothing was written: not every log could be read to its end",
            "a policy that is derived without them would deny what they show to be needed; mend them, or leave them out",
        ));
    }
    refuse_several(&derivation::subjects(&collected.evidence, options), args)?;
    let derived = derivation::derive(&collected.evidence, options).map_err(|unproven| {
        let help = if options.min_days > 1 || !options.never.is_empty() {
            "nothing was written; of very many names alike, some may match --never or have been seen on too few days for \
             --min-days: try without, or a shorter time"
        } else {
            "nothing was written; try one principal or bucket, or a shorter time"
        };
        Failure::with_help(unproven.to_string(), help)
    })?;
    if !args.common.quiet {
        report_replay::complain(&collected.lines, &names);
        let aside = derivation::set_aside(&collected.evidence, options);
        report_derive::print_set_aside(&collected, &aside, options);
        for never in options.never.iter().filter(|never| !derivation::matches_a_name(&collected.evidence, never)) {
            problems::print_note(&format!("--never {never} matches no name that the logs tell of"));
        }
    }
    if derived.is_empty() || derived.iter().all(|policy| policy.statements == 0) {
        let seen = collected.lines.of(Class::Allowed);
        let principals = derivation::principals(&collected.evidence);
        let unplaced = collected.lines.unplaced.values().sum();
        report_derive::nothing((seen, unplaced), &principals, options);
        return Ok(Exit::Finding);
    }
    write(args, &derived)?;
    if let Some(path) = &args.report {
        let json = report_derive::json(&derived, &collected, &names, options);
        write_file(path, json.as_bytes())?;
    }
    if !args.common.quiet {
        derived.iter().for_each(|policy| report_derive::print_summary(policy, options));
        derived.iter().for_each(|policy| print_warnings(policy, options.form));
    }
    let unused = [Class::Malformed, Class::Partial, Class::Ambiguous, Class::Unmapped];
    let unused: u64 = unused
        .into_iter()
        .map(|class| collected.lines.of(class))
        .chain(collected.lines.unplaced.values().copied())
        .sum();
    Ok(if args.strict && unused > 0 { Exit::Finding } else { Exit::Fine })
}

/// Says which characters IAM would refuse: names can have some that policies cannot. Its size is told anyway.
fn print_warnings(derived: &Derived, form: Form) {
    let layer = if form == Form::Bucket { Layer::Resource } else { Layer::Identity };
    let name = derived.of.as_ref().map_or("the policy".to_owned(), |of| format!("the policy of {of}"));
    if let Ok(policy) = Policy::read(Text::new(name, derived.text.as_str()), layer) {
        let characters = policy.warnings().iter().filter(|warning| warning.code == Code::UnusualCharacter);
        problems::print_all(policy.source(), &characters.cloned().collect::<Vec<_>>());
    }
}

/// How many buckets are named in a message.
const NAMED: usize = 10;

/// Several policies need a directory.
fn refuse_several(subjects: &[Option<String>], args: &DeriveArgs) -> Result<(), Failure> {
    if subjects.len() < 2 || args.out_dir.is_some() {
        return Ok(());
    }
    let named: Vec<&str> = subjects.iter().flatten().take(NAMED).map(String::as_str).collect();
    let more = if subjects.len() > NAMED { ", …" } else { "" };
    Err(Failure::with_help(
        format!("the logs are of {} buckets: {}{more}", subjects.len(), named.join(", ")),
        "choose one with --bucket, or name a directory with --out-dir",
    ))
}

fn write(args: &DeriveArgs, derived: &[Derived]) -> Result<(), Failure> {
    if let Some(directory) = &args.out_dir {
        std::fs::create_dir_all(directory).map_err(|error| Failure::Create { path: directory.clone(), error })?;
        let names = file_names(derived);
        for (policy, name) in derived.iter().zip(names) {
            write_file(&Path::new(directory).join(name).to_string_lossy(), policy.text.as_bytes())?;
        }
        return Ok(());
    }
    let Some(policy) = derived.first() else { return Ok(()) };
    match &args.output {
        Some(path) => write_file(path, policy.text.as_bytes()),
        None => {
            let mut out = report::data();
            out.write_all(policy.text.as_bytes())?;
            Ok(out.flush()?)
        }
    }
}

fn write_file(path: &str, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::Create { path: path.to_owned(), error })
}

/// How long a name of a file is at most, before what tells it from others.
const LONGEST: usize = 150;

/// Names for the policies of principals or buckets, each another one, on disks that do not tell case apart as well: what
/// file systems do not take, or what would lead elsewhere, is `_`; what is not told apart so has a hash behind it.
fn file_names(derived: &[Derived]) -> Vec<String> {
    let plain = |symbol: char| if symbol.is_ascii_alphanumeric() || "-_.@=+,".contains(symbol) { symbol } else { '_' };
    let of = |policy: &Derived| policy.of.clone().unwrap_or_else(|| "policy".to_owned());
    let short = |policy: &Derived| -> String {
        let of = of(policy);
        let name: String = of.strip_prefix("arn:").unwrap_or(&of).chars().map(plain).take(LONGEST).collect();
        name.trim_start_matches('.').to_owned()
    };
    let mut times: HashMap<String, usize> = HashMap::new();
    derived.iter().for_each(|policy| *times.entry(short(policy).to_lowercase()).or_default() += 1);
    let name = |policy: &Derived| {
        let name = short(policy);
        let alone = times.get(&name.to_lowercase()) == Some(&1);
        if alone { format!("{name}.json") } else { format!("{name}-{:016x}.json", xxh3_64(of(policy).as_bytes())) }
    };
    derived.iter().map(name).collect()
}

fn rules(args: &DeriveArgs) -> Result<Rules, Failure> {
    let judge =
        Judge { canonical_ids: canonical_ids(&args.canonical_id)?, roles: roles(&args.role_arn)?, ..Judge::default() };
    let (since, until) = (args.since.as_deref().map(time).transpose()?, args.until.as_deref().map(time).transpose()?);
    if since.zip(until).is_some_and(|(since, until)| since >= until) {
        return Err(Failure::usage("--since is not before --until"));
    }
    Ok(Rules { judge, since, until, probes: args.existence_probes == Probes::Keep })
}

/// Seconds since 1970 of a date or a time.
fn time(text: &str) -> Result<i64, Failure> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
    time.map(jiff::Timestamp::as_second)
        .ok_or_else(|| Failure::with_help(format!("`{text}` is no time"), "write 2026-11-21, or 2026-11-21T19:00:00Z"))
}

fn options(args: &DeriveArgs) -> Result<Options, Failure> {
    let mut existing = Vec::new();
    for path in &args.existing {
        let files = if path == "-" {
            vec![path.clone()]
        } else {
            input::files(path, |file| file.extension().is_some_and(|extension| extension == "json"))?
        };
        for file in files {
            let source = input::read(&file)?;
            let layer = if Policy::names_principals(source.text()) { Layer::Resource } else { Layer::Identity };
            let policy = Policy::read(source, layer).map_err(|refused| Failure::Refused(vec![refused]))?;
            if policy.version() == Version::V2008 && policy.source().text().contains("${") {
                return Err(Failure::with_help(
                    format!(
                        "{file} is of version 2008-10-17, in which `${{` begins no variable; the derived policy is of 2012-10-17"
                    ),
                    "give the policy the version 2012-10-17 if variables are meant",
                ));
            }
            existing.push(Arc::new(policy));
        }
    }
    if args.never.iter().any(String::is_empty) {
        return Err(Failure::with_help("--never names nothing", "write a pattern such as 'secrets/*'"));
    }
    if args.min_days > derivation::DAYS {
        return Err(Failure::usage(format!(
            "--min-days takes at most {}: no more days are kept in mind",
            derivation::DAYS
        )));
    }
    let roles = roles(&args.role_arn)?;
    Ok(Options {
        form: match (args.form, &args.out_dir) {
            (PolicyForm::BucketPolicy, _) => Form::Bucket,
            (PolicyForm::Identity, Some(_)) => Form::IdentityEach,
            (PolicyForm::Identity, None) => Form::Identity,
        },
        precision: match args.precision {
            Precision::Strict => derivation::Precision::Strict,
            Precision::Balanced => derivation::Precision::Balanced,
            Precision::Broad => derivation::Precision::Broad,
        },
        max_bytes: args.max_bytes,
        never: args.never.clone(),
        min_days: args.min_days,
        principals: args.principal.iter().map(|text| principal(text, &roles)).collect(),
        buckets: args.bucket.clone(),
        existing,
    })
}

/// A principal as the evidence names it: a session is its role.
fn principal(text: &str, roles: &HashMap<(can_access_engine::arn::AccountId, String), String>) -> String {
    let judge = Judge { roles: roles.clone(), ..Judge::default() };
    let requester = can_access_engine::replay::requester::Requester::read(text);
    judge.principal(requester, None).unwrap_or_else(|| text.to_owned())
}
