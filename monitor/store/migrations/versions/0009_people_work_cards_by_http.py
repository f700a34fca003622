"""Tokens of people, and what a request sent again was answered"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('token', sa.Column('user', TEXT, nullable=True))
    op.create_table('request_key',
    sa.Column('actor', TEXT, nullable=False),
    sa.Column('key', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('answer', sa.JSON(), nullable=True),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('actor', 'key', name=op.f('pk_request_key'))
    )


def downgrade() -> None:
    op.drop_table('request_key')
    op.drop_column('token', 'user')
