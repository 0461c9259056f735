"""Redaction: what must not be stored is replaced before anything is written.

Found are e-mail addresses, telephone numbers, payment cards and secrets. A pattern here is meant
to be right when it fires: ordinary numbers, dates, addresses of machines and mathematics stay, at
the price of missing what is written in an unusual way. A stricter redactor can be put in its place
by naming it, see `load_redactor`.

No pattern matches a mark or beside one, and what decides a match is the text of the match and what
touches it, so redacting twice changes nothing. Every repetition is bounded or cannot be entered
twice at one place, so the time is linear in the text.
"""

import base64
import binascii
import hashlib
import importlib
import math
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from inspect import signature
from typing import overload

from tierwatch.errors import SettingsError
from tierwatch.loop.capture.redaction.marks import LETTERS, Mark, plain_mark
from tierwatch.store.documents import Json, JsonValue

Redactor = Callable[[str], str]

# Nothing starts right after a mark or ends right before one: there, what stood beside the text
# when it was first read is no longer known.
_KINDS = ("EMAIL", "PHONE", "CARD", "KEY")
_LETTERS = rf" [a-z]{{{LETTERS}}}"
_NO_MARK_BEFORE = "".join(rf"(?<!\[{kind}{more}\])" for kind in _KINDS for more in ("", _LETTERS))
_NO_MARK_AFTER = rf"(?!\[(?:{'|'.join(_KINDS)})(?:{_LETTERS})?\])"


def _pattern(body: str) -> re.Pattern[str]:
    # ASCII: in scripts without spaces a letter may stand right beside a number or an address.
    return re.compile(rf"{_NO_MARK_BEFORE}(?:{body}){_NO_MARK_AFTER}", re.ASCII)


_GAP = r"(?:\s|\\[nr])*+"  # white space, also as it is escaped inside JSON text
_PEM = _pattern(
    r"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----"
    rf"{_GAP}(?:[A-Za-z-]{{3,20}}: [^\n\\-]{{1,80}}+{_GAP}){{0,3}}"
    rf"(?:[A-Za-z0-9+/=]{{16,}}+{_GAP})++"
    rf"(?:(?:[A-Za-z0-9+/=]{{1,15}}+{_GAP})?-----END [A-Z0-9 ]{{0,24}}PRIVATE KEY(?: BLOCK)?-----"
    r"|[A-Za-z0-9+/]{1,15}={1,2})?"
)
# A secret is a whole token, known by its prefix.
_KEY = _pattern(
    r"(?<![\w-])(?:"
    r"sk[-_](?=[A-Za-z_-]*+[0-9])[\w-]{20,}+"  # OpenAI, Anthropic, Stripe; words have no digits
    r"|[rp]k_(?:live|test)_\w{16,}+"  # Stripe
    r"|A(?:KIA|SIA)[0-9A-Z]{16}"  # AWS
    r"|gh[oprsu]_\w{30,}+|github_pat_\w{22,}+|glpat-[\w-]{20,}+"
    r"|xox[abeoprs]-[\w-]{10,}+"  # Slack
    r"|AIza[\w-]{35}"  # Google
    r"|hf_[A-Za-z0-9]{30,}+"  # Hugging Face
    r"|eyJ[\w-]{8,}+\.eyJ[\w-]{4,}+\.[\w-]*+"  # JSON web token
    r")(?![\w-])"
)
_BEARER = _pattern(
    r"(?<![\w-])(?P<kept>[Bb]earer[ \t]{1,8})"
    r"(?=[A-Za-z._~+/=-]*+[0-9])[\w.~+/=-]{16,}+(?![\w-])"
)
# None of them is without one of these.
_KEY_BEGINS = (
    *("sk-", "sk_", "k_live_", "k_test_", "AKIA", "ASIA", "gho_", "ghp_", "ghr_", "ghs_", "ghu_"),
    *("github_pat_", "glpat-", "xox", "AIza", "hf_", "eyJ"),
)
# A local part of at most 64 characters (RFC 5321), accented Latin included; git@host names a
# repository; a bracket after it makes it code (`a@b.mean()`).
_LOCAL = r"\w\xc0-\u024f.%+-"
_EMAIL = _pattern(
    rf"(?<![{_LOCAL}])(?!git@)[\w\xc0-\u024f][{_LOCAL}]{{0,63}}+"
    r"@(?>(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![\w-]))(?!\()"
)
# Brand and length first (ISO/IEC 7812 ranges): Luhn alone lets one number in ten pass.
_CARD = _pattern(
    r"(?<![\w.])(?:"
    r"(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|35[2-8]\d|6\d{3})"
    r"(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}(?P=gap)\d{4}"
    r"|3[47]\d\d(?P<gap15>[ -]?)\d{6}(?P=gap15)\d{5}"
    r"|3[068]\d\d(?P<gap14>[ -]?)\d{6}(?P=gap14)\d{4}"
    r")(?!\w)(?!\.[\d\[])"
)
_PHONE = _pattern(
    r"(?<![\w.+)\]}-])(?:"
    # International: a plus, then 9 to 15 digits in groups (E.164).
    r"\+[1-9](?:[ .-]?\(?\d\)?){8,14}"
    # North America: area and exchange never start with 0 or 1.
    r"|(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4}"
    # Any other national form only where the text says that it is one.
    r"|(?P<kept>(?:(?:[Tt]ele)?[Pp]hone|[Tt]el|[Mm]obile|[Cc]ell|[Ff]ax|[Ww]hats[Aa]pp)"
    r"(?: (?:number|no))?(?: is)?[.:]{0,2} {0,2})\(?\d(?:[ ().-]{0,2}\d){6,14}"
    r")(?![\w(])(?![.-][\d\[])"
)
# No telephone number and no card has fewer digits.
_DIGITS = re.compile(r"(?:[0-9][^0-9]*+){7}")
_SURROGATE = re.compile("[\ud800-\udfff]")
DATA_URL = re.compile(
    r"data:(?P<kind>[a-z]{1,20})/[\w.+-]{1,60}(?:;[\w=.-]{1,60}){0,3};base64,(?P<data>[\w+/=-]*+)"
)
BARE_DATA = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# Sound and files come as bare base64; prose of this length has a space in it.
BARE_DATA_CHARS = 4_096
_LEAST_WHOLE, _LARGEST_WHOLE = -(2**63), 2**64 - 1
# Deeper than any request that means something; ends recursion before Python does.
DEEPEST = 200
TOO_DEEP = "[NESTED TOO DEEP]"


