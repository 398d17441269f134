"""A few real clips, and what a model makes of them."""

from .archive import demo_action_names as demo_action_names
from .archive import demo_people as demo_people
from .archive import load_demo_clips as load_demo_clips
from .demo import Demo as Demo
from .demo import describe_demo as describe_demo
from .demo import draw_demo as draw_demo
from .demo import nearest_neighbours as nearest_neighbours
from .demo import run_demo as run_demo

__all__ = [
    "Demo",
    "demo_action_names",
    "demo_people",
    "describe_demo",
    "draw_demo",
    "load_demo_clips",
    "nearest_neighbours",
    "run_demo",
]
