//! Names that are not in the catalogue, and what was probably meant.

use super::global::GlobalKey;
use super::{Action, Catalogue, Service, operations};
use crate::problem::edit_distance;
use std::fmt;

/// How many names are suggested.
const SUGGESTIONS: usize = 3;

/// An action that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    text: String,
    what: What,
    suggestions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// No service has the prefix.
    Service,
    /// The service is known, the name is not.
    Action,
    /// An operation of the service's API, which needs these permissions.
    Operation(&'static str),
}

impl Catalogue {
    /// The action `service:Name`; or what is wrong with it.
    ///
    /// # Errors
    /// [`Unknown`], with the nearest real names, always in the same order.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let unknown = Catalogue::published().look_up("s3:GetObjet").unwrap_err();
    /// assert_eq!(unknown.to_string(), "there is no action `s3:GetObjet`");
    /// assert_eq!(unknown.suggestions()[0], "s3:GetObject");
    ///
    /// let unknown = Catalogue::published().look_up("s3:ListObjectsV2").unwrap_err();
    /// assert_eq!(unknown.help().unwrap(), "that operation needs `s3:ListBucket` on the bucket");
    /// ```
    pub fn look_up(&self, text: &str) -> Result<Action<'_>, Unknown> {
        let (prefix, name) = text.split_once(':').unwrap_or((text, ""));
        let service = self.service(prefix);
        if let Some(action) = service.and_then(|service| service.action(name)) {
            return Ok(action);
        }
        let unknown = |what, suggestions| Err(Unknown { text: text.to_owned(), what, suggestions });
        let meant = self.services_meant(prefix);
        for service in &meant {
            if let Some(needed) = operations::needed(service.prefix(), name) {
                return unknown(What::Operation(needed), Vec::new());
            }
        }
        let what = if service.is_some() { What::Action } else { What::Service };
        let mut suggestions: Vec<String> =
            meant.iter().filter_map(|service| service.action(name)).map(|action| action.to_string()).collect();
        if suggestions.is_empty() {
            let near = meant.iter().flat_map(|service| service.nearest_actions(name));
            suggestions = near.take(SUGGESTIONS).map(|action| action.to_string()).collect();
        }
        if suggestions.is_empty() {
            suggestions = self.elsewhere(prefix, name).iter().map(ToString::to_string).collect();
        }
        if suggestions.is_empty() && service.is_none() {
            suggestions = meant.iter().take(SUGGESTIONS).map(|service| format!("{}:…", service.prefix())).collect();
        }
        unknown(what, suggestions)
    }

    /// Actions of that name under other prefixes, those with the most similar prefix first. If many services have one, or
    /// the name is one word, it says little: then only a prefix that differs by a letter is taken for meant, or none.
    fn elsewhere(&self, prefix: &str, name: &str) -> Vec<Action<'_>> {
        if words(name).count() < 2 {
            return Vec::new();
        }
        let folded = prefix.to_lowercase();
        let distance = |action: &Action<'_>| edit_distance(&folded, action.service().prefix());
        let mut all: Vec<Action<'_>> = self.services().filter_map(|service| service.action(name)).collect();
        all.sort_by_key(distance);
        if all.len() > 2 * SUGGESTIONS {
            all.retain(|action| distance(action) <= 1);
        }
        all.truncate(SUGGESTIONS);
        all
    }

    /// The services that somebody can have meant by a prefix that none has, always in the same order.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let meant = Catalogue::published().nearest_services("emr");
    /// assert_eq!(meant.iter().map(|service| service.prefix()).collect::<Vec<_>>(), ["elasticmapreduce"]);
    /// ```
    #[must_use]
    pub fn nearest_services(&self, prefix: &str) -> Vec<Service<'_>> {
        self.services_meant(prefix)
    }

    /// The services that somebody can have meant by a prefix: the one that has it; those that a client of that name
    /// calls; or those with a similar prefix.
    fn services_meant(&self, prefix: &str) -> Vec<Service<'_>> {
        if let Some(service) = self.service(prefix) {
            return vec![service];
        }
        let folded = prefix.to_lowercase();
        let clients = operations::prefixes_of_client(&folded);
        let of_client: Vec<Service<'_>> = clients.filter_map(|prefix| self.service(prefix)).collect();
        if !of_client.is_empty() {
            return of_client;
        }
        let limit = allowance(&folded);
        nearest(self.services(), |service| edit_distance(&folded, service.prefix()), limit)
    }

    /// The keys that somebody can have meant by a condition key that is not known, nearest first, always in the same
    /// order.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert_eq!(Catalogue::published().nearest_keys("aws:SourceIpp"), ["aws:SourceIp"]);
    /// ```
    #[must_use]
    pub fn nearest_keys(&self, key: &str) -> Vec<String> {
        let folded = key.to_lowercase();
        let prefix = folded.split_once(':').map_or("", |(prefix, _)| prefix);
        let services = self.services_meant(prefix);
        let mut names: Vec<&str> = GlobalKey::all().map(GlobalKey::name).collect();
        names.extend(services.iter().flat_map(|service| service.keys()).map(|key| key.name()));
        // What varies in a name is compared up to the slash or colon before it.
        let fixed = |name: &str| name.find(['$', '<']).map_or(name.len(), |at| at);
        let distance = |name: &&str| {
            let end = fixed(name);
            let head = name.get(..end).unwrap_or_default().to_lowercase();
            let of_key =
                if end < name.len() { folded.find('/').map_or(folded.len(), |at| at + 1) } else { folded.len() };
            edit_distance(folded.get(..of_key).unwrap_or_default(), &head)
        };
        let mut near = nearest(names.iter().copied(), distance, allowance(&folded));
        if near.is_empty() {
            // The right name under the wrong prefix: `s3:SourceIp`, `aws:prefix`.
            let name = folded.split_once(':').map_or("", |(_, name)| name);
            let behind = |known: &str| known.split_once(':').is_some_and(|(_, known)| known.eq_ignore_ascii_case(name));
            near = GlobalKey::all().map(GlobalKey::name).filter(|known| behind(known)).collect();
        }
        near.dedup();
        near.into_iter().map(str::to_owned).collect()
    }
}

