"""The guide (docs/guide) executed: its pages read, a room that stands for the machine they install, its programs."""
