"""Citizens rate by a link: links that are good once"""

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
    for name, table, columns in (
        ('ix_rating_staff', 'rating', ['staff', 'at']),
        ('ix_rating_case', 'rating', ['case_key']),
        ('ix_rating_at', 'rating', ['at', 'window', 'score']),
        ('ix_case_stat_ended', 'case_stat', ['ended_us', 'case_key', 'hall', 'window', 'end']),
    ):
        op.create_index(name, table, columns, unique=False)
