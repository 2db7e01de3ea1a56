//! JSON text into a located tree: every value knows its place and its path, and every mistake is reported where it is.
//!
//! This is the reader for policy text, strict about what JSON is and patient about what it finds: it reports every
//! independent mistake of a text in one pass, because the people who write policies by hand would rather fix four
//! mistakes than find them one by one. It knows nothing of policies. Numbers keep their source text.
//!
//! On every text it agrees with `serde_json` whether it is JSON and on its values; the exceptions are duplicate names,
//! which are a problem here, and numbers too large for a float, which are none.

mod reader;

use crate::problem::{Code, Problem, Span};
use std::borrow::Cow;

/// A text of a document: a piece of what was read, or, where that has escapes or mistakes, what it stands for.
pub type Text<'t> = Cow<'t, str>;

/// A value with the place it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'t> {
    /// The bytes of the value, quotes and brackets included.
    pub span: Span,
    /// The value.
    pub value: Value<'t>,
}

/// A JSON value. Numbers are kept as their source text, so that `1.20` stays `1.20`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(Text<'t>),
    /// A string, its escapes resolved.
    String(Text<'t>),
    /// A list.
    Array(Vec<Node<'t>>),
    /// Names and values in the order of the text, duplicates included.
    Object(Vec<Member<'t>>),
}

/// A name and its value in an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'t> {
    /// The name, its escapes resolved.
    pub name: Text<'t>,
    /// Where the name stands, quotes included.
    pub name_span: Span,
    /// The value.
    pub value: Node<'t>,
}

/// What reading a text gives: the tree as far as it could be understood, and the problems in the order of their places.
///
/// The text is JSON exactly if no problem is an error, duplicate names aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<'t> {
    /// The tree; with errors, a best guess at what was meant.
    pub root: Option<Node<'t>>,
    /// Everything found, in order.
    pub problems: Vec<Problem>,
}

/// Reads a text.
///
/// ```
/// use can_access_engine::document;
/// use can_access_engine::problem::Code;
///
/// let reading = document::read(r#"{ "a": 1 "b": [2,] }"#);
/// let codes: Vec<_> = reading.problems.iter().map(|problem| (problem.code, problem.span.start)).collect();
/// assert_eq!(codes, [(Code::MissingComma, 8), (Code::TrailingComma, 16)]);
/// ```
#[must_use]
pub fn read(text: &str) -> Reading<'_> {
    reader::read(text)
}

/// Bytes as text, and what is wrong with them if they are no UTF-8: [`Code::Utf16`] for UTF-16, [`Code::NotUtf8`] with
/// the place of the first wrong byte otherwise. The text then has replacement characters, and is for showing only.
///
/// ```
/// use can_access_engine::document::decode;
/// use can_access_engine::problem::Code;
/// assert_eq!(decode(b"{}".to_vec()), ("{}".to_owned(), None));
/// assert_eq!(decode(b"{\xff}".to_vec()).1.unwrap().code, Code::NotUtf8);
/// ```
#[must_use]
pub fn decode(bytes: Vec<u8>) -> (String, Option<Problem>) {
    // A policy in ASCII letters, each two bytes wide, is UTF-8 as well; its zero bytes give it away.
    if let [0, b'{', 0, _, ..] | [b'{', 0, _, 0, ..] = &*bytes {
        return (String::from_utf8_lossy(&bytes).into_owned(), Some(utf16()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let problem = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
                utf16()
            } else {
                let byte = bytes.get(at).copied().unwrap_or_default();
                Problem::error(Code::NotUtf8, Span::at(at), format!("byte 0x{byte:02X} is not UTF-8"))
                    .help("save the file again as UTF-8")
            };
            (String::from_utf8_lossy(&bytes).into_owned(), Some(problem))
        }
    }
}

fn utf16() -> Problem {
    Problem::error(Code::Utf16, Span::at(0), "the text is UTF-16; policies are UTF-8")
        .help("save the file again as UTF-8 without a byte-order mark")
}

