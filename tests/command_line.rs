//! The binary: exit codes, output and messages.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;

use binary::{code, err, file, folder, out, run, run_with_input};
use serde_json::Value;
use std::fs;
use std::process::{Command, Output, Stdio};

const EXPORT: &str = "corpus/policies/export-bucket.json";
const BROKEN: &str = "corpus/policies/export-bucket.as-published.json";
const PIPELINES: &str = "corpus/policies/pipelines-bucket.json";
const OBJECT: &str = "arn:aws:s3:::distelli-onprem/x";

fn allow(action: &str, resource: &str, more: &str) -> String {
    format!(
        r#"{{ "Version": "2012-10-17", "Statement": [{{ "Effect": "Allow", "Action": "{action}", "Resource": "{resource}"{more} }}] }}"#
    )
}

#[test]
fn the_verdict_stands_alone_on_the_first_line_and_in_the_exit_code() {
    let allowed = run(&["--policy", PIPELINES, "s3:DeleteObject", OBJECT]);
    assert_eq!((code(&allowed), out(&allowed).lines().next()), (0, Some("allowed")));
    assert!(out(&allowed).contains(&format!("{PIPELINES}:12:9 allows")), "{}", out(&allowed));
    let denied = run(&["-p", PIPELINES, "s3:PutBucketPolicy", "arn:aws:s3:::distelli-onprem"]);
    assert_eq!((code(&denied), out(&denied).lines().next()), (1, Some("denied (implicit)")));
    assert!(out(&denied).contains("blocked by: identity"));
}

