#!/usr/bin/env python3
"""Writes a tiny Parakeet-TDT model that spells tones, to test a decoder against.

No registry carries Parakeet's weights. This model has their exact file layout, and input and output names and shapes,
with weights set by hand: a tone in one of eight mel bands is one of the letters a to h. What a wrong decoder does
differently, it gets wrong here:

- A letter's duration is 4 encoder frames, the rest of its tone: who ignores durations spells it twice or more.
- A word begins with the first letter, and with every letter from the eighth on. The prediction network, a real LSTM,
  knows by counting: who feeds it blanks, or counts them, begins words elsewhere.
- The bands are read at their places among 128, 80 ms at a time: who lays the spectrum out otherwise spells nothing.

It says nothing about accuracy or speed.

Usage: make_tone_tdt.py OUT        (a folder, made if missing). Needs numpy. Same bytes every time.
"""

import os
import sys

import numpy as np

MELS, WIDTH, HIDDEN, LAYERS, SUBSAMPLING = 128, 16, 640, 2, 8
BANDS = [12, 26, 40, 54, 68, 82, 96, 110]
LETTERS = "abcdefgh"
DURATIONS = 5

VOCABULARY = ["<unk>", *("\u2581" + letter for letter in LETTERS), *LETTERS, "<blk>"]
BLANK = len(VOCABULARY) - 1
OUTPUTS = len(VOCABULARY) + DURATIONS

# --- Protocol buffers, as far as ONNX needs them (onnx.proto, IR version 8) -----------------------------------

FLOAT, INT32, INT64 = 1, 6, 7
NUMPY_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int32): INT32, np.dtype(np.int64): INT64}


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(name, array):
    dims = b"".join(number(1, dim) for dim in array.shape)
    return dims + number(2, NUMPY_TYPES[array.dtype]) + data(8, name) + data(9, array.tobytes())


def attribute(name, value):
    if isinstance(value, int):
        return data(1, name) + number(3, value) + number(20, 2)
    return data(1, name) + b"".join(number(8, item) for item in value) + number(20, 7)


def node(kind, inputs, outputs, **attributes):
    parts = [data(1, name) for name in inputs] + [data(2, name) for name in outputs]
    parts += [data(4, kind)] + [data(5, attribute(*item)) for item in attributes.items()]
    return b"".join(parts)


def value_info(name, kind, shape):
    dims = b"".join(data(1, number(1, dim) if isinstance(dim, int) else data(2, dim)) for dim in shape)
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, dims)))


def model(name, nodes, constants, inputs, outputs, metadata=()):
    graph = b"".join(data(1, item) for item in nodes) + data(2, name)
    graph += b"".join(data(5, tensor(*item)) for item in constants.items())
    graph += b"".join(data(11, value_info(*item)) for item in inputs)
    graph += b"".join(data(12, value_info(*item)) for item in outputs)
    properties = b"".join(data(14, data(1, key) + data(2, value)) for key, value in metadata)
    return number(1, 8) + data(7, graph) + data(8, data(1, "") + number(2, 17)) + properties


# --- The model ------------------------------------------------------------------------------------------------


