#!/usr/bin/env python3
"""Makes the speech recordings that the demo and the tests use, from the unpacked packages that carry them.

Usage: make_audio.py PACKAGES JFK.wav OUT

PACKAGES is a folder into which the Debian packages named in install.sh were unpacked. OUT receives, all of it
16 kHz mono 16-bit PCM and human voices:

  librivox/ asterisk/{en,es,fr}/ jfk.wav   single utterances
  manifest.tsv                             path, language, reference text of each
  demo.wav demo.txt                        a long recording put together from them, and its text
  ATTRIBUTION                              whose work it is, and under which licence
  SHA256SUMS                               of everything above

The output is the same bytes on every machine: the decoder works in integers, and nothing depends on time or order.
Needs ffmpeg (for G.722).
"""

import gzip
import hashlib
import pathlib
import re
import subprocess
import sys
import wave

SAMPLE_RATE_HZ = 16_000
BYTES_PER_SAMPLE = 2
# G.722 is 64 kbit/s.
G722_BYTES_PER_SECOND = 8_000

VOICES = {"en": "en_US_f_Allison", "es": "es_MX_f_Allison", "fr": "fr_CA_f_June"}
PROMPTS_PER_LANGUAGE = 150
PROMPT_WORDS_MIN = 3
PROMPT_SECONDS = (1.2, 30.0)

JFK_TEXT = (
    "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)

# Where the package's transcript is not what is said, or misspells it.
CORRECTIONS = {
    "librivox/sense_and_sensibility_01_austen_64kb-0920": (
        "had he married a more amiable woman he might have been made still more respectable than he was"
    ),
    "asterisk/en/queue-periodic-announce": (
        "All of our representatives are currently busy. Please stay on the line and your call will be "
        "answered by the next available representative."
    ),
}

# The demo: a passage of a novel, a speech, then one voice's longer prompts, with a pause after each.
DEMO = [
    "librivox/sense_and_sensibility_01_austen_64kb-0870",
    "librivox/sense_and_sensibility_01_austen_64kb-0880",
    "librivox/sense_and_sensibility_01_austen_64kb-0890",
    "librivox/sense_and_sensibility_01_austen_64kb-0920",
    "librivox/sense_and_sensibility_01_austen_64kb-0930",
    "jfk",
    "asterisk/en/demo-congrats",
    "asterisk/en/demo-echotest",
    "asterisk/en/demo-moreinfo",
    "asterisk/en/basic-pbx-ivr-main",
    "asterisk/en/queue-periodic-announce",
    "asterisk/en/tt-allbusy",
    "asterisk/en/demo-thanks",
]
DEMO_PAUSE_MS = 600

ATTRIBUTION = """\
Speech recordings: whose they are
=================================

librivox/    Jane Austen, "Sense and Sensibility", chapter 1, read for LibriVox (public domain); cut and transcribed
             in the pocketsphinx test data (Debian package pocketsphinx-testdata).
             Copyright 1995-2014 Carnegie Mellon University, 2014-2015 Alpha Cephei Inc. BSD-2-Clause.

asterisk/en/ asterisk/es/
             Asterisk core sounds (Debian packages asterisk-core-sounds-en-g722, asterisk-core-sounds-es-g722 and the
             transcripts beside them). Recorded by Allison Smith; financial contributions by Digium, Inc.
             Copyright 2003-2010 Allison Smith. Creative Commons Attribution-ShareAlike 3.0 (CC-BY-SA-3.0).

asterisk/fr/ Asterisk core sounds (asterisk-core-sounds-fr-g722). Recorded by June Wallack; translated by Clod Patry,
             Kristopher Lalletti and June Wallack. Copyright 2006-2008 June Wallack. CC-BY-SA-3.0.

jfk.wav      John F. Kennedy's inaugural address, 20 January 1961: a work of the United States government, in the
             public domain; the excerpt that comes with whisper.cpp.

demo.wav     The recordings above in a row with pauses between. As it contains CC-BY-SA-3.0 material, it is under
             CC-BY-SA-3.0 as a whole.

Changes made: decoded from G.722 to 16 kHz PCM where they were in G.722; transcripts trimmed, and corrected where they
are not what is said. The recordings are used unchanged otherwise.
Full licence texts: /usr/share/doc/PACKAGE/copyright inside each package.
"""


def fail(message):
    sys.exit(f"error: {message}")


def read_wav(path):
    """Samples of a 16 kHz mono 16-bit file."""
    with wave.open(str(path), "rb") as file:
        shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if shape != (SAMPLE_RATE_HZ, 1, BYTES_PER_SAMPLE):
            fail(f"{path}: rate, channels, bytes are {shape}, expected 16 kHz mono 16-bit")
        return file.readframes(file.getnframes())


def decode_g722(path):
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "g722", "-i", str(path), "-ac", "1"]
    command += ["-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "-"]
    decoded = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if decoded.returncode != 0:
        fail(f"ffmpeg could not decode {path}")
    return decoded.stdout


def write_wav(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples)


def librivox(packages):
    """`(name, language, text, samples)` of each LibriVox utterance."""
    folder = packages / "usr/share/pocketsphinx/test/data/librivox"
    for line in (folder / "transcription").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip())
        if not match:
            fail(f"{folder}/transcription: cannot read {line!r}")
        text, name = match.groups()
        yield f"librivox/{name}", "en", text, read_wav(folder / f"{name}.wav")


