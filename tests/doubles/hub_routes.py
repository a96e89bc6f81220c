"""The Hub double's two origins: what each endpoint answers."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.doubles.hub_store import Refusal, Repo, Seen, StoredFile, git_oid, regular_file

if TYPE_CHECKING:
    from tests.doubles.hub import HubDouble

__all__ = ["ApiHandler", "CdnHandler", "Server"]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, hub: HubDouble, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.hub = hub
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is part of the tests."""


Routes = tuple[tuple[str, str, str], ...]


class _Handler(BaseHTTPRequestHandler):
    """Finds the route, applies its fault, and sends what the route returns."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    origin = ""
    routes: Routes = ()
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    @property
    def hub(self) -> HubDouble:
        return self.server.hub

    def _serve(self) -> None:
        split = urlsplit(self.path)
        name, match = self._route(split.path)
        self.query = parse_qs(split.query)
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        self.bearer = token if scheme == "Bearer" else None
        with self.hub.lock:
            self.hub.seen.append(Seen(self.origin, name, self.command, self.path, self.bearer))
        fault = self.hub.faults.take(name)
        if fault is not None and fault.kind == "hang":
            self.close_connection = True
            self.hub.closing.wait()
            return
        self.body = self._read_body()
        if fault is not None and fault.kind == "status":
            self._send(fault.status, dict(fault.headers), json.dumps({"error": fault.message}).encode())
            return
        try:
            status, headers, body = self._call(name, match)
        except Refusal as refusal:
            status, body = refusal.status, json.dumps({"error": str(refusal)}).encode()
            headers = {"X-Error-Message": str(refusal), "X-Error-Code": refusal.code} if refusal.code else {}
        if fault is not None:
            self.close_connection = True
            return
        self._send(status, headers, body)

    def _route(self, path: str) -> tuple[str, re.Match[str] | None]:
        for method, pattern, name in self.routes:
            match = re.fullmatch(pattern, path)
            if match and self.command in method.split("|"):
                return name, match
        return "unknown", None

    def _call(self, name: str, match: re.Match[str] | None) -> tuple[int, dict[str, str], bytes]:
        if match is None:
            raise Refusal(404, "Not Found")
        handler: Callable[..., Any] = getattr(self, "on_" + name.replace("-", "_"))
        answer = handler(*[unquote(part) for part in match.groups()])
        if isinstance(answer, tuple):
            return answer
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


_REPO = "([^/]+/[^/]+)"


class ApiHandler(_Handler):
    """The Hub itself."""

    origin = "hub"
    routes = (
        ("GET", "/api/whoami-v2", "whoami"),
        ("POST", "/api/repos/create", "create"),
        ("GET", f"/api/models/{_REPO}", "info"),
        ("GET", f"/api/models/{_REPO}/revision/(.+)", "info"),
        ("GET", f"/api/models/{_REPO}/xet-write-token/(.+)", "xet"),
        ("POST", f"/api/models/{_REPO}/preupload/(.+)", "preupload"),
        ("POST", f"/api/models/{_REPO}/commit/(.+)", "commit"),
        ("POST", f"/api/models/{_REPO}/paths-info/(.+)", "paths-info"),
        ("POST", f"/{_REPO}\\.git/info/lfs/objects/batch", "lfs-batch"),
        ("POST", "/lfs/complete/(.+)", "lfs-complete"),
        ("POST", "/lfs/verify", "lfs-verify"),
        ("GET|HEAD", f"/{_REPO}/resolve/([^/]+)/(.+)", "resolve"),
    )

    def on_whoami(self) -> object:
        self._require_token()
        token = {"displayName": "t", "role": self.hub.role}
        return {"type": "user", "name": self.hub.user, "orgs": [{"name": self.hub.org}], "auth": {"accessToken": token}}

    def on_create(self) -> object:
        self._require_token()
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or self.hub.user}/{asked['name']}"
        if name.partition("/")[0] not in {self.hub.user, self.hub.org}:
            raise Refusal(403, "You don't have the rights to create a model under this namespace")
        url = {"url": f"{self.hub.url}/{name}"}
        with self.hub.lock:
            if name in self.hub.repos:
                error = {**url, "error": "You already created this model repo"}
                return 409, {"Content-Type": "application/json"}, json.dumps(error).encode()
            self.hub.counts["creations"] += 1
            self.hub.add_repo(name, private=asked.get("visibility") == "private")
        return url

    def on_info(self, name: str, revision: str = "main") -> object:
        repo = self._repo(name)
        files = self._files(repo, revision)
        sha = repo.head if revision == "main" else revision
        siblings = [{"rfilename": path} for path in files]
        return {
            "id": name,
            "sha": sha,
            "private": repo.private,
            "gated": False,
            "siblings": siblings,
            "xetEnabled": self.hub.xet_cas is not None,
        }

    def on_xet(self, name: str, _revision: str) -> object:
        self._writable(name)
        if self.hub.xet_cas is None:
            raise Refusal(404, "Not Found")
        expires = int(time.time()) + 3600
        token = secrets.token_hex(8)
        headers = {
            "X-Xet-Cas-Url": self.hub.xet_cas,
            "X-Xet-Access-Token": token,
            "X-Xet-Token-Expiration": str(expires),
            "Content-Type": "application/json",
        }
        return 200, headers, json.dumps({"casUrl": self.hub.xet_cas, "accessToken": token, "exp": expires}).encode()

    def on_preupload(self, name: str, revision: str) -> object:
        files = self._files(self._writable(name), revision)
        answers: list[dict[str, Any]] = []
        for asked in json.loads(self.body)["files"]:
            path = asked["path"]
            mode = "regular" if path.rpartition("/")[2] in self.hub.regular else "lfs"
            answer = {"path": path, "uploadMode": mode, "shouldIgnore": path in self.hub.ignored}
            if path in files:
                answer["oid"] = files[path].sha256 or files[path].oid
            answers.append(answer)
        return {"files": answers}

    def on_lfs_batch(self, name: str) -> object:
        self._writable(name)
        return {"transfer": "basic", "objects": [self._lfs_object(asked) for asked in json.loads(self.body)["objects"]]}

    def _lfs_object(self, asked: dict[str, Any]) -> dict[str, Any]:
        oid, size = asked["oid"], asked["size"]
        if oid in self.hub.objects:
            return {"oid": oid, "size": size}
        verify = {"href": f"{self.hub.url}/lfs/verify"}
        if size <= self.hub.part_size:
            upload: dict[str, Any] = {"href": self.hub.sign("PUT", f"/lfs/{oid}")}
            return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}
        numbers = range(1, -(-size // self.hub.part_size) + 1)
        header = {str(number): self.hub.sign("PUT", f"/lfs/{oid}/{number}") for number in numbers}
        header["chunk_size"] = str(self.hub.part_size)
        upload = {"href": f"{self.hub.url}/lfs/complete/{oid}", "header": header}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}

    def on_lfs_complete(self, oid: str) -> object:
        with self.hub.lock:
            parts = self.hub.parts.pop(oid, {})
        _store(self.hub, oid, b"".join(parts[part["partNumber"]] for part in json.loads(self.body)["parts"]))
        return {}

    def on_lfs_verify(self) -> object:
        asked = json.loads(self.body)
        if len(self.hub.objects.get(asked["oid"], b"")) != asked["size"]:
            raise Refusal(404, "Object not found")
        return {}

    def on_commit(self, name: str, _revision: str) -> object:
        repo = self._writable(name)
        lines = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        with self.hub.lock:
            parent = lines[0]["value"].get("parentCommit")
            if parent is not None and parent != repo.head:
                raise Refusal(412, "A commit has happened since. Please refresh and try again.")
            files = dict(repo.files("main") or {})
            for line in lines[1:]:
                if line["key"] == "deletedFile":
                    _require_there(files, line["value"]["path"])
                    del files[line["value"]["path"]]
                else:
                    files.update([_committed(self.hub, line)])
            oid = repo.commit(files)
            self.hub.counts["commits"] += 1
        return {"success": True, "commitOid": oid, "commitUrl": f"{self.hub.url}/{name}/commit/{oid}"}

    def on_paths_info(self, name: str, revision: str) -> object:
        files = self._files(self._repo(name), revision)
        asked = parse_qs(self.body.decode())["paths"]
        return [_path_info(path, files[path]) for path in asked if path in files]

    def on_resolve(self, name: str, revision: str, path: str) -> object:
        repo = self._repo(name)
        file = self._files(repo, revision).get(path)
        if file is None:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        sha = repo.head if revision == "main" else revision
        if file.sha256 is None:
            return 200, {"ETag": f'"{file.oid}"', "X-Repo-Commit": sha}, file.content
        headers = {
            "Location": self.hub.sign("GET", f"/objects/{file.sha256}/{quote(path)}"),
            "X-Repo-Commit": sha,
            "X-Linked-Etag": f'"{file.sha256}"',
            "X-Linked-Size": str(file.size),
            "ETag": f'"{file.oid}"',
        }
        return 302, headers, b""

    def _require_token(self) -> None:
        if self.bearer != self.hub.token:
            raise Refusal(401, "Invalid credentials in Authorization header")

    def _repo(self, name: str) -> Repo:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and self.bearer != self.hub.token):
            status = 404 if self.bearer == self.hub.token else 401
            raise Refusal(status, "Repository not found", "RepoNotFound")
        return repo

    def _writable(self, name: str) -> Repo:
        self._require_token()
        if name.partition("/")[0] not in {self.hub.user, self.hub.org}:
            raise Refusal(403, "You don't have the rights to write to this repository")
        return self._repo(name)

    def _files(self, repo: Repo, revision: str) -> dict[str, StoredFile]:
        files = repo.files(revision)
        if files is None:
            raise Refusal(404, "Invalid rev id", "RevisionNotFound")
        return files


class CdnHandler(_Handler):
    """The storage behind signed URLs: no token, one method a URL."""

    origin = "cdn"
    routes = (
        ("PUT", "/lfs/([0-9a-f]{64})", "lfs-put"),
        ("PUT", "/lfs/([0-9a-f]{64})/([0-9]+)", "lfs-put"),
        ("GET|HEAD", "/objects/([0-9a-f]{64})/(.+)", "cdn-get"),
    )

    def on_lfs_put(self, oid: str, part: str = "") -> object:
        self._require_signature()
        with self.hub.lock:
            self.hub.counts["bytes"] += len(self.body)
        if not part:
            _store(self.hub, oid, self.body)
            return 200, {"ETag": '"whole"'}, b""
        with self.hub.lock:
            self.hub.parts.setdefault(oid, {})[int(part)] = self.body
        return 200, {"ETag": f'"part-{part}"'}, b""

    def on_cdn_get(self, oid: str, _name: str) -> object:
        self._require_signature()
        content = self.hub.objects[oid]
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return 200, headers, content
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return 206, headers, content[first : last + 1]

    def _require_signature(self) -> None:
        if self.bearer is not None:
            raise Refusal(400, "Only one auth mechanism allowed")
        self.hub.verify(self.command, urlsplit(self.path).path, self.query)


def _store(hub: HubDouble, oid: str, content: bytes) -> None:
    if hashlib.sha256(content).hexdigest() != oid:
        raise Refusal(400, "The bytes do not have the checksum that they were announced with")
    with hub.lock:
        hub.objects[oid] = content
        hub.counts["uploads"] += 1


def _require_there(files: dict[str, StoredFile], path: str) -> None:
    if path not in files:
        raise Refusal(404, f"A file to delete does not exist: {path}", "EntryNotFound")


def _committed(hub: HubDouble, line: dict[str, Any]) -> tuple[str, StoredFile]:
    value = line["value"]
    if line["key"] == "file":
        return value["path"], regular_file(base64.b64decode(value["content"]))
    if value["oid"] not in hub.objects:
        raise Refusal(400, f"LFS pointer pointed to a file that does not exist: {value['path']}")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{value['oid']}\nsize {value['size']}\n"
    return value["path"], StoredFile(value["size"], git_oid(pointer.encode()), value["oid"])


def _path_info(path: str, file: StoredFile) -> dict[str, Any]:
    info: dict[str, Any] = {"type": "file", "path": path, "size": file.size, "oid": file.oid}
    if file.sha256 is not None:
        info["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 130}
    return info
