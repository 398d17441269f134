"""A few real clips, and what the default weights make of them."""

from .archive import demo_action_names as demo_action_names
from .archive import demo_people as demo_people
from .archive import load_demo_clips as load_demo_clips

__all__ = ["demo_action_names", "demo_people", "load_demo_clips"]
