"""The benchmark of sign-ins over HTTP runs, and all responses are correct."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.release]

ROOT = Path(__file__).parents[2]


def test_benchmark_measures_ssoko_and_prints_its_tables() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--without-peers"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for row in ("hello world, gunicorn", "Ssoko, gunicorn", "billion laughs", "SAML: reading"):
        assert row in done.stdout
    assert "- LemonLDAP::NG: not measured: skipped on request" in done.stdout
