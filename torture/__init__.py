"""`make torture`: a simulated hall's days with faults, against the same days without (docs/reliability.md)."""
