"""Statistics: a row for each case, written with its verdict and filled in by the judge where it is missing"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_stat',
    sa.Column('case_key', TEXT, nullable=False),
    sa.Column('hall', TEXT, nullable=True),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('item', TEXT, nullable=True),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('received_us', sa.BigInteger(), nullable=True),
    sa.Column('accepted_us', sa.BigInteger(), nullable=True),
    sa.Column('ended_us', sa.BigInteger(), nullable=True),
    sa.Column('end', TEXT, nullable=True),
    sa.Column('overdue_us', sa.BigInteger(), nullable=True),
    sa.Column('early', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('case_key', name=op.f('pk_case_stat'))
    )


def downgrade() -> None:
    op.drop_table('case_stat')
