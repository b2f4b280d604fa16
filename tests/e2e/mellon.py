"""Apache with mod_auth_mellon: a service provider that shares no code with Ssoko.

Each location of the site is a separate service provider. ``/<name>/`` shows the signed-in user or
sends the browser to the identity provider. Its endpoints are below ``/<name>/mellon/``.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .server import free_port, wait_for

MODULES = Path("/usr/lib/apache2/modules")
APACHE = "/usr/sbin/apache2"
PYTHON = "/usr/bin/python3"  # Debian's Python, which Apache's child processes can run
MISSING = "mod_auth_mellon is missing: apt-get install apache2 libapache2-mod-auth-mellon"

SITE = """
ServerRoot {directory}
ServerName 127.0.0.1:{port}
Listen 127.0.0.1:{port}
PidFile {directory}/apache.pid
ErrorLog {directory}/error.log
LogLevel warn auth_mellon:info
DefaultRuntimeDir {directory}
DocumentRoot {directory}/site
Mutex file:{directory}
{user}
{modules}
MellonLockFile {directory}/mellon.lock
# Mellon sets SameSite=None, which browsers accept only over HTTPS.
SetEnvIf Host . MELLON_DISABLE_SAMESITE=1
<Directory {directory}/site>
  Require all granted
</Directory>
ScriptAliasMatch ^/[a-z-]+/$ {directory}/who.py
<Directory {directory}>
  Require all granted
</Directory>
{locations}
"""

LOCATION = """
<Location /{name}/>
  AuthType Mellon
  Require valid-user
  MellonEnable auth
  MellonEndpointPath /{name}/mellon
  MellonVariable {name}
  MellonDefaultLoginPath /{name}/
  MellonIdP IDP
  MellonSPMetadataFile {sp}/metadata.xml
  MellonSPPrivateKeyFile {sp}/key.pem
  MellonSPCertFile {sp}/certificate.pem
  MellonIdPMetadataFile {sp}/idp.xml
{more}
</Location>
"""

WHO = """#!{python}
import json, os
values = {{k.removeprefix("MELLON_"): v for k, v in os.environ.items() if k.startswith("MELLON_")}}
print("Content-Type: application/json\\n")
print(json.dumps(values))
"""

SP_METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{entity_id}">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"
      AuthnRequestsSigned="{signed}" WantAssertionsSigned="true">
    <KeyDescriptor><ds:KeyInfo><ds:X509Data>
      <ds:X509Certificate>{certificate}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <SingleLogoutService Location="{url}/logout"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/>
    <NameIDFormat>{name_id_format}</NameIDFormat>
    <AssertionConsumerService Location="{url}/postResponse" index="0" isDefault="true"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
  </SPSSODescriptor>
</EntityDescriptor>
"""

UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@dataclass(slots=True)
class Mellon:
    """One Apache server. Add locations, then start it."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    names: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return the base URL. It has an IP address, so that Ssoko on localhost is another site."""
        return f"http://127.0.0.1:{self.port}"

    def page(self, name: str) -> str:
        """Return the protected page of a location."""
        return f"{self.url}/{name}/"

    def entity_id(self, name: str) -> str:
        """Return the entity ID of a location."""
        return f"urn:example:mellon:{name}"

    def acs_url(self, name: str) -> str:
        """Return the ACS URL of a location."""
        return f"{self.url}/{name}/mellon/postResponse"

    def add(
        self,
        name: str,
        idp_metadata: bytes,
        *,
        signed_requests: bool = False,
        name_id_format: str = UNSPECIFIED,
        directives: str = "",
    ) -> None:
        """Protect a location with the identity provider that this metadata describes.

        :param directives: additional Apache directives for the location.
        """
        home = self.directory / name
        home.mkdir(exist_ok=True)
        if not (home / "key.pem").exists():
            make_certificate(home)
        pem = (home / "certificate.pem").read_text()
        metadata = SP_METADATA.format(
            entity_id=self.entity_id(name),
            url=f"{self.url}/{name}/mellon",
            certificate="".join(pem.splitlines()[1:-1]),
            signed="true" if signed_requests else "false",
            name_id_format=name_id_format,
        )
        (home / "metadata.xml").write_text(metadata)
        (home / "idp.xml").write_bytes(idp_metadata)
        self.names[name] = directives

    def start(self) -> None:
        """Write the configuration, start Apache and wait until it listens."""
        assert (MODULES / "mod_auth_mellon.so").exists() and Path(APACHE).exists(), MISSING
        self._write()
        with (self.directory / "error.log").open("ab") as log:
            self.process = subprocess.Popen(
                [APACHE, "-f", self.directory / "apache.conf", "-DFOREGROUND"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Apache stops its whole process group
            )
        wait_for(f"{self.url}/up.txt", self.process, self.directory / "error.log")

    def stop(self) -> None:
        """Stop Apache and its child processes."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=15)

    def log(self) -> str:
        """Return Apache's error log."""
        return (self.directory / "error.log").read_text(errors="replace")

    def _write(self) -> None:
        names = (
            "mpm_prefork",
            "authn_core",
            "authz_core",
            "authz_user",
            "alias",
            "cgi",
            "setenvif",
        )
        modules = [f"LoadModule {n}_module {MODULES}/mod_{n}.so" for n in (*names, "auth_mellon")]
        user = ""
        if os.geteuid() == 0:
            user = "User www-data\nGroup www-data"
        locations = [
            LOCATION.format(name=name, sp=self.directory / name, more=more)
            for name, more in self.names.items()
        ]
        site = SITE.format(
            directory=self.directory,
            port=self.port,
            user=user,
            modules="\n".join(modules),
            locations="".join(locations),
        )
        (self.directory / "apache.conf").write_text(site)
        (self.directory / "site").mkdir()
        (self.directory / "site" / "up.txt").write_text("up\n")
        script = self.directory / "who.py"
        script.write_text(WHO.format(python=PYTHON))
        script.chmod(0o755)
        if user:
            give_to_apache(self.directory)


def make_certificate(home: Path) -> None:
    """Write a key and a self-signed certificate, as the admin of a service provider would."""
    files = ("-keyout", home / "key.pem", "-out", home / "certificate.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *files]
        + ["-subj", "/CN=127.0.0.1"],
        check=True,
        capture_output=True,
    )


def give_to_apache(directory: Path) -> None:
    """Make Apache's unprivileged child processes the owner of a directory."""
    for path in (directory, *directory.rglob("*")):
        shutil.chown(path, "www-data", "www-data")


def without_redirect(idp_metadata: bytes) -> bytes:
    """Remove the Redirect sign-in endpoint from the metadata, so that Mellon uses POST."""
    redirect = rb'<(\w+:)?SingleSignOnService[^>]*bindings:HTTP-Redirect"[^>]*?(/>|>\s*</[^>]*>)'
    shorter, count = re.subn(redirect, b"", idp_metadata)
    assert count == 1, "the metadata has no SingleSignOnService for the Redirect binding"
    return shorter
