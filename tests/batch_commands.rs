//! The binary: batches of requests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;

use binary::{code, err, file as path, folder, out, run, run_with_input, values};
use serde_json::json;
use std::io::Write;
use std::process::Output;

const PIPELINES: &str = "corpus/policies/pipelines-bucket.json";

#[test]
fn a_batch_answers_each_request_in_order_and_loses_none() {
    let requests = concat!(
        r#"{"action": "s3:GetObject", "resource": "arn:aws:s3:::distelli-onprem/x"}"#,
        "\n\n",
        r#"{"action": "s3:GetObjet", "resource": "arn:aws:s3:::distelli-onprem/x"}"#,
        "\nnonsense\n",
        r#"{"action": "s3:PutObject", "resource": "arn:aws:s3:::other/x", "principal": "arn:aws:iam::111122223333:user/ann", "context": {"aws:TagKeys": ["a"]}}"#,
    );
    let output = run_with_input(&["batch", "-p", PIPELINES], requests.as_bytes());
    assert_eq!(code(&output), 2);
    let decisions: Vec<String> =
        values(&output).iter().map(|value| value["decision"].as_str().unwrap().to_owned()).collect();
    assert_eq!(decisions, ["allowed", "error", "error", "implicitDeny"]);
    assert!(err(&output).contains("<stdin>:3: there is no action `s3:GetObjet`"), "{}", err(&output));
    assert!(err(&output).contains("<stdin>:4:1: "), "{}", err(&output));
    let fine = r#"{"action": "s3:PutObject", "resource": "arn:aws:s3:::other/x"}"#;
    assert_eq!(code(&run_with_input(&["batch", "-p", PIPELINES], fine.as_bytes())), 0);
    let failing = run_with_input(&["batch", "-p", PIPELINES, "--fail-on", "denied"], fine.as_bytes());
    assert_eq!(code(&failing), 1);
}

#[test]
fn a_batch_is_json_lines_a_table_or_the_simulators_input() {
    let folder = folder("batch");
    let table = "principal,action,resource,aws:TagKeys,aws:TagKeys\n,s3:GetObject,arn:aws:s3:::distelli-onprem/x,a,b\n";
    let table = path(&folder, "t.csv", table.as_bytes());
    let answer = &values(&run(&["batch", "-p", PIPELINES, &table]))[0];
    assert_eq!(answer["decision"], "allowed");
    assert_eq!(answer["request"]["context"]["aws:TagKeys"], serde_json::json!(["a", "b"]));
    let simulator = serde_json::json!({
        "PolicyInputList": [r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#],
        "ActionNames": ["s3:GetObject", "s3:PutObject"],
        "ResourceArns": ["arn:aws:s3:::b/k"],
        "ContextEntries": [{"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["203.0.113.7"], "ContextKeyType": "ip"}]
    });
    let simulator = path(&folder, "s.json", serde_json::to_string_pretty(&simulator).unwrap().as_bytes());
    let answers = values(&run(&["batch", &simulator]));
    assert_eq!((&answers[0]["decision"], &answers[1]["decision"]), (&"allowed".into(), &"implicitDeny".into()));
    for (name, text) in [("no-action.csv", "principal,resource\n"), ("odd.csv", "action,colour\n"), ("cut.json", "[{")]
    {
        let file = path(&folder, name, text.as_bytes());
        assert_eq!(code(&run(&["batch", "-p", PIPELINES, &file])), 2, "{name}");
    }
    assert_eq!(code(&run_with_input(&["batch", "-p", PIPELINES], b"")), 0);
}

/// Allows all of S3, and denies deletion.
const NO_DELETION: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}]}"#;

