//! An event of CloudTrail that is skimmed tells what it tells when it is read.

use crate::{cases, generator};
use can_access_engine::replay::Class;
use can_access_engine::replay::cloudtrail::{Documents, Event, EventSkim, EventSkimmer, Item, document, events};
use can_access_engine::replay::logged::{Fact, Logged, Part};
use can_access_engine::replay::requester::Requester;
use can_access_engine::replay::skim::Kind;
use can_access_engine::replay::skimmed::Skimmed;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Keys that policies may look at, in lower case.
const KEYS: [&str; 22] = [
    "aws:multifactorauthpresent",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:sourceidentity",
    "aws:tokenissuetime",
    "aws:viaawsservice",
    "ec2:roledelivery",
    "kms:calleraccount",
    "kms:encryptionalgorithm",
    "kms:encryptioncontext:app",
    "kms:viaservice",
    "s3:authtype",
    "s3:dataaccesspointaccount",
    "s3:signatureversion",
    "s3:tlsversion",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-copy-source",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-storage-class",
    "sts:externalid",
    "sts:sourceidentity",
];

/// A change of an event: what a member is instead, behind a path; nothing removes it.
type Change = (&'static str, Option<Value>);

fn names() -> impl Strategy<Value = Change> {
    let names = [
        "GetObject",
        "PutObject",
        "HeadObject",
        "DeleteObject",
        "DeleteObjects",
        "ListObjects",
        "ListObjectVersions",
        "CopyObject",
        "GetBucketAcl",
        "CreateBucket",
        "PutObjectTagging",
        "GetItem",
        "Query",
        "TransactWriteItems",
        "Decrypt",
        "ReEncrypt",
        "AssumeRole",
        "RunInstances",
        "DescribeInstances",
        "NoSuchEvent",
        "Invoke20150331",
    ];
    select(names.to_vec()).prop_map(|name| ("/eventName", Some(json!(name))))
}

fn keys() -> impl Strategy<Value = Value> {
    let texts = [
        "a",
        "b",
        "a/b",
        "a/b/c",
        "b/a",
        "k*",
        "k?",
        "${x}",
        "a b",
        "a because b",
        "a\"b",
        "a\\b",
        "é",
        "\n",
        "a/object/b",
        ":s3:::x/y",
        "data",
        "",
        "/",
        "a/",
        "%61",
        "a+b",
        "arn:aws:s3:::data/a",
        " on resource: x",
    ];
    prop_oneof![
        8 => select(texts.to_vec()).prop_map(Value::from),
        1 => select(vec![json!(7), json!(null), json!(["a"]), json!(["a", "b"]), json!({"a": "b"})]),
    ]
}

/// A member with one of some values, or without.
fn one_of(path: &'static str, values: Vec<Value>) -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => select(values).prop_map(move |value| (path, Some(value))),
        1 => Just((path, None)),
        1 => select(vec![json!(null), json!(""), json!(1), json!([]), json!({})]).prop_map(move |odd| (path, Some(odd))),
    ]
}

fn texts(path: &'static str, texts: &[&'static str]) -> BoxedStrategy<Change> {
    one_of(path, texts.iter().map(|text| json!(text)).collect()).boxed()
}

