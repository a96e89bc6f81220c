"""Our hosts, and one that a third party wrote in forty lines, pass the suite that every host is held to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from rw_hooks import hosts
from rw_hooks.hosts import open_host
from rw_hooks.testing.hosts import HostSuite, WrongCredentials
from tests.doubles.fileserver import FileServer, Page
from tests.doubles.proxy import Proxy, Trouble
from tests.hosts.test_object_store import KEY, SECRET, s3

__all__ = ["s3"]

ACME = Path(__file__).parents[2] / "examples" / "third_party_host" / "acme_host.py"


class Server(ThreadingHTTPServer):
    """A web server on loopback, as a context manager."""

    daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """A client that went away is part of the tests."""


class TestDirectory(HostSuite):
    @pytest.fixture
    def served(self, tmp_path: Path) -> Iterator[tuple[Path, str]]:
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *_):
                """Say nothing."""

        folder = tmp_path / "www"
        folder.mkdir()
        with Server(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
            yield folder, server.url

    @pytest.fixture
    def host_url(self, served):
        folder, address = served
        return f"dir://{quote(str(folder))}?url={address}/"

    @pytest.fixture
    def likely_url(self, served):
        return lambda file: f"{served[1]}/{quote(file.name)}"


class TestUrl(HostSuite):
    uploads = False

    @pytest.fixture
    def server(self):
        with FileServer() as server:
            yield server

    @pytest.fixture
    def host_url(self, server):
        return f"{server.url}/maya.safetensors?signature=0123456789abcdef"

    @pytest.fixture
    def put_there(self, server):
        return lambda file: server.pages.update({"/maya.safetensors": Page(file.path.read_bytes())})


class TestHubPrivate(HostSuite):
    keeps_history = True
    smallest = 1  # an empty file lies in git itself, for which a private repository has no temporary URL

    @pytest.fixture
    def host_url(self):
        return "hf://ada/maya"

    @pytest.fixture
    def host_config(self, config):
        return config

    @pytest.fixture
    def wrong_credentials(self, config, host_url):
        wrong = "hf_" + "x1" * 17
        return WrongCredentials(partial(open_host, host_url, replace(config, hf_token=SecretStr(wrong))), wrong)

    @pytest.fixture
    def break_network(self, hub):
        with Proxy(hub.cdn_url) as proxy:
            hub.cdn_front = proxy.url
            yield lambda: proxy.add(Trouble("reset", after=300_000))

    @pytest.fixture
    def expire_urls(self, hub):
        return hub.expire_all


@pytest.mark.slow  # it differs from the private one by its URLs, which tests/hosts/test_hub.py holds
class TestHubPublic(TestHubPrivate):
    smallest = 0

    @pytest.fixture
    def host_url(self):
        return "hf://lab/maya/loras?public=1"

    @pytest.fixture
    def likely_url(self, hub):
        return lambda file: f"{hub.url}/lab/maya/resolve/main/loras/{quote(file.name)}"

    @pytest.fixture
    def expire_urls(self):
        pytest.skip("the URLs of a public repository do not expire")


@pytest.mark.slow
class TestS3(HostSuite):
    @pytest.fixture
    def address(self, s3):
        return s3

    @pytest.fixture
    def host_url(self, address, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        return f"s3://weights/{self.__class__.__name__}-{id(monkeypatch)}"

    @pytest.fixture
    def wrong_credentials(self, host_url, host_config, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-and-secret")
        return WrongCredentials(partial(open_host, host_url, host_config), "wrong-and-secret")

    @pytest.fixture
    def break_network(self, s3, host_url, monkeypatch):  # noqa: ARG002 - it sets the other address first
        with Proxy(s3) as proxy:
            monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
            yield lambda: proxy.add(Trouble("reset", after=3_000_000))


class Acme(BaseHTTPRequestHandler):
    """The server of the host in the example: a file is there when all of it has come."""

    protocol_version = "HTTP/1.1"
    key = "acme-secret-key"

    def do_HEAD(self):
        self._answer(self.server.files.get(self.path))

    do_GET = do_HEAD  # noqa: N815 - the name that http.server looks for

    def do_PUT(self):
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) == size and self._may():
            self.server.files[self.path] = body
            self._answer(b"")

    def do_DELETE(self):
        if self._may():
            self._answer(b"" if self.server.files.pop(self.path, None) is not None else None)

    def _may(self):
        if self.headers["Authorization"] == f"Bearer {self.key}":
            return True
        self.send_error(401, f"not the key: {self.headers['Authorization']}")
        return False

    def _answer(self, body):
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body or b"")

    def log_message(self, *_):
        """Say nothing."""


class TestAHostOfFortyLines(HostSuite):
    @pytest.fixture
    def proxy(self):
        with Server(("127.0.0.1", 0), Acme) as server, Proxy(server.url) as proxy:
            server.files = {"/shop/": b""}
            yield proxy

    @pytest.fixture
    def host_url(self, proxy, tmp_path, monkeypatch):
        package = tmp_path / "acme" / "acme-1.dist-info"
        package.mkdir(parents=True)
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
        (package / "entry_points.txt").write_text(f"[{hosts.ENTRY_POINTS}]\nacme = acme_host:AcmeHost\n")
        for folder in (ACME.parent, package.parent):
            monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("ACME_URL", proxy.url)
        monkeypatch.setenv("ACME_KEY", Acme.key)
        return "acme://shop"

    @pytest.fixture
    def likely_url(self, proxy):
        return lambda file: f"{proxy.url}/shop/{file.sha256}/{quote(file.name)}"

    @pytest.fixture
    def wrong_credentials(self, host_url, host_config, monkeypatch):
        monkeypatch.setenv("ACME_KEY", "not-the-acme-key")
        return WrongCredentials(partial(open_host, host_url, host_config), "not-the-acme-key")

    @pytest.fixture
    def break_network(self, proxy):
        return lambda: proxy.add(Trouble("reset", after=3_000_000), times=3)


def test_it_is_forty_lines():
    lines = ACME.read_text().splitlines()
    body = lines[next(number for number, line in enumerate(lines) if line.startswith("class ")) :]
    assert len([line for line in body if line.strip()]) <= 40
