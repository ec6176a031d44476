//! Where does a scenario come from?

/// A scenario as text, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as mistakes name it: `third-ack-lost.toml`.
    pub file: String,
    /// What is in it.
    pub text: String,
}
