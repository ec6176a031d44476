//! Is the tree still built the way `docs/STYLE.md` says? An ordinary test answers.
//!
//! Each rule is one test here and one function in a file beside this one; a rule that is broken
//! names the place, the reason and the way out. Rust is read by `syn`, so that a brace in a string
//! or a comment deceives nobody. The numbers at the end are printed and not required.
//!
//! Not held here: what the compiler or clippy already hold (`missing_docs`, `unsafe_code`,
//! the `disallowed-methods` of `clippy.toml`), and what needs a reader's judgement.
#![forbid(unsafe_code)]

mod absences;
mod facts;
mod floors;
mod layers;
mod manifest;
mod names;
mod numbers;
mod rule;
mod shapes;
mod sizes;
mod tree;

use std::io::Write as _;
use std::sync::LazyLock;

use rule::hold;
use tree::Tree;

/// The real tree, read once for all tests of this binary.
static TREE: LazyLock<Tree> = LazyLock::new(Tree::of_this_project);

#[test]
fn a_crate_uses_only_crates_of_lower_floors() {
    hold(&floors::FLOORS, floors::crates_point_down(&TREE));
}

#[test]
fn the_runtime_and_the_system_are_named_only_where_they_belong() {
    hold(&floors::OUTSIDE, floors::outside_crates_stay_on_their_floor(&TREE));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    hold(&floors::LINTS, floors::crates_take_the_workspace_lints(&TREE));
}

#[test]
fn tcp_never_names_an_ip_address() {
    hold(&absences::NO_ADDRESS, absences::tcp_names_no_address(&TREE));
}

#[test]
fn ip_never_names_a_port() {
    hold(&absences::NO_PORT, absences::ip_names_no_port(&TREE));
}

#[test]
fn below_floor_4_nobody_reads_a_clock_draws_lots_sleeps_spawns_locks_or_logs() {
    hold(&absences::NO_WORLD, absences::lower_floors_touch_no_world(&TREE));
}

#[test]
fn the_host_and_below_are_plain_data() {
    hold(&absences::PLAIN_DATA, absences::lower_floors_are_plain_data(&TREE));
}

#[test]
fn unsafe_code_has_two_addresses() {
    hold(&absences::NO_UNSAFE, absences::unsafe_stays_home(&TREE));
}

#[test]
fn tokio_is_named_only_on_the_upper_floors() {
    hold(&absences::NO_TOKIO, absences::tokio_stays_upstairs(&TREE));
}

#[test]
fn the_engine_has_no_floating_point() {
    hold(&absences::NO_FLOAT, absences::engine_counts_in_integers(&TREE));
}

#[test]
fn the_engine_needs_no_standard_library() {
    hold(&absences::NO_STD, absences::engine_is_no_std(&TREE));
}

#[test]
fn functions_are_short() {
    hold(&sizes::FUNCTION, sizes::functions(&TREE));
}

#[test]
fn functions_take_few_parameters() {
    hold(&sizes::PARAMETERS, sizes::parameters(&TREE));
}

#[test]
fn structs_have_few_fields() {
    hold(&sizes::FIELDS, sizes::fields(&TREE));
}

#[test]
fn files_are_short() {
    hold(&sizes::FILE, sizes::files(&TREE));
}

#[test]
fn lines_are_short() {
    hold(&sizes::LINE, sizes::lines(&TREE));
}

#[test]
fn every_file_opens_with_its_question() {
    hold(&names::OPENING, names::openings(&TREE));
}

#[test]
fn nothing_has_a_name_that_says_nothing() {
    hold(&names::EMPTY_NAMES, names::empty_names(&TREE));
}

#[test]
fn citations_have_one_form() {
    hold(&names::CITATIONS, names::citations(&TREE));
}

#[test]
fn tests_come_last_in_a_file() {
    hold(&shapes::TESTS_LAST, shapes::tests_last(&TREE));
}

#[test]
fn a_match_over_states_names_every_state() {
    hold(&shapes::NO_WILD_STATE, shapes::states_are_all_named(&TREE));
}

#[test]
fn a_trait_has_more_than_one_implementation() {
    hold(&shapes::LONE_TRAIT, shapes::lone_traits(&TREE));
}

#[test]
fn the_segment_path_has_no_boxed_dyn() {
    hold(&shapes::NO_DYN, shapes::boxed_dyn(&TREE));
}

#[test]
fn tcp_is_built_from_the_ground_up() {
    hold(&layers::LAYERS_HOLD, layers::tcp_points_down(&TREE));
}

#[test]
fn no_modules_of_tcp_import_each_other_in_a_circle() {
    hold(&layers::NO_CIRCLE, layers::tcp_has_no_circle(&TREE));
}

/// Written past the capture of the test harness, so that the numbers are seen in every run.
#[test]
fn the_numbers_are_reported() {
    let report = numbers::report(&TREE);
    writeln!(std::io::stderr().lock(), "{report}").expect("standard error takes the report");
}
