"""What the heartbeats of a boot say together, kept beside them"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is counted here: a boot without a row is read from its heartbeats until its next one comes."""
    op.create_table('boot',
    sa.Column('device', TEXT, nullable=False),
    sa.Column('boot', TEXT, nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('skew_seconds', sa.BigInteger(), nullable=False),
    sa.Column('below', sa.BigInteger(), nullable=False),
    sa.Column('inside', sa.BigInteger(), nullable=False),
    sa.Column('last_seq', sa.BigInteger(), nullable=True),
    sa.Column('received', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('device', 'boot', name=op.f('pk_boot'))
    )


def downgrade() -> None:
    op.drop_table('boot')
