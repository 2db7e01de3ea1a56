//! The binary: what it says of lines that it looks at only as far as needed is what it says of lines that it reads in
//! full, which are all those that end with a carriage return.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;

use binary::{err, file, folder, out, run};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, Select, select};

const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::acme/a/*" },
    { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "StringLike": { "s3:prefix": ["", "a/*", "home/ann/"] } } },
    { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*/secret" } ] }"#;

/// The same where they hang on the address, too.
const BY_ADDRESS: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::acme/a/*", "Condition": { "NotIpAddress": { "aws:SourceIp": ["192.0.2.64/26", "2001:db8::/32"] } } },
    { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*", "Condition": { "IpAddress": { "aws:VpcSourceIp": "10.1.0.0/16" } } },
    { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "StringLike": { "s3:prefix": ["", "a/*"] }, "Null": { "aws:SourceIp": false } } },
    { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*/secret", "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-1" } } } ] }"#;

/// The same where they hang on the time and on the session, too.
const BY_TIME: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::acme/a/*", "arn:aws:s3:::acme"], "Condition": { "DateLessThanEquals": { "aws:CurrentTime": "2026-11-21T19:00:00Z" } } },
    { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*", "Condition": { "DateGreaterThan": { "aws:EpochTime": "2026-11-23" } } },
    { "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": { "DateEquals": { "aws:CurrentTime": "2026-11-20T19:00:00Z" } } } ] }"#;
const BY_SESSION: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*" },
    { "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*", "Condition": { "StringLike": { "aws:userid": "*:s" } } } ] }"#;

/// Where they hang on how old the signature of a presigned request is.
const BY_AGE: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*" },
    { "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": { "NumericGreaterThan": { "s3:signatureAge": "90000000" } } } ] }"#;

/// Statements that look at what clients say of themselves, in several ways.
const BY_CLIENT: [&str; 6] = [
    r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/a/*", "Condition": { "StringLike": { "aws:Referer": ["https://acme.example/*", "http?://other.example/"] } }"#,
    r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme*", "Condition": { "StringNotLike": { "aws:UserAgent": ["curl/*", "*bot*"] } }"#,
    r#""Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", "Condition": { "StringEquals": { "aws:UserAgent": "agent" }, "StringLikeIfExists": { "aws:Referer": "https:*" } }"#,
    r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*", "Condition": { "StringEqualsIgnoreCase": { "aws:UserAgent": "CURL/8" } }"#,
    r#""Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*", "Condition": { "StringLike": { "aws:Referer": "*/${aws:username}" } }"#,
    r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/${aws:UserAgent}/*""#,
];

/// A bucket policy that is about one session of a role, too.
const OF_SESSIONS: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/r" }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*" },
    { "Effect": "Deny", "Principal": { "AWS": "arn:aws:sts::111122223333:assumed-role/r/other" }, "Action": "s3:*", "Resource": "arn:aws:s3:::acme/a/*" } ] }"#;
/// One that is not.
const OF_ROLES: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": ["111122223333", "arn:aws:iam::111122223333:role/r"] }, "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*" },
    { "Effect": "Deny", "NotPrincipal": { "AWS": ["arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:root"] }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/a/*" },
    { "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme/a/*" } ] }"#;

/// Statements that look at prefixes in all the ways there are.
const BY_PREFIX: [&str; 10] = [
    r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "StringLike": { "s3:prefix": ["a/*", "home/${aws:username}/*"] } }"#,
    r#""Effect": "Deny", "Action": "s3:List*", "Resource": "*", "Condition": { "StringNotLike": { "s3:prefix": ["a/*", "home/*", "acme"] } }"#,
    r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ac*", "Condition": { "StringEqualsIgnoreCase": { "s3:prefix": "A/B" } }"#,
    r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "StringEquals": { "s3:prefix": ["", "A/B", "home/ann/"] } }"#,
    r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::${s3:prefix}""#,
    r#""Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other*", "Condition": { "ForAnyValue:StringLike": { "s3:prefix": "?" }, "Null": { "s3:prefix": "false" } }"#,
    r#""Effect": "Deny", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "Null": { "s3:prefix": "true" } }"#,
    r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "ForAllValues:StringNotEqualsIfExists": { "s3:prefix": ["a/", "x"] }, "StringLike": { "aws:PrincipalTag/of": "a*" } }"#,
    r#""Effect": "Deny", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "StringLike": { "s3:prefix": "home/${aws:PrincipalTag/team}/*" } }"#,
    r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme", "Condition": { "StringEquals": { "aws:username": "${s3:prefix}" } }"#,
];

/// The canonical id of the bucket's owner.
const OWNER: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";

/// What lines have in common.
#[derive(Debug, Clone)]
struct Base {
    requester: &'static str,
    operation: &'static str,
    request: &'static str,
    answer: &'static str,
    client: &'static str,
    tail: &'static str,
}

/// What each line has of its own.
#[derive(Debug, Clone)]
struct Own {
    address: &'static str,
    key: &'static str,
    query: &'static str,
    version: &'static str,
    host_id: &'static str,
    day: u8,
}

/// One of some texts.
fn of(words: &[&'static str]) -> Select<&'static str> {
    select(words.to_vec())
}

fn base() -> impl Strategy<Value = Base> {
    let requester = of(&[
        "AmazonS3",
        "-",
        OWNER,
        "arn:aws:iam::111122223333:user/ann",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1A2B3",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity S3.E1.A2",
        "arn:aws:iam::cloudfront:user/CloudFront",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:sts::111122223333:assumed-role/r/other",
        "arn:aws:sts::111122223333:assumed-role/r",
        "arn:aws:iam::111122223333:assumed-role/r/s",
        "arn:aws:iam::111122223333:assumed-role/r/other",
        "svc:x.amazonaws.com",
    ]);
    let itself = (
        of(&["S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER", "S3.COMPUTE.OBJECT.CHECKSUM", "S3.NONE.OBJECT"]),
        of(&["\"-\"", "\"-\"", "-"]),
        of(&["- - - 317 - -", "200 - - - - -"]),
        of(&["\"-\" \"-\"", "\"-\" \"-\"", "- -"]),
        of(&["- - - - - - - -", "- - - - - - - -", "- - - - - - -", "- - - - - -"]),
    );
    let asked = (
        of(&[
            "REST.GET.OBJECT",
            "REST.PUT.OBJECT",
            "REST.GET.BUCKET",
            "REST.GET.NONSENSE",
            "REST.POST.MULTI_OBJECT_DELETE",
            "WEBSITE.GET.OBJECT",
            "BATCH.DELETE.OBJECT",
        ]),
        of(&[
            "\"GET /KEYQUERY HTTP/1.1\"",
            "\"GET /KEYQUERY HTTP/1.1\"",
            "\"GET /zzzQUERY HTTP/1.1\"",
            "\"GET /acme/KEYQUERY HTTP/1.1\"",
            "\"GET /KEYQUERY HTTP/1.0\"",
            "-",
        ]),
        of(&[
            "200 - 10 10 12 -",
            "304 - - - 12 -",
            "403 AccessDenied 243 - 12 -",
            "403 - 243 - 12 -",
            "404 NoSuchKey 1 1 1 1",
            "503 SlowDown - - - -",
        ]),
        of(&["\"-\" \"agent\"", "- -"]),
        of(&[
            "SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 - - -",
            "SigV4 c QueryString acme.s3.amazonaws.com TLSv1.3 - - -",
            "SigV4 c AuthHeader s3.amazonaws.com TLSv1.3 - - -",
            "SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 arn:aws:s3:eu-west-1:111122223333:accesspoint/p - -",
            "SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 - Yes -",
        ]),
    );
    (requester, prop_oneof![itself.boxed(), asked.boxed()]).prop_map(
        |(requester, (operation, request, answer, client, tail))| Base {
            requester,
            operation,
            request,
            answer,
            client,
            tail,
        },
    )
}

fn own() -> impl Strategy<Value = Own> {
    let key = of(&[
        "a/b",
        "a/c",
        "a/secret",
        "home/2026-11-21/x.gz",
        "a%252Fb+c",
        "x%25FF",
        "x%FF",
        "%2D",
        "-",
        "-",
        "%25",
        "a?b",
        "a!b",
    ]);
    let query = of(&[
        "",
        "",
        "",
        "?prefix=a/",
        "?prefix=home%2Fann%2F",
        "?prefix=%FF",
        "?list-type=2&prefix=x",
        "?prefix=",
        "?prefix",
        "?list-type=2&prefix=&prefix=a/",
        "?X-Amz-Date=20261121T190000Z&X-Amz-Expires=86400",
        "?AWSAccessKeyId=A&Expires=1795280400",
        "?prefix=a/&X-Amz-Date=20261119T190000Z&X-Amz-Expires=3600",
        "?versionId=v2",
    ]);
    let version = of(&["-", "-", "-", "v1", "200"]);
    let host_id = of(&["aG9zdA==", "aG9z+dA", "aG9zdA"]);
    let address =
        of(&["192.0.2.10", "192.0.2.10", "192.0.2.70", "10.1.2.3", "10.2.0.1", "2001:db8::1", "2001:db9::1", "-", "x"]);
    (address, key, query, version, host_id, 18..26_u8).prop_map(|(address, key, query, version, host_id, day)| Own {
        address,
        key,
        query,
        version,
        host_id,
        day,
    })
}

fn line(base: &Base, own: &Own) -> String {
    let Base { requester, operation, request, answer, client, tail } = base;
    let Own { address, key, query, version, host_id, day } = own;
    let request = request.replace("KEY", key).replace("QUERY", query);
    format!(
        "{OWNER} acme [{day}/Nov/2026:19:00:00 +0000] {address} {requester} 0A1B2C {operation} {key} {request} {answer} {client} {version} {host_id} {tail}"
    )
}

/// What the path of one log says of the bucket's owner holds for no other.
#[test]
fn what_is_known_of_a_log_is_not_taken_for_another() {
    let folder = folder("skimmed-deliveries");
    let delivered = folder.join("111122223333/eu-west-1/acme/2026/11/21");
    std::fs::create_dir_all(&delivered).unwrap();
    let base = Base { requester: OWNER, ..ORDINARY };
    let lines = |key| line(&base, &of_key(key));
    let policy = file(&folder, "policy.json", POLICY);
    let logs = folder.join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::rename(folder.join("111122223333"), logs.join("111122223333")).unwrap();
    for command in
        [&["derive", "--as", "bucket-policy", "--format", "json"][..], &["replay", "-p", &policy, "--format", "json"]]
    {
        let says = |end: &str| {
            let log = |key: &'static str| (0..3).map(|_| lines(key) + end).collect::<String>();
            file(&logs, "111122223333/eu-west-1/acme/2026/11/21/a.log", &log("a/b"));
            file(&logs, "b.log", &log("a/secret"));
            let output = run(&[command, &["--threads", "1", logs.to_str().unwrap()]].concat());
            (output.status.code(), out(&output), err(&output))
        };
        let told = says("\n");
        assert_eq!(told, says("\r\n"));
        assert!(told.1.contains("acme") && !(command[0] == "derive" && told.1.contains("secret")), "{told:?}");
    }
}

/// What a program says of a log, and of the same log read in full.
fn both_ways(name: &str, lines: &[String], command: &[&str]) -> [(Option<i32>, String, String, Option<String>); 2] {
    let folder = folder(name);
    let report = folder.join("report.json").to_str().unwrap().to_owned();
    let to_report: &[&str] = if command.first() == Some(&"derive") { &["--report", &report] } else { &[] };
    ["\n", "\r\n"].map(|end| {
        let log = file(&folder, "a.log", &lines.iter().map(|line| format!("{line}{end}")).collect::<String>());
        _ = std::fs::remove_file(&report);
        let output = run(&[command, &["--threads", "1", &log], to_report].concat());
        (output.status.code(), out(&output), err(&output), std::fs::read_to_string(&report).ok())
    })
}

const ORDINARY: Base = Base {
    requester: "arn:aws:iam::111122223333:user/ann",
    operation: "REST.GET.OBJECT",
    request: "\"GET /KEY HTTP/1.1\"",
    answer: "200 - 10 10 12 -",
    client: "\"-\" \"agent\"",
    tail: "SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 - - -",
};

fn of_key(key: &'static str) -> Own {
    Own { address: "192.0.2.10", key, query: "", version: "-", host_id: "aG9zdA==", day: 21 }
}

/// A presigned request that came too late is refused for that, which says nothing of policies.
#[test]
fn presigned_requests_that_came_too_late_are_no_refusals() {
    let base = Base {
        request: "\"GET /KEYQUERY HTTP/1.1\"",
        answer: "403 AccessDenied 243 - 12 -",
        tail: "SigV4 c QueryString acme.s3.amazonaws.com TLSv1.3 - - -",
        ..ORDINARY
    };
    let queries = ["?X-Amz-Date=20261121T190000Z&X-Amz-Expires=86400", "?AWSAccessKeyId=A&Expires=1795374000"];
    for query in queries {
        let lines = [[21, 22, 23, 24], [24, 23, 22, 21]].concat();
        let lines: Vec<String> =
            lines.iter().map(|day| line(&base, &Own { query, day: *day, ..of_key("a/b") })).collect();
        let policy = file(&folder("too-late-policy"), "policy.json", POLICY);
        for command in [&["replay", "-p", &policy, "--format", "json"][..], &["derive", "--format", "json"]] {
            let [skimmed, read] = both_ways("too-late", &lines, command);
            assert_eq!(skimmed, read);
            let refused = |text: &str| text.contains("\"refused\":4,") && text.contains("\"noEvidence\":4,");
            assert!(command[0] == "derive" || refused(&skimmed.1.replace([' ', '\n'], "")), "{skimmed:?}");
        }
    }
}

/// What goes through an access point is asked of its own ARN, and the bucket's policy of the bucket behind it.
#[test]
fn requests_through_access_points_count_by_both_of_their_resources() {
    let base = Base {
        requester: "arn:aws:iam::111122223333:user/ann",
        tail: "SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 arn:aws:s3:eu-west-1:111122223333:accesspoint/p - -",
        ..ORDINARY
    };
    let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/p/object";
    let folder = folder("points-policies");
    let of = |name: &str, statements: String| {
        file(&folder, name, &format!(r#"{{ "Version": "2012-10-17", "Statement": [{statements}] }}"#))
    };
    let own = of(
        "own.json",
        format!(
            r#"{{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["{point}/a/*", "{point}/home/*"] }},
            {{ "Effect": "Deny", "Action": "s3:*", "Resource": "{point}/home/*.gz" }}"#
        ),
    );
    let of_bucket = of(
        "bucket.json",
        r#"{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/a/c" }"#.to_owned(),
    );
    let keys = ["a/b", "a/c", "home/x.gz", "home/y", "elsewhere", "a/d"].repeat(4);
    let lines: Vec<String> = keys.iter().map(|key| line(&base, &of_key(key))).collect();
    let command = ["replay", "-p", &own, "--resource-policy", &of_bucket, "--format", "json"];
    let [skimmed, read] = both_ways("points", &lines, &command);
    assert_eq!(skimmed, read);
    let report: serde_json::Value = serde_json::from_str(&skimmed.1).unwrap();
    assert_eq!(report["verdicts"], serde_json::json!({ "allowed": 12, "denied": 12, "undecided": 0 }));
}

/// Directories that come in any order count as often as they come, however many they are.
#[test]
fn requests_in_many_directories_are_counted_by_directory() {
    let policy = r#"{ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*" },
        { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*/3" } ] }"#;
    let policy = file(&folder("directories-policy"), "policy.json", policy);
    let text = |n: usize| {
        let key = format!("d{}/{}", n * 31 % 97, n % 5);
        line(&ORDINARY, &of_key("KEY_TEXT")).replace("KEY_TEXT", &key)
    };
    let lines: Vec<String> = (0..1_500).map(text).collect();
    let [skimmed, read] = both_ways("directories", &lines, &["replay", "-p", &policy, "--format", "json"]);
    assert_eq!(skimmed, read);
    let report: serde_json::Value = serde_json::from_str(&skimmed.1).unwrap();
    assert_eq!(report["verdicts"], serde_json::json!({ "allowed": 1_200, "denied": 300, "undecided": 0 }));
}

