"""The journal of a quiz as this kernel writes it, with what could not be written yet."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakValueDictionary

from autograder.responses import Record, Recorded, append_journal, merge, read_journal

_journals: WeakValueDictionary[Path, Journal] = WeakValueDictionary()


def shared_journal(path: Path) -> Journal:
    """The journal at ``path``: one object for all sessions of this kernel that answer into it."""
    journal = _journals.get(path)
    if journal is None:
        journal = _journals[path] = Journal(path)
    return journal


class Journal:
    """A journal, and the newest record of each item that is not on the disk yet.

    Nothing is forgotten when a write fails: the record stays in ``unwritten``, and the next write
    begins with it. ``failure`` says why the last write failed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unwritten: dict[str, Record] = {}
        self.failure = ""
        self._state: object = None
        self._read = Recorded({})

    @property
    def state(self) -> object:
        """What differs once anybody has written the file; None where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> Recorded:
        """The latest records, written or not; the file is read where it is another than before."""
        state = self.state
        if state is None or state != self._state:
            self._read = read_journal(self.path)
            self._state = state
        return merge([self._read, Recorded(self.unwritten)])

    def holds(self, record: Record) -> bool:
        """Whether a record, known to this kernel, is safe."""
        return self.unwritten.get(record.item) != record

    def keep(self, record: Record) -> None:
        """Write a record, after those that could not be written before."""
        self.unwritten[record.item] = record
        self.write()

    def write(self) -> None:
        """Write what is not written yet, in the order in which it was recorded."""
        self.failure = ""
        for record in sorted(self.unwritten.values(), key=lambda one: one.revision):
            try:
                append_journal(self.path, record)
            except OSError as error:
                self.failure = f"{self.path.name} cannot be written ({error.strerror})"
                return
            del self.unwritten[record.item]
