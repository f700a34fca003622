"""The policy and its versions as plain values: for the API, the command line and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from monitor.model import DEFAULT_ZONE
from monitor.settings import Policy, load_policy, policy_presets
from monitor.supervision.policies import Policies, Version
from monitor.supervision.policykeys import Key, every_key, values_of
from monitor.supervision.views import stamp
from monitor.wording.policykeys import meaning

ZONE = ZoneInfo(DEFAULT_ZONE)
"""The policy is of no hall."""


def preset_of(policy: Policy) -> str:
    """The preset that it is measured by: the one of its name, else the default."""
    return policy.name if policy.name in policy_presets() else "default"


def keys_json(policy: Policy, section: str | None = None) -> list[dict[str, Any]]:
    """Every key, with the value that its preset has and the default."""
    values, default = values_of(policy), values_of(Policy())
    preset = values_of(load_policy(preset_of(policy)))
    return [
        {
            **_key_json(key),
            "value": values[key.name],
            "default": default[key.name],
            "preset": preset[key.name],
            "differs": values[key.name] != preset[key.name],
        }
        for key in every_key()
        if section in (None, key.section)
    ]


def _key_json(key: Key) -> dict[str, Any]:
    return {
        "key": key.name,
        "unit": key.unit or None,
        "allowed": key.allowed or ", ".join(key.options) or None,
        "rows": list(key.rows),
        "meaning": meaning(key.name, key.meaning),
    }


def policy_json(held: Policies, section: str | None = None) -> dict[str, Any]:
    found = held.current
    return {
        "version": found.version,
        "number": found.number,
        "source": found.source,
        "since": stamp(found.since, ZONE),
        "actor": found.actor,
        "file": held.settings.policy.version,
        "preset": preset_of(found.policy),
        "broken": [{"number": b.number, "why": b.why} for b in found.broken],
        "keys": keys_json(found.policy, section),
    }


def version_json(one: Version) -> dict[str, Any]:
    return {
        "number": one.number, "version": one.version, "source": one.source, "base": one.base, "actor": one.actor,
        "at": stamp(one.at, ZONE), "reason": one.reason, "fault": one.fault,
        "changed": [{"key": key, "before": before, "after": after} for key, before, after in one.changed],
    }  # fmt: skip


def compared_json(left: Policy, right: Policy) -> dict[str, Any]:
    """Two side by side, only the keys that differ."""
    one, other = values_of(left), values_of(right)
    keys: Mapping[str, Key] = {key.name: key for key in every_key()}
    return {
        "left": left.version,
        "right": right.version,
        "keys": [
            {**_key_json(keys[name]), "left": one[name], "right": other[name]}
            for name in one
            if one[name] != other[name]
        ],
    }
