//! The captures of the lab's scenarios, judged by tshark.

use crate::tshark;
use osier_lab::scenario::{Order, Run, SHIPPED};

#[test]
#[ignore = "wants tshark"]
fn tshark_finds_every_scenario_sound_and_we_explain_what_it_marks() {
    let Some(_net) = crate::netns::Net::with(&["tshark"]) else { return };
    let folder = crate::netns::Folder::new();
    let mut unexplained = Vec::new();
    for shipped in SHIPPED {
        let scenario = shipped.scenario();
        let path = folder.path(&format!("{}.pcapng", shipped.name));
        let file = std::fs::File::create(&path).expect("the folder is ours");
        Run::new(&scenario, 1, Order::Written).write_capture(file).expect("the disk has room");
        let frames = tshark::read(&path);
        println!("{}:", shipped.name);
        tshark::assert_sound(&frames);
        for at in scenario.captures_at() {
            let account = tshark::retransmissions(&frames, &at.to_string());
            println!("{account}");
            let named = account.unexplained.iter().map(|what| format!("{}: {what}", shipped.name));
            unexplained.extend(named);
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}
