"""A vendor and gateways before it."""

from collections.abc import Iterator

import pytest
from fakes.vendor.server import Vendor


@pytest.fixture(scope="session")
def _running_vendor() -> Iterator[Vendor]:
    with Vendor(retry_after_s=0).running() as vendor:
        yield vendor


@pytest.fixture
def vendor(_running_vendor: Vendor) -> Iterator[Vendor]:
    """The vendor of the session, its ears empty."""
    _running_vendor.heard.clear()
    yield _running_vendor
    _running_vendor.heard.clear()
