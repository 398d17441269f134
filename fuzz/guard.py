"""What a reader must not do while it reads a hostile file, and what happens when it does.

Python reports every file that is opened, process started, socket connected and text executed to an audit
hook, in whatever library it happens; the hook stops what is not allowed before it takes place.
"""

from __future__ import annotations

import collections
import contextlib
import os
import resource
import signal
import sys
import sysconfig
import typing
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

CPU_SECONDS = 5.0  # an input of at most 64 KiB has no right to more
MEMORY = 512 << 20  # bytes beyond what the process has before the first input

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen",
    "pty.spawn",
    "socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request", "ctypes.dlopen",
    "pickle.find_class",
    "marshal.load", "os.chown", "os.symlink", "os.link", "os.putenv", "os.unsetenv", "os.chdir",
    "shutil.rmtree",
)  # fmt: skip
CHANGING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "os.utime")
# Where Python itself reads: modules on their first use, sources for a traceback.
OWN_ROOTS = tuple({
    *(str(Path(path).resolve()) for path in sysconfig.get_paths().values()),
    *(str(Path(__file__).resolve().parents[1] / name) for name in ("skelrep", "fuzz", "tests")),
    "/usr/lib", "/lib", "/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/sys", "/dev/null", "/dev/urandom",
})  # fmt: skip


class Breach(BaseException):
    """Something that must not happen happened; not an `Exception`, so that no reader swallows it."""


class _State:
    """What is allowed at the moment; nothing is watched outside `watched`."""

    folder: str | None = None
    may_write = False
    breaches: list[str] = []  # noqa: RUF012 - one for the process, as the hook is
    installed = False


@contextlib.contextmanager
def watched(folder: Path, *, may_write: bool) -> Iterator[None]:
    """Watch the block: it may read under `folder`, and write there only if `may_write`.

    Raises:
        Breach: it did something else, even where the reader caught the first report of it.
    """
    if not _State.installed:
        sys.addaudithook(_hook)  # for good: Python knows no way to take one out
        _State.installed = True
    _State.breaches.clear()
    _State.folder, _State.may_write = str(folder.resolve()), may_write
    try:
        yield
    finally:
        _State.folder = None
    if _State.breaches:
        raise Breach(_State.breaches[0])


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _State.folder is None:
        return
    problem = _problem(event, arguments)
    if problem:
        _State.breaches.append(problem)
        raise Breach(problem)


def _problem(event: str, arguments: tuple[Any, ...]) -> str:
    if event == "open":
        return _opened(arguments[0], arguments[2] or 0)
    if event in FORBIDDEN:
        return f"{event} {str(arguments)[:200]}"
    if event == "exec" and _is_text(arguments[0]):
        return f"executed text {arguments[0].co_names[:5]}"
    if event in CHANGING and not (_State.may_write and _inside(arguments[0])):
        return f"{event} {str(arguments)[:200]}"
    return ""


def _is_text(code: object) -> bool:
    """Whether text is executed that is no annotation and no namedtuple of a module on its first use."""
    if not isinstance(code, CodeType) or not code.co_filename.startswith("<string"):
        return False
    return sys._getframe(3).f_code.co_filename not in (typing.__file__, collections.__file__)


def _opened(path: object, flags: int) -> str:
    if not isinstance(path, str | bytes):
        return ""
    if _inside(path):
        return f"wrote {path!r}" if flags & WRITING and not _State.may_write else ""
    where = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - Path.resolve would ask the disk for each
    if flags & WRITING or not where.startswith(OWN_ROOTS):
        return f"opened {path!r}, outside of its folder"
    return ""


def _inside(path: object) -> bool:
    if not isinstance(path, str | bytes) or _State.folder is None:
        return False
    return f"{os.path.realpath(os.fsdecode(path))}/".startswith(f"{_State.folder}/")


def limit_memory() -> None:
    """Let this process grow by `MEMORY` and no further: a bomb becomes a `MemoryError`."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextlib.contextmanager
def timed() -> Iterator[None]:
    """Stop the block after `CPU_SECONDS` of processor time (not of a busy machine's clock)."""
    previous = signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise Breach(f"took more than {CPU_SECONDS} s")


def peak_memory() -> int:
    """Largest resident size of this process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
