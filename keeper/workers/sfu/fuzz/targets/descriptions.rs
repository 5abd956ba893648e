//! Any text as a session description: what is read from it stays true of what is written.
#![no_main]

use heliograph_sfu::media::api::Mid;
use heliograph_sfu::sdp::{self, Msid};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;

fuzz_target!(|text: &str| {
    let Ok(sections) = sdp::read(text) else {
        // What cannot be read is rewritten by nobody, but must not break anybody either.
        sdp::rewrite(text, &HashMap::new());
        return;
    };
    let msid = Msid { stream_id: "PA_x|TR_x".to_owned(), track_id: "TR_x".to_owned() };
    let sent: HashMap<Mid, Msid> =
        sections.iter().step_by(2).map(|section| (section.mid.clone(), msid.clone())).collect();
    let codecs: HashMap<Mid, String> =
        sections.iter().map(|section| (section.mid.clone(), "vp8".to_owned())).collect();
    for written in [sdp::rewrite(text, &sent), sdp::prefer(text, &codecs)] {
        let again = sdp::read(&written).expect("a description stays one");
        let mids = |sections: &[sdp::Section]| -> Vec<Mid> {
            sections.iter().map(|section| section.mid.clone()).collect()
        };
        assert_eq!(mids(&again), mids(&sections));
    }
});
