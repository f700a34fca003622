"""From stored rows to the facts that rules judge on; one file a domain, `look` holds what they share."""
