"""The web face of the simulated banks: one address a bank, and a door for tests and drills."""

import hmac
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Response, request
from marshmallow import Schema, ValidationError, fields, validate

from antifraud.channel.signatures import (
    NONCES_KEPT,
    RequestFacts,
    SignatureRefused,
    Signer,
    Verified,
    Verifier,
    tag_for,
)
from antifraud.channel.wire import MAX_MESSAGE_BYTES, BankRequest, parse_request
from antifraud.foundation.json import canonical, loads
from antifraud.foundation.problems import (
    MEDIA_TYPE,
    InvalidValue,
    NotAuthenticated,
    NotFound,
    Problem,
    fault,
    pointer,
)
from antifraud.simulator.accounts import SILENT, WITH_AMOUNT, WITHOUT_EFFECT, AccountScript, Move
from antifraud.simulator.callbacks import Callbacks
from antifraud.simulator.faults import BEFORE_EFFECT, IN_CALLBACK, IN_RESPONSE, Faults
from antifraud.simulator.setup import Bank
from antifraud.simulator.world import Reply, World

_HANG_SECONDS: Final = 60.0
_DRIP_SECONDS: Final = 1.0
_RETRY_AFTER_SECONDS: Final = 2


class _MoveSchema(Schema):
    institution = fields.String(required=True)
    number = fields.String(required=True)
    amount_minor = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))


class _ScriptSchema(Schema):
    institution = fields.String(required=True)
    number = fields.String(required=True)
    holder = fields.String(allow_none=True)
    balance_minor = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    asset = fields.String(required=True)
    moves = fields.List(fields.Nested(_MoveSchema))
    answer = fields.String(allow_none=True, validate=validate.OneOf(sorted(WITHOUT_EFFECT | WITH_AMOUNT | {SILENT})))
    held_minor = fields.Integer(allow_none=True, strict=True, validate=validate.Range(min=0))
    after_seconds = fields.Float(allow_none=True, validate=validate.Range(min=0))


class _FaultSchema(Schema):
    bank = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(sorted(IN_RESPONSE | IN_CALLBACK)))
    count = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=10_000))


class _Banks:
    """What the routes share."""

    def __init__(self, world: World, callbacks: Callbacks, faults: Faults, token: str) -> None:
        self.world = world
        self.callbacks = callbacks
        self.faults = faults
        self._token = token
        self._stopping = threading.Event()
        self._nonces: dict[tuple[str, str, str], datetime] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        self._stopping.set()

    def wait(self, seconds: float) -> bool:
        """Wait in real seconds; true when the server stops."""
        return self._stopping.wait(seconds)

    def check_admin(self) -> None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode("utf-8"), f"Bearer {self._token}".encode()):
            raise NotAuthenticated("give the token of HOME/simulator/token as a bearer token")

    def verify(self, bank: Bank, raw: bytes) -> Verified:
        """Believe the centre only, and each of its messages once."""
        now = self.world.clock.now()
        try:
            verified = Verifier().verify_request(
                request.method,
                bank.url,
                request.headers,
                raw,
                keys=self.world.config.centre_keys.get,
                now=now,
                expected_tag=tag_for(self.world.config.environment),
            )
        except SignatureRefused as refused:
            raise NotAuthenticated(f"the message is not believed: {refused.told}") from None
        with self._lock:
            self._nonces = {nonce: seen for nonce, seen in self._nonces.items() if seen > now - NONCES_KEPT}
            nonce = (bank.code, verified.key_id, verified.nonce)
            if nonce in self._nonces:
                raise NotAuthenticated("the message is not believed: it was received before")
            self._nonces[nonce] = now
        return verified


