"""What an import gives: the case events of its map"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('source', sa.Column('emits', sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column('source', 'emits')
