"""The writer: all files of a run or none, whatever ends it, and of a file nothing but its content is changed."""

from __future__ import annotations

import ast
import contextlib
import errno
import inspect
import json
import os
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from git import Repo
from powercut import Disk
from stopping import CHANGING, Step, Taken, ended, failing, full, killed_at, meeting, started, steps

from lhmigrate.errors import Place, Refusal
from lhmigrate.files import disk, journal, workplace, writer
from lhmigrate.files.writer import FileChange, replace_all
from lhmigrate.git import worktree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Scene = Callable[[Path], list[FileChange]]


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in it is made with a name that nobody can guess


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In memory, where Linux has that: nobody pulls a plug here, and waiting for a disk takes nearly all the time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as name:
        yield Path(name).resolve()


class Seen(NamedTuple):
    """A file, folder or link, as far as anybody can tell it from another."""

    kind: str
    mode: int
    owner: tuple[int, int]
    content: bytes | str
    links: int
    attributes: dict[str, bytes]


def seen(root: Path) -> dict[str, Seen]:
    """All that is below a folder."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            state = path.lstat()
            kind = stat.filemode(state.st_mode)[0]
            content: bytes | str = path.read_bytes() if kind == "-" else ""
            content = str(path.readlink()) if kind == "l" else content
            links = state.st_nlink if kind == "-" else 0
            owner = (state.st_uid, state.st_gid)
            found[str(path.relative_to(root))] = Seen(
                kind, stat.S_IMODE(state.st_mode), owner, content, links, attributes(path)
            )
    return found


def the_users(root: Path) -> dict[str, Seen]:
    """All that is below a folder and was not left there by a run."""
    return {name: one for name, one in seen(root).items() if "lhmigrate-run" not in name}


def attributes(path: Path) -> dict[str, bytes]:
    """A file's extended attributes, where the platform and the file system have them."""
    if path.is_symlink() or not hasattr(os, "listxattr"):
        return {}
    with contextlib.suppress(OSError):
        return {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return {}


def expected(root: Path, changes: Sequence[FileChange]) -> dict[str, Seen]:
    """What must be below a folder once the changes are made."""
    result = seen(root)
    for change in changes:
        real = Path(os.path.realpath(change.path))
        if change.before is None:
            usual = root / "usual"
            usual.touch()
            result[str(real.relative_to(root.resolve()))] = seen(root)["usual"]._replace(content=change.after)
            usual.unlink()
        else:
            for path in root.rglob("*"):
                if path.is_file() and not path.is_symlink() and path.samefile(real):
                    name = str(path.relative_to(root))
                    result[name] = result[name]._replace(content=change.after)
    return result


OLD, LONGER, SHORTER = b"old: 1\n" * 20, b"new: 22\n" * 30, b"n: 2\n" * 3


def put(path: Path, content: bytes = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def change(path: Path, after: bytes = LONGER) -> FileChange:
    return FileChange(str(path), path.read_bytes() if path.exists() else None, after)


def repository(folder: Path) -> Path:
    """As much of one as it takes to find it."""
    put(folder / ".git" / "HEAD", b"ref: refs/heads/main\n")
    return folder


def three_in_a_repository(root: Path) -> list[FileChange]:
    folder = repository(root / "clone") / "policies"
    return [change(put(folder / name), after) for name, after in {"a": LONGER, "b": SHORTER, "c/d": LONGER}.items()]


def outside_of_any(root: Path) -> list[FileChange]:
    return [change(put(root / "here" / "a")), change(put(root / "there" / "b"), SHORTER), change(root / "here" / "c")]


def with_two_names(root: Path) -> list[FileChange]:
    folder = repository(root / "clone")
    longer, shorter = put(folder / "longer"), put(folder / "shorter")
    for path in (longer, shorter):
        path.with_suffix(".too").hardlink_to(path)
    return [change(put(folder / "a")), change(longer), change(shorter, SHORTER), change(put(folder / "z"))]


def links(root: Path) -> list[FileChange]:
    folder = repository(root / "clone")
    target = put(folder / "base" / "real")
    (folder / "overlay").symlink_to("base")
    (folder / "a").symlink_to("overlay/real")
    return [change(folder / "a"), change(put(folder / "b")), change(target)]


def a_new_one(root: Path) -> list[FileChange]:
    folder = repository(root / "clone")
    return [change(folder / "fresh"), change(put(folder / "kustomization.yaml")), change(folder / "another", b"")]


def in_several_repositories(root: Path) -> list[FileChange]:
    outer = repository(root / "clone")
    inner = repository(outer / "vendored")
    return [change(put(file)) for file in (outer / "a", root / "loose", inner / "b")]


NOT_UTF_8 = b"" if sys.platform == "darwin" else b"\xff"
"""macOS refuses it in names."""


def peculiar(root: Path) -> list[FileChange]:
    folder = repository(root / "clone")
    private, program = put(folder / "private"), put(folder / "program")
    private.chmod(0o600)
    program.chmod(0o775)
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            os.setxattr(program, "user.origin", b"a colleague")
    strange = put(folder / os.fsdecode(b"new\nline \x1b[31m {{ }} -rf" + NOT_UTF_8))
    return [change(private), change(program, SHORTER), change(strange)]


SCENES = [
    pytest.param(three_in_a_repository, id="three files of one repository"),
    pytest.param(outside_of_any, id="files of two folders that are in no repository"),
    pytest.param(with_two_names, id="files with two names, among others"),
    pytest.param(links, id="links to files and folders, and a file under two names of which one is a link"),
    pytest.param(a_new_one, id="new files, of which one is empty"),
    pytest.param(in_several_repositories, id="files of several repositories, and of none"),
    pytest.param(peculiar, id="modes, attributes and names that few have"),
]


class Round(NamedTuple):
    """One of many goes at the same scene."""

    number: int
    root: Path
    changes: list[FileChange]
    before: dict[str, Seen]
    after: dict[str, Seen]

    def recover(self) -> None:
        """Looks at each file once more, and finds nothing that would have to be put back."""
        for one in self.changes:
            assert not journal.recover([one.path])


def rounds(folder: Path, scene: Scene) -> Iterator[Round]:
    """The scene anew each time, as often as one wants."""
    for number in count(1):
        root = folder / str(number)
        root.mkdir(parents=True)
        changes = scene(root)
        yield Round(number, root, changes, seen(root), expected(root, changes))
        shutil.rmtree(root)


# Killed.


def check_each_by_itself(changes: Sequence[FileChange]) -> None:
    """What a user sees who looks before anything was put back: a file is as a whole the old one or the new one."""
    for one in changes:
        path = Path(one.path)
        found = path.read_bytes() if path.exists() else None
        if one.before is None:
            assert found in {None, b"", one.after}
        elif path.stat().st_nlink == 1:
            assert found in {one.before, one.after}


@pytest.mark.parametrize("half", [False, True], ids=["before it", "in the middle of writing"])
@pytest.mark.parametrize("scene", SCENES)
def test_killed_at_any_step(folder: Path, scene: Scene, half: bool) -> None:
    outcomes = []
    for one in rounds(folder, scene):
        killed = killed_at(one.number, partial(replace_all, one.changes), half=half)
        check_each_by_itself(one.changes)
        # Whoever looks at any one of the files finds what was left of the run.
        some = [one.changes[one.number % len(one.changes)].path]
        told, put_back = journal.unfinished(some), journal.recover(some)
        found = the_users(one.root)
        assert found in (one.before, one.after)
        assert not put_back or found == one.before
        assert bool(told) == bool(put_back)
        one.recover()
        assert seen(one.root) == found
        outcomes.append(found == one.after)
        if found == one.before:
            replace_all(one.changes)
            assert seen(one.root) == one.after
        if not killed:
            break
    assert outcomes == sorted(outcomes), "there is one moment at which it happens"
    assert {*outcomes} == {False, True}


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(with_two_names, id="files with two names, among others"),
        pytest.param(in_several_repositories, id="files of several repositories, and of none"),
    ],
)
def test_killed_again_while_it_is_put_back(folder: Path, scene: Scene) -> None:
    moments = []
    for one in rounds(folder / "once", scene):
        if not killed_at(one.number, partial(replace_all, one.changes), half=True):
            break
        if journal.unfinished([one.changes[0].path]):
            moments.append(one.number)
    assert moments
    for moment in moments:
        for one in rounds(folder / str(moment), scene):
            killed_at(moment, partial(replace_all, one.changes), half=True)
            last = [one.changes[-1].path]
            killed = killed_at(one.number, partial(journal.recover, last), half=True)
            journal.recover(last)
            assert the_users(one.root) == one.before
            one.recover()
            assert seen(one.root) == one.before
            if not killed:
                break


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda one: one.name)
def test_asked_to_end_at_any_step(folder: Path, asked: signal.Signals) -> None:
    """Unlike a kill this can be put off until the run has happened, so nobody ever sees half of it."""
    outcomes = []
    for one in rounds(folder, with_two_names):

        def run(one: Round = one) -> None:
            # Whoever starts the tests may have it ignored, as `nohup` does.
            signal.signal(asked, signal.SIG_DFL)
            with steps(meeting(one.number, asked)):
                replace_all(one.changes)

        code = ended(started(run))
        assert code in {0, -asked}
        assert seen(one.root) == one.after
        if code == 0:
            break
        outcomes.append(code)
    assert len(outcomes) > 50


