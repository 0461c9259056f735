"""One answer as far as it has come: filled by the parser, emptied by who reads it."""

Fields = list[tuple[bytes, bytes]]


class Answer:
    """An answer, growing.

    Attributes:
        status: of HTTP; 0 until the head is here.
        fields: names and values of the head, as they were sent.
        unread: bytes of the body that came and were not taken.
        whole: whether it has come to its end.
        reusable: whether the connection may carry another request after this answer.
    """

    __slots__ = ("_parts", "fields", "reusable", "status", "unread", "whole")

    def __init__(self) -> None:
        self.status = 0
        self.fields: Fields = []
        self.unread = 0
        self.whole = False
        self.reusable = False
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        """More of the body."""
        self._parts.append(part)
        self.unread += len(part)

    def take(self) -> bytes:
        """All of the body that came and was not taken yet."""
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self.unread = 0
        return data

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; values of one name joined by commas."""
        wanted = name.encode()
        values = [
            value
            for found, value in self.fields
            if len(found) == len(wanted) and found.lower() == wanted
        ]
        return b", ".join(values).decode("latin-1") if values else ""

    @property
    def says_its_end(self) -> bool:
        """Whether a length or chunks say where the body ends (RFC 9112, 6.3)."""
        if self.header("transfer-encoding"):
            last = self.header("transfer-encoding").rpartition(",")[2]
            return last.strip().lower() == "chunked"
        return bool(self.header("content-length"))
