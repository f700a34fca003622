"""Attendance in full: shifts, trips, days in lieu, corrections, power cuts, spot checks and closed months"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('closed_month',
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('month', TEXT, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('closed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('closed_by', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('corrections', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('hall', 'month', 'version', name=op.f('pk_closed_month'))
    )
    op.create_table('correction',
    sa.Column('id', TEXT, nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('slot', TEXT, nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('reason', TEXT, nullable=False),
    sa.Column('approver', TEXT, nullable=True),
    sa.Column('approved_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correction'))
    )
    op.create_index(op.f('ix_correction_staff'), 'correction', ['staff'], unique=False)
    op.create_table('kept_sheet',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('month', TEXT, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('kept_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kept_sheet')),
    sa.UniqueConstraint('hall', 'month', 'version', name=op.f('uq_kept_sheet_hall_month_version'))
    )
    op.create_table('lieu',
    sa.Column('id', TEXT, nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('starts', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('overtime', TEXT, nullable=True),
    sa.Column('approver', TEXT, nullable=True),
    sa.Column('approved_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lieu'))
    )
    op.create_index(op.f('ix_lieu_staff'), 'lieu', ['staff'], unique=False)
    op.create_table('power_cut',
    sa.Column('id', TEXT, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('starts', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('why', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_power_cut'))
    )
    op.create_index(op.f('ix_power_cut_hall'), 'power_cut', ['hall'], unique=False)
    op.create_table('shift',
    sa.Column('id', TEXT, nullable=False),
    sa.Column('hall', TEXT, nullable=True),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('staff', TEXT, nullable=True),
    sa.Column('preset', TEXT, nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shift'))
    )
    op.create_index(op.f('ix_shift_hall'), 'shift', ['hall'], unique=False)
    op.create_index(op.f('ix_shift_staff'), 'shift', ['staff'], unique=False)
    op.create_index(op.f('ix_shift_unit'), 'shift', ['unit'], unique=False)
    op.create_table('spot_check',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('hall', TEXT, nullable=False),
    sa.Column('window', TEXT, nullable=False),
    sa.Column('draw', TEXT, nullable=False),
    sa.Column('seed', TEXT, nullable=False),
    sa.Column('cause', TEXT, nullable=False),
    sa.Column('ordered_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ordered_by', TEXT, nullable=False),
    sa.Column('due_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('result', TEXT, nullable=True),
    sa.Column('people', sa.Integer(), nullable=True),
    sa.Column('seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('recorded_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('recorded_by', TEXT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_spot_check'))
    )
    op.create_index(op.f('ix_spot_check_hall'), 'spot_check', ['hall'], unique=False)
    op.create_index(op.f('ix_spot_check_window'), 'spot_check', ['window'], unique=False)
    op.create_table('trip',
    sa.Column('id', TEXT, nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('starts', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('approver', TEXT, nullable=True),
    sa.Column('approved_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('letter', TEXT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trip'))
    )
    op.create_index(op.f('ix_trip_staff'), 'trip', ['staff'], unique=False)
    op.create_index('ix_card_staff', 'card', ['staff', 'since'], unique=False)
    op.create_index('ix_card_window', 'card', ['window', 'since'], unique=False)
    op.add_column('leave', sa.Column('filed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column('leave', 'filed_at')
    op.drop_index('ix_card_window', table_name='card')
    op.drop_index('ix_card_staff', table_name='card')
    op.drop_index(op.f('ix_trip_staff'), table_name='trip')
    op.drop_table('trip')
    op.drop_index(op.f('ix_spot_check_window'), table_name='spot_check')
    op.drop_index(op.f('ix_spot_check_hall'), table_name='spot_check')
    op.drop_table('spot_check')
    op.drop_index(op.f('ix_shift_unit'), table_name='shift')
    op.drop_index(op.f('ix_shift_staff'), table_name='shift')
    op.drop_index(op.f('ix_shift_hall'), table_name='shift')
    op.drop_table('shift')
    op.drop_index(op.f('ix_power_cut_hall'), table_name='power_cut')
    op.drop_table('power_cut')
    op.drop_index(op.f('ix_lieu_staff'), table_name='lieu')
    op.drop_table('lieu')
    op.drop_table('kept_sheet')
    op.drop_index(op.f('ix_correction_staff'), table_name='correction')
    op.drop_table('correction')
    op.drop_table('closed_month')
