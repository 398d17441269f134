"""Pictures of clips, vectors and trainings; the extra ``viz`` brings what they need."""

from .animate import save_animation as save_animation
from .curves import plot_curves as plot_curves
from .map import map_vectors as map_vectors
from .map import plot_map as plot_map
from .multiples import plot_clips as plot_clips
from .neighbours import Neighbourhood as Neighbourhood
from .neighbours import plot_neighbours as plot_neighbours
from .page import save_page as save_page
from .skeleton import draw_clip as draw_clip
from .skeleton import plot_clip as plot_clip
from .skeleton import save_figure as save_figure

__all__ = [
    "Neighbourhood",
    "draw_clip",
    "map_vectors",
    "plot_clip",
    "plot_clips",
    "plot_curves",
    "plot_map",
    "plot_neighbours",
    "save_animation",
    "save_figure",
    "save_page",
]
