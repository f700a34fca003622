"""Sessions at the broker of the members of a shared subscription, so that one takes over what a dead one was given"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mqtt_session',
    sa.Column('client_id', TEXT, nullable=False),
    sa.Column('topics', sa.JSON(), nullable=False),
    sa.Column('holder', TEXT, nullable=False),
    sa.Column('beat', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('client_id', name=op.f('pk_mqtt_session'))
    )


def downgrade() -> None:
    op.drop_table('mqtt_session')
