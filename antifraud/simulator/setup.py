"""Who the simulated banks are, and the files in which a set-up keeps their keys."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from antifraud.channel.signatures import Signer, VerifyKey, public_key_text

Temper: TypeAlias = Literal["prompt", "slow", "partial", "moved_on", "silent", "refusing"]

STOP_TERM: Final = timedelta(hours=48)
"""From the stop on, then it ends by itself. Source: 银发〔2016〕86号, 二(一)2."""
STOP_TERMS: Final = 2
"""How often one account may be stopped. Source: 银发〔2016〕86号, 二(一)2."""


@dataclass(frozen=True, slots=True)
class _Invented:
    code: str
    name_zh: str
    name_en: str
    bins: tuple[str, ...]
    temper: Temper


INVENTED: Final = (
    _Invented("SIM-PROMPT", "云杉银行", "Spruce Bank", ("999101",), "prompt"),
    _Invented("SIM-SLOW", "远渡银行", "Farferry Bank", ("999102",), "slow"),
    _Invented("SIM-PART", "半溪银行", "Halfbrook Bank", ("999103",), "partial"),
    _Invented("SIM-HOP", "过桥支付", "Footbridge Pay", ("999104",), "moved_on"),
    _Invented("SIM-MUTE", "静湖银行", "Stillwater Bank", ("999105",), "silent"),
    _Invented("SIM-NO", "石门银行", "Stonegate Bank", ("999106",), "refusing"),
)
"""No card of a real issuer begins with 9991: the first digit 9 is kept for national use (ISO/IEC 7812)."""


@dataclass(frozen=True, slots=True)
class SimulatedInstitution:
    """What the centre's directory needs to know of a simulated bank."""

    code: str
    name_zh: str
    name_en: str
    bins: tuple[str, ...]
    url: str
    key_id: str
    algorithm: str
    public_key: str
    temper: str


@dataclass(frozen=True, slots=True)
class Bank:
    """A simulated bank from the inside."""

    code: str
    bins: tuple[str, ...]
    temper: Temper
    url: str
    signer: Signer

    def has(self, number: str) -> bool:
        """Return whether an account of this number can be the bank's."""
        return number.startswith(self.bins)


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """What ``prepare`` wrote: the banks with their keys, and the centre's public keys."""

    environment: str
    base_url: str
    centre_keys: Mapping[str, VerifyKey]
    banks: Mapping[str, Bank]
    stop_term: timedelta


def simulator_home(home: Path) -> Path:
    """Return the folder of the simulated banks inside ``ANTIFRAUD_HOME``."""
    return home / "simulator"


def admin_token(home: Path) -> str:
    """Return the bearer token of the simulator's own routes."""
    return (simulator_home(home) / "token").read_text(encoding="ascii").strip()


def prepare(
    home: Path,
    *,
    centre_url: str,
    base_url: str,
    centre_keys: Sequence[Mapping[str, str]],
    environment: str,
) -> list[SimulatedInstitution]:
    """Write the simulator's files where they are missing or say something else, and return its banks.

    Keys of the banks are made once and kept; addresses, the environment and the centre's keys are taken as given.

    Args:
        home: ``ANTIFRAUD_HOME``.
        centre_url: The centre's public address, kept for whoever reads the file.
        base_url: Where the simulator listens; a bank's address lies below it.
        centre_keys: ``key_id``, ``public_key`` (see ``VerifyKey.from_text``) and ``algorithm`` if not ed25519.
        environment: Part of every signature's tag.

    Raises:
        ValueError: A key of the centre is none.
    """
    folder = simulator_home(home)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "config.json"
    kept = _kept_keys(path)
    banks = [
        {
            "code": bank.code,
            "name_zh": bank.name_zh,
            "name_en": bank.name_en,
            "bins": list(bank.bins),
            "temper": bank.temper,
            "key_id": f"{bank.code.lower()}-1",
            "private_key": kept.get(bank.code) or Ed25519PrivateKey.generate().private_bytes_raw().hex(),
        }
        for bank in INVENTED
    ]
    keys = [
        {"key_id": key["key_id"], "algorithm": key.get("algorithm", "ed25519"), "public_key": key["public_key"]}
        for key in centre_keys
    ]
    for key in keys:
        VerifyKey.from_text(key["key_id"], key["algorithm"], key["public_key"])
    document = {
        "environment": environment,
        "centre_url": centre_url,
        "base_url": base_url.rstrip("/"),
        "centre_keys": keys,
        "stop_term_seconds": int(STOP_TERM.total_seconds()),
        "banks": banks,
    }
    _write_private(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    token = folder / "token"
    if not token.exists():
        _write_private(token, secrets.token_urlsafe(32) + "\n")
    config = load_config(home)
    return [
        SimulatedInstitution(
            code=bank.code,
            name_zh=bank.name_zh,
            name_en=bank.name_en,
            bins=bank.bins,
            url=config.banks[bank.code].url,
            key_id=config.banks[bank.code].signer.key_id,
            algorithm="ed25519",
            public_key=public_key_text(config.banks[bank.code].signer.verify_key.public_key),
            temper=bank.temper,
        )
        for bank in INVENTED
    ]


def load_config(home: Path) -> SimulatorConfig:
    """Read what ``prepare`` wrote.

    Raises:
        FileNotFoundError: Nothing has been prepared.
    """
    document = json.loads((simulator_home(home) / "config.json").read_text(encoding="utf-8"))
    environment = str(document["environment"])
    base_url = str(document["base_url"])
    banks = {}
    for bank in document["banks"]:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(bank["private_key"]))
        banks[bank["code"]] = Bank(
            code=bank["code"],
            bins=tuple(bank["bins"]),
            temper=cast("Temper", bank["temper"]),
            url=f"{base_url}/banks/{bank['code']}/requests",
            signer=Signer(bank["key_id"], key, environment),
        )
    centre_keys = {
        key["key_id"]: VerifyKey.from_text(key["key_id"], key["algorithm"], key["public_key"])
        for key in document["centre_keys"]
    }
    return SimulatorConfig(environment, base_url, centre_keys, banks, timedelta(seconds=document["stop_term_seconds"]))


def _kept_keys(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    return {bank["code"]: bank["private_key"] for bank in document["banks"]}


def _write_private(path: Path, text: str) -> None:
    """Replace ``path`` at once by a file that only its owner may read."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
