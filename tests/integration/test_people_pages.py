"""People, roles and tokens over HTTP before the busy hall: what a change means, that it is so, and who is left."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from monitor.access import ROLES
from monitor.console.pages.peopleview import COLUMNS
from monitor.store import users
from monitor.store.audit import AUDIT
from monitor.store.schema import PasswordRow
from monitor.store.sql import table_of
from monitor.store.users import TOKEN, USER
from monitor.supervision.people import KEEPERS, Person, disable, principal_of, save_person
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import create_token
from tests import plain_http
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL
from tests.signing_in import GOOD

PASSWORD = table_of(PasswordRow)


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture(scope="module")
def admin(app: BusyApp) -> Iterator[httpx.Client]:
    with app.as_user("admin") as client:
        yield client


def post(client: httpx.Client, path: str, **fields: Any) -> httpx.Response:
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **fields})


def user(app: BusyApp, key: str) -> Any:
    with app.deps.store.read() as conn:
        return users.find(conn, key)


def audited(app: BusyApp, key: str) -> list[str]:
    with app.deps.store.read() as conn:
        query = select(AUDIT.c.action).where(AUDIT.c.object_kind == "user", AUDIT.c.object_id == key)
        return list(conn.execute(query.order_by(AUDIT.c.id)).scalars())


def make(app: BusyApp, key: str, role: str, **theirs: Any) -> None:
    now = app.clock.real_now()
    person = Person(id=key, role=role, name=f"测试{key}", **theirs)
    app.deps.store.step(lambda conn: save_person(conn, app.deps.registry.get(conn), person, actor="test", now=now))


def plain(text: str) -> str:
    """What a page says, without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_list_names_everybody_with_role_reach_and_last_sign_in(app: BusyApp, admin: httpx.Client) -> None:
    app.as_user("duty").close()
    said = plain(admin.get("/people").text)
    for name in ("演示值班员", "演示单位甲", "演示一号窗", "演示员二", "演示管理员"):
        assert name in said
    assert "所辖窗口" in said
    row = re.search(
        r'<tr class="person-active">\s*<td><a href="/people/duty">.*?</tr>', admin.get("/people").text, re.S
    )
    assert row is not None
    assert f"{app.clock.real_now().astimezone():%Y}" in row[0], "when they last signed in"
    assert "duty" in admin.get("/people?role=duty_supervisor").text
    assert "演示管理员" not in re.sub(
        r"<header.*?</header>", "", admin.get("/people?role=duty_supervisor").text, flags=re.S
    )
    assert "演示审计" in plain(admin.get("/people?text=审计").text)


def test_the_matrix_is_that_of_access(admin: httpx.Client) -> None:
    """Read off the page and held against `access.ROLES`."""
    text = admin.get("/people/roles?lang=zh").text
    for action, cells in re.findall(r'<code class="quiet">([a-z:]+)</code></th>(.*?)</tr>', text, re.S):
        has = [bool(one) for one in re.findall(r'<td class="(yes|)">', cells)]
        assert has == [action in ROLES[role].actions for role in COLUMNS], action
    assert text.count('class="yes"') == sum(len(ROLES[r].actions) for r in COLUMNS)


def test_a_change_is_shown_before_it_is_made_and_is_as_shown(app: BusyApp, admin: httpx.Client) -> None:
    """A head becomes a lead of one window: actions go, the session and the token's scopes too."""
    make(app, "narrowed", "supervision_head", halls=[HALL])
    token = app.token(user="narrowed")
    with app.as_user("narrowed") as client:
        assert client.get("/devices").status_code == 200
        form = {"role": "window_lead", "name": "测试", "windows": [f"{HALL}-w01"]}
        shown = post(admin, "/people/narrowed/change", **form)
        said = plain(shown.text)
        assert "失去的权限" in said
        assert "静默告警" in re.search(r'<dd class="lost">(.*?)</dd>', shown.text, re.S)[1]  # type: ignore[index]
        assert re.search(r"将结束的登录</dt><dd><strong>1</strong>", shown.text)
        assert "失去" in said
        assert user(app, "narrowed").role == "supervision_head", "nothing was written"
        assert client.get("/devices").status_code == 200
        done = post(admin, "/people/narrowed/change", **form, confirmed="yes")
        assert (done.status_code, done.headers["location"]) == (303, "/people/narrowed?done=changed")
        assert client.get("/board", follow_redirects=False).headers["location"].startswith("/sign-in"), "signed out"
    assert user(app, "narrowed").windows == [f"{HALL}-w01"]
    assert app.http.get("/api/v1/devices", headers=token).status_code == 403, "the token narrowed with its user"
    assert app.http.get("/api/v1/cards", headers=token).status_code == 200


