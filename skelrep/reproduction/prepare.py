"""What a reproduction will read, write and take, told before it starts."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from ..config import Recipe
from ..datasets import Inventory
from ..errors import OutputError
from .recording import FRAME_BYTES, RecordingReader

SAMPLE = 5  # files that are read to tell the size and time of all
OTHER_BYTES = 2**29  # checkpoints, which hold the queues
BYTES_A_CLIP = 4 * (2 * 768 + 32 * 2 * 75)  # two encoders' vectors, and raw joints


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """A split as it lies on this machine.

    Attributes:
        train_files, test_files, missing: raw files of both sides; files that the data set lists as missing.
        bytes: size of the raw files.
        disc_bytes: about how much the run will take at its fullest.
        reading_seconds: about how long the raw files take to read.
    """

    train_files: int
    test_files: int
    missing: int
    bytes: int
    disc_bytes: int
    reading_seconds: float

    def text(self) -> str:
        """In a line."""
        return (
            f"{self.train_files} training and {self.test_files} test files ({size_text(self.bytes)}); the "
            f"run takes up to {size_text(self.disc_bytes)} of disc, and about "
            f"{time_text(self.reading_seconds)} to read the files"
        )


def prepare(inventory: Inventory, recipe: Recipe) -> Preparation:
    """Judge the whole from a few files, evenly spaced.

    Raises:
        FormatError: one of them is damaged.
    """
    reader = RecordingReader(inventory, recipe)
    sample = inventory.files[:: max(1, len(inventory.files) // SAMPLE)]
    began = time.perf_counter()
    clips = [clip for path in sample for clip in reader.read(path).clips]
    seconds = time.perf_counter() - began
    stored = FRAME_BYTES * sum(clip.data.shape[1] for clip in clips)
    share = inventory.bytes / max(1, sum(path.stat().st_size for path in sample))
    # Twice: the store is written from what was gathered, which is removed afterwards.
    disc = 2 * stored * share + len(clips) * len(inventory.files) / len(sample) * BYTES_A_CLIP + OTHER_BYTES
    return Preparation(
        train_files=len(inventory.train),
        test_files=len(inventory.test),
        missing=inventory.missing,
        bytes=inventory.bytes,
        disc_bytes=round(disc),
        reading_seconds=seconds * share,
    )


def check_space(folder: Path, need: int) -> None:
    """Refuse to begin what the disc cannot hold.

    Raises:
        OutputError: less is free where `folder` is or will be.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < need:
        raise OutputError(
            f"output_dir {folder} has {size_text(free)} free, and this run takes up to {size_text(need)}. "
            "Make room, or pass a folder on another disc."
        )


def size_text(count: float) -> str:
    """Bytes in words.

    Example:
        >>> size_text(5_400_000_000), size_text(2_000_000)
        ('5.4 GB', '2 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def time_text(seconds: float) -> str:
    """Seconds in words.

    Example:
        >>> time_text(7200), time_text(600), time_text(3)
        ('2.0 hours', '10 minutes', '3 seconds')
    """
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
