"""Composition root: the only folder that knows every part (DESIGN §2).

`daemon` and `alerting` are imported by the commands that need them: they load the whole program.
"""

from monitor.app.program import InUse, Program, judge_as_of, lone_group, open_program

__all__ = ["InUse", "Program", "judge_as_of", "lone_group", "open_program"]
