"""The policy is changed in the store, with reason and audit"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0021'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('policy_change',
    sa.Column('number', BIG, autoincrement=False, nullable=False),
    sa.Column('version', TEXT, nullable=False),
    sa.Column('source', TEXT, nullable=False),
    sa.Column('base', BIG, nullable=True),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('actor', TEXT, nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('audit', BIG, nullable=True),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_policy_change'))
    )
    op.create_index(op.f('ix_policy_change_version'), 'policy_change', ['version'], unique=False)
