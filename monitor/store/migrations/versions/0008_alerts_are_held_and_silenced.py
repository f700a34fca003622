"""Alerts that are held, silences, repeats, storms of an address"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('alert_item', sa.Column('planned_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('address', sa.Column('burst_begun', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('address', sa.Column('burst_last', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('address', sa.Column('burst_cards', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('address', sa.Column('storm', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table('alert_hold',
    sa.Column('card', ID, autoincrement=False, nullable=False),
    sa.Column('address', TEXT, nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('purpose', TEXT, nullable=False),
    sa.Column('why', TEXT, nullable=False),
    sa.Column('by', ID, nullable=True),
    sa.Column('said', TEXT, nullable=False),
    sa.Column('until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('route', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('card', 'address', name=op.f('pk_alert_hold'))
    )
    op.create_index('ix_alert_hold_by', 'alert_hold', ['why', 'by'], unique=False)
    op.create_table('silence',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('matchers', sa.JSON(), nullable=False),
    sa.Column('starts', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('author', TEXT, nullable=False),
    sa.Column('reason', TEXT, nullable=False),
    sa.Column('created', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ended_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_silence'))
    )
    op.create_index('ix_silence_ends', 'silence', ['ends'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_silence_ends', table_name='silence')
    op.drop_table('silence')
    op.drop_index('ix_alert_hold_by', table_name='alert_hold')
    op.drop_table('alert_hold')
    for name in ('storm', 'burst_cards', 'burst_last', 'burst_begun'):
        op.drop_column('address', name)
    op.drop_column('alert_item', 'planned_at')
