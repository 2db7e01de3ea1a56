//! Spark writes a table through Hadoop's S3A: directory markers, staging, renames that are copies and deletes.

use super::{Caller, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/SparkJobRole";
const AGENT: &str =
    "Hadoop 3.4.1, aws-sdk-java/2.25.53 Linux/6.1 OpenJDK_64-Bit_Server_VM/17.0.13 vendor/Amazon.com_Inc.";
const STAGING: &str = "curated/events/_temporary/0";

pub(super) const JOB: Job = Job {
    name: "s3a-job",
    bucket: "acme-lake",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    run.at(0, 20);
    let ingest = Caller::session("IngestRole", "collector");
    for key in raw(run) {
        run.put(&ingest, &key);
    }
    run.at(1, 0);
    job(run);
    run.at(6, 0);
    // Others on the same table, and on tables beside it.
    let compaction = Caller::session("CompactionRole", "compaction").with(AGENT);
    for key in written(run, 14) {
        run.delete(&compaction, &key);
    }
    let billing = Caller::session("BillingRole", "billing").with(AGENT);
    for number in 0..2 {
        let key = format!("curated/billing/dt={}/part-{number:05}-{}.parquet", run.date(0), run.random.uuid());
        run.put(&billing, &key);
        run.get_range(&billing, &key);
        let temporary = format!("curated/billing/_temporary/0/task_{number}/part-{number:05}");
        run.put(&billing, &temporary);
        run.delete(&billing, &temporary);
    }
    run.strangers(&["curated/events/_SUCCESS", "curated/", "raw/events/dump.json"]);
}

/// What the job reads.
fn raw(run: &Run) -> Vec<String> {
    let mut random = run.made(0, "raw");
    let date = run.date(0);
    (0..random.between(3, 6)).map(|number| format!("raw/events/dt={date}/events-{number:04}.json.gz")).collect()
}

/// What the run of so many days before wrote.
fn written(run: &Run, days_ago: i64) -> Vec<String> {
    let mut random = run.made(days_ago, "written");
    let (date, uuid) = (run.date(days_ago), random.uuid());
    let count = random.between(2, 4);
    (0..count).map(|number| format!("curated/events/dt={date}/part-{number:05}-{uuid}.c000.snappy.parquet")).collect()
}

fn job(run: &mut Run) {
    let session = run.instance();
    let spark = Caller::session("SparkJobRole", &session).from("10.0.33.7").with(AGENT);
    let span = run.random.uuid();
    let audited = |operation: &str, path: &str| {
        let mut caller = spark.clone();
        caller.referer = format!(
            "https://audit.example.org/hadoop/1/{operation}/{span}-00000012/?op={operation}&p1={path}&pr=hadoop&\
             ps=principal&id={span}-00000012&t0=31&fs={span}&t1=31"
        );
        caller
    };

    let lookup = audited("op_get_file_status", "curated/events");
    run.bucket(&lookup, "REST.HEAD.BUCKET", "");
    run.miss(&lookup, "curated/events");
    let query = "list-type=2&delimiter=%2F&max-keys=2&prefix=curated%2Fevents%2F&fetch-owner=false";
    run.bucket(&lookup, "REST.GET.BUCKET", query);
    run.bucket(&lookup, "REST.GET.UPLOADS", "uploads&prefix=curated%2Fevents%2F");
    let mkdirs = audited("op_mkdirs", "curated/events/_temporary/0");
    run.miss(&mkdirs, STAGING);
    run.put(&mkdirs, "curated/events/_temporary/");
    run.put(&mkdirs, &format!("{STAGING}/"));

    run.list(&lookup, &format!("raw/events/dt={}/", run.date(0)));
    let open = audited("op_open", "raw/events");
    for key in raw(run) {
        run.head(&open, &key);
        run.get_range(&open, &key);
    }

    let create = audited("op_create", STAGING);
    let rename = audited("op_rename", STAGING);
    let stamp = run.date(0).replace('-', "");
    for (number, target) in written(run, 0).into_iter().enumerate() {
        let name = target.trim_start_matches("curated/events/");
        let id = run.random.between(100_000_000_000, 999_999_999_999);
        let attempt = format!("attempt_{stamp}0100{id}_0001_m_{number:06}_{number}");
        let staged = format!("{STAGING}/_temporary/{attempt}/{name}");
        run.miss(&create, &staged);
        if run.random.one_in(3) {
            run.put_parts(&create, &staged);
        } else {
            run.put(&create, &staged);
        }
        run.head(&rename, &staged);
        if run.random.one_in(8) {
            // Nothing is known of what this one would have read.
            let lost = format!("{STAGING}/_temporary/{attempt}_lost/{name}");
            run.copy(&rename, &lost, &target, false);
        }
        run.copy(&rename, &staged, &target, true);
        run.delete(&rename, &staged);
        // Directories that are no longer empty lose their markers, whether they have any or not.
        let markers =
            ["curated/".to_owned(), "curated/events/".to_owned(), format!("curated/events/dt={}/", run.date(0))];
        run.delete_all(&rename, &markers.map(|key| (key, true)));
    }
    if run.random.one_in(3) {
        let stale = format!("{STAGING}/_temporary/attempt_{stamp}0000_0001_m_000009_1/part-00009");
        run.abort(&create, &stale);
    }
    let commit = audited("op_delete", "curated/events/_temporary");
    run.list(&commit, "curated/events/_temporary/");
    let mut rest = vec![("curated/events/_temporary/".to_owned(), true), (format!("{STAGING}/"), true)];
    if run.random.one_in(4) {
        // A job that cleans up too much.
        rest.extend(written(run, 2).into_iter().take(2).map(|key| (key, false)));
    }
    run.delete_all(&commit, &rest);
    run.put(&audited("op_create", "curated/events/_SUCCESS"), "curated/events/_SUCCESS");
    for key in written(run, 0) {
        run.head(&open, &key);
        run.get_range(&open, &key);
    }
    if run.random.one_in(5) {
        run.refuse(&open, "REST.GET.OBJECT", Some("curated/billing/_SUCCESS"), "");
    }
}

fn sensitive(questions: &mut Questions<'_>) {
    let data = questions.keys(|_, key| key.starts_with("curated/events/dt=") && key.ends_with(".parquet"));
    questions.objects(ROLE, "s3:DeleteObject", &data);
    questions.object(ROLE, "s3:DeleteObject", "curated/events/_SUCCESS");
    let raw = questions.keys(|_, key| key.starts_with("raw/"));
    questions.objects(ROLE, "s3:DeleteObject", &raw);
    questions.objects(ROLE, "s3:PutObject", &raw);
    let others = questions.keys(|_, key| key.starts_with("curated/billing/"));
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
        questions.objects(ROLE, action, &others);
        questions.object(ROLE, action, "private/people.csv");
    }
    questions.bucket(ROLE, &["s3:PutLifecycleConfiguration", "s3:DeleteBucket", "s3:GetBucketPolicy"]);
    questions.elsewhere(ROLE, "curated/events/_SUCCESS");
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [
                "arn:aws:s3:::acme-lake/raw/events/*",
                "arn:aws:s3:::acme-lake/curated/events",
                "arn:aws:s3:::acme-lake/curated/events/*",
            ],
        },
        { "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-lake/curated/events/*" },
        {
            "Effect": "Allow",
            "Action": "s3:DeleteObject",
            "Resource": [
                "arn:aws:s3:::acme-lake/curated/",
                "arn:aws:s3:::acme-lake/curated/events/",
                "arn:aws:s3:::acme-lake/curated/events/dt=*/",
                "arn:aws:s3:::acme-lake/curated/events/_temporary/*",
            ],
        },
        {
            "Effect": "Allow",
            "Action": "s3:AbortMultipartUpload",
            "Resource": "arn:aws:s3:::acme-lake/curated/events/_temporary/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": "arn:aws:s3:::acme-lake",
        },
    ]))
}
