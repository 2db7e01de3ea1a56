//! One run of a job: requests one after the other.

use super::{ACCOUNT, DAY, Event, Moment, NEIGHBOUR, Random, mix, render};
use std::fmt::Write;

/// Letters and digits.
const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1",
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example.org/)",
];

/// Who sends requests, from where, and with what.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The requester as S3 logs it.
    pub requester: String,
    /// The address.
    pub address: String,
    /// The user agent.
    pub agent: String,
    /// The referer.
    pub referer: String,
    /// The access point.
    pub access_point: Option<String>,
}

impl Caller {
    fn new(requester: String, address: &str, agent: &str) -> Self {
        let (address, agent) = (address.to_owned(), agent.to_owned());
        Self { requester, address, agent, referer: String::new(), access_point: None }
    }

    /// A session of a role of this account.
    pub fn session(role: &str, session: &str) -> Self {
        Self::of_account(ACCOUNT, role, session)
    }

    /// A session of a role.
    pub fn of_account(account: &str, role: &str, session: &str) -> Self {
        let requester = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
        let agent = "Boto3/1.35.99 md/Botocore#1.35.99 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.7";
        Self::new(requester, "10.20.4.17", agent)
    }

    /// A user of this account, with the path.
    pub fn user(name: &str) -> Self {
        let agent = "aws-cli/2.27.1 md/awscrt#0.26.1 ua/2.1 os/linux md/arch#x86_64 md/command#s3.cp";
        Self::new(format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "203.0.113.40", agent)
    }

    /// Nobody: a request that is not signed.
    pub fn anonymous(random: &mut Random) -> Self {
        let address = format!("198.51.100.{}", random.between(1, 254));
        Self::new("-".to_owned(), &address, random.pick(&BROWSERS))
    }

    /// A service of AWS.
    pub fn service(name: &str) -> Self {
        Self::new(format!("svc:{name}"), "-", "")
    }

    /// The same from another address.
    pub fn from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// The same with another user agent.
    pub fn with(mut self, agent: &str) -> Self {
        agent.clone_into(&mut self.agent);
        self
    }

    /// The same through an access point of this account.
    pub fn through(mut self, access_point: &str) -> Self {
        self.access_point = Some(format!("arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/{access_point}"));
        self
    }
}

/// One run of a job.
#[derive(Debug)]
pub struct Run {
    /// What is different in each run.
    pub random: Random,
    /// What happened so far.
    pub events: Vec<Event>,
    /// When it starts, in seconds since 1970.
    pub start: i64,
    /// Which one it is.
    pub number: usize,
    bucket: &'static str,
    seed: u64,
    clock: i64,
}

impl Run {
    /// A run before anything has happened.
    pub fn new(bucket: &'static str, seed: u64, number: usize, start: i64) -> Self {
        let random = Random::new(mix(seed, &number.to_string()));
        Self { random, events: Vec::new(), start, number, bucket, seed, clock: start }
    }

    /// Goes to a time of the day.
    pub fn at(&mut self, hour: i64, minute: i64) {
        self.clock = self.start + hour * 3600 + minute * 60;
    }

    /// The date of so many days before.
    pub fn date(&self, days_ago: i64) -> String {
        self.moment(days_ago).date()
    }

    /// The start of the run of so many days before.
    pub fn moment(&self, days_ago: i64) -> Moment {
        Moment::of(self.start - days_ago * DAY)
    }

    /// Random numbers that are the same in every run, for what several runs have to do with.
    pub fn fixed(&self, about: &str) -> Random {
        Random::new(mix(self.seed, about))
    }

    /// The same for what the run of so many days before made.
    pub fn made(&self, days_ago: i64, what: &str) -> Random {
        self.fixed(&format!("{what} of {}", self.start - days_ago * DAY))
    }

