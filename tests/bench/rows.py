"""Create many rows in the database by copying the first row of each table."""

import sqlite3

import psycopg
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer, SigningKey
from ssoko.store.models.people import Group, Membership, User
from ssoko.store.models.table import Table

# 1000000000 + i has the same width for every i, in SQL that both databases support.
NUMBER = "CAST(1000000000 + i AS TEXT)"


def person(number: int) -> str:
    """Return the username of a copied user, counting from 1."""
    return f"person{1_000_000_000 + number}"


def copies(model: type[Table], like: str, count: int, **columns: str) -> str:
    """Return the SQL that copies a row, with these expressions for some of its columns."""
    meta = model._meta  # type: ignore[attr-defined]  # peewee's documented way to the table
    names = [field.column_name for field in meta.sorted_fields]
    values = ", ".join(columns.get(name, f"original.{name}") for name in names)
    return (
        f"INSERT INTO {meta.table_name} ({', '.join(names)}) "  # noqa: S608  names from the models
        f"WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers "
        f"WHERE i < {count}) SELECT {values} FROM numbers "
        f"CROSS JOIN (SELECT * FROM {meta.table_name} WHERE {like}) AS original"
    )


def crowd(person_id: str, application_id: str, *, people: int, applications: int) -> list[str]:
    """Return the SQL that adds users with the role, and applications with their own roles.

    There are as many groups as applications, and every user is a member of one group.
    """
    group = f"CAST(1000000000 + 1 + i % {applications} AS TEXT)"
    of_application = f"application_id = '{application_id}'"
    issuer = f"(SELECT issuer_id FROM application WHERE id = '{application_id}')"  # noqa: S608
    role = f"SELECT id FROM role WHERE {of_application}"  # noqa: S608  ids from the database
    name = {"name": f"'Copy ' || {NUMBER}", "name_key": f"'copy ' || {NUMBER}"}
    return [
        copies(
            User,
            f"id = '{person_id}'",
            people,
            id=f"'u' || {NUMBER}",
            username=f"'person' || {NUMBER}",
            username_key=f"'person' || {NUMBER}",
            email=f"'person' || {NUMBER} || '@bench.test'",
            email_key=f"'person' || {NUMBER} || '@bench.test'",
            search_key=f"'amina example person' || {NUMBER}",
        ),
        copies(
            Assignment,
            f"user_id = '{person_id}' AND role_id IN ({role})",
            people,
            id=f"'t' || {NUMBER}",
            user_id=f"'u' || {NUMBER}",
        ),
        copies(Issuer, f"id = {issuer}", applications, id=f"'i' || {NUMBER}"),
        copies(
            SigningKey,
            f"issuer_id = {issuer}",
            applications,
            id=f"'k' || {NUMBER}",
            issuer_id=f"'i' || {NUMBER}",
        ),
        copies(
            Application,
            f"id = '{application_id}'",
            applications,
            id=f"'a' || {NUMBER}",
            issuer_id=f"'i' || {NUMBER}",
            slug=f"'copy-' || {NUMBER}",
            sp_entity_id=f"'urn:example:copy:' || {NUMBER}",
            **name,
        ),
        copies(
            Role,
            of_application,
            applications,
            id=f"'r' || {NUMBER}",
            application_id=f"'a' || {NUMBER}",
            **name,
        ),
        copies(Group, "name_key = 'everyone'", applications, id=f"'g' || {NUMBER}", **name),
        copies(
            Membership,
            f"user_id = '{person_id}'",
            people,
            id=f"'m' || {NUMBER}",
            user_id=f"'u' || {NUMBER}",
            group_id=f"'g' || {group}",
        ),
    ]


def execute(database_url: str, statements: list[str]) -> None:
    """Run statements in one transaction."""
    if database_url.startswith("postgresql:"):
        with psycopg.connect(database_url) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    path = database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path, timeout=60) as database:
        # For this connection only; a crash would only spoil the measurement.
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -500000")
        for statement in statements:
            database.execute(statement)
    database.close()


def count_events(database_url: str) -> int:
    """Return the number of events."""
    query = "SELECT count(*) FROM event"
    if database_url.startswith("postgresql:"):
        with psycopg.connect(database_url) as connection:
            row = connection.execute(query).fetchone()
    else:
        database = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        row = database.execute(query).fetchone()
        database.close()
    assert row is not None
    return int(row[0])
