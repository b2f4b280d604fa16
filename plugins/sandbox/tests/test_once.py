import os

import pytest
from ssoko_sandbox import once
from ssoko_sandbox.once import Memory

NOW = 1_790_000_000


def test_a_request_is_answered_once(memory):
    memory.expect("_1", "a note", now=NOW)
    assert memory.note("_1", now=NOW + 60) == "a note"
    assert memory.answer("_1")
    assert not memory.answer("_1")
    assert memory.note("_1", now=NOW + 60) is None


def test_a_request_does_not_wait_for_ever(memory):
    memory.expect("_1", "a note", now=NOW)
    assert memory.note("_1", now=NOW + once.REQUEST_LIFETIME + 1) is None


def test_an_assertion_is_used_once(memory):
    assert memory.use("_1", now=NOW)
    assert not memory.use("_1", now=NOW)
    assert memory.use("_2", now=NOW)


def test_another_process_remembers_the_same(memory):
    memory.use("_1", now=NOW)
    other = Memory.for_site("http://localhost:8000/plugins/sandbox")
    assert other == memory
    assert not other.use("_1", now=NOW)


def test_what_is_old_is_forgotten_and_what_counts_is_kept(memory, monkeypatch):
    monkeypatch.setattr(once, "MAX_REQUESTS", 3)
    memory.use("_used", now=NOW)
    for number in range(5):
        memory.expect(f"_{number}", "", now=NOW + number)
    waiting = [n for n in range(5) if memory.note(f"_{n}", now=NOW + 5) is not None]
    assert waiting == [2, 3, 4]
    assert not memory.use("_used", now=NOW + 5)
    memory.expect("_late", "", now=NOW + once.ASSERTION_LIFETIME + 1)
    assert len(list(memory.folder.iterdir())) == 1


@pytest.mark.parametrize("made", ["open", "link"])
def test_a_folder_that_others_could_write_to_is_not_used(tmp_path, memory, made):
    memory.folder.rmdir()
    if made == "open":
        memory.folder.mkdir()
        os.chmod(memory.folder, 0o777)  # noqa: S103 - what the test is about
    else:
        (tmp_path / "elsewhere").mkdir()
        memory.folder.symlink_to(tmp_path / "elsewhere")
    again = Memory.for_site("http://localhost:8000/plugins/sandbox")
    assert again.folder != memory.folder
    assert again.folder.stat().st_mode & 0o077 == 0
