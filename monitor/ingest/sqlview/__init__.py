"""Case feeds by a view (办件视图): a read-only poller for approval systems that offer nothing else; ADR 0012."""

from __future__ import annotations

from monitor.ingest.sqlview.poll import BadView, Feed, Polled, open_feed, poll
from monitor.ingest.sqlview.runner import FeedRunner
from monitor.ingest.sqlview.source import SourceAway

__all__ = ["BadView", "Feed", "FeedRunner", "Polled", "SourceAway", "open_feed", "poll"]