# Failing.


def attempt(one: Round, act: Callable[[Step], None]) -> tuple[Taken, Refusal | None]:
    """The steps that were taken, and the sentence where it was refused."""
    with steps(act) as taken:
        try:
            replace_all(one.changes)
        except Refusal as refusal:
            return taken, refusal
    return taken, None


@pytest.mark.parametrize("error", [errno.EIO, errno.EXDEV], ids=errno.errorcode.get)
@pytest.mark.parametrize("scene", SCENES)
def test_any_one_step_fails(folder: Path, scene: Scene, error: int) -> None:
    """All or none at once, without the help of a later run; at most an empty workplace is left."""
    outcomes = []
    for one in rounds(folder, scene):
        taken, refusal = attempt(one, failing(one.number, error))
        if len(taken) < one.number:
            break
        found = the_users(one.root)
        assert found == (one.before if refusal else one.after)
        assert refusal is None or "no file was changed" in refusal.message
        assert refusal is None or refusal.place
        one.recover()
        assert seen(one.root) == found
        outcomes.append(refusal is None)
    assert {*outcomes} == {False, True}


@pytest.mark.parametrize("scene", SCENES)
def test_the_disk_is_full_from_any_step_on(folder: Path, scene: Scene) -> None:
    """Nothing that takes room works any more, and what was done is undone all the same."""
    for one in rounds(folder, scene):
        taken, refusal = attempt(one, full(one.number))
        assert seen(one.root) == (one.before if refusal else one.after)
        assert refusal is None or "No space left" in refusal.message
        if len(taken) < one.number:
            assert refusal is None
            break


