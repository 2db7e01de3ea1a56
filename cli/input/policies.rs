//! The policies of a query: which file is which kind of policy.

use super::{files, read};
use crate::Failure;
use crate::args::PolicyArgs;
use crate::report::counted;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policies, Policy, PolicySet, Reader, Refused};
use std::path::Path;
use std::sync::Arc;

/// Policies read from the command line, and what was decided about them on the way.
pub(crate) struct Given {
    pub(crate) policies: PolicySet,
    /// What the reader of the answer should know about how the files were taken.
    pub(crate) notes: Vec<String>,
}

/// Reads every policy that the arguments name. All that are refused are reported together; warnings that nobody `sees` are
/// told of in a note.
pub(crate) fn load(args: &PolicyArgs, sees: bool) -> Result<Given, Failure> {
    let mut loader = Loader::default();
    let mut policies = PolicySet::default();
    for path in &args.policy {
        loader.either(path, &mut policies)?;
    }
    let resource = loader.group(&args.resource_policy, Layer::Resource)?;
    policies.resource.extend(resource);
    for policy in &policies.resource {
        if policy.statements().iter().all(|statement| statement.principal().is_none()) {
            let name = policy.source().name();
            loader.notes.push(format!("{name} names no principal, so as a resource-based policy it never applies"));
        }
    }
    policies.access_point = loader.group(&args.access_point_policy, Layer::Resource)?;
    policies.boundary = loader.group(&args.boundary, Layer::Boundary)?;
    if policies.boundary.len() > 1 {
        let message = format!("a user or role has one permissions boundary, not {}", policies.boundary.len());
        return Err(Failure::usage(message));
    }
    policies.session = loader.group(&args.session_policy, Layer::Session)?;
    policies.endpoint = loader.group(&args.endpoint_policy, Layer::Endpoint)?;
    policies.scp = loader.levels(&args.scp, Layer::Scp)?;
    policies.rcp = loader.levels(&args.rcp, Layer::Rcp)?;
    let warnings: usize = policies.policies().map(|policy| policy.warnings().len()).sum();
    if warnings > 0 && !sees {
        let warnings = counted(warnings, "warning", "warnings");
        loader.notes.push(format!("{warnings} about the policies: -v shows them"));
    }
    if loader.refused.is_empty() {
        Ok(Given { policies, notes: loader.notes })
    } else {
        Err(Failure::Refused(loader.refused))
    }
}

#[derive(Default)]
struct Loader {
    reader: Reader,
    refused: Vec<Refused>,
    notes: Vec<String>,
}

impl Loader {
    /// A policy that is an identity policy or, if it names principals, a resource-based one.
    fn either(&mut self, path: &str, policies: &mut PolicySet) -> Result<(), Failure> {
        for file in Self::paths(path)? {
            let source = read(&file)?;
            let named = Policy::names_principals(source.text());
            let layer = if named { Layer::Resource } else { Layer::Identity };
            let name = source.name().to_owned();
            match self.reader.read(source, layer) {
                Ok(policy) if named => {
                    self.notes.push(format!("{name} names principals, so it is taken as a resource-based policy"));
                    policies.resource.push(Arc::new(policy));
                }
                Ok(policy) => policies.identity.push(Arc::new(policy)),
                Err(refused) => self.refused.push(refused),
            }
        }
        Ok(())
    }

    fn group(&mut self, paths: &[String], layer: Layer) -> Result<Policies, Failure> {
        let mut group = Policies::new();
        for path in paths {
            for file in Self::paths(path)? {
                match self.reader.read(read(&file)?, layer) {
                    Ok(policy) => group.push(Arc::new(policy)),
                    Err(refused) => self.refused.push(refused),
                }
            }
        }
        Ok(group)
    }

    /// Each occurrence is one level; a directory or a list with commas is its set.
    fn levels(&mut self, occurrences: &[String], layer: Layer) -> Result<Vec<Policies>, Failure> {
        occurrences
            .iter()
            .map(|occurrence| {
                let parts: Vec<String> = if Path::new(occurrence).exists() {
                    vec![occurrence.clone()]
                } else {
                    occurrence.split(',').map(str::to_owned).collect()
                };
                self.group(&parts, layer)
            })
            .collect()
    }

    fn paths(path: &str) -> Result<Vec<String>, Failure> {
        if path == "-" {
            return Ok(vec![path.to_owned()]);
        }
        if path.is_empty() {
            return Err(Failure::with_help(
                "a policy is to be read, and the name of its file is empty",
                "of several files of one level, --scp and --rcp take the names with commas between them",
            ));
        }
        let found =
            files(path, |file| file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")))?;
        if found.is_empty() {
            return Err(Failure::with_help(
                format!("the directory {path} holds no policy"),
                "policies of a directory are its files that end in .json",
            ));
        }
        Ok(found)
    }
}