fn change() -> impl Strategy<Value = Change> {
    let member = |path: &'static str| keys().prop_map(move |key| (path, Some(key)));
    let listed = |path: &'static str| {
        texts(
            path,
            &[
                "arn:aws:s3:::data",
                "arn:aws:s3:::data/a",
                "arn:aws:s3:::data/a/b",
                "arn:aws:s3:::other/a",
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/point",
                "arn:aws:kms:eu-west-1:111122223333:key/k",
                "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
            ],
        )
    };
    prop_oneof![
        3 => names(),
        6 => member("/requestParameters/key"),
        3 => member("/requestParameters/prefix"),
        1 => member("/requestParameters/tableName"),
        1 => member("/requestParameters/x-amz-copy-source"),
        1 => member("/requestParameters/versionId"),
        1 => member("/requestParameters/x-amz-acl"),
        1 => member("/requestParameters/noOneKnows"),
        1 => member("/requestParameters/keyId"),
        1 => member("/requestParameters/externalId"),
        1 => member("/requestParameters/encryptionContext/app"),
        1 => one_of("/requestParameters", vec![json!({"bucketName": "data", "key": "a"}), json!("{\"bucketName\":\"data\"}")]),
        1 => texts("/requestParameters/bucketName", &["data", "other", "arn:aws:s3:eu-west-1:111122223333:accesspoint/point"]),
        1 => texts("/eventSource", &["s3.amazonaws.com", "dynamodb.amazonaws.com", "kms.amazonaws.com", "sts.amazonaws.com", "lambda.amazonaws.com", "s3express.amazonaws.com"]),
        1 => texts("/eventType", &["AwsApiCall", "AwsServiceEvent", "AwsConsoleSignIn"]),
        1 => texts("/eventCategory", &["Data", "Management", "Insight", "ActivityAuditLog"]),
        1 => texts("/awsRegion", &["eu-west-1", "cn-north-1", "us-gov-west-1"]),
        1 => texts("/eventTime", &["2026-11-21T19:00:00Z", "2026-11-22T00:00:59Z", "2026-11-21 19:00:00", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "x"]),
        1 => texts("/sourceIPAddress", &["203.0.113.9", "10.0.0.1", "s3.amazonaws.com", "AWS Internal", "2001:db8::1"]),
        1 => texts("/userAgent", &["agent", "[agent]"]),
        1 => texts("/vpcEndpointId", &["vpce-1", "vpce-2"]),
        2 => texts("/errorCode", &["AccessDenied", "NoSuchKey", "NoSuchBucket", "Client.UnauthorizedOperation", "SlowDown", "NotFound"]),
        2 => texts("/errorMessage", &[
            "Access Denied",
            "User: arn:aws:sts::111122223333:assumed-role/app/one is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::data/a\" because no identity-based policy allows it",
            "User: arn:aws:sts::111122223333:assumed-role/app/two is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::data/a/b\" because no identity-based policy allows it",
            "User: arn:aws:sts::111122223333:assumed-role/app/two is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::data/b with an explicit deny",
            "User: x is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::data",
            "is not authorized to perform: kms:Decrypt on resource: * because a",
        ]),
        2 => texts("/userIdentity/arn", &[
            "arn:aws:iam::111122223333:user/ann", "arn:aws:sts::111122223333:assumed-role/app/one",
            "arn:aws:sts::111122223333:assumed-role/app/two", "arn:aws:sts::111122223333:assumed-role/other/one",
            "arn:aws:sts::111122223333:assumed-role/app/a/b", "arn:aws:sts::111122223333:federated-user/x",
        ]),
        1 => texts("/userIdentity/type", &["IAMUser", "AssumedRole", "Root", "AWSService", "AWSAccount", "Role", "Unknown"]),
        1 => texts("/userIdentity/principalId", &["AIDAX", "AROAX:one", "AROAX:two"]),
        1 => texts("/userIdentity/accountId", &["111122223333", "444455556666", "anonymous"]),
        1 => texts("/userIdentity/accessKeyId", &["AKIAX", "ASIAX"]),
        1 => texts("/userIdentity/invokedBy", &["lambda.amazonaws.com", "x"]),
        1 => one_of("/userIdentity", vec![json!({"type": "AWSAccount", "accountId": "anonymous"})]),
        1 => texts("/userIdentity/sessionContext/sessionIssuer/arn", &["arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/deep/app"]),
        1 => texts("/userIdentity/sessionContext/attributes/mfaAuthenticated", &["true", "false"]),
        1 => texts("/userIdentity/sessionContext/attributes/creationDate", &["2026-11-21T18:00:00Z", "2026-11-21T17:00:00Z"]),
        1 => texts("/userIdentity/sessionContext/sourceIdentity", &["ann", "bob"]),
        1 => texts("/userIdentity/sessionContext/ec2RoleDelivery", &["1.0", "2.0"]),
        1 => texts("/additionalEventData/SignatureVersion", &["SigV4", "SigV2"]),
        1 => texts("/additionalEventData/CipherSuite", &["-", "TLS_AES_128_GCM_SHA256"]),
        1 => texts("/additionalEventData/AuthenticationMethod", &["AuthHeader", "QueryString"]),
        1 => texts("/tlsDetails/tlsVersion", &["TLSv1.3", "TLSv1.2", "TLS"]),
        2 => listed("/resources/0/ARN"),
        2 => listed("/resources/1/ARN"),
        1 => texts("/resources/0/accountId", &["111122223333", "444455556666"]),
        1 => one_of("/resources", vec![json!([]), json!([{"ARN": "arn:aws:s3:::data/a"}])]),
        1 => texts("/bucket_name", &["data"]),
        1 => texts("/eventname", &["GetObject"]),
        1 => texts("/eventjson", &["{}"]),
    ]
}

