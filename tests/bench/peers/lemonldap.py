"""LemonLDAP::NG as Debian packages it, its FastCGI server behind nginx, near its defaults.

Sessions in files with its cache in front, its demonstration directory of users. It signs both
the response and the assertion, which is a small part of its cost.
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

NAME = "LemonLDAP::NG"
PACKAGES = (
    "liblemonldap-ng-portal-perl",
    "lemonldap-ng-fastcgi-server",
    "liblasso-perl",
    "libcrypt-openssl-bignum-perl",
    "libgd-securityimage-perl",  # the portal does not start without its captcha module
    "libimage-magick-perl",
    "libxml-simple-perl",
    "libio-string-perl",
    "libglib-perl",
    "nginx-light",
)
PORTAL = Path("/usr/share/lemonldap-ng/portal")
CHILDREN = 4
HOST, USER = "auth.bench.localhost", "dwho"  # a user of the demonstration directory
INI = """[all]
logLevel = warn
checkTime = 1
[configuration]
type = File
dirName = {directory}
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'config', 'default_expires_in' => 600, \\
    'cache_root' => '{directory}/cache', 'cache_depth' => 3 }}
[portal]
staticPrefix = /static
templateDir = {portal}/templates
languages = en
"""
SITE = """
    server_name {host};
    root {portal}/htdocs/;
    rewrite ^/(?!static|javascript|index\\.psgi)(.*)$ /index.psgi/$1 last;
    location /static/ {{ alias {portal}/htdocs/static/; }}
    location ~ ^(?<script>/index\\.psgi)(?<info>/.*)?$ {{
        include /etc/nginx/fastcgi_params;
        fastcgi_param LLTYPE psgi;
        fastcgi_param HTTP_HOST $http_host;
        fastcgi_param SCRIPT_FILENAME $document_root$script;
        fastcgi_param SCRIPT_NAME $script;
        fastcgi_param PATH_INFO $info;
        fastcgi_pass unix:{directory}/llng.sock;
    }}
"""
SP_METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">'
    '<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<AssertionConsumerService isDefault="true" index="0" Location="{acs_url}" '
    'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>'
    "</SPSSODescriptor></EntityDescriptor>"
)


def install(directory: Path) -> str:
    """Install it if possible and return its version."""
    needs.debian(PACKAGES)
    return needs.debian_version("liblemonldap-ng-portal-perl")


def _settings(directory: Path, portal: str, key: KeyFiles) -> dict[str, object]:
    # A macro is a Perl expression; several values are separated by "; ".
    macros = {name: f"'{'; '.join(values)}'" for name, values in ATTRIBUTES.items()}
    return {
        "cfgNum": 1,
        "cfgAuthor": "bench",
        "cfgDate": "1795000000",
        "cfgVersion": "2.16.1",
        "authentication": "Demo",
        "userDB": "Demo",
        "passwordDB": "Demo",
        "registerDB": "Null",
        "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
        "domain": "bench.localhost",
        "portal": f"{portal}/",
        "cookieName": "lemonldap",
        "securedCookie": 0,
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": {
            "Directory": f"{directory}/sessions",
            "LockDirectory": f"{directory}/sessions/lock",
            "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256",
        },
        "localSessionStorage": "Cache::FileCache",
        "localSessionStorageOptions": {
            "cache_root": f"{directory}/cache",
            "cache_depth": 3,
            "default_expires_in": 600,
            "namespace": "sessions",
        },
        "locationRules": {HOST: {"default": "accept"}},
        "exportedHeaders": {},
        "exportedVars": {},
        "groups": {},
        "macros": {"_whatToTrace": "$uid"} | macros,
        "whatToTrace": "_whatToTrace",
        "portalDisplayRegister": 0,  # otherwise it loads a mailer
        "portalDisplayResetPassword": 0,
        "issuerDBSAMLActivation": 1,
        "samlServicePrivateKeySig": key.key.read_text(),
        "samlServicePublicKeySig": key.certificate.read_text(),
        "samlServiceUseCertificateInResponse": 1,
        "samlServiceSignatureMethod": "RSA_SHA256",
        "samlSPMetaDataXML": {
            "bench": {"samlSPMetaDataXML": SP_METADATA.format(entity_id=ENTITY_ID, acs_url=ACS_URL)}
        },
        "samlSPMetaDataExportedAttributes": {"bench": {name: f"1;{name}" for name in ATTRIBUTES}},
        "samlSPMetaDataOptions": {
            "bench": {
                "samlSPMetaDataOptionsNameIDFormat": "email",
                "samlSPMetaDataOptionsCheckSSOMessageSignature": 0,
                "samlSPMetaDataOptionsSignSSOMessage": 1,
            }
        },
    }


@contextmanager
def run(directory: Path, key: KeyFiles) -> Iterator[Target]:
    """Run it and open a session."""
    user = "nobody" if getpass.getuser() == "root" else None  # it refuses to run as root
    port = free_port()
    portal = f"http://{HOST}:{port}"
    (directory / "sessions" / "lock").mkdir(parents=True)
    (directory / "cache").mkdir()
    (directory / "lmConf-1.json").write_text(json.dumps(_settings(directory, portal, key)))
    ini = directory / "lemonldap-ng.ini"
    ini.write_text(INI.format(directory=directory, portal=PORTAL))
    for folder in (directory, *(path for path in directory.rglob("*") if user)):
        shutil.chown(folder, user or getpass.getuser())
    socket = directory / "llng.sock"
    server = ["llng-fastcgi-server", "--foreground", "-n", CHILDREN, "-s", socket]
    running = [
        start(
            [*map(str, server), "-p", directory / "llng.pid"],
            directory / "llng.out",
            environment={
                "LLNG_DEFAULTCONFFILE": str(ini),
                "LLNG_DEFAULTLOGGER": "Lemonldap::NG::Common::Logger::Std",
            },
            user=user,
        ),
        nginx(directory, port, SITE.format(host=HOST, portal=PORTAL, directory=directory)),
    ]
    try:
        wait_for_socket(socket, running[0])
        wait_for(f"http://127.0.0.1:{port}/static/languages/en.json", running)
        target = Target(
            NAME,
            port,
            tuple(server.process.pid for server in running),
            destination=f"{portal}/saml/singleSignOn",
            certificate=key.certificate.read_text(),
        )
        yield open_session(target, USER, USER)
    finally:
        stop(running)
