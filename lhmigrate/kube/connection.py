"""Connects to a cluster's API server as kubectl would: by a kubeconfig, or inside of a pod by its service account.

The official client (`kubernetes`) reads the kubeconfig, runs credential plugins and knows about client certificates.
Nothing else of it is used: its releases differ in what they make of proxies, and what is asked, `apiserver` asks. A
pod needs none of it, as its service account is two files. Certificates are always verified: there is no switch for
that, and a kubeconfig that says otherwise is refused.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from lhmigrate.errors import Place, Refusal

if TYPE_CHECKING:
    from urllib3 import PoolManager

ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where the kubelet puts a pod's token and the authority's certificate."""
_DEFAULT: Final = "~/.kube/config"
_INSTALL: Final = "reading a cluster takes the Kubernetes client: install it with `pipx install 'lhmigrate[cluster]'`"


class Link(NamedTuple):
    """A way to one API server."""

    server: str
    """Its address, with the scheme and without a slash at the end."""
    pool: PoolManager
    headers: Callable[[], Mapping[str, str]]
    """What says who is asking; made anew for each request, as tokens expire."""
    origin: str
    """What told of it, for sentences."""


def connect(context: str | None, environment: Mapping[str, str], account: str = ACCOUNT) -> Link:
    """The way to the cluster of that context of the kubeconfig; None: the current one, or the one that we run in.

    As kubectl does: a kubeconfig wins where there is one. Raises `Refusal` where there is no way, or no safe one.
    """
    files = [one for one in environment.get("KUBECONFIG", "").split(os.pathsep) if one]
    if not files and os.path.exists(os.path.expanduser(_DEFAULT)):
        files = [os.path.expanduser(_DEFAULT)]
    if files or context is not None or not environment.get("KUBERNETES_SERVICE_HOST"):
        return _by_kubeconfig(files, context, environment)
    return _by_account(account, environment)


def _by_kubeconfig(files: list[str], context: str | None, environment: Mapping[str, str]) -> Link:
    try:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException
        from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
    except ImportError:
        raise Refusal(_INSTALL) from None

    present = [file for file in files if os.path.exists(file)]
    if not present:
        where = f"{os.pathsep.join(files)} (from KUBECONFIG) is not there" if files else "there is no kubeconfig"
        raise Refusal(f"{where}, and this is not a pod of a cluster; name a kubeconfig by KUBECONFIG")
    place = Place(os.pathsep.join(present))
    settings = Configuration()
    try:
        config = KubeConfigMerger(os.pathsep.join(present)).config
        loader = KubeConfigLoader(config, active_context=context, config_base_path=None)
        chosen = loader.current_context
        cluster, user = _entry(config, "cluster", chosen), _entry(config, "user", chosen)
        with _overheard() as said:
            loader.load_and_set(settings)
    except (ConfigException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise Refusal(f"cannot be used as a kubeconfig: {_first_line(error)}", place) from None
    except Exception as error:
        if type(error).__module__.startswith("yaml"):
            raise Refusal(f"is not valid YAML: {_first_line(error)}", place) from None
        raise
    name = str(chosen["name"])
    if cluster.get("insecure-skip-tls-verify"):
        raise Refusal(
            f"the cluster of context {name} says insecure-skip-tls-verify, and whoever is in between could show any "
            "cluster; give it certificate-authority-data instead",
            place,
        )
    if "exec" in user and not settings.api_key and not settings.cert_file:
        command = user["exec"].get("command", "") if isinstance(user["exec"], Mapping) else ""
        why = f": {said[0]}" if said else ""
        raise Refusal(f"the credential plugin {command} of context {name} gave no credentials{why}", place)
    origin = f"context {name}"
    trust = Trust(settings.ssl_ca_cert, settings.cert_file, settings.key_file, settings.tls_server_name)
    pool = _pool(settings.host, trust, cluster.get("proxy-url"), environment, origin)

    def headers() -> Mapping[str, str]:
        if settings.refresh_api_key_hook is not None:
            settings.refresh_api_key_hook(settings)
        token = next(iter(settings.api_key.values()), None)
        return {} if token is None else {"Authorization": token}

    return Link(settings.host.rstrip("/"), pool, headers, origin)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What the client logs instead of saying it: why a credential plugin failed."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage().strip().partition("\n")[0])

    root, listener = logging.getLogger(), Listener()
    root.addHandler(listener)
    try:
        yield said
    finally:
        root.removeHandler(listener)


def _entry(config: Any, what: str, context: Any) -> Mapping[str, Any]:  # noqa: ANN401 - the client's own nodes
    """A cluster or a user of the kubeconfig, by the context that names it."""
    wanted = context["context"].get(what)
    for one in config[f"{what}s"]:
        found = getattr(one, "value", one)
        if found.get("name") == wanted:
            inner = found.get(what)
            return inner if isinstance(inner, Mapping) else {}
    return {}


def _by_account(account: str, environment: Mapping[str, str]) -> Link:
    origin = "the service account of this pod"
    token, authority = os.path.join(account, "token"), os.path.join(account, "ca.crt")
    for file in (token, authority):
        if not os.path.isfile(file):
            why = "this looks like a pod of a cluster, but its service account is not there"
            raise Refusal(f"{why}; see that automountServiceAccountToken is not false", Place(file))
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    pool = _pool(server, Trust(authority), None, environment, origin)

    def headers() -> Mapping[str, str]:
        with open(token, encoding="ascii") as file:
            return {"Authorization": f"Bearer {file.read().strip()}"}

    return Link(server, pool, headers, origin)


class Trust(NamedTuple):
    """Whom to trust, and by what to be trusted; files, all of them."""

    authority: str | None
    """None: the system's."""
    certificate: str | None = None
    key: str | None = None
    name: str | None = None
    """The name in the server's certificate, if it is another one than its address says."""


def _pool(server: str, trust: Trust, proxy: object, environment: Mapping[str, str], origin: str) -> PoolManager:
    try:
        import urllib3
    except ImportError:
        raise Refusal(_INSTALL) from None

    parts = urlsplit(server)
    if parts.scheme != "https" or not parts.hostname:
        raise Refusal(f"{origin} names the server {server}; only https:// is asked, as anything else shows the token")
    told: dict[str, Any] = {
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": trust.authority,
        "cert_file": trust.certificate,
        "key_file": trust.key,
        "maxsize": 1,
    }
    if trust.name:
        told["server_hostname"] = trust.name
    through = str(proxy) if proxy else proxy_for(parts.hostname, environment)
    try:
        return urllib3.ProxyManager(through, **told) if through else urllib3.PoolManager(**told)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise Refusal(f"{origin} does not lead to {parts.hostname}: {_first_line(error)}") from None


def proxy_for(host: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment wants for an https server, as Go has it: NO_PROXY may hold networks, too."""
    told = {name.lower(): value for name, value in sorted(environment.items()) if name.lower().endswith("_proxy")}
    if any(_means(one.strip().lower(), host.lower()) for one in told.get("no_proxy", "").split(",")):
        return None
    return told.get("https_proxy") or None


def _means(entry: str, host: str) -> bool:
    """Whether an entry of NO_PROXY means a host: everything, a network, a name, or a domain with all below it."""
    if "/" in entry:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    name = entry.partition(":")[0] if entry.count(":") == 1 else entry
    bare = name.removeprefix("*").removeprefix(".")
    return name == "*" or (bool(bare) and (host == bare or host.endswith(f".{bare}")))


def _first_line(error: Exception) -> str:
    """What went wrong; a credential never stands in it, as only names and files do."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
