"""What a measurement was made on: processor, memory, load, versions, commit."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from skelrep._version import __version__

SIMD = ("avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "neon", "asimd", "sve")
ENGINES = ("onnxruntime", "openvino", "triton")
ROOT = Path(__file__).parents[1]


def machine(threads: int) -> dict[str, Any]:
    """Processor, cores, instructions, memory, and what else was running."""
    cpuinfo = read("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    family = re.search(r"cpu family\s*: (\d+)\nmodel\s*: (\d+)", cpuinfo)
    flags = re.search(r"(?:flags|Features)\s*: (.*)", cpuinfo)
    memory = re.search(r"MemTotal:\s*(\d+) kB", read("/proc/meminfo"))
    present = flags[1].split() if flags else []
    return {
        "cpu": model[1] if model else platform.processor(),
        "family_model": "/".join(family.groups()) if family else "",
        "cores": os.cpu_count(),
        "simd": [flag for flag in SIMD if flag in present],
        "torch_capability": torch.backends.cpu.get_cpu_capability(),
        "memory_gb": round(int(memory[1]) / 2**20, 1) if memory else None,
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "threads": threads,
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Python, torch, numpy, skelrep, and the engines that are here."""
    found = {"python": platform.python_version(), "skelrep": __version__}
    for name in ("torch", "numpy", *ENGINES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def stamp() -> dict[str, Any]:
    """Command, date, and the commit with a mark where the tree differs from it."""
    commit = git("rev-parse", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no")
    return {
        "command": " ".join(["python", *sys.argv]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": (commit + (" and changes" if changed else "")) or None,
    }


def available_memory() -> int | None:
    """Bytes that a new process could use, where the system tells."""
    found = re.search(r"MemAvailable:\s*(\d+) kB", read("/proc/meminfo"))
    return int(found[1]) * 1024 if found else None


def read(path: str) -> str:
    try:
        return Path(path).read_text()
    except FileNotFoundError:
        return ""


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
