"""`make scale`: a province on one machine, measured, and a model of what more halls need (docs/scaling.md)."""
