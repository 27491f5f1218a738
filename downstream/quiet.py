"""What the environment decides: library noise, the number of threads, a short run."""

from __future__ import annotations

import os
import warnings

_SETTINGS = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}


def quiet_libraries() -> None:
    """Silence progress bars, load reports and advice that say nothing about the course.

    A chapter that wants to show the load report of transformers asks for it as data, with
    ``from_pretrained(..., output_loading_info=True)``.
    """
    for variable, value in _SETTINGS.items():
        os.environ.setdefault(variable, value)
    for message in (".*IProgress not found.*", ".*is_gradient_checkpointing.*deprecated.*"):
        warnings.filterwarnings("ignore", message=message)
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def is_short() -> bool:
    """Whether a chapter is only tested: the same path, in less time (``DOWNSTREAM_SHORT=1``)."""
    return os.environ.get("DOWNSTREAM_SHORT") == "1"


def set_threads() -> int:
    """Give torch a fixed number of threads, so that every reader sees the same numbers.

    Two threads, unless ``DOWNSTREAM_THREADS`` says otherwise: on an idle machine with two cores
    they take two thirds of the time that one needs. Threads that outnumber the free cores wait for
    each other, and spin: two such processes on two cores took four times as long. Where
    ``OMP_WAIT_POLICY`` is "passive" before torch is imported they sleep, and took 1.4 times as
    long; so ``make lab`` and ``make test`` set it.

    Returns
    -------
    int
        The number of threads that torch uses from now on.
    """
    import torch

    threads = int(os.environ.get("DOWNSTREAM_THREADS", "2"))
    torch.set_num_threads(threads)
    return threads