fn events_to_change() -> Vec<Value> {
    let object = json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "AssumedRole", "principalId": "AROAX:one", "arn": "arn:aws:sts::111122223333:assumed-role/app/one",
            "accountId": "111122223333", "accessKeyId": "ASIAX", "sessionContext": {
                "sessionIssuer": { "type": "Role", "arn": "arn:aws:iam::111122223333:role/app" },
                "attributes": { "creationDate": "2026-11-21T18:00:00Z", "mfaAuthenticated": "false" } } },
        "eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "[agent]",
        "requestParameters": { "bucketName": "data", "Host": "data.s3.eu-west-1.amazonaws.com", "key": "a" },
        "responseElements": null,
        "additionalEventData": { "SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0, "x-amz-id-2": "id" },
        "readOnly": true,
        "resources": [{ "type": "AWS::S3::Object", "ARN": "arn:aws:s3:::data/a" },
            { "accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::data" }],
        "eventType": "AwsApiCall", "eventCategory": "Data", "tlsDetails": { "tlsVersion": "TLSv1.3" }
    });
    let mut all = vec![object.clone(), object];
    for file in ["events", "context"] {
        let text = std::fs::read_to_string(format!("corpus/logs/cloudtrail/{file}.jsonl")).unwrap();
        all.extend(text.lines().map(|case| serde_json::from_str::<Value>(case).unwrap()["event"].take()));
    }
    all
}

/// Puts something else behind a path, as far as the path goes on in objects and lists.
fn put(event: &mut Value, (path, value): &Change) {
    let Some((parent, name)) = path.rsplit_once('/') else { return };
    if event.pointer(parent).is_none_or(Value::is_null) {
        put(event, &(parent_of(path, parent), Some(json!({}))));
    }
    match event.pointer_mut(parent) {
        Some(Value::Object(members)) => match value {
            Some(value) => _ = members.insert(name.to_owned(), value.clone()),
            None => _ = members.remove(name),
        },
        Some(Value::Array(items)) => {
            if let (Ok(at), Some(value)) = (name.parse::<usize>(), value)
                && let Some(item) = items.get_mut(at)
            {
                *item = value.clone();
            }
        }
        _ => {}
    }
}

