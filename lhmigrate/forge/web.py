"""Asks a forge's API over HTTP: with a token that nothing shows, with patience, and without following it elsewhere."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from lhmigrate.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.message import Message

TIMEOUT: Final = 30
"""Seconds to wait for a connection, and for each next piece of an answer."""
DELAYS: Final = (1, 2, 4, 8, 16, 32)
"""Seconds to wait before asking again, where a server does not say how long."""
LIMITED: Final = 60
"""Seconds to wait where it only says that there were too many requests (GitHub: "at least one minute")."""
PATIENCE: Final = 300
"""Seconds to wait in all: jobs are paid by the minute, and somebody waits for them."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Bytes of one answer. A page of a hundred comments as long as they may be has a tenth of it."""

_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS: Final = 3
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class Secret:
    """A token. Nothing but the header that carries it ever holds its text."""

    __slots__ = ("_text", "variable")

    def __init__(self, text: str, variable: str) -> None:
        self._text = text.strip()
        self.variable = variable
        """Where it came from, by which messages name it."""
        if not _TOKEN.fullmatch(self._text):
            raise Refusal(f"what {variable} holds is no token: there are blanks or other characters in it")

    def header(self, before: str) -> str:
        """What the header says."""
        return before + self._text

    def out_of(self, text: str) -> str:
        """A text from elsewhere, without the token."""
        return text.replace(self._text, "***")

    def __repr__(self) -> str:
        return f"the token in {self.variable}"


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    data: bytes

    @property
    def value(self) -> Any:  # noqa: ANN401 - whatever JSON it is
        """The JSON that it holds; None where it holds none."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None

    @property
    def limited(self) -> bool:
        """Whether it says that there were too many requests. GitHub says so with 403 too, which else is a refusal."""
        if self.status == http.client.TOO_MANY_REQUESTS:
            return True
        told = "retry-after" in self.headers or self._left == "0" or b"rate limit" in self.data.lower()
        return self.status == http.client.FORBIDDEN and told

    @property
    def _left(self) -> str:
        return self.headers.get("x-ratelimit-remaining", self.headers.get("ratelimit-remaining", "")).strip()

    def wanted(self, now: float) -> float | None:
        """Seconds that it asks to wait: by Retry-After, else until the limit's reset; None: it does not say."""
        after = self.headers.get("retry-after", "").strip()
        if after.isascii() and after.isdigit():
            return float(after)
        if after:
            try:
                return parsedate_to_datetime(after).timestamp() - now
            except ValueError:
                return None
        reset = self.headers.get("x-ratelimit-reset", self.headers.get("ratelimit-reset", "")).strip()
        return float(reset) - now if self._left == "0" and reset.isascii() and reset.isdigit() else None


class UnsureError(Exception):
    """A request that must not be made twice, and of which nobody knows whether it was carried out."""


class Time(NamedTuple):
    """The clock, and waiting by it."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Web:
    """One server's API, and the token for it."""

    def __init__(self, name: str, api: str, header: tuple[str, str], secret: Secret, clock: Time) -> None:
        self._name = name
        self._api = api
        self._secret = secret
        self._clock = clock
        self._headers = {
            "Accept": "application/json",
            "User-Agent": "lhmigrate",
            header[0]: secret.header(header[1]),
        }
        self._delays = list(DELAYS)
        self._patience = float(PATIENCE)
        # Of urllib's handlers only these: none that follows redirects, and takes the token along, and none for files.
        self._opener = OpenerDirector()
        for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
            self._opener.add_handler(handler)

    @property
    def host(self) -> str:
        """The server's name, for sentences."""
        return urlsplit(self._api).netloc

    def ask(self, method: str, url: str, body: object = None, *, twice: bool = True) -> Answer:
        """What the server says, once it says something that waiting will not change.

        Waits and asks again where it fails or wants fewer requests. A request that must not be made twice raises
        `UnsureError` after the wait, where it may have been carried out all the same.
        """
        while True:
            try:
                answer = self._followed(method, url, body)
            except (OSError, http.client.HTTPException) as error:
                self._wait(self._why(error), None)
            else:
                if answer.limited:
                    wanted = answer.wanted(self._clock.now())
                    self._wait("takes no more requests for now", LIMITED if wanted is None else wanted)
                    continue
                if answer.status < http.client.INTERNAL_SERVER_ERROR:
                    return answer
                self._wait(f"answers with status {answer.status}", answer.wanted(self._clock.now()))
            if not twice:
                raise UnsureError

    def _wait(self, why: str, wanted: float | None) -> None:
        """Waits as long as the server wants, or as is due; refuses where there is no patience left."""
        if not self._delays:
            raise Refusal(
                f"{self._name} at {self.host} {why}, and went on so for {len(DELAYS)} more tries; run this later"
            )
        usual = self._delays.pop(0)
        delay = max(usual if wanted is None else wanted, 1)
        if delay > self._patience:
            raise Refusal(f"{self._name} at {self.host} {why}, and asks to wait {delay:,.0f} seconds; run this later")
        self._patience -= delay
        self._clock.sleep(delay)

    def _why(self, error: Exception) -> str:
        """What went wrong on the way to the server. An untrusted certificate does not become trusted by waiting."""
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise Refusal(
                f"the certificate of {self.host} is not to be trusted: {reason.verify_message}; "
                "SSL_CERT_FILE can name the authorities of your own network"
            ) from None
        if isinstance(reason, TimeoutError):
            return f"does not answer within {TIMEOUT} seconds"
        told = reason.strerror if isinstance(reason, OSError) else str(reason)
        return f"cannot be reached ({self._secret.out_of(told or type(reason).__name__)})"

    def _followed(self, method: str, url: str, body: object) -> Answer:
        """The answer, wherever on the same server it is. GitHub's rule: the same request again, at the new place."""
        for _ in range(_MOST_REDIRECTS):
            answer = self._answer(method, url, body)
            there = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not there:
                return answer
            url = self._same_server(url, there)
        raise Refusal(f"{self._name} at {self.host} sends each request on to another place; see whether --api is right")

    def _same_server(self, here: str, there: str) -> str:
        """Where a redirect leads to, on the same server: a token goes to no other one."""
        try:
            new, old = urlsplit(urljoin(here, there)), urlsplit(here)
        except ValueError:
            raise Refusal(f"{self._name} at {self.host} sends the request on to what is no address") from None
        if (new.scheme, new.netloc) != (old.scheme, old.netloc):
            elsewhere = self._secret.out_of(f"{new.scheme}://{new.hostname}")
            raise Refusal(
                f"{self._name} at {self.host} sends the request on to {elsewhere}, and a token is sent to no other "
                "server; pass --api if it has moved there"
            )
        return new.geturl()

    def _answer(self, method: str, url: str, body: object) -> Answer:
        data = None if body is None else json.dumps(body).encode("ascii")
        headers = self._headers if data is None else {**self._headers, "Content-Type": "application/json"}
        with self._opener.open(Request(url, data, headers, method=method), timeout=TIMEOUT) as response:  # noqa: S310 - target.py lets http and https through alone
            found = response.read(MOST_BYTES + 1)
            if len(found) > MOST_BYTES:
                raise Refusal(f"{self._name} at {self.host} answers with more than {MOST_BYTES:,} bytes")
            if response.length:
                raise http.client.IncompleteRead(found, response.length)
            told: Message = response.headers
            return Answer(response.status, {name.lower(): value for name, value in told.items()}, found)