impl<'c> Service<'c> {
    /// Its actions with a name like `name`, nearest first.
    fn nearest_actions(self, name: &str) -> Vec<Action<'c>> {
        let folded = name.to_lowercase();
        let distance = |action: &Action<'c>| edit_distance(&folded, &action.name().to_lowercase());
        let near = nearest(self.actions(), distance, allowance(&folded));
        if !near.is_empty() {
            return near;
        }
        // The beginning of longer names: `athena:StartQuery`.
        let longer: Vec<Action<'c>> = self
            .actions()
            .filter(|action| folded.len() > 3 && action.name().to_lowercase().starts_with(&folded))
            .collect();
        if (1..=SUGGESTIONS).contains(&longer.len()) {
            return longer;
        }
        // Another verb for the same: `s3:ReadObject`, `dynamodb:InsertItem`.
        let wanted = meaning(name);
        if wanted.len() < 2 {
            return Vec::new();
        }
        self.actions().filter(|action| meaning(action.name()) == wanted).take(SUGGESTIONS).collect()
    }
}

impl Unknown {
    /// The nearest real names.
    #[must_use]
    pub fn suggestions(&self) -> &[String] {
        &self.suggestions
    }

    /// Whether no service has the prefix, so that the service may be newer than the catalogue.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.what == What::Service
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match (&self.what, &self.suggestions[..]) {
            (What::Operation(needed), _) => Some(format!("that operation needs {needed}")),
            (_, []) => None,
            (_, names) => Some(format!("did you mean {}?", either(names))),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.what {
            What::Service => {
                let prefix = text.split_once(':').map_or(text.as_str(), |(prefix, _)| prefix);
                write!(f, "there is no action `{text}`: no service has the prefix `{prefix}`")
            }
            What::Action => write!(f, "there is no action `{text}`"),
            What::Operation(_) => write!(f, "`{text}` is an operation of the API, not an action"),
        }
    }
}

/// Names in back quotes, joined by "or".
pub(crate) fn either(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
    }
}

/// How many letters of a name may be wrong.
fn allowance(name: &str) -> usize {
    match name.chars().count() {
        0..=1 => 0,
        2..=5 => 1,
        6..=11 => 2,
        _ => 3,
    }
}

/// What is nearest, at most `limit` away: the nearest, and those almost as near; first by distance, then in order.
fn nearest<T: Copy>(all: impl Iterator<Item = T>, distance: impl Fn(&T) -> usize, limit: usize) -> Vec<T> {
    let mut near: Vec<(usize, T)> =
        all.map(|item| (distance(&item), item)).filter(|(distance, _)| *distance <= limit).collect();
    near.sort_by_key(|(distance, _)| *distance);
    let best = near.first().map_or(0, |(distance, _)| *distance);
    near.into_iter().filter(|(distance, _)| *distance <= best).take(SUGGESTIONS).map(|(_, item)| item).collect()
}

/// The words of a name in lower case, verbs of the same meaning replaced by one, plural left out.
fn meaning(name: &str) -> Vec<String> {
    let mut words: Vec<String> = words(name).map(|word| word.to_lowercase()).collect();
    if let Some(verb) = words.first_mut() {
        let same = match verb.as_str() {
            "read" | "fetch" | "download" | "retrieve" | "view" | "show" | "head" => "get",
            "insert" | "write" | "upload" | "set" | "store" => "put",
            "remove" | "destroy" | "drop" | "terminate" => "delete",
            "new" | "make" | "add" => "create",
            "edit" | "change" | "modify" => "update",
            "enumerate" | "describe" => "list",
            "call" | "execute" | "run" => "invoke",
            other => other,
        };
        *verb = same.to_owned();
    }
    for word in words.iter_mut().skip(1) {
        if word.len() > 3 && word.ends_with('s') {
            word.pop();
        }
    }
    words
}

/// The words of a name in camel case: `PutBucketACL2` is `Put`, `Bucket`, `ACL2`.
pub(crate) fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let mut before = first;
        let mut end = rest.len();
        let mut characters = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = characters.next() {
            let next_is_lower = characters.peek().is_some_and(|(_, next)| next.is_lowercase());
            let begins = c.is_uppercase() && (!before.is_uppercase() || next_is_lower);
            if begins || !c.is_alphanumeric() || !before.is_alphanumeric() {
                end = at;
                break;
            }
            before = c;
        }
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some(word)
    })
}