/// The name of a session says nothing where policies tell none apart, be it one that no session can have; in whatever order.
#[test]
fn sessions_with_odd_names_count_as_their_role() {
    let policy = file(&folder("odd-sessions-policy"), "policy.json", POLICY);
    let of = |session: &str| format!("arn:aws:sts::111122223333:assumed-role/r/{session}");
    let text = |session: &str| {
        line(&Base { requester: "REQUESTER", ..ORDINARY }, &of_key("a/b")).replace("REQUESTER", &of(session))
    };
    for sessions in [["***", "s", "t"], ["s", "***", "t"], ["s", "t?", "*"], ["*", "?", "s"]] {
        let lines: Vec<String> = sessions.iter().cycle().take(9).map(|session| text(session)).collect();
        let [skimmed, read] = both_ways("odd-sessions", &lines, &["replay", "-p", &policy, "--format", "json"]);
        assert_eq!(skimmed, read);
        let report: serde_json::Value = serde_json::from_str(&skimmed.1).unwrap();
        assert_eq!(
            report["verdicts"],
            serde_json::json!({ "allowed": 9, "denied": 0, "undecided": 0 }),
            "{sessions:?}"
        );
    }
}

/// A line that is cut in its requester and goes on as one of CloudFront is nobody's.
#[test]
fn an_access_identity_is_not_what_only_ends_like_one() {
    let policy = file(&folder("half-identities-policy"), "policy.json", POLICY);
    let text = |requester: &str| {
        line(&Base { requester: "REQUESTER", ..ORDINARY }, &of_key("a/b")).replace("REQUESTER", requester)
    };
    let requesters = [
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
        "arn:aws:sts::111122223333:assumed-role/r/se:user/CloudFront Origin Access Identity E1",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity e1",
    ];
    let lines: Vec<String> = requesters.iter().cycle().take(12).map(|requester| text(requester)).collect();
    for command in [&["replay", "-p", &policy, "--format", "json"][..], &["derive", "--format", "json"]] {
        let [skimmed, read] = both_ways("half-identities", &lines, command);
        assert_eq!(skimmed, read);
        assert!(command[0] == "derive" || skimmed.1.contains("\"malformed\": 6,"), "{skimmed:?}");
    }
}

