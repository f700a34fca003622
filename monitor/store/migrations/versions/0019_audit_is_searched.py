"""The audit is searched by actor, action, object and time; tokens end, and say when they were last used"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

INDEXES = (
    ('ix_audit_at', ['at', 'id']),
    ('ix_audit_actor', ['actor', 'at', 'id']),
    ('ix_audit_action', ['action', 'at', 'id']),
    ('ix_audit_object', ['object_kind', 'object_id', 'at', 'id']),
)


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    for name in ('expires', 'last_used'):
        op.add_column('token', sa.Column(name, moment(), nullable=True))
    for name, columns in INDEXES:
        op.create_index(name, 'audit', columns, unique=False)


def downgrade() -> None:
    for name, _ in reversed(INDEXES):
        op.drop_index(name, table_name='audit')
    for name in ('last_used', 'expires'):
        op.drop_column('token', name)
