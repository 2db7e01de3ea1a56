//! What the binary makes of AWS's own data: names that do not exist, notes, `expand`, `shrink`, `describe`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;

use binary::{code, err, out, run};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

const PIPELINES: &str = "corpus/policies/pipelines-bucket.json";
const OBJECT: &str = "arn:aws:s3:::distelli-onprem/x";

/// A file in a folder that the tests share.
fn file(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("catalogue");
    fs::create_dir_all(&folder).unwrap();
    binary::file(&folder, name, text)
}

fn query(args: &[&str]) -> Output {
    run(&[&["-p", PIPELINES], args].concat())
}

#[test]
fn an_action_that_does_not_exist_is_an_error_with_a_suggestion() {
    for (action, help) in [
        ("s3:GetObjet", "did you mean `s3:GetObject`?"),
        ("s3:ListObjectsV2", "that operation needs `s3:ListBucket` on the bucket"),
        ("s3:HeadObject", "that operation needs `s3:GetObject` on the object"),
        ("lambda:Invoke", "that operation needs `lambda:InvokeFunction` on the function"),
        ("emr:RunJobFlow", "did you mean `elasticmapreduce:RunJobFlow`?"),
        ("newservice:DoIt", "ask with --allow-unknown-actions"),
    ] {
        let output = query(&[action, OBJECT]);
        assert_eq!(code(&output), 2, "{action}");
        assert_eq!(out(&output), "", "{action}");
        assert!(err(&output).contains(help), "{action}: {}", err(&output));
        // `--expect denied` must not take it for a denial.
        assert_eq!(code(&query(&["--expect", "denied", action, OBJECT])), 2, "{action}");
        let asked = query(&["--allow-unknown-actions", action, OBJECT]);
        assert_eq!(code(&asked), 1, "{action}");
        assert!(out(&asked).contains("asked although"), "{}", out(&asked));
    }
}