def redact(text: str, mark: Mark = plain_mark) -> str:
    """Return the text with ``[EMAIL]``, ``[PHONE]``, ``[CARD]`` and ``[KEY]`` where such stood.

    Args:
        text: anybody's.
        mark: gives what stands in a value's place.

    >>> redact("Mail jo@example.org or call +49 151 2345 6789")
    'Mail [EMAIL] or call [PHONE]'
    """
    # Most text has none of these words and signs; looking for them costs next to nothing.
    if "PRIVATE KEY" in text:
        text = _PEM.sub(lambda found: mark("KEY", found[0]), text)
    if "earer" in text:
        text = _BEARER.sub(lambda found: _after_kept(found, "KEY", mark), text)
    for begins in _KEY_BEGINS:
        if begins in text:
            text = _KEY.sub(lambda found: mark("KEY", found[0]), text)
            break
    if "@" in text:
        text = _EMAIL.sub(lambda found: mark("EMAIL", found[0]), text)
    if _DIGITS.search(text) is None:
        return text
    text = _redact_cards(text, mark)
    return _PHONE.sub(lambda found: _after_kept(found, "PHONE", mark), text)


def marking(redactor: Redactor, mark: Mark) -> Redactor:
    """The redactor with these marks, where it can set them: ours, or one that takes a ``mark``."""
    if redactor is redact:
        return partial(redact, mark=mark)
    with suppress(TypeError, ValueError):
        if "mark" in signature(redactor).parameters:
            theirs: Callable[..., str] = redactor
            return partial(theirs, mark=mark)
    return redactor


def _after_kept(found: re.Match[str], kind: str, mark: Mark) -> str:
    kept = found["kept"] or ""
    return kept + mark(kind, found[0][len(kept) :])


