//! Names that are often taken for actions: operations of the services' APIs, and the clients that call them (SEMANTICS
//! R2.12, §9.2). Nothing is translated silently; the tables serve for advice.

const OPERATIONS: &str = include_str!("operations.tsv");
const CLIENTS: &str = include_str!("clients.tsv");

/// Operations whose name is no action: `service:Operation`, and the permissions that it needs, in words.
///
/// ```
/// use can_access_engine::catalogue::operations;
/// assert!(operations().any(|(operation, needed)| operation == "s3:HeadObject" && needed == "`s3:GetObject` on the object"));
/// ```
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(OPERATIONS)
}

/// Names of clients in AWS's command line and libraries, and the prefixes of the actions behind them, with commas.
///
/// ```
/// use can_access_engine::catalogue::clients;
/// assert!(clients().any(|(client, prefixes)| client == "emr" && prefixes == "elasticmapreduce"));
/// ```
pub fn clients() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(CLIENTS)
}

/// What an operation of a service needs, if its name is no action.
pub(super) fn needed(prefix: &str, name: &str) -> Option<&'static str> {
    let is_it = |operation: &str| {
        let (of, operation) = operation.split_once(':').unwrap_or_default();
        of == prefix && operation.eq_ignore_ascii_case(name)
    };
    operations().find(|(operation, _)| is_it(operation)).map(|(_, needed)| needed)
}

/// The prefixes behind the name of a client, in lower case.
pub(super) fn prefixes_of_client(name: &str) -> impl Iterator<Item = &'static str> {
    let found = clients().find(|(client, _)| *client == name);
    found.into_iter().flat_map(|(_, prefixes)| prefixes.split(','))
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| {
        let (name, rest) = line.split_once('\t')?;
        Some((name, rest.split_once('\t').map_or(rest, |(what, _source)| what)))
    })
}
