"""What events said lies by itself, on PostgreSQL a partition a month; what came until now stays in `raw_event`"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is moved: the table may have hundreds of millions (docs/adr/0056)."""
    op.create_table('raw_payload',
    sa.Column('received', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('raw_event', BIG_ID, autoincrement=False, nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('payload', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('received', 'raw_event', name=op.f('pk_raw_payload')),
    postgresql_partition_by='RANGE (received)',
    sqlite_with_rowid=False,
    )
    if op.get_context().dialect.name != 'postgresql':
        return  # there it stays in raw_event
    op.execute('CREATE TABLE raw_payload_default PARTITION OF raw_payload DEFAULT')
    # up to which event what it said is looked for in raw_event: no search through what came later
    op.execute("INSERT INTO meta (key, value) SELECT 'payloads_beside', CAST(max(id) AS VARCHAR) FROM raw_event "
               "HAVING max(id) IS NOT NULL")


def downgrade() -> None:
    op.execute('UPDATE raw_event SET payload = raw_payload.payload FROM raw_payload '
               'WHERE raw_payload.raw_event = raw_event.id')
    op.execute("DELETE FROM meta WHERE key = 'payloads_beside'")
    op.drop_table('raw_payload')
