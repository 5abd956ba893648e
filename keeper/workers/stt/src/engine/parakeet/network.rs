//! The model's two graphs, run by rten.
//!
//! rten is Rust without a library to load, and keeps a hostile graph inside its own memory. What
//! it gives back is still not believed: shapes are checked once at load, by a run on silence, and
//! again whenever something is indexed by them. A panic in it is an error of this model.

use super::mel::Spectrum;
use super::tdt::Joint;
use crate::model_file::ModelFolder;
use crate::model_file::folder::{DECODER, ENCODER, file_name};
use rten::{Dimension, Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueView};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Layers times units of the prediction network that are believed; Parakeet has 2 × 640.
const STATE_VALUES_MAX: usize = 1 << 20;

/// Durations are 0, 1, 2 … frames; Parakeet has 5. More scores than that are of another vocabulary.
const DURATIONS_MAX: usize = 8;

/// Frames of silence run at load: 1 s.
const TRIAL_FRAMES: usize = 100;

/// Encoder, and prediction with joint network.
pub struct Network {
    encoder: Encoder,
    decoder: Decoder,
    options: RunOptions,
    /// Size of the vocabulary, the blank included.
    tokens: usize,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

struct Encoder {
    model: Model,
    /// `audio_signal`, `length`.
    inputs: [NodeId; 2],
    /// `outputs`, `encoded_lengths`.
    outputs: [NodeId; 2],
}

struct Decoder {
    model: Model,
    /// `encoder_outputs`, `targets`, `target_length`, `input_states_1`, `input_states_2`.
    inputs: [NodeId; 5],
    /// `outputs`, `output_states_1`, `output_states_2`.
    outputs: [NodeId; 3],
    /// Zeros in each state's shape: layers, 1, units.
    start: [Value; 2],
}

/// What the encoder made of a segment.
#[derive(Debug)]
pub struct Encoded {
    /// Values per frame.
    width: usize,
    /// Frames in a row of `values`.
    stride: usize,
    /// Frames that hold audio.
    pub frames: usize,
    /// `width` rows of `stride` values.
    values: Vec<f32>,
}

impl Network {
    /// Builds both graphs and runs them once. `tokens` is the size of the vocabulary, the blank
    /// included; `bands` that of the spectrum.
    ///
    /// # Errors
    /// What is wrong with the model, for people.
    pub fn load(
        folder: ModelFolder,
        bands: usize,
        tokens: usize,
        threads: usize,
    ) -> Result<Self, String> {
        guarded(|| {
            let precision = folder.precision;
            let mut files = folder.files;
            let mut graph = |name: &str| {
                let name = file_name(name, precision);
                let bytes = files.remove(&name).unwrap_or_default();
                let mut options = ModelOptions::with_all_ops();
                let weights: Vec<String> =
                    files.keys().filter(|file| file.starts_with(&name)).cloned().collect();
                for file in weights {
                    let bytes = files.remove(&file).unwrap_or_default();
                    options.external_data(&file, bytes);
                }
                options.load(bytes).map_err(|error| format!("{name}: {error}"))
            };
            let encoder = Encoder::new(graph(ENCODER)?)?;
            let decoder = Decoder::new(graph(DECODER)?)?;
            let pool = Some(Arc::new(ThreadPool::with_num_threads(threads)));
            let options = RunOptions::default().with_thread_pool(pool);
            let network = Self { encoder, decoder, options, tokens };
            network.trial(bands)?;
            Ok(network)
        })
    }

    /// One run on silence, so that a graph of other shapes is refused before it serves.
    fn trial(&self, bands: usize) -> Result<(), String> {
        let encoded = self.encode(Spectrum {
            bands,
            frames: TRIAL_FRAMES + 1,
            frames_valid: TRIAL_FRAMES,
            values: vec![0.0; bands * (TRIAL_FRAMES + 1)],
        })?;
        if encoded.frames == 0 {
            return Err("the encoder makes no frame of a second".to_owned());
        }
        let mut walk = self.walk(&encoded);
        let (_, state) = walk.score(0, self.tokens - 1, &walk.start())?;
        // The state it gives is one that it takes.
        walk.score(0, 0, &state).map(drop)
    }

