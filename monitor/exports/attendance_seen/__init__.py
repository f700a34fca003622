"""Attendance as people look at it: a day (`day`), a month's grid (`grid`), a person's month (`person`).

What a slot is here is what `report attendance` says of it (`attendance_lists`), what a half day is stands as on the
month's sheet (`attendance.month`): one reading for list, sheet, page and API.
"""
