"""C3 data (JR/T 0171: credentials, biometrics) is refused before it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from copilot.errors import InputError

# Whole tokens for short Latin names, so that "opinion" is not a PIN.
_LATIN = re.compile(
    r"(?:^|[^a-z])(?:cvv2?|cvn2?|cvc2?|pin|pin_?block|passwd|password|pwd|otp|track_?[123]?(?:_?data)?"
    r"|fingerprint|biometric\w*|face_?id|iris|voiceprint|card_?expir\w*)(?:$|[^a-z])"
)
_CHINESE = re.compile(
    r"密码|口令|磁道|验证码|指纹|虹膜|声纹|人脸|掌纹|生物(?:识别|特征|信息)|卡片?有效期|安全码"
)


def refuse_credentials(names: Iterable[str], file: str) -> None:
    """Refuse a source one of whose columns is, by its name, a credential.

    Raises:
        InputError: names the column and the file.
    """
    for name in names:
        if _CHINESE.search(name) or _LATIN.search(name.lower()):
            raise InputError(
                f"列 {name} 看起来是 C3 类鉴别信息（密码、验证码、磁道、生物特征等），不得载入。",
                file=file,
                field=name,
                next="请让数据方从导出中去掉该列后重试。",
            )
