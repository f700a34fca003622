"""Reports, drafts and closings of assessment are made in the background too"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0028'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sheet_job', sa.Column('work', TEXT, nullable=False, server_default='attendance'))
    op.add_column('sheet_job', sa.Column('asked', sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column('sheet_job', sa.Column('words', TEXT, nullable=True))


def downgrade() -> None:
    for column in ('words', 'asked', 'work'):
        op.drop_column('sheet_job', column)
