//! Files by the API that OpenAI's clients speak, paid by a session key.

use heliograph_client::stream::EndReason;
use heliograph_network_tests::{KeyCaller, Network, Setup, demo_speech, eventually, jfk_speech};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::io::Cursor;
use std::time::Duration;

const CAP_MICRO_USDC: u64 = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(240);
const BOUNDARY: &str = "----boundary7f3a";

/// A form with a file, as browsers and curl send it.
fn form(file: Option<&[u8]>, members: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in members {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    if let Some(file) = file {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
             Content-Type: audio/wav\r\n\r\n"
        );
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn post(net: &Network, key: Option<&str>, body: Vec<u8>) -> Response {
    let client = reqwest::Client::new();
    let mut request = client
        .post(format!("{}/v1/audio/transcriptions", net.endpoint))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(body);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    request.send().await.expect("the node answers")
}

/// The error's status and code, in the shape that clients read.
async fn refused(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("JSON");
    let error = &body["error"];
    assert!(error["type"].is_string(), "{body}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (status, text(&error["code"]), text(&error["message"]))
}

fn wav(pcm: &[i16], sample_rate: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a writer");
    pcm.iter().for_each(|sample| writer.write_sample(*sample).expect("written"));
    writer.finalize().expect("written");
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_transcribed_in_every_format_and_paid() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let key = net.session_key(session, "tool", 60);
    let jfk = wav(&jfk_speech(), 16_000);

    let said = "ask what you can do for your country";
    let json: Value = post(&net, Some(&key), form(Some(&jfk), &[("model", "whisper-1")]))
        .await
        .json()
        .await
        .unwrap();
    assert!(json["text"].as_str().unwrap().to_lowercase().contains(said), "{json}");
    assert_eq!(json["usage"]["seconds"], 11);

    let verbose = [("response_format", "verbose_json"), ("language", "en")];
    let verbose = post(&net, Some(&key), form(Some(&jfk), &verbose)).await;
    let verbose: Value = verbose.json().await.unwrap();
    assert!(verbose["text"].as_str().unwrap().to_lowercase().contains(said), "{verbose}");
    assert_eq!(verbose["duration"].as_f64(), Some(11.0));
    let segments = verbose["segments"].as_array().unwrap();
    // Times count from the start of the file, though the key has streamed before.
    assert!(segments.iter().all(|segment| segment["end"].as_f64().unwrap() <= 11.0), "{verbose}");

    let vtt = post(&net, Some(&key), form(Some(&jfk), &[("response_format", "vtt")])).await;
    assert!(vtt.headers()["content-type"].to_str().unwrap().starts_with("text/vtt"));
    let vtt = vtt.text().await.unwrap();
    assert!(vtt.starts_with("WEBVTT\n\n00:00:0"), "{vtt}");

    // 33 of 60 s are used: the next file fits, the one after does not, and costs nothing.
    let half = wav(&demo_speech()[..20 * 16_000], 16_000);
    let text = post(&net, Some(&key), form(Some(&half), &[("response_format", "text")])).await;
    assert_eq!(text.status(), StatusCode::OK);
    assert!(text.text().await.unwrap().split_whitespace().count() > 20);
    let (status, code, message) =
        refused(post(&net, Some(&key), form(Some(&half), &[])).await).await;
    assert_eq!((status, code.as_str()), (402, "insufficient_quota"), "{message}");
    assert!(message.contains("7 s"), "{message}");

    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(host.used_secs("tool"), 53);
    let promised = host.promised_micro_usdc();
    net.settled(session, promised).await;
    net.audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_cannot_be_served_say_why_and_cost_nothing() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let key = net.session_key(session, "tool", 60);
    let jfk = wav(&jfk_speech(), 16_000);
    let models: Value =
        reqwest::get(format!("{}/v1/models", net.endpoint)).await.unwrap().json().await.unwrap();
    assert_eq!(models["object"], "list");
    assert_eq!(models["data"].as_array().unwrap().len(), 1, "{models}");

    let whole = || form(Some(&jfk), &[]);
    for (what, key, body, expected) in [
        ("no key", None, whole(), (401, "invalid_api_key")),
        ("a false key", Some("sk-none"), whole(), (401, "invalid_api_key")),
        ("no file", Some(key.as_str()), form(None, &[("model", "whisper-1")]), (400, "")),
        ("an empty file", Some(&key), form(Some(b""), &[]), (400, "")),
        (
            "no recording",
            Some(&key),
            form(Some(b"Dear Sir or Madam,"), &[]),
            (415, "unsupported_format"),
        ),
        ("half a recording", Some(&key), form(Some(&jfk[..jfk.len() / 2]), &[]), (400, "")),
        ("silence of no length", Some(&key), form(Some(&wav(&[], 8_000)), &[]), (400, "")),
        ("no model", Some(&key), form(Some(&jfk), &[("model", "gpt-9")]), (404, "model_not_found")),
        ("no format", Some(&key), form(Some(&jfk), &[("response_format", "pdf")]), (400, "")),
        ("no language", Some(&key), form(Some(&jfk), &[("language", "tlh")]), (400, "")),
        (
            "words",
            Some(&key),
            form(Some(&jfk), &[("timestamp_granularities[]", "word")]),
            (400, ""),
        ),
        ("a stream", Some(&key), form(Some(&jfk), &[("stream", "true")]), (400, "")),
        ("no form", Some(&key), b"hello".to_vec(), (400, "")),
        ("half a form", Some(&key), whole()[..200].to_vec(), (400, "")),
    ] {
        let (status, code, message) = refused(post(&net, key, body).await).await;
        assert_eq!((status, code.as_str()), expected, "{what}: {message}");
        assert!(!message.is_empty(), "{what}");
    }

    // Who streams with a key has it to himself; the request may be made again later.
    let caller = KeyCaller::open(&net.endpoint, &key).await;
    let busy = post(&net, Some(&key), whole()).await;
    assert_eq!(busy.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(busy.headers().contains_key("retry-after"));
    drop(caller);
    eventually("a free key", PATIENCE, async || {
        (post(&net, Some(&key), whole()).await.status() == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(host.used_secs("tool"), 11, "the one that was served");
}
