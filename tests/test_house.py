"""The laws of the house, read off its imports and the charters of its packages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "inr_jax"
ROOMS = ("brain", "samples", "fields", "stats", "fitting", "maps", "report", "run")
GROUND = {"errors", "files", "progress"}  # files is a package
FACES = {"__init__", "cli"}
SLOW = {"scipy", "pandas", "sklearn", "matplotlib", "nibabel", "nilearn", "abagen"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
        path
    )
    for path in sorted(ROOT.rglob("*.py"))
}


def imports(path: Path) -> set[str]:
    """Modules of ours that a file imports, anywhere in it, without "inr_jax."."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = inner.removeprefix("inr_jax.") in MODULES
                modules.add(inner if is_module else node.module)
    ours = {name for name in modules if name.split(".")[0] == "inr_jax"}
    return {name.removeprefix("inr_jax").lstrip(".") or "__init__" for name in ours}


def others(path: Path) -> set[str]:
    """Packages of others that a file imports, anywhere in it."""
    return set().union(*map(tops_of, ast.walk(ast.parse(path.read_text()))))


def tops_of(node: ast.AST) -> set[str]:
    """The packages that a statement imports from."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    is_absolute = isinstance(node, ast.ImportFrom) and node.module
    return {node.module.split(".")[0]} if is_absolute else set()


def room_of(module: str) -> str:
    return module.split(".")[0]


def charter(room: str) -> set[str]:
    """What a package may import, as its docstring says."""
    text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
    (names,) = re.findall(r"May import: ([\w, ]+)\.", text)
    return set() if names == "nothing" else set(names.split(", "))


def test_the_house_has_eight_rooms_and_few_modules_at_the_root():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == {*ROOMS, "files"}
    root = {name for name in MODULES if "." not in name} - set(ROOMS)
    assert root == GROUND | FACES


def test_the_ground_imports_no_room():
    for module, path in MODULES.items():
        if room_of(module) in GROUND:
            assert {room_of(name) for name in imports(path)} <= GROUND, module


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_its_charter_names_alone(room):
    lower = set(ROOMS[: ROOMS.index(room)])
    assert charter(room) <= lower
    allowed = charter(room) | GROUND | {room, "__init__"}
    for module, path in MODULES.items():
        if room_of(module) == room:
            strange = {room_of(name) for name in imports(path)} - allowed
            assert not strange, f"{module} imports {strange}"


def test_siblings_never_meet():
    for one, another in (
        ("fields", "stats"),
        ("fitting", "maps"),
        ("fitting", "report"),
        ("maps", "report"),
    ):
        assert one not in charter(another) and another not in charter(one)


@pytest.mark.parametrize("room", (*ROOMS, "files"))
def test_no_circle_inside_a_room(room):
    graph = {
        module: {name for name in imports(path) if room_of(name) == room} - {module}
        for module, path in MODULES.items()
        if room_of(module) == room
    }
    while graph:
        leaves = {module for module, needs in graph.items() if not needs & set(graph)}
        assert leaves, f"a circle among {sorted(graph)}"
        graph = {m: needs for m, needs in graph.items() if m not in leaves}


def test_settings_are_read_in_run_alone():
    for module, path in MODULES.items():
        if room_of(module) != "run":
            assert "ml_collections" not in others(path), module


def test_statistics_know_no_network():
    for module, path in MODULES.items():
        if room_of(module) == "stats":
            assert not {"jax", "flax", "optax"} & others(path), module


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_functions_keep_their_size(module):
    text = MODULES[module].read_text()
    assert len(text.splitlines()) <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            code = node.end_lineno - node.body[0].lineno + 1
            docstring = ast.get_docstring(node, clean=False)
            code -= len(docstring.splitlines()) if docstring else 0
            assert code <= 40, f"{node.name}: {code} lines"
            names = [a.arg for a in node.args.posonlyargs + node.args.args]
            positional = [name for name in names if name not in ("self", "cls")]
            assert len(positional) <= 5, f"{node.name}: {positional}"


def test_test_modules_keep_their_size():
    for path in Path(__file__).parent.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 300, path.name


def test_no_two_public_classes_share_a_name():
    homes: dict[str, str] = {}
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                other = homes.setdefault(node.name, module)
                assert other == module, f"{node.name} in {other} and {module}"


def test_few_functions_take_settings_and_workdir():
    both = [
        f"{module}.{node.name}"
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and {"config", "workdir"} <= {a.arg for a in node.args.args}
    ]
    assert len(both) <= 3, both


@pytest.mark.parametrize("module", MODULES)
def test_what_loads_slowly_is_imported_inside_functions(module):
    # nibabel: where images are read and written, in modules that stages import.
    reads_images = room_of(module) in ("brain", "maps", "run")
    slow = SLOW - {"nibabel"} if reads_images else SLOW
    for node in ast.parse(MODULES[module].read_text()).body:
        assert not slow & tops_of(node), f"line {node.lineno}"


def test_importing_starts_no_backend_and_loads_nothing_heavy():
    code = (
        "import sys, inr_jax, inr_jax.cli, inr_jax.fitting.fit, inr_jax.fields.model\n"
        "from jax._src import xla_bridge\n"
        "assert not xla_bridge._backends, 'a JAX backend was started'\n"
        "heavy = {'nilearn', 'sklearn', 'pandas', 'matplotlib', 'abagen', 'nibabel'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_command_line_answers_without_jax():
    code = "import sys, inr_jax.cli; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
