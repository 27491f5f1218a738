"""The texts of a quiz that learners must not receive, and the search for them."""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import html
import json
import lzma
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import unquote

from autograder.notebooks import source_notebook
from autograder.quiz import Quiz

#: Shorter texts occur by chance; they are searched for as whole words only.
_LONG = 13
_SHORT = 5
#: How a key is written in YAML, JSON or Python.
_FLAG = re.compile(r"\b(correct|belongs)\b[\"']?\s*[:=]\s*(true|false)\b")
#: How many encodings around each other are undone.
_DEPTH = 3
_SENTENCE = re.compile(r"(?<=[.:;!?])\s+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_BASE32 = re.compile(r"[A-Z2-7]{24,}")
_READABLE = re.compile(r"[^\x00-\x08\x0e-\x1f\ufffd]{5,}")
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\x([0-9a-fA-F]{2})")
_PACKED: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b\x08", lambda: zlib.decompressobj(31)),
    (b"x\x01", zlib.decompressobj),
    (b"x\x5e", zlib.decompressobj),
    (b"x\x9c", zlib.decompressobj),
    (b"x\xda", zlib.decompressobj),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
)
_UNPACKED = 2_000_000

_INVISIBLE_MARKUP = (
    (re.compile(r"<!--"), "an HTML comment"),
    (re.compile(r"(?m)^\s{0,3}\[[^\]\n]*\]:\s*(#|<>)"), "a Markdown comment"),
    (
        re.compile(r"<[^>]*(display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0)", re.I),
        "hidden HTML",
    ),
    (re.compile(r"<\w+[^>]*\s(hidden|data-[\w-]+)\b", re.I), "hidden HTML"),
)
#: Letters that show as nothing although Unicode does not call them formatting.
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5"


def hidden_text(text: str) -> str | None:
    """What in a text cannot be seen, in a few words; None where nothing is."""
    for pattern, name in _INVISIBLE_MARKUP:
        if pattern.search(text):
            return name
    for letter in text:
        if _invisible(letter):
            return f"the invisible character U+{ord(letter):04X}"
    return None


def _invisible(letter: str) -> bool:
    category = unicodedata.category(letter)
    selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0000" <= letter <= "\U000e0fff"
    control = category == "Cc" and letter not in "\n\t"
    return category in ("Cf", "Co") or selector or control or letter in _BLANK_LETTERS


@dataclass(frozen=True)
class Secrets:
    """What to search for: each normalised text, and where in the quiz it stands."""

    long: dict[str, str]
    short: dict[str, str]
    public: str

    @classmethod
    def of(cls, quiz: Quiz) -> Secrets:
        """The secrets of a quiz, of all variants; what is public anyway is none."""
        public = quiz.public().model_dump()
        texts = [*_strings(public), *(cell.source for cell in source_notebook(quiz).cells)]
        seen = _normal("\n".join(texts))
        words = set(_words(seen))
        long: dict[str, str] = {}
        short: dict[str, str] = {}
        for item in quiz.items:
            for variant in quiz.variants.get(item.id, [item]):
                for field, text in _secret(variant.model_dump(), ""):
                    place = f"item {item.id!r}, {field}"
                    for piece in (_normal(text), *_SENTENCE.split(_normal(text))):
                        if len(piece) >= _LONG and piece not in seen:
                            long.setdefault(piece, place)
                for field, text in _answers(variant):
                    if len(text) >= _SHORT and not set(_words(text)) <= words:
                        short.setdefault(text, f"item {item.id!r}, {field}")
                for field, text in _pairs(variant):
                    if text not in " ".join(_words(seen)):
                        short.setdefault(text, f"item {item.id!r}, {field}")
        return cls(long, short, seen)

    def search(self, name: str, content: bytes) -> Iterator[str]:
        """Where a file, or its name, holds a secret, plain or encoded."""
        reported: set[str] = set()
        for how, text in [("its name", name), *_views(content)]:
            for place in self._found(text):
                if place not in reported:
                    reported.add(place)
                    yield f"holds a secret text ({place}) in {how}; remove it"

    def _found(self, text: str) -> Iterator[str]:
        normal = _normal(text)
        if (flag := _FLAG.search(normal)) and flag[0] not in self.public:
            yield f"a flag of the key, {flag[0]!r}"
        grams = {normal[i : i + _LONG] for i in range(len(normal) - _LONG + 1)}
        for secret, place in self.long.items():
            if secret[:_LONG] in grams and secret in normal:
                yield place
        if self.short:
            spaced = f" {' '.join(_words(normal))} "
            for secret, place in self.short.items():
                if f" {' '.join(_words(secret))} " in spaced:
                    yield place


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:\.\d+)?", text)


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of fields included; lines of a cell in one piece."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _strings(inner)
    elif isinstance(value, list):
        if value and all(isinstance(line, str) for line in value):
            yield "".join(value)
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


#: Fields that are public, or that name things by slugs of the file alone.
_PUBLIC_FIELDS = {
    *("id", "type", "title", "points", "difficulty", "stem", "variant", "concepts", "kind"),
    *("unit", "starter", "setup", "scoring", "tray", "reuse", "words", "tolerance", "limits"),
}