def growing(root: Path) -> list[FileChange]:
    folder = repository(root / "clone")
    linked = put(folder / "linked", b"1" * 5000)
    (folder / "too").hardlink_to(linked)
    return [
        change(put(folder / "a"), b"2" * 20000),
        change(linked, b"3" * 30000),
        change(folder / "fresh", b"4" * 9000),
    ]


def test_the_system_stops_in_the_middle_of_a_write(folder: Path) -> None:
    """No file may be larger than so much: what fits is written."""
    outcomes = []
    for one in rounds(folder, growing):

        def limited(one: Round = one) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (one.number * 777, resource.RLIM_INFINITY))
            with pytest.raises(Refusal, match="File too large"):
                replace_all(one.changes)

        refused = ended(started(limited)) == 0
        assert seen(one.root) == (one.before if refused else one.after)
        outcomes.append(refused)
        if not refused:
            break
    assert len(outcomes) > 30


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB, where we may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here; the two tests above hold the same")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_small_disk(small_disk: Path) -> None:
    """With so many blocks left, down from where all goes well."""
    outcomes = []
    for room in range(40):
        root = small_disk / "files"
        root.mkdir()
        changes = growing(root)
        before, after = seen(root), expected(root, changes)
        with (small_disk / "filler").open("wb", buffering=0) as filler:
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(4096))
            filler.truncate(max(0, filler.tell() - room * 4096))
        refusal = None
        try:
            replace_all(changes)
        except Refusal as caught:
            refusal = caught
        (small_disk / "filler").unlink()
        assert seen(root) == (before if refusal else after)
        assert refusal is None or "No space left" in refusal.message
        outcomes.append(refusal is None)
        shutil.rmtree(root)
    assert outcomes == sorted(outcomes)
    assert {*outcomes} == {False, True}


def test_what_was_done_cannot_be_undone(folder: Path) -> None:
    """The disk goes bad after the first file. Once it is well again, the next run puts everything back."""
    one = next(rounds(folder, three_in_a_repository))
    first = one.changes[0].path

    def fail(step: Step) -> None:
        if step.name in {"replace", "ftruncate"} and Path(first).read_bytes() == LONGER:
            step.fail(errno.EIO)

    _, refusal = attempt(one, fail)
    assert refusal
    assert "could not be put back" in refusal.message
    assert Path(first).read_bytes() == LONGER
    assert [problem.place.file for problem in journal.recover([first])] == [first]
    assert seen(one.root) == one.before


# A power cut.


def possible_after_a_cut(root: Path, action: Callable[[], object]) -> list[Path]:
    """All that a disk may hold when the power is cut at some moment of an action, each as a folder of its own."""
    model = Disk(str(root))
    possible: list[dict[str, tuple[int, bytes]]] = []

    def look() -> None:
        possible.extend(found for found in model.after_a_cut() if found not in possible)

    def act(step: Step) -> None:
        look()
        model.take(step)

    with steps(act):
        action()
    look()
    folders = [root.with_name(f"cut-{number}") for number in range(len(possible))]
    for found, folder in zip(possible, folders, strict=True):
        model.make(found, folder)
    return folders


def contents(found: dict[str, Seen]) -> dict[str, bytes | str]:
    return {name: one.content for name, one in found.items()}


@pytest.mark.parametrize("scene", SCENES)
def test_the_power_is_cut_at_any_step(folder: Path, scene: Scene) -> None:
    one = next(rounds(folder, scene))
    outcomes = set()
    for root in possible_after_a_cut(one.root, partial(replace_all, one.changes)):
        for change in one.changes:
            journal.recover([str(root / os.path.relpath(change.path, one.root))])
        found = contents(seen(root))
        assert found in (contents(one.before), contents(one.after))
        outcomes.add(found == contents(one.after))
    assert outcomes == {False, True}


@pytest.mark.parametrize("scene", SCENES)
def test_what_takes_a_place_is_on_disk_with_its_mode_and_all(folder: Path, scene: Scene) -> None:
    one = next(rounds(folder, scene))
    with steps() as taken:
        replace_all(one.changes)
    last: dict[str, str] = {}
    for step in taken.steps:
        assert step.name != "replace" or last[step.path] == "fsync"
        last[step.path] = step.name


@pytest.mark.parametrize("scene", SCENES)
def test_the_power_is_cut_while_it_is_put_back(folder: Path, scene: Scene) -> None:
    once = next(rounds(folder / "once", scene))
    with steps() as taken:
        replace_all(once.changes)
    end = next(step for step in taken.steps if step.name == "unlink" and step.arguments[0].endswith("journal"))
    one = next(rounds(folder, scene))
    assert killed_at(end.number, partial(replace_all, one.changes))
    paths = [change.path for change in one.changes]
    for root in possible_after_a_cut(one.root, partial(journal.recover, paths)):
        for path in paths:
            journal.recover([str(root / os.path.relpath(path, one.root))])
        assert contents(seen(root)) == contents(one.before)


