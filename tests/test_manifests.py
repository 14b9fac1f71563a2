"""What a file holds: policies, namespaces, lists of them, and what only looks like one."""

from __future__ import annotations

import json
from itertools import product

import pytest
import yaml

from lhmigrate.dialects import CLUSTER_WIDE, admin, calico, cilium, kubernetes
from lhmigrate.files import skim
from lhmigrate.files.manifests import Objects, read
from lhmigrate.model.labels import EVERYTHING
from lhmigrate.model.peers import Unclear
from lhmigrate.model.policy import Direction

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: managers
  namespace: longhorn-system
spec:
  podSelector: {matchLabels: {app: longhorn-manager}}
  ingress: [{ports: [{port: 9500}]}]
"""
AS_JSON = json.dumps(
    {
        "metadata": {"annotations": {"see": "issue #12"}, "name": "managers", "namespace": "longhorn-system"},
        "kind": "NetworkPolicy",
        "apiVersion": "networking.k8s.io/v1",
        "spec": {"podSelector": {"matchLabels": {"app": "longhorn-manager"}}, "ingress": [{"ports": [{"port": 9500}]}]},
    }
)
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata: {note: about NetworkPolicy}\n"


def indented(text: str, by: str = "  ") -> str:
    return "- " + text.replace("\n", f"\n{by}").rstrip(" ")


def found(text: str) -> Objects:
    return read(text, "f.yaml")


def told(objects: Objects) -> list[str]:
    """Each policy as its place and name, and whether it could be read."""
    return [f"{one.place.line} {one}{' unread' if one.unread else ''}" for one in objects.policies]


# ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "policies"),
    [
        pytest.param(POLICY, ["1 NetworkPolicy managers"], id="one policy"),
        pytest.param(f"# Mine.\n---\n{POLICY}", ["3 NetworkPolicy managers"], id="after a comment"),
        pytest.param(
            f"{POLICY}---\n{CONFIG_MAP}---\n\n{POLICY}",
            ["1 NetworkPolicy managers", "16 NetworkPolicy managers"],
            id="several documents",
        ),
        pytest.param(POLICY.replace("\n", "\r\n"), ["1 NetworkPolicy managers"], id="Windows line ends"),
        pytest.param("# old Mac\r" + POLICY.replace("\n", "\r"), ["2 NetworkPolicy managers"], id="old line ends"),
        pytest.param(AS_JSON, ["1 NetworkPolicy managers"], id="JSON in one line, with a # in it"),
        pytest.param(json.dumps(json.loads(AS_JSON), indent="\t"), ["1 NetworkPolicy managers"], id="JSON with tabs"),
        pytest.param(
            f"{AS_JSON}\n---\n{AS_JSON}", ["1 NetworkPolicy managers", "3 NetworkPolicy managers"], id="JSON twice"
        ),
        pytest.param(
            POLICY.replace("NetworkPolicy", "'NetworkPolicy'"), ["1 NetworkPolicy managers"], id="a quoted kind"
        ),
        pytest.param(
            POLICY.replace("networking.k8s.io/v1", "networking.k8s.io/v1beta1"),
            ["1 NetworkPolicy managers"],
            id="another version of the group",
        ),
        pytest.param(
            f"apiVersion: v1\nkind: List\nitems:\n{indented(POLICY)}\n{indented(CONFIG_MAP)}",
            ["4 NetworkPolicy managers"],
            id="a List",
        ),
        pytest.param(
            f"items:\n{indented(POLICY)}\nkind: NetworkPolicyList\napiVersion: networking.k8s.io/v1\n",
            ["2 NetworkPolicy managers"],
            id="a NetworkPolicyList, its kind last",
        ),
        pytest.param(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems:\n- metadata: {name: a}\n  spec: {}\n",
            ["4 NetworkPolicy a"],
            id="a NetworkPolicyList whose items say no kind",
        ),
        pytest.param(
            f'{{"kind": "List", "items": [{{"kind": "List", "items": [{AS_JSON}]}}, {AS_JSON}]}}',
            ["1 NetworkPolicy managers", "1 NetworkPolicy managers"],
            id="a List in a List",
        ),
        pytest.param(
            f"list: &list {{kind: List}}\n<<: *list\nitems:\n{indented(POLICY)}",
            ["4 NetworkPolicy managers"],
            id="a List by a merge key",
        ),
        pytest.param("kind: NetworkPolicyList\nitems: []\n", [], id="a list of nothing"),
        pytest.param("kind: NetworkPolicyList\n", [], id="a list without items"),
        pytest.param("", [], id="an empty file"),
        pytest.param("# NetworkPolicy\n---\n# another NetworkPolicy\n", [], id="nothing but comments"),
        pytest.param("--- # NetworkPolicy\n", [], id="nothing but a marker with a comment"),
        pytest.param(CONFIG_MAP, [], id="an object that merely mentions the word"),
        pytest.param(
            f"apiVersion: v1\nkind: ConfigMap\ndata:\n  policy: |\n    {POLICY.replace(chr(10), chr(10) + '    ')}\n",
            [],
            id="a policy in the text of another object",
        ),
        pytest.param(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: [{resources: [NetworkPolicy]}]\n",
            [],
            id="a role",
        ),
        pytest.param(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
            "spec: {names: {kind: CiliumNetworkPolicy}}\n",
            [],
            id="the definition of a kind of policy",
        ),
        pytest.param(
            "kind: Alert\nrule: 'NetworkPolicy {{ $labels.name }} ${x}'\n", [], id="another object with a template"
        ),
    ],
)
def test_which_policies_a_file_holds(text: str, policies: list[str]) -> None:
    objects = found(text)
    assert told(objects) == policies
    assert objects.unread == ()


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", 0),
        (POLICY, 1),
        (f"{POLICY}---\n{POLICY}---\n", 2),
        (f"{POLICY}---\nkind: Service\n", 1),
        (f"kind: List\nitems:\n{indented(POLICY)}\n{indented(POLICY)}", 1),
    ],
)
def test_only_documents_that_could_matter_are_looked_into(text: str, documents: int) -> None:
    assert found(text).documents == documents


# ---------------------------------------------------------------------------------------------------
# What cannot be read counts as a policy that may be about any pod, and let in anyone.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            POLICY.replace("  podSelector", "\tpodSelector"), "f.yaml:7:1: is not valid YAML", id="no YAML at all"
        ),
        pytest.param("[NetworkPolicy]\n", "f.yaml:1:1: a Kubernetes object is expected here, not a list", id="a list"),
        pytest.param(
            "---\nNetworkPolicy\n", "f.yaml:2:1: a Kubernetes object is expected here, not a string", id="a word"
        ),
        pytest.param(
            f"kind: List\nitems:\n- NetworkPolicy\n{indented(POLICY)}",
            "f.yaml:3:3: a Kubernetes object is expected here, not a string",
            id="an item of a List that is a word",
        ),
        pytest.param(
            "kind: NetworkPolicyList\nitems: {a: b}\n", "f.yaml:2:8: items must be a list, not an object", id="no items"
        ),
        pytest.param(
            "kind: [NetworkPolicy]\n", "f.yaml:1:7: kind must be a string, not a list", id="a kind that is a list"
        ),
        pytest.param(
            "kind: NetworkPolicy\nkind: Service\n",
            "f.yaml:2:1: the key 'kind' stands here twice, first in line 1",
            id="two kinds",
        ),
        pytest.param(
            "x: NetworkPolicy\nspec: 1\nspec: 2\n",
            "f.yaml:3:1: the key 'spec' stands here twice, first in line 2",
            id="something twice in what may be a policy",
        ),
        pytest.param(
            POLICY.replace("9500", "0"),
            "f.yaml:8:29: a port is a number from 1 to 65535 here",
            id="a port that is none",
        ),
        pytest.param(POLICY.partition("spec")[0], "f.yaml:1:1: object has no spec", id="no spec"),
    ],
)
def test_what_cannot_be_read_is_told_and_kept(text: str, problem: str) -> None:
    objects = found(text)
    assert [str(one)[: len(problem)] for one in objects.unread] == [problem]
    [unread] = [one for one in objects.policies if one.unread]
    assert unread.unread == objects.unread


def test_a_policy_of_which_nothing_is_known_may_be_about_any_pod() -> None:
    [policy] = found("NetworkPolicy: [\n").policies
    assert policy.namespace is None
    assert policy.selects == EVERYTHING
    assert policy.isolates == set(Direction)
    assert [[rule.peers for rule in policy.rules(one)] for one in Direction] == [[(Unclear(),)], [(Unclear(),)]]
    assert not policy.denies()


def test_a_document_that_cannot_be_parsed_stands_where_it_begins() -> None:
    assert told(found(f"{POLICY}---\n\n# Broken.\nNetworkPolicy: [\n")) == [
        "1 NetworkPolicy managers",
        "11 policy (unread) unread",
    ]


def test_a_policy_that_cannot_be_read_keeps_its_name_and_namespace() -> None:
    [policy] = found(POLICY.replace("9500", "0")).policies
    assert (policy.kind, policy.name, policy.namespace) == ("NetworkPolicy", "managers", "longhorn-system")
    assert str(policy.place) == "f.yaml:1:1"


def test_an_empty_namespace_is_none() -> None:
    [policy] = found(POLICY.replace("longhorn-system", "''")).policies
    assert policy.namespace is None
    [policy] = found(POLICY.replace("longhorn-system", "''").replace("9500", "0")).policies
    assert policy.namespace is None


@pytest.mark.parametrize(
    "broken", ["a: [\n", "NetworkPolicy: {\n", "'\n", "\tkind: NetworkPolicy\n", "{{ NetworkPolicy }}: {\n"]
)
def test_a_broken_document_hides_no_other(broken: str) -> None:
    assert "NetworkPolicy managers" in [str(one) for one in found(f"{broken}---\n{POLICY}").policies]
    assert "NetworkPolicy managers" in [str(one) for one in found(f"{POLICY}---\n{broken}").policies]


def test_a_broken_document_without_the_word_is_somebody_elses() -> None:
    objects = found(f"a: [\n---\n{POLICY}---\nb: [  # not a NetworkPolicy\n")
    assert objects.unread == ()
    assert told(objects) == ["3 NetworkPolicy managers"]
    assert objects.documents == 2


def test_a_broken_document_with_the_word_in_a_string_may_be_ours() -> None:
    objects = found(AS_JSON.removesuffix("}"))
    assert len(objects.unread) == 1
    assert objects.documents == 1


# ---------------------------------------------------------------------------------------------------
# Templates.

HELM = "is a Helm template, not a manifest"
FLUX = "has a ${VARIABLE} that is replaced only when it is applied"


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        pytest.param(
            f"{{{{- if .Values.on }}}}\n{POLICY}{{{{- end }}}}\n", "f.yaml:1", HELM, id="a condition around it"
        ),
        pytest.param(POLICY.replace("managers", "{{ .Release.Name }}-m"), "f.yaml:4", HELM, id="a name"),
        pytest.param(POLICY.replace("managers", "'{{ .Release.Name }}'"), "f.yaml:4", HELM, id="a name in quotes"),
        pytest.param(
            POLICY.replace("longhorn-manager", '"{{ .Values.app }}"'), "f.yaml:7", HELM, id="a label in quotes"
        ),
        pytest.param(f"---\n# Chart.\n{POLICY.replace('9500', '{{ .Values.port }}')}", "f.yaml:10", HELM, id="a port"),
        pytest.param(POLICY.replace("longhorn-system", "${NAMESPACE}"), "f.yaml:5", FLUX, id="a namespace"),
        pytest.param(
            POLICY.replace("longhorn-manager", "${app:=manager}"), "f.yaml:7", FLUX, id="a label with a default"
        ),
        pytest.param(AS_JSON.replace("longhorn-system", "${NAMESPACE}"), "f.yaml:1:85", FLUX, id="in JSON"),
        pytest.param(
            f"kind: List\nitems:\n{indented(POLICY.replace('longhorn-system', '${NAMESPACE}'))}",
            "f.yaml:7:16",
            FLUX,
            id="in a List",
        ),
        pytest.param(
            f"kind: List\nitems:\n{indented(POLICY.replace('longhorn-system', chr(39) + '{{ .ns }}' + chr(39)))}",
            "f.yaml:7:16",
            HELM,
            id="a Helm template in a List",
        ),
    ],
)
def test_templates_are_told_as_such(text: str, place: str, what: str) -> None:
    objects = found(text)
    [problem] = objects.unread
    assert str(problem.place) == place
    assert problem.message.startswith(what)
    [policy] = objects.policies
    assert policy.unread
    assert policy.namespace is None
    assert not policy.denies()
    assert objects.documents == 1


def test_a_template_of_another_kind_may_forbid_as_well() -> None:
    text = AS_JSON.replace("networking.k8s.io/v1", "cilium.io/v2").replace("NetworkPolicy", "CiliumNetworkPolicy")
    [policy] = found(text.replace("longhorn-system", "${NAMESPACE}")).policies
    assert policy.denies()


@pytest.mark.parametrize(
    "text",
    [
        f"# {{{{ .Values.on }}}} ${{NAMESPACE}}\n{POLICY}",
        POLICY.replace("managers", "managers  # not {{ .Release.Name }}, don't use ${NAME}"),
        POLICY.replace("spec:", "spec:  # {{"),
        POLICY.replace("managers", "managers\n  annotations: {cost: '$5', shell: $HOME, math: '${1}'}"),
    ],
)
def test_what_only_looks_like_a_template_is_read(text: str) -> None:
    objects = found(text)
    assert objects.unread == ()
    assert [one.name for one in objects.policies] == ["managers"]


# ---------------------------------------------------------------------------------------------------
# Policies of other kinds.


@pytest.mark.parametrize(
    "kind",
    [
        "extensions/v1beta1 NetworkPolicy",
        "crd.antrea.io/v1beta1 NetworkPolicy",
        "example.org/v1 FancyNetworkPolicy",
    ],
)
def test_a_policy_of_another_kind_may_allow_and_forbid(kind: str) -> None:
    version, name = kind.split()
    objects = found(POLICY.replace("networking.k8s.io/v1", version).replace("NetworkPolicy", name))
    [policy] = objects.policies
    assert (policy.kind, policy.name, policy.namespace) == (name, "managers", "longhorn-system")
    assert policy.denies()
    assert policy.selects == EVERYTHING
    assert [str(one) for one in objects.unread] == [
        f"f.yaml:1:1: is a {name} (another API's), which this version cannot judge yet"
    ]


def test_the_names_of_kinds_that_are_in_no_namespace_are_those_of_the_dialects() -> None:
    kinds = [admin.KINDS, calico.KINDS["projectcalico.org"], cilium.KINDS, kubernetes.KINDS]
    assert {name for one in kinds for name, kind in one.items() if kind.cluster_wide} == CLUSTER_WIDE


@pytest.mark.parametrize(
    "kind",
    [
        "cilium.io/v2 CiliumClusterwideNetworkPolicy",
        "projectcalico.org/v3 GlobalNetworkPolicy",
        "policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy",
        "policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy",
        "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy",
    ],
)
def test_a_policy_of_the_whole_cluster_is_in_no_namespace_whatever_it_says(kind: str) -> None:
    """Kustomize writes its namespace into every kind that it does not know."""
    version, name = kind.split()
    text = POLICY.replace("networking.k8s.io/v1", version).replace("NetworkPolicy", name)
    [policy] = read(text.replace("longhorn-system", "web"), "f.yaml", frozenset({"longhorn-system"})).policies
    assert policy.namespace is None
    assert policy.denies()


# ---------------------------------------------------------------------------------------------------
# Namespaces.


@pytest.mark.parametrize(
    ("text", "namespaces"),
    [
        ("kind: Namespace\nmetadata: {name: a, labels: {team: red}}\n", [("a", {"team": "red"})]),
        ("apiVersion: v1\nkind: 'Namespace'\nmetadata: {name: a}\n", [("a", {})]),
        ('{"metadata": {"name": "a"}, "kind": "Namespace"}', [("a", {})]),
        ('{\n  "kind": "Namespace",\n  "metadata": {"name": "a"}\n}', [("a", {})]),
        ("kind: Namespace\r\nmetadata: {name: a}\r\n", [("a", {})]),
        ("kind: Namespace\nmetadata: {}\n", []),
        ("apiVersion: example.org/v1\nkind: Namespace\nmetadata: {name: a}\n", []),
        ("kind: NamespaceClass\nmetadata: {name: a}\n", []),
        (f"kind: List\nitems:\n{indented(POLICY)}\n- {{kind: Namespace, metadata: {{name: a}}}}\n", [("a", {})]),
    ],
)
def test_which_namespaces_a_file_holds(text: str, namespaces: list[tuple[str, dict[str, str]]]) -> None:
    assert list(found(text).namespaces) == namespaces
    assert found(text).unread == ()


def test_a_namespace_that_cannot_be_read_is_told_and_is_no_policy() -> None:
    objects = found("kind: Namespace\nmetadata: {name: a, labels: {team: 7}}\n")
    assert [str(one) for one in objects.unread] == [
        "f.yaml:2:36: labels.team must be a string, and 7 is a number; put it in quotes"
    ]
    assert objects.policies == ()


# ---------------------------------------------------------------------------------------------------
# Policies that concern others are not parsed; what is told of them without parsing must be what parsing tells.


def test_policies_of_other_namespaces_are_counted_and_not_read() -> None:
    elsewhere = POLICY.replace("longhorn-system", "web").replace("9500", "0")
    objects = read(f"{POLICY}---\n{elsewhere}---\n{elsewhere}", "f.yaml", frozenset({"longhorn-system"}))
    assert told(objects) == ["1 NetworkPolicy managers"]
    assert (objects.elsewhere, objects.documents, objects.unread) == (2, 1, ())


ODDITIES = [
    "  name: a",
    "  namespace: web",
    "  namespace: 'web'",
    "  namespace: web  # comment",
    "  namespace: # web",
    "  namespace:",
    "  'namespace': web",
    "  namespace : web",
    '  "namespace": web',
    "  namespace: ${NS}",
    "  namespace: '{{ .ns }}'",
    "  namespace: [web]",
    "  namespace: *x",
    "  namespace: no",
    "  <<: *x",
    "  labels:",
    "    namespace: other",
    "    app: a",
    "  annotations: {namespace: other}",
    "  annotations:",
    "    note: |",
    "      text",
    "  namespace: text",
    '  name: "x',
    '  y"',
    "  name: 'x",
    "  y'",
    "  labels: {x: y,",
    "  }",
    "    - x",
    "# namespace: comment",
    "  # namespace: comment",
    "",
    "    namespace: deep",
    " namespace: shallow",
    "namespace: top",
    "spec: {}",
    "metadata: {namespace: web}",
    "kind: NetworkPolicy",
]
HEADS = [
    "kind: NetworkPolicy",
    "kind: 'NetworkPolicy'",
    "kind: NetworkPolicy  # comment",
    "kind: CiliumNetworkPolicy",
    "kind: CiliumClusterwideNetworkPolicy",
    "kind: List",
    "kind: NetworkPolicyList",
    "x: &x {namespace: anchored}\nkind: NetworkPolicy",
]


def applied(text: str) -> str | None:
    """The namespace that kubectl would send: of a key that stands twice, it takes the last."""
    document = yaml.load(text, yaml.CBaseLoader)  # noqa: S506 - it makes nothing but strings
    assert isinstance(document, dict)
    return (document.get("metadata") or {}).get("namespace")


def valid(text: str) -> bool:
    try:
        applied(text)
    except (yaml.YAMLError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_what_is_told_without_parsing_is_what_kubectl_would_send(head: str, end: str) -> None:
    """Among all that people may write before and after a policy's namespace."""
    for before, after in product(ODDITIES, repeat=2):
        metadata = [before, "  namespace: web", after]
        text = end.join(["apiVersion: networking.k8s.io/v1", head, "metadata:", *metadata, "spec: {}", ""])
        told_early = skim.namespace(text)
        if told_early is not None and valid(text):
            # A name of several lines is a mistake that only the API server notices.
            assert (applied(text) or "").split()[:1] == [told_early], text


def test_the_shortcut_is_taken_where_policies_are_written_as_usual() -> None:
    assert skim.namespace(POLICY) == "longhorn-system"
    assert skim.namespace(POLICY.replace("\n", "\r\n")) == "longhorn-system"
    assert skim.namespace(f"# Mine.\n{POLICY}") == "longhorn-system"
