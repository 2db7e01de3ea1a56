//! What AWS's own data says about a question and about a policy: actions that do not exist, resources that an action
//! cannot be about, condition keys that nothing supplies.
//!
//! Nothing here changes a decision. [`request`] and [`context`] give remarks about a question, [`policy`](fn@policy)
//! gives warnings with places, in the form that reading a policy gives its own.

mod policy;

pub use policy::policy;

use crate::arn::Arn;
use crate::catalogue::global::GlobalKey;
use crate::catalogue::{self, Catalogue, Service, Template, ValueType, either};
use crate::condition::{Family, is_of};
use crate::request::{ContextValue, Request, Resource};
use std::fmt;

/// How many forms of ARNs a remark shows.
const FORMS: usize = 3;

/// Something about a question that its author may not have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// The resource has not the form of any that the action can be about.
    OtherResource {
        /// The action.
        action: String,
        /// The resource that was named.
        resource: String,
        /// The type in the same service whose form it has.
        looks_like: Option<String>,
        /// The forms that would make sense.
        forms: Forms,
    },
    /// The action has no resource-level permissions, and an ARN was named.
    NoResourceLevel {
        /// The action.
        action: String,
    },
    /// The action can be about a resource, and `*` was named.
    AllResources {
        /// The action.
        action: String,
        /// The forms that would make sense.
        forms: Forms,
    },
    /// AWS has no such condition key.
    UnknownKey {
        /// The key.
        key: String,
        /// What was probably meant.
        nearest: Vec<String>,
    },
    /// The key exists, but not for the action.
    UnsupportedKey {
        /// The key.
        key: String,
        /// The action.
        action: String,
    },
    /// A value that is none of the key's type.
    WrongType {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What its values are.
        wanted: &'static str,
    },
    /// One value for a key that holds a list.
    TakenAsList {
        /// The key.
        key: String,
    },
    /// A list for a key that holds one value.
    NoList {
        /// The key.
        key: String,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherResource { action, resource, looks_like: Some(of), forms } => {
                write!(f, "`{resource}` has the form of {of}, but `{action}` is about {}", either_form(forms))
            }
            Self::OtherResource { action, resource, looks_like: None, forms } => {
                write!(f, "`{action}` is about {}; `{resource}` has another form", either_form(forms))
            }
            Self::NoResourceLevel { action } => write!(
                f,
                "AWS lists no resource for `{action}`: its requests are about `*`, which only statements on `*` match"
            ),
            Self::AllResources { action, forms } => write!(
                f,
                "asked of `*`, which only statements on `*` match; `{action}` can be about {}",
                either_form(forms)
            ),
            Self::UnknownKey { key, nearest } if nearest.is_empty() => {
                write!(f, "AWS lists no condition key `{key}`")
            }
            Self::UnknownKey { key, nearest } => {
                write!(f, "AWS lists no condition key `{key}`; did you mean {}?", either(nearest))
            }
            Self::UnsupportedKey { key, action } => {
                write!(f, "AWS lists no condition key `{key}` for `{action}`, so its requests do not have it")
            }
            Self::WrongType { key, value, wanted } => write!(f, "`{key}` holds {wanted}, which `{value}` is not"),
            Self::TakenAsList { key } => {
                write!(f, "`{key}` holds a list: the value is taken as a list of one, for ForAllValues and ForAnyValue")
            }
            Self::NoList { key } => write!(f, "`{key}` holds one value by AWS's data, and a list was given"),
        }
    }
}

fn either_form(forms: &Forms) -> String {
    let others = match forms.others {
        0 => String::new(),
        1 => " (and one other form)".to_owned(),
        others => format!(" (and {others} other forms)"),
    };
    match &forms.shown[..] {
        [] => "something else".to_owned(),
        shown => format!("{}{others}", either(shown)),
    }
}

/// Forms of ARNs, as one would fill them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms {
    /// The likeliest ones, at most three.
    pub shown: Vec<String>,
    /// How many there are besides.
    pub others: usize,
}

/// What there is to say about action and resource of a question.
///
/// ```
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::checks;
/// use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
/// let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
/// let (action, context) = (Action::parse("s3:ListBucket").unwrap(), Context::new());
/// let resource = Resource::parse("arn:aws:s3:::reports/2026").unwrap();
/// let facts = Facts::default();
/// let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
/// assert_eq!(
///     checks::request(Catalogue::published(), &request).unwrap().to_string(),
///     "`arn:aws:s3:::reports/2026` has the form of `object` of Amazon S3, but `s3:ListBucket` is about \
///      `arn:aws:s3:::BUCKET_NAME` (and one other form)"
/// );
/// ```
#[must_use]
pub fn request(catalogue: &Catalogue, request: &Request<'_>) -> Option<Remark> {
    Resources::of(catalogue.action(request.action().as_str())?).remark(catalogue, request.resource())
}

