"""A minimal Flask application on the same server, for comparison."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Return two words."""
    return "Hello, world"