# Others at the same time.


def tally(folder: Path, names: Sequence[str]) -> list[FileChange]:
    """Each file counts one on, as a run that read them all would have it."""
    read = {name: (folder / name).read_bytes() for name in names}
    return [FileChange(str(folder / name), data, str(int(data) + 1).encode() + b"\n") for name, data in read.items()]


@pytest.mark.parametrize("inside", [True, False], ids=["in a repository", "in none"])
def test_runs_at_once_do_not_mix(folder: Path, inside: bool) -> None:
    """Processes count files on, two of three each, again and again: no step is lost, and none is half done."""
    root = repository(folder / "clone") if inside else folder / "loose"
    names = ["a", "deeper/b", "deeper/c"]
    for name in names:
        put(root / name, b"0\n")
    (root / "other").hardlink_to(root / "a")

    def count_on(mine: Sequence[str]) -> None:
        done = 0
        while done < 25:
            with contextlib.suppress(Refusal):
                replace_all(tally(root, mine))
                done += 1

    processes = [started(partial(count_on, [name for name in names if name != other])) for other in names]
    assert [ended(process) for process in processes] == [0, 0, 0]
    assert {name: (root / name).read_bytes() for name in names} == dict.fromkeys(names, b"50\n")
    assert (root / "other").samefile(root / "a")
    assert "lhmigrate-run" not in str(seen(root))


def stopped_at(number: int, action: Callable[[], object]) -> int:
    """A process that stands still before a step, until it is told to go on."""

    def run() -> None:
        with steps(meeting(number, signal.SIGSTOP)):
            action()

    process = started(run)
    os.waitpid(process, os.WUNTRACED)
    return process


