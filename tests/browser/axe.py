"""axe-core over a page: what it violates of WCAG 2.1 A and AA, and of what axe calls best practice.

axe comes into the page by the debugger (`page.evaluate`), which is above the page's content policy: the policy stays
as it is served, and what is examined is what people get.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from tests.webtools import web_tools

TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
LEFT_OUT: Final[dict[str, str]] = {}
"""Rules that do not apply to a whole kind of page: rule → reason. None needed so far."""
RUN: Final = """async ([tags, off]) => {
  const rules = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
  const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, rules, resultTypes: ['violations'] });
  const at = (node) => [node.target.join(' '), node.failureSummary];
  return found.violations.map((one) => [one.id, one.help, one.nodes.map(at)]);
}"""


@cache
def source() -> str:
    """axe itself, for `wholepage.prepare`."""
    return (web_tools() / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any) -> list[str]:
    """One line a rule that is broken: rule, what it wants, where, and why, for the first places."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(source())
    told = []
    for rule, wants, nodes in page.evaluate(RUN, [list(TAGS), list(LEFT_OUT)]):
        where = "; ".join(f"{target} ({' '.join(why.split())[:160]})" for target, why in nodes[:4])
        told.append(f"axe {rule}: {wants}: {len(nodes)}× {where}")
    return told
