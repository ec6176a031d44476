//! What does a page of `docs/rfc` say? Its rows, and what is wrong with them as rows.

use super::rule::Place;

/// A row that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Counted from 1.
    pub(crate) line: usize,
    /// As written: `MUST-15 (IPv4)`, `§3.2-1`.
    pub(crate) id: String,
    /// In which settings the proof holds.
    pub(crate) profile: Profile,
    /// How it is proven, or why not.
    pub(crate) proof: Proof,
}

/// In which settings a proof holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Linux,
    Rfc,
    Both,
}

/// How a requirement is proven, or why it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Tests (file from `crates/`, function) and scripts (path, nothing).
    Tests(Vec<(String, String)>),
    /// It is not kept, for this reason.
    Exception(String),
}

/// The fewest words that can be a reason.
const REASON_WORDS: usize = 4;

impl Row {
    /// The id without what tells its rows apart: `MUST-15`.
    pub(crate) fn base(&self) -> &str {
        self.id.split(' ').next().unwrap_or_default()
    }
}

/// The rows of a page that are understood.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    lines(text).filter_map(|(line, words)| read(line, words).ok()).collect()
}

/// The rows of a page that are not.
pub(crate) fn misread(page: &str, text: &str) -> Vec<Place> {
    let wrong = |(line, words)| Some(Place::new(page, line, read(line, words).err()?));
    lines(text).filter_map(wrong).collect()
}

/// Every line of a table that is neither its head nor the rule below it.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let row = |words: &str| {
        let head = words.starts_with("| id |") || words.starts_with("| --- |");
        words.starts_with('|') && !head
    };
    (1..).zip(text.lines()).filter(move |(_, words)| row(words))
}

fn read(line: usize, words: &str) -> Result<Row, String> {
    let cells: Vec<&str> = words.split('|').map(str::trim).collect();
    let &[_, id, requirement, profile, proof, _] = &cells[..] else {
        return Err(format!("{} cells instead of 4", cells.len().saturating_sub(2)));
    };
    if id.is_empty() || requirement.is_empty() {
        return Err("a row without an id or a requirement".to_owned());
    }
    let profile = match profile {
        "linux" => Profile::Linux,
        "rfc" => Profile::Rfc,
        "both" => Profile::Both,
        other => return Err(format!("{id}: `{other}` is no profile")),
    };
    let proof = read_proof(proof).map_err(|what| format!("{id}: {what}"))?;
    Ok(Row { line, id: id.to_owned(), profile, proof })
}

fn read_proof(cell: &str) -> Result<Proof, String> {
    if let Some(reason) = cell.strip_prefix("exception:") {
        let enough = reason.split_whitespace().count() >= REASON_WORDS;
        return enough
            .then(|| Proof::Exception(reason.trim().to_owned()))
            .ok_or_else(|| "an exception without a reason".to_owned());
    }
    if cell.is_empty() {
        return Err("neither a proof nor an exception".to_owned());
    }
    let mut tests = Vec::new();
    for (n, part) in cell.split('`').enumerate() {
        match n % 2 {
            0 if !["", ","].contains(&part.trim()) => return Err(format!("what is `{part}`?")),
            0 => {}
            _ => tests.push(read_test(part)?),
        }
    }
    Ok(Proof::Tests(tests))
}

fn read_test(span: &str) -> Result<(String, String), String> {
    match span.split_once(": ") {
        Some(("drill", path)) if path.ends_with(".pkt") => Ok((path.to_owned(), String::new())),
        Some((path, test)) if path.ends_with(".rs") => Ok((path.to_owned(), test.to_owned())),
        _ => Err(format!("`{span}` names neither a test nor a script")),
    }
}

/// Rows that say again what another says.
pub(crate) fn doubled(page: &str, rows: &[Row]) -> Vec<Place> {
    let clash = |row: &&Row, other: &Row| {
        let same_profile = row.profile == other.profile
            || row.profile == Profile::Both
            || other.profile == Profile::Both;
        row.line > other.line && row.id == other.id && same_profile
    };
    let again = rows.iter().filter(|row| rows.iter().any(|other| clash(row, other)));
    again.map(|row| Place::new(page, row.line, format!("{} again", row.id))).collect()
}

/// Rows for one profile that leave open what the other does.
pub(crate) fn unpinned(page: &str, rows: &[Row]) -> Vec<Place> {
    let alone = |row: &&Row| {
        let other = match row.profile {
            Profile::Linux => Profile::Rfc,
            Profile::Rfc => Profile::Linux,
            Profile::Both => return false,
        };
        !rows.iter().any(|one| one.id == row.id && one.profile == other)
    };
    let what = |row: &Row| format!("{}: what does the other profile do?", row.id);
    rows.iter().filter(alone).map(|row| Place::new(page, row.line, what(row))).collect()
}

