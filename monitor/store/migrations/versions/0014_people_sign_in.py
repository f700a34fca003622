"""People sign in with a browser: passwords, invitations, sessions, identities of OpenID providers"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation='C'), 'postgresql')

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table('identity',
    sa.Column('issuer', TEXT, nullable=False),
    sa.Column('subject', TEXT, nullable=False),
    sa.Column('user', TEXT, nullable=False),
    sa.Column('linked_at', moment(), nullable=False),
    sa.Column('linked_by', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_identity'))
    )
    op.create_index(op.f('ix_identity_user'), 'identity', ['user'], unique=False)
    op.create_table('invite',
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('user', TEXT, nullable=False),
    sa.Column('created', moment(), nullable=False),
    sa.Column('created_by', TEXT, nullable=False),
    sa.Column('expires', moment(), nullable=False),
    sa.Column('used_at', moment(), nullable=True),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_invite'))
    )
    op.create_index(op.f('ix_invite_user'), 'invite', ['user'], unique=False)
    op.create_table('password',
    sa.Column('user', TEXT, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('set_at', moment(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', moment(), nullable=True),
    sa.PrimaryKeyConstraint('user', name=op.f('pk_password'))
    )
    op.create_table('web_session',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('digest', TEXT, nullable=False),
    sa.Column('csrf', TEXT, nullable=False),
    sa.Column('user', TEXT, nullable=False),
    sa.Column('by', TEXT, nullable=False),
    sa.Column('created', moment(), nullable=False),
    sa.Column('renewed', moment(), nullable=False),
    sa.Column('seen', moment(), nullable=False),
    sa.Column('expires', moment(), nullable=False),
    sa.Column('address', TEXT, nullable=False),
    sa.Column('agent', TEXT, nullable=False),
    sa.Column('ended_at', moment(), nullable=True),
    sa.Column('ended_by', TEXT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_web_session')),
    sa.UniqueConstraint('digest', name=op.f('uq_web_session_digest'))
    )
    op.create_index(op.f('ix_web_session_user'), 'web_session', ['user'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_web_session_user'), table_name='web_session')
    op.drop_table('web_session')
    op.drop_table('password')
    op.drop_index(op.f('ix_invite_user'), table_name='invite')
    op.drop_table('invite')
    op.drop_index(op.f('ix_identity_user'), table_name='identity')
    op.drop_table('identity')
