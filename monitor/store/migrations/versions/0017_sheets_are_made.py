"""Sheets of attendance are made in the background, with their progress"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('sheet_job',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('month', TEXT, nullable=False),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('format', TEXT, nullable=False),
    sa.Column('asked_by', TEXT, nullable=False),
    sa.Column('asked_at', moment(), nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('maker', TEXT, nullable=True),
    sa.Column('lease', moment(), nullable=True),
    sa.Column('made_at', moment(), nullable=True),
    sa.Column('expires', moment(), nullable=False),
    sa.Column('why', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=True),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sheet_job'))
    )
    for column in ('asked_by', 'expires', 'hall'):
        op.create_index(op.f(f'ix_sheet_job_{column}'), 'sheet_job', [column], unique=False)
