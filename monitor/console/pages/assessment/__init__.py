"""The pages of assessment (考评): scores, ledgers, closing, rule book, and the cycle's work; a module a group."""
