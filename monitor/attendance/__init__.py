"""Attendance (考勤) and posts (在岗): slots, check-ins, evidence at windows: pure rules over `facts` (DESIGN §5)."""

from monitor.attendance.cover import segments
from monitor.attendance.rules import RULES, Rule, reassures, touches
from monitor.attendance.states import Segment, State

__all__ = ["RULES", "Rule", "Segment", "State", "segments", "reassures", "touches"]
