//! Conditions.

use super::scenes::Scene;
use super::statements::{Kind, listed};
use proptest::bool::{ANY, weighted};
use proptest::collection::vec;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use serde_json::{Map, Value, json};

/// Every operator, without qualifiers and suffix.
pub(super) const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

/// The operators that suit a key best.
pub(super) fn suited(key: &str) -> &'static [&'static str] {
    match key {
        "aws:SourceIp" => &["IpAddress", "NotIpAddress", "Null"],
        "ec2:Number" => &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        "aws:CurrentTime" => &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        "aws:SecureTransport" | "aws:MultiFactorAuthPresent" | "aws:ViaAWSService" => &["Bool", "Null"],
        "example:Arn" | "aws:PrincipalArn" | "s3:DataAccessPointArn" => {
            &["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringLike", "StringEquals"]
        }
        "example:Blob" => &["BinaryEquals", "StringEquals"],
        _ => &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
            "Null",
        ],
    }
}

/// The condition keys, given and derived; `aws:TagKeys` and `example:List` hold several values.
pub(super) const CONDITION_KEYS: &[&str] = &[
    "aws:PrincipalTag/team",
    "aws:SourceIp",
    "s3:prefix",
    "ec2:Number",
    "aws:CurrentTime",
    "aws:SecureTransport",
    "example:Arn",
    "example:Blob",
    "aws:TagKeys",
    "example:List",
    "aws:username",
    "aws:userid",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:RequestedRegion",
    "s3:DataAccessPointArn",
    "s3:DataAccessPointAccount",
    "s3:AccessPointNetworkOrigin",
    "aws:ViaAWSService",
    "aws:MultiFactorAuthPresent",
];

/// Values that fit one key better than the rest.
pub(super) fn values_of(key: &str) -> &'static [&'static str] {
    match key {
        "aws:PrincipalTag/team" => &["red", "blue", "home", ""],
        "s3:prefix" => &["", "home/", "home/*", "home/ann/*"],
        "aws:SourceIp" => &["203.0.113.7", "203.0.113.*"],
        "aws:TagKeys" => &["a", "b", "?"],
        "example:List" => &["red", "ann", "10", "*"],
        "example:Blob" => &["AQI=", "AQ*"],
        "aws:username" => &["ann", "ANN", "b*"],
        "aws:userid" => &["AIDAEXAMPLEANN", "AROAEXAMPLEWEB:s1", "AROAEXAMPLEWEB:*", "111111111111:*", "anonymous"],
        "aws:RequestedRegion" => &["us-east-1", "us-*"],
        "s3:DataAccessPointArn" => ACCESS_POINT_ARNS,
        "s3:AccessPointNetworkOrigin" => &["VPC", "Internet", "V*"],
        "aws:PrincipalAccount" | "aws:ResourceAccount" | "s3:DataAccessPointAccount" => {
            &["111111111111", "222222222222", "anonymous", "*"]
        }
        "aws:PrincipalType" => &["User", "AssumedRole", "Account", "FederatedUser", "Anonymous"],
        "example:Arn" | "aws:PrincipalArn" => ARN_PATTERNS,
        "aws:SecureTransport" | "aws:ViaAWSService" | "aws:MultiFactorAuthPresent" => &["true", "false"],
        _ => &["10", "*"],
    }
}

pub(super) const STRINGS: &[&str] = &[
    "",
    "*",
    "red",
    "RED",
    "blue",
    "ann",
    "r?d",
    "a*",
    "home/",
    "home/ann/",
    "home/*",
    "10",
    "true",
    "$x",
    "${*}",
    "a${*}",
    "a${?}",
    "${aws:username}",
    "${AWS:USERNAME}",
    "${aws:username}/*",
    "home/${aws:username}/",
    "home/${aws:username}/*",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team}*",
    "${aws:PrincipalTag/team, 'red'}",
    "${aws:PrincipalTag/team, ''}",
    "${aws:PrincipalTag/team, 'a, b'}",
    "${example:List, 'red'}",
];

