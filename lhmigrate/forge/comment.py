"""Keeps one comment on a pull request: posted, brought up to date, or removed, and no other one ever touched.

Each run looks at what is there and changes what differs, so that running it twice is as good as once, and what went
wrong half-way is put right by looking again.
"""

from __future__ import annotations

import http.client
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from lhmigrate.errors import Refusal
from lhmigrate.forge.forges import name_in, sentence_in
from lhmigrate.forge.web import Secret, Time, UnsureError, Web
from lhmigrate.reports.markup import NOTHING, SOMETHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lhmigrate.forge.target import Target
    from lhmigrate.forge.web import Answer

MOST_PAGES: Final = 100
_LOOKS: Final = 5
"""So often it looks again, where somebody else changes the same comments meanwhile."""


class Outcome(StrEnum):
    """What became of the comment."""

    POSTED = "Posted"
    UPDATED = "Updated"
    UNCHANGED = "Unchanged"
    REMOVED = "Removed"
    NOTHING = "Nothing to say, and no comment to remove"


class Kept(NamedTuple):
    """What became of the comment, and where it is."""

    outcome: Outcome
    where: str
    """Its address, or its number where the forge tells no address; empty: there is none."""


class NotAllowed(Refusal):
    """Raised where a token is missing, or may not do it."""


class Comment(NamedTuple):
    """A comment on the pull request that begins with our mark."""

    id: str
    body: str
    author: str
    where: str


def keep(target: Target, text: str, environment: Mapping[str, str], clock: Time) -> Kept:
    """Has the pull request say what this report in Markdown says, in one comment; or nothing, if that is so.

    Refuses a text that is no report, before anything is asked of the server, and raises `NotAllowed` where the token
    does not suffice.
    """
    body = _checked(text, target)
    thread = Thread(target, _secret(target, environment), clock)
    for _ in range(_LOOKS):
        try:
            return _settled(thread, body)
        except (UnsureError, _GoneError):
            continue
    raise Refusal(f"the comments of {thread.told} change while they are read; run this again")


def _settled(thread: Thread, body: str) -> Kept:
    """Looks once, and changes what differs."""
    wanted = body.startswith(SOMETHING)
    ours = thread.ours()
    for one in ours[1:]:  # Two runs at once may have made two.
        thread.remove(one)
    if not ours:
        return Kept(Outcome.POSTED, thread.post(body)) if wanted else Kept(Outcome.NOTHING, "")
    first = ours[0]
    if not wanted:
        thread.remove(first)
        return Kept(Outcome.REMOVED, first.where)
    if _same(first.body, body):
        return Kept(Outcome.UNCHANGED, first.where)
    thread.edit(first, body)
    return Kept(Outcome.UPDATED, first.where)


def _same(one: str, other: str) -> bool:
    """Whether two bodies are one to a forge: each has its own way with line breaks and ends."""
    return one.replace("\r\n", "\n").strip() == other.strip()


def _checked(text: str, target: Target) -> str:
    """The text, if it is a report that this forge takes."""
    body = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if body.split("\n", 1)[0] not in {SOMETHING, NOTHING}:
        what = "is empty" if not body.strip() else f"does not begin with the line {SOMETHING}"
        raise Refusal(f"the report {what}; give it what `lhmigrate plan --format markdown` wrote")
    if target.forge.longest is not None and len(body) > target.forge.longest:
        raise Refusal(
            f"the report has {len(body):,} characters, and {target.forge.name} takes {target.forge.longest:,}; "
            "one that `lhmigrate plan --format markdown` wrote is shorter, and says what it left out"
        )
    return body


def _secret(target: Target, environment: Mapping[str, str]) -> Secret:
    for variable in target.tokens:
        if text := environment.get(variable, ""):
            return Secret(text, variable)
    names = " or ".join(target.tokens)
    raise NotAllowed(f"there is no token in {names}; {target.forge.name} needs one with {target.forge.may}")


class _GoneError(Exception):
    """A comment is not there any more."""


