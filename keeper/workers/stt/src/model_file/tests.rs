use super::*;

/// A whole file in the Silero format, with every tensor two values long: the walk looks at
/// structure, not at shapes, which the library checks itself.
fn silero() -> Vec<u8> {
    let mut file = Vec::new();
    let mut words = |values: &[u32]| file.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    words(&[0x6767_6d6c, 6]);
    file.extend(b"silero");
    let mut words = |values: &[u32]| file.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    words(&[6, 2, 0, 512, 64, 4]);
    words(&[3; 12]);
    words(&[128, 128, 128, 1]);
    // A scalar, as the real file has one.
    file.extend([0u32, 6, 0].iter().flat_map(|v| v.to_le_bytes()));
    file.extend(b"scalar\0\0\0\0");
    for tensor in 1..15 {
        let name = format!("t{tensor:02}");
        file.extend([1u32, name.len() as u32, 0, 2].iter().flat_map(|v| v.to_le_bytes()));
        file.extend(name.bytes());
        file.extend([0; 8]);
    }
    file
}

#[test]
fn whole_file_passes() {
    let layout = SileroLayout::parse(&silero()).unwrap();
    assert_eq!(layout, SileroLayout { version: [6, 2, 0], window_samples: 512 });
}

/// The property that matters: no proper prefix is taken for a model.
#[test]
fn every_truncation_is_found() {
    let file = silero();
    for len in 0..file.len() {
        assert!(SileroLayout::parse(&file[..len]).is_err(), "cut to {len} bytes");
    }
}

#[test]
fn trailing_bytes_are_found() {
    let mut file = silero();
    file.push(0);
    let error = SileroLayout::parse(&file).unwrap_err();
    assert!(error.to_string().contains("inside the header of tensor 16 of 15"), "{error}");
}

#[test]
fn repeated_tensor_does_not_stand_in_for_a_missing_one() {
    let mut file = silero();
    let last = file.len() - 8 - 3;
    file[last..last + 3].copy_from_slice(b"t01");
    assert_eq!(
        SileroLayout::parse(&file),
        Err(LayoutError::TensorCount { found: 14, expected: 15 })
    );
}

#[test]
fn huge_dimensions_do_not_overflow() {
    let mut file = silero();
    let at = file.len() - 8 - 3 - 4;
    file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = SileroLayout::parse(&file).unwrap_err();
    assert_eq!(error.to_string(), "a dimension of tensor 15 is -1");
}

#[test]
fn other_files_are_named_for_what_they_are_not() {
    let error = WhisperLayout::parse(b"RIFF....WAVEfmt ").unwrap_err();
    assert!(error.to_string().starts_with("the first word, which should be 'ggml', is"), "{error}");
    let error = WhisperLayout::parse(&silero()).unwrap_err();
    assert_eq!(error.to_string(), "the vocabulary size is 6");
}

#[test]
fn wrong_hash_names_the_file_and_both_hashes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    std::fs::write(&path, b"abc").unwrap();
    let error = ModelFile::read(&path, Some([0xab; 32])).unwrap_err().to_string();
    assert!(error.contains("model.bin"), "{error}");
    assert!(error.contains(&"ab".repeat(32)), "{error}");
    // SHA-256 of "abc", FIPS 180-2.
    assert!(error.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    let file = ModelFile::read(&path, None).unwrap();
    let error = file.whisper_layout(None).unwrap_err().to_string();
    assert!(error.contains("model.bin") && error.contains("expected SHA-256 not given"), "{error}");
}

#[test]
fn languages_follow_the_vocabulary() {
    let layout = |vocabulary| WhisperLayout { vocabulary, audio_context: 1500, text_context: 448 };
    assert_eq!(layout(51_864).languages(), 1);
    assert_eq!(layout(51_865).languages(), 99);
    assert_eq!(layout(51_866).languages(), 100);
}
