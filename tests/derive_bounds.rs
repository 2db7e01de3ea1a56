//! The binary: what `derive` grants to nobody, however little the logs say of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;

use binary::{code, err, file, folder, out, run};
use serde_json::Value;

const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/A/s";

/// A line of an access log of the bucket `b`.
fn row(requester: &str, day: usize, operation: &str, key: &str, request: &str, answer: &str) -> String {
    format!(
        "0f1e b [{day:02}/Nov/2026:19:00:00 +0000] 192.0.2.10 {requester} 0A1B {operation} {key} \"{request} HTTP/1.1\" {answer} 10 10 12 5 \"-\" \"agent\" - aG9zdA== SigV4 TLS_AES_128_GCM_SHA256 AuthHeader b.s3.amazonaws.com TLSv1.3 - - -\n"
    )
}

fn get(requester: &str, day: usize, key: &str) -> String {
    row(requester, day, "REST.GET.OBJECT", key, &format!("GET /{key}"), "200 -")
}

/// Whether a policy allows somebody to read a key.
fn may_read(policy: &str, principal: &str, key: &str) -> bool {
    let resource = format!("arn:aws:s3:::b/{key}");
    let account = ["--principal", principal, "--resource-account", "123456789012"];
    code(&run(&[&["-p", policy, "-q"][..], &account, &["s3:GetObject", &resource]].concat())) == 0
}

#[test]
fn directories_of_others_are_not_taken_for_directories_that_vary() {
    let folder = folder("derive-others");
    let ann = "arn:aws:iam::123456789012:user/ann";
    let ids = ["0a1b2c3d", "1a2b3c4d", "2a3b4c5d", "3a4b5c6d"];
    for (own, foreign) in [
        (vec!["site1"], "site2"),
        (vec!["tenant/0f3a9c1d"], "tenant/7e4b2d9c"),
        (vec!["c/1001", "c/1002"], "c/1009"),
        (vec!["210987654321-private/keys"], "333344445555"),
    ] {
        let mut log = String::new();
        for (day, id) in ids.iter().enumerate() {
            own.iter().for_each(|own| log += &get(ROLE, day + 1, &format!("{own}/{id}.json")));
            log += &get(ann, day + 1, &format!("{foreign}/9{}.json", &id[1..]));
        }
        let log = file(&folder, "others.log", &log);
        for precision in ["strict", "balanced"] {
            let identity =
                run(&["derive", "--precision", precision, "--principal", "arn:aws:iam::123456789012:role/A", &log]);
            let bucket = run(&["derive", "--precision", precision, "--as", "bucket-policy", &log]);
            for (form, output) in [("identity", identity), ("bucket", bucket)] {
                assert_eq!(code(&output), 0, "{}", err(&output));
                let policy = file(&folder, "policy.json", &out(&output));
                let may = |key: String| may_read(&policy, ROLE, &key);
                assert!(!may(format!("{foreign}/91b2c3d4.json")), "{form} {precision}: {}", out(&output));
                let later = own.iter().all(|own| may(format!("{own}/4a5b6c7d.json")));
                assert!(later, "{form} {precision}: {}", out(&output));
            }
        }
    }
}

#[test]
fn patterns_end_with_directories_and_say_what_they_can() {
    let folder = folder("derive-tight");
    let mut log = String::new();
    for day in 1..5 {
        for (number, kind) in [(1, "wal"), (2, "wal"), (1, "base"), (2, "meta"), (1, "meta"), (2, "base")] {
            log += &get(ROLE, day, &format!("pg/db{number}/{kind}/{day}{number}1b2c3d.{kind}"));
        }
        log += &get(ROLE, day, &format!("billing/2026/11/invoice-{day}a1b2c3d.pdf"));
        log += &get(ROLE, day, &format!("billing/2026/10/invoice-{day}f1b2c3d.pdf"));
    }
    let log = file(&folder, "tight.log", &log);
    let output = run(&["derive", "-q", &log]);
    let policy: Value = serde_json::from_str(&out(&output)).unwrap();
    let resources = serde_json::json!(["arn:aws:s3:::b/billing/*/invoice-*.pdf", "arn:aws:s3:::b/pg/db?/*"]);
    assert_eq!(policy["Statement"][0]["Resource"], resources, "{policy:#}");
}