def transcripts(packages, language):
    """`{prompt: text}` as the package gives them, without those that describe a noise or part of one."""
    name = f"core-sounds-{language}"
    path = packages / f"usr/share/doc/asterisk-{name}/{name}.txt.gz"
    texts = {}
    for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
        prompt, colon, text = line.partition(":")
        text = " ".join(text.split())
        if colon and not prompt.startswith(";") and not re.search(r"[\[\](){}<>*#]|\.\.\.|…", text):
            texts[prompt.strip()] = text
    return texts


def prompts(packages, language):
    """The longest prompts of a language (and any that the demo wants), in the order of their names."""
    sounds = packages / "usr/share/asterisk/sounds" / VOICES[language]
    candidates = []
    for prompt, text in transcripts(packages, language).items():
        path = sounds / f"{prompt}.g722"
        if not path.is_file():
            continue
        seconds = path.stat().st_size / G722_BYTES_PER_SECOND
        name = f"asterisk/{language}/{prompt}"
        if name in DEMO:
            seconds = PROMPT_SECONDS[1]
        elif len(text.split()) < PROMPT_WORDS_MIN:
            continue
        if PROMPT_SECONDS[0] <= seconds <= PROMPT_SECONDS[1]:
            candidates.append((-seconds, name, text, path))
    candidates.sort()
    for _, name, text, path in sorted(candidates[:PROMPTS_PER_LANGUAGE], key=lambda item: item[1]):
        yield name, language, text, decode_g722(path)


def utterances(packages, jfk):
    yield from librivox(packages)
    yield "jfk", "en", JFK_TEXT, read_wav(jfk)
    for language in VOICES:
        print(f"    decoding {language} prompts", file=sys.stderr)
        yield from prompts(packages, language)


def main(packages, jfk, out):
    out.mkdir(parents=True, exist_ok=True)
    manifest, by_name = [], {}
    for name, language, text, samples in utterances(packages, jfk):
        text = CORRECTIONS.get(name, text)
        write_wav(out / f"{name}.wav", samples)
        manifest.append(f"{name}.wav\t{language}\t{text}\n")
        by_name[name] = (text, samples)
    (out / "manifest.tsv").write_text("".join(manifest), encoding="utf-8")

    missing = [name for name in DEMO if name not in by_name]
    if missing:
        fail(f"the packages have no {', '.join(missing)}")
    pause = bytes(SAMPLE_RATE_HZ * DEMO_PAUSE_MS // 1000 * BYTES_PER_SAMPLE)
    write_wav(out / "demo.wav", b"".join(by_name[name][1] + pause for name in DEMO))
    (out / "demo.txt").write_text("".join(by_name[name][0] + "\n" for name in DEMO), encoding="utf-8")
    (out / "ATTRIBUTION").write_text(ATTRIBUTION, encoding="utf-8")

    files = sorted(path for path in out.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out)}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
