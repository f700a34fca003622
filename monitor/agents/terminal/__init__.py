"""The terminal agent (人脸签到终端, `jiancha terminal`): check-ins by face, told as any device (ADR 35)."""
