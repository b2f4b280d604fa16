"""The least that Flask can do, for comparison: ``python -m waitress tests.bench.hello:app``."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Answer with two words."""
    return "Hello, world"
