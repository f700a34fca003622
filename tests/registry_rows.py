"""A small hall as its operator would write it down, for tests of imports."""

from __future__ import annotations

from typing import Final

HALL_TOML: Final = """
[[halls]]
id = "h1"
name = "政务服务大厅"
attendance = "tongshan"

[[units]]
id = "tax"
hall = "h1"
name = "税务局"
head = "s01"

[[windows]]
id = "w01"
hall = "h1"
unit = "tax"
name = "综合窗口"
lead = "s01"
requires_duty = true

[[windows]]
id = "w02"
unit = "tax"

[[staff]]
id = "s01"
unit = "tax"
name = "张三"
role = "window"
contacts = ["mailto:zhang@example.com", "wecombot://key,1"]

[[staff]]
id = "s02"
unit = "tax"
name = "李四"

[[posts]]
window = "w01"
staff = "s01"
rank = "A"
from = 2026-01-01
to = 2027-01-01

[[posts]]
window = "w01"
staff = "s02"
rank = "B"

[[items]]
id = "licence"
unit = "tax"
name = "许可"
promised = 5
statutory = 20
from = 2026-01-01

[[items]]
id = "licence"
promised = 3.5
unit_of_time = "workhour"
from = 2026-07-01

[[devices]]
id = "t1"
kind = "terminal"
hall = "h1"
serves = ["*"]

[[devices]]
id = "e1"
kind = "evaluator"
window = "w01"
channels = ["rating"]
watermark = "events"
namespace = "sp"
"""
"""One unit, two windows, two people, an item in two versions, two devices."""
