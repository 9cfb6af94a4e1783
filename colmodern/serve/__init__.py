"""Who asks from outside? Search with evidence over HTTP, for programs, people and agents."""

from __future__ import annotations

from colmodern.serve.config import ServeConfig

__all__ = ["ServeConfig"]
