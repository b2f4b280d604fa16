"""nginx in front of the peers that Debian serves with it: one worker, access log in a file."""

import getpass
from pathlib import Path

from tests.bench.process import Running, start

CONFIG = """
daemon off;
user {user};
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/nginx-body;
    fastcgi_temp_path {directory}/nginx-fastcgi;
    proxy_temp_path {directory}/nginx-proxy;
    uwsgi_temp_path {directory}/nginx-uwsgi;
    scgi_temp_path {directory}/nginx-scgi;
    large_client_header_buffers 4 16k;
    fastcgi_buffers 16 16k;
    fastcgi_buffer_size 32k;
    server {{
        listen 127.0.0.1:{port};
        {site}
    }}
}}
"""


def nginx(directory: Path, port: int, site: str) -> Running:
    """Start nginx for one site; `site` is the content of its server block."""
    file = directory / "nginx.conf"
    file.write_text(
        CONFIG.format(directory=directory, user=getpass.getuser(), port=port, site=site)
    )
    return start(["nginx", "-c", file, "-p", directory], directory / "nginx.out")
