"""Check-ins in doubt are decided by people, and found by what puts them in doubt"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('checkin_review',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('source', TEXT, nullable=False),
    sa.Column('event_id', TEXT, nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('at', moment(), nullable=False),
    sa.Column('decision', TEXT, nullable=False),
    sa.Column('reason', TEXT, nullable=False),
    sa.Column('decided_at', moment(), nullable=False),
    sa.Column('decided_by', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_checkin_review')),
    sa.UniqueConstraint('source', 'event_id', 'sequence', name=op.f('uq_checkin_review_source_event_id_sequence'))
    )
    op.create_index('ix_checkin_review_staff', 'checkin_review', ['staff', 'at'], unique=False)
    op.create_index(op.f('ix_checkin_review_decided_by'), 'checkin_review', ['decided_by'], unique=False)
    for column in ('distance', 'liveness'):
        where = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_checkin_{column}', 'checkin', [column], unique=False, sqlite_where=where,
                        postgresql_where=where)
