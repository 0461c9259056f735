"""Each cell of the table: what one wire says is said on the other, fitted by name, or refused."""

import copy
import json

import pytest
from factories.wire_cells import TO_CHAT, Cell
from factories.wire_cells_to_chat import TO_OPENAI
from factories.wire_cells_to_messages import TO_ANTHROPIC

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.translation import library_request, provider_request

ASKED = [*TO_ANTHROPIC, *TO_OPENAI]


def wires(cell: Cell) -> tuple[str, str]:
    return (ANTHROPIC, OPENAI) if cell.way == TO_CHAT else (OPENAI, ANTHROPIC)


@pytest.mark.parametrize("cell", ASKED, ids=lambda cell: f"{cell.way}: {cell.name}")
def test_a_request_is_said_on_the_other_wire(cell: Cell) -> None:
    caller, provider = wires(cell)
    before = copy.deepcopy(cell.said)
    library_request(caller, cell.said)  # never raises
    if cell.refused:
        with pytest.raises(ProviderError, match=cell.refused) as caught:
            provider_request(caller, provider, cell.said, "m")
        assert (caught.value.kind, str(caught.value)[-1]) == ("refused", ".")
    else:
        sent, fitted = provider_request(caller, provider, cell.said, "m")
        assert cell.right(json.loads(json.dumps(sent))), json.dumps(sent, indent=1)
        assert fitted == cell.fitted
    assert cell.said == before


@pytest.mark.parametrize("cell", ASKED, ids=lambda cell: f"{cell.way}: {cell.name}")
def test_on_its_own_wire_it_passes_as_it_came(cell: Cell) -> None:
    caller, _ = wires(cell)
    sent, fitted = provider_request(caller, caller, cell.said, "served")
    expected = {name: said for name, said in cell.said.items() if (name, said) != ("metadata", {})}
    assert (sent, fitted) == ({**expected, "model": "served"}, ())


def test_the_table_has_no_name_twice() -> None:
    names = [(cell.way, cell.name) for cell in ASKED]
    assert len(set(names)) == len(names)
