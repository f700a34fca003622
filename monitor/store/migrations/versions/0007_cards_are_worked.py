"""Cards are worked to their end: promises, orders, appeals, follow-ups, attachments; people and their scope"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('issuer', 'appeal', 'appellant', 'followup'):
        op.add_column('card', sa.Column(name, TEXT, nullable=True))
    op.add_column('card', sa.Column('promised_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('card', sa.Column('attributed', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('card_event', sa.Column('body', sa.JSON(none_as_null=True), nullable=True))
    op.create_table('attachment',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('card', ID, nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('name', TEXT, nullable=False),
    sa.Column('media_type', TEXT, nullable=False),
    sa.Column('length', sa.BigInteger(), nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('added_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('card', 'sequence', 'digest', name=op.f('uq_attachment_card_sequence_digest'))
    )
    with op.batch_alter_table('user') as table:
        table.drop_column('hall')
        table.drop_column('unit')
        for name in ('halls', 'units', 'windows'):
            table.add_column(sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column('staff', TEXT, nullable=True))
        table.add_column(sa.Column('disabled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('user') as table:
        for name in ('disabled_at', 'staff', 'windows', 'units', 'halls'):
            table.drop_column(name)
        table.add_column(sa.Column('hall', TEXT, nullable=True))
        table.add_column(sa.Column('unit', TEXT, nullable=True))
    op.drop_table('attachment')
    op.drop_column('card_event', 'body')
    for name in ('attributed', 'promised_at', 'followup', 'appellant', 'appeal', 'issuer'):
        op.drop_column('card', name)