def test_another_run_that_stands_still(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody barges in, and whoever only reads is told. When it goes on, all is well."""
    monkeypatch.setattr(workplace, "_PATIENCE", 0.05)
    one = next(rounds(folder, three_in_a_repository))
    process = stopped_at(36, partial(replace_all, one.changes))
    try:
        with pytest.raises(Refusal, match="another run of lhmigrate is writing here") as caught:
            replace_all(one.changes)
        assert caught.value.place == Place(str(one.root / "clone"))
        with pytest.raises(Refusal, match="another run"):
            journal.recover([one.changes[0].path])
        assert [problem.message.partition(",")[0] for problem in journal.unfinished([one.changes[0].path])] == [
            "lhmigrate is writing here right now"
        ]
    finally:
        os.kill(process, signal.SIGCONT)
    assert ended(process) == 0
    assert seen(one.root) == one.after
    assert journal.unfinished([one.changes[0].path]) == ()


def test_a_run_ends_just_when_another_finds_its_lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other holds then is the lock of a place that is gone."""
    one = next(rounds(folder, three_in_a_repository))
    place = workplace.of(str(one.root / "clone"))
    really, calls = workplace._take, []

    def take(descriptor: int) -> bool:
        calls.append(descriptor)
        if len(calls) == 1:
            Path(place.file("lock")).unlink()
            Path(place.folder).rmdir()
        return really(descriptor)

    monkeypatch.setattr(workplace, "_take", take)
    replace_all(one.changes)
    assert len(calls) == 2
    assert seen(one.root) == one.after


def test_a_file_system_without_locks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def take(_: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(workplace, "_take", take)
    file = put(folder / "a")
    with pytest.raises(Refusal, match="cannot be locked"):
        replace_all([change(file)])
    assert file.read_bytes() == OLD


def test_somebody_saves_a_file_meanwhile(folder: Path) -> None:
    """Theirs is kept, and all others are as they were; or it came after ours, as any later change does."""
    theirs = b"theirs\n"
    outcomes = set()
    for one in rounds(folder, three_in_a_repository):
        last = Path(one.changes[-1].path)

        def save(step: Step, one: Round = one, last: Path = last) -> None:
            if step.number == one.number:
                last.with_name("saving").write_bytes(theirs)
                last.with_name("saving").rename(last)

        taken, refusal = attempt(one, save)
        if len(taken) < one.number:
            break
        at = taken.steps[one.number - 1]
        if at.name == "replace" and at.arguments[1] == str(last):
            continue  # The moment between the last look and the rename, which no system call closes.
        name = str(last.relative_to(one.root))
        expected_ = one.before if refusal else one.after
        assert contents(seen(one.root)) == {**contents(expected_), name: theirs}
        outcomes.add(refusal.message.partition(";")[0] if refusal else "after ours")
    assert outcomes == {"was changed since it was read", "after ours"}


def test_a_link_is_led_elsewhere_meanwhile(folder: Path) -> None:
    root = repository(folder / "clone")
    for name in ("a", "real", "another"):
        put(root / name)
    (root / "link").symlink_to("real")
    one = Round(0, root, [change(root / "a"), change(root / "link")], seen(root), {})

    def lead_elsewhere(step: Step) -> None:
        if step.name == "replace" and step.arguments[1] == str(root / "a"):
            (root / "link").unlink()
            (root / "link").symlink_to("another")

    _, refusal = attempt(one, lead_elsewhere)
    assert refusal
    assert refusal.place == Place(str(root / "link"))
    assert contents(seen(root)) == {**contents(one.before), "link": "another"}


def test_what_is_put_back_keeps_its_time(folder: Path) -> None:
    """So that nothing that goes by times (make, rsync, git) takes it for changed."""
    one = next(rounds(folder, three_in_a_repository))
    files = [Path(change.path) for change in one.changes]
    for file in files:
        os.utime(file, (1, 2))
    _, refusal = attempt(one, lambda step: step.fail(errno.EIO) if step.arguments[-1] == str(files[-1]) else None)
    assert refusal
    assert [file.stat().st_mtime for file in files] == [2, 2, 2]


def test_a_file_appears_where_one_was_to_be_made(folder: Path) -> None:
    root = repository(folder / "clone")
    changes = [change(put(root / "a")), change(root / "fresh")]
    put(root / "fresh", b"theirs\n")
    before = seen(root)
    with pytest.raises(Refusal, match="is there already"):
        replace_all(changes)
    assert seen(root) == before
    one = Round(0, root, changes, {}, {})
    for theirs in (b"theirs\n", b""):
        (root / "fresh").unlink()

        def appear(step: Step, theirs: bytes = theirs) -> None:
            if step.name == "replace" and step.arguments[1] == str(root / "a"):
                put(root / "fresh", theirs)

        _, refusal = attempt(one, appear)
        assert refusal
        assert refusal.message.startswith("was changed since it was read")
        assert contents(seen(root)) == {**contents(before), "fresh": theirs}


# What is refused.


def missing(root: Path) -> FileChange:
    return FileChange(str(root / "missing"), OLD, LONGER)


def a_folder(root: Path) -> FileChange:
    (root / "folder").mkdir()
    return FileChange(str(root / "folder"), OLD, LONGER)


def a_pipe(root: Path) -> FileChange:
    os.mkfifo(root / "pipe")
    return FileChange(str(root / "pipe"), OLD, LONGER)


def read_only(root: Path) -> FileChange:
    put(root / "file").chmod(0o444)
    return change(root / "file")


def a_link_that_leads_nowhere(root: Path) -> FileChange:
    (root / "link").symlink_to("nowhere")
    return FileChange(str(root / "link"), OLD, LONGER)


def a_link_in_a_circle(root: Path) -> FileChange:
    (root / "link").symlink_to("link")
    return FileChange(str(root / "link"), OLD, LONGER)


def changed_since(root: Path) -> FileChange:
    return FileChange(str(put(root / "file")), OLD + b" ", LONGER)


def no_folder_for_it(root: Path) -> FileChange:
    return FileChange(str(root / "missing" / "fresh"), None, LONGER)


def a_file_is_there(root: Path) -> FileChange:
    return FileChange(str(put(root / "file")), None, LONGER)


def a_link_is_there(root: Path) -> FileChange:
    (root / "link").symlink_to("nowhere")
    return FileChange(str(root / "link"), None, LONGER)


def something_else_for_the_same_file(root: Path) -> FileChange:
    (root / "link").symlink_to("a")
    return FileChange(str(root / "link"), OLD, SHORTER)


def something_else_under_another_name(root: Path) -> FileChange:
    (root / "hard").hardlink_to(root / "a")
    return FileChange(str(root / "hard"), OLD, SHORTER)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        pytest.param(missing, "cannot be changed: No such file", id="it is not there"),
        pytest.param(a_folder, "is a folder", id="a folder"),
        pytest.param(a_pipe, "is no plain file", id="a pipe"),
        pytest.param(read_only, "is read-only", id="a file that nobody may write, also for the superuser"),
        pytest.param(a_link_that_leads_nowhere, "cannot be changed: No such file", id="a link that leads nowhere"),
        pytest.param(a_link_in_a_circle, "cannot be changed: Too many levels", id="a link in a circle"),
        pytest.param(changed_since, "was changed since it was read", id="it was changed since"),
        pytest.param(no_folder_for_it, "its folder is not there", id="a new file without a folder"),
        pytest.param(a_file_is_there, "is there already", id="a new file where one is"),
        pytest.param(a_link_is_there, "is there already", id="a new file where a link is that leads nowhere"),
        pytest.param(something_else_for_the_same_file, "is the same file as", id="two contents for one file"),
        pytest.param(something_else_under_another_name, "is the same file as", id="two contents for one file's names"),
    ],
)
@pytest.mark.parametrize("inside", [True, False], ids=["in a repository", "in none"])
def test_one_file_is_refused_and_none_is_changed(
    folder: Path, bad: Callable[[Path], FileChange], sentence: str, inside: bool
) -> None:
    root = repository(folder / "clone") if inside else folder
    changes = [change(put(root / "a")), bad(root), change(put(root / "z"))]
    before = seen(root)
    with pytest.raises(Refusal, match=sentence) as caught:
        replace_all(changes)
    assert caught.value.place == Place(changes[1].path)
    assert seen(root) == before


def test_nothing_to_do_touches_nothing(folder: Path) -> None:
    file = put(folder / "clone" / "a")
    with steps() as taken:
        replace_all([])
        replace_all([FileChange(str(file), OLD, OLD)])
    assert not taken.steps


