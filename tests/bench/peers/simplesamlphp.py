"""SimpleSAMLphp as Debian packages it, behind php-fpm and nginx, near its defaults.

Sessions in PHP's files, log at the level notice in a file, opcache as packaged. It signs only
the assertion. Its users come from the example module of SimpleSAMLphp.
"""

import getpass
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import install as needs
from tests.bench.client import Target, open_session
from tests.bench.keys import KeyFiles
from tests.bench.messages import ACS_URL, ATTRIBUTES, ENTITY_ID
from tests.bench.peers.nginx import nginx
from tests.bench.process import free_port, start, stop, wait_for, wait_for_socket

NAME = "SimpleSAMLphp"
PACKAGES = ("php-fpm", "php-xml", "php-mbstring", "nginx-light", "simplesamlphp")
ROOT = Path("/usr/share/simplesamlphp/www")
CHILDREN = 4
CONFIG = """<?php
$config = [
    'baseurlpath' => '{base}/',
    'certdir' => '{directory}/',
    'loggingdir' => '{directory}/',
    'datadir' => '{directory}/',
    'tempdir' => '{directory}/tmp',
    'metadatadir' => '{directory}/metadata/',
    'secretsalt' => '{salt}',
    'auth.adminpassword' => '{salt}',
    'technicalcontact_email' => 'nobody@example.com',
    'timezone' => 'UTC',
    'logging.level' => SimpleSAML\\Logger::NOTICE,
    'logging.handler' => 'file',
    'logging.logfile' => 'simplesamlphp.log',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.secure' => false,
    'session.phpsession.savepath' => '{directory}/sessions',
    'store.type' => 'phpsession',
    'metadata.sources' => [['type' => 'flatfile']],
];
"""
AUTHSOURCES = """<?php
$config = [
    'people' => ['exampleauth:UserPass', 'amina:open-sesame' => json_decode('{attributes}', true)],
];
"""
HOSTED = """<?php
$metadata['__DYNAMIC:1__'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'bench.key',
    'certificate' => 'bench.crt',
    'auth' => 'people',
];
"""
REMOTE = """<?php
$metadata['{entity_id}'] = [
    'AssertionConsumerService' => '{acs_url}',
    'saml20.sign.response' => false,
    'saml20.sign.assertion' => true,
];
"""
POOL = """[global]
error_log = {directory}/fpm.log
[bench]
user = {user}
group = {user}
listen = {directory}/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = {children}
env[SIMPLESAMLPHP_CONFIG_DIR] = {directory}
"""
SITE = """
    root {root};
    location ~ ^(?<script>.+?\\.php)(?<info>/.*)?$ {{
        include /etc/nginx/fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$script;
        fastcgi_param SCRIPT_NAME $script;
        fastcgi_param PATH_INFO $info;
        fastcgi_pass unix:{directory}/fpm.sock;
    }}
"""


def install(directory: Path) -> str:
    """Install it if possible and return its version."""
    needs.debian(PACKAGES)
    return needs.debian_version("simplesamlphp")


def _configure(directory: Path, base: str) -> None:
    for folder in ("metadata", "sessions", "tmp"):
        (directory / folder).mkdir()
    files = {
        "config.php": CONFIG.format(directory=directory, base=base, salt="salt-of-the-bench"),
        "authsources.php": AUTHSOURCES.format(attributes=json.dumps(ATTRIBUTES)),
        "metadata/saml20-idp-hosted.php": HOSTED,
        "metadata/saml20-sp-remote.php": REMOTE.format(entity_id=ENTITY_ID, acs_url=ACS_URL),
        "fpm.conf": POOL.format(directory=directory, user=getpass.getuser(), children=CHILDREN),
    }
    for name, text in files.items():
        (directory / name).write_text(text)


@contextmanager
def run(directory: Path, key: KeyFiles) -> Iterator[Target]:
    """Run it and open a session."""
    fpm = next(Path("/usr/sbin").glob("php-fpm*"))
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    _configure(directory, base)
    for file in (key.key, key.certificate):
        shutil.copy(file, directory)
    running = [
        start([fpm, "-F", "-R", "-y", directory / "fpm.conf"], directory / "fpm.out"),
        nginx(directory, port, SITE.format(root=ROOT, directory=directory)),
    ]
    try:
        wait_for_socket(directory / "fpm.sock", running[0])
        wait_for(base, running)
        target = Target(
            NAME,
            port,
            tuple(server.process.pid for server in running),
            destination=f"{base}/saml2/idp/SSOService.php",
            certificate=key.certificate.read_text(),
        )
        yield open_session(target, "amina", "open-sesame")
    finally:
        stop(running)
