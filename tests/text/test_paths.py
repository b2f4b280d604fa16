"""Paths of the server in texts for users."""

import pytest
from ssoko.text.paths import without_paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No such file: '/opt/ssoko/keys/a.pem'", "No such file: 'a.pem'"),
        ("in /usr/lib/python3/site-packages/zoom/__init__.py, line 3", "in __init__.py, line 3"),
        ("file:///home/you/ssoko-zoom", "ssoko-zoom"),
        (r"C:\Users\you\zoom\schema.py", "schema.py"),
        ("https://files.example.com/a/b.whl", "https://files.example.com/a/b.whl"),
        ("git+ssh://git@example.com/you/zoom.git", "git+ssh://git@example.com/you/zoom.git"),
        ("a/b and 1/2, and/or", "a/b and 1/2, and/or"),
        ("no module named cloud", "no module named cloud"),
    ],
)
def test_only_the_name_of_a_file_is_left(text, expected):
    assert without_paths(text) == expected
