"""The post watcher (岗位视频巡查, `jiancha watch`): windows by camera, told as any device does (ADR 31)."""