/// The resources that an action can be about, looked up once for many questions.
#[derive(Debug, Clone)]
pub struct Resources<'c> {
    action: catalogue::Action<'c>,
    takes_resource: bool,
    templates: Vec<(Template<'c>, Arn<'c>)>,
}

impl<'c> Resources<'c> {
    /// Looks them up.
    #[must_use]
    pub fn of(action: catalogue::Action<'c>) -> Self {
        let templates = templates(action).filter_map(|(_, template)| Some((template, template.parsed()?))).collect();
        Self { action, takes_resource: action.takes_resource(), templates }
    }

    /// The same as [`request`] says of a request with that action on a resource.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// use can_access_engine::checks::{Remark, Resources};
    /// use can_access_engine::request::Resource;
    /// let catalogue = Catalogue::published();
    /// let resources = Resources::of(catalogue.action("ec2:DescribeInstances").unwrap());
    /// let instance = Resource::parse("arn:aws:ec2:eu-west-1:111122223333:instance/i-1").unwrap();
    /// assert!(matches!(resources.remark(catalogue, &instance), Some(Remark::NoResourceLevel { .. })));
    /// ```
    #[must_use]
    pub fn remark(&self, catalogue: &Catalogue, resource: &Resource<'_>) -> Option<Remark> {
        let known = self.action;
        let Some(arn) = resource.arn().copied() else {
            let remark = || Remark::AllResources { action: known.to_string(), forms: resource_forms(known, None) };
            return self.takes_resource.then(remark);
        };
        if !self.takes_resource {
            let action = known.to_string();
            // The list of all buckets is asked of `arn:aws:s3:::*` just as well (R3.24).
            let all_buckets = action == "s3:ListAllMyBuckets" && arn.service == "s3" && arn.resource == "*";
            return (!all_buckets).then_some(Remark::NoResourceLevel { action });
        }
        if self.templates.iter().any(|(template, parsed)| template.fits_as(parsed, &arn)) {
            return None;
        }
        Some(Remark::OtherResource {
            action: known.to_string(),
            resource: resource.as_str().to_owned(),
            looks_like: type_of(catalogue, &arn),
            forms: resource_forms(known, Some(&arn)),
        })
    }
}

/// What the ARN is by its form: the type of resources of its service.
fn type_of(catalogue: &Catalogue, arn: &Arn<'_>) -> Option<String> {
    let service = catalogue.service(arn.service)?;
    let fits = |of: &catalogue::ResourceType<'_>| of.arns().any(|template| template.fits(arn));
    let of = service.resource_types().find(fits)?;
    Some(format!("`{}` of {}", of.name(), service.title()))
}

/// The forms of ARNs that an action can be about: first those with the same word in front of the name as `like`, then
/// those with account and Region where it has them, then the shortest. Only those of the best kind are shown.
///
/// ```
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::checks::resource_forms;
/// let action = Catalogue::published().action("dynamodb:GetItem").unwrap();
/// assert_eq!(resource_forms(action, None).shown, ["arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE_NAME"]);
/// ```
#[must_use]
pub fn resource_forms(action: catalogue::Action<'_>, like: Option<&Arn<'_>>) -> Forms {
    let partition = like.map_or("aws", |arn| arn.partition);
    let word = |resource: &str| resource.split([':', '/']).next().map(str::to_owned);
    let mut forms: Vec<((bool, bool), usize, String)> = templates(action)
        .map(|(_, template)| {
            let parts: Vec<&str> = template.as_str().splitn(6, ':').collect();
            let part = |at: usize| parts.get(at).copied().unwrap_or_default();
            let unlike = like.map_or((false, false), |arn| {
                let same_word =
                    arn.service == part(2) && arn.resource.contains([':', '/']) && word(arn.resource) == word(part(5));
                let same_fields = [arn.region, arn.account].map(str::is_empty) == [part(3), part(4)].map(str::is_empty);
                (!same_word, !same_fields)
            });
            let filled = template.filled(partition);
            (unlike, filled.len(), filled)
        })
        .collect();
    forms.sort();
    forms.dedup();
    let all = forms.len();
    let best = forms.first().map(|(unlike, ..)| *unlike);
    let shown: Vec<String> =
        forms.into_iter().filter(|(unlike, ..)| Some(*unlike) == best).take(FORMS).map(|(.., form)| form).collect();
    Forms { others: all - shown.len(), shown }
}

