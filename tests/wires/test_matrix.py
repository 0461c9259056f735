"""Every caller at every provider: each cell passes, is fitted and says so, or is refused.

No cell is silent: what did not arrive at the vendor is named in ``x-tierwatch-fitted``, or the
request was refused with a sentence. ``python tests/wires/test_matrix.py`` writes the table that
stands in docs/wires.md, and the tests hold it to what they see.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))

from factories.crossings import gateways, matrix  # noqa: E402
from factories.crossings.scenarios import Scenario  # noqa: E402
from fakes.gateway import RunningGateway  # noqa: E402
from fakes.vendor.server import Vendor  # noqa: E402

PAGE = ROOT / "docs" / "wires.md"
ROWS = [pytest.param(*row, id=f"{row[0].name}, {row[1]}") for row in matrix.rows()]


@pytest.fixture(scope="module")
def gateway(
    _running_vendor: Vendor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    file = tmp_path_factory.mktemp("matrix") / "tierwatch.yaml"
    text = gateways.config(_running_vendor)
    running = RunningGateway(text, file, environ={"PROVIDER_KEY": "k"})
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize(("scenario", "caller"), ROWS)
def test_no_cell_is_silent(
    vendor: Vendor, gateway: RunningGateway, scenario: Scenario, caller: str
) -> None:
    cells = []
    faults = []
    for provider in gateways.PROVIDERS:
        played = matrix.play(gateway.client, vendor, scenario, caller, provider)
        cells.append(matrix.in_words(played))
        faults += [
            f"{provider} {one.model} {'streamed' if one.stream else 'whole'}: {fault}"
            for one in played
            for fault in one.outcome.faults
        ]
    assert faults == []
    assert matrix.line(scenario, caller, cells) in PAGE.read_text().splitlines()


def _print_table() -> None:
    """The table as it is now, for docs/wires.md."""
    file = Path(sys.argv[1])
    with Vendor(retry_after_s=0).running() as vendor:
        running = RunningGateway(gateways.config(vendor), file, environ={"PROVIDER_KEY": "k"})
        running.start()
        print(*matrix.HEAD, sep="\n")  # noqa: T201
        for scenario, caller in matrix.rows():
            cells = [
                matrix.in_words(matrix.play(running.client, vendor, scenario, caller, provider))
                for provider in gateways.PROVIDERS
            ]
            print(matrix.line(scenario, caller, cells))  # noqa: T201
        running.stop()


if __name__ == "__main__":
    _print_table()