    /// A request that succeeded, just as it is.
    fn push(&mut self, who: &Caller, operation: &'static str, key: Option<&str>) -> &mut Event {
        self.clock += self.random.between(0, 3) as i64;
        let event = Event {
            id: self.random.number(),
            time: self.clock,
            address: who.address.clone(),
            requester: who.requester.clone(),
            bucket: self.bucket.to_owned(),
            operation,
            key: key.map(str::to_owned),
            query: String::new(),
            request_line: None,
            status: Some(200),
            error: None,
            sent: None,
            size: None,
            version: None,
            host_id: None,
            copied_from: None,
            agent: who.agent.clone(),
            referer: who.referer.clone(),
            access_point: who.access_point.clone(),
        };
        self.events.push(event);
        self.events.last_mut().unwrap()
    }

    /// A request about an object that succeeded, now and then at the second attempt only.
    pub fn object(&mut self, who: &Caller, operation: &'static str, key: &str) -> &mut Event {
        if self.random.one_in(60) {
            self.push(who, operation, Some(key)).fail(503, "SlowDown");
        }
        self.push(who, operation, Some(key))
    }

    /// A request about the bucket that succeeded.
    pub fn bucket(&mut self, who: &Caller, operation: &'static str, query: &str) -> &mut Event {
        let sent = self.random.between(200, 9_000);
        let event = self.push(who, operation, None);
        query.clone_into(&mut event.query);
        event.sent = Some(sent).filter(|_| operation != "REST.HEAD.BUCKET");
        event
    }

    /// Lists what is below a prefix.
    pub fn list(&mut self, who: &Caller, prefix: &str) -> &mut Event {
        let query = format!("list-type=2&prefix={}&delimiter=%2F&encoding-type=url", render::query_value(prefix));
        self.bucket(who, "REST.GET.BUCKET", &query)
    }

    /// Writes an object.
    pub fn put(&mut self, who: &Caller, key: &str) {
        let size = self.random.between(0, 4_000_000);
        self.object(who, "REST.PUT.OBJECT", key).size = Some(size);
    }

    /// Writes an object in parts.
    pub fn put_parts(&mut self, who: &Caller, key: &str) {
        let upload = self.random.text(WORD, 60);
        let parts = self.random.between(2, 3);
        "uploads".clone_into(&mut self.object(who, "REST.POST.UPLOADS", key).query);
        for part in 1..=parts {
            let event = self.object(who, "REST.PUT.PART", key);
            event.query = format!("partNumber={part}&uploadId={upload}");
            event.size = Some(8_388_608);
        }
        let event = self.object(who, "REST.POST.UPLOAD", key);
        event.query = format!("uploadId={upload}");
        event.size = Some(parts * 8_388_608);
    }

    /// Gives up an upload.
    pub fn abort(&mut self, who: &Caller, key: &str) {
        let upload = self.random.text(WORD, 60);
        let event = self.object(who, "REST.DELETE.UPLOAD", key);
        event.status = Some(204);
        event.query = format!("uploadId={upload}");
    }

    /// Reads an object: the whole, a part of it, or nothing because it has not changed.
    pub fn get(&mut self, who: &Caller, key: &str) {
        let size = self.random.between(1_000, 4_000_000);
        let (status, sent) = match self.random.between(1, 20) {
            1 => (304, None),
            2 | 3 => (206, Some(self.random.between(1, size))),
            _ => (200, Some(size)),
        };
        let event = self.object(who, "REST.GET.OBJECT", key);
        (event.status, event.sent, event.size) = (Some(status), sent, Some(size));
    }

    /// Reads a part of an object.
    pub fn get_range(&mut self, who: &Caller, key: &str) {
        let (sent, size) = (self.random.between(1_000, 900_000), self.random.between(1_000_000, 9_000_000));
        let event = self.object(who, "REST.GET.OBJECT", key);
        (event.status, event.sent, event.size) = (Some(206), Some(sent), Some(size));
    }

    /// Looks at an object.
    pub fn head(&mut self, who: &Caller, key: &str) {
        let size = self.random.between(0, 4_000_000);
        self.object(who, "REST.HEAD.OBJECT", key).size = Some(size);
    }

    /// Looks for an object that is not there.
    pub fn miss(&mut self, who: &Caller, key: &str) {
        self.push(who, "REST.HEAD.OBJECT", Some(key)).fail(404, "NoSuchKey");
    }

    /// Deletes an object.
    pub fn delete(&mut self, who: &Caller, key: &str) {
        self.object(who, "REST.DELETE.OBJECT", key).status = Some(204);
    }

