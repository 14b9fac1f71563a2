"""Which report goes where: formats and files in pairs, and the files written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Place, Refusal
from lhmigrate.files import disk

if TYPE_CHECKING:
    from collections.abc import Sequence

STDOUT: Final = "-"

FORMAT: Final = "--format"
OUTPUT: Final = "--output"


class Output(NamedTuple):
    """One report, and the file that it goes into."""

    format: str
    file: str


def paired(given: Sequence[tuple[str, str]], default: str) -> list[Output]:
    """The reports of a run, from its options and their values in the order in which they were given.

    As many files as formats: the first belongs to the first, and so on. One file fewer: each belongs to the format
    beside it, and the one that is left over goes to standard output. Raises `Refusal` for anything else.
    """
    given = [*given] if any(option == FORMAT for option, _ in given) else [(FORMAT, default), *given]
    formats = [value for option, value in given if option == FORMAT]
    files = [value for option, value in given if option == OUTPUT]
    if len(formats) == len(files):
        pairs = [Output(*one) for one in zip(formats, files, strict=True)]
    else:
        pairs = _neighbours(given)
    _check(pairs, len(formats), len(files))
    return pairs


def _neighbours(given: Sequence[tuple[str, str]]) -> list[Output]:
    """Each file with the format before it, or else the one after it; formats without a file go to standard output."""
    pairs: list[Output] = []
    waiting: list[str] = []
    for option, value in given:
        if option == FORMAT:
            pairs.append(Output(value, waiting.pop() if waiting else ""))
        elif pairs and not pairs[-1].file:
            pairs[-1] = pairs[-1]._replace(file=value)
        else:
            waiting.append(value)
    pairs += [Output("", file) for file in waiting]
    return [one if one.file else one._replace(file=STDOUT) for one in pairs]


def _check(pairs: Sequence[Output], formats: int, files: int) -> None:
    told = f"{formats} {FORMAT} and {files} {OUTPUT} were given"
    if any(not one.format for one in pairs):
        raise Refusal(f"{told}: give each {OUTPUT} a {FORMAT} of its own, before it")
    if sum(one.file == STDOUT for one in pairs) > 1:
        raise Refusal(f"{told}, and only one report fits on standard output: give the others an {OUTPUT} FILE")
    seen: set[str] = set()
    for one in pairs:
        real = os.path.realpath(one.file)
        if one.file != STDOUT and real in seen:
            raise Refusal(f"{OUTPUT} is given twice for the same file", Place(one.file))
        seen.add(real)


def write(file: str, text: str) -> None:
    """Puts a report into a file: all of it, or the file stays as it was. Raises `Refusal` where that cannot be done."""
    data = text.encode("utf-8")
    try:
        if os.path.exists(file) and not os.path.isfile(file):
            _pour(file, data)
        else:
            _replace(os.path.realpath(file), data)
    except OSError as error:
        raise Refusal(f"cannot be written: {error.strerror or error}", Place(file)) from None


def _pour(file: str, data: bytes) -> None:
    """Writes into a pipe, a terminal or /dev/null, which hold nothing to keep. Links into /proc have no real path."""
    with open(file, "wb") as stream:
        stream.write(data)


def _replace(real: str, data: bytes) -> None:
    folder, name = os.path.split(real)
    new = os.path.join(folder, f".{name[:60]}.{os.getpid()}.new")
    disk.create(new, data, mode=0o666)
    try:
        disk.put(new, real, alike=not os.path.exists(real) or disk.resemble(new, real))
    finally:
        if os.path.lexists(new):
            os.unlink(new)