def test_a_change_that_takes_nothing_leaves_people_signed_in(app: BusyApp, admin: httpx.Client) -> None:
    make(app, "widened", "window_lead", windows=[f"{HALL}-w01"])
    with app.as_user("widened") as client:
        form = {"role": "window_lead", "windows": [f"{HALL}-w01", f"{HALL}-w02"], "confirmed": "yes"}
        assert post(admin, "/people/widened/change", **form).status_code == 303
        assert client.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("key", "form", "said"),
    [
        ("Li", {"role": "auditor"}, "须为小写字母"),
        ("li1", {"role": "duty_supervisor"}, "须写明范围"),
        ("li2", {"role": "boss"}, "不是角色"),
        ("li3", {"role": "window_lead", "windows": ["w99"]}, "未登记"),
        ("duty", {"role": "auditor"}, "已有此账户"),
    ],
)
def test_who_cannot_be_is_refused_and_what_was_written_stays(
    app: BusyApp, admin: httpx.Client, key: str, form: dict[str, Any], said: str
) -> None:
    for confirmed in ("", "yes"):
        answer = post(admin, "/people/new", user=key, name="写下的名字", confirmed=confirmed, **form)
        assert answer.status_code in (409, 422)
        assert said in answer.text
        assert 'value="写下的名字"' in answer.text
    assert user(app, key) is None or key == "duty"


# --------------------------------------------------------------------------- who is left


def test_nobody_takes_the_right_from_themselves_nor_from_the_last(app: BusyApp, admin: httpx.Client) -> None:
    for path, form in (
        ("/people/admin/change", {"role": "auditor"}),
        ("/people/admin/change", {"role": "auditor", "confirmed": "yes"}),
        ("/people/admin/disable", {"reason": "调离"}),
        ("/people/admin/erase", {"confirmed": "yes"}),
    ):
        answer = post(admin, path, **form)
        assert answer.status_code == 409, path
        assert "不能取消自己的人员管理权" in answer.text
    make(app, "second", "administrator")
    assert post(admin, "/people/second/disable", reason="调离").status_code == 303, "one is left: whoever does it"
    assert user(app, "admin").role == "administrator"


def test_two_administrators_who_remove_each_other_at_once_leave_one(app: BusyApp) -> None:
    """Each was still one when their request came."""
    make(app, "left", "administrator")
    make(app, "right", "administrator")
    others = ["admin"]
    with app.deps.store.write() as conn:
        conn.execute(update(USER).where(USER.c.id.in_(others)).values(disabled_at=app.clock.real_now()))
    try:
        with app.deps.store.read() as conn:
            who = {key: principal_of(conn, key) for key in ("left", "right")}
        refused: list[str] = []

        def remove(actor: str, victim: str) -> None:
            try:
                app.deps.store.step(
                    lambda conn: disable(conn, victim, actor=who[actor], why="x", now=app.clock.real_now())
                )
            except Refused as error:
                refused.append(error.text)

        threads = [threading.Thread(target=remove, args=pair) for pair in (("left", "right"), ("right", "left"))]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        with app.deps.store.read() as conn:
            assert len(users.holders(conn, KEEPERS)) == 1
        assert len(refused) == 1
        assert "最后一位管理员" in refused[0]
    finally:
        with app.deps.store.write() as conn:
            conn.execute(update(USER).where(USER.c.id.in_(others)).values(disabled_at=None))


# --------------------------------------------------------------------------- an open board


def events_of(client: httpx.Client, change: Any) -> list[str]:
    """Names of the events of a board's stream until it ends; `change` is called once it runs."""
    seen: list[str] = []
    with client.stream("GET", f"/board/{HALL}/stream", timeout=15) as stream:
        assert stream.status_code == 200
        for line in stream.iter_lines():
            if line.startswith("retry"):
                change()
            if line.startswith("event: "):
                seen.append(line[7:])
    return seen


