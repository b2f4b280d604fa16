"""Installed distributions for tests: valid plugins and hostile ones."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

#: What a page must show as text wherever a plugin may put a text.
MARKUP = '"><img src=x onerror=alert(1)><script>alert(1)</script>'

GOOD = """
from marshmallow import Schema, fields
from ssoko.plugin import (
    DefaultRole, Integration, Mapping, MetadataField, Problem, ServiceProvider, hookimpl
)
from ssoko.plugin.acceptance import AcceptanceRule

class Form(Schema):
    acs_url = fields.String(required=True, metadata={"label": "ACS URL", "help": "Where to"})

@hookimpl
def integration():
    return Integration(name="Good", summary="Does what it says and nothing else")

@hookimpl
def install_form():
    return Form

@hookimpl
def metadata_fields():
    return (MetadataField(key="entity_id", label="Entity ID"),)

@hookimpl
def default_role():
    return DefaultRole(name="sso-good-{name}-role")

@hookimpl
def installation_guide():
    return "## Test"

@hookimpl
def service_provider(settings):
    return ServiceProvider(entity_id=settings["acs_url"], acs_urls=(settings["acs_url"],))
"""

WRONG_TYPE = (
    GOOD
    + """
@hookimpl
def integration():
    return {"name": "<b>no integration</b>"}
"""
)

NEWER = (
    GOOD
    + """
@hookimpl
def integration():
    return Integration(name="Tomorrow", summary="Needs what is not there yet", api="9.0")

@hookimpl
def read_minds(person):
    return ()
"""
)

LOGO_PATH = (
    GOOD
    + """
@hookimpl
def integration():
    return Integration(name="Thief", summary="Wants a file of the server", logo="../../etc/passwd")
"""
)

#: Its guide names a file, its pages send people elsewhere and set our cookie.
PATHS = (
    GOOD
    + """
@hookimpl
def integration():
    return Integration(name="Climber", summary="Climbs out of where it was put")

@hookimpl
def installation_guide():
    return "../../../../etc/passwd\\n\\n[up](../../../../etc/passwd)"

@hookimpl
def web_application(context):
    def climb(environ, start_response):
        headers = [("Content-Type", "text/plain"), ("Set-Cookie", "ssoko=taken; Path=/")]
        start_response("200 OK", headers)
        seen = environ["SCRIPT_NAME"], environ["PATH_INFO"], environ.get("HTTP_COOKIE", "")
        return ["|".join(seen).encode()]
    return climb
"""
)

SLOW = (
    GOOD
    + """
import time
time.sleep(0.1)

class Form(Form):
    def __init__(self, *args, **kwargs):
        time.sleep(0.01)
        super().__init__(*args, **kwargs)

@hookimpl
def integration():
    return Integration(name="Snail", summary="Takes its time with everything", tested_with="9.9")

@hookimpl
def install_form():
    return Form

@hookimpl
def check_settings(settings):
    time.sleep(0.1)
    return ()
"""
)

#: MARKUP wherever a text may stand.
TEXTS = (
    GOOD
    + """
M = MARKUP
NAME = "Evil" + M[:56]

class Form(Schema):
    acs_url = fields.String(
        required=True,
        metadata={"label": M, "help": M, "placeholder": M, "where_to_find": M},
    )
    plan = fields.String(
        load_default=M, metadata={"label": M, "help": M, "choices": {M: M, "b": M}}
    )
    token = fields.String(
        load_default="", load_only=True, metadata={"label": M, "help": M, "secret": True}
    )

@hookimpl
def integration():
    return Integration(
        name=NAME, summary=M, description=M + "\\n\\n[x](javascript:alert(1)) ![x](x:y) <b>b</b>",
        vendor=M[:60], category=M, publisher=M[:60], monogram="<b>", aliases=(M,),
        requirements=(M,), metadata_file=M, tested_with=M, certificate_import=M,
        certificate_removal=M, certificates_accepted="one",
    )

@hookimpl
def install_form():
    return Form

