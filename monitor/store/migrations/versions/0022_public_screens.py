"""Notices for the public, and the screens that show them"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('notice',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('title', TEXT, nullable=False),
    sa.Column('text', TEXT, nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('card', BIG_ID, nullable=True),
    sa.Column('reference', TEXT, nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('author', TEXT, nullable=False),
    sa.Column('written', moment(), nullable=False),
    sa.Column('released_by', TEXT, nullable=True),
    sa.Column('released_at', moment(), nullable=True),
    sa.Column('ended_by', TEXT, nullable=True),
    sa.Column('ended_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice'))
    )
    op.create_index('ix_notice_hall', 'notice', ['hall', 'state'], unique=False)
    op.create_table('public_screen',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('name', TEXT, nullable=False),
    sa.Column('token', BIG_ID, nullable=False),
    sa.Column('created', moment(), nullable=False),
    sa.Column('created_by', TEXT, nullable=False),
    sa.Column('seen_at', moment(), nullable=True),
    sa.Column('version', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_public_screen'))
    )
    op.create_index('ix_public_screen_token', 'public_screen', ['token'], unique=True)