def test_a_file_may_be_named_twice(folder: Path) -> None:
    root = repository(folder / "clone")
    (put(root / "a").with_name("link")).symlink_to("a")
    replace_all([change(root / "a"), change(root / "link"), change(root / "a")])
    assert (root / "a").read_bytes() == LONGER
    assert (root / "link").is_symlink()


# What a killed run left, and others changed.


def half_done(folder: Path, scene: Scene, files: int = 1) -> Round:
    """Killed after so many files were replaced."""
    for one in rounds(folder, scene):
        killed_at(one.number, partial(replace_all, one.changes))
        replaced = [change for change in one.changes if Path(change.path).exists()]
        if sum(Path(change.path).read_bytes() == change.after for change in replaced) == files:
            break
    return one


@pytest.mark.parametrize("scene", [three_in_a_repository, with_two_names], ids=["renamed", "written in place"])
def test_a_file_was_changed_since_the_run_was_killed(folder: Path, scene: Scene) -> None:
    one = half_done(folder, scene, 2)
    paths = [change.path for change in one.changes]
    Path(paths[1]).write_bytes(b"mended by hand\n")
    before = seen(one.root)
    for refused in (partial(journal.recover, paths), partial(replace_all, one.changes)):
        with pytest.raises(Refusal, match="cannot all be put back") as caught:
            refused()
        assert [str(problem) for problem in caught.value.details] == [f"{paths[1]}: was changed since"]
        assert seen(one.root) == before
    place = one.root / "clone" / ".git" / "lhmigrate-run"
    assert str(place) in caught.value.message, "and it says what to do"
    Path(paths[0]).write_bytes(OLD)
    assert journal.recover(paths) == (), "with the first one put right by hand there is nothing to put back"
    assert not place.exists()
    assert Path(paths[1]).read_bytes() == b"mended by hand\n"


def test_a_file_was_changed_that_the_killed_run_had_not_come_to(folder: Path) -> None:
    one = half_done(folder, three_in_a_repository)
    paths = [change.path for change in one.changes]
    Path(paths[1]).write_bytes(b"theirs\n")
    Path(paths[2]).unlink()
    assert [problem.place.file for problem in journal.recover(paths)] == paths[:1]
    assert Path(paths[0]).read_bytes() == OLD
    assert Path(paths[1]).read_bytes() == b"theirs\n"
    assert not Path(paths[2]).exists()
    one.recover()


def test_everything_was_taken_back_by_hand(folder: Path) -> None:
    one = half_done(folder, a_new_one)
    (one.root / "clone" / "fresh").unlink()
    for change in one.changes:
        if change.before is not None:
            Path(change.path).write_bytes(change.before)
    assert journal.unfinished([one.changes[0].path]) == ()
    assert journal.recover([one.changes[0].path]) == ()
    assert contents(seen(one.root)) == contents(one.before)


def test_the_tree_was_moved(folder: Path) -> None:
    """What a run leaves names its files from there, so it goes with them wherever they go."""
    one = half_done(folder, in_several_repositories)
    moved = one.root.rename(folder / "moved")
    put_back = journal.recover([str(moved / "loose")])
    assert [problem.place.file for problem in put_back] == [str(moved / "clone" / "a")]
    assert contents(the_users(moved)) == contents(one.before)


def test_a_part_of_the_run_cannot_be_reached(folder: Path) -> None:
    one = half_done(folder, outside_of_any)
    (one.root / "there").rename(folder / "unmounted")
    before = seen(one.root)
    with pytest.raises(Refusal, match="is not there") as caught:
        journal.recover([one.changes[0].path])
    assert caught.value.place == Place(str(one.root / "there"))
    assert seen(one.root) == before
    (folder / "unmounted").rename(one.root / "there")
    journal.recover([one.changes[0].path])
    assert contents(the_users(one.root)) == contents(one.before)


def test_what_is_told_of_a_run_that_was_cut_short(folder: Path) -> None:
    one = half_done(folder, three_in_a_repository)
    paths = [change.path for change in one.changes]
    top = str(one.root / "clone")
    assert [problem.place.file for problem in journal.unfinished(paths)] == [top]
    assert [problem.place.file for problem in journal.unfinished([top])] == [top], "a folder in it does as well"
    with pytest.raises(Refusal, match="had to be undone first") as caught:
        replace_all(one.changes)
    assert [problem.place.file for problem in caught.value.details] == paths[:1]
    assert seen(one.root) == one.before


# Whom we believe.


def forged(root: Path, journal_: object) -> Path:
    """A workplace as somebody might bring it along in an archive."""
    place = root / ".lhmigrate-run"
    place.mkdir()
    put(place / "journal", json.dumps(journal_).encode())
    put(place / "0.old", b"evil\n")
    return place


@pytest.mark.parametrize("path", ["../victim", "/victim", "sub/../../victim", "link", "way/victim"])
def test_a_forged_journal_reaches_nothing_outside(folder: Path, path: str) -> None:
    victim = put(folder / "victim")
    root = folder / "downloaded"
    put(root / "a")
    (root / "link").symlink_to("../victim")
    (root / "way").symlink_to("..")
    named = str(victim) if path == "/victim" else path
    forged(root, ["run", ["."], [[0, named, journal.digest(b"evil\n"), journal.digest(OLD), True]]])
    with contextlib.suppress(Refusal):
        journal.recover([str(root / "a")])
    assert victim.read_bytes() == OLD