@hookimpl
def metadata_fields():
    return tuple(
        MetadataField(key=key, label=M, paste_into=M, help=M)
        for key in ("entity_id", "login_endpoint", "certificate", "metadata_url")
    )

@hookimpl
def default_role():
    return DefaultRole(name=M + "-{name}", description=M + " {name}")

@hookimpl
def installation_guide():
    return "\\n\\n".join(
        ("# " + M, "## " + M, M, "[x](javascript:alert(1)) {{ settings.acs_url }}")
    )

@hookimpl
def attribute_mappings(settings):
    return (Mapping(name="mail", source="user.email", label=M, friendly_name=M),
            Mapping(name=M, source="constant:" + M, label=M))

@hookimpl
def check_settings(settings):
    if settings["acs_url"] == "refuse":
        return (Problem("acs_url", M), Problem("", M))
    return (Problem("acs_url", M, "warning"),)

@hookimpl
def acceptance_rules():
    return (AcceptanceRule(id="markup", sentence=M, check=lambda candidate: M, fix=M),)
""".replace("M = MARKUP", f"M = {MARKUP!r}")
)


def distribution(
    folder: Path,
    name: str,
    code: str,
    *,
    slugs: tuple[str, ...] = (),
    version: str = "1.0",
    record: str | None = None,
    points: str | None = None,
    direct_url: Mapping[str, object] | None = None,
) -> Path:
    """Install a distribution with one module into a folder, and return its ``.dist-info``.

    :param slugs: the integrations that it claims; by default its name without ``ssoko-``.
    :param record: RECORD as it shall stand there; by default a true one.
    :param points: entry_points.txt likewise.
    """
    module = name.replace("-", "_")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(code)
    claimed = "".join(f"{s} = {module}\n" for s in slugs or (name.removeprefix("ssoko-"),))
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        f"Author: {MARKUP if 'texts' in name else 'Somebody'}\n",
        "entry_points.txt": points or f"[ssoko.integrations]\n{claimed}",
    }
    if direct_url is not None:
        files["direct_url.json"] = json.dumps(direct_url)
    for file, text in files.items():
        (info / file).write_text(text)
    (info / "RECORD").write_text(_record(folder, module, info) if record is None else record)
    return info


def _record(folder: Path, module: str, info: Path) -> str:
    lines = []
    for path in (folder / f"{module}.py", *sorted(info.iterdir())):
        content = path.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path.relative_to(folder).as_posix()},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{info.name}/RECORD,,", f"__pycache__/{module}.pyc,,"]) + "\n"


def hostile_set(folder: Path) -> None:
    """Install every kind of plugin that means no good, and ``good``, which does what it says."""
    raises = "raise ImportError('no module named luck\\n\\x1b[2Jloaded    aws')"
    distribution(folder, "ssoko-good", GOOD)
    distribution(folder, "ssoko-imports", raises)
    distribution(folder, "ssoko-exits", "import sys; sys.exit(3)")
    distribution(folder, "ssoko-wrong-type", WRONG_TYPE)
    distribution(folder, "ssoko-newer", NEWER)
    distribution(folder, "ssoko-logo-path", LOGO_PATH)
    distribution(folder, "ssoko-paths", PATHS)
    distribution(folder, "ssoko-escape", GOOD, slugs=("../escape", "x; rm -rf ~"))
    distribution(folder, "ssoko-slow", SLOW)
    distribution(folder, "ssoko-texts", TEXTS, direct_url={"url": f"https://me:pw@x.test/{MARKUP}"})
    distribution(folder, "ssoko-one", GOOD, slugs=("twice",))
    distribution(folder, "ssoko-two", GOOD, slugs=("twice",))
    distribution(folder, "evil-aws", GOOD, slugs=("aws",))
    distribution(folder, "ssoko-endless", GOOD, record="/dev/zero,sha256=abc,1\nssoko_endless.py")
    garbled = "[ssoko.integrations]\nno equals sign\n"
    distribution(folder, "ssoko-garbled", GOOD, points=garbled)
