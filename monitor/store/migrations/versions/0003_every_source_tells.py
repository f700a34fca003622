"""Each source's telling of a case event is kept: the fold merges them, whoever came first"""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

FACT = ['case_key', 'event', 'at_second', 'discriminator']
OLD = 'uq_case_event_case_key_event_at_second_discriminator'
NEW = 'uq_case_event_case_key_event_at_second_discriminator_source'


def upgrade() -> None:
    with op.batch_alter_table('case_event', schema=None) as batch_op:
        batch_op.drop_constraint(op.f(OLD), type_='unique')
        batch_op.create_unique_constraint(op.f(NEW), [*FACT, 'source'])


def downgrade() -> None:
    with op.batch_alter_table('case_event', schema=None) as batch_op:
        batch_op.drop_constraint(op.f(NEW), type_='unique')
        batch_op.create_unique_constraint(op.f(OLD), FACT)
