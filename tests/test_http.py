"""What a rule that looks into HTTP makes of a request."""

from __future__ import annotations

import pytest

from lhmigrate.model.http import HttpRule, Request
from lhmigrate.model.labels import Match

METRICS = Request("GET", "/metrics")
API = Request("GET", "/v1/...")


@pytest.mark.parametrize(
    ("method", "path", "request_", "expected"),
    [
        pytest.param("GET", "/metrics", METRICS, Match.YES, id="the same method and path"),
        pytest.param("", "", METRICS, Match.YES, id="no method and no path fit all"),
        pytest.param("POST", "/metrics", METRICS, Match.NO, id="another method"),
        pytest.param("GET|HEAD", "/metrics", METRICS, Match.YES, id="a method of several"),
        pytest.param("GET", "/metric", METRICS, Match.NO, id="the path has to fit as a whole"),
        pytest.param("GET", "/metrics$", METRICS, Match.YES, id="an end that is written"),
        pytest.param("GET", "^/m.*", METRICS, Match.YES, id="a path that begins so"),
        pytest.param("GET", "/metrics", API, Match.NO, id="one path is not all below another"),
        pytest.param("GET", "/v1/.*", API, Match.YES, id="all below the same"),
        pytest.param("GET", "/v1.*", API, Match.YES, id="all that begins as it does"),
        pytest.param("GET", ".*", API, Match.YES, id="all there is"),
        pytest.param("GET", "/v1/.+", API, Match.YES, id="all below the same, but not that itself"),
        pytest.param("GET", "/v1/volumes.*", API, Match.NO, id="some below it"),
        pytest.param("GET", "/v1/[a-z/-]+", API, Match.MAYBE, id="perhaps all below it"),
        pytest.param("GET", "/v1/(?P<a", METRICS, Match.MAYBE, id="an expression that we cannot read"),
        pytest.param("GET", "/" * 2_000, METRICS, Match.MAYBE, id="an expression too long to try"),
    ],
)
def test_a_rule_and_a_request(method: str, path: str, request_: Request, expected: Match) -> None:
    assert HttpRule(method, path).admits(request_) is expected


def test_what_else_a_rule_asks_for_is_not_known() -> None:
    assert HttpRule("GET", "/metrics", more=True).admits(METRICS) is Match.MAYBE
    assert HttpRule("POST", "/metrics", more=True).admits(METRICS) is Match.NO


def test_a_request_is_written_as_it_is_read() -> None:
    assert str(Request.parse("GET /v1/...")) == "GET /v1/..."


@pytest.mark.parametrize("text", ["", "GET", "get /x", "/metrics", "GET metrics"])
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not written like"):
        Request.parse(text)
