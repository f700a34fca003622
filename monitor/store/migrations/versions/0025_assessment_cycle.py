"""The assessment's cycle: what is owed, patrols, self-assessments, talks, circulars, feedback, awards, reviews"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0025'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('assessment_word',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('owner', BIG_ID, nullable=False),
    sa.Column('name', TEXT, nullable=False),
    sa.Column('text', TEXT, nullable=False),
    sa.Column('author', TEXT, nullable=False),
    sa.Column('about', TEXT, nullable=True),
    sa.Column('written', moment(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assessment_word')),
    sa.UniqueConstraint('kind', 'owner', 'name', name=op.f('uq_assessment_word_kind_owner_name'))
    )
    op.create_index('ix_assessment_word_about', 'assessment_word', ['about'], unique=False)
    op.create_index('ix_assessment_word_author', 'assessment_word', ['author'], unique=False)
    op.create_table('cycle_task',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('task', TEXT, nullable=False),
    sa.Column('sort', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('due', moment(), nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('opened_at', moment(), nullable=False),
    sa.Column('done_at', moment(), nullable=True),
    sa.Column('lifted_by', TEXT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cycle_task')),
    sa.UniqueConstraint('task', name=op.f('uq_cycle_task_task'))
    )
    op.create_index('ix_cycle_task_hall', 'cycle_task', ['hall', 'done_at', 'due'], unique=False)
    op.create_table('patrol',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('found', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('card', BIG_ID, nullable=True),
    sa.Column('entered_by', TEXT, nullable=False),
    sa.Column('entered_at', moment(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_patrol'))
    )
    op.create_index('ix_patrol_hall', 'patrol', ['hall', 'date'], unique=False)
    op.create_table('week_summary',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('week', TEXT, nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('made_by', TEXT, nullable=False),
    sa.Column('made_at', moment(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_week_summary')),
    sa.UniqueConstraint('hall', 'week', name=op.f('uq_week_summary_hall_week'))
    )
    op.create_table('self_assessment',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('month', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=False),
    sa.Column('window', TEXT, nullable=False),
    sa.Column('points_cents', sa.Integer(), nullable=False),
    sa.Column('handed_by', TEXT, nullable=False),
    sa.Column('handed_at', moment(), nullable=False),
    sa.Column('reviewed_cents', sa.Integer(), nullable=True),
    sa.Column('reviewed_by', TEXT, nullable=True),
    sa.Column('reviewed_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_self_assessment')),
    sa.UniqueConstraint('hall', 'month', 'window', name=op.f('uq_self_assessment_hall_month_window'))
    )
    op.create_table('talk',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('ledger', TEXT, nullable=False),
    sa.Column('whom', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('due', moment(), nullable=False),
    sa.Column('replaced', sa.Boolean(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=True),
    sa.Column('entered_by', TEXT, nullable=True),
    sa.Column('entered_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk')),
    sa.UniqueConstraint('hall', 'period', 'ledger', 'whom', name=op.f('uq_talk_hall_period_ledger_whom'))
    )
    op.create_table('circular',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('document', TEXT, nullable=False),
    sa.Column('drafted_by', TEXT, nullable=False),
    sa.Column('drafted_at', moment(), nullable=False),
    sa.Column('issued_by', TEXT, nullable=True),
    sa.Column('issued_at', moment(), nullable=True),
    sa.Column('notice', BIG_ID, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_circular'))
    )
    op.create_index('ix_circular_hall', 'circular', ['hall', 'period'], unique=False)
    op.create_table('feedback',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=False),
    sa.Column('window', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('issued_by', TEXT, nullable=False),
    sa.Column('issued_at', moment(), nullable=False),
    sa.Column('acknowledged_by', TEXT, nullable=True),
    sa.Column('acknowledged_at', moment(), nullable=True),
    sa.Column('answered_by', TEXT, nullable=True),
    sa.Column('answered_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback')),
    sa.UniqueConstraint('hall', 'period', 'window', name=op.f('uq_feedback_hall_period_window'))
    )
    op.create_table('sent_report',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('recipient', TEXT, nullable=False),
    sa.Column('sent_on', sa.Date(), nullable=False),
    sa.Column('document', TEXT, nullable=False),
    sa.Column('entered_by', TEXT, nullable=False),
    sa.Column('entered_at', moment(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sent_report')),
    sa.UniqueConstraint('hall', 'period', 'digest', 'recipient', name=op.f('uq_sent_report_hall_period_digest_recipient'))
    )
    op.create_table('nomination',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('ledger', TEXT, nullable=False),
    sa.Column('whom', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('nominated_by', TEXT, nullable=False),
    sa.Column('nominated_at', moment(), nullable=False),
    sa.Column('decided_by', TEXT, nullable=True),
    sa.Column('decided_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_nomination')),
    sa.UniqueConstraint('hall', 'period', 'ledger', 'whom', name=op.f('uq_nomination_hall_period_ledger_whom'))
    )
    op.create_table('score_review',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('ledger', TEXT, nullable=False),
    sa.Column('whom', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('entry', BIG_ID, nullable=True),
    sa.Column('period', TEXT, nullable=True),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('asked_by', TEXT, nullable=False),
    sa.Column('asked_at', moment(), nullable=False),
    sa.Column('decided_by', TEXT, nullable=True),
    sa.Column('decided_at', moment(), nullable=True),
    sa.Column('countered', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_review'))
    )
    op.create_index('ix_score_review_hall', 'score_review', ['hall', 'state'], unique=False)