def noise(shape, scale, seed):
    """Uniform values in plus or minus `scale`, the same everywhere: splitmix64 over the index."""
    with np.errstate(over="ignore"):
        value = (np.arange(np.prod(shape), dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ value >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ value >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    unit = (value >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return ((unit * 2 - 1) * scale).astype(np.float32).reshape(shape)


def ints(*values):
    return np.array(values, np.int64)


def encoder():
    """Averages seven mel bands around each letter's over 8 frames, one output channel a letter."""
    weight = np.zeros((WIDTH, MELS, SUBSAMPLING), np.float32)
    for index, band in enumerate(BANDS):
        weight[index, band - 3 : band + 4, :] = 1 / (7 * SUBSAMPLING)
    nodes = [
        node("Pad", ["audio_signal", "pads"], ["padded"]),
        node("Conv", ["padded", "weight"], ["outputs"], strides=[SUBSAMPLING], kernel_shape=[SUBSAMPLING]),
        node("Add", ["length", "round_up"], ["rounded"]),
        node("Div", ["rounded", "subsampling"], ["encoded_lengths"]),
    ]
    constants = {
        "weight": weight,
        "pads": ints(0, 0, 0, 0, 0, SUBSAMPLING - 1),
        "round_up": ints(SUBSAMPLING - 1),
        "subsampling": ints(SUBSAMPLING),
    }
    inputs = [("audio_signal", FLOAT, ["batch", MELS, "frames"]), ("length", INT64, ["batch"])]
    outputs = [("outputs", FLOAT, ["batch", WIDTH, "positions"]), ("encoded_lengths", INT64, ["batch"])]
    metadata = [
        ("vocab_size", str(BLANK)),
        ("normalize_type", "per_feature"),
        ("pred_rnn_layers", str(LAYERS)),
        ("pred_hidden", str(HIDDEN)),
        ("subsampling_factor", str(SUBSAMPLING)),
        ("model_type", "EncDecRNNTBPEModel"),
        ("feat_dim", str(MELS)),
    ]
    return model("encoder", nodes, constants, inputs, outputs, metadata)


def lstm(inputs, seed, remembers, gains, biases):
    """A layer whose first units are set by hand; the others hold small noise. Gates are in ONNX's order: i, o, f, c.

    Unit n adds (or, unless it remembers, becomes) tanh(gains[n] * input[n] + biases[n]) at every step.
    """
    weight = noise((1, 4 * HIDDEN, inputs), 0.035, seed)
    recurrence = noise((1, 4 * HIDDEN, HIDDEN), 0.017, seed + 1)
    bias = np.zeros((1, 8 * HIDDEN), np.float32)
    for unit, (keeps, gain, offset) in enumerate(zip(remembers, gains, biases, strict=True)):
        input_gate, output_gate, forget_gate, cell = (gate * HIDDEN + unit for gate in range(4))
        weight[0, [input_gate, output_gate, forget_gate, cell], :] = 0
        recurrence[0, [input_gate, output_gate, forget_gate, cell], :] = 0
        # Open is 8, shut is -8: the logistic function is within 0.0004 of 1 and 0 there.
        bias[0, [input_gate, output_gate]] = 8
        bias[0, forget_gate] = 8 if keeps else -8
        weight[0, cell, unit] = gain
        bias[0, cell] = offset
    return weight, recurrence, bias


def decoder_joint():
    """Prediction network and joint network in one graph, as Parakeet's exports have them."""
    embedding = np.zeros((len(VOCABULARY), 8), np.float32)
    embedding[:BLANK, :2] = 1
    # A blank is only fed before the first token, which makes the count one less; whoever feeds more counts backwards.
    embedding[BLANK, 1] = -1
    from_encoder = np.zeros((WIDTH, OUTPUTS), np.float32)
    from_prediction = np.zeros((HIDDEN, OUTPUTS), np.float32)
    bias = np.zeros(OUTPUTS, np.float32)
    for index in range(len(LETTERS)):
        first, later = 1 + index, 1 + len(LETTERS) + index
        from_encoder[index, [first, later, OUTPUTS - 1]] = 10
        # By unit 0, which is 0 before any token and then 0.76 to 1, the boundary goes. By unit 1, which jumps from
        # -0.76 to 0.76 with the seventh token, it returns.
        from_prediction[:2, first], from_prediction[:2, later] = (-6, 4), (4, -4)
        bias[first], bias[later] = 1 + 3.05, -1 - 3.05
    bias[0] = -100
    # What a tone has to exceed: the blank, and its duration of one frame.
    bias[BLANK] = bias[len(VOCABULARY) + 1] = 12
    constants = {
        "embedding": embedding,
        "halves": ints(1, 1),
        "axis1": ints(1),
        "axis2": ints(2),
        "from_encoder": from_encoder,
        "from_prediction": from_prediction,
        "bias": bias,
    }
    # Layer 1: unit 0 latches, unit 1 counts tokens: tanh(0.197 n) is 0.756 at five, 0.829 at six. Layer 2: unit 0
    # latches again, unit 1 is the sign of the count less 0.795.
    weights = [
        lstm(8, 2, (True, True), (8, 0.2), (0, 0)),
        lstm(HIDDEN, 4, (True, False), (8, 100), (0, -79.5)),
    ]
    layers = []
    for layer, given in enumerate(["tokens_first", "first"], 1):
        for name, array in zip("wrb", weights[layer - 1], strict=True):
            constants[f"{name}{layer}"] = array
        arguments = [given, f"w{layer}", f"r{layer}", f"b{layer}", "", f"hidden{layer}", f"cell{layer}"]
        results = [f"all{layer}", f"hidden_out{layer}", f"cell_out{layer}"]
        layers.append(node("LSTM", arguments, results, hidden_size=HIDDEN))
        layers.append(node("Squeeze", [f"all{layer}", "axis1"], ["first" if layer == 1 else "second"]))
    nodes = [
        node("Cast", ["targets"], ["targets64"], to=INT64),
        node("Gather", ["embedding", "targets64"], ["tokens"]),
        node("Transpose", ["tokens"], ["tokens_first"], perm=[1, 0, 2]),
        node("Split", ["input_states_1", "halves"], ["hidden1", "hidden2"], axis=0),
        node("Split", ["input_states_2", "halves"], ["cell1", "cell2"], axis=0),
        *layers,
        node("Concat", ["hidden_out1", "hidden_out2"], ["output_states_1"], axis=0),
        node("Concat", ["cell_out1", "cell_out2"], ["output_states_2"], axis=0),
        node("Transpose", ["second"], ["prediction"], perm=[1, 0, 2]),
        node("Transpose", ["encoder_outputs"], ["encoded"], perm=[0, 2, 1]),
        node("MatMul", ["encoded", "from_encoder"], ["acoustic"]),
        node("Unsqueeze", ["acoustic", "axis2"], ["acoustic4"]),
        node("MatMul", ["prediction", "from_prediction"], ["linguistic"]),
        node("Unsqueeze", ["linguistic", "axis1"], ["linguistic4"]),
        node("Add", ["acoustic4", "linguistic4"], ["joined"]),
        node("Add", ["joined", "bias"], ["outputs"]),
        node("Identity", ["target_length"], ["prednet_lengths"]),
    ]
    states = [LAYERS, "batch", HIDDEN]
    inputs = [
        ("encoder_outputs", FLOAT, ["batch", WIDTH, "positions"]),
        ("targets", INT32, ["batch", "tokens"]),
        ("target_length", INT32, ["batch"]),
        ("input_states_1", FLOAT, states),
        ("input_states_2", FLOAT, states),
    ]
    outputs = [
        ("outputs", FLOAT, ["batch", "positions", "tokens", OUTPUTS]),
        ("prednet_lengths", INT32, ["batch"]),
        ("output_states_1", FLOAT, states),
        ("output_states_2", FLOAT, states),
    ]
    return model("decoder_joint", nodes, constants, inputs, outputs)


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    folder = arguments[0]
    os.makedirs(folder, exist_ok=True)
    vocabulary = "".join(f"{token} {index}\n" for index, token in enumerate(VOCABULARY))
    files = {
        "encoder-model.onnx": encoder(),
        "decoder_joint-model.onnx": decoder_joint(),
        "vocab.txt": vocabulary.encode(),
        "languages.txt": b"en\n",
    }
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


if __name__ == "__main__":
    main(sys.argv[1:])
