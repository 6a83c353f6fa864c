//! What is wrong with a configuration file: each problem with its key and line, one to a line of text.

use std::fmt;
use std::path::PathBuf;

use crate::bounded_read::ReadFailure;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it was found on, from 1; none for a key that is missing.
    pub line: Option<usize>,
    /// What was found, what is allowed. Names the key.
    pub message: String,
}

/// Why a configuration file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {failure}; give the station's configuration file", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        failure: ReadFailure,
    },
    /// The file is no text.
    #[error("{}: not UTF-8 text: {source}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where it is not.
        source: std::string::FromUtf8Error,
    },
    /// What the file says cannot be used.
    #[error("{}", Listing(path, problems))]
    Refused {
        /// The file.
        path: PathBuf,
        /// All that is wrong, by line; never empty.
        problems: Vec<Problem>,
    },
}

/// `FILE:LINE: MESSAGE`, one to a line.
struct Listing<'a>(&'a PathBuf, &'a [Problem]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.display();
        for (index, problem) in self.1.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            match problem.line {
                Some(line) => write!(f, "{end}{path}:{line}: {}", problem.message)?,
                None => write!(f, "{end}{path}: {}", problem.message)?,
            }
        }
        Ok(())
    }
}