/// What is outside of the time that is asked for is counted whatever a line of its kind proved before.
#[test]
fn what_is_outside_is_counted_in_any_order() {
    let base = Base {
        operation: "REST.GET.OBJECT_ATTRIBUTES",
        request: "\"GET /KEY?attributes HTTP/1.1\"",
        answer: "403 AccessDenied 243 - 12 -",
        ..ORDINARY
    };
    let text = |base: &Base, day| line(base, &Own { day, ..of_key("a/b") });
    let lines: Vec<String> = [20, 21, 23].iter().flat_map(|day| [text(&base, *day), text(&ORDINARY, *day)]).collect();
    let [skimmed, read] = both_ways("outside", &lines, &["derive", "--until", "2026-11-22", "--format", "json"]);
    assert_eq!(skimmed, read);
    assert!(skimmed.3.unwrap().contains("\"outside\": 2,"));
}

#[test]
fn sessions_are_told_from_what_looks_like_them() {
    let requesters = [
        ["arn:aws:sts::111122223333:assumed-role/r", "arn:aws:sts::111122223333:assumed-role/r/s"],
        ["arn:aws:iam::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:assumed-role/r/other"],
        ["arn:aws:sts::abc:assumed-role/r/s", "arn:aws:sts::abc:assumed-role/r/other"],
        ["arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:sts::111122223333:assumed-role/r2/s"],
        ["arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:sts::111122223333:assumed-role/r/other"],
    ];
    let folder = folder("skimmed-sessions-policies");
    let (of_sessions, by_session) =
        (file(&folder, "of-sessions.json", OF_SESSIONS), file(&folder, "by-session.json", BY_SESSION));
    let commands = [
        &["derive", "--format", "json"][..],
        &["replay", "--resource-policy", &of_sessions, "--format", "json"],
        &["replay", "-p", &by_session, "--format", "json"],
    ];
    for [one, other] in requesters {
        for (first, second) in [(one, other), (other, one)] {
            let lines: Vec<String> =
                [(first, "a/b"), (second, "a/c"), (first, "c"), (second, "a/secret"), (first, "a/d")]
                    .map(|(requester, key)| line(&Base { requester, ..ORDINARY }, &of_key(key)))
                    .into();
            for command in commands {
                let [skimmed, read] = both_ways("skimmed-sessions", &lines, command);
                assert_eq!(skimmed, read, "{first} {second}");
            }
        }
    }
}

