//! The binary: `derive` and `merge`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;
mod generator;

use binary::{code, err, file, folder, out, run, run_with_input};
use generator::Workload;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

/// The seed scenario: nightly exports of tables, which delete their markers, instructions and logs.
fn export() -> Workload {
    generator::workloads(7, 20).into_iter().find(|workload| workload.name == "pipeline-export").unwrap()
}

/// Actions with the resources that a policy grants them on.
fn granted(policy: &str) -> BTreeSet<(String, String)> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let list = |value: &Value| -> Vec<String> {
        match value {
            Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
            one => vec![one.as_str().unwrap().to_owned()],
        }
    };
    let statements = policy["Statement"].as_array().unwrap();
    let pairs = statements.iter().flat_map(|statement| {
        let resources = list(&statement["Resource"]);
        let pair = move |action: String| resources.clone().into_iter().map(move |resource| (action.clone(), resource));
        list(&statement["Action"]).into_iter().flat_map(pair)
    });
    pairs.collect()
}

/// The lines of a log, dealt out to files.
fn shards(folder: &Path, log: &str, count: usize) -> Vec<String> {
    let mut texts = vec![String::new(); count];
    for (number, line) in log.lines().enumerate() {
        texts[number % count].push_str(line);
        texts[number % count].push('\n');
    }
    texts.iter().enumerate().map(|(number, text)| file(folder, &format!("shard-{number}.log"), text)).collect()
}

