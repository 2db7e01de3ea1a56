//! The evaluation engine of can-access.
pub mod action;
pub mod arn;
pub mod condition;
pub mod decimal;
pub mod decision;
pub mod document;
pub mod instant;
pub mod key;
pub mod layer;
pub mod pattern;
pub mod policy;
pub mod principal;
pub mod problem;
pub mod request;
pub mod resource;
pub mod statement;
pub mod truth;
