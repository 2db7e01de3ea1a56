//! Data Pipeline exports DynamoDB tables every night, with EMR. Two accounts use one bucket, each below its own number.

use super::{ACCOUNT, Caller, Job, Kind, NEIGHBOUR, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/ExportRole";
const AGENT: &str = "ElasticMapReduce/1.0.0 emrfs/s3n hadoop, aws-sdk-java/1.12.779 Linux/5.10 OpenJDK/1.8.0_432";
/// The pipelines, one for each table.
const PIPELINES: [&str; 2] = ["df-06372391ZG65EXAMPLE", "df-0937003356ZJEXAMPLE"];

pub(super) const JOB: Job = Job {
    name: "pipeline-export",
    bucket: "acme-export",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    run.at(2, 0);
    let session = run.instance();
    let emr = Caller::session("ExportRole", &session).from("10.0.12.34").with(AGENT);
    for pipeline in PIPELINES {
        export(run, &emr, ACCOUNT, pipeline);
    }
    run.at(3, 0);
    let session = run.instance();
    let neighbour = Caller::of_account(NEIGHBOUR, "ExportRole", &session).from("10.9.1.2").with(AGENT);
    export(run, &neighbour, NEIGHBOUR, "df-0441122338YFEXAMPLE");

    // What the job tries and may not.
    let part = parts(run, ACCOUNT, PIPELINES[0], 0).swap_remove(0);
    if run.random.one_in(4) {
        run.refuse(&emr, "REST.DELETE.OBJECT", Some(&part), "");
    }
    if run.random.one_in(6) {
        let key = format!("{NEIGHBOUR}/{}-00-00-00/manifest", run.date(0));
        run.refuse(&emr, "REST.GET.OBJECT", Some(&key), "");
    }

    run.at(5, 0);
    // Others delete and read data.
    let cleanup = Caller::session("CleanupRole", "cleanup");
    let mut old = parts(run, ACCOUNT, PIPELINES[0], 30);
    old.push(format!("{ACCOUNT}/{}-00-00-00/manifest", run.date(30)));
    old.push(format!("{ACCOUNT}/{}-00-00-00/_SUCCESS", run.date(30)));
    old.iter().for_each(|key| run.delete(&cleanup, key));
    let restore = Caller::user("restore");
    let manifest = format!("{ACCOUNT}/{}-00-00-00/manifest", run.date(1));
    run.get(&restore, &manifest);
    run.put(&restore, &format!("restored/{}.json", run.date(0)));
    run.strangers(&["123456789012/latest/manifest", "secrets/master.key", "backup.zip", manifest.as_str()]);
}

/// The data of a table, from so many days before.
fn parts(run: &Run, account: &str, pipeline: &str, days_ago: i64) -> Vec<String> {
    let mut random = run.made(days_ago, pipeline);
    let folder = format!("{account}/{}-00-00-00", run.date(days_ago));
    (0..random.between(3, 5)).map(|_| format!("{folder}/{}", random.uuid())).collect()
}

/// The logs of an export, from so many days before.
fn logs(run: &Run, account: &str, pipeline: &str, days_ago: i64) -> Vec<String> {
    let name = format!("@TableBackup_{}T00:00:00/@Attempt=1", run.date(days_ago));
    let folder = format!("{account}/logs/{pipeline}/TableBackup/{name}");
    ["stderr.gz", "stdout.gz", "controller.gz"].map(|file| format!("{folder}/{file}")).to_vec()
}

fn export(run: &mut Run, emr: &Caller, account: &str, pipeline: &str) {
    let folder = format!("{account}/{}-00-00-00", run.date(0));
    let marker = format!("{folder}_$folder$");
    let temporary = format!("{account}/tmp/{}_$folder$", run.random.hex(32));
    let instruction = format!("{account}/{}.instruction", run.random.uuid());

    run.bucket(emr, "REST.HEAD.BUCKET", "");
    run.bucket(emr, "REST.GET.LOCATION", "location");
    run.list(emr, &format!("{account}/"));
    run.put(emr, &instruction);
    run.get(emr, &instruction);
    run.miss(emr, &folder);
    run.miss(emr, &marker);
    run.list(emr, &format!("{folder}/"));
    run.put(emr, &temporary);
    run.head(emr, &temporary);
    run.put(emr, &marker);
    run.head(emr, &marker);
    for key in parts(run, account, pipeline, 0) {
        run.put(emr, &key);
        run.get(emr, &key);
    }
    for name in ["manifest", "_SUCCESS"] {
        let key = format!("{folder}/{name}");
        run.put(emr, &key);
        run.get(emr, &key);
    }
    for key in [&marker, &temporary, &instruction] {
        run.delete(emr, key);
    }
    for key in logs(run, account, pipeline, 0) {
        run.put(emr, &key);
        run.get(emr, &key);
    }
    run.list(emr, &format!("{account}/logs/{pipeline}/"));
    for key in logs(run, account, pipeline, 3) {
        run.delete(emr, &key);
    }
}

fn sensitive(questions: &mut Questions<'_>) {
    let data = questions.keys(|_, key| key.starts_with(ACCOUNT) && key.contains("-00-00-00/"));
    questions.objects(ROLE, "s3:DeleteObject", &data);
    questions.objects(ROLE, "s3:PutObjectAcl", &data[..data.len().min(10)]);
    questions.objects(ROLE, "s3:DeleteObjectVersion", &data[..data.len().min(10)]);
    let others = questions.keys(|_, key| key.starts_with(NEIGHBOUR) || key.starts_with("restored/"));
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
        questions.objects(ROLE, action, &others);
        questions.object(ROLE, action, "secrets/master.key");
        questions.object(ROLE, action, "123456789012.tar");
    }
    questions.bucket(ROLE, &["s3:PutBucketPolicy", "s3:DeleteBucket", "s3:ListBucketVersions"]);
    questions.elsewhere(ROLE, "123456789012/2026-08-03-00-00-00/manifest");
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::acme-export/123456789012/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:DeleteObject",
            "Resource": [
                "arn:aws:s3:::acme-export/123456789012/*_$folder$",
                "arn:aws:s3:::acme-export/123456789012/*.instruction",
                "arn:aws:s3:::acme-export/123456789012/logs/*/TableBackup/*",
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": "arn:aws:s3:::acme-export",
        },
    ]))
}
