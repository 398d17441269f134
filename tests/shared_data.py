"""Where the project's shared folder lies, if it lies anywhere; and reference weights as our state dicts."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
PARITY = SHARED / "parity"
needs_parity = pytest.mark.skipif(not PARITY.is_dir(), reason="../shared/parity is not here")
needs_shared_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="../shared/data is not here")