#[test]
fn several_actions_and_resources_ask_about_every_pair() {
    let args = ["-p", PIPELINES, "s3:GetObject", "s3:PutObject", OBJECT, "arn:aws:s3:::other/x", "--format", "jsonl"];
    let output = run(&args);
    let pairs: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decisions: Vec<&str> = pairs.iter().map(|pair| pair["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["allowed", "implicitDeny", "allowed", "implicitDeny"]);
    assert_eq!(code(&output), 1);
}

#[test]
fn an_action_without_a_resource_is_asked_about_everything() {
    let folder = folder("without-resource");
    let policy = file(&folder, "p.json", &allow("s3:ListAllMyBuckets", "*", ""));
    assert_eq!(code(&run(&["-p", &policy, "s3:ListAllMyBuckets"])), 0);
    assert_eq!(code(&run(&["-p", PIPELINES, "s3:ListAllMyBuckets"])), 1);
}

#[test]
fn expectations_turn_answers_into_gates_and_errors_fail_them() {
    let ask = |expect: &str, action: &str| code(&run(&["-p", PIPELINES, "--expect", expect, action, OBJECT]));
    assert_eq!(ask("allowed", "s3:GetObject"), 0);
    assert_eq!(ask("denied", "s3:GetObject"), 1);
    assert_eq!(ask("denied", "s3:GetObjectAcl"), 0);
    assert_eq!(ask("implicitDeny", "s3:GetObjectAcl"), 0);
    assert_eq!(ask("explicitDeny", "s3:GetObjectAcl"), 1);
    assert_eq!(code(&run(&["-p", BROKEN, "--expect", "denied", "s3:GetObject", OBJECT])), 2);
    assert_eq!(code(&run(&["-p", "no-such-file.json", "--expect", "denied", "s3:GetObject", OBJECT])), 2);
    assert_eq!(code(&run(&["-p", PIPELINES, "--expect", "denied", "GetObject", OBJECT])), 2);
}

#[test]
fn the_missing_comma_is_shown_where_it_is_missing() {
    let output = run(&["-p", BROKEN, "s3:GetObject", OBJECT]);
    let message = err(&output);
    assert_eq!((code(&output), out(&output).as_str()), (2, ""));
    assert!(message.contains(&format!("{BROKEN}:26:6")), "{message}");
    assert!(message.contains("a comma is missing here"), "{message}");
    assert!(message.contains("put `,` between this and what follows"), "{message}");
    assert_eq!(message.matches("error").count(), 1, "{message}");
}

#[test]
fn several_mistakes_are_all_shown() {
    let folder = folder("several-mistakes");
    let text = "{ \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    { \"Effect\": \"allow\", \"Action\": \"GetObject\", \"Resource\": \"my-bucket\", },\n  ] }";
    let output = run(&["-p", &file(&folder, "p.json", text), "s3:GetObject", OBJECT]);
    let message = err(&output);
    for said in [
        "`allow` is no effect",
        "`GetObject` has no service prefix",
        "`my-bucket` is no ARN",
        "p.json:3:72",
        "p.json:3:75",
        "p.json:3:17",
    ] {
        assert!(message.contains(said), "{said} is not in\n{message}");
    }
    assert_eq!(code(&output), 2);
}

#[test]
fn a_policy_with_principals_is_a_resource_policy_and_needs_to_know_who_asks() {
    let unnamed = run(&["-p", EXPORT, "s3:PutObject", "arn:aws:s3:::my-backups-oregon/467398596935/x"]);
    assert_eq!(code(&unnamed), 2);
    assert!(err(&unnamed).contains("--principal"), "{}", err(&unnamed));
    let object = "arn:aws:s3:::my-backups-oregon/467398596935/2017-02-02_$folder$";
    let account = run(&[
        "-p",
        EXPORT,
        "--principal",
        "467398596935",
        "--resource-account",
        "222222222222",
        "s3:DeleteObject",
        object,
    ]);
    assert_eq!(code(&account), 0);
    assert!(out(&account).contains("taken as a resource-based policy"));
}

#[test]
fn a_bucket_policy_alone_leaves_the_rest_to_the_callers_account() {
    let role = "arn:aws:iam::467398596935:role/pipeline";
    let object = "arn:aws:s3:::my-backups-oregon/467398596935/x";
    let output =
        run(&["-p", EXPORT, "--principal", role, "--resource-account", "222222222222", "s3:PutObject", object]);
    assert_eq!(code(&output), 1);
    assert!(
        out(&output).contains("needed: in account 467398596935, an identity policy that allows"),
        "{}",
        out(&output)
    );
}

#[test]
fn keys_of_the_principal_are_not_made_up() {
    let folder = folder("unnamed");
    let own = r#", "Condition": { "StringEquals": { "aws:PrincipalAccount": "111122223333" } }"#;
    let policy = file(&folder, "p.json", &allow("s3:GetObject", "*", own));
    let unnamed = run(&["-p", &policy, "s3:GetObject", OBJECT]);
    assert_eq!(code(&unnamed), 2);
    assert!(err(&unnamed).contains("depends on who asks"), "{}", err(&unnamed));
    assert_eq!(
        code(&run(&["-p", &policy, "--principal", "arn:aws:iam::111122223333:user/ann", "s3:GetObject", OBJECT])),
        0
    );
}

#[test]
fn context_comes_from_arguments_and_files() {
    let folder = folder("context");
    let condition = r#", "Condition": { "IpAddress": { "aws:SourceIp": "203.0.113.0/24" }, "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }"#;
    let policy = file(&folder, "p.json", &allow("s3:GetObject", "*", condition));
    let ask = |more: &[&str]| code(&run(&[&["-p", policy.as_str(), "s3:GetObject", OBJECT], more].concat()));
    assert_eq!(ask(&[]), 1);
    assert_eq!(ask(&["-c", "aws:SourceIp=203.0.113.7"]), 0);
    assert_eq!(ask(&["-c", "aws:SourceIp=203.0.113.7", "-c", "aws:TagKeys=a", "-c", "aws:TagKeys=c"]), 1);
    let context = file(&folder, "c.json", r#"{ "aws:SourceIp": "203.0.113.7", "aws:TagKeys": ["a"] }"#);
    assert_eq!(ask(&["--context-file", &context]), 0);
    assert_eq!(ask(&["--context-file", &context, "-c", "aws:SourceIp=198.51.100.1"]), 1);
    let wrong = file(&folder, "w.json", "{ \"aws:SourceIp\": null }");
    assert_eq!(ask(&["--context-file", &wrong]), 2);
    assert_eq!(ask(&["-c", "aws:SourceIp"]), 2);
    assert_eq!(ask(&["-c", "aws:SourceIp=203.0.113.7", "-c", "aws:SourceVpce=vpce-1"]), 2);
}

#[test]
fn unknown_context_gives_the_keys_that_matter_and_exit_code_3() {
    let folder = folder("unknown");
    let condition = r#", "Condition": { "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } }"#;
    let policy = file(&folder, "p.json", &allow("s3:GetObject", "*", condition));
    let output = run(&["-p", &policy, "--unknown", "s3:GetObject", OBJECT]);
    assert_eq!((code(&output), out(&output).lines().next()), (3, Some("depends")));
    assert!(out(&output).contains("depends on: aws:SourceIp"), "{}", out(&output));
    assert_eq!(code(&run(&["-p", &policy, "--unknown", "s3:PutObject", OBJECT])), 1);
}

#[test]
fn the_clock_can_be_set() {
    let folder = folder("clock");
    let condition = r#", "Condition": { "DateLessThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }"#;
    let policy = file(&folder, "p.json", &allow("s3:GetObject", "*", condition));
    assert_eq!(code(&run(&["-p", &policy, "s3:GetObject", OBJECT])), 1);
    assert_eq!(code(&run(&["-p", &policy, "--now", "2019-06-01T12:00:00+02:00", "s3:GetObject", OBJECT])), 0);
    assert_eq!(code(&run(&["-p", &policy, "--now", "yesterday", "s3:GetObject", OBJECT])), 2);
}

#[test]
fn levels_of_an_organization_are_given_root_first() {
    let folder = folder("levels");
    let all = file(&folder, "all.json", &allow("*", "*", ""));
    let ec2 = file(&folder, "ec2.json", &allow("ec2:*", "*", ""));
    let both = format!("{ec2},{all}");
    let ask = |more: &[&str]| {
        let principal = ["--principal", "arn:aws:iam::111122223333:user/ann"];
        let output = run(&[&["-p", all.as_str(), "s3:GetObject", OBJECT], &principal[..], more].concat());
        (code(&output), out(&output))
    };
    assert_eq!(ask(&["--scp", &all, "--scp", &all]).0, 0);
    let (denied, text) = ask(&["--scp", &all, "--scp", &ec2]);
    assert_eq!(denied, 1);
    assert!(text.contains("blocked by: scp"), "{text}");
    assert_eq!(ask(&["--scp", &all, "--scp", &both]).0, 0);
    assert_eq!(ask(&["--scp", &ec2, "--management-account", "111122223333"]).0, 0);
}

#[test]
fn policies_come_from_files_folders_globs_and_standard_input() {
    let folder = folder("sources");
    file(&folder, "a.json", &allow("s3:GetObject", "*", ""));
    file(&folder, "b.json", &allow("s3:PutObject", "*", ""));
    file(&folder, "notes.txt", "no policy");
    let path = folder.to_str().unwrap();
    assert_eq!(code(&run(&["-p", path, "s3:GetObject", "s3:PutObject", OBJECT])), 0);
    assert_eq!(code(&run(&["-p", &format!("{path}/[ab].json"), "s3:GetObject", "s3:PutObject", OBJECT])), 0);
    assert_eq!(code(&run(&["-p", &format!("{path}/z*.json"), "s3:GetObject", OBJECT])), 2);
    assert_eq!(
        code(&run_with_input(&["-p", "-", "s3:GetObject", OBJECT], allow("s3:GetObject", "*", "").as_bytes())),
        0
    );
    assert_eq!(code(&run_with_input(&["-p", "-", "s3:GetObject", OBJECT], b"")), 2);
    assert_eq!(code(&run_with_input(&["-p", "-", "--boundary", "-", "s3:GetObject", OBJECT], b"{}")), 2);
    let empty = folder.join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(code(&run(&["-p", empty.to_str().unwrap(), "s3:GetObject", OBJECT])), 2);
}

#[test]
fn words_that_are_no_action_get_a_hint() {
    for (word, hint) in
        [("explian", "can-access explain"), ("explain", "the command comes first"), ("GetObject", "service:Name")]
    {
        let output = run(&["-p", PIPELINES, word, OBJECT]);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains(hint), "{word}: {}", err(&output));
    }
    let output = run(&[PIPELINES, "s3:GetObject", OBJECT]);
    assert!(err(&output).contains(&format!("can-access -p {PIPELINES}")), "{}", err(&output));
    assert_eq!(code(&run(&["-p", PIPELINES, "*", OBJECT])), 2);
    assert_eq!(code(&run(&["-p", PIPELINES, "s3:Get*", OBJECT])), 2);
}

#[test]
fn garbage_is_refused_and_never_a_verdict() {
    let folder = folder("garbage");
    for (index, bytes) in
        [&b"\x00\xff\xfe"[..], b"[]", b"\"x\"", b"null", b"{", b"}", b"<html></html>", b"Version: 2012-10-17\n"]
            .into_iter()
            .enumerate()
    {
        let path = folder.join(format!("{index}.json"));
        fs::write(&path, bytes).unwrap();
        let output = run(&["-p", path.to_str().unwrap(), "s3:GetObject", OBJECT]);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{bytes:?}");
        assert!(err(&output).contains("error"), "{bytes:?}");
    }
    for principal in [
        "",
        "*",
        "ann",
        "arn:aws:iam::1:user/ann",
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:iam::111122223333:user/a*",
    ] {
        assert_eq!(code(&run(&["-p", PIPELINES, "--principal", principal, "s3:GetObject", OBJECT])), 2, "{principal}");
    }
    for resource in ["arn:", "arn:aws:s3", "arn:aws:s3:::"] {
        assert_eq!(code(&run(&["-p", PIPELINES, "s3:GetObject", resource])), 2, "{resource}");
    }
}

/// An option that does not go with the principal is what an error names.
#[test]
fn what_is_told_of_a_principal_has_to_fit_it() {
    const USER: &str = "arn:aws:iam::111122223333:user/ann";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/web/s";
    const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/bob";
    for (principal, option, value, why) in [
        (USER, "--role-arn", "arn:aws:iam::111122223333:role/web", "is not the session of a role"),
        (SESSION, "--role-arn", "arn:aws:iam::111122223333:role/app", "it is not the role behind"),
        (SESSION, "--role-arn", "arn:aws:iam::444455556666:role/web", "it is not the role behind"),
        (SESSION, "--role-arn", USER, "arn:aws:iam::ACCOUNT:role/NAME"),
        (SESSION, "--role-arn", "web", "arn:aws:iam::ACCOUNT:role/NAME"),
        (USER, "--federating-user", USER, "is not a federated user"),
        (FEDERATED, "--federating-user", "ann", "of the same account"),
        (FEDERATED, "--federating-user", "arn:aws:iam::444455556666:user/ann", "of the same account"),
    ] {
        let output = run(&["-p", PIPELINES, "--principal", principal, option, value, "s3:GetObject", OBJECT]);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{principal} {option} {value}");
        let option = option.trim_start_matches('-').replace('-', " ").replace("arn", "ARN");
        let wanted = format!("error: `{value}` is no {option} of this principal: ");
        assert!(err(&output).starts_with(&wanted) && err(&output).contains(why), "{}", err(&output));
    }
}

/// What is printed as JSON is what the published schema says, for every kind of answer.
#[test]
fn json_is_as_its_schema_says() {
    let schema = |of: &str| -> Value { serde_json::from_str(&out(&run(&["schema", of]))).unwrap() };
    let decision = jsonschema::validator_for(&schema("decision")).unwrap();
    let folder = folder("schema");
    let condition = r#", "Condition": { "StringEquals": { "s3:prefix": ["a", "b"] } }"#;
    let depends = file(&folder, "p.json", &allow("s3:ListBucket", "*", condition));
    let export = "arn:aws:s3:::my-backups-oregon/467398596935/x";
    let queries: [&[&str]; 6] = [
        &["-p", PIPELINES, "s3:GetObject", OBJECT],
        &["-p", PIPELINES, "s3:GetObject", "s3:GetObjectAcl", OBJECT],
        &[
            "-p",
            EXPORT,
            "--principal",
            "arn:aws:iam::467398596935:role/r",
            "--resource-account",
            "222222222222",
            "s3:PutObject",
            export,
        ],
        &["-p", &depends, "--unknown", "s3:ListBucket", "arn:aws:s3:::b"],
        &[
            "-p",
            &depends,
            "--principal",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "-c",
            "s3:prefix=c",
            "s3:ListBucket",
            "arn:aws:s3:::b",
        ],
        &[
            "-p",
            &depends,
            "--scp",
            &depends,
            "--principal",
            "111122223333",
            "-c",
            "aws:TagKeys=c",
            "s3:ListBucket",
            "arn:aws:s3:::b",
        ],
    ];
    for query in queries {
        for (command, verbose) in [(&[][..], false), (&["explain"][..], false), (&[][..], true)] {
            let more: &[&str] = if verbose { &["--format", "json", "-v"] } else { &["--format", "json"] };
            let output = run(&[command, query, more].concat());
            let value: Value =
                serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{query:?} {}", err(&output)));
            let errors: Vec<String> =
                decision.iter_errors(&value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
            assert!(errors.is_empty(), "{query:?}: {errors:?}\n{value:#}");
        }
    }
    let result = jsonschema::validator_for(&schema("test-result")).unwrap();
    for line in out(&run(&["test", "--format", "jsonl", "corpus/cases/seeds.access-test.yaml"])).lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(result.is_valid(&value), "{value}");
    }
    // A schema that takes anything would prove nothing.
    assert!(!decision.is_valid(&serde_json::json!({ "decision": "allowed" })));
}

#[test]
fn the_json_of_a_decision_says_what_the_contract_says() {
    let folder = folder("contract");
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    { \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\" },\n    { \"Sid\": \"NoDelete\", \"Effect\": \"Deny\", \"Action\": \"s3:Delete*\", \"Resource\": \"*\" }\n  ]\n}";
    let policy = file(&folder, "p.json", text);
    let output = run(&[
        "-p",
        &policy,
        "--principal",
        "arn:aws:iam::111122223333:user/ann",
        "--format",
        "json",
        "s3:DeleteObject",
        OBJECT,
    ]);
    let value: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(value["decision"], "explicitDeny");
    assert_eq!(value["allowed"], false);
    assert_eq!(value["blockedBy"], serde_json::json!(["identity"]));
    assert_eq!(value["layers"]["identity"], "explicitDeny");
    assert_eq!(value["request"]["resourceAccount"], "111122223333");
    let decided = &value["decidedBy"][0];
    assert_eq!((&decided["statement"], &decided["sid"]), (&1.into(), &"NoDelete".into()));
    assert_eq!(decided["start"], serde_json::json!({ "line": 5, "column": 5 }));
    assert_eq!(decided["end"], serde_json::json!({ "line": 5, "column": 85 }));
}

#[test]
fn explain_names_the_element_and_the_value() {
    let folder = folder("explain");
    let condition = r#", "Condition": { "StringEquals": { "aws:PrincipalTag/team": "red" } }"#;
    let policy = file(&folder, "p.json", &allow("s3:GetObject", "arn:aws:s3:::distelli-onprem/*", condition));
    let output = run(&["explain", "-p", &policy, "-c", "aws:PrincipalTag/team=blue", "s3:GetObject", OBJECT]);
    let text = out(&output);
    assert!(
        text.contains("- Condition StringEquals aws:PrincipalTag/team: it is `blue`, which does not satisfy `red`"),
        "{text}"
    );
    let absent = out(&run(&["explain", "-p", &policy, "s3:GetObject", OBJECT]));
    assert!(absent.contains("the key is absent; wanted is `red`"), "{absent}");
    assert!(absent.contains("absent keys that mattered: aws:PrincipalTag/team"), "{absent}");
    let other = out(&run(&["explain", "-p", &policy, "s3:GetObject", "arn:aws:s3:::distelli-onprem"]));
    assert!(other.contains("`/*` covers the objects of a bucket, not the bucket itself"), "{other}");
}

/// What is asked of an access point and of the bucket behind it is told apart.
#[test]
fn what_lacks_of_a_request_through_an_access_point_is_named() {
    let folder = folder("explain-access-point");
    let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports";
    let object = format!("{point}/object/k");
    let to = |name: &str, resource: &str| {
        let text = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "{resource}"}}}}"#
        );
        file(&folder, name, &text)
    };
    let all = file(&folder, "all.json", &allow("s3:GetObject", "*", ""));
    let (of_bucket, of_point) =
        (to("bucket.json", "arn:aws:s3:::data/*"), to("point.json", &format!("{point}/object/*")));
    let (other, both) = (to("other.json", "arn:aws:s3:::data/other"), to("both.json", "*"));
    let ask = |account: &str, options: &[&str]| {
        let principal = format!("arn:aws:iam::{account}:user/ann");
        let always = ["-p", &all, "--principal", &principal, "--access-point-bucket", "arn:aws:s3:::data"];
        out(&run(&[&always, options, &["s3:GetObject", &object]].concat()))
    };
    let lacks =
        |text: &str| text.lines().filter(|line| line.contains("needed: ")).map(str::to_owned).collect::<Vec<_>>();
    let theirs = "444455556666";

    // What lacks is said of the side where it lacks, and what came nearest is there, too.
    let text = ask(theirs, &["--resource-policy", &other, "--access-point-policy", &of_point]);
    let [bucket] = &lacks(&text)[..] else { panic!("{text}") };
    assert!(
        bucket.contains("in the bucket's policy") && bucket.ends_with("s3:GetObject on arn:aws:s3:::data/k"),
        "{text}"
    );
    assert!(text.contains("nearest: ") && text.contains("other.json:1:15"), "{text}");
    let text = ask(theirs, &["--resource-policy", &of_bucket]);
    let [point] = &lacks(&text)[..] else { panic!("{text}") };
    assert!(point.contains("in the access point's policy") && point.ends_with(&object), "{text}");
    assert_eq!(lacks(&ask(theirs, &[])).len(), 2);

    // An endpoint has to let both forms through, and is told of once where it does.
    let text = ask("111122223333", &["--endpoint-policy", &of_point]);
    let [endpoint] = &lacks(&text)[..] else { panic!("{text}") };
    assert!(endpoint.ends_with("s3:GetObject on arn:aws:s3:::data/k"), "{text}");
    assert!(text.contains("Resource: `arn:aws:s3:::data/k` matches none of"), "{text}");
    let text = ask("111122223333", &["--endpoint-policy", &both]);
    assert_eq!(text.matches("both.json:1:15").count(), 1, "{text}");

    // Whose the bucket is, is an assumption; and of a key that is not there, listing decides.
    assert!(text.contains("assumed: the bucket behind the access point belongs to"), "{text}");
    assert!(text.contains("a key that does not exist is answered with 403"), "{text}");

    // What the service refuses it refuses by a rule, also where that was found by trying.
    let if_vpc = r#", "Condition": { "StringEquals": { "s3:AccessPointNetworkOrigin": "VPC" } }"#;
    let if_vpc = file(&folder, "if-vpc.json", &allow("s3:GetObject", "*", if_vpc));
    let always = [
        "-p",
        &if_vpc,
        "--access-point-bucket",
        "arn:aws:s3:::data",
        "--principal",
        "arn:aws:iam::111122223333:user/ann",
    ];
    let text =
        out(&run(&[&always[..], &["--unknown", "-c", "aws:SourceIp=192.0.2.1", "s3:GetObject", &object]].concat()));
    assert!(text.starts_with("denied (implicit)") && text.contains("service rule: "), "{text}");
    assert!(!text.contains("s3:AccessPointNetworkOrigin is Internet"), "{text}");

    // A policy that nobody is asked about is no verdict.
    let output = run(&["-p", &all, "--resource-policy", &of_bucket, "--principal", theirs, "s3:GetObject", &object]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("--access-point-bucket arn:aws:s3:::BUCKET"), "{}", err(&output));
    for bucket in ["arn:aws:s3:eu-west-1:111122223333:data", "arn:aws:s3:::da*", "arn:aws-cn:s3:::data", "data"] {
        let output =
            run(&["-p", &all, "--principal", theirs, "--access-point-bucket", bucket, "s3:GetObject", &object]);
        assert_eq!(code(&output), 2, "{bucket}");
    }
}

