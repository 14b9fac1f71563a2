"""The configuration file and the Helm values: every key, who wins, and what is refused with its place."""

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from running import CUTTING, inside, program, written

from lhmigrate import config
from lhmigrate.errors import Refusal
from lhmigrate.files.fields import plain
from lhmigrate.files.yamltext import parse, pieces
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.cni import CNIS
from lhmigrate.model.ports import Ports
from lhmigrate.model.settings import INSTALLS, PeerFacts
from lhmigrate.model.values import Values, merged

if TYPE_CHECKING:
    from lhmigrate.model.settings import Settings

SCHEMA = json.loads((Path(__file__).parent.parent / "docs" / "lhmigrate.schema.json").read_text(encoding="utf-8"))
GLOSSARY = Catalogue([shipped_specs()]).glossary
NO_RELEASE = ("check", "--release", "1.6")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(text: str, **given: Any) -> Settings:  # noqa: ANN401 - options of any type
    """What a configuration file makes of an installation, under options of the command line."""
    written(Path(), {".lhmigrate.yaml": text})
    return config.settings(config.Options(**given).over(config.read(None)), GLOSSARY)


FULL = """\
namespace: storage
defaultNamespace: apps
install: manifest
releaseName: lh
cni: cilium
values: [values/one.yaml, values/two.yaml]
specs: [specs]
with: [metrics, openshift]
without: [web-ui]
peers:
  prometheus:
    namespace: monitoring
    labels: {app: prometheus}
    ports: [TCP/9500]
  backup-store:
    cidrs: [192.0.2.10, 10.1.2.3/8, "2001:db8::/32"]
    ports: [TCP/9000, TCP/9001, TCP/10000-20000]
"""


def test_every_key_is_heeded() -> None:
    written(
        Path(),
        {"values/one.yaml": "a: {b: 1, c: 1}\nl: [1, 2]\n", "values/two.yaml": "a: {c: 2}\nl: [3]\n"},
    )
    found = settings(FULL)
    assert (found.namespace, found.default_namespace, found.install) == ("storage", "apps", "manifest")
    assert (found.release_name, found.cni) == ("lh", CNIS["cilium"])
    assert (sorted(found.using), sorted(found.without)) == (["metrics", "openshift"], ["web-ui"])
    assert found.values.given == {"a": {"b": 1, "c": 2}, "l": [3]}
    assert found.peers == {
        "prometheus": PeerFacts("monitoring", {"app": "prometheus"}, (), Ports.parse("TCP/9500")),
        "backup-store": PeerFacts(
            addresses=(ip_network("192.0.2.10"), ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
            ports=Ports.parse("TCP/9000-9001") | Ports.parse("TCP/10000-20000"),
        ),
    }


def test_without_a_file_nothing_is_said() -> None:
    assert config.read(None) == config.Options()
    assert settings("") == config.settings(config.Options(), GLOSSARY)
    assert settings("# nothing\n").namespace == "longhorn-system"


EMPTY = ("namespace:", "values:", "with: []", "peers: {}", "cni: ~", "install: null", "peers: {prometheus: {}}")


@pytest.mark.parametrize("line", EMPTY)
def test_a_key_without_a_value_says_nothing(line: str) -> None:
    found = settings(line)
    assert found.peers.get("prometheus", PeerFacts()) == PeerFacts()
    assert found == config.settings(config.Options(peers=found.peers), GLOSSARY)


# Each: what the file says, what the command line says, and what of the installation comes out.
OVER: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a namespace": ("namespace: a", {"namespace": "b"}, {"namespace": "b"}),
    "a default namespace": ("defaultNamespace: a", {"default_namespace": "b"}, {"default_namespace": "b"}),
    "an installation": ("install: manifest", {"install": "helm"}, {"install": "helm"}),
    "a network plugin": ("cni: calico", {"cni": "cilium"}, {"cni": CNIS["cilium"]}),
    "values files": ("values: [gone.yaml]", {"values": ("v.yaml",)}, {"values": Values({"x": 1})}),
    "one more feature that is used": ("with: [metrics]", {"using": ("web-ui",)}, {"using": {"metrics", "web-ui"}}),
    "a feature that is not used after all": (
        "with: [metrics, web-ui]",
        {"without": ("metrics",)},
        {"using": {"web-ui"}, "without": {"metrics"}},
    ),
    "a feature that is used after all": (
        "without: [metrics]",
        {"using": ("metrics",)},
        {"using": {"metrics"}, "without": frozenset()},
    ),
    "nothing": ("{namespace: a, cni: calico}", {}, {"namespace": "a", "cni": CNIS["calico"]}),
}


