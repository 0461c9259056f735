"""Refusals: who refuses says why in a sentence, and the wire decides the envelope."""

from typing import Any

_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_OPENAI_TYPES = {401: "invalid_request_error", 429: "rate_limit_error"}
_SERVER_ERROR = 500


class RefusedError(Exception):
    """What a vendor does not take, with the field it names and its code where it has one."""

    def __init__(
        self, sentence: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(sentence)
        self.param = param
        self.code = code
        self.status = status


def require(
    holds: object, sentence: str, *, param: str | None = None, code: str | None = None
) -> None:
    if not holds:
        raise RefusedError(sentence, param=param, code=code)


def openai_problem(error: RefusedError) -> dict[str, Any]:
    kind = "server_error" if error.status >= _SERVER_ERROR else "invalid_request_error"
    kind = _OPENAI_TYPES.get(error.status, kind)
    named = {"param": error.param, "code": error.code}
    return {"error": {"message": str(error), "type": kind, **named}}


def anthropic_problem(error: RefusedError) -> dict[str, Any]:
    kind = _ANTHROPIC_TYPES.get(error.status, "api_error")
    told: dict[str, Any] = {"type": kind, "message": str(error)}
    if error.code:
        told["details"] = {"error_code": error.code, "unsupported": [error.param]}
    return {"type": "error", "error": told, "request_id": "req_vendor"}
