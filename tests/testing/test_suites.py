"""The public suites hold a third party's work, find what is wrong with it, and say what they skip."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rw_hooks.testing.integrations import IntegrationSuite

ROOT = Path(__file__).parents[2]

BAD_HOSTS = '''
import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from rw_hooks.errors import RefusedError
from rw_hooks.hosts import Guarded, Location
from rw_hooks.testing.hosts import HostSuite, WrongCredentials


class Folder:
    """Writes under the final name at once, over whatever lies there, and believes what it finds by its name."""

    url = "folder://here"

    def __init__(self, folder):
        self.folder = folder

    def check(self): ...

    def find(self, file):
        place = self.folder / file.name
        return Location(host=self.url, url=place.as_uri(), access="public") if place.exists() else None

    def upload(self, file, progress, deadline):
        with file.path.open("rb") as source, (self.folder / file.name).open("wb") as target:
            while chunk := source.read(1_000_000):
                target.write(chunk)
                target.flush()
                progress(target.tell(), file.size)
        return self.find(file)

    def mint(self, location, deadline):
        return SecretStr(location.url)


class TestFolder(HostSuite):
    deletes = False

    @pytest.fixture
    def open_anew(self, tmp_path, monkeypatch):
        monkeypatch.setattr("rw_hooks.testing.hosts._get", lambda url: Path(url.removeprefix("file://")).read_bytes())
        # the suite fetches over HTTP, and this host has no server
        return lambda: Guarded(Folder(tmp_path))


class Leaky(Folder):
    def upload(self, file, progress, deadline):
        raise RefusedError("no", "the key s3cret is wrong")


class TestLeaky(HostSuite):
    @pytest.fixture
    def open_anew(self, tmp_path):
        return lambda: Guarded(Leaky(tmp_path))

    @pytest.fixture
    def wrong_credentials(self, open_anew):
        return WrongCredentials(open_anew, "s3cret")


class TestForgotten(HostSuite):
    pass


class TestNotInstalled(TestFolder):
    @pytest.fixture
    def host_url(self):
        return "folder://here"
'''
FAULTS = {
    "TestFolder::test_other_bytes_of_that_name_stay",
    "TestFolder::test_an_upload_that_is_interrupted_shows_nothing_and_is_made_again",
    "TestFolder::test_a_file_that_is_rewritten_is_not_published[before]",
    "TestFolder::test_a_file_that_is_rewritten_is_not_published[during]",
    "TestLeaky::test_wrong_credentials_are_refused_without_being_shown",
}


class TestACallbackOfAThirdParty(IntegrationSuite):
    script = Path(__file__).with_name("toy_training.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "test_bad.py").write_text(BAD_HOSTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = "other_bytes or interrupted or rewritten or wrong_credentials or breaks or repeated or deleted or killed"
    command = [sys.executable, "-m", "pytest", "-rfsE", "-q", "-p", "no:cacheprovider", "-k", words, str(folder)]
    done = subprocess.run(command, cwd=folder, env=environ, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_suite_finds_what_is_wrong_with_a_host(told, fault):
    assert re.search(rf"^FAILED test_bad.py::{re.escape(fault)}", told, re.MULTILINE), told


def test_what_is_skipped_is_said_with_the_reason(told):
    assert re.search(r"SKIPPED .*the host cannot delete", told), told
    assert re.search(r"SKIPPED .*the fixture break_network is not overridden", told), told


def test_a_suite_without_a_host_says_what_to_override(told):
    assert "override the fixture host_url" in told


def test_a_host_that_no_other_process_can_open_is_told(told):
    assert re.search(
        r"^E +Failed: another process cannot open the host; is the package .* installed", told, re.MULTILINE
    )


def test_an_assertion_of_a_suite_shows_both_sides(told):
    assert re.search(r"^E +.*_Bytes\(size=", told, re.MULTILINE), told


def test_a_stage_needs_the_standard_library_alone():
    script = (
        "import sys; known = set(sys.modules); import rw_hooks.testing.stage\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - known}\n"
        "print(*sorted(new - set(sys.stdlib_module_names) - {'rw_hooks', '__mp_main__'}))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout == "\n"