pub(super) const ARN_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::111111111111:role/app/web",
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:user/ann",
    "arn:aws:iam::111111111111:user/${aws:username}",
    "arn:aws:iam::*:*/${aws:PrincipalTag/team, 'deploy'}",
    "arn:aws:sts::111111111111:assumed-role/web/s1",
    "arn:aws:sts::*:federated-user/?nn",
    "arn:aws:sns:us-east-1:111111111111:t?",
    "arn:aws:sns:*:${aws:PrincipalAccount}:red",
    "arn:aws:x:*:111111111111:f/*",
    "arn:aws:x:us-east-2:222222222222:s:*",
];

pub(super) const ACCESS_POINT_ARNS: &[&str] = &[
    "*",
    "arn:aws:s3:us-west-2:111111111111:accesspoint/ap",
    "arn:aws:s3:*:111111111111:accesspoint/*",
    "arn:aws:s3::222222222222:accesspoint/many.mrap",
];

pub(super) const NUMBERS: &[&str] =
    &["10", "9", "1.2", "1.20", "-1", "+10", "0", "-0", "10.0", "1000000000000000000000.5"];

pub(super) const DATES: &[&str] = &[
    "2024-01-01T00:00:00Z",
    "2024-01-01T01:00:00+01:00",
    "2023-12-31T19:00:00-05:00",
    "2024-01",
    "2024-01-01",
    "1704067200",
    "1704067200.5",
    "2024-02-29",
    "2024-06-15T12:30Z",
    "2024-06-15T12:30:00",
    "2024-06-15T12:30:00.5Z",
    "2030-12-31T23:59:59.999Z",
];

pub(super) const BLOBS: &[&str] = &["AQI=", "AQID", "//8=", "AA=="];

pub(super) const NETWORKS: &[&str] = &[
    "203.0.113.0/24",
    "203.0.113.7",
    "203.0.113.9/31",
    "203.0.113.9/24",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:DB8:0::1",
    "::/0",
];

/// A Condition element of one or two comparisons.
pub(super) fn condition(scene: Scene, kind: Kind, variables: bool) -> BoxedStrategy<Value> {
    vec(comparison(scene, kind, variables), 1..=2)
        .prop_map(|comparisons| {
            let mut condition: Map<String, Value> = Map::new();
            for (operator, key, values) in comparisons {
                let keys = condition.entry(operator).or_insert_with(|| json!({}));
                if let Some(keys) = keys.as_object_mut() {
                    // R1.22: keys under one operator never differ by case alone.
                    let taken = keys.keys().any(|other| other.eq_ignore_ascii_case(&key));
                    if !taken {
                        keys.insert(key, values);
                    }
                }
            }
            Value::Object(condition)
        })
        .boxed()
}

/// An operator, a key and the values.
pub(super) type Comparison = (String, String, Value);

/// Keys that make a bucket policy not public. Which operators count for that is left open by the rules, so where it
/// matters they are used only in the ways of [`PINNING`].
pub(super) const PINNING_KEYS: &[&str] = &[
    "aws:SourceIp",
    "aws:userid",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "s3:DataAccessPointArn",
    "s3:DataAccessPointAccount",
];

pub(super) const PINNING: &[(&str, &str, &str)] = &[
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
    ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("IpAddress", "aws:SourceIp", "200.0.0.0/5"),
    ("IpAddress", "aws:SourceIp", "2001:db8::/32"),
    ("IpAddress", "aws:SourceIp", "2001:d00::/24"),
    ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("StringEquals", "aws:PrincipalAccount", "111111111111"),
    ("StringEquals", "aws:PrincipalAccount", "222222222222"),
    ("StringNotEquals", "aws:PrincipalAccount", "333333333333"),
    ("StringLike", "aws:PrincipalAccount", "1*"),
    ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/app/web"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::222222222222:user/bob"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*"),
    ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::333333333333:root"),
    ("StringEquals", "s3:DataAccessPointAccount", "111111111111"),
    ("StringLike", "s3:DataAccessPointAccount", "1*"),
    ("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-west-2:111111111111:accesspoint/*"),
    ("StringEquals", "s3:DataAccessPointArn", "arn:aws:s3:us-west-2:111111111111:accesspoint/ap"),
    ("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-west-2:*:accesspoint/ap"),
];

