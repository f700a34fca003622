"""Requests with approval over the real app: filed, decided step by step, and what comes of them."""

from __future__ import annotations
