"""Moves of sources, by which a judge sees that a watermark moved while it judged"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('source_move',
    sa.Column('source', TEXT, nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('source', name=op.f('pk_source_move'))
    )


def downgrade() -> None:
    op.drop_table('source_move')
