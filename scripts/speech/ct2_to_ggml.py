#!/usr/bin/env python3
"""Converts a Whisper model from CTranslate2's format to whisper.cpp's ggml format.

Registries carry Whisper's weights only as CTranslate2 packages; whisper.cpp reads ggml. The weights are the same
numbers in another order: nothing is retrained or approximated, except that `q8_0` rounds them to 8 bits.

Usage: ct2_to_ggml.py MODEL.bin HEADER.bin OUT.bin [f16|q8_0]

HEADER is one of whisper.cpp's `models/for-tests-ggml-*.bin`: hyperparameters, mel filters and vocabulary without
weights. Needs numpy. Output depends on the inputs alone, byte by byte.
"""

import os
import re
import struct
import sys

import numpy as np

GGML_MAGIC = 0x67676D6C
HPARAM_COUNT = 11
HPARAM_FTYPE = 10  # index of the file type among the hyperparameters

# ggml's type numbers for a tensor, and whisper.cpp's for a whole file (2000 is the quantisation format's version).
TENSOR_F32, TENSOR_F16, TENSOR_Q8_0 = 0, 1, 8
FILE_TYPES = {"f16": 1, "q8_0": 2007}
Q8_0_BLOCK = 32

CT2_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}

# whisper.cpp reads these as 32-bit floats whatever the file type.
ALWAYS_F32 = {
    "encoder.conv1.bias",
    "encoder.conv2.bias",
    "encoder.positional_embedding",
    "decoder.positional_embedding",
}


class FormatError(Exception):
    """The input is not what this converter was written for."""


class Reader:
    """Little-endian reads from a buffer."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = memoryview(file.read())
        self.path = path
        self.offset = 0

    def number(self, code):
        size = struct.calcsize("<" + code)
        if self.offset + size > len(self.data):
            raise FormatError(f"{self.path}: ends in the middle of a value at byte {self.offset}")
        (value,) = struct.unpack_from("<" + code, self.data, self.offset)
        self.offset += size
        return value

    def take(self, count):
        if self.offset + count > len(self.data):
            raise FormatError(f"{self.path}: ends in the middle of {count} bytes at byte {self.offset}")
        taken = self.data[self.offset : self.offset + count]
        self.offset += count
        return taken

    def string(self):
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode()


def read_ctranslate2(path):
    """Reads a model: `{name: array}`. Layout: version, spec, revision, variables, aliases."""
    reader = Reader(path)
    reader.number("I")
    spec = reader.string()
    reader.number("I")
    if spec != "WhisperSpec":
        raise FormatError(f"{path}: a {spec!r} model, expected 'WhisperSpec'")
    variables = {}
    for _ in range(reader.number("I")):
        name = reader.string()
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        dtype = reader.number("B")
        size_bytes = reader.number("I")
        if dtype not in CT2_DTYPES:
            raise FormatError(f"{path}: {name} has unknown data type {dtype}")
        variables[name] = np.frombuffer(reader.take(size_bytes), dtype=CT2_DTYPES[dtype]).reshape(shape)
    for _ in range(reader.number("I")):
        reader.string(), reader.string()
    if reader.offset != len(reader.data):
        raise FormatError(f"{path}: {len(reader.data) - reader.offset} bytes left over")
    return variables


def read_header(path):
    """Returns whisper.cpp's hyperparameters and the header's bytes (mel filters and vocabulary included)."""
    reader = Reader(path)
    if reader.number("I") != GGML_MAGIC:
        raise FormatError(f"{path}: not a ggml file")
    hparams = [reader.number("i") for _ in range(HPARAM_COUNT)]
    mel_count, fft_count = reader.number("i"), reader.number("i")
    reader.take(4 * mel_count * fft_count)
    for _ in range(reader.number("i")):
        reader.take(reader.number("i"))
    return hparams, bytearray(reader.data[: reader.offset])


class Renamer:
    """Collects whisper.cpp's tensors, in its names, from CTranslate2's variables."""

    def __init__(self, variables):
        self.variables = variables
        self.tensors = {}

    def variable(self, name):
        if name not in self.variables:
            raise FormatError(f"the model has no {name}")
        return self.variables[name]

    def bias_of(self, name):
        return self.variable(name + "/bias").astype(np.float32)

    def copy(self, source, target):
        self.tensors[target] = self.variable(source)

    def norm(self, source, target):
        self.tensors[target + ".weight"] = self.variable(source + "/gamma").astype(np.float32)
        self.tensors[target + ".bias"] = self.variable(source + "/beta").astype(np.float32)

    def linear(self, source, target):
        self.tensors[target + ".weight"] = self.variable(source + "/weight")
        self.tensors[target + ".bias"] = self.bias_of(source)

    def convolution(self, source, target):
        self.tensors[target + ".weight"] = self.variable(source + "/weight")
        self.tensors[target + ".bias"] = self.bias_of(source).reshape(-1, 1)

    def self_attention(self, source, target):
        """CTranslate2 fuses query, key and value into one matrix; whisper.cpp keeps them apart."""
        query, key, value = np.split(self.variable(source + "/linear_0/weight"), 3)
        query_bias, key_bias, value_bias = np.split(self.bias_of(source + "/linear_0"), 3)
        # Whisper's keys have no bias, and ggml no place for one.
        if np.abs(key_bias).max() != 0:
            raise FormatError(f"{source}: the key has a bias; not a Whisper model")
        self.tensors[target + ".query.weight"] = query
        self.tensors[target + ".query.bias"] = query_bias
        self.tensors[target + ".key.weight"] = key
        self.tensors[target + ".value.weight"] = value
        self.tensors[target + ".value.bias"] = value_bias
        self.linear(source + "/linear_1", target + ".out")
        self.norm(source + "/layer_norm", target + "_ln")

    def cross_attention(self, source, target):
        self.linear(source + "/linear_0", target + ".query")
        key, value = np.split(self.variable(source + "/linear_1/weight"), 2)
        _, value_bias = np.split(self.bias_of(source + "/linear_1"), 2)
        self.tensors[target + ".key.weight"] = key
        self.tensors[target + ".value.weight"] = value
        self.tensors[target + ".value.bias"] = value_bias
        self.linear(source + "/linear_2", target + ".out")
        self.norm(source + "/layer_norm", target + "_ln")

    def layer(self, side, index):
        source, target = f"{side}/layer_{index}", f"{side}.blocks.{index}"
        self.self_attention(source + "/self_attention", target + ".attn")
        if side == "decoder":
            self.cross_attention(source + "/attention", target + ".cross_attn")
        self.linear(source + "/ffn/linear_0", target + ".mlp.0")
        self.linear(source + "/ffn/linear_1", target + ".mlp.2")
        self.norm(source + "/ffn/layer_norm", target + ".mlp_ln")

    def model(self):
        """All tensors. Their order is the file's order."""
        positions = "encoder/position_encodings/encodings"
        self.tensors["encoder.positional_embedding"] = self.variable(positions).astype(np.float32)
        self.convolution("encoder/conv1", "encoder.conv1")
        self.convolution("encoder/conv2", "encoder.conv2")
        self.norm("encoder/layer_norm", "encoder.ln_post")
        self.norm("decoder/layer_norm", "decoder.ln")
        positions = "decoder/position_encodings/encodings"
        self.tensors["decoder.positional_embedding"] = self.variable(positions).astype(np.float32)
        self.copy("decoder/embeddings/weight", "decoder.token_embedding.weight")
        for side in ("encoder", "decoder"):
            found = [re.match(rf"{side}/layer_(\d+)/", name) for name in self.variables]
            for index in sorted({int(match.group(1)) for match in found if match}):
                self.layer(side, index)
        return self.tensors


