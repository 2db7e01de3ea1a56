//! What comes from outside: files, directories, globs and standard input, and the policies in them.

pub(crate) mod policies;
pub(crate) mod yaml;

use crate::Failure;
use can_access_engine::document;
use can_access_engine::policy::Refused;
use can_access_engine::problem::Source;
use globset::GlobBuilder;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The text behind a path, or of standard input for `-`.
pub(crate) fn read(path: &str) -> Result<Arc<Source>, Failure> {
    let failed = |error| Failure::Read { path: path.to_owned(), error };
    let (name, bytes) = if path == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        ("<stdin>", bytes)
    } else {
        (path, fs::read(path).map_err(failed)?)
    };
    decode(name, bytes).map_err(|refused| Failure::Refused(vec![refused]))
}

/// Bytes as a text with a name; refused with the place of the first byte that is no UTF-8.
pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<Source>, Refused> {
    let (text, problem) = document::decode(bytes);
    let source = Source::new(name, text);
    match problem {
        None => Ok(source),
        Some(problem) => Err(Refused::new(source, vec![problem])),
    }
}

/// The files that a path stands for: itself; the files of a directory, and those below it, that `wanted` takes; or
/// those that a glob selects. In order of their names.
pub(crate) fn files(path: &str, wanted: impl Fn(&Path) -> bool) -> Result<Vec<String>, Failure> {
    let metadata = fs::metadata(path);
    match metadata {
        Ok(metadata) if metadata.is_dir() => {
            let mut found = Vec::new();
            walk(Path::new(path), &mut found)?;
            found.retain(|file| wanted(file));
            Ok(names(found))
        }
        Ok(_) => Ok(vec![path.to_owned()]),
        Err(_) if path.contains(['*', '?', '[', '{']) => {
            let glob = GlobBuilder::new(path).literal_separator(true).build();
            let matcher =
                glob.map_err(|error| Failure::usage(format!("`{path}` is no glob: {error}")))?.compile_matcher();
            let start: PathBuf = Path::new(path)
                .iter()
                .take_while(|part| !part.to_string_lossy().contains(['*', '?', '[', '{']))
                .collect();
            let mut found = Vec::new();
            let start = if start.as_os_str().is_empty() { PathBuf::from(".") } else { start };
            walk(&start, &mut found)?;
            found = found.into_iter().map(|file| file.strip_prefix("./").map(Path::to_owned).unwrap_or(file)).collect();
            found.retain(|file| matcher.is_match(file));
            if found.is_empty() {
                return Err(Failure::usage(format!("no file matches `{path}`")));
            }
            Ok(names(found))
        }
        Err(error) => Err(Failure::Read { path: path.to_owned(), error }),
    }
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::Read { path: directory.display().to_string(), error };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        // A link is followed to a file, never to a directory: directories may contain themselves that way.
        if kind.is_dir() {
            walk(&path, found)?;
        } else if kind.is_file() || path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn names(mut files: Vec<PathBuf>) -> Vec<String> {
    files.sort();
    files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
}
