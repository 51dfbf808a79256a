"""Invitation links: where the host is, which case, whose link, and the fingerprint that makes it the right host."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

from app.errors import InputError

SCHEME = "bidroom"


class Link(msgspec.Struct, frozen=True):
    """邀请链接.

    Attributes:
        host, port: where to connect.
        fingerprint: SHA-256 of the host's certificate (DER), hex.
        person: person id, empty on the public link by which suppliers register.
        secret: one-use; proves that the link was received. Never logged.
    """

    host: str
    port: int
    case: str
    fingerprint: str
    person: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        return f"Link({self.host}:{self.port}, {self.case}, {self.person or 'public'})"

    def text(self) -> str:
        """``bidroom://host:port/case?f=…&p=…&k=…``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = {"f": self.fingerprint}
        if self.person:
            query["p"] = self.person
        if self.secret:
            query["k"] = self.secret
        return f"{SCHEME}://{host}:{self.port}/{quote(self.case, safe='')}?{urlencode(query)}"


def parse_link(text: str) -> Link:
    """Read a link.

    Raises:
        InputError: ``link.malformed``.
    """
    try:
        parts = urlsplit(text.strip()[:2000])
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        case = parse_qs(f"c={parts.path[1:]}")["c"][0]
        fingerprint = query["f"].lower()
        if parts.scheme != SCHEME or not parts.hostname or not parts.port or len(bytes.fromhex(fingerprint)) != 32:
            raise ValueError("link")
        return Link(parts.hostname, parts.port, case, fingerprint, query.get("p", ""), query.get("k", ""))
    except (ValueError, KeyError, IndexError) as error:
        raise InputError("link.malformed") from error