fn decisions(output: &Output) -> Vec<String> {
    values(output).iter().map(|value| value["decision"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_row_that_is_broken_costs_no_other_row() {
    let folder = folder("rows");
    let policy = path(&folder, "p.json", NO_DELETION.as_bytes());
    for (broken, place) in [
        (r#"s3:GetObject,"arn:aws:s3:::b/k1"#, "<stdin>:2:14: the quote is not closed"),
        (r#"s3:GetObject,"arn:aws:s3:::b/k1"x"#, "<stdin>:2:33: quotes stand around"),
        (r#"s3:GetObject"#, "<stdin>:2: the row has 1 field, and the header 2"),
    ] {
        let table =
            format!("action,resource\n{broken}\n\ns3:DeleteObject,arn:aws:s3:::b/k2\ns3:Nope,arn:aws:s3:::b/k3\n");
        let output = run_with_input(&["batch", "-p", &policy], table.as_bytes());
        assert_eq!(code(&output), 2);
        assert_eq!(decisions(&output), ["error", "explicitDeny", "error"], "{broken}");
        assert!(err(&output).contains(place) && err(&output).contains("<stdin>:5: "), "{}", err(&output));
    }
    let only = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}}"#;
    let only = path(&folder, "only.json", only.as_bytes());
    let spaces = "action,resource\ns3:GetObject,\"arn:aws:s3:::b/k \"\n s3:GetObject , arn:aws:s3:::b/k \n";
    let output = run_with_input(&["batch", "-p", &only], spaces.as_bytes());
    assert_eq!(decisions(&output), ["implicitDeny", "allowed"]);
    let twice = "action,resource,resource\ns3:GetObject,arn:aws:s3:::b/other,arn:aws:s3:::b/k\n";
    let output = run_with_input(&["batch", "-p", &only], twice.as_bytes());
    assert_eq!((code(&output), out(&output).as_str()), (2, ""));
    assert!(err(&output).contains("two columns are called `resource`"), "{}", err(&output));
}

#[test]
fn policies_of_a_request_count_together_with_those_of_all() {
    let folder = folder("together");
    let policy = path(&folder, "p.json", NO_DELETION.as_bytes());
    let request = |member: &str, effect: &str| {
        let own = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", "Action": "s3:*", "Resource": "*"}}}}"#
        );
        let mut request = json!({"ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/k"]});
        request[member] = json!([own]);
        request.to_string()
    };
    let denying = run_with_input(&["batch", "-p", &policy], request("PolicyInputList", "Deny").as_bytes());
    assert_eq!((code(&denying), decisions(&denying)), (0, vec!["explicitDeny".to_owned()]));
    let scp = path(&folder, "scp.json", NO_DELETION.replace("s3:DeleteObject", "s3:GetObject").as_bytes());
    let principal = ["--principal", "arn:aws:iam::111122223333:user/ann"];
    let args = [&["batch", "--scp", &scp], &principal[..]].concat();
    let output = run_with_input(&args, request("PolicyInputList", "Allow").as_bytes());
    assert_eq!(decisions(&output), ["explicitDeny"]);
    let allowing = path(
        &folder,
        "all.json",
        br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#,
    );
    let args = [&["batch", "--scp", &allowing], &principal[..]].concat();
    let output = run_with_input(&args, request("PolicyInputList", "Allow").as_bytes());
    assert_eq!(decisions(&output), ["allowed"]);
    let args = [&["batch", "-p", &policy, "--boundary", &policy], &principal[..]].concat();
    let output = run_with_input(&args, request("PermissionsBoundaryPolicyInputList", "Allow").as_bytes());
    assert_eq!((code(&output), decisions(&output)), (2, vec!["error".to_owned()]));
}

#[test]
fn a_request_says_a_thing_once_and_who_asks() {
    let folder = folder("once");
    let names = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}"}}"#;
    let policy = path(&folder, "p.json", names.as_bytes());
    let request =
        |more: &str| format!(r#"{{"ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/ann"], {more}}}"#);
    let user = |name: &str| format!(r#""PolicySourceArn": "arn:aws:iam::111122223333:user/{name}""#);
    for (name, wanted) in [("ann", "allowed"), ("bob", "implicitDeny")] {
        let output = run_with_input(&["batch", "-p", &policy], request(&user(name)).as_bytes());
        assert_eq!(decisions(&output), [wanted]);
    }
    let key = r#"{"ContextKeyName": "aws:UserAgent", "ContextKeyValues": ["a"]}"#;
    let twice = request(&format!(r#"{}, "ContextEntries": [{key}, {key}]"#, user("ann")));
    let output = run_with_input(&["batch", "-p", &policy], twice.as_bytes());
    assert_eq!((code(&output), decisions(&output)), (2, vec!["error".to_owned()]));
}

#[test]
fn a_broken_first_request_is_one_of_many() {
    let folder = folder("first");
    let policy = path(&folder, "p.json", NO_DELETION.as_bytes());
    let good = br#"{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}"#;
    for broken in
        [&br#"{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k""#[..], b"{\"action\": \"\xFF\"}", b"{"]
    {
        let input = [broken, b"\n", good, b"\n", good].concat();
        let output = run_with_input(&["batch", "-p", &policy], &input);
        assert_eq!(
            (code(&output), decisions(&output)),
            (2, ["error", "allowed", "allowed"].map(str::to_owned).to_vec())
        );
        assert!(err(&output).contains("<stdin>:1"), "{}", err(&output));
    }
    // A document goes on over several lines, and its mistakes stand where they do.
    let document = b"\n[\n  {\"action\": \"s3:GetObject\"},\n  {\n    \"action\": 7\n  }\n]\n";
    let output = run_with_input(&["batch", "-p", &policy], document);
    assert!(err(&output).contains("<stdin>:5:15: "), "{}", err(&output));
}

#[test]
fn a_batch_that_breaks_off_answers_what_there_is_and_goes_on() {
    let folder = folder("breaks-off");
    let policy = path(&folder, "p.json", NO_DELETION.as_bytes());
    let requests = "{\"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::b/k\"}\n".repeat(5_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(requests.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let cut = path(&folder, "cut.gz", &packed[..packed.len() - 20_000]);
    let whole = path(&folder, "whole.jsonl", "{\"action\": \"s3:DeleteObject\", \"resource\": \"arn:aws:s3:::b/k\"}\n");
    let output = run(&["batch", "-p", &policy, &cut, "missing.jsonl", &whole]);
    let decisions = decisions(&output);
    assert_eq!(code(&output), 2);
    assert!(decisions.len() > 4_500 && decisions.last().unwrap() == "explicitDeny", "{}", decisions.len());
    assert!(err(&output).contains("cut.gz") && err(&output).contains("missing.jsonl"), "{}", err(&output));
}

#[test]
fn a_batch_does_not_depend_on_the_number_of_threads() {
    let folder = folder("threads");
    let lines: String = (0..5_000)
        .map(|n| format!("{{\"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::distelli-onprem/{n}\"}}\n"))
        .collect();
    let file = path(&folder, "r.jsonl", lines.as_bytes());
    let one = run(&["batch", "-p", PIPELINES, "--threads", "1", &file]);
    let four = run(&["batch", "-p", PIPELINES, "--threads", "4", &file]);
    assert_eq!(one.stdout, four.stdout);
    assert_eq!(values(&one).len(), 5_000);
}

/// Requests that are all the same to the policies get one answer, with their own names in it: that of a query, which keeps
/// nothing in mind and looks at every statement.
#[test]
fn a_batch_answers_as_queries_do() {
    let folder = folder("as-queries");
    let statement = |effect: &str, more: &str| format!("{{ \"Effect\": \"{effect}\", {more} }}");
    let policy = |name: &str, statements: &[String]| {
        let text = format!("{{ \"Version\": \"2012-10-17\", \"Statement\": [{}] }}", statements.join(", "));
        path(&folder, name, text.as_bytes())
    };
    let office = r#""Condition": { "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } }"#;
    let buckets = ["logs", "data"].map(|bucket| {
        statement("Allow", &format!(r#""Action": "s3:*Object", "Resource": "arn:aws:s3:::{bucket}/team/*""#))
    });
    let own = r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*""#;
    let identity = policy(
        "identity.json",
        &[
            &buckets[..],
            &[
                statement("Allow", own),
                statement("Allow", r#""Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data""#),
                statement("Allow", r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/shared/*""#),
                statement("Deny", &format!(r#""Action": "s3:*", "Resource": "arn:aws:s3:::*/*.secret", {office}"#)),
                statement("Allow", r#""Action": ["iam:PassRole", "dynamodb:GetItem"], "Resource": "*""#),
            ],
        ]
        .concat(),
    );
    let of_bucket = r#""Principal": { "AWS": "arn:aws:iam::444455556666:role/guest" }, "Action": "s3:GetObject""#;
    let bucket =
        policy("bucket.json", &[statement("Allow", &format!(r#"{of_bucket}, "Resource": "arn:aws:s3:::data/*""#))]);
    let scp = policy("scp.json", &[statement("Allow", r#""Action": ["s3:*", "iam:*"], "Resource": "*""#)]);
    let sets: [&[&str]; 3] =
        [&["-p", &identity], &["-p", &identity, "--resource-policy", &bucket, "--scp", &scp], &["-p", PIPELINES]];
    let principals = [
        Some("arn:aws:iam::111122223333:user/ann"),
        None,
        Some("arn:aws:iam::444455556666:role/guest"),
        Some("arn:aws:iam::111122223333:user/bob"),
        Some("anonymous"),
        Some("arn:aws:iam::000000000000:user/unnamed"),
    ];
    let actions =
        ["s3:GetObject", "s3:DeleteObject", "s3:ListBucket", "dynamodb:GetItem", "iam:PassRole", "S3:getobject"];
    let resources = [
        "arn:aws:s3:::data/team/a",
        "arn:aws:s3:::data/team/b",
        "arn:aws:s3:::logs/team/a",
        "arn:aws:s3:::data/team/a.secret",
        "arn:aws:s3:::home/ann/x",
        "arn:aws:s3:::data",
        "arn:aws:s3:::data/team/*",
        "arn:aws:s3:::distelli-onprem/x",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:s3:::data/shared/a",
        "arn:aws:s3:::logs/shared/a",
    ];
    let addresses = [None, Some("203.0.113.7"), Some("198.51.100.1"), Some("203.0.113.7"), Some("nowhere")];
    for (number, policies) in sets.into_iter().enumerate() {
        let (mut requests, mut queries) = (String::new(), Vec::new());
        for n in 0..252 {
            let (who, action, resource) = (principals[n / 3 % principals.len()], actions[n / 7 % 6], resources[n % 12]);
            let mut request = json!({ "action": action, "resource": resource });
            let mut query = vec!["--format", "jsonl", "--now", "2026-01-01T00:00:00Z", action, resource];
            query.extend(policies);
            let address = addresses[n / 2 % 5].map(|address| format!("aws:SourceIp={address}"));
            if let Some(address) = &address {
                request["context"] = json!({ "aws:SourceIp": address.split_once('=').unwrap().1 });
                query.extend(["-c", address]);
            }
            if let Some(who) = who {
                request["principal"] = json!(who);
                query.extend(["--principal", who]);
            }
            requests += &format!("{request}\n");
            let answer = run(&query);
            queries.push(if code(&answer) == 2 && answer.stdout.is_empty() {
                "error\n".to_owned()
            } else {
                out(&answer)
            });
        }
        let file = path(&folder, &format!("{number}.jsonl"), requests.as_bytes());
        let batch = ["batch", "--threads", "1", "--now", "2026-01-01T00:00:00Z", &file];
        let batch = out(&run(&[&batch, policies].concat()));
        let is_error = |line: &str| line.starts_with("{\"decision\":\"error\"");
        let answers = batch.lines().map(|line| if is_error(line) { "error".to_owned() } else { line.to_owned() });
        assert_eq!(answers.collect::<Vec<_>>(), queries.concat().lines().collect::<Vec<_>>());
        let errors = batch.lines().filter(|line| is_error(line)).count();
        assert!(errors < 150, "{errors} requests could not be asked");
    }
}

/// Whoever wants all statements gets all, also of policies that are compiled.
#[test]
fn a_verbose_batch_tells_all_statements() {
    let folder = folder("verbose-batch");
    let statement =
        |n: usize| format!(r#"{{ "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket-{n}/*" }}"#);
    let statements: Vec<String> = (0..40).map(statement).collect();
    let policy = format!(r#"{{ "Version": "2012-10-17", "Statement": [{}] }}"#, statements.join(", "));
    let policy = path(&folder, "p.json", policy.as_bytes());
    let (action, resource) = ("s3:GetObject", "arn:aws:s3:::bucket-7/k");
    let request = json!({ "action": action, "resource": resource }).to_string();
    let batch = run_with_input(&["batch", "-v", "-p", &policy], request.as_bytes());
    assert_eq!(values(&batch)[0]["statements"].as_array().map(Vec::len), Some(40));
    assert_eq!(out(&batch), out(&run(&["-v", "--format", "jsonl", "-p", &policy, action, resource])));
}
