"""Where a distribution was installed from, as recorded by pip."""

import os
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from ssoko.plugin.host.origin import Origin, fingerprint, origin_of

from ..hostile import GOOD, distribution


def found(folder: Path, **more: object) -> PathDistribution:
    return PathDistribution(distribution(folder, "ssoko-good", GOOD, **more))


def test_distribution_without_a_direct_url_is_from_an_index(tmp_path: Path) -> None:
    assert origin_of(found(tmp_path)) == Origin("index")


@pytest.mark.parametrize(
    ("direct", "kind", "url"),
    [
        ({"url": "file:///srv/good.whl", "archive_info": {}}, "local", "file:///srv/good.whl"),
        (
            {"url": "https://me:pw@git.test/good?token=x", "vcs_info": {"vcs": "git"}},
            "local",
            "https://git.test/good",
        ),
        (
            {"url": "file:///home/ada/good", "dir_info": {"editable": True}},
            "editable",
            "file:///home/ada/good",
        ),
        ({"url": "file:///home/ada/good", "dir_info": {}}, "local", "file:///home/ada/good"),
        ({"url": "http://[broken", "dir_info": []}, "local", ""),
    ],
)
def test_direct_url_has_no_password(
    tmp_path: Path, direct: dict[str, object], kind: str, url: str
) -> None:
    assert origin_of(found(tmp_path, direct_url=direct)) == Origin(kind, url)


def test_changed_and_missing_files_are_named(tmp_path: Path) -> None:
    it = found(tmp_path, direct_url={"url": "file:///srv/good.whl"})
    code = tmp_path / "ssoko_good.py"
    code.write_text(code.read_text().replace("nothing else", "something "))
    (tmp_path / "ssoko_good-1.0.dist-info" / "direct_url.json").touch()
    (tmp_path / "ssoko_good-1.0.dist-info" / "METADATA").unlink()
    origin = origin_of(it)
    assert origin.kind == "modified"
    assert origin.changed == ("ssoko_good.py", "ssoko_good-1.0.dist-info/METADATA")


def test_change_of_the_same_size_is_detected(tmp_path: Path) -> None:
    it = found(tmp_path)
    code = tmp_path / "ssoko_good.py"
    before = fingerprint(it)
    assert fingerprint(it) == before
    code.write_text(code.read_text().replace("Good", "Evil"))
    os.utime(code, ns=(1, 1))
    assert fingerprint(it) != before
    assert origin_of(it).changed == ("ssoko_good.py",)


@pytest.mark.parametrize("record", ["", "\x00", '"unclosed', "a,b", "x.py,md5=1,2"])
def test_origin_is_unknown_without_a_list_of_files(tmp_path: Path, record: str) -> None:
    assert origin_of(found(tmp_path, record=record)).kind == "unknown"


def test_metadata_that_is_not_text_raises_no_error(tmp_path: Path) -> None:
    it = found(tmp_path)
    info = tmp_path / "ssoko_good-1.0.dist-info"
    (info / "RECORD").write_bytes(b"\xff\xfe")
    (info / "direct_url.json").write_bytes(b"\xff[")
    assert origin_of(it) == Origin("unknown")


def test_devices_and_pipes_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    it = found(tmp_path, record="/dev/zero,sha256=a,\npipe,sha256=a,\n../../x,sha256=a,1\n")
    assert origin_of(it).changed == ("/dev/zero", "pipe", "../../x")


def test_large_files_are_compared_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    it = found(tmp_path)
    monkeypatch.setattr("ssoko.plugin.host.origin.MAX_BYTES", 0)
    code = tmp_path / "ssoko_good.py"
    code.write_text(code.read_text().replace("Good", "Evil"))
    assert origin_of(it).kind == "index"
    code.write_text("longer or shorter")
    assert origin_of(it).changed == ("ssoko_good.py",)
