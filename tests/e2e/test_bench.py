"""The bench of sign-ins over HTTP runs, and finds every answer right."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def test_the_bench_prints_its_table() -> None:
    short = ("--rounds", "2", "--requests", "8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.over_http", *short],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for row in ("RSA-2048 signature", "hello world", "sign-in"):
        assert f"| {row} |" in done.stdout
    assert "2 rounds of 8, all answers as expected" in done.stdout
