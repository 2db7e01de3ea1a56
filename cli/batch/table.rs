//! Rows of a table (RFC 4180), each on a line of its own, so that a quote that is not closed costs no more than its row.
//! The crate csv takes such a row for the beginning of all that follow, and what stands behind a quote for more of it.

use super::entry::Mistake;

/// The fields of a row. Spaces around them count where they stand in quotes only.
pub(crate) fn fields(line: &str) -> Result<Vec<String>, Mistake> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, behind) = match rest.trim_ascii_start().strip_prefix('"') {
            Some(quoted) => {
                let opened = line.len() - quoted.len();
                let open = || Mistake::at(line, opened - 1, "the quote is not closed on this line".to_owned());
                let (field, behind) = unquoted(quoted).ok_or_else(open)?;
                (field, behind.trim_ascii_start())
            }
            None => {
                let (field, behind) = rest.split_at(rest.find([',', '"']).unwrap_or(rest.len()));
                (field.trim_ascii().to_owned(), behind)
            }
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(fields),
            None => {
                let why = "quotes stand around a whole field; write one inside as two".to_owned();
                return Err(Mistake::at(line, line.len() - behind.len(), why));
            }
        }
    }
}

/// A field up to the quote that closes it, and what is behind that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('"')?;
        field.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        for (line, wanted) in [
            ("a,b", vec!["a", "b"]),
            ("", vec![""]),
            (" a , b ,", vec!["a", "b", ""]),
            (r#""a,b", " c " ,"""d""""#, vec!["a,b", " c ", "\"d\""]),
        ] {
            assert_eq!(fields(line).ok(), Some(wanted.into_iter().map(str::to_owned).collect()), "{line}");
        }
    }

    #[test]
    fn quotes_that_are_out_of_place_are_told() {
        for (line, wanted) in [(r#"é,"b"#, 3), (r#"a,"b"x"#, 6), (r#"a,b"c""#, 4), (r#"a,"b"""#, 3)] {
            assert_eq!(
                fields(line).err().and_then(|mistake| mistake.place).map(|place| place.column),
                Some(wanted),
                "{line}"
            );
        }
    }
}
