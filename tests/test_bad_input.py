"""Whatever a user's files hold: a sentence with its place, never a traceback, and never a silent skip."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from running import CUTTING, HANGING, POLICY, inside, program, shell, written

from lhmigrate.files import scan

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
META = HEAD + "metadata: {name: bad, namespace: longhorn-system}\n"
PLAN = ("plan", "--from", "1.5", "--to", "1.6", "--cni", "calico")


REAL_OPEN, REAL_SCANDIR, REAL_SCAN = os.open, os.scandir, scan.scan


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that cannot be read: where, and what is said of it."""

    content: str | bytes
    place: str
    says: str


def bomb(levels: int) -> str:
    lines = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join([HEAD + "a0: &a0 [x]", *lines, "metadata: {name: bomb}", f"spec: *a{levels - 1}", ""])


def chain(link: str, levels: int) -> str:
    lines = [f"a{level}: &a{level} {link.format(level - 1)}" for level in range(1, levels)]
    return "\n".join([HEAD + "a0: &a0 {x: y}", *lines, "metadata: {name: deep}", f"spec: *a{levels - 1}", ""])


BAD = {
    "a value that never ends": Bad(META + 'spec: "abc\n', "bad.yaml:5:1", "is not valid YAML: found unexpected end"),
    "an indent that fits nothing": Bad(META + "spec:\n    podSelector: {}\n  ingress: []\n", "bad.yaml:6:3", "is not"),
    "a tab as indent": Bad(META + "spec:\n\tpodSelector: {}\n", "bad.yaml:5:1", "is not valid YAML: found character"),
    "two values for one key": Bad(META + "spec: a: b\n", "bad.yaml:4:8", "is not valid YAML"),
    "a closing bracket too many": Bad(META + "spec: {}}\n", "bad.yaml:4:9", "is not valid YAML"),
    "the same key twice": Bad(
        META + "spec:\n  podSelector: {}\n  podSelector: {}\n",
        "bad.yaml:6:3",
        "the key 'podSelector' stands here twice, first in line 5",
    ),
    "the same key twice at the top": Bad(
        META + "spec: {}\nkind: NetworkPolicy\n", "bad.yaml:5:1", "the key 'kind' stands here twice, first in line 2"
    ),
    "a list where an object should be": Bad(
        "- kind: NetworkPolicy\n", "bad.yaml:1:1", "a Kubernetes object is expected here, not a list"
    ),
    "a string where an object should be": Bad(
        "---\nNetworkPolicy\n", "bad.yaml:2:1", "a Kubernetes object is expected here, not a string"
    ),
    "a list's item that is no object": Bad(
        "kind: NetworkPolicyList\napiVersion: networking.k8s.io/v1\nitems: [5]\n",
        "bad.yaml:3:9",
        "a Kubernetes object is expected here, not a number",
    ),
    "a list whose items are no list": Bad(
        "kind: NetworkPolicyList\nitems: 5\n", "bad.yaml:2:8", "items must be a list, not a number"
    ),
    "a list with its items twice": Bad(
        "kind: NetworkPolicyList\nitems: []\nitems: []\n", "bad.yaml:3:1", "the key 'items' stands here twice"
    ),
    "a list in a list with a bad policy": Bad(
        "kind: List\napiVersion: v1\nitems:\n- kind: NetworkPolicyList\n  apiVersion: networking.k8s.io/v1\n"
        "  items:\n  - metadata: {name: inner}\n    spec: 7\n",
        "bad.yaml:8:11",
        "spec must be an object, not a number",
    ),
    "no spec": Bad(META, "bad.yaml:1:1", "has no spec"),
    "a spec that is a list": Bad(META + "spec: []\n", "bad.yaml:4:7", "spec must be an object, not a list"),
    "a kind that is a number": Bad(
        "kind: 5\nx: NetworkPolicy\n", "bad.yaml:1:7", "kind must be a string, and 5 is a number; put it in quotes"
    ),
    "a name that is a number": Bad(
        HEAD + "metadata: {name: 12}\nspec: {}\n", "bad.yaml:3:18", "name must be a string, and 12 is a number"
    ),
    "a namespace that is a list": Bad(
        HEAD + "metadata: {name: bad, namespace: [a]}\nspec: {}\n",
        "bad.yaml:3:34",
        "namespace must be a string, not a list",
    ),
    "metadata that are a string": Bad(
        HEAD + "metadata: here\nspec: {}\n", "bad.yaml:3:11", "metadata must be an object, not a string"
    ),
    "a selector that is a list": Bad(
        META + "spec: {podSelector: []}\n", "bad.yaml:4:21", "selector must be an object, not a list"
    ),
    "a label that is a boolean": Bad(
        META + "spec:\n  podSelector:\n    matchLabels: {app: yes}\n",
        "bad.yaml:6:24",
        "must be a string, and yes is a boolean; put it in quotes",
    ),
    "an operator that nobody knows": Bad(
        META + "spec: {podSelector: {matchExpressions: [{key: a, operator: Near}]}}\n",
        "bad.yaml:4:",
        "the operator is one of In, NotIn, Exists, DoesNotExist, not 'Near'",
    ),
    "rules that are an object": Bad(
        META + "spec: {podSelector: {}, ingress: {}}\n", "bad.yaml:4:34", "ingress must be a list, not an object"
    ),
    "a rule that is nothing": Bad(
        META + "spec:\n  podSelector: {}\n  ingress:\n  -\n", "bad.yaml:7:4", "an empty item would let everyone in"
    ),
    "a peer that is nothing": Bad(
        META + "spec:\n  podSelector: {}\n  ingress:\n  - from:\n    -\n", "bad.yaml:8:6", "peer must be an object"
    ),
    "a peer without any selector": Bad(
        META + "spec: {podSelector: {}, ingress: [{from: [{}]}]}\n", "bad.yaml:4:43", "a peer must have a podSelector"
    ),
    "a port that is a quoted number": Bad(
        META + "spec: {podSelector: {}, ingress: [{ports: [{port: '80'}]}]}\n",
        "bad.yaml:4:51",
        "'80' is a string, so it must be a port's name",
    ),
    "a port beyond the last": Bad(
        META + "spec: {podSelector: {}, ingress: [{ports: [{port: 65536}]}]}\n", "bad.yaml:4:51", "from 1 to 65535"
    ),
    "a port that is a boolean": Bad(
        META + "spec: {podSelector: {}, ingress: [{ports: [{port: true}]}]}\n", "bad.yaml:4:51", "a port is a number"
    ),
    "a CIDR that is none": Bad(
        META + "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/99}}]}]}\n",
        "bad.yaml:4:60",
        "'10.0.0.0/99' is not a CIDR",
    ),
    "a policy type that nobody knows": Bad(
        META + "spec: {podSelector: {}, policyTypes: [Ingres]}\n", "bad.yaml:4:39", "knows Ingress and Egress"
    ),
    "a field that nobody knows": Bad(
        META + "spec: {podSelector: {}, ingres: []}\n", "bad.yaml:4:25", "spec has no field 'ingres'"
    ),
    "a key that is an object": Bad(META + "spec:\n  ? {a: b}\n  : c\n", "bad.yaml:5:5", "a key must be a string"),
    "an alias bomb": Bad(bomb(12), "bad.yaml:", "grows to more than 2,000,000 values once its aliases are followed"),
    "an alias of what it stands in": Bad(
        META + "spec: &a {podSelector: *a}\n", "bad.yaml:4:24", "the alias *a refers to what it stands in"
    ),
    "an alias of nothing": Bad(META + "spec: *gone\n", "bad.yaml:4:7", "the alias *gone refers to no anchor before it"),
    "nested too deep": Bad(META + "spec: " + "[" * 5000, "bad.yaml:4:", "is nested more than 200 levels deep"),
    "nested too deep by aliases": Bad(chain("[*a{}]", 400), "bad.yaml:", "is nested more than 200 levels deep"),
    "nested too deep by merge keys": Bad(
        chain("{{<<: *a{}}}", 3000), "bad.yaml:", "is nested more than 200 levels deep"
    ),
    "a merge key that names no object": Bad(
        META + "spec: {<<: 5}\n", "bad.yaml:4:12", "a merge key (<<) must name an object"
    ),
    "a NUL byte": Bad(META + "spec: {a: b\0}\n", "bad.yaml:4:12", "it holds a character that YAML does not allow"),
    "an escape code": Bad(META + "# ü\nspec: {é: \x1b[31m}\n", "bad.yaml:5:11", "it holds a character that YAML does"),
    "Latin-1": Bad((META + "# für alle\n").encode("latin-1"), "bad.yaml:4", "is not UTF-8"),
    "UTF-16 with a mark": Bad(META.encode("utf-16"), "bad.yaml", "is not UTF-8"),
    "UTF-16, big end first, with a mark": Bad(b"\xfe\xff" + META.encode("utf-16-be"), "bad.yaml", "is not UTF-8"),
    "UTF-16 without a mark": Bad(META.encode("utf-16-le"), "bad.yaml", "is not UTF-8"),
    "UTF-16, big end first, without a mark": Bad(META.encode("utf-16-be"), "bad.yaml", "is not UTF-8"),
    "UTF-32": Bad(META.encode("utf-32"), "bad.yaml", "is not UTF-8"),
    "long UTF-16 without a mark": Bad((META + "# x\n" * 50_000).encode("utf-16-le"), "bad.yaml", "is not UTF-8"),
    "binary data": Bad(b"\x7fELF\x02\x01\0\0\xff\xfe\x80NetworkPolicy\0\x99\xc3", "bad.yaml:1", "is not UTF-8"),
    "a Helm template that is not YAML": Bad(
        META + "spec:\n  {{- toYaml .Values.spec | nindent 2 }}\n",
        "bad.yaml:5",
        "is a Helm template, not a manifest: render it and pass the result, as in `helm template",
    ),
    "a Helm template that happens to be YAML": Bad(
        HEAD + 'metadata: {name: bad, namespace: "{{ .Release.Namespace }}"}\nspec: {podSelector: {}}\n',
        "bad.yaml:3",
        "is a Helm template",
    ),
    "a Flux substitution": Bad(
        HEAD + "metadata: {name: bad, namespace: '${NAMESPACE}'}\nspec: {podSelector: {}}\n",
        "bad.yaml:3",
        "has a ${VARIABLE} that is replaced only when it is applied",
    ),
}
FOREIGN = {
    "another API's policy": Bad(
        "apiVersion: crd.antrea.io/v1beta1\nkind: ClusterNetworkPolicy\nmetadata: {name: c}\n",
        "bad.yaml:1:1",
        "is a ClusterNetworkPolicy (another API's), which this version cannot judge yet",
    ),
    "a policy of a time long gone": Bad(
        "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: c}\n",
        "bad.yaml:1:1",
        "is a NetworkPolicy (another API's), which this version cannot judge yet",
    ),
}


