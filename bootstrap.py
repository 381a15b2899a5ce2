"""Sets up and runs the project on a machine that has only Python 3.11+.

    python3 bootstrap.py run     the main job on the sample bank   (same as: make run)
    python3 bootstrap.py test    every check and test              (same as: make test)
    python3 bootstrap.py env     only the environment
    python3 bootstrap.py spark   features on Spark beside DuckDB    (same as: make spark)

The environment lives in ``.venv`` and is made again when the pinned requirements change.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
LOCK = HOME / "requirements.lock"
STAMP = VENV / ".requirements"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"

CHECKS = (
    ("ruff check（代码规范）", ["-m", "ruff", "check", "."]),
    ("ruff format（代码格式）", ["-m", "ruff", "format", "--check", "."]),
    ("mypy --strict（类型）", ["-m", "mypy", "--strict", "copilot"]),
    (
        "import-linter（楼层）",
        ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    ),
    ("pytest（测试）", ["-m", "pytest", "-n", "2"]),
)


def say(message: str) -> None:
    print(f"==> {message}", flush=True)


def run(words: list[str]) -> None:
    """Runs a command in the project folder; its failure is ours."""
    done = subprocess.run(words, cwd=HOME, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def install(words: list[str], packages: int) -> None:
    """Runs pip, showing how far it is; everything it says is kept for when it fails."""
    told, seen = [], 0
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", *words]
    with subprocess.Popen(
        command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            told.append(line)
            if line.startswith(("Collecting", "Obtaining")):
                seen += 1
                if sys.stdout.isatty():
                    print(f"\r    取包 {seen}/{packages}", end="", flush=True)
            if line.startswith("Installing collected"):
                print(f"\r    取包完成，正在安装 {seen} 个包", flush=True)
    if pip.returncode:
        print("".join(told[-30:]))
        sys.exit("依赖没有装上：请看上面的原因；多半是包源连不上或磁盘空间不够。")


def point_home_in_ascii() -> None:
    """Names the project folder relative to the environment.

    Python reads path files in the locale's encoding, UTF-8 mode or not: under ``LC_ALL=C`` an
    absolute path with Chinese characters stops every start (cpython's site module, until 3.13).
    """
    for line in VENV.glob("**/site-packages/*bank_marketing_copilot*.pth"):
        line.write_text(os.path.relpath(HOME, line.parent), "ascii")


def environment() -> None:
    """Makes ``.venv`` with the pinned requirements, unless it is there already."""
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    started = time.monotonic()
    say(f"创建虚拟环境 .venv（Python {sys.version.split()[0]}）")
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], cwd=HOME, check=False).returncode:
        sys.exit("无法创建虚拟环境：请先安装 Python 的 venv 组件（Debian/Ubuntu：python3-venv）。")
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    say("安装固定版本的依赖（第一次约两分钟，需要能访问 Python 包源）")
    install(["--require-hashes", "-r", str(LOCK)], LOCK.read_text().count("=="))
    say("安装 copilot 命令")
    install(["--no-deps", "--no-build-isolation", "--editable", "."], 1)
    point_home_in_ascii()
    STAMP.write_text(wanted)
    say(f"环境就绪，用时 {time.monotonic() - started:.0f} 秒")


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"需要 Python 3.11 或更新版本，当前是 {sys.version.split()[0]}。")
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what not in ("env", "run", "test", "spark"):
        sys.exit(__doc__)
    environment()
    if what == "run":
        say("示例银行的一天：copilot demo")
        run([str(PYTHON), "-m", "copilot", "demo"])
    if what == "spark":
        say("安装 spark 附加依赖（约 500 MB），并在 Spark 上核对全部特征（需要 Java 17）")
        import tomllib  # here, because an older Python must get as far as being told so

        # Not as ".[spark]": pyspark is built in an environment of its own, copilot in this one.
        project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
        install(project["optional-dependencies"]["spark"], 3)
        run([str(PYTHON), "-m", "pytest", "-m", "spark", "tests/test_profiles_spark.py"])
    if what == "test":
        for label, words in CHECKS:
            say(label)
            run([str(PYTHON), *words])
        say("全部通过")


if __name__ == "__main__":
    main()