@pytest.mark.parametrize("how", ["narrowed", "disabled", "signed out", "by the command line"])
def test_an_open_board_of_somebody_narrowed_ends(app: BusyApp, admin: httpx.Client, how: str) -> None:
    key = "watcher-" + how.replace(" ", "-")
    make(app, key, "supervision_head", halls=[HALL])
    narrow = {"role": "window_lead", "windows": [f"{HALL}-w01"]}

    def change() -> None:
        if how == "narrowed":
            assert post(admin, f"/people/{key}/change", **narrow, confirmed="yes").status_code == 303
        elif how == "disabled":
            assert post(admin, f"/people/{key}/disable", reason="调离").status_code == 303
        elif how == "signed out":
            assert post(admin, f"/people/{key}/sign-out").status_code == 303
        else:
            make(app, key, "window_lead", windows=[f"{HALL}-w01"])

    with app.as_user(key) as client:
        seen = events_of(client, change)
    assert seen[-1] == "anew", "the page is told to load again, and the stream is over"


# --------------------------------------------------------------------------- ways in


def test_an_invitation_is_shown_once_and_opens(app: BusyApp, admin: httpx.Client) -> None:
    make(app, "invited", "auditor")
    answer = post(admin, "/people/invited/invite", hours="2")
    link = re.search(r'value="(http[^"]+/sign-in/invite#jci_[^"]+)"', answer.text)
    assert link is not None
    assert link[1].startswith(app.url)
    assert "jci_" not in admin.get("/people/invited").text
    assert "已邀请" in admin.get("/people/invited").text
    with plain_http.client(base_url=app.url) as door:
        form = {"secret": link[1].partition("#")[2], "password": GOOD, "again": GOOD}
        assert door.post("/sign-in/invite", data=form).status_code == 303


def test_a_lock_is_lifted_a_link_comes_and_goes(app: BusyApp, admin: httpx.Client) -> None:
    until = app.clock.real_now() + timedelta(minutes=30)
    with app.deps.store.write() as conn:
        conn.execute(update(PASSWORD).where(PASSWORD.c.user == "lead").values(locked_until=until, failures=7))
    assert "已锁定" in admin.get("/people/lead").text
    assert post(admin, "/people/lead/unlock").status_code == 303
    assert post(admin, "/people/lead/unlock").status_code == 409, "there is no lock any more"
    identity = {"issuer": "https://sso.other", "subject": "10086"}
    assert post(admin, "/people/lead/link", **identity).status_code == 303
    assert "10086" in admin.get("/people/lead").text
    assert post(admin, "/people/lead/unlink", **identity).status_code == 303
    assert "10086" not in admin.get("/people/lead").text
    assert post(admin, "/people/lead/unlink", **identity).status_code == 422
    assert audited(app, "lead")[-3:] == ["user.unlocked", "user.linked", "user.unlinked"]


def test_out_of_service_and_back(app: BusyApp, admin: httpx.Client) -> None:
    make(app, "gone", "auditor")
    token = app.token(user="gone")
    assert post(admin, "/people/gone/disable", reason="  ").status_code == 422
    assert post(admin, "/people/gone/disable", reason="调离").status_code == 303
    assert app.http.get("/api/v1/cards", headers=token).status_code == 401
    assert post(admin, "/people/gone/enable").status_code == 303
    assert user(app, "gone").disabled_at is None
    assert app.http.get("/api/v1/cards", headers=token).status_code == 401, "tokens stay revoked"
    assert post(admin, "/people/gone/enable").status_code in (409, 422)


def test_erasing_shows_first_what_goes_and_then_it_is_gone(app: BusyApp, admin: httpx.Client) -> None:
    make(app, "erased", "auditor", contacts=["13800000000"])
    app.as_user("erased").close()
    shown = post(admin, "/people/erased/erase")
    assert re.search(r"姓名与联系方式</dt><dd>1</dd>", shown.text)
    assert user(app, "erased").name == "测试erased", "a preview writes nothing"
    assert post(admin, "/people/erased/erase", confirmed="yes").status_code == 303
    row = user(app, "erased")
    assert (row.name, row.contacts) == ("", None)
    assert row.disabled_at is not None
    assert "user.erased" in audited(app, "erased")


