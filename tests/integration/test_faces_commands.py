"""Enrolling, comparing and forgetting faces on a real store; the command line on real photographs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from monitor.access import Principal
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.encoder import Model
from monitor.ops.doctor.facechecks import check_faces
from monitor.settings import FaceSettings
from monitor.store import faces
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.store.facekeys import KeyStore
from monitor.supervision.erasure import erase
from monitor.supervision.faces import Enrolment, Photo, enrol, for_calibration, forget, identify, listing, verify
from monitor.supervision.refused import Refused
from tests.faces import MODEL, at_distance, face, photos, vector
from tests.halls import Commands, at, hall
from tests.world import World

pytestmark = pytest.mark.scenarios

POLICY = FacePolicy()
HEAD = Principal(id="chen", role="supervision_head", halls=frozenset({"h1"}))
PERSONNEL = Principal(id="liu", role="personnel", halls=frozenset({"h1"}))
DUTY = Principal(id="li", role="duty_supervisor", halls=frozenset({"h1"}))
ELSEWHERE = Principal(id="wu", role="personnel", halls=frozenset({"h2"}))


class Room:
    """A hall of four with its key store; `do` is a command as the command line carries it out."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.world = World(store, folder, hall(4))
        self.store = store
        self.keys = KeyStore(folder / "outside" / "face-keys")

    def do(self, act: Callable[..., Any], *given: Any, actor: Principal | str = HEAD, **named: Any) -> Any:
        def step(conn: Connection) -> Any:
            return act(conn, self.world.program.registry.get(conn), self.keys, *given,
                       actor=actor, now=self.world.clock.now(), **named)  # fmt: skip

        return self.store.step(step)

    def enrol(self, staff: str, taken: tuple[Photo, ...], *, actor: Principal | str = HEAD, **said: Any) -> Any:
        wanted = Enrolment(
            staff=staff,
            photos=taken,
            consent_at=said.pop("consent_at", at("07:00")),
            purpose=said.pop("purpose", "考勤"),
        )
        return self.do(enrol, POLICY, wanted, model=said.pop("model", MODEL), actor=actor)

    def rows(self, query: Any) -> list[Any]:
        with self.store.read() as conn:
            return list(conn.execute(query))

    def audit(self) -> list[tuple[str, str, str]]:
        query = select(AUDIT).where(AUDIT.c.action.like("face.%")).order_by(AUDIT.c.id)
        return [(row.action, row.object_id, row.actor) for row in self.rows(query)]


@pytest.fixture
def room(store: Store, tmp_path: Path) -> Room:
    return Room(store, tmp_path)


def shot(person: int, n: int = 50, **quality: float) -> Photo:
    return Photo(name="now.jpg", faces=(face(vector(person, n), **quality),))


# --------------------------------------------------------------------------- enrolling


@pytest.mark.both_databases
def test_who_is_enrolled_is_recognised_and_nobody_else(room: Room) -> None:
    assert room.enrol("s01", photos(1))["replaced"] is False
    room.enrol("s02", photos(2, 5), actor=PERSONNEL)
    assert room.do(verify, POLICY, "s01", shot(1), model=MODEL)["band"] == "accept"
    assert room.do(verify, POLICY, "s02", shot(1), model=MODEL)["band"] == "unknown"
    found = room.do(identify, POLICY, shot(2), model=MODEL)
    assert (found["staff"], found["band"], found["compared"]) == ("s02", "accept", 2)
    stranger = room.do(identify, POLICY, shot(3), model=MODEL)
    assert (stranger["staff"], stranger["band"]) == (None, "unknown")
    assert room.audit() == [
        ("face.enrolled", "s01", "chen"), ("face.enrolled", "s02", "liu"), ("face.verified", "s01", "chen"),
        ("face.verified", "s02", "chen"), ("face.identified", "faces", "chen"), ("face.identified", "faces", "chen"),
    ]  # fmt: skip


def test_a_face_in_the_band_of_review_is_not_named(room: Room) -> None:
    start = vector(1)
    room.enrol("s01", tuple(Photo(name=f"{n}", faces=(face(at_distance(start, n / 50)),)) for n in range(3)))
    near = Photo(name="now.jpg", faces=(face(at_distance(start, -0.47)),))
    found = room.do(identify, POLICY, near, model=MODEL)
    assert (found["staff"], found["band"], found["distance"]) == (None, "review", 0.47)
    assert room.do(verify, POLICY, "s01", near, model=MODEL)["band"] == "review"


