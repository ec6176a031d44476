//! How are the states of a connection arranged? (RFC 9293 §3.3.2, figure 5)
//!
//! As the RFC's figure has them, in two sizes: names alone, and with the ways between them.

use osier_tcp::State;

/// A figure: its rows. The names of states stand in them with a blank on either side.
pub(super) type Figure = &'static [&'static str];

/// Whether the connection that is CLOSED has been open before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// It has.
    WasOpen,
    /// There was none.
    None,
}

/// Names alone, 36 columns.
pub(super) const SMALL: Figure = &[
    "              CLOSED                ",
    "     LISTEN           SYN-SENT      ",
    "           SYN-RECEIVED             ",
    "           ESTABLISHED              ",
    "  FIN-WAIT-1          CLOSE-WAIT    ",
    "  FIN-WAIT-2  CLOSING  LAST-ACK     ",
    "           TIME-WAIT                ",
];

/// With the ways, 47 columns.
pub(super) const LARGE: Figure = &[
    "                    CLOSED                     ",
    "               ┌──────┴──────┐                 ",
    "            LISTEN        SYN-SENT             ",
    "               │    ┌────────┤                 ",
    "            SYN-RECEIVED     │                 ",
    "               │  └───┐      │                 ",
    "               │   ESTABLISHED                 ",
    "               ├──────┴──────┐                 ",
    "          FIN-WAIT-1     CLOSE-WAIT            ",
    "         ┌─────┴─────┐       │                 ",
    "     FIN-WAIT-2   CLOSING  LAST-ACK            ",
    "         └─────┬─────┘       │                 ",
    "           TIME-WAIT ────► CLOSED              ",
];

/// Columns of a figure.
pub(super) fn width(figure: Figure) -> u16 {
    figure.first().map_or(0, |row| row.chars().count() as u16)
}

/// Where the name of a state stands: column and row, from 0. CLOSED is the first and the last: the
/// last where the figure has it twice and the connection has been open.
pub(super) fn place(figure: Figure, state: State, past: Past) -> Option<(u16, u16)> {
    let name = format!(" {} ", state.name());
    let rows = figure.iter().enumerate();
    let mut found = rows.filter_map(|(y, row)| {
        let at = row.find(&name)?;
        Some((row[..at].chars().count() as u16 + 1, y as u16))
    });
    match past {
        Past::WasOpen => found.next_back(),
        Past::None => found.next(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, Past, SMALL, place, width};
    use osier_tcp::State;

    #[test]
    fn every_state_has_its_place_in_both_figures() {
        for figure in [SMALL, LARGE] {
            assert!(figure.iter().all(|row| row.chars().count() == usize::from(width(figure))));
            for state in State::ALL {
                assert!(place(figure, state, Past::None).is_some(), "{state}");
            }
        }
        assert_ne!(
            place(LARGE, State::Closed, Past::WasOpen),
            place(LARGE, State::Closed, Past::None)
        );
    }
}
