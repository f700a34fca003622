"""What pydantic finds wrong, in Chinese; its own sentence with the figures follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAULTS: Final[Mapping[str, str]] = {
    "extra_forbidden": "未知的键",
    "missing": "缺少此键",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字",
    "literal_error": "不在可选值之内",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "less_than": "数值过大",
    "less_than_equal": "数值过大",
    "model_type": "应为一节（表）",
    "decimal_parsing": "应为数字",
    "decimal_type": "应为数字",
    "decimal_max_digits": "位数过多",
    "decimal_max_places": "小数至多两位",
    "decimal_whole_digits": "数值过大",
    "string_too_short": "不能为空",
    "string_too_long": "文字过长",
    "string_pattern_mismatch": "写法不对",
    "tuple_type": "应为列表",
    "list_type": "应为列表",
    "dict_type": "应为一节（表）",
    "too_short": "项数过少",
}