/// The part of a path, with the path's own lifetime.
fn parent_of(path: &'static str, parent: &str) -> &'static str {
    &path[..parent.len()]
}

/// Has an object refused, with a message that names it in one of the ways that there are.
fn refuse(event: &mut Value, how: u8) {
    let Some(key) = event.pointer("/requestParameters/key").and_then(Value::as_str) else { return };
    let resource = match how {
        0 => format!("\"arn:aws:s3:::data/{key}\" because no policy allows it"),
        1 => format!("arn:aws:s3:::data/{key} because no policy allows it"),
        2 => format!("arn:aws:s3:::data/{key} with an explicit deny"),
        _ => return,
    };
    let user = event.pointer("/userIdentity/arn").and_then(Value::as_str).unwrap_or("somebody");
    let message = format!("User: {user} is not authorized to perform: s3:GetObject on resource: {resource}");
    put(event, &("/errorCode", Some(json!("AccessDenied"))));
    put(event, &("/errorMessage", Some(json!(message))));
}

/// A change of how an event is written.
fn written(event: &Value, how: u8, at: prop::sample::Index) -> Vec<u8> {
    let text = event.to_string();
    let quote = |text: &str| text.match_indices('"').nth(at.index(text.matches('"').count())).map_or(0, |(at, _)| at);
    match how {
        0 => serde_json::to_string_pretty(event).unwrap().into_bytes(),
        1 => text.replacen("\"key\":", "\"key\":\"z\",\"key\":", 1).into_bytes(),
        2 => text.replacen('a', "\\u0061", at.index(40)).into_bytes(),
        3 => {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = b"\"\\{}[],:x0 \x01\xff\n"[at % 14];
            bytes
        }
        4 => {
            let at = quote(&text);
            [&text.as_bytes()[..at], b" \t ", &text.as_bytes()[at..]].concat()
        }
        5 => text.as_bytes()[..at.index(text.len())].to_vec(),
        _ => text.into_bytes(),
    }
}

/// Events that are skimmed and read, one after the other, as policies that look at some keys see them.
struct Both {
    skimmer: EventSkimmer,
    by_session: bool,
    looked: BTreeSet<String>,
    /// What reading events of a kind gave, but for what is their own.
    read: HashMap<Kind, String>,
}

impl Both {
    fn new(looked: &[&str], by_session: bool) -> Self {
        let looked: BTreeSet<String> = looked.iter().map(|key| (*key).to_owned()).collect();
        Self { skimmer: EventSkimmer::new(looked.clone(), by_session), by_session, looked, read: HashMap::new() }
    }

    /// What an event tells that others of its kind have to tell, too.
    fn told(&self, event: &Event, skim: &EventSkim<'_>) -> String {
        let (key, prefix) = (skim.key(None), skim.prefix());
        let fact = |fact: Fact<'_>| {
            let own = match fact.part {
                Part::Name => key.as_deref(),
                Part::Prefix => prefix.as_deref().map(str::as_bytes),
                Part::Whole => None,
            };
            let name = if own == Some(fact.name.as_bytes()) { "its own" } else { &*fact.name };
            format!("{} {} {:?} {name} {}", fact.action.as_str(), fact.scope, fact.part, fact.exists)
        };
        let facts: Vec<String> =
            event.facts().into_iter().chain(event.shown()).chain(event.refused()).map(fact).collect();
        let role = event.requester().role().filter(|_| !self.by_session);
        let requester = role.map_or_else(|| format!("{:?}", event.requester()), |role| format!("{role:?}"));
        let id = event.unique_id().filter(|_| self.by_session);
        let context = event.context_of(&|key| self.looked.contains(&key.to_lowercase()));
        let values: Vec<String> = context.keys().map(|(key, value)| format!("{} {value:?}", key.as_str())).collect();
        let absent: Vec<String> = context.absent_keys().map(|key| key.as_str().to_owned()).collect();
        format!(
            "{:?} {requester} {id:?} {:?} {} {:?} {facts:?} {} {} {values:?} {absent:?}",
            event.class(),
            event.role_arn(),
            event.buckets(),
            event
                .facts()
                .iter()
                .map(|fact| (event.bucket_of(fact).account, event.bucket_of(fact).behind))
                .collect::<Vec<_>>(),
            event.operation(),
            event.is_unplaced(),
        )
    }

    /// What is skimmed of an event is what reading it gives, and events of one kind read alike; whether others may be told
    /// by this one.
    fn check(&mut self, text: &[u8]) -> Result<bool, TestCaseError> {
        let Some((skim, rest)) = self.skimmer.skim(text) else { return Ok(false) };
        let json = &text[..text.len() - rest.len()];
        let mut items = Vec::new();
        events(json, None, &mut |item| items.push(matches!(item, Item::Event(event) if event == json)));
        prop_assert_eq!(items, [true], "{}", String::from_utf8_lossy(json));
        let Some(event) = Event::read(json) else {
            return Err(TestCaseError::fail(format!("not read: {}", String::from_utf8_lossy(json))));
        };
        prop_assert_eq!(skim.time(), event.time());
        if skim.has_key() && skim.key(None).is_none() || skim.has_prefix() && skim.prefix().is_none() {
            return Ok(false);
        }
        // Events of a kind whose names are not their own are read, all of them.
        let tells = skim.tells(&event);
        let told = if tells { self.told(&event, &skim) } else { "is read".to_owned() };
        let known = self.read.entry(skim.kind()).or_insert_with(|| told.clone());
        prop_assert_eq!(&*known, &told);
        Ok(tells)
    }
}

