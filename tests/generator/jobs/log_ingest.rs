//! A service delivers logs, a role reads some of them, and a lifecycle rule deletes the old ones.

use super::{ACCOUNT, Caller, Job, Kind, NEIGHBOUR, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/LogReaderRole";
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

pub(super) const JOB: Job = Job {
    name: "log-ingest",
    bucket: "acme-trail-logs",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    let service = Caller::service("delivery.logs.amazonaws.com");
    run.at(0, 10);
    run.bucket(&service, "REST.GET.ACL", "acl");
    let mut delivered = trails(run, ACCOUNT, 0);
    delivered.extend(trails(run, NEIGHBOUR, 0).into_iter().take(2));
    let digest = folder(run, ACCOUNT, "CloudTrail-Digest", REGIONS[0], 0);
    let stamp = run.date(0).replace('-', "");
    delivered.push(format!("{digest}{ACCOUNT}_CloudTrail-Digest_eu-west-1_trail_{stamp}T000501Z.json.gz"));
    let balancer = folder(run, ACCOUNT, "elasticloadbalancing", REGIONS[0], 0);
    delivered.push(format!("{balancer}{ACCOUNT}_elasticloadbalancing_eu-west-1_app.web.{}.log.gz", run.random.hex(16)));
    for key in &delivered {
        run.put(&service, key);
    }

    run.at(6, 0);
    let session = format!("reader-{}", run.random.hex(6));
    let agent = "aws-sdk-go-v2/1.32.7 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#arm64 api/s3#1.72.0";
    let reader = Caller::session("LogReaderRole", &session).with(agent);
    for region in REGIONS {
        let folder = folder(run, ACCOUNT, "CloudTrail", region, 0);
        run.list(&reader, &folder);
        for key in trails(run, ACCOUNT, 0).into_iter().filter(|key| key.starts_with(&folder)) {
            run.get(&reader, &key);
        }
    }
    match run.random.between(1, 8) {
        1 => {
            run.refuse(&reader, "REST.GET.OBJECT", delivered.last().map(String::as_str), "");
        }
        2 => {
            let key = trails(run, NEIGHBOUR, 0).swap_remove(0);
            run.refuse(&reader, "REST.GET.OBJECT", Some(&key), "");
        }
        3 => {
            let query = format!("list-type=2&prefix=AWSLogs%2F{NEIGHBOUR}%2FCloudTrail%2F");
            run.refuse(&reader, "REST.GET.BUCKET", None, &query);
        }
        _ => {}
    }
    run.at(9, 0);
    let auditor = Caller::user("audit/alice");
    run.list(&auditor, "AWSLogs/");
    for key in &delivered[delivered.len() - 3..] {
        run.get(&auditor, key);
    }
    run.put(&auditor, &format!("queries/{}.sql", run.date(0)));
    run.at(23, 0);
    for key in trails(run, ACCOUNT, 90) {
        run.expire(&key);
    }
    run.strangers(&["AWSLogs/123456789012/CloudTrail/", "AWSLogs/", "queries/all.sql"]);
}

fn folder(run: &Run, account: &str, kind: &str, region: &str, days_ago: i64) -> String {
    format!("AWSLogs/{account}/{kind}/{region}/{}/", run.date(days_ago).replace('-', "/"))
}

/// The files of a day, so many days before.
fn trails(run: &Run, account: &str, days_ago: i64) -> Vec<String> {
    let mut random = run.made(days_ago, account);
    let stamp = run.date(days_ago).replace('-', "");
    let mut keys = Vec::new();
    for region in REGIONS {
        let folder = folder(run, account, "CloudTrail", region, days_ago);
        for minute in [5, 20, 35] {
            let id = random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16);
            keys.push(format!("{folder}{account}_CloudTrail_{region}_{stamp}T00{minute:02}Z_{id}.json.gz"));
        }
    }
    keys
}

fn sensitive(questions: &mut Questions<'_>) {
    let own = format!("AWSLogs/{ACCOUNT}/CloudTrail/");
    let others = questions.keys(|_, key| !key.starts_with(&own));
    questions.objects(ROLE, "s3:GetObject", &others);
    let logs = questions.keys(|_, key| key.starts_with(&own));
    questions.objects(ROLE, "s3:DeleteObject", &logs);
    questions.objects(ROLE, "s3:PutObject", &logs);
    for prefix in ["", "AWSLogs/", "AWSLogs/210987654321/CloudTrail/", "AWSLogs/123456789012/elasticloadbalancing/"] {
        questions.list(ROLE, prefix);
    }
    questions.bucket(ROLE, &["s3:ListBucket", "s3:PutLifecycleConfiguration", "s3:DeleteBucket", "s3:GetBucketAcl"]);
    questions.elsewhere(ROLE, "AWSLogs/123456789012/CloudTrail/x.json.gz");
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::acme-trail-logs/AWSLogs/123456789012/CloudTrail/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-trail-logs",
            "Condition": { "StringLike": { "s3:prefix": "AWSLogs/123456789012/CloudTrail/*" } },
        },
    ]))
}