ALIKE = tuple(Photo(name=f"{n}.jpg", faces=(face(at_distance(vector(1), n / 50)),)) for n in range(3))


@pytest.mark.parametrize(
    ("says", "taken", "said", "told"),
    [
        ("too few", photos(2, 2), {}, "2 张照片，应为 3–5"),
        ("too many", photos(2, 6), {}, "6 张照片，应为 3–5"),
        ("one without a face", (*photos(2, 2), Photo(name="empty.jpg", faces=())), {}, "empty.jpg: 没有找到人脸"),
        ("one with two", (*photos(2, 2), Photo(name="two.jpg", faces=(face(vector(2)), face(vector(3))))), {},
         "two.jpg: 有 2 张人脸"),
        ("a blurred one", (*photos(2, 2), shot(2, sharpness=3)), {}, "now.jpg: 照片模糊"),
        ("the same picture twice", (*photos(2, 2), photos(2, 1)[0]), {}, "1.jpg: 与 1.jpg 是同一张照片"),
        ("another person among them", (*photos(2, 3), shot(3)), {}, "now.jpg: 与 .* 不像同一人"),
        ("somebody else's face", ALIKE, {}, "s02: 与已登记的 s01 过近"),
        ("consent from tomorrow", photos(2), {"consent_at": at("03-03 08:00")}, "--consent-at: .*晚于现在"),
        ("no purpose", photos(2), {"purpose": " "}, "须写明理由"),
    ],
)  # fmt: skip
def test_what_is_not_enrolled(says: str, taken: tuple[Photo, ...], said: Any, told: str, room: Room) -> None:
    room.enrol("s01", photos(1))
    kept = room.keys.all()
    with pytest.raises(Refused, match=told):
        room.enrol("s02", taken, **said)
    assert [row.staff for row in room.rows(select(faces.FACE))] == ["s01"]
    assert room.keys.all() == kept, "a refusal makes no key"


@pytest.mark.parametrize(
    ("says", "staff", "actor", "told"),
    [
        ("a duty supervisor may not", "s01", DUTY, "无权登记、比对、删除人脸"),
        ("nor the personnel office of another hall", "s01", ELSEWHERE, "不在其内"),
        ("nobody the registry does not know", "s99", "cli:op", "s99"),
    ],
)
def test_who_may_enrol_whom(says: str, staff: str, actor: Principal | str, told: str, room: Room) -> None:
    with pytest.raises(Refused, match=told):
        room.enrol(staff, photos(1), actor=actor)
    assert not room.keys.exists


def test_comparing_reaches_as_far_as_the_halls_of_whoever_asks(room: Room) -> None:
    room.enrol("s01", photos(1))
    found = room.do(identify, POLICY, shot(1), model=MODEL, actor=ELSEWHERE)
    assert (found["staff"], found["compared"]) == (None, 0)
    assert room.do(for_calibration, actor=ELSEWHERE).people == {}
    for act, given in ((identify, (POLICY, shot(1))), (verify, (POLICY, "s01", shot(1)))):
        with pytest.raises(Refused, match="无权"):
            room.do(act, *given, model=MODEL, actor=DUTY)
    with room.store.read() as conn:
        registry = room.world.program.registry.get(conn)
        assert [row["staff"] for row in listing(conn, registry, room.keys, actor=HEAD)] == ["s01"]
        assert listing(conn, registry, room.keys, actor=ELSEWHERE) == []


@pytest.mark.both_databases
def test_vectors_lie_in_the_database_only_sealed(room: Room) -> None:
    room.enrol("s01", photos(1))
    (row,) = room.rows(select(faces.FACE))
    key = room.keys.get(row.key)
    assert key is not None
    assert faces.unseal(key, row) == [pytest.approx(vector(1, n), abs=1e-6) for n in (1, 2, 3)]
    with pytest.raises(faces.Unreadable):
        faces.unseal(bytes(32), row)
    assert (row.model, row.version) == ("made-up", "1")


@pytest.mark.both_databases
def test_enrolling_again_replaces_and_another_model_asks_for_it(room: Room) -> None:
    first = room.enrol("s01", photos(1))
    assert first["old_key"] is None
    better = Model(name="made-up", version="2")
    with pytest.raises(Refused, match="模型已更换"):
        room.do(verify, POLICY, "s01", shot(1), model=better)
    assert room.do(identify, POLICY, shot(1), model=better)["outdated"] == ["s01"]
    again = room.enrol("s01", photos(1, 4), model=better)
    assert again["replaced"] is True
    assert again["old_key"] in room.keys.all(), "until the caller has committed"
    assert room.do(verify, POLICY, "s01", shot(1), model=better)["band"] == "accept"
    assert [row.vectors for row in room.rows(select(faces.FACE))] == [4]


