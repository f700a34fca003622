"""Citizens rate by a link: links that are good once. When open cases are due, for lists of them"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('rating_link',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('device', TEXT, nullable=False),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('case_key', TEXT, nullable=True),
    sa.Column('stage', TEXT, nullable=True),
    sa.Column('created', moment(), nullable=False),
    sa.Column('created_by', TEXT, nullable=False),
    sa.Column('expires', moment(), nullable=False),
    sa.Column('used_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating_link')),
    sa.UniqueConstraint('digest', name=op.f('uq_rating_link_digest'))
    )
    op.create_index(op.f('ix_rating_link_device'), 'rating_link', ['device'], unique=False)
    _when_cases_are_due()


def _when_cases_are_due() -> None:
    """Rows of open cases go, and are made anew from their facts with what the new columns hold (`statfill.fill_in`)."""
    for name in ('due_us', 'paused_us'):
        op.add_column('case_stat', sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column('case_stat', sa.Column('historic', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE case_stat SET historic = true WHERE case_key IN "
               "(SELECT key FROM subject WHERE kind = 'case' AND historic = true)")
    op.execute('DELETE FROM case_stat WHERE ended_us IS NULL')
    op.execute("DELETE FROM meta WHERE key = 'case_stats'")
    of_ended = ['received_us', 'case_key', 'hall', 'unit', 'window', 'staff', 'item', 'end', 'ended_us', 'overdue_us',
                'historic']
    for name, columns, where in (
        ('ix_case_stat_open', ['due_us', 'case_key'], 'ended_us IS NULL'),
        ('ix_case_stat_search', of_ended, 'ended_us IS NOT NULL'),
        ('ix_case_stat_late', ['received_us', 'case_key'], 'overdue_us IS NOT NULL'),
        ('ix_case_stat_ended', ['ended_us', 'case_key', 'hall', 'window', 'end', 'historic'], 'ended_us IS NOT NULL'),
    ):
        op.create_index(name, 'case_stat', columns, unique=False, sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))
    for name, table, columns in (
        ('ix_rating_staff', 'rating', ['staff', 'at']),
        ('ix_rating_case', 'rating', ['case_key']),
        ('ix_rating_at', 'rating', ['at', 'window', 'score']),
    ):
        op.create_index(name, table, columns, unique=False)
    op.drop_index('ix_heartbeat_delta', table_name='heartbeat')
    op.create_index('ix_heartbeat_delta', 'heartbeat', ['device', 'boot', 'delta_ms', 'received', 'last_seq'])
