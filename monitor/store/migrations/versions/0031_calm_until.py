"""Until when good news of a subject change nothing"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was judged before has none, and is looked at with each fact, as it was."""
    op.add_column('subject', sa.Column('calm_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column('subject', 'calm_until')
