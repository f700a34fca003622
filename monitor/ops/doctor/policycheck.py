"""Which policy is in force, and from where."""

from __future__ import annotations

from monitor.ops.doctor.finding import Finding, bad, good
from monitor.supervision.policies import Policies


def check_policy(held: Policies) -> Finding:
    """Bad where a newer version in the store cannot be used: an older one stands."""
    found, own = held.current, held.settings.policy.version
    if found.source == "store":
        where = f"库中第 {found.number} 版为准 version {found.number} of the store holds"
        if own != found.version:
            where += f"，配置文件的不用 the file's own, {own}, is not used"
    else:
        where = "以配置文件为准，库中没有更改 the configuration file holds, nothing was changed in the store"
    if found.broken:
        worst = found.broken[0]
        return bad(
            "policy",
            f"第 {worst.number} 版不可用 version {worst.number} cannot be used: {worst.why}; "
            f"现行 in force: {found.version}",
            "jiancha policy change --from present --set KEY=VALUE --reason … (或在 /policy 更改 or at /policy)",
        )
    return good("policy", f"{found.version}: {where}")