#[test]
fn warnings_are_shown_when_asked_for() {
    let folder = folder("warnings");
    let policy = file(&folder, "p.json", &allow("s3:GetObject ", "*", ""));
    assert_eq!(err(&run(&["-p", &policy, "s3:GetObject", OBJECT])), "");
    let verbose = run(&["-v", "-p", &policy, "s3:GetObject", OBJECT]);
    assert!(err(&verbose).contains("it has white space"));
    // Who has seen them is not told how.
    assert!(!out(&verbose).contains("-v shows them"), "{}", out(&verbose));
    assert!(out(&run(&["-p", &policy, "s3:GetObject", OBJECT])).contains("-v shows them"));
}

#[test]
fn names_that_are_left_empty_or_in_other_letters_are_told_of() {
    let folder = folder("names");
    let policy = file(&folder, "p.json", &allow("s3:GetObject", "*", ""));
    for scp in ["", &format!("{policy},")] {
        let output = run(&["-p", &policy, "--scp", scp, "s3:GetObject", OBJECT]);
        assert_eq!((code(&output), out(&output)), (2, String::new()));
        assert!(err(&output).contains("the name of its file is empty"), "{}", err(&output));
    }
    let table = file(&folder, "requests.csv", &format!("Action,resource\ns3:GetObject,{OBJECT}\n"));
    let output = run(&["batch", "-p", &policy, &table]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("no column is called `Action`: write `action`"), "{}", err(&output));
}

