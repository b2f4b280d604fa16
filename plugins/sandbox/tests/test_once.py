import os

import pytest
from ssoko_sandbox import once
from ssoko_sandbox.once import Memory

NOW = 1_790_000_000


def test_request_accepts_one_response(memory):
    memory.expect("_1", "a note", now=NOW)
    assert memory.note("_1", now=NOW + 60) == "a note"
    assert memory.consume("_1")
    assert not memory.consume("_1")
    assert memory.note("_1", now=NOW + 60) is None


def test_request_expires(memory):
    memory.expect("_1", "a note", now=NOW)
    assert memory.note("_1", now=NOW + once.REQUEST_LIFETIME + 1) is None


def test_an_assertion_is_used_once(memory):
    assert memory.use("_1", now=NOW)
    assert not memory.use("_1", now=NOW)
    assert memory.use("_2", now=NOW)


def test_processes_share_the_memory(memory):
    memory.use("_1", now=NOW)
    other = Memory.for_site("http://localhost:8000/plugins/sandbox")
    assert other == memory
    assert not other.use("_1", now=NOW)


def test_old_entries_are_deleted_and_valid_ones_are_not(memory, monkeypatch):
    monkeypatch.setattr(once, "MAX_REQUESTS", 3)
    memory.use("_used", now=NOW)
    for number in range(5):
        memory.expect(f"_{number}", "", now=NOW + number)
    waiting = [n for n in range(5) if memory.note(f"_{n}", now=NOW + 5) is not None]
    assert waiting == [2, 3, 4]
    assert not memory.use("_used", now=NOW + 5)
    memory.expect("_late", "", now=NOW + once.ASSERTION_LIFETIME + 1)
    assert len(list(memory.folder.iterdir())) == 1


@pytest.mark.parametrize("application", ["open", "link"])
def test_folder_that_others_can_write_to_is_not_used(tmp_path, memory, application):
    memory.folder.rmdir()
    if application == "open":
        memory.folder.mkdir()
        os.chmod(memory.folder, 0o777)  # noqa: S103 - what the test is about
    else:
        (tmp_path / "elsewhere").mkdir()
        memory.folder.symlink_to(tmp_path / "elsewhere")
    again = Memory.for_site("http://localhost:8000/plugins/sandbox")
    assert again.folder != memory.folder
    assert again.folder.stat().st_mode & 0o077 == 0
