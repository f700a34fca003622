"""Backup and restore (备份与恢复): every row of one moment in one file, proven by reading it back (docs/adr/0011)."""
