"""The table of vendors: each has a reader, an address and a key of its own form."""

import base64
from typing import get_args

from tierwatch.config.watch import PullKind
from tierwatch.intake.files.kinds import FILE_KINDS
from tierwatch.intake.pulling.vendors import VENDORS


def test_each_kind_of_the_configuration_is_there_and_can_be_read() -> None:
    assert set(VENDORS) == set(get_args(PullKind))
    assert set(VENDORS) <= set(FILE_KINDS)
    assert all(vendor.base_url.startswith("https://") for vendor in VENDORS.values())


def test_keys_are_shown_as_their_vendors_want_them() -> None:
    assert VENDORS["openai"].authorization("sk", "") == "Bearer sk"
    scheme, _, token = VENDORS["langfuse"].authorization("sk:1", "pk").partition(" ")
    assert (scheme, base64.b64decode(token)) == ("Basic", b"pk:sk:1")
