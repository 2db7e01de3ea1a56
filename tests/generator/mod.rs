//! Logs made up from a seed, for tests: ten jobs on S3 and the noise around them, with what each needs, what it must
//! not get, and the policy that somebody careful would write for it.
//!
//! A job is a series of runs, mostly one a day. A run depends on seed and number only, so runs that a log does not hold
//! can be made as well: they say whether a policy derived from the log fits the future.
//!
//! What a log proves is told here by rules of its own ([`proven`], REPLAY §2.4), not by asking the engine.

#![allow(dead_code, unreachable_pub, reason = "not every user needs everything")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod jobs;
mod render;
mod run;

pub use render::{line, record};

use run::Run;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

/// When the first run starts: midnight of 3 August 2026.
const FIRST: i64 = 1_785_715_200;
/// The seconds of a day.
const DAY: i64 = 86_400;
/// The account of the buckets.
const ACCOUNT: &str = "123456789012";
/// Another account, which has jobs on the same buckets.
const NEIGHBOUR: &str = "210987654321";

/// One request, as it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// A random number, from which the request's ids are made.
    pub id: u64,
    /// When it arrived, in seconds since 1970.
    pub time: i64,
    /// Where it came from, or `-`.
    pub address: String,
    /// Who sent it, as S3 logs it: `-`, an ARN, `svc:…` or `AmazonS3`.
    pub requester: String,
    /// The bucket.
    pub bucket: String,
    /// The operation, such as `REST.PUT.OBJECT`.
    pub operation: &'static str,
    /// The key, not encoded.
    pub key: Option<String>,
    /// What stands behind the `?` of the request line; may be empty.
    pub query: String,
    /// The request line as it was sent, where it is not the one that operation, key and query give.
    pub request_line: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// S3's error code.
    pub error: Option<&'static str>,
    /// The bytes that were sent back.
    pub sent: Option<u64>,
    /// The size of the object.
    pub size: Option<u64>,
    /// The version of the object that the request names.
    pub version: Option<String>,
    /// The host id, where several rows share one.
    pub host_id: Option<String>,
    /// Bucket and key that a copy was made from.
    pub copied_from: Option<String>,
    /// The user agent; may be empty.
    pub agent: String,
    /// The referer; may be empty.
    pub referer: String,
    /// The ARN of the access point that the request went through.
    pub access_point: Option<String>,
}

/// A request to ask a policy about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The ARN of a user or role (not of a session), or `anonymous`.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The ARN of the object or bucket.
    pub resource: String,
    /// The value of `s3:prefix`; `None` if the request has none.
    pub prefix: Option<String>,
}

/// Which kind of policy fits a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identity policy, the same for each of the principals.
    Identity,
    /// A bucket policy.
    BucketPolicy,
}

/// A job, its log, and what is known about it.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The name.
    pub name: &'static str,
    /// The bucket.
    pub bucket: String,
    /// Whose permissions are to be derived: ARNs of users and roles, or `anonymous`.
    pub principals: Vec<String>,
    /// Which kind of policy fits.
    pub kind: Kind,
    /// The log, almost in the order of time.
    pub events: Vec<Event>,
    /// Everything that the events prove the principals to be allowed.
    pub needed: Vec<Question>,
    /// What later runs need beyond that.
    pub later: Vec<Question>,
    /// What a least policy must not allow.
    pub sensitive: Vec<Question>,
    /// The policy that somebody careful would write.
    pub truth: Value,
}

impl Workload {
    /// The log as S3 writes it.
    pub fn access_log(&self) -> String {
        let mut text = String::with_capacity(self.events.len() * 700);
        self.events.iter().for_each(|event| line(event, &mut text));
        text
    }

    /// The log as CloudTrail writes it, of the events that it has.
    pub fn cloudtrail(&self) -> Value {
        json!({ "Records": self.events.iter().filter_map(record).collect::<Vec<Value>>() })
    }
}

/// The ten jobs, each with a log of so many runs.
pub fn workloads(seed: u64, runs: usize) -> Vec<Workload> {
    jobs::JOBS.iter().map(|job| workload(job, seed, runs)).collect()
}

/// The names of the jobs.
pub fn names() -> impl Iterator<Item = &'static str> {
    jobs::JOBS.iter().map(|job| job.name)
}

/// The events of one run of a job. Of runs that are spread over `spread` to the day, each has other ids.
///
/// Panics if no job has that name.
pub fn events(name: &str, seed: u64, number: usize, spread: usize) -> Vec<Event> {
    let job = jobs::JOBS.iter().find(|job| job.name == name).unwrap();
    job.events(seed, number, spread)
}

