//! Queries over one table of a warehouse, with results beside it. A dashboard reads the same through an access point.

use super::{Caller, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/AnalystRole";
const AGENT: &str = "aws-sdk-java/2.29.0 Linux/5.10 OpenJDK_64-Bit_Server_VM/17.0.13 athena.amazonaws.com";

pub(super) const JOB: Job = Job {
    name: "analytics",
    bucket: "acme-warehouse",
    principals: &[ROLE],
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    run.at(3, 0);
    let loader = Caller::session("LoaderRole", "load").with(AGENT);
    for table in ["orders", "customers", "salaries"] {
        for key in parts(run, table, 0) {
            run.put(&loader, &key);
        }
    }
    for key in parts(run, "orders", 60) {
        run.delete(&loader, &key);
    }

    let session = format!("AthenaQuery-{}", run.random.hex(8));
    let analyst = Caller::session("AnalystRole", &session).from("10.3.0.9").with(AGENT);
    for query in 0..run.random.between(1, 3) {
        run.at(9 + query as i64, 40);
        run.bucket(&analyst, "REST.GET.LOCATION", "location");
        run.list(&analyst, "warehouse/table=orders/");
        for days_ago in 0..=run.random.between(0, 2) as i64 {
            run.list(&analyst, &format!("warehouse/table=orders/dt={}/", run.date(days_ago)));
            for key in parts(run, "orders", days_ago) {
                run.get_range(&analyst, &key);
            }
        }
        let result = format!("results/{}.csv", run.random.uuid());
        run.put(&analyst, &result);
        run.put(&analyst, &format!("{result}.metadata"));
        run.head(&analyst, &result);
        run.get(&analyst, &result);
        run.get(&analyst, &format!("{result}.metadata"));
        match run.random.between(1, 10) {
            1 => {
                run.refuse(&analyst, "REST.GET.OBJECT", Some(&parts(run, "salaries", 0)[0]), "");
            }
            2 => {
                run.refuse(&analyst, "REST.DELETE.OBJECT", Some(&result), "");
            }
            3 => {
                run.refuse(&analyst, "REST.GET.BUCKET", None, "list-type=2&prefix=warehouse%2Ftable%3Dsalaries%2F");
            }
            _ => {}
        }
    }

    run.at(15, 0);
    let dashboard = Caller::session("DashboardRole", "dashboard").through("dashboards");
    run.list(&dashboard, "warehouse/table=orders/");
    for key in parts(run, "orders", 1).iter().chain(&parts(run, "customers", 0)) {
        run.get_range(&dashboard, key);
    }
    let tile = format!("dashboards/{}.json", run.random.hex(10));
    run.put(&dashboard, &tile);
    run.strangers(&["warehouse/table=orders/", "results/latest.csv", "results/"]);
}

/// What a table got so many days before.
fn parts(run: &Run, table: &str, days_ago: i64) -> Vec<String> {
    let mut random = run.made(days_ago, table);
    let folder = format!("warehouse/table={table}/dt={}", run.date(days_ago));
    let count = random.between(2, 4);
    (0..count).map(|number| format!("{folder}/part-{number:05}-{}.snappy.parquet", random.uuid())).collect()
}

fn sensitive(questions: &mut Questions<'_>) {
    let others = questions.keys(|_, key| {
        key.starts_with("warehouse/") && !key.starts_with("warehouse/table=orders/") || key.starts_with("dashboards/")
    });
    questions.objects(ROLE, "s3:GetObject", &others);
    questions.objects(ROLE, "s3:PutObject", &others);
    let orders = questions.keys(|_, key| key.starts_with("warehouse/table=orders/"));
    questions.objects(ROLE, "s3:PutObject", &orders);
    questions.objects(ROLE, "s3:DeleteObject", &orders);
    let results = questions.keys(|_, key| key.starts_with("results/"));
    questions.objects(ROLE, "s3:DeleteObject", &results);
    for prefix in ["", "warehouse/table=salaries/", "warehouse/table=customers/", "dashboards/"] {
        questions.list(ROLE, prefix);
    }
    questions.bucket(ROLE, &["s3:ListBucket", "s3:PutBucketPolicy", "s3:ListBucketVersions"]);
    questions.elsewhere(ROLE, "results/2026.csv");
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::acme-warehouse/warehouse/table=orders/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": [
                "arn:aws:s3:::acme-warehouse/results/*.csv",
                "arn:aws:s3:::acme-warehouse/results/*.csv.metadata",
            ],
        },
        { "Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": "arn:aws:s3:::acme-warehouse" },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-warehouse",
            "Condition": { "StringLike": { "s3:prefix": "warehouse/table=orders/*" } },
        },
    ]))
}
