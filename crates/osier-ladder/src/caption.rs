//! What stands above a drawing: its title, and what the reader should know before looking?

/// The words above a drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// What is drawn: `The third ACK is lost`.
    pub title: String,
    /// Paragraphs below it: the question, the answer.
    pub text: Vec<String>,
}

impl Caption {
    /// A caption of a title alone.
    pub fn new(title: impl Into<String>) -> Self {
        Caption { title: title.into(), text: Vec::new() }
    }

    /// One more paragraph.
    pub fn text(mut self, paragraph: impl Into<String>) -> Self {
        self.text.push(paragraph.into());
        self
    }
}
