"""Images and files as the vendors take them."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from fakes.vendor.asked import digest
from fakes.vendor.refusals import RefusedError, require

_DATA = re.compile(r"data:([^;,]+);base64,(.*)", re.DOTALL)
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_BEGINS = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
    "application/pdf": b"%PDF",
}


def openai_image(url: Any, param: str) -> str:
    """The name of an image: of its bytes, or its address."""
    about = {"param": param, "code": "invalid_image_url"}
    require(isinstance(url, str), f"Invalid type for '{param}': expected an image URL.", **about)
    if url.startswith(("https://", "http://")):
        return str(url)
    found = _DATA.fullmatch(url)
    if found is None:
        raise RefusedError(
            f"Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.",
            param=param,
            code="invalid_value",
        )
    kind, data = found.groups()
    require(
        kind in IMAGES,
        f"You uploaded an unsupported image ({kind}). Please make sure your image has of one the "
        f"following formats: {list(IMAGES)}.",
        param=param,
        code="unsupported_image_media_type",
    )
    return _named(kind, data, param)


def openai_file(file: Mapping[str, Any], param: str) -> str:
    """The name of a file: of its bytes, its id or its address."""
    if file.get("file_id") or file.get("file_url"):
        return str(file.get("file_id") or file["file_url"])
    found = _DATA.fullmatch(str(file.get("file_data", "")))
    if found is None:
        raise RefusedError(
            f"Invalid '{param}.file_data'. Expected a base64-encoded data URL with an application "
            "MIME type (e.g. 'data:application/pdf;base64,aGVsbG8=').",
            param=param,
            code="invalid_value",
        )
    require(file.get("filename"), f"Missing required parameter: '{param}.filename'.", param=param)
    return _named(*found.groups(), param)


def anthropic_source(source: Any, where: str, *, document: bool) -> str:
    """The name of an image or a document of Anthropic's."""
    require(isinstance(source, Mapping), f"{where}.source: Field required")
    kind = source.get("type")
    if kind == "url":
        url = source.get("url")
        require(
            isinstance(url, str) and url.startswith("https://"),
            f"{where}.source.url: Only HTTPS URLs are supported.",
        )
        return str(url)
    if kind == "file":
        return str(source["file_id"])
    if kind in {"text", "content"} and document:
        told = source.get("data") or source.get("content")
        require(told, f"{where}.source: document content must not be empty")
        return digest(str(told))
    require(kind == "base64", f"{where}.source.type: '{kind}' is not one of the expected tags")
    takes = ("application/pdf",) if document else IMAGES
    media = source.get("media_type")
    require(
        media in takes,
        f"{where}.source.base64.media_type: Input should be {', '.join(map(repr, takes))}",
    )
    return _named(str(media), source.get("data"), where)


def _named(kind: str, data: Any, where: str) -> str:
    try:
        content = base64.b64decode(str(data), validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(f"{where}: invalid base64 data", param=where) from None
    begins = _BEGINS.get(kind, b"")
    require(
        content and content.startswith(begins),
        f"{where}: the data does not look like {kind}; could not process image or file",
        param=where,
    )
    return digest(content)
