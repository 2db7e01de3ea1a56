//! Policy tests: the model of a test file, and the runner. The corpus of this project and its users' tests are the same.

pub(crate) mod model;
pub(crate) mod runner;