# --------------------------------------------------------------------------- tokens


def made_token(answer: httpx.Response) -> str:
    found = re.search(r'value="(jct_[^"]+)"', answer.text)
    assert found is not None, plain(answer.text)[:500]
    return found[1]


KINDS = {
    "user": ({"user": "duty"}, "/api/v1/cards", 200),
    "hall": ({"hall": HALL}, "/api/v1/cards", 200),
    "device": ({"device": f"{HALL}-ev01"}, "/api/v1/cards", 403),
    "kiosk": ({"device": f"{HALL}-tm1"}, "/api/v1/cards", 403),
    "gallery": ({"device": f"{HALL}-tm1"}, "/api/v1/cards", 403),
    "screen": ({"device": f"{HALL}-ev01"}, "/api/v1/cards", 403),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_shown_once_ends_and_says_when_it_was_used(app: BusyApp, admin: httpx.Client, kind: str) -> None:
    whose, path, status = KINDS[kind]
    text = made_token(post(admin, "/tokens", kind=kind, days="30", **whose))
    header = {"Authorization": f"Bearer {text}"}
    assert text not in admin.get("/tokens").text
    with app.deps.store.read() as conn:
        row = conn.execute(select(TOKEN).order_by(TOKEN.c.id.desc()).limit(1)).one()
    assert row.last_used is None
    left = row.expires - app.clock.real_now()
    assert timedelta(days=30) - timedelta(minutes=5) < left <= timedelta(days=30)
    assert app.http.get(path, headers=header).status_code == status
    said = admin.get("/tokens").text
    assert "演示管理员" in re.search(rf"<td class=\"number\">{row.id}</td>.*?</tr>", said, re.S)[0], "by whom"  # type: ignore[index]
    with app.deps.store.write() as conn:
        conn.execute(update(TOKEN).where(TOKEN.c.id == row.id).values(expires=app.clock.real_now()))
    assert app.http.get(path, headers=header).status_code == 401, "it is over"
    revoked = post(admin, "/tokens/revoke", number=str(row.id), reason="外泄")
    assert revoked.status_code == 303
    assert post(admin, "/tokens/revoke", number=str(row.id), reason="外泄").status_code == 404


def test_last_use_is_written_once_an_hour(app: BusyApp) -> None:
    with app.deps.store.write() as conn:
        text = create_token(conn, now=app.clock.now(), halls=[HALL])
        number = conn.execute(select(TOKEN.c.id).order_by(TOKEN.c.id.desc()).limit(1)).scalar_one()
    header = {"Authorization": f"Bearer {text}"}

    def used() -> Any:
        app.http.get("/api/v1/cards?limit=1", headers=header)
        with app.deps.store.read() as conn:
            return conn.execute(select(TOKEN.c.last_used).where(TOKEN.c.id == number)).scalar_one()

    def ago(minutes: int) -> Any:
        at = app.clock.real_now() - timedelta(minutes=minutes)
        with app.deps.store.write() as conn:
            conn.execute(update(TOKEN).where(TOKEN.c.id == number).values(last_used=at))
        return at

    assert app.clock.real_now() - used() < timedelta(minutes=1), "the first time"
    for minutes, written in ((55, False), (61, True)):
        at = ago(minutes)
        assert (used() != at) is written, minutes


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "kiosk", "device": f"{HALL}-ev01"}, "不是签到终端"),
        ({"kind": "screen", "device": f"{HALL}-tm1"}, "不是评价器"),
        ({"kind": "device", "device": "ghost"}, "未登记或已停用"),
        ({"kind": "hall", "hall": "h99"}, "未登记"),
        ({"kind": "user", "user": "ghost"}, "不是在用账户"),
        ({"kind": "root", "user": "duty"}, "不是令牌类别"),
        ({"kind": "user", "user": "duty", "days": "soon"}, "有效天数"),
        ({"kind": "user", "user": "duty", "days": "0"}, "有效天数"),
    ],
)
def test_a_token_that_cannot_be_is_refused(admin: httpx.Client, form: dict[str, str], said: str) -> None:
    answer = post(admin, "/tokens", **form)
    assert answer.status_code == 422
    assert said in answer.text
