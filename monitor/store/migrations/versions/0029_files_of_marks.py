"""Files of marks have a table of their own; until now they lay among those of cards, under minus the mark's number"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None
SHARED = 'name, media_type, length, digest, content, added_at'


def upgrade() -> None:
    op.create_table('mark_file',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('mark', BIG_ID, nullable=False),
    sa.Column('name', TEXT, nullable=False),
    sa.Column('media_type', TEXT, nullable=False),
    sa.Column('length', sa.BigInteger(), nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('added_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mark_file')),
    sa.UniqueConstraint('mark', 'digest', name=op.f('uq_mark_file_mark_digest'))
    )
    op.execute(f'INSERT INTO mark_file (mark, {SHARED}) SELECT -card, {SHARED} FROM attachment WHERE card < 0 ORDER BY id')
    op.execute('DELETE FROM attachment WHERE card < 0')


def downgrade() -> None:
    op.execute(
        f'INSERT INTO attachment (card, sequence, {SHARED}) SELECT -mark, 1, {SHARED} FROM mark_file ORDER BY id'
    )
    op.drop_table('mark_file')
