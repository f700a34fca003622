"""Faces: vectors sealed with keys that lie elsewhere, and the consent they rest on"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('face_consent',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('purpose', TEXT, nullable=False),
    sa.Column('consented_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('recorded_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('recorded_by', TEXT, nullable=False),
    sa.Column('withdrawn_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('withdrawn_by', TEXT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_face_consent'))
    )
    op.create_index(op.f('ix_face_consent_staff'), 'face_consent', ['staff'], unique=False)
    op.create_table('face',
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('key', TEXT, nullable=False),
    sa.Column('consent', sa.Integer(), nullable=False),
    sa.Column('model', TEXT, nullable=False),
    sa.Column('version', TEXT, nullable=False),
    sa.Column('vectors', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('enrolled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('enrolled_by', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('staff', name=op.f('pk_face')),
    sa.UniqueConstraint('key', name=op.f('uq_face_key'))
    )


def downgrade() -> None:
    op.drop_table('face')
    op.drop_index(op.f('ix_face_consent_staff'), table_name='face_consent')
    op.drop_table('face_consent')
