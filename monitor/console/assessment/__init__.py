"""Assessment (考评) over HTTP: `/api/v1/assessment/…`; a module a group, as its pages are."""
