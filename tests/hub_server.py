# ruff: noqa
# fmt: off
"""A tiny Hugging Face Hub on loopback, for tests that must not reach the internet.

Standard library only. Serves the routes that `huggingface_hub` 2.4 (and 0.3x-1.x) calls for
`hf_hub_download`, `snapshot_download`, `resolve_revision`, `create_repo`, `upload_folder`,
`create_commit`, `create_tag` and `PyTorchModelHubMixin`. Model repos only; everything lives in memory.

Use it in-process (pytest fixture) or as a subprocess (`python hub_server.py --port 0`):

    with HubServer() as hub:
        hub.add_repo("acme/stgcn", {"config.json": b"{}", "model.safetensors": blob})
        HfApi(endpoint=hub.endpoint).snapshot_download("acme/stgcn")

`HF_ENDPOINT` is read once when `huggingface_hub.constants` is imported, so either pass
`endpoint=hub.endpoint`, or start the client in a subprocess with `HF_ENDPOINT` set.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

Reply = tuple[Any, ...]  # (status,), (status, body) or (status, body, headers)
LFS_THRESHOLD = 1024  # bytes; larger blobs are "LFS" (the real Hub: 10 MB, or a .gitattributes pattern)


def git_sha1(data: bytes) -> str:
    """Git blob id: the ETag of a regular file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Repo:
    """One model repo: commits are full snapshots {path: bytes}, refs point at commit ids."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    lfs_paths: set[str] = field(default_factory=set)

    def commit(self, files: Mapping[str, bytes], message: str, ref: str = "main") -> str:
        digest = hashlib.sha1(f"{ref}{message}{len(self.commits)}{time.time_ns()}".encode()).hexdigest()
        self.commits[digest] = dict(files)
        self.messages[digest] = message
        self.refs[ref] = digest
        return digest

    def resolve(self, revision: str) -> str | None:
        if revision in self.refs:
            return self.refs[revision]
        return next((c for c in self.commits if len(revision) >= 7 and c.startswith(revision)), None)

    def is_lfs(self, path: str, data: bytes) -> bool:
        return path in self.lfs_paths or len(data) >= LFS_THRESHOLD


@dataclass
class Fault:
    """A failure for the next `times` requests whose "METHOD path" matches `pattern`."""

    pattern: str
    status: int | None = None  # answer with this status instead of serving
    cut_after: int | None = None  # send this many body bytes, then close the socket
    delay: float = 0.0
    times: int = 1


class HubServer:
    """In-memory Hub. `upload_mode` is "auto" (by size), "regular" or "lfs"."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, upload_mode: str = "auto", xet_cas: str | None = None
    ) -> None:
        self.xet_cas = xet_cas
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}  # LFS store: sha256 -> content
        self.tokens: dict[str, str] = {"hf_write": "tester"}  # token -> user name
        self.granted: set[tuple[str, str]] = set()  # (user, gated repo id)
        self.faults: list[Fault] = []
        self.log: list[str] = []  # "METHOD path status [range]"
        self.readers: set[str] = set()  # tokens' users that may not write
        self.card_errors: list[str] = []  # what validate-yaml answers
        self.upload_mode = upload_mode
        self.lock = threading.RLock()
        self.connections: set[socket.socket] = set()
        handler = type("Handler", (_Handler,), {"hub": self})
        self._httpd = ThreadingHTTPServer((host, port), handler)
        self._httpd.daemon_threads = True
        self.endpoint = f"http://{host}:{self._httpd.server_address[1]}"
        # Blobs come from another *origin*, as on the real Hub. That makes the client stop at the 302,
        # read the X-Linked-* headers from it, and drop its Authorization header.
        self.cdn = f"http://localhost:{self._httpd.server_address[1]}"

    def __enter__(self) -> HubServer:
        threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()
        for sock in list(self.connections):  # else kept-alive client connections would still be answered
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def add_repo(self, repo_id: str, files: Mapping[str, bytes], *, private: bool = False, gated: bool = False) -> str:
        """Create (or update) `repo_id` with one commit; returns the commit id."""
        with self.lock:
            repo = self.repos.setdefault(repo_id, Repo(private=private, gated=gated))
            for data in files.values():
                self.objects[hashlib.sha256(data).hexdigest()] = data
            return repo.commit(files, "init")

    def fail(self, pattern: str, **kwargs: Any) -> None:
        """Queue a `Fault` for the next matching request(s)."""
        self.faults.append(Fault(pattern, **kwargs))

    def count(self, pattern: str) -> int:
        """Requests so far whose log line matches `pattern`."""
        return sum(bool(re.search(pattern, line)) for line in self.log)


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    ROUTES: ClassVar = [  # (method, path regex, handler name)
        ("GET|HEAD", r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)", "resolve"),
        ("GET|HEAD", r"/_cdn/(?P<oid>[0-9a-f]{64})", "cdn_get"),
        ("GET", r"/api/models/(?P<repo>[^/]+/[^/]+)(?:/revision/(?P<rev>[^/]+))?", "info"),
        ("GET", r"/api/models/(?P<repo>[^/]+/[^/]+)/tree/(?P<rev>[^/]+)(?:/(?P<path>.+))?", "tree"),
        ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/paths-info/(?P<rev>[^/]+)", "paths_info"),
        ("GET", r"/api/models/(?P<repo>[^/]+/[^/]+)/refs", "refs"),
        ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/tag/(?P<rev>[^/]+)", "tag"),
        ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/branch/(?P<name>[^/]+)", "branch"),
        ("POST", r"/api/repos/create", "create"),
        ("DELETE", r"/api/repos/delete", "delete"),
        ("POST", r"/api/validate-yaml", "validate_yaml"),
        ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/preupload/(?P<rev>[^/]+)", "preupload"),
        ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/commit/(?P<rev>[^/]+)", "commit"),
        ("POST", r"/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "lfs_batch"),
        ("PUT", r"/_lfs/(?P<oid>[0-9a-f]{64})", "lfs_put"),
        ("POST", r"/_lfs/verify", "lfs_verify"),
        ("GET", r"/api/models/(?P<repo>[^/]+/[^/]+)/xet-(?P<kind>read|write)-token/(?P<rev>[^/]+)", "xet_token"),
        ("GET", r"/api/whoami-v2", "whoami"),
    ]

    # ---------------------------------------------------------------- plumbing
    def setup(self) -> None:
        super().setup()
        self.hub.connections.add(self.connection)

    def finish(self) -> None:
        self.hub.connections.discard(self.connection)
        super().finish()

    def _dispatch(self) -> None:
        url = urlsplit(self.path)
        self.body = self._read_body()
        self.cut_after: int | None = None
        if fault := self._take_fault(f"{self.command} {url.path}"):
            time.sleep(fault.delay)
            self.cut_after = fault.cut_after
            if fault.status is not None:
                return self.send(fault.status, b"injected failure")
        for methods, pattern, name in self.ROUTES:
            if re.fullmatch(methods, self.command) and (match := re.fullmatch(pattern, url.path)):
                args = {k: unquote(v) for k, v in match.groupdict().items() if v is not None}
                with self.hub.lock:
                    reply = getattr(self, name)(**args)
                return self.send(*reply)
        return self.send(404, b"no such route")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _dispatch

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = bytearray()
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return bytes(body)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _take_fault(self, line: str) -> Fault | None:
        with self.hub.lock:
            for fault in self.hub.faults:
                if fault.times > 0 and re.search(fault.pattern, line):
                    fault.times -= 1
                    return fault
        return None

    def send(self, status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> None:
        headers = dict(headers or {})
        if not isinstance(body, bytes):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        total, wanted = len(body), self.headers.get("Range")
        if status == 200 and wanted and (m := re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)):
            start, end = int(m[1]), int(m[2] or total - 1)
            if start >= total:
                status, body = 416, b""
                headers["Content-Range"] = f"bytes */{total}"
            else:
                status, body = 206, body[start : end + 1]
                headers["Content-Range"] = f"bytes {start}-{min(end, total - 1)}/{total}"
        self.hub.log.append(f"{self.command} {urlsplit(self.path).path} {status}" + (f" {wanted}" if wanted else ""))
        self.send_response(status)
        headers.setdefault("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if self.cut_after is None else body[: self.cut_after])
            if self.cut_after is not None:
                self.wfile.flush()
                self.close_connection = True  # FIN in mid-body -> RemoteProtocolError in the client

    def log_message(self, *args: object) -> None:
        pass

    # ---------------------------------------------------------------- access
    def user(self) -> str | None:
        return self.hub.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    @staticmethod
    def error(status: int, code: str, message: str) -> Reply:
        return status, b"", {"X-Error-Code": code, "X-Error-Message": message}

    def find(self, repo_id: str, rev: str | None = None, *, content: bool = False) -> Reply:
        """(repo, commit id) or an error reply. Mirrors the Hub: anonymous + unknown -> 401, not 404."""
        if self.headers.get("Authorization") and self.user() is None:
            return self.error(401, "", "Invalid credentials in Authorization header")
        repo = self.hub.repos.get(repo_id)
        if repo is None or (repo.private and self.user() is None):
            return self.error(404 if self.user() else 401, "RepoNotFound", "Repository not found")
        if content and repo.gated and (self.user() or "", repo_id) not in self.hub.granted:
            return self.error(403 if self.user() else 401, "GatedRepo", "Access to model is restricted")
        sha = repo.resolve(rev or "main")
        if sha is None and rev is not None:
            return self.error(404, "RevisionNotFound", f"Invalid rev id: {rev}")
        return repo, sha

    def entries(self, repo: Repo, sha: str) -> Iterator[dict[str, object]]:
        for path, data in sorted(repo.commits[sha].items()):
            entry: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": git_sha1(data)}
            if repo.is_lfs(path, data):
                entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
            yield entry

    # ---------------------------------------------------------------- download
    def resolve(self, repo: str, rev: str, path: str) -> Reply:
        found = self.find(repo, rev, content=True)
        if not isinstance(found[0], Repo):
            return found
        rp, sha = found
        base = {"X-Repo-Commit": sha}
        data = rp.commits[sha].get(path)
        if data is None:
            status, body, headers = self.error(404, "EntryNotFound", "Entry not found")
            return status, body, headers | base  # with X-Repo-Commit the client caches the *absence* in .no_exist/
        if not rp.is_lfs(path, data):
            return 200, data, base | {"ETag": f'"{git_sha1(data)}"', "Accept-Ranges": "bytes"}
        oid = hashlib.sha256(data).hexdigest()
        linked = {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(data))}
        return 302, b"", base | linked | {"Location": f"{self.hub.cdn}/_cdn/{oid}"}

    def cdn_get(self, oid: str) -> Reply:
        if self.headers.get("Authorization"):
            return 400, b"token leaked to the CDN"
        data = self.hub.objects.get(oid)
        return (404, b"") if data is None else (200, data, {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})

    def info(self, repo: str, rev: str | None = None) -> Reply:
        found = self.find(repo, rev)
        if not isinstance(found[0], Repo):
            return found
        rp, sha = found
        files = sorted(rp.commits.get(sha, {}))
        return 200, {
            "id": repo,
            "modelId": repo,
            "sha": sha,
            "private": rp.private,
            "gated": "manual" if rp.gated else False,
            "siblings": [{"rfilename": name} for name in files],
            "tags": [],
        }

    def tree(self, repo: str, rev: str, path: str = "") -> Reply:
        found = self.find(repo, rev)
        if not isinstance(found[0], Repo):
            return found
        return 200, [e for e in self.entries(*found) if str(e["path"]).startswith(path)]

    def paths_info(self, repo: str, rev: str) -> Reply:
        found = self.find(repo, rev)
        if not isinstance(found[0], Repo):
            return found
        wanted = json.loads(self.body)["paths"]
        return 200, [e for e in self.entries(*found) if e["path"] in wanted]

    def refs(self, repo: str) -> Reply:
        found = self.find(repo)
        if not isinstance(found[0], Repo):
            return found
        refs = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c} for n, c in found[0].refs.items()]
        return 200, {"branches": refs[:1], "tags": refs[1:], "converts": [], "pullRequests": None}

    # ---------------------------------------------------------------- upload
    def whoami(self) -> Reply:
        name = self.user()
        return (401, {"error": "Invalid user token."}) if name is None else (200, {"name": name, "type": "user"})

    def create(self) -> Reply:
        if self.user() is None:
            return self.error(401, "", "Invalid credentials in Authorization header")
        want = json.loads(self.body)
        repo_id = f"{want.get('organization') or self.user()}/{want['name']}"
        if self.user() in self.hub.readers:
            return self.error(403, "", "You don't have the rights to create a model under this namespace")
        url = f"{self.hub.endpoint}/{repo_id}"
        if repo_id in self.hub.repos:
            return 409, {"error": "You already created this model repo", "url": url}
        repo = self.hub.repos[repo_id] = Repo(private=want.get("visibility") == "private")
        repo.commit({".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"}, "initial commit")
        return 200, {"url": url, "name": repo_id}

    def delete(self) -> Reply:
        want = json.loads(self.body)
        self.hub.repos.pop(f"{want.get('organization') or self.user()}/{want['name']}", None)
        return 200, {}

    def validate_yaml(self) -> Reply:
        errors = [{"message": text} for text in self.hub.card_errors]
        return 400 if errors else 200, {"errors": errors, "warnings": []}

    def preupload(self, repo: str, rev: str) -> Reply:
        if self.user() is None:
            return self.error(401, "RepoNotFound", "Repository not found")
        found = self.find(repo, rev)
        if not isinstance(found[0], Repo):
            return found
        rp, sha = found
        reply = []
        for item in json.loads(self.body)["files"]:
            auto = "lfs" if item["size"] >= LFS_THRESHOLD or item["path"].endswith(".safetensors") else "regular"
            mode = auto if self.hub.upload_mode == "auto" else self.hub.upload_mode
            old = rp.commits[sha].get(item["path"])
            oid = None if old is None else hashlib.sha256(old).hexdigest() if mode == "lfs" else git_sha1(old)
            reply.append({"path": item["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return 200, {"files": reply}

    def xet_token(self, repo: str, kind: str, rev: str) -> Reply:
        if self.hub.xet_cas is None:
            return 404, b"no Xet storage here"
        exp = int(time.time()) + 3600
        head = {"X-Xet-Cas-Url": self.hub.xet_cas, "X-Xet-Access-Token": "xet", "X-Xet-Token-Expiration": str(exp)}
        return 200, {"casUrl": self.hub.xet_cas, "accessToken": "xet", "exp": exp}, head

    def lfs_batch(self, repo: str) -> Reply:
        out = []
        for item in json.loads(self.body)["objects"]:
            if item["oid"] not in self.hub.objects:
                upload = {"href": f"{self.hub.endpoint}/_lfs/{item['oid']}"}
                item["actions"] = {"upload": upload, "verify": {"href": f"{self.hub.endpoint}/_lfs/verify"}}
            out.append(item)
        return 200, {"transfer": "basic", "objects": out}

    def lfs_put(self, oid: str) -> Reply:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return 400, b"sha256 mismatch"
        self.hub.objects[oid] = self.body
        return 200, b""

    def lfs_verify(self) -> Reply:
        return (200, {}) if json.loads(self.body)["oid"] in self.hub.objects else (404, {})

    def commit(self, repo: str, rev: str) -> Reply:
        found = self.find(repo, rev)
        if not isinstance(found[0], Repo) or self.user() is None:
            return found if not isinstance(found[0], Repo) else self.error(403, "", "Forbidden")
        if self.user() in self.hub.readers:
            return self.error(403, "", "Forbidden: this token may only read")
        rp, sha = found
        files, message = dict(rp.commits[sha]), ""
        for line in filter(None, self.body.split(b"\n")):
            op = json.loads(line)
            key, value = op["key"], op["value"]
            if key == "header":
                message = value["summary"]
                if value.get("parentCommit") not in (None, sha):
                    return self.error(412, "", "A commit has happened since. Please refresh and try again.")
            elif key == "file":
                data = base64.b64decode(value["content"])
                files[value["path"]] = self.hub.objects[hashlib.sha256(data).hexdigest()] = data
            elif key == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    return self.error(400, "", f"LFS object {value['oid']} was not uploaded")
                files[value["path"]] = self.hub.objects[value["oid"]]
                rp.lfs_paths.add(value["path"])
            elif key == "deletedFile":
                files.pop(value["path"], None)
            elif key == "deletedFolder":
                files = {p: d for p, d in files.items() if not p.startswith(value["path"].rstrip("/") + "/")}
        reply = {"success": True}
        ref = rev if rev in rp.refs else "main"
        if urlsplit(self.path).query == "create_pr=1":
            number = 1 + sum(name.startswith("refs/pr/") for name in rp.refs)
            ref, reply["pullRequestUrl"] = f"refs/pr/{number}", f"{self.hub.endpoint}/{repo}/discussions/{number}"
        new = rp.commit(files, message, ref=ref)
        return 200, reply | {"commitOid": new, "commitUrl": f"{self.hub.endpoint}/{repo}/commit/{new}"}

    def tag(self, repo: str, rev: str) -> Reply:
        found = self.find(repo, rev)
        if not isinstance(found[0], Repo):
            return found
        name = json.loads(self.body)["tag"]
        if name in found[0].refs:
            return 409, {"error": f"Tag reference exists already: {name}"}
        found[0].refs[name] = found[1]
        return 200, {}

    def branch(self, repo: str, name: str) -> Reply:
        found = self.find(repo)
        if not isinstance(found[0], Repo):
            return found
        if name in found[0].refs:
            return 409, {"error": f"Reference already exists: {name}"}
        start = (json.loads(self.body or b"{}") or {}).get("startingPoint", "main")
        found[0].refs[name] = found[0].resolve(start) or ""
        return 200, {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--upload-mode", choices=["auto", "regular", "lfs"], default="auto")
    args = parser.parse_args()
    with HubServer(port=args.port, upload_mode=args.upload_mode) as hub:
        print(hub.endpoint, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