    /// Runs the encoder.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub fn encode(&self, spectrum: Spectrum) -> Result<Encoded, String> {
        guarded(|| {
            let shape = [1, spectrum.bands, spectrum.frames];
            let signal = Value::from_shape(shape, spectrum.values).map_err(text)?;
            let length = [i32::try_from(spectrum.frames_valid).map_err(text)?];
            let length = ValueView::from_shape([1], &length).map_err(text)?;
            let Encoder { model, inputs, outputs } = &self.encoder;
            let inputs = vec![(inputs[0], signal.into()), (inputs[1], length.into())];
            let options = Some(self.options.clone());
            let [values, lengths] = model.run_n(inputs, *outputs, options).map_err(text)?;
            let ([batch, width, stride], values) =
                values.into_shape_vec::<f32, 3>().map_err(text)?;
            let (_, lengths) = lengths.into_shape_vec::<i32, 1>().map_err(text)?;
            let frames = lengths.first().and_then(|frames| usize::try_from(*frames).ok());
            match frames {
                Some(frames) if batch == 1 && width > 0 && frames <= stride => {
                    Ok(Encoded { width, stride, frames, values })
                }
                _ => Err(format!(
                    "the encoder gives {batch} × {width} × {stride} values and says that \
                     {lengths:?} frames of them count"
                )),
            }
        })
    }

    /// The decoder over an encoded segment.
    pub fn walk<'a>(&'a self, encoded: &'a Encoded) -> Walk<'a> {
        Walk { network: self, encoded }
    }
}

impl Encoder {
    fn new(model: Model) -> Result<Self, String> {
        let inputs = nodes(&model, ["audio_signal", "length"])?;
        let outputs = nodes(&model, ["outputs", "encoded_lengths"])?;
        Ok(Self { model, inputs, outputs })
    }
}

impl Decoder {
    fn new(model: Model) -> Result<Self, String> {
        let names =
            ["encoder_outputs", "targets", "target_length", "input_states_1", "input_states_2"];
        let inputs = nodes(&model, names)?;
        let outputs = nodes(&model, ["outputs", "output_states_1", "output_states_2"])?;
        let start = [start(&model, inputs[3])?, start(&model, inputs[4])?];
        Ok(Self { model, inputs, outputs, start })
    }
}

/// The decoder as it walks over the frames of a segment.
#[derive(Debug)]
pub struct Walk<'a> {
    network: &'a Network,
    encoded: &'a Encoded,
}

impl Joint for Walk<'_> {
    type State = [Value; 2];
    type Error = String;

    fn start(&self) -> [Value; 2] {
        self.network.decoder.start.clone()
    }

    fn score(
        &mut self,
        frame: usize,
        last: usize,
        state: &[Value; 2],
    ) -> Result<(Vec<f32>, [Value; 2]), String> {
        let Encoded { width, stride, values, .. } = self.encoded;
        let Decoder { model, inputs, outputs, .. } = &self.network.decoder;
        guarded(|| {
            let column: Option<Vec<f32>> =
                (0..*width).map(|row| values.get(row * stride + frame).copied()).collect();
            let column = column.ok_or("a frame beyond the encoder's")?;
            let (last, one) = ([i32::try_from(last).map_err(text)?], [1]);
            let inputs = vec![
                (inputs[0], ValueView::from_shape([1, *width, 1], &column).map_err(text)?.into()),
                (inputs[1], ValueView::from_shape([1, 1], &last).map_err(text)?.into()),
                (inputs[2], ValueView::from_shape([1], &one).map_err(text)?.into()),
                (inputs[3], (&state[0]).into()),
                (inputs[4], (&state[1]).into()),
            ];
            let options = Some(self.network.options.clone());
            let [scores, first, second] = model.run_n(inputs, *outputs, options).map_err(text)?;
            let (_, scores) = scores.into_shape_vec::<f32, 4>().map_err(text)?;
            let tokens = self.network.tokens;
            let durations = scores.len().checked_sub(tokens);
            if !durations.is_some_and(|durations| (2..=DURATIONS_MAX).contains(&durations)) {
                return Err(format!(
                    "the decoder gives {} scores for a vocabulary of {tokens} tokens and their \
                     durations: another vocabulary, or no TDT model",
                    scores.len()
                ));
            }
            Ok((scores, [first, second]))
        })
    }
}

fn nodes<const N: usize>(model: &Model, names: [&str; N]) -> Result<[NodeId; N], String> {
    let mut ids = Vec::with_capacity(N);
    for name in names {
        ids.push(model.node_id(name).map_err(|_| format!("it has no node '{name}'"))?);
    }
    ids.try_into().map_err(|_| "nodes are counted".to_owned())
}

/// Zeros in the shape of a state, which the graph says except for the batch.
fn start(model: &Model, input: NodeId) -> Result<Value, String> {
    let shape = model.node_info(input).and_then(|info| info.shape());
    match shape.as_deref() {
        Some(&[Dimension::Fixed(layers), _, Dimension::Fixed(units)])
            if (1..=STATE_VALUES_MAX).contains(&layers.saturating_mul(units)) =>
        {
            Value::from_shape([layers, 1, units], vec![0.0_f32; layers * units]).map_err(text)
        }
        other => Err(format!("no prediction network's state has the shape {other:?}")),
    }
}

/// Runs a graph's code. It indexes by what the graph says; where it does not check, it panics.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the runtime panicked over this graph".to_owned()))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
