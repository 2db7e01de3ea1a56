//! Names of condition operators: `[ForAllValues:|ForAnyValue:]Base[IfExists]` (SEMANTICS R1.19–R1.21, R5.4).

use crate::catalogue::ValueType;
use crate::problem::edit_distance;
use std::fmt;

/// A set operator: how the values of a multivalued key are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// Every value in the request must match.
    ForAllValues,
    /// One value in the request must match.
    ForAnyValue,
}

impl SetOperator {
    /// The prefix as AWS writes it, without the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ForAllValues => "ForAllValues",
            Self::ForAnyValue => "ForAnyValue",
        }
    }
}

/// What kind of value an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Texts.
    String,
    /// Decimal numbers.
    Numeric,
    /// Points in time.
    Date,
    /// `true` and `false`.
    Bool,
    /// Bytes, as base64.
    Binary,
    /// IP addresses and ranges.
    Ip,
    /// ARNs, part by part.
    Arn,
    /// Whether the key is there.
    Null,
}

impl Family {
    /// The operators for values of a type.
    pub(crate) fn of(value_type: ValueType) -> Self {
        match value_type {
            ValueType::String => Self::String,
            ValueType::Arn => Self::Arn,
            ValueType::Bool => Self::Bool,
            ValueType::Numeric => Self::Numeric,
            ValueType::Date => Self::Date,
            ValueType::IpAddress => Self::Ip,
        }
    }
}

macro_rules! operators {
    ($($name:ident: $family:ident, $negated:literal;)*) => {
        /// The 27 operators without prefix and suffix.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are AWS's own")]
        pub enum Base { $($name,)* }

        impl Base {
            /// Every operator.
            pub const ALL: [Self; 27] = [$(Self::$name,)*];

            /// The name as AWS writes it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What kind of value it compares.
            #[must_use]
            pub fn family(self) -> Family {
                match self { $(Self::$name => Family::$family,)* }
            }

            /// Whether it is the inverse of another operator (R5.6).
            #[must_use]
            pub fn is_negated(self) -> bool {
                match self { $(Self::$name => $negated,)* }
            }
        }
    };
}

operators! {
    StringEquals: String, false;
    StringNotEquals: String, true;
    StringEqualsIgnoreCase: String, false;
    StringNotEqualsIgnoreCase: String, true;
    StringLike: String, false;
    StringNotLike: String, true;
    NumericEquals: Numeric, false;
    NumericNotEquals: Numeric, true;
    NumericLessThan: Numeric, false;
    NumericLessThanEquals: Numeric, false;
    NumericGreaterThan: Numeric, false;
    NumericGreaterThanEquals: Numeric, false;
    DateEquals: Date, false;
    DateNotEquals: Date, true;
    DateLessThan: Date, false;
    DateLessThanEquals: Date, false;
    DateGreaterThan: Date, false;
    DateGreaterThanEquals: Date, false;
    Bool: Bool, false;
    BinaryEquals: Binary, false;
    IpAddress: Ip, false;
    NotIpAddress: Ip, true;
    ArnEquals: Arn, false;
    ArnNotEquals: Arn, true;
    ArnLike: Arn, false;
    ArnNotLike: Arn, true;
    Null: Null, false;
}

/// An operator with its prefix and suffix.
///
/// ```
/// use can_access_engine::condition::Operator;
/// let operator = Operator::parse("forallvalues:stringlikeifexists").unwrap();
/// assert_eq!(operator.to_string(), "ForAllValues:StringLikeIfExists");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The set operator in front.
    pub set: Option<SetOperator>,
    /// What is compared, and how.
    pub base: Base,
    /// Whether a missing key makes the condition true.
    pub if_exists: bool,
}

impl Operator {
    /// Reads a name; letter case does not count (R1.19). `NullIfExists` does not exist (R1.21).
    ///
    /// ```
    /// use can_access_engine::condition::Operator;
    /// assert!(Operator::parse("NullIfExists").is_none());
    /// assert!(Operator::parse("StringEqual").is_none());
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetOperator::ForAllValues), rest)
            }
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(SetOperator::ForAnyValue), rest)
            }
            Some(_) => return None,
            None => (None, name),
        };
        let suffix = "IfExists";
        let cut = rest.len().checked_sub(suffix.len()).filter(|&cut| rest.is_char_boundary(cut));
        let (rest, if_exists) = match cut.map(|cut| rest.split_at(cut)) {
            Some((base, end)) if end.eq_ignore_ascii_case(suffix) => (base, true),
            _ => (rest, false),
        };
        let base = Base::ALL.into_iter().find(|base| base.name().eq_ignore_ascii_case(rest))?;
        (base != Base::Null || !if_exists).then_some(Self { set, base, if_exists })
    }

    /// Whether a name is the one that AWS writes.
    pub(crate) fn is_written(self, name: &str) -> bool {
        let base = match self.set {
            Some(set) => name.strip_prefix(set.name()).and_then(|rest| rest.strip_prefix(':')),
            None => Some(name),
        };
        let base = if self.if_exists { base.and_then(|base| base.strip_suffix("IfExists")) } else { base };
        base == Some(self.base.name())
    }

    /// The operator whose name is nearest to `name`, if one is near enough to be meant.
    pub(crate) fn nearest(name: &str) -> Option<String> {
        let (prefix, rest) = name.split_once(':').map_or(("", name), |(prefix, rest)| (prefix, rest));
        let lower = rest.to_ascii_lowercase();
        let (stem, suffix) = match lower.strip_suffix("ifexists") {
            Some(stem) => (stem, "IfExists"),
            None => (lower.as_str(), ""),
        };
        let distance = |base: &Base| edit_distance(stem, &base.name().to_ascii_lowercase());
        let nearest = Base::ALL.into_iter().min_by_key(distance)?;
        let limit = stem.len() / 3 + 1;
        let set = [SetOperator::ForAllValues, SetOperator::ForAnyValue]
            .into_iter()
            .min_by_key(|set| edit_distance(&prefix.to_ascii_lowercase(), &set.name().to_ascii_lowercase()));
        let set = set.filter(|_| !prefix.is_empty()).map_or(String::new(), |set| format!("{}:", set.name()));
        let suffix = if nearest == Base::Null { "" } else { suffix };
        (distance(&nearest) <= limit).then(|| format!("{set}{}{suffix}", nearest.name()))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(set) = self.set {
            write!(f, "{}:", set.name())?;
        }
        write!(f, "{}{}", self.base.name(), if self.if_exists { "IfExists" } else { "" })
    }
}
