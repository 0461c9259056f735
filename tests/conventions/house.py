"""What the house measures: sizes of files, functions and folders, cycles, untyped signatures.

``python tests/conventions/house.py`` prints the figures; test_house.py holds them to their bounds.
"""

import ast
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDERS = {"tierwatch": ROOT / "app", "tierwatch_workers": ROOT / "workers"}
# Where ``Any`` in a signature needs a reason beside it.
TYPED = ("app/loop", "app/store")

MOST_LINES = 450
MOST_IN_A_FUNCTION = 80
MOST_IN_A_FOLDER = 15

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """A source file: its import name, its path below the repository, its text, its syntax."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")


def modules() -> list[Module]:
    """Every module of the app and the workers."""
    found = []
    for name, folder in FOLDERS.items():
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            dotted = ".".join((name, *(part for part in parts if part != "__init__")))
            text = file.read_text()
            path = str(file.relative_to(ROOT))
            found.append(Module(dotted, path, text, ast.parse(text)))
    return found


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def function_lines(node: Function) -> int:
    """From ``def`` to the last line."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def folder_sizes(found: list[Module]) -> Counter[str]:
    """Modules in each folder, without its ``__init__``."""
    return Counter(
        str(Path(one.path).parent) for one in found if not one.path.endswith("__init__.py")
    )


def aliases_of_any(found: list[Module]) -> set[str]:
    """Names of type aliases that hold ``Any``: another word for it is no type."""
    return {
        node.target.id
        for one in found
        for node in one.tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.annotation, ast.Name)
        and node.annotation.id == "TypeAlias"
        and node.value is not None
        and any(isinstance(name, ast.Name) and name.id == "Any" for name in ast.walk(node.value))
    }


def any_in_signatures(found: list[Module]) -> list[str]:
    """``path:line`` of each ``Any``, or alias of it, in a signature of the typed rooms."""
    places = []
    wanted = {"Any"} | aliases_of_any(found)
    for one in found:
        if not one.path.startswith(TYPED):
            continue
        for function in functions(one.tree):
            arguments = function.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [more for more in (arguments.vararg, arguments.kwarg) if more is not None]
            hints = [argument.annotation for argument in every] + [function.returns]
            places += [
                f"{one.path}:{name.lineno}"
                for hint in hints
                if hint is not None
                for name in ast.walk(hint)
                if isinstance(name, ast.Name) and name.id in wanted
            ]
    return places


def imports(one: Module, names: set[str], *, deferred: bool) -> set[str]:
    """The modules of ours that a module imports; with ``deferred`` those inside functions too."""
    body: list[ast.AST] = list(ast.walk(one.tree)) if deferred else list(_at_import(one.tree))
    wanted = set()
    for node in body:
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                wanted.add(inner if inner in names else node.module)
    return (wanted & names) - {one.name}


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported; not what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function) or _only_for_types(child):
            continue
        yield child
        yield from _at_import(child)


def _only_for_types(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def cycles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other in a circle (Tarjan's components of two or more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        path.append(name)
        for other in sorted(arrows.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in path:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = path[path.index(name) :]
            del path[path.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(arrows):
        if name not in index:
            visit(name)
    return found


def import_cycles(found: list[Module], *, deferred: bool) -> list[list[str]]:
    """Import cycles among our modules."""
    names = {one.name for one in found}
    return cycles({one.name: imports(one, names, deferred=deferred) for one in found})


def long_functions(found: list[Module], most: int) -> list[str]:
    """``path:line name lines`` of each function over ``most`` lines."""
    return [
        f"{one.path}:{node.lineno} {node.name} {function_lines(node)}"
        for one in found
        for node in functions(one.tree)
        if function_lines(node) > most
    ]


def test_lines_a_source_line(found: list[Module]) -> float:
    """Lines of tests, factories and fakes over lines of source."""
    tests = sum(file.read_text().count("\n") for file in (ROOT / "tests").rglob("*.py"))
    return tests / sum(one.lines for one in found)


def figures(found: list[Module]) -> dict[str, object]:
    """Every figure by its name."""
    crowded = {path: n for path, n in folder_sizes(found).items() if n > MOST_IN_A_FOLDER}
    return {
        "modules": len(found),
        "lines, median of a file": statistics.median(one.lines for one in found),
        "files over 450 lines": [one.path for one in found if one.lines > MOST_LINES],
        "functions over 80 lines": long_functions(found, MOST_IN_A_FUNCTION),
        "folders with over 15 modules": crowded,
        "import cycles": import_cycles(found, deferred=False),
        "import cycles, deferred imports too": import_cycles(found, deferred=True),
        "Any in signatures of app/loop and app/store": len(any_in_signatures(found)),
        "test lines a source line": round(test_lines_a_source_line(found), 2),
    }


if __name__ == "__main__":
    for what, figure in figures(modules()).items():
        sys.stdout.write(f"{what:44} {figure}\n")
