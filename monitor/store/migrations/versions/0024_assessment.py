"""Assessment: rule books, ledgers, proposals, what people entered, closed periods"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0024'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('rule_book',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('first_month', TEXT, nullable=False),
    sa.Column('name', TEXT, nullable=False),
    sa.Column('version', TEXT, nullable=False),
    sa.Column('body', TEXT, nullable=False),
    sa.Column('changed_by', TEXT, nullable=False),
    sa.Column('changed_at', moment(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rule_book'))
    )
    op.create_index('ix_rule_book_hall', 'rule_book', ['hall', 'first_month'], unique=False)
    op.create_table('score_entry',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('ledger', TEXT, nullable=False),
    sa.Column('whom', TEXT, nullable=False),
    sa.Column('row', TEXT, nullable=False),
    sa.Column('source', TEXT, nullable=False),
    sa.Column('fact', TEXT, nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('reverses', sa.Integer(), nullable=True),
    sa.Column('points_cents', sa.Integer(), nullable=False),
    sa.Column('month', TEXT, nullable=False),
    sa.Column('of_month', TEXT, nullable=False),
    sa.Column('at', moment(), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('proposer', TEXT, nullable=True),
    sa.Column('confirmer', TEXT, nullable=True),
    sa.Column('cards', sa.JSON(), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('book', TEXT, nullable=False),
    sa.Column('posted_at', moment(), nullable=False),
    sa.Column('posted_by', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_entry')),
    sa.UniqueConstraint('hall', 'ledger', 'whom', 'row', 'source', 'fact', 'revision', name=op.f('uq_score_entry_hall_ledger_whom_row_source_fact_revision'))
    )
    op.create_index('ix_score_entry_fact', 'score_entry', ['hall', 'of_month'], unique=False)
    op.create_index('ix_score_entry_month', 'score_entry', ['hall', 'month', 'ledger', 'whom'], unique=False)
    op.create_table('score_proposal',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('ledger', TEXT, nullable=False),
    sa.Column('whom', TEXT, nullable=False),
    sa.Column('row', TEXT, nullable=False),
    sa.Column('source', TEXT, nullable=False),
    sa.Column('fact', TEXT, nullable=False),
    sa.Column('points_cents', sa.Integer(), nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('month', TEXT, nullable=False),
    sa.Column('at', moment(), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('proposer', TEXT, nullable=True),
    sa.Column('why_open', TEXT, nullable=False),
    sa.Column('cards', sa.JSON(), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('book', TEXT, nullable=False),
    sa.Column('proposed_at', moment(), nullable=False),
    sa.Column('decided_by', TEXT, nullable=True),
    sa.Column('decided_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_proposal'))
    )
    op.create_index('ix_score_proposal_key', 'score_proposal', ['hall', 'ledger', 'whom', 'row', 'source', 'fact'], unique=False)
    op.create_index('ix_score_proposal_state', 'score_proposal', ['hall', 'state', 'id'], unique=False)
    op.create_table('score_mark',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('row', TEXT, nullable=False),
    sa.Column('rung', TEXT, nullable=False),
    sa.Column('event', TEXT, nullable=False),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('document', TEXT, nullable=False),
    sa.Column('entered_by', TEXT, nullable=False),
    sa.Column('entered_at', moment(), nullable=False),
    sa.Column('withdrawn_by', TEXT, nullable=True),
    sa.Column('withdrawn_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_mark'))
    )
    op.create_index('ix_score_mark_hall', 'score_mark', ['hall', 'date'], unique=False)
    op.create_table('closed_period',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('book', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('inputs', TEXT, nullable=False),
    sa.Column('closed_at', moment(), nullable=False),
    sa.Column('closed_by', TEXT, nullable=False),
    sa.Column('role', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_closed_period')),
    sa.UniqueConstraint('hall', 'period', 'version', name=op.f('uq_closed_period_hall_period_version'))
    )
    op.create_table('kept_scores',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('kept_at', moment(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kept_scores')),
    sa.UniqueConstraint('hall', 'period', 'version', name=op.f('uq_kept_scores_hall_period_version'))
    )
    op.create_table('period_result',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('period', TEXT, nullable=False),
    sa.Column('ledger', TEXT, nullable=False),
    sa.Column('whom', TEXT, nullable=False),
    sa.Column('points_cents', sa.Integer(), nullable=False),
    sa.Column('grade', TEXT, nullable=False),
    sa.Column('rank', sa.Integer(), nullable=True),
    sa.Column('bottom', sa.Boolean(), nullable=False),
    sa.Column('awarded', sa.Boolean(), nullable=False),
    sa.Column('effects', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_period_result')),
    sa.UniqueConstraint('hall', 'period', 'ledger', 'whom', name=op.f('uq_period_result_hall_period_ledger_whom'))
    )
