//! What stands above and below a drawing: its title, what the reader should know before looking,
//! and how something grew and shrank meanwhile?

use osier_time::Duration;

/// The words above a drawing, and the curves below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// What is drawn: `The third ACK is lost`.
    pub title: String,
    /// Paragraphs below it: the question, the answer.
    pub text: Vec<String>,
    /// Curves below the ladder.
    pub curves: Vec<Curve>,
}

/// How something grew and shrank, looked at in equal steps of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// What it is of: `server half-open`.
    pub title: String,
    /// From one value to the next.
    pub every: Duration,
    /// Its values, the first one at the beginning.
    pub values: Vec<u64>,
    /// What they are.
    pub unit: Unit,
}

/// What the values of a curve are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Just numbers.
    #[default]
    Number,
    /// Octets.
    Octets,
    /// Nanoseconds.
    Nanoseconds,
}

impl Caption {
    /// A caption of a title alone.
    pub fn new(title: impl Into<String>) -> Self {
        Caption { title: title.into(), ..Caption::default() }
    }

    /// One more paragraph.
    pub fn text(mut self, paragraph: impl Into<String>) -> Self {
        self.text.push(paragraph.into());
        self
    }

    /// One more curve.
    pub fn curve(mut self, curve: Curve) -> Self {
        self.curves.push(curve);
        self
    }
}
