"""Fences: their shapes and what can be wrong with one, the index that finds them, and which were in force when."""

from motorcade.domain.geofence.fence import Fence, FenceDraft, FenceSet, VisitRules

__all__ = ["Fence", "FenceDraft", "FenceSet", "VisitRules"]
