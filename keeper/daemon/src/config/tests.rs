use super::*;

const EXAMPLE: &str = include_str!("../../config.example.toml");
const SETTLER: &str = include_str!("../../config.settler.example.toml");

fn parse(text: &str) -> anyhow::Result<Config> {
    let mut config: Config = toml::from_str(text)?;
    config.finish(Path::new("/etc/heliograph"))?;
    Ok(config)
}

#[test]
fn example_is_valid_and_shows_the_defaults() {
    let example = parse(EXAMPLE).unwrap();
    // What the example sets and may be left out, left out.
    let required = r#"
        [node]
        keypair = "node.json"
        [node.transcription]
        model = "models/ggml-base-q8_0.bin"
        vad_model = "models/ggml-silero-v6.2.0.bin"
        [node.calls]
    "#;
    assert_eq!(parse(required).unwrap(), example);
}

#[test]
fn calls_that_cannot_be_served_are_refused() {
    for (line, word) in [
        ("receipt_every_secs = 61", "receipt_every_secs"),
        ("participants_max = 0", "participants_max"),
        ("url = \"https://calls.example\"", "ws://"),
    ] {
        let name = line.split(' ').next().unwrap();
        let (before, calls) = EXAMPLE.split_once("[node.calls]").unwrap();
        let lines = calls.lines().filter(|line| !line.starts_with(name)).collect::<Vec<_>>();
        let text = format!("{before}[node.calls]\n{line}\n{}", lines.join("\n"));
        let error = parse(&text).unwrap_err();
        assert!(format!("{error:#}").contains(word), "{error:#}");
    }
}

#[test]
fn settlers_example_is_valid_and_shows_the_defaults() {
    let example = parse(SETTLER).unwrap();
    assert_eq!(parse("[settle]\nkeypair = \"settler.json\"").unwrap(), example);
    let settle = example.settle.unwrap();
    assert_eq!(settle.keypair, Path::new("/etc/heliograph/settler.json"));
    assert_eq!(settle.database, Path::new("/etc/heliograph/settle.db"));
    assert_eq!(settle.archive, "/etc/heliograph/archive");
}

#[test]
fn roles_may_stand_side_by_side() {
    let (_, settle) = SETTLER.split_once("[settle]").unwrap();
    let both = parse(&format!("{EXAMPLE}\n[settle]\n{settle}")).unwrap();
    let shown: Config = toml::from_str(&both.redacted()).unwrap();
    assert!(both.node.is_some() && both.settle.is_some());
    assert_eq!((shown.node, shown.settle), (both.node, both.settle));
}

#[test]
fn settler_that_cannot_answer_for_its_batches_is_refused() {
    let error = parse(&SETTLER.replace("leaves_max = 4096", "leaves_max = 4097")).unwrap_err();
    assert!(format!("{error:#}").contains("leaves_max"), "{error:#}");
}

#[test]
fn relative_paths_count_from_the_file() {
    let node = parse(EXAMPLE).unwrap().node.unwrap();
    assert_eq!(node.keypair, Path::new("/etc/heliograph/node.json"));
    assert_eq!(node.archive, "/etc/heliograph/archive");
    assert_eq!(node.calls.unwrap().socket, Path::new("/etc/heliograph/sfu.sock"));
    let remote = EXAMPLE.replace("archive = \"archive\"", "archive = \"s3://bucket/archive\"");
    assert_eq!(parse(&remote).unwrap().node.unwrap().archive, "s3://bucket/archive");
}

#[test]
fn unknown_setting_is_refused_by_name() {
    let error = parse(&format!("colour = \"red\"\n{EXAMPLE}")).unwrap_err();
    assert!(format!("{error:#}").contains("colour"), "{error:#}");
}

#[test]
fn wrong_url_is_refused() {
    for url in ["127.0.0.1", "ftp://host", ""] {
        let text = EXAMPLE.replace("http://127.0.0.1:8899", url);
        assert!(parse(&text).is_err(), "{url} was accepted");
    }
}

#[test]
fn configuration_without_a_role_is_refused() {
    assert!(parse("rpc_url = \"http://127.0.0.1:8899\"").is_err());
}

#[test]
fn printed_configuration_hides_keys() {
    let url = "https://user:secret1@rpc.example/v1/secret2?api-key=secret3";
    let config = parse(&EXAMPLE.replace("http://127.0.0.1:8899", url)).unwrap();
    let shown = config.redacted();
    assert!(shown.contains("rpc.example"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
