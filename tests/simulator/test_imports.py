"""The layers of the package `simulator`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import simulator

# From the bottom to the top: each imports only from the layers below and from itself.
LAYERS = [
    {"errors", "randomness"},
    {"data"},
    {"faults", "world"},
    {"api"},
    {"control"},
    {"simulator"},
    {"__init__", "__main__", "demo"},
]
ROOT = Path(simulator.__file__).parent


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the package and the first module below it for every import of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            yield package, rest.partition(".")[0]


def test_imports_go_down_the_layers() -> None:
    floor = {name: number for number, names in enumerate(LAYERS) for name in names}
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        own = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for package, module in imports_of(path):
            if package in ("extract", "tests", "bench"):
                wrong.append(f"{path.relative_to(ROOT)} imports {package}")
            elif package == "simulator" and module != own:
                # A name of the package itself, as in `from simulator import World`, is on top.
                imported_floor = floor.get(module, len(LAYERS))
                if imported_floor >= floor[own]:
                    wrong.append(f"{path.relative_to(ROOT)} imports simulator.{module}")
    assert wrong == []
