"""What an import gives; the dates that a verdict rests on, and why it is judged again"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('source', sa.Column('emits', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('subject', sa.Column('rests_from', sa.Date(), nullable=True))
    op.add_column('subject', sa.Column('rests_until', sa.Date(), nullable=True))
    op.add_column('subject', sa.Column('cause', TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column('subject', 'cause')
    op.drop_column('subject', 'rests_until')
    op.drop_column('subject', 'rests_from')
    op.drop_column('source', 'emits')