#[test]
fn absent_keys_are_named_only_where_they_make_a_difference() {
    let folder = folder("absent-keys");
    let condition = |values: &str| {
        let condition = format!(
            r#", "Condition": {{ "StringEquals": {{ "aws:RequestedRegion": "{values}", "aws:SourceVpc": "vpc-1" }} }}"#
        );
        file(&folder, "p.json", &allow("s3:GetObject", "*", &condition))
    };
    let ask = |region: &str| {
        let json = run(&[
            "--format",
            "json",
            "-p",
            &condition(region),
            "-c",
            "aws:RequestedRegion=eu-west-1",
            "s3:GetObject",
            OBJECT,
        ]);
        let answer: Value = serde_json::from_str(&out(&json)).unwrap();
        answer["absentKeys"].clone()
    };
    assert_eq!(ask("eu-west-1"), serde_json::json!(["aws:SourceVpc"]));
    // The Region rules the statement out, whatever network the request comes from.
    assert_eq!(ask("us-east-1"), serde_json::json!([]));
    // Whose default does not match, the absence of its tag did it.
    assert_eq!(ask("${aws:PrincipalTag/home, 'none'}"), serde_json::json!(["aws:SourceVpc"]));
}

#[test]
fn tests_pass_fail_and_are_refused() {
    let folder = folder("tests");
    file(&folder, "p.json", &allow("s3:GetObject", "*", ""));
    let test = |name: &str, expect: &str| {
        let text = format!(
            "version: 1\npolicies: {{ identity: [p.json] }}\ntests:\n  - name: reads\n    action: s3:GetObject\n    resource: {OBJECT}\n    expect: {expect}\n"
        );
        file(&folder, name, &text)
    };
    let good = run(&["test", &test("good.access-test.yaml", "allowed")]);
    assert_eq!((code(&good), out(&good).as_str()), (0, "1 passed, 0 failed\n"));
    let bad = run(&["test", &test("bad.access-test.yaml", "denied")]);
    assert_eq!(code(&bad), 1);
    assert!(
        out(&bad).contains("expected denied, got allowed") && out(&bad).ends_with("0 passed, 1 failed\n"),
        "{}",
        out(&bad)
    );
    let whole = run(&["test", folder.to_str().unwrap()]);
    assert_eq!((code(&whole), out(&whole).lines().last()), (1, Some("1 passed, 1 failed")));

    let refused = |text: &str, said: &str| {
        let output = run(&["test", &file(&folder, "refused.access-test.yaml", text)]);
        assert_eq!(code(&output), 2, "{text}");
        assert!(err(&output).contains(said), "{said} is not in {}", err(&output));
    };
    refused("version: 1\ntests: []\n", "tests nothing");
    refused("version: 2\ntests:\n  - { name: a, action: \"s3:GetObject\", expect: allowed }\n", "the only version");
    refused("version: 1\ntests:\n  - { name: a, action: \"s3:GetObject\" }\n", "would test nothing");
    refused("version: 1\ntests:\n  - { name: a, expect: allowed }\n", "would test nothing");
    refused(
        "version: 1\ntests:\n  - { name: a, action: \"s3:GetObject\", expect: allowed, color: red }\n",
        "no field `color`",
    );
    refused("version: 1\ntests:\n  - { name: a, action: \"s3:GetObject\", expect: perhaps }\n", "expect one of");
    refused(
        "version: 1\ntests:\n  - { name: a, action: \"s3:GetObject\", expect: allowed, resource_account: 111122223333 }\n",
        "has no quotes",
    );
    refused("version: 1\ntests: [\n", "YAML");
    refused("", "empty");
    refused("version: 1\nversion: 1\ntests: []\n", "stands twice");
    refused(&format!("version: 1\ntests: {}\n", "[".repeat(100_000)), "error");
}

