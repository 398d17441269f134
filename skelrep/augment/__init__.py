"""Random crops of preprocessed clips, a whole batch at a time, from one explicit generator.

Everything is drawn on the CPU, so that a seed gives the same crops on every device. `draws.py` says what is
random, `crops.py` makes the crops; the changes themselves are in `body.py` (joints), `timing.py` (frames),
`space.py` (coordinates) and `motion.py` (a joint's way through time).
"""

from .body import mirror as mirror
from .body import mix_lower_bodies as mix_lower_bodies
from .body import scale_bones as scale_bones
from .crops import augment as augment
from .draws import Draws as Draws
from .draws import draw as draw
from .motion import add_drift as add_drift
from .motion import scale_motion as scale_motion
from .space import rotate as rotate
from .space import shear as shear
from .space import tilt as tilt
from .timing import temporal_crop as temporal_crop
from .timing import warp_time as warp_time

__all__ = [
    "Draws", "add_drift", "augment", "draw", "mirror", "mix_lower_bodies", "rotate", "scale_bones",
    "scale_motion", "shear", "temporal_crop", "tilt", "warp_time",
]  # fmt: skip
