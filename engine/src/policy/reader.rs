//! Reads policies one after the other.

use super::{Policy, Refused};
use crate::condition::Literals;
use crate::document::{self, Node};
use crate::layer::Layer;
use crate::problem::{Code, Problem, Source, in_order};
use std::sync::Arc;

/// Reads policies that are used together: of a condition value that stands in many, they hold one.
///
/// ```
/// use can_access_engine::{layer::Layer, policy::Reader, problem::Source};
/// let text = r#"{ "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "*",
///                 "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } } }"#;
/// let mut reader = Reader::new();
/// let one = reader.read(Source::new("one.json", text), Layer::Identity).unwrap();
/// let other = reader.read(Source::new("other.json", text), Layer::Identity).unwrap();
/// assert_eq!(one.statements(), other.statements());
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    literals: Literals,
}

impl Reader {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a policy as [`Policy::read`] does.
    ///
    /// # Errors
    /// As [`Policy::read`].
    pub fn read(&mut self, source: Arc<Source>, layer: Layer) -> Result<Policy, Refused> {
        let document::Reading { root, problems } = document::read(source.text());
        let Some(root) = root else { return Err(Refused { source, problems }) };
        if problems.iter().any(|problem| problem.is_error() && !is_mild(problem.code)) {
            // The tree is a guess; what its grammar says would be one too.
            return Err(Refused { source, problems });
        }
        self.read_node(Arc::clone(&source), &root, layer, problems)
    }

    /// Reads the policy of a text that has these problems so far.
    pub(super) fn read_node(
        &mut self,
        source: Arc<Source>,
        node: &Node,
        layer: Layer,
        mut problems: Vec<Problem>,
    ) -> Result<Policy, Refused> {
        let policy = Policy::compile(Arc::clone(&source), node, layer, &mut self.literals, &mut problems);
        let problems = in_order(problems);
        match policy {
            Some(policy) if !problems.iter().any(Problem::is_error) => Ok(Policy { warnings: problems, ..policy }),
            _ => Err(Refused { source, problems }),
        }
    }
}

/// Mistakes after which the rest of the document is understood as it was meant.
fn is_mild(code: Code) -> bool {
    matches!(
        code,
        Code::MissingComma
            | Code::TrailingComma
            | Code::ExtraComma
            | Code::Comment
            | Code::SingleQuotes
            | Code::SmartQuotes
            | Code::InvisibleSpace
            | Code::DuplicateName
            | Code::BadEscape
            | Code::ControlCharacter
            | Code::ByteOrderMark
    )
}