#[test]
fn a_policy_that_cannot_be_read_fails_only_the_tests_that_use_it() {
    let folder = folder("unreadable");
    file(&folder, "broken.json", "{");
    let text = "version: 1\ntests:\n  - { name: refused, action: \"s3:GetObject\", policies: { identity: [broken.json] }, expect: error }\n  - { name: missing, action: \"s3:GetObject\", policies: { identity: [missing.json] }, expect: error }\n  - { name: fine, action: \"s3:GetObject\", policies: { identity: [] }, expect: denied, principal: \"111122223333\", resource: \"arn:aws:s3:::b/k\", resource_account: \"444455556666\" }\n";
    let output = run(&["test", "--format", "jsonl", &file(&folder, "t.access-test.yaml", text)]);
    let results: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let passed: Vec<bool> = results.iter().map(|result| result["passed"].as_bool().unwrap()).collect();
    assert_eq!((code(&output), passed), (1, vec![true, false, true]));
}

#[test]
fn tests_in_json_are_the_same_model() {
    let folder = folder("json-tests");
    let text = r#"{ "version": 1, "tests": [ { "name": "nobody reads", "action": "s3:GetObject", "principal": "anonymous", "resource": "arn:aws:s3:::b/k", "expect": "implicitDeny", "because": "resource" } ] }"#;
    assert_eq!(code(&run(&["test", &file(&folder, "t.access-test.json", text)])), 0);
    assert_eq!(code(&run(&["test", &file(&folder, "u.access-test.json", &text.replace("\"tests\"", "\"test\""))])), 2);
}

