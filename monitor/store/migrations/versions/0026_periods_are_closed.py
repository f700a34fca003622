"""Closed periods say where a person stood"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0026'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('period_result', sa.Column('window', TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column('period_result', 'window')
