"""From ragged recordings to network input: resize, bone lengths, centring, alignment; batched, any device.

Axes: S frames of all clips one after another, N clips, C=3 coordinates, T frames, V=25 joints, M bodies of a
clip, B bodies of all clips. Points keep their coordinates on the last axis; in memory the coordinates are
three planes, so that every step runs over long rows of joints.
"""

from .align import align_each_clip as align_each_clip
from .align import align_each_frame as align_each_frame
from .align import centre as centre
from .align import rotate_about_y as rotate_about_y
from .bones import bone_matrix as bone_matrix
from .bones import path_matrix as path_matrix
from .bones import rebuild as rebuild
from .bones import set_bone_lengths as set_bone_lengths
from .pipeline import FAITHFUL_BODIES as FAITHFUL_BODIES
from .pipeline import gather_frames as gather_frames
from .pipeline import normalise_bodies as normalise_bodies
from .pipeline import preprocess as preprocess
from .pipeline import preprocess_arrays as preprocess_arrays
from .pipeline import preprocess_frames as preprocess_frames
from .pipeline import preprocess_gathered as preprocess_gathered
from .resize import resize as resize