@pytest.mark.parametrize(
    "journal_",
    [
        "",
        [],
        ["run"],
        ["run", ["."], [[1]]],
        ["run", ["."], [[0, "a", "b", "c", True, 1]]],
        {"run": 1},
        ["run", [], []],
    ],
    ids=json.dumps,
)
def test_a_journal_that_makes_no_sense(folder: Path, journal_: object) -> None:
    file = put(folder / "a")
    place = forged(folder, journal_)
    before = seen(folder)
    with pytest.raises(Refusal, match="cannot be understood") as caught:
        journal.recover([str(file)])
    assert caught.value.place == Place(str(place / "journal"))
    assert [problem.place for problem in journal.unfinished([str(file)])] == [Place(str(place / "journal"))]
    assert the_users(folder) == {name: one for name, one in before.items() if "lhmigrate-run" not in name}


def test_a_workplace_that_is_a_link(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    put(folder / "elsewhere" / "0.old")
    file = put(folder / "here" / "a")
    (folder / "here" / ".lhmigrate-run").symlink_to("../elsewhere")
    with pytest.raises(Refusal, match="is not a folder"):
        replace_all([change(file)])
    assert file.read_bytes() == OLD
    assert (folder / "elsewhere" / "0.old").exists()


def test_what_is_not_ours_stays(folder: Path) -> None:
    file = put(folder / "a")
    mine = put(folder / ".lhmigrate-run" / "mine")
    put(folder / ".lhmigrate-run" / "7.new")
    replace_all([change(file)])
    assert file.read_bytes() == LONGER
    assert [path.name for path in mine.parent.iterdir()] == ["mine"]


superuser = pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")


@superuser
def test_a_workplace_of_somebody_else(folder: Path) -> None:
    file = put(folder / "a")
    place = folder / ".lhmigrate-run"
    place.mkdir()
    os.chown(place, 12345, 12345)
    with pytest.raises(Refusal, match="left by another user") as caught:
        replace_all([change(file)])
    assert caught.value.place == Place(str(place))
    os.chown(folder, 12345, 12345)
    replace_all([change(file)])
    assert file.read_bytes() == LONGER, "whoever owns the folder can do as they like in it anyway"


@superuser
def test_the_owner_stays(folder: Path) -> None:
    root = repository(folder / "clone")
    file = put(root / "a")
    os.chown(file, 12345, 54321)
    file.chmod(0o4755)
    changes, inode = [change(file)], file.stat().st_ino
    after = expected(folder, changes)
    replace_all(changes)
    assert seen(folder) == after
    assert file.stat().st_ino != inode, "it was renamed, not written in place"


@superuser
def test_a_file_of_somebody_else_that_we_may_write(folder: Path) -> None:
    """It could not be given back to them, so it is written in place, and goes back the same way."""
    folder.chmod(0o755)
    root = repository(folder / "clone")
    theirs, ours = put(root / "theirs"), put(root / "ours")
    os.chown(theirs, 12345, 54321)
    theirs.chmod(0o666)
    for path in (root, root / ".git", ours):
        os.chown(path, 2000, 2000)
    changes = [change(theirs), change(ours)]
    before, after = seen(root), expected(root, changes)

    def as_user(action: Callable[[], object]) -> None:
        os.setgid(2000)
        os.setuid(2000)
        action()

    for number in range(1, 60):
        code = ended(
            started(
                partial(as_user, partial(attempt, Round(0, root, changes, {}, {}), meeting(number, signal.SIGKILL)))
            )
        )
        assert ended(started(partial(as_user, partial(journal.recover, [str(ours)])))) == 0
        assert seen(root) in (before, after)
        if code == 0:
            break
        if seen(root) == after:
            for path in (theirs, ours):
                path.write_bytes(OLD)
    assert code == 0


@superuser
def test_the_folder_is_not_ours_to_change(folder: Path) -> None:
    folder.chmod(0o755)
    root = repository(folder / "clone")
    file, git = put(root / "closed" / "a"), root / ".git"
    for path in (git, file):
        os.chown(path, 2000, 2000)
    changes = [change(file)]
    after = expected(root, changes)

    def as_user() -> None:
        os.setgid(2000)
        os.setuid(2000)
        replace_all(changes)

    assert ended(started(as_user)) == 0
    assert seen(root) == after


@superuser
@pytest.mark.parametrize("mounted", ["policies/a", "policies"], ids=["the file itself", "its folder"])
def test_a_rename_would_cross_a_mount(folder: Path, mounted: str) -> None:
    """As `docker run --volume` mounts a file or a folder of the same disk. It is written in place then."""
    root = repository(folder / "clone")
    file, other = put(root / "policies" / "a"), put(root / "b")
    (folder / "outside").mkdir()
    outside = put(folder / "outside" / "a")
    source = outside if mounted == "policies/a" else outside.parent
    if subprocess.run(
        ["mount", "--bind", str(source), str(root / mounted)], capture_output=True, check=False
    ).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        changes = [change(file), change(other)]
        for number in count(1):
            if not killed_at(number, partial(replace_all, changes), half=True):
                break
            journal.recover([str(other)])
            assert outside.read_bytes() == file.read_bytes() == other.read_bytes()
            for path in (file, other):
                put(path)
        assert outside.read_bytes() == file.read_bytes() == other.read_bytes() == LONGER
    finally:
        subprocess.run(["umount", str(root / mounted)], check=True)


@superuser
def test_a_run_of_somebody_else_is_told_of_and_left_alone(folder: Path) -> None:
    folder.chmod(0o755)
    one = half_done(folder, three_in_a_repository)

    def as_user() -> None:
        os.setuid(2000)
        path = one.changes[0].path
        assert ["cannot be looked into" in problem.message for problem in journal.unfinished([path])] == [True]
        with pytest.raises(OSError, match="Permission denied"):
            journal.recover([path])

    before = seen(one.root)
    assert ended(started(as_user)) == 0
    assert seen(one.root) == before


def acl(*entries: tuple[int, int, int]) -> bytes:
    """A POSIX ACL as Linux keeps it (acl(5), `struct posix_acl_xattr_entry`)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def test_access_lists_and_attributes_stay(tmp_path: Path) -> None:
    """Those of the file, and not those that its folder or the workplace's gives to new ones."""
    root = repository(tmp_path / "clone")
    file, plain = put(root / "a"), put(root / "plain")
    nobody = 0xFFFFFFFF
    entries = acl((1, 6, nobody), (2, 4, 12345), (4, 4, nobody), (16, 4, nobody), (32, 0, nobody))
    try:
        os.setxattr(file, "system.posix_acl_access", entries)
        os.setxattr(file, "user.note", b"by hand")
        os.setxattr(root / ".git", "system.posix_acl_default", entries)
    except (OSError, AttributeError):
        pytest.skip("this file system has no access lists")
    changes = [change(file), change(plain)]
    after = expected(root, changes)
    inodes = [path.stat().st_ino for path in (file, plain)]
    replace_all(changes)
    assert seen(root) == after
    assert [path.stat().st_ino for path in (file, plain)] != inodes, "and both were renamed, not written in place"


def test_a_new_file_is_as_its_folder_has_it(folder: Path) -> None:
    root = repository(folder / "clone")
    group = root / "shared"
    group.mkdir()
    group.chmod(0o2775)
    before = os.umask(0o007)
    try:
        usual = put(group / "usual")
        replace_all([change(group / "fresh")])
    finally:
        os.umask(before)
    assert seen(group)["fresh"] == seen(group)["usual"]._replace(content=LONGER)
    assert usual.stat().st_mode & 0o777 == 0o660


# Where a run works.


def test_the_repository_is_on_another_disk(folder: Path, tmp_path: Path) -> None:
    if folder.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is only one disk here")
    repository(tmp_path / "far")
    file = put(folder / "near" / "a")
    put(file.with_name(".git"), f"gitdir: {tmp_path}/far/.git\n".encode())
    assert workplace.of(str(file.parent)).folder == str(file.with_name(".lhmigrate-run"))
    inode = file.stat().st_ino
    replace_all([change(file)])
    assert file.stat().st_ino != inode
    assert not file.with_name(".lhmigrate-run").exists()


def test_a_workplace_in_no_repository_ignores_itself(folder: Path) -> None:
    """So that whoever adds everything to some repository does not add what a killed run left."""
    one = half_done(folder, outside_of_any)
    Repo.init(one.root)
    status = Repo(one.root).git.status("--porcelain", "--untracked-files=all")
    assert "lhmigrate" not in status


def test_what_a_killed_run_leaves_in_a_repository_is_not_seen_by_git(folder: Path) -> None:
    repo = Repo.init(folder)
    files = [put(folder / name) for name in ("a", "b")]
    repo.git.add("--all")
    with repo.config_writer() as config:
        config.set_value("user", "name", "t").set_value("user", "email", "t@t.invalid")
    repo.git.commit("--quiet", "--message=first")
    changes = [change(file) for file in files]
    for number in count(1):
        for file in files:
            put(file)
        if not killed_at(number, partial(replace_all, changes)):
            break
        assert set(repo.git.status("--porcelain").split("\n")) <= {"", " M a", " M b", "M a"}
        journal.recover([str(files[0])])
    repo.git.fsck("--strict")
    assert not (folder / ".git" / "lhmigrate-run").exists()


def test_the_steps_are_all_there_are() -> None:
    """The writer's modules change the disk by calls that the tests above stop at, and by no others."""
    reading = {"read", "fdopen", "close", "stat", "lstat", "fstat", "listdir", "getxattr", "listxattr", "access"}
    helpers = {"path", "W_OK", "fsdecode", "fsencode", "geteuid", "urandom", "strerror", "stat_result"}
    for module in (disk, workplace, journal, writer, worktree):
        tree = ast.parse(inspect.getsource(module))
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
        }
        assert {name for name in used if not name.startswith("O_")} <= reading | helpers | set(CHANGING)
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & {"shutil", "tempfile", "pathlib", "io", "subprocess"}


def test_on_a_real_disk(tmp_path: Path) -> None:
    for scene in SCENES:
        build: Scene = scene.values[0]  # type: ignore[assignment]
        one = next(rounds(tmp_path / str(scene.id), build))
        replace_all(one.changes)
        assert seen(one.root) == one.after
