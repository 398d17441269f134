"""Pictures of clips; the extra ``viz`` brings matplotlib."""

from .neighbours import Neighbourhood as Neighbourhood
from .neighbours import plot_neighbours as plot_neighbours
from .skeleton import draw_clip as draw_clip
from .skeleton import plot_clip as plot_clip
from .skeleton import save_figure as save_figure

__all__ = ["Neighbourhood", "draw_clip", "plot_clip", "plot_neighbours", "save_figure"]