/// The events of the corpus and of made-up logs, of which most are skimmed.
#[test]
fn most_events_are_skimmed_and_tell_what_they_tell_when_read() {
    let mut all = events_to_change();
    for workload in generator::workloads(17, 8) {
        all.extend(workload.cloudtrail()["Records"].as_array().unwrap().iter().cloned());
    }
    let mut both = Both::new(&[], false);
    let mut skimmed = 0;
    for event in &all {
        let told = both.check(event.to_string().as_bytes());
        skimmed += usize::from(told.unwrap_or_else(|why| panic!("{why}: {event}")));
    }
    let kinds = both.read.len();
    assert!(skimmed * 10 > all.len() * 8, "{skimmed} of {}", all.len());
    assert!(kinds * 5 < skimmed, "{kinds} of {skimmed}");
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn a_skimmed_event_tells_what_it_tells_when_read(
        base in select(events_to_change()), common in vec(change(), 0..4),
        own in vec((vec(change(), 0..3), 0_u8..24, any::<prop::sample::Index>(), 0_u8..6), 1..8),
        some in vec(select(KEYS.to_vec()), 0..3), by_session in any::<bool>()
    ) {
        let mut all = [Both::new(&[], false), Both::new(&KEYS, true), Both::new(&some, by_session)];
        let mut base = base;
        common.iter().for_each(|change| put(&mut base, change));
        for (changes, how, at, refused) in &own {
            let mut event = base.clone();
            changes.iter().for_each(|change| put(&mut event, change));
            refuse(&mut event, *refused);
            let text = written(&event, *how, *at);
            for both in &mut all {
                both.check(&text)?;
            }
        }
    }
}

/// A property about events that are read anyway, or of which each is of a kind of its own, would prove nothing.
#[test]
fn changed_events_are_skimmed_and_share_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (select(events_to_change()), vec(vec(change(), 0..3), 2..8));
    let (mut skimmed, mut shared, mut classes) = (0, 0, std::collections::BTreeMap::new());
    for _ in 0..1_000 {
        let (base, changes) = proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap());
        let mut both = Both::new(&[], false);
        let mut kinds = BTreeSet::new();
        for changes in changes {
            let mut event = base.clone();
            changes.iter().for_each(|change| put(&mut event, change));
            let text = event.to_string();
            if both.check(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}")) {
                skimmed += 1;
                let (skim, _) = both.skimmer.skim(text.as_bytes()).unwrap();
                shared += usize::from(!kinds.insert(skim.kind()));
                *classes.entry(Event::read(text.as_bytes()).unwrap().class().name()).or_insert(0) += 1;
            }
        }
    }
    assert!(skimmed > 2_000 && shared > 500, "{skimmed} {shared}");
    for class in [Class::Allowed, Class::Refused, Class::NoEvidence, Class::Unmapped] {
        assert!(classes.get(class.name()).is_some_and(|count| *count >= 50), "{classes:?}");
    }
}

