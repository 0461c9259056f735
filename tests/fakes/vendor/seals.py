"""Thinking that only its issuer can read: sealed when it is given, checked when it returns."""

import base64
import hashlib
import hmac


class Seals:
    """Signatures and encrypted reasoning of one vendor: nothing is kept, all can be checked."""

    def __init__(self, vendor: str) -> None:
        self._key = f"key of {vendor}".encode()

    def seal(self, text: str) -> str:
        """A signature of a text."""
        return "sig" + base64.b64encode(self._mac(text)).decode()

    def holds(self, seal: str, text: str) -> bool:
        """Whether this vendor signed this text."""
        return hmac.compare_digest(seal.encode(), self.seal(text).encode())

    def hide(self, text: str) -> str:
        """A text that only this vendor can open."""
        return f"gAAA{base64.b64encode(text.encode()).decode()}.{self.seal(text)}"

    def opens(self, hidden: str) -> bool:
        """Whether this vendor hid it."""
        data, _, seal = hidden.removeprefix("gAAA").partition(".")
        try:
            return self.holds(seal, base64.b64decode(data).decode())
        except ValueError:
            return False

    def _mac(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), hashlib.sha256)
