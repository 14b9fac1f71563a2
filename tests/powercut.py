"""What a disk may hold after a power cut: whatever was waited for, and of the rest some and not the rest.

A model that is as unkind as POSIX lets file systems be: what is written is there only once its file was waited for, and
a new, changed or removed name only once its folder was. Until then each may be there or not, in any order.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stopping import Step


@dataclass
class Naming:
    """A change of names: what is at `new` from then on (nothing, where that is None), and no more at `old`."""

    old: str | None
    new: str | None
    file: int
    durable: bool = False

    def folders(self) -> set[str]:
        return {str(Path(name).parent) for name in (self.old, self.new) if name is not None}


FOLDER = -1
"""Stands for a folder where a file's number is expected."""


@dataclass
class Disk:
    """The files below a folder, by numbers that they keep when they are renamed."""

    root: str
    names: dict[str, int] = field(default_factory=dict)
    """As they were at first."""
    written: dict[int, bytearray] = field(default_factory=dict)
    waited_for: dict[int, bytes] = field(default_factory=dict)
    namings: list[Naming] = field(default_factory=list)
    now: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known: dict[tuple[int, int], int] = {}
        for path in sorted(Path(self.root).rglob("*")):
            name = str(path)
            if path.is_symlink():
                self.links[name] = str(path.readlink())
            elif path.is_dir():
                self.names[name] = FOLDER
            else:
                state = path.stat()
                number = known.setdefault((state.st_dev, state.st_ino), len(known))
                self.names[name] = number
                self.written[number], self.waited_for[number] = bytearray(path.read_bytes()), path.read_bytes()
        self.now = dict(self.names)

    def take(self, step: Step) -> None:
        """Follows a step."""
        path = step.path
        match step.name:
            case "mkdir":
                self._name(None, path, FOLDER)
            case "open" if path not in self.now:
                number = len(self.written)
                self.written[number], self.waited_for[number] = bytearray(), b""
                self._name(None, path, number)
            case "write":
                data = bytes(step.arguments[1])
                start = os.lseek(step.arguments[0], 0, os.SEEK_CUR)
                self.written[self.now[path]][start : start + len(data)] = data
            case "ftruncate":
                del self.written[self.now[path]][step.arguments[1] :]
            case "replace":
                self._name(path, step.arguments[1], self.now[path])
            case "unlink" | "rmdir" if path in self.now:
                self._name(path, None, self.now[path])
            case "fsync" if self.now.get(path, FOLDER) == FOLDER:
                for naming in self.namings:
                    naming.durable |= path in naming.folders()
            case "fsync":
                self.waited_for[self.now[path]] = bytes(self.written[self.now[path]])

    def _name(self, old: str | None, new: str | None, file: int) -> None:
        self.namings.append(Naming(old, new, file))
        _rename(self.now, self.namings[-1])

    def after_a_cut(self) -> Iterator[dict[str, tuple[int, bytes]]]:
        """What may be there: names, with the number and the content of each file."""
        waiting = [naming for naming in self.namings if not naming.durable]
        for some in ([], waiting, *([one] for one in waiting)):
            names = dict(self.names)
            for naming in self.namings:
                if naming.durable or any(naming is one for one in some):
                    _rename(names, naming)
            reachable = {name: file for name, file in names.items() if self._reachable(name, names)}
            for contents in (self.waited_for, self.written):
                yield {
                    name: (file, b"" if file == FOLDER else bytes(contents[file])) for name, file in reachable.items()
                }

    def _reachable(self, name: str, names: dict[str, int]) -> bool:
        folder = str(Path(name).parent)
        return folder == self.root or (names.get(folder) == FOLDER and self._reachable(folder, names))

    def make(self, found: dict[str, tuple[int, bytes]], root: Path) -> None:
        """Makes it so, in a new folder."""
        root.mkdir()
        made: dict[int, Path] = {}
        for name, (file, content) in sorted(found.items()):
            path = root / os.path.relpath(name, self.root)
            if file == FOLDER:
                path.mkdir(mode=0o700)
            elif file in made:
                path.hardlink_to(made[file])
            else:
                path.write_bytes(content)
                made[file] = path
        for name, target in self.links.items():
            (root / os.path.relpath(name, self.root)).symlink_to(target)


def _rename(names: dict[str, int], naming: Naming) -> None:
    if naming.old is not None:
        names.pop(naming.old, None)
    if naming.new is not None:
        names[naming.new] = naming.file
