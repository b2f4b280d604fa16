"""Rules of the code base that a test can check."""

import ast
from pathlib import Path

import ssoko.errors
from ssoko.errors import SsokoError
from ssoko.services.activity.log import ACTIONS

CORE = Path(__file__).parents[1] / "core" / "ssoko"


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn = {
        line.strip(" │├└─").split(" ")[0]: (len(line) - len(line.lstrip(" │├└─"))) // 4
        for line in (ssoko.errors.__doc__ or "").splitlines()
        if "─" in line or line.strip() == "SsokoError"
    }
    grown: dict[str, int] = {}

    def grow(error: type[SsokoError], depth: int) -> None:
        grown[error.__name__] = depth
        for child in error.__subclasses__():
            if child.__module__ == "ssoko.errors":
                grow(child, depth + 1)

    grow(SsokoError, 0)
    assert drawn.keys() == grown.keys()
    assert {name: depth for name, depth in drawn.items() if depth != grown[name] + 1} == {}


def recorded_actions(path: Path) -> set[str]:
    """Return the actions that a module records by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        if called in {"record", "_record"}:
            found |= {
                a.value
                for a in node.args
                if isinstance(a, ast.Constant) and isinstance(a.value, str) and a.value
            }
    return found


def test_every_action_that_is_recorded_has_a_label() -> None:
    recorded = set().union(*map(recorded_actions, (CORE / "services").rglob("*.py")))
    assert recorded > {"user.created", "role.assigned"}
    assert recorded - ACTIONS.keys() == set()
