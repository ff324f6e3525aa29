"""Fences: their shapes and what can be wrong with one, the index that finds them, and which were in force when."""

from motorcade.domain.geofence.fence import Fence, FenceDraft, VisitRules
from motorcade.domain.geofence.index import FenceSet

__all__ = ["Fence", "FenceDraft", "FenceSet", "VisitRules"]
