"""SFTP through paramiko, an extra: only to a known host, only with a key, never waiting long."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.errors.exchange.partners import TIMEOUT, Drop, NotDelivered
from apps.errors.models import ExchangeSettings

CANNOT = "连不上省里的 SFTP 服务器"


@contextmanager
def connect(row: ExchangeSettings) -> Iterator[Drop]:
    """An open session in the province's folder; every trouble becomes ``NotDelivered``."""
    try:
        import paramiko
    except ImportError as missing:
        raise NotDelivered("没有安装 SFTP 组件，请运维安装 ydjy[sftp]，或先人工报送。") from missing
    for label, file in (("私钥文件", row.key_file), ("已知主机文件", row.known_hosts)):
        if not Path(file).is_file():
            raise NotDelivered(f"找不到{label} {file}，请检查收发设置。")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.load_host_keys(row.known_hosts)
        client.connect(
            row.host,
            port=row.port,
            username=row.username,
            pkey=paramiko.PKey.from_path(row.key_file),
            timeout=TIMEOUT,
            banner_timeout=TIMEOUT,
            auth_timeout=TIMEOUT,
            channel_timeout=TIMEOUT,
            allow_agent=False,
            look_for_keys=False,
        )
        session = client.open_sftp()
        session.get_channel().settimeout(TIMEOUT)
        yield Drop(session, row.remote)
    except paramiko.BadHostKeyException as wrong:
        raise NotDelivered(
            f"{CANNOT}：它的主机密钥和登记的不一样，请先向省里核实，不要发送。"
        ) from wrong
    except paramiko.AuthenticationException as refused:
        raise NotDelivered(f"{CANNOT}：对方不认我们的用户名或密钥，请联系省里。") from refused
    except TimeoutError as slow:
        raise NotDelivered("省里的 SFTP 服务器没有响应。") from slow
    except (paramiko.SSHException, EOFError, OSError) as broken:
        raise NotDelivered(f"{CANNOT}，或传到一半断开了。") from broken
    finally:
        client.close()