class Thread:
    """The comments of one pull request."""

    def __init__(self, target: Target, secret: Secret, clock: Time) -> None:
        self._target = target
        self._forge = target.forge
        self._secret = secret
        self._web = Web(target.forge.name, target.api, target.forge.header, secret, clock)
        self._comments = self._url(target.forge.comments)
        self._me = target.author

    @property
    def told(self) -> str:
        """What it is, for a sentence."""
        return f"pull request {self._target.number} of {self._target.repository}"

    def _url(self, path: str, **more: str) -> str:
        repository = self._forge.quoted(self._target.repository)
        return self._target.api + path.format(repository=repository, number=self._target.number, **more)

    def ours(self) -> list[Comment]:
        """The comments that are ours, the oldest first: those with the mark whose author the token belongs to.

        The mark alone shows nothing: everybody can write it, and a token that may write can change anybody's comments.
        """
        marked = [one for one in self._all() if one.body.startswith((SOMETHING, NOTHING))]
        return [one for one in marked if one.author.lower() == self._owner().lower()]

    def _all(self) -> Iterator[Comment]:
        url = self._comments
        for _ in range(MOST_PAGES):
            answer = self._fine(self._web.ask("GET", url))
            found = answer.value
            if not isinstance(found, list):
                raise self._strange("with no list of comments")
            yield from (self._comment(one) for one in found if isinstance(one, dict))
            query = _next_page(answer.headers.get("link", ""))
            if not query:
                return
            # Of the next page's address only what asks for the page: many servers do not know their own name.
            url = f"{self._comments.partition('?')[0]}?{query}"
        raise Refusal(f"{self.told} has more than {MOST_PAGES} pages of comments, and ours was not looked for in more")

    def _comment(self, found: dict[str, object]) -> Comment:
        body, number = found.get("body"), found.get("id")
        author = name_in(found, self._forge.author)
        where = name_in(found, ("html_url",)) or f"comment {number}"
        return Comment(str(number), body if isinstance(body, str) and isinstance(number, int) else "", author, where)

    def _owner(self) -> str:
        """Whom the token belongs to; asked once, and only where there is a comment that may be ours."""
        if self._me is None:
            who = self._forge.who
            answer = self._web.ask(who.method, who.url(self._target.api), who.body)
            if answer.status == http.client.UNAUTHORIZED:
                raise self._refused(answer)
            self._me = name_in(answer.value, who.keys)
        if not self._me:
            raise NotAllowed(
                f"there is a comment that may be ours, and {self._forge.name} does not say whom {self._secret} belongs "
                "to; pass --author NAME, or give it the permission to read its own user"
            )
        return self._me

    def post(self, body: str) -> str:
        """A new comment; where it is."""
        url = self._comments.partition("?")[0]
        made = self._fine(self._web.ask("POST", url, {"body": body}, twice=False)).value
        return self._comment(made if isinstance(made, dict) else {}).where

    def edit(self, one: Comment, body: str) -> None:
        """Gives it another text."""
        answer = self._web.ask(self._forge.edit, self._url(self._forge.comment, id=one.id), {"body": body})
        if answer.status == http.client.NOT_FOUND:
            raise _GoneError
        self._fine(answer)

    def remove(self, one: Comment) -> None:
        """Takes it away, if it is still there."""
        answer = self._web.ask("DELETE", self._url(self._forge.comment, id=one.id))
        if answer.status != http.client.NOT_FOUND:
            self._fine(answer)

    def _fine(self, answer: Answer) -> Answer:
        if http.client.OK <= answer.status < http.client.MULTIPLE_CHOICES:
            return answer
        raise self._refused(answer)

    def _refused(self, answer: Answer) -> Refusal:
        """The sentence for an answer that says no: which permission is missing, and what to do."""
        said = self._secret.out_of(sentence_in(answer.value))
        told = f" ({said})" if said else ""
        server = f"{self._forge.name} at {self._web.host}"
        match answer.status:
            case http.client.UNAUTHORIZED:
                return NotAllowed(f"{server} does not take {self._secret}{told}: it is wrong, or has expired")
            case http.client.FORBIDDEN:
                return NotAllowed(f"{server} does not let {self._secret} do that{told}; it needs {self._forge.may}")
            case http.client.NOT_FOUND:
                return NotAllowed(
                    f"{server} knows no {self.told}, or {self._secret} may not see it{told}; see whether --repository "
                    f"and --pr are right, and whether it has {self._forge.may}"
                )
            case status:
                return self._strange(f"with status {status}{told}")

    def _strange(self, how: str) -> Refusal:
        return Refusal(f"{self._forge.name} at {self._web.host} answers {how}; see whether --api is right")


def _next_page(link: str) -> str:
    """What a Link header (RFC 8288) asks for of the next page, as a query; empty where there is none."""
    for part in link.split(","):
        address, *parameters = part.split(";")
        if any(one.strip().replace('"', "").lower() == "rel=next" for one in parameters):
            return urlencode(parse_qsl(address.strip().strip("<>").partition("?")[2]))
    return ""