@pytest.mark.parametrize("bad", [*BAD.values(), *FOREIGN.values()], ids=[*BAD.keys(), *FOREIGN.keys()])
def test_beside_a_good_file_a_bad_one_is_listed_and_found(bad: Bad) -> None:
    written(Path(), {"bad.yaml": bad.content, "good.yaml": POLICY})
    run = inside(*PLAN, "--format", "json", ".")
    assert run.code == 1
    assert run.err == ""
    places = [place_of(problem) for problem in run.report["coverage"]["unread"]]
    assert len(places) == 1
    assert places[0].startswith(f"./{bad.place}")
    assert bad.says in run.report["coverage"]["unread"][0]["reason"]
    assert run.report["coverage"]["policies"] == 1
    found = [finding for finding in run.report["findings"] if finding["code"] == "unread-policy"]
    assert places[0] in [place_of(finding) for finding in found]
    assert all(finding["level"] == "warning" for finding in found)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_where_nothing_can_be_judged_the_run_ends_with_every_sentence(bad: Bad) -> None:
    written(Path(), {"bad.yaml": bad.content})
    run = inside(*PLAN, "bad.yaml")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("lhmigrate: nothing could be judged:\n")
    lines = [line for line in run.err.splitlines() if line.startswith(f"  {bad.place}")]
    assert len(lines) == 1
    assert bad.says in lines[0]