#[test]
fn the_export_gets_what_it_needs_and_nothing_else() {
    let folder = folder("derive-export");
    let workload = export();
    let log = file(&folder, "export.log", &workload.access_log());
    let report = folder.join("report.json");
    let output = run(&["derive", &log, "--principal", &workload.principals[0], "--report", report.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let found = granted(&out(&output));
    let on = |action: &str| -> Vec<String> {
        let of_action = found.iter().filter(|(granted, _)| granted == action);
        of_action.map(|(_, resource)| resource.strip_prefix("arn:aws:s3:::acme-export").unwrap().to_owned()).collect()
    };
    assert_eq!(on("s3:PutObject"), ["/123456789012/*"]);
    assert_eq!(on("s3:GetObject"), ["/123456789012/*"]);
    assert_eq!(on("s3:ListBucket"), [""]);
    assert_eq!(on("s3:GetBucketLocation"), [""]);
    let deletes = on("s3:DeleteObject");
    assert!(deletes.contains(&"/123456789012/*_$folder$".to_owned()), "{deletes:?}");
    assert!(deletes.contains(&"/123456789012/*.instruction".to_owned()), "{deletes:?}");
    assert!(deletes[2..].iter().all(|pattern| pattern.starts_with("/123456789012/logs/")), "{deletes:?}");
    let actions: BTreeSet<&str> = found.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions.len(), 5, "{actions:?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let schema: Value = serde_json::from_str(&out(&run(&["schema", "derive"]))).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mistakes: Vec<String> = validator.iter_errors(&report).map(|mistake| mistake.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!((&report["coverage"], &report["refusedMatched"]), (&1.0.into(), &0.into()));
    assert!(report["heldOutCoverage"].as_f64().unwrap() >= 0.95, "{report}");
    assert_eq!((&report["days"], &report["saturated"]), (&20.into(), &true.into()));
    let counts = ["blank", "malformed", "partial", "ambiguous", "unmapped", "noEvidence", "allowed", "refused"];
    let sum: u64 = counts.iter().map(|count| report[count].as_u64().unwrap()).sum();
    assert_eq!(sum, u64::try_from(workload.access_log().lines().count()).unwrap());
    assert_eq!(report["lines"], sum);
    // What was derived denies nothing that succeeded.
    let policy = file(&folder, "policy.json", &out(&output));
    let replayed =
        run(&["replay", "--identity", &format!("{}={policy}", workload.principals[0]), "--format", "json", &log]);
    let replayed: Value = serde_json::from_str(&out(&replayed)).unwrap();
    let of_principal = |class: &&Value| class["principal"] == workload.principals[0].as_str();
    let classes = replayed["classes"].as_array().unwrap().iter().filter(of_principal);
    assert!(classes.clone().count() > 3);
    for class in classes.filter(|class| class["logRefused"] == 0) {
        assert_eq!(class["denied"], 0, "{class}");
    }
}

/// The log of the README is what the generator writes.
#[test]
fn the_log_of_the_corpus_is_made_up_as_said() {
    let packed = fs::File::open("corpus/logs/export.log.gz").unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count(), export().access_log().lines().count());
    assert!(text == export().access_log());
}

#[test]
fn neither_threads_nor_order_nor_useless_lines_change_a_byte() {
    let folder = folder("derive-same");
    for workload in generator::workloads(3, 6) {
        let log = workload.access_log();
        let whole = file(&folder, "whole.log", &log);
        let form = if workload.kind == generator::Kind::BucketPolicy { "bucket-policy" } else { "identity" };
        let derive = |logs: &[&str], more: &[&str]| {
            let output = run(&[&["derive", "--as", form, "-q"][..], logs, more].concat());
            assert!(code(&output) <= 1, "{}: {}", workload.name, err(&output));
            out(&output)
        };
        let wanted = derive(&[&whole], &[]);
        assert_eq!(derive(&[&whole], &["--threads", "1"]), wanted);
        assert_eq!(derive(&[&whole], &["--threads", "3"]), wanted);
        let reversed: String = log.lines().rev().map(|line| format!("{line}\n")).collect();
        assert_eq!(derive(&[&file(&folder, "reversed.log", &reversed)], &[]), wanted, "{}", workload.name);
        let parts = shards(&folder, &log, 3);
        assert_eq!(derive(&[&parts[2], &parts[0], &parts[1]], &[]), wanted, "{}", workload.name);
        // Twice the same, blank and malformed lines, and a refusal that forges a success.
        let key = "123456789012/secret/forged";
        let forged = format!(
            "o {} [21/Nov/2026:19:00:00 +0000] 203.0.113.9 {} 0A1B REST.DELETE.OBJECT {key} \"DELETE /{key}?\" 200 - - - 1 - \"-\" \"-\" - HTTP/1.1\" 403 AccessDenied 243 - 12 - \"-\" \"x\" - h SigV4 c AuthHeader h.example.org TLSv1.3 - - -\n",
            workload.bucket,
            workload.principals[0].replace(":iam::", ":sts::").replace(":role/", ":assumed-role/") + "/x",
        );
        let more = format!("{log}\n\nnonsense\n{forged}{log}");
        assert_eq!(derive(&[&file(&folder, "more.log", &more)], &[]), wanted, "{}", workload.name);
    }
}

#[test]
fn partial_results_merge_in_any_order_to_the_same() {
    let folder = folder("derive-partial");
    let name = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let ok = |args: &[&str]| {
        let output = run(args);
        assert_eq!(code(&output), 0, "{args:?}: {}", err(&output));
        out(&output)
    };
    for workload in generator::workloads(5, 4) {
        let parts = shards(&folder, &workload.access_log(), 4);
        let partials: Vec<String> = (0..4).map(|number| name(&format!("{number}.part"))).collect();
        for (part, partial) in parts.iter().zip(&partials) {
            ok(&["derive", part, "--partial", partial]);
        }
        let bytes = |orders: &[usize]| {
            let merged: Vec<&str> = orders.iter().map(|number| partials[*number].as_str()).collect();
            ok(&[&["merge"][..], &merged].concat())
        };
        let wanted = bytes(&[0, 1, 2, 3]);
        assert_eq!(bytes(&[3, 1, 0, 2]), wanted);
        assert_eq!(bytes(&[2, 2, 3, 1, 0]), wanted, "a part that is merged twice counts once");
        ok(&["merge", &partials[1], &partials[3], "-o", &name("some.part")]);
        let merged = ok(&["merge", &partials[0], &name("some.part"), &partials[2], &partials[3]]);
        assert_eq!(merged, wanted, "{}", workload.name);
        let all: Vec<&str> = parts.iter().map(String::as_str).collect();
        ok(&[&["derive", "--partial", &name("all.part")][..], &all].concat());
        assert_eq!(fs::read_to_string(name("all.part")).unwrap(), wanted, "{}", workload.name);
        // The same policy and report from logs, from parts, and from both.
        let of = |inputs: &[&str]| {
            let report = name("report.json");
            let output = run(&[
                &["derive", "--as", "bucket-policy", "-q", "--bucket", &workload.bucket, "--report", &report][..],
                inputs,
            ]
            .concat());
            assert_eq!(code(&output), 0, "{}", err(&output));
            (out(&output), fs::read_to_string(report).unwrap())
        };
        let from_logs = of(&all);
        assert_eq!(of(&[&name("all.part")]), from_logs, "{}", workload.name);
        assert_eq!(of(&[&partials[0], all[1], &partials[2], all[3]]), from_logs, "{}", workload.name);
    }
    let partial = fs::read(name("0.part")).unwrap();
    let refused = |name: &str, bytes: &[u8], why: &str| {
        let output = run(&["merge", &file(&folder, name, bytes)]);
        assert_eq!(code(&output), 2, "{name}");
        assert!(err(&output).contains(why), "{name}: {}", err(&output));
    };
    refused("cut.part", &partial[..partial.len() / 2], "cut off or damaged");
    refused("cut-in-its-first-line.part", &partial[..20], "cut off");
    let output = run(&["derive", &name("cut-in-its-first-line.part")]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("cut off"), "{}", err(&output));
    refused("empty.part", b"", "no partial result");
    refused("foreign.part", b"{\"a\": 1}\n", "no partial result");
    let other = String::from_utf8(partial).unwrap().replacen("partial/2", "partial/9", 1);
    refused("version.part", other.as_bytes(), "of another version");
    ok(&["derive", &name("shard-0.log"), "--since", "2026-08-04", "--partial", &name("since.part")]);
    let mixed = run(&["merge", &name("since.part"), &name("1.part")]);
    assert_eq!(code(&mixed), 2);
    assert!(err(&mixed).contains("other options"), "{}", err(&mixed));
    ok(&["merge", &name("0.part"), &name("1.part"), "-o", &name("a.part")]);
    ok(&["merge", &name("1.part"), &name("2.part"), "-o", &name("b.part")]);
    let overlap = run(&["merge", &name("a.part"), &name("b.part")]);
    assert_eq!(code(&overlap), 2);
    assert!(err(&overlap).contains("another partial result"), "{}", err(&overlap));
}

#[test]
fn parts_of_logs_without_a_name_are_told_apart() {
    let folder = folder("derive-nameless");
    let workload = export();
    let name = |name: &str| folder.join(name).to_string_lossy().into_owned();
    for (number, shard) in shards(&folder, &workload.access_log(), 3).iter().enumerate() {
        let text = fs::read(shard).unwrap();
        for (command, more) in [("derive", vec![]), ("replay", vec!["-p", "corpus/policies/pipelines-bucket.json"])] {
            let part = name(&format!("{command}-{number}.part"));
            let args = [&[command, "-", "--partial", &part], &more[..]].concat();
            assert_eq!(code(&run_with_input(&args, &text)), 0);
        }
    }
    for command in ["derive", "replay"] {
        let part = |number: usize| name(&format!("{command}-{number}.part"));
        let merged = |parts: &[&str], to: &str| {
            assert_eq!(code(&run(&[&["merge", "-o", to], parts].concat())), 0);
            fs::read(to).unwrap()
        };
        let at_once = merged(&[&part(0), &part(1), &part(2)], &name("at-once"));
        merged(&[&part(2), &part(1)], &name("two"));
        assert!(merged(&[&part(0), &name("two")], &name("nested")) == at_once, "{command}");
        merged(&[&part(0), &part(2)], &name("others"));
        assert!(merged(&[&name("others"), &part(1)], &name("nested")) == at_once, "{command}");
    }
}

#[test]
fn replays_have_partial_results_too() {
    let folder = folder("replay-partial");
    let workload = generator::workloads(5, 4).into_iter().find(|workload| workload.name == "s3a-job").unwrap();
    let parts = shards(&folder, &workload.access_log(), 3);
    let policy = file(&folder, "policy.json", &workload.truth.to_string());
    let replay = |args: &[&str]| {
        let output = run(&[&["replay", "-p", &policy, "--format", "json"][..], args].concat());
        assert!(code(&output) <= 1, "{}", err(&output));
        out(&output)
    };
    let partials: Vec<String> =
        (0..3).map(|number| folder.join(format!("{number}.part")).to_str().unwrap().to_owned()).collect();
    for (part, partial) in parts.iter().zip(&partials) {
        replay(&[part, "--partial", partial]);
    }
    let wanted = replay(&[&parts[0], &parts[1], &parts[2]]);
    assert_eq!(replay(&[&partials[2], &partials[0], &partials[1]]), wanted);
    assert_eq!(replay(&[&partials[2], &parts[0], &partials[1], &partials[1]]), wanted);
    let other = file(&folder, "other.json", r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#);
    let mixed = run(&["replay", "-p", &other, &partials[0]]);
    assert_eq!(code(&mixed), 2);
    assert!(err(&mixed).contains("other options"), "{}", err(&mixed));
    let foreign = run(&["derive", &partials[0]]);
    assert_eq!(code(&foreign), 2);
    assert!(err(&foreign).contains("a partial result of `replay`"), "{}", err(&foreign));
}

#[test]
fn dials_do_what_they_say() {
    let folder = folder("derive-dials");
    let workload = export();
    let log = file(&folder, "export.log", &workload.access_log());
    let principal = workload.principals[0].as_str();
    let derive = |more: &[&str]| {
        let output = run(&[&["derive", &log, "--principal", principal][..], more].concat());
        (code(&output), out(&output), err(&output))
    };
    let (_, balanced, _) = derive(&[]);
    let (status, strict, _) = derive(&["--precision", "strict"]);
    assert!(status == 0 && strict.len() > balanced.len(), "{strict}");
    let (status, never, told) = derive(&["--never", "123456789012/logs/*"]);
    assert_eq!(status, 0, "{told}");
    assert!(
        !granted(&never)
            .iter()
            .any(|(_, resource)| resource.contains("/logs/") || resource.ends_with("/123456789012/*")),
        "{never}"
    );
    assert!(told.contains("withheld"), "{told}");
    let (status, small, told) = derive(&["--max-bytes", "500", "--precision", "strict"]);
    assert_eq!(status, 0, "{told}");
    let size = small.chars().filter(|symbol| !symbol.is_whitespace()).count();
    assert!(size <= 500, "{size}");
    let (status, nothing, told) = derive(&["--max-bytes", "50"]);
    assert_eq!((status, nothing.as_str()), (2, ""));
    assert!(told.contains("may have 50"), "{told}");
    let (_, short, _) = derive(&["--until", "2026-08-04"]);
    let (_, days, _) = derive(&["--until", "2026-08-04", "--min-days", "2"]);
    assert!(days.len() > short.len(), "{days}");
    let (_, dropped, _) = derive(&["--existence-probes", "drop"]);
    assert!(granted(&dropped).is_subset(&granted(&balanced)));
    let (status, nothing, told) = derive(&["--until", "2020-01-01"]);
    assert_eq!((status, nothing.as_str()), (1, ""));
    assert!(told.contains("there is no evidence"), "{told}");
    let (status, why, _) = derive(&["--why", "s3:DeleteObject", "arn:aws:s3:::acme-export/*.instruction"]);
    assert_eq!(status, 0);
    let first = why.lines().next().unwrap();
    let (place, _) = first.split_once(": ").unwrap();
    let line: usize = place.rsplit(':').next().unwrap().parse().unwrap();
    let text = workload.access_log();
    assert!(text.lines().nth(line - 1).unwrap().contains("REST.DELETE.OBJECT"), "{first}");
    let (status, _, told) = derive(&["--why", "s3:DeleteBucket", "arn:aws:s3:::acme-export"]);
    assert_eq!(status, 1, "{told}");
    let existing = file(
        &folder,
        "existing.json",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:PutObjectAcl"],"Resource":"arn:aws:s3:::acme-export/*"},
            {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::other/*"},
            {"Effect":"Allow","Action":["s3:ListBucket","s3:GetBucketLocation"],"Resource":"arn:aws:s3:::acme-export"}]}"#,
    );
    let (status, tight, told) = derive(&["--existing", &existing]);
    assert_eq!(status, 0, "{told}");
    assert_eq!(granted(&tight), granted(&balanced));
    assert!(told.contains("statement 0: `s3:PutObjectAcl`") && told.contains("statement 1: all of it"), "{told}");
}

#[test]
fn each_principal_and_each_bucket_gets_its_own() {
    let folder = folder("derive-each");
    let workload = generator::workloads(3, 6).into_iter().find(|workload| workload.name == "home-directories").unwrap();
    let log = file(&folder, "homes.log", &workload.access_log());
    let directory = folder.join("policies");
    let output = run(&["derive", &log, "--out-dir", directory.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let names: BTreeSet<String> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() >= workload.principals.len(), "{names:?}");
    // Together, they share what is everybody's own.
    let mut args = vec!["derive", &log, "-q"];
    workload.principals.iter().for_each(|principal| args.extend(["--principal", principal]));
    let together = out(&run(&args));
    assert!(together.contains("/home/${aws:username}/"), "{together}");
    assert!(!together.contains("/home/ann/"), "{together}");
    let website = generator::workloads(3, 6).into_iter().find(|workload| workload.name == "website").unwrap();
    let log = file(&folder, "website.log", &website.access_log());
    let identity = run(&["derive", &log, "--principal", "anonymous"]);
    assert_eq!(code(&identity), 1);
    assert!(err(&identity).contains("--as bucket-policy"), "{}", err(&identity));
    let bucket = run(&["derive", &log, "--as", "bucket-policy", "--principal", "anonymous"]);
    assert!(out(&bucket).contains(r#""Principal": "*""#), "{}", out(&bucket));
}

#[test]
fn what_a_bucket_policy_is_not_about_is_told() {
    let folder = folder("derive-access-points");
    let analytics = generator::workloads(3, 6).into_iter().find(|workload| workload.name == "analytics").unwrap();
    let log = file(&folder, "analytics.log", &analytics.access_log());
    let output = run(&["derive", &log, "--as", "bucket-policy", "--bucket", &analytics.bucket]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(!out(&output).contains(":accesspoint/"), "{}", out(&output));
    assert!(err(&output).contains("requests for arn:aws:s3:eu-west-1:123456789012:accesspoint/"), "{}", err(&output));
    assert!(!err(&run(&["derive", &log])).contains("set aside: requests for"));
}

#[test]
fn bad_input_is_told_and_loses_nothing() {
    let folder = folder("derive-bad");
    let workload = export();
    let log = workload.access_log();
    let bad = file(&folder, "bad.log", &format!("{log}nonsense\n"));
    assert_eq!(code(&run(&["derive", "-q", &bad])), 0);
    let strict = run(&["derive", "--strict", &bad]);
    assert_eq!(code(&strict), 1);
    let line = log.lines().count() + 1;
    assert!(err(&strict).contains(&format!("bad.log:{line}")), "{}", err(&strict));
    for (name, text) in
        [("none.log", "nonsense\n"), ("none.json", "{\"a\": 1}"), ("cut.json", "{\"Records\": [{\"eventName\"")]
    {
        let output = run(&["derive", &file(&folder, name, text)]);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{name}: {}", err(&output));
    }
    assert_eq!(code(&run(&["derive", "missing.log"])), 2);
    // What could not be read to its end may be what was needed: there is no policy without it.
    let packed = fs::read("corpus/logs/export.log.gz").unwrap();
    let cut = file(&folder, "cut.log.gz", &packed[..packed.len() / 2]);
    let output = run(&["derive", &cut, &bad]);
    assert_eq!((code(&output), out(&output).as_str()), (2, ""));
    assert!(err(&output).contains("cut.log.gz") && err(&output).contains("nothing was written"), "{}", err(&output));
    for action in ["s3:PutObject", "s3:DeleteObject", "s3:GetObjectAcl", "nonsense"] {
        assert_eq!(code(&run(&["derive", "--why", action, "arn:aws:s3:::acme-export/*", &cut])), 2, "{action}");
    }
    let none = file(&folder, "none.log", "nonsense\n");
    let partial = folder.join("none.partial");
    assert_eq!(code(&run(&["derive", "--partial", partial.to_str().unwrap(), &none])), 2);
    assert!(!partial.exists());
    assert_eq!(code(&run(&["derive", &bad, "--since", "yesterday"])), 2);
    let empty = run_with_input(&["derive", "-"], b"");
    assert_eq!(code(&empty), 1);
    let piped = run_with_input(&["derive", "-q", "-"], log.as_bytes());
    assert_eq!(out(&piped), out(&run(&["derive", "-q", &file(&folder, "good.log", &log)])));
}

#[test]
fn events_of_cloudtrail_and_rows_of_the_same_requests_agree() {
    let folder = folder("derive-cloudtrail");
    let workload = generator::workloads(3, 6).into_iter().find(|workload| workload.name == "deployment").unwrap();
    let principal = workload.principals[0].as_str();
    let log = file(&folder, "deployment.log", &workload.access_log());
    let events = file(&folder, "deployment.json", &workload.cloudtrail().to_string());
    let derive = |log: &str| granted(&out(&run(&["derive", "-q", log, "--principal", principal])));
    assert_eq!(derive(&events), derive(&log));
}

/// An ordinary line: who did what on which key, and what S3 answered.
fn row(requester: &str, operation: &str, key: &str, status: &str) -> String {
    let method = operation.split('.').nth(1).unwrap();
    format!(
        "o data [21/Nov/2026:19:00:00 +0000] 203.0.113.9 {requester} 0A1B2C3D4E5F6071 {operation} {key} \"{method} /{key} HTTP/1.1\" {status} 1 1 1 1 \"-\" \"-\" - h SigV4 c AuthHeader data.s3.eu-west-1.amazonaws.com TLSv1.3 - - -\n"
    )
}

#[test]
fn a_prefix_means_in_a_line_what_lines_mean_and_in_an_event_what_events_mean() {
    let folder = folder("derive-prefixes");
    let line =
        |prefix: &str| row(ANN, "REST.GET.BUCKET", "-", "200 -").replace("GET /-", &format!("GET /?prefix={prefix}"));
    let event = |prefix: &str| {
        let event = serde_json::json!({
            "eventVersion": "1.11",
            "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": ANN, "accountId": "111122223333", "userName": "ann" },
            "eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "ListObjects",
            "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "userAgent": "[agent]",
            "requestParameters": { "bucketName": "data", "Host": "data.s3.eu-west-1.amazonaws.com", "prefix": prefix },
            "responseElements": null, "requestID": "1", "eventID": prefix, "readOnly": true,
            "resources": [{ "type": "AWS::S3::Bucket", "accountId": "111122223333", "ARN": "arn:aws:s3:::data" }],
            "eventType": "AwsApiCall", "managementEvent": false, "recipientAccountId": "111122223333", "eventCategory": "Data"
        });
        format!("{event}\n")
    };
    // The first of a kind is read in full.
    let log = file(&folder, "a.log", &[line("x"), line("a%20b")].concat());
    let events = file(&folder, "b.jsonl", &[event("y"), event("a%20b")].concat());
    for logs in [[&log, &events], [&events, &log]] {
        let policy = out(&run(&["derive", "-q", "--threads", "1", "--precision", "strict", logs[0], logs[1]]));
        assert!(policy.contains(r#""a b""#) && policy.contains(r#""a%20b""#), "{policy}");
    }
}

#[test]
fn what_crosses_partitions_is_set_aside() {
    let folder = folder("derive-partitions");
    let event = |partition: &str, key: usize| {
        let event = serde_json::json!({
            "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": ANN, "accountId": "111122223333" },
            "eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "requestParameters": { "bucketName": "data", "key": format!("x/{key}") },
            "resources": [{ "ARN": format!("arn:{partition}:s3:::data/x/{key}") }, { "ARN": format!("arn:{partition}:s3:::data") }],
        });
        format!("{event}\n")
    };
    let own: String = (0..3).map(|key| event("aws", key)).collect();
    let foreign: String = (0..2).map(|key| event("aws-cn", key)).collect();
    let wanted = out(&run(&["derive", "-q", &file(&folder, "own.jsonl", &own)]));
    for events in [format!("{own}{foreign}"), format!("{foreign}{own}")] {
        let output = run(&["derive", &file(&folder, "both.jsonl", &events)]);
        assert_eq!((code(&output), out(&output)), (0, wanted.clone()), "{}", err(&output));
        let why = format!("2 requests set aside: resources of another partition than {ANN}, which no policy can allow");
        assert!(err(&output).contains(&why), "{}", err(&output));
    }
    let output = run(&["derive", &file(&folder, "foreign.jsonl", &event("aws-cn", 0))]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("1 request set aside: "), "{}", err(&output));
}

/// Requests of somebody whom policies cannot name are recognised by what repeats, too, and counted all the same.
#[test]
fn those_who_have_no_account_are_told_how_often() {
    let folder = folder("canonical-ids");
    let canonical = "c0ffee00".repeat(8);
    let line = |requester: &str, key: usize, day: usize| {
        format!(
            "{} data [{day:02}/Nov/2026:19:00:00 +0000] 192.0.2.9 {requester} 0A1B2C3D4E5F6071 REST.GET.OBJECT x/{key} \"GET /x/{key} HTTP/1.1\" 200 - 10 10 7 6 \"-\" \"aws-cli/2\" - aB3= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader data.s3.eu-west-1.amazonaws.com TLSv1.2 - -\n",
            "0f1e2d3c".repeat(8)
        )
    };
    let lines: String = (0..10).map(|n| line(&canonical, n, 10 + n) + &line(ANN, n, 10 + n)).collect();
    let policy =
        r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "*" } }"#;
    let policy = file(&folder, "p.json", policy);
    // What ends with a carriage return is read in full.
    for (name, lines) in [("a.log", lines.clone()), ("b.log", lines.replace('\n', "\r\n"))] {
        let log = file(&folder, name, &lines);
        let output = run(&["derive", &log]);
        let aside = |count: usize| format!("{count} requests set aside: canonical id {canonical}: name its account");
        assert!(err(&output).contains(&aside(10)), "{}", err(&output));
        let output = run(&["derive", "--since", "2026-11-12", "--until", "2026-11-17", &log]);
        assert!(err(&output).contains(&aside(5)), "{}", err(&output));
        let report = folder.join("report.json");
        run(&["derive", "-q", "--until", "2026-11-17", "--report", report.to_str().unwrap(), &log]);
        let derived: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
        assert_eq!(derived["outside"], 6, "{derived}");
        let report = run(&["replay", "-p", &policy, "--format", "json", &log]);
        let report: Value = serde_json::from_str(&out(&report)).unwrap();
        assert_eq!(report["verdicts"], serde_json::json!({ "allowed": 10, "denied": 0, "undecided": 10 }));
    }
}

#[test]
fn what_was_refused_through_an_access_point_is_not_granted() {
    let folder = folder("derive-access-point-refusals");
    let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports";
    let event = |key: &str, refused: bool| {
        let mut event = serde_json::json!({
            "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": ANN, "accountId": "111122223333" },
            "eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "requestParameters": { "bucketName": point, "key": key },
            "resources": [{ "ARN": format!("arn:aws:s3:::data/{key}") }, { "ARN": "arn:aws:s3:::data" }, { "ARN": point }],
        });
        if refused {
            event["errorCode"] = "AccessDenied".into();
            event["errorMessage"] = format!("User: {ANN} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::data/{key}\" because no identity-based policy allows the s3:GetObject action").into();
        }
        format!("{event}\n")
    };
    let read: Vec<String> = (0..20).map(|number| event(&format!("x/r{number}.txt"), false)).collect();
    let log = file(&folder, "events.jsonl", &(read.concat() + &event("x/r99999.txt", true)));
    let output = run(&["derive", &log]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let policy = file(&folder, "policy.json", &out(&output));
    let ask = |key: &str| {
        code(&run(&["-p", &policy, "--principal", ANN, "s3:GetObject", &format!("{point}/object/x/{key}")]))
    };
    assert_eq!((ask("r7.txt"), ask("r99999.txt")), (0, 1), "{}", out(&output));
}

const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";

#[test]
fn a_refusal_in_a_home_directory_narrows_and_does_not_stop() {
    let folder = folder("derive-home");
    let put = |who: &str, key: &str, status: &str| row(who, "REST.PUT.OBJECT", key, status);
    let mut log = String::new();
    for (who, name) in [(ANN, "ann"), (BOB, "bob")] {
        for file in ["f1", "f2"] {
            log.push_str(&put(who, &format!("home/{name}/{file}"), "200 -"));
        }
    }
    log.push_str(&put(ANN, "home/ann/f7", "403 AccessDenied"));
    for (form, option) in [("identity", "--policy"), ("bucket-policy", "--resource-policy")] {
        let output = run(&["derive", "--as", form, &file(&folder, "home.log", &log)]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        let policy = file(&folder, "home.json", &out(&output));
        let ask = |who: &str, key: &str| {
            let resource = format!("arn:aws:s3:::data/home/{key}");
            code(&run(&[option, &policy, "--principal", who, "s3:PutObject", &resource]))
        };
        assert_eq!((ask(ANN, "ann/f1"), ask(BOB, "bob/f2")), (0, 0), "{}", out(&output));
        assert_eq!((ask(ANN, "ann/f7"), ask(ANN, "bob/f1"), ask(BOB, "ann/f1")), (1, 1, 1), "{}", out(&output));
    }
}

#[test]
fn what_everybody_gets_holds_nothing_that_anybody_was_refused() {
    let folder = folder("derive-everybody");
    let get = |who: &str, key: &str, status: &str| row(who, "REST.GET.OBJECT", key, status);
    let mut log: String = (0..8).map(|number| get("-", &format!("pub/{number}.html"), "200 -")).collect();
    log.push_str(&get(ANN, "pub/9.html", "403 AccessDenied"));
    for more in ["", &get(ANN, "q", "200 -")] {
        let output = run(&["derive", "--as", "bucket-policy", &file(&folder, "pub.log", &format!("{log}{more}"))]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        let policy = file(&folder, "pub.json", &out(&output));
        let ask = |key: &str| {
            code(&run(&[
                "--resource-policy",
                &policy,
                "--principal",
                ANN,
                "s3:GetObject",
                &format!("arn:aws:s3:::data/{key}"),
            ]))
        };
        assert_eq!((ask("pub/1.html"), ask("pub/9.html")), (0, 1), "{}", out(&output));
    }
}

#[test]
fn no_policy_is_written_over_another() {
    let folder = folder("derive-names");
    let long = format!("arn:aws:iam::111122223333:user/{}/x", "p".repeat(400));
    let users = [
        "arn:aws:iam::111122223333:user/a/b",
        "arn:aws:iam::111122223333:user/a_b",
        "arn:aws:iam::111122223333:user/a_B",
        &long,
    ];
    let log: String = users.iter().map(|user| row(user, "REST.GET.OBJECT", "k", "200 -")).collect();
    let directory = folder.join("policies");
    let output = run(&["derive", "-q", &file(&folder, "users.log", &log), "--out-dir", directory.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let names: BTreeSet<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().to_lowercase())
        .collect();
    assert_eq!(names.len(), users.len(), "{names:?}");
    let junk = run(&["derive", &file(&folder, "junk.gz", b"\x1F\x8Bjunkjunkjunk")]);
    assert_eq!(code(&junk), 2, "{}", err(&junk));
    assert_eq!(code(&run(&["derive", "--since", "2026-02-01", "--until", "2026-01-01", "x.log"])), 2);
}

#[test]
fn what_is_printed_is_what_was_proven_to_the_byte() {
    let folder = folder("derive-control");
    let allowed = row(ANN, "REST.GET.OBJECT", "a%257Fb", "200 -").replace("/a%257Fb", "/a%7Fb");
    let log = file(&folder, "keys.log", &format!("{allowed}{}", row(ANN, "REST.GET.OBJECT", "ab", "403 AccessDenied")));
    let policy = folder.join("policy.json");
    let printed = run(&["derive", "-q", &log]);
    assert_eq!(code(&printed), 0, "{}", err(&printed));
    assert_eq!(code(&run(&["derive", "-q", "-o", policy.to_str().unwrap(), &log])), 0);
    assert_eq!(out(&printed), fs::read_to_string(&policy).unwrap());
    assert!(out(&printed).contains("data/a\u{7F}b\""), "{}", out(&printed));
    let each = run(&["replay", "--each", "-p", policy.to_str().unwrap(), &log]);
    assert!(out(&each).contains("arn:aws:s3:::data/a\u{7F}b\""), "{}", out(&each));
    let query =
        run(&["-p", policy.to_str().unwrap(), "--format", "json", "s3:GetObject", "arn:aws:s3:::data/a\u{7F}b"]);
    assert!(out(&query).contains("arn:aws:s3:::data/a\u{7F}b\""), "{}", out(&query));
    let part = folder.join("part.json");
    assert_eq!(code(&run(&["derive", "-q", "--partial", part.to_str().unwrap(), &log])), 0);
    let merged = file(&folder, "merged.json", &out(&run(&["merge", part.to_str().unwrap()])));
    let again = run(&["derive", "-q", &merged]);
    assert_eq!((code(&again), out(&again)), (0, out(&printed)), "{}", err(&again));
}

#[test]
fn a_listing_of_which_nobody_knows_the_prefix_grants_nothing() {
    let folder = folder("derive-prefix");
    let record = serde_json::json!({
        "bucket_name": "data", "request_time": "2026-11-21T19:00:01.120Z", "operation": "REST.GET.BUCKET",
        "requester": ANN, "http_status": 200, "request_uri": null
    });
    let output = run(&["derive", &file(&folder, "rows.jsonl", &format!("{record}\n"))]);
    assert_eq!((code(&output), out(&output)), (1, String::new()), "{}", err(&output));
}

#[test]
fn names_of_several_shapes_stay_together_where_something_is_in_the_way() {
    let folder = folder("derive-shapes");
    const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/Other/s";
    let rows = [
        (BOB, "REST.GET.OBJECT", "home/bob/f28"),
        (BOB, "REST.DELETE.OBJECT", "home/bob/f4"),
        (ROLE, "REST.PUT.OBJECT", "home/bob/f8"),
        (ROLE, "REST.GET.OBJECT", "home/bob/f10"),
    ];
    let log: String = rows.iter().map(|(who, operation, key)| row(who, operation, key, "200 -")).collect();
    let log = file(&folder, "shapes.log", &log);
    for never in ["*_$folder$", "home/*/f1*_"] {
        let output = run(&["derive", "-q", "--never", never, &log]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        let policy = file(&folder, "shapes.json", &out(&output));
        let output = run(&["replay", "-p", &policy, "--format", "json", &log]);
        let report: Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!(report["verdicts"]["allowed"], 4, "{report:#}");
    }
}

/// A line about a target, as it was sent.
fn sent(operation: &str, key: &str, target: &str) -> String {
    format!(
        "0f1e data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 arn:aws:iam::111122223333:user/ann 0A1B {operation} {key} \"GET {target} HTTP/1.1\" 200 - 10 10 12 5 \"-\" \"agent\" - aG9zdA== SigV4 TLS_AES_128_GCM_SHA256 AuthHeader data.s3.amazonaws.com TLSv1.3 - - -\n"
    )
}

#[test]
fn a_listing_that_names_two_prefixes_proves_neither() {
    let folder = folder("two-prefixes");
    for (query, proves) in [
        ("prefix=a", true),
        ("prefix=a&prefix=b", false),
        ("prefix=a&x=1&pre%66ix=b", false),
        ("prefix=a&prefix", false),
        ("prefix=a%2F&prefix=a/", true),
    ] {
        let log = file(&folder, "two.log", &sent("REST.GET.BUCKET", "-", &format!("/?{query}")));
        let output = run(&["derive", &log]);
        assert_eq!((code(&output), out(&output).contains("s3:prefix")), (i32::from(!proves), proves), "{query}");
    }
}

#[test]
fn what_iam_would_not_take_is_told() {
    let folder = folder("characters");
    let told = |name: &str| {
        // The key is encoded once more than what was sent.
        let row = sent("REST.GET.OBJECT", &name.replace('%', "%25"), &format!("/{name}"));
        let output = run(&["derive", &file(&folder, "keys.log", &row)]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        err(&output).contains("IAM does not take the character")
    };
    assert!(!told("caf%C3%A9.txt"));
    assert!(told("%E6%97%A5.txt"));
}
