"""Reads a template beside the dataclass it receives: which attributes it asks for in vain.

Types follow names through loops, ``set``, macros and includes as far as they are dataclasses,
lists, tuples and mappings; what is anything else may have any attribute.
"""

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from jinja2 import Environment, FileSystemLoader, nodes

UNKNOWN = object()
# Filters that give back what they were given, or some of it.
_KEEP = {"list", "sort", "selectattr", "rejectattr", "reverse"}

Names = dict[str, Any]


@dataclass
class Reader:
    """Reads the templates of one folder.

    Attributes:
        folder: of the templates.
        wrong: ``template:line: Class has no name`` of each name asked for in vain.
        seen: (class, attribute) of each that was found.
    """

    folder: Path
    wrong: list[str] = field(default_factory=list)
    seen: set[tuple[type, str]] = field(default_factory=set)
    _macros_read: set[tuple[Any, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        loader = FileSystemLoader(self.folder)
        self._environment = Environment(loader=loader, autoescape=True)

    def parse(self, name: str) -> nodes.Template:
        """The syntax of a template."""
        return self._environment.parse((self.folder / name).read_text(), name)

    def read(self, name: str, names: Names, macros: "Macros | None" = None) -> None:
        """Read a template that receives values of these types by these names.

        Args:
            name: of the template.
            names: each with its type.
            macros: that the template which includes it has imported.
        """
        tree = self.parse(name)
        found = dict(macros or {}) | _macros(name, tree) | self._imported(tree)
        for parent in tree.find_all(nodes.Extends):
            found |= self._imported(self.parse(_literal(parent.template)))
        _Walk(self, name, found).each(tree.body, dict(names))

    def _imported(self, tree: nodes.Template) -> "Macros":
        found: Macros = {}
        for node in tree.find_all(nodes.Import):
            name = _literal(node.template)
            inside = _macros(name, self.parse(name))
            # By their own names too, for they call each other.
            found |= inside | {f"{node.target}.{macro}": it for macro, it in inside.items()}
        return found


# Name, as it is called -> the template it stands in, and itself.
Macros = dict[str, tuple[str, nodes.Macro]]


def _macros(template: str, tree: nodes.Template) -> Macros:
    return {one.name: (template, one) for one in tree.find_all(nodes.Macro)}


def _literal(node: nodes.Expr) -> str:
    assert isinstance(node, nodes.Const), "templates name each other in so many words"
    return str(node.value)


@dataclass
class _Walk:
    reader: Reader
    template: str
    macros: Macros

    def each(self, found: Iterable[nodes.Node], names: Names) -> None:
        for node in found:
            self.statement(node, names)

    def statement(self, node: nodes.Node, names: Names) -> None:
        if isinstance(node, nodes.Macro):
            return  # read where it is called, with the types it is called with
        if isinstance(node, nodes.For):
            inner = dict(names)
            _bind(node.target, _item(self.type_of(node.iter, names)), inner)
            if node.test is not None:
                self.type_of(node.test, inner)
            self.each(node.body, inner)
            self.each(node.else_, names)
        elif isinstance(node, nodes.Assign):
            _bind(node.target, self.type_of(node.node, names), names)
        elif isinstance(node, nodes.Include):
            self.reader.read(_literal(node.template), names, self.macros)
        elif isinstance(node, nodes.Expr):
            self.type_of(node, names)
        elif isinstance(node, nodes.Block):
            self.each(node.body, dict(names))
        else:
            self.each(node.iter_child_nodes(), names)

    def type_of(self, node: nodes.Node, names: Names) -> Any:
        if isinstance(node, nodes.Name):
            return names.get(node.name, UNKNOWN)
        if isinstance(node, nodes.Getattr):
            return self.attribute(self.type_of(node.node, names), node.attr, node.lineno)
        if isinstance(node, nodes.Call):
            return self.call(node, names)
        inside = {id(child): self.type_of(child, names) for child in node.iter_child_nodes()}
        given = inside.get(id(getattr(node, "node", None)), UNKNOWN)
        if isinstance(node, nodes.Getitem):
            return given if isinstance(node.arg, nodes.Slice) else _value(given)
        if isinstance(node, nodes.Filter):
            kept = given if node.name in _KEEP else UNKNOWN
            return _items(given) if node.name == "dictsort" else kept
        return UNKNOWN

    def call(self, node: nodes.Call, names: Names) -> Any:
        given = [self.type_of(argument, names) for argument in node.args]
        named = {one.key: self.type_of(one.value, names) for one in node.kwargs}
        macro = self.macros.get(_dotted(node.node))
        if macro is not None:
            self.macro(*macro, given, named)
            return UNKNOWN
        if isinstance(node.node, nodes.Getattr) and node.node.attr == "items":
            return _items(self.type_of(node.node.node, names))
        return self.type_of(node.node, names)

    def macro(self, template: str, node: nodes.Macro, given: list[Any], named: Names) -> None:
        arguments = dict.fromkeys((one.name for one in node.args), UNKNOWN)
        arguments |= dict(zip(arguments, given, strict=False)) | named
        read = (template, node.name, *map(str, arguments.values()))
        if read not in self.reader._macros_read:
            self.reader._macros_read.add(read)
            _Walk(self.reader, template, self.macros).each(node.body, dict(arguments))

    def attribute(self, given: Any, name: str, line: int) -> Any:
        """The type of an attribute: of a method what it returns."""
        found = UNKNOWN
        for one in _alternatives(given):
            if not (isinstance(one, type) and is_dataclass(one)):
                continue
            if not hasattr(one, name) and name not in {part.name for part in fields(one)}:
                self.reader.wrong.append(f"{self.template}:{line}: {one.__name__} has no {name}")
                continue
            self.reader.seen.add((one, name))
            member = vars(one).get(name)
            if isinstance(member, property):
                found = get_type_hints(member.fget).get("return", UNKNOWN)
            elif isinstance(member, types.FunctionType):
                found = get_type_hints(member).get("return", UNKNOWN)
            else:
                found = get_type_hints(one).get(name, UNKNOWN)
        return found


def _dotted(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""


def _bind(target: nodes.Node, given: Any, names: Names) -> None:
    if isinstance(target, nodes.Name):
        names[target.name] = given
    elif isinstance(target, nodes.Tuple):
        parts = get_args(given) if get_origin(given) is tuple else ()
        for place, one in enumerate(target.items):
            _bind(one, parts[place] if len(parts) == len(target.items) else UNKNOWN, names)


def _alternatives(given: Any) -> Iterator[Any]:
    """The members of a union without None, or the type itself."""
    if get_origin(given) in {Union, types.UnionType}:
        for one in get_args(given):
            if one is not types.NoneType:
                yield from _alternatives(one)
    else:
        yield given


def _one(given: Any) -> Any:
    found = list(_alternatives(given))
    return found[0] if len(found) == 1 else UNKNOWN


def _item(given: Any) -> Any:
    """What a loop over it gives."""
    of = _one(given)
    if get_origin(of) in {tuple, list} and get_args(of)[1:] in {(), (...,)}:
        return get_args(of)[0]
    return UNKNOWN


def _value(given: Any) -> Any:
    """What an index into it gives."""
    of = _one(given)
    if get_origin(of) in {dict, Mapping}:
        return get_args(of)[1]
    return _item(of)


def _items(given: Any) -> Any:
    """Key and value of a mapping, as a loop gets them."""
    of = _one(given)
    if get_origin(of) in {dict, Mapping}:
        return list[tuple[get_args(of)]]  # type: ignore[misc]
    return UNKNOWN