#[test]
fn names_of_single_users_are_those_of_nobody_else() {
    let folder = folder("derive-users");
    let mut log = String::new();
    for (day, user) in ["ann", "bob", "cyd"].into_iter().enumerate() {
        let arn = format!("arn:aws:iam::123456789012:user/{user}");
        log += &get(&arn, day + 1, &format!("home/{user}/notes-{user}.txt"));
        log += &get(&arn, day + 1, &format!("home/{user}/{day}a1b2c3d.txt"));
    }
    let log = file(&folder, "users.log", &log);
    for precision in ["strict", "balanced", "broad"] {
        let output = run(&["derive", "-q", "--precision", precision, &log]);
        let policy = file(&folder, "policy.json", &out(&output));
        let bob = "arn:aws:iam::123456789012:user/bob";
        assert!(may_read(&policy, bob, "home/bob/notes-bob.txt"), "{}", out(&output));
        assert!(!may_read(&policy, bob, "home/cyd/notes-cyd.txt"), "{precision}: {}", out(&output));
        assert!(!may_read(&policy, bob, "home/cyd/2a1b2c3d.txt"), "{precision}: {}", out(&output));
    }
    // A bucket policy says the same of all of them at once.
    let output = run(&["derive", "-q", "--as", "bucket-policy", &log]);
    assert!(out(&output).contains("/home/${aws:username}/"), "{}", out(&output));
}

