//! Numbers in the output of `ab` and its like.

/// The number behind a label.
pub(crate) fn number_in(text: &str, label: &str) -> f64 {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    let number = word.and_then(|word| word.parse().ok());
    number.unwrap_or_else(|| panic!("no `{label}` in: {text}"))
}
