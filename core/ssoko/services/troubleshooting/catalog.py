"""The texts of this package: ``catalog.toml``, read once."""

import tomllib
from importlib.resources import files
from typing import Any

CATALOG: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(
    files(__package__).joinpath("catalog.toml").read_text("utf-8")
)
