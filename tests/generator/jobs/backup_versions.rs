//! Backups of databases in a bucket with versions, of which old ones are deleted for good.

use super::{Caller, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/BackupRole";
const HOSTS: [&str; 4] = ["db-01", "db-02", "db-03", "mail-01"];

pub(super) const JOB: Job = Job {
    name: "backup-versions",
    bucket: "acme-backups",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    for (number, host) in HOSTS.iter().enumerate() {
        run.at(1 + number as i64, 5);
        backup(run, host);
    }
    run.at(7, 0);
    let restore = Caller::session("RestoreRole", "drill");
    let query = "versions&prefix=backups%2Fdb-01%2F";
    run.bucket(&restore, "REST.GET.BUCKETVERSIONS", query);
    let (key, old) = dump(run, "db-01", 1);
    let event = run.object(&restore, "REST.GET.OBJECT", &key);
    (event.query, event.version) = (format!("versionId={old}"), Some(old));
    run.get(&restore, "keys/backup.key");
    let security = Caller::user("security/sam");
    run.put(&security, "keys/backup.key");
    run.delete(&security, &format!("backups/mail-01/{}/manifest.sha256", run.date(90)));
    let temporary = format!("tmp/{}.part", run.random.hex(12));
    run.expire(&temporary);
    run.strangers(&["backups/db-01/latest/dump.sql.gz", "keys/backup.key", "dump.sql"]);
}

/// The dump of so many days before, and its version.
fn dump(run: &Run, host: &str, days_ago: i64) -> (String, String) {
    let version = run.made(days_ago, host).text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.", 32);
    (format!("backups/{host}/{}/dump.sql.gz", run.date(days_ago)), version)
}

fn backup(run: &mut Run, host: &str) {
    let session = format!("backup-{host}");
    let job = Caller::session("BackupRole", &session).with("restic/0.17.3 MinIO (linux; amd64) minio-go/v7.0.77");
    run.bucket(&job, "REST.GET.VERSIONING", "versioning");
    let (key, _) = dump(run, host, 0);
    let manifest = key.replace("dump.sql.gz", "manifest.sha256");
    run.put_parts(&job, &key);
    run.put(&job, &manifest);
    run.head(&job, &key);
    run.get_range(&job, &key);
    run.get(&job, &manifest);
    let query = format!("versions&prefix=backups%2F{host}%2F&max-keys=1000&encoding-type=url");
    run.bucket(&job, "REST.GET.BUCKETVERSIONS", &query);
    let (key, version) = dump(run, host, 35);
    let event = run.object(&job, "REST.DELETE.OBJECT", &key);
    (event.status, event.query, event.version) = (Some(204), format!("versionId={version}"), Some(version));
    match run.random.between(1, 16) {
        1 => {
            run.refuse(&job, "REST.DELETE.OBJECT", Some(&key), "");
        }
        2 => {
            run.refuse(&job, "REST.PUT.VERSIONING", None, "versioning");
        }
        3 => {
            let event = run.refuse(&job, "REST.DELETE.OBJECT", Some(&manifest), "versionId=null");
            event.version = Some("null".to_owned());
        }
        _ => {}
    }
}

fn sensitive(questions: &mut Questions<'_>) {
    let all = questions.keys(|_, key| key.starts_with("backups/"));
    questions.objects(ROLE, "s3:DeleteObject", &all);
    let manifests = questions.keys(|_, key| key.ends_with("/manifest.sha256"));
    questions.objects(ROLE, "s3:DeleteObjectVersion", &manifests);
    questions.objects(ROLE, "s3:PutObjectAcl", &manifests[..manifests.len().min(10)]);
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"] {
        questions.object(ROLE, action, "keys/backup.key");
        questions.object(ROLE, action, "tmp/0011223344aa.part");
    }
    questions.list(ROLE, "backups/");
    questions.bucket(ROLE, &["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:ListBucketVersions"]);
    questions.elsewhere(ROLE, "backups/db-01/2026-08-03/dump.sql.gz");
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::acme-backups/backups/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:DeleteObjectVersion",
            "Resource": "arn:aws:s3:::acme-backups/backups/*/dump.sql.gz",
        },
        { "Effect": "Allow", "Action": "s3:GetBucketVersioning", "Resource": "arn:aws:s3:::acme-backups" },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucketVersions",
            "Resource": "arn:aws:s3:::acme-backups",
            "Condition": { "StringLike": { "s3:prefix": "backups/*" } },
        },
    ]))
}