#[test]
fn quiet_prints_nothing_and_colours_only_where_asked() {
    let quiet = run(&["-q", "-p", PIPELINES, "s3:GetObject", OBJECT]);
    assert_eq!((code(&quiet), out(&quiet).as_str(), err(&quiet).as_str()), (0, "", ""));
    let plain = run(&["-p", PIPELINES, "s3:GetObject", OBJECT]);
    assert!(!out(&plain).contains('\u{1b}'));
    let coloured = run(&["--color", "always", "-p", PIPELINES, "s3:GetObject", OBJECT]);
    assert!(out(&coloured).contains('\u{1b}'));
    assert!(!err(&run(&["-p", BROKEN, "s3:GetObject", OBJECT])).contains('\u{1b}'));
}

/// Runs the binary where nobody reads what it prints.
fn run_unread(args: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_can-access"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap()
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    assert_eq!(err(&run_unread(&["test", "--format", "jsonl", "corpus"])), "");
}

#[test]
fn what_nobody_reads_to_its_end_is_no_verdict() {
    let folder = folder("closed");
    let requests = "{\"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::b/k\"}\n".repeat(20_000);
    let requests = file(&folder, "r.jsonl", &requests);
    let log = "corpus/logs/export.log.gz";
    for args in [&["batch", "-p", PIPELINES, &requests][..], &["replay", "--each", "-p", PIPELINES, log]] {
        let output = run_unread(args);
        assert_eq!((code(&output), err(&output).as_str()), (2, ""), "{args:?}");
    }
}