/// The events of one run of a job that many do, each with a bucket and principals of their own, in the order of time.
///
/// Panics if no job has that name.
pub fn events_of_many(count: usize, name: &str, seed: u64, number: usize, spread: usize) -> Vec<Event> {
    let of_one = |one: usize| {
        let mut events = events(name, seed.wrapping_add(one as u64), number, spread);
        for event in &mut events {
            event.bucket.push_str(&format!("-{one}"));
            let mut parts: Vec<String> = event.requester.split('/').map(str::to_owned).collect();
            if let Some(name) = parts.get_mut(1) {
                name.push_str(&format!("-{one}"));
            }
            event.requester = parts.join("/");
        }
        events
    };
    let mut events: Vec<Event> = (0..count).flat_map(of_one).collect();
    events.sort_by_key(|event| event.time);
    events
}

fn workload(job: &Job, seed: u64, runs: usize) -> Workload {
    let events: Vec<Event> = (0..runs).flat_map(|number| job.events(seed, number, 1)).collect();
    let needed = proven(&events, job.principals);
    let (mut all, mut later) = (events.clone(), BTreeSet::new());
    for number in runs..runs + 200 {
        let events = job.events(seed, number, 1);
        later.extend(proven(&events, job.principals).difference(&needed).cloned());
        all.extend(events);
        if later.len() >= 100 && number >= runs + 10 {
            break;
        }
    }
    let mut sensitive = Questions { bucket: job.bucket, events: &all, asked: refused(&all, job.principals) };
    (job.sensitive)(&mut sensitive);
    let sensitive = sensitive.asked;
    let wrong = sensitive.iter().find(|question| needed.contains(question) || later.contains(question));
    assert_eq!(wrong, None, "{} needs what it must not get", job.name);
    Workload {
        name: job.name,
        bucket: job.bucket.to_owned(),
        principals: job.principals.iter().map(|principal| (*principal).to_owned()).collect(),
        kind: job.kind,
        events,
        needed: needed.into_iter().collect(),
        later: later.into_iter().collect(),
        sensitive: sensitive.into_iter().collect(),
        truth: (job.truth)(),
    }
}

/// What a job is made of.
struct Job {
    name: &'static str,
    bucket: &'static str,
    principals: &'static [&'static str],
    kind: Kind,
    /// How many days lie between two runs.
    days: i64,
    run: fn(&mut Run),
    sensitive: fn(&mut Questions<'_>),
    truth: fn() -> Value,
}