def quantize_q8_0(array):
    """ggml's Q8_0: blocks of 32 values, each a half-precision scale and 32 signed bytes."""
    blocks = array.astype(np.float32).reshape(-1, Q8_0_BLOCK)
    scale = np.abs(blocks).max(1) / 127
    inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0)
    packed = np.empty((len(blocks), 2 + Q8_0_BLOCK), np.uint8)
    packed[:, :2] = scale.astype("<f2").view(np.uint8).reshape(-1, 2)
    packed[:, 2:] = np.rint(blocks * inverse[:, None]).astype(np.int8).view(np.uint8)
    return packed.tobytes()


def tensor_bytes(name, array, file_type):
    """One tensor of the file: dimensions (fastest first), name, type, data."""
    kind = TENSOR_F16 if array.ndim >= 2 and name not in ALWAYS_F32 else TENSOR_F32
    if kind == TENSOR_F16 and array.ndim == 2 and file_type == "q8_0":
        kind = TENSOR_Q8_0
    if kind == TENSOR_Q8_0:
        data = quantize_q8_0(array)
    else:
        dtype = np.float16 if kind == TENSOR_F16 else np.float32
        data = np.ascontiguousarray(array.astype(dtype)).tobytes()
    encoded = name.encode()
    head = struct.pack("<iii", array.ndim, len(encoded), kind)
    return head + struct.pack(f"<{array.ndim}i", *array.shape[::-1]) + encoded + data


def convert(model_path, header_path, out_path, file_type):
    tensors = Renamer(read_ctranslate2(model_path)).model()
    hparams, header = read_header(header_path)
    vocabulary, width = tensors["decoder.token_embedding.weight"].shape
    if (hparams[0], hparams[2]) != (vocabulary, width):
        raise FormatError(
            f"{header_path} is for a vocabulary of {hparams[0]} and a width of {hparams[2]}, "
            f"{model_path} has {vocabulary} and {width}"
        )
    struct.pack_into("<i", header, 4 + 4 * HPARAM_FTYPE, FILE_TYPES[file_type])
    part = out_path + ".part"
    with open(part, "wb") as file:
        file.write(header)
        for name, array in tensors.items():
            file.write(tensor_bytes(name, array, file_type))
    os.replace(part, out_path)


def main(arguments):
    if len(arguments) not in (3, 4) or (len(arguments) == 4 and arguments[3] not in FILE_TYPES):
        sys.exit(__doc__)
    try:
        convert(*arguments[:3], arguments[3] if len(arguments) == 4 else "f16")
    except (FormatError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
