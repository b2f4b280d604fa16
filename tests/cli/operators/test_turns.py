"""A request that downloads metadata lets another one run."""

import threading
from collections.abc import Iterable
from typing import Any

from ssoko import fetch
from ssoko.cli.operators.turns import Turns


def test_a_download_gives_its_turn_to_another_request(monkeypatch: Any) -> None:
    monkeypatch.setattr(fetch, "_meanwhile", fetch._meanwhile)
    downloading, answered = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/download":
            with fetch._meanwhile():
                downloading.set()
                answered.wait(10)
        return [b""]

    turns = Turns(app, 1)
    first = threading.Thread(target=turns, args=({"PATH_INFO": "/download"}, None))
    first.start()
    assert downloading.wait(10)
    turns({"PATH_INFO": "/"}, None)
    answered.set()
    first.join(10)
    assert not first.is_alive()
