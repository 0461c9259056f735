"""Nobody fills in what belongs to somebody else: attributes are assigned by their owner alone."""

import ast
from pathlib import Path

import pytest

GATEWAY = Path(__file__).parents[2] / "app" / "gateway"
OWNERS = {"self", "cls"}


def foreign_assignments(source: str) -> list[str]:
    """``line: target`` of each attribute that is assigned, or deleted, from outside its owner.

    Items count as well: ``other.names[0] = ...`` changes what belongs to ``other``.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"setattr", "delattr"}:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
        if not isinstance(node, ast.Attribute | ast.Subscript) or isinstance(node.ctx, ast.Load):
            continue
        holder = node.value
        while isinstance(holder, ast.Subscript):
            holder = holder.value
        if isinstance(node, ast.Subscript):
            # An item of a local, or of an attribute that is one's own.
            if not isinstance(holder, ast.Attribute):
                continue
            holder = holder.value
        if not (isinstance(holder, ast.Name) and holder.id in OWNERS):
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("self.a = 1", []),
        ("cls.a: int = 1", []),
        ("self.a[0] = 1", []),
        ("names[0] = 1", []),
        ("exchange.a = 1", ["1: exchange.a"]),
        ("exchange.a += 1", ["1: exchange.a"]),
        ("self.place.a += 1", ["1: self.place.a"]),
        ("a, exchange.b = 1, 2", ["1: exchange.b"]),
        ("for exchange.a in (): pass", ["1: exchange.a"]),
        ("del exchange.a", ["1: exchange.a"]),
        ("with x() as exchange.a: pass", ["1: exchange.a"]),
        ("exchange.attempts[-1] = 1", ["1: exchange.attempts[-1]"]),
        ("exchange.tables[0][1] = 1", ["1: exchange.tables[0][1]"]),
        ("setattr(exchange, 'a', 1)", ["1: setattr(exchange, 'a', 1)"]),
    ],
)
def test_what_counts_as_foreign(source: str, found: list[str]) -> None:
    assert foreign_assignments(source) == found


@pytest.mark.parametrize(
    "module",
    sorted(GATEWAY.rglob("*.py")),
    ids=lambda path: str(path.relative_to(GATEWAY)),
)
def test_nobody_assigns_what_is_not_its_own(module: Path) -> None:
    assert foreign_assignments(module.read_text()) == []