/// An action without resource-level permissions is asked of `*`, whatever was named (R3.22).
#[test]
fn an_action_without_resources_is_asked_of_everything() {
    let statement = |effect: &str, action: &str, resource: &str| {
        format!(r#"{{ "Effect": "{effect}", "Action": "{action}", {resource} }}"#)
    };
    let policy = |name: &str, statements: &[String]| {
        let statements = statements.join(", ");
        file(name, &format!(r#"{{ "Version": "2012-10-17", "Statement": [{statements}] }}"#))
    };
    let instances = r#""Resource": "arn:aws:ec2:eu-west-1:111122223333:instance/*""#;
    let others = r#""NotResource": "arn:aws:ec2:eu-west-1:111122223333:instance/*""#;
    let allows = policy("of-arn.json", &[statement("Allow", "ec2:*", instances)]);
    let everything = policy("of-everything.json", &[statement("Allow", "ec2:*", r#""Resource": "*""#)]);
    let denies = policy(
        "but-others.json",
        &[statement("Allow", "*", r#""Resource": "*""#), statement("Deny", "ec2:DescribeInstances", others)],
    );
    let instance = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1";
    let note = "AWS lists no resource for `ec2:DescribeInstances`: its requests are about `*`";
    for (file, exit) in [(&allows, 1), (&everything, 0), (&denies, 1)] {
        let output = run(&["-p", file, "ec2:DescribeInstances", instance]);
        assert_eq!(code(&output), exit, "{file}: {}", out(&output));
        assert!(out(&output).contains(note), "{file}: {}", out(&output));
        let row = format!("{{\"action\":\"ec2:DescribeInstances\",\"resource\":\"{instance}\"}}\n");
        let answer: Value =
            serde_json::from_str(&out(&run(&["batch", "-p", file, &self::file("instances.jsonl", &row)]))).unwrap();
        assert_eq!(answer["allowed"], exit == 0, "{file}: {answer}");
        assert_eq!(answer["request"]["resource"], instance);
        assert!(answer["notes"].to_string().contains(note), "{answer}");
    }
    // What is newer than the list is asked as it is said.
    let newer = ["--allow-unknown-actions", "ec2:DescribeInstances", instance];
    assert_eq!(code(&run(&[&["-p", &allows], &newer[..]].concat())), 0);
    assert_eq!(code(&run(&["-p", &allows, "ec2:StopInstances", instance])), 0);
    let test = format!(
        r#"{{ "version": 1, "policies": {{ "identity": ["of-arn.json"] }}, "tests": [{{ "name": "newer",
            "action": ["ec2:DescribeInstances", "ec2:RunInstnaces"], "resource": "{instance}", "expect": "allowed" }}] }}"#
    );
    let test = file("newer.access-test.json", &test);
    let trusting = run(&["test", &test]);
    assert_eq!(code(&trusting), 1, "{}", out(&trusting));
    assert!(err(&trusting).contains("ec2:RunInstnaces"), "{}", err(&trusting));
    let asked = run(&["test", "--allow-unknown-actions", &test]);
    assert_eq!((code(&asked), err(&asked)), (0, String::new()), "{}", out(&asked));
}

#[test]
fn a_resource_that_makes_no_sense_gets_a_note_and_a_verdict() {
    let bucket = "arn:aws:s3:::distelli-onprem";
    let instance = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1";
    for (action, resource, note) in [
        ("s3:GetObject", bucket, "is about `arn:aws:s3:::BUCKET_NAME/OBJECT_NAME`"),
        ("s3:ListBucket", OBJECT, "is about `arn:aws:s3:::BUCKET_NAME`"),
        ("ec2:DescribeInstances", instance, "AWS lists no resource for `ec2:DescribeInstances`"),
        ("s3:GetObject", "*", "asked of `*`"),
    ] {
        let output = query(&[action, resource]);
        assert!(code(&output) < 2 && out(&output).contains(note), "{}", out(&output));
        let json: Value = serde_json::from_str(&out(&query(&["--format", "json", action, resource]))).unwrap();
        let notes: Vec<&str> = json["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
        assert!(notes.iter().any(|text| text.contains(note)), "{notes:?}");
    }
    for (action, resource) in [
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        ("s3:ListAllMyBuckets", "*"),
        ("s3:GetObject", OBJECT),
        ("iam:GetRole", "arn:aws:iam::111122223333:role/path/name"),
        ("ssm:GetDocument", "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"),
    ] {
        let answer = out(&query(&[action, resource]));
        assert!(!answer.contains("is about") && !answer.contains("AWS lists no"), "{action} {resource}: {answer}");
    }
}

#[test]
fn a_resource_is_left_out_only_where_none_is_needed() {
    let output = query(&["s3:GetObject"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("`arn:aws:s3:::BUCKET_NAME/OBJECT_NAME`"), "{}", err(&output));
    assert_eq!(code(&query(&["s3:ListAllMyBuckets"])), 1);
    assert_eq!(code(&query(&["ec2:DescribeInstances", "s3:GetObject"])), 2);
}

#[test]
fn context_keys_that_make_no_sense_get_notes() {
    for (key, note) in [
        ("aws:SorceIp=203.0.113.7", "did you mean `aws:SourceIp`?"),
        ("s3:prefix=home/", "AWS lists no condition key `s3:prefix` for `s3:GetObject`"),
        ("aws:SourceIp=office", "`aws:SourceIp` holds an IP address, which `office` is not"),
        ("kms:GrantOperations=Decrypt", "holds a list"),
    ] {
        let output = query(&["-c", key, "s3:GetObject", OBJECT]);
        assert_eq!(code(&output), 0);
        assert!(out(&output).contains(note), "{key}: {}", out(&output));
    }
    for key in ["aws:SourceIp=203.0.113.7", "s3:ExistingObjectTag/team=a", "token.actions.githubusercontent.com:sub=x"]
    {
        assert!(!out(&query(&["-c", key, "s3:GetObject", OBJECT])).contains("note:"), "{key}");
    }
}

#[test]
fn explain_warns_of_what_cannot_have_an_effect() {
    let text = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObjet", "s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::b/*",
      "Condition": { "StringLike": { "s3:prefix": "home/*" }, "Bool": { "aws:SecureTransprot": "true" } } },
    { "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "arn:aws:ec2:*:*:instance/*" },
    { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:sqs:*:*:*" }
  ]
}"#;
    let path = file("odd.json", text);
    let output = run(&["explain", "-v", "-p", &path, "s3:GetObject", OBJECT]);
    let warnings = err(&output);
    for (place, message) in [
        (":4:37", "there is no action `s3:GetObjet`"),
        (":4:68", "`s3:ListBucket` is about none of the resources"),
        (":5:73", "AWS lists no condition key `aws:SecureTransprot`, so this test never holds"),
        (":6:36", "AWS lists no resource for `ec2:DescribeInstances`"),
        (":7:35", "`s3:*` is about none of the resources"),
    ] {
        assert!(warnings.contains(message), "{message}\n{warnings}");
        assert!(warnings.contains(&format!("{path}{place}")), "{place}\n{warnings}");
    }
    assert!(err(&run(&["explain", "-v", "-p", PIPELINES, "s3:GetObject", OBJECT])).is_empty());
    assert!(err(&run(&["explain", "-p", &path, "s3:GetObject", OBJECT])).is_empty());
}

#[test]
fn expand_lists_what_patterns_cover() {
    let output = run(&["expand", "s3:Get*Tagging"]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
    let names = "s3:GetBucketTagging\ns3:GetJobTagging\ns3:GetObjectTagging\ns3:GetObjectVersionTagging\n";
    assert_eq!(out(&output), format!("{names}s3:GetStorageLensConfigurationTagging\n"));
    assert_eq!(out(&run(&["expand", "*"])).lines().count(), 22_091);
    assert!(
        out(&run(&["expand", "--level", "permissions-management", "--service", "SQS"])).contains("sqs:AddPermission")
    );
    assert_eq!(out(&run(&["expand", "s3:Get*", "--level", "write"])), "");
    let nothing = run(&["expand", "s3:Gte*", "s3:GetObject"]);
    assert_eq!((code(&nothing), out(&nothing).as_str()), (1, "s3:GetObject\n"));
    assert!(err(&nothing).contains("`s3:Gte*` covers no action"));
    for wrong in [&["expand"][..], &["expand", "s3"], &["expand", "Get*"], &["expand", "--service", "s4"]] {
        assert_eq!(code(&run(wrong)), 2, "{wrong:?}");
    }
}

#[test]
fn shrink_changes_action_patterns_and_nothing_else() {
    let text = "{\r\n\t\"Version\": \"2012-10-17\",\r\n\t\"Statement\": [{\r\n\t\t\"Effect\": \"Deny\",\r\n\t\t\"NotAction\": [\r\n\t\t\t\"sqs:ListQueues\",\r\n\t\t\t\"sqs:ListQueueTags\",\r\n\t\t\t\"sqs:ListDeadLetterSourceQueues\",\r\n\t\t\t\"sqs:ListMessageMoveTasks\",\r\n\t\t\t\"s3:GetObjet\"\r\n\t\t],\r\n\t\t\"Resource\": \"*\"\r\n\t}]\r\n}\r\n";
    let path = file("shrink.json", text);
    let output = run(&["shrink", &path]);
    assert_eq!(code(&output), 0);
    let list = "[\r\n\t\t\t\"sqs:List*\",\r\n\t\t\t\"s3:GetObjet\"\r\n\t\t]";
    let start = text.find('[').unwrap();
    let (open, close) = (text[start + 1..].find('[').unwrap() + start + 1, text.find(']').unwrap());
    assert_eq!(out(&output), format!("{}{list}{}", &text[..open], &text[close + 1..]));
    assert!(err(&output).contains("5 entries of NotAction are now 2, for the same 4 actions"), "{}", err(&output));
    // What is written can be shrunk again, and stays.
    let again = file("again.json", &out(&output));
    assert_eq!(out(&run(&["shrink", &again])), out(&output));
    let target = again.replace("again", "target");
    assert_eq!(code(&run(&["shrink", "-q", &path, "-o", &target])), 0);
    assert_eq!(fs::read_to_string(&target).unwrap(), out(&output));
    assert_eq!(code(&run(&["shrink", "corpus/policies/export-bucket.as-published.json"])), 2);
    assert_eq!(code(&run(&["shrink", "no-such-file.json"])), 2);
}

#[test]
fn describe_shows_actions_services_and_keys() {
    let action = out(&run(&["describe", "s3:getobject"]));
    assert!(action.starts_with("s3:GetObject  Amazon S3, Read\n"), "{action}");
    assert!(action.contains("arn:${Partition}:s3:::${BucketName}/${ObjectName}"), "{action}");
    let flow = out(&run(&["describe", "elasticmapreduce:RunJobFlow"]));
    assert!(flow.contains("may need besides: iam:PassRole"), "{flow}");
    assert!(out(&run(&["describe", "ec2:DescribeInstances"])).contains("takes `*`"));
    assert!(out(&run(&["describe", "sqs"])).contains("resource control policies: apply"));
    assert!(out(&run(&["describe", "aws:tagkeys"])).contains("list of String"));
    for wrong in ["s3:ListObjectsV2", "s4", "aws:SorceIp"] {
        let output = run(&["describe", wrong]);
        assert_eq!(code(&output), 2, "{wrong}");
        assert!(err(&output).contains("help:"), "{wrong}: {}", err(&output));
    }
}

#[test]
fn json_is_as_its_schema_says() {
    let path = file(
        "json.json",
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Action": ["sqs:ListQueues", "sqs:List*"]}}"#,
    );
    for (schema, args) in [
        ("expanded-action", &["expand", "s3:*", "--format", "jsonl"][..]),
        ("shrunk-policy", &["shrink", &path, "--format", "jsonl"]),
        ("description", &["describe", "s3", "s3:GetObject", "aws:SourceIp", "s3:prefix", "--format", "jsonl"]),
    ] {
        let schema: Value = serde_json::from_str(&out(&run(&["schema", schema]))).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let output = out(&run(args));
        assert!(!output.is_empty());
        for line in output.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{args:?}: {errors:?}\n{value:#}");
        }
        assert!(!validator.is_valid(&serde_json::json!({ "action": 1 })));
    }
}

#[test]
fn an_unknown_action_in_a_test_is_a_warning() {
    let text = r#"
version: 1
policies: { identity: { Version: "2012-10-17", Statement: { Effect: Allow, Action: "newservice:*", Resource: "*" } } }
tests:
  - { name: newer than the data, action: newservice:DoIt, resource: "*", expect: allowed }
  - { name: no error, action: newservice:DoIt, resource: "*", expect: error }
"#;
    let path = file("new.access-test.yaml", text);
    let output = run(&["test", &path]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).ends_with("1 passed, 1 failed\n"), "{}", out(&output));
    assert_eq!(err(&output).matches("no service has the prefix `newservice`").count(), 1, "{}", err(&output));
}
