"""Every wheel that is published, installed and verified in one new environment."""

import os
import re
import subprocess
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from ssoko.plugin.host.index import read_index
from ssoko.plugin.host.registry import Registry
from ssoko.plugin.tools.scaffold import write_plugin
from ssoko.services.marketplace import catalog

pytestmark = pytest.mark.release

ROOT = Path(__file__).parents[2]
TEMPLATE = "acme"
#: What conformance needs besides the plugin; the second brings the browser's part.
JUDGES = ("pytest", "axe-playwright-python")
OURS = sorted(
    path.parent for path in (ROOT / "plugins").glob("*/setup.cfg") if path.parent.name[0] != "_"
)
SLUGS = [*(path.name.replace("_", "-") for path in OURS), TEMPLATE]


@dataclass(frozen=True, slots=True)
class Fresh:
    """An environment in which Ssoko and all plugins were installed from their wheels."""

    folder: Path
    wheels: dict[str, Path]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python there, with nothing of this checkout on its path."""
        # What the caller's shell adds to the path would stand in for what a wheel forgot.
        ours = ("PYTHON", "PYTEST", "SSOKO_")
        environ = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            [self.folder / "venv" / "bin" / "python", *words],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new plugin, as `ssoko plugin new acme` makes it, with all of it written."""
    project = write_plugin(tmp_path_factory.mktemp("author"), TEMPLATE)
    for path in filter(Path.is_file, project.rglob("*")):
        text = re.sub(r"REPLACE[^\"|\n]*", "Something to read in its place ", path.read_text())
        path.write_text(text)
    return project


@pytest.fixture(scope="module")
def fresh(
    template: Path,
    build_wheel: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Fresh:
    folder = tmp_path_factory.mktemp("fresh")
    with ThreadPoolExecutor(2) as pool:
        core, *built = pool.map(build_wheel, [ROOT, *OURS, template])
    made = Fresh(folder, dict(zip(SLUGS, built, strict=True)))
    venv.create(folder / "venv", with_pip=True)
    pip = made.run("-m", "pip", "install", "--quiet", str(core), *map(str, built), *JUDGES)
    assert pip.returncode == 0, pip.stderr
    return made


def test_all_plugins_are_installed_from_wheels_and_loaded(fresh: Fresh):
    where = fresh.run("-c", "import ssoko, ssoko_zoom; print(ssoko.__file__, ssoko_zoom.__file__)")
    assert where.stdout.count(str(fresh.folder)) == 2, where.stdout + where.stderr
    assert not list(fresh.folder.glob("venv/lib/*/site-packages/__editable__*"))


@pytest.fixture(scope="module")
def judged(fresh: Fresh) -> dict[tuple[str, str], subprocess.CompletedProcess[str]]:
    """Check every wheel and run its conformance, two at a time; return what each process said."""
    asked: dict[tuple[str, str], tuple[str, ...]] = {}
    for slug, wheel in fresh.wheels.items():
        asked["check", slug] = ("-m", "ssoko", "plugin", "check", str(wheel))
        asked["check", slug] += ("--at-least", "silver")
        asked["conformance", slug] = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs")
        asked["conformance", slug] += ("ssoko.plugin.conformance", "--ssoko-plugin", slug)
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda words: fresh.run(*words), asked.values())
        return dict(zip(asked, said, strict=True))


@pytest.mark.parametrize("slug", SLUGS)
def test_wheel_is_at_least_silver(judged, slug: str):
    done = judged["check", slug]
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("slug", SLUGS)
def test_wheel_conforms(judged, slug: str):
    done = judged["conformance", slug]
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^26 passed in", done.stdout, re.MULTILINE), done.stdout


def test_index_of_the_wheels_is_listed_in_the_marketplace(fresh: Fresh):
    wheels = map(str, fresh.wheels.values())
    done = fresh.run("-m", "ssoko", "index", "build", *wheels)
    assert done.returncode == 0, done.stdout + done.stderr
    index = read_index((fresh.folder / "index.json").read_bytes())
    assert sorted(index) == sorted(SLUGS)
    assert {entry.tier for entry in index.values()} <= {"silver", "gold"}
    cards = catalog.search(Registry(), index=index)
    assert {card.slug for card in cards} == set(SLUGS)
    assert not any(card.on_server for card in cards)
    (aws,) = (s for s in catalog.group_by_vendor(cards) if len(s.cards) > 1)
    assert (aws.vendor, [card.name for card in aws.cards]) == (
        "AWS",
        ["AWS", "AWS account federation"],
    )
