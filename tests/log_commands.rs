//! The binary: access logs and events of CloudTrail.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;
mod generator;

use binary::{code, err, file as path, folder, out, run, run_with_input, values};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;

const PIPELINES: &str = "corpus/policies/pipelines-bucket.json";
const TRICKY: &str = "corpus/logs/tricky.log";

#[test]
fn a_replay_counts_every_line_once() {
    let output = run(&["replay", "-p", PIPELINES, "--format", "json", TRICKY]);
    assert_eq!(code(&output), 1, "{}", err(&output));
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    let classes = ["blank", "malformed", "partial", "ambiguous", "unmapped", "noEvidence", "allowed", "refused"];
    let sum: u64 = classes.iter().map(|class| report[class].as_u64().unwrap()).sum();
    assert_eq!((report["lines"].as_u64(), sum), (Some(24), 24));
    assert_eq!((&report["ambiguous"], &report["partial"]), (&2.into(), &1.into()));
    let verdicts = &report["verdicts"];
    let asked: u64 = ["allowed", "denied", "undecided"].iter().map(|name| verdicts[name].as_u64().unwrap()).sum();
    assert_eq!(asked, report["allowed"].as_u64().unwrap() + report["refused"].as_u64().unwrap());
    let schema: Value = serde_json::from_str(&out(&run(&["schema", "replay"]))).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "can-access.replay/1" })));
}

#[test]
fn a_replay_finds_what_a_new_policy_would_deny() {
    let folder = folder("replay");
    let policy = |name: &str, action: &str, more: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"{more}}}]}}"#
        );
        path(&folder, name, text.as_bytes())
    };
    let wide = policy("wide.json", "s3:*", "");
    let reads = policy("reads.json", "s3:Get*", "");
    let output = run(&["replay", "-p", &reads, "--baseline", &wide, "--format", "json", TRICKY]);
    assert_eq!(code(&output), 1);
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    let example = &report["newlyDenied"]["examples"][0];
    assert_eq!((&example["line"], &example["action"]), (&2.into(), &"s3:PutObject".into()));
    assert_eq!(report["newlyAllowed"]["requests"], 0);
    let wider = run(&["replay", "-p", &wide, "--baseline", &reads, "--format", "json", TRICKY]);
    assert_eq!(code(&wider), 0);
    let report: Value = serde_json::from_str(&out(&wider)).unwrap();
    assert!(report["newlyAllowed"]["requests"].as_u64().unwrap() > 0);
    // What no log tells leaves the verdict open, and is named.
    let tagged = policy("tagged.json", "s3:*", r#", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}"#);
    let open = run(&["replay", "-p", &tagged, "--format", "json", TRICKY]);
    let report: Value = serde_json::from_str(&out(&open)).unwrap();
    assert!(report["unknownKeys"]["aws:PrincipalTag/team"].as_u64().unwrap() > 5, "{report:#}");
    let classes = report["classes"].as_array().unwrap();
    let open = classes.iter().filter(|class| class["unknownKeys"] == serde_json::json!(["aws:PrincipalTag/team"]));
    assert!(open.clone().count() > 3 && open.clone().all(|class| class["undecided"].as_u64().unwrap() > 0));
    assert!(out(&run(&["replay", "-p", &tagged, TRICKY])).contains("depends on aws:PrincipalTag/team"));
}

#[test]
fn a_replay_is_the_same_packed_split_and_on_any_number_of_threads() {
    let folder = folder("split");
    let log = fs::read(TRICKY).unwrap();
    let many: Vec<u8> = std::iter::repeat_n(&log[..], 400).flatten().copied().collect();
    let whole = path(&folder, "whole.log", &many);
    let report = |args: &[&str]| {
        let output = run(&[&["replay", "-p", PIPELINES, "--format", "json"], args].concat());
        let mut report: Value = serde_json::from_str(&out(&output)).unwrap();
        for finding in ["nowDenied", "newlyDenied", "newlyAllowed"] {
            report[finding]["examples"] = Value::Null;
        }
        report
    };
    let one = report(&["--threads", "1", &whole]);
    assert_eq!(one["lines"], 9_600);
    assert_eq!(report(&["--threads", "3", &whole]), one);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&many).unwrap();
    let packed = path(&folder, "whole.log.gz", &encoder.finish().unwrap());
    assert_eq!(report(&[&packed]), one);
    let middle = many[..many.len() / 2].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    let first = path(&folder, "1.log", &many[..middle]);
    let second = path(&folder, "2.log", &many[middle..]);
    assert_eq!(report(&[&second, &first]), one);
    let output = run_with_input(&["replay", "-p", PIPELINES, "--format", "json", "-"], &many);
    let from_stdin: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(from_stdin["verdicts"], one["verdicts"]);
}

