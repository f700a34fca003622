"""Timers are found by kind and time: each card that stands has one, and they were read through at every look"""

from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_alert_timer_due', table_name='alert_timer')
    op.create_index('ix_alert_timer_due', 'alert_timer', ['kind', 'due_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_alert_timer_due', table_name='alert_timer')
    op.create_index('ix_alert_timer_due', 'alert_timer', ['due_at'], unique=False)