fn templates(action: catalogue::Action<'_>) -> impl Iterator<Item = (catalogue::ResourceType<'_>, Template<'_>)> {
    let types = action.resources().filter_map(catalogue::ActionResource::resource_type);
    types.flat_map(|of| of.arns().map(move |template| (of, template)))
}

/// What there is to say about a condition key that a question gives a value.
///
/// ```
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::checks;
/// use can_access_engine::request::ContextValue;
/// let catalogue = Catalogue::published();
/// let remarks = |key, value: &str| -> Vec<String> {
///     let value = ContextValue::Single(value.to_owned());
///     checks::context(catalogue, catalogue.action("s3:GetObject"), key, &value).iter().map(ToString::to_string).collect()
/// };
/// assert!(remarks("aws:SourceIp", "203.0.113.7").is_empty());
/// assert_eq!(remarks("aws:SourceIp", "office"), ["`aws:SourceIp` holds an IP address, which `office` is not"]);
/// assert_eq!(remarks("aws:SorceIp", "203.0.113.7"), ["AWS lists no condition key `aws:SorceIp`; did you mean `aws:SourceIp`?"]);
/// assert_eq!(
///     remarks("s3:prefix", "home/"),
///     ["AWS lists no condition key `s3:prefix` for `s3:GetObject`, so its requests do not have it"]
/// );
/// ```
#[must_use]
pub fn context(
    catalogue: &Catalogue,
    action: Option<catalogue::Action<'_>>,
    key: &str,
    value: &ContextValue,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let known = match find_key(catalogue, action, key) {
        Found::OfProvider => return remarks,
        Found::Nowhere => {
            let nearest = catalogue.nearest_keys(key);
            return vec![Remark::UnknownKey { key: key.to_owned(), nearest }];
        }
        Found::Key(known) => known,
    };
    if let Some(action) = action.filter(|action| known.by_action && !action.supports(key)) {
        remarks.push(Remark::UnsupportedKey { key: key.to_owned(), action: action.to_string() });
    }
    let values = match value {
        ContextValue::Single(text) => std::slice::from_ref(text),
        ContextValue::Multi(texts) => texts,
    };
    if let Some(value) = values.iter().find(|value| !fits(known.value_type, value)) {
        let wanted = known.value_type.describe();
        remarks.push(Remark::WrongType { key: key.to_owned(), value: value.clone(), wanted });
    }
    match value {
        ContextValue::Single(_) if known.list => remarks.push(Remark::TakenAsList { key: key.to_owned() }),
        ContextValue::Multi(_) if !known.list => remarks.push(Remark::NoList { key: key.to_owned() }),
        ContextValue::Single(_) | ContextValue::Multi(_) => {}
    }
    remarks
}

/// Whether a text is a value of a type.
fn fits(value_type: ValueType, text: &str) -> bool {
    match Family::of(value_type) {
        Family::Arn => Arn::parse(text).is_some(),
        family => is_of(family, text),
    }
}

/// What is known of a condition key.
struct KnownKey {
    value_type: ValueType,
    list: bool,
    /// Whether AWS lists for each action whether it has the key.
    by_action: bool,
}

enum Found {
    Key(KnownKey),
    /// A key of an identity provider, which may be any host.
    OfProvider,
    Nowhere,
}

/// Finds a key among the global ones, those of the action's service and those of the service of its own prefix.
fn find_key(catalogue: &Catalogue, action: Option<catalogue::Action<'_>>, key: &str) -> Found {
    if let Some(global) = GlobalKey::find(key) {
        let folded = key.to_lowercase();
        let by_action =
            ["aws:tagkeys", "aws:requesttag/", "aws:resourcetag/"].iter().any(|tag| folded.starts_with(tag));
        return Found::Key(KnownKey { value_type: global.value_type(), list: global.is_list(), by_action });
    }
    let prefix = key.split_once(':').map_or("", |(prefix, _)| prefix);
    let services = [action.map(catalogue::Action::service), catalogue.service(prefix)];
    let found = services.into_iter().flatten().flat_map(Service::keys).find(|known| known.covers(key));
    match found {
        Some(known) => Found::Key(KnownKey { value_type: known.value_type(), list: known.is_list(), by_action: true }),
        // A host, or something that is still to be filled in.
        None if prefix.contains(['.', '$', '<', '{', '%']) => Found::OfProvider,
        // Keys of federation belong to a service of another name.
        None => match catalogue.service("sts").into_iter().flat_map(Service::keys).find(|known| known.covers(key)) {
            Some(known) => {
                Found::Key(KnownKey { value_type: known.value_type(), list: known.is_list(), by_action: false })
            }
            None => Found::Nowhere,
        },
    }
}
