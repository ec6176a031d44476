//! What is to be run? `cargo xtask bench` writes this command line; its own help is there.

use std::path::PathBuf;

/// All that was said.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Rows, by their words; none means all.
    pub(crate) rows: Vec<String>,
    /// The peers to run, in this order.
    pub(crate) peers: Vec<String>,
    /// Peers that are not there, and why.
    pub(crate) missing: Vec<(String, String)>,
    /// The released command.
    pub(crate) osier: PathBuf,
    /// The folder of the peers' programs.
    pub(crate) programs: PathBuf,
    /// How often each is run in a row.
    pub(crate) rounds: usize,
    /// JSON lines in place of the table.
    pub(crate) json: bool,
    /// The table once more, in Markdown, behind it.
    pub(crate) markdown: bool,
    /// Count instructions, too.
    pub(crate) instructions: bool,
    /// Where the plot goes.
    pub(crate) svg: Option<PathBuf>,
}

pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments { rounds: 5, ..Arguments::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--json" => arguments.json = true,
            "--markdown" => arguments.markdown = true,
            "--instructions" => arguments.instructions = true,
            "--osier" => arguments.osier = value()?.into(),
            "--programs" => arguments.programs = value()?.into(),
            "--svg" => arguments.svg = Some(value()?.into()),
            "--against" => arguments.peers = value()?.split(',').map(str::to_owned).collect(),
            "--missing" => {
                let (peer, why) = (value()?, value()?);
                arguments.missing.push((peer, why));
            }
            "--rounds" => {
                let rounds = value()?.parse().ok().filter(|&rounds| rounds > 0);
                arguments.rounds = rounds.ok_or("--rounds needs a number above 0")?;
            }
            row if !row.starts_with('-') => arguments.rows.push(row.to_owned()),
            option => return Err(format!("there is no option `{option}`")),
        }
    }
    Ok(arguments)
}
