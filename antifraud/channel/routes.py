"""Where institutions send their answers: signed both ways, verified before anything is read."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from flask import Blueprint, Response, request
from sqlalchemy import Connection, func, insert, select

from antifraud.banks.models import signature_refusals
from antifraud.banks.queries import InstitutionKey, usable_key
from antifraud.cases.messages import Mail
from antifraud.channel.replies import Incoming, Kept, Told, apply_reply, keep
from antifraud.channel.signatures import (
    RequestFacts,
    SignatureRefused,
    Signer,
    Verified,
    Verifier,
    VerifyKey,
    public_key_text,
    tag_for,
)
from antifraud.channel.sums import REFUSED_STATUS
from antifraud.channel.wire import MAX_MESSAGE_BYTES
from antifraud.foundation.access import of_centre
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, retrying
from antifraud.foundation.ids import new_id
from antifraud.foundation.json import canonical
from antifraud.foundation.problems import BodyTooLarge, Problem, UnsupportedMediaType
from antifraud.vault.service import Vault
from antifraud.work import Work

MOST_REFUSALS_A_MINUTE = 60
"""More are only counted in the log: a flood of forged messages must not fill the database."""

log = structlog.get_logger()


class SignatureNotAccepted(Problem):
    """The signature of this message was not accepted."""

    status = 401
    type = "signature-refused"


class BankGate:
    """Lets in only what an institution signed; a row of another institution does not exist for it."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        vault: Vault,
        signer: Signer,
        mails: Mapping[UUID, Mail],
        centre_codes: Mapping[UUID, str],
        public_url: str,
        environment: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._signer = signer
        self._mails = mails
        self._centre_codes = centre_codes
        self._public_url = public_url
        self._environment = environment
        self._verifier = Verifier()

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("bank_channel", __name__)
        routes.post("/api/bank/v1/requests/<uuid:request_id>/replies")(self.receive)
        routes.get("/.well-known/antifraud-keys.json")(self.keys)
        return routes

    def keys(self) -> Response:
        """Tell our public keys."""
        key = self._signer.verify_key
        document = {
            "keys": [{"key_id": key.key_id, "algorithm": key.algorithm, "public_key": public_key_text(key.public_key)}],
            "tag": tag_for(self._environment),
        }
        return Response(canonical(document), mimetype="application/json")

    def receive(self, request_id: UUID) -> Response:
        """Take an answer: store it, apply it, and answer signed; a repetition gets the same bytes."""
        body = self._body()
        key, verified = self._verified(body)
        of_centre(self._centre_codes[key.centre_id])
        incoming = Incoming(
            institution_id=key.institution_id, request_id=request_id, via="callback", verified=verified, body=body
        )
        try:
            kept = retrying(partial(self._keep, key, incoming))
            status, told = self._effect(key, kept)
        except Problem as problem:
            return self._signed(problem.status, canonical(problem.to_document()), "application/problem+json")
        if told.is_refused:
            return self._signed(REFUSED_STATUS, told.body, "application/problem+json")
        return self._signed(status, told.body, "application/json")

    def _body(self) -> bytes:
        if request.mimetype != "application/json":
            raise UnsupportedMediaType("send application/json")
        if (request.content_length or 0) > MAX_MESSAGE_BYTES:
            raise BodyTooLarge(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        body = request.get_data(cache=False)
        if len(body) > MAX_MESSAGE_BYTES:
            raise BodyTooLarge(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        return body

    def _verified(self, body: bytes) -> tuple[InstitutionKey, Verified]:
        presented: dict[str, InstitutionKey] = {}

        def look_up(key_id: str) -> VerifyKey | None:
            with self._database.begin(None, presented=key_id) as connection:
                found = usable_key(connection, key_id, self._clock.now())
            if found is None:
                return None
            presented[key_id] = found
            return VerifyKey.from_text(found.key_id, found.algorithm, found.public_key)

        try:
            verified = self._verifier.verify_request(
                request.method,
                f"{self._public_url}{request.full_path.rstrip('?')}",
                request.headers,
                body,
                keys=look_up,
                now=self._clock.now(),
                expected_tag=tag_for(self._environment),
            )
        except SignatureRefused as refused:
            self._note_refusal(refused.reason, body)
            detail = f"refused: {refused.told}; our time is {self._clock.now().isoformat()}"
            raise SignatureNotAccepted(detail) from refused
        return presented[verified.key_id], verified

    def _note_refusal(self, reason: str, body: bytes) -> None:
        now = self._clock.now()
        log.warning("signature_refused", reason=reason)
        with self._database.begin(None) as connection:
            recent = connection.scalar(
                select(func.count())
                .select_from(signature_refusals)
                .where(signature_refusals.c.at > now - timedelta(minutes=1))
            )
            if (recent or 0) < MOST_REFUSALS_A_MINUTE:
                connection.execute(
                    insert(signature_refusals).values(
                        id=new_id(self._clock), at=now, reason=reason, body_digest=hashlib.sha256(body).digest()
                    )
                )

    def _keep(self, key: InstitutionKey, incoming: Incoming) -> Kept:
        with self._database.begin(key.centre_id, institution_id=key.institution_id) as connection:
            return keep(self._work(connection, key), incoming)

    def _effect(self, key: InstitutionKey, kept: Kept) -> tuple[int, Told]:
        status = 200 if kept.is_readable else 422
        if kept.answer is not None:
            return status, kept.answer
        try:
            return status, retrying(partial(self._apply, key, kept.reply_id))
        except Exception:
            # Stored is safe: the loop applies it, and the bank need not know.
            log.exception("reply_not_applied_yet", reply_id=str(kept.reply_id))
            return 202, Told(canonical({"message_id": kept.message_id, "status": "stored"}))

    def _apply(self, key: InstitutionKey, reply_id: UUID) -> Told:
        with self._database.begin(key.centre_id) as connection:
            return apply_reply(self._work(connection, key), self._mails[key.centre_id], reply_id)

    def _work(self, connection: Connection, key: InstitutionKey) -> Work:
        return Work(
            connection=connection,
            clock=self._clock,
            centre_id=key.centre_id,
            actor=f"bank:{key.institution_id}",
            vault=self._vault,
        )

    def _signed(self, status: int, body: bytes, content_type: str) -> Response:
        facts = RequestFacts(
            method=request.method,
            url=f"{self._public_url}{request.full_path.rstrip('?')}",
            content_digest=request.headers.get("Content-Digest", ""),
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )
        headers = self._signer.response_headers(status, body, facts, now=self._clock.now(), content_type=content_type)
        return Response(body, status=status, headers=headers)
