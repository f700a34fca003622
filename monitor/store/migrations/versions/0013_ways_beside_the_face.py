"""Ways beside the face: PINs of staff; evidence frames of check-ins, sealed"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('face_frame',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('key', TEXT, nullable=False),
    sa.Column('device', TEXT, nullable=False),
    sa.Column('event_id', TEXT, nullable=False),
    sa.Column('taken_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_face_frame')),
    sa.UniqueConstraint('device', 'event_id', name=op.f('uq_face_frame_device_event_id'))
    )
    op.create_index(op.f('ix_face_frame_staff'), 'face_frame', ['staff'], unique=False)
    op.create_index(op.f('ix_face_frame_taken_at'), 'face_frame', ['taken_at'], unique=False)
    op.create_table('staff_pin',
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('set_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('set_by', TEXT, nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('staff', name=op.f('pk_staff_pin'))
    )


def downgrade() -> None:
    op.drop_table('staff_pin')
    op.drop_index(op.f('ix_face_frame_taken_at'), table_name='face_frame')
    op.drop_index(op.f('ix_face_frame_staff'), table_name='face_frame')
    op.drop_table('face_frame')