impl Value<'_> {
    /// What the value is called in messages.
    ///
    /// ```
    /// use can_access_engine::document::Value;
    /// assert_eq!(Value::Null.kind(), "null");
    /// ```
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'t> Node<'t> {
    /// The same with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> Node<'static> {
        let owned = |text: Text<'_>| Text::Owned(text.into_owned());
        let value = match self.value {
            Value::Null => Value::Null,
            Value::Bool(truth) => Value::Bool(truth),
            Value::Number(text) => Value::Number(owned(text)),
            Value::String(text) => Value::String(owned(text)),
            Value::Array(items) => Value::Array(items.into_iter().map(Node::into_owned).collect()),
            Value::Object(members) => Value::Object(members.into_iter().map(Member::into_owned).collect()),
        };
        Node { span: self.span, value }
    }

    /// The JSON path of the innermost value that holds `offset`, such as `$.Statement[0].Action`.
    ///
    /// ```
    /// use can_access_engine::document;
    /// let root = document::read(r#"{"Statement": [{"Effect": "Allow"}]}"#).root.unwrap();
    /// assert_eq!(root.path_at(27), "$.Statement[0].Effect");
    /// ```
    #[must_use]
    pub fn path_at(&self, offset: usize) -> String {
        let mut path = String::from("$");
        let mut node = self;
        loop {
            let holds = |span: Span| span.start <= offset && offset < span.end;
            let next = match &node.value {
                Value::Array(items) => {
                    items.iter().enumerate().find(|(_, item)| holds(item.span)).map(|(index, item)| {
                        path.push_str(&format!("[{index}]"));
                        item
                    })
                }
                Value::Object(members) => {
                    members.iter().find(|member| holds(member.name_span) || holds(member.value.span)).map(|member| {
                        let plain = !member.name.is_empty()
                            && member.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                        if plain {
                            path.push_str(&format!(".{}", member.name));
                        } else {
                            path.push_str(&format!("[{:?}]", member.name));
                        }
                        &member.value
                    })
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            };
            match next {
                Some(inner) => node = inner,
                None => return path,
            }
        }
    }

    /// The first member called `name`, if the value is an object that has one.
    ///
    /// ```
    /// use can_access_engine::document;
    /// let root = document::read(r#"{"Version": "2012-10-17"}"#).root.unwrap();
    /// assert!(root.get("Version").is_some());
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Member<'t>> {
        match &self.value {
            Value::Object(members) => members.iter().find(|member| member.name == name),
            _ => None,
        }
    }

    /// The text, if the value is a string.
    ///
    /// ```
    /// use can_access_engine::document;
    /// assert_eq!(document::read("\"x\"").root.unwrap().as_str(), Some("x"));
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list, or the value itself as a list of one: IAM takes both wherever it takes a list (R1.14).
    ///
    /// ```
    /// use can_access_engine::document;
    /// assert_eq!(document::read("[1, 2]").root.unwrap().one_or_many().len(), 2);
    /// assert_eq!(document::read("1").root.unwrap().one_or_many().len(), 1);
    /// ```
    #[must_use]
    pub fn one_or_many(&self) -> &[Node<'t>] {
        match &self.value {
            Value::Array(items) => items,
            _ => std::slice::from_ref(self),
        }
    }
}

impl Member<'_> {
    /// The same with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> Member<'static> {
        let name = Text::Owned(self.name.into_owned());
        Member { name, name_span: self.name_span, value: self.value.into_owned() }
    }
}

/// Goes through the strings of an element that is one string or a list of them; everything else is reported.
pub(crate) fn strings<'n>(
    node: &'n Node<'_>,
    element: &str,
    problems: &mut Vec<Problem>,
    mut each: impl FnMut(&'n str, Span, &mut Vec<Problem>),
) {
    for item in node.one_or_many() {
        match &item.value {
            Value::String(text) => each(text, item.span, problems),
            Value::Array(_) => problems.push(Problem::error(
                Code::NestedList,
                item.span,
                format!("a list of `{element}` holds strings, not lists"),
            )),
            other => problems.push(Problem::error(
                Code::WrongType,
                item.span,
                format!("`{element}` takes strings, not {}", other.kind()),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
