"""Which package may import which: floors, no circles, and no test imported by anything."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# The parts of `extract`, from the ground floor up. A part imports only from the floors below it.
FLOORS = [
    # Single modules, which may import one another.
    {"errors", "interrupts", "progress", "stop_reason", "text"},
    {"payload"},
    {"quota", "config"},
    {"api", "warehouse"},
    {"source", "planning", "transform", "lake"},
    {"runs", "report", "diagnostics"},
    {"cli"},
    {"__main__"},
]
GROUND_FLOOR = FLOORS[0]


@dataclass(frozen=True)
class Import:
    """An import statement.

    Attributes:
        importer: the module that has it.
        imported: the module that it names.
        place: file and line.
    """

    importer: str
    imported: str
    place: str


def imports(root: Path, package: str) -> list[Import]:
    """The imports of all modules of a package, also those inside functions.

    Args:
        root: the folder that has the package.
        package: its name.
    """
    files = {_module_name(root, path): path for path in sorted((root / package).rglob("*.py"))}
    return [
        Import(name, imported, f"{path.relative_to(root)}:{line}")
        for name, path in files.items()
        for imported, line in _imported(name, path, files)
    ]


def _module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, files: dict[str, Path]) -> Iterator[tuple[str, int]]:
    is_package = path.name == "__init__.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".")[: None if is_package else -1]
            above = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                # A name of a package may be one of its modules.
                inner = f"{module}.{alias.name}"
                yield (inner if inner in files else module), node.lineno


def floor_of(part: str) -> int:
    """The floor of a part of `extract`."""
    found = [number for number, parts in enumerate(FLOORS) if part in parts]
    assert found, f"extract/{part} is on no floor: add it to FLOORS"
    return found[0]


def against_the_floors(root: Path) -> list[str]:
    """The imports of `extract` that do not go downwards, as lines that name them."""
    found = []
    for each in imports(root, "extract"):
        if not each.imported.startswith("extract.") or each.importer == "extract":
            continue
        importer, imported = each.importer.split(".")[1], each.imported.split(".")[1]
        is_inside = importer == imported or {importer, imported} <= GROUND_FLOOR
        if not is_inside and floor_of(imported) >= floor_of(importer):
            found.append(f"{each.place}: {importer} imports {each.imported}")
    return found


def circle(root: Path, package: str) -> list[str]:
    """The modules of an import circle, if there is one."""
    graph: dict[str, set[str]] = {}
    for each in imports(root, package):
        # A package may import its own modules, whose names contain its own.
        if each.imported.split(".")[0] == package and each.imported != each.importer:
            graph.setdefault(each.importer, set()).add(each.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_a_package_imports_only_from_the_floors_below_it() -> None:
    assert against_the_floors(Path()) == []


@pytest.mark.parametrize("package", ["extract", "simulator", "tests"])
def test_a_package_has_no_import_circle(package: str) -> None:
    assert circle(Path(), package) == []


def test_no_module_imports_a_test_module() -> None:
    tests = imports(Path(), "tests")
    assert len({each.importer for each in tests}) > 40
    assert [
        each.place
        for each in tests
        if any(part == "conftest" or part.startswith("test_") for part in each.imported.split("."))
    ] == []


@pytest.mark.parametrize(
    ("package", "others"), [("bench", {"tests"}), ("extract", {"simulator", "tests", "bench"})]
)
def test_a_package_imports_nothing_of_others(package: str, others: set[str]) -> None:
    found = imports(Path(), package)
    assert found
    assert [
        each.place
        for each in found
        # A command of the command line starts the simulator.
        if each.imported.split(".")[0] in others and not each.importer.startswith("extract.cli.")
    ] == []


def make_tree(folder: Path, files: dict[str, str]) -> None:
    """Makes up an `extract` of these files."""
    for name, text in files.items():
        path = folder / "extract" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_an_import_upwards_or_sideways_is_named(tmp_path: Path) -> None:
    files = {
        "errors.py": "from extract.text import one_line\n",
        "text.py": "import re\n",
        "api/client.py": "import json\n\nfrom extract.warehouse.loader import Loader\n",
        "api/responses.py": "from .client import Client\nfrom extract.errors import ApiError\n",
        "warehouse/loader.py": "def load():\n    from extract import runs\n",
        "runs/__init__.py": "",
        "runs/run.py": "from extract.api import client, responses\n",
    }
    make_tree(tmp_path, files)
    assert against_the_floors(tmp_path) == [
        "extract/api/client.py:3: api imports extract.warehouse.loader",
        "extract/warehouse/loader.py:2: warehouse imports extract.runs",
    ]


def test_a_package_on_no_floor_is_named(tmp_path: Path) -> None:
    make_tree(tmp_path, {"attic/box.py": "from extract.errors import ApiError\n"})
    with pytest.raises(AssertionError, match="extract/attic is on no floor"):
        against_the_floors(tmp_path)


def test_a_circle_is_found_in_functions_and_relative_imports_too(tmp_path: Path) -> None:
    files = {
        "api/client.py": "from . import responses\n",
        "api/responses.py": "from extract.api.reply import RawResponse\n",
        "api/reply.py": "def read():\n    import extract.api.client\n",
    }
    make_tree(tmp_path, files)
    names = ("client", "responses", "reply")
    assert set(circle(tmp_path, "extract")) == {f"extract.api.{name}" for name in names}
    make_tree(tmp_path, {"api/reply.py": ""})
    assert circle(tmp_path, "extract") == []