#[test]
fn events_tell_the_unique_ids_of_sessions() {
    let folder = folder("replay-unique-ids");
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringLike": {"aws:userid": "AROAEXAMPLEEXPORT:run-*"}}}}"#;
    let policy = path(&folder, "policy.json", policy);
    let output = run(&["replay", "-p", &policy, "--format", "json", "corpus/logs/cloudtrail/containers/athena.jsonl"]);
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    // One is a role that a service assumed: what the role trusts is said by its own policy, which is not given.
    assert_eq!(report["verdicts"], serde_json::json!({ "allowed": 2, "denied": 3, "undecided": 1 }), "{report:#}");
    assert_eq!(report["unasked"].as_object().unwrap().len(), 1);
    // Sessions that differ in nothing else, more than are shown as examples.
    let event = |session: &str, number: usize| {
        let identity = json!({
            "type": "AssumedRole", "principalId": format!("AROAEXAMPLEEXPORT:{session}"), "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/Export/{session}"),
            "sessionContext": { "sessionIssuer": {
                "type": "Role", "principalId": "AROAEXAMPLEEXPORT", "accountId": "111122223333",
                "arn": "arn:aws:iam::111122223333:role/Export", "userName": "Export" } },
        });
        json!({
            "eventVersion": "1.11", "eventTime": "2026-11-02T10:00:00Z", "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject", "awsRegion": "eu-west-1", "userIdentity": identity,
            "requestParameters": { "bucketName": "data", "key": format!("a/{number}") },
        })
    };
    let events: Vec<String> =
        (0..80).map(|number| event(if number % 2 == 0 { "run-1" } else { "test" }, number).to_string()).collect();
    let log = path(&folder, "sessions.jsonl", &events.join("\n"));
    let output = run(&["replay", "-p", &policy, "--format", "json", &log]);
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["verdicts"], json!({ "allowed": 40, "denied": 40, "undecided": 0 }), "{report:#}");
}

/// A line of an access log, of a request for a key of the bucket `data` that went well.
fn row(requester: &str, key: &str) -> String {
    format!(
        "0f1e data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 {requester} 0A1B REST.GET.OBJECT {key} \"GET /{key} HTTP/1.1\" 200 - 10 10 12 5 \"-\" \"agent\" - aG9zdA== SigV4 TLS_AES_128_GCM_SHA256 AuthHeader data.s3.amazonaws.com TLSv1.3 - - -\n"
    )
}

const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports";

/// An event of CloudTrail: what ann of account 111122223333 did to an object through an access point, with the ARNs and
/// owners that are listed beside it.
fn event(name: &str, parameters: Value, listed: &[(&str, &str)]) -> Value {
    let listed = listed.iter().map(|(arn, account)| match *account {
        "" => json!({ "ARN": arn }),
        account => json!({ "ARN": arn, "accountId": account }),
    });
    json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/ann",
            "accountId": "111122223333", "userName": "ann" },
        "eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": name,
        "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "userAgent": "[agent]",
        "requestParameters": parameters, "responseElements": null, "requestID": "1", "eventID": "e", "readOnly": true,
        "resources": listed.collect::<Vec<Value>>(),
        "eventType": "AwsApiCall", "managementEvent": false, "recipientAccountId": "111122223333", "eventCategory": "Data"
    })
}

/// What policies say to one event: `allowed`, `denied` or `undecided`.
fn verdict_on(event: &Value, folder: &std::path::Path, options: &[&str]) -> String {
    let log = path(folder, "event.json", &event.to_string());
    let output = run(&[&["replay", "--format", "json"], options, &[&log]].concat());
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    let verdicts = report["verdicts"].as_object().unwrap();
    let given: Vec<&String> = verdicts.iter().filter(|(_, count)| **count == 1).map(|(name, _)| name).collect();
    assert_eq!(given.len(), 1, "{report:#}");
    assert!(verdicts["denied"] == 0 || !err(&output).contains("no request with evidence"), "{}", err(&output));
    given[0].clone()
}