#[test]
fn a_question_mark_ends_a_path() {
    let lines = ["a/b", "a?b", "a/c"].map(|key| line(&ORDINARY, &of_key(key)));
    let [skimmed, read] = both_ways("skimmed-question", &lines, &["derive", "--format", "json"]);
    assert_eq!(skimmed, read);
}

/// A read by somebody who says something of themselves.
fn read() -> impl Strategy<Value = String> {
    let requester = of(&["arn:aws:iam::111122223333:user/ann", "arn:aws:sts::111122223333:assumed-role/r/s"]);
    let key = of(&["a/b", "a/c", "d"]);
    let client = of(&[
        "\"-\" \"agent\"",
        "\"-\" \"curl/8\"",
        "\"https://acme.example/\" \"agent\"",
        "\"https://acme.example/x\" \"a robot\"",
        "\"http://other.example/\" \"-\"",
        "\"https://acme.example/ann\" \"a\"",
        "\"\" \"\"",
        "- -",
        "\"-\" \"agent\" \"x\"",
    ]);
    (requester, key, client)
        .prop_map(|(requester, key, client)| line(&Base { requester, client, ..ORDINARY }, &of_key(key)))
}

/// A listing by somebody of what begins with a prefix.
fn listing() -> impl Strategy<Value = String> {
    let requester = of(&[
        "arn:aws:iam::111122223333:user/ann",
        "arn:aws:iam::111122223333:user/ann",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "-",
    ]);
    let query = of(&[
        "",
        "?prefix=",
        "?prefix=a/",
        "?prefix=a%2Fb",
        "?prefix=a/c",
        "?prefix=A/B",
        "?prefix=home/ann/",
        "?prefix=home%2Fann%2Fx",
        "?prefix=home/bob/x",
        "?prefix=acme",
        "?prefix=ann",
        "?prefix=x",
        "?prefix=other",
    ]);
    let answer = of(&["200 - 10 10 12 -", "403 AccessDenied 243 - 12 -"]);
    (requester, query, answer).prop_map(|(requester, query, answer)| {
        let base =
            Base { requester, operation: "REST.GET.BUCKET", request: "\"GET /QUERY HTTP/1.1\"", answer, ..ORDINARY };
        line(&base, &Own { query, ..of_key("-") })
    })
}

