"""Where the workers are: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

from autograder.bulk.worker import Job, Result, Task, grade_tasks
from autograder.errors import AutograderError

Chunk = Sequence[Task]
#: Grades chunks in any order, a bounded number of them at a time.
Pool = Callable[[Job, Iterator[Chunk]], Iterator[list[Result]]]

_DIED = "the process that graded it died"


def processes(
    job: Job, chunks: Iterator[Chunk], workers: int | None = None
) -> Iterator[list[Result]]:
    """Grade with worker processes.

    Where a worker dies, the submissions that were in work are tried again one by one, so that the
    one that kills its worker is named and the others are graded.
    """
    number = workers or os.cpu_count() or 1
    while True:
        lost: list[Chunk] = []
        yield from _in_pool(job, chunks, number, lost)
        if not lost:
            return
        for task in (task for chunk in lost for task in chunk):
            again: list[Chunk] = []
            yield from _in_pool(job, iter([[task]]), 1, again)
            if again:
                yield [Result(task.learner, error=f"{_DIED} twice")]


def _in_pool(
    job: Job, chunks: Iterator[Chunk], workers: int, lost: list[Chunk]
) -> Iterator[list[Result]]:
    """Keep two chunks for each worker in work; those of a pool that breaks end in ``lost``."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(workers, context, _end_with_parent) as pool:
        running: dict[Future[list[Result]], Chunk] = {}
        while True:
            while not lost and len(running) < 2 * workers and (chunk := next(chunks, None)):
                try:
                    running[pool.submit(grade_tasks, job, chunk)] = chunk
                except BrokenProcessPool:
                    lost.append(chunk)
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                chunk = running.pop(future)
                try:
                    results = future.result()
                except BrokenProcessPool:
                    lost.append(chunk)
                else:
                    yield results


def _end_with_parent() -> None:
    """Let a worker end when the grader is killed, instead of waiting for work for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def dask(job: Job, chunks: Iterator[Chunk], scheduler: str) -> Iterator[list[Result]]:
    """Grade on a Dask cluster, whose workers see the course's folder under the same path.

    Dask gives the chunks of a worker that dies to another one. A chunk that takes several workers
    down is tried again one by one, so that the submission that does it is named.

    Raises
    ------
    AutograderError
        Where ``distributed`` is not installed or the scheduler does not answer.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        raise AutograderError(
            "grading on a cluster needs Dask: pip install 'downstream-course[distributed]'"
        ) from error
    try:
        client = Client(scheduler, timeout="10s")
    except OSError as error:
        raise AutograderError(f"the Dask scheduler {scheduler} does not answer: {error}") from error
    with client:
        limit = max(2, 2 * sum(client.nthreads().values()))
        running: Any = as_completed()
        chunk_of: dict[str, Chunk] = {}
        suspects: list[Task] = []

        def submit(chunk: Chunk) -> None:
            future = client.submit(grade_tasks, job, chunk, pure=False)
            chunk_of[str(future.key)] = chunk
            running.add(future)

        for chunk in islice(chunks, limit):
            submit(chunk)
        for future in running:
            chunk = chunk_of.pop(str(future.key))
            try:
                yield future.result()
            except KilledWorker:
                suspects += chunk
            for more in islice(chunks, 1):
                submit(more)
        for task in suspects:
            try:
                yield client.submit(grade_tasks, job, [task], pure=False).result()
            except KilledWorker:
                yield [Result(task.learner, error=f"{_DIED} again and again")]
