//! `osier lab watch`: a window on a run, in the terminal.
//!
//! What it shows and which key does what is osier-watch's. Here are the words of the command line,
//! and what it ends with.

use super::{Glyphs, Style};
use crate::exit::{Failure, Outcome};
use osier_watch::{Left, Look, Player, Source, Trouble};

/// What may follow `osier lab watch`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One that `osier lab list` names, or a TOML file
    #[arg(value_name = "NAME|FILE")]
    scenario: String,
    /// What chance follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// ASCII without colour
    #[arg(long)]
    plain: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let (file, text) = super::files::source(&args.scenario)?;
    let source = Source { file, text: text.into_owned() };
    let player =
        Player::new(source, args.seed).map_err(|mistake| Failure::usage(mistake.to_string()))?;
    match osier_watch::watch(player, look(args.plain)) {
        Ok(Left::Done) => Ok(()),
        Ok(Left::Interrupted) => Err(Failure::interrupted()),
        Err(Trouble::NoTerminal) => Err(Failure::refused("there is no terminal to watch it in")
            .remedy(format!("`osier lab run {}` draws the whole without one", args.scenario))),
        Err(Trouble::Io(error)) => {
            Err(Failure::refused(format!("the terminal does not do its part: {error}")))
        }
    }
}

fn look(plain: bool) -> Look {
    let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Look {
        glyphs: if plain { Glyphs::Ascii } else { Glyphs::Unicode },
        style: if plain || asked_not_to { Style::Plain } else { Style::Colour },
    }
}
