"""Retention (保存期限): what goes and what stays, the run in short steps, and the proof afterwards (DESIGN §1F)."""
