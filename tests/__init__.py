"""Tests; a package, so that no other `tests` that a dependency installs is taken for it."""
