"""Who does the work of one index on more than one machine? (extra: ray)."""

from colmodern.cluster.ray_runner import RayRunner

__all__ = ["RayRunner"]
