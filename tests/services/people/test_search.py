"""Search users: pages are exact, and both query plans give the same result."""

from collections.abc import Callable
from typing import Any

import pytest
from peewee import chunked
from ssoko.errors import InputError
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people import groups, search
from ssoko.services.people.users import UserView, create_user, list_users
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.people import User, UserWord
from ssoko.store.models.table import database

NAMES = (
    ("Amina", "Otieno"),
    ("Joseph", "Mwangi"),
    ("Neema", "Kileo"),
    ("Lars", "Holm-Otieno"),
    ("Zoë", "O'Brien"),
    ("amos", "Kamau"),
    ("Édith", "Piaf"),
    ("Ænne", "Burda"),
)


@pytest.fixture
def crowd(services: Services, workspace: WorkspaceView) -> dict[str, UserView]:
    made = {}
    for first, last in NAMES:
        name = f"{first}.{last}".lower().replace("'", "")
        made[first] = create_user(
            Scope(services, workspace.id, SYSTEM),
            username=name,
            email=f"{name}@acme.test" if name.isascii() else "",
            first_name=first,
            last_name=last,
            admin=first == "Joseph",
            active=first != "Neema",
        )
    return made


def found(workspace: WorkspaceView, **filters: object) -> list[str]:
    return [user.first_name for user in list_users(workspace.id, **filters).items]


@pytest.fixture(params=["few", "many"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find by the index of words, then by walking the order, whatever the number of hits."""
    if request.param == "many":
        monkeypatch.setattr(search, "FEW", -1)


@pytest.mark.usefixtures("way", "crowd")
@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("", ["Ænne", "Amina", "amos", "Édith", "Joseph", "Lars", "Neema", "Zoë"]),
        ("am", ["Amina", "amos"]),
        ("AMINA", ["Amina"]),
        ("otieno", ["Amina", "Lars"]),
        ("otieno lars", ["Lars"]),
        ("zoe", ["Zoë"]),
        ("edith", ["Édith"]),
        ("o'b", ["Zoë"]),
        ("brien", ["Zoë"]),
        ("joseph.mw", ["Joseph"]),
        ("mwangi@acme", ["Joseph"]),
        ("acme.test", ["Amina", "amos", "Joseph", "Lars", "Neema"]),
        ("mina", []),
        ("%", []),
        ("_", []),
        ("a%", []),
        ("\\", []),
        ("amina'; DROP TABLE user_account; --", []),
        ("\x00", ["Ænne", "Amina", "amos", "Édith", "Joseph", "Lars", "Neema", "Zoë"]),
        ("\ud800amina", ["Amina"]),
    ],
)
def test_search_finds_starts_of_words(workspace: WorkspaceView, q: str, names: list[str]) -> None:
    assert sorted(found(workspace, q=q)) == sorted(names)


@pytest.mark.usefixtures("way", "crowd")
def test_filters_and_search_go_together(workspace: WorkspaceView) -> None:
    assert found(workspace, admin=True) == ["Joseph"]
    assert found(workspace, active=False) == ["Neema"]
    assert found(workspace, admin=True, q="amina") == []
    assert len(found(workspace, admin=False, active=True)) == 6


@pytest.mark.usefixtures("way", "crowd")
@pytest.mark.parametrize("q", ["", "acme"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8])
def test_pages_hold_everybody_once_in_order(workspace: WorkspaceView, q: str, limit: int) -> None:
    whole = found(workspace, q=q, limit=200)
    paged: list[str] = []
    cursor = None
    while True:
        page = list_users(workspace.id, q=q, limit=limit, cursor=cursor)
        paged += [user.first_name for user in page.items]
        cursor = page.next
        if cursor is None:
            break
        assert len(page.items) == limit
    assert paged == whole
    assert len(whole) == (8 if not q else 5)


@pytest.mark.usefixtures("crowd")
def test_somebody_who_comes_or_goes_between_pages_repeats_nobody(
    services: Services, workspace: WorkspaceView
) -> None:
    first = list_users(workspace.id, limit=3)
    create_user(Scope(services, workspace.id, SYSTEM), username="aaron", first_name="Aaron")
    rest = list_users(workspace.id, limit=200, cursor=first.next)
    names = [user.first_name for user in (*first.items, *rest.items)]
    assert len(names) == len(set(names)) == 8


@pytest.mark.usefixtures("crowd")
def test_invalid_cursor_is_refused(workspace: WorkspaceView) -> None:
    for cursor in ("x", "\x00", "é", "bnVsbA"):
        with pytest.raises(InputError):
            list_users(workspace.id, cursor=cursor)


@pytest.mark.usefixtures("way")
def test_members_of_a_group_are_searched_in_the_group(
    services: Services, workspace: WorkspaceView, crowd: dict[str, UserView]
) -> None:
    group = groups.create_group(Scope(services, workspace.id, SYSTEM), name="Engineering")
    for name in ("Amina", "Lars", "Zoë"):
        groups.add_member(Scope(services, workspace.id, SYSTEM), group.id, crowd[name].id)
    names = [u.first_name for u in groups.list_members(workspace.id, group.id, q="otieno").items]
    assert names == ["Amina", "Lars"]
    page = groups.list_members(workspace.id, group.id, limit=2)
    rest = groups.list_members(workspace.id, group.id, limit=2, cursor=page.next)
    assert [u.first_name for u in (*page.items, *rest.items)] == ["Amina", "Lars", "Zoë"]
    assert rest.next is None


@pytest.mark.usefixtures("way", "crowd")
def test_another_workspace_has_other_people(services: Services, workspace: WorkspaceView) -> None:
    other = create_workspace(services, SYSTEM, slug="other", name="Other")
    create_user(
        Scope(services, other.id, SYSTEM), username="amina", first_name="Amina", last_name="X"
    )
    assert [user.last_name for user in list_users(workspace.id, q="amina").items] == ["Otieno"]
    assert [user.last_name for user in list_users(other.id, q="amina").items] == ["X"]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"q": "person"},
        {"q": "acme"},
        {"q": "person3777"},
        {"q": "nobody"},
        {"q": "person37 acme"},
        {"admin": True},
        {"active": False},
        {"admin": True, "q": "person4"},
    ],
    ids=str,
)
def test_list_does_not_read_all_users(
    sqlite: str,
    open_services: Callable[[str], Services],
    monkeypatch: pytest.MonkeyPatch,
    filters: dict[str, Any],
) -> None:
    services = open_services(sqlite)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    monkeypatch.setattr(search, "FEW", 200)
    fill(workspace, 4000)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 100

    # SQLite calls this after every 100 instructions of its virtual machine.
    database.connection().set_progress_handler(count, 100)
    list_users(workspace.id, **filters)
    listed = steps
    assert not User.select().where(User.last_name == "nobody").exists()
    # What reading everybody takes, by the same measure.
    assert listed < steps - listed


def fill(workspace: WorkspaceView, count: int) -> None:
    rows, words = [], []
    for n in range(count):
        name = f"person{n}"
        found = search.words_of(name, f"{name}@acme.test", "", "")
        rows.append(
            {
                "id": f"id{n:020d}",
                "workspace": workspace.id,
                "username": name,
                "username_key": name,
                "email": f"{name}@acme.test",
                "email_key": f"{name}@acme.test",
                "search_key": search.search_key(names=(name,), words=found),
                "attributes": {},
                "created_at": 1,
                "updated_at": 1,
            }
        )
        words += [(workspace.id, word, f"id{n:020d}") for word in found]
    for some in chunked(rows, 500):
        User.insert_many(some).execute()
    for pairs in chunked(words, 1000):
        UserWord.insert_many(pairs).execute()
