//! How does a program learn what became of its capture?

/// What became of the capture of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CaptureStatus {
    /// None was asked for.
    #[default]
    Off,
    /// Frames are being written.
    Writing,
    /// Writing failed and the capture ended there; traffic goes on. The text says why.
    Stopped(String),
}