/// Ids that are not of the form `§3.2-1`.
pub(crate) fn without_a_section(page: &str, rows: &[Row]) -> Vec<Place> {
    let formed = |id: &str| {
        let (section, number) = id.strip_prefix('§')?.split_once('-')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
        (!section.is_empty() && section.chars().all(plain)).then_some(())?;
        number.parse::<u8>().ok()
    };
    let wrong = rows.iter().filter(|row| formed(&row.id).is_none());
    wrong.map(|row| Place::new(page, row.line, format!("`{}` names no section", row.id))).collect()
}

/// How the row of the index for a page starts.
pub(crate) fn line_of_index(rfc: u16, rows: &[Row]) -> String {
    let excepted = rows.iter().filter(|row| matches!(row.proof, Proof::Exception(_))).count();
    let proven = rows.len() - excepted;
    format!("| [{rfc}]({rfc}.md) | {proven} | {excepted} |")
}

/// The RFCs that the index lists, with their lines.
pub(crate) fn listed(index: &str) -> Vec<(usize, u16)> {
    let number = |line: &str| line.strip_prefix("| [")?.split(']').next()?.parse().ok();
    (1..).zip(index.lines()).filter_map(|(n, line)| Some((n, number(line)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "| id | requirement | profile | proof |\n| --- | --- | --- | --- |\n\
                        | §2-1 | x | both | `osier-tcp/src/a.rs: b`, `drill: crates/c.pkt` |\n\
                        | §2-2 | x | both | exception: nobody ever needed it |\n";

    #[test]
    fn a_good_page_is_read_whole() {
        assert_eq!(misread("x.md", GOOD), []);
        let rows = rows(GOOD);
        let tests = vec![
            ("osier-tcp/src/a.rs".to_owned(), "b".to_owned()),
            ("crates/c.pkt".to_owned(), String::new()),
        ];
        assert_eq!(rows[0].proof, Proof::Tests(tests));
        assert_eq!(rows[1].proof, Proof::Exception("nobody ever needed it".to_owned()));
        assert_eq!(line_of_index(7, &rows), "| [7](7.md) | 1 | 1 |");
        assert_eq!((doubled("x", &rows), without_a_section("x", &rows)), (vec![], vec![]));
    }

    #[test]
    fn a_row_that_says_too_little_is_noticed() {
        for bad in [
            "| §2-1 | x | both | |",
            "| §2-1 | x | both | exception: no |",
            "| §2-1 | x | both | some test |",
            "| §2-1 | x | both | `osier-tcp/src/a.rs` |",
            "| §2-1 | x | both | `a.rs: b` and more |",
            "| §2-1 | x | windows | `a.rs: b` |",
            "| §2-1 | x | `a.rs: b` |",
            "| | x | both | `a.rs: b` |",
        ] {
            assert_eq!(misread("x.md", bad).len(), 1, "{bad}");
            assert_eq!(rows(bad), [], "{bad}");
        }
    }

    #[test]
    fn a_requirement_that_stands_twice_is_noticed() {
        let row = |profile: &str| format!("| §2-1 | x | {profile} | `a.rs: b` |\n");
        let doubled = |text: String| doubled("x.md", &rows(&text)).len();
        assert_eq!(doubled(row("both") + &row("both")), 1);
        assert_eq!(doubled(row("both") + &row("linux")), 1);
        assert_eq!(doubled(row("rfc") + &row("linux")), 0);
    }

    #[test]
    fn a_difference_that_is_not_pinned_is_noticed() {
        let row = |profile: &str| format!("| §2-1 | x | {profile} | `a.rs: b` |\n");
        let unpinned = |text: String| unpinned("x.md", &rows(&text)).len();
        assert_eq!(unpinned(row("rfc")), 1);
        assert_eq!(unpinned(row("linux")), 1);
        assert_eq!(unpinned(row("rfc") + &row("linux")), 0);
        assert_eq!(unpinned(row("both")), 0);
    }

    #[test]
    fn an_id_without_a_section_is_noticed() {
        let ids = |id: &str| {
            let row = format!("| {id} | x | both | `a.rs: b` |");
            without_a_section("x.md", &rows(&row)).len()
        };
        assert_eq!((ids("§3.10.7.4-2"), ids("§A-1")), (0, 0));
        assert_eq!((ids("MUST-1"), ids("§3.2"), ids("3.2-1"), ids("§-1")), (1, 1, 1, 1));
    }

    #[test]
    fn what_the_index_lists_is_found() {
        assert_eq!(listed("x\n| [9293](9293.md) | 1 | 2 | TCP |\n"), [(2, 9293)]);
    }
}
