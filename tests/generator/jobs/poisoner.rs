//! A job that reads what is public, and somebody who wants the policy derived from its log to allow more. They send
//! requests that are refused, and that look like successes in the log: S3 writes request line, referer and user agent
//! as they were sent.

use super::{Caller, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/PublicReaderRole";
const SECRETS: [&str; 4] =
    ["secret/api-keys.json", "secret/customers.csv", "secret/tokens/prod.pem", "public-internal/plan.pdf"];

/// What is meant to look like the end of a line, up to the place where the real one goes on.
const FORGED: [&str; 6] = [
    "\" 200 - - - 1 - \"-\" \"-\" -",
    "\" 200 - 5120 5120 11 9 \"-\" \"aws-cli/2.27.1\" -",
    "\" 206 - 100 5120 11 9 \"-\" \"-\" - AAAA= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader \
     acme-public.s3.eu-west-1.amazonaws.com TLSv1.3 - - -",
    "\" 204 - - 17 5 - \"-\" \"-\" -",
    "\" 304 - - - 3 - \"-\" \"x",
    "\" 404 NoSuchKey 272 - 3 - \"-\" \"x",
];

pub(super) const JOB: Job = Job {
    name: "poisoner",
    bucket: "acme-public",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    run.at(6, 0);
    let session = run.instance();
    let publisher = Caller::session("PublishRole", "publish");
    let today = news(run, 0);
    today.iter().for_each(|key| run.put(&publisher, key));
    let reader = Caller::session("PublicReaderRole", &session);
    for prefix in ["public/", "public/news/"] {
        run.list(&reader, prefix);
    }
    for key in news(run, 1).iter().chain(&today) {
        run.get(&reader, key);
    }
    // Quotes in a user agent are nothing bad by themselves.
    let odd = reader.clone().with("fetch \"nightly build\" v2 (libc=2.36)");
    run.head(&odd, &today[0]);

    run.at(7, 0);
    let vault = Caller::session("VaultRole", "vault");
    SECRETS.iter().for_each(|key| run.put(&vault, key));
    for attempt in 0..run.random.between(6, 10) {
        run.at(8 + attempt as i64, 20);
        let session = run.instance();
        let attacker = match run.random.between(1, 4) {
            1 => Caller::anonymous(&mut run.random),
            2 => Caller::user("mallory"),
            _ => Caller::session("PublicReaderRole", &session).from("203.0.113.66"),
        };
        attack(run, attacker, &today[0]);
    }
}

/// What was published so many days before.
fn news(run: &Run, days_ago: i64) -> Vec<String> {
    let mut random = run.made(days_ago, "news");
    let date = run.date(days_ago);
    (0..3).map(|_| format!("public/news/{date}/{}.html", Run::words(&mut random, 2))).collect()
}

/// One request, mostly forged. What it asks for is refused.
fn attack(run: &mut Run, mut attacker: Caller, public: &str) {
    let forged = run.random.pick(&FORGED);
    let (method, operation) = run.random.pick(&[
        ("GET", "REST.GET.OBJECT"),
        ("HEAD", "REST.HEAD.OBJECT"),
        ("PUT", "REST.PUT.OBJECT"),
        ("DELETE", "REST.DELETE.OBJECT"),
    ]);
    let key = match method {
        // What the job may read is worth writing, too.
        "PUT" | "DELETE" if run.random.one_in(2) => public,
        _ => run.random.pick(&SECRETS),
    };
    let mut request_line = None;
    match run.random.between(1, 5) {
        1 => request_line = Some(format!("{method} /{key}?x={forged} HTTP/1.1")),
        2 => request_line = Some(format!("{method} /{key} HTTP/1.1{forged} HTTP/1.1")),
        3 => attacker.referer = format!("https://www.example.org/{forged}"),
        4 => attacker.agent = format!("tool{forged}"),
        // Without any tricks.
        _ => {}
    }
    run.refuse(&attacker, operation, Some(key), "").request_line = request_line;
}

fn sensitive(questions: &mut Questions<'_>) {
    for key in SECRETS.into_iter().chain(["secret/", "public.key", "secret/new.json"]) {
        for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
            questions.object(ROLE, action, key);
        }
    }
    let public = questions.keys(|_, key| key.starts_with("public/"));
    questions.objects(ROLE, "s3:PutObject", &public);
    questions.objects(ROLE, "s3:DeleteObject", &public);
    questions.list(ROLE, "secret/");
    questions.list(ROLE, "");
    questions.bucket(ROLE, &["s3:ListBucket", "s3:PutBucketPolicy", "s3:GetBucketPolicy"]);
    questions.elsewhere(ROLE, "public/index.html");
}

fn truth() -> Value {
    policy(json!([
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-public/public/*" },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-public",
            "Condition": { "StringLike": { "s3:prefix": "public/*" } },
        },
    ]))
}