@pytest.mark.parametrize(("text", "given", "comes_out"), OVER.values(), ids=OVER.keys())
def test_the_command_line_wins_over_the_file(text: str, given: dict[str, Any], comes_out: dict[str, Any]) -> None:
    written(Path(), {"v.yaml": "x: 1"})
    found = settings(text, **given)
    assert {name: getattr(found, name) for name in comes_out} == comes_out


def test_specs_of_the_command_line_win_over_the_file() -> None:
    written(Path(), {".lhmigrate.yaml": "specs: [gone]\n", "mine/README.md": ""})
    assert config.Options(specs=("mine",)).over(config.read(None)).specs == ("mine",)
    assert "gone: is not a folder" in inside(*NO_RELEASE).err
    assert "mine: holds no release file" in inside(*NO_RELEASE, "--specs", "mine").err


def test_paths_count_from_the_files_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written(
        Path(),
        {
            "team/lh.yaml": f"values: [v/v.yaml, {tmp_path}/elsewhere.yaml]\nspecs: [../more]\n",
            "team/v/v.yaml": "x: 1\n",
            "elsewhere.yaml": "y: 2\n",
        },
    )
    options = config.read("team/lh.yaml")
    named = [Path(name).resolve() for name in (*options.values, *options.specs)]
    assert named == [tmp_path / "team/v/v.yaml", tmp_path / "elsewhere.yaml", tmp_path / "more"]
    assert config.settings(options, GLOSSARY).values.given == {"x": 1, "y": 2}
    monkeypatch.chdir("team")
    assert config.settings(config.read("lh.yaml"), GLOSSARY).values.given == {"x": 1, "y": 2}


