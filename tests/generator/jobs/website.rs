//! A static site that anybody may read, with drafts that nobody may.

use super::{Caller, Job, Kind, Questions, Run, policy};
use serde_json::{Value, json};

const ANYBODY: &str = "anonymous";
const IMAGES: [&str; 5] =
    ["images/logo.png", "images/team photo.jpg", "images/café.webp", "images/icons/menu.svg", "images/hero@2x.png"];

pub(super) const JOB: Job = Job {
    name: "website",
    bucket: "www-acme-example",
    principals: &[ANYBODY],
    kind: Kind::BucketPolicy,
    days: 1,
    run,
    sensitive,
    truth,
};

fn run(run: &mut Run) {
    run.at(7, 0);
    let deploy = Caller::session("SiteDeployRole", "deploy");
    let mut new = vec![post(run, 0), "index.html".to_owned(), "internal/stats.json".to_owned()];
    new.extend(assets(run, 0));
    for key in new {
        run.put(&deploy, &key);
    }
    let editor = Caller::user("editor");
    let draft = format!("drafts/{}-{}/index.html", run.date(0), Run::words(&mut run.random, 2));
    run.put(&editor, &draft);
    run.get(&editor, &draft);
    for visit in 0..run.random.between(10, 16) {
        run.at(8 + visit as i64 / 2, 30 * (visit as i64 % 2));
        visitor(run, &draft);
    }
}

/// The post of so many days before.
fn post(run: &Run, days_ago: i64) -> String {
    let mut random = run.made(days_ago, "post");
    format!("blog/{}-{}/index.html", run.date(days_ago), Run::words(&mut random, 3))
}

/// Scripts and styles as of so many days before.
fn assets(run: &Run, days_ago: i64) -> [String; 2] {
    let mut random = run.made(days_ago, "assets");
    [format!("assets/app.{}.js", random.hex(8)), format!("assets/site.{}.css", random.hex(8))]
}

fn visitor(run: &mut Run, draft: &str) {
    let mut visitor = Caller::anonymous(&mut run.random);
    match run.random.between(1, 5) {
        1 => {
            page(run, &visitor, "index.html");
            page(run, &visitor, "about/index.html");
        }
        2 => page(run, &visitor, "index.html"),
        _ => {
            let days_ago = run.random.between(0, 5) as i64;
            let post = post(run, days_ago);
            visitor.referer = "https://www.example.org/search?q=acme".to_owned();
            page(run, &visitor, &post);
        }
    }
    visitor.referer = "http://www-acme-example.s3-website-eu-west-1.amazonaws.com/".to_owned();
    for key in assets(run, 0) {
        run.get(&visitor, &key);
    }
    let image = run.random.pick(&IMAGES);
    run.get(&visitor, image);
    match run.random.between(1, 10) {
        1 => run.get_range(&visitor, "media/intro.mp4"),
        2 => run.get(&visitor, "robots.txt"),
        3 => run.get(&visitor, "favicon.ico"),
        4 => {
            let missing = format!("blog/{}/index.html", Run::words(&mut run.random, 4));
            run.object(&visitor, "WEBSITE.GET.OBJECT", &missing).fail(404, "NoSuchKey");
        }
        5 => {
            // Without its slash: the endpoint sends the browser on.
            let event = run.object(&visitor, "WEBSITE.GET.OBJECT", "about");
            event.fail(302, "Found");
        }
        6 => {
            run.refuse(&visitor, "WEBSITE.GET.OBJECT", Some(draft), "");
        }
        7 => {
            run.refuse(&visitor, "REST.GET.OBJECT", Some(draft), "");
        }
        8 => {
            let key = run.random.pick(&[".git/config", ".env", "internal/stats.json", "wp-login.php"]);
            run.refuse(&visitor, "REST.GET.OBJECT", Some(key), "");
        }
        9 => {
            run.refuse(&visitor, "REST.PUT.OBJECT", Some("index.html"), "");
        }
        _ => {
            run.refuse(&visitor, "REST.GET.BUCKETPOLICY", None, "policy");
        }
    }
}

/// Reads a page: mostly from the website endpoint, whose path is that of the folder.
fn page(run: &mut Run, visitor: &Caller, key: &str) {
    let (status, size) = (if run.random.one_in(8) { 304 } else { 200 }, run.random.between(2_000, 60_000));
    if run.random.one_in(4) {
        return run.get(visitor, key);
    }
    let event = run.object(visitor, "WEBSITE.GET.OBJECT", key);
    event.request_line = Some(format!("GET /{} HTTP/1.1", key.trim_end_matches("index.html")));
    (event.status, event.size, event.sent) = (Some(status), Some(size), Some(size).filter(|_| status == 200));
}

fn sensitive(questions: &mut Questions<'_>) {
    let hidden = questions.keys(|_, key| key.starts_with("drafts/") || key.starts_with("internal/"));
    questions.objects(ANYBODY, "s3:GetObject", &hidden);
    for key in ["backup/site.tar.gz", ".htpasswd", "drafts/index.html", "internal/users.json"] {
        questions.object(ANYBODY, "s3:GetObject", key);
    }
    let pages = questions.keys(|_, key| key.ends_with(".html"));
    questions.objects(ANYBODY, "s3:PutObject", &pages);
    questions.objects(ANYBODY, "s3:DeleteObject", &pages);
    questions.bucket(ANYBODY, &["s3:PutBucketPolicy", "s3:ListBucketVersions", "s3:PutBucketWebsite"]);
    questions.elsewhere(ANYBODY, "index.html");
}

fn truth() -> Value {
    let names = ["index.html", "robots.txt", "favicon.ico", "about/*", "assets/*", "blog/*", "images/*", "media/*"];
    policy(json!([{
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": names.map(|name| format!("arn:aws:s3:::www-acme-example/{name}")),
    }]))
}