pub(super) fn comparison(scene: Scene, kind: Kind, variables: bool) -> BoxedStrategy<Comparison> {
    let careful = scene.restricted && kind == Kind::Resource;
    let keys: Vec<&'static str> = CONDITION_KEYS
        .iter()
        .copied()
        .filter(|key| !(scene.caller.leaves_open(key) || careful && PINNING_KEYS.contains(key)))
        .collect();
    let general = select(keys).prop_flat_map(move |key| comparison_of(key, variables));
    if !careful {
        return general.boxed();
    }
    let pinning: Vec<(&'static str, &'static str, &'static str)> =
        PINNING.iter().copied().filter(|(_, key, _)| !scene.caller.leaves_open(key)).collect();
    let pin = select(pinning).prop_map(|(operator, key, value)| (operator.to_owned(), key.to_owned(), json!(value)));
    prop_oneof![1 => general, 1 => pin].boxed()
}

/// A comparison of one key, mostly with an operator that suits it.
pub(super) fn comparison_of(key: &'static str, variables: bool) -> BoxedStrategy<Comparison> {
    let spelling = prop_oneof![
        8 => Just(key.to_owned()),
        1 => Just(key.to_ascii_uppercase()),
    ];
    let operator = prop_oneof![3 => select(suited(key)), 1 => select(OPERATORS)];
    (spelling, operator)
        .prop_flat_map(move |(spelling, operator)| {
            (Just(spelling), Just(operator), qualifier(key), weighted(0.2), values(key, operator, variables))
        })
        .prop_map(|(spelling, operator, qualifier, if_exists, values)| {
            // R1.21: `Null` takes no suffix.
            let suffix = if if_exists && operator != "Null" { "IfExists" } else { "" };
            (format!("{qualifier}{operator}{suffix}"), spelling, values)
        })
        .boxed()
}

/// A set qualifier, seldom for keys with one value and mostly for keys with several.
pub(super) fn qualifier(key: &str) -> BoxedStrategy<&'static str> {
    let several = key == "aws:TagKeys" || key == "example:List";
    let plain: u32 = if several { 1 } else { 10 };
    prop_oneof![plain => Just(""), 2 => Just("ForAllValues:"), 2 => Just("ForAnyValue:")].boxed()
}

/// One to three policy values that the operator can read.
pub(super) fn values(key: &str, operator: &str, variables: bool) -> BoxedStrategy<Value> {
    let pool = if operator == "Null" {
        vec![json!("true"), json!("false"), json!(true), json!(false)]
    } else if operator == "Bool" {
        let mut pool = vec![json!("true"), json!("false"), json!("False"), json!(true), json!(false)];
        if variables {
            pool.push(json!("${aws:PrincipalTag/team, 'true'}"));
        }
        pool
    } else if operator == "BinaryEquals" {
        json_texts(BLOBS)
    } else if operator.starts_with("Numeric") {
        let mut pool = json_texts(NUMBERS);
        pool.extend([json!(10), json!(9)]);
        pool
    } else if operator.starts_with("Date") {
        json_texts(DATES)
    } else if operator.starts_with("Arn") {
        json_texts(if key == "s3:DataAccessPointArn" { ACCESS_POINT_ARNS } else { ARN_PATTERNS })
    } else if operator.ends_with("IpAddress") {
        json_texts(NETWORKS)
    } else {
        // Strings: the key's own values count as much as all the others.
        let own = json_texts(values_of(key));
        let mut pool = json_texts(STRINGS);
        for _ in 0..STRINGS.len() / own.len() {
            pool.extend(own.iter().cloned());
        }
        pool
    };
    (vec(select(pool), 1..=3), ANY).prop_map(|(values, bare)| listed(values, bare)).boxed()
}

pub(super) fn json_texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::from(*text)).collect()
}
