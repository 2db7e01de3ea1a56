//! People who keep their files in folders of their own. One policy with their name in it fits all of them.

use super::{Caller, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const USERS: [&str; 5] = [
    "arn:aws:iam::123456789012:user/ann",
    "arn:aws:iam::123456789012:user/bob",
    "arn:aws:iam::123456789012:user/carol.smith",
    "arn:aws:iam::123456789012:user/staff/dave",
    "arn:aws:iam::123456789012:user/erin",
];

pub(super) const JOB: Job = Job {
    name: "home-directories",
    bucket: "acme-homes",
    principals: &USERS,
    kind: Kind::Identity,
    days: 1,
    run,
    sensitive,
    truth,
};

/// The name of a user, without the path.
fn name(user: &str) -> &str {
    user.rsplit('/').next().unwrap_or(user)
}

fn run(run: &mut Run) {
    for (number, user) in USERS.iter().enumerate() {
        run.at(8 + number as i64, 10);
        let caller = Caller::user(user.split(":user/").nth(1).unwrap()).from(&format!("203.0.113.{}", 40 + number));
        day(run, &caller, name(user));
        let other = name(USERS[(number + 1 + run.random.between(0, 3) as usize) % USERS.len()]);
        match run.random.between(1, 6) {
            1 => {
                run.refuse(&caller, "REST.GET.OBJECT", Some(&format!("home/{other}/todo.md")), "");
            }
            2 => {
                let query = format!("list-type=2&prefix=home%2F{other}%2F&delimiter=%2F");
                run.refuse(&caller, "REST.GET.BUCKET", None, &query);
            }
            3 => {
                run.refuse(&caller, "REST.GET.BUCKET", None, "list-type=2&prefix=home%2F&delimiter=%2F");
            }
            _ => {}
        }
    }
    run.at(20, 0);
    let archive = Caller::session("ArchiveRole", "nightly");
    run.list(&archive, "home/");
    for user in USERS {
        run.get(&archive, &format!("home/{}/todo.md", name(user)));
    }
    run.delete(&archive, &format!("home/ann/notes/{}.txt", run.date(60)));
    run.put(&archive, &format!("archive/{}.tar", run.date(0)));
    run.get(&archive, "home/frank/contract.pdf");
    run.strangers(&["home/ann/todo.md", "home/root/.ssh/id_rsa", "home/"]);
}

fn day(run: &mut Run, caller: &Caller, name: &str) {
    let home = format!("home/{name}/");
    run.list(caller, &home);
    run.list(caller, &format!("{home}notes/"));
    run.get(caller, &format!("{home}todo.md"));
    run.put(caller, &format!("{home}todo.md"));
    let note = format!("{home}notes/{}.txt", run.date(0));
    run.put(caller, &note);
    run.get(caller, &note);
    let words = Run::words(&mut run.random, 2);
    let file = match run.random.between(1, 4) {
        1 => format!("{home}Quarterly report {} ({words}).docx", run.date(0)),
        2 => format!("{home}Übersicht/{words} 50%+.pdf"),
        3 => format!("{home}projects/{words}/{}.csv", run.random.hex(8)),
        _ => format!("{home}photos/{}/IMG_{:04}.jpg", run.date(0), run.random.between(1, 9_999)),
    };
    run.put(caller, &file);
    run.head(caller, &file);
    run.get(caller, &file);
}

fn sensitive(questions: &mut Questions<'_>) {
    for user in USERS {
        let own = format!("home/{}/", name(user));
        let mut others = questions.keys(|_, key| key.starts_with("home/") && !key.starts_with(&own));
        others.extend(["home/frank/contract.pdf".to_owned(), format!("home/{}2/todo.md", name(user))]);
        others.push(format!("archive/{}", own.trim_end_matches('/')));
        questions.objects(user, "s3:GetObject", &others);
        questions.objects(user, "s3:PutObject", &others);
        let own = questions.keys(|_, key| key.starts_with(&own));
        questions.objects(user, "s3:DeleteObject", &own[..own.len().min(10)]);
        for other in USERS.iter().filter(|other| *other != &user) {
            questions.list(user, &format!("home/{}/", name(other)));
        }
        questions.list(user, "");
        questions.bucket(user, &["s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketPolicy"]);
        questions.elsewhere(user, "home/ann/todo.md");
    }
}

fn truth() -> Value {
    policy(json!([
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::acme-homes/home/${aws:username}/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-homes",
            "Condition": { "StringLike": { "s3:prefix": "home/${aws:username}/*" } },
        },
    ]))
}