def _secret(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Every text of a dumped item beneath fields that learners do not receive.

    Texts that are public all the same (``text`` of an option) do no harm here: what stands in the
    public part is no secret.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _PUBLIC_FIELDS:
                yield from _secret(inner, f"{field}.{name}" if field else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _secret(inner, f"{field}.{number}")
    elif isinstance(value, str):
        yield field, value


def _pairs(item: Any) -> Iterator[tuple[str, str]]:
    """The ids of each prompt and its option in a row, as any list of the key has them."""
    for number, prompt in enumerate(getattr(item, "prompts", [])):
        yield f"prompts.{number}.match", " ".join(_words(f"{prompt.id} {prompt.match}"))


def _answers(item: Any) -> Iterator[tuple[str, str]]:
    """Short right answers that no public text need hold: words and numbers to be typed."""
    if item.type == "numeric":
        yield "answer", f"{item.answer:.10g}"
    for number, blank in enumerate(getattr(item, "blanks", [])):
        if blank.kind == "text":
            yield from ((f"blanks.{number}.accept", _normal(text)) for text in blank.accept)
        elif blank.kind == "number":
            yield f"blanks.{number}.answer", f"{blank.answer:.10g}"


def _views(content: bytes) -> Iterator[tuple[str, str]]:
    """The content as text, in every reading that is tried, and the name of the reading."""
    todo: list[tuple[str, str, int]] = [("plain text", text, 0) for text in _texts(content)]
    todo += [("its strings", "\n".join(_strings(value)), 0) for value in _values(content)]
    todo += [(how, text, 1) for how, data in _unpacked(content) for text in _texts(data)]
    seen: set[str] = set()
    while todo:
        how, text, depth = todo.pop()
        if text in seen:
            continue
        seen.add(text)
        yield how, text
        if depth >= _DEPTH:
            continue
        outer = "" if depth == 0 else f" in {how}"
        for name, other in _respelt(text, depth):
            todo.append((name + outer, other, depth + 1))
        for name, data in _decoded(text):
            todo += [(name + outer, inner, depth + 1) for inner in _texts(data)]
            todo += [
                (f"{packed} in {name}{outer}", inner, depth + 1)
                for packed, raw in _unpacked(data)
                for inner in _texts(raw)
            ]


def _values(content: bytes) -> Iterator[Any]:
    try:
        yield json.loads(content)
    except (ValueError, RecursionError):
        return


def _texts(data: bytes) -> Iterator[str]:
    """The readable runs of bytes, as UTF-8, and without the zeros that UTF-16 puts between."""
    for one in [data, data.replace(b"\0", b"")] if b"\0" in data else [data]:
        runs = _READABLE.findall(one.decode("utf-8", errors="replace"))
        if runs:
            yield "\n".join(runs)


def _respelt(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """Other spellings of a text; turned and shifted only where nothing else was undone yet."""
    if depth < 2:
        yield "reversed text", text[::-1]
        yield "rot13", codecs.encode(text, "rot13")
    for name, other in (
        ("percent escapes", unquote(text, errors="replace")),
        ("HTML escapes", html.unescape(text)),
        ("unicode escapes", _UNICODE_ESCAPE.sub(_letter, text)),
        ("text without invisible characters", "".join(c for c in text if not _invisible(c))),
    ):
        if other != text:
            yield name, other


def _letter(match: re.Match[str]) -> str:
    code = int(next(filter(None, match.groups())), 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def _decoded(text: str) -> Iterator[tuple[str, bytes]]:
    """What base64, base32 and hex in a text stand for, embedded or broken into lines, too.

    Where it begins is not known, so all four alignments are tried (two for hex).
    """
    joined = re.sub(r"[\s\"',\\]+", "", text)
    joins = [text] if joined == text else [text, joined]
    for one, skip in product(joins, range(4)):
        runs = [run[skip:] for run in _BASE64.findall(one)]
        yield "base64", b"\n".join(map(_from_base64, runs))
    for one, skip in product(joins, range(2)):
        runs = [run[skip:] for run in re.findall(r"[0-9a-fA-F]{16,}", one)]
        yield "hex", b"\n".join(bytes.fromhex(run[: len(run) // 2 * 2]) for run in runs)
    for one in joins:
        for run in _BASE32.findall(one):
            try:
                yield "base32", base64.b32decode(run + "=" * (-len(run) % 8))
            except binascii.Error:
                continue


def _from_base64(run: str) -> bytes:
    """What a run stands for; the padding may be missing, and an odd last letter is dropped."""
    run = run.replace("-", "+").replace("_", "/")
    run = run[:-1] if len(run) % 4 == 1 else run
    return base64.b64decode(run + "=" * (-len(run) % 4))


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What compressed data hold, wherever in the bytes they begin."""
    for magic, decompressor in _PACKED:
        start = data.find(magic)
        while start >= 0:
            try:
                unpacked = decompressor().decompress(data[start:], _UNPACKED)
            except (zlib.error, OSError, lzma.LZMAError, EOFError):
                unpacked = b""
            if len(unpacked) >= _SHORT:
                yield "compressed data", unpacked
            start = data.find(magic, start + 1)
