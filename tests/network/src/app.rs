use heliograph_client::stream::{EndReason, PaidMinute, Stream, StreamError, StreamEvent};
use heliograph_protocol::receipt::Tip;

/// What a stream has brought so far.
#[derive(Debug, Default)]
pub struct Heard {
    /// The texts, in order.
    pub texts: Vec<String>,
    /// The minutes paid.
    pub minutes: Vec<PaidMinute>,
    /// Why it ended.
    pub ended: Option<EndReason>,
}

impl Heard {
    /// All text in one line, lower case.
    pub fn text(&self) -> String {
        self.texts.join(" ").to_lowercase()
    }

    /// The last receipt paid: what a continued stream follows.
    pub fn tip(&self) -> Option<Tip> {
        self.minutes.last().map(|minute| minute.receipt.tip(minute.archived.signed.hash()))
    }

    /// What has been promised in all.
    pub fn promised_micro_usdc(&self) -> u64 {
        self.minutes.last().map_or(0, |minute| minute.receipt.cumulative_micro_usdc)
    }
}

/// Sends `pcm` (the whole session's audio) from where the stream stands, within its credit, until
/// the stream ends or `stop` says so after an event.
pub async fn play(
    stream: &mut Stream<'_>,
    pcm: &[i16],
    heard: &mut Heard,
    mut stop: impl FnMut(&Heard) -> bool,
) -> Result<(), StreamError> {
    let (mut credit, mut finished) = (stream.sent_until(), false);
    loop {
        let sent = usize::try_from(stream.sent_until()).expect("audio fits memory");
        let until = pcm.len().min(usize::try_from(credit).expect("audio fits memory"));
        if sent < until {
            // A second at a time, so that events are read in between.
            stream.send_audio(&pcm[sent..until.min(sent + 16_000)]).await?;
        } else if sent >= pcm.len() && !finished {
            stream.finish().await?;
            finished = true;
        }
        let waits = sent >= until && (finished || until < pcm.len());
        let event = if waits {
            stream.next().await?
        } else {
            tokio::select! {
                biased;
                event = stream.next() => event?,
                () = tokio::task::yield_now() => continue,
            }
        };
        match event {
            StreamEvent::Credit { until_sample } => credit = until_sample,
            StreamEvent::Transcription { text, .. } => heard.texts.push(text),
            StreamEvent::Vad { .. } => {}
            StreamEvent::Minute(minute) => heard.minutes.push(*minute),
            StreamEvent::Ended { reason, .. } => {
                heard.ended = Some(reason);
                return Ok(());
            }
        }
        if stop(heard) {
            return Ok(());
        }
    }
}
