//! The ten jobs: what each does in a run, what others do on its bucket meanwhile, what must be kept from it, and the
//! policy for it.

mod analytics;
mod backup_versions;
mod deployment;
mod home_directories;
mod log_ingest;
mod pipeline_export;
mod poisoner;
mod s3a_job;
mod scanner_noise;
mod website;

use super::run::{Caller, Run};
use super::{ACCOUNT, DAY, FIRST, Job, Kind, NEIGHBOUR, Questions, Random, policy};

/// All of them.
pub(super) const JOBS: [&Job; 10] = [
    &pipeline_export::JOB,
    &s3a_job::JOB,
    &website::JOB,
    &home_directories::JOB,
    &deployment::JOB,
    &backup_versions::JOB,
    &scanner_noise::JOB,
    &poisoner::JOB,
    &log_ingest::JOB,
    &analytics::JOB,
];