def test_a_key_store_that_went_away_is_not_made_anew(room: Room) -> None:
    room.enrol("s01", photos(1))
    room.keys.path.rename(room.keys.path.with_name("elsewhere"))
    with pytest.raises(Refused, match="没有此文件，而库中已有人脸"):
        room.enrol("s02", photos(2))


# --------------------------------------------------------------------------- forgetting


@pytest.mark.both_databases
def test_forgetting_destroys_the_key_and_proves_it(room: Room) -> None:
    room.enrol("s01", photos(1))
    room.enrol("s02", photos(2))
    (before,) = room.rows(select(faces.FACE).where(faces.FACE.c.staff == "s01"))
    key = room.keys.get(before.key)
    assert key is not None
    done = room.do(forget, "s01", why="本人撤回同意")
    assert done == {"staff": "s01", "key": before.key, "destroyed": True, "unreadable": True, "vectors": 3, "frames": 0}
    assert key.hex().encode() not in room.keys.path.read_bytes()
    for other in room.keys.all().values():
        with pytest.raises(faces.Unreadable):
            faces.unseal(other, before)
    assert [row.staff for row in room.rows(select(faces.FACE))] == ["s02"]
    consents = {row.staff: row.withdrawn_by for row in room.rows(select(faces.CONSENT))}
    assert consents == {"s01": "chen", "s02": None}
    assert [row.value for row in room.rows(select(PRIVATE).where(PRIVATE.c.name == "why"))] == ["本人撤回同意"]
    assert room.audit()[-1] == ("face.erased", "s01", "chen")
    with pytest.raises(Refused, match="没有登记人脸"):
        room.do(forget, "s01", why="再来一次")


@pytest.mark.both_databases
def test_forgetting_goes_on_where_it_broke_off(room: Room) -> None:
    """The key is destroyed and the transaction comes to nothing: done again it ends well."""
    room.enrol("s01", photos(1))

    def breaks_off(*given: Any, **named: Any) -> None:
        forget(*given, **named)
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        room.do(breaks_off, "s01", why="撤回")
    assert room.keys.all() == {}
    assert room.do(identify, POLICY, shot(1), model=MODEL)["unreadable"] == ["s01"]
    assert room.do(forget, "s01", why="撤回")["destroyed"] is False


def test_forgetting_takes_a_role_and_a_reason(room: Room) -> None:
    room.enrol("s01", photos(1))
    for actor, why, told in ((DUTY, "撤回", "无权"), (ELSEWHERE, "撤回", "不在其内"), (HEAD, "", "须写明理由")):
        with pytest.raises(Refused, match=told):
            room.do(forget, "s01", why=why, actor=actor)
    assert len(room.keys.all()) == 1


def test_a_person_is_erased_after_their_face(room: Room) -> None:
    room.enrol("s01", photos(1))

    def wiped() -> Any:
        return room.store.step(lambda conn: erase(conn, "staff", "s01", actor="cli:x", now=at("09:00")))

    with pytest.raises(Refused, match="jiancha face forget"):
        wiped()
    room.do(forget, "s01", why="离职")
    assert wiped().rows["staff"] == 1


# --------------------------------------------------------------------------- doctor


def checked(room: Room, *, keys: bool = True) -> dict[str, tuple[bool, str]]:
    given = FaceSettings(keys=str(room.keys.path) if keys else None)
    settings = room.world.settings.model_copy(update={"faces": given})
    return {f.check: (f.ok, f.why) for f in check_faces(room.store, settings, at("08:00"))}


def test_doctor_names_two_people_whom_the_face_cannot_tell_apart(room: Room) -> None:
    assert checked(room, keys=False) == {}
    assert checked(room)["faces.keys"][0]
    room.enrol("s01", photos(1))
    room.enrol("s02", photos(2))
    assert {ok for ok, _ in checked(room).values()} == {True}
    assert room.audit()[-1][0] == "face.compared"
    strict = FacePolicy(accept=0.1, review=0.1)
    twins = Enrolment(staff="s03", photos=ALIKE, consent_at=at("07:00"), purpose="考勤")
    room.do(enrol, strict, twins, model=MODEL)
    ok, why = checked(room)["faces.near"]
    assert not ok
    assert "s01–s03" in why