impl Job {
    fn events(&self, seed: u64, number: usize, spread: usize) -> Vec<Event> {
        let (slot, within) = (number / spread, number % spread);
        let start = FIRST + slot as i64 * self.days * DAY + within as i64 * (DAY / 2) / spread as i64;
        let mut run = Run::new(self.bucket, mix(seed, self.name), number, start);
        (self.run)(&mut run);
        let (mut random, mut events) = (run.random, run.events);
        events.sort_by_key(|event| event.time);
        // S3 promises no order.
        for at in 1..events.len() {
            if random.one_in(15) {
                events.swap(at - 1, at);
            }
        }
        events
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What events prove
// ---------------------------------------------------------------------------------------------------------------------

/// Everything that events prove some principals to be allowed.
fn proven(events: &[Event], principals: &[&str]) -> BTreeSet<Question> {
    let copied: HashSet<&str> = events
        .iter()
        .filter(|event| event.operation == "REST.COPY.OBJECT" && event.status == Some(200))
        .filter_map(|event| event.host_id.as_deref())
        .collect();
    let mut proven = BTreeSet::new();
    for event in events {
        let Some(questions) = questions(event).filter(|questions| is_of(questions, principals)) else { continue };
        let reads = matches!(questions[0].action.as_str(), "s3:GetObject" | "s3:GetObjectVersion");
        let (allowed, listed) = match (event.status, event.error) {
            // The website endpoint answers errors with pages of its own.
            (Some(status), _) if event.operation.starts_with("WEBSITE.") => (matches!(status, 200..300 | 304), false),
            (Some(200..300 | 304 | 412 | 416), _) | (Some(403), Some("InvalidObjectState")) => (true, false),
            (Some(404), Some("NoSuchKey")) if reads => (true, true),
            (None, _) if event.operation == "REST.COPY.OBJECT_GET" => {
                (event.host_id.as_deref().is_some_and(|id| copied.contains(id)), false)
            }
            _ => (false, false),
        };
        if listed {
            let resource = bucket_arn(event);
            let action = "s3:ListBucket".to_owned();
            proven.insert(Question { principal: questions[0].principal.clone(), action, resource, prefix: None });
        }
        if allowed {
            proven.extend(questions);
        }
    }
    proven
}

/// Everything that some principals were refused.
fn refused(events: &[Event], principals: &[&str]) -> BTreeSet<Question> {
    let refused = events.iter().filter(|event| (event.status, event.error) == (Some(403), Some("AccessDenied")));
    refused.filter_map(questions).filter(|questions| is_of(questions, principals)).flatten().collect()
}

fn is_of(questions: &[Question], principals: &[&str]) -> bool {
    questions.first().is_some_and(|question| principals.contains(&question.principal.as_str()))
}

/// What IAM is asked for an event.
fn questions(event: &Event) -> Option<Vec<Question>> {
    let principal = principal(&event.requester)?;
    let version = event.version.is_some();
    let (of_object, actions): (bool, &[&str]) = match event.operation {
        "REST.GET.OBJECT" | "REST.HEAD.OBJECT" | "REST.COPY.OBJECT_GET" if version => (true, &["s3:GetObjectVersion"]),
        "REST.GET.OBJECT" | "REST.HEAD.OBJECT" | "REST.COPY.OBJECT_GET" => (true, &["s3:GetObject"]),
        "WEBSITE.GET.OBJECT" | "WEBSITE.HEAD.OBJECT" => (true, &["s3:GetObject"]),
        "REST.PUT.OBJECT" | "REST.COPY.OBJECT" => (true, &["s3:PutObject"]),
        "REST.POST.UPLOADS" | "REST.PUT.PART" | "REST.POST.UPLOAD" => (true, &["s3:PutObject"]),
        "REST.DELETE.UPLOAD" => (true, &["s3:AbortMultipartUpload"]),
        "REST.DELETE.OBJECT" | "BATCH.DELETE.OBJECT" if version => (true, &["s3:DeleteObjectVersion"]),
        "REST.DELETE.OBJECT" | "BATCH.DELETE.OBJECT" => (true, &["s3:DeleteObject"]),
        "REST.GET.OBJECT_TAGGING" => (true, &["s3:GetObjectTagging"]),
        "REST.PUT.OBJECT_TAGGING" => (true, &["s3:PutObjectTagging"]),
        "REST.GET.BUCKET" | "REST.HEAD.BUCKET" => (false, &["s3:ListBucket"]),
        "REST.GET.BUCKETVERSIONS" => (false, &["s3:ListBucketVersions"]),
        "REST.GET.UPLOADS" => (false, &["s3:ListBucketMultipartUploads"]),
        "REST.GET.LOCATION" => (false, &["s3:GetBucketLocation"]),
        "REST.GET.VERSIONING" => (false, &["s3:GetBucketVersioning"]),
        "REST.PUT.VERSIONING" => (false, &["s3:PutBucketVersioning"]),
        "REST.GET.BUCKETPOLICY" => (false, &["s3:GetBucketPolicy"]),
        "REST.GET.ACL" if event.key.is_none() => (false, &["s3:GetBucketAcl"]),
        _ => return None,
    };
    let resource = match (of_object, &event.key, &event.access_point) {
        (false, ..) => bucket_arn(event),
        (true, Some(key), None) => format!("arn:aws:s3:::{}/{key}", event.bucket),
        (true, Some(key), Some(arn)) => format!("{arn}/object/{key}"),
        (true, None, _) => return None,
    };
    let lists = matches!(event.operation, "REST.GET.BUCKET" | "REST.GET.BUCKETVERSIONS");
    let prefix = parameters(&event.query).find(|(name, _)| lists && *name == "prefix").map(|(_, value)| value);
    let question = |action: &&str| Question {
        principal: principal.clone(),
        action: (*action).to_owned(),
        resource: resource.clone(),
        prefix: prefix.clone(),
    };
    Some(actions.iter().map(question).collect())
}

fn bucket_arn(event: &Event) -> String {
    event.access_point.clone().unwrap_or_else(|| format!("arn:aws:s3:::{}", event.bucket))
}

/// A requester as policies know it: a session is its role. `None` for services, S3 itself, and canonical ids.
fn principal(requester: &str) -> Option<String> {
    if requester == "-" {
        return Some("anonymous".to_owned());
    }
    match requester.strip_prefix("arn:aws:sts::").and_then(|rest| rest.split_once(":assumed-role/")) {
        Some((account, rest)) => Some(format!("arn:aws:iam::{account}:role/{}", rest.split('/').next()?)),
        None => requester.starts_with("arn:aws:iam::").then(|| requester.to_owned()),
    }
}

/// The parameters of a query, their values decoded.
fn parameters(query: &str) -> impl Iterator<Item = (&str, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (name, render::decoded(value)))
}

/// Collects questions about the bucket of a job.
struct Questions<'e> {
    bucket: &'static str,
    /// The events of all runs, also of later ones.
    events: &'e [Event],
    asked: BTreeSet<Question>,
}