/// Up to three of some statements.
fn some(statements: &[&'static str]) -> impl Strategy<Value = Vec<&'static str>> + use<> {
    vec(select(statements.to_vec()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_count_by_their_prefixes_and_clients(
        ([own, old], lines) in prop_oneof![
            ([some(&BY_PREFIX), some(&BY_PREFIX)], vec(listing(), 2..60)),
            ([some(&BY_CLIENT), some(&BY_CLIENT)], vec(read(), 2..60)),
        ],
    ) {
        let folder = folder("skimmed-policies");
        let [policy, baseline] = [("policy.json", own), ("baseline.json", old)].map(|(name, statements)| {
            let statements = statements.join(" }, { ");
            file(&folder, name, &format!(r#"{{ "Version": "2012-10-17", "Statement": [{{ {statements} }}] }}"#))
        });
        for command in [&["replay", "-p", &policy][..], &["replay", "-p", &policy, "--baseline", &baseline]] {
            let command = [command, &["--format", "json"]].concat();
            let [skimmed, read] = both_ways("skimmed-requests", &lines, &command);
            prop_assert_eq!(skimmed, read);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_that_are_skimmed_count_as_those_that_are_read(
        bases in vec(base(), 1..6), lines in vec((any::<Index>(), own()), 2..60)
    ) {
        let folder = folder("skimmed-policy");
        let [policy, by_address, by_time, by_session, by_age, of_sessions, of_roles] = [
            ("policy.json", POLICY),
            ("by-address.json", BY_ADDRESS),
            ("by-time.json", BY_TIME),
            ("by-session.json", BY_SESSION),
            ("by-age.json", BY_AGE),
            ("of-sessions.json", OF_SESSIONS),
            ("of-roles.json", OF_ROLES),
        ]
        .map(|(name, text)| file(&folder, name, text));
        let lines: Vec<String> = lines.iter().map(|(at, own)| line(at.get(&bases), own)).collect();
        let commands: [&[&str]; 13] = [
            &["replay", "-p", &policy, "--format", "json"],
            &["replay", "-p", &by_address, "--format", "json"],
            &["replay", "-p", &policy, "--baseline", &by_address, "--format", "json"],
            &["replay", "-p", &by_time, "--format", "json"],
            &["replay", "-p", &by_address, "--baseline", &by_time, "--format", "json"],
            &["replay", "-p", &by_session, "--format", "json"],
            &["replay", "-p", &policy, "--baseline", &by_age, "--format", "json"],
            &["replay", "--resource-policy", &of_sessions, "--format", "json"],
            &["replay", "--resource-policy", &of_roles, "--format", "json"],
            &["replay", "-p", &policy, "--resource-policy", &of_roles, "--format", "json"],
            &["derive", "--format", "json"],
            &["derive", "--format", "json", "--as", "bucket-policy", "--canonical-id", &format!("{OWNER}=111122223333")],
            &["derive", "--format", "json", "--since", "2026-11-20", "--until", "2026-11-23"],
        ];
        for command in commands {
            let [skimmed, read] = both_ways("skimmed", &lines, command);
            prop_assert_eq!(skimmed, read, "{:?}", command);
        }
    }
}
