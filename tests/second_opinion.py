"""Who can reach whom, worked out by somebody else: the evaluator of the package network-config-analyzer.

It is asked within this process, by the classes that its own command line builds its answer from. It reads
NetworkPolicies, and Calico's policies in the tier `default`. It is known to be wrong in these ways, which are kept away
from it here or in the tests that ask it:

- An `ipBlock` never matches a pod, only addresses outside of the cluster. So pods have no addresses here.
- `policyTypes: [Egress, Ingress]` is refused in this order; it is given the other one.
- `egress: []` without `policyTypes` isolates, which the API server's defaulting does not mean; the types are filled in
  as the API server fills them in (Kubernetes, pkg/apis/networking/v1/defaults.go).
- Of Calico's API it knows `projectcalico.org/v3` alone, and not the label by which Calico names namespaces, nor rules
  by Services: that of the API server becomes its ports at its addresses, as far as these were said. Of quotes it knows
  the single ones.
"""

from __future__ import annotations

import contextlib
import io
import json
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, NamedTuple

from nca.CoreDS.Peer import BasePeerSet, IpBlock, PeerSet
from nca.CoreDS.Peer import Pod as TheirPod
from nca.NetworkConfig.NetworkConfig import NetworkConfig
from nca.NetworkConfig.PeerContainer import PeerContainer
from nca.NetworkConfig.PoliciesFinder import PoliciesFinder
from nca.Parsers.CalicoPolicyYamlParser import CalicoPolicyYamlParser
from nca.Parsers.K8sPolicyYamlParser import K8sPolicyYamlParser
from nca.Resources.OtherResources.K8sNamespace import K8sNamespace
from nca.Utils.NcaLogger import NcaLogger

from lhmigrate.model.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.model.endpoints import Network

Data = dict[str, Any]


class Somebody(NamedTuple):
    """A pod of the universe."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    ports: Mapping[str, tuple[str, int]] = {}

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Way(NamedTuple):
    """Somebody can reach somebody: pods by namespace and name, and addresses."""

    source: str
    target: str
    ports: Ports


class Universe:
    """Some pods, and all addresses, about which one can ask."""

    def __init__(self, pods: Iterable[Somebody], api_server: Iterable[Network] = ()) -> None:
        self._api_server = [str(one) for one in api_server]
        self._namespaces: dict[str, K8sNamespace] = {}
        self._peers = PeerSet()
        BasePeerSet.reset()
        for one in pods:
            namespace = self._namespaces.setdefault(one.namespace, K8sNamespace(one.namespace))
            namespace.set_label("projectcalico.org/name", one.namespace)
            pod = TheirPod(one.name, namespace)
            for key, value in one.labels.items():
                pod.set_label(key, value)
            for name, (protocol, port) in one.ports.items():
                pod.add_named_port(name, port, protocol)
            self._peers.add(pod)
            BasePeerSet().add_peer(pod)

    def connections(self, policies: Iterable[Data]) -> Any:  # noqa: ANN401 - their own type, which has no types
        """Everything that can be reached under these policies; `-` takes one answer from another."""
        container = PeerContainer(self._peers, dict(self._namespaces), [], {})
        finder = PoliciesFinder()
        finder.set_peer_container(container)
        NcaLogger().dont_collect_msgs()  # It thinks much of the policies, and says so.
        with contextlib.redirect_stdout(io.StringIO()):
            # Calico sorts those of one order by name (felix/calc/policy_sorter.go); it keeps them as they are given.
            for number, policy in enumerate(sorted(policies, key=lambda one: str(one["metadata"]["name"]))):
                if "projectcalico.org/" in policy.get("apiVersion", ""):
                    parser = CalicoPolicyYamlParser(self._of_calico(policy, number), container, "")
                else:
                    parser = K8sPolicyYamlParser(_as_it_takes_them(policy, number), container, "")
                finder.policies_container.append_policy(parser.parse_policy())
        return NetworkConfig("", container, finder).allowed_connections().all_allowed_conns

    def _of_calico(self, policy: Data, number: int) -> Data:
        spec = dict(policy["spec"])
        for direction in ("ingress", "egress"):
            if direction in spec:
                spec[direction] = [rule for one in spec[direction] if (rule := self._without_services(one)) is not None]
        spec = json.loads(json.dumps(spec).replace('\\"', "'"))
        metadata = {**policy["metadata"], "name": f"policy-{number}"}
        return {"apiVersion": "projectcalico.org/v3", "kind": policy["kind"], "metadata": metadata, "spec": spec}

    def _without_services(self, rule: Data) -> Data | None:
        """None: it means nobody whom it can know."""
        if "services" not in rule.get("destination", {}):
            return rule
        at = {"nets": self._api_server, "ports": [443, 6443]}
        return {**rule, "protocol": "TCP", "destination": at} if self._api_server else None


def ways(connections: Any) -> Iterator[Way]:  # noqa: ANN401 - see above
    """Every pair of it, with its ports; protocols that no NetworkPolicy can name are left out."""
    for cube in connections:
        found = connections.get_connectivity_cube(cube)
        protocols = [name for name in ("TCP", "UDP", "SCTP") if name in found["protocols"]]
        ranges = [(one.start, one.end) for one in found["dst_ports"].port_set]
        ports = Ports.of((protocol, first, last) for protocol in protocols for first, last in ranges)
        for source in _names(found["src_peers"]):
            for target in _names(found["dst_peers"]):
                yield Way(source, target, ports)


def addresses(network: Network) -> list[str]:
    """A small network address by address, because it puts neighbours together; a large one as it is."""
    return [str(one) for one in network] if network.num_addresses <= 256 else [str(network)]


def _names(peers: PeerSet) -> Iterator[str]:
    for peer in peers:
        if isinstance(peer, IpBlock):
            for cidr in peer.get_cidr_list():
                yield from addresses(ip_network(cidr))
        else:
            yield str(peer)


def _as_it_takes_them(policy: Data, number: int) -> Data:
    """The same policy in the form that it understands; names make no difference, and it wants each one once."""
    spec = {key: value for key, value in policy["spec"].items() if value is not None}
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    spec["policyTypes"] = [one for one in ("Ingress", "Egress") if one in types]
    for direction in ("Ingress", "Egress"):
        if direction not in types:
            spec.pop(direction.lower(), None)
    spec.setdefault("podSelector", {})
    metadata = {"name": f"policy-{number}", "namespace": policy["metadata"]["namespace"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
