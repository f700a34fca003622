"""Sealing the audit (封印) and verifying it: `jiancha audit …` (DESIGN §1E, §10; docs/adr/0022)."""