def create_app(world: World, callbacks: Callbacks, faults: Faults, token: str) -> Flask:
    """Return the application; ``app.extensions["stop"]`` ends requests that hang on purpose."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_MESSAGE_BYTES
    banks = _Banks(world, callbacks, faults, token)
    app.extensions["stop"] = banks.stop

    @app.errorhandler(Problem)
    def problem(found: Problem) -> Response:
        return Response(
            canonical(found.to_document()), status=found.status, headers=found.headers, content_type=MEDIA_TYPE
        )

    @app.get("/healthz")
    def healthz() -> Response:
        return _json({"status": "ok"})

    @app.post("/banks/<code>/requests")
    def take(code: str) -> Response:
        return _take(banks, code)

    @app.post("/admin/accounts")
    def accounts() -> Response:
        banks.check_admin()
        found = _load(_ScriptSchema(many=True), as_list=True)
        scripts = [AccountScript(**(one | {"moves": _moves(one)})) for one in found]
        for script in scripts:
            world.write_script(script)
        return _json({"accounts": len(scripts)})

    @app.post("/admin/faults")
    def order() -> Response:
        banks.check_admin()
        found = cast("dict[str, Any]", _load(_FaultSchema(), as_list=False))
        if found["bank"] not in world.config.banks:
            raise InvalidValue("there is no such bank", errors=[fault("/bank", "there is no such bank")])
        faults.order(found["bank"], found["kind"], found["count"])
        return _json({"ordered": found["count"]})

    @app.get("/admin/ledger")
    def ledger() -> Response:
        banks.check_admin()
        return _json({"effects": world.ledger()})

    @app.get("/admin/state")
    def state() -> Response:
        banks.check_admin()
        return _json(world.state() | {"faults": faults.waiting()})

    return app


def _take(banks: _Banks, code: str) -> Response:
    world = banks.world
    bank = world.config.banks.get(code)
    if bank is None:
        raise NotFound("there is no such bank")
    raw = request.get_data()
    banks.verify(bank, raw)
    kind = banks.faults.take(code, IN_RESPONSE)
    if kind in BEFORE_EFFECT:
        return _broken_before(banks, kind)
    asked = _read(bank, raw)
    reply = world.receive(bank, asked, raw)
    return _respond(banks, bank, asked, reply, kind)


def _read(bank: Bank, raw: bytes) -> BankRequest:
    asked = parse_request(raw)
    if request.headers.get("Idempotency-Key") != str(asked.id):
        raise InvalidValue("Idempotency-Key is not the id of the request")
    if asked.account.institution != bank.code:
        raise InvalidValue(
            "the account is another bank's", errors=[fault("/account/institution", "this is another bank's address")]
        )
    return asked


def _respond(  # noqa: PLR0911 - one line for each way to get it wrong
    banks: _Banks, bank: Bank, asked: BankRequest, reply: Reply, kind: str | None
) -> Response:
    facts = RequestFacts(
        method="POST",
        url=bank.url,
        content_digest=request.headers["Content-Digest"],
        idempotency_key=str(asked.id),
    )
    signer = bank.signer
    if kind == "bad_signature":
        signer = Signer(signer.key_id, Ed25519PrivateKey.generate(), banks.world.config.environment)
    headers = signer.response_headers(reply.status, reply.body, facts, now=banks.world.clock.now())
    match kind:
        case "empty_204":
            return Response(status=204)
        case "html":
            return Response("<html><body>200 OK</body></html>", content_type="text/html")
        case "unsigned":
            return Response(reply.body, status=reply.status, content_type="application/json")
        case "tampered":
            changed = reply.body.replace(b'"outcome":"', b'"outcome":"x', 1)
            return Response(changed, status=reply.status, headers=headers)
        case "slow_loris":
            headers["Content-Length"] = str(len(reply.body))
            return Response(_drip(banks, reply.body), status=reply.status, headers=headers)
        case "drop_response":
            return _hang_up()
        case "callback_before_response":
            banks.callbacks.deliver(banks.world.answer_of(bank, asked))
        case _:
            pass
    return Response(reply.body, status=reply.status, headers=headers)


def _broken_before(banks: _Banks, kind: str | None) -> Response:
    match kind:
        case "hang":
            banks.wait(_HANG_SECONDS)
            return _hang_up()
        case "http_503_retry_after":
            return Response("busy", status=503, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)})
        case "redirect":
            return Response(status=302, headers={"Location": f"{banks.world.config.base_url}/healthz"})
        case _:
            return Response("broken", status=500)


def _drip(banks: _Banks, body: bytes) -> Iterator[bytes]:
    for place in range(len(body)):
        yield body[place : place + 1]
        if banks.wait(_DRIP_SECONDS):
            return


def _hang_up() -> Response:
    """Cut the connection under the server, so that not one byte of an answer gets out."""
    connection = cast("socket.socket", request.environ["werkzeug.socket"])
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _load(schema: Schema, *, as_list: bool) -> Any:  # noqa: ANN401 - what the schema made of it
    document = loads(request.get_data(), max_bytes=MAX_MESSAGE_BYTES)
    if as_list and not isinstance(document, list):
        document = [document]
    try:
        return schema.load(cast("Any", document))
    except ValidationError as invalid:
        places = sorted(_places(invalid.messages, ()))
        raise InvalidValue("the document is not right", errors=[fault(at, text) for at, text in places]) from None


def _places(messages: object, at: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _places(inner, (*at, key))
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield pointer(*at), str(text)


def _moves(found: dict[str, Any]) -> tuple[Move, ...]:
    return tuple(Move(**move) for move in found.get("moves", []))


def _json(document: object) -> Response:
    return Response(canonical(document), content_type="application/json")
