//! What a logged operation needs, and what its answer proves (REPLAY §2.2, §2.4), from two tables.

use crate::request::Action;
use std::collections::HashMap;
use std::sync::LazyLock;

const OPERATIONS: &str = include_str!("operations.tsv");
const EVIDENCE: &str = include_str!("evidence.tsv");

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    /// The object with the row's key.
    Object,
    /// The row's bucket.
    Bucket,
    /// No resource: the resource is `*`.
    Service,
    /// Nothing that a policy decides.
    Nothing,
}

/// The actions an operation needs, all of them, and what they are about. No actions: it needs none, and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The actions.
    pub actions: Vec<&'static str>,
    /// The same, as requests name them.
    pub(super) asked: Vec<Action>,
    /// What they are about.
    pub about: About,
}

/// A row of the table: when it counts, and what it says.
#[derive(Debug)]
struct Case {
    key: Option<bool>,
    version: bool,
    needs: Needs,
}

static CASES: LazyLock<HashMap<&'static str, Vec<Case>>> = LazyLock::new(|| {
    let mut cases: HashMap<&str, Vec<Case>> = HashMap::new();
    for row in rows(OPERATIONS) {
        let [operation, when, actions, about] = row[..] else { continue };
        let conditions = || when.split('+');
        let key = conditions().find_map(|word| match word {
            "key" => Some(true),
            "no-key" => Some(false),
            _ => None,
        });
        let about = match about {
            "object" => About::Object,
            "bucket" => About::Bucket,
            "service" => About::Service,
            _ => About::Nothing,
        };
        let actions: Vec<&str> = actions.split(' ').filter(|action| *action != "-").collect();
        let asked = actions.iter().filter_map(|action| Action::parse(action).ok()).collect();
        let version = conditions().any(|word| word == "version");
        cases.entry(operation).or_default().push(Case { key, version, needs: Needs { actions, asked, about } });
    }
    cases
});

/// What an operation needs, given whether it has a key and names a version. `None` for an operation that is not known.
///
/// ```
/// use can_access_engine::replay::operation::{About, needs};
/// let read = needs("REST.HEAD.OBJECT", true, false).unwrap();
/// assert_eq!((&read.actions[..], read.about), (&["s3:GetObject"][..], About::Object));
/// assert_eq!(needs("REST.GET.OBJECT", true, true).unwrap().actions, ["s3:GetObjectVersion"]);
/// assert_eq!(needs("REST.DELETE.CORS", false, false).unwrap().actions, ["s3:PutBucketCORS"]);
/// assert!(needs("REST.GET.NONSENSE", false, false).is_none());
/// ```
#[must_use]
pub fn needs(operation: &str, key: bool, version: bool) -> Option<&'static Needs> {
    let holds = |case: &&Case| case.key.is_none_or(|wanted| wanted == key) && (!case.version || version);
    CASES.get(operation)?.iter().find(holds).map(|case| &case.needs)
}

/// Every operation of the table, with everything that it can need.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static Needs)> {
    CASES.iter().flat_map(|(operation, cases)| cases.iter().map(move |case| (*operation, &case.needs)))
}

/// What an answer proves about the actions that the request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// They were allowed.
    Allowed,
    /// They were allowed, and so was listing the bucket: a missing key is told only to those who may list.
    AllowedAndListed,
    /// The request was refused.
    Refused,
    /// Nothing.
    Nothing,
}

struct Evidence {
    status: &'static str,
    error: &'static str,
    proof: Proof,
    object_reads: bool,
}

static PROOFS: LazyLock<Vec<Evidence>> = LazyLock::new(|| {
    let evidence = rows(EVIDENCE).filter_map(|row| {
        let [status, error, proof, only] = row[..] else { return None };
        let proof = match proof {
            "allow" => Proof::Allowed,
            "allow+list" => Proof::AllowedAndListed,
            "deny" => Proof::Refused,
            _ => Proof::Nothing,
        };
        Some(Evidence { status, error, proof, object_reads: only == "object-read" })
    });
    evidence.collect()
});

/// What a status and an error code prove. `object_read` says whether the request read an object.
///
/// ```
/// use can_access_engine::replay::operation::{Proof, proof};
/// assert_eq!(proof(Some(206), None, true), Proof::Allowed);
/// assert_eq!(proof(Some(404), Some("NoSuchKey"), true), Proof::AllowedAndListed);
/// assert_eq!(proof(Some(403), Some("AccessDenied"), false), Proof::Refused);
/// assert_eq!(proof(Some(403), Some("InvalidObjectState"), true), Proof::Allowed); // archived, and allowed
/// assert_eq!(proof(Some(503), Some("SlowDown"), true), Proof::Nothing);
/// assert_eq!(proof(None, None, true), Proof::Nothing);
/// ```
#[must_use]
pub fn proof(status: Option<u16>, error: Option<&str>, object_read: bool) -> Proof {
    let holds = |evidence: &&Evidence| {
        let status_fits = match (evidence.status, status) {
            ("*", _) => true,
            ("-", status) => status.is_none(),
            (wanted, Some(status)) => match wanted.strip_suffix("xx") {
                Some(hundreds) => hundreds.parse() == Ok(status / 100),
                None => wanted.parse() == Ok(status),
            },
            (_, None) => false,
        };
        let error_fits = match evidence.error {
            "*" => true,
            "-" => error.is_none(),
            wanted => error == Some(wanted),
        };
        status_fits && error_fits && (object_read || !evidence.object_reads)
    };
    PROOFS.iter().find(holds).map_or(Proof::Nothing, |evidence| evidence.proof)
}

/// What an error code proves where no status is told, as in events of CloudTrail.
pub(super) fn proof_of_error(error: &str, object_read: bool) -> Proof {
    // Those that a status of their own tells in access logs: 304, 412, 416.
    if matches!(error, "NotModified" | "PreconditionFailed" | "InvalidRange") {
        return Proof::Allowed;
    }
    let holds = |evidence: &&Evidence| evidence.error == error && (object_read || !evidence.object_reads);
    PROOFS
        .iter()
        .filter(|evidence| evidence.status != "2xx")
        .find(holds)
        .map_or(Proof::Nothing, |evidence| evidence.proof)
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}