@pytest.mark.parametrize("bad", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_policy_of_another_kind_is_no_reason_to_say_nothing(bad: Bad) -> None:
    written(Path(), {"bad.yaml": bad.content})
    run = inside(*PLAN, "--format", "json", "bad.yaml")
    assert (run.code, run.err) == (1, "")
    (unread,) = run.report["coverage"]["unread"]
    assert (place_of(unread), unread["reason"].startswith(bad.says)) == (bad.place, True)
    assert "flow-unknown" in {finding["code"] for finding in run.report["findings"]}
    assert not [finding for finding in run.report["findings"] if finding["code"] == "flow-blocked"]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_stream_is_told_like_a_bad_file(bad: Bad) -> None:
    content = bad.content.encode() if isinstance(bad.content, str) else bad.content
    run = inside(*PLAN, "-", given=content)
    assert (run.code, run.out) == (2, "")
    assert f"  {bad.place.replace('bad.yaml', '(stdin)')}" in run.err
    assert bad.says in run.err


def place_of(one: dict[str, Any]) -> str:
    return ":".join(str(one[key]) for key in ("file", "line", "column") if one[key] is not None)


def test_every_bad_file_has_its_sentence() -> None:
    written(Path(), {f"bad-{index}.yaml": bad.content for index, bad in enumerate(BAD.values())})
    run = inside(*PLAN, ".")
    assert run.code == 2
    for index, bad in enumerate(BAD.values()):
        line = next(line for line in run.err.splitlines() if line.startswith(f"  ./bad-{index}.yaml"))
        assert bad.says in line


def test_of_one_file_the_good_documents_are_read() -> None:
    written(Path(), {"mixed.yaml": f"{POLICY}---\n{META}spec: 5\n---\n{CUTTING}"})
    run = inside(*PLAN, "--format", "json", ".")
    assert run.report["coverage"]["policies"] == 2
    assert [place_of(one) for one in run.report["coverage"]["unread"]] == ["./mixed.yaml:11:7"]


JSON_POLICY = (
    '{"metadata": {"annotations": {"note": "see #1, and #2"}, "name": "managers", "namespace": "longhorn-system"},'
    ' "kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {}, "ingress": [{}]}}'
)
ITEM = '{"metadata": {"name": "m", "namespace": "longhorn-system"}, "spec": {"podSelector": {}, "ingress": [{}]}}'
FINE = {
    "nothing at all": ("", 0),
    "nothing but spaces": (" \n\n  \n", 0),
    "nothing but comments": ("# a NetworkPolicy would stand here\n# {{ nothing }}\n", 0),
    "nothing but a document's beginning": ("---\n", 0),
    "documents without anything in them": ("---\n---\n# NetworkPolicy\n---\n...\n", 0),
    "a document that is null": ("null\n---\n~ # NetworkPolicy\n", 0),
    "somebody else's object that speaks of NetworkPolicy": (
        "kind: ClusterRole\nrules: [{resources: [networkpolicies], note: NetworkPolicy}]\n",
        0,
    ),
    "a very long line": (f"# {'x' * 3_000_000}\n{POLICY}", 1),
    "a very long value": (POLICY + f"status: {'x' * 3_000_000}\n", 1),
    "a UTF-8 mark": ("\ufeff" + POLICY, 1),
    "CR LF line ends": (POLICY.replace("\n", "\r\n"), 1),
    "CR line ends, with a comment first": ("# mine\r" + POLICY.replace("\n", "\r"), 1),
    "a line separator in a comment": ("# mine\u2028" + POLICY, 1),
    "no line end at the end": (POLICY.rstrip("\n"), 1),
    "JSON": (JSON_POLICY, 1),
    "JSON with tabs": (JSON_POLICY.replace(", ", ",\n\t"), 1),
    "a List": (f'{{"kind": "List", "apiVersion": "v1", "items": [{JSON_POLICY}]}}', 1),
    "a List in a List": (f'{{"kind": "List", "items": [{{"kind": "List", "items": [{JSON_POLICY}]}}]}}', 1),
    "a NetworkPolicyList whose items say no kind, as the API server gives it": (
        f'{{"kind": "NetworkPolicyList", "apiVersion": "networking.k8s.io/v1", "items": [{ITEM}]}}',
        1,
    ),
    "an empty NetworkPolicyList": ("kind: NetworkPolicyList\napiVersion: networking.k8s.io/v1\nitems: []\n", 0),
    "a comment behind the kind": (POLICY.replace("kind: NetworkPolicy", "kind: NetworkPolicy  # {{ ${NOT_ME}"), 1),
    "anchors and merge keys": (
        "x: &rest {ingress: [{}]}\n" + POLICY.replace("  ingress: [{}]\n", "  <<: *rest\n"),
        1,
    ),
}


@pytest.mark.parametrize(("content", "policies"), FINE.values(), ids=FINE.keys())
def test_unusual_is_not_bad(content: str, policies: int) -> None:
    written(Path(), {"file.yaml": content})
    run = inside(*PLAN, "--format", "json", "file.yaml")
    assert run.err == ""
    assert run.report["coverage"]["unread"] == []
    assert run.report["coverage"]["policies"] == policies
    assert inside(*PLAN, "-", given=content.encode()).out.count(" 1 policy ") == policies


def test_spaces_without_end_take_no_time_without_end() -> None:
    written(Path(), {"spaces.yaml": f"kind: Namespace{' ' * 2_000_000}x\n# NetworkPolicy\n"})
    assert program(*PLAN, "spaces.yaml").code == 0


@dataclass(frozen=True, slots=True)
class Huge:
    """A file of 100 MB that takes no room on the disk."""

    tail: bytes
    code: int
    unread: list[str]


HUGE = {
    "that mentions a policy": Huge(b"\nkind: NetworkPolicy\n", 1, ["is larger than 64 MiB and may hold policies"]),
    "that mentions one across the pieces in which it is read": Huge(b"", 1, ["is larger than 64 MiB"]),
    "that mentions none": Huge(b"\nkind: ConfigMap\n", 0, []),
}


@pytest.mark.parametrize("huge", HUGE.values(), ids=HUGE.keys())
def test_a_file_of_100_megabytes(huge: Huge) -> None:
    written(Path(), {"good.yaml": POLICY})
    with Path("huge.yaml").open("wb") as file:
        if not huge.tail:
            file.seek(scan._BUFFER + (8 << 20) - 6)
            file.write(b"NetworkPolicy")
        file.seek(100_000_000)
        file.write(huge.tail or b"\n")
    run = inside(*PLAN, "--format", "json", ".")
    assert run.code == huge.code
    unread = run.report["coverage"]["unread"]
    assert [one["file"] for one in unread] == ["./huge.yaml"] * len(huge.unread)
    assert all(one["reason"].startswith(says) for one, says in zip(unread, huge.unread, strict=True))


def test_a_stream_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MOST_BYTES", 1 << 20)
    run = inside(*PLAN, "-", given=POLICY.encode() + b"#" * (2 << 20))
    assert run.code == 2
    assert "  (stdin): is larger than 1 MiB" in run.err


def test_a_device_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MOST_BYTES", 1 << 20)
    run = inside(*PLAN, "/dev/zero")
    assert run.code == 2
    assert "  /dev/zero: is larger than 1 MiB" in run.err


def test_a_run_that_ends_early_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are read ahead by a child, which may have long to go when the parent finds a bad option."""
    written(Path(), {"tree/good.yaml": POLICY})

    def endless(*_: object) -> scan.Scan:
        time.sleep(HANGING)
        return scan.Scan(0, [], [])

    monkeypatch.setattr(scan, "scan", endless)
    ahead = scan.ReadAhead(["tree"], lambda _: None)
    child = ahead._child
    ahead.give_up()
    with pytest.raises(ChildProcessError):
        os.waitpid(child, 0)


def test_a_child_that_fails_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    written(Path(), {"tree/good.yaml": POLICY})
    parent = os.getpid()

    def failing(*arguments: Any) -> scan.Scan:  # noqa: ANN401 - handed on
        if os.getpid() != parent:
            raise MemoryError
        return REAL_SCAN(*arguments)

    monkeypatch.setattr(scan, "scan", failing)
    assert inside(*PLAN, "--format", "json", "tree").report["coverage"]["policies"] == 1


def test_a_closed_stdin_is_said() -> None:
    run = shell("lhmigrate plan --from 1.5 --to 1.6 - <&-")
    assert (run.code, run.out) == (2, "")
    assert "(stdin): cannot be read: it is closed" in run.err


NO_FILE = "is neither a file nor a folder"
LINKS = "is a symbolic link that leads in a circle"


def test_of_a_folder_everything_that_cannot_be_read_is_listed() -> None:
    written(Path(), {"tree/good.yaml": POLICY, "tree/folder.yaml/inner.yml": CUTTING})
    Path("tree/gone.yaml").symlink_to("nowhere.yaml")
    Path("tree/circle.yaml").symlink_to("circle.yaml")
    Path("tree/round").symlink_to("round")
    Path("tree/up").symlink_to("..")
    os.mkfifo("tree/pipe.yaml")
    Path("tree/to-pipe.yaml").symlink_to("pipe.yaml")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("tree/socket.yaml")
    Path("tree/device.yaml").symlink_to("/dev/null")
    run = inside(*PLAN, "--format", "json", "tree")
    assert run.code == 1
    assert {one["file"]: one["reason"] for one in run.report["coverage"]["unread"]} == {
        "tree/circle.yaml": LINKS,
        "tree/device.yaml": NO_FILE,
        "tree/gone.yaml": "is a symbolic link that leads nowhere",
        "tree/pipe.yaml": NO_FILE,
        "tree/round": LINKS,
        "tree/socket.yaml": NO_FILE,
        "tree/to-pipe.yaml": NO_FILE,
    }
    assert run.report["coverage"]["policies"] == 2
    told = [finding["file"] for finding in run.report["findings"] if finding["code"] == "unread-policy"]
    assert told == [one["file"] for one in run.report["coverage"]["unread"]]


def link(target: str) -> None:
    Path("named").symlink_to(target)


def folder() -> None:
    Path("named").mkdir()
    link_in = Path("named/link.yaml")
    link_in.symlink_to("link.yaml")


NAMED = {
    "a path that is not there": (lambda: None, "named: No such file or directory; give a file, a folder, or - for"),
    "a link that leads nowhere": (lambda: link("nowhere"), "named: is a symbolic link that leads nowhere"),
    "a link that leads to itself": (lambda: link("named"), f"named: {LINKS}"),
    "a folder with nothing but a link to itself": (folder, f"  named/link.yaml: {LINKS}"),
}


@pytest.mark.parametrize(("make", "says"), NAMED.values(), ids=NAMED.keys())
def test_a_path_that_leads_nowhere_ends_the_run(make: Callable[[], None], says: str) -> None:
    written(Path(), {"good.yaml": POLICY})
    make()
    run = program(*PLAN, "named")
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    if Path("named").is_dir():
        return
    assert program(*PLAN, "good.yaml", "named") == run


def test_a_pipe_that_is_named_is_read_to_its_end() -> None:
    os.mkfifo("pipe")
    text = POLICY.replace("managers", "m" * 200_000)
    threading.Thread(target=lambda: Path("pipe").write_text(text, encoding="utf-8"), daemon=True).start()
    run = inside(*PLAN, "--format", "json", "pipe")
    assert run.report["coverage"] == {"files": 1, "documents": 1, "policies": 1, "unread": []}
    assert shell("lhmigrate plan --from 1.5 --to 1.6 <(cat /dev/null)").code == 0


def test_what_may_not_be_read_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    written(Path(), {"tree/good.yaml": POLICY, "tree/shut.yaml": CUTTING, "tree/closed/inner.yaml": CUTTING})

    def opened(path: str, flags: int) -> int:
        if os.fspath(path).endswith("shut.yaml"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return REAL_OPEN(path, flags)

    def scanned(path: str) -> Any:  # noqa: ANN401 - os keeps the type to itself
        if os.fspath(path).endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return REAL_SCANDIR(path)

    with monkeypatch.context() as here:
        here.setattr(os, "open", opened)
        here.setattr(os, "scandir", scanned)
        run = inside(*PLAN, "--format", "json", "tree")
        alone = inside(*PLAN, "tree/shut.yaml")
    assert run.code == 1
    assert {one["file"]: one["reason"] for one in run.report["coverage"]["unread"]} == {
        "tree/closed": "cannot be opened: Permission denied",
        "tree/shut.yaml": "cannot be read: Permission denied",
    }
    assert (alone.code, alone.out) == (2, "")
    assert "  tree/shut.yaml: cannot be read: Permission denied" in alone.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permissions_is_listed() -> None:
    written(Path(), {"shut.yaml": CUTTING, "good.yaml": POLICY})
    Path("shut.yaml").chmod(0)
    run = program(*PLAN, "--format", "json", ".")
    assert [one["reason"] for one in run.report["coverage"]["unread"]] == ["cannot be read: Permission denied"]


def test_a_disk_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    written(Path(), {"good.yaml": POLICY, "lost.yaml": CUTTING})

    def broken(_descriptor: int, _buffers: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as here:
        here.setattr(os, "readv", broken)
        run = inside(*PLAN, ".")
    assert run.code == 2
    assert run.err.splitlines()[1:] == [
        "  ./good.yaml: cannot be read: Input/output error",
        "  ./lost.yaml: cannot be read: Input/output error",
    ]


def test_what_vanishes_while_folders_are_walked_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    written(Path(), {"tree/a.yaml": POLICY, "tree/b.yaml": CUTTING, "tree/c/d.yaml": CUTTING})

    def scanned(path: str) -> Any:  # noqa: ANN401 - os keeps the type to itself
        entries = REAL_SCANDIR(path)
        if path == "tree":
            listed = list(entries)
            Path("tree/b.yaml").unlink()
            Path("tree/c").rename("elsewhere")
            return contextlib.nullcontext(listed)
        return entries

    with monkeypatch.context() as here:
        here.setattr(os, "scandir", scanned)
        run = inside(*PLAN, "--format", "json", "tree")
    assert {one["file"]: one["reason"] for one in run.report["coverage"]["unread"]} == {
        "tree/b.yaml": "cannot be read: No such file or directory",
        "tree/c": "cannot be opened: No such file or directory",
    }
    assert run.report["coverage"]["policies"] == 1


def test_one_file_by_several_paths_is_one_file() -> None:
    written(Path(), {"tree/data/file.yaml": CUTTING})
    Path("tree/link.yaml").symlink_to("data/file.yaml")
    Path("tree/again").symlink_to("data")
    run = inside(*PLAN, "--format", "json", "tree", "./tree/data", "tree/data/file.yaml")
    assert not [one["message"] for one in run.report["findings"] if one["code"] == "unread-policy"]
    assert run.report["findings"] != []
    alone = inside(*PLAN, "--format", "json", "tree/data/file.yaml")
    assert [one["code"] for one in run.report["findings"]] == [one["code"] for one in alone.report["findings"]]


def test_two_policies_of_one_name_are_doubtful_where_they_differ() -> None:
    written(Path(), {"a.yaml": CUTTING, "b.yaml": CUTTING.replace("[Ingress]", "[Ingress, Egress]")})
    run = inside(*PLAN, "--format", "json", ".")
    doubts = [one["message"] for one in run.report["findings"] if one["code"] == "unread-policy"]
    assert len(doubts) == 2
    assert "is declared again at ./b.yaml:1:1" in doubts[0]
    assert "is declared again at ./a.yaml:1:1" in doubts[1]


NO_POLICIES = {
    "a folder without files": {},
    "a folder without policies": {"deployment.yaml": "kind: Deployment\n", "values.yaml": "a: b\n"},
    "a folder whose file endings are not those of manifests": {"policy.yaml.bak": POLICY, "README.md": POLICY},
    "a folder with nothing but what git keeps": {".git/policy.yaml": POLICY},
}


@pytest.mark.parametrize("files", NO_POLICIES.values(), ids=NO_POLICIES.keys())
def test_a_folder_without_policies_is_judged_as_none(files: dict[str, str]) -> None:
    Path("tree").mkdir()
    written(Path("tree"), files)
    run = inside(*PLAN, "tree")
    assert (run.code, run.err) == (0, "")
    assert "Read 0 policies in " in run.out
    assert inside(*PLAN, "--format", "json", "tree").report["coverage"]["unread"] == []


def test_without_policies_there_is_still_what_the_release_itself_changes() -> None:
    Path("tree").mkdir()
    run = inside("plan", "--from", "1.12.0", "--to", "1.12.1", "--format", "json", "tree")
    assert run.code == 1
    assert "policies-installed" in {finding["code"] for finding in run.report["findings"]}
