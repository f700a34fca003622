"""The words of the vocabularies, (Chinese, English) each: levels, verdicts, rules, steps of a count, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Texts: TypeAlias = tuple[str, str]
"""(Chinese, English)"""

LEVELS: Final[Mapping[str, Texts]] = {
    "reminder": ("预警", "reminder"),
    "yellow": ("黄牌", "yellow card"),
    "red": ("红牌", "red card"),
}

OUTCOMES: Final[Mapping[str, Texts]] = {
    "pending": ("待判定", "pending"),
    "ok": ("正常", "in order"),
    "late": ("逾时", "late"),
    "early": ("早退", "left early"),
    "excused": ("免责", "excused"),
    "reminder": ("预警", "reminder"),
    "yellow": ("黄牌", "yellow card"),
    "red": ("红牌", "red card"),
    "unknown": ("未知", "unknown"),
    "unproven": ("不予认定", "not proven"),
    "review": ("待复核", "to be reviewed"),
    "unwatched": ("未监测", "not watched"),
    "merged": ("已并入", "merged"),
    "closed": ("已结束", "closed"),
}

RULES: Final[Mapping[str, Texts]] = {
    "case.limit": ("办件超期", "Case past its limit"),
    "case.immediate": ("即办件未当场办结", "Immediate case left open"),
    "case.notice": ("未一次性告知", "No answer to a receipt"),
    "case.stage": ("环节超时", "Stage past its limit"),
    "case.pause": ("特别程序超时", "Pause longer than planned"),
    "case.delivery": ("送达超时", "Result not delivered"),
    "task.due": ("交办事项到期", "Task due"),
    "complaint.due": ("投诉到期", "Complaint due"),
    "order.reply": ("督办回复", "Supervision order to be answered"),
    "order.promise": ("承诺时间已过", "Promised time passed"),
    "checkin.slot": ("考勤异常", "Missed check-in"),
    "post.empty": ("窗口无人在岗", "Window empty"),
    "rating.bad": ("差评", "Bad rating"),
    "device.silent": ("设备失联", "Device silent"),
    "device.skew": ("设备时钟偏差", "Device clock wrong"),
    "calendar.missing": ("次年放假安排未导入", "Next year's calendar missing"),
    "feed.backlog": ("设备数据积压", "Device data held back"),
    "feed.incomplete": ("数据源未报办结", "Source sends no completions"),
    "unknown.stale": ("长时间无法判定", "Unknown for too long"),
    "case.events": ("办件记录矛盾", "Contradictory case record"),
    "task.events": ("交办记录矛盾", "Contradictory task record"),
    "attendance.sum": ("考勤扣分累计达标", "Attendance points reached the limit"),
    "absence.person": ("旷工达取消评优次数", "Absences that lose the award"),
    "absence.return": ("旷工达退回天数", "Absences that send back to the unit"),
    "absence.window": ("窗口当月旷工", "Absences at a window in a month"),
    "conduct.month": ("当月违反工作纪律合计", "Breaches of discipline in a month"),
}

EVENTS: Final[Mapping[str, Texts]] = {
    "issued": ("发牌", "issued"),
    "upgraded": ("升级", "upgraded"),
    "lowered": ("降级", "lowered"),
    "corrected": ("更正", "corrected"),
    "cleared": ("情形消除", "cleared"),
    "resumed": ("情形再现", "resumed"),
    "acknowledged": ("签收", "acknowledged"),
    "answered": ("回复", "answered"),
    "sent_back": ("退回重报", "sent back"),
    "ordered": ("督办", "ordered"),
    "verified": ("核实", "verified"),
    "rectified": ("整改", "rectified"),
    "called_back": ("回访", "called back"),
    "attributed": ("责任认定", "attributed"),
    "appealed": ("申诉", "appealed against"),
    "upheld": ("复核维持", "upheld"),
    "closed": ("办结", "closed"),
    "withdrawn": ("撤牌", "withdrawn"),
}

ORDER_KINDS: Final[Mapping[str, Texts]] = {
    "on_site": ("现场督办", "on site"),
    "meeting": ("会议集中督办", "by meeting"),
    "instruction": ("领导批示督办", "by a leader's instruction"),
    "media": ("媒体跟踪督办", "followed by the media"),
}
FOLLOW_UPS: Final[Mapping[str, Texts]] = {
    "founded": ("属实，待整改", "founded, to be rectified"),
    "rectified": ("已整改，待回访", "rectified, the call-back is due"),
    "called_back": ("已回访", "called back"),
    "misjudged": ("误评，不采信", "misjudged, set aside"),
    "malicious": ("恶意评价，不采信", "malicious, set aside"),
}
APPEALS: Final[Mapping[str, Texts]] = {
    "pending": ("申诉待复核", "appeal pending"),
    "upheld": ("复核维持", "upheld"),
    "granted": ("申诉成立", "granted"),
}
RESULTS: Final[Mapping[str, Texts]] = {
    "rectified": ("已整改", "rectified"),
    "explained": ("说明成立", "explained"),
    "founded": ("属实", "founded"),
    "unfounded": ("不属实", "unfounded"),
    "other": ("其他", "other"),
}

STATES: Final[Mapping[str, Texts]] = {
    "open": ("待签收", "open"),
    "acknowledged": ("已签收", "acknowledged"),
    "answered": ("已回复", "answered"),
    "closed": ("已办结", "closed"),
    "withdrawn": ("已撤牌", "withdrawn"),
}

STEPS: Final[Mapping[str, Texts]] = {
    "hours": ("按工作时间计", "counted in working time"),
    "counted": ("工作日，计入", "working day, counted"),
    "calendar_day": ("自然日，计入", "calendar day, counted"),
    "make_up_day": ("调休上班日，计入", "make-up working day, counted"),
    "special_hours": ("另定工作时间，计入", "special hours, counted"),
    "rota": ("轮班上班日，计入", "rota working day, counted"),
    "provisional": ("放假安排未公布，暂计入", "year not published yet, counted provisionally"),
    "start_day": ("起算当日，不计入", "day of the start, not counted"),
    "after_hours": ("非工作时间开始，不计入", "began outside hours, not counted"),
    "weekend": ("周末，不计入", "weekend, not counted"),
    "closed": ("不办公，不计入", "closed, not counted"),
    "holiday": ("法定节假日，不计入", "public holiday, not counted"),
    "own_closure": ("本厅停办，不计入", "closed by the hall, not counted"),
    "moved": ("末日非工作日，顺延", "last day is no working day, moved on"),
    "pause": ("中止期间，不计入", "paused, not counted"),
}
"""`why` of a working-time step; `holiday:NAME` carries the holiday's own name."""