impl Questions<'_> {
    /// Keys of requests of a kind that succeeded, at most sixty of them.
    fn keys(&self, wanted: impl Fn(&Event, &str) -> bool) -> Vec<String> {
        let succeeded = self.events.iter().filter(|event| matches!(event.status, Some(200..300 | 304)));
        let keys = succeeded.filter_map(|event| event.key.as_deref().filter(|key| wanted(event, key)));
        let keys: BTreeSet<&str> = keys.collect();
        let step = keys.len().div_ceil(60).max(1);
        keys.into_iter().step_by(step).map(str::to_owned).collect()
    }

    /// Asks about an object.
    fn object(&mut self, principal: &str, action: &str, key: &str) {
        self.ask(principal, action, format!("arn:aws:s3:::{}/{key}", self.bucket), None);
    }

    /// Asks about objects.
    fn objects(&mut self, principal: &str, action: &str, keys: &[String]) {
        keys.iter().for_each(|key| self.object(principal, action, key));
    }

    /// Asks about the bucket.
    fn bucket(&mut self, principal: &str, actions: &[&str]) {
        for action in actions {
            self.ask(principal, action, format!("arn:aws:s3:::{}", self.bucket), None);
        }
    }

    /// Asks whether the bucket may be listed below a prefix.
    fn list(&mut self, principal: &str, prefix: &str) {
        self.ask(principal, "s3:ListBucket", format!("arn:aws:s3:::{}", self.bucket), Some(prefix));
    }

    /// Asks about a key in another bucket, which has nothing to do with the job.
    fn elsewhere(&mut self, principal: &str, key: &str) {
        for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
            self.ask(principal, action, format!("arn:aws:s3:::{}-private/{key}", self.bucket), None);
        }
    }

    fn ask(&mut self, principal: &str, action: &str, resource: String, prefix: Option<&str>) {
        let (principal, action) = (principal.to_owned(), action.to_owned());
        self.asked.insert(Question { principal, action, resource, prefix: prefix.map(str::to_owned) });
    }
}

/// A policy of these statements.
fn policy(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

// ---------------------------------------------------------------------------------------------------------------------
// Random numbers and dates
// ---------------------------------------------------------------------------------------------------------------------

/// Random numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers that depend on nothing but the seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = u128::from(high - low + 1);
        low + ((u128::from(self.number()) * span) >> 64) as u64
    }

    /// Whether something happens that happens once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.between(1, times) == 1
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.between(0, from.len() as u64 - 1) as usize]
    }

    /// So many characters of an alphabet of at most 64.
    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let mut text = String::with_capacity(length);
        self.push_text(alphabet.as_bytes(), length, &mut text);
        text
    }

    /// Puts so many characters of an alphabet of at most 64 behind a text.
    pub fn push_text(&mut self, alphabet: &[u8], length: usize, text: &mut String) {
        let mut left = length;
        while left > 0 {
            let mut number = self.number();
            for _ in 0..left.min(10) {
                text.push(char::from(alphabet[((number & 63) as usize * alphabet.len()) >> 6]));
                number >>= 6;
            }
            left -= left.min(10);
        }
    }

    /// So many hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.text("0123456789abcdef", length)
    }

    /// A UUID.
    pub fn uuid(&mut self) -> String {
        let mut uuid = self.hex(32);
        uuid.replace_range(12..13, "4");
        uuid.replace_range(16..17, self.pick(&["8", "9", "a", "b"]));
        for at in [20, 16, 12, 8] {
            uuid.insert(at, '-');
        }
        uuid
    }
}

/// A seed that depends on another one and on a text.
fn mix(seed: u64, text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Random::new(seed ^ hash).number()
}

/// A time of the calendar, in UTC.
#[derive(Debug, Clone, Copy)]
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    /// The moment of a time in seconds since 1970.
    fn of(time: i64) -> Self {
        // Years are counted from March, so that the leap day is the last of its year.
        let days = time.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march_month = (5 * of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let second = time.rem_euclid(DAY);
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * march_month + 2) / 5 + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }

    /// `2026-08-03`.
    fn date(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
