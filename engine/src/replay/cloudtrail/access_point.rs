//! Requests of CloudTrail that went through an access point of S3 (SEMANTICS R9.12): policies are asked about the ARN of the
//! access point, and the event tells, here and there, that of the bucket behind it.

use crate::arn::Arn;

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
    /// another one, and in another bucket.
    pub(super) fn find<'e>(
        named: Option<&'e str>,
        listed: impl Iterator<Item = &'e str> + Clone,
        sources: &[String],
    ) -> Option<Self> {
        let is_access_point = |arn: &&str| Arn::parse(arn).is_some_and(|arn| arn.is_access_point());
        let of_source = |arn: &&str| sources.iter().any(|source| is_of(source, arn));
        let others = listed.clone().filter(|arn| !of_source(arn));
        let arn = named.into_iter().chain(others).find(is_access_point)?.to_owned();
        // The source may be in the same bucket: then something else of it has to be listed.
        let of_source = |name: &str| sources.iter().any(|source| bucket(source) == Some(name));
        let is_other = |arn: &&str| arn.contains('/') && !sources.iter().any(|source| source == arn);
        let mut names = listed.clone().filter_map(bucket);
        let behind = names.find(|name| !of_source(name)).or_else(|| listed.filter(is_other).find_map(bucket));
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
        self.with(in_bucket_form(arn)?.strip_prefix(&*self.arn)?)
    }

    /// The same for the ARN of its bucket, or of an object in there.
    pub(super) fn through(&self, arn: &str) -> Option<String> {
        let of = bucket(arn)?;
        let is_its = self.bucket.as_deref().is_none_or(|behind| of == behind) || self.named.as_deref() == Some(of);
        self.with(in_bucket_form(arn).filter(|_| is_its)?.strip_prefix(of)?)
    }

    fn with(&self, rest: &str) -> Option<String> {
        match rest.strip_prefix('/') {
            Some(key) => Some(format!("{}/object/{key}", self.arn)),
            None => rest.is_empty().then(|| self.arn.clone()),
        }
    }
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
