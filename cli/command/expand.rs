//! `can-access expand`: the actions that patterns cover.

use crate::args::{ExpandArgs, Format};
use crate::report::{self, DIM};
use crate::{Exit, Failure};
use can_access_engine::action::ActionPattern;
use can_access_engine::catalogue::{Action, Catalogue};
use can_access_engine::expansion::{expand, expand_all};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct ActionJson {
    action: String,
    level: &'static str,
}

/// Lists what the patterns cover.
pub(crate) fn run(args: &ExpandArgs) -> Result<Exit, Failure> {
    let catalogue = Catalogue::published();
    for prefix in &args.service {
        if catalogue.service(prefix).is_none() {
            return Err(super::describe::unknown_service(prefix));
        }
    }
    let everything = ["*".to_owned()];
    let texts = match &args.patterns[..] {
        [] if args.service.is_empty() && args.level.is_empty() => {
            return Err(Failure::with_help(
                "no pattern is given",
                "ask for example: can-access expand 's3:Get*Tagging'",
            ));
        }
        [] => &everything[..],
        texts => texts,
    };
    let patterns = texts.iter().map(|text| pattern(text)).collect::<Result<Vec<_>, _>>()?;
    let mut exit = Exit::Fine;
    for pattern in &patterns {
        if expand(catalogue, pattern).is_empty() {
            exit = Exit::Finding;
            if !args.common.quiet {
                report::problems::print_warning(&nothing(pattern.as_str()));
            }
        }
    }
    let wanted = |action: &Action<'_>| {
        let of_level = |level: &crate::args::Level| action.level() == level.of_catalogue();
        let of_service = |prefix: &String| action.service().prefix().eq_ignore_ascii_case(prefix);
        (args.level.is_empty() || args.level.iter().any(of_level))
            && (args.service.is_empty() || args.service.iter().any(of_service))
    };
    let actions: Vec<Action<'_>> = expand_all(catalogue, &patterns).into_iter().filter(wanted).collect();
    if actions.is_empty() && exit == Exit::Fine {
        exit = Exit::Finding;
        if !args.common.quiet {
            report::problems::print_warning("no action that the patterns cover is of that level and service");
        }
    }
    // Nobody reading on changes nothing about the answer.
    match print(&actions, args) {
        Err(failure) if !failure.is_closed_pipe() => Err(failure),
        _ => Ok(exit),
    }
}

fn pattern(text: &str) -> Result<ActionPattern, Failure> {
    let pattern = ActionPattern::parse(text);
    if pattern.is_well_formed() {
        return Ok(pattern);
    }
    let help = if Catalogue::published().service(text).is_some() {
        format!("write `{text}:*` for all its actions")
    } else {
        "a pattern is `service:Name` with `*` and `?` where any text fits, such as 's3:Get*Tagging'".to_owned()
    };
    Err(Failure::with_help(format!("`{text}` is no pattern of actions"), help))
}

fn nothing(text: &str) -> String {
    let unknown = Catalogue::published().look_up(&text.replace(['*', '?'], "")).err();
    let help = unknown.and_then(|unknown| unknown.help()).map(|help| format!("; {help}")).unwrap_or_default();
    format!("`{text}` covers no action{help}")
}

fn print(actions: &[Action<'_>], args: &ExpandArgs) -> Result<(), Failure> {
    if args.common.quiet {
        return Ok(());
    }
    let mut out = report::output(args.common.format);
    let json = |action: &Action<'_>| ActionJson { action: action.to_string(), level: action.level().name() };
    match args.common.format {
        Format::Text => {
            for action in actions {
                if args.common.verbose {
                    writeln!(out, "{action}  {DIM}{}{DIM:#}", action.level().name())?;
                } else {
                    writeln!(out, "{action}")?;
                }
            }
        }
        Format::Json => {
            let all: Vec<ActionJson> = actions.iter().map(json).collect();
            serde_json::to_writer_pretty(&mut out, &all).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Jsonl => {
            for action in actions {
                serde_json::to_writer(&mut out, &json(action)).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
    }
    Ok(out.flush()?)
}
