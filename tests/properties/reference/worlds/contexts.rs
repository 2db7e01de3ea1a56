//! The request context.

use super::scenes::Scene;
use proptest::collection::vec;
use proptest::option;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use serde_json::{Map, Value};

pub(super) const TEAMS: &[&str] = &["red", "blue", "home", "a*", "true", ""];
pub(super) const ADDRESSES: &[&str] =
    &["203.0.113.7", "203.0.113.200", "203.0.114.1", "10.1.2.3", "2001:db8::1", "::1"];
pub(super) const PREFIXES: &[&str] =
    &["", "home/", "home/ann/", "home/ann", "red/", "ann/", "a*", "ab", "${aws:username}"];
pub(super) const COUNTS: &[&str] = &["10", "9", "1.20", "-1", "0", "010", "1e1", "many", ""];
pub(super) const TIMES: &[&str] = &[
    "2024-01-01T00:00:00Z",
    "2024-06-15T12:30:00Z",
    "2024-06-15T12:30:00.500Z",
    "2024-02-29T00:00:00Z",
    "2024-01-01T01:00:00+01:00",
    "1704067200",
];
pub(super) const ORIGINS: &[&str] = &["Internet", "VPC"];
pub(super) const TRUTHS: &[&str] = &["true", "false"];
pub(super) const ARNS: &[&str] = &[
    "arn:aws:iam::111111111111:role/app/web",
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::222222222222:role/deploy",
    "arn:aws:sns:us-east-1:111111111111:t1",
    "arn:aws:sns:us-east-1:111111111111:red",
    "arn:aws:x:us-east-2:222222222222:s:111111111111:f/d",
    "arn:aws:x",
    "red",
    "",
];
pub(super) const BYTES: &[&str] = &["AQI=", "AQID", "//8=", "red!"];
pub(super) const TAG_KEYS: &[&str] = &["a", "b", "c", "10", ""];
pub(super) const LISTED: &[&str] = &[
    "red",
    "ann",
    "home/",
    "10",
    "true",
    "203.0.113.7",
    "2024-01-01",
    "AQI=",
    "arn:aws:iam::111111111111:role/app/web",
    "",
];

/// One of the texts, or the key is absent.
pub(super) fn perhaps(texts: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.7, select(texts).prop_map(Value::from)).boxed()
}

/// A list of the texts, which may be empty, or the key is absent.
pub(super) fn perhaps_several(texts: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.75, vec(select(texts), 0..=3).prop_map(Value::from)).boxed()
}

/// The context that comes with the request. The time is always given, and tags only for those who can carry them.
pub(super) fn context(scene: Scene) -> BoxedStrategy<Map<String, Value>> {
    let team = if scene.caller.tagged { perhaps(TEAMS) } else { Just(None).boxed() };
    (
        team,
        perhaps(ADDRESSES),
        perhaps(PREFIXES),
        perhaps(COUNTS),
        select(TIMES).prop_map(|time| Some(Value::from(time))),
        perhaps(TRUTHS),
        perhaps(ARNS),
        perhaps(BYTES),
        perhaps_several(TAG_KEYS),
        perhaps_several(LISTED),
        (if scene.is_through_access_point() { perhaps(ORIGINS) } else { Just(None).boxed() }, perhaps(TEAMS)),
    )
        .prop_map(|(team, address, prefix, count, time, secure, arn, bytes, tag_keys, list, (origin, endpoint))| {
            // Over the internet, or through an endpoint.
            let endpoint = endpoint.filter(|_| origin.is_some() && address.is_none());
            let given = [
                ("aws:PrincipalTag/team", team),
                ("aws:SourceIp", address),
                ("s3:prefix", prefix),
                ("ec2:Number", count),
                ("aws:CurrentTime", time),
                ("aws:SecureTransport", secure),
                ("example:Arn", arn),
                ("example:Blob", bytes),
                ("aws:TagKeys", tag_keys),
                ("example:List", list),
                ("s3:AccessPointNetworkOrigin", origin),
                ("aws:SourceVpce", endpoint),
            ];
            let present = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            present.collect::<Map<String, Value>>()
        })
        .boxed()
}
