//! Requests of CloudTrail that went through an access point of S3 (SEMANTICS R9.12): policies are asked about the ARN of the
//! access point, and the event tells, here and there, that of the bucket behind it.

use crate::arn::{Arn, is_access_point_alias};

/// The access point that a request went through.
#[derive(Debug)]
pub(super) struct AccessPoint {
    arn: String,
    /// The bucket behind it, if the event lists it.
    bucket: Option<String>,
    /// What the request names as the bucket: the access point's ARN, an alias of it, or the bucket.
    named: Option<String>,
}

impl AccessPoint {
    /// Finds it in what the request names as the bucket and in the ARNs that are listed. What was copied may lie behind
    /// another one, and in another bucket. `key` is the object's.
    pub(super) fn find<'e>(
        named: Option<&'e str>,
        key: Option<&str>,
        listed: impl Iterator<Item = &'e str> + Clone,
        sources: &[String],
    ) -> Option<Self> {
        let of_source = |arn: &str| sources.iter().any(|source| is_of(source, arn));
        let mut others = access_points(listed.clone()).filter(|arn| !of_source(arn));
        let by_alias = named.and_then(|named| of_alias(named, listed.clone()));
        // An access point that a copy was made through may be the one that is listed.
        let is_told = named.is_some_and(is_access_point_alias)
            || !sources.iter().any(|source| bucket(source).is_some_and(is_access_point_alias));
        let other = || others.next().filter(|_| is_told);
        let arn = access_points(named.into_iter()).next().or(by_alias).or_else(other)?.to_owned();
        let is_it = |arn: &&str| key.is_some() && object_key(arn) == key && !sources.iter().any(|source| source == arn);
        let in_bucket_of_source = |name: &str| sources.iter().any(|source| bucket(source).is_none_or(|of| of == name));
        let behind = listed.clone().filter(is_it).find_map(bucket);
        let behind = behind.or_else(|| listed.filter_map(bucket).find(|name| !in_bucket_of_source(name)));
        Some(Self { arn, bucket: behind.map(str::to_owned), named: named.map(str::to_owned) })
    }

    /// The name of the bucket behind it, if the event lists it.
    pub(super) fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// Whether an ARN is its own, or that of something behind it.
    pub(super) fn holds(&self, arn: &str) -> bool {
        is_of(arn, &self.arn)
    }

    /// The ARN of the access point, or of the object behind it, for the ARN of a bucket or an object in which its own ARN is
    /// the bucket.
    pub(super) fn in_place_of_bucket(&self, arn: &str) -> Option<String> {
        with(&self.arn, in_bucket_form(arn)?.strip_prefix(&*self.arn)?)
    }

    /// The same for the ARN of its bucket, or of an object in there.
    pub(super) fn through(&self, arn: &str) -> Option<String> {
        let of = bucket(arn)?;
        let is_its = self.bucket.as_deref().is_none_or(|behind| of == behind) || self.named.as_deref() == Some(of);
        with(&self.arn, in_bucket_form(arn).filter(|_| is_its)?.strip_prefix(of)?)
    }
}

/// The ARN of what is behind an access point, for one in which an alias of the access point is the bucket, if the access
/// point is listed.
pub(super) fn without_alias<'e>(arn: &str, listed: impl Iterator<Item = &'e str>) -> Option<String> {
    let alias = bucket(arn)?;
    with(of_alias(alias, listed)?, in_bucket_form(arn)?.strip_prefix(alias)?)
}

/// The access point that an alias is of: it begins with the name, or as much of it as there is room for (S3 User Guide,
/// "Access point aliases").
fn of_alias<'e>(alias: &str, listed: impl Iterator<Item = &'e str>) -> Option<&'e str> {
    let (head, _) = alias.strip_suffix("-s3alias")?.rsplit_once('-')?;
    let has_name = |arn: &&str| {
        let name = Arn::parse(arn).and_then(|arn| arn.resource.strip_prefix("accesspoint/"));
        name.is_some_and(|name| name.starts_with(head))
    };
    access_points(listed).find(has_name)
}

fn access_points<'e>(arns: impl Iterator<Item = &'e str>) -> impl Iterator<Item = &'e str> {
    arns.filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.is_access_point()))
}

/// The ARN of the access point or, for a key behind a slash, of an object behind it.
fn with(access_point: &str, rest: &str) -> Option<String> {
    match rest.strip_prefix('/') {
        Some(key) => Some(format!("{access_point}/object/{key}")),
        None => rest.is_empty().then(|| access_point.to_owned()),
    }
}

/// The key in the ARN of an object, in a bucket or behind an access point.
pub(super) fn object_key(arn: &str) -> Option<&str> {
    let parsed = Arn::parse(arn)?;
    let split = if parsed.is_access_point() { "/object/" } else { "/" };
    parsed.resource.split_once(split).map(|(_, key)| key)
}

/// Whether an ARN is that of an access point, or of something behind it.
fn is_of(arn: &str, access_point: &str) -> bool {
    arn.strip_prefix(access_point).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The bucket in the ARN of a bucket or an object.
pub(super) fn bucket(arn: &str) -> Option<&str> {
    in_bucket_form(arn)?.split('/').next()
}

/// What stands in the ARN of a bucket or an object behind the colons: bucket and key, which may hold anything.
fn in_bucket_form(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn)?;
    (arn.service == "s3" && arn.region.is_empty() && arn.account.is_empty()).then_some(arn.resource)
}