def redact_json(value: Json, redactor: Redactor = redact) -> Json:
    """Return JSON with every text redacted, keys included (keys that become equal are merged).

    Pictures, sound and files are replaced by a mark with their digest and size first: they are
    large, and cannot be searched for what must go.
    """
    redacted: Json = _mapped(value, lambda text: redacted_text(_without_data(text), redactor), 0)
    return redacted


def redacted_text(text: str, redactor: Redactor) -> str:
    """The text as the redactor leaves it.

    Raises:
        TypeError: that is no text; a redactor may be anybody's code.
    """
    found: object = redactor(text)
    if not isinstance(found, str):
        raise TypeError("the redactor gave no text for a text")
    return found


@overload
def storable(value: str) -> str: ...
@overload
def storable(value: Json) -> Json: ...
def storable(value: JsonValue) -> JsonValue:
    """Return JSON that Postgres can hold as text and JSONB, which take neither NUL nor NaN.

    NUL becomes U+2400, lone surrogates U+FFFD, numbers that are not finite None. Whole numbers of
    more than 64 bits become the nearest float there is, as most readers of JSON have them.

    >>> storable({"a": float("nan")})
    {'a': None}
    """
    return _mapped(value, _storable_text, 0)


def load_redactor(dotted: str | None) -> Redactor:
    """Return the redactor that ``module:function`` names; the built-in one for None or empty.

    Raises:
        SettingsError: it cannot be imported, or does not turn a text into a text.
    """
    if not dotted:
        return redact
    module, _, name = dotted.partition(":")
    accepted = "accepted: module:function, taking and returning a str"
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as problem:
        raise SettingsError(
            f"TIERWATCH_REDACTOR: {dotted!r} cannot be loaded ({problem}); {accepted}."
        ) from problem
    if not callable(found) or not isinstance(found("a text"), str):
        raise SettingsError(f"TIERWATCH_REDACTOR: {dotted!r} gives no text for a text; {accepted}.")
    redactor: Redactor = found
    return redactor


def _redact_cards(text: str, mark: Mark) -> str:
    kept: list[str] = []
    read_to = search_from = 0
    while found := _CARD.search(text, search_from):
        # After a number that is no card, look again one character on: a card may overlap it.
        search_from = found.start() + 1
        if _is_luhn(found[0]):
            kept += (text[read_to : found.start()], mark("CARD", found[0]))
            read_to = search_from = found.end()
    return "".join([*kept, text[read_to:]])


def _is_luhn(number: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    digits = [int(digit) for digit in reversed(number) if digit.isdecimal()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _without_data(text: str) -> str:
    if ";base64," in text:
        return DATA_URL.sub(lambda found: _data_mark(found["kind"], found["data"]), text)
    if len(text) >= BARE_DATA_CHARS and BARE_DATA.fullmatch(text):
        return _data_mark("data", text)
    return text


def _data_mark(kind: str, encoded: str) -> str:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        data = encoded.encode("utf-8", "replace")
    # 12 hexadecimal digits: shorter than any card number, so a mark is never redacted itself.
    digest = hashlib.sha256(data).hexdigest()[:12]
    return f"[{'IMAGE' if kind == 'image' else 'DATA'} sha256:{digest} {len(data)} bytes]"


def _storable_text(text: str) -> str:
    if _SURROGATE.search(text):
        # Two halves that belong together become their character; what is left alone is replaced.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\x00", "\u2400")


def _storable_number(number: float) -> float | None:
    """The number as JSON of 64 bits has it: the spool's writer refuses more."""
    if isinstance(number, int) and _LEAST_WHOLE <= number <= _LARGEST_WHOLE:
        return number
    try:
        number = float(number)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _mapped(value: JsonValue, change: Callable[[str], str], depth: int) -> JsonValue:
    """JSON with each text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (int, float)):
        return _storable_number(value)
    if not isinstance(value, (dict, list, tuple)):
        return value
    if depth >= DEEPEST:
        return TOO_DEEP
    if isinstance(value, dict):
        return {
            change(key) if isinstance(key, str) else key: _mapped(item, change, depth + 1)
            for key, item in value.items()
        }
    return [_mapped(item, change, depth + 1) for item in value]
