"""Watching windows by camera (岗位视频巡查): frames, regions, detectors, and what they mean (docs/watcher.md, ADR 31).

`regions`, `views` and `presence` decide and are pure; `frames`, `picture`, `detectors`, `scene` and `drawing` hold
OpenCV and belong to the extra `faces`. No picture leaves this folder but the installer's snapshot.
"""
