"""Requests with approval: what becomes plan rows once everybody has agreed"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('plan_request',
    sa.Column('number', BIG, autoincrement=True, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('staff', TEXT, nullable=False),
    sa.Column('hall', TEXT, nullable=True),
    sa.Column('unit', TEXT, nullable=True),
    sa.Column('window', TEXT, nullable=True),
    sa.Column('starts', moment(), nullable=False),
    sa.Column('ends', moment(), nullable=False),
    sa.Column('leave_kind', TEXT, nullable=True),
    sa.Column('letter', TEXT, nullable=True),
    sa.Column('substitute', TEXT, nullable=True),
    sa.Column('overtime', TEXT, nullable=True),
    sa.Column('day', sa.Date(), nullable=True),
    sa.Column('slot', TEXT, nullable=True),
    sa.Column('about', TEXT, nullable=True),
    sa.Column('reason', TEXT, nullable=False),
    sa.Column('days', sa.Float(), nullable=False),
    sa.Column('chain', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('filed_by', TEXT, nullable=False),
    sa.Column('filed_at', moment(), nullable=False),
    sa.Column('decided_at', moment(), nullable=True),
    sa.Column('plans', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_plan_request'))
    )
    op.create_index(op.f('ix_plan_request_staff'), 'plan_request', ['staff'], unique=False)
    op.create_index(op.f('ix_plan_request_hall'), 'plan_request', ['hall'], unique=False)
    op.create_index('ix_plan_request_filed_by', 'plan_request', ['filed_by'], unique=False)
    pending = sa.text("state = 'pending'")
    op.create_index('ix_plan_request_pending', 'plan_request', ['hall', 'number'], unique=False,
                    sqlite_where=pending, postgresql_where=pending)
    op.create_table('plan_request_step',
    sa.Column('request', BIG, autoincrement=False, nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('at', moment(), nullable=False),
    sa.Column('actor', TEXT, nullable=False),
    sa.Column('role', TEXT, nullable=False),
    sa.Column('event', TEXT, nullable=False),
    sa.Column('steps', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('why', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('request', 'sequence', name=op.f('pk_plan_request_step'))
    )
