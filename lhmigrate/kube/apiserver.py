"""Asks a cluster's API server: page by page, with patience, and with a sentence for whatever goes wrong.

It is read only: nothing but GET is sent, but for what `announce` is told to leave behind. The rules are Kubernetes'
own ("Kubernetes API Concepts": chunks, 410 Gone; "API Priority and Fairness": 429 and Retry-After).
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from lhmigrate.errors import Place, Problem, Refusal
from lhmigrate.forge.web import MOST_BYTES, Answer, Time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lhmigrate.kube.connection import Link

PAGE: Final = 250
"""Objects of one answer: kubectl asks for 500, and half of that halves the memory that a page of pods takes."""
DELAYS: Final = (0.5, 1, 2, 4, 8)
"""Seconds to wait before asking again; the last of them again and again, as long as there is time."""
_RESTARTS: Final = 4
_CHUNK: Final = 1 << 16

T = TypeVar("T")


class Resource(NamedTuple):
    """What can be listed: the plural name of a kind in a version of its group. The core's group is empty."""

    group: str
    version: str
    plural: str

    def path(self, namespace: str | None = None) -> str:
        """Where it is."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{base}/namespaces/{quote(namespace, safe='')}/{self.plural}" if namespace else f"{base}/{self.plural}"

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Denied(NamedTuple):
    """A permission that is missing."""

    verb: str
    what: str
    namespace: str | None

    def __str__(self) -> str:
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        return f"{self.verb} {self.what} {where}" if not self.what.startswith("/") else f"{self.verb} {self.what}"


class ApiServer:
    """One cluster's API server. All that is asked of it shares one deadline."""

    def __init__(self, link: Link, timeout: float, clock: Time | None = None) -> None:
        self._link = link
        self._clock = clock or Time(time.monotonic, time.sleep)
        self._timeout = timeout
        self._deadline = self._clock.now() + timeout
        self.denied: list[Denied] = []
        """Permissions that turned out to be missing. Whoever reads on must refuse in the end (`complain`)."""

    def collect(
        self,
        resource: Resource,
        keep: Callable[[Mapping[str, Any]], T | None],
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> list[T]:
        """What `keep` makes of every object, without its Nones. One page at a time is held.

        Nothing where they may not be listed, which is noted. Raises `Refusal` where the cluster does not know such
        objects: who asks has seen them in what it says of itself, or knows that every cluster has them.
        """
        asked = {"limit": str(PAGE)}
        if labels:
            asked["labelSelector"] = ",".join(f"{key}={value}" for key, value in labels.items())
        for _ in range(_RESTARTS):
            kept: list[T] = []
            outcome = self._pages(resource, namespace, asked, partial(_keep, keep, kept))
            if outcome != http.client.GONE:
                return kept
        raise Refusal(
            f"{self._name}: the list of {resource} expired {_RESTARTS} times while it was read; run this again later"
        )

    def _pages(
        self,
        resource: Resource,
        namespace: str | None,
        asked: Mapping[str, str],
        take: Callable[[Iterable[Mapping[str, Any]]], None],
    ) -> int:
        """Reads all pages, or says by its status why not."""
        after = ""
        while True:
            more = {"continue": after} if after else {}
            path = resource.path(namespace)
            answer = self._ask("GET", f"{path}?{urlencode({**asked, **more})}")
            if answer.status == http.client.FORBIDDEN:
                self.denied.append(Denied("list", str(resource), namespace))
                return answer.status
            if answer.status == http.client.GONE and after:
                return answer.status
            page = self._object(answer, path)
            take(self._items(page, path))
            metadata = page.get("metadata")
            after = metadata.get("continue") or "" if isinstance(metadata, dict) else ""
            if not after:
                return http.client.OK

    def _items(self, page: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
        """A page's objects. What only looks like an empty list, like a Table, must not pass for one."""
        items = page.get("items", page)
        found = [] if items is None else items
        if not str(page.get("kind")).endswith("List") or not isinstance(found, list):
            raise Refusal(f"{self._name} answers {path} with something that is no list")
        if not all(isinstance(one, dict) for one in found):
            raise Refusal(f"{self._name} answers {path} with a list of what are no objects")
        return found

    def get(self, path: str) -> Mapping[str, Any]:
        """What the server says of itself; nothing where it may not be read, which is noted."""
        answer = self._ask("GET", path)
        if answer.status == http.client.FORBIDDEN:
            self.denied.append(Denied("get", path, None))
            return {}
        return self._object(answer, path)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Leaves something behind: the answer, whatever it is."""
        return self._ask(method, path, json.dumps(body).encode())

    def complain(self) -> None:
        """Refuses where a permission was missing: what nobody may see may cut anything."""
        missing = list(dict.fromkeys(self.denied))
        if missing:
            raise Refusal(
                f"{self._name} does not let {self._link.origin} read what a plan needs; it must be allowed to:",
                details=tuple(Problem(Place("(cluster)"), str(one)) for one in missing),
            )

    @property
    def origin(self) -> str:
        """By what it was found."""
        return self._link.origin

    @property
    def _name(self) -> str:
        return f"the API server {self._link.server}"

    def _object(self, answer: Answer, path: str) -> Mapping[str, Any]:
        if answer.status == http.client.UNAUTHORIZED:
            raise Refusal(f"{self._name} does not accept the credentials of {self._link.origin} (401); log in again")
        value = answer.value
        if answer.status != http.client.OK:
            said = value.get("message", "") if isinstance(value, dict) else ""
            raise Refusal(f"{self._name} answers {path} with status {answer.status}{said and ': '}{said}")
        if not isinstance(value, dict):
            raise Refusal(f"{self._name} answers {path} with something that is no JSON object")
        return value

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """The answer, once there is one that waiting will not change."""
        delays = iter(DELAYS)
        why = ""
        while True:
            left = self._deadline - self._clock.now()
            if left <= 0:
                raise Refusal(
                    f"{self._name} did not answer all within {self._timeout:g} seconds{why and ': '}{why}; "
                    "a longer --timeout may help"
                )
            wanted: float | None = None
            try:
                answer = self._answer(method, path, body, left)
            except _failures() as error:
                why = self._why(error)
            else:
                if answer.status != http.client.TOO_MANY_REQUESTS and answer.status < http.client.INTERNAL_SERVER_ERROR:
                    return answer
                why = f"it answered {path.partition('?')[0]} with status {answer.status}"
                wanted = answer.wanted(time.time())
            delay = max(next(delays, DELAYS[-1]), wanted or 0)
            self._clock.sleep(min(delay, max(self._deadline - self._clock.now(), 0)))

    def _answer(self, method: str, path: str, body: bytes | None, left: float) -> Answer:
        import urllib3

        headers = {"Accept": "application/json", "User-Agent": "lhmigrate", **self._link.headers()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        response = self._link.pool.request(
            method,
            self._link.server + path,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(total=left),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            found = bytearray()
            for chunk in response.stream(_CHUNK, decode_content=True):
                found += chunk
                if len(found) > MOST_BYTES:
                    raise Refusal(f"{self._name} answers {path.partition('?')[0]} with more than {MOST_BYTES:,} bytes")
                if self._clock.now() > self._deadline:
                    raise TimeoutError
        finally:
            response.release_conn()
        told = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, told, bytes(found))

    def _why(self, error: Exception) -> str:
        """What went wrong on the way. A certificate that is not to be trusted does not become so by waiting."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise Refusal(
                    f"the certificate of {self._name} is not to be trusted: {cause.verify_message}; see that the "
                    "kubeconfig has the right certificate-authority-data"
                )
            cause = cause.__cause__ or cause.__context__ or _inner(cause)
        if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
            return "it was too slow"
        return "it cannot be reached"


def _inner(error: BaseException) -> BaseException | None:
    """What urllib3 wraps without naming it as the cause."""
    first = error.args[-1] if error.args else None
    return first if isinstance(first, BaseException) and first is not error else None


def _failures() -> tuple[type[Exception], ...]:
    import urllib3

    return (urllib3.exceptions.HTTPError, OSError, http.client.HTTPException)


def _keep(keep: Callable[[Mapping[str, Any]], T | None], kept: list[T], items: Iterable[Mapping[str, Any]]) -> None:
    kept.extend(found for one in items if (found := keep(one)) is not None)