/// Whoever it is that no policy can name, events of one kind name the same.
#[test]
fn sessions_of_a_role_are_of_one_kind_unless_policies_tell_them_apart() {
    let text = |session: &str| {
        let mut event = events_to_change().swap_remove(0);
        put(
            &mut event,
            &("/userIdentity/arn", Some(json!(format!("arn:aws:sts::111122223333:assumed-role/app/{session}")))),
        );
        put(&mut event, &("/userIdentity/principalId", Some(json!(format!("AROAX:{session}")))));
        event.to_string()
    };
    let kinds = |by_session: bool| {
        let mut skimmer = EventSkimmer::new(BTreeSet::new(), by_session);
        ["one", "two"].map(|session| skimmer.skim(text(session).as_bytes()).unwrap().0.kind())
    };
    let [one, two] = kinds(false);
    assert_eq!(one, two);
    let [one, two] = kinds(true);
    assert_ne!(one, two);
    assert!(matches!(Event::read(text("one").as_bytes()).unwrap().requester(), Requester::Identity(_)));
}

/// What a document holds, as one text, and whether it is whole; `cuts` are the lengths of the pieces it comes in.
fn found(text: &[u8], cuts: &[usize]) -> (Vec<String>, bool) {
    let mut found = Vec::new();
    let mut note = |item: Item<'_>| {
        found.push(match item {
            Item::Event(json) | Item::Ordinary(_, json) => format!("event {}", String::from_utf8_lossy(json)),
            Item::Row(json) => format!("row {}", String::from_utf8_lossy(json)),
            other => format!("{other:?}"),
        });
    };
    let (mut documents, mut skimmer) = (Documents::default(), EventSkimmer::default());
    let (mut start, mut end) = (0, 0);
    for cut in cuts.iter().chain([&usize::MAX]) {
        let is_last = *cut == usize::MAX;
        end = if is_last { text.len() } else { (end + cut).min(text.len()) };
        let Some(done) = documents.go_on(&text[start..end], is_last, &mut skimmer, &mut note) else {
            return (found, false);
        };
        start += done;
    }
    assert_eq!(start, text.len(), "what is left is no error");
    (found, true)
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn documents_in_pieces_hold_what_they_hold_as_a_whole(
        members in vec(select(vec![
            r#"{"Records":[EVENT,EVENT, EVENT ]}"#, r#" { "Records" : [ ] } "#, "{\"Records\":[EVENT],\n\"more\":{\"a\":[1,2]}, \"x\": null}\n",
            r#"{"Records":[EVENT],"Records":[EVENT]}"#, r#"[EVENT,{"Records":[EVENT]}]"#, "EVENT", "12", "\"text\"", "[]", "\n",
            r#"{"Events":[EVENT]}"#, r#"{"Records":[1,"x",[EVENT],{}]}"#, r#"{"Records":[EVENT,]}"#, r#"{"Records":[EVENT EVENT]}"#,
        ]), 1..5),
        events in vec(select(events_to_change()), 1..4), cuts in vec(1_usize..900, 0..12),
        damage in proptest::option::weighted(0.4, (any::<prop::sample::Index>(), select(b"\"{}[],:x\\ ".to_vec()))),
    ) {
        let mut events = events.iter().cycle();
        let pieces: Vec<String> = members.concat().split("EVENT").map(str::to_owned).collect();
        let mut text = String::new();
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                text += &events.next().unwrap().to_string();
            }
            text += piece;
        }
        let mut text = text.into_bytes();
        if let Some((at, byte)) = damage {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let whole = found(&text, &[]);
        prop_assert_eq!(&found(&text, &cuts), &whole);
        // As one value after the other.
        let (mut rest, mut count, mut is_whole) = (&text[..], 0, true);
        while !rest.trim_ascii().is_empty() {
            match document(rest, Some(&mut EventSkimmer::default()), &mut |_| count += 1) {
                Some(behind) => rest = behind,
                None => {
                    is_whole = false;
                    break;
                }
            }
        }
        prop_assert_eq!((count, is_whole), (whole.0.len(), whole.1));
    }
}
