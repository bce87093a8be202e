"""From a scenario to the compiled model: the only place that knows both.

Names become indices, days become months, quantities become numbers. Nothing clinical is decided here. Each module
compiles what one part of `sim.model.parts` describes; `model` puts them together.
"""

from __future__ import annotations

from sim.build.model import compile_model

__all__ = ["compile_model"]