def test_doctor_names_faces_without_a_key(room: Room) -> None:
    room.enrol("s01", photos(1))
    assert checked(room, keys=False)["faces.keys"][0] is False
    room.keys.destroy(next(iter(room.keys.all())))
    ok, why = checked(room)["faces.keys"]
    assert not ok
    assert "s01" in why


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    made = Commands(tmp_path, env={"JIANCHA_FACES__KEYS": str(tmp_path / "outside" / "face-keys")})
    made.set_up(hall(3))
    return made


CONSENT = ("--consent-at", "2026-03-02T08:00:00+08:00", "--purpose", "考勤签到")


@pytest.mark.sqlite_only
def test_a_face_from_enrolment_to_its_end_in_backups(commands: Commands, data_dir: Path, tmp_path: Path) -> None:
    of = {name: sorted((data_dir / "faces" / f"fr_{name}").iterdir()) for name in ("obama", "biden", "kit_harington")}
    commands.run("face", "enroll", "--staff", "s01", *CONSENT, *map(str, of["obama"][:3]))
    commands.run("face", "enroll", "--staff", "s02", *CONSENT, *map(str, of["kit_harington"]))
    commands.run("face", "enroll", "--staff", "s03", *CONSENT, *map(str, of["obama"][3:]), status=2)
    assert commands.json("face", "verify", "--staff", "s01", str(of["obama"][3]))["band"] == "accept"
    assert commands.json("face", "verify", "--staff", "s01", str(of["biden"][0]), status=1)["band"] == "unknown"
    assert commands.json("face", "identify", str(of["obama"][4]))["staff"] == "s01"
    assert commands.json("face", "identify", str(of["biden"][0]), status=1)["staff"] is None
    measured = commands.json("face", "calibrate")
    assert (measured["people"], measured["vectors"]) == (2, 6)
    assert [row["staff"] for row in commands.json("face", "list")] == ["s01", "s02"]

    commands.run("backup", "b.zip")
    store = tmp_path / "outside" / "face-keys"
    copy = store.read_bytes()
    keys = copy.decode().split("\n", 1)[1].split()[1::2]
    with zipfile.ZipFile(tmp_path / "b.zip") as backup:
        kept = b"".join(backup.read(name) for name in backup.namelist())
    assert len(keys) == 2
    assert all(key.encode() not in kept for key in keys), "no key is ever in a backup"
    commands.run("face", "forget", "--staff", "s01", "--reason", "本人撤回同意")
    (tmp_path / "erased.jsonl").write_text(commands.run("retention", "erasures"))
    store.write_bytes(copy)  # somebody puts back an old copy of the key store, too
    commands.env["JIANCHA_STORE__URL"] = f"sqlite:///{tmp_path / 'again.sqlite'}"
    commands.run("restore", "b.zip", "--erased", "erased.jsonl")
    assert [row["staff"] for row in commands.json("face", "list")] == ["s02"]
    assert commands.json("face", "identify", str(of["obama"][4]), status=1)["staff"] is None
    assert len(KeyStore(store).all()) == 1, "the key is destroyed in the copy that came back"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("says", "arguments"),
    [
        ("no picture", ("face", "verify", "--staff", "s01", "registry.toml")),
        ("no file", ("face", "identify", "nowhere.jpg")),
        ("a time without offset", ("face", "enroll", "--staff", "s01", "--consent-at", "2026-03-02T08:00:00",
                                   "--purpose", "考勤", "registry.toml")),
        ("nobody enrolled", ("face", "forget", "--staff", "s01", "--reason", "撤回")),
    ],
)  # fmt: skip
def test_bad_input(says: str, arguments: tuple[str, ...], commands: Commands) -> None:
    commands.run(*arguments, status=2)


@pytest.mark.sqlite_only
def test_without_a_key_store_nothing_is_enrolled(commands: Commands, data_dir: Path) -> None:
    del commands.env["JIANCHA_FACES__KEYS"]
    pictures = sorted((data_dir / "faces" / "fr_obama").iterdir())[:3]
    commands.run("face", "enroll", "--staff", "s01", *CONSENT, *map(str, pictures), status=2)
    assert json.loads(commands.run("face", "list", "--json")) == []
