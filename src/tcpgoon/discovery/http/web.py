"""HTTP as it is spoken with registries: bounded in bytes, redirects and time, and faults in one line."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from tcpgoon.discovery.certificates import of_the_system
from tcpgoon.discovery.http.measured import Measuring
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, TcpgoonError
from tcpgoon.plan.units import format_duration

MOST_REDIRECTS = 3

CHUNK = 65_536
"""Bytes that are read at once."""

_UNKNOWN_ISSUER = range(18, 22)
"""X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT and the three after it."""

_TIMEOUTS = (TimeoutError, requests.Timeout, urllib3.exceptions.ReadTimeoutError)

_PORTS = {"http": 80, "https": 443}


class Web(requests.Session):
    """A session that keeps to ``terms``: answers are read in full, and are no larger than they may be.

    What goes wrong on the way is a `DiscoveryError`; a status that is not 200 is for whoever asked. Proxies are taken
    from the environment, as everywhere. A password is sent only where it is given with the request: requests would
    send that of ``~/.netrc`` for the host also where the user has said to be somebody else.
    """

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self.max_redirects = MOST_REDIRECTS
        self.auth = _unsigned
        # A compressed answer would have to be unpacked to know how large it is.
        self.headers["Accept-Encoding"] = "identity"
        self.headers["User-Agent"] = "tcpgoon"
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Bounded(terms))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where ``resp`` sends us, if it is to the same host. Raises `DiscoveryError` where it is not."""
        location = super().get_redirect_target(resp)
        if location is not None and not _is_same_host(resp.url, location):
            there = origin(urljoin(resp.url, location))
            raise DiscoveryError(f"{origin(resp.url)} redirects to another place ({there}): refused")
        return location

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Called by requests before it follows a redirect: what was signed stays so, on its port; nothing else is."""
        if self.should_strip_auth(str(response.request.url), str(prepared_request.url)):
            prepared_request.headers.pop("Authorization", None)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """The answer to a request, as requests has it. Raises `PlanError` for a ``url`` that is none."""
        with _in_one_line(url):
            try:
                return super().request(method, url, *args, **kwargs)
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as exc:
                raise PlanError(f"{origin(str(url))} cannot be asked: {reason(exc)}") from exc

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Called by requests for each request."""
        with _in_one_line(request.url):
            return super().send(request, **kwargs)


@contextmanager
def _in_one_line(url: object) -> Iterator[None]:
    """What goes wrong is a `DiscoveryError`."""
    try:
        yield
    except TcpgoonError:  # said already; a PlanError is a ValueError too
        raise
    except requests.TooManyRedirects as exc:
        raise DiscoveryError(f"{origin(str(url))} redirects again and again") from exc
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
        raise DiscoveryError(f"{origin(str(url))} cannot be asked: {reason(exc)}") from exc


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Bounded(HTTPAdapter):
    """Reads each answer to its end, or to the end of what is allowed."""

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self._terms = terms
        if not terms.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # whoever said so knows

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Called by requests for the connections to a host."""
        pool: Any = super().get_connection_with_tls_context(request, *args, **kwargs)
        if not isinstance(pool.ConnectionCls, Measuring):
            where = origin(str(request.url))
            late, large = f"{where} {too_late(self._terms)}", f"{where} {too_large(self._terms)}"
            pool.ConnectionCls = Measuring(pool.ConnectionCls, self._terms, late, large)
        return pool

    def send(self, request: requests.PreparedRequest, *_: Any, **kwargs: Any) -> requests.Response:
        # The time that is left is for each step; the whole is bounded by whoever waits for us.
        left_s = self._terms.left_s()
        if left_s <= 0:
            raise DiscoveryError(f"{origin(str(request.url))} {too_late(self._terms)}")
        kwargs |= {"timeout": left_s, "stream": True, "verify": self._trusted(kwargs.get("verify"))}
        response = super().send(request, **kwargs)
        with response:
            content = b"".join(self._read(response))
        # What requests itself does when it has read all.
        response._content = content  # noqa: SLF001
        response._content_consumed = True  # noqa: SLF001
        return response

    def _trusted(self, given: Any) -> bool | str:
        """The certificates to trust; requests would take those that it brings along, not those of the system."""
        if not self._terms.verify:
            return False
        return self._terms.ca or (given if isinstance(given, str) else of_the_system() or True)

    def _read(self, response: requests.Response) -> Iterator[bytes]:
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise DiscoveryError(f"{origin(response.url)} sends a compressed answer ({clipped(encoding)}): refused")
        length = 0
        for chunk in response.iter_content(CHUNK):
            length += len(chunk)
            if length > self._terms.most_bytes:
                raise DiscoveryError(f"{origin(response.url)} {too_large(self._terms)}")
            yield chunk


def origin(url: str) -> str:
    """Scheme, host and port of ``url``: no user, no path."""
    try:
        parts = urlsplit(url)
    except ValueError:  # what that is about may have a password in it
        return "the registry"
    return clipped(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def too_late(terms: Terms) -> str:
    """The end of a sentence."""
    return f"has not answered in full within {format_duration(terms.timeout_s)} (--registry-timeout)"


def too_large(terms: Terms) -> str:
    """The end of a sentence."""
    return f"sends an answer of more than {terms.most_bytes:,} bytes: refused"


def reason(exc: BaseException) -> str:
    """Why, in few words: what the system or TLS says, or else the first line of the exception."""
    causes = list(_causes(exc))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            remedy = " (--registry-ca FILE trusts another issuer)" if cause.verify_code in _UNKNOWN_ISSUER else ""
            return f"its certificate is not trusted: {clipped(cause.verify_message.rstrip('.'))}{remedy}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {clipped(getattr(cause, 'reason', None) or cause.strerror or str(cause))}"
    if any(isinstance(cause, requests.exceptions.InvalidHeader) for cause in causes):
        # Its text has the header in it, and what is unusual in ours are passwords and tokens.
        return "a password or token cannot be sent that begins with a space or has a line break in it"
    if any(isinstance(cause, _TIMEOUTS) for cause in causes):
        return "no answer in time (--registry-timeout)"
    said = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    innermost = causes[-1]
    return said[-1] if said else clipped((str(innermost).strip() or type(innermost).__name__).splitlines()[0])


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """``exc`` and what led to it, each once, the outermost first: libraries wrap what the system said in many ways."""
    seen: list[BaseException] = []
    todo: list[Any] = [exc]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    yield from seen


def _is_same_host(url: str, location: str) -> bool:
    """Whether ``location``, which may be relative, is on the host of ``url``, and no less safe."""
    here, there = urlsplit(url), urlsplit(urljoin(url, location))
    if here.hostname != there.hostname:
        return False
    same_port = _port(here) == _port(there)
    return (here.scheme == there.scheme and same_port) or (here.scheme == "http" and there.scheme == "https")


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)
