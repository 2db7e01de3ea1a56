//! Three-valued truth: what is known to hold, known not to hold, or not known.

use std::ops::Not;

/// Whether something holds. `Unknown` is never mistaken for either of the others, and negation leaves it alone.
///
/// ```
/// use can_access_engine::truth::Truth;
/// assert_eq!(Truth::Unknown.and(Truth::False), Truth::False);
/// assert_eq!(!Truth::Unknown, Truth::Unknown);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It may hold.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Whether both hold.
    ///
    /// ```
    /// # use can_access_engine::truth::Truth;
    /// assert_eq!(Truth::True.and(Truth::Unknown), Truth::Unknown);
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Whether one of them holds.
    ///
    /// ```
    /// # use can_access_engine::truth::Truth;
    /// assert_eq!(Truth::True.or(Truth::Unknown), Truth::True);
    /// ```
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether it is known to hold.
    ///
    /// ```
    /// # use can_access_engine::truth::Truth;
    /// assert!(!Truth::Unknown.is_true());
    /// ```
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// Whether it is known not to hold.
    ///
    /// ```
    /// # use can_access_engine::truth::Truth;
    /// assert!(!Truth::Unknown.is_false());
    /// ```
    #[must_use]
    pub fn is_false(self) -> bool {
        self == Self::False
    }

    /// Whether one of `truths` holds; stops at the first that does.
    pub(crate) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for truth in truths {
            result = result.or(truth);
            if result.is_true() {
                break;
            }
        }
        result
    }

    /// Whether all of `truths` hold; stops at the first that does not.
    pub(crate) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        !Self::any(truths.into_iter().map(|truth| !truth))
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}