#[test]
fn what_goes_through_an_access_point_is_asked_of_its_bucket() {
    let folder = folder("replay-access-points");
    let policy = |name: &str, text: &str| path(&folder, name, &format!(r#"{{"Statement": {text}}}"#));
    let all = policy("all.json", r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#);
    let resource = |name: &str, effect: &str, arn: &str| {
        let (head, rest) = (r#""Principal": "*", "Action": "s3:GetObject", "Resource""#, format!("{arn}/*"));
        policy(name, &format!(r#"{{"Effect": "{effect}", {head}: "{rest}"}}"#))
    };
    let in_bucket = |name: &str, effect: &str| format!("data={}", resource(name, effect, "arn:aws:s3:::data"));
    let (deny, allow) = (in_bucket("deny.json", "Deny"), in_bucket("allow.json", "Allow"));
    let other = format!("data={}", resource("other.json", "Allow", "arn:aws:s3:::data/other"));
    let of_point = resource("point.json", "Allow", &format!("{POINT}/object"));
    let parameters = json!({ "bucketName": POINT, "key": "k", "Host": "h" });
    let get = |owner: &str| {
        let listed = [("arn:aws:s3:::data/k", ""), ("arn:aws:s3:::data", owner), (POINT, "111122223333")];
        event("GetObject", parameters.clone(), &listed)
    };
    let (own, theirs, unlisted) =
        (get("111122223333"), get("444455556666"), event("GetObject", parameters.clone(), &[]));
    let itself = event("GetAccessPointPolicy", json!({ "name": "reports" }), &[(POINT, "111122223333")]);
    let alias = event("GetObject", json!({ "bucketName": "reports-1a2b3c-s3alias", "key": "k" }), &[]);
    let copy = json!({ "bucketName": POINT, "key": "k", "x-amz-copy-source": "src/s" });
    let copy = event("CopyObject", copy, &[("arn:aws:s3:::src/s", ""), ("arn:aws:s3:::src", ""), (POINT, "")]);
    let put = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}"#;
    let deny_src = format!("src={}", policy("deny-src.json", put));
    let no_internet = r#"[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*",
        "Resource": "*", "Condition": {"StringEquals": {"s3:AccessPointNetworkOrigin": "Internet"}}}]"#;
    let no_internet = policy("no-internet.json", no_internet);
    let owner = ["--resource-account", "444455556666"];
    for (why, event, options, verdict) in [
        ("one account", &own, vec!["-p", &all], "allowed"),
        ("the bucket's policy denies", &own, vec!["-p", &all, "--resource-policy", &deny], "denied"),
        ("the bucket is not known", &unlisted, vec!["-p", &all, "--resource-policy", &deny], "undecided"),
        ("no policy but one's own", &unlisted, vec!["-p", &all], "allowed"),
        ("it is about the access point", &itself, vec!["-p", &all, "--resource-policy", &deny], "allowed"),
        ("the bucket is another account's", &theirs, vec!["-p", &all], "undecided"),
        ("so an option says", &get(""), [&["-p", &all][..], &owner].concat(), "undecided"),
        // The access point is of the caller's own account, where the caller's policies are enough for it.
        ("its policy alone", &theirs, vec!["-p", &all, "--resource-policy", &allow], "allowed"),
        ("that of the access point alone", &theirs, vec!["-p", &all, "--access-point-policy", &of_point], "undecided"),
        ("both", &theirs, vec!["-p", &all, "--resource-policy", &allow, "--access-point-policy", &of_point], "allowed"),
        (
            "an alias stands for a bucket that is not known",
            &alias,
            vec!["-p", &all, "--resource-policy", &deny],
            "undecided",
        ),
        ("its owner is no bucket's", &itself, [&["-p", &all][..], &owner].concat(), "allowed"),
        ("only the source of a copy is listed", &copy, vec!["-p", &all, "--resource-policy", &deny_src], "undecided"),
        ("the address rules out a VPC", &own, vec!["-p", &no_internet], "denied"),
        ("one of both does not allow", &theirs, vec!["-p", &all, "--resource-policy", &other], "denied"),
    ] {
        assert_eq!(verdict_on(event, &folder, &options), verdict, "{why}");
    }
}

#[test]
fn a_copy_is_asked_of_both_buckets() {
    let folder = folder("replay-copies");
    let policy = |name: &str, text: &str| path(&folder, name, &format!(r#"{{"Statement": {text}}}"#));
    let all = policy("all.json", r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#);
    let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
    let deny = policy("deny.json", deny);
    let point = json!({ "bucketName": POINT, "key": "k", "x-amz-copy-source": "src/k" });
    let plain = json!({ "bucketName": "data", "key": "k", "x-amz-copy-source": "src/k" });
    let listed = [("arn:aws:s3:::data/k", ""), ("arn:aws:s3:::data", "111122223333"), (POINT, "111122223333")];
    for event in [event("CopyObject", point, &listed), event("CopyObject", plain, &[])] {
        for (bucket, verdict) in [("data", "denied"), ("src", "denied"), ("others", "allowed")] {
            let of_bucket = format!("{bucket}={deny}");
            let found = verdict_on(&event, &folder, &["-p", &all, "--resource-policy", &of_bucket]);
            assert_eq!(found, verdict, "{bucket}: {event}");
        }
    }
}

/// The headers of a copy are about what is written, and what is written goes to the bucket that has its key.
#[test]
fn the_source_of_a_copy_has_a_context_of_its_own() {
    let folder = folder("replay-copy-headers");
    let policy = |name: &str, text: &str| path(&folder, name, &format!(r#"{{"Statement": {text}}}"#));
    let all = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#;
    let deny = |key: &str, more: &str| {
        let deny = format!(
            r#"{{"Effect": "Deny", "Action": "s3:GetObject{more}", "Resource": "*", "Condition": {{"Null": {{"{key}": "false"}}}}}}"#
        );
        policy("deny.json", &format!("[{all}, {deny}]"))
    };
    let put = r#"{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}"#;
    let get = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringLike": {"s3:x-amz-copy-source": "src/*"}}}"#;
    let only_copies = policy("copies.json", &format!("[{put}, {get}]"));
    let copy = |source: &str| {
        let parameters =
            json!({ "bucketName": "data", "key": "k", "x-amz-copy-source": source, "x-amz-acl": "private" });
        event("CopyObject", parameters, &[])
    };
    let plain = copy("src/s");
    assert_eq!(verdict_on(&plain, &folder, &["-p", &only_copies]), "denied");
    for header in ["s3:x-amz-copy-source", "s3:x-amz-acl"] {
        assert_eq!(verdict_on(&plain, &folder, &["-p", &deny(header, "")]), "allowed", "{header}");
    }
    let version = copy("src/s?versionId=1");
    assert_eq!(verdict_on(&version, &folder, &["-p", &deny("s3:versionid", "Version")]), "denied");

    let raw = "arn:aws:s3:eu-west-1:111122223333:accesspoint/raw";
    let parameters = json!({ "bucketName": POINT, "key": "k", "x-amz-copy-source": format!("{raw}/object/s") });
    let source_first =
        ["arn:aws:s3:::src/s", "arn:aws:s3:::src", raw, "arn:aws:s3:::data/k", "arn:aws:s3:::data", POINT];
    let listed = source_first.map(|arn| (arn, ""));
    let put = policy("put.json", r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}"#);
    let all = policy("all.json", all);
    let to_data = format!("data={put}");
    let found =
        verdict_on(&event("CopyObject", parameters, &listed), &folder, &["-p", &all, "--resource-policy", &to_data]);
    assert_eq!(found, "denied");
}

#[test]
fn what_is_not_known_is_no_verdict() {
    let folder = folder("replay-unknown");
    let role = "arn:aws:sts::111122223333:assumed-role/app/s";
    let verdicts = |args: &[&str]| {
        let report: Value =
            serde_json::from_str(&out(&run(&[&["replay", "--format", "json"], args].concat()))).unwrap();
        (report["verdicts"].clone(), report["unknownKeys"].clone(), report["unasked"].clone())
    };
    let all = path(&folder, "all.json", r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#);
    let own = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringEquals": {"s3:ResourceAccount": "444455556666"}}}}"#;
    let own = path(&folder, "own.json", own);
    let log = path(&folder, "access.log", &(row(role, "k") + &row("-", "k")));
    // Nobody needs an identity-based policy, and nothing is known of the bucket's own.
    let (counts, _, why) = verdicts(&["-p", &all, &log]);
    assert_eq!(counts, serde_json::json!({ "allowed": 1, "denied": 0, "undecided": 1 }));
    assert!(why.to_string().contains("the resource's own policy"), "{why}");
    // Whose the bucket is, is not known, but where the name of the log or an option says it.
    let (counts, keys, _) = verdicts(&["-p", &own, &log]);
    assert_eq!((&counts["undecided"], &keys["s3:ResourceAccount"]), (&2.into(), &1.into()), "{keys}");
    fs::create_dir_all(folder.join("444455556666/eu-west-1/data/2026/11/21")).unwrap();
    let delivered = "444455556666/eu-west-1/data/2026/11/21/2026-11-21-00-00-00-0A1B2C3D4E5F6071";
    let delivered = path(&folder, delivered, &row("arn:aws:iam::444455556666:user/ann", "k"));
    assert_eq!(verdicts(&["-p", &own, &delivered]).0["allowed"], 1);
    let regional = own.replace("own.json", "regional.json");
    fs::write(
        &regional,
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}}"#,
    )
    .unwrap();
    assert_eq!(verdicts(&["-p", &regional, &delivered]).0["allowed"], 1);
    // The owner of a bucket asks by its canonical id.
    let owner = "7c19e0d2a4b6583f917e2d6c0b8a4f35e1d7c9b2a6f0483d5c7e9b1a3f5d7086";
    let of_owner = path(&folder, "owner.log", &row(owner, "k").replace("0f1e ", &format!("{owner} ")));
    assert_eq!(verdicts(&["-p", &all, &of_owner]).0["undecided"], 1);
    assert_eq!(verdicts(&["-p", &all, "--resource-account", "111122223333", &of_owner]).0["allowed"], 1);
}

#[test]
fn options_that_name_nothing_are_told_of() {
    let folder = folder("replay-options");
    let all = path(&folder, "all.json", r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#);
    let log = path(&folder, "access.log", &row("arn:aws:sts::111122223333:assumed-role/app/s", "k"));
    for wrong in ["foo", "arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:role/*"] {
        let output = run(&["replay", "--identity", &format!("{wrong}={all}"), &log]);
        assert_eq!(code(&output), 2, "{wrong}");
        assert!(err(&output).contains("is no ARN of a user or a role"), "{}", err(&output));
    }
    // A role is given with its path, which the log does not tell.
    let output = run(&["replay", "--identity", &format!("arn:aws:iam::111122223333:role/team/app={all}"), &log]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
    let output =
        run(&["replay", "-p", &all, "--identity", &format!("arn:aws:iam::111122223333:role/other={all}"), &log]);
    assert!(err(&output).contains("role/other, which --identity names"), "{}", err(&output));
    let bucket = path(
        &folder,
        "bucket.json",
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "s3:*", "Resource": "arn:aws:s3:::data/*"}}"#,
    );
    let output = run(&["replay", "--resource-policy", &format!("other={bucket}"), &log]);
    assert!(err(&output).contains("the bucket other, which --resource-policy names"), "{}", err(&output));
    let output = run(&["replay", "--resource-policy", &format!("arn:aws:s3:::data={bucket}"), &log]);
    assert_eq!(code(&output), 0);
    assert!(err(&output).contains("do not tell their paths"), "{}", err(&output));
    for twice in [&["replay", "-p", "-", "-"][..], &["derive", "--existing", "-", "-"]] {
        let output = run(twice);
        assert_eq!(code(&output), 2, "{twice:?}");
        assert!(err(&output).contains("`-` is given more than once"), "{}", err(&output));
    }
}

#[test]
fn a_document_that_breaks_off_is_no_whole_answer() {
    let folder = folder("replay-broken");
    let event = |key: &str| {
        format!(
            r#"{{"eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "userIdentity": {{"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333"}},
            "requestParameters": {{"bucketName": "data", "key": "{key}"}}}}"#
        )
    };
    let whole = format!("{{\"Records\": [\n{},\n{}]}}", event("a"), event("secret"));
    let lists = [
        // Half of a character is no text; a second list is part of no log that is delivered.
        (whole.replacen("\"key\"", "\"\\ud83dkey\"", 1), 1, 1),
        (format!("{whole}\n{whole}"), 4, 0),
        (format!("{},\"Records\":[{}]}}", &whole[..whole.len() - 1], event("b")), 2, 1),
        (format!("{},\"more\":{{}}}}", &whole[..whole.len() - 1]), 2, 0),
    ];
    let all = path(&folder, "all.json", r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#);
    for (number, (text, allowed, malformed)) in lists.iter().enumerate() {
        for text in [text.clone(), text.replace('\n', "")] {
            let log = path(&folder, &format!("list-{number}.json"), &text);
            let output = run(&["replay", "-p", &all, "--format", "json", &log]);
            let report: Value = serde_json::from_str(&out(&output)).unwrap();
            assert_eq!(report["verdicts"]["allowed"], *allowed, "{text}");
            assert_eq!(report["malformed"], *malformed, "{text}");
        }
    }
    let cut = path(&folder, "cut.json", &whole[..whole.len() - 40]);
    let damaged = path(&folder, "damaged.json", &whole.replacen("\"eventName\"", "eventName\"", 1));
    for log in [&cut, &damaged] {
        let output = run(&["replay", "-p", &all, "--format", "json", log]);
        let report: Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!((code(&output), &report["complete"]), (2, &false.into()), "{log}");
        assert!(err(&output).contains("is no JSON from its event"), "{}", err(&output));
        let output = run(&["derive", log]);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{log}");
    }
}

#[test]
fn what_is_no_log_is_an_error_and_bad_lines_are_told_of() {
    let folder = folder("bad");
    let garbage = path(&folder, "garbage.log", b"this is no log\n{\"Records\": []}\n");
    let output = run(&["replay", "-p", PIPELINES, &garbage]);
    assert_eq!(code(&output), 2, "{}", out(&output));
    assert!(err(&output).contains("no line could be read"), "{}", err(&output));
    let mut mixed = b"nonsense\n\xFF\xFE\n".to_vec();
    mixed.extend(fs::read(TRICKY).unwrap());
    let mixed = path(&folder, "mixed.log", &mixed);
    let output = run(&["replay", "-p", PIPELINES, &mixed]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains(&format!("first at {mixed}:1")), "{}", err(&output));
    assert!(out(&output).starts_with("26 lines: "), "{}", out(&output));
    // A packed file that is cut off counts as far as it goes, and is no whole answer.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(&fs::read(TRICKY).unwrap()).unwrap();
    let packed = encoder.finish().unwrap();
    let cut = path(&folder, "cut.log.gz", &packed[..packed.len() / 2]);
    let output = run(&["replay", "-p", PIPELINES, "--format", "json", &cut, TRICKY]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("cut.log.gz"), "{}", err(&output));
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["complete"], false);
    assert!(report["lines"].as_u64().unwrap() > 30, "{report:#}");
    let empty = path(&folder, "empty.log", b"");
    assert_eq!(code(&run(&["replay", "-p", PIPELINES, &empty])), 0);
}

/// Of lines one of which is damaged, the others count; also where the first is long, and the file is the standard input.
#[test]
fn a_log_without_requests_has_no_table_of_them() {
    let listing = row("-", "k").replace("REST.GET.OBJECT", "REST.OPTIONS.PREFLIGHT");
    let output = run_with_input(&["replay", "-p", PIPELINES, "-"], listing.as_bytes());
    assert_eq!(code(&output), 0, "{}", err(&output));
    let report = out(&output);
    assert!(report.contains("0 requests allowed and 0 refused by the log, 1 without evidence"), "{report}");
    assert!(!report.contains("succeeded"), "{report}");
}

#[test]
fn a_long_first_line_from_standard_input_is_a_line() {
    let event = r#"{"eventVersion":"1.11","eventTime":"2026-11-02T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"},"userAgent":"AGENT"}"#;
    let (first, fine) = (event.replace("AGENT", &"x".repeat(100_000)), event.replace("AGENT", "x"));
    let damaged = fine.replace("\"eventName\":", "\"eventName\"");
    let folder = folder("long-first-line");
    let log = path(&folder, "long.jsonl", &[&*first, &*fine, &*damaged, &*fine, &*fine, ""].join("\n"));
    let command = ["replay", "--format", "json", "-p", PIPELINES];
    let of_file: Value = serde_json::from_str(&out(&run(&[&command[..], &[&log]].concat()))).unwrap();
    let input = std::process::Command::new(env!("CARGO_BIN_EXE_can-access"))
        .args([&command[..], &["-"]].concat())
        .stdin(fs::File::open(&log).unwrap())
        .output()
        .unwrap();
    let of_input: Value = serde_json::from_str(&out(&input)).unwrap();
    assert_eq!(
        (&of_file["lines"], &of_file["classes"]),
        (&of_input["lines"], &of_input["classes"]),
        "{of_file:#} {of_input:#}"
    );
    assert_eq!(of_input["verdicts"], of_file["verdicts"]);
}

#[test]
fn single_verdicts_are_lines_in_order() {
    let output = run(&["replay", "-p", PIPELINES, "--each", TRICKY]);
    let lines: Vec<u64> = values(&output).iter().map(|value| value["line"].as_u64().unwrap()).collect();
    assert!(lines.is_sorted() && lines.len() == 18, "{lines:?}");
    for wrong in [
        &["replay", TRICKY][..],
        &["replay", "-p", PIPELINES, "no-such.log"],
        &["replay", "-p", PIPELINES, "--canonical-id", "x", TRICKY],
        &["replay", "-p", PIPELINES, "--role-arn", "x", TRICKY],
        &["replay", "--identity", "x", TRICKY],
    ] {
        assert_eq!(code(&run(wrong)), 2, "{wrong:?}");
    }
}

/// Lines that are recognised by what repeats in them are counted as those that are read one by one are.
#[test]
fn a_summary_counts_what_single_verdicts_say() {
    let folder = folder("summary");
    let open = path(&folder, "open.json", r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#);
    for workload in generator::workloads(11, 5) {
        let log = path(&folder, "w.log", &workload.access_log());
        let policy = path(&folder, "p.json", &workload.truth.to_string());
        let each = run(&["replay", "-p", &policy, "--each", &log]);
        let summary = run(&["replay", "-p", &policy, "--baseline", &open, "--format", "json", &log]);
        let summary: Value = serde_json::from_str(&out(&summary)).unwrap();
        let mut verdicts = std::collections::BTreeMap::new();
        for record in values(&each) {
            let what = (record["log"].as_str().unwrap().to_owned(), record["verdict"].as_str().unwrap().to_owned());
            *verdicts.entry(what).or_insert(0) += 1;
        }
        let of = |log: Option<&str>, verdict: &str| -> u64 {
            let fits = |what: &(String, String)| what.1 == verdict && log.is_none_or(|log| what.0 == log);
            verdicts.iter().filter(|(what, _)| fits(what)).map(|(_, count)| *count).sum()
        };
        // Of copies, single verdicts do not know the other half.
        let copies = workload.events.iter().filter(|event| event.operation == "REST.COPY.OBJECT_GET").count();
        let copies = u64::try_from(copies).unwrap();
        let counted = |name: &str| summary["verdicts"][name].as_u64().unwrap();
        assert_eq!(counted("denied"), of(None, "denied"), "{}", workload.name);
        assert_eq!(counted("undecided"), of(None, "undecided"), "{}", workload.name);
        assert!(
            (of(None, "allowed")..=of(None, "allowed") + copies).contains(&counted("allowed")),
            "{}",
            workload.name
        );
        assert_eq!(summary["nowDenied"]["requests"], of(Some("allowed"), "denied"), "{}", workload.name);
        let classes = summary["classes"].as_array().unwrap();
        let sum: u64 = classes.iter().map(|class| class["denied"].as_u64().unwrap()).sum();
        assert_eq!(sum, of(None, "denied"), "{}", workload.name);
        let examples = summary["nowDenied"]["examples"].as_array().unwrap();
        let all = values(&each);
        let mut denied = all.iter().filter(|record| record["log"] == "allowed" && record["verdict"] == "denied");
        for example in examples {
            let record = denied.next().unwrap();
            assert_eq!(
                (&example["line"], &example["resource"]),
                (&record["line"], &record["resource"]),
                "{}",
                workload.name
            );
        }
    }
}

/// Events that are recognised by what repeats in them are counted as those that are read one by one are, whatever they are
/// delivered in and whatever the policies look at.
#[test]
fn events_in_a_summary_are_what_single_verdicts_say() {
    let folder = folder("summary-events");
    let conditions = [
        r#"{}"#,
        r#"{"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}"#,
        r#"{"StringLike": {"s3:prefix": ["releases/*", "config/", "a*"]}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}}"#,
        r#"{"NumericLessThan": {"s3:TlsVersion": "1.3"}, "Null": {"aws:TokenIssueTime": "false"}}"#,
        r#"{"DateLessThan": {"aws:TokenIssueTime": "2026-08-04T00:00:00Z"}}"#,
        r#"{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "StringNotLike": {"aws:userid": "*:x"}}"#,
        r#"{"StringLike": {"aws:userid": ["*1", "*3", "*5", "*7", "*a", "*c", "*e"]}}"#,
        r#"{"DateLessThan": {"aws:CurrentTime": "2026-08-05T06:00:00Z"}}"#,
        r#"{"StringLike": {"aws:userid": "*:*2*"}, "DateGreaterThan": {"aws:EpochTime": "2026-08-05"}}"#,
    ];
    let statement = |conditions: &str| {
        format!(
            r#"{{"Effect": "Deny", "Action": ["s3:Put*", "s3:ListBucket"], "Resource": "*", "Condition": {conditions}}}"#
        )
    };
    let events = fs::read_to_string("corpus/logs/cloudtrail/context.jsonl").unwrap();
    let mut corpus: Vec<Value> =
        events.lines().map(|case| serde_json::from_str::<Value>(case).unwrap()["event"].take()).collect();
    corpus.extend(corpus.clone());
    let mut count = 0;
    for (number, workload) in generator::workloads(11, 5).into_iter().enumerate() {
        let delivered = workload.cloudtrail();
        let mut records = delivered["Records"].as_array().unwrap().clone();
        records.extend(corpus.clone());
        let rest = statement(conditions[number % conditions.len()]);
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{}, {{"Effect": "Allow", "Action": "*", "Resource": "*"}}]}}"#,
            rest
        );
        let policy = path(&folder, "p.json", &policy);
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        let logs = [
            path(&folder, "lines.jsonl", &lines.join("\n")),
            path(&folder, "lines-crlf.jsonl", &format!("{}\r\n", lines.join("\r\n"))),
            path(&folder, "delivered.json", &format!("{{\"Records\":[{}]}}", lines.join(","))),
            path(
                &folder,
                "pretty.json",
                &serde_json::to_string_pretty(&serde_json::json!({ "Records": records })).unwrap(),
            ),
        ];
        let mut reports = Vec::new();
        for log in &logs {
            let each = run(&["replay", "-p", &policy, "--each", log]);
            let of = |verdict: &str| values(&each).iter().filter(|record| record["verdict"] == verdict).count();
            let summary = run(&["replay", "-p", &policy, "--format", "json", log]);
            let mut summary: Value = serde_json::from_str(&out(&summary)).unwrap();
            for verdict in ["allowed", "denied", "undecided"] {
                assert_eq!(summary["verdicts"][verdict], of(verdict), "{} {log} {verdict}", workload.name);
                count += of(verdict);
            }
            // Places of a document that is printed are those of its events.
            for findings in ["nowDenied", "logs"] {
                summary[findings] = Value::Null;
            }
            reports.push(summary);
        }
        assert!(reports.iter().all(|report| *report == reports[0]), "{}", workload.name);
    }
    assert!(count > 4_000, "{count}");
}

#[test]
fn what_logs_leave_out_is_told() {
    let folder = folder("replay-left-out");
    let all = path(&folder, "all.json", r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#);
    let several = row("arn:aws:iam::111122223333:user/ann", "k")
        .replace("REST.GET.OBJECT k \"GET /k", "REST.POST.MULTI_OBJECT_DELETE - \"POST /?delete");
    let one = several.replace(
        r#"REST.POST.MULTI_OBJECT_DELETE - "POST /?delete HTTP/1.1" 200 - 10 10 12 5 "-" "agent" -"#,
        "BATCH.DELETE.OBJECT k - 204 - - - - - - - -",
    );
    let by_acl = row("arn:aws:iam::111122223333:user/ann", "k").replace("TLSv1.3 - - -", "TLSv1.3 - Yes eu-west-1");
    let told = |log: &str| {
        let log = path(&folder, "access.log", log);
        let output = run(&["replay", "-p", &all, &log]);
        assert_eq!(code(&output), 0);
        err(&output)
    };
    assert!(told(&several).contains("the rows are missing that tell which"), "{}", told(&several));
    assert_eq!(told(&(several + &one)), "");
    assert!(told(&by_acl).contains("allowed by an ACL"), "{}", told(&by_acl));
    let event = |source: &str, name: &str, rest: &str| {
        format!(
            r#"{{"eventTime":"2026-11-21T19:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333"}},{rest}}}"#
        ) + "\n"
    };
    let unplaced = path(&folder, "unplaced.jsonl", &event("events", "PutRule", r#""requestParameters":{"x":"y"}"#));
    let output = run(&["derive", &unplaced]);
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("events:PutRule") && err(&output).contains("not told or not known"),
        "{}",
        err(&output)
    );
    let mixed = path(
        &folder,
        "mixed.jsonl",
        &(event("events", "PutRule", r#""requestParameters":{"x":"y"}"#)
            + &event("s3", "ListBuckets", r#""requestParameters":{}"#)),
    );
    assert_eq!(code(&run(&["derive", &mixed])), 0);
    assert_eq!(code(&run(&["derive", "--strict", &mixed])), 1);
    // Whose a bucket is stands beside it.
    let cross = r#""requestParameters":{"bucketName":"data","key":"k"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data/k"},{"accountId":"444455556666","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data"}]"#;
    let cross = path(&folder, "cross.jsonl", &event("s3", "GetObject", cross));
    let report: Value = serde_json::from_str(&out(&run(&["replay", "-p", &all, "--format", "json", &cross]))).unwrap();
    assert_eq!(report["verdicts"]["undecided"], 1, "{report:#}");
    // Partners write into CloudTrail Lake what they like, in whatever spelling.
    let partner = event(
        "s3",
        "GetObject",
        r#""eventcategory":"ActivityAuditLog","requestParameters":{"bucketName":"data","key":"k"}"#,
    );
    assert_eq!(code(&run(&["derive", &path(&folder, "partner.jsonl", &partner)])), 1);
    // A role that was assumed is derived like anything else.
    let assumed = event(
        "sts",
        "AssumeRole",
        r#""requestParameters":{"roleArn":"arn:aws:iam::444455556666:role/r","roleSessionName":"s"}"#,
    );
    let output = run(&["derive", "-q", &path(&folder, "assumed.jsonl", &assumed)]);
    assert!(out(&output).contains("arn:aws:iam::444455556666:role/r"), "{}", err(&output));
}

#[test]
fn a_row_that_is_cut_to_its_time_does_not_make_a_document_of_a_log() {
    let folder = folder("cut-rows");
    let whole = "0f1e data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 arn:aws:iam::111122223333:user/ann 0A1B REST.GET.OBJECT k \"GET /k HTTP/1.1\" 200 - 10 10 12 5 \"-\" \"agent\" - aG9zdA== SigV4 c AuthHeader data.s3.amazonaws.com TLSv1.3 - - -\n";
    for start in ["[", "{"] {
        let cut = whole.split_once('[').map(|(_, behind)| format!("{start}{behind}")).unwrap();
        let log = path(&folder, "cut.log", format!("{cut}{}", whole.repeat(3)).as_bytes());
        let output = run(&["replay", "-p", PIPELINES, "--format", "json", &log]);
        let report: Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!((&report["lines"], &report["malformed"], &report["allowed"]), (&json!(4), &json!(1), &json!(3)));
    }
}
