"""The atlas: all clips of a folder as one page to look at, without a server and without a network.

vectors -> map (`project`, by `viz.reduce`), groups (`clusters`), neighbours (`index.neighbours`);
clips -> motions in few bytes (`motion`, `pack`); all of it as data (`payload`) in one page (`page`), whose
style and scripts are the files of `web/`.

The room is called after what one does with the page: a room called `atlas` would hide the function
`skelrep.atlas`, since importing it sets that name in the package.
"""

from .atlas import AtlasFile as AtlasFile
from .atlas import atlas as atlas

__all__ = ["AtlasFile", "atlas"]