# Each: a file, and the complaint about it.
REFUSED = {
    "a key that nobody knows": (
        "namespace: a\ncidrs: []\n",
        ".lhmigrate.yaml:2:1: the configuration has no field 'cidrs'; docs/configuration.md lists them",
    ),
    "a key as the command line writes it": (
        "default-namespace: a\n",
        ".lhmigrate.yaml:1:1: the configuration has no field 'default-namespace'",
    ),
    "a list": ("- namespace\n", ".lhmigrate.yaml:1:1: the configuration must be an object, not a list"),
    "a word": ("storage\n", ".lhmigrate.yaml:1:1: the configuration must be an object, not a string"),
    "two documents": (
        "namespace: a\n---\nnamespace: b\n",
        ".lhmigrate.yaml:3:1: holds more than one document, and one is expected",
    ),
    "no YAML": ("namespace: [\n", ".lhmigrate.yaml:2:1: is not valid YAML"),
    "a key twice": ("cni: calico\ncni: cilium\n", ".lhmigrate.yaml:2:1: the key 'cni' stands here twice"),
    "a namespace that is a number": ("namespace: 5\n", ".lhmigrate.yaml:1:12: namespace must be a string, and 5 is a"),
    "a namespace that is a list": ("namespace: [a]\n", ".lhmigrate.yaml:1:12: namespace must be a string, not a list"),
    "a release name that is a boolean": ("releaseName: on\n", ".lhmigrate.yaml:1:14: releaseName must be a string"),
    "an unknown way of installing": (
        "install: kubectl\n",
        ".lhmigrate.yaml:1:10: install is one of helm, manifest, not 'kubectl'",
    ),
    "an unknown network plugin": ("\ncni: weave\n", ".lhmigrate.yaml:2:6: cni is one of calico, canal, cilium, "),
    "an unknown network plugin, though the command line names another": ("cni: weave\n", ".lhmigrate.yaml:1:6: cni is"),
    "values that are a word": ("values: v.yaml\n", ".lhmigrate.yaml:1:9: values must be a list, not a string"),
    "values that are numbers": ("values: [1]\n", ".lhmigrate.yaml:1:10: values must be a string, and 1 is a number"),
    "values that are not there": ("values: [gone.yaml]\n", "gone.yaml: cannot be read: No such file or directory"),
    "values under an impossible name": ('values: ["a\\0b"]\n', "a\\x00b: no file can have this name"),
    "specs that are not there": ("specs: [gone]\n", "gone: is not a folder of release files"),
    "specs under an impossible name": ('specs: ["a\\0b"]\n', "a\\x00b: is not a folder of release files"),
    "an unknown feature": ("with:\n- metrics\n- magic\n", ".lhmigrate.yaml:3:3: there is no feature 'magic'; these"),
    "an unknown unused feature": ("without: [magic]\n", ".lhmigrate.yaml:1:11: there is no feature 'magic'"),
    "a contradiction": (
        "with: [metrics]\nwithout: [metrics]\n",
        ".lhmigrate.yaml:2:11: --with and --without both name metrics; say one of them",
    ),
    "an unknown peer": ("peers:\n  grafana: {}\n", ".lhmigrate.yaml:2:12: there is no peer 'grafana'; these are known"),
    "peers that are a list": ("peers: [prometheus]\n", ".lhmigrate.yaml:1:8: peers must be an object, not a list"),
    "a peer that is nothing": ("peers: {prometheus: }\n", ".lhmigrate.yaml:1:21: prometheus must be an object, not"),
    "a peer's key that nobody knows": (
        "peers: {prometheus: {cidr: 10.0.0.0/8}}\n",
        ".lhmigrate.yaml:1:22: prometheus has no field 'cidr'",
    ),
    "a peer's labels that are no strings": (
        "peers: {prometheus: {labels: {app: 5}}}\n",
        ".lhmigrate.yaml:1:36: labels.app must be a string, and 5 is a number",
    ),
    "a CIDR that is none": (
        "peers: {prometheus: {cidrs: [10.0.0.0/33]}}\n",
        ".lhmigrate.yaml:1:30: '10.0.0.0/33' is not an address or a CIDR like 10.0.0.0/8",
    ),
    "a port without its protocol": (
        "peers: {prometheus: {ports: [9500]}}\n",
        ".lhmigrate.yaml:1:30: a port must be a string, and 9500 is a number",
    ),
    "a port in small letters": (
        "peers: {prometheus: {ports: [tcp/9500]}}\n",
        ".lhmigrate.yaml:1:30: 'tcp/9500' is not written like TCP/9500 or TCP/10000-30000",
    ),
    "ports from high to low": (
        "peers: {prometheus: {ports: [TCP/9-5]}}\n",
        ".lhmigrate.yaml:1:30: 'TCP/9-5' is not a range of ports between 0 and 65535",
    ),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_refused_with_its_place(text: str, says: str) -> None:
    written(Path(), {".lhmigrate.yaml": text})
    run = inside(*NO_RELEASE, "--cni", "cilium")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"lhmigrate: {says}")
    assert run.err.count("\n") == 1


def test_a_file_that_cannot_be_read_is_refused() -> None:
    Path(".lhmigrate.yaml").symlink_to("gone.yaml")
    assert inside(*NO_RELEASE).err == "lhmigrate: .lhmigrate.yaml: cannot be read: No such file or directory\n"
    Path("gone.yaml").symlink_to(".lhmigrate.yaml")
    assert inside(*NO_RELEASE).err == "lhmigrate: .lhmigrate.yaml: cannot be read: Too many levels of symbolic links\n"
    Path("gone.yaml").unlink()
    Path("gone.yaml").write_bytes(b"namespace: gr\xfc\xdfe\n")
    assert inside(*NO_RELEASE).err == "lhmigrate: .lhmigrate.yaml: is not UTF-8\n"
    Path(".lhmigrate.yaml").unlink()
    Path(".lhmigrate.yaml").mkdir()
    assert inside(*NO_RELEASE).err == "lhmigrate: .lhmigrate.yaml: cannot be read: Is a directory\n"


