//! A build server uploads releases and reads one file of configuration.

use super::{Caller, DAY, FIRST, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/DeployRole";

pub(super) const JOB: Job = Job {
    name: "deployment",
    bucket: "acme-artifacts",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    let agent = "aws-sdk-rust/1.3.3 ua/2.1 api/s3#1.65.0 os/linux lang/rust#1.83.0";
    for number in 0..run.random.between(1, 3) {
        run.at(9 + 2 * number as i64, 15);
        let session = format!("GitHubActions-{}", run.random.between(10_000_000_000, 19_999_999_999));
        let ci = Caller::session("DeployRole", &session).from("192.0.2.130").with(agent);
        let version = version(run, 0, number);
        run.get(&ci, "config/prod.json");
        run.list(&ci, &format!("releases/{version}/"));
        let key = format!("releases/{version}/app-{}.tar.gz", run.made(0, &version).hex(12));
        if run.random.one_in(2) {
            run.put_parts(&ci, &key);
        } else {
            run.put(&ci, &key);
        }
        "tagging".clone_into(&mut run.object(&ci, "REST.PUT.OBJECT_TAGGING", &key).query);
        run.head(&ci, &key);
        if run.random.one_in(8) {
            run.refuse(&ci, "REST.PUT.OBJECT", Some("config/prod.json"), "");
        }
        if run.random.one_in(8) {
            run.refuse(&ci, "REST.GET.OBJECT", Some("config/secrets.json"), "");
        }
        if run.random.one_in(10) {
            run.refuse(&ci, "REST.DELETE.OBJECT", Some(&key), "");
        }
        let runtime = run.instance();
        let runtime = Caller::session("RuntimeRole", &runtime);
        run.get(&runtime, &key);
        for name in ["prod", "secrets"] {
            run.get(&runtime, &format!("config/{name}.json"));
        }
    }
    run.at(18, 0);
    let operator = Caller::user("ops/olivia");
    for name in ["prod", "staging", "secrets"] {
        run.put(&operator, &format!("config/{name}.json"));
    }
    run.put(&operator, &format!("runbooks/{}.md", run.date(0)));
    let retention = Caller::session("RetentionRole", "retention");
    let old = version(run, 20, 0);
    let key = format!("releases/{old}/app-{}.tar.gz", run.made(20, &old).hex(12));
    run.list(&retention, "releases/");
    "tagging".clone_into(&mut run.object(&retention, "REST.GET.OBJECT_TAGGING", &key).query);
    run.delete(&retention, &key);
    run.strangers(&["config/prod.json", "config/secrets.json", "releases/latest.tar.gz"]);
}

/// The version that a day releases.
fn version(run: &Run, days_ago: i64, number: u64) -> String {
    let day = (run.start - FIRST) / DAY - days_ago + 100;
    format!("{}.{}.{number}", 2 + day / 50, day % 50)
}

fn sensitive(questions: &mut Questions<'_>) {
    let releases = questions.keys(|_, key| key.starts_with("releases/"));
    questions.objects(ROLE, "s3:DeleteObject", &releases);
    questions.objects(ROLE, "s3:DeleteObjectTagging", &releases[..releases.len().min(10)]);
    questions.objects(ROLE, "s3:PutObjectAcl", &releases[..releases.len().min(10)]);
    for key in ["config/staging.json", "config/secrets.json", "runbooks/2026-08-03.md", "keys/signing.pem"] {
        questions.object(ROLE, "s3:GetObject", key);
        questions.object(ROLE, "s3:PutObject", key);
    }
    for action in ["s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject"] {
        questions.object(ROLE, action, "config/prod.json");
    }
    questions.list(ROLE, "config/");
    questions.list(ROLE, "");
    questions.bucket(ROLE, &["s3:ListBucket", "s3:PutBucketPolicy", "s3:PutBucketVersioning"]);
    questions.elsewhere(ROLE, "releases/2.0.0/app-000000000000.tar.gz");
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            "Resource": "arn:aws:s3:::acme-artifacts/releases/*/app-*.tar.gz",
        },
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-artifacts/config/prod.json" },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-artifacts",
            "Condition": { "StringLike": { "s3:prefix": "releases/*" } },
        },
    ]))
}
