"""The second factor 动态码: six digits from a phone, good for 30 seconds, each once (RFC 6238).

Works offline and needs no package: the algorithm is in ``cryptography``. Values in, the step that
was used out.
"""

import base64
import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ydjy.desk.crypto.fields import blind_index

STEP = 30  # seconds
DRIFT = 1  # steps by which a phone's clock may be off


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them by hand."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def secret_for(visit: str) -> str:
    """The same secret for the same visit, so that it need not be kept anywhere until it is taken
    into use; nobody can make it up without the key."""
    halves = [blind_index(f"second factor.{half}", visit) for half in "ab"]
    return base64.b32encode(bytes.fromhex("".join(halves))[:20]).decode()


def used_step(secret: str, code: str, at: float, last: int) -> int | None:
    """The time step whose code this is, or ``None``; a step not after ``last`` was used before.

    ``at``: seconds since the epoch. SHA-1 is what the authenticator apps compute; its weakness to
    collisions does not touch a keyed six-digit code.
    """
    digits = code.strip().replace(" ", "")
    if len(digits) != 6 or not digits.isascii() or not digits.isdecimal():
        return None
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), STEP)  # noqa: S303
    now = int(at) // STEP
    for step in range(now - DRIFT, now + DRIFT + 1):
        expected = totp.generate(step * STEP)
        if step > last and secrets.compare_digest(expected, digits.encode()):
            return step
    return None


def address(secret: str, username: str) -> str:
    """What a QR code of the secret would hold."""
    return f"otpauth://totp/ydjy:{username}?secret={secret}&issuer=ydjy"
