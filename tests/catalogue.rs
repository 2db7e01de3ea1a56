//! The catalogue against facts that were written down without it, and against every name that this project uses.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use can_access_engine::arn::Arn;
use can_access_engine::catalogue::global::GlobalKey;
use can_access_engine::catalogue::{Action, Catalogue, Service, operations};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn rows(file: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(format!("corpus/catalogue/{file}")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn listed(text: &str) -> BTreeSet<&str> {
    text.split(',').filter(|item| !matches!(*item, "-" | "...")).collect()
}

#[test]
fn actions_are_what_awss_pages_say() {
    let rows = rows("actions.tsv");
    assert!(rows.len() >= 60);
    for row in &rows {
        let [name, level, types, keys, dependents] = &row[..] else { panic!("{row:?}") };
        let action = Catalogue::published().action(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(action.to_string(), *name);
        assert_eq!(action.level().name(), level, "{name}");
        let found: BTreeSet<&str> = action.resources().map(|resource| resource.name()).collect();
        let wanted: BTreeSet<String> = listed(types).into_iter().map(str::to_lowercase).collect();
        let found_folded: BTreeSet<String> = found.iter().map(|name| name.to_lowercase()).collect();
        if types.ends_with("...") {
            assert!(wanted.is_subset(&found_folded), "{name}: {found:?}");
        } else {
            assert_eq!(found_folded, wanted, "{name}");
        }
        for key in listed(keys) {
            assert!(action.supports(key), "{name} {key}");
        }
        let found: BTreeSet<&str> = action.dependents().collect();
        assert!(listed(dependents).is_subset(&found), "{name}: {found:?}");
    }
}

#[test]
fn arns_fit_the_actions_that_can_be_about_them() {
    let rows = rows("arns.tsv");
    assert!(rows.len() >= 40);
    for row in &rows {
        let [name, arn, wanted] = &row[..] else { panic!("{row:?}") };
        let action = Catalogue::published().action(name).unwrap_or_else(|| panic!("{name}"));
        let arn = Arn::parse(arn).unwrap();
        let mut templates = action.resources().flat_map(|resource| resource.resource_type().unwrap().arns());
        let fits = if templates.any(|template| template.fits(&arn)) { "fits" } else { "does not fit" };
        assert_eq!(fits, wanted, "{name} {}", row[1]);
    }
}

/// Names that look like actions and are none, on purpose: typing mistakes and operations in examples and tests, names
/// of a made-up service, and what a pattern looks like.
const NO_ACTIONS: &[&str] = &[
    "athena:StartQuery",
    "dynamodb:InsertItem",
    "ec2:Number",
    "ec2:RunInstnaces",
    "s3:Get",
    "s3:GetBucket",
    "s3:GetObjet",
    "s3:ReadObject",
    "s3:SourceIp",
];

#[test]
fn every_action_named_in_the_sources_and_the_corpus_exists() {
    let mut files = Vec::new();
    for folder in ["engine/src", "cli", "tests", "benches", "corpus", "reference"] {
        collect(Path::new(folder), &mut files);
    }
    files.extend(["README.md", "CHANGELOG.md", "DESIGN.md", "CONTRIBUTING.md"].map(PathBuf::from));
    assert!(files.len() > 100);
    let mut wrong = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for path in files {
        // Typing mistakes are what these two are about.
        if path.ends_with("catalogue/tests.rs") || path.ends_with("tests/catalogue.rs") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for name in names(&text) {
            let folded = name.to_lowercase();
            if seen.insert(folded.clone()) && !exists(&folded) {
                wrong.insert(format!("{} {name}", path.display()));
            }
        }
    }
    assert!(seen.len() > 200, "{}", seen.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    let unneeded: Vec<&&str> = NO_ACTIONS.iter().filter(|name| !seen.contains(&name.to_lowercase())).collect();
    assert!(unneeded.is_empty(), "{unneeded:?}");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let texts = ["rs", "yaml", "json", "md", "txt"];
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| texts.iter().any(|text| extension == *text)) {
            files.push(path);
        }
    }
}

/// What has the form of an action of a known service, without wildcards.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.match_indices(':').filter_map(move |(at, _)| {
        let before = &text[..at];
        let start = before.len() - before.chars().rev().take_while(|c| letter(*c)).count();
        let behind = &text[at + 1..];
        let end = behind.find(|c: char| !letter(c)).unwrap_or(behind.len());
        // Neither part of an ARN, a path or a longer name, nor a pattern or a JSON member.
        let free = !before[..start].ends_with([':', '/', '.', '$', '{', '*']);
        let whole = !behind[end..].starts_with(['*', '?', ':', '/', '.', '<', '$', '{', '(', '\\']);
        let name = &behind[..end];
        let known = Catalogue::published().service(&before[start..]).is_some();
        let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
        (free && whole && known && capital).then(|| &text[start..at + 1 + end])
    })
}

fn exists(folded: &str) -> bool {
    let catalogue = Catalogue::published();
    catalogue.action(folded).is_some()
        || GlobalKey::find(folded).is_some()
        || catalogue.services().flat_map(Service::keys).any(|key| key.covers(folded))
        || operations().any(|(operation, _)| operation.eq_ignore_ascii_case(folded))
        || NO_ACTIONS.iter().any(|name| name.eq_ignore_ascii_case(folded))
}

#[test]
fn a_suggestion_is_always_the_same_and_always_real() {
    let catalogue = Catalogue::published();
    let names: Vec<String> = catalogue.services().flat_map(Service::actions).map(|action| action.to_string()).collect();
    // A letter left out, doubled or swapped, in every hundredth name.
    for (index, name) in names.iter().enumerate().step_by(101) {
        let at = name.find(':').unwrap() + 2 + index % 4;
        let Some((head, tail)) = name.split_at_checked(at) else { continue };
        for wrong in [format!("{head}{}", tail.get(1..).unwrap_or_default()), format!("{head}x{tail}")] {
            let Err(unknown) = catalogue.look_up(&wrong) else { continue };
            assert_eq!(catalogue.look_up(&wrong).unwrap_err(), unknown, "{wrong}");
            let real = |name: &String| catalogue.action(name).map(Action::name).is_some();
            assert!(unknown.suggestions().iter().all(real), "{wrong}: {:?}", unknown.suggestions());
            if name.len() - at > 6 {
                assert!(unknown.suggestions().contains(name), "{wrong}: {:?}", unknown.suggestions());
            }
        }
    }
}
