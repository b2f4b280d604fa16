"""The benchmark runs. No test checks speed."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_one_round_of_signing_gives_ratios_of_every_candidate() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.signing", "1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(.+?) +\d+ us +([\d.]+) of the limit", done.stdout, re.MULTILINE)
    shares = {name: float(share) for name, share in rows}
    assert shares.pop("RSA-2048 signature alone") == 1
    assert {"response, assertion signed", "python3-saml, add_sign", "signxml"} <= shares.keys()
    assert all(share > 0 for share in shares.values())
