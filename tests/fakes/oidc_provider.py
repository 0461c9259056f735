"""A small OpenID provider on loopback: it checks PKCE and its client, and lies where told to."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "tierwatch", "a secret of the client"


class OidcProvider:
    """Says that whoever comes is ``claims``.

    Attributes:
        claims: of the ID token, beside the protocol's own.
        userinfo: of the userinfo endpoint, beside ``sub``.
        lies: claims of the ID token that are set last; a value of None leaves one out.
        error: answered instead of a code.
        verifiers: PKCE verifiers that were accepted.
    """

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, auto_kid=True)
        self._other = RSAKey.generate_key(2048, auto_kid=True)
        self.claims: Mapping[str, Any] = {"sub": "u-1", "preferred_username": "ada"}
        self.userinfo: Mapping[str, Any] = {}
        self.lies: Mapping[str, Any] = MappingProxyType({})
        self.error = ""
        self.signs_with_another_key = False
        self.down = False
        self.verifiers: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._access: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/realms/ops"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, url: str) -> str:
        """What a browser does that is sent to ``url`` and is logged in there: the way back."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        if self.error:
            back = {"error": self.error, "error_description": "said no", "state": query["state"]}
        else:
            code = secrets.token_urlsafe(8)
            self._codes[code] = query
            back = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, form: Mapping[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code, once, for those who can show the verifier."""
        known = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not _is_client(authorization):
            return 401, {"error": "invalid_client"}
        if known is None or known["code_challenge"] != shown:
            return 400, {"error": "invalid_grant"}
        if known["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        self.verifiers.append(form["code_verifier"])
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": known["nonce"],
            **self.claims,
            **self.lies,
        }
        key = self._other if self.signs_with_another_key else self._key
        header = {"alg": "RS256", "kid": self._key.kid}
        kept = {name: value for name, value in claims.items() if value is not None}
        access = secrets.token_urlsafe(8)
        self._access.add(access)
        return 200, {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": jwt.encode(header, kept, key),
        }

    def about(self, authorization: str) -> tuple[int, dict[str, Any]]:
        if authorization.removeprefix("Bearer ") not in self._access:
            return 401, {"error": "invalid_token"}
        return 200, {"sub": self.claims["sub"], **self.userinfo}

    def keys(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False, use="sig", alg="RS256")]}


def _is_client(authorization: str) -> bool:
    try:
        shown = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    except ValueError:
        return False
    name, _, secret = shown.partition(":")
    return (name, secret.replace("%20", " ").replace("+", " ")) == (CLIENT, SECRET)


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path.removeprefix("/realms/ops")
            if provider.down:
                self._send(503, {"error": "down"})
            elif path == "/.well-known/openid-configuration":
                self._send(200, provider.discovery())
            elif path == "/jwks":
                self._send(200, provider.keys())
            elif path == "/userinfo":
                self._send(*provider.about(self.headers.get("Authorization", "")))
            else:
                self._send(404, {})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            self._send(*provider.token(form, self.headers.get("Authorization", "")))

        def _send(self, status: int, document: Mapping[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    return Handler