HOLIDAYS: Final[Mapping[str, str]] = {
    "元旦": "New Year",
    "春节": "Spring Festival",
    "除夕": "Spring Festival Eve",
    "农历除夕": "Spring Festival Eve",
    "清明": "Tomb-Sweeping Day",
    "清明节": "Tomb-Sweeping Day",
    "劳动节": "Labour Day",
    "端午": "Dragon Boat Festival",
    "端午节": "Dragon Boat Festival",
    "中秋": "Mid-Autumn Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}

QUARANTINE: Final[Mapping[str, Texts]] = {
    "malformed": ("内容不合规范", "the payload does not keep to the contract"),
    "unknown_channel": ("通道不存在", "no such channel"),
    "unknown_device": ("设备未登记", "the device is not in the registry"),
    "unknown_ref": ("引用的窗口、人员或事项未登记", "a window, person or item that the registry does not know"),
    "not_allowed": (
        "设备无权使用该通道，或无权代表其他大厅",
        "the device may not use this channel, or not speak for another hall",
    ),
    "future": ("时间晚于收到时间", "its time lies in the future"),
    "retained": ("保留消息，不是新事件", "a retained message is no new event"),
    "too_large": ("内容超过大小上限", "the payload is too large"),
    "conflict": ("编号相同而内容不同", "same id, other content"),
}

EMPTY_HANDED: Final[Mapping[str, Texts]] = {
    "empty_row": ("空行", "an empty row"),
    "header_again": ("又一行表头", "the header once more"),
    "no_event": ("按映射无事件可读", "the map reads no event in it"),
}
"""Rows of a case log that hold nothing for its map; beside QUARANTINE, what a row is refused for."""

KINDS: Final[Mapping[str, Texts]] = {
    "case": ("办件", "case"),
    "task": ("交办事项", "task"),
    "slot": ("考勤时段", "check-in slot"),
    "post": ("窗口在岗", "post"),
    "rating": ("评价", "rating"),
    "order": ("督办", "supervision order"),
    "device": ("设备", "device"),
    "source": ("数据源", "source"),
    "hall": ("大厅", "hall"),
    "calendar": ("日历", "calendar"),
    "tally": ("考勤累计", "attendance tally"),
    "staff": ("人员", "person"),
    "window": ("窗口", "window"),
    "unit": ("单位", "unit"),
}

SLOTS: Final[Mapping[str, Texts]] = {
    "am_in": ("上午签到", "morning in"),
    "am_out": ("上午签退", "morning out"),
    "noon_in": ("中午签到", "noon in"),
    "pm_in": ("下午签到", "afternoon in"),
    "pm_out": ("下午签退", "afternoon out"),
}

ROLES: Final[Mapping[str, Texts]] = {
    "duty_supervisor": ("值班监察员", "duty supervisor"),
    "supervision_head": ("监察负责人", "supervision head"),
    "personnel": ("人事", "personnel office"),
    "unit_head": ("单位负责人", "unit head"),
    "window_lead": ("窗口负责人", "window lead"),
    "staff": ("工作人员", "staff"),
    "auditor": ("审计员", "auditor"),
    "administrator": ("管理员", "administrator"),
    "device_token": ("设备令牌", "device token"),
    "operator": ("大厅令牌", "hall token"),
    "local": ("本机", "this machine"),
}

ACTIONS: Final[Mapping[str, Texts]] = {
    "events:write": ("上报事件", "send events"),
    "plans:write": ("报备计划", "import plans"),
    "cards:read": ("查看牌", "read cards"),
    "cards:acknowledge": ("签收", "acknowledge cards"),
    "cards:answer": ("回复", "answer cards"),
    "cards:close": ("办结牌", "close cards"),
    "cards:order": ("督办", "order a supervision"),
    "cards:attribute": ("认定责任", "confirm who answers"),
    "cases:read": ("查看办件与统计", "read cases and statistics"),
    "ratings:read": ("查看评价与满意度", "read ratings and satisfaction"),
    "ratings:collect": ("制作评价链接和触摸屏", "make links and touch screens for ratings"),
    "rating": ("作为触摸屏接收评价", "take ratings as a touch screen"),
    "devices:read": ("查看设备与隔离", "read devices and quarantine"),
    "devices:lose": ("声明设备数据丢失", "declare a device's data lost"),
    "quarantine:write": ("重放或放弃隔离数据", "replay or dismiss what is in quarantine"),
    "posts:check": ("下达和登记抽查", "order and record spot checks"),
    "cards:follow": ("核实、回访差评", "follow up bad ratings"),
    "cards:issue": ("人工发牌", "issue cards by hand"),
    "cards:appeal": ("申诉", "appeal"),
    "cards:review": ("复核申诉", "decide appeals"),
    "alerts:silence": ("静默告警", "silence alerts"),
    "attendance:read": ("查看考勤与在岗", "read attendance and posts"),
    "requests:file": ("提交申请", "file requests"),
    "requests:decide": ("审批申请", "approve or refuse requests"),
    "attendance:close": ("签核关账", "sign a month of attendance off"),
    "faces:gallery": ("取人脸比对库", "fetch the gallery of a terminal"),
    "faces:write": ("登记、比对、删除人脸", "enrol, compare and forget faces"),
    "faces:review": ("复核疑似签到", "decide check-ins in doubt"),
    "scores:read": ("查看考评", "read assessment"),
    "scores:mark": ("考评登记", "enter deductions, bonuses, patrols and talks"),
    "scores:confirm": ("查实确认", "confirm or reject what is proposed"),
    "scores:close": ("考评结账", "sign a period of assessment off"),
    "scores:book": ("修改考评细则", "change the rule book"),
    "scores:self": ("提交自评", "hand in a window's self-assessment"),
    "scores:appeal": ("申请考评复核", "ask for a review of an assessment"),
    "scores:review": ("复核考评", "decide a review of an assessment"),
    "pins:write": ("设置、清除签到密码", "set and clear PINs of staff"),
    "kiosk": ("作为签到终端接收签到", "take check-ins as a kiosk"),
    "audit:read": ("查看审计", "read the audit trail"),
    "people:write": ("管理人员与令牌", "change people and tokens"),
    "settings:read": ("查看设置", "read settings"),
    "alerts:test": ("发送测试通知", "send test messages"),
    "notices:write": ("拟写公告", "write notices"),
    "notices:release": ("发布公告", "release notices"),
    "operations:read": ("查看运行", "read how the daemon does"),
    "screen": ("作为电子显示屏", "show the public screen"),
    "settings:write": ("管理设置", "change settings"),
}

REACHES: Final[Mapping[str, Texts]] = {
    "hall": ("所辖大厅", "its halls"),
    "unit": ("本单位", "its units"),
    "window": ("所负责的窗口", "its windows"),
    "device": ("令牌所列设备", "the token's devices"),
    "own": ("本人", "one's own"),
}

LEAVES: Final[Mapping[str, Texts]] = {
    "official": ("公假", "official leave"),
    "personal": ("事假", "personal leave"),
    "sick": ("病假", "sick leave"),
    "annual": ("年休假", "annual leave"),
    "other": ("其他假", "other leave"),
    "trip": ("出差", "business trip"),
    "lieu": ("补休", "time off in lieu"),
}

PLANS: Final[Mapping[str, Texts]] = {
    "leave": (
        "请假（公假、事假、病假、年休假、其他）",
        "leave by kind, with who approved it and when it was handed in",
    ),
    "substitutes": ("代岗", "who stands in at a window, and the letter"),
    "outings": ("临时外出", "short outings; so much of one counts as the policy says"),
    "overtime": ("预约加班", "overtime as booked"),
    "rota": ("值班、轮班", "who has which role on a day: duty, lunch, a Saturday"),
    "closures": ("停办", "a hall or window closed for a time"),
    "trips": ("出差", "business trips; they excuse as leave does"),
    "lieu": ("补休", "time off in lieu of overtime; it excuses as leave does"),
    "corrections": ("补签", "a check-in written down afterwards, for one slot; counts once approved"),
    "shifts": ("班次", "which preset holds for a hall, unit or person, on dates from/to (to exclusive)"),
    "power_cuts": ("停电", "a hall without power: what its devices would have told counts as lost"),
}
"""The tables of `plans import`."""

UNITS_OF_TIME: Final[Mapping[str, Texts]] = {
    "workday": ("个工作日", "working days"),
    "calendar_day": ("个自然日", "calendar days"),
    "workhour": ("个工作小时", "working hours"),
}

DIRECTIONS: Final[Mapping[str, Texts]] = {
    "slow": ("慢", "slow"),
    "fast": ("快", "fast"),
    "in": ("签到", "in"),
    "out": ("签退", "out"),
}

LIMIT_SOURCES: Final[Mapping[str, Texts]] = {
    "promised": ("承诺", "promised"),
    "statutory": ("法定", "statutory"),
    "due": ("来源给定", "given"),
    "fallback": ("转承诺", "fallback"),
    "immediate": ("即办", "immediate"),
    "order": ("督办回复", "reply to the order"),
}

CAUSES: Final[Mapping[str, Texts]] = {
    "reminder": ("临近期限", "close to the limit"),
    "promised": ("超过承诺时限", "past the promised limit"),
    "statutory": ("超过法定时限", "past the statutory limit"),
    "due": ("超过来源给定的期限", "past the limit that its source gave"),
    "fallback": ("超过转承诺后的时限", "past the fallback limit"),
    "immediate": ("未即时办结", "not completed at once"),
    "order": ("督办逾期未回复", "the supervision order was not answered in time"),
    "near": ("临近期限", "close to the limit"),
    "over": ("超过时限", "past the limit"),
    "notice": ("逾期未告知", "not answered in time"),
    "dated": ("逾期", "overdue"),
    "dated_over": ("逾期仍未完成", "still overdue"),
    "camera": ("摄像头未见人", "the camera sees nobody"),
    "duty": ("已签退或暂停", "signed off or paused"),
    "no_sign_on": ("无人签到上岗", "nobody has signed on"),
    "lag": ("数据未到", "the data have not arrived"),
    "stale": ("画面未更新", "the picture is not renewed"),
    "view": ("画面过暗、冻结或被遮挡", "the picture is dark, frozen or covered"),
    "confidence": ("识别把握不足", "the camera is not sure"),
    "untrusted": ("设备时间不可采信", "the device's time cannot be trusted"),
    "lost": ("数据已声明丢失", "data were declared lost"),
}

ENDS: Final[Mapping[str, Texts]] = {
    "accepted": ("受理", "accepted"),
    "supplement_requested": ("告知补正", "supplement requested"),
    "stage": ("转入下一环节", "next stage begun"),
    "resumed": ("恢复计时", "resumed"),
    "delivered": ("送达", "delivered"),
    "reopened": ("重新办理", "reopened"),
    "answered": ("回复", "answered"),
    "closed": ("结束", "ended"),
    "completed": ("办结", "completed"),
    "rejected": ("不予受理", "rejected"),
    "withdrawn": ("撤回", "withdrawn"),
    "returned": ("退件", "returned"),
    "fallback": ("转承诺件", "fallback"),
}

EXCUSES: Final[Mapping[str, Texts]] = {
    "leave": ("请假", "leave"),
    "outing": ("外出", "an outing slip"),
    "closure": ("停办", "a closure"),
}

ANSWERS: Final[Mapping[str, Texts]] = {
    "post_a": ("由 A 岗负责", "A answers"),
    "post_b": ("A 岗已请假或外出，由 B 岗负责", "A is out, B answers"),
    "substitute": ("A、B 岗均不在，由代岗人员负责", "A and B are out, the substitute answers"),
    "no_letter": (
        "A、B 岗均不在且未来函、未派代岗（B03），请核实",
        "all out without a letter or a substitute (B03), to be verified",
    ),
    "letter": (
        "有函同意请假但未派代岗（B05），由单位负责",
        "out with a letter but no substitute (B05): the unit answers",
    ),
    "outing": ("单人窗口临时外出，不计个人", "a lone window out on a slip: nobody is charged"),
    "elsewhere": ("应在岗人员当时在另一窗口，不计个人", "who answers was at another window: the unit answers"),
    "vacant": ("该窗口未排人员", "nobody is posted there"),
}

ROWS: Final[Mapping[str, Texts]] = {
    "A05": ("脱岗 A05", "off-post A05"),
    "A08": ("窗口无人在岗 A08", "window unstaffed A08"),
    "B03": ("未备案代岗 B03", "no filed substitute B03"),
    "B05": ("有函未派代岗 B05", "letter without a substitute B05"),
    "B14": ("未派驻人员 B14", "nobody posted B14"),
}

CASE_EVENTS: Final[Mapping[str, Texts]] = {
    "received": ("收件", "received"),
    "supplement_requested": ("补正告知", "supplement requested"),
    "supplemented": ("补齐", "supplemented"),
    "accepted": ("受理", "accepted"),
    "rejected": ("不予受理", "rejected"),
    "suspended": ("特别程序", "suspended"),
    "resumed": ("恢复", "resumed"),
    "extended": ("延期", "extended"),
    "stage": ("环节", "stage"),
    "fallback": ("转承诺件", "fallback"),
    "transferred": ("移交", "transferred"),
    "completed": ("办结", "completed"),
    "delivered": ("送达", "delivered"),
    "withdrawn": ("撤回", "withdrawn"),
    "returned": ("退件", "returned"),
    "reopened": ("重新办理", "reopened"),
    "voided": ("作废", "voided"),
}

TASK_KINDS: Final[Mapping[str, Texts]] = {
    "complaint": ("投诉", "Complaint"),
    "hotline": ("12345热线工单", "Hotline order"),
    "order": ("督办交办", "Supervision order"),
    "report": ("报送事项", "Report"),
}

TASK_EVENTS: Final[Mapping[str, Texts]] = {
    "opened": ("交办", "opened"),
    "answered": ("答复", "answered"),
    "verified": ("查实", "verified"),
    "rejected": ("不予受理或退回", "rejected"),
    "closed": ("办结", "closed"),
}

PROCEDURES: Final[Mapping[str, Texts]] = {
    "hearing": ("听证", "hearing"),
    "bidding": ("招标", "bidding"),
    "auction": ("拍卖", "auction"),
    "inspection": ("检验", "inspection"),
    "testing": ("检测", "testing"),
    "quarantine": ("检疫", "quarantine"),
    "appraisal": ("鉴定", "appraisal"),
    "expert_review": ("专家评审", "expert review"),
    "other": ("其他", "other"),
}

DEEMED: Final[Mapping[str, Texts]] = {
    "True": ("逾期未告知，自收到材料之日起视为受理", "not answered in time, accepted from the receipt on by law"),
}

PROVISIONAL: Final[Mapping[str, Texts]] = {
    "True": ("期限为暂算（放假安排未公布）", "a provisional date (the year is not published)"),
}

BY_FIELD: Final[Mapping[str, Mapping[str, Texts]]] = {
    "role": ROLES,
    "roles": ROLES,
    "action": ACTIONS,
    "reach": REACHES,
    "direction": DIRECTIONS,
    "kind": LEAVES,
    "unit": UNITS_OF_TIME,
    "limit_source": LIMIT_SOURCES,
    "cause": CAUSES,
    "end": ENDS,
    "event": ENDS,
    "first": ENDS,
    "by": EXCUSES,
    "answers": ANSWERS,
    "rows": ROWS,
    "provisional": PROVISIONAL,
    "procedure": PROCEDURES,
    "deemed": DEEMED,
    "answer": ENDS,
    "task_kind": TASK_KINDS,
    "task_end": TASK_EVENTS,
    "overdue_unit": UNITS_OF_TIME,
    "slot": SLOTS,
    "level": LEVELS,
    "state": STATES,
    "states": STATES,
    "step": EVENTS,
    "followup": FOLLOW_UPS,
    "appeal": APPEALS,
    "order_kind": ORDER_KINDS,
}
"""Figures whose values are words of a vocabulary."""

ADVICE: Final[Mapping[str, Mapping[str, Texts]]] = {
    "case.limit": {
        "reminder": (
            "请在期限内办结，确需延长的请依法报批。",
            "Complete it within the limit, or apply for an extension.",
        ),
        "yellow": (
            "请立即办结，并在督办期限内书面回复原因和整改措施。",
            "Complete it now and answer the supervision order in time with reasons and remedy.",
        ),
        "red": (
            "请单位负责人立即督促办结，说明超期责任。",
            "The unit head sees to its completion now and states who answers for the delay.",
        ),
    },
    "case.immediate": {
        "": (
            "请当日办结；确因网络等故障不能当场办结的，请登记转为承诺件。",
            "Complete it today; if a fault prevents that, record the fallback.",
        )
    },
    "case.notice": {
        "": (
            "请一次性书面告知补正内容或作出受理决定。",
            "Tell the applicant everything at once in writing, or accept the case.",
        )
    },
    "case.stage": {"": ("请尽快完成本环节并移交。", "Finish this stage and hand the case on.")},
    "case.pause": {
        "": ("请核实特别程序进展，结束后及时恢复计时。", "Check the procedure and resume the clock when it is over.")
    },
    "case.delivery": {"": ("请及时送达办理结果。", "Deliver the result.")},
    "task.due": {"": ("请按期办理并回复。", "Do it in time and answer.")},
    "complaint.due": {"": ("请按期核实并答复投诉人。", "Look into it and answer the complainant in time.")},
    "order.reply": {"": ("请在期限前书面回复督办。", "Answer the order in writing before its deadline.")},
    "order.promise": {
        "": (
            "请值班监察员催办该牌；仍不回复的，发督办。",
            "Supervision presses for the answer to that card; failing that, an order is issued.",
        )
    },
    "checkin.slot": {
        "reminder": ("请尽快签到；请假或外出的请补办手续。", "Check in now, or have leave or an outing slip filed."),
        "": (
            "请本人说明情况，已请假的请补交审批；窗口负责人核实。",
            "The person explains, or files the approved leave; the window lead verifies.",
        ),
    },
    "post.empty": {
        "": (
            "请立即安排人员到岗或由 B 岗、代岗人员顶岗，值班监察员到场核实。",
            "Send someone to the window now, the B or a substitute; the duty supervisor verifies on the spot.",
        )
    },
    "rating.bad": {
        "yellow": (
            "请核实差评原因，限期整改并回访当事人，完成后办结本牌。",
            "Find out why, put it right, call the person back, then close this card.",
        ),
        "red": (
            "已逾整改期限，请立即整改回访，并由单位负责人说明。",
            "The follow-up is overdue: do it now; the unit head explains.",
        ),
    },
    "device.silent": {
        "": (
            "请检查设备电源和网络；恢复前不得据此认定人员缺岗、缺勤。",
            "Check the device's power and network; nobody is to be called absent on account of its silence.",
        )
    },
    "device.skew": {
        "": (
            "请校准设备时钟（NTP）并重启；校准前其时间不作迟到、缺勤的证据。",
            "Set the device's clock (NTP) and restart it; until then its times prove nothing.",
        )
    },
    "feed.backlog": {
        "": (
            "请检查设备上传；确实丢失的数据请声明丢失时段（device lost）。",
            "Check the device's upload; declare data that are really gone (device lost).",
        )
    },
    "feed.incomplete": {
        "": (
            "请核实数据源是否上报办结；不上报的请在登记中注明（emits）。",
            "Check whether the source reports completions; if not, say so in the registry (emits).",
        )
    },
    "calendar.missing": {
        "": (
            "请在国务院放假通知公布后导入（calendar import）。",
            "Import the State Council's notice once it is published (calendar import).",
        )
    },
    "unknown.stale": {
        "": (
            "请检查相关设备和数据源，对所列窗口现场抽查。",
            "Check the devices and sources concerned and look at the windows named on the spot.",
        )
    },
    "attendance.sum": {
        "": (
            "请核对各次记录后通报原单位，上报县政府、纪委和监察局，并在电子显示屏通报。",
            "Check each entry, then send the circular to the unit, report to the county government, the discipline"
            " commission and the supervision bureau, and show it on the screen.",
        )
    },
    "absence.person": {
        "": (
            "请核对各次旷工，确认后取消该季度和年度评优资格。",
            "Check each absence; once confirmed the award of the quarter and the year is lost.",
        )
    },
    "absence.return": {
        "": (
            "请核对各次旷工，确认后按规定退回原单位并通报。",
            "Check each absence; once confirmed the person goes back to their unit, with a circular.",
        )
    },
    "absence.window": {
        "": (
            "请核对各次旷工，确认后当月定为不合格窗口。",
            "Check each absence; once confirmed the window fails the month.",
        )
    },
    "conduct.month": {
        "": (
            "请查实后办结：属实的按规定取消季度和年度评优资格，不属实的注明。",
            "Look into it and close the card: founded, the award is lost; unfounded, say so.",
        )
    },
}
"""What to do, by rule and level; under "" what holds for every other level."""

ADVICE_WHEN_OVER: Final[Texts] = (
    "情形已消除，牌未撤销：请书面回复原因和整改情况，经核实后办结。",
    "The condition is over, the card is not: answer it in writing with reasons and remedy; it is closed once verified.",
)
NEVER_HELD: Final[Texts] = ("据后到的数据，该情形不成立", "by data that came later it never held")
