"""The least that Flask can do on the same server, for comparison."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Answer with two words."""
    return "Hello, world"
