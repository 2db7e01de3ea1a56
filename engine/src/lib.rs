//! The evaluation engine of can-access: may this principal perform this action on this ARN, and why?
//!
//! The engine answers from policy text alone. It reads policies with the places of everything in them, compiles them
//! once, and holds requests against them by the rules of AWS IAM. It has no file, network, clock or thread access of
//! its own: texts and the time come in with the call.
//!
//! # A decision
//!
//! ```
//! use can_access_engine::decision::{Decision, explain};
//! use can_access_engine::layer::Layer;
//! use can_access_engine::policy::{Policy, PolicySet};
//! use can_access_engine::problem::Source;
//! use can_access_engine::request::{Action, Context, ContextValue, Facts, Principal, Request, Resource};
//! use std::sync::Arc;
//!
//! // Policies are compiled once, own what they need, and can be shared between threads.
//! let text = r#"{ "Version": "2012-10-17", "Statement": [
//!     { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*" },
//!     { "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*",
//!       "Condition": { "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } } } ] }"#;
//! let policy = Policy::read(Source::new("home.json", text), Layer::Identity).unwrap();
//! let policies = PolicySet { identity: vec![Arc::new(policy)], ..PolicySet::default() };
//!
//! // A request borrows its parts.
//! let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
//! let action = Action::parse("s3:DeleteObject").unwrap();
//! let resource = Resource::parse("arn:aws:s3:::home/ann/notes").unwrap();
//! let mut context = Context::new();
//! context.insert("aws:SourceIp", ContextValue::Single("198.51.100.7".into())).unwrap();
//! let facts = Facts::default();
//! let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
//!
//! // The explanation comes from the same evaluation as the verdict.
//! let explanation = explain(&policies, &request);
//! assert_eq!(explanation.outcome.decision, Decision::ExplicitDeny);
//! assert_eq!(explanation.decided_by[0].statement, 1);
//! ```
//!
//! For many requests, [`index::CompiledSet`] takes the policies and finds the few statements that can apply to each: the
//! decision is the same, and its cost hardly grows with the number of policies.
//!
//! # A property of a policy
//!
//! With the feature `proptest` the engine supplies strategies, so that a policy's promises can be tested over everything
//! near it rather than by a few examples:
//!
#![cfg_attr(feature = "proptest", doc = "```")]
#![cfg_attr(not(feature = "proptest"), doc = "```ignore")]
//! use can_access_engine::decision::{Decision, decide};
//! use can_access_engine::layer::Layer;
//! use can_access_engine::policy::{Policy, PolicySet};
//! use can_access_engine::problem::Source;
//! use can_access_engine::request::{Action, Facts, Principal, Request, Resource};
//! use can_access_engine::strategy;
//! use proptest::prelude::*;
//! use std::sync::Arc;
//!
//! let text = r#"{ "Version": "2012-10-17", "Statement": {
//!     "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::exports/daily/*" } }"#;
//! let policy = Arc::new(Policy::read(Source::new("export.json", text), Layer::Identity).unwrap());
//! let policies = PolicySet { identity: vec![Arc::clone(&policy)], ..PolicySet::default() };
//! let principal = Principal::parse("arn:aws:iam::111122223333:role/export").unwrap();
//! let (facts, action) = (Facts::default(), Action::parse("s3:PutObject").unwrap());
//!
//! // The export writes nowhere but below its prefix, whatever the key and the context.
//! let inputs = (strategy::arn_outside("arn:aws:s3:::exports/daily/"), strategy::context_near(&policy));
//! proptest!(|((arn, context) in inputs)| {
//!     let resource = Resource::parse(&arn).unwrap();
//!     let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
//!     prop_assert_ne!(decide(&policies, &request).decision, Decision::Allowed);
//! });
//! ```
//!
//! # Where things are
//!
//! The modules form a line, each importing only those before it:
//!
//! | module | what it knows |
//! |---|---|
//! | [`problem`] | places, spans, and what can be wrong with a text |
//! | [`truth`] | holds, does not hold, not known |
//! | [`decimal`], [`instant`] | exact numbers and points in time |
//! | [`arn`], [`catalogue`] | ARNs as text; what AWS publishes about its services: actions, resource types, condition keys |
//! | [`key`], [`layer`] | names of condition keys, the layers of policies |
//! | [`document`] | JSON text with places → a located tree |
//! | [`pattern`] | `*`, `?`, `${variable}`, escapes |
//! | [`request`] | principal, action, resource, context, and the keys that follow from them |
//! | [`principal`], [`action`], [`resource`], [`condition`] | the elements of a statement |
//! | [`statement`] | a statement, held against a request |
//! | [`policy`] | a policy, and the set of policies around a request |
//! | [`decision`] | what all layers together say, and nothing else |
//! | [`index`] | policies compiled for many requests: which statements can apply to a request |
//! | [`expansion`], [`checks`] | uses of the catalogue, side by side: what action patterns cover; what is odd about a question or a policy |
//! | [`replay`] | a line of an access log, as a request and what its status proves |
//! | [`derivation`] | the least policy that lets through what logs prove to be needed |
//!
//! Rules are cited as in reference/SEMANTICS.md: R5.12 is rule 12 of section 5.
//!
//! # Glossary
//!
//! - **layer**: what a policy is attached to and so which part it plays: identity, resource, boundary, session, scp, rcp,
//!   endpoint.
//! - **class**: how a resource-based policy names the requester; it decides what an Allow is worth.
//! - **account trust**: KMS keys and roles must name the account in their own policy before its identity policies count.
//! - **absent, empty, unknown**: a key the request does not have; one that is there with nothing in it; one of which
//!   nobody said whether it is there.
//! - **completion**: values for the unknown keys.
//! - **fact**: what no policy and no condition key says, such as the organization's management account.

pub mod action;
pub mod arn;
pub mod catalogue;
pub mod checks;
pub mod condition;
pub mod decimal;
pub mod decision;
pub mod derivation;
pub mod document;
pub mod expansion;
pub mod index;
pub mod instant;
pub mod key;
mod lanes;
pub mod layer;
pub mod pattern;
pub mod policy;
pub mod principal;
pub mod problem;
pub mod replay;
pub mod request;
pub mod resource;
pub mod statement;
#[cfg(feature = "proptest")]
pub mod strategy;
pub mod truth;