#[test]
fn arns_that_name_no_account_are_no_question() {
    let folder = folder("accounts");
    let all = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let policy = file(&folder, "p.json", all);
    let ask = |principal: &str, account: &str| {
        let principal = format!("arn:aws:iam:{principal}:user/x");
        let instance = format!("arn:aws:ec2:eu-west-1:{account}:instance/i-1");
        code(&run(&["-p", &policy, "--principal", &principal, "ec2:StopInstances", &instance]))
    };
    assert_eq!(ask(":111122223333", "111122223333"), 0);
    assert_eq!(ask(":111122223333", "444455556666"), 1);
    for (principal, account) in
        [(":111122223333", "4444"), (":111122223333", "1111222233334"), ("eu-west-1:111122223333", "")]
    {
        assert_eq!(ask(principal, account), 2, "{principal} {account}");
    }
}

#[test]
fn options_that_contradict_each_other_are_no_question() {
    let folder = folder("contradictions");
    let one = file(&folder, "1.json", r#"{"aws:UserAgent": "one"}"#);
    let other = file(&folder, "2.json", r#"{"aws:useragent": "two"}"#);
    let query = ["-p", PIPELINES, "s3:GetObject", OBJECT];
    for args in [
        &["--context-file", &one, "--context-file", &other][..],
        &["--now", "2026-01-01T00:00:00Z", "-c", "aws:CurrentTime=2024-01-01T00:00:00Z"],
        &["--now", "2026-01-01T00:00:00Z", "-c", "aws:EpochTime=1700000000"],
    ] {
        let output = run(&[args, &query].concat());
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{args:?}");
    }
    for args in
        [&["--context-file", &one, "--context-file", &one][..], &["--context-file", &one, "-c", "aws:UserAgent=x"]]
    {
        assert_eq!(code(&run(&[args, &query].concat())), 0, "{args:?}");
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let one = run(&["test", "--format", "jsonl", "--threads", "1", "corpus"]);
    let four = run(&["test", "--format", "jsonl", "--threads", "4", "corpus"]);
    assert_eq!(one.stdout, four.stdout);
    assert_eq!(code(&run(&["test", "--threads", "0", "corpus"])), 2);
}

#[test]
fn help_completions_and_the_manual_page_are_there() {
    let help = run(&["--help"]);
    assert_eq!(code(&help), 0);
    assert!(out(&help).contains("Examples:") && out(&help).contains("Exit codes:"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(out(&run(&["completions", shell])).contains("can-access"), "{shell}");
    }
    assert!(out(&run(&["man"])).contains(".TH can-access"));
    assert_eq!(code(&run(&["--no-such-flag"])), 2);
    assert_eq!(code(&run(&["--version"])), 0);
}

/// What is told of a principal fits it, and what limits nothing is said to.
#[test]
fn facts_that_do_not_fit_the_principal_are_errors_and_limits_without_effect_are_told_of() {
    const ANN: &str = "arn:aws:iam::111122223333:user/ann";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/web/s1";
    let all = file(&folder("facts-and-limits"), "all.json", &allow("s3:*", "*", ""));
    let ask = |options: &[&str]| {
        let mut arguments = vec!["--policy", &all];
        arguments.extend(options);
        arguments.extend(["s3:GetObject", "arn:aws:s3:::b/k"]);
        run(&arguments)
    };
    for (principal, id) in [(ANN, "AROAEXAMPLE"), (ANN, "foo"), (SESSION, "AIDAEXAMPLE"), (SESSION, "AROAEXAMPLE:zz")] {
        let output = ask(&["--principal", principal, "--principal-id", id]);
        assert_eq!(code(&output), 2, "{principal} {id}");
        assert!(err(&output).contains(&format!("`{id}` is no unique id")), "{}", err(&output));
    }
    assert_ne!(code(&ask(&["--principal", SESSION, "--principal-id", "AROAEXAMPLE:s1"])), 2);
    let twice = ask(&["--principal", ANN, "--boundary", &all, "--boundary", &all]);
    assert_eq!((code(&twice), err(&twice).contains("one permissions boundary")), (2, true), "{}", err(&twice));
    let session = ask(&["--principal", ANN, "--session-policy", &all]);
    assert!(out(&session).contains("the session policy limits nothing here"), "{}", out(&session));
    let root = ask(&["--principal", "arn:aws:iam::111122223333:root", "--boundary", &all]);
    assert!(out(&root).contains("the permissions boundary limits nothing here"), "{}", out(&root));
}