    /// Deletes objects in one request, of which some are refused.
    pub fn delete_all(&mut self, who: &Caller, keys: &[(String, bool)]) {
        let host_id = self.random.text(WORD, 76);
        let event = self.push(who, "REST.POST.MULTI_OBJECT_DELETE", None);
        "delete".clone_into(&mut event.query);
        event.host_id = Some(host_id.clone());
        let time = event.time;
        for (key, allowed) in keys {
            let event = self.push(who, "BATCH.DELETE.OBJECT", Some(key));
            (event.time, event.host_id, event.status) = (time, Some(host_id.clone()), Some(204));
            if !allowed {
                event.fail(403, "AccessDenied");
            }
        }
    }

    /// Copies an object inside the bucket, or tries to.
    pub fn copy(&mut self, who: &Caller, from: &str, to: &str, succeeds: bool) {
        let (host_id, size) = (self.random.text(WORD, 76), self.random.between(1_000, 4_000_000));
        let copied_from = format!("{}/{from}", self.bucket);
        let event = self.push(who, "REST.COPY.OBJECT", Some(to));
        (event.host_id, event.size, event.copied_from) = (Some(host_id.clone()), Some(size), Some(copied_from));
        if !succeeds {
            event.fail(503, "SlowDown");
        }
        let time = event.time;
        let event = self.push(who, "REST.COPY.OBJECT_GET", Some(from));
        (event.time, event.host_id, event.size, event.status) = (time, Some(host_id), Some(size), None);
    }

    /// Deletes an object because a lifecycle rule says so.
    pub fn expire(&mut self, key: &str) {
        let (size, version) = (self.random.between(1_000, 4_000_000), self.random.text(WORD, 32));
        let s3 = Caller::new("AmazonS3".to_owned(), "-", "");
        let event = self.push(&s3, "S3.EXPIRE.OBJECT", Some(key));
        (event.status, event.size, event.version) = (None, Some(size), Some(version));
    }

    /// A request that is refused.
    pub fn refuse(&mut self, who: &Caller, operation: &'static str, key: Option<&str>, query: &str) -> &mut Event {
        let event = self.push(who, operation, key);
        query.clone_into(&mut event.query);
        event.fail(403, "AccessDenied");
        event
    }

    /// Strangers who try some keys, and are refused.
    pub fn strangers(&mut self, keys: &[&str]) {
        for _ in 0..self.random.between(1, 3) {
            let who = match self.random.between(1, 3) {
                1 => Caller::of_account("999988887777", "Crawler", "crawler-1").from("192.0.2.77"),
                2 => Caller::of_account(NEIGHBOUR, "Curious", "try").from("192.0.2.99"),
                _ => Caller::anonymous(&mut self.random),
            };
            let key = self.random.pick(keys);
            let operation = self.random.pick(&["REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.PUT.OBJECT"]);
            self.refuse(&who, operation, Some(key), "");
        }
        if self.random.one_in(3) {
            let who = Caller::anonymous(&mut self.random);
            self.refuse(&who, "REST.GET.BUCKET", None, "");
        }
    }

    /// An instance's id, as sessions of its role are called.
    pub fn instance(&mut self) -> String {
        format!("i-0{}", self.random.hex(16))
    }

    /// A name of several words.
    pub fn words(random: &mut Random, count: usize) -> String {
        const WORDS: [&str; 16] = [
            "amber", "bridge", "cedar", "delta", "ember", "fjord", "garden", "harbour", "island", "jasper", "kettle",
            "lantern", "meadow", "north", "orchard", "pepper",
        ];
        let mut text = String::new();
        for at in 0..count {
            let _ = write!(text, "{}{}", if at == 0 { "" } else { "-" }, random.pick(&WORDS));
        }
        text
    }
}

impl Event {
    /// Makes it a request that failed.
    pub fn fail(&mut self, status: u16, error: &'static str) {
        (self.status, self.error) = (Some(status), Some(error));
        (self.sent, self.size) = (Some(243), None);
        if self.operation.starts_with("REST.HEAD.") || self.operation.starts_with("BATCH.") {
            self.sent = None;
        }
    }
}