#[test]
fn a_refused_listing_of_everything_is_not_granted_by_a_prefix() {
    let folder = folder("derive-empty-prefix");
    let ann = "arn:aws:iam::123456789012:user/ann";
    let list = |day, prefix: &str, answer| {
        row(ann, day, "REST.GET.BUCKET", "-", &format!("GET /?list-type=2&prefix={prefix}"), answer)
    };
    let log = list(1, "19/", "200 -")
        + &list(2, "alpha", "200 -")
        + &list(3, "zz9", "200 -")
        + &list(4, "", "403 AccessDenied");
    let log = file(&folder, "prefix.log", &log);
    for precision in ["strict", "balanced", "broad"] {
        let output = run(&["derive", "--precision", precision, &log]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        let policy = file(&folder, "policy.json", &out(&output));
        let replayed = run(&["replay", "-p", &policy, "--format", "json", &log]);
        let report: Value = serde_json::from_str(&out(&replayed)).unwrap();
        assert_eq!(
            report["verdicts"],
            serde_json::json!({ "allowed": 3, "denied": 1, "undecided": 0 }),
            "{}",
            out(&output)
        );
    }
}

#[test]
fn what_is_derived_stays_within_policies_in_force() {
    let folder = folder("derive-existing");
    let mut log = String::new();
    for day in 1..7 {
        log += &get(ROLE, day, &format!("data/{day}a1b2c3d.json"));
        log += &row(
            ROLE,
            day,
            "REST.DELETE.OBJECT",
            &format!("data/{day}a1b2c3d.json"),
            &format!("DELETE /data/{day}a1b2c3d.json"),
            "204 -",
        );
        log += &row(ROLE, day, "REST.GET.BUCKET", "-", &format!("GET /?prefix=data/{day}"), "200 -");
    }
    let log = file(&folder, "existing.log", &log);
    let allow = |action: &str, resource: &str, more: &str| {
        format!(r#"{{"Effect":"Allow","Action":{action},"Resource":"{resource}"{more}}}"#)
    };
    let derive = |statements: &[String]| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let existing = file(&folder, "existing.json", &text);
        let output = run(&["derive", "--existing", &existing, &log]);
        let derived = file(&folder, "derived.json", &out(&output));
        (existing, derived, out(&output), err(&output), code(&output))
    };
    let all = r#""s3:*""#;
    let deny =
        r#"{"Sid":"No","Effect":"Deny","Action":"s3:DeleteObject","NotResource":"arn:aws:s3:::b/tmp/*"}"#.to_owned();
    let secure = r#","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringLike":{"S3:Prefix":"data/*"}}"#;
    for (statements, left_out) in [
        (vec![allow(all, "*", "")], 0),
        (vec![allow(all, "*", ""), deny.clone()], 6),
        (vec![allow(r#"["s3:GetObject","s3:ListBucket"]"#, "*", "")], 6),
        (
            vec![
                allow(all, "arn:aws:s3:::b", secure),
                allow(all, "arn:aws:s3:::b/data/*", r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#),
            ],
            0,
        ),
        (
            vec![
                allow(r#""s3:Get*""#, "arn:aws:s3:::b/data/1*", ""),
                allow(r#"["s3:GetObject","s3:Delete*"]"#, "arn:aws:s3:::b/data/?a*", ""),
            ],
            6,
        ),
        (
            vec![
                r#"{"Effect":"Allow","NotAction":"s3:ListBucket","NotResource":"arn:aws:s3:::b/secret/*"}"#.to_owned(),
            ],
            6,
        ),
    ] {
        let (existing, derived, text, told, status) = derive(&statements);
        assert_eq!(status, 0, "{statements:?}: {told}");
        let is_told = told.contains(&format!("left out   {left_out} that were needed"));
        assert_eq!(is_told, left_out > 0, "{statements:?}: {told}");
        // Whatever is asked, the derived policy allows no more than the policies in force.
        for action in ["s3:GetObject", "s3:DeleteObject", "s3:PutObject", "s3:ListBucket"] {
            for resource in [
                "arn:aws:s3:::b/data/1a1b2c3d.json",
                "arn:aws:s3:::b/data/9f9f9f9f.json",
                "arn:aws:s3:::b/secret/x",
                "arn:aws:s3:::b/tmp/1a1b2c3d.json",
                "arn:aws:s3:::b",
            ] {
                for context in [
                    &["-c", "aws:SecureTransport=true"][..],
                    &["-c", "aws:SecureTransport=false"],
                    &["-c", "s3:prefix=data/7"],
                    &["-c", "s3:prefix=secret"],
                ] {
                    let ask = |policy: &str| {
                        code(&run(&[
                            &["-q", "-p", policy, "--principal", "arn:aws:iam::123456789012:role/A"],
                            context,
                            &[action, resource],
                        ]
                        .concat()))
                    };
                    assert!(ask(&derived) != 0 || ask(&existing) == 0, "{action} {resource} {context:?}\n{text}");
                }
            }
        }
        assert_eq!(text.contains(r#""Deny""#), statements.contains(&deny), "{text}");
    }
    let (.., told, status) = derive(&[allow(all, "arn:aws:s3:::other/*", "")]);
    assert_eq!(status, 1);
    assert!(told.contains("nothing that the policies of --existing allow was needed"), "{told}");
}

#[test]
fn options_that_do_nothing_are_told_of_or_refused() {
    let folder = folder("derive-options");
    let text: String = (1..5).map(|day| get(ROLE, day, &format!("data/{day}a1b2c3d.json"))).collect();
    let log = file(&folder, "a.log", &text);
    let output = run(&["derive", "--never", "b/data/*", &log]);
    assert!(err(&output).contains("--never b/data/* matches no name"), "{}", err(&output));
    let output = run(&["derive", "--why", "s3:DeleteBucket", "*", &log]);
    assert!(err(&output).contains("needed were s3:GetObject"), "{}", err(&output));
    for wrong in [
        &["--partial", "x", "--principal", "anonymous"][..],
        &["--partial", "x", "--never", "x"],
        &["--threads", "2000"],
        &["--threads", "0"],
        &["--min-days", "65"],
    ] {
        assert_eq!(code(&run(&[&["derive"][..], wrong, &[&log]].concat())), 2, "{wrong:?}");
    }
    // A log that is in two directories counts once.
    std::fs::create_dir_all(folder.join("copy")).unwrap();
    let copy = file(&folder, "copy/a.log", &text);
    let report = folder.join("report.json");
    let output = run(&["derive", &log, &copy, "--report", report.to_str().unwrap()]);
    assert!(err(&output).contains("is the same log as"), "{}", err(&output));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(report["lines"], 4);
    assert_eq!((&report["first"], &report["last"]), (&"2026-11-01T19:00:00Z".into(), &"2026-11-04T19:00:00Z".into()));
    assert_eq!(report["newKinds"], serde_json::json!({ "2026-11-01": 1 }));
    // Of many, some are named.
    for number in 1..=6 {
        std::fs::create_dir_all(folder.join(format!("many/{number}"))).unwrap();
        file(&folder, &format!("many/{number}/a.log"), &text);
    }
    let many = folder.join("many");
    let told = err(&run(&["derive", many.to_str().unwrap()]));
    assert_eq!(told.matches("is the same log as").count(), 3, "{told}");
    assert!(told.contains("2 more logs count once with another"), "{told}");
    assert!(!err(&run(&["derive", "-q", many.to_str().unwrap()])).contains("log"));
    // What went through an access point is not of the bucket that is chosen.
    let point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/reports";
    let through =
        file(&folder, "point.log", &(text.clone() + &text.replace("TLSv1.3 - - -", &format!("TLSv1.3 {point} - -"))));
    let output = run(&["derive", "--bucket", "b", &through]);
    assert!(err(&output).contains(point) && err(&output).contains("not through its access points"), "{}", err(&output));
}

#[test]
fn a_refusal_among_very_many_alike_does_not_stop() {
    let folder = folder("derive-alike");
    let key = |n: usize, id: &str| format!("out/part-{n:05}-{id}.parquet");
    let refused = |key: &str| row(ROLE, 2, "REST.GET.OBJECT", key, &format!("GET /{key}"), "403 AccessDenied");
    let mut log: String =
        (0..1_500).map(|n| get(ROLE, n % 3 + 1, &key(n, &format!("{:08x}", n * 2_654_435 + 0xA000_0000)))).collect();
    // By chance there are no letters among hexadecimal digits, or no others.
    let other = "out/secret/x";
    log += &[&key(77_777, "12345678"), &key(77_779, "bfebbfee"), other].map(refused).concat();
    let log = file(&folder, "alike.log", &log);
    let report = folder.join("report.json");
    let output = run(&["derive", "--report", report.to_str().unwrap(), &log]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let policy = file(&folder, "policy.json", &out(&output));
    let role = "arn:aws:iam::123456789012:role/A";
    assert!(may_read(&policy, role, &key(77_778, "9abcdef0")));
    assert!(!may_read(&policy, role, other));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(report["contradicted"], 2, "{report:#}");
}
