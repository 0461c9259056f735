"""Every wire brings the same modules, with the same names in them."""

import inspect
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

from factories.bodies import PLAIN_REPLIES, PLAIN_REQUESTS, REPLIES, REQUESTS

import tierwatch.wire
from tierwatch.config.providers import ProviderConfig
from tierwatch.routing.config.providers import VENDOR_URLS, Kind
from tierwatch.wire import chat
from tierwatch.wire.form import Wire
from tierwatch.wire.wires import WIRES

FOLDER = Path(tierwatch.wire.__file__).parent
SHARED = {"answers", "crossing", "history"}  # folders of the room that are no wire


def package(wire: Wire) -> str:
    return wire.read_request.__module__.rpartition(".")[0]


def test_every_folder_is_a_wire_and_every_wire_has_bodies() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/__init__.py")} - SHARED
    assert {package(wire).rpartition(".")[2] for wire in WIRES.values()} == folders
    for bodies in (REQUESTS, PLAIN_REQUESTS, REPLIES, PLAIN_REPLIES):
        assert bodies.keys() == WIRES.keys()
    assert [wire.name for wire in WIRES.values()] == list(WIRES)


def test_every_wire_has_the_same_modules() -> None:
    modules = {
        wire.name: {path.stem for path in (FOLDER / package(wire).rpartition(".")[2]).glob("*.py")}
        for wire in WIRES.values()
    }
    first = next(iter(modules.values()))
    # A wire may have more of its own: the tools of one are no mere functions.
    assert all(found >= first for found in modules.values()), modules


def test_every_wire_brings_the_same_names_from_its_own_folder() -> None:
    places = {}
    for wire in WIRES.values():
        brought = {field.name: getattr(wire, field.name) for field in fields(Wire)}
        functions = {name: one for name, one in brought.items() if callable(one)}
        assert brought.keys() - functions.keys() == {"name", "route", "error_event"}
        for name, one in functions.items():
            assert one.__module__.startswith(package(wire) + "."), (wire.name, name)
        places[wire.name] = {
            name: (one.__module__.rpartition(".")[2], one.__name__, parameters(one))
            for name, one in functions.items()
        }
    first = next(iter(places.values()))
    assert all(found == first for found in places.values()), places


def parameters(one: Any) -> list[tuple[str, Any]]:
    return [(p.name, p.kind) for p in inspect.signature(one).parameters.values()]


def test_the_form_between_the_wires_is_frozen_and_slotted() -> None:
    made = [one for one in vars(chat).values() if inspect.isclass(one) and is_dataclass(one)]
    assert len(made) > 10
    for one in made:
        assert one.__dataclass_params__.frozen, one
        assert "__slots__" in vars(one), one


def test_every_kind_of_provider_speaks_a_wire() -> None:
    kinds = get_args(ProviderConfig.model_fields["kind"].annotation)
    # Routing stands below the wires and may not read their table: it lists their names again.
    assert set(get_args(Kind)) == VENDOR_URLS.keys() == set(kinds)
    spoken = [ProviderConfig(kind=kind, responses=kind == "openai").wires for kind in kinds]
    assert {wire for wires in spoken for wire in wires} == WIRES.keys()


def test_every_wire_has_a_route_of_its_own() -> None:
    routes = [wire.route for wire in WIRES.values()]
    # `gateway.application` tells by the beginning of a path on which wire an error is written.
    assert not [(a, b) for a in routes for b in routes if a != b and a.startswith(b)]
    assert len(set(routes)) == len(routes)