def test_the_installed_program_reads_the_file_where_it_stands() -> None:
    written(Path(), {".lhmigrate.yaml": "namespace: storage\ncni: calico\n", "p.yaml": CUTTING})
    report = program(*NO_RELEASE, "--format", "json", "p.yaml")
    assert report.code == 0
    assert program(*NO_RELEASE, "--namespace", "longhorn-system", "p.yaml").code == 1
    written(Path(), {"other.yaml": "namespace: longhorn-system\n"})
    assert program(*NO_RELEASE, "--config", "other.yaml", "p.yaml").code == 1


MERGED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "nothing": ([], {}),
    "objects key by key": ([{"a": {"b": 1, "c": 1}}, {"a": {"c": 2, "d": 2}}], {"a": {"b": 1, "c": 2, "d": 2}}),
    "objects in objects": ([{"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}], {"a": {"b": {"c": 1, "d": 2}}}),
    "lists as a whole": ([{"a": [1, 2, 3]}, {"a": [4]}], {"a": [4]}),
    "an object over a word": ([{"a": "b"}, {"a": {"c": 1}}], {"a": {"c": 1}}),
    "a word over an object": ([{"a": {"c": 1}}, {"a": "b"}], {"a": "b"}),
    "null over a value": ([{"a": 1}, {"a": None}], {"a": None}),
    "three of them": ([{"a": 1, "b": 1, "c": 1}, {"b": 2, "c": 2}, {"c": 3}], {"a": 1, "b": 2, "c": 3}),
}


@pytest.mark.parametrize(("trees", "whole"), MERGED.values(), ids=MERGED.keys())
def test_values_merge_as_helm_merges_them(trees: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    before = json.dumps(trees)
    assert merged(list(trees)) == whole
    assert json.dumps(trees) == before


# Each: values, and which of the policies of 1.12.1 are installed under them.
ALL = 6
GATES = {
    "the chart's defaults": ("", ALL),
    "values that say nothing of policies": ("persistence: {defaultClass: true}\n", ALL),
    "restrictInternalTraffic off": ("networkPolicies: {restrictInternalTraffic: false}\n", 0),
    "restrictInternalTraffic null": ("networkPolicies: {restrictInternalTraffic: null}\n", 0),
    "a word is true, as in a template": ("networkPolicies: {restrictInternalTraffic: 'false'}\n", ALL),
    "sources of the API server": ("networkPolicies: {kubeAPIServerSourceCIDRs: [10.0.0.0/28]}\n", ALL),
}


@pytest.mark.parametrize(("text", "count"), GATES.values(), ids=GATES.keys())
def test_values_decide_which_policies_are_installed(text: str, count: int) -> None:
    written(Path(), {"values.yaml": text})
    run = inside("plan", "--from", "1.12.0", "--to", "1.12.1", "--values", "values.yaml", "--format", "json")
    installed = [one for one in run.report["findings"] if one["code"] == "policies-installed"]
    assert sum(len(one["policies"]) for one in installed) == count


NAMESPACES = {
    "nothing said": ("", (), "longhorn-system"),
    "by the values": ("namespaceOverride: storage\n", (), "storage"),
    "by empty values": ("namespaceOverride: ''\n", (), "longhorn-system"),
    "by the command line over the values": ("namespaceOverride: storage\n", ("--namespace", "mine"), "mine"),
}


@pytest.mark.parametrize(("text", "arguments", "namespace"), NAMESPACES.values(), ids=NAMESPACES.keys())
def test_the_namespace_is_the_one_that_was_said(text: str, arguments: tuple[str, ...], namespace: str) -> None:
    written(Path(), {"values.yaml": text, "p.yaml": CUTTING.replace("longhorn-system", namespace)})
    line = (*NO_RELEASE, "--cni", "calico", "--values", "values.yaml", *arguments)
    assert inside(*line, "p.yaml").code == 1
    written(Path(), {"q.yaml": CUTTING.replace("longhorn-system", "somewhere-else")})
    assert inside(*line, "q.yaml").code == 0


# Each: values that Helm or the API server would refuse, and the complaint.
BAD_VALUES = {
    "a list": ("- a\n", "v.yaml:1:1: a Helm values file holds an object"),
    "a key twice": ("a: 1\na: 2\n", "v.yaml:2:1: the key 'a' stands here twice"),
    "no YAML": ("a: {\n", "v.yaml:2:1: is not valid YAML"),
    "a namespace that is a number": ("namespaceOverride: 5\n", "the Helm value namespaceOverride must be a string"),
    "a word where addresses should be": (
        "networkPolicies: {kubeAPIServerSourceCIDRs: 10.0.0.0/8}\n",
        "the Helm value networkPolicies.kubeAPIServerSourceCIDRs must be a list, and it is '10.0.0.0/8'",
    ),
    "a number where addresses should be": (
        "networkPolicies: {kubeAPIServerSourceCIDRs: 10}\n",
        "the Helm value networkPolicies.kubeAPIServerSourceCIDRs must be a list, and it is 10",
    ),
    "an address that is a number": ("networkPolicies: {kubeAPIServerSourceCIDRs: [10]}\n", "a CIDR must be a string"),
    "an address that is nothing": ("networkPolicies: {kubeAPIServerSourceCIDRs: [null]}\n", "ipBlock has no cidr"),
    "an address that is none": (
        "networkPolicies: {kubeAPIServerSourceCIDRs: [here]}\n",
        "with these Helm values, Longhorn's NetworkPolicy longhorn-webhook cannot be read: 'here' is not a CIDR",
    ),
}


@pytest.mark.parametrize(("text", "says"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_bad_values_are_refused(text: str, says: str) -> None:
    written(Path(), {"v.yaml": text})
    run = inside("check", "--release", "1.12.1", "--values", "v.yaml")
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert run.err.count("\n") == 1
    assert "itself failed" not in run.err


KUSTOMIZED = {
    "beside it": (
        {"t/kustomization.yaml": "namespace: longhorn-system\nresources: [p.yaml]\n"},
        "t/kustomization.yaml:1",
        True,
    ),
    "above it": ({"kustomization.yml": "\nnamespace: longhorn-system\n"}, "kustomization.yml:2", True),
    "the nearest one": (
        {
            "t/Kustomization": "namespace: elsewhere\nresources: [p.yaml]\n",
            "kustomization.yaml": "namespace: longhorn-system\n",
        },
        "t/Kustomization:1",
        False,
    ),
    "one that names no namespace is passed over": (
        {"t/kustomization.yaml": "resources: [p.yaml]\n", "kustomization.yaml": "namespace: longhorn-system\n"},
        "kustomization.yaml:1",
        True,
    ),
    "not above a checkout": (
        {"t/.git/HEAD": "", "kustomization.yaml": "namespace: elsewhere\n"},
        "its policies name no namespace",
        True,
    ),
}


@pytest.mark.parametrize(("files", "says", "concerns"), KUSTOMIZED.values(), ids=KUSTOMIZED.keys())
def test_a_kustomization_gives_its_namespace(files: dict[str, str], says: str, concerns: bool) -> None:
    text = CUTTING.replace(", namespace: longhorn-system", "")
    written(Path(), {"t/p.yaml": text, **files})
    run = inside(*NO_RELEASE, "--cni", "calico", "--format", "json", "t")
    assert any(sentence.startswith(says) or says in sentence for sentence in run.report["assumptions"])
    assert run.code == int(concerns)


BAD_KUSTOMIZATIONS = {
    "no YAML": ("namespace: [\n", "kustomization.yaml:2:1: is not valid YAML"),
    "a namespace that is a number": ("namespace: 5\n", "kustomization.yaml:1:12: namespace must be a string"),
    "two documents": ("namespace: a\n---\nnamespace: b\n", "kustomization.yaml:3:1: holds more than one document"),
    "not UTF-8": (b"namespace: gr\xfc\xdfe\n", "kustomization.yaml: is not UTF-8"),
}


@pytest.mark.parametrize(("text", "says"), BAD_KUSTOMIZATIONS.values(), ids=BAD_KUSTOMIZATIONS.keys())
def test_a_kustomization_that_cannot_be_read_leaves_a_doubt(text: str | bytes, says: str) -> None:
    policy = CUTTING.replace(", namespace: longhorn-system", "")
    written(Path(), {"p.yaml": policy, "kustomization.yaml": text})
    run = inside(*NO_RELEASE, "--cni", "calico", "--format", "json", ".")
    assert run.code == 1
    doubt = next(one for one in run.report["findings"] if one["code"] == "unread-policy")
    place = ":".join(str(doubt[key]) for key in ("file", "line", "column") if doubt[key])
    assert says.startswith(f"{place}: ")
    assert says.removeprefix(f"{place}: ") in doubt["message"]
    assert "flow-unknown" in {one["code"] for one in run.report["findings"]}


def test_a_kustomization_says_nothing_of_stdin() -> None:
    written(Path(), {"kustomization.yaml": "namespace: elsewhere\n"})
    text = CUTTING.replace(", namespace: longhorn-system", "")
    run = inside(*NO_RELEASE, "--cni", "calico", "--format", "json", "-", given=text.encode())
    assert run.code == 1
    assert not [sentence for sentence in run.report["assumptions"] if "kustomization" in sentence]


VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def data(text: str) -> Any:  # noqa: ANN401 - whatever YAML it is
    roots = [root for piece in pieces(text, "x") for root in parse(piece)]
    return plain(roots[0]) if roots else None


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_has_the_readers_names() -> None:
    assert SCHEMA["$defs"]["feature"]["enum"] == list(GLOSSARY.features)
    assert SCHEMA["$defs"]["peer-name"]["enum"] == list(GLOSSARY.endpoints)
    assert SCHEMA["properties"]["cni"]["enum"] == [*CNIS, None]
    assert SCHEMA["properties"]["install"]["enum"] == [*INSTALLS, None]


def test_the_schema_describes_everything() -> None:
    keys = [*SCHEMA["properties"].values(), *SCHEMA["$defs"]["peer"]["properties"].values()]
    assert all(key["description"].endswith(".") for key in keys)


@pytest.mark.parametrize("key", [*SCHEMA["properties"], "nothing-of-this"])
def test_the_reader_has_the_schemas_keys(key: str) -> None:
    known = key in SCHEMA["properties"]
    written(Path(), {".lhmigrate.yaml": f"{key}:\n"})
    assert VALIDATOR.is_valid({key: None}) == known
    if known:
        assert config.read(None) == config.Options()
    else:
        with pytest.raises(Refusal, match=f"no field '{key}'"):
            config.read(None)


@pytest.mark.parametrize("key", [*SCHEMA["$defs"]["peer"]["properties"], "nothing-of-this"])
def test_the_reader_has_the_schemas_keys_of_a_peer(key: str) -> None:
    known = key in SCHEMA["$defs"]["peer"]["properties"]
    written(Path(), {".lhmigrate.yaml": f"peers: {{node: {{{key}: }}}}\n"})
    assert VALIDATOR.is_valid({"peers": {"node": {key: None}}}) == known
    if known:
        assert config.read(None).peers == {"node": PeerFacts()}
    else:
        with pytest.raises(Refusal, match=f"no field '{key}'"):
            config.read(None)


GOOD = {"every key": FULL, "nothing": "", **{line: line for line in EMPTY}}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    VALIDATOR.validate(data(text))


# What only reading can find: what YAML itself forbids, what lies on the disk, and what two keys say together.
BEYOND_A_SCHEMA = {
    "two documents",
    "no YAML",
    "a key twice",
    "values that are not there",
    "values under an impossible name",
    "specs that are not there",
    "specs under an impossible name",
    "a contradiction",
    "a CIDR that is none",
    "ports from high to low",
}


@pytest.mark.parametrize("text", [text for name, (text, _) in REFUSED.items() if name not in BEYOND_A_SCHEMA])
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    assert not VALIDATOR.is_valid(data(text))
