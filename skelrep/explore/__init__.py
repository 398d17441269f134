"""The atlas: all clips of a folder as one page to look at, without a server and without a network.

vectors -> map (`project`), groups (`clusters`), neighbours; clips -> motions in few bytes (`motion`, `pack`);
all of it as data (`payload`) in one page (`page`), whose style and scripts are the files of `web/`.
"""

from .atlas import AtlasFile as AtlasFile
from .atlas import atlas as atlas

__all__ = ["AtlasFile", "atlas"]
