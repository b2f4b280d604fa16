"""Change stored applications to look as if another plugin version had created them."""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from typing import Any

from .server import Server

Row = dict[str, Any]
OLD_ROLE = "Lets people into the console"
_JSON = ("settings", "service_provider", "proposed", "mappers", "metadata_fields")


def rewrite(server: Server, application_id: str, change: Callable[[Row], None]) -> None:
    """Change the columns of an application directly in the database, without the server."""
    path = server.directory / "data" / "ssoko.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        database.row_factory = sqlite3.Row
        query = "SELECT * FROM application WHERE id = ?"
        before = dict(database.execute(query, (application_id,)).fetchone())
        row = before | {name: json.loads(before[name]) for name in _JSON}
        change(row)
        row |= {name: json.dumps(row[name]) for name in _JSON}
        # The caches of sign-in and of lists use this time as their key.
        row["updated_at"] += 1
        changed = {name: value for name, value in row.items() if value != before[name]}
        columns = ", ".join(f"{name} = ?" for name in changed)
        database.execute(
            f"UPDATE application SET {columns} WHERE id = ?",  # noqa: S608 - column names
            (*changed.values(), application_id),
        )


def older(row: Row) -> None:
    """Make every part of a record differ from what the plugin proposes now."""
    row["version"] = "0.0.9"
    provider = row["proposed"]["service_provider"]
    provider |= {"lifetime": 600, "require_signed_requests": False, "relay_state": "home"}
    provider |= {"name_id_source": "user.username"}
    row["service_provider"] = provider
    mappers = row["proposed"]["mappers"]
    mappers.append(
        {"name": "groups", "source": "user.groups", "name_format": "basic"}
        | {"friendly_name": "", "required": False, "label": ""}
    )
    row["mappers"] = [*mappers]
    role = row["proposed"]["default_role"]
    role["description"] = role["made"]["description"] = OLD_ROLE
    row["guide"] = row["guide"].replace("**Settings**", "**General settings**", 3)
    row["guide"] = row["guide"].replace("## Before you start", "## What you need", 1)
    row["metadata_fields"][0]["paste_into"] = "Sign-in address"


def without_settings(row: Row) -> None:
    """Remove the values of the plugin's form."""
    row["version"], row["settings"] = "0.0.9", {}


def without_plugin(row: Row) -> None:
    """Set an integration that no installed plugin provides."""
    row["integration"], row["distribution"], row["version"] = "notes", "ssoko-notes", "1.4"
